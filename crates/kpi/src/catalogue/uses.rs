//! What reads what: the order of views, which of them are kept, and whether parameters and `uses` fit.

use std::collections::{BTreeMap, BTreeSet};

use utbredt_model::nearest;

use crate::{Kpi, KpiError, View, check, error::Problems, lexer::tokens};

/// `uses` names views, and exactly those the view's SQL reads.
pub(super) fn check_uses(views: &BTreeMap<String, View>, errors: &mut Vec<KpiError>) {
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
                // The SQL has no tree here, so the first token of that name has to do as the place.
                let line = found.iter().find(|token| token.is_word(name)).map(|token| token.line);
                let what = format!("the SQL reads the view `{name}`, which `uses` does not name");
                problems.add(line, what, format!("add \"{name}\" to `uses`"));
            }
        }
        errors.append(&mut problems.errors);
    }
}

/// A view whose rows depend on nothing but the edition, the borders and the periods may be computed once for all who
/// read it: it takes no parameter, passes through no function, and does not know the areas asked for. One that does not
/// know the periods either depends on the edition alone.
pub(super) fn mark_kept(views: &mut [View]) {
    let mut kept: BTreeSet<String> = BTreeSet::new();
    let mut timeless: BTreeSet<String> = BTreeSet::new();
    for view in views {
        let plain =
            view.params.is_empty() && view.table_function.is_none() && !view.reads.contains(Kpi::AREAS);
        view.kept = plain && view.uses.iter().all(|used| kept.contains(used));
        if view.kept {
            kept.insert(view.name.clone());
        }
        let knows_no_period = !view.reads.iter().any(|name| is_of_periods(name));
        view.timeless = view.kept && knows_no_period && view.uses.iter().all(|used| timeless.contains(used));
        if view.timeless {
            timeless.insert(view.name.clone());
        }
    }
}

/// Whether a relation is made from the periods or the borders of a question.
fn is_of_periods(name: &str) -> bool {
    matches!(name, "periods" | "calendar" | "sub_periods") || name.starts_with("areas_")
}

/// What a KPI declares is used, by itself or by a view it reads; and what those views use is declared.
pub(super) fn check_params(kpi: &Kpi, views: &[View], errors: &mut Vec<KpiError>) {
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
pub(super) fn in_order(mut left: BTreeMap<String, View>, errors: &mut Vec<KpiError>) -> Vec<View> {
    let mut out: Vec<View> = Vec::with_capacity(left.len());
    loop {
        let ready = left.values().find(|view| view.uses.iter().all(|used| !left.contains_key(used)));
        let Some(name) = ready.map(|view| view.name.clone()) else { break };
        out.extend(left.remove(&name));
    }
    // Views left over wait for each other: none of them can come first.
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
pub(super) fn closure(relations: &BTreeSet<String>, views: &[View]) -> (Vec<String>, BTreeSet<String>) {
    let mut needed: BTreeSet<&str> = relations.iter().map(String::as_str).collect();
    // Backwards: a view's readers come after it, so each is seen before what it reads.
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
