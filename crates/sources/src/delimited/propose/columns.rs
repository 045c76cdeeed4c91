//! What each column of a table seems to be.

use std::collections::{BTreeMap, BTreeSet};

use csv::StringRecord;
use utbredt_model::{CellState, Granularity, Period};

use super::super::places::heads;
use super::super::{Layout, SubjectKind, Symbol, number};
use super::periods::{ByPeriod, when};
use super::sheet::{Code, Sheet, code};
use super::{About, Known, TO_CHOOSE, names};

const SOLUTIONS: [&str; 6] = ["løsning", "loysing", "løysing", "solution", "tjeneste", "teneste"];
const MEASURES: [&str; 7] =
    ["måltall", "maltall", "indikator", "measure", "variabel", "hendelse", "statistikk"];
const UNITS: [&str; 3] = ["enhet", "eining", "unit"];
const VALUES: [&str; 5] = ["antal", "verdi", "value", "count", "sum"];
/// Numbers that count nothing, or something that is no use.
const NO_COUNT: [&str; 12] = [
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

/// A column, or one identifier for all rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// The column, and what its words that are no identifiers of ours may mean.
    Column(String, BTreeMap<String, String>),
    /// The identifier.
    Fixed(String),
}

/// When.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum When {
    Column(String, Option<Granularity>),
    Pair(String, String, bool),
    /// Said above the table or by the file's name, or not at all.
    Fixed(Option<Period>),
    Header,
}

/// The value columns of a wide table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct WideSketch {
    pub(super) granularity: Option<Granularity>,
    pub(super) year: Option<i32>,
    pub(super) prefix: Option<String>,
    /// What the columns are called, and the measure each may be.
    pub(super) measures: BTreeMap<String, String>,
}

/// What seems to stand where.
#[derive(Debug)]
pub(super) struct Sketch {
    pub(super) sheet: Sheet,
    pub(super) layout: Layout,
    pub(super) subject: String,
    pub(super) code: Code,
    pub(super) totals_column: Option<String>,
    pub(super) totals: BTreeSet<String>,
    pub(super) when: When,
    pub(super) solution: Choice,
    pub(super) measure: Option<Choice>,
    pub(super) value: Option<String>,
    pub(super) unit: Option<(String, String)>,
    pub(super) state: Option<String>,
    pub(super) wide: WideSketch,
    pub(super) decimal: char,
    pub(super) symbols: BTreeMap<String, Symbol>,
    pub(super) provisional: bool,
    /// Columns that are passed over.
    pub(super) passed_over: Vec<String>,
}

/// One column as it is looked at.
#[derive(Debug, Clone)]
pub(super) struct Column<'s> {
    /// What a contract calls it.
    pub(super) name: String,
    /// The names above it, those of joined cells included.
    pub(super) heads: Vec<String>,
    cells: Vec<&'s str>,
}

impl Column<'_> {
    /// Whether its name holds one of some words; short ones must stand alone.
    pub(super) fn named(&self, words: &[&str]) -> bool {
        let name = self.name.to_lowercase();
        let parts: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
        words.iter().any(|word| if word.len() < 4 { parts.contains(word) } else { name.contains(word) })
    }

    /// The cells that are not blank.
    pub(super) fn filled(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().copied().filter(|cell| !cell.is_empty())
    }

    /// Whether most cells that are not blank pass, and one does.
    pub(super) fn mostly(&self, pass: impl Fn(&str) -> bool) -> bool {
        let (all, passed) = (self.filled().count(), self.filled().filter(|cell| pass(cell)).count());
        passed > 0 && passed * 10 >= all * 8
    }

    fn counts(&self, decimal: char) -> bool {
        self.mostly(|cell| is_count(cell, decimal) || is_sign(cell))
            && self.filled().any(|c| is_count(c, decimal))
    }

    fn distinct(&self) -> BTreeSet<&str> {
        self.filled().collect()
    }
}

