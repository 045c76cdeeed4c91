//! Numbers as people write them: grouped by spaces or dots, with a proper minus, with a sign beside them.

use utbredt_model::{Reason, ReasonCode};

use crate::text::is_unseen;

/// A number as it is written: its sign, the digits before the decimal sign and those behind it.
struct Written<'t> {
    negative: bool,
    integer: String,
    fraction: &'t str,
}

/// Refuses a formula that no spreadsheet has computed, which may stand in any column.
pub(super) fn not_formula(text: &str, code: ReasonCode) -> Result<(), Reason> {
    if !text.trim().starts_with('=') {
        return Ok(());
    }
    let text = format!("`{text}` is a formula without a value; open the file in a spreadsheet and save it");
    Err(Reason::new(code, text))
}

/// Refuses a number that a workbook divides before it shows it, written as `120 × 1000`: the cell shows 120 and holds 120,000.
fn not_divided(text: &str) -> Result<(), Reason> {
    let Some((shown, divisor)) = text.split_once(" × ").filter(|(_, divisor)| all_digits(divisor)) else {
        return Ok(());
    };
    let text = format!(
        "`{text}` is shown as `{shown}` in the workbook, whose cell holds {divisor} times as much: format the cell so that it \
         shows the number it holds, or declare `scale = {{ factor = {divisor}, … }}` in [value] if the numbers are meant as shown"
    );
    Err(Reason::new(ReasonCode::InvalidNumber, text))
}

/// Takes a number apart. `decimal` is the decimal sign; the other of `,` and `.` may group thousands, as may spaces
/// (no-break and narrow ones included) and apostrophes.
fn written(text: &str, decimal: char) -> Result<Written<'_>, Reason> {
    let grouping = other(decimal);
    let bare = text.trim();
    not_formula(bare, ReasonCode::InvalidNumber)?;
    not_divided(bare)?;
    // U+2212 is the minus of word processors.
    let (negative, bare) = match bare.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (true, rest),
        None => (false, bare.strip_prefix('+').unwrap_or(bare)),
    };
    let (integer, fraction) = bare.split_once(decimal).unwrap_or((bare, ""));
    let groups: Vec<&str> =
        integer.split([grouping, ' ', '\u{a0}', '\u{202f}', '\u{2009}', '\'', '’']).collect();
    // Nobody groups by two signs: `1 234.567` has a fraction.
    let mixed =
        integer.contains(grouping) && integer.contains([' ', '\u{a0}', '\u{202f}', '\u{2009}', '\'', '’']);
    if mixed || !are_groups(&groups) || !all_digits(fraction) {
        let text = format!("`{text}` is not a number (decimal sign `{decimal}`)");
        return Err(Reason::new(ReasonCode::InvalidNumber, text));
    }
    Ok(Written { negative, integer: groups.concat(), fraction: fraction.trim_end_matches('0') })
}

/// The other of the two signs that may be the decimal one.
pub(super) const fn other(decimal: char) -> char {
    if decimal == ',' { '.' } else { ',' }
}

/// What the sign that is not declared as the decimal one shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OtherSign {
    /// The cell is a whole number as declared, and another number under the other sign, as `1.100` is.
    Either,
    /// It is a number under the other sign alone, as `0.512`, or a whole one, as `1,250` beside `decimal = ","`.
    Only {
        /// Under that sign it has a fraction.
        fraction: bool,
    },
}

/// Reads a cell under the other decimal sign; `None` when that shows nothing.
pub(super) fn other_sign(text: &str, decimal: char) -> Option<OtherSign> {
    // Most cells have neither sign.
    if !text.contains([',', '.']) || text.trim().ends_with([',', '.']) {
        return None;
    }
    let under = written(text, other(decimal)).ok()?;
    match (whole(text, decimal), under.fraction.is_empty()) {
        (Ok(value), true) if under.integer.parse().ok() == value.checked_abs() => None,
        (Ok(_), _) => Some(OtherSign::Either),
        (Err(_), whole) => Some(OtherSign::Only { fraction: !whole }),
    }
}

