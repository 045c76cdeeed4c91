//! From a world to a lake: every list becomes the record batch of its table.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::DataType;
use chrono::{DateTime, Duration, Utc};
use utbredt_lake::tables::Table;
use utbredt_lake::{EditionDraft, Lake};
use utbredt_model::ReceiptId;

use crate::oracle::{Policy, successors};
use crate::world::{Day, RECEIPT, SOURCE, Target, Usage, World};

/// The receipt of the second delivery.
const SECOND: &str = "r-world-2";

/// One value of a row.
#[derive(Debug, Clone)]
enum V {
    Text(String),
    Int(i64),
    Real(f64),
    Flag(bool),
    Date(Day),
    Instant(DateTime<Utc>),
    Null,
}

impl From<&str> for V {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<&String> for V {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}
impl From<i64> for V {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}
impl From<i32> for V {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}
impl From<f64> for V {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}
impl From<bool> for V {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}
impl From<Day> for V {
    fn from(day: Day) -> Self {
        Self::Date(day)
    }
}
impl From<DateTime<Utc>> for V {
    fn from(moment: DateTime<Utc>) -> Self {
        Self::Instant(moment)
    }
}
impl<T: Into<Self>> From<Option<T>> for V {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

type Row = Vec<(&'static str, V)>;

/// Rows of tables, as a change of the lake takes them.
pub type Batches = Vec<(&'static Table, RecordBatch)>;

/// A row by column names.
macro_rules! row {
    ($($name:ident: $value:expr),* $(,)?) => { vec![$((stringify!($name), V::from($value))),*] };
}

fn table(name: &str) -> &'static Table {
    Table::named(name).unwrap_or_else(|| panic!("the lake has no table {name}"))
}

/// Days since 1970.
fn days(day: Day) -> i32 {
    i32::try_from((day - Day::default()).num_days()).expect("a day of our age")
}

/// The batch of a table; columns that rows do not name are NULL.
fn batch(name: &str, rows: &[Row]) -> (&'static Table, RecordBatch) {
    let table = table(name);
    let schema = table.schema();
    for (column, _) in rows.iter().flatten() {
        assert!(schema.field_with_name(column).is_ok(), "table {name} has no column {column}");
    }
    let mut columns: Vec<ArrayRef> = Vec::new();
    for field in schema.fields() {
        let cells: Vec<&V> = rows
            .iter()
            .map(|row| row.iter().find(|(column, _)| column == field.name()).map_or(&V::Null, |(_, v)| v))
            .collect();
        columns.push(column(field.data_type(), &cells));
    }
    let batch = RecordBatch::try_new(schema, columns).unwrap_or_else(|why| panic!("table {name}: {why}"));
    (table, batch)
}

fn column(kind: &DataType, cells: &[&V]) -> ArrayRef {
    macro_rules! array {
        ($array:ty, $($pattern:pat => $value:expr),+) => {
            Arc::new(cells.iter().map(|cell| match cell {
                $($pattern => Some($value),)+
                V::Null => None,
                other => panic!("{other:?} is no {kind}"),
            }).collect::<$array>())
        };
    }
    match kind {
        DataType::Utf8 => array!(StringArray, V::Text(text) => text.as_str()),
        DataType::Int64 => array!(Int64Array, V::Int(number) => *number),
        DataType::Int32 => array!(Int32Array, V::Int(number) => i32::try_from(*number).expect("fits")),
        DataType::Float64 => array!(Float64Array, V::Real(number) => *number),
        DataType::Boolean => array!(BooleanArray, V::Flag(flag) => *flag),
        DataType::Date32 => array!(Date32Array, V::Date(day) => days(*day)),
        DataType::Timestamp(..) => {
            let micros = cells.iter().map(|cell| match cell {
                V::Instant(moment) => Some(moment.timestamp_micros()),
                V::Null => None,
                other => panic!("{other:?} is no {kind}"),
            });
            Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        other => panic!("no column of the lake is a {other}"),
    }
}

/// The codes of a division.
fn codes(world: &World, division: Day) -> Vec<&str> {
    let of_it = world.parts.iter().filter(|part| part.division_date == division);
    let mut codes: Vec<&str> = of_it.map(|part| part.municipality_code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The tables that describe the country.
fn country(world: &World) -> Batches {
    let first = world.divisions[0].date;
    let municipalities: Vec<Row> = world
        .municipalities
        .iter()
        .map(|m| {
            row! { municipality_code: &m.code, name: &m.name, county_code: &m.county_code,
            valid_from: m.valid_from, valid_to: m.valid_to }
        })
        .collect();
    let counties: Vec<Row> = world
        .counties
        .iter()
        .map(|c| row! { county_code: &c.code, name: &c.name, valid_from: first })
        .collect();
    let divisions: Vec<Row> = world
        .divisions
        .iter()
        .map(|d| {
            let count = i64::try_from(codes(world, d.date).len()).expect("few");
            row! { division_date: d.date, valid_to: d.valid_to, municipalities: count }
        })
        .collect();
    let parts: Vec<Row> = world
        .parts
        .iter()
        .map(|p| {
            row! { municipality_code: &p.municipality_code, division_date: p.division_date,
            part_id: &p.part_id, persons: p.persons }
        })
        .collect();
    let networks: Vec<Row> = world
        .networks
        .iter()
        .map(|n| {
            row! { network_id: &n.network_id, name: &n.name, county_codes: "31 46", source: SOURCE,
            certainty: "seen" }
        })
        .collect();
    let members: Vec<Row> = world
        .network_members
        .iter()
        .map(|m| {
            row! { network_id: &m.network_id, municipality_code: &m.municipality_code,
            division_date: m.division_date.unwrap_or_else(|| members_division(world)), valid_from: m.valid_from, valid_to: m.valid_to, certainty: "seen" }
        })
        .collect();
    let groups: Vec<Row> = world
        .peer_groups
        .iter()
        .map(|g| {
            row! { scheme: &g.scheme, version: &g.version, group_code: &g.group_code,
            municipality_code: &g.municipality_code, division_date: g.division_date }
        })
        .collect();
    vec![
        batch("municipalities", &municipalities),
        batch("counties", &counties),
        batch("divisions", &divisions),
        batch("municipality_parts", &parts),
        batch("municipality_mappings", &mappings(world)),
        batch("networks", &networks),
        batch("network_members", &members),
        batch("peer_groups", &groups),
        batch("population", &population(world)),
    ]
}

/// The division the members of networks are named in: that of 1 January 2024.
fn members_division(world: &World) -> Day {
    let day = Day::from_ymd_opt(2024, 1, 1).expect("a date");
    let before = world.divisions.iter().map(|division| division.date).filter(|date| *date <= day);
    before.max().expect("a division holds the day")
}

fn population(world: &World) -> Vec<Row> {
    let rows = world.population.iter().map(|p| {
        row! { municipality_code: &p.municipality_code, division_date: p.division_date,
        reference_date: p.reference_date, age_from: p.age_from, age_to: p.age_to, persons: p.persons,
        vintage: "first" }
    });
    rows.collect()
}

/// Every municipality of every division in every division (its own too), under each policy.
#[expect(clippy::cast_precision_loss, reason = "persons of a test world are few")]
fn mappings(world: &World) -> Vec<Row> {
    let policies = [
        ("exact_only", Policy::ExactOnly),
        ("population_share", Policy::PopulationShare),
        ("largest_heir", Policy::LargestSuccessor),
    ];
    let mut rows = Vec::new();
    for (policy_id, policy) in policies {
        for from in &world.divisions {
            let codes = codes(world, from.date);
            for to in &world.divisions {
                for code in &codes {
                    for successor in successors(world, policy, code, from.date, to.date) {
                        let share = (successor.to - successor.from) as f64 / successor.total as f64;
                        rows.push(row! { policy_id: policy_id, from_code: *code, from_date: from.date,
                        to_code: successor.code.as_ref(), to_date: to.date, share: share,
                        weight_from: successor.from, weight_to: successor.to, weight_total: successor.total,
                        exact: successor.exact, basis: "persons", source: SOURCE });
                    }
                }
            }
        }
    }
    rows
}

/// The tables that describe the solutions.
fn solutions(world: &World) -> Batches {
    let solutions: Vec<Row> = world
        .solutions
        .iter()
        .map(|s| {
            let id = &s.solution_id;
            row! { solution_id: id, name_nb: id, name_nn: id, name_en: id, owner: "Etaten",
            service_area: "testing" }
        })
        .collect();
    let measures: Vec<Row> = world
        .measures
        .iter()
        .map(|m| {
            row! { measure_id: &m.measure_id, solution_id: &m.solution_id, unit: "units", kind: m.kind,
            rollup: m.rollup, stamp: "start", sensitivity: "open",
            main: matches!(m.measure_id.as_str(), "uses" | "users_active"),
            allocation: m.by_days.then_some("by_days") }
        })
        .collect();
    let targets: Vec<Row> = world
        .target_groups
        .iter()
        .map(|t| {
            row! { target_group_id: &t.target_group_id, solution_id: &t.solution_id, rule: "by age",
            age_from: t.age_from, age_to: t.age_to, source: SOURCE }
        })
        .collect();
    let values: Vec<Row> = world
        .unit_values
        .iter()
        .map(|u| {
            let unit = if u.benefit_kind == "avoided_cost" { "ore" } else { "second" };
            row! { solution_id: &u.solution_id, measure_id: &u.measure_id, benefit_kind: u.benefit_kind,
            unit: unit, low: u.low, central: u.central, high: u.high, valid_from: u.valid_from,
            valid_to: u.valid_to, source: &u.source, quality: u.quality, owner: "Etaten" }
        })
        .collect();
    let baselines: Vec<Row> = world
        .baselines
        .iter()
        .map(|b| {
            row! { solution_id: &b.solution_id, measure_id: &b.measure_id,
            municipality_code: &b.municipality_code, division_date: b.division_date,
            value_a_month: b.value_a_month, measured_on: world.divisions[0].date, method: "counted",
            synthetic: false }
        })
        .collect();
    let due: Vec<Row> = world
        .expected_deliveries
        .iter()
        .map(|e| {
            row! { source_id: &e.source_id, solution_id: &e.solution_id, measure_id: &e.measure_id,
            period_start: e.period_start, period_end: e.period_end, due: e.due }
        })
        .collect();
    vec![
        batch("solutions", &solutions),
        batch("measures", &measures),
        batch("target_groups", &targets),
        batch("unit_values", &values),
        batch("baselines", &baselines),
        batch("expected_deliveries", &due),
    ]
}

/// The tables of plans.
fn plans(world: &World) -> Batches {
    let waves: Vec<Row> = world
        .waves
        .iter()
        .map(
            |w| row! { wave_id: &w.wave_id, solution_id: &w.solution_id, name: &w.wave_id, synthetic: false },
        )
        .collect();
    let members: Vec<Row> = world
        .wave_members
        .iter()
        .map(|m| {
            row! { wave_id: &m.wave_id, municipality_code: &m.municipality_code,
            division_date: m.division_date, planned_date: m.planned_date }
        })
        .collect();
    vec![batch("waves", &waves), batch("wave_members", &members)]
}

/// The tables of money and goals.
fn money_and_goals(world: &World) -> Batches {
    let prices: Vec<Row> = world
        .prices
        .iter()
        .map(|p| {
            row! { solution_id: &p.solution_id, population_from: p.population_from,
            population_to: p.population_to, ore_once: p.ore_once, ore_a_year: p.ore_a_year,
            ore_per_inhabitant_a_year: p.ore_per_inhabitant_a_year, valid_from: p.valid_from,
            valid_to: p.valid_to, source: SOURCE, quality: "assumption" }
        })
        .collect();
    let fees: Vec<Row> = world
        .membership_fees
        .iter()
        .map(|f| {
            row! { network_id: f.network_id.as_ref(), ore_a_year: f.ore_a_year,
            ore_per_inhabitant_a_year: f.ore_per_inhabitant_a_year, ore_a_year_max: f.ore_a_year_max,
            host_code: f.host_code.as_ref(), valid_from: f.valid_from, valid_to: f.valid_to, source: SOURCE,
            quality: "declared" }
        })
        .collect();
    let targets = (table("targets"), targets(&world.targets));
    vec![batch("prices", &prices), batch("membership_fees", &fees), targets]
}

/// Goals as rows of their table.
#[must_use]
pub fn targets(goals: &[Target]) -> RecordBatch {
    let rows: Vec<Row> = goals
        .iter()
        .map(|t| {
            row! { metric: t.metric, solution_id: &t.solution_id, scope: &t.scope, value: t.value,
            baseline_period: t.baseline_period, baseline_value: t.baseline_value, path: t.path, due: t.due,
            owner: "Etaten", synthetic: false }
        })
        .collect();
    batch("targets", &rows).1
}

/// The facts, in two deliveries, so that tables have more than one file.
fn facts(world: &World, second: bool) -> Batches {
    let receipt = if second { SECOND } else { RECEIPT };
    stated(world, receipt, receipt, |i| i.is_multiple_of(3) == second)
}

/// All facts of a world as one delivery, the answer to what was asked.
#[must_use]
pub fn delivery(world: &World, receipt: &str, question: &str) -> Batches {
    some(stated(world, receipt, question, |_| true))
}

/// Rows of usage as a delivery brings them.
pub fn usage<'a>(rows: impl IntoIterator<Item = &'a Usage>, receipt: &str) -> (&'static Table, RecordBatch) {
    let row = |u: &Usage| {
        row! { solution_id: &u.solution_id, measure_id: &u.measure_id,
        municipality_code: &u.municipality_code, division_date: u.division_date,
        organisation_number: u.organisation_number.as_ref(), period_start: u.period_start,
        period_end: u.period_end, value: u.value, state: u.state, provisional: u.provisional,
        imputed: u.imputed, synthetic: u.synthetic, receipt_id: receipt }
    };
    batch("usage", &rows.into_iter().map(row).collect::<Vec<_>>())
}

/// The facts whose places in their lists are those of a delivery.
fn stated(world: &World, receipt: &str, question: &str, mine: impl Fn(usize) -> bool) -> Batches {
    let counts = world.usage.iter().enumerate().filter(|(i, _)| mine(*i)).map(|(_, row)| row);
    let counts = usage(counts, receipt);
    let events: Vec<Row> = world
        .rollout_events
        .iter()
        .enumerate()
        .filter(|(i, _)| mine(*i))
        .map(|(_, e)| {
            row! { solution_id: &e.solution_id, municipality_code: &e.municipality_code,
            division_date: e.division_date, stage: e.stage, valid_from: e.valid_from, valid_to: e.valid_to,
            known_at: e.known_at, synthetic: false, receipt_id: receipt }
        })
        .collect();
    let rows_in = i64::try_from(counts.1.num_rows() + events.len()).expect("few");
    let mut receipts: Vec<Row> = vec![row! { receipt_id: receipt, source_id: SOURCE, subject: question,
    received_at: world.recorded_at - Duration::days(1), sha256: "0".repeat(64).as_str(), bytes: 0_i64,
    rows_in: rows_in, rows_rejected: 0_i64, contract_version: 1, synthetic: false, state: "accepted" }];
    for (i, r) in world.receipts.iter().enumerate().filter(|(i, _)| mine(*i)) {
        let id = format!("r-other-{i}");
        receipts.push(
            row! { receipt_id: &id, source_id: &r.source_id, subject: &id, received_at: r.received_at,
            sha256: "0".repeat(64).as_str(), bytes: 0_i64, rows_in: r.rows_in, rows_rejected: r.rows_rejected,
            contract_version: 1, synthetic: r.synthetic, state: r.state },
        );
    }
    vec![counts, batch("rollout_events", &events), batch("receipts", &receipts)]
}

/// Batches that have rows.
fn some(batches: Batches) -> Batches {
    batches.into_iter().filter(|(_, batch)| batch.num_rows() > 0).collect()
}

/// Every table that is not made of deliveries.
#[must_use]
pub fn reference(world: &World) -> Batches {
    let mut reference = country(world);
    reference.extend(solutions(world));
    reference.extend(plans(world));
    reference.extend(money_and_goals(world));
    reference
}

/// Makes a lake of a world: two editions, the second recorded when the world says.
#[must_use]
pub fn fill(world: &World, root: &Path) -> Lake {
    let lake = Lake::init(root).expect("a new folder becomes a lake");
    let mut writer = lake.writer().expect("nobody else writes");
    let mut reference = reference(world);
    for second in [false, true] {
        let receipt = if second { SECOND } else { RECEIPT };
        let change = EditionDraft {
            recorded_at: world.recorded_at - Duration::hours(if second { 0 } else { 1 }),
            reason: "a world made for testing".to_owned(),
            replace: if second { Vec::new() } else { some(std::mem::take(&mut reference)) },
            append: some(facts(world, second)),
            supersedes: Vec::new(),
            receipts: vec![ReceiptId(receipt.to_owned())],
        };
        writer.commit(change).expect("a sound change is committed");
    }
    lake
}
