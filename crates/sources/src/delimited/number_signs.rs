//! Numbers that a workbook shows otherwise than it holds them: `0.45` as `45 %` and `1` as `100 %`, `10` as `kr 10`, 120 as
//! `120 tusen` or `120*`, 3 as `<5` or not at all. Without what is shown a share of all would read as the count 1, an amount as
//! a count, and a hidden number as one to publish.

use std::collections::HashMap;
use std::rc::Rc;

use super::cells::number_text;
use super::contract::{Contract, Symbol};
use super::grid::MAX_COLUMNS;
use super::number_format::{NumberFormat, Seen};
use super::shown_text;
use super::tags::{all, attribute, cell_at, count, local_name, named, plain};

/// The built-in formats `0%` and `0.00%`.
const BUILT_IN: [usize; 2] = [9, 10];

/// The built-in formats of amounts, with and without decimals and in columns of accounts.
const BUILT_IN_MONEY: [usize; 6] = [5, 6, 7, 8, 42, 44];

/// The unit that a number is shown in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Unit {
    /// In per cent, multiplied by this.
    PerCent(f64),
    Money,
}

/// What is known of how a number looks.
#[derive(Debug, Clone)]
enum Look {
    /// Its format.
    Format(Rc<NumberFormat>),
    /// The text that a spreadsheet made of it.
    Text(Rc<str>),
}

/// How a number is shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Sign {
    unit: Option<Unit>,
    look: Option<Look>,
}

impl From<Unit> for Sign {
    fn from(unit: Unit) -> Self {
        Self { unit: Some(unit), look: None }
    }
}

/// The cells whose number may be shown otherwise than it is, by row and column from 0.
pub(super) type Shown = HashMap<(u32, u32), Sign>;

/// Those of an XLSX sheet, whose cells name their format by its place in the workbook's styles.
pub(super) fn xlsx(sheet: &str, styles: &str) -> Shown {
    let mut shown = Shown::new();
    let signs = styles_with_sign(styles);
    if signs.iter().all(Option::is_none) {
        return shown;
    }
    let (mut row, mut column) = (0_u32, 0_u32);
    for tag in all(sheet).filter(|tag| !tag.starts_with('/')) {
        match local_name(tag) {
            "row" => {
                // A row without a number is the next, and so is a cell without a name.
                row = attribute(tag, "r").and_then(|r| r.parse().ok()).unwrap_or(row.saturating_add(1));
                column = 0;
            }
            "c" => {
                let named = attribute(tag, "r").and_then(cell_at);
                let at = named.unwrap_or((row.saturating_sub(1), column));
                column = at.1.saturating_add(1);
                // Without a style it has the first.
                let style = count(tag, "s").unwrap_or(0);
                if let Some(sign) = signs.get(style).cloned().flatten() {
                    shown.insert(at, sign);
                }
            }
            _ => {}
        }
    }
    shown
}

/// For each style of cells how it shows numbers.
fn styles_with_sign(styles: &str) -> Vec<Option<Sign>> {
    let mut formats: HashMap<usize, Sign> = BUILT_IN.map(|id| (id, Unit::PerCent(100.0).into())).into();
    formats.extend(BUILT_IN_MONEY.map(|id| (id, Unit::Money.into())));
    for tag in named(styles, "numFmt") {
        let code = attribute(tag, "formatCode").map(plain).unwrap_or_default();
        let unit = factor(&code).map(Unit::PerCent).or_else(|| is_money(&code).then_some(Unit::Money));
        let look = NumberFormat::of(&code).map(|format| Look::Format(Rc::new(format)));
        let id = count(tag, "numFmtId").filter(|_| unit.is_some() || look.is_some());
        formats.extend(id.map(|id| (id, Sign { unit, look })));
    }
    // The styles of cells, and not those that they are made from.
    let of_cells = styles.split_once("cellXfs").map_or("", |(_, rest)| rest);
    let of_cells = of_cells.split_once("cellXfs").map_or("", |(inside, _)| inside);
    named(of_cells, "xf").map(|tag| formats.get(&count(tag, "numFmtId")?).cloned()).collect()
}

