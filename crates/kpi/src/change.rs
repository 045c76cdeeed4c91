//! What changed in a definition, version by version: who compares with an older figure must know. A sentence that
//! many KPIs share stands once, in `queries/changes.toml`, and their headers name its code.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Deserialize;
use toml::Spanned;
use utbredt_model::nearest;

use crate::{Kpi, KpiError, Lang, Titles, error::Problems, header::Header, reasons};

/// The file of the shared sentences, below `queries/`.
pub(crate) const PATH: &str = "changes.toml";

/// What one version changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The version that brought it.
    pub version: u32,
    /// The day.
    pub date: NaiveDate,
    /// The codes of shared sentences, in the order they are read in.
    pub codes: Vec<String>,
    /// What gives another number than before: the shared sentences, then the KPI's own.
    pub text: Titles,
}

/// A change as a header writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawChange {
    version: Spanned<u32>,
    date: String,
    #[serde(default)]
    codes: Vec<String>,
    #[serde(default)]
    nb: String,
    #[serde(default)]
    nn: String,
    #[serde(default)]
    en: String,
}

/// Reads the shared sentences by code.
pub(crate) fn read(problems: &mut Problems<'_>) -> reasons::Texts {
    let mut texts = reasons::Texts::new();
    match toml::from_str::<BTreeMap<Spanned<String>, Titles>>(problems.text) {
        Ok(written) => reasons::declare(problems, 0, written, &mut texts),
        Err(error) => {
            let line = error.span().map(|span| problems.line_of(span.start));
            let what = format!("the file cannot be read: {}", error.message().replace('\n', ", "));
            problems.add(line, what, "write [<code>] with nb, nn and en");
        }
    }
    texts
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
    for RawChange { version, date, codes, nb, nn, en } in raw {
        let line = Some(header.line(problems, &version));
        let text = Titles { nb, nn, en };
        let empty = Lang::ALL.into_iter().filter(|lang| text.get(*lang).trim().is_empty()).count();
        // Codes alone say it all; a sentence of its own is in every language.
        if empty > 0 && (codes.is_empty() || empty < Lang::ALL.len()) {
            problems.add(line, "the text of a change is empty", "write it in nb, nn and en, or name `codes`");
        }
        match date.parse() {
            Ok(date) => changes.push(Change { version: version.into_inner(), date, codes, text }),
            Err(_) => problems.add(line, format!("`{date}` is no day"), "write a day such as 2026-11-28"),
        }
    }
    let expected: Vec<u32> = (2..=version).rev().collect();
    if own != expected {
        let what = format!("`changes` are of the versions {own:?}, and the KPI has version {version}");
        problems.add(None, what, format!("write one for each of {expected:?}, in this order"));
    }
    changes
}

/// Puts the shared sentences before a KPI's own. A code without a sentence is a problem.
pub(crate) fn resolve(kpi: &mut Kpi, shared: &reasons::Texts, errors: &mut Vec<KpiError>) {
    for change in &mut kpi.changes {
        let mut parts: Vec<&Titles> = Vec::new();
        for code in &change.codes {
            if let Some(titles) = shared.get(code) {
                parts.push(titles);
                continue;
            }
            let what = format!("the code `{code}` of a change has no sentence");
            let fix = nearest(code, shared.keys().map(String::as_str))
                .map_or_else(String::new, |near| format!("did you mean `{near}`? or "));
            errors.push(KpiError {
                path: kpi.path.clone(),
                line: None,
                what,
                fix: format!("{fix}write [{code}] in {PATH}"),
            });
        }
        let joined = |lang: Lang| {
            let all = parts.iter().map(|part| part.get(lang)).chain([change.text.get(lang)]);
            all.filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join(" ")
        };
        change.text = Titles { nb: joined(Lang::Nb), nn: joined(Lang::Nn), en: joined(Lang::En) };
    }
}

/// A sentence that no KPI names is a problem: nobody would read it again.
pub(crate) fn check_used<'a>(
    shared: &reasons::Texts,
    kpis: impl Iterator<Item = &'a Kpi>,
    errors: &mut Vec<KpiError>,
) {
    let used: BTreeSet<&String> =
        kpis.flat_map(|kpi| &kpi.changes).flat_map(|change| &change.codes).collect();
    for code in shared.keys().filter(|code| !used.contains(code)) {
        let what = format!("no KPI names the sentence [{code}]");
        errors.push(KpiError {
            path: PATH.to_owned(),
            line: None,
            what,
            fix: "name it, or delete it".to_owned(),
        });
    }
}
