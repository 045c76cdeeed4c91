//! What can be typed.

use std::path::PathBuf;

use clap::builder::TypedValueParser as _;
use clap::{Parser, Subcommand};

use crate::backup::BackupArguments;
use crate::generate::GenerateArguments;
use crate::held::HeldCommand;
use crate::key::KeyCommand;
use crate::logging::LogFilter;
use crate::question::Question;
use crate::register::RegisterCommand;
use crate::serve::HttpArguments;
use crate::source::file_sources;

/// Follows the rollout of national shared solutions through Norway's municipalities.
#[derive(Debug, Parser)]
#[command(
    name = "utbredt",
    version,
    after_help = "Examples:
  utbredt demo --no-serve
  utbredt source new 2026-10.csv > county.toml && utbredt source try 2026-10.csv --contract county.toml
  utbredt init && utbredt ingest 2026-10.csv --contract county.toml
  utbredt kpi run rollout.population_coverage --lake demo --param solution_id=digisos --from 2018-04 --to 2020-12
  utbredt diff 4 5 --lake demo --kpi adoption.reach --param solution_id=svarut --by county --from 2026-10 --to 2026-10
  utbredt sql --lake demo \"SELECT reason, count(*) AS rejected FROM rejections GROUP BY reason\""
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// A folder with `kpi/` and `views/` in place of the program's own.
    #[arg(long, global = true, env = "UTBREDT_QUERIES", value_name = "DIR")]
    pub(crate) queries: Option<PathBuf>,
    /// What is logged on standard error: `off`, `error`, `warn`, `info`, `debug`, `trace`, or a filter by crate such
    /// as `info,utbredt_api=debug`. `info` for servers, `warn` otherwise.
    #[arg(long, global = true, env = "UTBREDT_LOG", value_name = "LEVEL")]
    pub(crate) log: Option<LogFilter>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Builds a demonstration lake from the embedded datasets, prints answers, then serves it.
    Demo {
        /// The folder of the new lake.
        #[arg(long, visible_alias = "lake", default_value = "./demo")]
        dir: PathBuf,
        /// How it is served.
        #[command(flatten)]
        http: HttpArguments,
        /// End after the answers.
        #[arg(long)]
        no_serve: bool,
    },
    /// Generates a lake to measure with: real places and people, synthetic solutions, counts that follow from a seed.
    Generate(GenerateArguments),
    /// Creates a lake with the embedded reference tables, or updates those of a lake.
    Init {
        /// Date the lake by this machine's clock, though the newest edition is dated later or more than 400 days before:
        /// the clock is right, and the lake was dated by a wrong one or not used for long.
        #[arg(long)]
        trust_clock: bool,
        /// Let those of the folder's group read the lake's tables, but not what was delivered; otherwise only its owner may.
        #[arg(long)]
        group_readable: bool,
        /// Show what of the embedded tables the lake lacks or has otherwise, and write nothing.
        #[arg(long)]
        dry_run: bool,
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
    },
    /// Delivers files, or runs the sources of the plan that are due; ends with 3 when a delivery is held, too many of
    /// its rows are rejected, or a source fails.
    Ingest(IngestArguments),
    /// Lists, runs and tries sources, and proposes a contract for a new file.
    #[command(subcommand)]
    Source(SourceCommand),
    /// Lists, shows and releases deliveries that are held: kept but not active until a person decides.
    #[command(subcommand)]
    Held(HeldCommand),
    /// Lists registers, a network's own facts, writes them as files to edit, and applies what was edited.
    #[command(subcommand)]
    Register(RegisterCommand),
    /// Makes, lists and revokes the keys by which a server is used.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Serves a lake over HTTP until interrupted. At an address that others reach it needs a key (`utbredt key new`).
    Serve {
        /// Run the sources of the plan meanwhile, each when it is due.
        #[arg(long)]
        ingest: bool,
        /// The plan.
        #[command(flatten)]
        plan: PlanArguments,
        /// How it is served.
        #[command(flatten)]
        http: HttpArguments,
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
    },
    /// Lists, shows and runs KPIs.
    #[command(subcommand)]
    Kpi(KpiCommand),
    /// Shows what changed a KPI between two editions, each change split by cause.
    Diff(Box<DiffArguments>),
    /// Backtests the forecasts of `targets.time_to_target` on simulated municipalities; ends with 3 when the 80 %
    /// intervals cover less than 75 % or more than 85 %.
    Backtest(BacktestArguments),
    /// Runs one SELECT over the lake's tables.
    ///
    /// Two forms give wrong answers, a known limit of the query engine: `x NOT IN (SELECT y …)` where some y is NULL (write
    /// NOT EXISTS), and `lead` or `lag` over more than one row with IGNORE NULLS.
    Sql {
        /// The statement.
        text: String,
        /// How the rows are written: `table`, `csv`, `csv-excel`, `json`, `arrow` or `xlsx`.
        #[arg(long, default_value = "table")]
        format: String,
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
    },
    /// Plans every query file and reports every problem.
    Check {
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Checks every edition, file and payload of a lake.
    Verify {
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
        /// First remove what a writer that was killed left behind, and write Delta logs anew where they are not what the editions say.
        #[arg(long)]
        repair: bool,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Copies a lake into a folder, also while it is written, and verifies the copy. The copy is a lake: to restore it, name
    /// it with `--lake`, or put it in the place of the lost one while nothing runs there.
    Backup(BackupArguments),
    /// The product's own tables of facts.
    #[command(subcommand)]
    Reference(ReferenceCommand),
    /// Reads one delivery for another process of this program, bound by limits.
    #[command(hide = true)]
    ParseChild,
    /// Writes completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct BacktestArguments {
    /// The seed of the simulation.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many municipalities it has.
    #[arg(long, default_value_t = 357, value_parser = clap::value_parser!(u16).range(2..=2000).map(usize::from))]
    pub(crate) municipalities: usize,
    /// How many months it has.
    #[arg(long, default_value_t = 72, value_parser = clap::value_parser!(u16).range(48..=240).map(usize::from))]
    pub(crate) months: usize,
    /// Report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where the plan is.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PlanArguments {
    /// The plan: sources, their schedules, the deliveries expected of them.
    #[arg(long, env = "UTBREDT_PLAN", default_value = "./utbredt.toml", value_name = "FILE")]
    pub(crate) plan: PathBuf,
    /// Let the plan's hosts be this machine, without TLS: for a server of a test.
    #[arg(long, hide = true)]
    pub(crate) local: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SourceCommand {
    /// Lists the sources of the plan and when each runs next.
    List {
        /// The plan.
        #[command(flatten)]
        plan: PlanArguments,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows the health of each source: its last run and its last success.
    Status {
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Runs one source now, whether it is due or not.
    Run {
        /// Its id.
        id: String,
        /// The plan.
        #[command(flatten)]
        plan: PlanArguments,
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows what a file would add, what would be rejected and why, and what would change; nothing is written. Ends
    /// with 3 when the delivery would be held or too many of its rows rejected.
    Try(TryArguments),
    /// Proposes a contract that reads a file.
    New(NewArguments),
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("how").args(["contract", "source"]))]
pub(crate) struct IngestArguments {
    /// The files, each one delivery; without any, the sources of the plan that are due are run.
    #[arg(value_name = "FILE", requires = "how")]
    pub(crate) files: Vec<PathBuf>,
    /// The plan.
    #[command(flatten)]
    pub(crate) plan: PlanArguments,
    /// The contract that states how the files are read; it names the source.
    #[arg(long, value_name = "CONTRACT.toml", requires = "files")]
    pub(crate) contract: Option<PathBuf>,
    /// A source that needs no contract.
    #[arg(long, value_parser = file_sources(), requires = "files")]
    pub(crate) source: Option<String>,
    /// What the file reports; it replaces an earlier delivery of the same subject. The file's name without its
    /// extension when left out.
    #[arg(long, alias = "asked", value_name = "TEXT")]
    pub(crate) subject: Option<String>,
    /// Rejected rows of a delivery, totals and repetitions aside, from which the exit code is 3.
    #[arg(long, alias = "max-refused", value_name = "PERCENT", default_value_t = 20, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) max_rejected: u8,
    /// The lake.
    #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
    pub(crate) lake: PathBuf,
    /// Report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

// How a file is read: by exactly one of the two.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct How {
    /// The contract that states how the file is read; it names the source.
    #[arg(long, value_name = "CONTRACT.toml")]
    pub(crate) contract: Option<PathBuf>,
    /// A source that needs no contract.
    #[arg(long, value_parser = file_sources())]
    pub(crate) source: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TryArguments {
    /// The file.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) how: How,
    /// What the file reports, as in `ingest`.
    #[arg(long, alias = "asked", value_name = "TEXT")]
    pub(crate) subject: Option<String>,
    /// Rejected rows, totals and repetitions aside, from which the exit code is 3.
    #[arg(long, alias = "max-refused", value_name = "PERCENT", default_value_t = 20, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) max_rejected: u8,
    /// The lake it is compared with: `./lake` when left out, or the program's own reference tables when there is none.
    #[arg(long, env = "UTBREDT_LAKE")]
    pub(crate) lake: Option<PathBuf>,
    /// Report as JSON, with every number read and every row rejected.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct NewArguments {
    /// The file.
    pub(crate) file: PathBuf,
    /// The new source's id; derived from the file's name when left out.
    #[arg(long, value_name = "ID")]
    pub(crate) source_id: Option<String>,
    /// The solution, where the file does not state it.
    #[arg(long, value_name = "ID")]
    pub(crate) solution: Option<String>,
    /// The measure, where the file does not state it.
    #[arg(long, value_name = "ID")]
    pub(crate) measure: Option<String>,
    /// The lake whose solutions and measures are known, as in `source try`.
    #[arg(long, env = "UTBREDT_LAKE")]
    pub(crate) lake: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReferenceCommand {
    /// Builds the reference tables from the original files.
    Build {
        /// Folder of the originals.
        #[arg(long)]
        from: PathBuf,
        /// Folder of the datasets.
        #[arg(long, default_value = "datasets")]
        to: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KpiCommand {
    /// Names every KPI.
    List {
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows a KPI's definition.
    Show {
        /// Its id.
        id: String,
    },
    /// Answers a KPI.
    Run(Box<RunArguments>),
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArguments {
    /// The KPI's id.
    pub(crate) id: String,
    /// An edition's number or a day.
    #[arg(long)]
    pub(crate) as_of: Option<String>,
    #[command(flatten)]
    pub(crate) question: Question,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DiffArguments {
    /// The older edition: its number, or a day on which it was the newest.
    pub(crate) before: String,
    /// The newer edition.
    pub(crate) after: String,
    /// The KPI's id.
    #[arg(long, value_name = "ID")]
    pub(crate) kpi: String,
    /// The query files as they were before, when they have changed too.
    #[arg(long, value_name = "DIR")]
    pub(crate) queries_before: Option<PathBuf>,
    /// Also the rows that did not change.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) question: Question,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// Adds the long help of a command and of those below it.
    fn write_help(command: &mut clap::Command, path: &str, out: &mut String) {
        // A value that happens to be set where the test runs is no part of the help.
        let mut shown = command.clone().mut_args(|argument| argument.hide_env_values(true));
        out.push_str(&format!("==== {path}\n{}\n", shown.render_long_help()));
        let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
        for name in names.iter().filter(|name| *name != "help") {
            if let Some(below) = command.find_subcommand_mut(name) {
                write_help(below, &format!("{path} {name}"), out);
            }
        }
    }

    #[test]
    fn the_demo_takes_its_folder_by_the_name_of_the_other_commands_too() {
        for name in ["--dir", "--lake"] {
            let Command::Demo { dir, .. } = Arguments::parse_from(["utbredt", "demo", name, "new"]).command
            else {
                panic!("another command")
            };
            assert_eq!(dir, PathBuf::from("new"), "{name}");
        }
    }

    #[test]
    fn the_help_is_as_agreed() {
        let mut command = Arguments::command();
        command.build();
        let mut out = String::new();
        write_help(&mut command, "utbredt", &mut out);
        insta::assert_snapshot!(out);
    }
}
