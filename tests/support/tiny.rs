//! The tiny world of `tests/kpi`: five municipalities, one merger, one solution, few months. A reader can hold it
//! in the head, so every expected value in the `.slt` files is worked out by hand.
//!
//! | code | name | county | until 2020 | from 2020 | inhabitants |
//! |---|---|---|---|---|---|
//! | 0101 | Aust | 01 | alone | merges into 3001 | 100 |
//! | 0102 | Vest | 01 | alone | merges into 3001 | 300 |
//! | 3001 | Storby | 30 | – | Aust and Vest | 400 |
//! | 0201 | Nes | 02 | alone | same | 200 |
//! | 0202 | Øy | 02 | alone | same | 400, never delivers |
//!
//! A second solution, `sak`, was tried in the first months of 2019 and given up: what is told of it shows habits, zeros and
//! a report that is lacking.
//!
//! Of a third, `kart`, only stages are known, some of them of one day; of a fourth, `tavle`, nothing is.
//!
//! Network `nord` is Storby and Nes; all three of today's municipalities are of KOSTRA group EKG01.

use chrono::{DateTime, Days, NaiveDate};

use crate::world::{
    Baseline, County, Day, Division, ExpectedDelivery, Measure, MembershipFee, Municipality,
    MunicipalityPart, Network, NetworkMember, PeerGroup, Population, Price, Receipt, RolloutEvent, Solution,
    Target, TargetGroup, UnitValue, Usage, Wave, WaveMember, World,
};

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

const OLD: &str = "2017-01-01";
const NEW: &str = "2020-01-01";

/// The tiny world.
#[must_use]
pub fn tiny() -> World {
    World {
        recorded_at: DateTime::parse_from_rfc3339("2020-06-15T12:00:00Z").expect("a moment").to_utc(),
        divisions: vec![
            Division { date: day(OLD), valid_to: Some(day(NEW)) },
            Division { date: day(NEW), valid_to: None },
        ],
        municipalities: municipalities(),
        counties: [("01", "Øst"), ("02", "Kyst"), ("30", "Stor")]
            .map(|(code, name)| County { code: code.into(), name: name.into() })
            .into(),
        parts: parts(),
        networks: vec![Network { network_id: "nord".into(), name: "Nord".into() }],
        network_members: ["3001", "0201"]
            .map(|code| NetworkMember {
                network_id: "nord".into(),
                municipality_code: code.into(),
                division_date: None,
                valid_from: None,
                valid_to: None,
            })
            .into(),
        peer_groups: ["3001", "0201", "0202"]
            .map(|code| PeerGroup {
                scheme: "kostra".into(),
                version: "2020".into(),
                group_code: "EKG01".into(),
                municipality_code: code.into(),
                division_date: day(NEW),
            })
            .into(),
        population: population(),
        target_groups: ["post", "torg"]
            .map(|id| TargetGroup {
                target_group_id: "grown-up".into(),
                solution_id: id.into(),
                age_from: 16,
                age_to: None,
            })
            .into(),
        solutions: ["post", "brev", "sak", "kart", "tavle", "torg"]
            .map(|id| Solution { solution_id: id.into() })
            .into(),
        measures: measures(),
        usage: [usage(), tried(), letters(), market(), weeks()].concat(),
        rollout_events: events(),
        unit_values: unit_values(),
        prices: prices(),
        membership_fees: vec![MembershipFee {
            network_id: None,
            ore_a_year: 60_000,
            ore_per_inhabitant_a_year: 600,
            ore_a_year_max: Some(240_000),
            host_code: None,
            valid_from: day(OLD),
            valid_to: None,
        }],
        targets: targets(),
        baselines: baselines(),
        expected_deliveries: expected_deliveries(),
        waves: ["first", "second"].map(|id| Wave { wave_id: id.into(), solution_id: "post".into() }).into(),
        wave_members: wave_members(),
        receipts: receipts(),
    }
}

