//! A shared relation that KPIs read.

use std::collections::BTreeSet;

use crate::{
    catalogue::read_relations,
    check,
    error::Problems,
    header::{self, RawView},
    lexer::tokens,
    words::is_name,
};

/// One file of `queries/views/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its name in SQL, from the path.
    pub name: String,
    /// The file, below `queries/`.
    pub path: String,
    /// What a row is, in English.
    pub doc: String,
    /// The views it builds on.
    pub uses: Vec<String>,
    /// Every relation its SQL reads, views and tables alike.
    pub reads: BTreeSet<String>,
    /// Whether its rows depend on nothing but edition, borders, policy and periods, so that they may be computed once
    /// for everybody who reads it.
    pub kept: bool,
    /// Whether its rows depend on the edition alone: they are computed once, whatever borders and periods are asked.
    pub timeless: bool,
    /// Whose inhabitants it counts, when KPIs divide by it.
    pub counts: Option<Inhabitants>,
    /// The engine's function its rows pass through before they are read.
    pub table_function: Option<String>,
    /// The parameters its SQL uses: every KPI that reads it declares them.
    pub params: Vec<String>,
    /// The whole file, header included: it runs as it stands.
    pub sql: String,
}

/// Whose inhabitants a view counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inhabitants {
    /// All of them.
    Everybody,
    /// Those in the target group of the solution.
    TargetGroup,
}

/// Reads a view's file; what is wrong with it goes to `problems`.
pub(crate) fn read(problems: &mut Problems<'_>, stem: &str) -> Option<View> {
    if !is_name(stem) {
        problems.add(None, format!("a view cannot be called `{stem}`"), "match ^[a-z][a-z0-9_]*$");
    }
    let header = header::read::<RawView>(problems, "view")?;
    if header.raw.doc.trim().is_empty() {
        problems.add(Some(1), "`doc` is empty", "say what a row of the view is");
    }
    let table_function = header.raw.table_function.as_ref().map(|name| name.get_ref().clone());
    if let Some(name) = header.raw.table_function.as_ref().filter(|name| !is_name(name.get_ref())) {
        let line = header.line(problems, name);
        let what = format!("`table_function` cannot be `{}`", name.get_ref());
        problems.add(Some(line), what, "name a function of the engine, for example bounded_growth");
    }
    Some(View {
        name: stem.to_owned(),
        path: problems.path.to_owned(),
        doc: header.raw.doc,
        reads: read_relations(problems),
        kept: false,
        timeless: false,
        counts: header.raw.counts,
        uses: header.raw.uses.into_iter().map(toml::Spanned::into_inner).collect(),
        table_function,
        params: check::params_used(&tokens(problems.text)),
        sql: problems.text.to_owned(),
    })
}
