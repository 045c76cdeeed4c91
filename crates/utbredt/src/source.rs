//! `utbredt source` and the plan behind `ingest` and `serve --ingest`: sources are listed, asked when due, and never given
//! up on.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser};
use serde_json::{Value, json};
use utbredt_ingest::Context;
use utbredt_ingest::config::{IngestConfig, SourceConfig};
use utbredt_ingest::fetch::{Client, Guard, Hosts, HttpCache, Limits};
use utbredt_ingest::held;
use utbredt_lake::{Lake, Run};

use crate::arguments::{PlanArguments, SourceCommand};
use crate::clock::System;
use crate::escape::one_line;
use crate::ingest::{BELOW_THRESHOLD, writer};
use crate::{clock, table, trial};

/// How long it is waited before looking again whether something is due.
const BETWEEN_LOOKS: Duration = Duration::from_secs(30);

/// Where answers are kept, below the lake: whoever removes it costs himself nothing but time.
const ANSWERS: &str = "answers";

/// How long a source is waited for before the next is asked beside it.
const BESIDE_AFTER: Duration = Duration::from_secs(20);

/// How soon a stop is noticed.
const NOTICE: Duration = Duration::from_millis(200);

/// How long a run under way may go on after a stop.
const LAST_RUN: Duration = Duration::from_secs(10);

/// The sources that need no contract, as they are registered.
pub(crate) fn file_sources() -> PossibleValuesParser {
    let mut values = Vec::new();
    for source in utbredt_ingest::connectors::file_sources() {
        values.push(PossibleValue::new(source.name).help(source.about));
    }
    values.into()
}

pub(crate) fn run(command: &SourceCommand) -> anyhow::Result<ExitCode> {
    match command {
        SourceCommand::List { plan, json } => list(plan, *json).map(|()| ExitCode::SUCCESS),
        SourceCommand::Status { lake, json } => status(lake, *json),
        SourceCommand::Run { id, plan, lake, json } => {
            let read = IngestConfig::read(&plan.plan)?;
            let chosen = read.source(id)?;
            Ok(print_runs(&run_sources(plan, &read, &[chosen], lake, &Arc::default())?, *json))
        }
        SourceCommand::Try(arguments) => trial::dry_run(arguments),
        SourceCommand::New(arguments) => trial::new(arguments).map(|()| ExitCode::SUCCESS),
    }
}

fn list(arguments: &PlanArguments, as_json: bool) -> anyhow::Result<()> {
    let plan = IngestConfig::read(&arguments.plan)?;
    if as_json {
        let mut sources = Vec::new();
        for source in &plan.sources {
            let (id, schedule) = (source.id.as_str(), source.schedule.to_string());
            sources.push(json!({ "id": id, "schedule": schedule, "next": next(source) }));
        }
        table::json_line(&json!({ "sources": sources }));
        return Ok(());
    }
    for source in &plan.sources {
        let next = next(source).unwrap_or_else(|| "never".to_owned());
        table::line(&format!("{}: {}, next {next}", source.id, source.schedule));
    }
    Ok(())
}

fn next(source: &SourceConfig) -> Option<String> {
    source.schedule.next(clock::now()).map(table::moment)
}

/// The newest run of each source, in the order of their names; 3 when one of them did not go well.
fn status(root: &Path, as_json: bool) -> anyhow::Result<ExitCode> {
    let runs = Lake::open(root)?.run_summary()?;
    let (mut sources, mut all_well) = (Vec::new(), true);
    for (id, source) in &runs.sources {
        let last = &source.last;
        let succeeded = source.last_success_at.map(table::moment);
        all_well &= last.is_healthy();
        if as_json {
            sources.push(json!({ "source_id": id, "last": run_as_json(last), "last_success": succeeded }));
        } else {
            table::each_line(&lines(last));
            table::line(&format!("  last success: {}", succeeded.unwrap_or_else(|| "never".to_owned())));
        }
    }
    if as_json {
        table::json_line(&json!({ "sources": sources, "unreadable_log_lines": runs.unreadable_lines }));
    } else if runs.unreadable_lines > 0 {
        let lines = table::counted(runs.unreadable_lines, "line", "lines");
        table::line(&format!(
            "{lines} of the log of runs could not be read and count nowhere; `utbredt verify` names what is damaged"
        ));
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(BELOW_THRESHOLD) })
}

/// Asks the sources of the plan that are due.
pub(crate) fn run_due(arguments: &PlanArguments, root: &Path, as_json: bool) -> anyhow::Result<ExitCode> {
    Ok(print_runs(&run_due_sources(arguments, root, &Arc::default())?, as_json))
}

fn run_due_sources(arguments: &PlanArguments, root: &Path, hosts: &Arc<Hosts>) -> anyhow::Result<Vec<Run>> {
    let plan = IngestConfig::read(&arguments.plan)?;
    let due = utbredt_ingest::due(&plan, &Lake::open(root)?, clock::now())?;
    if due.is_empty() { Ok(Vec::new()) } else { run_sources(arguments, &plan, &due, root, hosts) }
}