fn measures() -> Vec<Measure> {
    let row = |id: &str, kind, rollup| Measure {
        measure_id: id.into(),
        solution_id: "post".into(),
        kind,
        rollup,
        by_days: false,
    };
    let tried = Measure { solution_id: "sak".into(), ..row("uses", "flow", "sum") };
    let letters = Measure { measure_id: "letters".into(), ..tried.clone() };
    let market = Measure { solution_id: "torg".into(), ..tried.clone() };
    // Both are reported by weeks.
    let visits = Measure { measure_id: "visits".into(), by_days: true, ..market.clone() };
    let calls = Measure { measure_id: "calls".into(), ..market.clone() };
    let post = [row("users_active", "stock", "last"), row("uses", "flow", "sum")];
    post.into_iter().chain([tried, letters, market, visits, calls]).collect()
}

/// What is told of a month is due on the 10th of the next.
fn expected_deliveries() -> Vec<ExpectedDelivery> {
    let row = |(start, end): (Day, Day)| ExpectedDelivery {
        source_id: "post-office".into(),
        solution_id: "post".into(),
        measure_id: "uses".into(),
        period_start: start,
        period_end: end,
        due: end + Days::new(9),
    };
    months().map(row).into()
}

/// What was used before post: 10 a month in Nes, nothing in the others.
fn baselines() -> Vec<Baseline> {
    let row = |(code, value_a_month): (&str, i64)| Baseline {
        solution_id: "post".into(),
        measure_id: "uses".into(),
        municipality_code: code.into(),
        division_date: day(OLD),
        value_a_month,
    };
    [("0101", 0), ("0102", 0), ("0201", 10), ("0202", 0)].map(row).into()
}

/// One wave, planned for a day of each; and one of Storby.
fn wave_members() -> Vec<WaveMember> {
    let row = |(code, planned): (&str, &str)| WaveMember {
        wave_id: "first".into(),
        municipality_code: code.into(),
        division_date: day(OLD),
        planned_date: Some(day(planned)),
    };
    let mut rows =
        Vec::from([("0101", "2019-11-01"), ("0201", "2019-12-09"), ("0202", "2020-01-06")].map(row));
    rows.push(WaveMember { wave_id: "second".into(), division_date: day(NEW), ..row(("3001", NEW)) });
    rows
}

/// Three files from the post office: two in January, the second of them held; one at the end of February. One from
/// another source, invented, in February.
fn receipts() -> Vec<Receipt> {
    let row = |source: &str, at: &str, rows_in, rows_rejected, state| Receipt {
        source_id: source.into(),
        received_at: DateTime::parse_from_rfc3339(at).expect("a moment").to_utc(),
        rows_in,
        rows_rejected,
        synthetic: source == "inventor",
        state,
    };
    vec![
        row("post-office", "2020-01-01T00:00:00+01:00", 60, 3, "accepted"),
        row("post-office", "2020-01-31T23:59:59+01:00", 20, 17, "held"),
        row("post-office", "2020-02-29T08:00:00Z", 50, 0, "accepted"),
        row("inventor", "2020-02-10T08:00:00Z", 150, 20, "accepted"),
    ]
}

/// November 2019 to February 2020.
fn months() -> [(Day, Day); 4] {
    [("2019-11-01", "2019-12-01"), ("2019-12-01", NEW), (NEW, "2020-02-01"), ("2020-02-01", "2020-03-01")]
        .map(|(start, end)| (day(start), day(end)))
}

fn municipalities() -> Vec<Municipality> {
    let row = |code: &str, name: &str, from: &str, to: Option<&str>| Municipality {
        code: code.into(),
        name: name.into(),
        county_code: code[..2].into(),
        valid_from: day(from),
        valid_to: to.map(day),
    };
    vec![
        row("0101", "Aust", OLD, Some(NEW)),
        row("0102", "Vest", OLD, Some(NEW)),
        row("0201", "Nes", OLD, None),
        row("0202", "Øy", OLD, None),
        row("3001", "Storby", NEW, None),
    ]
}

fn parts() -> Vec<MunicipalityPart> {
    let row = |code: &str, division: &str, part: &str, persons| MunicipalityPart {
        municipality_code: code.into(),
        division_date: day(division),
        part_id: part.into(),
        persons,
    };
    vec![
        row("0101", OLD, "aust", 100),
        row("0102", OLD, "vest", 300),
        row("0201", OLD, "nes", 200),
        row("0202", OLD, "oy", 400),
        row("3001", NEW, "aust", 100),
        row("3001", NEW, "vest", 300),
        row("0201", NEW, "nes", 200),
        row("0202", NEW, "oy", 400),
    ]
}

