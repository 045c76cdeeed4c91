//! What the rows of an answer hold, column by column: type, whether a value may be absent, meaning. The OpenAPI
//! document is made from it, and a test compares it with the rows that are really sent.

use std::borrow::Cow;

use utbredt_engine::By;
use utbredt_kpi::{Kpi, Unit};

/// The type of a column as JSON has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A string.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A day, `YYYY-MM-DD`.
    Day,
    /// A moment of RFC 3339.
    Moment,
    /// One of the cell states.
    State,
}

/// A column of an answer's rows.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: Kind,
    /// Whether the value may be `null`.
    pub(crate) nullable: bool,
    /// Whether every row has it; the key of the rows is there only for the `by` it belongs to.
    pub(crate) always: bool,
    pub(crate) doc: Cow<'static, str>,
}

const fn column(name: &'static str, kind: Kind, nullable: bool, doc: &'static str) -> Column {
    Column { name: Cow::Borrowed(name), kind, nullable, always: true, doc: Cow::Borrowed(doc) }
}

const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Column {
    column(name, kind, false, doc)
}

const fn nullable(name: &'static str, kind: Kind, doc: &'static str) -> Column {
    column(name, kind, true, doc)
}

/// The columns of `/v1/municipalities` and `/v1/municipalities/{code}`.
pub(crate) static MUNICIPALITIES: [Column; 5] = [
    required("municipality_code", Kind::Text, "Four digits."),
    required("name", Kind::Text, "Its name in Norwegian."),
    required("county_code", Kind::Text, "Two digits."),
    required("valid_from", Kind::Day, "First day."),
    nullable("valid_to", Kind::Day, "First day after; null while it exists."),
];

/// The columns of `/v1/networks`.
pub(crate) static NETWORKS: [Column; 6] = [
    required("network_id", Kind::Text, "Its id."),
    required("name", Kind::Text, "Its name."),
    required("county_codes", Kind::Text, "The codes of its counties in 2024, separated by spaces."),
    nullable("stated_members", Kind::Integer, "How many members it states."),
    required("source", Kind::Text, "Where this was seen."),
    required("certainty", Kind::Text, "seen or guess."),
];

/// The columns of `/v1/networks/{id}`: a row for each member.
pub(crate) static NETWORK_MEMBERS: [Column; 8] = [
    required("network_id", Kind::Text, "Its id."),
    required("name", Kind::Text, "Its name."),
    required("county_codes", Kind::Text, "The codes of its counties in 2024, separated by spaces."),
    required("source", Kind::Text, "Where this was seen."),
    nullable("municipality_code", Kind::Text, "A member; null for a network without any."),
    nullable("valid_from", Kind::Day, "First day of the membership; null where it is not known."),
    nullable("valid_to", Kind::Day, "First day after; null while it is a member."),
    nullable("certainty", Kind::Text, "seen or guess."),
];

/// The columns of `/v1/solutions` and `/v1/solutions/{id}`.
pub(crate) static SOLUTIONS: [Column; 7] = [
    required("solution_id", Kind::Text, "Its id."),
    required("name_nb", Kind::Text, "Its name in bokmål."),
    required("name_nn", Kind::Text, "Its name in nynorsk."),
    required("name_en", Kind::Text, "Its name in English."),
    required("owner", Kind::Text, "The national owner."),
    required("service_area", Kind::Text, "The part of a municipality's work it belongs to."),
    nullable("launched", Kind::Day, "First day in use anywhere; null where it is not known."),
];

/// The columns of `/v1/rollouts`: a row for each solution and stage.
pub(crate) static ROLLOUTS: [Column; 7] = [
    required("solution_id", Kind::Text, "The solution."),
    required(
        "stage",
        Kind::Text,
        "planned, agreed, technically_ready, pilot, in_production, paused or withdrawn.",
    ),
    required("events", Kind::Integer, "How many times a municipality entered the stage."),
    required("municipalities", Kind::Integer, "How many municipality codes did."),
    nullable("first_from", Kind::Day, "The first day one did."),
    nullable("last_from", Kind::Day, "The last day one did."),
    nullable("synthetic", Kind::Flag, "Whether any of it is invented for demonstration."),
];

/// The columns of `/v1/rollouts/{solution_id}`: a row for each event.
pub(crate) static ROLLOUT_EVENTS: [Column; 11] = [
    required("solution_id", Kind::Text, "The solution."),
    required("municipality_code", Kind::Text, "The code in the division of division_date."),
    required("division_date", Kind::Day, "The division the code belongs to."),
    required(
        "stage",
        Kind::Text,
        "planned, agreed, technically_ready, pilot, in_production, paused or withdrawn.",
    ),
    required("valid_from", Kind::Day, "First day in the stage."),
    nullable("valid_to", Kind::Day, "First day after; null until the next event."),
    required("known_at", Kind::Moment, "When the source stated it."),
    nullable("wave_id", Kind::Text, "The wave it belongs to."),
    nullable("note", Kind::Text, "What must be known to read it right."),
    required("synthetic", Kind::Flag, "Invented for demonstration."),
    required("receipt_id", Kind::Text, "The delivery it came in."),
];

