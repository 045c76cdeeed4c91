//! The inbox takes deliveries that are sent to us, each exactly once: the plan says how a source's files are parsed, and the
//! lake's log of runs remembers what each upload was answered, so that one sent again after a restart is still the same.

use std::cmp::Reverse;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use utbredt_lake::{Lake, LakeError, Run, Uploaded, Writer};
use utbredt_model::{ReceiptId, Rejection, Upload, Verdict};

use crate::config::IngestConfig;
use crate::contract::ReadBy;
use crate::delivery::LARGE;
use crate::fetch::Clock;
use crate::held::{self, HeldDelivery, HeldError, Released};
use crate::history::ReceiptHistory;
use crate::run::{of_reports, took_ms};
use crate::{Delivered, Delivery, DryRunContext, Format, IngestError, Report, deliver_one};

/// How long an answer is remembered under its key.
const REMEMBERED: TimeDelta = TimeDelta::hours(24);

/// How often it is looked whether payloads of held deliveries are too old.
const LOOKED_AT_EVERY: TimeDelta = TimeDelta::hours(1);

/// Rejected rows, their reasons and changed cells that are listed in a report, of each so many.
const MAX_LISTED: usize = 1000;

/// What became of an upload, and the report that explains it.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadOutcome {
    /// What became of it.
    pub verdict: Verdict,
    /// The report, bounded: of long lists the first entries, and how many are left out.
    pub report: Value,
}

/// Why an upload was not taken. What is wrong with the data is never among it: that is in the report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InboxError {
    /// Another writer is at work: the same upload may be sent again.
    #[error("another writer is at work")]
    Busy,
    /// It would be held, or is too large to find out, and the held deliveries take their quota already: nothing of it is kept.
    #[error("held deliveries take {held} bytes of a quota of {quota}, and this one may be held too")]
    Full {
        /// What they take.
        held: u64,
        /// What they may take.
        quota: u64,
    },
    /// Its key was used before with another fingerprint.
    #[error("the key was used before for another delivery")]
    KeyReused,
    /// A fault of ours.
    #[error(transparent)]
    Failed(IngestError),
}

impl From<IngestError> for InboxError {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Lake(LakeError::Locked(_)) => Self::Busy,
            error => Self::Failed(error),
        }
    }
}

impl From<LakeError> for InboxError {
    fn from(error: LakeError) -> Self {
        IngestError::from(error).into()
    }
}

/// Takes uploads for the sources of a plan.
#[derive(Debug)]
pub struct Inbox {
    config: IngestConfig,
    base: PathBuf,
    lake: Lake,
    clock: Arc<dyn Clock>,
    /// Whose turn it is: deliveries that come at once come in one after the other, so that two under one key are one, and
    /// none is sent away because of another. With it, when it was last looked whether payloads of held ones are too old.
    turn: Mutex<Option<DateTime<Utc>>>,
}

/// What is known of the key of an upload.
enum Known {
    /// Nothing.
    New,
    /// The same upload was answered this.
    Answered(UploadOutcome),
    /// The same upload was begun when this edition was the latest, and whoever took it was stopped.
    Begun(u64),
}