/// Asks sources in the plan's order, and gives their runs in it. One that fails keeps none of the others back, and beside one that
/// takes long the next is asked: the writer's lock is released while a source is waited for.
fn run_sources(
    arguments: &PlanArguments,
    plan: &IngestConfig,
    sources: &[&SourceConfig],
    root: &Path,
    hosts: &Arc<Hosts>,
) -> anyhow::Result<Vec<Run>> {
    let listed = plan.hosts.iter().cloned();
    let guard = if arguments.local { Guard::with_local(listed) } else { Guard::new(listed) };
    let lake = Lake::open(root)?;
    let answers = HttpCache::in_folder(&lake.root().join(ANSWERS));
    // Old answers only take space: that they stay stops no source.
    if let Err(error) = answers.tidy(clock::now()) {
        table::message(&format!("old answers below {} stay: {error}", root.display()));
    }
    // Paths in the plan are relative to the plan, not to where the command is run.
    let base = arguments.plan.parent().unwrap_or(Path::new("."));
    let mut writer = writer(&lake)?;
    // Too much that is kept stops no source either.
    if let Err(error) = held::remove_settled(&mut writer, plan.held, clock::now(), 0) {
        table::message(&format!("payloads of held deliveries stay: {}", utbredt_ingest::with_causes(&error)));
    }
    // Each takes it for itself.
    drop(writer);
    let run = &|source: &SourceConfig| {
        // What was asked of its source is believed or forgotten by its own run.
        let client = Client::new(guard.clone(), Limits::default(), &System)
            .with_host_state(Arc::clone(hosts))
            .with_cache(HttpCache::in_folder(&lake.root().join(ANSWERS)));
        let environment = |name: &str| std::env::var(name).ok();
        let maskinporten = plan.maskinporten.as_ref();
        let context = Context { client: &client, base, maskinporten, environment: &environment };
        let mut writer = lake.writer_in_turn()?;
        utbredt_ingest::run(&mut writer, &context, source)
    };
    let runs = std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for source in sources {
            // Nothing is ever sent: that the other end is gone is the message.
            let (end, ended) = channel::<()>();
            threads.push(scope.spawn(move || {
                let _end = end;
                run(source)
            }));
            let _in_time = ended.recv_timeout(BESIDE_AFTER);
        }
        // A thread that panicked has said so.
        threads
            .into_iter()
            .map(|run| run.join().map_err(|_| anyhow::anyhow!("the run of a source panicked")))
            .collect::<Vec<_>>()
    });
    runs.into_iter().map(|run| Ok(run??)).collect()
}

/// The thread that runs the sources that are due while the server serves.
pub(crate) struct Scheduler {
    stopped: Arc<AtomicBool>,
    ended: Receiver<()>,
}

impl Scheduler {
    pub(crate) fn start(plan: PlanArguments, lake: PathBuf) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        // Nothing is ever sent: that the other end is gone is the message.
        let (end, ended) = channel();
        let stopping = Arc::clone(&stopped);
        std::thread::spawn(move || {
            keep_running(&plan, &lake, &stopping);
            drop(end);
        });
        Self { stopped, ended }
    }

    /// Lets a source that is being written finish, and waits no longer for one that does not answer: what it was asked for
    /// is asked for again, as after a power cut.
    pub(crate) fn stop(self) {
        self.stopped.store(true, Ordering::Relaxed);
        if self.ended.recv_timeout(LAST_RUN) == Err(RecvTimeoutError::Timeout) {
            table::message("a source is still running; its run is given up");
        }
    }
}

/// Asks what is due, again and again, until it is told to stop. The writer is let go between looks.
fn keep_running(arguments: &PlanArguments, root: &Path, stopped: &AtomicBool) {
    // What is learned of hosts outlives a look.
    let hosts = Arc::default();
    while !stopped.load(Ordering::Relaxed) {
        match run_due_sources(arguments, root, &hosts) {
            Ok(runs) => runs.iter().flat_map(lines).for_each(|line| table::message(&one_line(&line))),
            Err(error) => table::message(&format!("error: {error:#}")),
        }
        // In short steps, so that a stop is noticed soon.
        let mut waited = Duration::ZERO;
        while waited < BETWEEN_LOOKS && !stopped.load(Ordering::Relaxed) {
            std::thread::sleep(NOTICE);
            waited += NOTICE;
        }
    }
}

/// Prints what became of runs; 3 when one did not succeed.
fn print_runs(runs: &[Run], as_json: bool) -> ExitCode {
    if as_json {
        let runs: Vec<Value> = runs.iter().map(run_as_json).collect();
        table::json_line(&json!({ "runs": runs }));
    } else if runs.is_empty() {
        table::message("nothing is due");
    } else {
        table::each_line(&runs.iter().flat_map(lines).collect::<Vec<_>>());
    }
    if runs.iter().all(Run::is_healthy) { ExitCode::SUCCESS } else { ExitCode::from(BELOW_THRESHOLD) }
}

fn lines(run: &Run) -> Vec<String> {
    let ended = if run.is_healthy() { "succeeded" } else { "not successful" };
    let mut lines = vec![
        format!("{}: {ended}, {} in {} ms", run.source_id, table::moment(run.started_at), run.took_ms),
        format!(
            "  {}, {}, {} accepted, {} rejected, {}",
            table::counted(run.deliveries, "delivery", "deliveries"),
            table::counted(run.rows_in, "row in", "rows in"),
            run.accepted,
            run.rejected,
            table::counted(run.bytes, "byte", "bytes")
        ),
    ];
    if let (Some(newest), Some(days)) = (run.latest_period, run.lag_days()) {
        let days = table::counted(days.max(0).unsigned_abs(), "day", "days");
        lines.push(format!("  newest day {newest}, {days} before its run"));
    }
    lines.extend(run.held.iter().map(|why| format!("  held: {why}")));
    lines.extend(run.discrepancies.iter().map(|what| format!("  discrepancy: {what}")));
    lines.extend(run.error.iter().map(|why| format!("  failed: {why}")));
    lines
}

fn run_as_json(run: &Run) -> Value {
    serde_json::to_value(run).unwrap_or(Value::Null)
}
