//! Brreg: the municipalities' own organisations as registered today, held against those the lake knows. What differs is
//! told and nothing is changed: since when a number counts is not in the register of today.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use utbredt_model::Rejection;
use utbredt_sources::brreg::{self, Form, Page, Unit};

use super::register::organisations;
use super::{Registration, from_fields};
use crate::commit::ReferenceAnswer;
use crate::connector::{Connector, Pull, PullError};
use crate::fetch::Request;
use crate::phrases::{counted, differing};

pub(super) static REGISTRATION: Registration = Registration {
    name: "brreg_organisations",
    about: "The municipalities' organisations in Brreg's register: differences are reported.",
    connector: Some(from_fields::<BrregOrganisations>),
    format: None,
    files: None,
};

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
const MAX_BYTES: u64 = 8 << 20;

/// What is asked for: organisations of this form.
const MUNICIPALITIES: &str = "KOMM";

impl Connector for BrregOrganisations {
    fn url(&self) -> Option<&str> {
        Some(&self.url)
    }

    /// Asks for every organisation that is a municipality, page by page. Where the list differs from the lake is reported;
    /// a list that is not whole is held.
    fn pull(&self, pull: &mut Pull<'_>) -> Result<(), PullError> {
        let mut list = List::default();
        let mut next = Some(0);
        while let Some(number) = next {
            let body = pull.fetch(&self.page(number))?;
            let following = list.add(number, &body).map_err(|why| {
                // What is no page may hold anything, persons among it: nothing of it is kept.
                PullError::Changed(format!("page {number} of the register is none: {why}"))
            })?;
            next = following.filter(|_| list.held.is_empty());
        }
        let latest = pull.latest()?;
        let ours = organisations(pull.lake(), latest.as_ref(), pull.today())?;
        let payload = [&b"["[..], &list.pages.join(&b","[..]), b"]"].concat();
        Ok(pull.deliver_reference(
            "municipalities as organisations".to_owned(),
            payload,
            &list.answer(&ours),
        )?)
    }
}

impl BrregOrganisations {
    fn page(&self, number: u64) -> Request {
        let address = format!(
            "{}/enheter?organisasjonsform={MUNICIPALITIES}&size={}&page={number}",
            self.url.trim_end_matches('/'),
            self.page_size
        );
        // Never remembered: a unit that was not asked for may be a person's firm.
        let mut request = Request { max_bytes: MAX_BYTES, ..Request::get(address) };
        request.headers.push(("accept".into(), "application/json".into()));
        request
    }
}

/// Why an answer is no page.
#[derive(Debug, thiserror::Error)]
enum NoPage {
    #[error("{0}")]
    Unread(String),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
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
    fn add(&mut self, number: u64, body: &[u8]) -> Result<Option<u64>, NoPage> {
        let page = brreg::page(body);
        if page.pages == 0
            && let Some(why) = page.units.rejections.first()
        {
            return Err(NoPage::Unread(why.reason.clone()));
        }
        let next = page.next();
        if page.number != number {
            self.held.push(format!("page {number} was requested and page {} came", page.number));
        }
        match self.total {
            Some(total) if total != page.total => self.held.push(format!(
                "the register had {total} units on one page and {} on the next: it changed between two questions",
                page.total
            )),
            _ => self.total = Some(page.total),
        }
        if number == 0 {
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
                    "{} is a {} and was not requested: the register no longer chooses by form",
                    unit.organisation_number, unit.form_code
                ));
            }
            let number = unit.organisation_number.to_string();
            if self.units.get(&number).is_some_and(|other| *other != unit) {
                self.held.push(format!("{number} occurs twice and not the same"));
            }
            self.units.insert(number, unit);
        }
        Ok(next)
    }

    /// The list as a whole against the organisations the lake knows: number, code and name.
    fn answer(mut self, ours: &BTreeMap<String, (String, String)>) -> ReferenceAnswer {
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
        let discrepancies = if self.held.is_empty() { differences(&self.units, ours) } else { Vec::new() };
        ReferenceAnswer {
            rows_in: self.rows_in,
            rejections: self.rejections,
            held: self.held,
            discrepancies,
            rows: None,
        }
    }
}

/// A page as it may be kept: as it came, and without the units that were refused, which may be persons' own firms.
fn kept(body: &[u8], page: &Page) -> Result<Vec<u8>, serde_json::Error> {
    if page.units.rejections.is_empty() {
        return Ok(body.to_vec());
    }
    let believed: BTreeSet<&str> =
        page.units.rows.iter().map(|unit| unit.organisation_number.as_str()).collect();
    let mut answer: Value = serde_json::from_slice(body)?;
    if let Some(units) = answer.pointer_mut("/_embedded/enheter").and_then(Value::as_array_mut) {
        units.retain(|unit| {
            let number = unit.get("organisasjonsnummer").and_then(Value::as_str);
            number.is_some_and(|number| believed.contains(number.trim()))
        });
    }
    Ok(answer.to_string().into_bytes())
}

/// What the register and the lake say differently, each kind of difference once.
fn differences(units: &BTreeMap<String, Unit>, ours: &BTreeMap<String, (String, String)>) -> Vec<String> {
    let (mut added, mut moved, mut removed) = (Vec::new(), Vec::new(), Vec::new());
    for (number, unit) in units.iter().filter(|(_, unit)| unit.struck_off.is_none()) {
        let seat = unit.municipality().map(ToString::to_string);
        match (ours.get(number), seat) {
            (None, seat) => {
                added.push(format!("{number} {} ({})", unit.name, seat.as_deref().unwrap_or("no place")));
            }
            (Some((code, _)), Some(seat)) if *code != seat => {
                moved.push(format!("{number} {} ({seat}, and {code} in the tables)", unit.name));
            }
            _ => {}
        }
    }
    for (number, (code, name)) in ours {
        if units.get(number).is_none_or(|unit| unit.struck_off.is_some()) {
            removed.push(format!("{number} {name} ({code})"));
        }
    }
    let nouns = ("organisation", "organisations");
    [
        differing(&added, nouns, "in the register and not in the reference tables of this version"),
        differing(&moved, nouns, "in another municipality than in the reference tables"),
        differing(&removed, nouns, "in the reference tables and not, or no longer, in the register"),
    ]
    .into_iter()
    .flatten()
    .collect()
}
