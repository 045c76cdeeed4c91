//! The tables of the lake: their columns, types and sort order. Names are fixed by the design; columns may be added.
//!
//! Types are few: text (`Utf8`), `Int64`, `Int32`, `Float64`, `Boolean`, `Date32` and UTC microseconds.
//! Dates are half-open (`valid_from` inclusive, `valid_to` exclusive, NULL = still). Codes are text.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// Short names for the column types in use.
#[derive(Debug, Clone, Copy)]
enum Type {
    Text,
    Int,
    Small,
    Real,
    Flag,
    Date,
    Instant,
}

impl Type {
    fn arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Int => DataType::Int64,
            Self::Small => DataType::Int32,
            Self::Real => DataType::Float64,
            Self::Flag => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }
}

use Type::{Date, Flag, Instant, Int, Real, Small, Text};

/// A column: name, type, whether it may be NULL, and what it means.
type Column = (&'static str, Type, bool, &'static str);

/// One table of the lake.
#[derive(Debug)]
pub struct Table {
    /// Its name, also its folder.
    pub name: &'static str,
    /// What one row says.
    pub doc: &'static str,
    columns: &'static [Column],
    /// The columns its files are sorted by.
    pub sort: &'static [&'static str],
}

const REQUIRED: bool = false;
const NULLABLE: bool = true;

