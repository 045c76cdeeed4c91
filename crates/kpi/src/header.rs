//! The header's grammar: TOML in the comment that opens a file, to typed fields.
//!
//! Unknown keys are problems, not ignored: a misspelt `divide_by` must not silently publish øre as kroner.

mod tables;

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use toml::Spanned;
use utbredt_model::{Granularity, nearest};

pub(crate) use self::tables::{columns, params, reasons};
use crate::{
    Better, Caveats, ColumnRollup, KpiRollup, Lookback, ParamKind, RollupKind, Titles, Unit,
    change::RawChange, error::Problems,
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
    pub(crate) as_of_end: bool,
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
    #[serde(default)]
    pub(crate) changes: Vec<RawChange>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRollup {
    kind: RollupKind,
    scale: Option<i64>,
    divide_by: Option<i64>,
    divide_denominator_by: Option<i64>,
    #[serde(default)]
    sampled: bool,
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
    #[serde(default)]
    only_main_kind: bool,
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
    pub(crate) table_function: Option<Spanned<String>>,
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
    // The word must end here, or `/* kpis` would open a header of `kpi`.
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
    // PostgreSQL and DataFusion nest comments: the file would no longer run unchanged.
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
    let is_share = kind == RollupKind::Ratio && *header.raw.unit.get_ref() == Unit::Share;
    if raw.sampled && (!is_share || raw.value.is_some()) {
        let what = "rollup.sampled is only for shares made by dividing what was added";
        problems.add(line, what, "remove it, or write kind = \"ratio\" and unit = \"share\"");
    }
    let scale = raw.scale.unwrap_or(1);
    let unit_line = Some(header.line(problems, &header.raw.unit));
    // Nothing is divided after the SQL, so scale and unit are its own affair.
    let made_by_sql = matches!(kind, RollupKind::Area | RollupKind::None);
    let expected_scale = match header.raw.unit.get_ref() {
        Unit::Share => Some(1),
        Unit::Per1000 => Some(1000),
        _ => None,
    };
    match expected_scale {
        Some(expected)
            if !made_by_sql && raw.value.is_none() && (kind, scale) != (RollupKind::Ratio, expected) =>
        {
            let what = format!("the unit {} does not fit the roll-up", header.raw.unit.get_ref());
            problems.add(unit_line, what, format!("write kind = \"ratio\" with a scale of {expected}"));
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
        sampled: raw.sampled,
        nation_only: raw.nation_only,
        value: raw.value.clone(),
        ok_when: raw.ok_when.clone(),
    }
}
