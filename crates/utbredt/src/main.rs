#![doc = include_str!("../README.md")]

mod arguments;
mod assets;
mod backtest;
mod clock;
mod demo;
mod diff;
mod ingest;
mod kpi;
mod source;
mod table;
mod trial;
mod upload;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{CommandFactory, Parser};
use utbredt_engine::{Engine, EngineError};
use utbredt_ingest::sandbox;
use utbredt_lake::Lake;

use crate::arguments::{Arguments, Command, ReferenceCommand};
use crate::assets::Queries;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(code) if table::all_arrived() => code,
        Ok(_) => {
            table::message("error: cannot write to standard output");
            ExitCode::FAILURE
        }
        Err(error) => {
            table::message(&format!("error: {}", chain(&error)));
            let told = error.downcast_ref::<EngineError>();
            if let Some(hint) = told.and_then(EngineError::hint) {
                table::message(&format!("hint: {hint}"));
            }
            ExitCode::from(if told.is_some_and(EngineError::is_usage) { 2 } else { 1 })
        }
    }
}

/// An error and its causes in one line; a cause that its error has told already is not told again.
fn chain(error: &anyhow::Error) -> String {
    let mut told = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !told.ends_with(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

/// The engine's runtime: its own threads with deep stacks, since plans are walked by recursion.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    Ok(builder.worker_threads(2).thread_stack_size(16 << 20).enable_all().build()?)
}

fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    if matches!(arguments.command, Command::ParseChild) {
        sandbox::run_child(std::io::stdin(), std::io::stdout())?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Ok(program) = std::env::current_exe() {
        sandbox::SandboxedParser::new(program, vec!["parse-child".to_owned()]).install();
    }
    let queries = assets::queries(arguments.queries.as_deref())?;
    let done = match arguments.command {
        Command::Ingest(arguments) => return ingest::run(&arguments),
        Command::Demo { dir, addr, no_serve } => {
            demo::run(&runtime()?, &dir, queries.clone())?;
            if no_serve {
                Ok(())
            } else {
                demo::doors(&dir, addr);
                serve(&dir, addr, queries, None)
            }
        }
        Command::Init { lake } => ingest::init(&lake),
        Command::Source(command) => return source::run(&command),
        Command::Serve { ingest: false, plan, addr, lake } => {
            serve(&lake, addr, queries, upload::door(&plan.plan, &lake)?)
        }
        Command::Serve { plan, addr, lake, .. } => {
            let door = upload::door(&plan.plan, &lake)?;
            let stopped = AtomicBool::new(false);
            std::thread::scope(|scope| {
                scope.spawn(|| source::keep_running(&plan, &lake, &stopped));
                let served = serve(&lake, addr, queries, door);
                stopped.store(true, Ordering::Relaxed);
                served
            })
        }
        Command::Kpi(command) => kpi::run(command, queries),
        Command::Diff(arguments) => diff::run(&arguments, queries),
        Command::Sql { text, format, lake } => {
            let engine = Engine::open(&lake, queries)?;
            let answer = runtime()?.block_on(engine.sql(text))?;
            let meta = serde_json::json!({ "edition": answer.edition, "truncated": answer.truncated });
            table::print(&answer.schema, &answer.batches, &meta, &format, None)
        }
        Command::Backtest(arguments) => return Ok(backtest::run(&arguments)),
        Command::Check { json } => check(queries, json),
        Command::Verify { lake, json } => verify(&lake, json),
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
    let count = |folder: &str| queries.iter().filter(|(path, _)| path.starts_with(folder)).count();
    let (kpis, views) = (count("kpi/"), count("views/"));
    let problems = runtime()?.block_on(Engine::check(queries))?;
    if json {
        let told = serde_json::json!({ "kpis": kpis, "views": views, "problems": problems });
        table::line(&told.to_string());
    } else if problems.is_empty() {
        table::line(&format!("{kpis} KPIs and {views} views are in order"));
    }
    anyhow::ensure!(problems.is_empty(), "{}", problems.join("\n"));
    Ok(())
}

fn verify(lake: &Path, json: bool) -> anyhow::Result<()> {
    let report = Lake::open(lake)?.verify()?;
    let (editions, files, bytes) = (report.editions, report.files, report.bytes);
    if json {
        let told = serde_json::json!({
            "editions": editions, "files": files, "bytes": bytes, "problems": report.problems,
        });
        table::line(&told.to_string());
    } else {
        table::line(&format!("{editions} editions, {files} files, {bytes} bytes checked"));
    }
    anyhow::ensure!(report.problems.is_empty(), "{}", report.problems.join("\n"));
    Ok(())
}

/// Serves until the process is told to stop; answers under way are finished first.
fn serve(lake: &Path, addr: SocketAddr, queries: Queries, door: Option<upload::Door>) -> anyhow::Result<()> {
    let mut state = utbredt_api::ApiState::new(Engine::open(lake, queries)?);
    if let Some((intake, keys)) = door {
        state = state.with_uploads(intake, keys);
    }
    runtime()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(addr).await?;
        table::message(&format!("serving {} on http://{}", lake.display(), listener.local_addr()?));
        utbredt_api::serve(listener, state, stop()).await?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let whole = anyhow::anyhow!("gone").context("cannot read x: gone").context("no plan");
        assert_eq!(chain(&whole), "no plan: cannot read x: gone");
        assert_eq!(chain(&anyhow::anyhow!("gone").context("cannot read x")), "cannot read x: gone");
        assert_eq!(chain(&anyhow::anyhow!("gone")), "gone");
    }
}