/// Every table, in the order they are listed.
pub static TABLES: &[Table] = &[
    Table {
        name: "municipalities",
        doc: "A municipality with one name and one territory, from a day to a day.",
        columns: &[
            ("municipality_code", Text, REQUIRED, "Four digits."),
            ("name", Text, REQUIRED, "Name in Norwegian."),
            ("county_code", Text, REQUIRED, "Two digits."),
            ("valid_from", Date, REQUIRED, "First day."),
            ("valid_to", Date, NULLABLE, "First day after; NULL = still."),
        ],
        sort: &["municipality_code", "valid_from"],
    },
    Table {
        name: "counties",
        doc: "A county, from a day to a day.",
        columns: &[
            ("county_code", Text, REQUIRED, "Two digits."),
            ("name", Text, REQUIRED, "Name."),
            ("valid_from", Date, REQUIRED, "First day."),
            ("valid_to", Date, NULLABLE, "First day after."),
        ],
        sort: &["county_code", "valid_from"],
    },
    Table {
        name: "municipality_changes",
        doc: "A change of the municipal division.",
        columns: &[
            ("change_date", Date, REQUIRED, "The day it took effect."),
            ("old_code", Text, NULLABLE, "Code before; NULL = created."),
            ("new_code", Text, NULLABLE, "Code after; NULL = ceased."),
            ("old_name", Text, NULLABLE, "Name before."),
            ("new_name", Text, NULLABLE, "Name after."),
            ("kind", Text, REQUIRED, "renumber, rename, merge, split, boundary, created, ceased."),
        ],
        sort: &["change_date", "old_code", "new_code"],
    },
    Table {
        name: "divisions",
        doc: "A span of days during which the municipal territories did not change.",
        columns: &[
            ("division_date", Date, REQUIRED, "First day; the division's key."),
            ("valid_to", Date, NULLABLE, "First day of the next division."),
            ("municipalities", Small, REQUIRED, "How many municipalities it has."),
        ],
        sort: &["division_date"],
    },
    Table {
        name: "municipality_mappings",
        doc: "How a municipality of one division lies in another, under a named policy. Shares of one `from` sum to 1.",
        columns: &[
            ("policy_id", Text, REQUIRED, "exact_only, population_share, largest_heir."),
            ("from_code", Text, REQUIRED, "Code in the division mapped from."),
            ("from_date", Date, REQUIRED, "That division's first day."),
            ("to_code", Text, NULLABLE, "Code in the division mapped to; NULL = cannot be told exactly."),
            ("to_date", Date, REQUIRED, "That division's first day."),
            ("share", Real, REQUIRED, "(weight_to - weight_from) / weight_total."),
            ("weight_from", Int, REQUIRED, "Where this heir's part begins, in persons."),
            ("weight_to", Int, REQUIRED, "Where it ends."),
            ("weight_total", Int, REQUIRED, "The whole, in persons; more than 0."),
            ("exact", Flag, REQUIRED, "Whether the whole of `from` lies in `to`."),
            ("basis", Text, REQUIRED, "What the weights count."),
            ("source", Text, REQUIRED, "Where they come from."),
        ],
        sort: &["policy_id", "to_date", "from_date", "from_code", "weight_from"],
    },
    Table {
        name: "municipality_parts",
        doc: "The parts of territory a municipality of a division is made of; a part is never divided.",
        columns: &[
            ("municipality_code", Text, REQUIRED, "Code in the division of division_date."),
            ("division_date", Date, REQUIRED, "The division the code belongs to."),
            ("part_id", Text, REQUIRED, "The part."),
            ("persons", Int, REQUIRED, "Persons living there on the common reference day."),
        ],
        sort: &["division_date", "municipality_code", "part_id"],
    },
    Table {
        name: "organisations",
        doc: "An organisation and the municipality it belongs to.",
        columns: &[
            ("organisation_number", Text, REQUIRED, "Nine digits."),
            ("name", Text, REQUIRED, "Name."),
            ("municipality_code", Text, REQUIRED, "The municipality that owns it."),
            ("role", Text, REQUIRED, "municipality, county, iks, state, private."),
            ("valid_from", Date, REQUIRED, "First day."),
            ("valid_to", Date, NULLABLE, "First day after."),
        ],
        sort: &["organisation_number", "valid_from"],
    },
    Table {
        name: "networks",
        doc: "A regional digitalisation network.",
        columns: &[
            ("network_id", Text, REQUIRED, "Slug."),
            ("name", Text, REQUIRED, "Name."),
            ("county_codes", Text, REQUIRED, "Its counties' codes of 2024, separated by spaces."),
            ("stated_members", Small, NULLABLE, "How many members it states."),
            ("source", Text, REQUIRED, "Where this was seen."),
            ("certainty", Text, REQUIRED, "seen or guess."),
        ],
        sort: &["network_id"],
    },
    Table {
        name: "network_members",
        doc: "A municipality's membership of a network.",
        columns: &[
            ("network_id", Text, REQUIRED, "Slug."),
            ("municipality_code", Text, REQUIRED, "Code in the division of division_date."),
            ("division_date", Date, REQUIRED, "The division the code belongs to."),
            ("valid_from", Date, NULLABLE, "First day; NULL = not known."),
            ("valid_to", Date, NULLABLE, "First day after; NULL = still."),
            ("certainty", Text, REQUIRED, "seen or guess."),
        ],
        sort: &["network_id", "municipality_code"],
    },
    Table {
        name: "peer_groups",
        doc: "The group a municipality is compared within.",
        columns: &[
            ("scheme", Text, REQUIRED, "kostra or centrality."),
            ("version", Text, REQUIRED, "Year of the grouping."),
            ("group_code", Text, REQUIRED, "EKG01-EKG17 or 1-6."),
            ("municipality_code", Text, REQUIRED, "Code in the division of division_date."),
            ("division_date", Date, REQUIRED, "The division the code belongs to."),
        ],
        sort: &["scheme", "version", "group_code", "municipality_code"],
    },
    Table {
        name: "population",
        doc: "Persons living in a municipality on a day, in an age band.",
        columns: &[
            ("municipality_code", Text, REQUIRED, "Code in the division of division_date."),
            ("division_date", Date, REQUIRED, "The division the code belongs to."),
            ("reference_date", Date, REQUIRED, "The day counted, 1 January."),
            ("age_from", Small, REQUIRED, "Youngest age counted."),
            ("age_to", Small, NULLABLE, "First age not counted; NULL = no upper end."),
            ("persons", Int, REQUIRED, "How many."),
            ("vintage", Text, REQUIRED, "The publication the number is from."),
        ],
        sort: &["age_from", "age_to", "reference_date", "municipality_code"],
    },
    Table {
        name: "target_groups",
        doc: "Who could use a solution: an age band of the population.",
        columns: &[
            ("target_group_id", Text, REQUIRED, "Slug."),
            ("solution_id", Text, REQUIRED, "The solution."),
            ("rule", Text, REQUIRED, "The rule in words."),
            ("age_from", Small, REQUIRED, "Youngest age."),
            ("age_to", Small, NULLABLE, "First age outside; NULL = no upper end."),
            ("source", Text, REQUIRED, "Who says so."),
        ],
        sort: &["solution_id", "target_group_id"],
    },
    Table {
        name: "solutions",
        doc: "A shared national solution.",
        columns: &[
            ("solution_id", Text, REQUIRED, "Slug."),
            ("name_nb", Text, REQUIRED, "Bokmål."),
            ("name_nn", Text, REQUIRED, "Nynorsk."),
            ("name_en", Text, REQUIRED, "English."),
            ("owner", Text, REQUIRED, "National owner."),
            ("service_area", Text, REQUIRED, "Part of the municipality's work."),
            ("launched", Date, NULLABLE, "First day in use anywhere; NULL = not known."),
        ],
        sort: &["solution_id"],
    },
    Table {
        name: "measures",
        doc: "What is counted about a solution.",
        columns: &[
            ("measure_id", Text, REQUIRED, "Slug."),
            ("solution_id", Text, REQUIRED, "The solution."),
            ("unit", Text, REQUIRED, "What one of it is."),
            ("kind", Text, REQUIRED, "flow, stock, status, share."),
            ("rollup", Text, REQUIRED, "sum, last, mean, none."),
            ("stamp", Text, REQUIRED, "start or end."),
            ("sensitivity", Text, REQUIRED, "open, small_cell, restricted."),
        ],
        sort: &["solution_id", "measure_id"],
    },
    Table {
        name: "usage",
        doc: "A count about a solution in a municipality over a period, as measured.",
        columns: &[
            ("solution_id", Text, REQUIRED, "The solution."),
            ("measure_id", Text, REQUIRED, "What was counted."),
            ("municipality_code", Text, REQUIRED, "Code in the division of division_date."),
            ("division_date", Date, REQUIRED, "The division the code belongs to."),
            ("organisation_number", Text, NULLABLE, "The organisation, when the source names one."),
            ("period_start", Date, REQUIRED, "First day."),
            ("period_end", Date, REQUIRED, "First day after."),
            ("value", Int, NULLABLE, "The count; NULL unless state is ok."),
            ("state", Text, REQUIRED, "ok, missing, not_applicable, suppressed."),
            ("provisional", Flag, REQUIRED, "May still change."),
            ("imputed", Flag, REQUIRED, "Estimated."),
            ("synthetic", Flag, REQUIRED, "Invented for demonstration."),
            ("receipt_id", Text, REQUIRED, "The delivery it came in."),
        ],
        sort: &["solution_id", "measure_id", "municipality_code", "period_start"],
    },
    Table {
        name: "rollout_events",
        doc: "A municipality enters a stage of a solution's rollout: when it was true and when it was known.",
        columns: &[
            ("solution_id", Text, REQUIRED, "The solution."),
            ("municipality_code", Text, REQUIRED, "Code in the division of division_date."),
            ("division_date", Date, REQUIRED, "The division the code belongs to."),
            (
                "stage",
                Text,
                REQUIRED,
                "planned, agreed, technically_ready, pilot, in_production, paused, withdrawn.",
            ),
            ("valid_from", Date, REQUIRED, "First day in the stage."),
            ("valid_to", Date, NULLABLE, "First day after; NULL = until the next event."),
            ("known_at", Instant, REQUIRED, "When the source said so."),
            ("wave_id", Text, NULLABLE, "The wave it belongs to."),
            ("note", Text, NULLABLE, "What must be known to read it right."),
            ("synthetic", Flag, REQUIRED, "Invented for demonstration."),
            ("receipt_id", Text, REQUIRED, "The delivery it came in."),
        ],
        sort: &["solution_id", "municipality_code", "valid_from", "known_at"],
    },
    Table {
        name: "waves",
        doc: "An intake of a group of municipalities into one solution.",
        columns: &[
            ("wave_id", Text, REQUIRED, "Slug."),
            ("solution_id", Text, REQUIRED, "The solution."),
            ("network_id", Text, NULLABLE, "The network that runs it."),
            ("name", Text, REQUIRED, "Name."),
            ("synthetic", Flag, REQUIRED, "Invented for demonstration."),
        ],
        sort: &["wave_id"],
    },
    Table {
        name: "wave_members",
        doc: "A municipality planned into a wave.",
        columns: &[
            ("wave_id", Text, REQUIRED, "The wave."),
            ("municipality_code", Text, REQUIRED, "Code in the division of division_date."),
            ("division_date", Date, REQUIRED, "The division the code belongs to."),
            ("planned_date", Date, NULLABLE, "Day production is planned for."),
        ],
        sort: &["wave_id", "municipality_code"],
    },
    Table {
        name: "targets",
        doc: "A goal: metric, scope, value, path, due day and owner.",
        columns: &[
            ("metric", Text, REQUIRED, "A KPI's id."),
            ("solution_id", Text, REQUIRED, "The solution."),
            ("scope", Text, REQUIRED, "nation, network:<id> or municipality:<code>."),
            ("value", Real, REQUIRED, "The goal, in the KPI's unit."),
            ("baseline_period", Date, REQUIRED, "First day of the period the path starts in."),
            ("baseline_value", Real, REQUIRED, "Value there."),
            ("path", Text, REQUIRED, "straight or s_curve."),
            ("due", Date, REQUIRED, "The day it is due."),
            ("owner", Text, REQUIRED, "Who answers for it."),
            ("synthetic", Flag, REQUIRED, "Invented for demonstration."),
        ],
        sort: &["metric", "solution_id", "scope"],
    },
    Table {
        name: "unit_values",
        doc: "What one unit of use is worth, as a range with its source. NOK in øre, time in seconds.",
        columns: &[
            ("solution_id", Text, REQUIRED, "The solution."),
            ("measure_id", Text, REQUIRED, "The measure whose units are valued."),
            ("benefit_kind", Text, REQUIRED, "avoided_cost (nok) or saved_time (hours)."),
            ("unit", Text, REQUIRED, "ore or second, per unit of use."),
            ("low", Int, REQUIRED, "Low."),
            ("central", Int, REQUIRED, "Most likely."),
            ("high", Int, REQUIRED, "High."),
            ("valid_from", Date, REQUIRED, "First day."),
            ("valid_to", Date, NULLABLE, "First day after."),
            ("source", Text, REQUIRED, "Where the figure is printed."),
            ("quality", Text, REQUIRED, "published, published_lower_bound, assumption."),
            ("owner", Text, REQUIRED, "Benefit owner."),
        ],
        sort: &["solution_id", "measure_id", "benefit_kind", "valid_from"],
    },
    Table {
        name: "prices",
        doc: "What a solution costs a municipality of a size. NOK in øre a year, plus øre per inhabitant a year.",
        columns: &[
            ("solution_id", Text, REQUIRED, "The solution."),
            ("population_from", Int, REQUIRED, "Smallest population the price is for."),
            ("population_to", Int, NULLABLE, "First population it is not for."),
            ("ore_once", Int, REQUIRED, "Once."),
            ("ore_a_year", Int, REQUIRED, "A year."),
            ("ore_per_inhabitant_a_year", Int, REQUIRED, "Per inhabitant a year."),
            ("valid_from", Date, REQUIRED, "First day."),
            ("valid_to", Date, NULLABLE, "First day after."),
            ("source", Text, REQUIRED, "Where the price is printed."),
            ("quality", Text, REQUIRED, "published or assumption."),
        ],
        sort: &["solution_id", "population_from"],
    },
    Table {
        name: "membership_fees",
        doc: "What a network asks of its members. NOK in øre a year, plus øre per inhabitant a year, up to a most.",
        columns: &[
            ("network_id", Text, NULLABLE, "The network; NULL = any that has no row of its own."),
            ("ore_a_year", Int, REQUIRED, "A year."),
            ("ore_per_inhabitant_a_year", Int, REQUIRED, "Per inhabitant a year."),
            ("ore_a_year_max", Int, NULLABLE, "The most a member pays a year; NULL = no most."),
            ("host_code", Text, NULLABLE, "Code of the host, which pays nothing; NULL = none or not known."),
            ("valid_from", Date, REQUIRED, "First day."),
            ("valid_to", Date, NULLABLE, "First day after."),
            ("source", Text, REQUIRED, "Where the model is from."),
            ("quality", Text, REQUIRED, "published, declared or assumption."),
        ],
        sort: &["network_id", "valid_from"],
    },
    Table {
        name: "baselines",
        doc: "The state measured before start (nullpunkt).",
        columns: &[
            ("solution_id", Text, REQUIRED, "The solution."),
            ("measure_id", Text, REQUIRED, "The measure."),
            ("municipality_code", Text, REQUIRED, "Code in the division of division_date."),
            ("division_date", Date, REQUIRED, "The division the code belongs to."),
            ("value_a_month", Int, REQUIRED, "Units a month before start."),
            ("measured_on", Date, REQUIRED, "When it was measured."),
            ("method", Text, REQUIRED, "How."),
            ("synthetic", Flag, REQUIRED, "Invented for demonstration."),
        ],
        sort: &["solution_id", "measure_id", "municipality_code"],
    },
    Table {
        name: "receipts",
        doc: "A delivery received: the evidence every fact points to.",
        columns: &[
            ("receipt_id", Text, REQUIRED, "Key."),
            ("source_id", Text, REQUIRED, "The source."),
            ("asked", Text, REQUIRED, "What was asked for: the delivery's subject, a period or `all`."),
            ("received_at", Instant, REQUIRED, "When."),
            ("sha256", Text, REQUIRED, "Hash of the payload, its name in raw/."),
            ("bytes", Int, REQUIRED, "Length of the payload."),
            ("rows_in", Int, REQUIRED, "Data rows read."),
            ("rows_rejected", Int, REQUIRED, "Of them refused."),
            ("contract_version", Small, REQUIRED, "The contract it was held against."),
            ("synthetic", Flag, REQUIRED, "Invented for demonstration."),
            ("state", Text, REQUIRED, "accepted or held."),
            ("reason", Text, NULLABLE, "Why it is held."),
        ],
        sort: &["source_id", "asked", "received_at"],
    },
    Table {
        name: "rejections",
        doc: "A row refused, with the reason.",
        columns: &[
            ("receipt_id", Text, REQUIRED, "The delivery."),
            ("row", Int, REQUIRED, "Row of the payload, from 1."),
            ("reason", Text, REQUIRED, "What is wrong."),
            ("raw", Text, REQUIRED, "The row as received, at most 500 characters."),
        ],
        sort: &["receipt_id", "row"],
    },
    Table {
        name: "expected_deliveries",
        doc: "What a source owes for a period, and when.",
        columns: &[
            ("source_id", Text, REQUIRED, "The source."),
            ("solution_id", Text, REQUIRED, "The solution."),
            ("measure_id", Text, REQUIRED, "The measure."),
            ("period_start", Date, REQUIRED, "First day."),
            ("period_end", Date, REQUIRED, "First day after."),
            ("due", Date, REQUIRED, "The day it is due."),
        ],
        sort: &["source_id", "solution_id", "measure_id", "period_start"],
    },
];

impl Table {
    /// The table of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }

    /// Its Arrow schema.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        let fields =
            self.columns.iter().map(|(name, kind, nullable, _)| Field::new(*name, kind.arrow(), *nullable));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// Its columns' names and meanings, in order.
    pub fn columns(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.columns.iter().map(|(name, _, _, doc)| (*name, *doc))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sort_columns_exist() {
        for table in TABLES {
            for column in table.sort {
                assert!(table.schema().field_with_name(column).is_ok(), "{}.{column}", table.name);
            }
        }
    }
}
