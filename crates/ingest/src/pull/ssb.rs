//! Statistics Norway's table of persons by age: the years the lake's `population` lacks, counted on the codes of their
//! time, in as many questions as the table interface takes.

mod judge;

use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::Deserialize;
use utbredt_lake::Writer;
use utbredt_model::{MunicipalityCode, SourceId};
use utbredt_sources::jsonstat::{self, Table};
use utbredt_sources::pxweb::{
    AGGREGATED_SINCE, Codelist, MAX_CELLS, QUERIES_PER_MINUTE, Query, QueryError, Values, Variable,
    v1_metadata,
};

use super::land::{Landing, land};
use super::register::{Counted, Register, bands, population};
use super::{PullError, Pulled, answered, stopped};
use crate::fetch::{Ask, Client, FetchError};

use judge::{Answers, Year, judge};

/// The population that is pulled.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SsbPopulation {
    /// Where the interface is: `https://data.ssb.no/api/pxwebapi/v2`, or `https://data.ssb.no/api/v0/no/table` of version 1.
    pub url: String,
    /// Which version of the interface that is.
    #[serde(default)]
    pub version: Version,
    /// The table.
    #[serde(default = "table")]
    pub table: String,
    /// The first year wanted.
    pub from: i32,
    /// The list of codes municipalities are asked by, such as `agg_KommSummer`; the table's own without it. A list that
    /// adds up to today's borders is refused for years before those borders.
    pub codelist: Option<String>,
    /// The code of the source's own total row, `0` for the whole country, where it is to be held against the sum.
    pub total: Option<String>,
    /// The most cells of one question.
    #[serde(default = "most_cells")]
    pub cells: u64,
}

/// A version of the table interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "u8")]
pub enum Version {
    /// Questions are posted to the table's address.
    One,
    /// Questions are addresses.
    #[default]
    Two,
}

impl TryFrom<u8> for Version {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        match number {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            other => Err(format!("the table interface has the versions 1 and 2, not {other}")),
        }
    }
}

fn table() -> String {
    "07459".to_owned()
}

const fn most_cells() -> u64 {
    MAX_CELLS
}

/// Addresses longer than this are not sent: what lies between us and the source may cut them.
const LONGEST_ADDRESS: usize = 2_000;

/// The largest answer that makes sense: as many cells as may be asked for, with room.
const MOST: u64 = 32 << 20;

/// The time between two questions that keeps to the source's limit.
const APART: Duration = Duration::from_millis(60_000 / QUERIES_PER_MINUTE as u64);

/// What the table has, as far as it is asked for.
struct Shape {
    metadata: Table,
    years: Vec<i32>,
    ages: Vec<String>,
    contents: Option<String>,
}

impl Shape {
    /// Reads it, or says how the table changed.
    fn of(metadata: Table) -> Result<Self, String> {
        if let Some(breach) = metadata.breaches.first() {
            return Err(breach.clone());
        }
        let codes = |id: &str| -> Vec<String> {
            let found = metadata.dimension(id).map(|(_, dimension)| &dimension.categories);
            found.into_iter().flatten().map(|(code, _)| code.clone()).collect()
        };
        const KNOWN: [&str; 5] = ["Region", "Kjonn", "Alder", "ContentsCode", "Tid"];
        if let Some(other) = metadata.dimensions.iter().find(|d| !KNOWN.contains(&d.id.as_str())) {
            return Err(format!("it has a variable `{}`: say whether it may be added over", other.id));
        }
        let single = |age: &str| age.strip_suffix('+').unwrap_or(age).parse::<usize>();
        let ages: Vec<String> =
            codes("Alder").into_iter().filter(|a| a.len() >= 3 && single(a).is_ok()).collect();
        let whole = ages.iter().enumerate().all(|(at, age)| single(age) == Ok(at));
        if ages.is_empty() || !whole || !ages.last().is_some_and(|last| last.ends_with('+')) {
            return Err("`Alder` has no single years from `000` to an open last one".to_owned());
        }
        let mut sexes = codes("Kjonn");
        sexes.sort();
        if metadata.dimension("Kjonn").is_some() && sexes != ["1", "2"] {
            return Err(format!("`Kjonn` has the values {} instead of 1 and 2", sexes.join(", ")));
        }
        let mut contents = codes("ContentsCode");
        if contents.len() > 1 {
            return Err(format!(
                "it has several contents ({}) instead of persons alone",
                contents.join(", ")
            ));
        }
        let years: Vec<i32> = codes("Tid").iter().filter_map(|year| year.parse().ok()).collect();
        if years.is_empty() {
            return Err("`Tid` has no years".to_owned());
        }
        Ok(Self { years, ages, contents: contents.pop(), metadata })
    }
}

