//! What an ODS workbook shows of its numbers: each cell holds the text that a spreadsheet made of it beside the number itself.

use super::number_format::{Seen, is_significant};
use super::tags::{Piece, each_ods_part, name, plain};

/// Gives each cell of a sheet with its place and the text that is seen of it; `None` where the file has none, as those of other
/// programs than spreadsheets.
pub(super) fn each(text: &str, sheet: &str, take: &mut dyn FnMut(Piece, &str, Option<String>)) {
    let mut cell: Option<(Piece, &str, Option<String>)> = None;
    // A note on a cell has paragraphs of its own.
    let (mut paragraph, mut note) = (false, false);
    each_ods_part(text, sheet, &mut |piece, tag, behind| {
        match name(tag) {
            "table:table-cell" | "table:covered-table-cell" => {
                if let Some((piece, tag, seen)) = cell.replace((piece, tag, None)) {
                    take(piece, tag, seen);
                }
                (paragraph, note) = (false, false);
            }
            "office:annotation" => note = !tag.ends_with('/'),
            "/office:annotation" => note = false,
            "text:p" => paragraph = !tag.ends_with('/'),
            "/text:p" => paragraph = false,
            _ => {}
        }
        let inside = !note && (paragraph || name(tag) == "text:p");
        if let Some((.., seen)) = cell.as_mut().filter(|_| inside) {
            let shown = seen.get_or_insert_default();
            if paragraph {
                *shown += &plain(behind);
            }
        }
    });
    if let Some((piece, tag, seen)) = cell {
        take(piece, tag, seen);
    }
}

/// What is seen of a number in such a text, and how many times it is divided by a thousand there.
pub(super) fn seen(shown: &str, number: f64) -> (Seen, u32) {
    let shown = shown.trim();
    let has_digits = shown.contains(|c: char| c.is_ascii_digit());
    if !has_digits {
        return (Seen::Instead(shown.to_owned()), 0);
    }
    // Fractions and powers of ten are other ways to write the same number.
    let power = shown.trim_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+'));
    if power.eq_ignore_ascii_case("e")
        || power.eq_ignore_ascii_case("e+")
        || power.eq_ignore_ascii_case("e-")
        || shown.contains('/')
    {
        return (Seen::Plain, 0);
    }
    let held = is_in(shown, number);
    if shown.contains(|c: char| !c.is_ascii_digit() && is_significant(c, number < 0.0))
        || shown.ends_with(",-")
    {
        let text = shown.replace(|c: char| c.is_ascii_digit(), "").trim().to_owned();
        let seen =
            if held { Seen::Beside { all: shown.to_owned(), text } } else { Seen::Instead(shown.to_owned()) };
        return (seen, 0);
    }
    if held {
        return (Seen::Plain, 0);
    }
    let divided = (1..=4).find(|times| is_in(shown, (number / 1000_f64.powi(*times)).round()));
    match divided.and_then(|times| u32::try_from(times).ok()) {
        Some(times) => (Seen::Plain, times),
        None => (Seen::Instead(shown.to_owned()), 0),
    }
}

/// Whether a number is in a text: its digits, grouped or not, with noughts behind the decimal sign or not. One with a fraction is
/// taken to be, since it may be rounded.
fn is_in(shown: &str, number: f64) -> bool {
    if number.fract() != 0.0 {
        return true;
    }
    let own = format!("{:.0}", number.abs());
    shown.split(|c| !is_of_number(c)).any(|run| {
        let run = run.trim_matches(|c: char| !c.is_ascii_digit());
        let whole = run.rsplit_once(['.', ',']).filter(|(_, zeros)| zeros.bytes().all(|b| b == b'0'));
        digits(run) == own || whole.is_some_and(|(whole, _)| digits(whole) == own)
    })
}

fn is_of_number(sign: char) -> bool {
    sign.is_ascii_digit() || sign.is_whitespace() || matches!(sign, '.' | ',' | '\'' | '’')
}

/// The digits of a number in groups, without the noughts before it.
fn digits(run: &str) -> String {
    let digits: String = run.chars().filter(char::is_ascii_digit).collect();
    let bare = digits.trim_start_matches('0');
    if bare.is_empty() && !digits.is_empty() { "0".to_owned() } else { bare.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_beside_a_number_or_in_its_place() {
        let text = |shown: &str, number| match seen(shown, number) {
            (Seen::Plain, 0) => "plain".to_owned(),
            (Seen::Plain, times) => format!("divided {times}"),
            (Seen::Instead(text), _) => format!("instead {text}"),
            (Seen::Beside { all, .. }, _) => all,
        };
        for (shown, number, expected) in [
            ("120", 120.0, "plain"),
            ("120,00", 120.0, "plain"),
            ("0120", 120.0, "plain"),
            ("1\u{202f}200", 1200.0, "plain"),
            ("1.200", 1200.0, "plain"),
            ("-5", -5.0, "plain"),
            ("(5)", -5.0, "plain"),
            ("0", 0.0, "plain"),
            ("0,00", 0.0, "plain"),
            ("1,3", 1.25, "plain"),
            ("1,20E+02", 120.0, "plain"),
            ("120 tusen", 120.0, "120 tusen"),
            ("120*", 120.0, "120*"),
            ("120,-", 120.0, "120,-"),
            ("<5", 3.0, "instead <5"),
            (":", 2.0, "instead :"),
            ("", 3.0, "instead "),
            ("120000", 120.0, "instead 120000"),
            ("120", 120_400.0, "divided 1"),
        ] {
            assert_eq!(text(shown, number), expected, "{shown}");
        }
    }
}
