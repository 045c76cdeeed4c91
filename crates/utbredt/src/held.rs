//! `utbredt held`: deliveries that wait for a decision, and the decision.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};
use utbredt_ingest::Report;
use utbredt_ingest::held::{self, HeldDelivery, HeldError, Released};
use utbredt_lake::Lake;

use crate::ingest::{usage, writer};
use crate::report::cells;
use crate::{clock, table};

#[derive(Debug, Subcommand)]
pub(crate) enum HeldCommand {
    /// Lists the deliveries that are held and why.
    List {
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows a held delivery, what would be lost and what would change if it were released now.
    Show {
        /// Its receipt, as `held list` shows it.
        id: String,
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Removes the payload of a held delivery that nobody is going to release: it waits no longer. Its receipt stays.
    Discard {
        /// Its receipt, as `held list` shows it.
        id: String,
        /// Why it is discarded; it stays beside the receipt and in the log of runs.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Makes a held delivery active. What would be counted twice, or cannot be read, is not released.
    Release {
        /// Its receipt, as `held list` shows it.
        id: String,
        /// Why it is right; the receipt keeps it.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs one of the commands.
pub(crate) fn run(command: HeldCommand) -> anyhow::Result<()> {
    match command {
        HeldCommand::List { lake, json } => {
            let lake = Lake::open(&lake)?;
            let (held, removed) =
                (held::list(&lake).map_err(explained)?, held::removed(&lake).map_err(explained)?);
            if json {
                let [held, removed] = [held, removed]
                    .map(|list| list.iter().map(HeldDelivery::to_json).collect::<Vec<Value>>());
                return table::write_document(&format!("{}\n", json!({ "held": held, "removed": removed })));
            }
            let mut obstacles = Vec::with_capacity(held.len());
            for one in &held {
                obstacles.push(held::obstacles(&lake, one).map_err(explained)?);
            }
            table::write_lines(&[render_list(&held, &obstacles), render_removed(&removed)].concat())
        }
        HeldCommand::Show { id, lake, json } => {
            let (held, report) = held::show(&Lake::open(&lake)?, &id).map_err(explained)?;
            if json {
                let report = report.as_ref().map(Report::to_json);
                let shown = json!({ "held": held.to_json(), "release": report });
                return table::write_document(&format!("{shown}\n"));
            }
            table::write_lines(&render(&held, report.as_ref()))
        }
        HeldCommand::Discard { id, reason, lake, json } => {
            let mut writer = writer(&Lake::open(&lake)?)?;
            let held = held::discard(&mut writer, &id, &reason, clock::now()).map_err(explained)?;
            if json {
                let document = json!({ "discarded": held.receipt_id, "bytes": held.bytes });
                return table::write_document(&format!("{document}\n"));
            }
            let HeldDelivery { receipt_id, bytes, .. } = held;
            table::write_lines(&[format!("{receipt_id}: discarded, {bytes} bytes; nothing is active of it")])
        }
        HeldCommand::Release { id, reason, lake, json } => {
            let released = release(&Lake::open(&lake)?, &id, &reason)?;
            if json {
                return table::write_document(&format!("{}\n", released.to_json()));
            }
            table::write_lines(&render_release(&released))
        }
    }
}

fn release(lake: &Lake, id: &str, reason: &str) -> anyhow::Result<Released> {
    let mut writer = writer(lake)?;
    // Read first, so that after a failure it is known whether an edition was made all the same.
    let before = lake.latest()?.map_or(0, |edition| edition.number);
    let released = held::release(&mut writer, id, reason, clock::now()).map_err(|error| {
        let on_disk = matches!(error, HeldError::Failed(_)).then(|| state_of_disk(lake.root(), id, before));
        let error = explained(error);
        match on_disk {
            Some(context) => error.context(context),
            None => error,
        }
    })?;
    if let Some(problem) = writer.delta_problem() {
        anyhow::bail!(
            "{id} is released; readers of its Delta logs do not see it yet, the next delivery or release writes them: \
             {problem}"
        );
    }
    Ok(released)
}

/// What can be relied on after a failure, read from the disk again.
fn state_of_disk(root: &Path, id: &str, before: u64) -> String {
    match Lake::open(root).and_then(|lake| lake.latest()) {
        Ok(Some(edition)) if edition.number > before => {
            format!(
                "{id} is active in edition {}, but the disk may lose it: release it again",
                edition.number
            )
        }
        Ok(Some(edition)) => format!("{id} is still held; edition {} is the newest", edition.number),
        _ => format!("{id} is not released"),
    }
}

/// The error, and whether it is the command's fault.
fn explained(error: HeldError) -> anyhow::Error {
    match error {
        HeldError::Unknown { .. } | HeldError::NotHeld(_) | HeldError::Removed(_) => {
            usage(error.to_string(), "`utbredt held list` names those that are held")
        }
        HeldError::NoReason => usage(error.to_string(), "say why with --reason TEXT"),
        error => error.into(),
    }
}

fn heading(held: &HeldDelivery) -> String {
    let HeldDelivery { receipt_id, source_id, subject, rows_in, rows_rejected, .. } = held;
    let received = held.received_at.format("%Y-%m-%d %H:%M");
    format!(
        "{receipt_id}: {source_id} `{subject}`, received {received}, {rows_in} rows in, {rows_rejected} rejected"
    )
}

/// The list; beside each delivery what keeps everybody from releasing it.
fn render_list(held: &[HeldDelivery], obstacles: &[Vec<String>]) -> Vec<String> {
    if held.is_empty() {
        return vec!["no delivery is held".to_owned()];
    }
    let mut lines = Vec::new();
    for (one, obstacles) in held.iter().zip(obstacles) {
        lines.push(heading(one));
        lines.extend(one.reasons.iter().map(|reason| format!("  held: {reason}")));
        lines.extend(obstacles.iter().map(|reason| format!("  cannot be released: {reason}")));
    }
    lines.push("`utbredt held show ID` shows what a release would change".to_owned());
    if obstacles.iter().any(Vec::is_empty) {
        lines.push("`utbredt held release ID --reason TEXT` makes active what can be released".to_owned());
    }
    lines
}

/// Deliveries whose payloads were removed, the last ones by name.
fn render_removed(removed: &[HeldDelivery]) -> Vec<String> {
    const MOST: usize = 10;
    let mut lines = Vec::new();
    for one in removed.iter().take(MOST) {
        lines.push(heading(one));
        lines.extend(why_removed(one));
    }
    if removed.len() > MOST {
        lines.push(format!(
            "and {} more whose payloads were removed; --json lists them",
            removed.len() - MOST
        ));
    }
    lines
}

fn why_removed(held: &HeldDelivery) -> Option<String> {
    let removed = held.removed.as_ref()?;
    let day = removed.removed_at.format("%Y-%m-%d %H:%M");
    Some(format!("  its payload was removed on {day}: {}; deliver it again if it is needed", removed.reason))
}

fn render(held: &HeldDelivery, report: Option<&Report>) -> Vec<String> {
    let mut lines = vec![heading(held)];
    if held.outdated {
        lines.push("  a later answer to the same question is active; a release takes its place".to_owned());
    }
    let Some(report) = report else {
        lines.extend(held.reasons.iter().map(|reason| format!("  held: {reason}")));
        lines.push(why_removed(held).unwrap_or_else(|| {
            "  its contract was not kept: deliver it again, and it can be released".to_owned()
        }));
        return lines;
    };
    lines.extend(held.reasons.iter().map(|reason| format!("  held: {reason}")));
    lines.extend(report.held.iter().flatten().map(|reason| format!("  cannot be released: {reason}")));
    if let Some(loss) = &report.loss {
        lines.push(format!("  a release takes {} of {} active cells away:", loss.cells, loss.of));
        lines.extend(loss.examples.iter().map(|cell| format!("    {cell}")));
        let more = loss.cells.saturating_sub(loss.examples.len());
        lines.extend((more > 0).then(|| format!("    and {more} more")));
        lines.push(format!("  periods: {}", shortened(&loss.periods)));
        lines.push(format!("  municipalities: {}", shortened(&loss.municipalities)));
    }
    lines.push(format!("  {} facts would become active", report.accepted));
    lines.extend(cells(report));
    lines
}

/// The first of some names, and how many more there are.
fn shortened(names: &[String]) -> String {
    const MOST: usize = 12;
    let first = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

fn render_release(released: &Released) -> Vec<String> {
    match released {
        Released::Now(report) => {
            let mut lines = vec![format!(
                "{}: released, {} facts are active; edition {} is the newest",
                report.receipt_id.0, report.accepted, report.edition
            )];
            lines.extend(cells(report));
            lines
        }
        Released::Before { receipt_id, at, reason } => {
            vec![format!("{receipt_id}: released before, on {}: {reason}", at.format("%Y-%m-%d %H:%M"))]
        }
    }
}
