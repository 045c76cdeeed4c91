//! Random worlds. A seed decides everything, so a failure is told by its seed alone. Worlds are small enough to be
//! read, and full of what goes wrong in the real country: merges, splits, codes that stay while territory goes,
//! facts under codes that are gone, gaps, zeros, numbers withheld.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, Datelike, Days, Months, NaiveTime, Utc};

use crate::oracle::{Borders, By, Grain, OracleRequest, Policy};
use crate::world::{
    Baseline, County, Day, Division, ExpectedDelivery, Measure, MembershipFee, Municipality,
    MunicipalityPart, Network, NetworkMember, PeerGroup, Population, Price, Receipt, RolloutEvent, SOURCE,
    Solution, Target, TargetGroup, UnitValue, Usage, Wave, WaveMember, World,
};

/// A stream of numbers from a seed (splitmix64): all that is needed here, and the same on every machine.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// Dice that always fall the same for a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, not including, `n`.
    pub fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n).expect("a usize fits");
        usize::try_from(self.next() % n).expect("smaller than n")
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = usize::try_from(high - low + 1).expect("low is not above high");
        low + i64::try_from(self.below(width)).expect("small")
    }

    /// Yes in so many of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// A day from `first` up to, not including, `end`.
    fn day(&mut self, first: Day, end: Day) -> Day {
        let span = usize::try_from((end - first).num_days()).expect("end comes after first");
        first + Days::new(u64::try_from(self.below(span)).expect("a usize fits"))
    }
}

/// A municipality while the country is being made: which parts it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Holding {
    code: String,
    name: String,
    county: usize,
    parts: Vec<usize>,
}

const COUNTIES: [&str; 2] = ["31", "46"];
const SOLUTIONS: [&str; 2] = ["alfa", "beta"];
const BAND: (i32, Option<i32>) = (18, Some(67));
const ALL_AGES: (i32, Option<i32>) = (0, None);

fn date(year: i32, month: u32, day: u32) -> Day {
    Day::from_ymd_opt(year, month, day).expect("a date")
}

/// What is known while a world is being made.
struct Maker {
    rng: Random,
    codes: usize,
    holdings: Vec<Vec<Holding>>,
    /// First month with usage, and the first month after.
    window: (Day, Day),
    world: World,
}

/// The span of days a world has usage for.
#[must_use]
pub fn window(world: &World) -> (Day, Day) {
    let first = world.usage.iter().map(|row| row.period_start).min();
    let end = world.usage.iter().map(|row| row.period_end).max();
    (first.unwrap_or(date(2024, 1, 1)), end.unwrap_or(date(2024, 7, 1)))
}

/// The seeds of the worlds to ask: as many as `UTBREDT_WORLDS` says, from `UTBREDT_SEED`, else from 0.
///
/// # Panics
///
/// When that is no whole number.
#[must_use]
pub fn seeds(without_it: u64) -> Range<u64> {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().unwrap_or_else(|_| panic!("{name} is a whole number")))
    };
    let first = number("UTBREDT_SEED").unwrap_or(0);
    first..first + number("UTBREDT_WORLDS").unwrap_or(without_it)
}

/// The world of a seed.
#[must_use]
pub fn random(seed: u64) -> World {
    let mut rng = Random::new(seed);
    let years: &[i32] = rng.pick::<&[i32]>(&[
        &[2020, 2024],
        &[2020, 2024],
        &[2020, 2022, 2024],
        &[2020, 2024, 2025],
        &[2020, 2024, 2026],
    ]);
    // A division that begins after the edition was recorded: decided, not yet in force.
    let ahead = years.last() == Some(&2026);
    let today = if ahead { date(2025, 7, 1) } else { date(2026, 3, 15) };
    let changes: Vec<i32> = years.iter().copied().skip(1).filter(|year| *year < 2026).collect();
    let change = date(*rng.pick(&changes), 1, 1);
    let months = |rng: &mut Random| Months::new(u32::try_from(rng.between(3, 9)).expect("small"));
    let window = (change - months(&mut rng), change + months(&mut rng));
    let mut maker = Maker { rng, codes: 0, holdings: Vec::new(), window, world: empty(today) };
    maker.territory(years);
    maker.rename_midway();
    maker.areas();
    maker.population();
    maker.solutions();
    maker.usage();
    maker.rollouts();
    maker.benefits();
    maker.deliveries();
    maker.receipts();
    maker.waves();
    maker.prices();
    maker.membership_fees();
    maker.targets();
    maker.contradictions(seed);
    maker.other_unit_values(seed);
    if seed % 4 == 3 {
        maker.weeks(seed);
    }
    maker.world
}

fn at(day: Day, minute: u32) -> DateTime<Utc> {
    day.and_time(NaiveTime::from_hms_opt(12, minute % 60, minute / 60 % 60).expect("a time")).and_utc()
}

/// Of some quarters a list has their first month too, as a blank: the quarter's number holds. Without dice, too.
fn blank_month_beside(row: &Usage) -> Option<Usage> {
    let month = row.period_start + Months::new(1);
    let chosen = row.value.is_some_and(|value| value % 5 == 0) && row.organisation_number.is_none();
    (chosen && month < row.period_end).then(|| Usage {
        period_end: month,
        value: None,
        state: "missing",
        ..row.clone()
    })
}

