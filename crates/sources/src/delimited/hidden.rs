//! Rows and columns of a sheet that a filter or a person hides. The reader of workbooks passes over that, so the sheet's
//! own text is looked through.

use std::collections::BTreeSet;

use super::grid::MAX_COLUMNS;
use super::tags::{attribute, count, local_name, name, named, of_ods_sheet};

/// The numbers of the hidden rows of an XLSX sheet, from 1.
pub(super) fn rows(text: &str) -> BTreeSet<u64> {
    let mut hidden = BTreeSet::new();
    let mut number = 0;
    for tag in named(text, "row") {
        // A row without a number is the next.
        number = attribute(tag, "r").and_then(|r| r.parse().ok()).unwrap_or(number + 1);
        let flat = attribute(tag, "ht").is_some_and(|height| height.parse() == Ok(0.0));
        if flat || is_hidden(tag) {
            hidden.insert(number);
        }
    }
    hidden
}

/// The hidden columns of an XLSX sheet, from 0: each tag is about those from `min` to `max`.
pub(super) fn columns(text: &str) -> BTreeSet<usize> {
    let mut hidden = BTreeSet::new();
    for tag in named(text, "col") {
        let narrow = attribute(tag, "width").is_some_and(|width| width.parse() == Ok(0.0));
        let (first, last) = (count(tag, "min").unwrap_or(0), count(tag, "max").unwrap_or(0));
        if (narrow || is_hidden(tag)) && first > 0 {
            hidden.extend(first - 1..last.min(MAX_COLUMNS));
        }
    }
    hidden
}

fn is_hidden(tag: &str) -> bool {
    attribute(tag, "hidden").is_some_and(|value| matches!(value, "1" | "true"))
}

/// The numbers of the hidden rows of an ODS sheet, from 1 to the last that has cells.
pub(super) fn ods_rows(text: &str, sheet: &str, last: u64) -> BTreeSet<u64> {
    let mut hidden = BTreeSet::new();
    for (first, count) in ods_parts(text, sheet, "row") {
        hidden.extend(first + 1..=first.saturating_add(count).min(last));
    }
    hidden
}

/// The hidden columns of an ODS sheet, from 0.
pub(super) fn ods_columns(text: &str, sheet: &str) -> BTreeSet<usize> {
    let mut hidden = BTreeSet::new();
    for (first, count) in ods_parts(text, sheet, "column") {
        let last = usize::try_from(first.saturating_add(count)).unwrap_or(MAX_COLUMNS);
        hidden.extend(usize::try_from(first).unwrap_or(MAX_COLUMNS)..last.min(MAX_COLUMNS));
    }
    hidden
}

/// The hidden rows or columns of an ODS sheet: the first of each piece, from 0, and how many it has.
fn ods_parts(text: &str, sheet: &str, kind: &str) -> Vec<(u64, u64)> {
    let (part, group) = (format!("table-{kind}"), format!("table-{kind}-group"));
    let repeated = format!("table:number-{kind}s-repeated");
    let (mut hidden, mut next) = (Vec::new(), 0_u64);
    // Whether each group around is folded.
    let mut folded = Vec::new();
    for tag in of_ods_sheet(text, sheet) {
        let (closes, local) = (name(tag).starts_with('/'), local_name(tag));
        if local == group && closes {
            folded.pop();
        } else if local == group && !tag.ends_with('/') {
            folded.push(attribute(tag, "table:display") == Some("false"));
        } else if local == part && !closes {
            let count = attribute(tag, &repeated).and_then(|count| count.parse().ok()).unwrap_or(1);
            let own = attribute(tag, "table:visibility").is_some_and(|seen| seen != "visible");
            if own || folded.contains(&true) {
                hidden.push((next, count));
            }
            next = next.saturating_add(count);
        }
    }
    hidden
}