/// Asks for every year from the first wanted on of which the lake lacks a municipality or an age band, and again for those
/// that came before the table was published anew. Each is a delivery and an edition of its own; what the lake has already
/// is never written over, and a year that says otherwise is held.
///
/// # Errors
/// [`PullError`]. A source that does not answer ends the pull without an error.
pub fn pull(
    client: &Client<'_>,
    writer: &mut Writer,
    source_id: &SourceId,
    ask: &SsbPopulation,
) -> Result<Pulled, PullError> {
    let mut pulled = Pulled::default();
    let latest = writer.lake().latest()?;
    let register = Register::read(writer.lake(), latest.as_ref())?;
    let known = population(writer.lake(), latest.as_ref())?;
    let bands = bands(&known);
    let shape = match writer.with_lock_released(|| send(client, ask, &Sent::About, &mut pulled))? {
        Ok(body) => Shape::of(match ask.version {
            Version::One => v1_metadata(&body),
            Version::Two => jsonstat::parse(&body),
        }),
        Err(error) => {
            pulled.stopped = Some(stopped(error)?);
            return Ok(pulled);
        }
    };
    let shape = match shape {
        Ok(shape) => shape,
        Err(why) => {
            pulled.stopped = Some(format!("table {} is not as it was: {why}", ask.table));
            return Ok(pulled);
        }
    };
    let mut told = Vec::new();
    let here = answered(writer.lake(), source_id)?;
    for year in shape.years.iter().copied().filter(|year| *year >= ask.from) {
        let Some(day) = NaiveDate::from_ymd_opt(year, 1, 1) else { continue };
        let Some(division) = register.division(day) else { continue };
        let codes: Vec<MunicipalityCode> = register.on(day).into_keys().collect();
        let standing = known.get(&year).cloned().unwrap_or_default();
        let lacks =
            |code: &MunicipalityCode| bands.iter().any(|band| !standing.contains_key(&(*band, code.clone())));
        let came = here.get(&year.to_string());
        let is_older = came.zip(shape.metadata.updated).is_some_and(|(came, published)| *came < published);
        if !codes.iter().any(lacks) && !is_older {
            continue;
        }
        let asked = writer.with_lock_released(|| answers(client, ask, &shape, &codes, year, &mut pulled))?;
        let answers = match asked {
            Ok(answers) => answers,
            Err(Unasked::Question(why)) => {
                told.push(format!("{year}: {why}"));
                continue;
            }
            Err(Unasked::Fetch(error @ FetchError::Status { .. })) => {
                told.push(format!("{year}: {error}"));
                continue;
            }
            Err(Unasked::Fetch(error)) => {
                told.push(stopped(error)?);
                break;
            }
        };
        let received_at = client.clock().now();
        // Another may have brought the year while it was asked for.
        let known = population(writer.lake(), writer.lake().latest()?.as_ref())?;
        let standing = known.get(&year).cloned().unwrap_or_default();
        let near = nearest(&known, year);
        let year = Year { year, day, division, codes, bands: &bands, standing, near };
        let landing = landing(ask, &answers, &year, received_at)?;
        pulled.reports.push(land(writer, source_id, received_at, landing)?);
    }
    pulled.stopped = (!told.is_empty()).then(|| told.join("; "));
    Ok(pulled)
}

/// The year nearest to one, and what was counted in it.
fn nearest(known: &std::collections::BTreeMap<i32, Counted>, year: i32) -> Option<(i32, i64)> {
    let all = |counted: &Counted| -> i64 {
        counted.iter().filter(|((band, _), _)| *band == (0, None)).map(|(_, persons)| persons).sum()
    };
    let other = known.iter().filter(|(other, _)| **other != year);
    other.min_by_key(|(other, _)| other.abs_diff(year)).map(|(other, counted)| (*other, all(counted)))
}

fn landing(
    ask: &SsbPopulation,
    answers: &Answers,
    year: &Year<'_>,
    received_at: DateTime<Utc>,
) -> Result<Landing, PullError> {
    let verdict = judge(answers, year);
    let published = answers.published().unwrap_or(received_at);
    let vintage = format!("ssb-{}-{}", ask.table, published.date_naive());
    let rows = super::register::population_rows(&verdict.rows, (year.division, year.day), &vintage)?;
    Ok(Landing {
        asked: year.day.year().to_string(),
        payload: answers.payload(),
        rows_in: verdict.rows_in,
        rejections: verdict.rejections,
        held: verdict.held,
        told: Vec::new(),
        rows: Some(("population", rows)),
    })
}

/// Why a year has no answer.
enum Unasked {
    /// It cannot be asked for.
    Question(String),
    /// It was not answered.
    Fetch(FetchError),
}

impl From<QueryError> for Unasked {
    fn from(error: QueryError) -> Self {
        Self::Question(error.to_string())
    }
}

