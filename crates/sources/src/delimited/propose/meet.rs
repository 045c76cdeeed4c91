//! Words that seem to mean one thing, and stand beside each other: a person says whether they are added or one is read.

use std::collections::{BTreeMap, BTreeSet};

use super::super::parts::compared;
use super::TO_CHOOSE;
use super::sketch::{Choice, Column, Sketch, When};

/// A word of a row, and what it seems to mean.
struct Meant {
    word: String,
    id: String,
}

/// Leaves words of one meaning to a person where two of them are in one period of one municipality. `columns` are all of the
/// table.
pub(super) fn leave_to_choose(sketch: &mut Sketch, columns: &[Column<'_>], places: &Column<'_>) {
    let cells = |name: Option<&String>| {
        let column = name.and_then(|name| columns.iter().find(|column| column.name == *name));
        column.map(|column| column.cells.clone()).unwrap_or_default()
    };
    let periods = cells(match &sketch.when {
        When::Column(name, _) | When::Pair(name, ..) | When::LengthToChoose(name, _) => Some(name),
        When::Fixed(_) | When::Header | When::ToChoose(_) | When::Unread(..) => None,
    });
    let meant = |choice: Option<&Choice>| -> Vec<Meant> {
        let Some(Choice::Column(name, map)) = choice else { return Vec::new() };
        let words = cells(Some(name)).into_iter();
        words
            .map(|word| Meant {
                word: word.to_owned(),
                id: map.get(word).map_or(word, String::as_str).to_owned(),
            })
            .collect()
    };
    let (solutions, measures) = (meant(Some(&sketch.solution)), meant(sketch.measure.as_ref()));
    let cell = |at: usize, other: &[Meant]| {
        let other = other.get(at).map(|own| own.id.clone()).unwrap_or_default();
        [places.cells.get(at).unwrap_or(&"").to_string(), periods.get(at).unwrap_or(&"").to_string(), other]
    };
    let of_solutions = meeting(&solutions, |at| cell(at, &measures));
    let of_measures = meeting(&measures, |at| cell(at, &solutions));
    for (choice, words) in
        [(Some(&mut sketch.solution), of_solutions), (sketch.measure.as_mut(), of_measures)]
    {
        if let Some(Choice::Column(_, map)) = choice {
            map.extend(words.into_iter().map(|word| (word, TO_CHOOSE.to_owned())));
        }
    }
}

/// The words, each with its meaning, that are in one cell with another word of the same meaning.
fn meeting(words: &[Meant], cell: impl Fn(usize) -> [String; 3]) -> BTreeSet<String> {
    let mut met: BTreeMap<([String; 3], &str), BTreeSet<&str>> = BTreeMap::new();
    for (at, own) in words.iter().enumerate().filter(|(_, own)| !own.word.is_empty()) {
        met.entry((cell(at), own.id.as_str())).or_default().insert(own.word.as_str());
    }
    let several = met
        .into_values()
        .filter(|words| words.iter().map(|word| compared(word)).collect::<BTreeSet<_>>().len() > 1);
    several.flatten().map(str::to_owned).collect()
}
