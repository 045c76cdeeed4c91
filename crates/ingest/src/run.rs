//! One look at one source of the plan: what is new comes in, and what became of it is noted.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use utbredt_lake::{Lake, LakeError, Run, Writer};

use crate::deliver::deliver_lying;
use crate::fetch::{Client, Maskinporten, SecretPlace, Secrets};
use crate::plan::{Identity, Plan, Planned, Way, contract, invoice};
use crate::pull::{
    FiksActivation, PullError, Pulled, pull_changes, pull_digdir, pull_fiks, pull_municipalities,
    pull_organisations, pull_population,
};
use crate::{Delivery, IngestError, Report, Source, expect};

/// What a run needs beside the lake.
#[derive(Clone, Copy)]
pub struct Means<'m> {
    /// Asks over HTTP.
    pub client: &'m Client<'m>,
    /// The folder the plan's paths begin at.
    pub base: &'m Path,
    /// The plan's registration with Maskinporten.
    pub maskinporten: Option<&'m Identity>,
    /// The environment's variables, where secrets may be.
    pub environment: Secrets<'m>,
}

impl std::fmt::Debug for Means<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Means").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Looks at a source, brings in what is new, and notes the run. Whatever goes wrong with the source is in the run; the
/// source is asked again the next time, whatever happened.
///
/// # Errors
/// Only when the lake itself cannot be read or written.
pub fn run(writer: &mut Writer, means: &Means<'_>, planned: &Planned) -> Result<Run, IngestError> {
    let client = means.client;
    let started_at = client.clock().now();
    let mut failed = None;
    let owed = planned.expected(started_at.date_naive());
    if !owed.is_empty() {
        match expect(writer, started_at, &owed) {
            Err(IngestError::Lake(error)) => return Err(error.into()),
            Err(error) => failed = Some(error.to_string()),
            Ok(_) => {}
        }
    }
    let pulled = match &planned.way {
        Way::Digdir(digdir) => pull_digdir(client, writer, &planned.id, digdir),
        Way::FiksActivation(list) => activation(writer, means, planned, list),
        Way::SsbPopulation(population) => pull_population(client, writer, &planned.id, population),
        Way::KlassChanges(klass) => pull_changes(client, writer, &planned.id, klass),
        Way::BrregOrganisations(register) => pull_organisations(client, writer, &planned.id, register),
        Way::KartverketMunicipalities(list) => pull_municipalities(client, writer, &planned.id, list),
        Way::FiksInvoices { folder, declaration } => invoice(&means.base.join(declaration))
            .and_then(|source| files(writer, client, planned, &means.base.join(folder), &source))
            .map_err(Into::into),
        Way::Folder { folder, contract: path } => contract(&means.base.join(path))
            .and_then(|read| {
                files(writer, client, planned, &means.base.join(folder), &Source::Delimited(read))
            })
            .map_err(Into::into),
    };
    let pulled = match pulled {
        Ok(pulled) => pulled,
        Err(PullError::Ingest(IngestError::Lake(error))) => return Err(error.into()),
        Err(error) => Pulled { stopped: Some(error.to_string()), ..Pulled::default() },
    };
    let took = (client.clock().now() - started_at).num_milliseconds();
    let sum = |of: fn(&Report) -> u64| pulled.reports.iter().map(of).sum();
    let told = |report: &Report| {
        let asked = report.asked.clone();
        report.told.clone().into_iter().map(move |what| format!("{asked}: {what}"))
    };
    // What was here already is not read again: how far it went, the run that brought it says.
    let before = writer.lake().runs()?.into_iter().rev().find(|run| run.source_id == planned.id.as_str());
    let in_force = pulled.reports.iter().filter(|report| report.held.is_none());
    let newest =
        in_force.filter_map(|report| report.newest).chain(before.and_then(|run| run.latest_period)).max();
    let run = Run {
        source_id: planned.id.to_string(),
        started_at,
        took_ms: u64::try_from(took).unwrap_or_default(),
        requests: pulled.requests,
        bytes: pulled.bytes,
        deliveries: pulled.reports.len() as u64,
        rows_in: sum(|report| report.rows_in),
        accepted: sum(|report| if report.held.is_some() { 0 } else { report.accepted }),
        rejected: sum(|report| report.rejected),
        held: pulled.reports.iter().filter_map(held).collect(),
        discrepancies: pulled.reports.iter().flat_map(told).collect(),
        latest_period: newest,
        error: failed.or(pulled.stopped),
        edition: writer.lake().latest()?.map_or(0, |edition| edition.number),
        upload: None,
    };
    if let Some(answers) = client.answers() {
        answers.settle(run.is_healthy());
    }
    match &run.error {
        Some(why) => tracing::error!(source = %run.source_id, why, "a source failed"),
        None => tracing::info!(source = %run.source_id, accepted = run.accepted, "a source was asked"),
    }
    writer.lake().append_run(&run)?;
    Ok(run)
}

