//! Brreg: the municipalities' own organisations as registered today, held against those the lake knows. What differs is
//! told and nothing is changed: since when a number counts is not in the register of today.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use utbredt_lake::Writer;
use utbredt_model::{Rejection, SourceId};
use utbredt_sources::brreg::{self, Form, Page, Unit};
use utbredt_sources::oslo;

use super::land::{Landing, counted, few, land};
use super::register::organisations;
use super::{PullError, Pulled, stopped};
use crate::fetch::{Ask, Client};

/// The register of organisations that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrregOrganisations {
    /// Where the interface is, such as `https://data.brreg.no/enhetsregisteret/api`.
    pub url: String,
    /// How many units a page has.
    #[serde(default = "hundred")]
    pub page_size: u32,
}

const fn hundred() -> u32 {
    100
}

/// The largest page that makes sense.
const MOST: u64 = 8 << 20;

/// What is asked for: organisations of this form.
const MUNICIPALITIES: &str = "KOMM";

/// Asks for every organisation that is a municipality, page by page. What the list says otherwise than the lake is told; a
/// list that is not whole is held.
///
/// # Errors
/// [`PullError`]. A source that does not answer ends the pull without an error.
pub fn pull(
    client: &Client<'_>,
    writer: &mut Writer,
    source_id: &SourceId,
    register: &BrregOrganisations,
) -> Result<Pulled, PullError> {
    let mut pulled = Pulled::default();
    let mut list = List::default();
    let mut next = Some(0);
    while let Some(number) = next {
        let address = format!(
            "{}/enheter?organisasjonsform={MUNICIPALITIES}&size={}&page={number}",
            register.url.trim_end_matches('/'),
            register.page_size
        );
        // Never remembered: a unit that was not asked for may be a person's firm.
        let mut ask = Ask { most: MOST, ..Ask::get(address) };
        ask.headers.push(("accept".into(), "application/json".into()));
        let body = match writer.with_lock_released(|| client.fetch(&ask))? {
            Ok(answer) => pulled.take(answer),
            Err(error) => {
                pulled.stopped = Some(stopped(error)?);
                return Ok(pulled);
            }
        };
        match list.add(number, &body) {
            Ok(page) => next = page.filter(|_| list.held.is_empty()),
            // What is no page may hold anything, persons among it: nothing of it is kept.
            Err(why) => {
                pulled.stopped = Some(format!("page {number} of the register is none: {why}"));
                return Ok(pulled);
            }
        }
    }
    let received_at = client.clock().now();
    let latest = writer.lake().latest()?;
    let ours = organisations(writer.lake(), latest.as_ref(), oslo::day(received_at))?;
    pulled.reports.push(land(writer, source_id, received_at, list.landing(&ours))?);
    Ok(pulled)
}

/// The pages so far.
#[derive(Default)]
struct List {
    units: BTreeMap<String, Unit>,
    rejections: Vec<Rejection>,
    rows_in: u64,
    total: Option<u64>,
    pages: Vec<Vec<u8>>,
    held: Vec<String>,
}

impl List {
    /// Takes a page and gives the next one's number.
    fn add(&mut self, asked: u64, body: &[u8]) -> Result<Option<u64>, String> {
        let page = brreg::page(body);
        if page.pages == 0
            && let Some(why) = page.units.rejections.first()
        {
            return Err(why.reason.clone());
        }
        let next = page.next();
        if page.number != asked {
            self.held.push(format!("page {asked} was asked for and page {} came", page.number));
        }
        match self.total {
            Some(total) if total != page.total => self.held.push(format!(
                "the register had {total} units on one page and {} on the next: it changed between two questions",
                page.total
            )),
            _ => self.total = Some(page.total),
        }
        if asked == 0 {
            self.held.extend(page.cut_off());
        }
        self.pages.push(kept(body, &page)?);
        let Page { units, .. } = page;
        let before = self.rows_in;
        self.rows_in += (units.rows.len() + units.rejections.len()) as u64;
        self.rejections.extend(units.rejections.into_iter().map(|r| Rejection { row: before + r.row, ..r }));
        for unit in units.rows {
            if unit.form != Form::Municipality {
                self.held.push(format!(
                    "{} is a {} and was not asked for: the register no longer chooses by form",
                    unit.organisation_number, unit.form_code
                ));
            }
            let number = unit.organisation_number.to_string();
            if self.units.get(&number).is_some_and(|other| *other != unit) {
                self.held.push(format!("{number} stands twice and not the same"));
            }
            self.units.insert(number, unit);
        }
        Ok(next)
    }

