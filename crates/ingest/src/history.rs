//! What was delivered before: every receipt, and the active facts that a new delivery must be checked against.

mod by_measure;

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{or, take_record_batch};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::error::ArrowError;
use chrono::{DateTime, Utc};
use utbredt_lake::{Edition, FileEntry, Lake};
use utbredt_model::{ReceiptId, SourceId};

use crate::columns::{self, numbers, table, text};
use crate::contract::ReadBy;
use crate::extent::{Extent, Near, with_receipt};
use crate::{Delivery, IngestError};

/// A receipt given earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) source_id: String,
    pub(crate) subject: String,
    /// When, in microseconds since 1970.
    pub(crate) received_at: i64,
    /// Hash of the payload.
    pub(crate) sha256: String,
    /// Why it is held; `None` = accepted.
    pub(crate) held: Option<String>,
    /// Hash of the contract that it was read by; of a built-in format only where it is or was held.
    pub(crate) contract: Option<String>,
    /// Whether a person released it.
    pub(crate) released: bool,
}

impl Given {
    pub(crate) fn received_at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.received_at).unwrap_or_default()
    }
}

/// Rows of `usage` and of `rollout_events`.
pub(crate) type Facts = (RecordBatch, RecordBatch);

/// The facts of one active receipt.
#[derive(Debug, Clone)]
pub(crate) struct ActiveFacts {
    receipt_id: String,
    pub(crate) source_id: String,
    /// Rows of `usage`.
    pub(crate) usage: RecordBatch,
    /// Rows of `rollout_events`.
    pub(crate) events: RecordBatch,
    extent: Extent,
}

impl ActiveFacts {
    pub(crate) fn receipt_id(&self) -> &str {
        &self.receipt_id
    }

    pub(crate) fn extent(&self) -> &Extent {
        &self.extent
    }
}

/// The active receipts that deliveries may take the place of.
#[derive(Debug, Default)]
pub(crate) struct Replaceable {
    /// Those that leave as a whole.
    whole: BTreeSet<String>,
    /// Those that leave as far as they lie within a delivery's span.
    within_span: BTreeSet<String>,
}

/// What was delivered before.
#[derive(Debug, Default)]
pub(crate) struct ReceiptHistory {
    given: BTreeMap<String, Given>,
    active: BTreeSet<String>,
    active_facts: BTreeMap<String, ActiveFacts>,
}

impl ReceiptHistory {
    /// Every receipt of an edition; no facts yet.
    pub(crate) fn read(lake: &Lake, edition: Option<&Edition>) -> Result<Self, IngestError> {
        let receipts = columns::read(lake, edition, "receipts")?;
        let (ids, sources) = (text(&receipts, "receipt_id")?, text(&receipts, "source_id")?);
        let subjects = text(&receipts, "subject")?;
        let (states, reasons) = (text(&receipts, "state")?, text(&receipts, "reason")?);
        let (hashes, contracts) = (text(&receipts, "sha256")?, text(&receipts, "contract_sha256")?);
        let moments = numbers::<TimestampMicrosecondType>(&receipts, "received_at")?;
        let released = numbers::<TimestampMicrosecondType>(&receipts, "released_at")?;
        let mut given = BTreeMap::new();
        for at in 0..receipts.num_rows() {
            let receipt = Given {
                source_id: sources[at].unwrap_or_default().to_owned(),
                subject: subjects[at].unwrap_or_default().to_owned(),
                received_at: moments[at].unwrap_or_default(),
                sha256: hashes[at].unwrap_or_default().to_owned(),
                // A text even where the reason is missing: held is held, and only `None` means accepted.
                held: (states[at] == Some("held")).then(|| reasons[at].unwrap_or_default().to_owned()),
                contract: contracts[at].map(str::to_owned),
                released: released[at].is_some(),
            };
            given.insert(ids[at].unwrap_or_default().to_owned(), receipt);
        }
        let active = edition.iter().flat_map(|edition| edition.receipts.iter().cloned()).collect();
        Ok(Self { given, active, active_facts: BTreeMap::new() })
    }

    /// What is known of a receipt.
    pub(crate) fn given(&self, receipt: &str) -> Option<&Given> {
        self.given.get(receipt)
    }

    /// Whether a receipt's facts are active.
    pub(crate) fn is_active(&self, receipt: &str) -> bool {
        self.active.contains(receipt)
    }

    /// The receipts that the bytes of a delivery have or get: the first, and that of a second reading beside it.
    pub(crate) fn receipts_of(&self, delivery: &Delivery) -> [ReceiptId; 2] {
        let ids = delivery.receipt_ids();
        let chosen = |former: ReceiptId, id| if self.is_of(&former.0, delivery) { former } else { id };
        [chosen(ids.former, ids.first), chosen(ids.former_second, ids.second)]
    }

