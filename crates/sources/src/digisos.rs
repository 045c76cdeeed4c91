//! The national rollout of Digisos, as recorded in its list of municipalities: dated `add` and `remove` events.
//! The time of an event is when the list changed, which is when the change became known.

use chrono::{DateTime, NaiveDate, Utc};
use csv::{ReaderBuilder, StringRecord};
use utbredt_model::{
    MunicipalityCode, Observation, ObservedFact, Parsed, Reason, ReasonCode, Rejection, SolutionId, Stage,
    Subject, oslo,
};

use crate::text;

/// Reads `event_at,action,kommunenummer[,commit]`. An `add` puts the municipality in production, a `remove` pauses
/// it: leaving a list is not leaving the solution.
#[must_use]
pub fn parse(bytes: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    let Ok(solution_id) = SolutionId::parse("digisos") else { return parsed };
    let text = text::decode(bytes, None);
    let mut reader = ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let mut columns: Option<[usize; 3]> = None;
    // Reading text from memory can neither fail nor meet bytes that are not UTF-8.
    while reader.read_record(&mut record).unwrap_or(false) {
        let row = line_of(&text, &record);
        let Some([at, action, code]) = columns else {
            match header(&record) {
                Ok(found) => columns = Some(found),
                Err(breach) => {
                    parsed.breaches.push(breach.text);
                    return parsed;
                }
            }
            continue;
        };
        parsed.rows_in += 1;
        match event(record.get(at), record.get(action), record.get(code)) {
            Ok((code, stage, known_at, valid_from)) => parsed.observations.push(Observation {
                row,
                subject: Subject::Municipality(code),
                fact: ObservedFact::Rollout { solution_id: solution_id.clone(), stage, valid_from, known_at },
            }),
            Err(reason) => {
                let raw = record.iter().collect::<Vec<_>>().join(",");
                parsed.rejections.push(Rejection::new(row, reason, raw));
            }
        }
    }
    if columns.is_none() {
        parsed.breaches.push("the delivery is empty: not even a header row".to_owned());
    }
    parsed
}

/// The line a record begins on: the reader's position is before the blank lines that precede it.
fn line_of(text: &str, record: &StringRecord) -> u64 {
    let Some(position) = record.position() else { return 0 };
    let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let blank = text.as_bytes().get(from..).unwrap_or_default().iter();
    let skipped = blank.take_while(|b| matches!(b, b'\n' | b'\r')).filter(|b| **b == b'\n').count();
    position.line() + skipped as u64
}

fn header(record: &StringRecord) -> Result<[usize; 3], Reason> {
    Ok([column(record, "event_at")?, column(record, "action")?, column(record, "kommunenummer")?])
}

fn column(header: &StringRecord, name: &str) -> Result<usize, Reason> {
    header.iter().position(|cell| cell.trim() == name).ok_or_else(|| {
        let have = header.iter().take(20).collect::<Vec<_>>().join("`, `");
        let text = format!("column `{name}` is missing; the header has `{have}`");
        Reason::new(ReasonCode::MissingField, text)
    })
}

type Event = (MunicipalityCode, Stage, DateTime<Utc>, NaiveDate);

fn event(at: Option<&str>, action: Option<&str>, code: Option<&str>) -> Result<Event, Reason> {
    let (Some(at), Some(action), Some(code)) = (at, action, code) else {
        let text = "the row is cut short: it needs a time, an action and a municipality code";
        return Err(Reason::new(ReasonCode::RowWidth, text));
    };
    let known_at = DateTime::parse_from_rfc3339(at.trim())
        .map_err(|_| {
            let text = format!("`{at}` is not a time with an offset, like `2020-03-16T09:00:00+01:00`");
            Reason::new(ReasonCode::InvalidDate, text)
        })?
        .to_utc();
    let stage = match action.trim() {
        "add" => Stage::InProduction,
        // Leaving the list is not leaving the solution.
        "remove" => Stage::Paused,
        other => {
            let text = format!("action `{other}` is unknown; it must be `add` or `remove`");
            return Err(Reason::new(ReasonCode::UnknownWord, text));
        }
    };
    let code = MunicipalityCode::parse(code.trim())?;
    Ok((code, stage, known_at, oslo::day(known_at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::conformance;

    const SAMPLE: &[u8] = b"event_at,action,kommunenummer,commit\n\
        2018-04-25T10:43:23+02:00,add,0301,e08e\n\
        2019-12-31T23:30:00Z,add,1103,aa\n\
        2020-05-26T09:56:17+02:00,remove,4601,f349\n";

    #[test]
    fn it_keeps_its_promises() {
        conformance(
            parse,
            &[SAMPLE, b"event_at,action,kommunenummer\n2018-04-25T10:43:23+02:00,add,0301\n"],
            true,
        );
    }

    #[test]
    fn events_become_stages_on_oslo_days() {
        let parsed = parse(SAMPLE);
        let shown: Vec<_> = parsed
            .observations
            .iter()
            .map(|o| match (&o.subject, &o.fact) {
                (Subject::Municipality(c), ObservedFact::Rollout { stage, valid_from, known_at, .. }) => {
                    format!("{} {c} {} {valid_from} {known_at}", o.row, stage.as_str())
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            shown,
            [
                "2 0301 in_production 2018-04-25 2018-04-25 08:43:23 UTC",
                "3 1103 in_production 2020-01-01 2019-12-31 23:30:00 UTC",
                "4 4601 paused 2020-05-26 2020-05-26 07:56:17 UTC",
            ]
        );
    }

    #[test]
    fn bad_rows_are_refused_one_by_one() {
        let parsed = parse(
            b"event_at,action,kommunenummer\r\n2018-04-25,add,0301\r\n\r\n2018-04-25T10:43:23+02:00,flip,0301\n\
              2018-04-25T10:43:23+02:00,add,301\n2018-04-25T10:43:23+02:00,add,9999\n2018-04-25T10:43:23+02:00,ad",
        );
        assert!(parsed.observations.is_empty());
        assert_eq!(parsed.rows_in, 5);
        let rows: Vec<u64> = parsed.rejections.iter().map(|r| r.row).collect();
        assert_eq!(rows, [2, 4, 5, 6, 7]);
        for (rejection, word) in
            parsed.rejections.iter().zip(["offset", "`flip`", "leading zero", "placeholder", "cut short"])
        {
            assert!(rejection.reason.contains(word), "{} lacks {word}", rejection.reason);
        }
    }

    #[test]
    fn a_missing_column_is_a_breach() {
        let parsed = parse(b"event_at,action,kommune\n2018-04-25T10:43:23+02:00,add,0301\n");
        assert!(parsed.breaches[0].contains("`kommunenummer` is missing"));
    }

    #[test]
    fn a_list_is_read_whole() {
        let text = include_str!("../tests/data/digisos-events.csv");
        let parsed = parse(text.as_bytes());
        assert_eq!((parsed.rows_in, parsed.observations.len(), parsed.rejections.len()), (7, 7, 0));
        for (line, observation) in text.lines().skip(1).zip(&parsed.observations) {
            let ObservedFact::Rollout { valid_from, .. } = &observation.fact else { panic!() };
            assert_eq!(valid_from.to_string(), line[..10], "the offset given is Oslo's");
        }
        let stages = parsed
            .observations
            .iter()
            .filter(|o| matches!(&o.fact, ObservedFact::Rollout { stage: Stage::Paused, .. }));
        assert_eq!(stages.map(|o| o.row).collect::<Vec<_>>(), [5]);
    }
}
