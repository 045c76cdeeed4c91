//! Which municipalities have activated Digisos on the Fiks platform, as it answers at one moment.
//!
//! The answer names contact persons. [`without_contacts`] makes the payload that may be kept: it copies what is known
//! to be about the municipality and nothing else, so that a field we do not know yet is dropped too.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use utbredt_model::{
    MunicipalityCode, Observation, ObservedFact, Parsed, Reason, ReasonCode, Rejection, SolutionId, Stage,
    Subject,
};

use utbredt_model::oslo;

const RECEIVES: &str = "kanMottaSoknader";
const UPDATES: &str = "kanOppdatereStatus";
const RECEIVES_NOT_NOW: &str = "harMidlertidigDeaktivertMottak";
const UPDATES_NOT_NOW: &str = "harMidlertidigDeaktivertOppdateringer";
const FLAGS: [&str; 5] = [RECEIVES, UPDATES, RECEIVES_NOT_NOW, UPDATES_NOT_NOW, "harNksTilgang"];

/// The payload without its contact persons: of each municipality its code, the flags, and who processes on its behalf
/// where that is a municipality. Bytes that are not a whole answer give none, since their content is unknown.
#[must_use]
pub fn without_contacts(bytes: &[u8]) -> Vec<u8> {
    let Ok(answer) = serde_json::from_slice::<Value>(bytes) else { return Vec::new() };
    let kept = match answer {
        Value::Array(entries) => Value::Array(entries.iter().map(stripped).collect()),
        // To a request about one municipality the interface answers without a list.
        one @ Value::Object(_) => Value::Array(vec![stripped(&one)]),
        _ => return Vec::new(),
    };
    kept.to_string().into_bytes()
}

fn stripped(entry: &Value) -> Value {
    let Some(entry) = entry.as_object() else { return Value::Null };
    let mut kept = Map::new();
    match entry.get("kommunenummer") {
        Some(Value::String(text)) if text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit()) => {
            kept.insert("kommunenummer".to_owned(), Value::String(text.clone()));
        }
        Some(Value::Number(number)) if number.as_u64().is_some_and(|n| n <= 9999) => {
            kept.insert("kommunenummer".to_owned(), Value::String(number.to_string()));
        }
        _ => {}
    }
    for flag in FLAGS {
        if let Some(value @ Value::Bool(_)) = entry.get(flag) {
            kept.insert(flag.to_owned(), value.clone());
        }
    }
    // The field may also name a person or a company.
    if let Some(text) = entry.get("behandlingsansvarlig").and_then(Value::as_str)
        && text.to_lowercase().ends_with(" kommune")
        && text.chars().all(|c| c.is_alphabetic() || c == ' ' || c == '-')
    {
        kept.insert("behandlingsansvarlig".to_owned(), Value::String(text.to_owned()));
    }
    Value::Object(kept)
}

/// Reads an answer of `nav/kommuner`, of all municipalities or of one, requested at `known_at`.
///
/// A municipality that receives applications is in production; while it has switched that off for a time it is
/// paused, which is no withdrawal. One that is configured but receives nothing this way (every flag false: it is
/// served by SvarUt) is technically ready. One that is absent is not configured, and there is no statement about it: see
/// [`absent`]. Since a municipality served by SvarUt may be in production all the same, give this channel a solution
/// of its own unless it is the only source.
#[must_use]
pub fn parse(bytes: &[u8], solution_id: &SolutionId, known_at: DateTime<Utc>) -> Parsed {
    let mut parsed = Parsed::default();
    // Read from what may be kept, so that no refusal can show a contact person either.
    let entries = match serde_json::from_slice::<Vec<Value>>(&without_contacts(bytes)) {
        Ok(entries) => entries,
        Err(_) => {
            parsed.breaches.push("the answer is not a whole JSON list of municipalities".to_owned());
            return parsed;
        }
    };
    if entries.is_empty() {
        parsed.breaches.push("the list is empty: no municipality at all is configured".to_owned());
    }
    parsed.rows_in = entries.len() as u64;
    let mut stages: BTreeMap<MunicipalityCode, Vec<(u64, Stage)>> = BTreeMap::new();
    for (row, entry) in (1..).zip(&entries) {
        match read(entry) {
            Ok((code, stage)) => stages.entry(code).or_default().push((row, stage)),
            Err(reason) => parsed.rejections.push(Rejection::new(row, reason, entry.to_string())),
        }
    }
    for (code, entries) in stages {
        let one = entries.iter().all(|(_, stage)| Some(stage) == entries.first().map(|(_, stage)| stage));
        let spare = if one { entries.get(1..).unwrap_or_default() } else { &entries[..] };
        let (kind, why) = if one {
            (ReasonCode::Duplicate, "occurs twice")
        } else {
            (ReasonCode::Contradiction, "occurs twice with different flags")
        };
        for (row, _) in spare {
            let reason = Reason::new(kind, format!("municipality {code} {why}"));
            parsed.rejections.push(Rejection::new(*row, reason, code.as_str()));
        }
        if let (true, Some((row, stage))) = (one, entries.first()) {
            let valid_from = oslo::day(known_at);
            let fact = ObservedFact::Rollout {
                solution_id: solution_id.clone(),
                stage: *stage,
                valid_from,
                known_at,
            };
            parsed.observations.push(Observation { row: *row, subject: Subject::Municipality(code), fact });
        }
    }
    parsed.observations.sort_by_key(|observation| observation.row);
    parsed.rejections.sort_by_key(|rejection| rejection.row);
    parsed
}

