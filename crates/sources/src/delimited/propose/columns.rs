//! What each column of a table seems to be.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Datelike;
use csv::StringRecord;
use utbredt_model::{CellState, Reason, ReasonCode};

use super::super::contract::same_name;
use super::super::json_fields::LIST;
use super::super::places::{among_same, heads, names as called};
use super::super::totals::{is_larger_area, is_total};
use super::super::{Layout, SubjectKind};
use super::by_period::ByPeriod;
use super::counts::{counts, decimal, may_be_counts};
use super::left_out::{LeftOut, left_out};
use super::measures::leave_plan;
use super::meet::leave_to_choose;
use super::periods::when;
use super::scale::scale;
use super::sheet::{Code, Sheet, code, read_period};
use super::sketch::{Choice, Column, Free, Sketch, When, WideSketch, take};
use super::{About, Known, TO_CHOOSE, decisive, names, rivals, signs};

const SOLUTIONS: [&str; 6] = ["løsning", "loysing", "løysing", "solution", "tjeneste", "teneste"];
const MEASURES: [&str; 7] =
    ["måltall", "maltall", "indikator", "measure", "variabel", "hendelse", "statistikk"];
const UNITS: [&str; 3] = ["enhet", "eining", "unit"];
/// What names a solution or a measure is no longer than this; longer texts explain something.
const LONGEST_WORD: usize = 80;

/// Looks at every column.
pub(super) fn sketch(mut sheet: Sheet, about: &About, known: &Known) -> Result<Sketch, Reason> {
    let rows = std::mem::take(&mut sheet.rows);
    let rivals = rivals::settle(&mut sheet, &rows, known);
    let left_out = left_out(&sheet, &rows, known);
    let rows = without_totals(rows, &left_out, &sheet, known);
    let Columns { places, mut free, nameless, hidden } = columns(&sheet, &rows, known)?;
    let all = free.clone();
    let decimal = decimal(&free, sheet.delimiter);
    let texts = texts(&sheet, about);
    let by_period = ByPeriod::take(&mut free, &texts, |column| may_be_counts(column, decimal));
    let when = if by_period.columns.is_empty() { when(&mut free, &places, &texts)? } else { When::Header };
    let unread = by_period.unread.clone();
    // Names of periods that are joined over several columns leave some without one.
    let by_no_period = by_period.columns.is_empty();
    // A column of one word, named so, is the unit; of several it would be a measure.
    let unit = take(&mut free, |c| c.named(&UNITS) && c.distinct().len() == 1);
    let unit = unit.and_then(|c| Some((c.name.clone(), (*c.distinct().first()?).to_owned())));
    let solution = choice(&mut free, &SOLUTIONS, |text| names::solution(text, known));
    let measure = choice(&mut free, &MEASURES, |text| names::measure(text, known));
    let state = take(&mut free, holds_states).map(|c| c.name);
    let mut sketch = Sketch {
        layout: Layout::Long,
        subject: if rivals.is_empty() { places.name.clone() } else { TO_CHOOSE.to_owned() },
        rivals,
        code: code_of(&places, known),
        left_out,
        years: years(&when, &all),
        period_joined: period_joined(&when, &sheet),
        when,
        solution: solution.unwrap_or_else(|| Choice::Fixed(the_solution(about, known, &texts))),
        measure,
        value: None,
        to_choose_from: Vec::new(),
        doubts: Vec::new(),
        unit,
        scale: None,
        state,
        wide: WideSketch::default(),
        decimal,
        symbols: BTreeMap::new(),
        dash: None,
        provisional: false,
        joined: joined(&rows, sheet.subject, known),
        decisive: Vec::new(),
        filter: None,
        passed_over: unread.iter().map(|name| (name.clone(), BTreeSet::new())).collect(),
        unread,
        hidden,
        sheet,
    };
    leave_to_choose(&mut sketch, &all, &places);
    let counted = if by_no_period {
        counts(&mut sketch, &mut free, about, known)?
    } else {
        sketch.layout = Layout::Wide;
        by_period.describe(&mut sketch, about, known);
        by_period.columns.into_iter().map(|(column, ..)| column).collect()
    };
    sketch.scale = stated_scale(&sketch, &counted, &notes(&rows, sketch.sheet.subject, known));
    for column in free.iter().filter(|column| !column.name.is_empty()) {
        let words = column.distinct().into_iter().map(str::to_owned).collect();
        sketch.passed_over.push((column.name.clone(), words));
    }
    if by_no_period {
        sketch.passed_over.extend(nameless);
    }
    leave_plan(&mut sketch);
    decisive::leave_multiples(&mut sketch);
    decisive::take(&mut sketch);
    signs::take(&mut sketch, &counted);
    Ok(sketch)
}

