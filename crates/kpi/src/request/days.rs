//! The days and periods of a request, and the years they may lie in. Every day that a client writes is read here: chrono
//! counts to the year 262142, and a lake's columns, the calendar of a question and the times of editions do not.

use std::ops::RangeInclusive;

use chrono::NaiveDate;
use utbredt_model::Period;

use super::RequestError;

/// The years a request may name. Norwegian municipalities exist since 1838, their numbers since 1946; nothing is measured
/// before 1900, and nobody plans beyond 2199.
pub const YEARS: RangeInclusive<i32> = 1900..=2199;

/// The most digits of what is taken for a year: eight of them are a day without its dashes.
const MOST_DIGITS: usize = 6;

/// A year that a text begins with and that is outside of [`YEARS`], as it is written: `+99999` of `+99999-1-1`.
pub(crate) fn year_outside(text: &str) -> Option<&str> {
    // In an address `+` is a space.
    let text = text.trim_start();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    if !(4..=MOST_DIGITS).contains(&length) {
        return None;
    }
    let written = &text[..text.len() - digits.len() + length];
    let year: i32 = written.parse().ok()?;
    (!YEARS.contains(&year)).then_some(written)
}

/// The bounds as an error tells them.
pub(crate) fn years_read() -> String {
    format!("years are read from {} to {}", YEARS.start(), YEARS.end())
}

/// Checked before the text is read any further, since what follows a year too large or small need not be a day at all.
fn check_year(name: &str, text: &str) -> Result<(), RequestError> {
    let Some(year) = year_outside(text) else { return Ok(()) };
    Err(RequestError::invalid(
        RequestError::YEAR_OUTSIDE,
        format!("{name} is `{text}`, and the year {year} is out of bounds"),
        years_read(),
    ))
}

/// Exactly `YYYY-MM-DD`: chrono alone would also take `2026-1-31` and `+2026-01-31`, and one day has one spelling, so that
/// one question has one address.
pub(crate) fn plain_day(text: &str) -> Option<NaiveDate> {
    text.parse::<NaiveDate>().ok().filter(|day| day.to_string() == text)
}

/// The day a text names, or nothing when it is not one.
///
/// # Errors
/// [`RequestError::Invalid`] with the bounds when its year is out of them.
pub(super) fn maybe_day(name: &str, text: &str) -> Result<Option<NaiveDate>, RequestError> {
    check_year(name, text)?;
    Ok(plain_day(text))
}

/// The day that the argument `name` is, `YYYY-MM-DD`.
///
/// # Errors
/// [`RequestError::Invalid`] with the form, or with the bounds when its year is out of them.
pub fn day(name: &str, text: &str) -> Result<NaiveDate, RequestError> {
    maybe_day(name, text)?.ok_or_else(|| {
        RequestError::invalid(
            "invalid_date",
            format!("{name} is not a date: {text:?}"),
            "write it as YYYY-MM-DD",
        )
    })
}

/// The period a bound names: a day, week, month, quarter, half-year or year.
///
/// # Errors
/// [`RequestError::Invalid`] with the forms that are read, or with the bounds when its year is out of them.
pub fn bound(name: &str, text: &str) -> Result<Period, RequestError> {
    check_year(name, text)?;
    let well_formed = text.len() == 10 || text.matches('-').count() < 2;
    Period::parse(text).ok().filter(|_| well_formed).ok_or_else(|| {
        RequestError::invalid(
            "invalid_date",
            format!("{name} is not a day or period: `{text}`"),
            "write a period such as 2020-12, 2020-Q4 or 2020, or a day such as 2020-12-31; both ends are included",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::{AsOf, Borders};
    use super::*;

    /// The first and the last year are read, whatever names them; their neighbours are not.
    #[test]
    fn years_are_read_from_the_first_to_the_last_and_no_others() {
        for text in ["1900", "1900-01", "1900-Q1", "1900-H1", "1900-W01", "1900-01-01", "2199", "2199-12-31"]
        {
            assert!(bound("from", text).is_ok(), "{text}");
        }
        assert_eq!(bound("to", "2199").unwrap().end.to_string(), "2200-01-01");
        for text in ["1899", "1899-12-31", "1899K4", "2200", "2200-01", "2200M01", "9999-12-31", " 99999-1-1"]
        {
            let error = bound("to", text).unwrap_err();
            assert_eq!(error.code(), "year_out_of_bounds", "{text}");
            assert_eq!(error.hint(), "years are read from 1900 to 2199");
        }
        assert_eq!(
            bound("to", "+99999-1-1").unwrap_err().to_string(),
            "to is `+99999-1-1`, and the year +99999 is out of bounds"
        );
    }

    #[test]
    fn a_day_is_held_to_the_same_years_wherever_it_is_read() {
        for text in ["+262142-12-31", "-262143-01-01", "9999-12-31", "2200-01-01", "1899-12-31", "0000-01-01"]
        {
            let errors = [
                day("on", text).unwrap_err(),
                bound("to", text).unwrap_err(),
                Borders::parse(text).unwrap_err(),
                AsOf::parse(text).unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.code(), "year_out_of_bounds", "{text}: {error}");
            }
        }
        assert_eq!(day("on", "2199-12-31").unwrap().to_string(), "2199-12-31");
        assert_eq!(AsOf::parse("9999").unwrap(), AsOf::Edition(9999), "an edition's number is no year");
    }

    /// Not a year that is out of bounds, but something else that was meant: the error tells the form.
    #[test]
    fn what_is_no_year_is_refused_by_its_form() {
        for text in [
            "20201231",
            "31.12.2020",
            "999-01-01",
            "+99999999-1-1",
            "2020-1-1",
            "+2020-01-01",
            "",
            "i går",
            "-",
        ] {
            assert_eq!(bound("to", text).unwrap_err().code(), "invalid_date", "{text}");
            assert_eq!(day("on", text).unwrap_err().code(), "invalid_date", "{text}");
        }
    }
}
