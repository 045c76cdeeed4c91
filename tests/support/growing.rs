//! A world that grows: nine municipalities of very different size and four years of use, each on its own way. The other
//! random worlds are too short for a trend to be told.

use chrono::Months;

use crate::tiny::tiny;
use crate::world::{
    Day, Division, Municipality, MunicipalityPart, NetworkMember, PeerGroup, Population, Target, Usage, World,
};
use crate::worlds::Random;

/// First month with use.
pub const FIRST: &str = "2016-06-01";

/// How many there are.
pub const MONTHS: u32 = 48;

const PERSONS: [i64; 9] = [230, 410, 900, 1500, 2600, 5200, 9000, 21_000, 140_000];

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

/// The growing world of a seed.
#[must_use]
pub fn growing(seed: u64) -> World {
    let mut rng = Random::new(seed);
    let begin = day("2015-01-01");
    let code = |at: usize| format!("31{:02}", at + 1);
    let all = || PERSONS.into_iter().enumerate();
    let tiny = tiny();
    let usage = all().flat_map(|(at, persons)| uses(&code(at), persons, begin, &mut rng)).collect();
    World {
        divisions: vec![Division { date: begin, valid_to: None }],
        municipalities: all()
            .map(|(at, _)| Municipality {
                code: code(at),
                name: format!("Kommune {}", code(at)),
                county_code: "31".into(),
                valid_from: begin,
                valid_to: None,
            })
            .collect(),
        parts: all()
            .map(|(at, persons)| MunicipalityPart {
                municipality_code: code(at),
                division_date: begin,
                part_id: code(at),
                persons,
            })
            .collect(),
        network_members: all()
            .skip(5)
            .map(|(at, _)| NetworkMember {
                network_id: "nord".into(),
                municipality_code: code(at),
                division_date: None,
                valid_from: None,
                valid_to: None,
            })
            .collect(),
        peer_groups: all()
            .map(|(at, _)| PeerGroup {
                group_code: if at < 4 { "EKG01".into() } else { "EKG02".into() },
                municipality_code: code(at),
                division_date: begin,
                ..tiny.peer_groups[0].clone()
            })
            .collect(),
        population: all().flat_map(|(at, persons)| people(&code(at), persons, begin)).collect(),
        usage,
        targets: targets(begin),
        rollout_events: Vec::new(),
        baselines: Vec::new(),
        expected_deliveries: Vec::new(),
        waves: Vec::new(),
        wave_members: Vec::new(),
        ..tiny
    }
}

fn people(code: &str, persons: i64, begin: Day) -> Vec<Population> {
    let row = |age_from| Population {
        municipality_code: code.into(),
        division_date: begin,
        reference_date: begin,
        age_from,
        age_to: None,
        persons,
    };
    vec![row(0), row(16)]
}

/// A line that bends, leaps or stops as the dice fall; a month in twenty is lacking.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "counts of persons")]
fn uses(code: &str, persons: i64, begin: Day, rng: &mut Random) -> Vec<Usage> {
    let percent = |rng: &mut Random, low, high| rng.between(low, high) as f64 / 100.0;
    let (start, rise) = (percent(rng, 5, 40), percent(rng, 0, 200) / 100.0);
    let (bend, scatter) = (percent(rng, 97, 101), percent(rng, 1, 300) / 100.0);
    let leap = rng.between(0, 90);
    let mut share = start;
    let mut rows = Vec::new();
    for month in 0..MONTHS {
        share += rise * bend.powi(i32::try_from(month).expect("few months"));
        share += if i64::from(month) == leap { 0.22 } else { 0.0 };
        let throws = (0..4).map(|_| percent(rng, -100, 100)).sum::<f64>() / 2.0;
        let counted = ((share + scatter * throws).clamp(0.0, 0.99) * persons as f64).round() as i64;
        let silent = rng.chance(5);
        rows.push(Usage {
            solution_id: "post".into(),
            measure_id: "users_active".into(),
            municipality_code: code.into(),
            division_date: begin,
            organisation_number: None,
            period_start: day(FIRST) + Months::new(month),
            period_end: day(FIRST) + Months::new(month + 1),
            value: (!silent).then_some(counted),
            state: if silent { "missing" } else { "ok" },
            provisional: false,
            imputed: false,
            synthetic: false,
        });
    }
    rows
}

/// One goal for all, a higher one for the network, and one of its own for the first municipality.
fn targets(begin: Day) -> Vec<Target> {
    let goal = |scope: &str, value, due: &str| Target {
        metric: "adoption.reach",
        solution_id: "post".into(),
        scope: scope.into(),
        value,
        baseline_period: begin,
        baseline_value: 0.0,
        path: "straight",
        due: day(due),
    };
    vec![
        goal("nation", 0.6, "2020-10-10"),
        goal("network:nord", 0.75, "2021-09-30"),
        goal("municipality:3101", 1.0, "2020-12-31"),
    ]
}