/// Reads a whole number.
pub(crate) fn whole(text: &str, decimal: char) -> Result<i64, Reason> {
    let share = text.trim().strip_suffix('%');
    if share.is_some_and(|number| written(number.trim_end(), decimal).is_ok()) {
        let text = format!(
            "`{text}` is a share in per cent, and values are whole numbers that count: deliver numerator and denominator \
             as two measures, or format the cell as a plain number if it is one"
        );
        return Err(Reason::new(ReasonCode::Fraction, text));
    }
    if let Some(number) = without_raised_digit(text)
        && written(number, decimal).is_ok()
    {
        let text = format!(
            "`{text}` has a raised digit behind the number, as of a footnote: take it out, or declare it as a mark, as \
             `provisional.marker`"
        );
        return Err(Reason::new(ReasonCode::InvalidNumber, text));
    }
    if is_money(text) {
        let text = format!(
            "`{text}` is an amount of money, and values are whole numbers that count: where the measure is counted in money, \
             declare `scale` in [value], as `{{ factor = 100, unit = \"NOK\" }}`; else format the cell as a plain number, or read \
             another column"
        );
        return Err(Reason::new(ReasonCode::InvalidNumber, text));
    }
    let Written { negative, integer, fraction } = written(text, decimal)?;
    if !fraction.is_empty() {
        let text = format!(
            "`{text}` has a decimal fraction (decimal sign `{decimal}`); values are whole numbers: of a share deliver \
             numerator and denominator, of thousands or minor units declare `scale` in [value], or declare the other \
             decimal sign"
        );
        return Err(Reason::new(ReasonCode::Fraction, text));
    }
    let sign = if negative { "-" } else { "" };
    format!("{sign}{integer}").parse().map_err(|_| too_large(text))
}

/// A text without the raised digits that end it; `None` when it has none.
fn without_raised_digit(text: &str) -> Option<&str> {
    let raised = |c: char| matches!(c, '\u{b9}' | '\u{b2}' | '\u{b3}' | '\u{2070}' | '\u{2074}'..='\u{2079}');
    let bare = text.trim_end().trim_end_matches(|c| raised(c) || matches!(c, '\u{207d}' | '\u{207e}'));
    (bare.len() < text.trim_end().len()).then(|| bare.trim_end())
}

/// Whether a text is an amount with its currency before or behind it: `kr 10`, `1 200,50 NOK`, `€ 5`, `100,-`.
pub(super) fn is_money(text: &str) -> bool {
    const CURRENCIES: [&str; 9] = ["kr.", "kr", "nok", "€", "$", "£", "eur", "usd", ",-"];
    // Nearly every number, and it has no currency.
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let lower = text.trim().to_lowercase();
    let parts = CURRENCIES.iter().flat_map(|sign| [lower.strip_prefix(sign), lower.strip_suffix(sign)]);
    let mut amounts =
        parts.flatten().map(str::trim).filter(|amount| amount.starts_with(|c: char| !c.is_alphabetic()));
    amounts.any(|amount| written(amount, ',').is_ok() || written(amount, '.').is_ok())
}

/// Reads a number and multiplies it, without rounding: what is not whole then is refused.
pub(super) fn scaled(text: &str, decimal: char, factor: u32) -> Result<i64, Reason> {
    let Written { negative, integer, fraction } = written(text, decimal)?;
    let digits: Option<i128> = format!("{integer}{fraction}").parse().ok();
    let behind = u32::try_from(fraction.len()).ok().and_then(|places| 10_i128.checked_pow(places));
    let product = digits.and_then(|digits| digits.checked_mul(factor.into()));
    let (Some(product), Some(behind)) = (product, behind) else { return Err(too_large(text)) };
    if product % behind != 0 {
        let text = format!("`{text}` times {factor}, the declared scale, is no whole number");
        return Err(Reason::new(ReasonCode::Fraction, text));
    }
    let value = product / behind;
    i64::try_from(if negative { -value } else { value }).map_err(|_| too_large(text))
}