/// Everybody, and of them the grown-up: four of five.
fn population() -> Vec<Population> {
    let mut rows = Vec::new();
    let of = [
        ("2019-01-01", OLD, [("0101", 100), ("0102", 300), ("0201", 200), ("0202", 400)].as_slice()),
        (NEW, NEW, [("3001", 400), ("0201", 200), ("0202", 400)].as_slice()),
    ];
    for (reference, division, people) in of {
        for (code, persons) in people {
            for (age_from, persons) in [(0, *persons), (16, *persons * 4 / 5)] {
                rows.push(Population {
                    municipality_code: (*code).into(),
                    division_date: day(division),
                    reference_date: day(reference),
                    age_from,
                    age_to: None,
                    persons,
                });
            }
        }
    }
    rows
}

/// Nes is planned in October 2019. Aust agrees on 6 October, Nes on 1 November, Øy on 1 December. Aust goes live in
/// November and Nes in December; Øy in January 2020. Storby is said to be live from 3 January 2020, and Aust is taken
/// off the list on the 10th: its old code is swept out, nothing more.
fn events() -> Vec<RolloutEvent> {
    let row = |code: &str, division: &str, stage: &'static str, from: &str| RolloutEvent {
        solution_id: "post".into(),
        municipality_code: code.into(),
        division_date: day(division),
        stage,
        valid_from: day(from),
        valid_to: None,
        known_at: NaiveDate::and_hms_opt(&day(from), 10, 0, 0).expect("ten o'clock").and_utc(),
    };
    vec![
        row("0201", OLD, "planned", "2019-10-01"),
        row("0101", OLD, "agreed", "2019-10-06"),
        row("0201", OLD, "agreed", "2019-11-01"),
        row("0202", OLD, "agreed", "2019-12-01"),
        row("0101", OLD, "in_production", "2019-11-05"),
        row("0201", OLD, "in_production", "2019-12-09"),
        row("3001", NEW, "in_production", "2020-01-03"),
        row("0101", OLD, "paused", "2020-01-10"),
        row("0202", NEW, "in_production", "2020-01-20"),
        // The other solution, of which nothing but its beginning is known.
        RolloutEvent { solution_id: "brev".into(), ..row("0101", OLD, "in_production", "2018-03-05") },
        RolloutEvent { solution_id: "brev".into(), ..row("0201", OLD, "in_production", "2018-06-18") },
        // Aust tries it. Nes is in two stages on one day, both known at once; Øy's is corrected an hour later.
        RolloutEvent { solution_id: "kart".into(), ..row("0101", OLD, "pilot", "2019-01-07") },
        RolloutEvent { solution_id: "kart".into(), ..row("0201", OLD, "agreed", "2019-01-14") },
        RolloutEvent { solution_id: "kart".into(), ..row("0201", OLD, "in_production", "2019-01-14") },
        RolloutEvent { solution_id: "kart".into(), ..row("0202", OLD, "in_production", "2019-01-21") },
        RolloutEvent {
            solution_id: "kart".into(),
            known_at: day("2019-01-21").and_hms_opt(11, 0, 0).expect("eleven o'clock").and_utc(),
            ..row("0202", OLD, "agreed", "2019-01-21")
        },
        // What all have, until Øy and then the others give it up.
        RolloutEvent { solution_id: "torg".into(), ..row("0101", OLD, "in_production", "2018-01-08") },
        RolloutEvent { solution_id: "torg".into(), ..row("0102", OLD, "in_production", "2018-01-08") },
        RolloutEvent { solution_id: "torg".into(), ..row("0201", OLD, "in_production", "2018-01-08") },
        RolloutEvent { solution_id: "torg".into(), ..row("0202", OLD, "in_production", "2018-01-08") },
        RolloutEvent { solution_id: "torg".into(), ..row("0202", OLD, "withdrawn", "2019-08-01") },
        RolloutEvent { solution_id: "torg".into(), ..row("0101", OLD, "withdrawn", "2019-09-02") },
        RolloutEvent { solution_id: "torg".into(), ..row("0102", OLD, "withdrawn", "2019-09-02") },
        RolloutEvent { solution_id: "torg".into(), ..row("0201", OLD, "withdrawn", "2019-09-02") },
        // What was tried and given up.
        RolloutEvent { solution_id: "sak".into(), ..row("0101", OLD, "in_production", "2019-01-07") },
        RolloutEvent { solution_id: "sak".into(), ..row("0101", OLD, "withdrawn", "2019-06-03") },
        RolloutEvent { solution_id: "sak".into(), ..row("0201", OLD, "in_production", "2019-01-21") },
        RolloutEvent { solution_id: "sak".into(), ..row("0201", OLD, "withdrawn", "2019-06-03") },
        RolloutEvent { solution_id: "sak".into(), ..row("0202", OLD, "in_production", "2019-03-04") },
        RolloutEvent { solution_id: "sak".into(), ..row("0202", OLD, "withdrawn", "2019-06-03") },
    ]
}

