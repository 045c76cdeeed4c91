//! Statistics Norway's table of persons by age: the years the lake's `population` lacks, counted on the codes of their
//! time, in as many questions as the table interface takes.

mod evaluate;
mod shape;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDate;
use serde::Deserialize;
use utbredt_model::MunicipalityCode;
use utbredt_sources::jsonstat;
use utbredt_sources::pxweb::{
    AGGREGATED_SINCE, Codelist, MAX_CELLS, QUERIES_PER_MINUTE, Query, QueryError, Values, Variable,
    v1_metadata,
};

use super::register::{Counted, Register, bands, population, population_rows};
use super::{Registration, from_fields};
use crate::IngestError;
use crate::commit::ReferenceAnswer;
use crate::connector::{Connector, Pull, PullError};
use crate::fetch::{FetchError, Request};

use evaluate::{Responses, Year, evaluate};
use shape::Shape;

pub(super) static REGISTRATION: Registration = Registration {
    name: "ssb_population",
    about: "Persons by age, by Statistics Norway: the years the lake lacks.",
    connector: Some(from_fields::<SsbPopulation>),
    format: None,
    files: None,
};

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

/// A number that is no version of the table interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the table interface has the versions 1 and 2, not {0}")]
pub struct UnknownVersion(u8);

impl TryFrom<u8> for Version {
    type Error = UnknownVersion;

