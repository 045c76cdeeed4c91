//! A world: every table the KPIs read, as plain structs in plain lists, so that the oracle can loop over them
//! and the lake can be filled from them. Fields carry the names and meanings of the lake's columns.
#![expect(missing_docs, reason = "the fields are the lake's columns; `utbredt_lake::tables` explains each")]

use chrono::{DateTime, NaiveDate, Utc};

/// A calendar day in Europe/Oslo.
pub type Day = NaiveDate;

/// The receipt every fact of a world points to.
pub const RECEIPT: &str = "r-world";
/// The source that receipt names.
pub const SOURCE: &str = "worldmaker";

/// Every table of a small invented country.
#[derive(Debug, Clone)]
pub struct World {
    /// The moment its edition is recorded; `now` is this day.
    pub recorded_at: DateTime<Utc>,
    pub divisions: Vec<Division>,
    pub municipalities: Vec<Municipality>,
    pub counties: Vec<County>,
    /// The parts each municipality of each division is made of: what all mappings follow from.
    pub parts: Vec<MunicipalityPart>,
    pub networks: Vec<Network>,
    pub network_members: Vec<NetworkMember>,
    pub peer_groups: Vec<PeerGroup>,
    pub population: Vec<Population>,
    pub target_groups: Vec<TargetGroup>,
    pub solutions: Vec<Solution>,
    pub measures: Vec<Measure>,
    pub usage: Vec<Usage>,
    pub rollout_events: Vec<RolloutEvent>,
    pub unit_values: Vec<UnitValue>,
    pub prices: Vec<Price>,
    pub membership_fees: Vec<MembershipFee>,
    pub targets: Vec<Target>,
    pub baselines: Vec<Baseline>,
    pub expected_deliveries: Vec<ExpectedDelivery>,
    pub waves: Vec<Wave>,
    pub wave_members: Vec<WaveMember>,
    /// Deliveries received, besides those the world's own facts came in.
    pub receipts: Vec<Receipt>,
}

#[derive(Debug, Clone)]
pub struct Division {
    pub date: Day,
    pub valid_to: Option<Day>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Municipality {
    pub code: String,
    pub name: String,
    pub county_code: String,
    pub valid_from: Day,
    pub valid_to: Option<Day>,
}

#[derive(Debug, Clone)]
pub struct County {
    pub code: String,
    pub name: String,
}

#[derive(Debug, Clone)]
pub struct MunicipalityPart {
    pub municipality_code: String,
    pub division_date: Day,
    pub part_id: String,
    pub persons: i64,
}

#[derive(Debug, Clone)]
pub struct Network {
    pub network_id: String,
    pub name: String,
}

#[derive(Debug, Clone)]
pub struct NetworkMember {
    pub network_id: String,
    pub municipality_code: String,
    /// The division of the code; none is that which holds on 1 January 2024.
    pub division_date: Option<Day>,
    pub valid_from: Option<Day>,
    pub valid_to: Option<Day>,
}

#[derive(Debug, Clone)]
pub struct PeerGroup {
    pub scheme: String,
    pub version: String,
    pub group_code: String,
    pub municipality_code: String,
    pub division_date: Day,
}

#[derive(Debug, Clone)]
pub struct Population {
    pub municipality_code: String,
    pub division_date: Day,
    pub reference_date: Day,
    pub age_from: i32,
    pub age_to: Option<i32>,
    pub persons: i64,
}

#[derive(Debug, Clone)]
pub struct TargetGroup {
    pub target_group_id: String,
    pub solution_id: String,
    pub age_from: i32,
    pub age_to: Option<i32>,
}

#[derive(Debug, Clone)]
pub struct Solution {
    pub solution_id: String,
}

#[derive(Debug, Clone)]
pub struct Measure {
    pub measure_id: String,
    pub solution_id: String,
    pub kind: &'static str,
    pub rollup: &'static str,
    /// A row that lies in two periods is divided between them by days.
    pub by_days: bool,
}

#[derive(Debug, Clone)]
pub struct Usage {
    pub solution_id: String,
    pub measure_id: String,
    pub municipality_code: String,
    pub division_date: Day,
    pub organisation_number: Option<String>,
    pub period_start: Day,
    pub period_end: Day,
    pub value: Option<i64>,
    pub state: &'static str,
    pub provisional: bool,
    pub imputed: bool,
    pub synthetic: bool,
}

#[derive(Debug, Clone)]
pub struct RolloutEvent {
    pub solution_id: String,
    pub municipality_code: String,
    pub division_date: Day,
    pub stage: &'static str,
    pub valid_from: Day,
    pub valid_to: Option<Day>,
    pub known_at: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub struct UnitValue {
    pub solution_id: String,
    pub measure_id: String,
    pub benefit_kind: &'static str,
    pub low: i64,
    pub central: i64,
    pub high: i64,
    pub source: String,
    pub quality: &'static str,
    pub valid_from: Day,
    pub valid_to: Option<Day>,
}

#[derive(Debug, Clone)]
pub struct Price {
    pub solution_id: String,
    pub population_from: i64,
    pub population_to: Option<i64>,
    pub ore_once: i64,
    pub ore_a_year: i64,
    pub ore_per_inhabitant_a_year: i64,
    pub valid_from: Day,
    pub valid_to: Option<Day>,
}

#[derive(Debug, Clone)]
pub struct MembershipFee {
    pub network_id: Option<String>,
    pub ore_a_year: i64,
    pub ore_per_inhabitant_a_year: i64,
    pub ore_a_year_max: Option<i64>,
    pub host_code: Option<String>,
    pub valid_from: Day,
    pub valid_to: Option<Day>,
}

#[derive(Debug, Clone)]
pub struct Target {
    pub metric: &'static str,
    pub solution_id: String,
    /// `nation`, `network:<id>` or `municipality:<code>`.
    pub scope: String,
    pub value: f64,
    pub baseline_period: Day,
    pub baseline_value: f64,
    pub path: &'static str,
    pub due: Day,
}

#[derive(Debug, Clone)]
pub struct Baseline {
    pub solution_id: String,
    pub measure_id: String,
    pub municipality_code: String,
    pub division_date: Day,
    pub value_a_month: i64,
}

#[derive(Debug, Clone)]
pub struct Wave {
    pub wave_id: String,
    pub solution_id: String,
}

#[derive(Debug, Clone)]
pub struct WaveMember {
    pub wave_id: String,
    pub municipality_code: String,
    pub division_date: Day,
    pub planned_date: Option<Day>,
}

#[derive(Debug, Clone)]
pub struct Receipt {
    pub source_id: String,
    pub received_at: DateTime<Utc>,
    pub rows_in: i64,
    pub rows_rejected: i64,
    pub synthetic: bool,
    pub state: &'static str,
}

#[derive(Debug, Clone)]
pub struct ExpectedDelivery {
    pub source_id: String,
    pub solution_id: String,
    pub measure_id: String,
    pub period_start: Day,
    pub period_end: Day,
    pub due: Day,
}