/// Reasons of refusal that are told with a held delivery; the lake has them all.
const TOLD: usize = 3;

/// Why a delivery is held, and what most of its refused rows were refused for.
fn held(report: &Report) -> Option<String> {
    let mut told = format!("{}: {}", report.asked, report.held.as_ref()?.join("; "));
    let mut refused: Vec<(&String, &u64)> = report.reasons.iter().collect();
    refused.sort_by_key(|(reason, count)| (std::cmp::Reverse(**count), *reason));
    for (reason, count) in refused.iter().take(TOLD) {
        told.push_str(&format!("; {count} refused: {reason}"));
    }
    if refused.len() > TOLD {
        told.push_str(&format!("; and {} more reasons", refused.len() - TOLD));
    }
    Some(told)
}

/// The list of activations, asked for as ourselves.
fn activation(
    writer: &mut Writer,
    means: &Means<'_>,
    planned: &Planned,
    list: &FiksActivation,
) -> Result<Pulled, PullError> {
    let read = |place: &SecretPlace| place.read(means.base, means.environment);
    let Some(identity) = means.maskinporten else {
        return Err(PullError::Undeclared("[maskinporten] is not declared".to_owned()));
    };
    let us = Maskinporten::new(&identity.registration, &read(&identity.key)?)
        .map_err(|error| PullError::Undeclared(error.to_string()))?;
    pull_fiks(means.client, writer, &planned.id, list, (&us, &read(&list.integration_password)?))
}

/// The files of a folder, by name; each is the answer to what its name says, unless another took its place since.
fn files(
    writer: &mut Writer,
    client: &Client<'_>,
    planned: &Planned,
    folder: &Path,
    source: &Source,
) -> Result<Pulled, IngestError> {
    let unread = |source| IngestError::File { path: folder.to_path_buf(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if path.is_file() && !hidden {
            paths.push(path);
        }
    }
    paths.sort();
    let (mut pulled, mut failed) = (Pulled::default(), Vec::new());
    for path in paths {
        let asked = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let delivery = match Delivery::of_file(&path, planned.id.clone(), &asked, client.clock().now()) {
            Ok(delivery) => delivery,
            // One file that cannot be taken keeps none of the others back.
            Err(error) => {
                failed.push(error.to_string());
                continue;
            }
        };
        pulled.requests += 1;
        pulled.bytes += delivery.payload.len() as u64;
        pulled.reports.push(deliver_lying(writer, source, &delivery)?);
    }
    pulled.stopped = (!failed.is_empty()).then(|| failed.join("; "));
    Ok(pulled)
}

/// How long a source that failed is left alone before it is asked again, if its schedule does not ask earlier.
const AGAIN_HOURS: i64 = 1;

/// The sources of a plan that are due, in its order: those whose moment has come since they were asked, and those that
/// failed an hour ago or longer. None is ever given up on. What was sent to us is no look at the source.
///
/// # Errors
/// When the log of runs cannot be read.
pub fn due<'p>(plan: &'p Plan, lake: &Lake, now: DateTime<Utc>) -> Result<Vec<&'p Planned>, LakeError> {
    let runs = lake.runs()?;
    let is_due = |planned: &&Planned| {
        let is_look = |run: &&Run| run.source_id == planned.id.as_str() && run.upload.is_none();
        let last = runs.iter().rev().find(is_look);
        let again = last
            .is_some_and(|run| run.error.is_some() && now - run.started_at >= TimeDelta::hours(AGAIN_HOURS));
        again || planned.schedule.due(last.map(|run| run.started_at), now)
    };
    Ok(plan.sources.iter().filter(is_due).collect())
}
