//! Registers and their rows as JSON.

use serde_json::{Map, Value, json};
use utbredt_formats::Lang;
use utbredt_formats::register::RegisterRow;
use utbredt_model::register::{ColumnKind, Register, RegisterColumn};

/// What a register is, in one language.
pub(super) fn described(register: &Register, language: Lang) -> Value {
    json!({
        "table": register.table,
        "title": register.title.get(language),
        "doc": register.doc.get(language),
        "key": register.key,
        "columns": register.columns.iter().map(|column| described_column(column, language)).collect::<Vec<_>>(),
    })
}

fn described_column(column: &RegisterColumn, language: Lang) -> Value {
    let (kind, allowed) = match column.kind {
        ColumnKind::OneOf(words) => ("one_of", json!(words)),
        ColumnKind::Whole(least, most) => ("whole", json!([least, most])),
        ColumnKind::Real(least, most) => ("number", json!([least, most])),
        ColumnKind::KpiValue => ("number", Value::Null),
        ColumnKind::Reference(table, _) => ("reference", json!(table)),
        ColumnKind::References(table, _) => ("references", json!(table)),
        ColumnKind::Measure => ("reference", json!("measures")),
        ColumnKind::Day | ColumnKind::Division => ("day", Value::Null),
        ColumnKind::Flag(_) => ("flag", Value::Null),
        ColumnKind::Municipality => ("municipality", Value::Null),
        ColumnKind::Words | ColumnKind::Id | ColumnKind::Counties | ColumnKind::Kpi | ColumnKind::Scope => {
            ("text", Value::Null)
        }
    };
    json!({
        "name": column.name,
        "title": column.title.get(language),
        "doc": column.doc.get(language),
        "kind": kind,
        "allowed": allowed,
        "required": column.required,
    })
}

/// A row with the types that JSON has.
pub(super) fn object(register: &Register, row: &RegisterRow) -> Value {
    let typed = |column: &RegisterColumn, value: Option<&String>| match (column.kind, value) {
        (_, None) => Value::Null,
        (
            ColumnKind::Whole(..) | ColumnKind::Real(..) | ColumnKind::KpiValue | ColumnKind::Flag(_),
            Some(text),
        ) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.clone())),
        (_, Some(text)) => Value::from(text.clone()),
    };
    // In the order of the columns, which is that of the file.
    let values = register.columns.iter().zip(row);
    Value::Object(
        values
            .map(|(column, value)| (column.name.to_owned(), typed(column, value.as_ref())))
            .collect::<Map<_, _>>(),
    )
}
