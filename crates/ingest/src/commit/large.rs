//! Deliveries that are too large to be in memory: delimited text that is read piece by piece, sorted on the disk, checked one
//! measure after the other and written as it is merged. The steps and their order are those of every delivery.

mod check;
mod group;
mod read;
mod statements;

use arrow::array::RecordBatch;
use chrono::{DateTime, Utc};
use utbredt_lake::{FileEntry, Writer};
use utbredt_model::ReceiptId;
use utbredt_sources::delimited::Contract;

use self::check::{Checked, Lakeside, check};
use self::group::each_group;
use self::read::{ReadRows, read, with_lines};
use super::evaluate::{counts, decide};
use super::reading::{Reading, is_second, receipt_for, stamped};
use super::{Content, Pending, Read, Submission, commit};
use crate::columns::table;
use crate::conform::{Conformed, Conforming};
use crate::format::Format;
use crate::history::ReceiptHistory;
use crate::loss::WayOut;
use crate::payload::LargePayload;
use crate::quality_checks::{Breach, breaches};
use crate::reference_data::ReferenceData;
use crate::{Delivered, IngestError, Report};

/// Rows that are written at once.
const PART_ROWS: usize = 64 * 1024;

/// Brings one large delivery in.
pub(super) fn commit_large(
    writer: &mut Writer,
    recorded_at: DateTime<Utc>,
    submission: Submission<'_>,
) -> Result<Delivered, IngestError> {
    let delivery = submission.delivery;
    let (format, contract, payload) = parts_of(submission)?;
    submission.check_contract()?;
    let lake = writer.lake().clone();
    let latest = lake.latest()?;
    let reference = ReferenceData::of_lake(&lake, latest.as_ref())?;
    let history = ReceiptHistory::read(&lake, latest.as_ref())?;
    if submission.is_known(&history, Some(&lake))? {
        let edition = latest.map_or(0, |edition| edition.number);
        let receipt_id = history.receipt_of(delivery);
        let report = Report { receipt_id, edition, ..Report::of(delivery, true) };
        return Ok(Delivered { report, rejections: Vec::new() });
    }
    // Once through the file; what comes after reads the sorted rows.
    let mut rows = read((format, contract), (delivery, payload), &lake)?;
    let conforming = Conforming::new(format, delivery, &reference);
    let leaving = history.replaceable(delivery, false);
    let side = Lakeside {
        lake: &lake,
        edition: latest.as_ref(),
        history: &history,
        reference: &reference,
        leaving: &leaving,
    };
    let checked = check(&mut rows, (format, contract, delivery), &conforming, &side)?;
    let conformed = conformed(&mut rows, &checked, (format, contract), (payload, &delivery.sha256(), &lake))?;
    let read = Read { submission, sha256: delivery.sha256(), conformed, extent: checked.extent.clone() };
    let found = reasons(&read, &checked, (format, &lake), (&history, &reference))?;
    let mut report = counts(&read, !found.is_empty());
    (report.accepted, report.loss) = (checked.accepted, checked.loss.clone());
    let receipt = receipt_for(&read, !found.is_empty(), &history);
    report.receipt_id = receipt.clone();
    decide(&read, &found, &mut report);
    // From here on as for any delivery: the receipt, what it takes the place of, the edition.
    let mut pending = Pending::default();
    let mut files = Vec::new();
    let is_held = report.held.is_some();
    // What a person released and is held all the same stays as it was.
    if !is_held || submission.release.is_none() {
        let reading = Reading::of(&read, &receipt, report.held.as_deref(), &history)?;
        let is_old = reading.is_old(Some(&lake));
        report.unchanged = is_old && is_held;
        if !is_old {
            reading.write(&mut pending)?;
        }
    }
    if is_held {
        // The same answer was active while the reference tables were others.
        let was_active = leaving.contains(&receipt.0) && !pending.is_empty();
        pending.supersedes.extend(was_active.then(|| receipt.0.clone()));
    } else {
        report.diff = checked.diff;
        report.superseded = leaving.iter().map(|old| ReceiptId(old.clone())).find(|old| *old != receipt);
        pending.supersedes.extend(leaving.iter().cloned());
        // Only now, so that a delivery that is held has written no file of the table.
        files = write(writer, &mut rows, (contract, &conforming), &receipt)?;
        pending.facts.insert(receipt.0.clone(), no_facts()?);
    }
    report.edition = commit(writer, recorded_at, latest, pending, &[submission], files)?;
    Ok(Delivered { report, rejections: read.conformed.rejections })
}

