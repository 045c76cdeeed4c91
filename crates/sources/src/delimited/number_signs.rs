//! Numbers that a workbook shows in per cent, `0.45` as `45 %` and `1` as `100 %`, or as money, `10` as `kr 10`. Without the sign a
//! share of all would read as the count 1, and an amount as a count.

use std::collections::HashMap;

use super::grid::MAX_COLUMNS;
use super::tags::{all, attribute, cell_at, count, each_ods_cell, local_name, named, plain};

/// The built-in formats `0%` and `0.00%`.
const BUILT_IN: [usize; 2] = [9, 10];

/// The built-in formats of amounts, with and without decimals and in columns of accounts.
const BUILT_IN_MONEY: [usize; 6] = [5, 6, 7, 8, 42, 44];

/// How a number is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sign {
    /// In per cent, multiplied by this.
    PerCent(f64),
    Money,
}

/// The cells with a sign beside their number, by row and column from 0.
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
                if let Some(sign) = signs.get(style).copied().flatten() {
                    shown.insert(at, sign);
                }
            }
            _ => {}
        }
    }
    shown
}

/// For each style of cells the sign beside its numbers.
fn styles_with_sign(styles: &str) -> Vec<Option<Sign>> {
    let mut formats: HashMap<usize, Sign> = BUILT_IN.map(|id| (id, Sign::PerCent(100.0))).into();
    formats.extend(BUILT_IN_MONEY.map(|id| (id, Sign::Money)));
    for tag in named(styles, "numFmt") {
        let code = attribute(tag, "formatCode").map(plain).unwrap_or_default();
        let sign = factor(&code).map(Sign::PerCent).or_else(|| is_money(&code).then_some(Sign::Money));
        if let (Some(id), Some(sign)) = (count(tag, "numFmtId"), sign) {
            formats.insert(id, sign);
        }
    }
    // The styles of cells, and not those that they are made from.
    let of_cells = styles.split_once("cellXfs").map_or("", |(_, rest)| rest);
    let of_cells = of_cells.split_once("cellXfs").map_or("", |(inside, _)| inside);
    named(of_cells, "xf").map(|tag| formats.get(&count(tag, "numFmtId")?).copied()).collect()
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

/// Those of an ODS sheet up to a last row and column: each cell says itself that it is one.
pub(super) fn ods(text: &str, sheet: &str, last: (u32, u32)) -> Shown {
    let mut shown = Shown::new();
    each_ods_cell(text, sheet, &mut |piece, tag| {
        let sign = match attribute(tag, "office:value-type") {
            Some("percentage") => Sign::PerCent(100.0),
            Some("currency") => Sign::Money,
            _ => return,
        };
        let rows = piece.rows.0..piece.rows.0.saturating_add(piece.rows.1);
        for row in rows.map_while(|row| u32::try_from(row).ok().filter(|row| *row <= last.0)) {
            let end = piece.columns.0.saturating_add(piece.columns.1).min(MAX_COLUMNS);
            for column in piece.columns.0..end {
                if let Ok(column) = u32::try_from(column)
                    && column <= last.1
                {
                    shown.insert((row, column), sign);
                }
            }
        }
    });
    shown
}

/// A number as it is shown, to six decimals. An amount has `kr`, whatever its currency.
pub(super) fn text(number: f64, sign: Sign, decimal: char) -> String {
    let (factor, unit) = match sign {
        Sign::PerCent(factor) => (factor, "%"),
        Sign::Money => (1.0, "kr"),
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
            (text(10.0, Sign::Money, ','), text(12.5, Sign::Money, ',')),
            ("10 kr".into(), "12,5 kr".into())
        );
    }

    #[test]
    fn only_the_styles_of_cells_count() {
        let styles = "<numFmts><numFmt numFmtId=\"164\" formatCode=\"0.0%\"/></numFmts><cellStyleXfs><xf numFmtId=\"9\"/>\
                      </cellStyleXfs><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/><xf numFmtId=\"10\"/></cellXfs>";
        let shares = Some(Sign::PerCent(100.0));
        assert_eq!(styles_with_sign(styles), [None, shares, shares]);
        assert_eq!(styles_with_sign("cellXfs"), []);
    }

    #[test]
    fn a_number_is_shown_as_a_person_sees_it() {
        // 0.29 * 100 is 28.999999999999996 to a computer.
        for (number, expected) in
            [(0.29, "29 %"), (0.455, "45,5 %"), (1.0, "100 %"), (0.0, "0 %"), (2.0, "200 %")]
        {
            assert_eq!(text(number, Sign::PerCent(100.0), ','), expected);
        }
    }
}