fn too_large(text: &str) -> Reason {
    Reason::new(ReasonCode::NumberTooLarge, format!("`{text}` is too large a number"))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Digits in one piece, or in groups of three of which the first may be shorter.
fn are_groups(groups: &[&str]) -> bool {
    let Some((first, others)) = groups.split_first() else { return false };
    groups.iter().all(|group| all_digits(group) && !group.is_empty())
        && others.iter().all(|group| group.len() == 3)
        // `0.512` is a fraction: nobody groups thousands behind a nought.
        && (others.is_empty() || (first.len() <= 3 && !first.starts_with('0')))
}

/// Takes off what nobody sees around a cell: blanks, zero-width signs, signs of direction, a byte order mark.
pub(super) fn visible(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_unseen(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for (text, value) in [
            ("0", 0),
            ("1234", 1234),
            ("1 234", 1234),
            ("1\u{a0}234\u{202f}567", 1_234_567),
            ("1.234", 1234),
            ("12,00", 12),
            ("\u{2212}5", -5),
            ("-5", -5),
            (" 7 ", 7),
        ] {
            assert_eq!(whole(text, ','), Ok(value), "{text}");
        }
        assert_eq!(whole("1,234", '.'), Ok(1234));
        assert_eq!(whole("12.0", '.'), Ok(12));
    }

    #[test]
    fn what_is_no_whole_number_has_a_reason() {
        for (text, word) in [
            ("12,5", "decimal fraction"),
            ("1.5", "not a number"),
            ("12 34", "not a number"),
            ("1234 567", "not a number"),
            ("", "not a number"),
            ("-", "not a number"),
            ("--1", "not a number"),
            ("1,2,3", "not a number"),
            ("NaN", "not a number"),
            ("1e5", "not a number"),
            ("0.512", "not a number"),
            ("0 512", "not a number"),
            ("1 234.567", "not a number"),
            ("=B2*2", "formula without a value"),
            ("٣", "not a number"),
            ("99999999999999999999", "too large"),
        ] {
            let error = whole(text, ',').unwrap_err().text;
            assert!(error.contains(word), "{error}");
        }
        assert!(whole("1,234", ',').unwrap_err().text.contains("declare the other"));
    }

    #[test]
    fn a_raised_digit_is_a_footnote() {
        for text in ["1 200¹", "7²⁾", "12 ³"] {
            assert!(whole(text, ',').unwrap_err().text.contains("raised digit behind the number"), "{text}");
        }
        assert!(whole("ny¹", ',').unwrap_err().text.contains("not a number"));
    }

    #[test]
    fn an_amount_of_money_is_no_count() {
        for text in [
            "kr 10",
            "10 kr",
            "kr. 1 200,50",
            "1.200 NOK",
            "€5",
            "$1,200.00",
            "100,-",
            "-10 kr",
            "kr\u{a0}10",
        ] {
            assert!(whole(text, ',').unwrap_err().text.contains("amount of money"), "{text}");
        }
        for text in ["kr", "10", "10 krav", "kr ti", ",-", "-", "10,5", ""] {
            assert!(!is_money(text), "{text}");
        }
    }

    #[test]
    fn one_cell_may_show_the_decimal_sign() {
        let only = |fraction| Some(OtherSign::Only { fraction });
        for (text, shown) in [
            ("1.100", Some(OtherSign::Either)),
            ("12,000", Some(OtherSign::Either)),
            ("0.512", only(true)),
            ("3.5", only(true)),
            ("1 234.5", only(true)),
            ("12.0", only(false)),
            ("1,250", only(false)),
            ("1,234,567", only(false)),
            ("1.234.567", None),
            ("1.234,0", None),
            ("12,5", None),
            ("7", None),
            ("5.", None),
            ("x.y", None),
        ] {
            assert_eq!(other_sign(text, ','), shown, "{text}");
        }
    }

    #[test]
    fn a_scale_is_exact_or_refused() {
        for (text, factor, value) in [
            ("0,512", 1000, 512),
            ("1,5", 1000, 1500),
            ("1.234,56", 100, 123_456),
            ("12", 1000, 12_000),
            ("-0,5", 60, -30),
            ("0,7500", 100, 75),
        ] {
            assert_eq!(scaled(text, ',', factor), Ok(value), "{text}");
        }
        for (text, factor, code) in [
            ("0,5125", 1000, ReasonCode::Fraction),
            ("0,333", 3, ReasonCode::Fraction),
            ("9223372036854775807", 2, ReasonCode::NumberTooLarge),
            (&format!("0,{}", "1".repeat(60)), 10, ReasonCode::NumberTooLarge),
            ("<5", 10, ReasonCode::InvalidNumber),
        ] {
            assert_eq!(scaled(text, ',', factor).unwrap_err().code, code, "{text}");
        }
    }
}
