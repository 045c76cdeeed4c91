//! Every KPI and view, loaded together so that all problems are reported at once.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use utbredt_model::nearest;

use crate::{
    Kpi, KpiError, Lookback, RequestError, Titles, UnknownKpi, View, check,
    error::Problems,
    header::{self, Header, RawKpi},
    lexer::tokens,
    lineage,
    reasons::{self, Texts},
    view,
    words::is_name,
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
    /// Reads the files of `queries/`, given as (path below it, text). What is neither `.sql` nor the
    /// texts of the common codes (`reasons.toml`) is passed over.
    ///
    /// # Errors
    /// Every problem in every file, in the order of path and line.
    pub fn load(files: impl IntoIterator<Item = (String, String)>) -> Result<Self, Vec<KpiError>> {
        let mut errors = Vec::new();
        let mut kpis: BTreeMap<String, Kpi> = BTreeMap::new();
        let mut views = BTreeMap::new();
        let mut texts = DefaultHasher::new();
        let mut common = Texts::new();
        for (path, text) in files {
            (&path, &text).hash(&mut texts);
            let mut problems = Problems::new(&path, &text);
            let parts: Vec<&str> = path.split('/').collect();
            match (path.strip_suffix(".sql"), parts.as_slice()) {
                (None, [reasons::PATH]) => common = reasons::read(&mut problems),
                (None, _) => {}
                (Some(_), ["kpi", question, file]) => {
                    let name = file.trim_end_matches(".sql");
                    if let Some(kpi) = read_kpi(&mut problems, question, name) {
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
        mark_kept(&mut views);
        for kpi in kpis.values_mut() {
            (kpi.views, kpi.tables) = closure(&kpi.reads, &views);
            check_params(kpi, &views, &mut errors);
            reasons::resolve(kpi, &common, &mut errors);
        }
        errors.sort();
        if !errors.is_empty() {
            return Err(errors);
        }
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

fn read_kpi(problems: &mut Problems<'_>, question: &str, name: &str) -> Option<Kpi> {
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
        window: raw.window.map_or(12, toml::Spanned::into_inner),
        lookback: raw.lookback,
        caveats: raw.caveats.map(toml::Spanned::into_inner).unwrap_or_default(),
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

/// `uses` names views, and exactly those the view's SQL reads.
fn check_uses(views: &BTreeMap<String, View>, errors: &mut Vec<KpiError>) {
    for view in views.values() {
        let mut problems = Problems::new(&view.path, &view.sql);
        let found = tokens(&view.sql);
        for name in view.uses.iter().filter(|name| !views.contains_key(*name)) {
            let near = nearest(name, views.keys().map(String::as_str));
            let fix =
                near.map_or_else(|| "add views/<name>.sql".to_owned(), |n| format!("did you mean `{n}`?"));
            problems.add(Some(1), format!("`uses` names `{name}`, which is no view"), fix);
        }
        for name in &view.reads {
            if views.contains_key(name) && !view.uses.contains(name) {
                let line = found.iter().find(|token| token.is_word(name)).map(|token| token.line);
                let what = format!("the SQL reads the view `{name}`, which `uses` does not name");
                problems.add(line, what, format!("add \"{name}\" to `uses`"));
            }
        }
        errors.append(&mut problems.errors);
    }
}

/// A view whose rows depend on nothing but the edition, the borders and the periods may be computed once for all who
/// read it: it takes no parameter, passes through no function, and does not know the areas asked for.
fn mark_kept(views: &mut [View]) {
    let mut kept: BTreeSet<String> = BTreeSet::new();
    for view in views {
        let plain = view.params.is_empty() && view.through.is_none() && !view.reads.contains(Kpi::AREAS);
        view.kept = plain && view.uses.iter().all(|used| kept.contains(used));
        if view.kept {
            kept.insert(view.name.clone());
        }
    }
}

/// What a KPI declares is used, by itself or by a view it reads; and what those views use is declared.
fn check_params(kpi: &Kpi, views: &[View], errors: &mut Vec<KpiError>) {
    let mut problems = Problems::new(&kpi.path, &kpi.sql);
    let mut used: BTreeSet<String> = check::params_used(&tokens(&kpi.sql)).into_iter().collect();
    for view in views.iter().filter(|view| kpi.views.contains(&view.name)) {
        for name in view.params.iter().filter(|name| kpi.params.iter().all(|param| param.name != **name)) {
            let what = format!("the view `{}` uses `${name}`, which the header does not declare", view.name);
            problems.add(Some(1), what, format!("declare it: [params.{name}]"));
        }
        used.extend(view.params.iter().cloned());
    }
    for param in kpi.params.iter().filter(|param| !used.contains(&param.name)) {
        let what = format!("the parameter `{}` is declared and never used", param.name);
        problems.add(None, what, format!("use `${}` in the SQL or remove it", param.name));
    }
    errors.append(&mut problems.errors);
}

/// Orders views so that each comes after those it uses; names break ties, so the order is stable.
fn in_order(mut left: BTreeMap<String, View>, errors: &mut Vec<KpiError>) -> Vec<View> {
    let mut out: Vec<View> = Vec::with_capacity(left.len());
    loop {
        let ready = left.values().find(|view| view.uses.iter().all(|used| !left.contains_key(used)));
        let Some(name) = ready.map(|view| view.name.clone()) else { break };
        out.extend(left.remove(&name));
    }
    let names: Vec<&str> = left.keys().map(String::as_str).collect();
    for view in left.values() {
        let what = format!("the views {} use each other in a circle", names.join(", "));
        let mut problems = Problems::new(&view.path, &view.sql);
        problems.add(Some(1), what, "move what they share into a view of its own");
        errors.append(&mut problems.errors);
    }
    out
}

/// The views and the tables a text that reads `relations` is made of, directly or through a view; views in their order.
fn closure(relations: &BTreeSet<String>, views: &[View]) -> (Vec<String>, BTreeSet<String>) {
    let mut needed: BTreeSet<&str> = relations.iter().map(String::as_str).collect();
    for view in views.iter().rev() {
        if needed.contains(view.name.as_str()) {
            needed.extend(view.reads.iter().map(String::as_str));
        }
    }
    let names: Vec<String> = views
        .iter()
        .filter(|view| needed.contains(view.name.as_str()))
        .map(|view| view.name.clone())
        .collect();
    let tables = needed.into_iter().filter(|name| names.iter().all(|view| view != name)).map(str::to_owned);
    let tables = tables.collect();
    (names, tables)
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