fn is_count(cell: &str, decimal: char) -> bool {
    number::whole(cell.strip_suffix('*').unwrap_or(cell), decimal).is_ok()
}

fn is_sign(cell: &str) -> bool {
    matches!(cell, ":" | ".." | "." | "-") || names::symbol(cell).is_some()
}

/// Columns nobody has taken yet.
pub(super) type Free<'s> = Vec<Column<'s>>;

/// Takes a column out of those that are free.
pub(super) fn take<'s>(free: &mut Free<'s>, is: impl Fn(&Column<'s>) -> bool) -> Option<Column<'s>> {
    let at = free.iter().position(is)?;
    Some(free.remove(at))
}

/// Looks at every column.
pub(super) fn sketch(mut sheet: Sheet, about: &About, known: &Known) -> Result<Sketch, String> {
    let rows = std::mem::take(&mut sheet.rows);
    let (places, mut free) = columns(&sheet, &rows, known)?;
    let (totals_column, totals) = totals(&sheet, &rows, known);
    let decimal = decimal(&free);
    let texts: Vec<String> =
        sheet.above.iter().chain(&sheet.sheet).chain([&about.file_name]).cloned().collect();
    let by_period =
        ByPeriod::take(&mut free, &texts, |column| column.counts(decimal) || column.filled().count() == 0);
    let when = if by_period.columns.is_empty() { when(&mut free, &texts) } else { When::Header };
    let unit = take(&mut free, |c| c.named(&UNITS) && c.distinct().len() == 1);
    let unit = unit.and_then(|c| Some((c.name.clone(), (*c.distinct().first()?).to_owned())));
    let solution = choice(&mut free, &SOLUTIONS, |text| names::solution(text, known));
    let measure = choice(&mut free, &MEASURES, |text| names::measure(text, known));
    let says_state =
        |c: &Column<'_>| c.filled().count() > 0 && c.filled().all(|t| CellState::parse(t).is_some());
    let state = take(&mut free, says_state).map(|c| c.name);
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
    sketch.passed_over.extend(free.into_iter().map(|c| c.name).filter(|name| !name.is_empty()));
    for cell in counted.iter().flat_map(Column::filled) {
        sketch.provisional |= cell.len() > 1 && cell.ends_with('*');
        if let Some(symbol) = names::symbol(cell).filter(|_| !is_count(cell, decimal)) {
            sketch.symbols.insert(cell.to_owned(), symbol);
        }
    }
    Ok(sketch)
}

/// The column of places, and the others that have a name.
fn columns<'s>(
    sheet: &Sheet,
    rows: &'s [StringRecord],
    known: &Known,
) -> Result<(Column<'s>, Free<'s>), String> {
    let is_place = |row: &&StringRecord| code(row.get(sheet.subject).unwrap_or(""), known).is_some();
    let places: Vec<&StringRecord> = rows.iter().filter(is_place).collect();
    let heads = heads(&sheet.header);
    let column = |at: usize| {
        let head = heads.get(at)?;
        let cells = places.iter().map(|row| row.get(at).unwrap_or("").trim()).collect();
        let spread = head.spread.iter().map(|part| (*part).to_owned()).collect();
        Some(Column { name: head.own.join(" "), heads: spread, cells })
    };
    let subject = column(sheet.subject).filter(|c| !c.name.is_empty()).ok_or_else(|| {
        format!("column {} holds the places but has no name in row {}", sheet.subject + 1, sheet.header_row)
    })?;
    let others = (0..heads.len()).filter(|at| *at != sheet.subject).filter_map(column);
    Ok((subject, others.filter(|c| !c.heads.is_empty()).collect()))
}