    /// Whether a receipt was given for what a delivery is, to the byte: a part of a hash alone does not say so.
    fn is_of(&self, receipt: &str, delivery: &Delivery) -> bool {
        self.given(receipt).is_some_and(|given| {
            given.source_id == delivery.source_id.as_str()
                && given.subject == delivery.subject
                && given.sha256 == delivery.sha256()
        })
    }

    /// The receipt that the bytes of a delivery are active under; where they are not, the first they get.
    pub(crate) fn receipt_of(&self, delivery: &Delivery) -> ReceiptId {
        let [first, second] = self.receipts_of(delivery);
        if self.is_active(&second.0) { second } else { first }
    }

    /// Whether the bytes of a delivery are active as something reads them.
    pub(crate) fn is_active_by(&self, delivery: &Delivery, by: &ReadBy, lake: Option<&Lake>) -> bool {
        let receipt = self.receipt_of(delivery).0;
        let named = self.given(&receipt).and_then(|given| given.contract.as_deref());
        self.is_active(&receipt) && by.is(named, lake)
    }

    /// The receipt of a delivery as it was read by something, or else the one it is active under.
    pub(crate) fn reading(&self, delivery: &Delivery, by: &ReadBy, lake: &Lake) -> ReceiptId {
        let active = self.receipt_of(delivery);
        let [first, second] = self.receipts_of(delivery);
        let readings = [active.clone(), first, second];
        let read = readings.into_iter().find(|receipt| {
            self.given(&receipt.0).is_some_and(|given| by.is(given.contract.as_deref(), Some(lake)))
        });
        read.unwrap_or(active)
    }

    /// What a source was asked whose answer is active, and when that came.
    pub(crate) fn active_subjects(&self, source_id: &SourceId) -> BTreeMap<String, DateTime<Utc>> {
        let mut subjects = BTreeMap::new();
        for receipt in &self.active {
            if let Some(given) = self.given.get(receipt).filter(|given| given.source_id == source_id.as_str())
            {
                subjects.insert(given.subject.clone(), given.received_at());
            }
        }
        subjects
    }

    /// The active receipts that a delivery may take the place of: those of its source for the same subject, or all of its
    /// source when it replaces its own span.
    pub(crate) fn replaceable(&self, delivery: &Delivery, own_span: bool) -> BTreeSet<String> {
        self.rivals((delivery.source_id.as_str(), &delivery.subject), own_span)
    }

    /// Notes what a delivery may take the place of.
    pub(crate) fn note_replaceable(&self, delivery: &Delivery, own_span: bool, into: &mut Replaceable) {
        let receipts = self.replaceable(delivery, own_span);
        if !own_span {
            return into.whole.extend(receipts);
        }
        into.within_span.extend(receipts);
        // Whatever span it reports now, the same bytes have one reading that counts.
        into.whole.extend(self.receipts_of(delivery).map(|receipt| receipt.0));
    }

    fn rivals(&self, (source_id, subject): (&str, &str), own_span: bool) -> BTreeSet<String> {
        let mut receipts = BTreeSet::new();
        for receipt in &self.active {
            let Some(given) = self.given.get(receipt) else { continue };
            if given.source_id == source_id && (own_span || given.subject == subject) {
                receipts.insert(receipt.clone());
            }
        }
        receipts
    }

    /// Whether a receipt is an older answer than the active one: it had its time and was replaced, or it was held and a
    /// later one came in. What is still active in part, beside a later answer, had its time too.
    pub(crate) fn is_outdated(&self, receipt: &str, own_span: bool) -> bool {
        let Some(ours) = self.given(receipt) else { return false };
        let mut rivals = self.rivals((&ours.source_id, &ours.subject), own_span);
        rivals.remove(receipt);
        if ours.held.is_none() && !self.is_active(receipt) {
            return !rivals.is_empty();
        }
        // The newest active one is never outdated, however often it is delivered.
        let later = |rival: &String| self.given(rival).is_some_and(|it| it.received_at > ours.received_at);
        rivals.iter().any(later)
    }

    /// Whether it is known without reading its facts that all of a delivery is active. Where deliveries replace their own
    /// spans it is not: another may have taken a part, and an older one that was put back as well as a later one.
    pub(crate) fn is_wholly_active(&self, delivery: &Delivery, own_span: bool) -> bool {
        !own_span && self.is_active(&self.receipt_of(delivery).0)
    }

