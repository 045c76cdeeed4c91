//! `utbredt init` and `utbredt ingest`: files become deliveries, reports become text and an exit code.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use indicatif::ProgressBar;
use utbredt_ingest::connectors::{self, Delimited};
use utbredt_ingest::registers::{self, ShippedTable};
use utbredt_ingest::{Delivery, Format, IngestError, Report, deliver};
use utbredt_kpi::RequestError;
use utbredt_lake::{Lake, Writer};
use utbredt_model::SourceId;

use crate::arguments::IngestArguments;
use crate::escape::one_line;
use crate::report::{render_reports, reports_to_json};
use crate::{assets, clock, table};

/// The exit code of a delivery that is held, or of which too many rows are rejected.
pub(crate) const BELOW_THRESHOLD: u8 = 3;

/// Bytes from which a bar is worth looking at.
const LONG_WORK: u64 = 4 << 20;

/// Makes a lake, or opens the one that is there, and puts the embedded reference tables in.
pub(crate) fn init(root: &Path, trust_clock: bool, group_readable: bool) -> anyhow::Result<()> {
    let lake = if group_readable { Lake::init_for_group(root)? } else { Lake::init(root)? };
    let mut writer = lake.writer()?;
    // Whoever was stopped while the lake was made had no lock yet: everything is looked at.
    writer.clean_up()?;
    writer.rebuild_delta()?;
    let now = clock::now();
    if trust_clock && let Some(edition) = writer.redate(now)? {
        table::message(&format!("edition {}: {}", edition.number, edition.reason));
    }
    let is_new = lake.latest()?.is_none();
    let (_, changes) = registers::bring_up_to_date(&mut writer, &assets::datasets(), now)?;
    if !is_new {
        changes.iter().for_each(|change| table::message(&shipped(change)));
    }
    let current = lake.latest()?.map_or(0, |edition| edition.number);
    table::message(&format!(
        "{} is a lake; edition {current} is the newest and holds the reference tables",
        root.display()
    ));
    Ok(())
}

/// Shows what `init` would do to the tables of a lake.
pub(crate) fn init_dry_run(root: &Path) -> anyhow::Result<()> {
    let changes = registers::what_is_shipped(&Lake::open(root)?, &assets::datasets())?;
    let mut lines: Vec<String> = changes.iter().map(shipped).collect();
    if lines.is_empty() {
        lines.push("every embedded table is in the lake as it is shipped".to_owned());
    }
    table::write_lines(&lines)
}

fn shipped(change: &ShippedTable) -> String {
    let ShippedTable { table, added, changed, kept } = change;
    format!("{table}: {added} rows added, {changed} changed, {kept} kept as the lake has them, none removed")
}

/// The writer, after sweeping up what one that was stopped left behind.
pub(crate) fn writer(lake: &Lake) -> anyhow::Result<Writer> {
    let mut writer = lake.writer()?;
    // Under the lock: no other process can be writing what looks left behind.
    writer.recover()?;
    Ok(writer)
}