/// Asks for a year, and for the source's own total where that is wanted.
fn answers(
    client: &Client<'_>,
    ask: &SsbPopulation,
    shape: &Shape,
    codes: &[MunicipalityCode],
    year: i32,
    pulled: &mut Pulled,
) -> Result<Answers, Unasked> {
    let codelist = ask.codelist.as_deref().map(|list| match list.split_once('_') {
        Some(("agg", id)) => Codelist::Aggregate(id.to_owned()),
        Some(("vs", id)) => Codelist::Choice(id.to_owned()),
        _ => Codelist::Choice(list.to_owned()),
    });
    let prefix = if matches!(codelist, Some(Codelist::Aggregate(_))) { "K-" } else { "" };
    let regions = codes.iter().map(|code| format!("{prefix}{code}")).collect();
    let query = query(ask, shape, (regions, codelist), year).resolve(&shape.metadata)?;
    if query.is_back_cast() && year < AGGREGATED_SINCE {
        return Err(Unasked::Question(format!(
            "not asked: {} adds up to the borders of {AGGREGATED_SINCE}, so its number for {year} is carried back and \
             was never counted; ask by the table's own codes, or from {AGGREGATED_SINCE} on",
            ask.codelist.as_deref().unwrap_or("the list of codes")
        )));
    }
    let mut answers = Answers::default();
    let questions = questions(ask, &query)?;
    tracing::debug!(year, questions = questions.len(), cells = query.cells(), "a year is asked for");
    for (question, sent) in questions {
        answers.add(question, send(client, ask, &sent, pulled).map_err(Unasked::Fetch)?);
    }
    if let Some(total) = &ask.total {
        let question = self::query(ask, shape, (vec![total.clone()], None), year).resolve(&shape.metadata)?;
        let sent = Sent::of(ask, &question)?;
        answers.add_total(question, send(client, ask, &sent, pulled).map_err(Unasked::Fetch)?);
    }
    Ok(answers)
}

fn query(
    ask: &SsbPopulation,
    shape: &Shape,
    (regions, codelist): (Vec<String>, Option<Codelist>),
    year: i32,
) -> Query {
    let of = |code: &str, items: Vec<String>, codelist| Variable {
        code: code.to_owned(),
        values: Values::Items(items),
        codelist,
    };
    let mut variables = vec![of("Region", regions, codelist)];
    if shape.metadata.dimension("Kjonn").is_some() {
        variables.push(of("Kjonn", vec!["1".to_owned(), "2".to_owned()], None));
    }
    variables.push(of("Alder", shape.ages.clone(), None));
    variables.extend(shape.contents.iter().map(|one| of("ContentsCode", vec![one.clone()], None)));
    variables.push(of("Tid", vec![year.to_string()], None));
    Query { table: ask.table.clone(), variables }
}

/// The questions that together ask the same, each below the limit and short enough for an address, as few as that takes.
fn questions(ask: &SsbPopulation, query: &Query) -> Result<Vec<(Query, Sent)>, QueryError> {
    let parts = |limit: u64| -> Result<Vec<(Query, Sent)>, QueryError> {
        let parts = query.split(limit)?.into_iter();
        parts.map(|part| Sent::of(ask, &part).map(|sent| (part, sent))).collect()
    };
    let (limit, cells) = (ask.cells.min(MAX_CELLS), query.cells().unwrap_or(u64::MAX));
    let values = |variable: &Variable| match &variable.values {
        Values::Items(items) => items.len() as u64,
        _ => 1,
    };
    let longest = query.variables.iter().map(values).max().unwrap_or(1).max(1);
    for count in 1..=longest {
        let run = (cells / longest).saturating_mul(longest.div_ceil(count));
        if run <= limit {
            let asked = parts(run)?;
            if asked.iter().all(|(_, sent)| sent.address() <= LONGEST_ADDRESS) {
                return Ok(asked);
            }
        }
    }
    parts(limit)
}

/// What is sent to the interface.
enum Sent {
    /// What the table has.
    About,
    /// A question as an address, of version 2.
    Address(String),
    /// A question as a body, of version 1.
    Body(String),
}

impl Sent {
    fn of(ask: &SsbPopulation, query: &Query) -> Result<Self, QueryError> {
        Ok(match ask.version {
            Version::One => Self::Body(query.v1_body()?),
            Version::Two => Self::Address(query.v2_path("no")?),
        })
    }

    /// How long its address is, as far as the question makes it so.
    fn address(&self) -> usize {
        if let Self::Address(path) = self { path.len() } else { 0 }
    }
}

fn send(
    client: &Client<'_>,
    ask: &SsbPopulation,
    sent: &Sent,
    pulled: &mut Pulled,
) -> Result<Vec<u8>, FetchError> {
    let (root, table) = (ask.url.trim_end_matches('/'), &ask.table);
    let address = match (sent, ask.version) {
        (Sent::About, Version::Two) => format!("{root}/tables/{table}/metadata?lang=no"),
        (Sent::Address(path), _) => format!("{root}/{path}"),
        (Sent::About | Sent::Body(_), _) => format!("{root}/{table}"),
    };
    let mut question = Ask { apart: APART, most: MOST, remember: true, ..Ask::get(address) };
    if let Sent::Body(body) = sent {
        question.headers.push(("content-type".into(), "application/json".into()));
        question.body = Some(body.clone().into_bytes());
    }
    Ok(pulled.take(client.fetch(&question)?))
}
