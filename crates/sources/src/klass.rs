//! SSB Klass as its interface answers, for any classification: the codes of a day or span, the changes, the
//! correspondences and a version, each as JSON or as the CSV (latin-1, `;`, unless requested otherwise).
//!
//! The parsers of the originals behind `datasets/reference` are in [`crate::reference::klass`]; these read what a
//! running program fetches, and [`Register`] and [`kinds`] interpret its changes.

mod register;
#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utbredt_model::territory::Change;
use utbredt_model::{CountyCode, MunicipalityCode, Reason, ReasonCode, Rejection};

pub use register::{Register, kinds};

use crate::reference::text::Sheet;
use crate::reference::{self, Read, klass as originals};

/// A classification this program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Classification {
    /// Municipalities.
    Municipalities,
    /// Counties.
    Counties,
    /// KOSTRA groups.
    Kostra,
    /// Classes of centrality.
    Centrality,
}

impl Classification {
    /// Its number at the register.
    #[must_use]
    pub const fn id(self) -> u32 {
        match self {
            Self::Municipalities => 131,
            Self::Counties => 104,
            Self::Kostra => 112,
            Self::Centrality => 128,
        }
    }

    /// Whether a code means “unknown”: 9999, 99 and the like are in every version and are never a place.
    fn is_placeholder(self, code: &str) -> bool {
        let digits = match self {
            Self::Municipalities => 4,
            Self::Counties => 2,
            Self::Kostra | Self::Centrality => return false,
        };
        code.len() == digits && code.ends_with("99") && code.bytes().all(|b| b.is_ascii_digit())
    }

    fn check(self, code: &str) -> Result<(), Reason> {
        match self {
            Self::Municipalities => Ok(MunicipalityCode::parse(code).map(drop)?),
            Self::Counties => Ok(CountyCode::parse(code).map(drop)?),
            Self::Kostra | Self::Centrality if code.is_empty() => {
                Err(Reason::new(ReasonCode::MissingField, "the code is empty"))
            }
            Self::Kostra | Self::Centrality => Ok(()),
        }
    }
}

/// A name in one or more languages: `Unjárga - Nesseby`. The register does not have which part is Norwegian, and the
/// order is no hint; names are for reading, never for joining.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Name(String);

impl Name {
    /// Takes a name, with its outer blanks off.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts, in the order given: Norwegian, Sami and Kven names between dashes.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split(" - ").flat_map(|part| part.split(" – ")).map(str::trim).filter(|part| !part.is_empty())
    }

    /// Whether two names have the same parts, whatever their order, their dashes and their case.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.sorted_parts() == other.sorted_parts()
    }

    fn sorted_parts(&self) -> Vec<String> {
        let mut parts: Vec<_> = self.parts().map(str::to_lowercase).collect();
        parts.sort();
        parts
    }

    /// Whether letters were lost on the way: latin-1 has no `š` or `ŋ` and puts a question mark. Ask for UTF-8.
    #[must_use]
    pub fn lost_letters(&self) -> bool {
        self.0.contains(['?', '\u{fffd}'])
    }
}

/// A code and the span it is valid in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// The code.
    pub code: String,
    /// The code above it, where the classification has levels.
    pub parent: Option<String>,
    /// Its name.
    pub name: Name,
    /// First day of the requested span in which it is valid; none when a day was requested.
    pub valid_from: Option<NaiveDate>,
    /// First day after; none = as far as was requested.
    pub valid_to: Option<NaiveDate>,
}

/// A code of one classification and the one it belongs to in another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Correspondence {
    /// The code here.
    pub source: String,
    /// The code there.
    pub target: String,
    /// The name there.
    pub target_name: Name,
    /// First day.
    pub valid_from: Option<NaiveDate>,
    /// First day after; none = still.
    pub valid_to: Option<NaiveDate>,
}

