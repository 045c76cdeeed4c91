//! What each column of a table seems to be.

use std::collections::{BTreeMap, BTreeSet};

use csv::StringRecord;
use utbredt_model::{CellState, Reason, ReasonCode};

use super::super::contract::same_name;
use super::super::places::heads;
use super::super::{Layout, SubjectKind};
use super::periods::{ByPeriod, when};
use super::sheet::{Code, Sheet, code};
use super::sketch::{Choice, Column, Free, Sketch, When, WideSketch, is_count, is_fraction, take};
use super::{About, Known, TO_CHOOSE, names};

const SOLUTIONS: [&str; 6] = ["løsning", "loysing", "løysing", "solution", "tjeneste", "teneste"];
const MEASURES: [&str; 7] =
    ["måltall", "maltall", "indikator", "measure", "variabel", "hendelse", "statistikk"];
const UNITS: [&str; 3] = ["enhet", "eining", "unit"];
const VALUES: [&str; 5] = ["antal", "verdi", "value", "count", "sum"];
/// Numbers that count nothing, or something that is no use.
const NO_COUNT: [&str; 16] = [
    "post",
    "år",
    "trinn",
    "klasse",
    "nr",
    "nummer",
    "kode",
    "code",
    "id",
    "fylke",
    "innbygg",
    "folketal",
    "folkemengd",
    "befolkning",
    "population",
    "rang",
];

/// What names a solution or a measure is no longer than this; longer texts explain something.
const LONGEST_WORD: usize = 80;

/// Looks at every column.
pub(super) fn sketch(mut sheet: Sheet, about: &About, known: &Known) -> Result<Sketch, Reason> {
    let rows = std::mem::take(&mut sheet.rows);
    let (places, mut free) = columns(&sheet, &rows, known)?;
    let (totals_column, totals) = totals(&sheet, &rows, known);
    let decimal = decimal(&free);
    let texts: Vec<String> =
        sheet.above.iter().chain(&sheet.sheet).chain([&about.file_name]).cloned().collect();
    let by_period =
        ByPeriod::take(&mut free, &texts, |column| column.counts(decimal) || column.filled().count() == 0);
    let when = if by_period.columns.is_empty() { when(&mut free, &texts) } else { When::Header };
    // A column of one word, named so, is the unit; of several it would be a measure.
    let unit = take(&mut free, |c| c.named(&UNITS) && c.distinct().len() == 1);
    let unit = unit.and_then(|c| Some((c.name.clone(), (*c.distinct().first()?).to_owned())));
    let solution = choice(&mut free, &SOLUTIONS, |text| names::solution(text, known));
    let measure = choice(&mut free, &MEASURES, |text| names::measure(text, known));
    let state = take(&mut free, holds_states).map(|c| c.name);
    let mut sketch = Sketch {
        layout: Layout::Long,
        subject: places.name.clone(),
        code: code_of(&places, known),
        totals_column,
        totals,
        when,
        solution: solution.unwrap_or_else(|| Choice::Fixed(the_solution(about, known, &texts))),
        measure,
        value: None,
        unit,
        state,
        wide: WideSketch::default(),
        decimal,
        symbols: BTreeMap::new(),
        provisional: false,
        joined: joined(&rows, sheet.subject, known),
        filter: None,
        passed_over: Vec::new(),
        sheet,
    };
    let counted = if by_period.columns.is_empty() {
        counts(&mut sketch, &mut free, about, known)?
    } else {
        sketch.layout = Layout::Wide;
        by_period.describe(&mut sketch, |text| the_measure(text, about, known));
        by_period.columns.into_iter().map(|(column, ..)| column).collect()
    };
    for column in free.iter().filter(|column| !column.name.is_empty()) {
        let words = column.distinct().into_iter().map(str::to_owned).collect();
        sketch.passed_over.push((column.name.clone(), words));
    }
    for cell in counted.iter().flat_map(Column::filled) {
        // SSB marks preliminary numbers with an asterisk behind them.
        sketch.provisional |= cell.len() > 1 && cell.ends_with('*');
        if let Some(symbol) = names::symbol(cell).filter(|_| !is_count(cell, decimal)) {
            sketch.symbols.insert(cell.to_owned(), symbol);
        }
    }
    Ok(sketch)
}

fn holds_states(column: &Column<'_>) -> bool {
    column.filled().count() > 0 && column.filled().all(|cell| CellState::parse(cell).is_some())
}

