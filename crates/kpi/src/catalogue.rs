//! Every KPI and view, loaded together so that all problems are reported at once.

mod read;
mod uses;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use utbredt_model::nearest;

use self::read::read_kpi;
use self::uses::{check_params, check_uses, closure, in_order, mark_kept};
use crate::{
    Kpi, KpiError, Lookback, RequestError, Titles, UnknownKpi, View, change, check,
    error::Problems,
    lexer::tokens,
    lineage,
    reasons::{self, Texts},
    view,
};

/// What `queries/` holds.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    kpis: BTreeMap<String, Kpi>,
    /// Each after those it uses.
    views: Vec<View>,
    /// The views that a KPI, or a view that depends on the question, reads itself.
    read_directly: BTreeSet<String>,
    /// Made from all its texts.
    id: u64,
    /// The texts of the codes any answer may carry.
    reasons: Texts,
}

impl Catalogue {
    /// Reads the files of `queries/`, given as (path below it, text). What is neither `.sql` nor a
    /// file of shared texts (`reasons.toml`, `changes.toml`) is passed over.
    ///
    /// # Errors
    /// Every problem in every file, in the order of path and line.
    pub fn load(files: impl IntoIterator<Item = (String, String)>) -> Result<Self, Vec<KpiError>> {
        let mut errors = Vec::new();
        let mut kpis: BTreeMap<String, Kpi> = BTreeMap::new();
        let mut views = BTreeMap::new();
        let mut texts = DefaultHasher::new();
        let (mut common, mut shared) = (Texts::new(), Texts::new());
        for (path, text) in files {
            // The path too: a file moved to another question makes another KPI of the same text.
            (&path, &text).hash(&mut texts);
            let mut problems = Problems::new(&path, &text);
            let parts: Vec<&str> = path.split('/').collect();
            match (path.strip_suffix(".sql"), parts.as_slice()) {
                (None, [reasons::PATH]) => common = reasons::read(&mut problems),
                (None, [change::PATH]) => shared = change::read(&mut problems),
                (None, _) => {}
                (Some(_), ["kpi", question, file]) => {
                    let name = file.trim_end_matches(".sql");
                    if let Some(kpi) = read_kpi(&mut problems, question, name) {
                        // `a.b_c` and `a_b.c` are two ids and one name in SQL.
                        let twin = kpis.values().find(|other| other.sql_name() == kpi.sql_name());
                        if let Some(twin) = twin {
                            let what = format!("`{}` has the same name in SQL as `{}`", kpi.id, twin.id);
                            problems.add(None, what, "rename one of the files");
                        }
                        kpis.insert(kpi.id.clone(), kpi);
                    }
                }
                (Some(_), ["views", file]) => {
                    if let Some(view) = view::read(&mut problems, file.trim_end_matches(".sql")) {
                        check::sql(&mut problems, &tokens(&text));
                        views.insert(view.name.clone(), view);
                    }
                }
                (Some(_), _) => problems.add(
                    None,
                    "this is no place for an SQL file",
                    "put it at kpi/<question>/<name>.sql or views/<name>.sql",
                ),
            }
            errors.append(&mut problems.errors);
        }
        check_uses(&views, &mut errors);
        let mut views = in_order(views, &mut errors);
        // After `in_order`: whether a view is kept depends on the views below it.
        mark_kept(&mut views);
        for view in &views {
            reasons::check_view(view, &common, &mut errors);
        }
        for kpi in kpis.values_mut() {
            (kpi.views, kpi.tables) = closure(&kpi.reads, &views);
            check_params(kpi, &views, &mut errors);
            reasons::resolve(kpi, &common, &mut errors);
            change::resolve(kpi, &shared, &mut errors);
        }
        change::check_used(&shared, kpis.values(), &mut errors);
        // Files come in any order; a report that changes from run to run cannot be compared.
        errors.sort();
        if !errors.is_empty() {
            return Err(errors);
        }
        // What no KPI reads itself is planned into its readers, and is not worth keeping.
        let of_kpis = kpis.values().flat_map(|kpi| &kpi.reads);
        let of_views = views.iter().filter(|view| !view.kept).flat_map(|view| &view.reads);
        let read_directly = of_kpis.chain(of_views).cloned().collect();
        Ok(Self { kpis, views, read_directly, id: texts.finish(), reasons: common })
    }

    /// A number made from all texts: what was computed with one catalogue is kept under it.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The view of that name.
    #[must_use]
    pub fn view(&self, name: &str) -> Option<&View> {
        self.views.iter().find(|view| view.name == name)
    }

    /// Whether a KPI, or a view that depends on the question, reads the relation itself.
    #[must_use]
    pub fn is_read_directly(&self, name: &str) -> bool {
        self.read_directly.contains(name)
    }

    /// Every KPI, in the order of ids.
    pub fn kpis(&self) -> impl ExactSizeIterator<Item = &Kpi> {
        self.kpis.values()
    }

    /// The KPI with this id.
    ///
    /// # Errors
    /// [`UnknownKpi`], with the id most like it.
    pub fn get(&self, id: &str) -> Result<&Kpi, UnknownKpi> {
        self.kpis.get(id).ok_or_else(|| UnknownKpi {
            id: id.to_owned(),
            nearest: nearest(id, self.kpis.keys().map(String::as_str)),
        })
    }

    /// The KPI a request asks for.
    ///
    /// # Errors
    /// [`RequestError::Unknown`], with the id most like it.
    pub fn kpi(&self, id: &str) -> Result<&Kpi, RequestError> {
        self.kpis.get(id).ok_or_else(|| {
            let hint = "`utbredt kpi list` or GET /v1/kpis lists them";
            RequestError::unknown("kpi", id, self.kpis.keys().map(String::as_str), hint)
        })
    }

    /// The text of a code that an answer of the KPI carries, in three languages: the KPI's own, else the common one
    /// of a state, a mark, a reason or a refusal. None when the code is not known.
    #[must_use]
    pub fn reason(&self, kpi: &str, code: &str) -> Option<&Titles> {
        let own = self.kpis.get(kpi).and_then(|kpi| kpi.reasons.get(code));
        own.or_else(|| self.reasons.get(code))
    }

    /// Every common code with its text, in the order of codes.
    pub fn reasons(&self) -> impl ExactSizeIterator<Item = (&str, &Titles)> {
        self.reasons.iter().map(|(code, text)| (code.as_str(), text))
    }

    /// Every view, each after those it uses.
    #[must_use]
    pub fn views(&self) -> &[View] {
        &self.views
    }
}

/// The relations a file reads; a text that cannot be parsed is a problem.
pub(crate) fn read_relations(problems: &mut Problems<'_>) -> BTreeSet<String> {
    match lineage::relations(problems.text) {
        Ok(relations) => relations.iter().map(|name| without_suffix(name).to_owned()).collect(),
        Err(error) => {
            problems.add(None, format!("the SQL cannot be parsed: {error}"), "write one SELECT statement");
            BTreeSet::new()
        }
    }
}

/// A view seen a year before is that view.
fn without_suffix(name: &str) -> &str {
    name.strip_suffix(Lookback::YEAR_AGO).unwrap_or(name)
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
