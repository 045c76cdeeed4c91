//! The oracle against answers worked out by hand.
//!
//! A and B (31, counties of one) become M on 1 January 2024; C splits into D and E then. A holds 300 persons, B 100,
//! C's parts 2 and 1. Solution alfa is live in A from 2023, and in D from February 2024.

use chrono::{DateTime, Utc};

use super::*;
use crate::world::*;

fn day(text: &str) -> Day {
    text.parse().expect("a date")
}

fn moment(text: &str) -> DateTime<Utc> {
    day(text).and_hms_opt(12, 0, 0).expect("noon").and_utc()
}

fn usage(code: &str, division: &str, start: &str, end: &str, state: &'static str, value: i64) -> Usage {
    Usage {
        solution_id: "alfa".into(),
        measure_id: "uses".into(),
        municipality_code: code.into(),
        division_date: day(division),
        organisation_number: None,
        period_start: day(start),
        period_end: day(end),
        value: (state == "ok").then_some(value),
        state,
        provisional: false,
        imputed: false,
        synthetic: false,
    }
}

const OLD: &str = "2020-01-01";
const NEW: &str = "2024-01-01";

fn municipalities() -> Vec<Municipality> {
    let rows = [
        ("3101", OLD, Some(NEW)),
        ("3102", OLD, Some(NEW)),
        ("3103", OLD, Some(NEW)),
        ("3111", NEW, None),
        ("3104", NEW, None),
        ("3105", NEW, None),
    ];
    let row = |(code, from, to): (&str, &str, Option<&str>)| Municipality {
        code: code.into(),
        name: code.into(),
        county_code: "31".into(),
        valid_from: day(from),
        valid_to: to.map(day),
    };
    rows.map(row).to_vec()
}

fn parts() -> Vec<MunicipalityPart> {
    let rows = [
        ("3101", OLD, "a", 300),
        ("3102", OLD, "b", 100),
        ("3103", OLD, "c", 2),
        ("3103", OLD, "d", 1),
        ("3111", NEW, "a", 300),
        ("3111", NEW, "b", 100),
        ("3104", NEW, "c", 2),
        ("3105", NEW, "d", 1),
    ];
    let part = |(code, division, id, persons): (&str, &str, &str, i64)| MunicipalityPart {
        municipality_code: code.into(),
        division_date: day(division),
        part_id: id.into(),
        persons,
    };
    rows.map(part).to_vec()
}

fn world() -> World {
    let event = |code: &str, division: &str, from: &str| RolloutEvent {
        solution_id: "alfa".into(),
        municipality_code: code.into(),
        division_date: day(division),
        stage: "in_production",
        valid_from: day(from),
        valid_to: None,
        known_at: moment(from),
    };
    let persons = |code: &str, persons: i64| Population {
        municipality_code: code.into(),
        division_date: day(OLD),
        reference_date: day("2023-01-01"),
        age_from: 0,
        age_to: None,
        persons,
    };
    World {
        recorded_at: moment("2025-06-01"),
        divisions: vec![
            Division { date: day(OLD), valid_to: Some(day(NEW)) },
            Division { date: day(NEW), valid_to: None },
        ],
        municipalities: municipalities(),
        counties: Vec::new(),
        parts: parts(),
        networks: Vec::new(),
        network_members: Vec::new(),
        peer_groups: Vec::new(),
        population: vec![persons("3101", 310), persons("3102", 90), persons("3103", 10)],
        target_groups: Vec::new(),
        solutions: vec![Solution { solution_id: "alfa".into() }],
        measures: vec![Measure {
            measure_id: "uses".into(),
            solution_id: "alfa".into(),
            kind: "flow",
            rollup: "sum",
            by_days: false,
        }],
        usage: vec![
            usage("3101", OLD, "2023-12-01", "2024-01-01", "ok", 40),
            usage("3103", OLD, "2023-12-01", "2024-01-01", "ok", 8),
            usage("3101", OLD, "2024-01-01", "2024-02-01", "ok", 50),
            usage("3104", NEW, "2024-01-01", "2024-02-01", "missing", 0),
        ],
        rollout_events: vec![event("3101", OLD, "2023-03-01"), event("3104", NEW, "2024-02-01")],
        unit_values: Vec::new(),
        prices: Vec::new(),
        membership_fees: Vec::new(),
        targets: Vec::new(),
        baselines: Vec::new(),
        expected_deliveries: Vec::new(),
        waves: Vec::new(),
        wave_members: Vec::new(),
        receipts: Vec::new(),
    }
}