fn usage() -> Vec<Usage> {
    let mut rows = Vec::new();
    let of = [
        ("0101", OLD, 0, 8, 20),
        ("0101", OLD, 1, 16, 30),
        ("0201", OLD, 1, 16, 50),
        ("3001", NEW, 2, 80, 100),
        ("3001", NEW, 3, 96, 140),
        ("0201", NEW, 2, 32, 60),
        ("0201", NEW, 3, 40, 40),
    ];
    for (code, division, month, users, uses) in of {
        for (measure, value) in [("users_active", users), ("uses", uses)] {
            let (period_start, period_end) = months()[month];
            rows.push(Usage {
                solution_id: "post".into(),
                measure_id: measure.into(),
                municipality_code: code.into(),
                division_date: day(division),
                organisation_number: None,
                period_start,
                period_end,
                value: Some(value),
                state: "ok",
                provisional: false,
                imputed: false,
                synthetic: false,
            });
        }
    }
    rows
}

/// What was told of the solution that was given up: Nes used it every month, Aust in January only and told no number for
/// April, Øy never. When it was given up, Nes used it in August and September all the same.
fn tried() -> Vec<Usage> {
    let stated =
        [("0101", 1, 4), ("0101", 2, 0), ("0101", 3, 0), ("0201", 1, 5), ("0201", 2, 6), ("0201", 3, 7)];
    let later = [("0201", 4, 8), ("0202", 3, 0), ("0202", 4, 0), ("0201", 8, 8), ("0201", 9, 6)];
    let row = |(code, month, value): (&str, u32, i64)| Usage {
        solution_id: "sak".into(),
        measure_id: "uses".into(),
        municipality_code: code.into(),
        division_date: day(OLD),
        organisation_number: None,
        period_start: Day::from_ymd_opt(2019, month, 1).expect("a day"),
        period_end: Day::from_ymd_opt(2019, month + 1, 1).expect("a day"),
        value: Some(value),
        state: "ok",
        provisional: false,
        imputed: false,
        synthetic: false,
    };
    stated.into_iter().chain(later).map(row).collect()
}

/// What all four have had since 2018: in June 2019 one, two, three and four of ten grown-up use it. In July Aust is
/// silent; in August Øy has given it up. The others use it as before.
fn market() -> Vec<Usage> {
    let all = [("0101", 8), ("0102", 48), ("0201", 48), ("0202", 128)];
    let of = [(6, all.as_slice()), (7, &all[1..]), (8, &all[..3])];
    let mut rows = Vec::new();
    for (month, stated) in of {
        for (code, value) in stated {
            let period = |month| Day::from_ymd_opt(2019, month, 1).expect("a day");
            rows.push(Usage {
                solution_id: "torg".into(),
                municipality_code: (*code).into(),
                period_start: period(month),
                period_end: period(month + 1),
                value: Some(*value),
                ..tried().remove(0)
            });
        }
    }
    rows
}

/// The visits and the calls of Aust, by weeks: from 27 May 2019, of which two days are in June, to 4 August. The first
/// week has 71, the last 15, the eight between them 10 each.
fn weeks() -> Vec<Usage> {
    let mut rows = Vec::new();
    for measure in ["visits", "calls"] {
        let mut start = day("2019-05-27");
        for value in [71, 10, 10, 10, 10, 10, 10, 10, 10, 15] {
            let end = start + Days::new(7);
            rows.push(Usage {
                solution_id: "torg".into(),
                measure_id: measure.into(),
                period_start: start,
                period_end: end,
                value: Some(value),
                ..tried().remove(0)
            });
            start = end;
        }
    }
    rows
}

