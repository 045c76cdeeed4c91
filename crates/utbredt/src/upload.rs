//! The door for deliveries over HTTP: the plan says who may send and how it is read, `ingest` judges and keeps, and the
//! lake's log of runs remembers the answers, so that a delivery sent again after a restart is still the same delivery.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use utbredt_api::{DeliveryInbox, InboxError, Upload, UploadKey, UploadOutcome as Taken, Verdict};
use utbredt_ingest::plan::Plan;
use utbredt_ingest::{Delivered, Delivery, IngestError, Report, Source, Yardstick, deliver_one};
use utbredt_lake::{Lake, LakeError, Run, Uploaded, Writer};
use utbredt_model::Rejection;

use crate::clock;
use crate::ingest::report_as_json;

/// The shortest token that is not guessed.
const SHORTEST_TOKEN: usize = 32;

/// How long an answer is remembered under its key.
const REMEMBERED: TimeDelta = TimeDelta::hours(24);

/// Refused rows, their reasons and changed cells that are named in a report, of each so many.
const NAMED: usize = 1000;

/// What takes deliveries, and the keys that open it.
pub(crate) type Door = (Arc<dyn DeliveryInbox>, Vec<UploadKey>);

/// The door of the plan, if there is a plan and it declares who may deliver.
pub(crate) fn door(plan: &Path, root: &Path) -> anyhow::Result<Option<Door>> {
    if !plan.exists() {
        return Ok(None);
    }
    let base = plan.parent().unwrap_or(Path::new("")).to_path_buf();
    let read = Plan::read(plan)?;
    let mut keys = Vec::new();
    for uploader in &read.uploads {
        let secret = uploader.token.read(&base, &|name| std::env::var(name).ok())?;
        let length = secret.0.len();
        anyhow::ensure!(
            length >= SHORTEST_TOKEN && secret.0.chars().all(|letter| letter.is_ascii_graphic()),
            "{}: the token of an [[upload]] must be at least {SHORTEST_TOKEN} visible characters without spaces",
            plan.display()
        );
        for id in &uploader.sources {
            let source = read.source(id.as_str())?;
            source.file_source(&base).with_context(|| format!("the source `{id}` cannot take uploads"))?;
        }
        keys.push(UploadKey::new(&secret.0, uploader.sources.iter().map(ToString::to_string)));
    }
    let lake = Lake::open(root)?;
    let intake = ByContract { plan: read, base, lake, turn: Mutex::new(()) };
    Ok((!keys.is_empty()).then(|| (Arc::new(intake) as Arc<dyn DeliveryInbox>, keys)))
}

/// Reads each delivery by the contract of its source, and notes in the lake's log what it was answered.
#[derive(Debug)]
struct ByContract {
    plan: Plan,
    base: PathBuf,
    lake: Lake,
    /// Whose turn it is: deliveries that come at once come in one after the other, so that two under one key are one, and
    /// none is sent away because of another.
    turn: Mutex<()>,
}

/// What is known of the key of an upload.
enum Known {
    /// Nothing.
    New,
    /// The same upload was answered this.
    Answered(Taken),
    /// The same upload was begun when this edition stood, and whoever took it was stopped.
    Begun(u64),
}

impl DeliveryInbox for ByContract {
    fn accept(&self, upload: Upload) -> Result<Taken, InboxError> {
        let started_at = clock::now();
        let Upload { source_id, subject: asked, payload, dry_run, key, fingerprint } = upload;
        let sent = Uploaded { key, fingerprint, verdict: None, report: Value::Null };
        // A known answer is given also while somebody else writes.
        if let Known::Answered(taken) = self.recall(&sent, started_at)? {
            return Ok(taken);
        }
        let planned = self.plan.source(&source_id).map_err(failed)?;
        let source = planned.file_source(&self.base).map_err(failed)?;
        let source_id = planned.id.clone();
        let delivery = Delivery { source_id, asked, payload, received_at: started_at, synthetic: false };
        if dry_run {
            let trial = Yardstick::Lake(self.lake.clone()).try_delivery(&source, &delivery);
            return trial.map(|trial| taken(&trial.report, &trial.rejections)).map_err(failed);
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut writer = self.lake.writer().map_err(failed)?;
        // The same may have come in while this one waited.
        match self.recall(&sent, started_at)? {
            Known::Answered(taken) => Ok(taken),
            Known::Begun(edition) if self.came_in(edition, &delivery).map_err(failed)? => {
                let report = Report::passed_over(&delivery, self.stands().map_err(failed)?);
                Ok(self.answer(&delivery, &report, &[], sent))
            }
            Known::New | Known::Begun(_) => {
                let Delivered { report, rejections } =
                    self.bring(&mut writer, &source, &delivery, &sent).map_err(failed)?;
                Ok(self.answer(&delivery, &report, &rejections, sent))
            }
        }
    }
}

fn failed(error: impl Into<IngestError>) -> InboxError {
    match error.into() {
        IngestError::Lake(LakeError::Locked(_)) => InboxError::Busy,
        error => InboxError::Failed(error.into()),
    }
}

impl ByContract {
    fn recall(&self, sent: &Uploaded, now: DateTime<Utc>) -> Result<Known, InboxError> {
        let Some(key) = &sent.key else { return Ok(Known::New) };
        let run = self.lake.sent_under(key, now - REMEMBERED).map_err(failed)?;
        let Some((edition, before)) = run.and_then(|run| Some((run.edition, run.upload?))) else {
            return Ok(Known::New);
        };
        if before.fingerprint != sent.fingerprint {
            return Err(InboxError::Reused);
        }
        Ok(match before.verdict {
            Some(verdict) => Known::Answered(Taken { verdict: told(verdict), report: before.report }),
            None => Known::Begun(edition),
        })
    }

