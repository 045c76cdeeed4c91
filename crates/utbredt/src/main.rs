//! The `utbredt` command: arguments in, the rooms called in order, text out. No logic of its own.

mod assets;
mod demo;
mod table;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use utbredt_engine::{AsOf, Borders, By, Engine, EngineError, KpiRequest, Policy};
use utbredt_lake::Lake;
use utbredt_model::{Granularity, Period};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Follows the rollout of national shared solutions through Norway's municipalities.
#[derive(Debug, Parser)]
#[command(name = "utbredt", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Builds a lake from the embedded datasets and answers a question from it.
    Demo {
        /// Where the lake is made.
        #[arg(long, default_value = "./demo")]
        dir: PathBuf,
        /// Where it is served.
        #[arg(long, default_value = "127.0.0.1:8080")]
        addr: SocketAddr,
        /// End after the answer.
        #[arg(long)]
        no_serve: bool,
    },
    /// Serves a lake over HTTP until interrupted.
    Serve {
        /// Where it is served.
        #[arg(long, default_value = "127.0.0.1:8080")]
        addr: SocketAddr,
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
    },
    /// Lists, shows and runs KPIs.
    #[command(subcommand)]
    Kpi(KpiCommand),
    /// Runs one SELECT over the lake's tables.
    Sql {
        /// The statement.
        text: String,
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
    },
    /// Checks every edition, file and payload of a lake.
    Verify {
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
    },
    /// The product's own tables of facts.
    #[command(subcommand)]
    Reference(ReferenceCommand),
}

#[derive(Debug, Subcommand)]
enum ReferenceCommand {
    /// Makes the reference tables again from the originals.
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
enum KpiCommand {
    /// Names every KPI.
    List,
    /// Shows a KPI's definition.
    Show {
        /// Its id.
        id: String,
    },
    /// Answers a KPI.
    Run(Box<RunArguments>),
}

#[derive(Debug, clap::Args)]
struct RunArguments {
    /// The KPI's id.
    id: String,
    /// A parameter, `name=value`.
    #[arg(long = "param")]
    params: Vec<String>,
    /// What a row is about: `municipality`, `county`, `network`, `peer_group` or `nation`.
    #[arg(long, default_value = "nation")]
    by: String,
    /// then, now or a day.
    #[arg(long, default_value = "then")]
    borders: String,
    /// At inexact borders: `exact_only`, `population_share` or `largest_heir`.
    #[arg(long, default_value = "exact_only")]
    policy: String,
    /// An edition's number or a day.
    #[arg(long)]
    as_of: Option<String>,
    /// The first period, such as 2018-04.
    #[arg(long)]
    from: Option<String>,
    /// The last period, such as 2020-12.
    #[arg(long)]
    to: Option<String>,
    /// Length of a period: `day`, `week`, `month`, `quarter`, `half_year` or `year`.
    #[arg(long)]
    granularity: Option<String>,
    /// table or csv.
    #[arg(long, default_value = "table")]
    format: String,
    /// The lake.
    #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
    lake: PathBuf,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            table::message(&format!("error: {error:#}"));
            let usage = error.downcast_ref::<EngineError>();
            if let Some(hint) = usage.and_then(EngineError::hint) {
                table::message(&format!("hint: {hint}"));
            }
            ExitCode::from(if usage.is_some_and(EngineError::is_usage) { 2 } else { 1 })
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(16 << 20)
        .enable_all()
        .build()?;
    match command {
        Command::Demo { dir, addr, no_serve } => {
            demo::run(&runtime, &dir)?;
            if no_serve {
                return Ok(());
            }
            demo::doors(&dir, addr);
            serve(&runtime, &dir, addr)
        }
        Command::Serve { addr, lake } => serve(&runtime, &lake, addr),
        Command::Kpi(KpiCommand::List) => {
            for kpi in assets::catalogue()?.kpis() {
                table::line(&format!("{:<32} {}", kpi.id, kpi.title.en));
            }
            Ok(())
        }
        Command::Kpi(KpiCommand::Show { id }) => {
            let catalogue = assets::catalogue()?;
            table::line(&catalogue.get(&id)?.markdown(utbredt_kpi::Lang::En));
            Ok(())
        }
        Command::Kpi(KpiCommand::Run(arguments)) => {
            let engine = Engine::open(&arguments.lake, assets::queries())?;
            let answer = runtime.block_on(engine.run(request(&arguments)?))?;
            table::print(&answer.batches, &arguments.format)
        }
        Command::Sql { text, lake } => {
            let engine = Engine::open(&lake, assets::queries())?;
            table::print(&runtime.block_on(engine.sql(text))?.batches, "table")
        }
        Command::Verify { lake } => {
            let report = Lake::open(&lake)?.verify()?;
            table::line(&format!(
                "{} editions, {} files, {} bytes",
                report.editions, report.files, report.bytes
            ));
            anyhow::ensure!(report.problems.is_empty(), "{}", report.problems.join("\n"));
            Ok(())
        }
        Command::Reference(ReferenceCommand::Build { from, to }) => {
            let report = utbredt_ingest::reference::build(&from, &to)?;
            table::line(&format!("{report:#?}"));
            Ok(())
        }
    }
}

/// Serves until the process is told to stop; answers under way are finished first.
fn serve(runtime: &tokio::runtime::Runtime, lake: &Path, addr: SocketAddr) -> anyhow::Result<()> {
    let engine = Engine::open(lake, assets::queries())?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(addr).await?;
        table::message(&format!("serving {} on http://{}", lake.display(), listener.local_addr()?));
        utbredt_api::serve(listener, utbredt_api::ApiState::new(engine), stop()).await?;
        Ok(())
    })
}

async fn stop() {
    let mut ended = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
    let terminated = async {
        match ended.as_mut() {
            Some(signal) => signal.recv().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}

fn request(arguments: &RunArguments) -> Result<KpiRequest, EngineError> {
    let invalid = |what: String, hint: &str| EngineError::Invalid { what, hint: hint.to_owned() };
    let period = |text: &Option<String>| {
        let parsed = text.as_deref().map(Period::parse).transpose();
        parsed.map_err(|e| invalid(e.to_string(), "for example --from 2018-04 --to 2020-12"))
    };
    let mut asked = KpiRequest::new(&arguments.id);
    for pair in &arguments.params {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(invalid(
                format!("`{pair}` is not name=value"),
                "for example --param solution_id=digisos",
            ));
        };
        asked.params.insert(name.to_owned(), value.to_owned());
    }
    asked.by = By::parse(&arguments.by)?;
    asked.borders = Borders::parse(&arguments.borders)?;
    asked.policy = Policy::parse(&arguments.policy)?;
    asked.as_of = arguments.as_of.as_deref().map(AsOf::parse).transpose()?.unwrap_or_default();
    asked.from = period(&arguments.from)?.map(|p| p.start);
    asked.to = period(&arguments.to)?.map(|p| p.end);
    asked.granularity = match arguments.granularity.as_deref() {
        None => None,
        Some(word) => Some(Granularity::parse(word).ok_or_else(|| {
            invalid(format!("`{word}` is not a granularity"), "day, week, month, quarter, half_year or year")
        })?),
    };
    Ok(asked)
}
