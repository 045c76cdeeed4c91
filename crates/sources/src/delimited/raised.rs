//! Raised digits in the text of a workbook's cell, as those of footnotes: the reader of workbooks gives `12` and a raised `1`
//! as `121`. Such a cell is shown as `12¹`.

use std::collections::{HashMap, HashSet};

use super::grid::MAX_COLUMNS;
use super::tags::{attribute, cell_at, each_ods_part, local_name, name, pieces, plain};

/// The cells with raised digits, by row and column from 0, as a person sees them.
pub(super) type Raised = HashMap<(u32, u32), String>;

/// The text of a cell, piece by piece.
#[derive(Debug, Default)]
struct Text {
    shown: String,
    /// A digit in it is raised.
    raised: bool,
    /// It has letters, and is no number.
    letters: bool,
}

impl Text {
    fn push(&mut self, text: &str, raised: bool) {
        for sign in plain(text).chars() {
            self.letters |= sign.is_alphabetic();
            let digit = sign.to_digit(10).filter(|_| raised);
            self.raised |= digit.is_some();
            self.shown.push(digit.map_or(sign, as_raised));
        }
    }

    /// What it is where it is a number with raised digits; begins anew.
    fn take(&mut self) -> Option<String> {
        let Self { shown, raised, letters } = std::mem::take(self);
        (raised && !letters).then_some(shown)
    }
}

fn as_raised(digit: u32) -> char {
    match digit {
        1 => '\u{b9}',
        2 | 3 => char::from_u32(0xb0 + digit).unwrap_or('\u{b2}'),
        _ => char::from_u32(0x2070 + digit).unwrap_or('\u{2070}'),
    }
}

/// The text in runs of an XLSX workbook: which run is open, and how it is shown.
#[derive(Debug, Default)]
struct Runs {
    text: Text,
    raised: bool,
    /// How a word is said, which is no part of the cell.
    sound: bool,
}

impl Runs {
    fn take(&mut self, tag: &str, behind: &str) {
        let closes = tag.starts_with('/');
        match local_name(tag) {
            "r" => self.raised = false,
            "rPh" => self.sound = !closes,
            "vertAlign" => {
                self.raised = matches!(attribute(tag, "val"), Some("superscript" | "subscript"));
            }
            "t" if !closes && !self.sound => self.text.push(behind, self.raised),
            _ => {}
        }
    }
}

/// Those of an XLSX sheet; `shared` is the text that its cells share.
pub(super) fn xlsx(sheet: &str, shared: &str) -> Raised {
    let mut found = Raised::new();
    let shared = if shared.contains("vertAlign") { of_shared(shared) } else { HashMap::new() };
    if shared.is_empty() && !sheet.contains("vertAlign") {
        return found;
    }
    let (mut runs, mut at, mut is_shared) = (Runs::default(), None, false);
    for (tag, behind) in pieces(sheet) {
        match (local_name(tag), tag.starts_with('/')) {
            ("c", false) => {
                at = attribute(tag, "r").and_then(cell_at);
                is_shared = attribute(tag, "t") == Some("s");
                runs = Runs::default();
            }
            ("v", false) if is_shared => {
                let text = behind.trim().parse().ok().and_then(|number: usize| shared.get(&number));
                found.extend(at.zip(text.cloned()));
            }
            ("is", true) => found.extend(at.zip(runs.text.take())),
            _ => runs.take(tag, behind),
        }
    }
    found
}

/// The shared texts with raised digits, by their numbers.
fn of_shared(shared: &str) -> HashMap<usize, String> {
    let mut found = HashMap::new();
    let (mut runs, mut number) = (Runs::default(), 0);
    for (tag, behind) in pieces(shared) {
        match (local_name(tag), tag.starts_with('/') || tag.ends_with('/')) {
            ("si", false) => runs = Runs::default(),
            ("si", true) => {
                found.extend(runs.text.take().map(|text| (number, text)));
                number += 1;
            }
            _ => runs.take(tag, behind),
        }
    }
    found
}

/// Those of an ODS sheet, to the last cell that is not blank.
pub(super) fn ods(text: &str, sheet: &str, last: (u32, u32)) -> Raised {
    let styles: HashSet<&str> = raised_styles(text).collect();
    let mut found = Raised::new();
    if styles.is_empty() {
        return found;
    }
    let (mut own, mut spans, mut aside) = (Text::default(), Vec::new(), false);
    each_ods_part(text, sheet, &mut |piece, tag, behind| {
        let closes = tag.starts_with('/');
        match name(tag).trim_start_matches('/') {
            "table:table-cell" if !closes => (own, spans) = (Text::default(), Vec::new()),
            "table:table-cell" => {
                let Some(text) = own.take() else { return };
                let rows = piece.rows.0..piece.rows.0.saturating_add(piece.rows.1);
                for row in rows.map_while(|row| u32::try_from(row).ok().filter(|row| *row <= last.0)) {
                    let end = piece.columns.0.saturating_add(piece.columns.1).min(MAX_COLUMNS);
                    let columns = (piece.columns.0..end).filter_map(|column| u32::try_from(column).ok());
                    found.extend(columns.map(|column| ((row, column), text.clone())));
                }
            }
            "office:annotation" => aside = !closes,
            "text:span" if closes => drop(spans.pop()),
            "text:span" if !tag.ends_with('/') => {
                spans.push(attribute(tag, "text:style-name").is_some_and(|style| styles.contains(style)));
            }
            _ => {}
        }
        // A comment on a cell is no part of its text.
        if !aside && name(tag).trim_start_matches('/').starts_with("text:") {
            own.push(behind, spans.contains(&true));
        }
    });
    found
}

/// The names of the styles of text that is raised or lowered.
fn raised_styles(text: &str) -> impl Iterator<Item = &str> {
    let mut style = None;
    named_styles(text).filter_map(move |tag| {
        if local_name(tag) == "style" {
            style = attribute(tag, "style:name");
            return None;
        }
        let place = attribute(tag, "style:text-position")?;
        let level = place.split_whitespace().next().is_none_or(|first| first.trim_matches(['+', '%']) == "0");
        style.filter(|_| !level)
    })
}

fn named_styles(text: &str) -> impl Iterator<Item = &str> {
    pieces(text)
        .map(|(tag, _)| tag)
        .filter(|tag| !tag.starts_with('/') && matches!(local_name(tag), "style" | "text-properties"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_cells_share_have_raised_digits_too() {
        let runs = "<r><t>12</t></r><r><rPr><vertAlign val=\"superscript\"/></rPr><t>3)</t></r>";
        let shared =
            format!("<sst><si><t>7</t></si><si/><si>{runs}</si><si><r><t>m</t></r>{runs}</si></sst>");
        let sheet = "<row><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>2</v></c><c r=\"C1\"><v>2</v></c>\
                     <c r=\"D1\" t=\"s\"><v>3</v></c></row>";
        // A text with letters is no number, and headings stay as they are.
        assert_eq!(xlsx(sheet, &shared), [((0, 1), "12\u{b3})".to_owned())].into());
        assert_eq!(xlsx(sheet, "<sst><si><t>7</t></si></sst>"), Raised::new());
    }
}