#[derive(Deserialize)]
struct Codes {
    codes: Vec<RawCode>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawCode {
    code: String,
    parent_code: Option<String>,
    name: String,
    valid_from: Option<String>,
    valid_to: Option<String>,
    valid_from_in_requested_range: Option<String>,
    valid_to_in_requested_range: Option<String>,
}

impl From<[String; 5]> for RawCode {
    fn from([code, parent, name, from, to]: [String; 5]) -> Self {
        Self {
            code,
            parent_code: Some(parent),
            name,
            valid_from: Some(from),
            valid_to: Some(to),
            ..Self::default()
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Correspondences {
    correspondence_items: Vec<RawCorrespondence>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawCorrespondence {
    source_code: String,
    target_code: String,
    target_name: String,
    valid_from: Option<String>,
    valid_to: Option<String>,
}

impl From<[String; 5]> for RawCorrespondence {
    fn from([source_code, target_code, target_name, from, to]: [String; 5]) -> Self {
        Self { source_code, target_code, target_name, valid_from: Some(from), valid_to: Some(to) }
    }
}

/// Reads `codesAt` and `codes`. Placeholders are passed over in silence.
#[must_use]
pub fn codes(bytes: &[u8], classification: Classification) -> Read<Code> {
    let names = ["code", "parentCode", "name", "validFrom", "validTo"];
    let mut read = Read::default();
    match either(bytes, |answer: Codes| answer.codes, names, RawCode::from) {
        Err(rejections) => read.rejections = rejections,
        Ok(raws) => {
            for (row, raw) in raws {
                if !classification.is_placeholder(raw.code.trim()) {
                    read.take(row, &format!("{};{}", raw.code, raw.name), code(&raw, classification));
                }
            }
        }
    }
    read
}

fn code(raw: &RawCode, classification: Classification) -> Result<Code, Reason> {
    let code = raw.code.trim();
    classification.check(code)?;
    // In an answer about a span, the part of it in which the code is valid; else the code's own days.
    let from = raw.valid_from_in_requested_range.as_deref().or(raw.valid_from.as_deref());
    let to = raw.valid_to_in_requested_range.as_deref().or(raw.valid_to.as_deref());
    Ok(Code {
        code: code.to_owned(),
        parent: raw.parent_code.as_deref().map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned),
        name: Name::new(&raw.name),
        valid_from: day(from)?,
        valid_to: day(to)?,
    })
}

/// Reads `changes`, of the past and, when the future was included, of days still to come.
#[must_use]
pub fn changes(bytes: &[u8]) -> Read<Change> {
    if is_json(bytes) {
        return originals::changes(bytes);
    }
    let mut read = Read::default();
    match rows(bytes, ["oldCode", "oldName", "newCode", "newName", "changeOccurred"]) {
        Err(rejections) => read.rejections = rejections,
        Ok(rows) => {
            for (row, fields) in rows {
                let raw = fields.join(";");
                let [old, old_name, new, new_name, date] = fields;
                read.take(row, &raw, originals::change(&old, old_name, &new, new_name, &date));
            }
        }
    }
    read
}

/// Reads `corresponds` from `source` to another classification. Placeholders are passed over in silence. A span that
/// ends on the last day of a year ends before the next: the interface gives the first day after, older tables the
/// last day.
#[must_use]
pub fn corresponds(bytes: &[u8], source: Classification, target: Classification) -> Read<Correspondence> {
    let names = ["sourceCode", "targetCode", "targetName", "validFrom", "validTo"];
    let mut read = Read::default();
    match either(bytes, |answer: Correspondences| answer.correspondence_items, names, RawCorrespondence::from)
    {
        Err(rejections) => read.rejections = rejections,
        Ok(raws) => {
            for (row, raw) in raws {
                let (here, there) = (raw.source_code.trim(), raw.target_code.trim());
                if !source.is_placeholder(here) && !target.is_placeholder(there) {
                    let outcome = source.check(here).and_then(|()| target.check(there));
                    let outcome = outcome.and_then(|()| correspondence(&raw));
                    read.take(row, &format!("{here};{there}"), outcome);
                }
            }
        }
    }
    read
}

fn correspondence(raw: &RawCorrespondence) -> Result<Correspondence, Reason> {
    Ok(Correspondence {
        source: raw.source_code.trim().to_owned(),
        target: raw.target_code.trim().to_owned(),
        target_name: Name::new(&raw.target_name),
        valid_from: day(raw.valid_from.as_deref())?,
        valid_to: day(raw.valid_to.as_deref())?.map(first_after),
    })
}

fn first_after(day: NaiveDate) -> NaiveDate {
    use chrono::Datelike;
    // Last day or first day after: only the last day of a year cannot be the latter.
    if (day.month(), day.day()) == (12, 31) { day.succ_opt().unwrap_or(day) } else { day }
}

/// Reads a version of classification 131.
#[must_use]
pub fn version(bytes: &[u8]) -> Read<originals::Named> {
    originals::division(bytes)
}

fn day(text: Option<&str>) -> Result<Option<NaiveDate>, Reason> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(reference::date).transpose()
}

fn is_json(bytes: &[u8]) -> bool {
    bytes.iter().find(|b| !b.is_ascii_whitespace()).is_some_and(|b| matches!(b, b'{' | b'['))
}

/// The rows of an answer in either form, each with its number: the entry's in JSON, the line's in CSV.
fn either<R, A: DeserializeOwned, const N: usize>(
    bytes: &[u8],
    entries: impl Fn(A) -> Vec<R>,
    names: [&str; N],
    of: impl Fn([String; N]) -> R,
) -> Result<Vec<(u64, R)>, Vec<Rejection>> {
    if !is_json(bytes) {
        return Ok(rows(bytes, names)?.into_iter().map(|(line, fields)| (line, of(fields))).collect());
    }
    match serde_json::from_slice(bytes) {
        Ok(answer) => Ok((1..).zip(entries(answer)).collect()),
        Err(error) => {
            // An error page is recognised by its beginning.
            let raw = String::from_utf8_lossy(bytes.get(..80).unwrap_or(bytes));
            Err(vec![Rejection::new(1, reference::syntax("not an answer of Klass", &error), raw)])
        }
    }
}

/// The named columns of a CSV, line by line.
fn rows<const N: usize>(bytes: &[u8], names: [&str; N]) -> Result<Vec<(u64, [String; N])>, Vec<Rejection>> {
    let sheet = Sheet::read(bytes, names.first().copied().unwrap_or_default());
    if !sheet.rejections.is_empty() {
        return Err(sheet.rejections);
    }
    let columns = sheet.columns(names).map_err(|rejection| vec![rejection])?;
    let mut rows = Vec::with_capacity(sheet.records.len());
    for (line, fields) in &sheet.records {
        rows.push((*line, columns.map(|at| fields.get(at).cloned().unwrap_or_default())));
    }
    Ok(rows)
}
