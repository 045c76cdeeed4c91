//! `utbredt generate`: a lake of a generated nation, and its tables as plain files.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use utbredt_ingest::generate::{Settings, generate};
use utbredt_lake::Lake;

use crate::{assets, clock, human, table};

/// The largest scale whose tables are written as CSV: beyond it the text takes tens of gigabytes.
const MOST_CSV: f64 = 30.0;

#[derive(Debug, clap::Args)]
pub(crate) struct GenerateArguments {
    /// How much: 1 is 40 solutions with two measures in 60 months, about 1.7 million rows; less has fewer solutions and
    /// months, 2 to 29 more solutions, 30 is daily, 300 is daily with ten times the solutions.
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub(crate) scale: f64,
    /// The seed: the same gives the same facts and the same exported bytes.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// In how many deliveries the counts come, in order of time; every fourth corrects the one before. 0 for the reference
    /// tables and stages alone; as few as fit the memory when left out, and at least four.
    #[arg(long, value_name = "N")]
    pub(crate) deliveries: Option<usize>,
    /// A folder for the tables as plain Parquet and, up to scale 30, CSV.
    #[arg(long, value_name = "DIR")]
    pub(crate) export: Option<PathBuf>,
    /// The folder of the new lake.
    #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
    pub(crate) lake: PathBuf,
}

/// Generates, and exports where a folder is given.
pub(crate) fn run(arguments: &GenerateArguments) -> anyhow::Result<()> {
    let started = Instant::now();
    let progress =
        |what: &str| table::message(&format!("{:>6.1} s  {what}", started.elapsed().as_secs_f64()));
    let settings =
        Settings { scale: arguments.scale, seed: arguments.seed, deliveries: arguments.deliveries };
    let generated = generate(&arguments.lake, &assets::datasets(), settings, clock::now(), &progress)?;
    table::line(&format!(
        "SYNTHETIC: {} has {} solutions and {} rows of usage; {} came in {}; edition {} is the newest",
        arguments.lake.display(),
        generated.solutions,
        counted(generated.rows),
        counted(generated.delivered),
        table::counted(generated.deliveries as u64, "delivery", "deliveries"),
        generated.edition
    ));
    // From the lake and not from the seed: other programs then read what the lake holds.
    if let Some(dir) = &arguments.export {
        let csv = arguments.scale <= MOST_CSV;
        progress(&format!(
            "every table as {} in {}",
            if csv { "Parquet and CSV" } else { "Parquet" },
            dir.display()
        ));
        let lake = Lake::open(&arguments.lake)?;
        let rows = lake.export(&lake.latest()?.context("a generated lake has editions")?, dir, csv)?;
        table::line(&format!("SYNTHETIC: {} has {} rows of all tables", dir.display(), counted(rows)));
        if !csv {
            table::message(&format!("no CSV: it is written up to scale {MOST_CSV}"));
        }
    }
    progress("done");
    Ok(())
}

fn counted(number: u64) -> String {
    human::whole(i64::try_from(number).unwrap_or(i64::MAX))
}