/// The letters that Nes sent with it: 10, 20 and 30.
fn letters() -> Vec<Usage> {
    let mut rows: Vec<Usage> =
        tried().into_iter().filter(|row| row.municipality_code == "0201").take(3).collect();
    for (row, value) in rows.iter_mut().zip([10, 20, 30]) {
        row.measure_id = "letters".into();
        row.value = Some(value);
    }
    rows
}

/// One source for `post` and for `torg`. For `sak` two say what a use spares, one of them an assumption; and a newer assumption says that
/// the time it saves is longer from February 2019 on.
fn unit_values() -> Vec<UnitValue> {
    let of_sak = |row: UnitValue, source: &str, quality, from: &str| UnitValue {
        solution_id: "sak".into(),
        source: source.into(),
        quality,
        valid_from: day(from),
        ..row
    };
    // What a letter costs is known from February 2019 on.
    let letters = |row: UnitValue, from: &str| UnitValue {
        solution_id: "sak".into(),
        measure_id: "letters".into(),
        valid_from: day(from),
        ..row
    };
    vec![
        worth("avoided_cost", 1000, 2000, 3000),
        worth("saved_time", 60, 120, 180),
        of_sak(worth("avoided_cost", 3000, 4000, 5000), "A", "assumption", OLD),
        of_sak(worth("avoided_cost", 1000, 1400, 1800), "B", "published", OLD),
        of_sak(worth("avoided_cost", 1100, 1500, 1900), "C", "published", OLD),
        of_sak(worth("saved_time", 1800, 3600, 7200), "B", "published", OLD),
        of_sak(worth("saved_time", 3600, 7200, 9000), "A", "assumption", "2019-02-01"),
        letters(worth("saved_time", 60, 120, 180), OLD),
        letters(worth("avoided_cost", 1000, 2000, 3000), "2019-02-01"),
        UnitValue { solution_id: "torg".into(), ..worth("avoided_cost", 1000, 2000, 3000) },
    ]
}

fn worth(benefit_kind: &'static str, low: i64, central: i64, high: i64) -> UnitValue {
    UnitValue {
        solution_id: "post".into(),
        measure_id: "uses".into(),
        benefit_kind,
        low,
        central,
        high,
        source: "printed".into(),
        quality: "assumption",
        valid_from: day(OLD),
        valid_to: None,
    }
}

/// What post costs; and brev, a krone a day from February 2019.
fn prices() -> Vec<Price> {
    vec![
        price(0, Some(300), 100_000, 60_000, 120),
        price(300, None, 250_000, 120_000, 120),
        Price {
            solution_id: "brev".into(),
            valid_from: day("2019-02-01"),
            ..price(0, None, 50_000, 36_500, 0)
        },
    ]
}

/// 600 kr a year for fewer than 300 inhabitants and 1200 kr for more, and 1.20 kr for each.
fn price(from: i64, to: Option<i64>, once: i64, a_year: i64, per_inhabitant: i64) -> Price {
    Price {
        solution_id: "post".into(),
        population_from: from,
        population_to: to,
        ore_once: once,
        ore_a_year: a_year,
        ore_per_inhabitant_a_year: per_inhabitant,
        valid_from: day(OLD),
        valid_to: None,
    }
}

/// From nobody at the start of November 2019: the nation, Nord sooner, and Nes higher. The other solution has one of its
/// own, from December 2017.
fn targets() -> Vec<Target> {
    let goal = |metric, scope: &str, value, path, due: &str| Target {
        metric,
        solution_id: "post".into(),
        scope: scope.into(),
        value,
        baseline_period: day("2019-11-01"),
        baseline_value: 0.0,
        path,
        due: day(due),
    };
    vec![
        goal("rollout.population_coverage", "nation", 1.0, "straight", "2020-11-01"),
        goal("adoption.reach", "nation", 0.5, "straight", "2020-11-01"),
        Target {
            solution_id: "brev".into(),
            baseline_period: day("2017-12-01"),
            ..goal("rollout.municipalities_live", "nation", 0.7, "straight", "2019-07-01")
        },
        goal("adoption.reach", "network:nord", 0.75, "s_curve", "2020-05-01"),
        goal("adoption.reach", "municipality:0201", 1.0, "straight", "2020-03-31"),
    ]
}