/// What a format multiplies by: 100 for its own sign, 1 where the sign is only a text behind the number (`0" %"`).
fn factor(code: &str) -> Option<f64> {
    let (mut quoted, mut escaped) = (false, false);
    let mut found = None;
    for sign in code.chars() {
        match sign {
            '%' if !quoted && !escaped => return Some(100.0),
            '%' => found = Some(1.0),
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = sign == '\\' && !escaped && !quoted;
    }
    found
}

/// Whether a format writes a currency: `"kr" #,##0`, `[$kr-414] 0`, `#,##0 [$€]`. `[$-414]` is a language alone.
fn is_money(code: &str) -> bool {
    let lower = code.to_lowercase().replace('\\', "");
    let mut texts = String::new();
    for (at, piece) in lower.split(['[', ']']).enumerate() {
        let bracketed = at % 2 == 1;
        match piece.strip_prefix('$').filter(|_| bracketed) {
            Some(currency) => texts += &format!(" {} ", currency.split('-').next().unwrap_or("")),
            None if bracketed => {}
            None => texts += piece,
        }
    }
    let mut words = texts.split(|c: char| !c.is_alphabetic());
    texts.contains(['$', '€', '£'])
        || words.any(|word| matches!(word, "kr" | "nok" | "eur" | "usd" | "sek" | "dkk"))
}

/// Those of an ODS sheet up to a last row and column: each cell says itself what it is, and holds what is seen of it.
pub(super) fn ods(text: &str, sheet: &str, last: (u32, u32)) -> Shown {
    let mut shown = Shown::new();
    shown_text::each(text, sheet, &mut |piece, tag, seen| {
        let unit = match attribute(tag, "office:value-type") {
            Some("percentage") => Some(Unit::PerCent(100.0)),
            Some("currency") => Some(Unit::Money),
            Some("float") => None,
            _ => return,
        };
        let sign = Sign { unit, look: seen.map(|seen| Look::Text(seen.into())) };
        if sign.unit.is_none() && sign.look.is_none() {
            return;
        }
        let rows = piece.rows.0..piece.rows.0.saturating_add(piece.rows.1);
        for row in rows.map_while(|row| u32::try_from(row).ok().filter(|row| *row <= last.0)) {
            let end = piece.columns.0.saturating_add(piece.columns.1).min(MAX_COLUMNS);
            for column in piece.columns.0..end {
                if let Ok(column) = u32::try_from(column)
                    && column <= last.1
                {
                    shown.insert((row, column), sign.clone());
                }
            }
        }
    });
    shown
}

/// A number as a person sees it; `None` where that is the number alone.
pub(super) fn text(number: f64, sign: &Sign, contract: &Contract) -> Option<String> {
    let decimal = contract.decimal;
    let (seen, thousands) = match &sign.look {
        None => (Seen::Plain, 0),
        Some(Look::Text(seen)) => match sign.unit {
            Some(Unit::PerCent(factor)) => shown_text::seen(seen, number * factor),
            _ => shown_text::seen(seen, number),
        },
        Some(Look::Format(format)) => {
            let thousands = format.thousands(number);
            let digits = digits(number.abs() / 1000_f64.powf(thousands.into()), decimal);
            (format.seen(number, &digits, decimal), thousands)
        }
    };
    let scale = contract.value.scale.as_ref().map(|scale| u64::from(scale.factor));
    match (seen, sign.unit) {
        (Seen::Instead(text), unit) => instead(number, text, unit, contract),
        (_, Some(unit)) if scale.is_none() => Some(in_unit(number, unit, decimal)),
        (Seen::Beside { all, .. }, None) if scale.is_none() => Some(all),
        // A declared scale says itself what the number is counted in, and nothing of reservations.
        (Seen::Beside { all, text }, None) if is_mark(&text, contract) => Some(all),
        _ if thousands == 0 => None,
        _ => {
            let divisor = 1000_u64.checked_pow(thousands).unwrap_or(u64::MAX);
            let shown = digits(number / 1000_f64.powf(thousands.into()), decimal);
            // What is shown in thousands and declared to be in thousands is as shown. Else nobody knows which of the two is meant.
            Some(if scale == Some(divisor) { shown } else { format!("{shown} × {divisor}") })
        }
    }
}

/// A text in a number's place.
fn instead(number: f64, text: String, unit: Option<Unit>, contract: &Contract) -> Option<String> {
    let bare = text.trim();
    let dash = ['-', '–', '−'];
    // Accounts write nought as a dash, beside a currency too.
    let is_dash = match unit {
        Some(_) => bare.starts_with(dash) || bare.ends_with(dash),
        None => bare.trim_matches(dash).is_empty() && !bare.is_empty(),
    };
    if is_dash && number == 0.0 && (unit.is_some() || !contract.symbols.contains_key(bare)) {
        return unit
            .filter(|_| contract.value.scale.is_none())
            .map(|unit| in_unit(number, unit, contract.decimal));
    }
    // The workbook holds another number than nought, whatever it shows: quoted, the sign is none of the contract's.
    let false_zero = number != 0.0 && contract.symbols.get(bare) == Some(&Symbol::Zero);
    Some(if false_zero { format!("\"{bare}\"") } else { text })
}

/// Whether a text beside a number is a mark and not what the number is counted in.
fn is_mark(text: &str, contract: &Contract) -> bool {
    let declared = contract.markers().filter(|(_, rule)| rule.column.is_none());
    let mut marks = declared.flat_map(|(_, rule)| rule.marker.all());
    let is_unit = text.contains(char::is_alphanumeric)
        || text.contains(['%', '‰', '$', '€', '£'])
        || text.ends_with(",-");
    marks.any(|mark| mark == text) || !is_unit
}

/// A number as a plain cell shows it.
fn digits(number: f64, decimal: char) -> String {
    number_text(number).replace('.', &decimal.to_string())
}

/// A number in its unit, to six decimals. An amount has `kr`, whatever its currency.
fn in_unit(number: f64, unit: Unit, decimal: char) -> String {
    let (factor, unit) = match unit {
        Unit::PerCent(factor) => (factor, "%"),
        Unit::Money => (1.0, "kr"),
    };
    let digits = format!("{:.6}", number * factor);
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    format!("{} {unit}", digits.replace('.', &decimal.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_in_per_cent() {
        for code in ["0%", "0.0%", "0 %;[Red]-0 %", "\"ca. \"0%"] {
            assert_eq!(factor(code), Some(100.0), "{code}");
        }
        for code in ["0\" %\"", "0\\%", "#,##0\\ \\%"] {
            assert_eq!(factor(code), Some(1.0), "{code}");
        }
        for code in ["0", "General", "# ##0", "", "\"stk\""] {
            assert_eq!(factor(code), None, "{code}");
        }
    }

    #[test]
    fn formats_of_money() {
        for code in
            ["\"kr\" #,##0", "[$kr-414] #,##0.00", "#,##0 [$€]", "\\k\\r\\ 0", "#,##0\\ \"NOK\"", "$#,##0"]
        {
            assert!(is_money(code), "{code}");
        }
        for code in ["0", "General", "[$-414]d. mmmm yyyy", "[Red]0", "\"stk\" 0", "0\" krav\"", ""] {
            assert!(!is_money(code), "{code}");
        }
        assert_eq!(
            (in_unit(10.0, Unit::Money, ','), in_unit(12.5, Unit::Money, ',')),
            ("10 kr".into(), "12,5 kr".into())
        );
    }

    #[test]
    fn only_the_styles_of_cells_count() {
        let styles = "<numFmts><numFmt numFmtId=\"164\" formatCode=\"0.0%\"/></numFmts><cellStyleXfs><xf numFmtId=\"9\"/>\
                      </cellStyleXfs><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/><xf numFmtId=\"10\"/></cellXfs>";
        let units = |styles: &str| -> Vec<Option<Unit>> {
            styles_with_sign(styles).into_iter().map(|sign| sign.and_then(|sign| sign.unit)).collect()
        };
        let shares = Some(Unit::PerCent(100.0));
        assert_eq!(units(styles), [None, shares, shares]);
        assert_eq!(units("cellXfs"), []);
    }

    #[test]
    fn a_number_is_shown_as_a_person_sees_it() {
        // 0.29 * 100 is 28.999999999999996 to a computer.
        for (number, expected) in
            [(0.29, "29 %"), (0.455, "45,5 %"), (1.0, "100 %"), (0.0, "0 %"), (2.0, "200 %")]
        {
            assert_eq!(in_unit(number, Unit::PerCent(100.0), ','), expected);
        }
    }
}