    fn try_from(number: u8) -> Result<Self, UnknownVersion> {
        match number {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            other => Err(UnknownVersion(other)),
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
const MAX_BYTES: u64 = 32 << 20;

/// The time between two questions that keeps to the source's limit.
const MIN_INTERVAL: Duration = Duration::from_millis(60_000 / QUERIES_PER_MINUTE as u64);

impl Connector for SsbPopulation {
    fn url(&self) -> Option<&str> {
        Some(&self.url)
    }

    /// Asks for every year from the first wanted on of which the lake lacks a municipality or an age band, and again for
    /// those that came before the table was published anew. Each is a delivery and an edition of its own; what the lake
    /// has already is never written over, and a year that contradicts it is held.
    fn pull(&self, pull: &mut Pull<'_>) -> Result<(), PullError> {
        let latest = pull.latest()?;
        let register = Register::read(pull.lake(), latest.as_ref())?;
        let known = population(pull.lake(), latest.as_ref())?;
        let bands = bands(&known);
        let shape = self.shape(pull)?;
        let here = pull.active_subjects()?;
        for year in shape.years.iter().copied().filter(|year| *year >= self.from) {
            let Some(day) = NaiveDate::from_ymd_opt(year, 1, 1) else { continue };
            let Some(division) = register.division(day) else { continue };
            let codes: Vec<MunicipalityCode> = register.on(day).into_keys().collect();
            let have = known.get(&year).cloned().unwrap_or_default();
            let complete =
                codes.iter().all(|code| bands.iter().all(|band| have.contains_key(&(*band, code.clone()))));
            let came = here.get(&year.to_string());
            let is_older =
                came.zip(shape.metadata.updated).is_some_and(|(came, published)| *came < published);
            if complete && !is_older {
                continue;
            }
            let answers = match self.fetch_year(pull, &shape, &codes, year) {
                Ok(answers) => answers,
                // The other years may be answered.
                Err(YearError::Query(error)) => {
                    pull.stop(format!("{year}: {error}"));
                    continue;
                }
                Err(YearError::Pull(PullError::Fetch(error @ FetchError::Status { .. }))) => {
                    pull.stop(format!("{year}: {error}"));
                    continue;
                }
                Err(error @ YearError::BackCast { .. }) => {
                    pull.stop(format!("{year}: {error}"));
                    continue;
                }
                Err(YearError::Pull(error)) => return Err(error),
            };
            // Another may have brought the year while it was asked for.
            let known = population(pull.lake(), pull.latest()?.as_ref())?;
            let have = known.get(&year).cloned().unwrap_or_default();
            let near = nearest(&known, year);
            let year = Year { year, day, division, codes, bands: &bands, have, near };
            let answer = self.answer(pull, &answers, &year)?;
            pull.deliver_reference(year.year.to_string(), answers.payload(), &answer)?;
        }
        Ok(())
    }
}

/// The year nearest to one, and how many persons were counted in it.
fn nearest(known: &BTreeMap<i32, Counted>, year: i32) -> Option<(i32, i64)> {
    let others = known.iter().filter(|(other, _)| **other != year);
    let (other, counted) = others.min_by_key(|(other, _)| other.abs_diff(year))?;
    let all = counted.iter().filter(|((band, _), _)| *band == (0, None));
    Some((*other, all.map(|(_, persons)| persons).sum()))
}

/// Why a year has no answer.
#[derive(Debug, thiserror::Error)]
enum YearError {
    /// It cannot be asked for.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The list of codes adds up to the borders of a later year.
    #[error(
        "not queried: {codelist} adds up to the borders of {AGGREGATED_SINCE}, so its number for {year} is carried back and \
         was never counted; query by the table's own codes, or from {AGGREGATED_SINCE} on"
    )]
    BackCast { codelist: String, year: i32 },
    /// It was not answered.
    #[error(transparent)]
    Pull(#[from] PullError),
}

impl SsbPopulation {
    /// What the table has.
    fn shape(&self, pull: &mut Pull<'_>) -> Result<Shape, PullError> {
        let body = pull.fetch(&self.request(&Sent::About))?;
        let metadata = match self.version {
            Version::One => v1_metadata(&body),
            Version::Two => jsonstat::parse(&body),
        };
        Shape::of(metadata)
            .map_err(|why| PullError::Changed(format!("table {} is not as it was: {why}", self.table)))
    }

    /// The rows a year's answers bring, and what holds them.
    fn answer(
        &self,
        pull: &Pull<'_>,
        answers: &Responses,
        year: &Year<'_>,
    ) -> Result<ReferenceAnswer, IngestError> {
        let found = evaluate(answers, year);
        let published = answers.published().unwrap_or(pull.now());
        let vintage = format!("ssb-{}-{}", self.table, published.date_naive());
        let rows = population_rows(&found.rows, (year.division, year.day), &vintage)?;
        Ok(ReferenceAnswer {
            rows_in: found.rows_in,
            rejections: found.rejections,
            held: found.held,
            discrepancies: Vec::new(),
            rows: Some(("population", rows)),
        })
    }

    /// Asks for a year, and for the source's own total where that is declared.
    fn fetch_year(
        &self,
        pull: &mut Pull<'_>,
        shape: &Shape,
        codes: &[MunicipalityCode],
        year: i32,
    ) -> Result<Responses, YearError> {
        let codelist = self.codelist.as_deref().map(|list| match list.split_once('_') {
            Some(("agg", id)) => Codelist::Aggregate(id.to_owned()),
            Some(("vs", id)) => Codelist::Choice(id.to_owned()),
            _ => Codelist::Choice(list.to_owned()),
        });
        let prefix = if matches!(codelist, Some(Codelist::Aggregate(_))) { "K-" } else { "" };
        let regions = codes.iter().map(|code| format!("{prefix}{code}")).collect();
        let query = self.query(shape, (regions, codelist), year).resolve(&shape.metadata)?;
        if query.is_back_cast() && year < AGGREGATED_SINCE {
            let codelist = self.codelist.clone().unwrap_or_else(|| "the list of codes".to_owned());
            return Err(YearError::BackCast { codelist, year });
        }
        let mut answers = Responses::default();
        let questions = self.questions(&query)?;
        tracing::debug!(year, questions = questions.len(), cells = query.cells(), "a year is requested");
        for (question, sent) in questions {
            answers.add(question, pull.fetch(&self.request(&sent))?);
        }
        if let Some(total) = &self.total {
            let question = self.query(shape, (vec![total.clone()], None), year).resolve(&shape.metadata)?;
            let sent = Sent::of(self.version, &question)?;
            answers.add_total(question, pull.fetch(&self.request(&sent))?);
        }
        Ok(answers)
    }

    fn query(&self, shape: &Shape, (regions, codelist): (Vec<String>, Option<Codelist>), year: i32) -> Query {
        let mut variables = vec![variable("Region", regions, codelist)];
        if shape.metadata.dimension("Kjonn").is_some() {
            variables.push(variable("Kjonn", vec!["1".to_owned(), "2".to_owned()], None));
        }
        variables.push(variable("Alder", shape.ages.clone(), None));
        variables.extend(shape.contents.iter().map(|one| variable("ContentsCode", vec![one.clone()], None)));
        variables.push(variable("Tid", vec![year.to_string()], None));
        Query { table: self.table.clone(), variables }
    }

    /// The questions that together ask the same, each below the limit and short enough for an address, as few as that
    /// takes.
    fn questions(&self, query: &Query) -> Result<Vec<(Query, Sent)>, QueryError> {
        let (limit, cells) = (self.cells.min(MAX_CELLS), query.cells().unwrap_or(u64::MAX));
        let longest = query.variables.iter().map(values).max().unwrap_or(1).max(1);
        for count in 1..=longest {
            let run = (cells / longest).saturating_mul(longest.div_ceil(count));
            if run <= limit {
                let parts = self.parts(query, run)?;
                if parts.iter().all(|(_, sent)| sent.address_length() <= LONGEST_ADDRESS) {
                    return Ok(parts);
                }
            }
        }
        self.parts(query, limit)
    }

    /// A query in parts of at most so many cells.
    fn parts(&self, query: &Query, limit: u64) -> Result<Vec<(Query, Sent)>, QueryError> {
        let mut parts = Vec::new();
        for part in query.split(limit)? {
            let sent = Sent::of(self.version, &part)?;
            parts.push((part, sent));
        }
        Ok(parts)
    }

    fn request(&self, sent: &Sent) -> Request {
        let (root, table) = (self.url.trim_end_matches('/'), &self.table);
        let address = match (sent, self.version) {
            (Sent::About, Version::Two) => format!("{root}/tables/{table}/metadata?lang=no"),
            (Sent::Address(path), _) => format!("{root}/{path}"),
            (Sent::About | Sent::Body(_), _) => format!("{root}/{table}"),
        };
        let mut request = Request {
            min_interval: MIN_INTERVAL,
            max_bytes: MAX_BYTES,
            remember: true,
            ..Request::get(address)
        };
        if let Sent::Body(body) = sent {
            request.headers.push(("content-type".into(), "application/json".into()));
            request.body = Some(body.clone().into_bytes());
        }
        request
    }
}

fn variable(code: &str, items: Vec<String>, codelist: Option<Codelist>) -> Variable {
    Variable { code: code.to_owned(), values: Values::Items(items), codelist }
}

/// How many values of a variable are asked for.
fn values(variable: &Variable) -> u64 {
    match &variable.values {
        Values::Items(items) => items.len() as u64,
        _ => 1,
    }
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
    fn of(version: Version, query: &Query) -> Result<Self, QueryError> {
        Ok(match version {
            Version::One => Self::Body(query.v1_body()?),
            Version::Two => Self::Address(query.v2_path("no")?),
        })
    }

    /// How long its address is, as far as the question makes it so.
    fn address_length(&self) -> usize {
        if let Self::Address(path) = self { path.len() } else { 0 }
    }
}
