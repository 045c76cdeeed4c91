//! The reference tables of a generated nation: places and people as they are, everything about solutions generated, so that no
//! generated number can be taken for one of a real solution. Where a table has no mark for it, a text of the row says it.

use std::fmt::Write as _;

use utbredt_lake::Table;

use super::adoption::{Adoption, MEASURES, Solution, first_day};
use super::nation::Nation;
use crate::rng::Rng;
use crate::{Files, IngestError};

/// The mark of rows in tables without a column for it.
const MARK: &str = "synthetic: utbredt generate";

/// Persons from which a price holds, its share of the largest one, and the persons up to which.
const SIZES: [(&str, f64, &str); 4] =
    [("0", 0.1, "5000"), ("5000", 0.2, "20000"), ("20000", 0.4, "100000"), ("100000", 1.0, "")];

/// The waves of each solution.
const WAVES: usize = 3;

/// Rows of one table as CSV, under its header.
struct Csv {
    table: &'static str,
    text: String,
}

impl Csv {
    fn new(table: &'static str) -> Result<Self, IngestError> {
        let known = Table::named(table).ok_or(IngestError::NotReady(table))?;
        let header: Vec<&str> = known.columns().map(|(name, _)| name).collect();
        Ok(Self { table, text: format!("{}\n", header.join(",")) })
    }

    fn row(&mut self, fields: std::fmt::Arguments<'_>) {
        // Writing to a text cannot fail.
        let _ = writeln!(self.text, "{fields}");
    }
}

/// The files of `reference/` with every table about solutions in the place of the shipped one.
pub(super) fn files(shipped: &Files, nation: &Nation) -> Result<Vec<(String, Vec<u8>)>, IngestError> {
    let generated = [
        solutions(nation)?,
        measures(nation)?,
        target_groups(nation)?,
        targets(nation)?,
        prices(nation)?,
        unit_values(nation)?,
    ];
    let generated: Vec<Csv> = generated.into_iter().chain(of_municipalities(nation)?).collect();
    let mut files = shipped.to_vec();
    for Csv { table, text } in generated {
        let path = format!("reference/{table}.csv");
        files.retain(|(known, _)| *known != path);
        files.push((path, text.into_bytes()));
    }
    Ok(files)
}

fn solutions(nation: &Nation) -> Result<Csv, IngestError> {
    let mut csv = Csv::new("solutions")?;
    for Solution { id, number, .. } in &nation.solutions {
        csv.row(format_args!(
            "{id},Syntetisk løsning {number},Syntetisk løysing {number},Synthetic solution {number},{MARK},synthetic,"
        ));
    }
    Ok(csv)
}

fn measures(nation: &Nation) -> Result<Csv, IngestError> {
    let mut csv = Csv::new("measures")?;
    let [users, uses] = MEASURES;
    for Solution { id, .. } in &nation.solutions {
        csv.row(format_args!("{users},{id},synthetic persons,stock,last,end,small_cell,true,"));
        csv.row(format_args!("{uses},{id},synthetic uses,flow,sum,start,open,true,"));
    }
    Ok(csv)
}

fn target_groups(nation: &Nation) -> Result<Csv, IngestError> {
    let mut csv = Csv::new("target_groups")?;
    for Solution { id, number, .. } in &nation.solutions {
        if number % 3 == 0 {
            csv.row(format_args!("age-16-plus,{id},inhabitants of 16 and over,16,,{MARK}"));
        } else {
            csv.row(format_args!("everybody,{id},all inhabitants,0,,{MARK}"));
        }
    }
    Ok(csv)
}

fn targets(nation: &Nation) -> Result<Csv, IngestError> {
    let mut csv = Csv::new("targets")?;
    for Solution { id, ceiling, number, .. } in &nation.solutions {
        let path = if number % 2 == 0 { "straight" } else { "s_curve" };
        let (from, to) = (ceiling * 0.1, ceiling * 0.7);
        for scope in ["nation", "network:digi-vestland"] {
            csv.row(format_args!(
                "adoption.reach,{id},{scope},{to:.4},2020-01-01,{from:.4},{path},2025-12-31,{MARK},true"
            ));
        }
        csv.row(format_args!(
            "rollout.population_coverage,{id},nation,0.95,2020-01-01,0.2,{path},2024-12-31,{MARK},true"
        ));
    }
    Ok(csv)
}

fn prices(nation: &Nation) -> Result<Csv, IngestError> {
    let mut csv = Csv::new("prices")?;
    for solution in &nation.solutions {
        let mut rng = Rng::of(nation.seed, &["price", &solution.id]);
        let (once, a_year) = (rng.between(5e6, 5e7), rng.between(1e6, 2e7));
        for (from, share, to) in SIZES {
            let (once, a_year) = (once * share, a_year * share);
            csv.row(format_args!(
                "{},{from},{to},{once:.0},{a_year:.0},150,2015-01-01,,{MARK},synthetic",
                solution.id
            ));
        }
    }
    Ok(csv)
}

fn unit_values(nation: &Nation) -> Result<Csv, IngestError> {
    let mut csv = Csv::new("unit_values")?;
    for Solution { id, .. } in &nation.solutions {
        let central = Rng::of(nation.seed, &["unit value", id]).between(500.0, 5000.0);
        let (low, high) = (central * 0.7, central * 1.5);
        csv.row(format_args!(
            "{id},uses,avoided_cost,ore,{low:.0},{central:.0},{high:.0},2015-01-01,,{MARK},synthetic,{MARK}"
        ));
    }
    Ok(csv)
}

/// Waves with their members, and baselines.
fn of_municipalities(nation: &Nation) -> Result<[Csv; 3], IngestError> {
    let (mut waves, mut members) = (Csv::new("waves")?, Csv::new("wave_members")?);
    let mut baselines = Csv::new("baselines")?;
    let newest = crate::columns::day_of(nation.places.divisions.last().copied().unwrap_or_default());
    for solution in &nation.solutions {
        let id = &solution.id;
        for wave in 1..=WAVES {
            waves.row(format_args!(
                "{id}-{wave},{id},,\"Synthetic: solution {}, wave {wave}\",true",
                solution.number
            ));
        }
        for (home, adoption) in nation.adoptions(solution).iter().enumerate() {
            let code = &nation.places.homes[home];
            let mut rng = Rng::of(nation.seed, &["plan", id, code]);
            let wave = 1 + wave_of(solution, adoption, &mut rng);
            let planned = first_day(adoption.live - delay(&mut rng));
            members.row(format_args!("{id}-{wave},{code},{newest},{planned}"));
            #[expect(clippy::cast_precision_loss, reason = "at most a country's inhabitants")]
            let persons = nation.places.persons(home) as f64;
            let before = persons * adoption.ceiling * adoption.rate * rng.between(0.02, 0.2);
            baselines.row(format_args!("{id},uses,{code},{newest},{before:.0},2015-06-30,{MARK},true"));
        }
    }
    Ok([waves, members, baselines])
}

/// Early ones are in the first wave and late ones in the last, but not all of them.
fn wave_of(solution: &Solution, adoption: &Adoption, rng: &mut Rng) -> usize {
    let after = f64::from(adoption.live) - solution.middle + rng.between(-4.0, 4.0);
    usize::from(after > -4.0) + usize::from(after > 4.0)
}

/// Months by which production is later than planned; negative where it is earlier.
#[expect(clippy::cast_possible_truncation, reason = "a few months")]
fn delay(rng: &mut Rng) -> i32 {
    rng.between(-2.0, 7.0).floor() as i32
}