fn empty(today: Day) -> World {
    World {
        recorded_at: at(today, 0),
        divisions: Vec::new(),
        municipalities: Vec::new(),
        counties: COUNTIES.iter().map(|c| County { code: (*c).into(), name: format!("Fylke {c}") }).collect(),
        parts: Vec::new(),
        networks: Vec::new(),
        network_members: Vec::new(),
        peer_groups: Vec::new(),
        population: Vec::new(),
        target_groups: Vec::new(),
        solutions: Vec::new(),
        measures: Vec::new(),
        usage: Vec::new(),
        rollout_events: Vec::new(),
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

impl Maker {
    fn new_code(&mut self, county: usize) -> String {
        self.codes += 1;
        format!("{}{:02}", COUNTIES[county], self.codes)
    }

    fn found(&mut self, county: usize, parts: Vec<usize>) -> Holding {
        let code = self.new_code(county);
        Holding { name: format!("Kommune {code}"), code, county, parts }
    }

    /// The divisions: who holds which parts, and the tables that follow from it.
    fn territory(&mut self, years: &[i32]) {
        let parts = usize::try_from(self.rng.between(4, 7)).expect("small");
        let persons: Vec<i64> = (0..parts).map(|_| self.rng.between(1, 4000)).collect();
        let first = self.first_division(parts);
        self.holdings.push(first);
        for i in 1..years.len() {
            let next = if i >= 2 && self.rng.chance(40) {
                self.reversal()
            } else {
                let mut next = self.holdings[i - 1].clone();
                for _ in 0..self.rng.between(1, 3) {
                    self.change(&mut next);
                }
                next
            };
            self.holdings.push(next);
        }
        for (i, year) in years.iter().enumerate() {
            let (day, end) = (date(*year, 1, 1), years.get(i + 1).map(|y| date(*y, 1, 1)));
            self.world.divisions.push(Division { date: day, valid_to: end });
            for holding in &self.holdings[i] {
                for part in &holding.parts {
                    self.world.parts.push(MunicipalityPart {
                        municipality_code: holding.code.clone(),
                        division_date: day,
                        part_id: format!("part{part}"),
                        persons: persons[*part],
                    });
                }
            }
        }
        self.municipalities();
    }

    fn first_division(&mut self, parts: usize) -> Vec<Holding> {
        let most = parts.min(6);
        let count = usize::try_from(self.rng.between(3, i64::try_from(most).expect("small"))).expect("small");
        let mut holdings: Vec<Holding> = Vec::new();
        for i in 0..count {
            let county = self.rng.below(2);
            holdings.push(self.found(county, vec![i]));
        }
        for part in count..parts {
            let at = self.rng.below(count);
            holdings[at].parts.push(part);
        }
        holdings
    }

    /// Back along the old line: the division before the last one again, some of it under new numbers.
    fn reversal(&mut self) -> Vec<Holding> {
        let mut next = self.holdings[self.holdings.len() - 2].clone();
        for holding in &mut next {
            if self.rng.chance(30) {
                holding.code = self.new_code(holding.county);
            }
        }
        next
    }

    /// One change of the division.
    fn change(&mut self, next: &mut Vec<Holding>) {
        let one = self.rng.below(next.len());
        match self.rng.below(5) {
            0 if next.len() > 2 => {
                let abolished = next.remove(one);
                let at = self.rng.below(next.len());
                next[at].parts.extend(abolished.parts);
                if self.rng.chance(60) {
                    next[at].code = self.new_code(next[at].county);
                }
            }
            1 if next[one].parts.len() > 1 && next.len() < 6 => {
                let cut = 1 + self.rng.below(next[one].parts.len() - 1);
                let away = next[one].parts.split_off(cut);
                let newcomer = self.found(next[one].county, away);
                next.push(newcomer);
                if self.rng.chance(40) {
                    next[one].code = self.new_code(next[one].county);
                }
            }
            2 => next[one].code = self.new_code(next[one].county),
            3 => {
                let county = 1 - next[one].county;
                next[one].county = county;
                next[one].code = self.new_code(county);
            }
            _ if next[one].parts.len() > 1 => {
                // Both keep their codes while a part moves.
                let at = self.rng.below(next.len());
                if at != one {
                    let part = next[one].parts.remove(0);
                    next[at].parts.push(part);
                }
            }
            _ => next[one].name = format!("{} ny", next[one].name),
        }
    }

    /// A row lasts as long as code, name, county and territory do, over as many divisions as that is.
    fn municipalities(&mut self) {
        let sorted = |h: &Holding| {
            let mut h = h.clone();
            h.parts.sort_unstable();
            h
        };
        for (i, holdings) in self.holdings.iter().enumerate() {
            for holding in holdings {
                let same = |others: &[Holding]| others.iter().any(|o| sorted(o) == sorted(holding));
                if i > 0 && same(&self.holdings[i - 1]) {
                    continue;
                }
                let mut last = i;
                while last + 1 < self.holdings.len() && same(&self.holdings[last + 1]) {
                    last += 1;
                }
                self.world.municipalities.push(Municipality {
                    code: holding.code.clone(),
                    name: holding.name.clone(),
                    county_code: COUNTIES[holding.county].into(),
                    valid_from: self.world.divisions[i].date,
                    valid_to: self.world.divisions[last].valid_to,
                });
            }
        }
    }

    /// A name or county that changes on a day when no territory does.
    fn rename_midway(&mut self) {
        if !self.rng.chance(40) {
            return;
        }
        let day = self.rng.day(self.window.0, self.window.1);
        let at = self.rng.below(self.world.municipalities.len());
        let old = &mut self.world.municipalities[at];
        if old.valid_from >= day || old.valid_to.is_some_and(|end| end <= day) {
            return;
        }
        let mut new = old.clone();
        old.valid_to = Some(day);
        new.valid_from = day;
        new.name = format!("{} omdøpt", new.name);
        if self.rng.chance(60) {
            let other = if new.county_code == COUNTIES[0] { COUNTIES[1] } else { COUNTIES[0] };
            new.county_code = other.into();
        }
        self.world.municipalities.push(new);
    }

    fn division_of(&self, day: Day) -> usize {
        let holds = |d: &Division| d.date <= day && d.valid_to.is_none_or(|end| day < end);
        self.world.divisions.iter().position(holds).unwrap_or(0)
    }

    fn areas(&mut self) {
        let members = self.division_of(date(2024, 1, 1));
        let today = self.world.recorded_at.date_naive();
        let networks =
            &["net-a", "net-b", "net-c"][..usize::try_from(self.rng.between(2, 3)).expect("small")];
        for id in networks {
            self.world.networks.push(Network { network_id: (*id).into(), name: format!("Nettverk {id}") });
            for holding in &self.holdings[members] {
                if !self.rng.chance(55) {
                    continue;
                }
                let (from, to) = match self.rng.below(10) {
                    0 => (Some(date(2023, 6, 1)), Some(date(2025, 1, 1))),
                    1 => (None, Some(today + Days::new(1))),
                    2 => (Some(today), None),
                    3 => (Some(today + Days::new(1)), None),
                    4 => (None, Some(today)),
                    _ => (None, None),
                };
                let listed = NetworkMember {
                    network_id: (*id).into(),
                    municipality_code: holding.code.clone(),
                    division_date: None,
                    valid_from: from,
                    valid_to: to,
                };
                // Listed twice, for days of which some are the same. Without dice: worlds stay as they were.
                if self.world.network_members.len().is_multiple_of(6) {
                    let again = NetworkMember {
                        valid_from: Some(date(2023, 3, 1)),
                        valid_to: Some(date(2024, 3, 1)),
                        ..listed.clone()
                    };
                    self.world.network_members.push(again);
                }
                self.world.network_members.push(listed);
            }
        }
        let grouped = if self.rng.chance(80) { members } else { 0 };
        for (scheme, groups) in [("kostra", ["EKG01", "EKG07"]), ("centrality", ["1", "4"])] {
            for holding in &self.holdings[grouped] {
                if self.rng.chance(8) {
                    continue;
                }
                self.world.peer_groups.push(PeerGroup {
                    scheme: scheme.into(),
                    version: "2024".into(),
                    group_code: (*self.rng.pick(&groups)).into(),
                    municipality_code: holding.code.clone(),
                    division_date: self.world.divisions[grouped].date,
                });
            }
        }
    }

    fn population(&mut self) {
        let last = self.world.recorded_at.year();
        let oldest_only = self.rng.chance(10);
        for band in [ALL_AGES, BAND] {
            for year in 2019..=last {
                if !self.rng.chance(70) || (oldest_only && year > 2021) {
                    continue;
                }
                let day = date(year, 1, 1);
                let native = self.division_of(day);
                // Now and then an old count is published on newer borders.
                let on = if self.rng.chance(20) { self.rng.below(self.holdings.len()) } else { native };
                for holding in &self.holdings[on] {
                    if self.rng.chance(7) {
                        continue;
                    }
                    let zero = self.rng.chance(if band == ALL_AGES { 3 } else { 10 });
                    let most = if band == ALL_AGES { 6000 } else { 2500 };
                    self.world.population.push(Population {
                        municipality_code: holding.code.clone(),
                        division_date: self.world.divisions[on].date,
                        reference_date: day,
                        age_from: band.0,
                        age_to: band.1,
                        persons: if zero { 0 } else { self.rng.between(1, most) },
                    });
                }
            }
        }
    }

    fn solutions(&mut self) {
        for id in SOLUTIONS {
            self.world.solutions.push(Solution { solution_id: id.into() });
            let band = match self.rng.below(10) {
                0..=5 => Some(BAND),
                6 => Some(ALL_AGES),
                // An age band nobody has counted.
                7 => Some((80, None)),
                _ => None,
            };
            if let Some((age_from, age_to)) = band {
                self.world.target_groups.push(TargetGroup {
                    target_group_id: format!("{id}-users"),
                    solution_id: id.into(),
                    age_from,
                    age_to,
                });
            }
            let measures = [
                ("users_active", "stock", "last", 100),
                ("uses", "flow", "sum", 100),
                ("cases_open", "stock", "mean", 50),
                ("level", "status", "none", 25),
            ];
            for (measure, kind, rollup, percent) in measures {
                if self.rng.chance(percent) {
                    self.world.measures.push(Measure {
                        measure_id: measure.into(),
                        solution_id: id.into(),
                        kind,
                        rollup,
                        by_days: false,
                    });
                }
            }
        }
    }

    fn usage(&mut self) {
        for measure in self.world.measures.clone() {
            let synthetic = self.rng.chance(20);
            for division in 0..self.holdings.len() {
                for holding in self.holdings[division].clone() {
                    self.reports(&measure, division, &holding.code, synthetic);
                }
            }
        }
    }

    /// What one municipality of one division reports of one measure.
    fn reports(&mut self, measure: &Measure, division: usize, code: &str, synthetic: bool) {
        if self.rng.chance(15) {
            return;
        }
        let span = &self.world.divisions[division];
        let (begin, end) = (span.date, span.valid_to.unwrap_or(Day::MAX));
        // Some go on under a code that is gone, some send history under a code that was not yet there.
        let late = self.rng.chance(20);
        let early = self.rng.chance(8);
        let organisations: &[Option<&str>] = match self.rng.below(10) {
            0 | 1 => &[Some("974760673"), Some("889640782")],
            2 => &[Some("974760673")],
            _ => &[None],
        };
        let (step, halves) = match self.rng.below(12) {
            0 => (3, false),
            1 => (1, true),
            _ => (1, false),
        };
        let gaps = *self.rng.pick(&[0, 5, 12, 40]);
        let mut start = self.window.0;
        while start < self.window.1 {
            let next = start + Months::new(step);
            let last = next - Days::new(1);
            let native = begin <= last && last < end;
            if native || (late && last >= end) || (early && last < begin) {
                let middle = start + Days::new(14);
                let cuts = if halves { vec![(start, middle), (middle, next)] } else { vec![(start, next)] };
                for (period_start, period_end) in cuts {
                    for organisation in organisations {
                        if self.rng.chance(gaps) {
                            continue;
                        }
                        let row = self.row(measure, code, begin, (period_start, period_end));
                        let organisation_number = organisation.map(str::to_owned);
                        let row = Usage { organisation_number, synthetic, ..row };
                        self.world.usage.extend(blank_month_beside(&row));
                        self.world.usage.push(row);
                    }
                }
            }
            start = next;
        }
    }

    fn row(&mut self, measure: &Measure, code: &str, division: Day, period: (Day, Day)) -> Usage {
        let state = match self.rng.below(100) {
            0..=79 => "ok",
            80..=87 => "missing",
            88..=93 => "suppressed",
            _ => "not_applicable",
        };
        let most = if measure.measure_id == "uses" { 3000 } else { 400 };
        let value = if self.rng.chance(10) { 0 } else { self.rng.between(1, most) };
        Usage {
            solution_id: measure.solution_id.clone(),
            measure_id: measure.measure_id.clone(),
            municipality_code: code.to_owned(),
            division_date: division,
            organisation_number: None,
            period_start: period.0,
            period_end: period.1,
            value: (state == "ok").then_some(value),
            state,
            provisional: self.rng.chance(8),
            imputed: self.rng.chance(5),
            synthetic: false,
        }
    }

    fn rollouts(&mut self) {
        let (first, end) = (self.window.0 - Months::new(12), self.window.1);
        let mut minute = 0;
        for solution in SOLUTIONS {
            if self.rng.chance(10) {
                continue;
            }
            for (i, division) in self.world.divisions.clone().iter().enumerate() {
                for holding in self.holdings[i].clone() {
                    if self.rng.chance(40) {
                        continue;
                    }
                    for _ in 0..self.rng.between(1, 3) {
                        let stage = self.stage();
                        // Most events fall while the code stands, some after it is gone.
                        let from = first.max(division.date);
                        let until = division.valid_to.unwrap_or(end).min(end);
                        let in_time = from < until && self.rng.chance(75);
                        let day = if in_time { self.rng.day(from, until) } else { self.rng.day(first, end) };
                        let length = Days::new(u64::try_from(self.rng.between(1, 200)).expect("positive"));
                        minute += 1;
                        self.world.rollout_events.push(RolloutEvent {
                            solution_id: solution.into(),
                            municipality_code: holding.code.clone(),
                            division_date: division.date,
                            stage,
                            valid_from: day,
                            valid_to: self.rng.chance(15).then_some(day + length),
                            known_at: at(day, minute),
                        });
                    }
                }
            }
        }
    }

    /// Two stages of one code on one day: known at the same moment, or the second a little later. From dice of its own, so
    /// that the rest of a seed's world stays what it was.
    fn contradictions(&mut self, seed: u64) {
        let mut rng = Random::new(seed ^ 0x2DA7);
        for event in self.world.rollout_events.clone() {
            if rng.chance(15) {
                let stages = ["agreed", "in_production", "paused", "pilot", "planned"];
                let stage = *rng.pick(&stages);
                let later = chrono::TimeDelta::seconds(if rng.chance(60) { 0 } else { 1 });
                if stage != event.stage {
                    let known_at = event.known_at + later;
                    self.world.rollout_events.push(RolloutEvent { stage, known_at, ..event });
                }
            }
        }
    }

    /// Other sources about what a unit is worth, from the same day or another. From dice of its own.
    fn other_unit_values(&mut self, seed: u64) {
        let mut rng = Random::new(seed ^ 0x0A1E);
        for value in self.world.unit_values.clone() {
            for source in ["another", "a third"] {
                if rng.chance(20) {
                    let valid_from =
                        if rng.chance(50) { value.valid_from } else { rng.day(self.window.0, self.window.1) };
                    let central = value.low + rng.between(0, 900);
                    self.world.unit_values.push(UnitValue {
                        central,
                        high: central + 5,
                        source: source.into(),
                        quality: QUALITIES[rng.below(QUALITIES.len())],
                        valid_from,
                        ..value.clone()
                    });
                }
            }
        }
    }

    /// Some municipalities report the use of the first solution by weeks, which lie in two months; in every other such
    /// world they are divided by days. From dice of its own.
    fn weeks(&mut self, seed: u64) {
        let mut rng = Random::new(seed ^ 0x3EE5);
        let solution = SOLUTIONS[0];
        for measure in &mut self.world.measures {
            measure.by_days = measure.solution_id == solution && seed % 8 == 3;
        }
        for (i, division) in self.world.divisions.clone().iter().enumerate() {
            let end = division.valid_to.unwrap_or(self.window.1).min(self.window.1);
            for holding in self.holdings[i].clone() {
                if !rng.chance(50) {
                    continue;
                }
                let of_it = |row: &Usage| {
                    row.solution_id == solution
                        && row.measure_id == "uses"
                        && row.municipality_code == holding.code
                        && row.division_date == division.date
                };
                let Some(like) = self.world.usage.iter().find(|row| of_it(row)).cloned() else { continue };
                self.world.usage.retain(|row| !of_it(row));
                let mut start = self.window.0.max(division.date);
                while start + Days::new(7) <= end {
                    if !rng.chance(3) {
                        let (period_start, period_end) = (start, start + Days::new(7));
                        let (value, state) = (Some(rng.between(0, 500)), "ok");
                        self.world.usage.push(Usage {
                            period_start,
                            period_end,
                            value,
                            state,
                            ..like.clone()
                        });
                    }
                    start = start + Days::new(7);
                }
            }
        }
    }

    fn stage(&mut self) -> &'static str {
        match self.rng.below(100) {
            0..=44 => "in_production",
            45..=55 => "pilot",
            56..=67 => "paused",
            68..=77 => "planned",
            78..=86 => "agreed",
            87..=93 => "technically_ready",
            _ => "withdrawn",
        }
    }

    fn benefits(&mut self) {
        let middle = self.rng.day(self.window.0, self.window.1);
        for measure in self.world.measures.clone() {
            let likely = if measure.measure_id == "uses" { 75 } else { 25 };
            for benefit_kind in ["avoided_cost", "saved_time"] {
                if !self.rng.chance(likely) {
                    continue;
                }
                let spans: &[(Day, Option<Day>)] = match self.rng.below(4) {
                    0 => &[(date(2018, 1, 1), Some(middle)), (middle, None)],
                    1 => &[(middle, None)],
                    2 => &[(date(2018, 1, 1), Some(middle))],
                    _ => &[(date(2018, 1, 1), None)],
                };
                for (valid_from, valid_to) in spans {
                    let low = self.rng.between(0, 900);
                    let central = low + self.rng.between(0, 900);
                    self.world.unit_values.push(UnitValue {
                        solution_id: measure.solution_id.clone(),
                        measure_id: measure.measure_id.clone(),
                        benefit_kind,
                        low,
                        central,
                        high: central + self.rng.between(0, 900),
                        source: SOURCE.into(),
                        quality: "assumption",
                        valid_from: *valid_from,
                        valid_to: *valid_to,
                    });
                }
            }
            if self.rng.chance(40) {
                let division = self.rng.below(self.holdings.len());
                for holding in self.holdings[division].clone() {
                    if self.rng.chance(60) {
                        self.world.baselines.push(Baseline {
                            solution_id: measure.solution_id.clone(),
                            measure_id: measure.measure_id.clone(),
                            municipality_code: holding.code,
                            division_date: self.world.divisions[division].date,
                            value_a_month: self.rng.between(0, 1500),
                        });
                    }
                }
            }
        }
    }

    fn deliveries(&mut self) {
        for measure in self.world.measures.clone() {
            if self.rng.chance(25) {
                continue;
            }
            let step = if self.rng.chance(15) { 3 } else { 1 };
            let grace = Days::new(*self.rng.pick(&[0, 9, 35]));
            let mut start = self.window.0;
            while start < self.window.1 {
                let next = start + Months::new(step);
                if self.rng.chance(92) {
                    self.world.expected_deliveries.push(ExpectedDelivery {
                        source_id: SOURCE.into(),
                        solution_id: measure.solution_id.clone(),
                        measure_id: measure.measure_id.clone(),
                        period_start: start,
                        period_end: next,
                        due: next + grace,
                    });
                }
                start = next;
            }
        }
    }
}

impl Maker {
    /// Prices by size: some begin or end midway, some leave a size without a price.
    fn prices(&mut self) {
        let middle = self.rng.day(self.window.0, self.window.1);
        for solution in SOLUTIONS {
            if self.rng.chance(15) {
                continue;
            }
            let spans: &[(Day, Option<Day>)] = match self.rng.below(4) {
                0 => &[(date(2018, 1, 1), Some(middle)), (middle, None)],
                1 => &[(middle, None)],
                _ => &[(date(2018, 1, 1), None)],
            };
            let once = self.rng.chance(60);
            for (valid_from, valid_to) in spans {
                let bound = self.rng.between(200, 5000);
                for (population_from, population_to) in [(0, Some(bound)), (bound, None)] {
                    if self.rng.chance(10) {
                        continue;
                    }
                    let price = Price {
                        solution_id: solution.into(),
                        population_from,
                        population_to,
                        ore_once: if once { self.rng.between(0, 900_000) } else { 0 },
                        ore_a_year: self.rng.between(0, 90_000),
                        ore_per_inhabitant_a_year: self.rng.between(0, 200),
                        valid_from: *valid_from,
                        valid_to: *valid_to,
                    };
                    self.world.prices.push(price);
                }
            }
        }
    }

    /// What networks ask: most have a row of their own or share the one of no network.
    fn membership_fees(&mut self) {
        let middle = self.rng.day(self.window.0, self.window.1);
        let mut networks: Vec<Option<String>> =
            self.world.networks.iter().map(|network| Some(network.network_id.clone())).collect();
        networks.push(None);
        for network_id in networks {
            if self.rng.chance(40) {
                continue;
            }
            let host = self.rng.pick(&self.world.municipalities).code.clone();
            let fee = MembershipFee {
                network_id,
                ore_a_year: self.rng.between(0, 100_000),
                ore_per_inhabitant_a_year: self.rng.between(0, 200),
                ore_a_year_max: self.rng.chance(60).then(|| self.rng.between(1, 300_000)),
                host_code: self.rng.chance(60).then_some(host),
                valid_from: if self.rng.chance(30) { middle } else { date(2018, 1, 1) },
                valid_to: None,
            };
            self.world.membership_fees.push(fee);
        }
    }

    /// Goals for the nation, for networks and for municipalities; due before, in and after the window.
    fn targets(&mut self) {
        let mut scopes = vec!["nation".to_owned()];
        scopes.extend(self.world.networks.iter().map(|n| format!("network:{}", n.network_id)));
        let mut codes: Vec<&str> = self.world.municipalities.iter().map(|m| m.code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        scopes.extend(codes.into_iter().map(|code| format!("municipality:{code}")));
        for metric in METRICS {
            for solution in SOLUTIONS {
                for scope in &scopes {
                    if self.rng.chance(if scope == "nation" { 30 } else { 60 }) {
                        continue;
                    }
                    let begin = self.window.0 - Months::new(self.few(12));
                    let target = Target {
                        metric,
                        solution_id: solution.into(),
                        scope: scope.clone(),
                        value: f64::from(self.few(16)) / 16.0,
                        baseline_period: begin,
                        baseline_value: f64::from(self.few(4)) / 16.0,
                        path: if self.rng.chance(50) { "straight" } else { "s_curve" },
                        due: begin + Months::new(1 + self.few(30)),
                    };
                    self.world.targets.push(target);
                }
            }
        }
    }

    /// A number from 0 to `most`.
    fn few(&mut self, most: i64) -> u32 {
        u32::try_from(self.rng.between(0, most)).expect("small")
    }
}

/// The KPIs that can have a goal.
const METRICS: [&str; 3] = ["rollout.population_coverage", "rollout.municipalities_live", "adoption.reach"];

impl Maker {
    /// Two waves, each of one division's municipalities; a few have no day planned.
    fn waves(&mut self) {
        let (first, end) = (self.window.0 - Months::new(10), self.window.1);
        for wave_id in WAVES {
            let solution_id = (*self.rng.pick(&SOLUTIONS)).to_owned();
            let division = self.rng.below(self.holdings.len());
            for holding in self.holdings[division].clone() {
                if self.rng.chance(70) {
                    let planned = self.rng.day(first, end);
                    self.world.wave_members.push(WaveMember {
                        wave_id: wave_id.into(),
                        municipality_code: holding.code,
                        division_date: self.world.divisions[division].date,
                        planned_date: (!self.rng.chance(15)).then_some(planned),
                    });
                }
            }
            self.world.waves.push(Wave { wave_id: wave_id.into(), solution_id });
        }
    }

    fn receipts(&mut self) {
        for source in RECEIVED_FROM {
            let synthetic = self.rng.chance(20);
            for _ in 0..self.rng.between(0, 12) {
                let day = self.rng.day(self.window.0, self.window.1);
                let minute = u32::try_from(self.rng.below(1440)).expect("small");
                let time = NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0).expect("a time");
                let rows_in = if self.rng.chance(10) { 0 } else { self.rng.between(1, 400) };
                let rejected = if self.rng.chance(40) { 0 } else { self.rng.between(0, rows_in) };
                self.world.receipts.push(Receipt {
                    source_id: source.into(),
                    received_at: day.and_time(time).and_utc(),
                    rows_in,
                    rows_rejected: rejected,
                    synthetic,
                    state: if self.rng.chance(10) { "held" } else { "accepted" },
                });
            }
        }
    }
}

/// How well a unit value is founded; the last is a word that nobody declared.
const QUALITIES: [&str; 4] = ["published", "published_lower_bound", "assumption", "guess"];

/// The waves of a world.
const WAVES: [&str; 2] = ["first", "second"];

/// The sources a world has receipts of.
const RECEIVED_FROM: [&str; 2] = ["post-office", "register"];

/// The KPIs there are, with whether they take a measure.
pub const KPIS: [(&str, bool); 32] = [
    ("rollout.follow_up", false),
    ("rollout.municipalities_live", false),
    ("rollout.population_coverage", false),
    ("rollout.stage_funnel", false),
    ("rollout.time_in_stage", false),
    ("rollout.schedule_variance", false),
    ("quality.estimated_share", true),
    ("quality.rejected", false),
    ("quality.late_deliveries", false),
    ("rollout.stalled", false),
    ("adoption.reach", true),
    ("adoption.usage_per_1000", true),
    ("benefit.realised", true),
    ("benefit.potential", true),
    ("benefit.cost", false),
    ("benefit.net", true),
    ("benefit.remaining", true),
    ("benefit.realisation_rate", true),
    ("benefit.pay_back", true),
    ("benefit.membership_contribution", false),
    ("targets.target_progress", false),
    ("targets.time_to_target", false),
    ("quality.completeness", false),
    ("quality.freshness", false),
    ("adoption.growth_yoy", true),
    ("spread.inequality", true),
    ("spread.peer_comparison", true),
    ("spread.left_behind", false),
    ("adoption.digital_share", true),
    ("adoption.ladder", true),
    ("adoption.cohort_curve", true),
    ("adoption.change", true),
];

/// A question about a world.
#[must_use]
pub fn request(world: &World, kpi: (&str, bool), rng: &mut Random) -> OracleRequest {
    let solution_id = rng.pick(&world.solutions).solution_id.clone();
    let measures: Vec<&Measure> = world.measures.iter().filter(|m| m.solution_id == solution_id).collect();
    let measure = (kpi.1 && rng.chance(40)).then(|| rng.pick(&measures));
    // Reach is of persons: other measures are refused.
    let measure = measure.filter(|measure| kpi.0 != "adoption.reach" || measure.kind == "stock");
    let measure_id = measure.map(|measure| measure.measure_id.clone());
    let by =
        *rng.pick(&[By::Municipality, By::Municipality, By::County, By::Network, By::PeerGroup, By::Nation]);
    let by = match kpi.0 {
        "rollout.follow_up" | "benefit.pay_back" | "spread.peer_comparison" => By::Municipality,
        "quality.rejected" => By::Nation,
        // One municipality alone neither mixes nor moves.
        "adoption.change" if by == By::Municipality && rng.chance(70) => By::Nation,
        _ => by,
    };
    let (first, end) = window(world);
    let today = world.recorded_at.date_naive();
    let borders = match rng.below(10) {
        0..=3 => Borders::Then,
        4..=6 => Borders::Now,
        7 => Borders::On(rng.pick(&world.divisions).date),
        _ => Borders::On(rng.day(world.divisions[0].date, today)),
    };
    let policy =
        *rng.pick(&[Policy::ExactOnly, Policy::ExactOnly, Policy::PopulationShare, Policy::LargestSuccessor]);
    let from = rng.day(first, end);
    let to = rng.day(from + Days::new(1), end + Days::new(1));
    // Most have the solution before there is use to tell of.
    let from = if kpi.0 == "adoption.cohort_curve" { from - Months::new(9) } else { from };
    let grain = *rng.pick(&GRAINS);
    // Three years back there was no country yet.
    let looks_back = ["targets.target_progress", "adoption.ladder"].contains(&kpi.0);
    let grain =
        if looks_back && [Grain::HalfYear, Grain::Year].contains(&grain) { Grain::Quarter } else { grain };
    let by_month = BY_MONTH.contains(&kpi.0) && [Grain::Day, Grain::Week].contains(&grain);
    let grain = if by_month { Grain::Month } else { grain };
    // A day is one row for each area: a month of them is enough.
    let to = if grain == Grain::Day { to.min(from + Days::new(31)) } else { to };
    let forecasts = kpi.0 == "targets.time_to_target";
    let grain = if forecasts { Grain::Month } else { grain };
    // It looks 35 months back.
    let later = Months::new(if forecasts && from < date(2023, 1, 1) { 24 } else { 0 });
    let (from, to) = (from + later, to + later);
    let params = params(world, kpi.0, rng);
    OracleRequest { kpi: kpi.0.into(), solution_id, measure_id, params, by, borders, policy, from, to, grain }
}

/// How long the periods asked for are: mostly months.
const GRAINS: [Grain; 9] = [
    Grain::Month,
    Grain::Month,
    Grain::Month,
    Grain::Quarter,
    Grain::Quarter,
    Grain::HalfYear,
    Grain::Year,
    Grain::Week,
    Grain::Day,
];

/// KPIs that hold use against a baseline, which is told by the month: what that is in a week or a day is not defined.
const BY_MONTH: [&str; 5] =
    ["benefit.net", "benefit.pay_back", "benefit.potential", "benefit.realisation_rate", "benefit.realised"];

/// What a KPI takes beside solution and measure.
fn params(world: &World, kpi: &str, rng: &mut Random) -> BTreeMap<&'static str, String> {
    let mut params = BTreeMap::new();
    if kpi == "rollout.stalled" && rng.chance(80) {
        params.insert("days", rng.pick(&[1, 30, 60, 180]).to_string());
    }
    if ["rollout.municipalities_live", "rollout.population_coverage"].contains(&kpi) && rng.chance(60) {
        params.insert("merge_rule", (*rng.pick(&["any", "all", "population"])).to_owned());
        params.insert("stages", (*rng.pick(&["production", "production_and_pilot"])).to_owned());
    }
    if kpi == "rollout.schedule_variance" {
        params.insert("wave_id", (*rng.pick(&WAVES)).to_owned());
    }
    if kpi == "rollout.time_in_stage" && rng.chance(70) {
        let stages = ["planned", "agreed", "technically_ready", "pilot"];
        params.insert("stage", (*rng.pick(&stages)).to_owned());
    }
    if kpi == "adoption.ladder" && rng.chance(80) {
        params.insert("in_a_row", (*rng.pick(&["1", "2", "3", "6"])).to_owned());
    }
    if kpi == "adoption.cohort_curve" {
        params.insert("months_since", rng.pick(&[0, 1, 2, 3, 7, 12]).to_string());
        if rng.chance(40) {
            params.insert("wave_id", (*rng.pick(&WAVES)).to_owned());
        }
    }
    if kpi == "adoption.change" && rng.chance(80) {
        params.insert("against", (*rng.pick(&["period", "year", "year"])).to_owned());
    }
    if kpi == "adoption.digital_share" && rng.chance(80) {
        params.insert("all_measure_id", (*rng.pick(&["uses", "users_active", "cases_open"])).to_owned());
    }
    if kpi == "quality.rejected" && rng.chance(60) {
        // A source the lake has never heard of is refused, and no question of the oracle's.
        let source = *rng.pick(&RECEIVED_FROM);
        if source == "*" || world.receipts.iter().any(|receipt| receipt.source_id == source) {
            params.insert("source_id", source.to_owned());
        }
    }
    if kpi.starts_with("targets.") && rng.chance(80) {
        params.insert("metric", (*rng.pick(&METRICS)).to_owned());
    }
    if ["benefit.remaining", "benefit.realisation_rate"].contains(&kpi) && rng.chance(70) {
        params.insert("reference", (*rng.pick(&["p75", "median", "best"])).to_owned());
    }
    params
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_makes_one_world() {
        assert_eq!(format!("{:?}", random(7)), format!("{:?}", random(7)));
        assert_ne!(format!("{:?}", random(7)), format!("{:?}", random(8)));
    }

    #[test]
    fn every_part_lies_in_one_municipality_that_exists() {
        for seed in 0..200 {
            let world = random(seed);
            let parts: Vec<&str> = world.parts.iter().map(|p| p.part_id.as_str()).collect();
            for division in &world.divisions {
                let held = world.parts.iter().filter(|p| p.division_date == division.date);
                let mut ids: Vec<&str> = held.clone().map(|p| p.part_id.as_str()).collect();
                ids.sort_unstable();
                let mut once = parts.clone();
                once.sort_unstable();
                once.dedup();
                assert_eq!(ids, once, "seed {seed}");
                for part in held {
                    let rows = world.municipalities.iter().filter(|m| {
                        m.code == part.municipality_code
                            && m.valid_from <= division.date
                            && m.valid_to.is_none_or(|end| end > division.date)
                    });
                    assert_eq!(
                        rows.count(),
                        1,
                        "seed {seed}: {} on {}",
                        part.municipality_code,
                        division.date
                    );
                }
            }
        }
    }

    #[test]
    fn worlds_are_as_varied_as_they_should_be() {
        let (mut splits, mut late, mut ahead, mut silent) = (0, 0, 0, 0);
        for seed in 0..200 {
            let world = random(seed);
            let days: Vec<Day> = world.divisions.iter().map(|d| d.date).collect();
            let inexact = |part: &MunicipalityPart| {
                let code = &part.municipality_code;
                days.iter().any(|day| {
                    crate::oracle::successors(&world, Policy::ExactOnly, code, part.division_date, *day)[0]
                        .code
                        .is_none()
                })
            };
            splits += usize::from(world.parts.iter().any(inexact));
            let abolished = |row: &Usage| {
                world.divisions.iter().any(|d| {
                    d.date == row.division_date && d.valid_to.is_some_and(|end| end <= row.period_start)
                })
            };
            late += usize::from(world.usage.iter().any(abolished));
            let today = world.recorded_at.date_naive();
            ahead += usize::from(days.iter().any(|day| *day > today));
            silent += usize::from(
                SOLUTIONS.iter().any(|s| world.rollout_events.iter().all(|e| e.solution_id != *s)),
            );
        }
        for count in [splits, late, ahead, silent] {
            assert!((10..200).contains(&count), "{splits} {late} {ahead} {silent}");
        }
    }

    /// The states and marks that the questions about some worlds meet, of each KPI.
    fn met(seeds: Range<u64>) -> Vec<(BTreeSet<String>, i64)> {
        let mut met = vec![(BTreeSet::new(), 0); KPIS.len()];
        for seed in seeds {
            let world = random(seed);
            for (kpi, (states, marks)) in KPIS.iter().zip(&mut met) {
                let mut rng = Random::new(seed);
                for row in crate::oracle::answer(&world, &request(&world, *kpi, &mut rng)) {
                    *marks |= row.marks;
                    states.insert(row.state);
                }
            }
        }
        met
    }

    /// A test that only ever sees `not_valid` proves nothing.
    #[test]
    fn questions_meet_every_state_and_mark() {
        let mut lacking = Vec::new();
        // On two cores, since no other test of this program takes so long.
        let (first, second) = std::thread::scope(|scope| {
            let first = scope.spawn(|| met(0..200));
            let second = met(200..400);
            (first.join().expect("met"), second)
        });
        for (kpi, ((mut states, first), (others, second))) in
            KPIS.into_iter().zip(first.into_iter().zip(second))
        {
            let marks = first | second;
            states.extend(others);
            let (own, all) = match kpi.0 {
                "spread.left_behind" | "rollout.municipalities_live" | "rollout.stage_funnel" => (2, 16),
                "quality.rejected" => (2, 8),
                "rollout.schedule_variance" => (4, 1 + 16),
                "quality.completeness" | "quality.freshness" | "quality.late_deliveries" => (3, 8 + 16),
                "quality.estimated_share" => (5, 1 + 2 + 8 + 16 + 64),
                "rollout.population_coverage" | "benefit.cost" | "benefit.membership_contribution" => {
                    (3, 16 + 32 + 64)
                }
                "spread.inequality"
                | "adoption.usage_per_1000"
                | "benefit.potential"
                | "adoption.cohort_curve"
                | "benefit.remaining" => (5, 1 + 2 + 8 + 16 + 32 + 64),
                // Shares of a target group.
                "adoption.reach"
                | "adoption.change"
                | "targets.target_progress"
                | "targets.time_to_target" => (5, 1 + 2 + 8 + 16 + 32 + 64 + 512),
                "adoption.digital_share" => (5, 1 + 2 + 8 + 16 + 64 + 512),
                "adoption.growth_yoy" | "adoption.ladder" => (5, 1 + 2 + 8 + 16 + 64),
                "benefit.realised" => (5, 1 + 2 + 8 + 16 + 64 + 256),
                // A municipality is partial where a price or a value is known for some of the days.
                "benefit.net" | "benefit.realisation_rate" | "benefit.pay_back" => {
                    (5, 1 + 2 + 8 + 16 + 32 + 64 + 256)
                }
                // Of single municipalities alone: none is partial.
                "spread.peer_comparison" => (5, 1 + 2 + 8 + 32 + 64),
                "rollout.follow_up" => (2, 1 + 2 + 8 + 16 + 64),
                _ => (3, 16),
            };
            // A period that is not over comes with any of them.
            if states.len() < own || marks & !128 != all {
                lacking.push(format!("{}: {states:?} {marks}", kpi.0));
            }
        }
        assert!(lacking.is_empty(), "{lacking:#?}");
    }
}
