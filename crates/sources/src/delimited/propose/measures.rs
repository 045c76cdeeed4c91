//! Which measure a column is by its name, and of several columns which: where names do not tell, a person does.

use std::collections::BTreeMap;

use utbredt_model::Granularity;

use super::counts::VALUES;
use super::meaning::{Other, other, unit};
use super::sketch::{Choice, Sketch};
use super::words::{has, spaced};
use super::{About, Known, TO_CHOOSE, names};

/// Whether a column's name says that its numbers count from a beginning: `Meldinger hittil`, `Kumulativt antall`, `Meldinger t.o.m.`.
pub(super) fn counts_from_a_beginning(name: &str) -> bool {
    let lower = name.to_lowercase();
    let text = spaced(name);
    ["hittil", "akkumul", "kumul", "cumul", "så langt", "so far", "to date"]
        .iter()
        .any(|word| lower.contains(word))
        || has(
            &text,
            "akk, kum, tom, t o m, til og med, running, ytd, til nå, til no, siden oppstart, sidan oppstart, siden start, sidan start, siden lansering, sidan lansering, \
             since start, since launch",
        )
}

/// Leaves the measure to a person where a title says that the numbers are a plan's: `Prognose 2025`.
pub(super) fn leave_plan(sketch: &mut Sketch) {
    let plan = sketch.sheet.above.iter().find(|text| other(text, None) == Some(Other::Plan)).cloned();
    let Some(title) = plan else { return };
    sketch.wide.measures.values_mut().for_each(|id| TO_CHOOSE.clone_into(id));
    match &mut sketch.measure {
        _ if !sketch.wide.measures.is_empty() => {}
        Some(Choice::Column(_, map)) => map.values_mut().for_each(|id| TO_CHOOSE.clone_into(id)),
        measure => *measure = Some(Choice::Fixed(TO_CHOOSE.to_owned())),
    }
    sketch.doubts.push((title, Other::Plan));
}

/// The measure a column's name means, unless another was requested.
pub(super) fn the_measure(text: &str, about: &About, known: &Known) -> String {
    let requested = about.measure.as_ref().map(ToString::to_string);
    requested.or_else(|| names::measure(text, known)).unwrap_or_else(|| TO_CHOOSE.to_owned())
}

/// What the names of a file's columns are compared with: the request, the lake's measures, and the length of the file's
/// periods where that is known.
pub(super) struct NameRules<'a> {
    pub(super) about: &'a About,
    pub(super) known: &'a Known,
    pub(super) length: Option<Granularity>,
    /// What is known of columns by more than their names.
    pub(super) others: BTreeMap<String, Other>,
}

impl NameRules<'_> {
    /// What a name says that its numbers are instead of a count of their period. What the measure is counted in, as kroner
    /// may be, is no doubt about it.
    pub(super) fn other(&self, name: &str) -> Option<Other> {
        if let Some(found) = self.others.get(name) {
            return Some(*found);
        }
        let found = other(name, self.length)?;
        let measure = the_measure(name, self.about, self.known);
        let units = self.known.measures.get(&measure).into_iter().flatten();
        let own = units.filter_map(|own| unit(own)).any(|own| own == found);
        (!own).then_some(found)
    }

    /// Leaves the names of counts of a period where there are any; else all are doubtful. What counts from a beginning is
    /// the number of no period, and read only where the file has nothing else.
    pub(super) fn keep_counts(&self, names: &mut Vec<String>) -> bool {
        let doubtful = names.iter().all(|name| self.other(name).is_some());
        if !doubtful {
            names.retain(|name| self.other(name).is_none());
        }
        if names.iter().any(|name| !counts_from_a_beginning(name)) {
            names.retain(|name| !counts_from_a_beginning(name));
        }
        doubtful
    }

    /// The names that say their numbers are no count of their period, each with what they are.
    pub(super) fn doubts(&self, names: &[String]) -> Vec<(String, Other)> {
        let named = names.iter().filter_map(|name| Some((name.clone(), self.other(name)?)));
        named.collect()
    }
}

/// The columns that are likeliest to hold the numbers: named as the measure requested, or as any where none was; failing
/// that named as numbers are; failing that the others. Several when nothing in their names tells them apart.
pub(super) fn likeliest(candidates: &[String], sketch: &Sketch, about: &About, known: &Known) -> Vec<String> {
    let requested = about.measure.as_ref().map(ToString::to_string);
    let rank = |name: &String| {
        let called_number = i8::from(VALUES.iter().any(|word| name.to_lowercase().contains(word)));
        // Where a column says the measure, that of the numbers is called after none.
        let measure = names::own_measure(name, known).filter(|_| sketch.measure.is_none());
        match (measure, &requested) {
            (Some(measure), Some(requested)) if measure != *requested => -1,
            (Some(_), _) => 2,
            (None, _) => called_number,
        }
    };
    let best = candidates.iter().map(rank).max();
    candidates.iter().filter(|name| Some(rank(name)) == best).cloned().collect()
}

/// The names that fit each measure. A name that says what is counted goes before one that says no more than that it is a
/// number; one that fits none is left out.
pub(super) fn fits(columns: &[String], known: &Known) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in columns {
        if let Some(id) = names::own_measure(name, known) {
            found.entry(id).or_default().push(name.clone());
        }
    }
    let said = found.clone();
    for name in columns.iter().filter(|name| names::own_measure(name, known).is_none()) {
        if let Some(id) = names::measure(name, known).filter(|id| !said.contains_key(id)) {
            found.entry(id).or_default().push(name.clone());
        }
    }
    found
}