/// The column of places, and the others that have a name.
fn columns<'s>(
    sheet: &Sheet,
    rows: &'s [StringRecord],
    known: &Known,
) -> Result<(Column<'s>, Free<'s>), Reason> {
    let of_places = rows.iter().filter(|row| code(row.get(sheet.subject).unwrap_or(""), known).is_some());
    let places: Vec<&StringRecord> = of_places.collect();
    let mut columns = Vec::new();
    for (at, head) in heads(&sheet.header).iter().enumerate() {
        let cells = places.iter().map(|row| row.get(at).unwrap_or("").trim()).collect();
        let spread = head.spread.iter().map(|part| (*part).to_owned()).collect();
        columns.push(Column { name: head.own.join(" "), heads: spread, cells });
    }
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    for (at, column) in columns.iter_mut().enumerate() {
        // Of columns of one name each is called by its place among them, as contracts do.
        if !column.name.is_empty() && names.iter().filter(|name| same_name(name, &column.name)).count() > 1 {
            let before = names[..at].iter().filter(|name| same_name(name, &column.name)).count();
            column.name = format!("{}#{}", column.name, before + 1);
        }
    }
    if columns.get(sheet.subject).is_none_or(|column| column.name.is_empty()) {
        let (column, row) = (sheet.subject + 1, sheet.header_row);
        let text = format!("column {column} holds the places but has no name in row {row}");
        return Err(Reason::new(ReasonCode::MissingField, text));
    }
    let subject = columns.remove(sheet.subject);
    columns.retain(|column| !column.heads.is_empty());
    Ok((subject, columns))
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

/// The rows that add up others: the column that names them, unless it is the places', and the names.
fn totals(sheet: &Sheet, rows: &[StringRecord], known: &Known) -> (Option<String>, BTreeSet<String>) {
    let heads = heads(&sheet.header);
    let mut found: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for row in rows.iter().filter(|row| code(row.get(sheet.subject).unwrap_or(""), known).is_none()) {
        let own = row.get(sheet.subject).into_iter().map(|cell| (sheet.subject, cell));
        let mut cells = own.chain(row.iter().enumerate());
        if let Some((at, cell)) = cells.find(|(_, cell)| names::is_total(cell)) {
            found.entry(at).or_default().insert(cell.trim().to_owned());
        }
    }
    let best = found.into_iter().max_by_key(|(at, names)| (*at == sheet.subject, names.len()));
    let Some((at, names)) = best else { return (None, BTreeSet::new()) };
    let name = heads.get(at).map(|head| head.own.join(" ")).filter(|name| !name.is_empty());
    match name {
        Some(_) if at == sheet.subject => (None, names),
        Some(name) => (Some(name), names),
        None => (None, BTreeSet::new()),
    }
}

/// The decimal sign under which more cells are whole numbers; the comma when both do as well.
fn decimal(columns: &[Column<'_>]) -> char {
    let [points, commas] = ['.', ',']
        .map(|sign| columns.iter().flat_map(Column::filled).filter(|cell| is_count(cell, sign)).count());
    if points > commas { '.' } else { ',' }
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
    text.len() <= LONGEST_WORD && text.contains(char::is_alphabetic)
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

/// The measure a column's name means, unless another was requested.
fn the_measure(text: &str, about: &About, known: &Known) -> String {
    let requested = about.measure.as_ref().map(ToString::to_string);
    requested.or_else(|| names::measure(text, known)).unwrap_or_else(|| TO_CHOOSE.to_owned())
}

/// Takes the columns of counts of a table without periods in its header.
fn counts<'s>(
    sketch: &mut Sketch,
    free: &mut Free<'s>,
    about: &About,
    known: &Known,
) -> Result<Vec<Column<'s>>, Reason> {
    let decimal = sketch.decimal;
    if let Some(formulas) = free.iter().find(|c| c.mostly(|cell| cell.starts_with('='))) {
        let text = format!(
            "column `{}` holds formulas without values; open the file in a spreadsheet and save it",
            formulas.name
        );
        return Err(Reason::new(ReasonCode::InvalidNumber, text));
    }
    let across: Vec<&str> = free
        .iter()
        .filter(|c| holds_counts(c, decimal) && names::solution(&c.name, known).is_some())
        .map(|c| c.name.as_str())
        .collect();
    if across.len() > 1 && matches!(sketch.solution, Choice::Fixed(_)) && about.solution.is_none() {
        let text = format!(
            "the columns `{}` are named by solutions, and a contract reads one solution or a column of them: give each \
             solution rows of its own",
            across.join("`, `")
        );
        return Err(Reason::new(ReasonCode::Unsupported, text));
    }
    let one = sketch.measure.is_some() || about.measure.is_some();
    if one || free.iter().filter(|c| holds_counts(c, decimal)).count() < 2 {
        let column = take(free, |c| holds_counts(c, decimal) && c.named(&VALUES))
            .or_else(|| take(free, |c| holds_counts(c, decimal)))
            // A column that is called a count is one, however few of its cells read as one.
            .or_else(|| {
                take(free, |c| {
                    c.named(&VALUES) && !are_shares(c) && c.filled().any(|cell| is_count(cell, decimal))
                })
            });
        let Some(column) = column else {
            return Err(no_counts(free));
        };
        sketch.measure.get_or_insert_with(|| Choice::Fixed(the_measure(&column.name, about, known)));
        sketch.value = Some(column.name.clone());
        return Ok(vec![column]);
    }
    sketch.layout = Layout::Wide;
    let named: Vec<String> =
        free.iter().filter(|c| holds_counts(c, decimal)).map(|c| c.name.clone()).collect();
    sketch.wide.measures = measures(&named, known);
    let measures = &sketch.wide.measures;
    Ok(std::iter::from_fn(|| take(free, |c| measures.contains_key(&c.name))).collect())
}

fn holds_counts(column: &Column<'_>, decimal: char) -> bool {
    !column.name.is_empty()
        && column.counts(decimal)
        && !column.named(&NO_COUNT)
        && !is_numbering(column)
        && !are_shares(column)
        && !are_years(column)
}

/// Whether a cell is a fraction below one, as shares are.
fn is_share(cell: &str) -> bool {
    let rest = cell.strip_prefix("0,").or_else(|| cell.strip_prefix("0."));
    rest.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a column holds shares: fractions, and no number above one.
fn are_shares(column: &Column<'_>) -> bool {
    let share = |cell: &str| is_share(cell) || matches!(cell, "0" | "1") || is_percent(cell);
    column.filled().any(|cell| is_share(cell) || is_percent(cell))
        && column.mostly(share)
        && !column.filled().any(|cell| is_count(cell, ',') && !share(cell))
}

fn is_percent(cell: &str) -> bool {
    cell.ends_with('%') && is_fraction(cell)
}

/// Why no column is one of counts.
fn no_counts(free: &Free<'_>) -> Reason {
    if let Some(fractions) = free.iter().find(|c| are_shares(c) || c.mostly(is_fraction)) {
        let text = format!(
            "column `{}` holds fractions, and values are whole numbers: of a share deliver numerator and denominator as \
             two measures; of thousands or minor units write a contract with `scale` in [value]",
            fractions.name
        );
        return Reason::new(ReasonCode::Fraction, text);
    }
    let names: Vec<&str> = free.iter().map(|c| c.name.as_str()).filter(|name| !name.is_empty()).collect();
    let numbers = free.iter().flat_map(Column::filled).any(|cell| is_count(cell, ','));
    let mut text = "no column holds counts, and none that does is named by a period".to_owned();
    if !numbers {
        text = format!(
            "the file lists codes without numbers (beside them: `{}`), and a contract reads counts: deliver a list of \
             stages with `--source stages`, and lists of one's own (groups, members, targets) as registers",
            names.join("`, `")
        );
    }
    Reason::new(ReasonCode::MissingField, text)
}

/// Whether as many rows without a code follow each code, as where its cell is joined over several rows.
fn joined(rows: &[StringRecord], subject: usize, known: &Known) -> bool {
    let mut blanks: Vec<usize> = Vec::new();
    for row in rows {
        let cell = row.get(subject).unwrap_or("").trim();
        match blanks.last_mut() {
            _ if code(cell, known).is_some() => blanks.push(0),
            Some(count) if cell.is_empty() => *count += 1,
            _ if names::is_total(cell) => {}
            _ => return false,
        }
    }
    blanks.len() > 1 && blanks.iter().all(|count| *count > 0 && Some(count) == blanks.first())
}

/// A name that ends as that of a number which counts nothing does: `saksnr`, `postnummer`, `lanseringsår`.
fn is_numbering(column: &Column<'_>) -> bool {
    let name = column.name.to_lowercase();
    let counted = column.named(&VALUES) || name.starts_with("per ") || name.starts_with("i ");
    !counted
        && ["nr", "nr.", "nummer", "_id", "år", "kode", "trinn", "klasse"]
            .iter()
            .any(|end| name.ends_with(end))
}

/// Years of our time, in several rows and nothing else.
fn are_years(column: &Column<'_>) -> bool {
    let year = |cell: &str| cell.parse().is_ok_and(|year: u32| (1990..2060).contains(&year));
    column.filled().count() > 2 && column.filled().all(year) && !column.named(&VALUES)
}

/// The measures that columns may be, no two the same. What is not known is left out, unless nothing is.
fn measures(columns: &[String], known: &Known) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for name in columns {
        if let Some(id) = names::measure(name, known)
            && !found.values().any(|other| *other == id)
        {
            found.insert(name.clone(), id);
        }
    }
    if found.is_empty() {
        found.extend(columns.first().map(|name| (name.clone(), TO_CHOOSE.to_owned())));
    }
    found
}