    /// The list as a whole against the organisations the lake knows: number, code and name.
    fn landing(mut self, ours: &BTreeMap<String, (String, String)>) -> Landing {
        if let Some(first) = self.rejections.first() {
            let count = self.rejections.len();
            self.held.push(format!(
                "{} cannot be believed, the first: {}",
                counted(count, "unit", "units"),
                first.reason
            ));
        }
        let (came, total) = (self.units.len() as u64, self.total.unwrap_or_default());
        if self.held.is_empty() && came != total {
            self.held.push(format!("{came} of {total} units came: pages overlap or lack some"));
        }
        // What was not read whole says nothing about who is missing.
        let told = if self.held.is_empty() { differences(&self.units, ours) } else { Vec::new() };
        Landing {
            asked: "municipalities as organisations".to_owned(),
            payload: [&b"["[..], &self.pages.join(&b","[..]), b"]"].concat(),
            rows_in: self.rows_in,
            rejections: self.rejections,
            held: self.held,
            told,
            rows: None,
        }
    }
}

/// A page as it may be kept: as it came, and without the units that were refused, which may be persons' own firms.
fn kept(body: &[u8], page: &Page) -> Result<Vec<u8>, String> {
    if page.units.rejections.is_empty() {
        return Ok(body.to_vec());
    }
    let believed: BTreeSet<&str> =
        page.units.rows.iter().map(|unit| unit.organisation_number.as_str()).collect();
    let mut answer: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if let Some(units) = answer.pointer_mut("/_embedded/enheter").and_then(Value::as_array_mut) {
        units.retain(|unit| {
            let number = unit.get("organisasjonsnummer").and_then(Value::as_str);
            number.is_some_and(|number| believed.contains(number.trim()))
        });
    }
    Ok(answer.to_string().into_bytes())
}

/// What the register and the lake say differently, each kind of difference once.
fn differences(theirs: &BTreeMap<String, Unit>, ours: &BTreeMap<String, (String, String)>) -> Vec<String> {
    let (mut new, mut moved, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for (number, unit) in theirs.iter().filter(|(_, unit)| unit.struck_off.is_none()) {
        let seat = unit.municipality().map(ToString::to_string);
        match (ours.get(number), seat) {
            (None, seat) => {
                new.push(format!("{number} {} ({})", unit.name, seat.as_deref().unwrap_or("no place")))
            }
            (Some((code, _)), Some(seat)) if *code != seat => {
                moved.push(format!("{number} {} ({seat}, and {code} in the tables)", unit.name));
            }
            _ => {}
        }
    }
    for (number, (code, name)) in ours {
        if theirs.get(number).is_none_or(|unit| unit.struck_off.is_some()) {
            gone.push(format!("{number} {name} ({code})"));
        }
    }
    let told = |all: Vec<String>, what: &str| {
        (!all.is_empty())
            .then(|| format!("{} {what}: {}", counted(all.len(), "organisation", "organisations"), few(&all)))
    };
    [
        told(new, "in the register and not in the reference tables of this version"),
        told(moved, "in another municipality than in the reference tables"),
        told(gone, "in the reference tables and not, or no longer, in the register"),
    ]
    .into_iter()
    .flatten()
    .collect()
}