impl Inbox {
    /// An inbox for a lake. `base` is the folder the plan's paths begin at.
    ///
    /// # Errors
    /// [`IngestError`] when a source of an uploader is not declared, takes no files or has a contract that cannot be read.
    pub fn open(
        config: IngestConfig,
        base: PathBuf,
        lake: Lake,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, IngestError> {
        for id in config.uploads.iter().flat_map(|uploader| &uploader.sources) {
            config.source(id.as_str())?.file_format(&base)?;
        }
        Ok(Self { config, base, lake, clock, turn: Mutex::new(None) })
    }

    /// Evaluates an upload and, unless it is a dry run, brings it in and remembers the answer under its key: the same upload
    /// under the same key gets that answer again, whatever came in between, and nothing is done.
    ///
    /// # Errors
    /// [`InboxError`] when it could not be evaluated or kept, or its key was another's.
    pub fn accept(&self, upload: Upload) -> Result<UploadOutcome, InboxError> {
        let received_at = self.clock.now();
        let Upload { source_id, subject, payload, dry_run, key, fingerprint } = upload;
        let sent = Uploaded { key, fingerprint, verdict: None, report: Value::Null };
        // A known answer is given also while somebody else writes.
        if let Known::Answered(outcome) = self.recall(&sent, received_at)? {
            return Ok(outcome);
        }
        let source = self.config.source(&source_id)?;
        let format = source.file_format(&self.base)?;
        let source_id = source.id.clone();
        let delivery =
            Delivery { source_id, subject, payload: payload.into(), received_at, synthetic: false };
        if dry_run {
            let run = DryRunContext::Lake(self.lake.clone()).dry_run(format.as_ref(), &delivery)?;
            return Ok(outcome(&run.report, &run.rejections));
        }
        let mut looked_at = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut writer = self.lake.writer()?;
        // The same may have come in while this one waited.
        let known = self.recall(&sent, received_at)?;
        if let Known::Begun(edition) = known
            && let Some(receipt) = self.became_active(edition, &delivery, format.as_ref())?
        {
            let report = Report::passed_over(&delivery, receipt, self.latest()?);
            return Ok(self.answer(&delivery, &report, &[], sent));
        }
        match known {
            Known::Answered(outcome) => Ok(outcome),
            Known::New | Known::Begun(_) => {
                self.make_room(&mut writer, (format.as_ref(), &delivery), &mut looked_at)?;
                let delivery = delivery.on_the_disk(&mut writer, format.as_ref())?;
                let delivered = self.deliver(&mut writer, format.as_ref(), &delivery, &sent)?;
                Ok(self.answer(&delivery, &delivered.report, &delivered.rejections, sent))
            }
        }
    }

    /// The deliveries of any source that wait for a decision.
    ///
    /// # Errors
    /// [`HeldError::Failed`] when the lake cannot be read.
    pub fn held(&self) -> Result<Vec<HeldDelivery>, HeldError> {
        held::list(&self.lake)
    }

    /// Whether files are taken for a source of this name.
    #[must_use]
    pub fn takes(&self, source_id: &str) -> bool {
        self.config.source(source_id).is_ok_and(|source| source.connector.takes_files())
    }

    /// A held delivery, and what its release would do now.
    ///
    /// # Errors
    /// As [`held::show`].
    pub fn show_held(&self, receipt_id: &str) -> Result<(HeldDelivery, Option<Report>), HeldError> {
        held::show(&self.lake, receipt_id)
    }

    /// The source of a receipt.
    ///
    /// # Errors
    /// [`HeldError::Unknown`] when there is none.
    pub fn source_of(&self, receipt_id: &str) -> Result<String, HeldError> {
        held::source_of(&self.lake, receipt_id)
    }

    /// Makes a held delivery active, in turn with what is sent.
    ///
    /// # Errors
    /// As [`held::release`].
    pub fn release(&self, receipt_id: &str, reason: &str) -> Result<Released, HeldError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut writer = self.lake.writer()?;
        writer.recover()?;
        held::release(&mut writer, receipt_id, reason, self.clock.now())
    }

    fn recall(&self, sent: &Uploaded, now: DateTime<Utc>) -> Result<Known, InboxError> {
        let Some(key) = &sent.key else { return Ok(Known::New) };
        let run = self.lake.find_by_idempotency_key(key, now - REMEMBERED)?;
        let Some((edition, before)) = run.and_then(|run| Some((run.edition, run.upload?))) else {
            return Ok(Known::New);
        };
        if before.fingerprint != sent.fingerprint {
            return Err(InboxError::KeyReused);
        }
        Ok(match before.verdict {
            Some(verdict) => Known::Answered(UploadOutcome { verdict, report: before.report }),
            None => Known::Begun(edition),
        })
    }

    /// The receipt under which a delivery that was begun when an edition was the latest became active then, if it did: it was
    /// active already, as the same contract reads it, or the next edition is the one it made. What happened later says nothing
    /// of it.
    fn became_active(
        &self,
        begun: u64,
        delivery: &Delivery,
        format: &dyn Format,
    ) -> Result<Option<ReceiptId>, IngestError> {
        let by = ReadBy::of(format)?;
        for number in begun.max(1)..=self.latest()?.min(begun + 1) {
            let edition = self.lake.edition(number)?;
            let history = ReceiptHistory::read(&self.lake, Some(&edition))?;
            if history.is_active_by(delivery, &by, Some(&self.lake)) {
                return Ok(Some(history.receipt_of(delivery)));
            }
        }
        Ok(None)
    }