fn flag(entry: &Value, name: &str) -> Result<bool, Reason> {
    entry.get(name).and_then(Value::as_bool).ok_or_else(|| {
        Reason::new(ReasonCode::MissingField, format!("`{name}` is missing or neither true nor false"))
    })
}

fn read(entry: &Value) -> Result<(MunicipalityCode, Stage), Reason> {
    let Some(code) = entry.get("kommunenummer").and_then(Value::as_str) else {
        return Err(Reason::new(ReasonCode::MissingField, "`kommunenummer` is missing or no code"));
    };
    let code = MunicipalityCode::parse(code)?;
    let (receives, updates) = (flag(entry, RECEIVES)?, flag(entry, UPDATES)?);
    let (not_now, updates_not_now) = (flag(entry, RECEIVES_NOT_NOW)?, flag(entry, UPDATES_NOT_NOW)?);
    let stage = match (receives, not_now) {
        (true, false) => Stage::InProduction,
        (true, true) => Stage::Paused,
        // Switched off what was never switched on.
        (false, true) => {
            let text = format!("`{RECEIVES_NOT_NOW}` without `{RECEIVES}`: the flags contradict each other");
            return Err(Reason::new(ReasonCode::Contradiction, text));
        }
        (false, false) if updates_not_now && !updates => {
            let text = format!("`{UPDATES_NOT_NOW}` without `{UPDATES}`: the flags contradict each other");
            return Err(Reason::new(ReasonCode::Contradiction, text));
        }
        (false, false) => Stage::TechnicallyReady,
    };
    Ok((code, stage))
}

/// The municipalities an answer does not name: not configured. Which there are is for the register.
pub fn absent<'m>(
    parsed: &Parsed,
    municipalities: impl IntoIterator<Item = &'m MunicipalityCode>,
) -> Vec<&'m MunicipalityCode> {
    municipalities.into_iter().filter(|code| !is_named(parsed, code)).collect()
}

