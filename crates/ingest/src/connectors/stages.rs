//! A list of the stages municipalities entered: `municipality_code,solution_id,stage,valid_from`.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use utbredt_model::{
    MunicipalityCode, Observation, ObservedFact, Parsed, Reason, ReasonCode, Rejection, SolutionId, SourceId,
    Stage, Subject,
};
use utbredt_sources::reference::text::Sheet;

use super::Registration;
use crate::format::Format;

pub(super) static REGISTRATION: Registration = Registration {
    name: "stages",
    about: "A list of `municipality_code,solution_id,stage,valid_from`.",
    connector: None,
    format: Some(|_| Ok(Arc::new(StageList))),
    files: Some(|_| Ok((SourceId::parse("stages")?, Arc::new(StageList)))),
};

/// The list; what it tells became known when it was received.
#[derive(Debug, Clone, Copy)]
pub struct StageList;

impl Format for StageList {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn parse(&self, bytes: &[u8], received_at: DateTime<Utc>) -> Parsed {
        parse(bytes, received_at)
    }

    fn lines<'p>(&self, payload: &'p [u8]) -> Option<Cow<'p, str>> {
        Some(String::from_utf8_lossy(payload))
    }
}

const COLUMNS: [&str; 4] = ["municipality_code", "solution_id", "stage", "valid_from"];

fn parse(bytes: &[u8], known_at: DateTime<Utc>) -> Parsed {
    let sheet = Sheet::read(bytes, COLUMNS[0]);
    let mut parsed = Parsed::default();
    let places: Vec<_> =
        COLUMNS.iter().filter_map(|name| sheet.header.iter().position(|have| have == name)).collect();
    let [code, solution, stage, from] = places[..] else {
        let breach =
            format!("the header must have {}; it has `{}`", COLUMNS.join(", "), sheet.header.join("`, `"));
        parsed.breaches.push(breach);
        return parsed;
    };
    parsed.rows_in = (sheet.records.len() + sheet.rejections.len()) as u64;
    parsed.rejections = sheet.rejections;
    for (row, fields) in &sheet.records {
        let [code, solution, stage, from] =
            [code, solution, stage, from].map(|at| fields.get(at).map_or("", String::as_str));
        match fact([code, solution, stage, from], known_at) {
            Ok((subject, fact)) => parsed.observations.push(Observation { row: *row, subject, fact }),
            Err(reason) => parsed.rejections.push(Rejection::new(*row, reason, fields.join(","))),
        }
    }
    parsed
}

fn unknown_stage(stage: &str) -> Reason {
    let known = Stage::ALL.map(Stage::as_str).join(", ");
    Reason::new(ReasonCode::UnknownWord, format!("stage `{stage}` is unknown; it must be one of {known}"))
}

fn no_day(from: &str) -> Reason {
    Reason::new(ReasonCode::InvalidDate, format!("`{from}` is not a day, like `2024-03-01`"))
}

fn fact(
    [code, solution, stage, from]: [&str; 4],
    known_at: DateTime<Utc>,
) -> Result<(Subject, ObservedFact), Reason> {
    let code = MunicipalityCode::parse(code)?;
    let solution_id = SolutionId::parse(solution)?;
    let stage = Stage::parse(stage).ok_or_else(|| unknown_stage(stage))?;
    let valid_from: NaiveDate = from.parse().map_err(|_| no_day(from))?;
    Ok((Subject::Municipality(code), ObservedFact::Rollout { solution_id, stage, valid_from, known_at }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_or_refused_one_by_one() {
        let known_at = DateTime::<Utc>::UNIX_EPOCH;
        let text = "municipality_code,solution_id,stage,valid_from\n0301,svarut,pilot,2024-03-01\n\
            301,svarut,pilot,2024-03-01\n0301,svarut,ready,2024-03-01\n0301,svarut,pilot,soon\n";
        let parsed = parse(text.as_bytes(), known_at);
        assert_eq!((parsed.rows_in, parsed.observations.len()), (4, 1));
        let words = ["leading zero", "`ready` is unknown", "not a day"];
        for (rejection, word) in parsed.rejections.iter().zip(words) {
            assert!(rejection.reason.contains(word), "{} lacks {word}", rejection.reason);
        }
        assert_eq!(parsed.rejections.len(), 3);
        assert!(parse(b"municipality_code,solution\n", known_at).breaches[0].contains("valid_from"));
    }
}
