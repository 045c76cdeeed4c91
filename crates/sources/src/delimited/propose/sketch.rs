//! A table as `propose` sees it: its columns, and what each seems to be.

use std::collections::{BTreeMap, BTreeSet};

use utbredt_model::{Granularity, Period, ReasonCode};

use super::super::{Layout, Symbol, number};
use super::breakdown::Breakdown;
use super::decisive::Decides;
use super::left_out::LeftOut;
use super::meaning::Other;
use super::measures::counts_from_a_beginning;
use super::sheet::{Code, Sheet};
use super::{TO_CHOOSE, names};

/// A column, or one identifier for all rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// The column, and what its words that are no identifiers of ours may mean.
    Column(String, BTreeMap<String, String>),
    /// The identifier.
    Fixed(String),
}

/// What `-` alone in the place of a number may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dash {
    /// The file has no 0: as the usual one, nought.
    Nought,
    /// The file writes nought as 0.
    BesideNought,
}

/// When.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum When {
    Column(String, Lengths),
    /// The columns of first days and of ends, and whether these are last days, where the file shows it.
    Pair(String, String, Option<bool>),
    /// Above the table or in the file's name, or nowhere.
    Fixed(Option<Period>),
    Header,
    /// Columns of days which say when a row was made or something began, of which a person has to say if one is it.
    ToChoose(Vec<String>),
    /// A column of periods whose length a person has to say, and why.
    LengthToChoose(String, String),
    /// A column that seems to hold periods of a form that is not read, and one of them.
    Unread(String, String),
}

impl When {
    /// How long the periods are, where all are as long.
    pub(super) fn length(&self) -> Option<Granularity> {
        match self {
            Self::Column(_, lengths) => lengths.declared.map(|(length, _)| length),
            Self::Fixed(Some(period)) => {
                Granularity::ALL.into_iter().find(|length| Period::holding(period.start, *length) == *period)
            }
            Self::Fixed(None) | Self::Pair(..) | Self::Header | Self::ToChoose(_) => None,
            Self::LengthToChoose(..) | Self::Unread(..) => None,
        }
    }
}

/// How long the periods of a column are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lengths {
    /// What a contract declares, and why.
    pub(super) declared: Option<(Granularity, Why)>,
    /// How many there are of each length.
    pub(super) counted: BTreeMap<Granularity, usize>,
}

/// Why a length is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Every period is a day at a month's edge.
    Edges,
    /// Every period has it.
    All,
    /// The column is named by it, and nothing in it is shorter.
    Name,
}

/// The value columns of a wide table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct WideSketch {
    pub(super) granularity: Option<Granularity>,
    pub(super) year: Option<i32>,
    /// Why a person has to say how long the periods are.
    pub(super) unclear: Option<String>,
    pub(super) prefix: Option<String>,
    /// What the columns are called, and the measure each may be.
    pub(super) measures: BTreeMap<String, String>,
    /// Columns named by a period and the sign of a note.
    pub(super) noted: String,
    /// Columns named by a period alone, beside others that name a measure too.
    pub(super) alone: Vec<String>,
    /// Columns that fit one measure, of which a person has to choose.
    pub(super) alike: Vec<Vec<String>>,
}

impl WideSketch {
    /// Takes the columns that fit each measure; where several fit one, each is to choose.
    pub(super) fn take(&mut self, fits: &BTreeMap<String, Vec<String>>) {
        for (id, names) in fits {
            let id = if names.len() > 1 { TO_CHOOSE } else { id };
            self.measures.extend(names.iter().map(|name| (name.clone(), id.to_owned())));
            if names.len() > 1 {
                self.alike.push(names.clone());
            }
        }
    }
}