/// Whether an answer has an entry of a municipality, accepted or not.
fn is_named(parsed: &Parsed, code: &MunicipalityCode) -> bool {
    let mut subjects = parsed.observations.iter().map(|observation| &observation.subject);
    subjects.any(|subject| matches!(subject, Subject::Municipality(c) if c == code))
        || parsed.rejections.iter().any(|rejection| rejection.raw.contains(code.as_str()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conformance::conformance;

    const SAMPLE: &[u8] = include_bytes!("../../../../datasets/samples/fiks-digisos.json");

    fn read_all(bytes: &[u8]) -> Parsed {
        let known_at = "2024-03-31T22:30:00Z".parse().unwrap();
        parse(bytes, &SolutionId::parse("digisos").unwrap(), known_at)
    }

    fn shown(parsed: &Parsed) -> Vec<String> {
        let one = |o: &Observation| match (&o.subject, &o.fact) {
            (Subject::Municipality(code), ObservedFact::Rollout { stage, valid_from, .. }) => {
                format!("{} {code} {} {valid_from}", o.row, stage.as_str())
            }
            other => panic!("{other:?}"),
        };
        parsed.observations.iter().map(one).collect()
    }

    #[test]
    fn it_keeps_its_promises() {
        conformance(read_all, &[SAMPLE], true);
    }

    #[test]
    fn flags_become_stages() {
        // 22:30 UTC in summer is half past midnight of the next day in Oslo.
        let expected = [
            "1 4601 in_production 2024-04-01",
            "2 4631 paused 2024-04-01",
            "3 0301 technically_ready 2024-04-01",
            "4 3436 technically_ready 2024-04-01",
        ];
        let parsed = read_all(SAMPLE);
        assert_eq!(shown(&parsed), expected);
        assert!(parsed.rejections.is_empty());
        let [here, other] = ["4601", "1103"].map(|code| MunicipalityCode::parse(code).unwrap());
        assert_eq!(absent(&parsed, [&here, &other]), [&other]);
    }

    #[test]
    fn contact_persons_are_in_nothing_that_is_kept() {
        let kept = String::from_utf8(without_contacts(SAMPLE)).unwrap();
        assert!(!kept.contains('@') && !kept.contains("kontakt") && !kept.contains("Ola"));
        assert!(kept.contains("Nord-Fron kommune"));
        assert_eq!(without_contacts(kept.as_bytes()), kept.as_bytes(), "stripping twice is stripping once");
        // A payload cut short may hold anything: nothing of it is kept.
        assert!(without_contacts(&SAMPLE[..SAMPLE.len() - 3]).is_empty());
        for bad in [
            r#"[{"kommunenummer":"ola@x.no","kanMottaSoknader":"ola@x.no","behandlingsansvarlig":"Ola Nordmann"}]"#,
            r#"["ola@x.no"]"#,
            r#"{"ola@x.no":true}"#,
            r#"[{"kommunenummer":"4601","behandlingsansvarlig":"ola@x.no kommune"}]"#,
        ] {
            let parsed = read_all(bad.as_bytes());
            assert!(!format!("{parsed:?}").contains("ola"), "{parsed:?}");
            assert!(
                !String::from_utf8(without_contacts(bad.as_bytes())).unwrap().to_lowercase().contains("ola")
            );
        }
    }

    #[test]
    fn an_entry_that_is_not_accepted_has_a_reason() {
        let entry = |code: &str, flags: [bool; 4]| {
            let [a, b, c, d] = flags;
            format!(
                "{{\"kommunenummer\":{code},\"{RECEIVES}\":{a},\"{UPDATES}\":{b},\"{RECEIVES_NOT_NOW}\":{c},\
                 \"{UPDATES_NOT_NOW}\":{d}}}"
            )
        };
        let good = entry("\"4601\"", [true, true, false, false]);
        for (bad, word) in [
            (entry("301", [true; 4]), "leading zero"),
            (entry("\"9999\"", [true; 4]), "placeholder"),
            (entry("\"4631\"", [false, true, true, false]), "contradict"),
            (entry("\"4631\"", [false, false, false, true]), "contradict"),
            (good.replace(UPDATES, "x"), "`kanOppdatereStatus` is missing"),
            ("7".to_owned(), "`kommunenummer` is missing"),
            (good.clone(), "occurs twice"),
        ] {
            let parsed = read_all(format!("[{good},{bad}]").as_bytes());
            assert_eq!((parsed.observations.len(), parsed.rejections.len()), (1, 1), "{bad}");
            assert!(parsed.rejections[0].reason.contains(word), "{}", parsed.rejections[0].reason);
        }
        let contradicted = format!("[{good},{}]", entry("\"4601\"", [true, true, true, false]));
        let parsed = read_all(contradicted.as_bytes());
        assert_eq!((parsed.observations.len(), parsed.rejections.len()), (0, 2));
        assert_eq!(shown(&read_all(good.as_bytes())), ["1 4601 in_production 2024-04-01"]);
        assert!(read_all(b"[]").breaches[0].contains("empty"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn what_is_kept_reads_the_same(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)) {
            let mut bytes = SAMPLE.to_vec();
            for (at, byte) in edits {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let kept = without_contacts(&bytes);
            prop_assert!(!kept.contains(&b'@'));
            prop_assert_eq!(read_all(&kept), read_all(&bytes));
        }
    }
}
