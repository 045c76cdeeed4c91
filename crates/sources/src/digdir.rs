//! Answers of Digdir's statistics API: points stamped in UTC, made into what happened, or was the case, on an Oslo day.
//! The same interface carries flows and stocks, stamped at either end of the hour; a [`Series`] declares which.

mod gather;

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utbredt_model::{MeasureId, MeasureKind, Parsed, Reason, ReasonCode, Rejection, SolutionId, Stamp};

use self::gather::Gather;

/// The interface cuts an aggregation at this many points without a word.
pub const SILENT_CUT: usize = 10_000;

/// The distance between a series' points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// An hour.
    Hours,
    /// A day, Oslo's or UTC's.
    Days,
    /// A month.
    Months,
}

/// What is known about one series of the interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// The organisation number of the owner, `991825827`.
    pub owner: String,
    /// The series' name, `idporten-innlogging`.
    pub series: String,
    /// The distance between its points.
    pub distance: Distance,
    /// Which end of its window a point's stamp names.
    pub stamp: Stamp,
    /// Flows are added within the day; of stocks and the rest the day's last point counts.
    pub kind: MeasureKind,
    /// The solution whose use it counts.
    pub solution_id: SolutionId,
    /// The measurements read, and our names for them.
    pub measures: BTreeMap<String, MeasureId>,
    /// Measurements known and left alone.
    #[serde(default)]
    pub ignore: BTreeSet<String>,
    /// The category that holds the organisation number.
    pub organisation_category: String,
    /// Categories whose values are added together, as the services of one organisation.
    #[serde(default)]
    pub sum_categories: BTreeSet<String>,
    /// Categories of which one value is read, as the one status of a message.
    #[serde(default)]
    pub filter: BTreeMap<String, String>,
}

/// Reads an answer: a JSON array of points, or an array of such answers, each about a part of the time.
/// Points that `filter` does not choose are counted in `rows_in` only.
///
/// Hours become Oslo days. An hour without any point was never delivered, so its day is provisional; so is the
/// day of an organisation one of whose points was refused.
#[must_use]
pub fn parse(bytes: &[u8], series: &Series) -> Parsed {
    let mut parsed = Parsed::default();
    let answers = match answers(bytes) {
        Ok(answers) => answers,
        Err(error) => {
            parsed.breaches.push(format!("the answer is not a whole JSON array of points: {error}"));
            return parsed;
        }
    };
    // An answer of exactly so many may be whole, but it cannot be known.
    if answers.iter().any(|answer| answer.len() == SILENT_CUT) {
        let breach = format!(
            "the answer has exactly {SILENT_CUT} points, where the source cuts it off; request less time"
        );
        parsed.breaches.push(breach);
    }
    let points: Vec<Value> = answers.into_iter().flatten().collect();
    parsed.rows_in = points.len() as u64;
    if points.is_empty() {
        parsed.breaches.push("the answer has no points".to_owned());
    }
    // Found before anything is counted: the first of two differing points is refused as well.
    let contradicted = repeated(&points);
    let mut gather = Gather::new(series);
    for (index, point) in points.iter().enumerate() {
        let row = index as u64 + 1;
        let mut reasons = Vec::new();
        match contradicted.get(&index) {
            Some(reason) => reasons.push(reason.clone()),
            None => gather.take(row, point, &mut reasons),
        }
        parsed
            .rejections
            .extend(reasons.into_iter().map(|reason| Rejection::new(row, reason, point.to_string())));
    }
    gather.finish(&mut parsed);
    parsed
}

/// The answers of a payload.
fn answers(bytes: &[u8]) -> Result<Vec<Vec<Value>>, serde_json::Error> {
    let all: Vec<Value> = serde_json::from_slice(bytes)?;
    // A payload of several requests is an array of arrays; an empty array counts as one answer.
    if all.is_empty() || !all.iter().all(Value::is_array) {
        return Ok(vec![all]);
    }
    Ok(all
        .into_iter()
        .filter_map(|answer| if let Value::Array(points) = answer { Some(points) } else { None })
        .collect())
}

