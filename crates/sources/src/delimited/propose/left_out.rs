//! Rows that are no municipality's and yet have numbers: those of the country, of counties, of districts.

use std::collections::{BTreeMap, BTreeSet};

use csv::StringRecord;

use super::super::contract::same_name;
use super::super::places::heads;
use super::super::totals::{is_larger_area, is_total, municipality_of_district};
use super::Known;
use super::scale::scale;
use super::sheet::{Sheet, code, is_period};

/// The rows that a contract leaves out, known by a word.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    /// The column of the words, where it is not that of the places.
    pub(super) column: Option<String>,
    /// The words.
    pub(super) names: BTreeSet<String>,
    /// Those of them that name a part of a municipality.
    pub(super) districts: Vec<String>,
}

impl LeftOut {
    /// Whether a row with a place is one of them: `1103;Sum Rogaland;10`.
    pub(super) fn takes(&self, sheet: &Sheet, row: &StringRecord) -> bool {
        let at = self.column.as_ref().and_then(|name| {
            heads(&sheet.header).iter().position(|head| same_name(name, &head.own.join(" ")))
        });
        at.and_then(|at| row.get(at)).is_some_and(|cell| self.names.contains(cell.trim()))
    }
}

/// Rows that carry a place's code and add up others by the word in a column that elsewhere has a period, or a name of the place's
/// own: `0301;Totalt;130` below `0301;2025-01;60`, and `1103;Sum Rogaland;40` below `1103;Stavanger;10`.
fn beside_places(sheet: &Sheet, of_places: &[&StringRecord]) -> Option<LeftOut> {
    for (at, head) in heads(&sheet.header).iter().enumerate() {
        let name = head.own.join(" ");
        if at == sheet.subject || sheet.hidden.contains(&at) || name.is_empty() {
            continue;
        }
        let cells = of_places.iter().map(|row| (cell(row, sheet.subject), cell(row, at)));
        let (totals, others): (Vec<_>, Vec<_>) = cells.partition(|(_, word)| is_total(word));
        // A place whose only row is called a total has no other number.
        let each_has_another = totals.iter().all(|(place, _)| others.iter().any(|(own, _)| own == place));
        if !totals.is_empty() && each_has_another && (are_names(&others) || are_periods(&others)) {
            let names = totals.into_iter().map(|(_, word)| word.to_owned()).collect();
            return Some(LeftOut { column: Some(name), names, districts: Vec::new() });
        }
    }
    None
}

fn cell(row: &StringRecord, at: usize) -> &str {
    row.get(at).unwrap_or("").trim()
}

/// Whether each word is one place's, and there are several.
fn are_names(words: &[(&str, &str)]) -> bool {
    let mut place_of: BTreeMap<&str, &str> = BTreeMap::new();
    words.iter().all(|(place, word)| place_of.entry(word).or_insert(place) == place) && place_of.len() > 1
}

fn are_periods(words: &[(&str, &str)]) -> bool {
    !words.is_empty() && words.iter().all(|(_, word)| is_period(word))
}

/// Finds the rows that add up others, and those of districts whose municipality has a row of its own.
pub(super) fn left_out(sheet: &Sheet, rows: &[StringRecord], known: &Known) -> LeftOut {
    let place = |row: &StringRecord| row.get(sheet.subject).unwrap_or("").trim().to_owned();
    let (of_places, others): (Vec<_>, Vec<_>) =
        rows.iter().partition(|row| code(&place(row), known).is_some());
    if let Some(left_out) = beside_places(sheet, &of_places) {
        return left_out;
    }
    let counties = Counties::of(sheet, &of_places);
    let municipalities: Vec<String> = of_places.iter().map(|row| place(row)).collect();
    let is_district = |cell: &str| {
        municipality_of_district(cell).is_some_and(|own| municipalities.iter().any(|m| m.starts_with(own)))
    };
    let mut found: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    let mut districts = BTreeSet::new();
    for row in others {
        // What stands in the place of a code says what a row is; other words may be about something else.
        let own = row.get(sheet.subject).into_iter().map(|cell| (sheet.subject, cell));
        let seen = row.iter().enumerate().filter(|(at, _)| !sheet.hidden.contains(at));
        let named = own.chain(seen).find(|(at, cell)| {
            let of_area = *at == sheet.subject && (is_larger_area(cell) || is_district(cell));
            // `Alle tall er i tusen` is a note.
            (is_total(cell) && scale(cell).is_none()) || of_area
        });
        if let Some((at, cell)) = named.or_else(|| counties.name_of_total(sheet, row)) {
            found.entry(at).or_default().insert(cell.trim().to_owned());
            if at == sheet.subject && is_district(cell) {
                districts.insert(cell.trim().to_owned());
            }
        }
    }
    let best = found.into_iter().max_by_key(|(at, names)| (*at == sheet.subject, names.len()));
    let Some((at, names)) = best else { return LeftOut::default() };
    let districts = districts.into_iter().collect();
    if at == sheet.subject {
        return LeftOut { column: None, names, districts };
    }
    let name = heads(&sheet.header).get(at).map(|head| head.own.join(" ")).filter(|name| !name.is_empty());
    name.map_or_else(LeftOut::default, |name| LeftOut { column: Some(name), names, districts: Vec::new() })
}

/// The columns of counties and of names beside that of municipalities: `46;;Vestland;60` adds up `46;4601;Bergen;20` and the
/// others.
struct Counties {
    column: Option<usize>,
    /// Columns that have another word for each municipality, with the words. Others say whose part a number is, as `Kvinner`.
    names: BTreeMap<usize, BTreeSet<String>>,
}

impl Counties {
    fn of(sheet: &Sheet, of_places: &[&StringRecord]) -> Self {
        let cell = |row: &StringRecord, at: usize| row.get(at).unwrap_or("").trim().to_lowercase();
        let codes: BTreeSet<String> = of_places.iter().map(|row| cell(row, sheet.subject)).collect();
        let width = of_places.iter().map(|row| row.len()).max().unwrap_or(0);
        let others = (0..width).filter(|at| *at != sheet.subject && !sheet.hidden.contains(at));
        let is_county = |at: &usize| {
            let begins = |row: &&StringRecord| {
                is_county(&cell(row, *at)) && cell(row, sheet.subject).starts_with(&cell(row, *at))
            };
            codes.len() > 1 && of_places.iter().all(begins)
        };
        let column = others.clone().find(is_county);
        let words = others.map(|at| (at, of_places.iter().map(|row| cell(row, at)).collect::<BTreeSet<_>>()));
        // Two municipalities are called Herøy.
        let names = words.filter(|(_, words)| codes.len() > 1 && words.len() * 10 >= codes.len() * 9);
        Self { column, names: names.collect() }
    }

    /// The word by which the row of a county is known: it has a county, a name of its own and no place.
    fn name_of_total<'r>(&self, sheet: &Sheet, row: &'r StringRecord) -> Option<(usize, &'r str)> {
        let no_place = row.get(sheet.subject).is_none_or(|cell| cell.trim().is_empty());
        if !no_place || !is_county(row.get(self.column?)?.trim()) {
            return None;
        }
        self.names.iter().find_map(|(at, names)| {
            let cell = row.get(*at)?;
            let is_new = cell.contains(char::is_alphabetic) && !names.contains(&cell.trim().to_lowercase());
            is_new.then_some((*at, cell))
        })
    }
}

fn is_county(cell: &str) -> bool {
    cell.len() == 2 && cell.bytes().all(|b| b.is_ascii_digit())
}
