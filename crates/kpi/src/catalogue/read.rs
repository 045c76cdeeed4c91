//! A KPI from its file: header, texts and SQL, each checked on its own.

use std::collections::BTreeSet;

use super::read_relations;
use crate::change::changes;
use crate::{
    Kpi, Titles, check,
    error::Problems,
    header::{self, Header, RawKpi},
    lexer::tokens,
    words::is_name,
};

/// Reads the file of one KPI; what is wrong with it goes to `problems`.
pub(super) fn read_kpi(problems: &mut Problems<'_>, question: &str, name: &str) -> Option<Kpi> {
    for part in [question, name] {
        if !is_name(part) {
            let what = format!("`{part}` cannot be part of a KPI's id");
            problems.add(None, what, "name folders and files to match ^[a-z][a-z0-9_]*$");
        }
    }
    let mut header = header::read::<RawKpi>(problems, "kpi")?;
    texts(problems, &header);
    let rollup = header::rollup(problems, &header);
    let params = header::params(problems, &mut header);
    let columns = header::columns(problems, &mut header, rollup.kind);
    check::columns(problems, &columns, rollup.kind);
    let own_reasons = header::reasons(problems, &mut header);
    let written = std::mem::take(&mut header.raw.changes);
    let changes = changes(problems, &header, written, *header.raw.version.get_ref());
    let raw = header.raw;
    let kpi = Kpi {
        id: format!("{question}.{name}"),
        question: question.to_owned(),
        name: name.to_owned(),
        path: problems.path.to_owned(),
        title: raw.title.into_inner(),
        answers: raw.answers.into_inner(),
        version: raw.version.into_inner(),
        unit: raw.unit.into_inner(),
        better: raw.better,
        owner: raw.owner.into_inner(),
        granularity: raw.granularity,
        // The default window is a year of months.
        window: raw.window.map_or(12, toml::Spanned::into_inner),
        as_of_end: raw.as_of_end,
        lookback: raw.lookback,
        caveats: raw.caveats.map(toml::Spanned::into_inner).unwrap_or_default(),
        changes,
        rollup,
        params,
        columns: columns.into_iter().map(|(_, column)| column).collect(),
        reasons: own_reasons,
        sql: problems.text.to_owned(),
        reads: read_relations(problems),
        views: Vec::new(),
        tables: BTreeSet::new(),
    };
    let found = tokens(problems.text);
    check::sql(problems, &found);
    check::kpi(problems, &found, &kpi);
    Some(kpi)
}

/// Texts are there in three languages, numbers are positive.
fn texts(problems: &mut Problems<'_>, header: &Header<RawKpi>) {
    let raw = &header.raw;
    for (name, titles) in [("title", &raw.title), ("answers", &raw.answers)] {
        let Titles { nb, nn, en } = titles.get_ref();
        for (lang, text) in [("nb", nb), ("nn", nn), ("en", en)] {
            if text.trim().is_empty() {
                let line = header.line(problems, titles);
                problems.add(Some(line), format!("{name}.{lang} is empty"), "write it in nb, nn and en");
            }
        }
    }
    if raw.owner.get_ref().trim().is_empty() {
        let line = header.line(problems, &raw.owner);
        problems.add(Some(line), "`owner` is empty", "say who answers for the definition");
    }
    if *raw.version.get_ref() == 0 {
        let line = header.line(problems, &raw.version);
        problems.add(Some(line), "`version` is 0", "begin at 1");
    }
    if let Some(window) = raw.window.as_ref().filter(|w| *w.get_ref() == 0) {
        let line = header.line(problems, window);
        problems.add(Some(line), "`window` is 0", "show at least one period");
    }
    if let Some(spanned) = &raw.caveats {
        let caveats = spanned.get_ref();
        let uneven = caveats.nb.len() != caveats.nn.len() || caveats.nb.len() != caveats.en.len();
        let empty =
            [&caveats.nb, &caveats.nn, &caveats.en].into_iter().flatten().any(|c| c.trim().is_empty());
        if uneven || empty {
            let line = header.line(problems, spanned);
            let what = "`caveats` do not say the same in nb, nn and en";
            problems.add(Some(line), what, "write as many, and none empty, in each language");
        }
    }
}
