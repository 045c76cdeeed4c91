//! SSB Klass, classification 131: the changes of municipal codes and the division valid in a year.

use chrono::NaiveDate;
use serde::Deserialize;
use utbredt_model::territory::Change;
use utbredt_model::{CodeError, MunicipalityCode, Reason, ReasonCode, Rejection};

use super::{Read, date as parse_date, syntax};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changes {
    code_changes: Vec<RawChange>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawChange {
    old_code: Option<String>,
    #[serde(default)]
    old_name: Option<String>,
    new_code: Option<String>,
    #[serde(default)]
    new_name: Option<String>,
    change_occurred: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    valid_from: NaiveDate,
    #[serde(default)]
    valid_to: Option<NaiveDate>,
    classification_items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    code: String,
    name: String,
}

/// A municipality in one version of the classification.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Its code.
    pub code: MunicipalityCode,
    /// Its name, with a qualifier where several share it.
    pub name: String,
    /// First day of the version.
    pub valid_from: NaiveDate,
    /// First day after; `None` = still.
    pub valid_to: Option<NaiveDate>,
}

/// Reads `/classifications/131/changes`.
#[must_use]
pub fn changes(bytes: &[u8]) -> Read<Change> {
    let mut read = Read::default();
    let answer: Changes = match serde_json::from_slice(bytes) {
        Ok(answer) => answer,
        Err(error) => return refused(&error, bytes),
    };
    for (row, raw) in (1..).zip(&answer.code_changes) {
        let shown = format!("{:?} -> {:?} {}", raw.old_code, raw.new_code, raw.change_occurred);
        let (old, new) = (trimmed(&raw.old_code), trimmed(&raw.new_code));
        let (old_name, new_name) = (trimmed(&raw.old_name), trimmed(&raw.new_name));
        read.take(row, &shown, change(&old, old_name, &new, new_name, &raw.change_occurred));
    }
    read
}

fn trimmed(text: &Option<String>) -> String {
    text.as_deref().unwrap_or_default().trim().to_owned()
}

/// One change, from the fields of either form.
pub(crate) fn change(
    old: &str,
    old_name: String,
    new: &str,
    new_name: String,
    date: &str,
) -> Result<Change, Reason> {
    let (old, new) = (code(old)?, code(new)?);
    if old.is_none() && new.is_none() {
        return Err(Reason::new(ReasonCode::MissingField, "a change from nothing to nothing"));
    }
    Ok(Change { date: parse_date(date)?, old, new, old_name, new_name })
}

fn code(text: &str) -> Result<Option<MunicipalityCode>, Reason> {
    let text = Some(text.trim()).filter(|text| !text.is_empty());
    Ok(text.map(MunicipalityCode::parse).transpose()?)
}

/// Reads one version of the classification. The placeholder 9999 is passed over in silence: it is always
/// there and never a place.
#[must_use]
pub fn division(bytes: &[u8]) -> Read<Named> {
    let mut read = Read::default();
    let version: Version = match serde_json::from_slice(bytes) {
        Ok(version) => version,
        Err(error) => return refused(&error, bytes),
    };
    for (row, item) in (1..).zip(&version.classification_items) {
        let named = match MunicipalityCode::parse(&item.code) {
            Err(CodeError::Placeholder(_)) => continue,
            Err(error) => Err(error.into()),
            Ok(code) => Ok(Named {
                code,
                name: item.name.trim().to_owned(),
                valid_from: version.valid_from,
                valid_to: version.valid_to,
            }),
        };
        read.take(row, &item.code, named);
    }
    read
}

fn refused<T>(error: &serde_json::Error, bytes: &[u8]) -> Read<T> {
    let raw = String::from_utf8_lossy(bytes.get(..80).unwrap_or(bytes));
    let reason = syntax("not an answer of Klass", error);
    Read { rows: Vec::new(), rejections: vec![Rejection::new(1, reason, raw)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_without_a_side_is_a_birth_or_a_death() {
        let json = br#"{"codeChanges":[
            {"oldCode":"1507","oldName":"A","newCode":"1580","newName":"B","changeOccurred":"2024-01-01"},
            {"oldCode":null,"newCode":"1580","newName":"B","changeOccurred":"2024-01-01"},
            {"oldCode":"507","newCode":"1580","changeOccurred":"2024-01-01"},
            {"oldCode":"1507","newCode":"1580","changeOccurred":"in 2024"}]}"#;
        let read = changes(json);
        assert_eq!(read.rows.len(), 2);
        assert_eq!(read.rows[1].old, None);
        assert!(read.rejections[0].reason.contains("0507"));
        assert!(read.rejections[1].reason.contains("not a date"));
    }

    #[test]
    fn a_division_leaves_the_placeholder_out() {
        let json = br#"{"validFrom":"2024-01-01","classificationItems":[
            {"code":"0301","name":"Oslo"},{"code":"9999","name":"Uoppgitt"},{"code":"x","name":""}]}"#;
        let read = division(json);
        assert_eq!(read.rows.len(), 1);
        assert_eq!(read.rows[0].valid_to, None);
        assert_eq!(read.rejections.len(), 1);
    }

    #[test]
    fn rubbish_is_one_rejection() {
        for bytes in [&b""[..], b"[]", b"\xff\xff", b"<html>"] {
            assert_eq!(changes(bytes).rejections.len(), 1);
            assert_eq!(division(bytes).rejections.len(), 1);
        }
    }
}