    /// Refuses a delivery that would be held when the held ones take their quota; one that becomes active needs no room among
    /// them. What waits for no decision is removed first.
    fn make_room(
        &self,
        writer: &mut Writer,
        (format, delivery): (&dyn Format, &Delivery),
        looked_at: &mut Option<DateTime<Utc>>,
    ) -> Result<(), InboxError> {
        let (limits, now) = (self.config.held, delivery.received_at);
        let coming = held::room_for(&self.lake, delivery.payload.bytes());
        let is_time = looked_at.is_none_or(|last| last > now || now - last >= LOOKED_AT_EVERY);
        let has_room = |held: u64| held.saturating_add(coming) <= limits.quota();
        if !is_time && held::bytes(&self.lake).is_ok_and(has_room) {
            return Ok(());
        }
        // What cannot be read of held deliveries keeps no other back.
        let held = held::remove_settled(writer, limits, now, coming).unwrap_or_else(|error| {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "it is not known how much held deliveries take, and no quota holds");
            0
        });
        *looked_at = Some(now);
        if has_room(held) {
            return Ok(());
        }
        // A dry run of a large one would need all of it in memory.
        if delivery.payload.length() > LARGE {
            return Err(InboxError::Full { held, quota: limits.quota() });
        }
        let dry_run = DryRunContext::Lake(self.lake.clone()).dry_run(format, delivery)?;
        match dry_run.report.held {
            None => Ok(()),
            Some(_) => Err(InboxError::Full { held, quota: limits.quota() }),
        }
    }

    fn latest(&self) -> Result<u64, LakeError> {
        Ok(self.lake.latest()?.map_or(0, |edition| edition.number))
    }

    fn deliver(
        &self,
        writer: &mut Writer,
        format: &dyn Format,
        delivery: &Delivery,
        sent: &Uploaded,
    ) -> Result<Delivered, IngestError> {
        writer.recover()?;
        // Logged before it is done: without it, who is stopped after the edition would not know that it was his.
        if sent.key.is_some() {
            self.lake.append_run(&Run {
                source_id: delivery.source_id.to_string(),
                started_at: delivery.received_at,
                edition: self.latest()?,
                upload: Some(sent.clone()),
                ..Run::default()
            })?;
        }
        let delivered = deliver_one(writer, format, delivery)?;
        if let Some(problem) = writer.delta_problem() {
            tracing::error!(%problem, "a delivery is in; readers of its Delta logs do not see it yet");
        }
        Ok(delivered)
    }

    /// The answer to a delivery, logged as a run.
    fn answer(
        &self,
        delivery: &Delivery,
        report: &Report,
        rejections: &[Rejection],
        sent: Uploaded,
    ) -> UploadOutcome {
        let outcome = outcome(report, rejections);
        let upload = Uploaded { verdict: Some(outcome.verdict), report: outcome.report.clone(), ..sent };
        if report.held.is_some() {
            tracing::warn!(source = %delivery.source_id, subject = delivery.subject, "an upload is held");
        }
        // The delivery is in all the same, and the sender gets the answer.
        if let Err(error) = self.log(delivery, report, upload) {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "a delivery is in; what it was answered could not be logged");
        }
        outcome
    }

    fn log(&self, delivery: &Delivery, report: &Report, upload: Uploaded) -> Result<(), LakeError> {
        let source_id = delivery.source_id.to_string();
        let before = self.lake.run_summary()?.latest_period(&source_id);
        let mut run = of_reports(std::slice::from_ref(report));
        run.source_id = source_id;
        run.started_at = delivery.received_at;
        run.took_ms = took_ms(delivery.received_at, self.clock.now());
        run.requests = 1;
        run.bytes = delivery.payload.length();
        run.latest_period = run.latest_period.max(before);
        run.edition = report.edition;
        run.upload = Some(upload);
        self.lake.append_run(&run)
    }
}

/// The answer, bounded: it is kept. Of long lists the first are listed, and how many are not.
fn outcome(report: &Report, rejections: &[Rejection]) -> UploadOutcome {
    let mut body = report.to_json();
    let mut reasons: Vec<(&String, &u64)> = report.reasons.iter().collect();
    reasons.sort_by_key(|(_, count)| Reverse(**count));
    let listed = reasons.iter().take(MAX_LISTED).map(|(reason, count)| ((*reason).clone(), json!(count)));
    body["reasons"] = Value::Object(listed.collect());
    body["reasons_left_out"] = json!(reasons.len().saturating_sub(MAX_LISTED));
    if let Some(Value::Array(changed)) = body.pointer_mut("/cells/changed") {
        let left_out = changed.len().saturating_sub(MAX_LISTED);
        changed.truncate(MAX_LISTED);
        body["cells"]["changed_left_out"] = json!(left_out);
    }
    let mut rows = Vec::new();
    for rejection in rejections.iter().take(MAX_LISTED) {
        rows.push(json!({ "row": rejection.row, "code": rejection.code, "reason": rejection.reason, "raw": rejection.raw }));
    }
    body["rejections"] = Value::Array(rows);
    body["rejections_left_out"] = json!(rejections.len().saturating_sub(MAX_LISTED));
    UploadOutcome { verdict: report.verdict(), report: body }
}