/// The rows but for those of a place that are left out.
fn without_totals(
    mut rows: Vec<StringRecord>,
    left_out: &LeftOut,
    sheet: &Sheet,
    known: &Known,
) -> Vec<StringRecord> {
    rows.retain(|row| {
        code(row.get(sheet.subject).unwrap_or(""), known).is_none() || !left_out.takes(sheet, row)
    });
    rows
}

/// What the numbers are multiplied by, and the text that says so.
fn stated_scale(sketch: &Sketch, counted: &[Column<'_>], notes: &[String]) -> Option<(u32, String)> {
    let named = sketch.value.iter().chain(sketch.unit.iter().map(|(_, unit)| unit));
    let heads = counted.iter().flat_map(|column| &column.heads);
    let mut stated = named.chain(heads).chain(&sketch.sheet.above).chain(notes);
    stated.find_map(|text| Some((scale(text)?, text.clone())))
}

/// What may say when and about which solution: the cells above the table, its own name, the file's.
fn texts(sheet: &Sheet, about: &About) -> Vec<String> {
    let own = sheet.above.iter().chain(&sheet.sheet).chain(&sheet.array);
    own.chain([&about.file_name]).cloned().collect()
}

/// The texts of rows that are no place's: notes below the table.
fn notes(rows: &[StringRecord], subject: usize, known: &Known) -> Vec<String> {
    let of_no_place = rows.iter().filter(|row| code(row.get(subject).unwrap_or(""), known).is_none());
    of_no_place.flatten().filter(|cell| cell.contains(char::is_alphabetic)).map(str::to_owned).collect()
}

/// Whether the workbook joins cells of the column of periods over several rows.
fn period_joined(when: &When, sheet: &Sheet) -> bool {
    let When::Column(name, _) = when else { return false };
    let heads = heads(&sheet.header);
    sheet.joined.iter().filter_map(|at| heads.get(*at)).any(|head| same_name(name, &head.own.join(" ")))
}

/// The years that the periods are of.
fn years(when: &When, columns: &[Column<'_>]) -> BTreeSet<i32> {
    let name = match when {
        When::Column(name, _) | When::Pair(name, ..) | When::LengthToChoose(name, _) => name,
        When::Fixed(period) => return period.iter().map(|period| period.start.year()).collect(),
        When::Header | When::ToChoose(_) | When::Unread(..) => return BTreeSet::new(),
    };
    let cells = columns.iter().filter(|column| column.name == *name).flat_map(Column::filled);
    cells.filter_map(read_period).map(|period| period.start.year()).collect()
}

fn holds_states(column: &Column<'_>) -> bool {
    column.filled().count() > 0 && column.filled().all(|cell| CellState::parse(cell).is_some())
}

/// The columns of a table that have a name.
struct Columns<'s> {
    places: Column<'s>,
    /// The others, of which each may get a role.
    free: Free<'s>,
    /// Those without a name, as a contract calls them, with their words.
    nameless: Vec<(String, BTreeSet<String>)>,
    /// Those that the workbook hides, by name: nobody who looks at the file sees what they say.
    hidden: Vec<String>,
}

/// Tells the columns apart.
fn columns<'s>(sheet: &Sheet, rows: &'s [StringRecord], known: &Known) -> Result<Columns<'s>, Reason> {
    let of_places = rows.iter().filter(|row| code(row.get(sheet.subject).unwrap_or(""), known).is_some());
    let places: Vec<&StringRecord> = of_places.collect();
    let mut columns = Vec::new();
    let heads = heads(&sheet.header);
    for (at, head) in heads.iter().enumerate() {
        let cells = places.iter().map(|row| row.get(at).unwrap_or("").trim()).collect();
        let spread = head.spread.iter().map(|part| (*part).to_owned()).collect();
        columns.push(Column { name: head.own.join(" "), heads: spread, cells });
    }
    // Without a name a column has no role, and may tell rows apart all the same.
    let numbered = called(&heads).into_iter().zip(&columns).enumerate();
    let nameless = numbered.filter(|(at, (_, column))| {
        *at != sheet.subject && column.name.is_empty() && column.filled().next().is_some()
    });
    let nameless: Vec<(String, BTreeSet<String>)> = nameless
        .map(|(_, (name, column))| (name, column.distinct().into_iter().map(str::to_owned).collect()))
        .collect();
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    for (at, column) in columns.iter_mut().enumerate() {
        column.name = among_same(&names, at);
    }
    if columns.get(sheet.subject).is_none_or(|column| column.name.is_empty()) {
        let (column, row) = (sheet.subject + 1, sheet.header_row);
        let text = format!("column {column} holds the places but has no name in row {row}");
        return Err(Reason::new(ReasonCode::MissingField, text));
    }
    let (mut hidden, mut free) = (Vec::new(), Vec::new());
    let named = columns.iter().enumerate().filter(|(_, column)| !column.heads.is_empty());
    for (at, column) in named.filter(|(at, _)| *at != sheet.subject) {
        if sheet.hidden.contains(&at) {
            hidden.push(column.heads.join(" "));
        } else {
            free.push(column.clone());
        }
    }
    Ok(Columns { places: columns.swap_remove(sheet.subject), free, nameless, hidden })
}