/// How most places are written; a prefix or a name that stands once is allowed for.
fn code_of(places: &Column<'_>, known: &Known) -> Code {
    let codes: Vec<Code> = places.filled().filter_map(|cell| code(cell, known)).collect();
    let organisations = codes.iter().filter(|c| c.kind == SubjectKind::OrganisationNumber).count();
    let kind = if organisations * 2 > codes.len() {
        SubjectKind::OrganisationNumber
    } else {
        SubjectKind::MunicipalityCode
    };
    let prefix = codes.iter().map(|c| c.prefix).find(|prefix| !prefix.is_empty()).unwrap_or("");
    let any = |is: fn(&Code) -> bool| codes.iter().any(is);
    Code { kind, prefix, lost_zero: any(|c| c.lost_zero), name_follows: any(|c| c.name_follows) }
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
    let read =
        |sign: char| columns.iter().flat_map(Column::filled).filter(|cell| is_count(cell, sign)).count();
    if read('.') > read(',') { '.' } else { ',' }
}

/// A column of solutions or measures: named so, or holding words that are.
fn choice(free: &mut Free<'_>, words: &[&str], id: impl Fn(&str) -> Option<String>) -> Option<Choice> {
    let is_word = |text: &str| text.len() <= LONGEST_WORD && text.contains(char::is_alphabetic);
    let has_words = |c: &Column<'_>| c.mostly(is_word);
    let speaks = |c: &Column<'_>| {
        let distinct = c.distinct();
        distinct.iter().filter(|text| id(text).is_some()).count() * 2 > distinct.len()
    };
    let column = take(free, |c| c.named(words) && has_words(c))
        .or_else(|| take(free, |c| has_words(c) && speaks(c)))?;
    let meant = |text: &&str| {
        let meant = id(text).unwrap_or_else(|| names::slug(text));
        (meant != **text).then(|| ((*text).to_owned(), meant))
    };
    let map = column.distinct().iter().filter_map(meant).collect();
    Some(Choice::Column(column.name, map))
}

/// The solution of the whole file: as asked for, or one that the title or the file's name holds.
fn the_solution(about: &About, known: &Known, texts: &[String]) -> String {
    let asked = about.solution.as_ref().map(ToString::to_string);
    let told = || texts.iter().find_map(|text| names::solution(text, known));
    asked.or_else(told).unwrap_or_else(|| TO_CHOOSE.to_owned())
}

/// The measure a column's name speaks of, unless another was asked for.
fn the_measure(text: &str, about: &About, known: &Known) -> String {
    let asked = about.measure.as_ref().map(ToString::to_string);
    asked.or_else(|| names::measure(text, known)).unwrap_or_else(|| TO_CHOOSE.to_owned())
}

/// Takes the columns of counts of a table without periods in its header.
fn counts<'s>(
    sketch: &mut Sketch,
    free: &mut Free<'s>,
    about: &About,
    known: &Known,
) -> Result<Vec<Column<'s>>, String> {
    let decimal = sketch.decimal;
    let counts = |c: &Column<'_>| !c.name.is_empty() && c.counts(decimal) && !c.named(&NO_COUNT);
    // A column that is called a count is one, however few of its cells read as one.
    let called = |c: &Column<'_>| c.named(&VALUES) && c.filled().any(|cell| is_count(cell, decimal));
    let one = sketch.measure.is_some() || about.measure.is_some();
    if one || free.iter().filter(|c| counts(c)).count() < 2 {
        let column = take(free, |c| counts(c) && c.named(&VALUES))
            .or_else(|| take(free, counts))
            .or_else(|| take(free, called))
            .or_else(|| take(free, |c| !c.name.is_empty() && c.counts(decimal)))
            .ok_or("no column holds counts, and none that does is named by a period")?;
        sketch.measure.get_or_insert_with(|| Choice::Fixed(the_measure(&column.name, about, known)));
        sketch.value = Some(column.name.clone());
        return Ok(vec![column]);
    }
    sketch.layout = Layout::Wide;
    let named: Vec<String> = free.iter().filter(|c| counts(c)).map(|c| c.name.clone()).collect();
    sketch.wide.measures = measures(&named, known);
    let taken = |c: &Column<'_>| sketch.wide.measures.contains_key(&c.name);
    Ok(std::iter::from_fn(|| take(free, taken)).collect())
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