static PERIOD_START: Column = required("period_start", Kind::Day, "First day of the period.");

/// What every KPI answers after the key of its rows.
static KPI_FIXED: [Column; 10] = [
    nullable("value", Kind::Number, "The KPI's value, unrounded; null unless state is ok."),
    nullable("numerator", Kind::Number, "What the value is made of; null unless state is ok."),
    nullable(
        "denominator",
        Kind::Number,
        "What it is divided by; null where there is none or state is not ok.",
    ),
    required("state", Kind::State, "Whether there is a value."),
    nullable(
        "reason",
        Kind::Text,
        "Why a number is missing or does not apply: codes, separated by spaces; null where the state is reason enough.",
    ),
    nullable("coverage", Kind::Number, "Share of the area's inhabitants the value covers, 0 to 1."),
    nullable(
        "coverage_of_expected",
        Kind::Number,
        "The same share of those who live where a number was expected; null where none was.",
    ),
    required(
        "marks",
        Kind::Text,
        "Reservations, separated by spaces: provisional, imputed, perturbed, synthetic, partial, stale_denominator, \
         split_by_share.",
    ),
    nullable("municipalities_reported", Kind::Integer, "How many municipalities the value is made from."),
    nullable("municipalities_expected", Kind::Integer, "How many should have reported."),
];

/// The interval of a share.
static INTERVAL: [Column; 2] = [
    nullable("value_low", Kind::Number, "Lower end of the 95 % interval of the share (Wilson)."),
    nullable("value_high", Kind::Number, "Upper end of the 95 % interval of the share (Wilson)."),
];

/// The columns of a KPI's rows, its own included, in the order of the answer.
pub(crate) fn of_kpi(kpi: &Kpi) -> Vec<Column> {
    let mut columns = keyed();
    columns.extend(KPI_FIXED.iter().cloned());
    if kpi.has_interval() {
        columns.extend(INTERVAL.iter().cloned());
    }
    columns.extend(kpi.shown_columns().map(|own| Column {
        name: Cow::Owned(own.name.clone()),
        kind: kind_of(&own.unit),
        nullable: true,
        always: true,
        doc: Cow::Owned(format!("{} Unit: {}.", own.doc, own.unit.as_str())),
    }));
    columns
}

/// The columns of a diff's rows.
pub(crate) fn of_diff() -> Vec<Column> {
    let mut columns = keyed();
    for (name, doc) in [
        ("value_before", "The value in the older edition."),
        ("value_after", "The value in the newer edition."),
        ("change", "value_after - value_before; null where one of them is."),
        ("new_data", "The part of the change that came with new deliveries."),
        ("revised_data", "The part that came with corrected deliveries."),
        ("definition", "The part that came with a changed definition."),
        ("borders", "The part that came with changed borders."),
        ("denominator", "The part that came with another count of inhabitants."),
        ("numerator_before", "The numerator in the older edition."),
        ("numerator_after", "The numerator in the newer edition."),
        ("numerator_change", "numerator_after - numerator_before."),
        ("numerator_new_data", "As new_data, of the numerator."),
        ("numerator_revised_data", "As revised_data, of the numerator."),
        ("numerator_definition", "As definition, of the numerator."),
        ("numerator_borders", "As borders, of the numerator."),
        ("numerator_denominator", "As denominator, of the numerator."),
        ("denominator_before", "The denominator in the older edition."),
        ("denominator_after", "The denominator in the newer edition."),
    ] {
        columns.push(nullable(name, Kind::Number, doc));
    }
    columns.push(nullable(
        "state_before",
        Kind::Text,
        "The state in the older edition; null where it has no row.",
    ));
    columns.push(nullable(
        "state_after",
        Kind::Text,
        "The state in the newer edition; null where it has no row.",
    ));
    columns.push(required("causes", Kind::Text, "What caused the change, separated by spaces."));
    columns
}

/// The period, and the keys rows have by one kind of area or another.
fn keyed() -> Vec<Column> {
    let mut columns = vec![PERIOD_START.clone()];
    for by in By::ALL {
        let Some((key, name)) = by.columns() else { continue };
        let by = by.as_str();
        let described = |name: &'static str, what: &str| Column {
            name: Cow::Borrowed(name),
            kind: Kind::Text,
            nullable: true,
            always: false,
            doc: Cow::Owned(format!("The {what} the row is about; only with by={by}.")),
        };
        columns.push(described(key, "key of the area"));
        columns.push(described(name, "name of the area"));
    }
    columns
}

/// The nouns whose columns hold no numbers say so by themselves; everything else is counted or measured.
fn kind_of(unit: &Unit) -> Kind {
    match unit.as_str() {
        "words" | "codes" | "ids" => Kind::Text,
        "dates" => Kind::Day,
        _ => Kind::Number,
    }
}
