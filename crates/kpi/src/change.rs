//! What changed in a definition, version by version: who compares with an older figure must know.

use chrono::NaiveDate;
use serde::Deserialize;
use toml::Spanned;

use crate::{Titles, error::Problems, header::Header};

/// What one version changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The version that brought it.
    pub version: u32,
    /// The day.
    pub date: NaiveDate,
    /// What gives another number than before.
    pub text: Titles,
}

/// A change as a header writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawChange {
    version: Spanned<u32>,
    date: String,
    nb: String,
    nn: String,
    en: String,
}

/// Reads the changes of a KPI: one for each version after the first, the newest first.
pub(crate) fn changes<T>(
    problems: &mut Problems<'_>,
    header: &Header<T>,
    raw: Vec<RawChange>,
    version: u32,
) -> Vec<Change> {
    let own: Vec<u32> = raw.iter().map(|one| *one.version.get_ref()).collect();
    let mut changes = Vec::new();
    for one in raw {
        let line = Some(header.line(problems, &one.version));
        let text = Titles { nb: one.nb, nn: one.nn, en: one.en };
        if [&text.nb, &text.nn, &text.en].into_iter().any(|text| text.trim().is_empty()) {
            problems.add(line, "the text of a change is empty", "write it in nb, nn and en");
        }
        match one.date.parse() {
            Ok(date) => changes.push(Change { version: one.version.into_inner(), date, text }),
            Err(_) => {
                problems.add(line, format!("`{}` is no day", one.date), "write a day such as 2026-11-28")
            }
        }
    }
    let expected: Vec<u32> = (2..=version).rev().collect();
    if own != expected {
        let what = format!("`changes` are of the versions {own:?}, and the KPI has version {version}");
        problems.add(None, what, format!("write one for each of {expected:?}, in this order"));
    }
    changes
}