/// Points that occur twice: a point is its stamp and its categories. Equal ones leave one, differing ones none.
fn repeated(points: &[Value]) -> BTreeMap<usize, Reason> {
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    let mut out = BTreeMap::new();
    for (index, point) in points.iter().enumerate() {
        let Some(stamp) = point.get("timestamp").and_then(Value::as_str) else { continue };
        // By the moment, since one may be written with two offsets.
        let stamp =
            DateTime::parse_from_rfc3339(stamp).map_or_else(|_| stamp.to_owned(), |t| t.to_utc().to_string());
        // Sorted: the source gives categories in changing order.
        let sorted: BTreeMap<_, _> =
            point.get("categories").and_then(Value::as_object).into_iter().flatten().collect();
        match first.entry(format!("{stamp} {sorted:?}")) {
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(index);
            }
            std::collections::btree_map::Entry::Occupied(at) => {
                let at = *at.get();
                if points[at].get("measurements") == point.get("measurements") {
                    let text = format!("duplicate of point {}", at + 1);
                    out.insert(index, Reason::new(ReasonCode::Duplicate, text));
                } else {
                    out.insert(index, contradiction(at));
                    out.entry(at).or_insert_with(|| contradiction(index));
                }
            }
        }
    }
    out
}

fn contradiction(other: usize) -> Reason {
    let text = format!("contradicts point {}: same time and categories, other numbers", other + 1);
    Reason::new(ReasonCode::Contradiction, text)
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};
    use utbredt_model::{Marks, Observation, ObservedFact, Subject};

    use super::*;
    use crate::conformance::conformance;

    #[test]
    fn answers_one_after_the_other_are_one_payload() {
        let (one, two) = (point("2024-01-01T00:00:00Z", "a", 3), point("2024-01-01T01:00:00Z", "a", 4));
        let whole = parse(format!("[{one},{two}]").as_bytes(), &flow());
        let parts = parse(format!("[[{one}],[],[{two}]]").as_bytes(), &flow());
        assert_eq!(parts, whole);
        assert_eq!((parts.rows_in, parts.observations.len()), (2, 1));
        // Each answer may be cut, and only each: two that are 10,000 together were not.
        let many = |count: usize| vec![r#"{"timestamp":"x"}"#; count].join(",");
        let cut =
            |text: String| parse(text.as_bytes(), &flow()).breaches.iter().any(|b| b.contains("cuts it off"));
        assert!(cut(format!("[[{}],[]]", many(SILENT_CUT))));
        assert!(!cut(format!("[[{}],[{}]]", many(SILENT_CUT / 2), many(SILENT_CUT / 2))));
    }

    fn series(more: &str) -> Series {
        let base = "owner = \"991825827\"\nseries = \"idporten-innlogging\"\ndistance = \"hours\"\n\
            solution_id = \"idporten\"\norganisation_category = \"TE-orgnum\"\n";
        toml::from_str(&format!("{base}{more}")).unwrap()
    }

    fn flow() -> Series {
        series(
            "stamp = \"start\"\nkind = \"flow\"\nmeasures = { Antall = \"logins\" }\nsum_categories = [\"TE\"]\n",
        )
    }

    fn point(at: &str, service: &str, value: i64) -> String {
        format!(
            "{{\"timestamp\":\"{at}\",\"measurements\":{{\"Antall\":{value}}},\
             \"categories\":{{\"TE\":\"{service}\",\"TE-orgnum\":\"920290922\"}}}}"
        )
    }

    fn answer(points: &[String]) -> Vec<u8> {
        format!("[{}]", points.join(",")).into_bytes()
    }

    fn shown(parsed: &Parsed) -> Vec<String> {
        let one = |o: &Observation| match (&o.subject, &o.fact) {
            (Subject::Organisation(n), ObservedFact::Usage { measure_id, period, value, marks, .. }) => {
                format!(
                    "{n} {measure_id} {period} {}{}",
                    value.unwrap(),
                    if marks.has(Marks::PROVISIONAL) { " p" } else { "" }
                )
            }
            other => panic!("{other:?}"),
        };
        parsed.observations.iter().map(one).collect()
    }

    fn day_of_hours(first: &str, count: i64, value: i64) -> Vec<String> {
        let start: DateTime<Utc> = first.parse().unwrap();
        let stamp = |h| (start + TimeDelta::hours(h)).to_rfc3339();
        (0..count).map(|h| point(&stamp(h), "A", value)).collect()
    }

    #[test]
    fn it_keeps_its_promises() {
        let sample = answer(&[point("2022-01-12T09:00:00Z", "A", 12), point("2022-01-12T10:00:00Z", "B", 1)]);
        conformance(|bytes| parse(bytes, &flow()), &[&sample], false);
    }

    #[test]
    fn flows_are_added_over_hours_and_services() {
        let points = [
            point("2022-01-12T09:00:00Z", "A", 12),
            point("2022-01-12T09:00:00Z", "B", 3),
            point("2022-01-12T22:00:00Z", "A", 5),
            point("2022-01-12T23:00:00Z", "A", 100),
        ];
        // 23:00 in UTC is already the 13th in Oslo.
        let expected = ["920290922 logins 2022-01-12 20 p", "920290922 logins 2022-01-13 100 p"];
        assert_eq!(shown(&parse(&answer(&points), &flow())), expected);
    }

    #[test]
    fn a_day_with_all_its_hours_is_final() {
        for (first, hours, day) in [
            ("2024-01-31T23:00:00Z", 24, "2024-02-01"),
            ("2024-03-30T23:00:00Z", 23, "2024-03-31"),
            ("2024-10-26T22:00:00Z", 25, "2024-10-27"),
        ] {
            let whole = parse(&answer(&day_of_hours(first, hours, 2)), &flow());
            assert_eq!(shown(&whole), [format!("920290922 logins {day} {}", hours * 2)]);
            let short = parse(&answer(&day_of_hours(first, hours - 1, 2)), &flow());
            assert_eq!(shown(&short), [format!("920290922 logins {day} {} p", hours * 2 - 2)]);
        }
    }

    #[test]
    fn an_end_stamp_belongs_to_the_hour_before() {
        let mut series = flow();
        series.stamp = Stamp::End;
        let points = [point("2022-01-12T23:00:00Z", "A", 5), point("2022-01-13T00:00:00Z", "A", 7)];
        let expected = ["920290922 logins 2022-01-12 5 p", "920290922 logins 2022-01-13 7 p"];
        assert_eq!(shown(&parse(&answer(&points), &series)), expected);
        series.distance = Distance::Days;
        let days = [point("2022-01-12T23:00:00Z", "A", 5), point("2022-01-14T00:00:00Z", "A", 7)];
        let expected = ["920290922 logins 2022-01-12 5", "920290922 logins 2022-01-13 7"];
        assert_eq!(shown(&parse(&answer(&days), &series)), expected);
        series.distance = Distance::Months;
        let months = [point("2022-01-31T23:00:00Z", "A", 5), point("2022-03-01T00:00:00Z", "A", 7)];
        let expected = ["920290922 logins 2022-01 5", "920290922 logins 2022-02 7"];
        assert_eq!(shown(&parse(&answer(&months), &series)), expected);
    }

    #[test]
    fn of_a_stock_the_last_point_counts() {
        let mut series = flow();
        series.kind = MeasureKind::Stock;
        let points = [
            point("2022-01-12T10:00:00Z", "A", 50),
            point("2022-01-12T10:00:00Z", "B", 1),
            point("2022-01-12T09:00:00Z", "A", 70),
        ];
        assert_eq!(shown(&parse(&answer(&points), &series)), ["920290922 logins 2022-01-12 51 p"]);
    }

    #[test]
    fn points_that_cannot_be_believed_say_why() {
        let good = point("2022-01-12T09:00:00Z", "A", 12);
        for (bad, word) in [
            (good.replace("920290922", ""), "is empty"),
            (good.replace("920290922", "920290923"), "control digit"),
            (good.replace("\"TE\"", "\"TL\""), "category `TL` is new"),
            (good.replace(":12}", ":1.5}"), "not a whole number"),
            (good.replace(":12}", ":-1}"), "not a whole number"),
            (good.replace("Antall", "MinID App"), "new measurement id `MinID App`"),
            (good.replace("09:00:00Z", "25"), "`timestamp`"),
            ("7".to_owned(), "`timestamp`"),
        ] {
            let parsed = parse(&answer(&[bad, point("2022-01-12T10:00:00Z", "A", 1)]), &flow());
            assert_eq!(parsed.rejections.len(), 1, "{parsed:?}");
            assert!(parsed.rejections[0].reason.contains(word), "{}", parsed.rejections[0].reason);
            assert_eq!(shown(&parsed), ["920290922 logins 2022-01-12 1 p"]);
        }
        let parsed = parse(&answer(&[good.clone(), good.clone()]), &flow());
        assert_eq!(shown(&parsed), ["920290922 logins 2022-01-12 12 p"]);
        assert_eq!(parsed.rejections[0].reason, "duplicate of point 1");
        let parsed = parse(&answer(&[good.clone(), good.replace(":12}", ":13}")]), &flow());
        assert!(parsed.observations.is_empty());
        assert_eq!(parsed.rejections.iter().map(|r| r.row).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn an_answer_of_other_measurements_is_held_back() {
        let good = point("2022-01-12T09:00:00Z", "A", 12);
        let parsed = parse(&answer(&[good.replace("Antall", "Totalt")]), &flow());
        assert!(parsed.breaches[0].contains("`Totalt` is new"), "{parsed:?}");
        let both =
            parse(&answer(&[good.clone(), good.replace("Antall", "Totalt").replace("09:", "10:")]), &flow());
        assert!(both.breaches.is_empty(), "{both:?}");
    }

    #[test]
    fn an_answer_that_was_cut_off_is_held_back() {
        let breach = |points: &[String]| parse(&answer(points), &flow()).breaches;
        assert!(breach(&day_of_hours("2020-01-01T00:00:00Z", 10_000, 1))[0].contains("exactly 10000 points"));
        assert!(breach(&day_of_hours("2020-01-01T00:00:00Z", 9_999, 1)).is_empty());
        assert!(parse(b"[{\"timestamp\":", &flow()).breaches[0].contains("not a whole JSON array"));
    }

    #[test]
    fn answers_of_three_series_are_read() {
        let mut idporten = flow();
        idporten.sum_categories =
            ["TE", "TL", "TE-entityId", "TL-orgnum", "TL-entityId"].map(String::from).into();
        let parsed = parse(include_bytes!("../tests/data/digdir-idporten-hours.json"), &idporten);
        assert_eq!(shown(&parsed), ["920290922 logins 2022-01-12 8 p"]);
        // Two measurement ids that are not mapped, and one point without an organisation's number.
        let codes: Vec<_> = parsed.rejections.iter().map(|rejection| rejection.code).collect();
        assert_eq!(codes, [ReasonCode::UnknownWord, ReasonCode::UnknownWord, ReasonCode::MissingField]);

        let mut efm = flow();
        efm.measures = [("antall".to_owned(), MeasureId::parse("messages").unwrap())].into();
        efm.stamp = Stamp::End;
        efm.organisation_category = "orgnr".to_owned();
        efm.sum_categories = ["service_identifier".to_owned()].into();
        efm.filter = [("status".to_owned(), "LEVERT".to_owned())].into();
        let parsed = parse(include_bytes!("../tests/data/digdir-efm-hours.json"), &efm);
        assert_eq!(shown(&parsed), ["920290922 messages 2021-03-16 6 p"]);
        assert_eq!((parsed.rows_in, parsed.rejections.len()), (2, 0));

        let parsed = parse(include_bytes!("../tests/data/digdir-kontaktregister-hours.json"), &efm);
        assert!(parsed.observations.is_empty());
        assert!(parsed.rejections[0].reason.contains("`status` is missing"));
    }
}
