#![doc = include_str!("../README.md")]

mod arguments;
mod assets;
mod backtest;
mod backup;
mod clock;
mod demo;
mod diff;
mod escape;
mod generate;
mod held;
mod human;
mod ingest;
mod key;
mod key_access;
mod kpi;
mod logging;
mod number;
mod question;
mod register;
mod register_desk;
mod register_export;
mod register_moves;
mod register_report;
mod report;
mod serve;
mod source;
mod table;
mod trial;
mod upload;

use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use utbredt_engine::{Engine, EngineError, RequestError};
use utbredt_ingest::sandbox;
use utbredt_kpi::Lang;
use utbredt_lake::Lake;

use crate::arguments::{Arguments, Command, ReferenceCommand};
use crate::assets::Queries;
use crate::logging::LogFilter;
use crate::table::Output;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        // Checked at the end: a full disk or a closed pipe must not look like success.
        Ok(code) if table::all_arrived() => code,
        Ok(_) => {
            table::message("error: cannot write to standard output");
            ExitCode::FAILURE
        }
        Err(error) => {
            let usage = Usage::of(&error);
            // A failure that is no question's, such as a full disk, has no code.
            let code = usage.code.map(|code| format!("[{code}]")).unwrap_or_default();
            table::message(&format!("error{code}: {error:#}"));
            if let Some(hint) = usage.hint {
                table::message(&format!("hint: {hint}"));
            }
            ExitCode::from(if usage.at_fault { 2 } else { 1 })
        }
    }
}

/// What an error tells whoever typed the command.
struct Usage {
    /// Whether the command, not the program or the lake, is at fault.
    at_fault: bool,
    /// The code that a problem document of the same error has.
    code: Option<String>,
    hint: Option<String>,
}

impl Usage {
    fn of(error: &anyhow::Error) -> Self {
        if let Some(error) = error.downcast_ref::<EngineError>() {
            return Self::of_engine(error);
        }
        match error.downcast_ref::<RequestError>() {
            // The engine words the hint, with the nearest name.
            Some(error) => Self::of_engine(&EngineError::from(error.clone())),
            None => Self { at_fault: false, code: None, hint: None },
        }
    }

    fn of_engine(error: &EngineError) -> Self {
        Self { at_fault: error.is_usage(), code: Some(error.code()), hint: error.hint() }
    }
}

/// The engine's runtime for one command.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    runtime_of(2)
}

/// A runtime of so many threads, with deep stacks, since plans are walked by recursion.
fn runtime_of(threads: usize) -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    Ok(builder.worker_threads(threads).thread_stack_size(16 << 20).enable_all().build()?)
}

fn default_log(command: &Command) -> LogFilter {
    match command {
        Command::Serve { .. } | Command::Demo { no_serve: false, .. } => LogFilter::of_a_server(),
        _ => LogFilter::of_a_command(),
    }
}

fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    // First: the child reads hostile bytes, so it starts neither log nor runtime.
    if matches!(arguments.command, Command::ParseChild) {
        sandbox::run_child(std::io::stdin(), std::io::stdout())?;
        return Ok(ExitCode::SUCCESS);
    }
    let filter = arguments.log.clone().unwrap_or_else(|| default_log(&arguments.command));
    logging::init(&filter)?;
    // Parsers run in a child of this very program; without its path they run here.
    if let Ok(program) = std::env::current_exe() {
        sandbox::SandboxedParser::new(program, vec!["parse-child".to_owned()]).install();
    }
    let queries = assets::queries(arguments.queries.as_deref())?;
    let done = match arguments.command {
        Command::Ingest(arguments) => return ingest::run(&arguments),
        Command::Demo { dir, no_serve: true, .. } => demo::run(&runtime()?, &dir, queries),
        Command::Demo { dir, http, .. } => {
            // The port first: a demo takes long to build, and a taken port should be reported at once.
            let ports = serve::listen(&http, &dir)?;
            demo::run(&runtime()?, &dir, queries.clone())?;
            demo::examples(&dir, ports.readers.local_addr()?);
            serve::run(ports, &dir, queries, None, &http)
        }
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Init { dry_run: true, lake, .. } => ingest::init_dry_run(&lake),
        Command::Init { trust_clock, group_readable, lake, .. } => {
            ingest::init(&lake, trust_clock, group_readable)
        }
        Command::Source(command) => return source::run(&command),
        Command::Held(command) => held::run(command),
        Command::Register(command) => return register::run(command, queries),
        Command::Key(command) => key::run(command),
        Command::Serve { ingest: false, plan, http, lake } => {
            let ports = serve::listen(&http, &lake)?;
            let uploads = upload::uploads(&plan.plan, &lake)?;
            serve::run(ports, &lake, queries, uploads, &http)
        }
        Command::Serve { plan, http, lake, .. } => {
            let ports = serve::listen(&http, &lake)?;
            let uploads = upload::uploads(&plan.plan, &lake)?;
            let scheduler = source::Scheduler::start(plan, lake.clone());
            let served = serve::run(ports, &lake, queries, uploads, &http);
            scheduler.stop();
            served
        }
        Command::Kpi(command) => kpi::run(command, queries),
        Command::Diff(arguments) => diff::run(&arguments, queries),
        Command::Sql { text, format, lake } => {
            let output = Output::choose(Some(&format), None)?;
            let engine = Engine::open(&lake, queries)?;
            let rows = runtime()?.block_on(engine.sql(text))?;
            let meta = utbredt_formats::meta::of_rows(&rows);
            output.write(Lang::En, &rows.schema, &rows.batches, &meta, &human::all_columns(&rows.schema))
        }
        Command::Backtest(arguments) => return Ok(backtest::run(&arguments)),
        Command::Check { json } => check(queries, json),
        Command::Verify { lake, repair, json } => verify(&lake, repair, json),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Reference(ReferenceCommand::Build { from, to }) => {
            let report = utbredt_ingest::reference::build(&from, &to)?;
            report.files.iter().for_each(|(file, rows)| table::line(&format!("{file}: {rows} rows")));
            for (file, refused) in &report.rejections {
                table::line(&format!("{file} row {}: refused, {}", refused.row, refused.reason));
            }
            Ok(())
        }
        Command::ParseChild => Ok(()),
        Command::Completions { shell } => {
            let mut command = Arguments::command();
            clap_complete::generate(shell, &mut command, "utbredt", &mut std::io::stdout());
            Ok(())
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// Plans every query file and tells all that is wrong with them at once.
fn check(queries: Queries, json: bool) -> anyhow::Result<()> {
    let (kpis, views) = (files_below(&queries, "kpi/"), files_below(&queries, "views/"));
    let problems = runtime()?.block_on(Engine::check(queries))?;
    if json {
        let output = serde_json::json!({ "kpis": kpis, "views": views, "problems": problems });
        table::json_line(&output);
    } else if problems.is_empty() {
        table::line(&format!("{kpis} KPIs and {views} views are in order"));
    }
    anyhow::ensure!(problems.is_empty(), "{}", problems.join("\n"));
    Ok(())
}

fn files_below(queries: &Queries, folder: &str) -> usize {
    queries.iter().filter(|(path, _)| path.starts_with(folder)).count()
}

fn verify(lake: &Path, repair: bool, json: bool) -> anyhow::Result<()> {
    let lake = Lake::open(lake)?;
    if repair {
        let mut writer = lake.writer()?;
        let (swept, written) = (writer.clean_up()?.removed.len(), writer.rebuild_delta()?);
        table::message(&format!(
            "{swept} files left behind are removed, {written} files of Delta logs written anew"
        ));
    }
    let report = lake.verify()?;
    let (editions, files, bytes) = (report.editions, report.files, report.bytes);
    if json {
        let output = serde_json::json!({
            "editions": editions, "files": files, "bytes": bytes, "problems": report.problems,
        });
        table::json_line(&output);
    } else {
        table::line(&format!("{editions} editions, {files} files, {bytes} bytes checked"));
    }
    anyhow::ensure!(report.problems.is_empty(), "{}", report.problems.join("\n"));
    Ok(())
}
