//! Whether a column holds fractions where counts should be. One cell does not show it: many rows together do.

use std::collections::BTreeMap;

use utbredt_model::{Reason, ReasonCode};

use super::number::{self, OtherSign};

/// What the values of one column are like.
#[derive(Debug, Default)]
struct Column {
    /// Its name says that it holds shares.
    of_shares: bool,
    /// How many values are fractions.
    fractions: usize,
    /// How many are 0 or 1.
    ones: usize,
    /// Whether one is above 1.
    above: bool,
    /// The first value that was read and would be another number under the other decimal sign.
    either: Option<String>,
    /// The first that is a number under the other decimal sign only.
    other: Option<String>,
}

/// The columns of values.
#[derive(Debug, Default)]
pub(super) struct Fractions(BTreeMap<usize, Column>);

impl Fractions {
    /// Takes what was read of a cell.
    pub(super) fn take(
        &mut self,
        (at, of_shares): (usize, bool),
        text: &str,
        decimal: char,
        read: Result<&i64, &Reason>,
    ) {
        let column = self.0.entry(at).or_default();
        column.of_shares |= of_shares;
        match read {
            Ok(0 | 1) => column.ones += 1,
            Ok(value) => column.above |= *value > 1,
            Err(reason) => column.fractions += usize::from(reason.code == ReasonCode::Fraction),
        }
        match number::other_sign(text, decimal) {
            None => {}
            Some(OtherSign::Either) => first(&mut column.either, text),
            Some(OtherSign::Only { fraction }) => {
                column.fractions += usize::from(fraction);
                first(&mut column.other, text);
            }
        }
    }

    /// The same where the numbers are multiplied: fractions are declared, and only the decimal sign may be wrong.
    pub(super) fn take_scaled(&mut self, at: usize, text: &str, decimal: char, read: Result<&i64, &Reason>) {
        let column = self.0.entry(at).or_default();
        match number::other_sign(text, decimal) {
            Some(OtherSign::Either) => first(&mut column.either, text),
            Some(OtherSign::Only { .. }) if read.is_err_and(|r| r.code == ReasonCode::InvalidNumber) => {
                first(&mut column.other, text);
            }
            _ => {}
        }
    }

    /// Why the delivery is held: its columns hold fractions, or the decimal sign is another than declared.
    pub(super) fn breaches(&self, decimal: char) -> impl Iterator<Item = String> {
        self.0.iter().filter_map(move |(at, column)| {
            let why = column.breach(decimal)?;
            Some(format!("column {} {why}", at + 1))
        })
    }
}

fn first(seen: &mut Option<String>, text: &str) {
    if seen.is_none() {
        *seen = Some(text.to_owned());
    }
}

impl Column {
    fn breach(&self, decimal: char) -> Option<String> {
        let sign = number::other(decimal);
        if let (Some(either), Some(other)) = (&self.either, &self.other) {
            return Some(format!(
                "holds `{other}`, a number only with the decimal sign `{sign}`; with it `{either}` is another number than \
                 with `{decimal}`: declare `decimal = \"{sign}\"`, or correct the file"
            ));
        }
        // One fraction among 0 and 1 shows that the ones are shares and no counts.
        if self.fractions > 0 && self.ones > 0 && !self.above {
            let count = self.fractions;
            return Some(format!("is a column of fractions: {count} fractions, and no whole number above 1"));
        }
        if self.of_shares && self.fractions > 0 {
            let count = self.fractions;
            return Some(format!(
                "is named as one of shares and holds {count} fractions beside whole numbers"
            ));
        }
        let either = self.either.as_ref().filter(|_| self.of_shares)?;
        Some(format!(
            "is named as one of shares, and `{either}` may be a fraction: declare `decimal = \"{sign}\"` with a `scale`, \
             or deliver numerator and denominator"
        ))
    }
}

/// Whether a column's name says that it holds shares: `Andel`, `Kvinneandel`, `Prosent`, `Dekning (%)`. `Handel` is another
/// word.
pub(super) fn names_shares(name: &str) -> bool {
    let name = name.to_lowercase();
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    name.contains('%')
        || words.any(|word| match word {
            "pct" | "pst" | "share" | "percent" | "percentage" => true,
            _ if word.contains("handel") => false,
            _ => {
                word.starts_with("prosent")
                    || ["andel", "andelen", "andeler", "andelar", "prosent", "grad"]
                        .iter()
                        .any(|end| word.ends_with(end))
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_shares() {
        for name in [
            "Andel",
            "Andel (%)",
            "Kvinneandel",
            "Prosent",
            "i pst",
            "prosentandel",
            "Dekningsgrad",
            "2024 %",
        ] {
            assert!(names_shares(name), "{name}");
        }
        for name in ["Antall", "Handel", "Behandelte saker", "Grader", "Postnr"] {
            assert!(!names_shares(name), "{name}");
        }
    }
}
