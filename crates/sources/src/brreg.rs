//! Brreg's register of organisations: one unit, or a page of them. An address is where an organisation sits, never
//! whose it is: a joint venture of nine municipalities lies in its host. Its owner follows from the organisation's form
//! and its parent, and persons' own firms are left out.

use chrono::NaiveDate;
use serde_json::Value;
use utbredt_model::{MunicipalityCode, OrganisationNumber, Reason, ReasonCode, Rejection};

use crate::reference::{self, Read};

/// The register pages through this many units of one question and no further.
pub const PAGING_LIMIT: u64 = 10_000;

/// What kind of organisation a unit is, as far as it matters to whose usage its numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A municipality.
    Municipality,
    /// A county council.
    CountyCouncil,
    /// The state.
    State,
    /// A part of a public body, which its parent names.
    Unit,
    /// Owned by several municipalities or county councils.
    Joint,
    /// An enterprise of one municipality or county council.
    Enterprise,
    /// Anything else.
    Other,
}

impl Form {
    fn of(code: &str) -> Self {
        match code {
            "KOMM" => Self::Municipality,
            "FYLK" => Self::CountyCouncil,
            "STAT" | "SF" => Self::State,
            "ORGL" => Self::Unit,
            "IKS" => Self::Joint,
            "KF" | "FKF" => Self::Enterprise,
            _ => Self::Other,
        }
    }
}

/// An organisation as registered now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its number.
    pub organisation_number: OrganisationNumber,
    /// Its name.
    pub name: String,
    /// What it is.
    pub form: Form,
    /// The register's code for that, `KOMM`.
    pub form_code: String,
    /// The unit it belongs to.
    pub parent: Option<OrganisationNumber>,
    /// The municipality its business address lies in. **Not its owner.**
    pub address: Option<MunicipalityCode>,
    /// The day it was struck off.
    pub struck_off: Option<NaiveDate>,
}

impl Unit {
    /// The municipality the unit itself is, when it is one: its seat lies within its borders. Nobody else's address
    /// is evidence of ownership.
    #[must_use]
    pub fn municipality(&self) -> Option<&MunicipalityCode> {
        self.address.as_ref().filter(|_| self.form == Form::Municipality)
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Its units.
    pub units: Read<Unit>,
    /// Its number, from 0.
    pub number: u64,
    /// How many pages there are.
    pub pages: u64,
    /// How many units match the question.
    pub total: u64,
}

impl Page {
    /// Why paging cannot reach every unit, when it cannot.
    #[must_use]
    pub fn cut_off(&self) -> Option<String> {
        (self.total > PAGING_LIMIT).then(|| {
            format!(
                "{} units match and the register pages through {PAGING_LIMIT} only; request by form or municipality",
                self.total
            )
        })
    }

    /// The next page's number. There is none past the last, nor past what the register pages through.
    #[must_use]
    pub fn next(&self) -> Option<u64> {
        let next = self.number.checked_add(1)?;
        let size = self.total.div_ceil(self.pages.max(1)).max(1);
        let reaches = next.checked_add(1)?.checked_mul(size)? <= PAGING_LIMIT || self.total <= PAGING_LIMIT;
        (next < self.pages && reaches).then_some(next)
    }
}

/// Reads the answer about one organisation.
#[must_use]
pub fn unit(bytes: &[u8]) -> Read<Unit> {
    let mut read = Read::default();
    match serde_json::from_slice::<Value>(bytes) {
        Ok(answer) => take(&mut read, 1, &answer),
        Err(error) => read.rejections.push(not_whole(&error)),
    }
    read
}

/// Reads a page of a list. A list without any unit has no `_embedded`.
#[must_use]
pub fn page(bytes: &[u8]) -> Page {
    let mut page = Page::default();
    let answer: Value = match serde_json::from_slice(bytes) {
        Ok(answer) => answer,
        Err(error) => {
            page.units.rejections.push(not_whole(&error));
            return page;
        }
    };
    let [at, pages, total] = ["number", "totalPages", "totalElements"].map(|key| about(&answer, key));
    let (Some(at), Some(pages), Some(total)) = (at, pages, total) else {
        let text = "`page` does not say which page of how many this is, nor of how many units";
        page.units.rejections.push(Rejection::new(1, Reason::new(ReasonCode::MissingField, text), ""));
        return page;
    };
    (page.number, page.pages, page.total) = (at, pages, total);
    let units = answer.get("_embedded").and_then(|e| e.get("enheter")).and_then(Value::as_array);
    if units.is_none() && total > 0 && at < pages {
        let reason = Reason::new(ReasonCode::Empty, format!("{total} units match but none are listed"));
        page.units.rejections.push(Rejection::new(1, reason, ""));
    }
    for (row, unit) in (1..).zip(units.into_iter().flatten()) {
        take(&mut page.units, row, unit);
    }
    page
}

/// A number about the page itself.
fn about(answer: &Value, key: &str) -> Option<u64> {
    answer.get("page")?.get(key)?.as_u64()
}

fn not_whole(error: &serde_json::Error) -> Rejection {
    Rejection::new(1, reference::syntax("the answer is not whole JSON", error), "")
}

/// What is shown of a refused unit is its number alone: the rest may be about a person.
fn take(read: &mut Read<Unit>, row: u64, answer: &Value) {
    let shown = answer.get("organisasjonsnummer").and_then(Value::as_str).unwrap_or_default();
    read.take(row, shown, read_unit(answer));
}

/// A field of text that is not blank.
fn text<'a>(answer: &'a Value, key: &str) -> Option<&'a str> {
    answer.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