/// How most places are written; a prefix or a name that occurs once is allowed for.
fn code_of(places: &Column<'_>, known: &Known) -> Code {
    let codes: Vec<Code> = places.filled().filter_map(|cell| code(cell, known)).collect();
    let organisations = codes.iter().filter(|c| c.kind == SubjectKind::OrganisationNumber).count();
    let kind = if organisations * 2 > codes.len() {
        SubjectKind::OrganisationNumber
    } else {
        SubjectKind::MunicipalityCode
    };
    let prefix = codes.iter().map(|c| c.prefix).find(|prefix| !prefix.is_empty()).unwrap_or("");
    let lost_zero = codes.iter().any(|code| code.lost_zero);
    let name_follows = codes.iter().any(|code| code.name_follows);
    Code { kind, prefix, lost_zero, name_follows }
}

/// A column of solutions or measures: named so, or holding words that are.
fn choice(free: &mut Free<'_>, words: &[&str], id: impl Fn(&str) -> Option<String>) -> Option<Choice> {
    let column = take(free, |c| c.named(words) && c.mostly(is_word))
        .or_else(|| take(free, |c| c.mostly(is_word) && most_are_known(c, &id)))?;
    let mut map = BTreeMap::new();
    for text in column.distinct() {
        let meant = id(text).unwrap_or_else(|| names::slug(text));
        if meant != text {
            map.insert(text.to_owned(), meant);
        }
    }
    Some(Choice::Column(column.name, map))
}

fn is_word(text: &str) -> bool {
    text.len() <= LONGEST_WORD && text.contains(char::is_alphabetic) && !text.starts_with(LIST)
}

/// Whether more than half of a column's different cells are known.
fn most_are_known(column: &Column<'_>, id: impl Fn(&str) -> Option<String>) -> bool {
    let distinct = column.distinct();
    distinct.iter().filter(|text| id(text).is_some()).count() * 2 > distinct.len()
}

/// The solution of the whole file: as requested, or one in the title or the file's name.
fn the_solution(about: &About, known: &Known, texts: &[String]) -> String {
    let requested = about.solution.as_ref().map(ToString::to_string);
    requested
        .or_else(|| texts.iter().find_map(|text| names::solution(text, known)))
        .unwrap_or_else(|| TO_CHOOSE.to_owned())
}

/// Whether as many rows without a code follow each code, as where its cell is joined over several rows.
fn joined(rows: &[StringRecord], subject: usize, known: &Known) -> bool {
    let mut blanks: Vec<usize> = Vec::new();
    let mut in_total = false;
    for row in rows {
        let cell = row.get(subject).unwrap_or("").trim();
        match blanks.last_mut() {
            _ if code(cell, known).is_some() => {
                blanks.push(0);
                in_total = false;
            }
            // Rows without a code below a total are the total's.
            _ if cell.is_empty() && in_total => {}
            Some(count) if cell.is_empty() => *count += 1,
            _ if is_total(cell) || is_larger_area(cell) => in_total = true,
            _ => return false,
        }
    }
    blanks.len() > 1 && blanks.iter().all(|count| *count > 0 && Some(count) == blanks.first())
}