/// Delivers the files one after the other and reports what became of each.
pub(crate) fn run(arguments: &IngestArguments) -> anyhow::Result<ExitCode> {
    if arguments.files.is_empty() {
        return crate::source::run_due(&arguments.plan, &arguments.lake, arguments.json);
    }
    let (source_id, format) = file_source(arguments.contract.as_deref(), arguments.source.as_deref())?;
    if let (Some(subject), [_, _, ..]) = (&arguments.subject, &arguments.files[..]) {
        return Err(usage(
            format!(
                "{} files cannot all answer `{subject}`: each would replace the one before",
                arguments.files.len()
            ),
            "leave --subject out, and each file's name is its subject; or deliver one file at a time",
        ));
    }
    let lake = Lake::open(&arguments.lake)?;
    let before = lake.latest()?.map_or(0, |edition| edition.number);
    let mut writer =
        writer(&lake).with_context(|| state_of_disk(&arguments.lake, &arguments.files[0], before))?;
    let bar = bar(&arguments.files);
    let mut reports = Vec::new();
    let mut failed = None;
    for path in &arguments.files {
        bar.set_message(one_line(&path.display().to_string()).into_owned());
        match deliver_file(&mut writer, arguments, path, (&source_id, format.as_ref())) {
            Ok(report) => reports.push((path, report)),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    // Also after a failure: what came in before it is in, and has to be said.
    let written = if arguments.json {
        table::write_document(&reports_to_json(&reports))
    } else {
        table::write_lines(&render_reports(&reports))
    };
    if let Some(error) = failed {
        return Err(error);
    }
    written.context("every file is delivered and this report was lost")?;
    let poor = reports.iter().any(|(_, report)| exceeds_rejection_limit(report, arguments.max_rejected));
    Ok(if poor { ExitCode::from(BELOW_THRESHOLD) } else { ExitCode::SUCCESS })
}

/// Whether a delivery is held, or more of its rows are rejected than may be, in per cent.
pub(crate) fn exceeds_rejection_limit(report: &Report, max_rejected: u8) -> bool {
    report.held.is_some() || report.rejected_rows * 100 > u64::from(max_rejected) * report.rows_in
    // Multiplied, not divided: no rounding, and no division by zero rows.
}

/// Whose a file is, and how it is parsed.
pub(crate) fn file_source(
    contract: Option<&Path>,
    named: Option<&str>,
) -> anyhow::Result<(SourceId, Arc<dyn Format>)> {
    match (contract, named) {
        (Some(path), _) => {
            let read = Delimited::read(path);
            let contract = read.map_err(|error| match error {
                IngestError::Contract { source, .. } => {
                    usage(format!("{}: {source}", path.display()), "datasets/contracts has examples")
                }
                error => error.into(),
            })?;
            Ok((contract.0.source_id.clone(), Arc::new(contract)))
        }
        (None, Some(name)) => Ok(connectors::file_source(name, &assets::datasets())?),
        (None, None) => Err(usage("neither --contract nor --source is given".to_owned(), "give one of them")),
    }
}

pub(crate) fn usage(what: String, hint: &str) -> anyhow::Error {
    RequestError::invalid("invalid_value", what, hint).into()
}

/// A bar for long work; it shows itself on a terminal only.
fn bar(files: &[PathBuf]) -> ProgressBar {
    let bytes: u64 =
        files.iter().filter_map(|path| std::fs::metadata(path).ok()).map(|about| about.len()).sum();
    if bytes < LONG_WORK {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(files.len() as u64);
    if let Ok(style) = indicatif::ProgressStyle::with_template("{spinner} {pos}/{len} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A file's name without its ending.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn deliver_file(
    writer: &mut Writer,
    arguments: &IngestArguments,
    path: &Path,
    (source_id, format): (&SourceId, &dyn Format),
) -> anyhow::Result<Report> {
    let subject = arguments.subject.clone().unwrap_or_else(|| stem(path));
    let of = (source_id.clone(), subject.as_str());
    let delivery = Delivery::take_file(writer, format, path, of, clock::now())?;
    // Read first, so that after a failure it is known whether an edition was made all the same.
    let before = writer.lake().latest()?.map_or(0, |edition| edition.number);
    let report = deliver(writer, format, &delivery).map_err(|error| {
        let context = match &error {
            IngestError::NotReady(_) => {
                format!("`utbredt init --lake {}` must come first, it puts them in", arguments.lake.display())
            }
            _ => state_of_disk(&arguments.lake, path, before),
        };
        anyhow::Error::from(error).context(context)
    })?;
    // The delivery is in; only the copy for readers of Delta failed, so it is no loss.
    if let Some(problem) = writer.delta_problem() {
        anyhow::bail!(
            "{} is in and edition {} is made; readers of its Delta logs do not see it yet, deliver again to write \
             them: {problem}",
            path.display(),
            report.edition
        );
    }
    Ok(report)
}

/// What can be relied on after a failure, read from the disk again.
fn state_of_disk(root: &Path, path: &Path, before: u64) -> String {
    let file = path.display();
    match Lake::open(root).and_then(|lake| lake.latest()) {
        Ok(Some(edition)) if edition.number > before => {
            format!("edition {} holds {file}, but the disk may lose it: deliver again", edition.number)
        }
        Ok(Some(edition)) => format!("{file} is not in; edition {} is still the newest", edition.number),
        Ok(None) => format!("{file} is not in; the lake is empty"),
        Err(_) => format!("{file} is not in"),
    }
}