    /// Whether a delivery that was begun when an edition stood came into force then: it was in force already, or the next
    /// edition is the one it made. What happened later says nothing of it.
    fn came_in(&self, begun: u64, delivery: &Delivery) -> Result<bool, LakeError> {
        let receipt = delivery.receipt_id().0;
        let then = begun.max(1)..=self.stands()?.min(begun + 1);
        for number in then {
            if self.lake.edition(number)?.receipts.contains(&receipt) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn stands(&self) -> Result<u64, LakeError> {
        Ok(self.lake.latest()?.map_or(0, |edition| edition.number))
    }

    fn bring(
        &self,
        writer: &mut Writer,
        source: &Source,
        delivery: &Delivery,
        sent: &Uploaded,
    ) -> Result<Delivered, IngestError> {
        writer.clean_up()?;
        writer.rebuild_delta()?;
        // Said before it is done: without it, who is stopped after the edition would not know that it was his.
        if sent.key.is_some() {
            self.lake.note_run(&Run {
                source_id: delivery.source_id.to_string(),
                started_at: delivery.received_at,
                edition: self.stands()?,
                upload: Some(sent.clone()),
                ..Run::default()
            })?;
        }
        let delivered = deliver_one(writer, source, delivery)?;
        if let Some(problem) = writer.delta_problem() {
            tracing::error!(%problem, "a delivery is in; readers of its Delta logs do not see it yet");
        }
        Ok(delivered)
    }

    /// The answer to a delivery, noted as a run.
    fn answer(
        &self,
        delivery: &Delivery,
        report: &Report,
        rejections: &[Rejection],
        sent: Uploaded,
    ) -> Taken {
        let verdict = verdict(report);
        let taken = taken(report, rejections);
        let source_id = delivery.source_id.to_string();
        let noted = self.lake.runs().and_then(|runs| {
            let before = runs.iter().rev().find(|run| run.source_id == source_id).and_then(|run| run.newest);
            let held =
                report.held.as_ref().map(|reasons| format!("{}: {}", report.asked, reasons.join("; ")));
            let is_held = held.is_some();
            self.lake.note_run(&Run {
                source_id: source_id.clone(),
                started_at: delivery.received_at,
                took_ms: u64::try_from((clock::now() - delivery.received_at).num_milliseconds()).unwrap_or(0),
                requests: 1,
                bytes: delivery.payload.len() as u64,
                deliveries: 1,
                rows_in: report.rows_in,
                accepted: if is_held { 0 } else { report.accepted },
                refused: report.rejected,
                held: held.into_iter().collect(),
                newest: report.newest.filter(|_| !is_held).max(before),
                edition: report.edition,
                upload: Some(Uploaded { verdict: Some(verdict), report: taken.report.clone(), ..sent }),
                ..Run::default()
            })
        });
        // The delivery is in all the same, and the sender is told so.
        if let Err(error) = noted {
            tracing::error!(%error, "a delivery is in; what it was answered could not be noted");
        }
        taken
    }
}

fn verdict(report: &Report) -> utbredt_lake::Verdict {
    match (&report.held, report.unchanged) {
        (Some(_), _) => utbredt_lake::Verdict::Held,
        (None, true) => utbredt_lake::Verdict::Unchanged,
        (None, false) => utbredt_lake::Verdict::Accepted,
    }
}

/// A verdict of the log as the door says it.
const fn told(verdict: utbredt_lake::Verdict) -> Verdict {
    match verdict {
        utbredt_lake::Verdict::Accepted => Verdict::Accepted,
        utbredt_lake::Verdict::Unchanged => Verdict::Unchanged,
        utbredt_lake::Verdict::Held => Verdict::Held,
    }
}

/// The answer, bounded: it is kept. Of long lists the first are named, and how many are not.
fn taken(report: &Report, rejections: &[Rejection]) -> Taken {
    let mut body = report_as_json(report);
    let mut reasons: Vec<(&String, &u64)> = report.reasons.iter().collect();
    reasons.sort_by_key(|(_, count)| Reverse(**count));
    let named = reasons.iter().take(NAMED).map(|(reason, count)| ((*reason).clone(), json!(count)));
    body["reasons"] = Value::Object(named.collect());
    body["reasons_left_out"] = json!(reasons.len().saturating_sub(NAMED));
    if let Some(Value::Array(changed)) = body.pointer_mut("/cells/changed") {
        let left_out = changed.len().saturating_sub(NAMED);
        changed.truncate(NAMED);
        body["cells"]["changed_left_out"] = json!(left_out);
    }
    let rows = rejections.iter().take(NAMED);
    let rows =
        rows.map(|refused| json!({ "row": refused.row, "reason": refused.reason, "raw": refused.raw }));
    body["rejections"] = Value::Array(rows.collect());
    body["rejections_left_out"] = json!(rejections.len().saturating_sub(NAMED));
    Taken { verdict: told(verdict(report)), report: body }
}