/// What makes a delivery one that is read piece by piece.
fn parts_of<'s>(
    submission: Submission<'s>,
) -> Result<(&'s dyn Format, &'s Contract, &'s LargePayload), IngestError> {
    let Content::Facts(format) = submission.content else { return Err(not_in_pieces()) };
    let payload = submission.delivery.payload.large();
    format
        .contract()
        .zip(payload)
        .map(|(contract, payload)| (format, contract, payload))
        .ok_or_else(not_in_pieces)
}

fn not_in_pieces() -> IngestError {
    IngestError::Invalid("only delimited text is read piece by piece".to_owned())
}

fn no_facts() -> Result<(RecordBatch, RecordBatch), IngestError> {
    let [usage, events] = [table("usage")?, table("rollout_events")?];
    Ok((RecordBatch::new_empty(usage.schema()), RecordBatch::new_empty(events.schema())))
}

/// What is known of the delivery beside its facts.
fn conformed(
    rows: &mut ReadRows,
    checked: &Checked,
    by: (&dyn Format, &Contract),
    of: (&LargePayload, &str, &utbredt_lake::Lake),
) -> Result<Conformed, IngestError> {
    let (usage, events) = no_facts()?;
    let mut conformed = Conformed::of_facts(usage, events);
    conformed.rejections = std::mem::take(&mut rows.rejections);
    conformed.rejections.extend(with_lines(checked.faults.clone(), by, of)?);
    conformed.rejections.sort_by_key(|rejection| rejection.row);
    conformed.rows_in = rows.rows_in;
    conformed.breaches = std::mem::take(&mut rows.breaches);
    conformed.breaches.extend(checked.of_file.iter().map(|(_, breach)| breach.clone()));
    Ok(conformed)
}

/// Why it would be held: what the file as a whole shows, what its measures show, and what would be lost.
fn reasons(
    read: &Read<'_>,
    checked: &Checked,
    (format, lake): (&dyn Format, &utbredt_lake::Lake),
    (history, reference): (&ReceiptHistory, &ReferenceData),
) -> Result<Vec<Breach>, IngestError> {
    let mut found = breaches(format, read.submission.delivery, &read.conformed, reference, &[])?;
    found.extend(checked.breaches.iter().cloned());
    let is_second = is_second(read, history, Some(lake))?;
    let way_out = if is_second { WayOut::SecondContract } else { WayOut::Subject };
    found.extend(checked.loss.as_ref().map(|loss| Breach::doubt(loss.reason(way_out))));
    if read.submission.release.is_some() && checked.accepted == 0 {
        found.push(Breach::error(
            "nothing of it is readable, so there is nothing to become active".to_owned(),
        ));
    }
    Ok(found)
}

/// Writes the facts as files of `usage`, under a receipt.
fn write(
    writer: &mut Writer,
    rows: &mut ReadRows,
    (contract, conforming): (&Contract, &Conforming<'_>),
    receipt: &ReceiptId,
) -> Result<Vec<FileEntry>, IngestError> {
    let mut files = writer.sorted_files(table("usage")?);
    each_group(rows, contract, conforming, &mut |group| {
        let mut from = 0;
        while from < group.usage.num_rows() {
            let part = group.usage.slice(from, PART_ROWS.min(group.usage.num_rows() - from));
            files.push(&stamped(&part, &receipt.0)?)?;
            from += part.num_rows();
        }
        Ok(())
    })?;
    Ok(files.finish()?)
}
