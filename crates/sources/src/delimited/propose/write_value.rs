//! How much, as the text of a contract: the column of the numbers, the signs in their place, and what may change.

use std::collections::BTreeMap;

use super::super::contract::usual_symbols;
use super::super::{Layout, Symbol};
use super::TO_CHOOSE;
use super::decisive::Decides;
use super::page::{Page, quoted};
use super::sketch::{Dash, Sketch};

/// What names say that numbers are which seem to be no count.
pub(super) fn doubts(page: &mut Page, sketch: &Sketch) {
    for (name, other) in &sketch.doubts {
        page.comment(&format!(
            "By its {} `{name}` is {}, and no count of the period: choose it only if it is one.",
            other.by(),
            other.what()
        ));
    }
}

pub(super) fn value(page: &mut Page, sketch: &Sketch) {
    if sketch.value.is_some() || sketch.unit.is_some() || sketch.scale.is_some() {
        page.section("value");
        // Those of a wide table are written where its measures are.
        if sketch.layout == Layout::Long {
            doubts(page, sketch);
        }
        if sketch.to_choose_from.len() > 1 {
            let names = sketch.to_choose_from.join("`, `");
            page.comment(&format!("Several columns may hold the numbers: choose one of `{names}`."));
        }
        sketch.value.iter().for_each(|column| page.text("column", column));
        if let Some((column, unit)) = &sketch.unit {
            page.text("unit_column", column);
            page.text("unit", unit);
        }
    }
    if let Some((scale, stated)) = &sketch.scale {
        page.comment(&format!(
            "By `{stated}` each number is multiplied; `unit` is the measure's own in the lake."
        ));
        page.line(&format!("scale = {{ factor = {scale}, unit = \"{TO_CHOOSE}\" }}"));
    }
    symbols(page, sketch);
    marks(page, sketch);
}

/// The signs in the place of numbers, and the column that says why there is none.
fn symbols(page: &mut Page, sketch: &Sketch) {
    let usual = !sketch.symbols.is_empty() || sketch.dash.is_some();
    let mut symbols = if usual { usual_symbols() } else { BTreeMap::new() };
    if let Some(column) = &sketch.state {
        page.section("state");
        page.text("column", column);
        symbols = usual_symbols();
        for symbol in [Symbol::Missing, Symbol::NotApplicable, Symbol::NotValid, Symbol::Suppressed] {
            symbols.insert(symbol.state().as_str().to_owned(), symbol);
        }
    }
    symbols.extend(sketch.symbols.clone());
    let mut words = BTreeMap::new();
    for (sign, symbol) in symbols {
        let word = if symbol == Symbol::Zero { "zero" } else { symbol.state().as_str() };
        words.insert(sign, word.to_owned());
    }
    if !sketch.symbols.is_empty() {
        page.line("");
        let found: Vec<&str> = sketch.symbols.keys().map(String::as_str).collect();
        page.comment(&format!(
            "In place of numbers the file has {}: choose what each means.",
            found.join(", ")
        ));
    }
    if sketch.dash == Some(Dash::BesideNought) {
        // Until a person has chosen, it is no sign at all.
        words.remove("-");
    }
    dash(page, sketch);
    page.map("symbols", &words);
}

fn dash(page: &mut Page, sketch: &Sketch) {
    match sketch.dash {
        Some(Dash::Nought) => {
            page.line("");
            page.comment(
                "`-` is nought, as Statistics Norway writes it. Where it means that there is no number, write `\"-\" = \"missing\"`.",
            );
        }
        Some(Dash::BesideNought) => {
            page.line("");
            page.comment(
                "The file writes nought as 0 and has `-` too: choose `\"-\" = \"missing\"` or `\"-\" = \"zero\"` among the symbols. \
                 Until then each `-` is refused.",
            );
        }
        None => {}
    }
}

/// What says that a number may change.
fn marks(page: &mut Page, sketch: &Sketch) {
    // A column says it of each number, where a star may be anything.
    let marked = sketch.decisive.iter().find_map(|(column, _, decides)| match decides {
        Decides::Provisional(marks, others) => Some((column, marks, others)),
        _ => None,
    });
    if let Some((column, marks, others)) = marked {
        page.section("provisional");
        page.text("column", column);
        page.line(&format!("marker = [{}]", list(marks)));
        page.line(&format!("unmarked = [{}]", list(others)));
    } else if sketch.provisional {
        page.section("provisional");
        page.text("marker", "*");
    }
}

fn list(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", ")
}
