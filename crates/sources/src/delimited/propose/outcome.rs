//! What the comments around a proposed contract say of the whole file: what was left aside, and what came out of it.

use std::collections::BTreeMap;
use std::fmt::Write;

use utbredt_model::{ObservedFact, Parsed};

use super::TO_CHOOSE;
use super::page::Page;
use super::sketch::Sketch;

/// What came out of the file by the contract, as the last lines of it.
pub(super) fn tried(parsed: &Parsed, sketch: &Sketch) -> String {
    let mut page = Page::default();
    page.line("");
    let mut summary = String::new();
    let _ = write!(
        summary,
        "Of this file: {} rows, {} numbers read, {} refused.",
        parsed.rows_in,
        parsed.observations.len(),
        parsed.rejections.len()
    );
    page.comment(&summary);
    if parsed.observations.iter().any(|own| is_open(&own.fact)) {
        page.comment("No lake takes them before each `to-choose` above is replaced.");
    }
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    parsed.rejections.iter().for_each(|r| *reasons.entry(r.reason.as_str()).or_default() += 1);
    for (reason, count) in reasons.iter().take(10) {
        page.comment(&format!("  {count} because {reason}"));
    }
    let against = parsed.rejections.iter().filter(|r| r.reason.starts_with("contradicts ")).count();
    let others = !sketch.passed_over.is_empty() || !sketch.hidden.is_empty();
    if against * 2 > parsed.observations.len() && others {
        page.comment(
            "Rows contradict each other: a column that is no part of this contract may distinguish them.",
        );
    }
    parsed.breaches.iter().take(5).for_each(|breach| page.comment(&format!("  held: {breach}")));
    page.0
}

/// Whether a person has to choose the solution or the measure of a number.
fn is_open(fact: &ObservedFact) -> bool {
    match fact {
        ObservedFact::Usage { solution_id, measure_id, .. } => {
            solution_id.as_str() == TO_CHOOSE || measure_id.as_str() == TO_CHOOSE
        }
        ObservedFact::Rollout { .. } => false,
    }
}

/// Said first when a file has more than one table that could be read.
pub(super) fn other_tables(what: &str, tables: &[String]) -> String {
    let mut page = Page::default();
    if tables.len() > 1 {
        let (count, names) = (tables.len(), tables.join(", "));
        page.comment(&format!(
            "{count} {what} look alike ({names}); a contract reads one, and this is for one of them."
        ));
    }
    page.0
}
