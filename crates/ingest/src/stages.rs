//! A list of the stages municipalities entered: `municipality_code,solution_id,stage,valid_from`.

use chrono::{DateTime, NaiveDate, Utc};
use utbredt_model::{
    MunicipalityCode, Observation, ObservedFact, Parsed, Rejection, SolutionId, Stage, Subject,
};
use utbredt_sources::reference::text::Sheet;

const COLUMNS: [&str; 4] = ["municipality_code", "solution_id", "stage", "valid_from"];

/// Reads the list; it became known when it was received.
pub(crate) fn parse(bytes: &[u8], known_at: DateTime<Utc>) -> Parsed {
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
        let field = |at: usize| fields.get(at).map_or("", String::as_str);
        match fact(field(code), field(solution), field(stage), field(from), known_at) {
            Ok((subject, fact)) => parsed.observations.push(Observation { row: *row, subject, fact }),
            Err(reason) => parsed.rejections.push(Rejection::new(*row, reason, fields.join(","))),
        }
    }
    parsed
}

fn fact(
    code: &str,
    solution: &str,
    stage: &str,
    from: &str,
    known_at: DateTime<Utc>,
) -> Result<(Subject, ObservedFact), String> {
    let code = MunicipalityCode::parse(code).map_err(|e| e.to_string())?;
    let solution_id = SolutionId::parse(solution).map_err(|e| e.to_string())?;
    let stage = Stage::parse(stage).ok_or_else(|| {
        let known = Stage::ALL.map(Stage::as_str).join(", ");
        format!("stage `{stage}` is unknown; it must be one of {known}")
    })?;
    let valid_from: NaiveDate =
        from.parse().map_err(|_| format!("`{from}` is not a day, like `2024-03-01`"))?;
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