/// What each part of a table seems to be.
#[derive(Debug)]
pub(super) struct Sketch {
    pub(super) sheet: Sheet,
    pub(super) layout: Layout,
    pub(super) subject: String,
    /// Columns of municipalities of which a person has to choose that of the subject.
    pub(super) rivals: Vec<String>,
    pub(super) code: Code,
    pub(super) left_out: LeftOut,
    pub(super) when: When,
    /// The years of the periods.
    pub(super) years: BTreeSet<i32>,
    pub(super) solution: Choice,
    pub(super) measure: Option<Choice>,
    pub(super) value: Option<String>,
    /// Columns of which a person has to choose that of the values.
    pub(super) to_choose_from: Vec<String>,
    /// Those of them whose names say that their numbers are no count of their period, and what they are.
    pub(super) doubts: Vec<(String, Other)>,
    pub(super) unit: Option<(String, String)>,
    /// What a number is multiplied by, and the text that says so: `Meldinger (i tusen)`.
    pub(super) scale: Option<(u32, String)>,
    pub(super) state: Option<String>,
    pub(super) wide: WideSketch,
    pub(super) decimal: char,
    pub(super) symbols: BTreeMap<String, Symbol>,
    /// A cell is `-` alone: nought, unless the file writes that as 0 too.
    pub(super) dash: Option<Dash>,
    pub(super) provisional: bool,
    /// Rows without a code follow each code, as many behind each.
    pub(super) joined: bool,
    /// The workbook joins cells of the periods over several rows.
    pub(super) period_joined: bool,
    /// Columns whose words decide what the numbers are.
    pub(super) decisive: Vec<(String, BTreeSet<String>, Decides)>,
    /// A column that tells rows apart.
    pub(super) filter: Option<Breakdown>,
    /// Columns of numbers that seem to be named by a period of a form that is not read.
    pub(super) unread: Vec<String>,
    /// Columns that are passed over, with the words in them.
    pub(super) passed_over: Vec<(String, BTreeSet<String>)>,
    /// Columns that the workbook hides.
    pub(super) hidden: Vec<String>,
}

impl Sketch {
    /// Whether a column of numbers is named as one that counts from a beginning.
    pub(super) fn cumulative(&self) -> bool {
        let mut names = self.value.iter().chain(self.wide.measures.keys());
        names.any(|name| counts_from_a_beginning(name))
    }
}

/// Takes the period away from sheets that say the same one and nothing else that differs: of twelve sheets called `1` to
/// `12` under one year none is about the whole year.
pub(super) fn forget_shared_periods(sketches: &mut [Sketch]) {
    let statement = |sketch: &Sketch| (sketch.when.clone(), sketch.solution.clone(), sketch.measure.clone());
    let all: Vec<_> = sketches.iter().map(statement).collect();
    for (at, sketch) in sketches.iter_mut().enumerate() {
        let alike = all.iter().enumerate().any(|(other, stated)| other != at && *stated == all[at]);
        if alike && matches!(sketch.when, When::Fixed(Some(_))) {
            sketch.when = When::Fixed(None);
        }
    }
}

/// One column as it is looked at.
#[derive(Debug, Clone)]
pub(super) struct Column<'s> {
    /// What a contract calls it.
    pub(super) name: String,
    /// The names above it, those of joined cells included.
    pub(super) heads: Vec<String>,
    /// Its cells, in the rows of places.
    pub(super) cells: Vec<&'s str>,
}

impl Column<'_> {
    /// Whether its name holds one of some words; short ones must be whole words.
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

    /// Whether most of its cells are counts or signs in their place.
    pub(super) fn counts(&self, decimal: char) -> bool {
        self.mostly(|cell| is_count(cell, decimal) || is_sign(cell))
            && self.filled().any(|c| is_count(c, decimal))
    }

    /// Its different cells.
    pub(super) fn distinct(&self) -> BTreeSet<&str> {
        self.filled().collect()
    }
}

/// Whether a cell is a count, a mark of a provisional one aside.
pub(super) fn is_count(cell: &str, decimal: char) -> bool {
    number::whole(cell.strip_suffix('*').unwrap_or(cell), decimal).is_ok()
}

/// Whether a cell is a number with a fraction, or a share in per cent.
pub(super) fn is_fraction(cell: &str) -> bool {
    let percent = cell.strip_suffix('%').map(str::trim_end);
    let fraction = |sign| number::whole(cell, sign).is_err_and(|reason| reason.code == ReasonCode::Fraction);
    percent.is_some_and(|cell| [',', '.'].iter().any(|sign| number::scaled(cell, *sign, 1_000_000).is_ok()))
        || fraction(',')
        || fraction('.')
}

fn is_sign(cell: &str) -> bool {
    matches!(cell, ":" | ".." | "." | "-") || names::symbol(cell).is_some()
}

/// Columns without a role yet.
pub(super) type Free<'s> = Vec<Column<'s>>;

/// Takes a column out of those that are free.
pub(super) fn take<'s>(free: &mut Free<'s>, is: impl Fn(&Column<'s>) -> bool) -> Option<Column<'s>> {
    let at = free.iter().position(is)?;
    Some(free.remove(at))
}
