//! Numbers as a person reads them: shares as percent, counts with their thousands set off, money in whole kroner.

/// Between thousands and before the percent sign: a line is never broken there.
pub(crate) const SPACE: char = '\u{a0}';

/// The unit of a column that is shown as it is, to six digits: an identifier, a year, whatever a SELECT computed.
pub(crate) const AS_IS: &str = "as it is";

/// The unit of a difference between two shares.
pub(crate) const POINTS: &str = "percentage points";

/// A whole number with its thousands set off: `1 234 567`.
pub(crate) fn whole(number: i64) -> String {
    grouped(&number.to_string())
}

/// A number of a unit of the catalogue (`share`, `per_1000`, `nok`, `hours`, or a plural noun); without one, at most
/// three decimals.
pub(crate) fn real(number: f64, unit: Option<&str>) -> String {
    // Infinity and NaN have no digits to set off.
    if !number.is_finite() {
        return number.to_string();
    }
    match unit {
        Some("share" | "chances" | "growth") => percent(number, "%"),
        Some(POINTS) => percent(number, "pp"),
        Some(AS_IS) => six_digits(number),
        Some("nok") => grouped(&decimals(number, 0)),
        Some("per_1000" | "hours") => grouped(&decimals(number, 1)),
        Some(_) if number.fract() == 0.0 => grouped(&decimals(number, 0)),
        // A coefficient or a few days need their decimals, a hundred days do not.
        Some(_) => grouped(&decimals(number, if number.abs() < 10.0 { 2 } else { 1 })),
        None => {
            let text = decimals(number, 3);
            grouped(text.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

/// One decimal, two below one percent: a beginning is no zero.
fn percent(share: f64, sign: &str) -> String {
    let number = share * 100.0;
    let places = if number != 0.0 && number.abs() < 1.0 { 2 } else { 1 };
    format!("{}{SPACE}{sign}", grouped(&decimals(number, places)))
}

/// At most six digits that mean something, and whole numbers whole.
fn six_digits(number: f64) -> String {
    let before = if number == 0.0 { 0.0 } else { number.abs().log10().floor() };
    let places = (5.0 - before).clamp(0.0, 12.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 12")]
    let text = decimals(number, places as usize);
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn decimals(number: f64, places: usize) -> String {
    let text = format!("{number:.places$}");
    // What rounds to zero has no sign.
    let zero = text.trim_start_matches('-').bytes().all(|byte| byte == b'0' || byte == b'.');
    if zero { text.trim_start_matches('-').to_owned() } else { text }
}

/// Sets off the thousands of a plain decimal number.
fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    let (whole, fraction) =
        digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut out = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(SPACE);
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}
