//! Numbers that a workbook shows in per cent: `0.45` as `45 %`, and `1` as `100 %`. Without the sign a share of all would
//! read as the count 1.

use std::collections::HashMap;

use super::grid::MAX_COLUMNS;
use super::tags::{all, attribute, cell_at, count, each_ods_cell, local_name, named, plain};

/// The built-in formats `0%` and `0.00%`.
const BUILT_IN: [usize; 2] = [9, 10];

/// What the cells in per cent are multiplied by where they are shown, by row and column from 0.
pub(super) type Shown = HashMap<(u32, u32), f64>;

/// Those of an XLSX sheet, whose cells name their format by its place in the workbook's styles.
pub(super) fn xlsx(sheet: &str, styles: &str) -> Shown {
    let mut shown = Shown::new();
    let factors = styles_in_per_cent(styles);
    if factors.iter().all(Option::is_none) {
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
                if let Some(factor) = factors.get(style).copied().flatten() {
                    shown.insert(at, factor);
                }
            }
            _ => {}
        }
    }
    shown
}

/// For each style of cells what its numbers are multiplied by; `None` where they are not shown in per cent.
fn styles_in_per_cent(styles: &str) -> Vec<Option<f64>> {
    let mut formats: HashMap<usize, f64> = BUILT_IN.map(|id| (id, 100.0)).into();
    for tag in named(styles, "numFmt") {
        let code = attribute(tag, "formatCode").map(plain).unwrap_or_default();
        if let (Some(id), Some(factor)) = (count(tag, "numFmtId"), factor(&code)) {
            formats.insert(id, factor);
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

/// Those of an ODS sheet up to a last row and column: each cell says itself that it is one.
pub(super) fn ods(text: &str, sheet: &str, last: (u32, u32)) -> Shown {
    let mut shown = Shown::new();
    each_ods_cell(text, sheet, &mut |piece, tag| {
        if attribute(tag, "office:value-type") != Some("percentage") {
            return;
        }
        let rows = piece.rows.0..piece.rows.0.saturating_add(piece.rows.1);
        for row in rows.map_while(|row| u32::try_from(row).ok().filter(|row| *row <= last.0)) {
            let end = piece.columns.0.saturating_add(piece.columns.1).min(MAX_COLUMNS);
            for column in piece.columns.0..end {
                if let Ok(column) = u32::try_from(column)
                    && column <= last.1
                {
                    shown.insert((row, column), 100.0);
                }
            }
        }
    });
    shown
}

/// A number as it is shown, to six decimals.
pub(super) fn text(number: f64, factor: f64, decimal: char) -> String {
    let digits = format!("{:.6}", number * factor);
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    format!("{} %", digits.replace('.', &decimal.to_string()))
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
    fn only_the_styles_of_cells_count() {
        let styles = "<numFmts><numFmt numFmtId=\"164\" formatCode=\"0.0%\"/></numFmts><cellStyleXfs><xf numFmtId=\"9\"/>\
                      </cellStyleXfs><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/><xf numFmtId=\"10\"/></cellXfs>";
        assert_eq!(styles_in_per_cent(styles), [None, Some(100.0), Some(100.0)]);
        assert_eq!(styles_in_per_cent("cellXfs"), []);
    }

    #[test]
    fn a_number_is_shown_as_a_person_sees_it() {
        // 0.29 * 100 is 28.999999999999996 to a computer.
        for (number, expected) in
            [(0.29, "29 %"), (0.455, "45,5 %"), (1.0, "100 %"), (0.0, "0 %"), (2.0, "200 %")]
        {
            assert_eq!(text(number, 100.0, ','), expected);
        }
    }
}
