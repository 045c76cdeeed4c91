//! What a delivery is held against: places, organisations, what is counted, and whom it could reach.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use polars::prelude::{DataFrame, DataType, Expr, IntoLazy, JoinArgs, JoinType, LazyFrame, col, lit};
use utbredt_lake::{Edition, Lake, Table};

use crate::{IngestError, bridge};

/// Stands for "no upper end" of an age band, which has to compare equal to itself.
const NO_END: i32 = 999;

/// The reference tables as frames. Days are numbers.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// `municipality_code, division_date, valid_to`: each code in each division it existed in.
    pub(crate) places: DataFrame,
    /// `organisation_number, municipality_code, valid_from, valid_to`.
    pub(crate) organisations: DataFrame,
    /// `solution_id, measure_id`.
    pub(crate) measures: DataFrame,
    /// `solution_id, municipality_code, division_date, reference_date, persons`: the target group.
    pub(crate) eligible: DataFrame,
    /// Every measure by its solution.
    pub(crate) known: BTreeMap<String, BTreeSet<String>>,
    /// By the day it ceased and the old code: what to write instead, with its name.
    pub(crate) heirs: BTreeMap<(i32, String), BTreeSet<String>>,
}

impl World {
    /// The world of an edition.
    pub(crate) fn of_lake(lake: &Lake, edition: Option<&Edition>) -> Result<Self, IngestError> {
        Self::read(|name| bridge::read(lake, edition, name))
    }

    /// The world of tables that are not in a lake yet.
    pub(crate) fn of_tables(tables: &[(&'static Table, RecordBatch)]) -> Result<Self, IngestError> {
        Self::read(|name| of_tables(tables, name))
    }

    fn read(table: impl Fn(&'static str) -> Result<DataFrame, IngestError>) -> Result<Self, IngestError> {
        let divisions = table("divisions")?.lazy().select([col("division_date"), col("valid_to")]);
        let places = table("municipality_parts")?
            .lazy()
            .group_by([col("municipality_code"), col("division_date")])
            .agg([])
            .inner_join(divisions, col("division_date"), col("division_date"))
            .collect()?;
        if places.height() == 0 {
            return Err(IngestError::NotReady("divisions and municipality_parts"));
        }
        let measures = table("measures")?.lazy().select([col("solution_id"), col("measure_id")]).collect()?;
        let solutions = table("solutions")?;
        let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for solution in solutions.column("solution_id")?.str()?.iter().flatten() {
            known.entry(solution.to_owned()).or_default();
        }
        let pairs =
            measures.column("solution_id")?.str()?.iter().zip(measures.column("measure_id")?.str()?.iter());
        for (solution, measure) in pairs {
            if let (Some(solution), Some(measure)) = (solution, measure) {
                known.entry(solution.to_owned()).or_default().insert(measure.to_owned());
            }
        }
        Ok(Self {
            places,
            organisations: table("organisations")?,
            measures,
            eligible: eligible(
                solutions.lazy(),
                table("target_groups")?.lazy(),
                table("population")?.lazy(),
                table("municipality_mappings")?.lazy(),
            )?,
            known,
            heirs: heirs(&table("municipality_changes")?)?,
        })
    }

    /// Checks that a measure exists, naming the nearest that does.
    pub(crate) fn check(&self, solution: &str, measure: Option<&str>) -> Result<(), IngestError> {
        let unknown =
            |kind, name: &str, nearest| Err(IngestError::Unknown { kind, name: name.to_owned(), nearest });
        let Some(measures) = self.known.get(solution) else {
            return unknown("solution", solution, nearest(solution, self.known.keys()));
        };
        match measure {
            Some(measure) if !measures.contains(measure) => {
                unknown("measure", measure, nearest(measure, measures))
            }
            _ => Ok(()),
        }
    }
}

/// One of some tables that are in no lake.
pub(crate) fn of_tables(
    tables: &[(&'static Table, RecordBatch)],
    name: &'static str,
) -> Result<DataFrame, IngestError> {
    let own = tables.iter().filter(|(table, _)| table.name == name);
    let batches: Vec<_> = own.map(|(_, batch)| batch.clone()).collect();
    bridge::to_frame(&bridge::table(name)?.schema(), &batches)
}

/// The known name most like the one given.
pub(crate) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n String>) -> Option<String> {
    known.into_iter().min_by_key(|have| strsim::damerau_levenshtein(name, have)).cloned()
}

/// The persons of every solution's target group in every municipality of every division, by the day counted.
/// A band that is not declared means all inhabitants. Of two publications the larger counts: a revision alone
/// should hold nothing back.
fn eligible(
    solutions: LazyFrame,
    groups: LazyFrame,
    population: LazyFrame,
    mappings: LazyFrame,
) -> Result<DataFrame, IngestError> {
    let age_to = || col("age_to").fill_null(lit(NO_END));
    let groups = solutions
        .select([col("solution_id")])
        .left_join(
            groups.select([col("solution_id"), col("age_from"), age_to()]),
            col("solution_id"),
            col("solution_id"),
        )
        .with_columns([col("age_from").fill_null(lit(0)), age_to()]);
    let bands = population
        .with_column(age_to())
        .join(
            groups,
            [col("age_from"), col("age_to")],
            [col("age_from"), col("age_to")],
            JoinArgs::new(JoinType::Inner),
        )
        .group_by(["solution_id", "municipality_code", "division_date", "reference_date"].map(col))
        .agg([col("persons").max().cast(DataType::Float64)]);
    let shares = mappings
        .filter(col("policy_id").eq(lit("population_share")).and(col("to_code").is_not_null()))
        .select(["from_code", "from_date", "to_code", "to_date", "share"].map(col));
    let keys = [
        col("solution_id"),
        col("to_code").alias("municipality_code"),
        col("to_date").alias("division_date"),
        col("reference_date"),
    ];
    let mapped = bands
        .join(
            shares,
            [col("municipality_code"), col("division_date")],
            [col("from_code"), col("from_date")],
            JoinArgs::new(JoinType::Inner),
        )
        .select([keys.as_slice(), &[(col("persons") * col("share")).alias("persons")]].concat());
    Ok(mapped
        .group_by(["solution_id", "municipality_code", "division_date", "reference_date"].map(col))
        .agg([col("persons").sum()])
        .collect()?)
}

fn heirs(changes: &DataFrame) -> Result<BTreeMap<(i32, String), BTreeSet<String>>, IngestError> {
    let mut heirs: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    let text = |name| Ok::<_, IngestError>(changes.column(name)?.str()?);
    let days = changes.column("change_date")?.i32()?;
    let rows =
        days.iter().zip(text("old_code")?.iter()).zip(text("new_code")?.iter()).zip(text("new_name")?.iter());
    for (((day, old), new), name) in rows {
        if let (Some(day), Some(old), Some(new)) = (day, old, new)
            && old != new
        {
            let heir = format!("{new} {}", name.unwrap_or_default());
            heirs.entry((day, old.to_owned())).or_default().insert(heir.trim_end().to_owned());
        }
    }
    Ok(heirs)
}

/// Columns by name.
pub(crate) fn cols<const N: usize>(names: [&str; N]) -> [Expr; N] {
    names.map(col)
}