fn read_unit(answer: &Value) -> Result<Unit, Reason> {
    let Some(number) = text(answer, "organisasjonsnummer") else {
        return Err(Reason::new(ReasonCode::MissingField, "`organisasjonsnummer` is missing"));
    };
    let organisation_number = OrganisationNumber::parse(number)?;
    let form_code = answer.get("organisasjonsform").and_then(|f| f.get("kode")).and_then(Value::as_str);
    let Some(form_code) = form_code else {
        let text = "`organisasjonsform.kode` is missing: what the unit is cannot be known";
        return Err(Reason::new(ReasonCode::MissingField, text));
    };
    // Sole proprietorships have the name of a person.
    if form_code == "ENK" {
        return Err(Reason::new(ReasonCode::Person, "a person's own firm; persons are not kept"));
    }
    let address =
        answer.get("forretningsadresse").and_then(|a| a.get("kommunenummer")).and_then(Value::as_str);
    Ok(Unit {
        organisation_number,
        name: text(answer, "navn").unwrap_or_default().to_owned(),
        form: Form::of(form_code),
        form_code: form_code.to_owned(),
        parent: text(answer, "overordnetEnhet").map(OrganisationNumber::parse).transpose()?,
        // An address abroad has no municipality, or a placeholder.
        address: address.and_then(|code| MunicipalityCode::parse(code.trim()).ok()),
        struck_off: text(answer, "slettedato").map(reference::date).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::conformance;

    const SAMPLE: &[u8] = include_bytes!("../../../datasets/samples/brreg-page.json");

    #[test]
    fn it_keeps_its_promises() {
        conformance(|bytes| page(bytes).units, &[SAMPLE], false);
        let one = br#"{"organisasjonsnummer":"920290922","navn":"ALVER KOMMUNE","organisasjonsform":{"kode":"KOMM"}}"#;
        conformance(unit, &[one], false);
    }

    #[test]
    fn an_address_is_no_ownership() {
        let read = page(SAMPLE).units;
        let shown: Vec<_> = read
            .rows
            .iter()
            .map(|unit| (unit.form, unit.address.as_ref().map(|c| c.as_str()), unit.municipality().is_some()))
            .collect();
        let expected = [
            (Form::Municipality, Some("4631"), true),
            (Form::Unit, Some("4631"), false),
            (Form::Joint, Some("4601"), false),
        ];
        assert_eq!(shown, expected);
        assert_eq!(read.rows[1].parent.as_ref().unwrap().as_str(), "920290922");
        // The person's firm: refused, and nothing of it is shown but its number.
        assert_eq!(read.rejections.len(), 1);
        assert!(read.rejections[0].reason.contains("persons are not kept"));
        assert_eq!(read.rejections[0].raw, "999999921");
    }

    #[test]
    fn a_list_too_long_for_paging_is_cut_off() {
        let at = |number: u64, pages: u64, total: u64| Page { number, pages, total, ..Page::default() };
        assert!(at(0, 500, 10_000).cut_off().is_none());
        assert!(at(0, 501, 10_001).cut_off().unwrap().contains("10001 units match"));
        assert_eq!(at(0, 2, 30).next(), Some(1));
        assert_eq!(at(1, 2, 30).next(), None);
        // 100 units a page: page 99 ends at the limit, page 100 would be beyond.
        assert_eq!(at(98, 200, 20_000).next(), Some(99));
        assert_eq!(at(99, 200, 20_000).next(), None);
        assert_eq!(at(u64::MAX, u64::MAX, u64::MAX).next(), None);
        let empty = page(br#"{"page":{"size":20,"totalElements":0,"totalPages":0,"number":0}}"#);
        assert!(empty.units.rejections.is_empty() && empty.next().is_none());
        let hollow = page(br#"{"page":{"size":20,"totalElements":9,"totalPages":1,"number":0}}"#);
        assert!(hollow.units.rejections[0].reason.contains("none are listed"));
    }

    #[test]
    fn a_unit_without_what_identifies_it_is_refused() {
        for (bad, word) in [
            (r#"{"organisasjonsform":{"kode":"KOMM"}}"#, "`organisasjonsnummer` is missing"),
            (r#"{"organisasjonsnummer":"920290923","organisasjonsform":{"kode":"KOMM"}}"#, "control digit"),
            (r#"{"organisasjonsnummer":"920290922"}"#, "what the unit is"),
            (
                r#"{"organisasjonsnummer":"920290922","organisasjonsform":{"kode":"AS"},"slettedato":"i fjor"}"#,
                "not a date",
            ),
        ] {
            let read = unit(bad.as_bytes());
            assert!(read.rejections[0].reason.contains(word), "{}", read.rejections[0].reason);
        }
    }

    #[test]
    fn an_answer_about_one_unit_is_read() {
        let read = unit(include_bytes!("../tests/data/brreg-unit.json"));
        assert!(read.rejections.is_empty());
        assert_eq!((read.rows[0].form, read.rows[0].form_code.as_str()), (Form::Other, "AS"));
        assert_eq!(read.rows[0].address.as_ref().map(|c| c.as_str()), Some("1108"));
        assert_eq!(read.rows[0].municipality(), None);
    }
}