fn context(kpi: &str, by: By, borders: Borders, policy: Policy, from: &str, to: &str) -> Vec<OracleRow> {
    let request = OracleRequest {
        kpi: kpi.into(),
        solution_id: "alfa".into(),
        measure_id: None,
        params: BTreeMap::new(),
        by,
        borders,
        policy,
        from: day(from),
        to: day(to),
        grain: Grain::Month,
    };
    answer(&world(), &request)
}

fn brief(rows: &[OracleRow]) -> Vec<String> {
    let cell = |row: &OracleRow| {
        let number = |n: Option<f64>| n.map_or("-".to_owned(), |n| n.to_string());
        let key = row.key.as_deref().unwrap_or("all");
        let (over, under) = (number(row.numerator), number(row.denominator));
        format!("{key} {over}/{under} {} {}", row.state, row.marks)
    };
    rows.iter().map(cell).collect()
}

#[test]
fn december_on_its_own_borders() {
    let rows = context(
        "adoption.usage_per_1000",
        By::Municipality,
        Borders::Then,
        Policy::ExactOnly,
        "2023-12-01",
        NEW,
    );
    // 3102 is not live and says nothing.
    assert_eq!(brief(&rows), ["3101 40/310 ok 0", "3102 -/- not_applicable 0", "3103 8/10 ok 0"]);
    assert_eq!(rows[0].value, Some(1000.0 * 40.0 / 310.0));
}

#[test]
fn december_on_the_borders_of_today() {
    let question = |policy| {
        context("adoption.usage_per_1000", By::Municipality, Borders::Now, policy, "2023-12-01", "2024-01-01")
    };
    // 3111 holds 3101 and 3102 whole, of which 3102 does not have it: a part of the territory. 3103 cannot be split exactly.
    assert_eq!(
        brief(&question(Policy::ExactOnly)),
        ["3104 -/- not_valid 0", "3105 -/- not_valid 0", "3111 40/400 ok 16"]
    );
    // 8 uses by 2:1 is 5 (8*2/3 rounded down) and the 3 that are left; 10 persons are 6 and 4.
    assert_eq!(
        brief(&question(Policy::PopulationShare)),
        ["3104 5/6 ok 64", "3105 3/4 ok 64", "3111 40/400 ok 16"]
    );
    // All to 3104. What 3103 reported was of 3105's land too, and no number of it can be placed there.
    assert_eq!(
        brief(&question(Policy::LargestSuccessor)),
        ["3104 8/10 ok 64", "3105 -/- not_valid 0", "3111 40/400 ok 16"]
    );
}

#[test]
fn january_under_an_old_code() {
    let rows = context(
        "adoption.usage_per_1000",
        By::Nation,
        Borders::Then,
        Policy::ExactOnly,
        "2024-01-01",
        "2024-02-01",
    );
    // 3111 has 50 of 400 by its old code. 3104 said missing. 3105 is not live, and neither has a denominator: 3103's ten
    // map nowhere. They live in the country all the same, 6 and 4 of them by share.
    assert_eq!(brief(&rows), ["all 50/400 ok 16"]);
    assert_eq!((rows[0].reported, rows[0].expected), (1, 2));
    assert_eq!((rows[0].coverage, rows[0].coverage_of_expected), (Some(400.0 / 410.0), Some(400.0 / 406.0)));
}

#[test]
fn status_is_that_of_the_newest_event_of_any_part() {
    let live = |from, to| {
        brief(&context("rollout.municipalities_live", By::Nation, Borders::Now, Policy::ExactOnly, from, to))
    };
    // 3111 through 3101; 3104 from its own event; 3105 never. December's split municipalities are not comparable.
    assert_eq!(live("2024-01-01", "2024-02-01"), ["all 1/3 ok 0"]);
    assert_eq!(live("2024-02-01", "2024-03-01"), ["all 2/3 ok 0"]);
    assert_eq!(live("2023-12-01", "2024-01-01"), ["all 1/1 ok 16"]);
}
