//! A connector asks a source for what is not here yet, piece by piece; each piece is a delivery of its own.
//!
//! Nothing is remembered beside the lake. Which pieces are here is read from its receipts, so a pull that was stopped
//! anywhere goes on where it stopped, and ends with the same editions as one that was not.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use utbredt_lake::{Edition, Lake, LakeError, Writer};
use utbredt_model::SourceId;
use utbredt_model::oslo;

mod pulled;

pub use self::pulled::{PullError, PullReport};
use crate::commit::{Content, ReferenceAnswer, Submission, commit_one};
use crate::config::Identity;
use crate::fetch::{Client, Request, Secrets};
use crate::format::Format;
use crate::history::ReceiptHistory;
use crate::{Delivery, IngestError};

/// How one source is asked and how its files are read.
pub trait Connector: fmt::Debug + Send + Sync {
    /// The address that is asked, where there is one; its host must be on the plan's list.
    fn url(&self) -> Option<&str> {
        None
    }

    /// Whether files may be delivered for it by whoever has them.
    fn takes_files(&self) -> bool {
        false
    }

    /// How such files are parsed; `None` where it takes none. `base` is the folder the plan's paths begin at.
    ///
    /// # Errors
    /// [`IngestError`] when its contract cannot be read.
    fn file_format(&self, _base: &Path) -> Result<Option<Arc<dyn Format>>, IngestError> {
        Ok(None)
    }

    /// Asks for what is new and delivers it.
    ///
    /// # Errors
    /// [`PullError`]. A source that does not answer is [`PullError::Fetch`]: what came before that is in.
    fn pull(&self, pull: &mut Pull<'_>) -> Result<(), PullError>;
}

/// What a pull needs beside the lake.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// Asks over HTTP.
    pub client: &'c Client<'c>,
    /// The folder the plan's paths begin at.
    pub base: &'c Path,
    /// The plan's registration with Maskinporten.
    pub maskinporten: Option<&'c Identity>,
    /// The environment's variables, where secrets may be.
    pub environment: Secrets<'c>,
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Asks a source for what is new and delivers it. What the source does wrong is in the report.
///
/// # Errors
/// [`PullError`] when the pull could not even begin, or the lake could not take what came.
pub fn pull(
    connector: &dyn Connector,
    context: &Context<'_>,
    writer: &mut Writer,
    source_id: &SourceId,
) -> Result<PullReport, PullError> {
    let mut pull = Pull { context, writer, source_id, report: PullReport::default() };
    match connector.pull(&mut pull) {
        Err(error) if error.is_passing() => pull.stop(error.to_string()),
        done => done?,
    }
    Ok(pull.report)
}

/// One pull under way.
#[derive(Debug)]
pub struct Pull<'p> {
    context: &'p Context<'p>,
    writer: &'p mut Writer,
    source_id: &'p SourceId,
    report: PullReport,
}

impl<'p> Pull<'p> {
    pub(crate) fn context(&self) -> &'p Context<'p> {
        self.context
    }

    pub(crate) fn source_id(&self) -> &'p SourceId {
        self.source_id
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.context.client.clock().now()
    }

    /// The day it is in Oslo.
    pub(crate) fn today(&self) -> NaiveDate {
        oslo::day(self.now())
    }

    pub(crate) fn lake(&self) -> &Lake {
        self.writer.lake()
    }

    /// The edition that is the latest now; another writer may make the next one while the source is asked.
    pub(crate) fn latest(&self) -> Result<Option<Edition>, LakeError> {
        self.writer.lake().latest()
    }

    /// Asks, and lets others write meanwhile.
    pub(crate) fn fetch(&mut self, request: &Request) -> Result<Vec<u8>, PullError> {
        let client = self.context.client;
        let answer = self.writer.with_lock_released(|| client.fetch(request))??;
        Ok(self.count(answer.received, answer.body))
    }

    /// Does what takes long and needs nothing of the lake, and lets others write meanwhile.
    pub(crate) fn with_lock_released<T>(&mut self, work: impl FnOnce() -> T) -> Result<T, LakeError> {
        self.writer.with_lock_released(work)
    }

    /// Counts an answer and gives its bytes.
    pub(crate) fn count<T>(&mut self, received: u64, body: T) -> T {
        self.report.requests += 1;
        self.report.bytes += received;
        body
    }

    /// Notes why not everything is here, without ending the pull.
    pub(crate) fn stop(&mut self, why: String) {
        self.report.stopped = Some(match self.report.stopped.take() {
            Some(before) => format!("{before}; {why}"),
            None => why,
        });
    }

    /// What the source was asked whose answer is active, and when that came.
    pub(crate) fn active_subjects(&self) -> Result<BTreeMap<String, DateTime<Utc>>, IngestError> {
        let latest = self.latest()?;
        Ok(ReceiptHistory::read(self.lake(), latest.as_ref())?.active_subjects(self.source_id))
    }

    /// Delivers a payload that tells facts, received now.
    pub(crate) fn deliver(
        &mut self,
        subject: String,
        payload: Vec<u8>,
        format: &dyn Format,
    ) -> Result<(), IngestError> {
        self.submit(subject, payload, Content::Facts(format))
    }

    /// Delivers an answer about reference data, received now.
    pub(crate) fn deliver_reference(
        &mut self,
        subject: String,
        payload: Vec<u8>,
        answer: &ReferenceAnswer,
    ) -> Result<(), IngestError> {
        self.submit(subject, payload, Content::Reference(answer))
    }

    fn submit(&mut self, subject: String, payload: Vec<u8>, content: Content<'_>) -> Result<(), IngestError> {
        let (source_id, received_at) = (self.source_id.clone(), self.now());
        let delivery =
            Delivery { source_id, subject, payload: payload.into(), received_at, synthetic: false };
        let delivered = commit_one(self.writer, Submission::of(&delivery, content))?;
        self.report.reports.push(delivered.report);
        Ok(())
    }

    /// Delivers a file of a folder that nobody decided on anew.
    pub(crate) fn take_file(
        &mut self,
        path: &Path,
        subject: &str,
        format: &dyn Format,
    ) -> Result<Delivery, IngestError> {
        let (source_id, now) = (self.source_id().clone(), self.now());
        Delivery::take_file(self.writer, format, path, (source_id, subject), now)
    }

    /// Delivers a file of a folder, unless a later answer took its place.
    pub(crate) fn deliver_file(
        &mut self,
        delivery: &Delivery,
        format: &dyn Format,
    ) -> Result<(), IngestError> {
        self.count(delivery.payload.length(), ());
        self.report.reports.push(crate::deliver::redeliver(self.writer, format, delivery)?);
        Ok(())
    }
}
