//! The tables of a header: `[params.*]`, `[reasons.*]` and `[columns.*]`, in the order they were written.

use std::collections::BTreeMap;

use toml::Spanned;

use super::{Header, RawKpi, Scalar};
use crate::{
    Column, ColumnFill, Param, ParamKind, RollupKind,
    error::Problems,
    reasons::{self, Texts},
    words::is_name,
};

/// Moves a table's entries out in the order they were written.
fn written<T>(table: BTreeMap<Spanned<String>, T>) -> Vec<(Spanned<String>, T)> {
    // A map orders by name; answers have their columns in the order of the header.
    let mut entries: Vec<_> = table.into_iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

/// `[params.*]`, in declared order.
pub(crate) fn params(problems: &mut Problems<'_>, header: &mut Header<RawKpi>) -> Vec<Param> {
    let entries = written(std::mem::take(&mut header.raw.params));
    let mut out = Vec::with_capacity(entries.len());
    for (name, raw) in entries {
        let line = Some(header.line(problems, &name));
        let name = name.into_inner();
        if !is_name(&name) || Param::RESERVED.contains(&name.as_str()) {
            let what = format!("a parameter cannot be called `{name}`");
            let reserved = Param::RESERVED.join(", ");
            problems.add(
                line,
                what,
                format!("match ^[a-z][a-z0-9_]*$ and avoid what requests use: {reserved}"),
            );
        }
        if raw.doc.trim().is_empty() {
            problems.add(line, format!("the parameter `{name}` has an empty doc"), "say what it means");
        }
        let is_choice = raw.kind == ParamKind::Choice;
        if is_choice != raw.choices.as_ref().is_some_and(|choices| !choices.is_empty()) {
            let what = format!("`choices` of the parameter `{name}` do not fit its type");
            problems.add(line, what, "give choices for type = \"choice\" and for no other");
        }
        let default = raw.default.map(|default| match default {
            Scalar::Text(text) => text,
            Scalar::Integer(number) => number.to_string(),
            Scalar::Number(number) => number.to_string(),
        });
        let choices = raw.choices.unwrap_or_default();
        let main_fits = raw.kind == ParamKind::Measure && default.is_none();
        if raw.main.as_deref().is_some_and(|kind| !main_fits || !matches!(kind, "flow" | "stock")) {
            let what = format!("`main` of the parameter `{name}` does not fit");
            let fix = "write main = \"flow\" or \"stock\" for a measure without a default";
            problems.add(line, what, fix);
        }
        if raw.only_main_kind && raw.main.is_none() {
            let what = format!("`only_main_kind` of the parameter `{name}` does not fit");
            problems.add(line, what, "write it beside `main`, whose kind it requires");
        }
        let only_main_kind = raw.only_main_kind;
        let (kind, doc, main) = (raw.kind, raw.doc, raw.main);
        let param = Param { name, kind, doc, default, main, only_main_kind, choices };
        if let Some(Err(why)) = param.default.as_deref().map(|text| param.read(text)) {
            let what = format!("the default of the parameter `{}` does not fit its type: {why}", param.name);
            problems.add(line, what, "correct the default or the type");
        }
        out.push(param);
    }
    out
}

/// `[reasons.*]`: the texts of the codes the KPI's own columns hold.
pub(crate) fn reasons(problems: &mut Problems<'_>, header: &mut Header<RawKpi>) -> Texts {
    let mut texts = Texts::new();
    reasons::declare(problems, header.start, std::mem::take(&mut header.raw.reasons), &mut texts);
    texts
}

/// `[columns.*]`, in declared order.
pub(crate) fn columns(
    problems: &mut Problems<'_>,
    header: &mut Header<RawKpi>,
    kind: RollupKind,
) -> Vec<(usize, Column)> {
    let entries = written(std::mem::take(&mut header.raw.columns));
    let mut out = Vec::with_capacity(entries.len());
    for (name, raw) in entries {
        let line = header.line(problems, &name);
        let name = name.into_inner();
        if !is_name(&name) {
            let what = format!("a column cannot be called `{name}`");
            problems.add(Some(line), what, "match ^[a-z][a-z0-9_]*$");
        }
        if raw.doc.trim().is_empty() {
            problems.add(Some(line), format!("the column `{name}` has an empty doc"), "say what it means");
        }
        if raw.divide_by.is_some_and(|n| n < 1) {
            let what = format!("divide_by of the column `{name}` is not positive");
            problems.add(Some(line), what, "write a whole number of 1 or more");
        }
        let made_by_sql = matches!(kind, RollupKind::Area | RollupKind::None);
        let fill = match (raw.rollup, raw.after) {
            (None, Some(after)) => ColumnFill::After(after),
            (Some(rollup), None) if !made_by_sql => ColumnFill::Rolled(rollup),
            (None, None) if made_by_sql => ColumnFill::Selected,
            _ => {
                let what = format!("the column `{name}` does not say in one way how it is made");
                let fix = if made_by_sql {
                    "with this roll-up, write `after`, or nothing when the SQL selects it"
                } else {
                    "write either `rollup` (the SQL selects it) or `after` (computed after the roll-up)"
                };
                problems.add(Some(line), what, fix);
                // Any kind will do: the file has a problem, and nothing is made of it.
                ColumnFill::Selected
            }
        };
        let divide_by = raw.divide_by.unwrap_or(1);
        let (hidden, every_state, codes) = (raw.hidden, raw.every_state, raw.codes);
        let column =
            Column { name, doc: raw.doc, unit: raw.unit, fill, divide_by, hidden, every_state, codes };
        out.push((line, column));
    }
    out
}
