//! The sheets beside a register: its columns explained, and the lists that its cells offer.

use std::collections::BTreeMap;

use rust_xlsxwriter::{Format, FormatAlign, Worksheet};
use utbredt_kpi::Lang;
use utbredt_model::Text;
use utbredt_model::register::{ColumnKind, RegisterColumn};

use super::{EDITION, EDITION_DOC, NO, REMOVE, REMOVE_DOC, RegisterSheet, WIDTH, YES, place, row_of};
use crate::EncodeError;

pub(super) const COLUMNS: Text = Text::new("Kolonner", "Kolonnar", "Columns");
pub(super) const LISTS: Text = Text::new("Lister", "Lister", "Lists");
const HEADINGS: [Text; 5] = [
    Text::new("Kolonne", "Kolonne", "Column"),
    Text::new("Navn i fil", "Namn i fil", "Name in files"),
    Text::new("Må fylles ut", "Må fyllast ut", "Required"),
    Text::new("Lovlige verdier", "Lovlege verdiar", "Values allowed"),
    Text::new("Forklaring", "Forklaring", "Explanation"),
];
/// Explains each column, a row each.
pub(super) fn write_columns(
    about: &mut Worksheet,
    sheet: &RegisterSheet<'_>,
    language: Lang,
) -> Result<(), EncodeError> {
    let bold = Format::new().set_bold();
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    for (column, width) in [(0, 24.0), (1, 26.0), (2, 14.0), (3, 40.0), (4, 80.0)] {
        about.set_column_width(column, width)?;
    }
    about.write_string_with_format(0, 0, sheet.register.title.get(language), &bold)?;
    about.write_string(1, 0, sheet.register.doc.get(language))?;
    for (column, heading) in HEADINGS.iter().enumerate() {
        about.write_string_with_format(3, place(column), heading.get(language), &bold)?;
    }
    let mut row = 4;
    for column in sheet.register.columns {
        // In words, since a sheet has no check boxes.
        let required = if column.required { YES } else { NO };
        let allowed = allowed(column, language);
        let cells = [
            column.title.get(language),
            column.name,
            required.get(language),
            &allowed,
            column.doc.get(language),
        ];
        for (at, cell) in cells.into_iter().enumerate() {
            about.write_string_with_format(row, place(at), cell, &wrapped)?;
        }
        row += 1;
    }
    for (title, name, doc) in [(EDITION, "edition", EDITION_DOC), (REMOVE, "remove", REMOVE_DOC)] {
        for (at, cell) in
            [title.get(language), name, NO.get(language), "", doc.get(language)].into_iter().enumerate()
        {
            about.write_string_with_format(row, place(at), cell, &wrapped)?;
        }
        row += 1;
    }
    Ok(())
}

/// What may stand in a column, in short.
fn allowed(column: &RegisterColumn, language: Lang) -> String {
    const REGISTER: Text = Text::new("et navn i", "eit namn i", "a name in");
    match column.kind {
        ColumnKind::OneOf(words) => words.join(", "),
        ColumnKind::Flag(_) => format!("{}, {}", YES.get(language), NO.get(language)),
        ColumnKind::Day | ColumnKind::Division => "2026-10-01".to_owned(),
        ColumnKind::Whole(least, most) => format!("{least} – {most}"),
        ColumnKind::Real(least, most) => format!("{least} – {most}"),
        ColumnKind::Reference(table, _) | ColumnKind::References(table, _) => {
            format!("{} `{table}`", REGISTER.get(language))
        }
        ColumnKind::Measure => format!("{} `measures`", REGISTER.get(language)),
        ColumnKind::Municipality => "4601".to_owned(),
        ColumnKind::Counties => "46 50".to_owned(),
        ColumnKind::Kpi => "adoption.reach".to_owned(),
        ColumnKind::Scope => "nation, network:digi-vestland, municipality:4601".to_owned(),
        ColumnKind::KpiValue => "0.8, 80 %".to_owned(),
        ColumnKind::Words | ColumnKind::Id => String::new(),
    }
}

/// The values that cells offer, a column each.
pub(super) fn write_lists(
    sheet: &mut Worksheet,
    lists: &BTreeMap<&'static str, Vec<String>>,
) -> Result<(), EncodeError> {
    let bold = Format::new().set_bold();
    for (column, (name, values)) in lists.iter().enumerate() {
        sheet.write_string_with_format(0, place(column), *name, &bold)?;
        for (row, value) in values.iter().enumerate() {
            sheet.write_string(row_of(row) + 1, place(column), value)?;
        }
        sheet.set_column_width(place(column), WIDTH)?;
    }
    Ok(())
}