    /// Reads the active facts near some deliveries, and all facts of the receipts that they may take the place of. What lies
    /// elsewhere is not kept in memory, however long the history is.
    pub(crate) fn load(
        &mut self,
        lake: &Lake,
        edition: &Edition,
        extents: &[Extent],
        replaced: &Replaceable,
    ) -> Result<(), IngestError> {
        let near = Near::of(extents);
        let mut whole = replaced.whole.clone();
        if !replaced.within_span.is_empty() {
            // Of those that are replaced in part, most have nothing in the span; the rest is written anew, so it is read.
            let beside =
                rows(lake, edition, "usage", |file| near.touches_file(file), |batch| near.rows(batch))?;
            let met = text(&beside, "receipt_id")?.into_iter().flatten();
            whole.extend(met.filter(|receipt| replaced.within_span.contains(*receipt)).map(str::to_owned));
        }
        let of_whole = |file: &FileEntry| file.receipts.iter().any(|receipt| whole.contains(receipt));
        let usage = rows(
            lake,
            edition,
            "usage",
            |file| of_whole(file) || near.touches_file(file),
            |batch| or(&near.rows(batch)?, &with_receipt(batch, &whole)?),
        )?;
        // Events are compared with those they replace only, so none near them are read.
        let events = rows(lake, edition, "rollout_events", of_whole, |batch| with_receipt(batch, &whole))?;
        for (receipt, usage) in by_receipt(&usage)? {
            let extent = Extent::of(&usage)?;
            // No rows yet, but the columns: a batch without its schema could not be compared.
            let events = events.slice(0, 0);
            self.active_facts.insert(receipt.clone(), self.active(&receipt, usage, events, extent));
        }
        for (receipt, events) in by_receipt(&events)? {
            if let Some(active_facts) = self.active_facts.get_mut(&receipt) {
                active_facts.events = events;
            } else {
                let usage = usage.slice(0, 0);
                self.active_facts
                    .insert(receipt.clone(), self.active(&receipt, usage, events, Extent::default()));
            }
        }
        Ok(())
    }

    fn active(&self, receipt: &str, usage: RecordBatch, events: RecordBatch, extent: Extent) -> ActiveFacts {
        let source_id = self.given.get(receipt).map_or(String::new(), |given| given.source_id.clone());
        ActiveFacts { receipt_id: receipt.to_owned(), source_id, usage, events, extent }
    }

    /// The facts of one receipt, as far as they were read.
    pub(crate) fn active_facts(&self, receipt: &str) -> Option<&ActiveFacts> {
        self.active_facts.get(receipt)
    }

    /// The active facts near some usage: of receipts that are to be replaced, what stays of them.
    pub(crate) fn near(
        &self,
        extent: &Extent,
        replaced: &BTreeMap<String, Option<Facts>>,
    ) -> Result<Vec<ActiveFacts>, IngestError> {
        let mut near = Vec::new();
        for (receipt, facts) in &self.active_facts {
            match replaced.get(receipt) {
                None if facts.extent.touches(extent) => near.push(facts.clone()),
                Some(Some((usage, events))) => {
                    let rest = Extent::of(usage)?;
                    near.push(self.active(receipt, usage.clone(), events.clone(), rest));
                }
                _ => {}
            }
        }
        Ok(near)
    }

    /// Makes a delivery active instead of others, or of parts of them.
    pub(crate) fn admit(
        &mut self,
        (delivery, receipt): (&Delivery, &str),
        usage: &RecordBatch,
        events: &RecordBatch,
        replaced: &BTreeMap<String, Option<Facts>>,
    ) -> Result<(), IngestError> {
        // First: a delivery that replaces itself must stay active.
        for (old, rest) in replaced {
            self.active_facts.remove(old);
            if let Some((usage, events)) = rest {
                let facts = self.active(old, usage.clone(), events.clone(), Extent::of(usage)?);
                self.active_facts.insert(old.clone(), facts);
            } else {
                self.active.remove(old);
            }
        }
        self.active.insert(receipt.to_owned());
        let active_facts = ActiveFacts {
            receipt_id: receipt.to_owned(),
            source_id: delivery.source_id.to_string(),
            usage: usage.clone(),
            events: events.clone(),
            extent: Extent::of(usage)?,
        };
        self.active_facts.insert(receipt.to_owned(), active_facts);
        Ok(())
    }

    /// Remembers a receipt.
    pub(crate) fn note(&mut self, receipt: &str, given: Given) {
        self.given.insert(receipt.to_owned(), given);
    }
}

/// The rows of a table that are requested, of the files that may have any.
fn rows(
    lake: &Lake,
    edition: &Edition,
    name: &'static str,
    requested: impl Fn(&FileEntry) -> bool,
    keep: impl Fn(&RecordBatch) -> Result<BooleanArray, ArrowError>,
) -> Result<RecordBatch, IngestError> {
    let table = table(name)?;
    columns::concat(&table.schema(), &lake.read_rows(edition, table, &requested, &keep)?)
}

/// The rows of each receipt.
fn by_receipt(batch: &RecordBatch) -> Result<Vec<(String, RecordBatch)>, IngestError> {
    let mut rows: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (row, receipt) in (0..).zip(text(batch, "receipt_id")?) {
        rows.entry(receipt.unwrap_or_default()).or_default().push(row);
    }
    let mut cut = Vec::with_capacity(rows.len());
    for (receipt, rows) in rows {
        cut.push((receipt.to_owned(), take_record_batch(batch, &UInt32Array::from(rows))?));
    }
    Ok(cut)
}
