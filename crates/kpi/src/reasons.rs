//! Texts of the codes that answers carry, in three languages: a KPI's own in its header (`[reasons.<code>]`), those of
//! every KPI in `queries/reasons.toml`. SQL selects codes and numbers, never prose, so that no language is built in.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use strum::VariantArray as _;
use toml::Spanned;
use utbredt_model::{CellState, Marks, ReasonCode};

use utbredt_model::nearest;

use crate::{Kpi, KpiError, Lang, Titles, View, error::Problems, words::is_name};

/// The file of the common texts, below `queries/`.
pub(crate) const PATH: &str = "reasons.toml";

/// Texts by code.
pub(crate) type Texts = BTreeMap<String, Titles>;

type Written = BTreeMap<Spanned<String>, Titles>;

/// The groups of the common texts.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCommon {
    /// Every state of a cell.
    #[serde(default)]
    states: Written,
    /// Every mark.
    #[serde(default)]
    marks: Written,
    /// What is behind a state.
    #[serde(default)]
    reasons: Written,
    /// Why a request got no answer.
    #[serde(default)]
    refusals: Written,
    /// Why a row of a delivery was rejected.
    #[serde(default)]
    rejections: Written,
}

/// Reads the common texts: every state and every mark has its own, and no code has two.
pub(crate) fn read(problems: &mut Problems<'_>) -> Texts {
    let raw: RawCommon = match toml::from_str(problems.text) {
        Ok(raw) => raw,
        Err(error) => {
            let line = error.span().map(|span| problems.line_of(span.start));
            let what = format!("the file cannot be read: {}", error.message().replace('\n', ", "));
            problems.add(
                line,
                what,
                "write [states.<code>], [marks.<code>], [reasons.<code>], [refusals.<code>], [rejections.<code>]",
            );
            return Texts::new();
        }
    };
    complete(problems, "states", &raw.states, &CellState::ALL.map(CellState::as_str));
    complete(problems, "marks", &raw.marks, &Marks::all().map(|(_, name)| name));
    // A date that is none is refused in a request and rejected in a delivery with the same words.
    let own = |code: &&str| !raw.refusals.contains_key(*code);
    let rejections: Vec<&str> = ReasonCode::VARIANTS.iter().map(|code| code.as_str()).filter(own).collect();
    complete(problems, "rejections", &raw.rejections, &rejections);
    let mut texts = Texts::new();
    for group in [raw.states, raw.marks, raw.reasons, raw.refusals, raw.rejections] {
        declare(problems, 0, group, &mut texts);
    }
    texts
}

/// A group holds these codes, no more and no fewer.
fn complete(problems: &mut Problems<'_>, group: &str, written: &Written, codes: &[&str]) {
    for code in codes.iter().filter(|code| !written.contains_key(**code)) {
        problems.add(None, format!("[{group}.{code}] is missing"), "write it in nb, nn and en");
    }
    for code in written.keys().filter(|code| !codes.contains(&code.get_ref().as_str())) {
        let line = Some(problems.line_of(code.span().start));
        let what = format!("[{group}.{}] is none of the {group} there are", code.get_ref());
        problems.add(line, what, format!("the {group} are {}", codes.join(", ")));
    }
}

/// Takes codes with their texts, checked one by one; `start` is where the TOML begins in the file.
pub(crate) fn declare(problems: &mut Problems<'_>, start: usize, written: Written, texts: &mut Texts) {
    for (code, titles) in written {
        let line = Some(problems.line_of(start + code.span().start));
        let code = code.into_inner();
        if !is_name(&code) {
            problems.add(line, format!("a code cannot be called `{code}`"), "match ^[a-z][a-z0-9_]*$");
        }
        for lang in Lang::ALL.into_iter().filter(|lang| titles.get(*lang).trim().is_empty()) {
            let what = format!("the text of the code `{code}` is empty in {}", lang.as_str());
            problems.add(line, what, "write it in nb, nn and en");
        }
        if texts.insert(code.clone(), titles).is_some() {
            problems.add(line, format!("the code `{code}` has two texts"), "keep one of them");
        }
    }
}

/// The texts of every code a KPI's columns may hold: its own, and those it takes from the common ones. A code without
/// a text, and a text without a column that may hold it, are problems.
pub(crate) fn resolve(kpi: &mut Kpi, common: &Texts, errors: &mut Vec<KpiError>) {
    // Taken out, so that the KPI can be changed while its text is read for lines.
    let sql = std::mem::take(&mut kpi.sql);
    let mut problems = Problems::new(&kpi.path, &sql);
    for column in &kpi.columns {
        for code in &column.codes {
            if kpi.reasons.contains_key(code) {
                continue;
            }
            if let Some(titles) = common.get(code) {
                kpi.reasons.insert(code.clone(), titles.clone());
                continue;
            }
            let what = format!("the column `{}` may hold the code `{code}`, which has no text", column.name);
            let known = kpi.reasons.keys().chain(common.keys()).map(String::as_str);
            let fix = nearest(code, known).map_or_else(
                || format!("declare [reasons.{code}] in nb, nn and en"),
                |near| format!("did you mean `{near}`? or declare [reasons.{code}] in nb, nn and en"),
            );
            problems.add(line_of_column(&problems, &column.name), what, fix);
        }
    }
    let of_states: BTreeSet<&str> = state_reasons(&sql).collect();
    for code in &of_states {
        if kpi.reasons.contains_key(*code) {
            continue;
        }
        match common.get(*code) {
            Some(titles) => _ = kpi.reasons.insert((*code).to_owned(), titles.clone()),
            None => no_text(&mut problems, code, common),
        }
    }
    let used = |code: &str| kpi.columns.iter().any(|column| column.codes.iter().any(|used| used == code));
    for code in kpi.reasons.keys().filter(|code| !used(code) && !of_states.contains(code.as_str())) {
        let what = format!("[reasons.{code}] is declared and no column or state may hold it");
        problems.add(
            None,
            what,
            "name it in the `codes` of a column, after the slash of a state, or remove it",
        );
    }
    errors.append(&mut problems.errors);
    kpi.sql = sql;
}

/// Reports the reasons of states in a view that have no common text.
pub(crate) fn check_view(view: &View, common: &Texts, errors: &mut Vec<KpiError>) {
    let mut problems = Problems::new(&view.path, &view.sql);
    for code in state_reasons(&view.sql).filter(|code| !common.contains_key(*code)) {
        no_text(&mut problems, code, common);
    }
    errors.append(&mut problems.errors);
}

fn no_text(problems: &mut Problems<'_>, code: &str, common: &Texts) {
    let fix = nearest(code, common.keys().map(String::as_str)).map_or_else(
        || format!("declare [reasons.{code}] in nb, nn and en"),
        |near| format!("did you mean `{near}`? or declare [reasons.{code}] in nb, nn and en"),
    );
    let line = problems.text.find(&format!("/{code}")).map(|at| problems.line_of(at));
    problems.add(line, format!("the reason `{code}` of a state has no text"), fix);
}

/// The reasons a text gives its states: those after the slash of `'missing/not_delivered'`.
fn state_reasons(sql: &str) -> impl Iterator<Item = &str> {
    let states = ["'missing/", "'not_applicable/"];
    let ends =
        states.into_iter().flat_map(move |state| sql.match_indices(state).map(|(at, text)| at + text.len()));
    ends.flat_map(move |at| sql[at..].split('\'').next().unwrap_or_default().split(' '))
}

fn line_of_column(problems: &Problems<'_>, name: &str) -> Option<usize> {
    problems.text.find(&format!("[columns.{name}]")).map(|at| problems.line_of(at))
}
