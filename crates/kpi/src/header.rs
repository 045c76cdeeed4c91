//! The header's grammar: TOML in the comment that opens a file, to typed fields.
//!
//! Unknown keys are problems, not ignored: a misspelt `divide_by` must not silently publish øre as kroner.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use toml::Spanned;
use utbredt_model::{Granularity, nearest};

use crate::{
    Better, Caveats, Column, ColumnFill, ColumnRollup, KpiRollup, Lookback, Param, ParamKind, RollupKind,
    Titles, Unit,
    error::Problems,
    reasons::{self, Texts},
    words::is_name,
};

/// A KPI's header as written, with the places of what may need pointing at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawKpi {
    pub(crate) title: Spanned<Titles>,
    pub(crate) answers: Spanned<Titles>,
    pub(crate) version: Spanned<u32>,
    pub(crate) unit: Spanned<Unit>,
    pub(crate) better: Better,
    pub(crate) owner: Spanned<String>,
    #[serde(default = "month")]
    pub(crate) granularity: Granularity,
    pub(crate) window: Option<Spanned<u32>>,
    #[serde(default)]
    pub(crate) lookback: Lookback,
    pub(crate) caveats: Option<Spanned<Caveats>>,
    pub(crate) rollup: Spanned<RawRollup>,
    #[serde(default)]
    pub(crate) params: BTreeMap<Spanned<String>, RawParam>,
    #[serde(default)]
    pub(crate) columns: BTreeMap<Spanned<String>, RawColumn>,
    #[serde(default)]
    pub(crate) reasons: BTreeMap<Spanned<String>, Titles>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRollup {
    kind: RollupKind,
    scale: Option<i64>,
    divide_by: Option<i64>,
    divide_denominator_by: Option<i64>,
    #[serde(default)]
    nation_only: bool,
    value: Option<String>,
    ok_when: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawParam {
    #[serde(rename = "type")]
    kind: ParamKind,
    doc: String,
    default: Option<Scalar>,
    main: Option<String>,
    choices: Option<Vec<String>>,
}

/// A default may be written as the type it has.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Integer(i64),
    Number(f64),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawColumn {
    doc: String,
    unit: Unit,
    rollup: Option<ColumnRollup>,
    after: Option<String>,
    divide_by: Option<i64>,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    every_state: bool,
    #[serde(default)]
    codes: Vec<String>,
}

/// A view's header.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawView {
    pub(crate) doc: String,
    #[serde(default)]
    pub(crate) uses: Vec<Spanned<String>>,
    pub(crate) through: Option<Spanned<String>>,
    pub(crate) counts: Option<crate::view::Inhabitants>,
}

const fn month() -> Granularity {
    Granularity::Month
}

/// A header read, with what it takes to point into the file.
#[derive(Debug)]
pub(crate) struct Header<T> {
    pub(crate) raw: T,
    start: usize,
}

impl<T> Header<T> {
    /// The line of something in the header.
    pub(crate) fn line<U>(&self, problems: &Problems<'_>, at: &Spanned<U>) -> usize {
        problems.line_of(self.start + at.span().start)
    }
}

/// Reads the header that opens a file with `/* <word>`.
pub(crate) fn read<T: DeserializeOwned>(problems: &mut Problems<'_>, word: &str) -> Option<Header<T>> {
    let opener = format!("/* {word}");
    let text = problems.text;
    let Some(after) = text.strip_prefix(&opener).filter(|rest| rest.starts_with(['\n', '\r'])) else {
        let fix = format!("make `{opener}` the first line, then TOML, then `*/`, then the SQL");
        problems.add(Some(1), "the file does not begin with its header", fix);
        return None;
    };
    let Some(length) = after.find("*/") else {
        problems.add(Some(1), "the header never ends", "close it with `*/` before the SQL");
        return None;
    };
    let (start, toml) = (opener.len(), &after[..length]);
    if let Some(nested) = toml.find("/*") {
        let line = problems.line_of(start + nested);
        problems.add(Some(line), "`/*` inside the header opens a second comment", "write it another way");
        return None;
    }
    match toml::from_str(toml) {
        Ok(raw) => Some(Header { raw, start }),
        Err(error) => {
            let line = error.span().map(|span| problems.line_of(start + span.start));
            let what = format!("the header cannot be read: {}", error.message().replace('\n', ", "));
            problems.add(line, what, fix_of(error.message()));
            None
        }
    }
}

/// Names the nearest valid key when a message tells of an unknown one.
fn fix_of(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let close = match (message.starts_with("unknown"), quoted.next()) {
        (true, Some(unknown)) => nearest(unknown, quoted),
        _ => None,
    };
    close.map_or_else(
        || "see the grammar in queries/README.md".to_owned(),
        |name| format!("did you mean `{name}`? see the grammar in queries/README.md"),
    )
}

/// `[rollup]`, with its numbers and the unit checked against its kind.
pub(crate) fn rollup(problems: &mut Problems<'_>, header: &Header<RawKpi>) -> KpiRollup {
    let raw = header.raw.rollup.get_ref();
    let line = Some(header.line(problems, &header.raw.rollup));
    let whole = [
        ("scale", raw.scale),
        ("divide_by", raw.divide_by),
        ("divide_denominator_by", raw.divide_denominator_by),
    ];
    for (name, number) in whole {
        if number.is_some_and(|n| n < 1) {
            problems.add(line, format!("rollup.{name} is not positive"), "write a whole number of 1 or more");
        }
    }
    let kind = raw.kind;
    if raw.scale.is_some() && kind != RollupKind::Ratio {
        problems.add(line, "rollup.scale is only for ratios", "remove it, or write kind = \"ratio\"");
    }
    if raw.nation_only && kind != RollupKind::Area {
        problems.add(line, "rollup.nation_only is only for areas", "remove it, or write kind = \"area\"");
    }
    let scale = raw.scale.unwrap_or(1);
    let unit_line = Some(header.line(problems, &header.raw.unit));
    let made_by_sql = matches!(kind, RollupKind::Area | RollupKind::None);
    let wanted_scale = match header.raw.unit.get_ref() {
        Unit::Share => Some(1),
        Unit::Per1000 => Some(1000),
        _ => None,
    };
    match wanted_scale {
        Some(wanted)
            if !made_by_sql && raw.value.is_none() && (kind, scale) != (RollupKind::Ratio, wanted) =>
        {
            let what = format!("the unit {} does not fit the roll-up", header.raw.unit.get_ref());
            problems.add(unit_line, what, format!("write kind = \"ratio\" with a scale of {wanted}"));
        }
        _ => {}
    }
    if (raw.value.is_some() || raw.ok_when.is_some()) && made_by_sql {
        let what = "rollup.value and rollup.ok_when are for cells that are added up";
        problems.add(line, what, "remove them, or write kind = \"ratio\" or \"count\"");
    }
    KpiRollup {
        kind,
        scale,
        divide_by: raw.divide_by.unwrap_or(1),
        divide_denominator_by: raw.divide_denominator_by.unwrap_or(1),
        nation_only: raw.nation_only,
        value: raw.value.clone(),
        ok_when: raw.ok_when.clone(),
    }
}

/// Moves a table's entries out in the order they were written.
fn written<T>(table: BTreeMap<Spanned<String>, T>) -> Vec<(Spanned<String>, T)> {
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
        let param = Param { name, kind: raw.kind, doc: raw.doc, default, main: raw.main, choices };
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
