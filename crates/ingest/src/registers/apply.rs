//! What is right of a file makes an edition: the register as it is to be, the history of each changed row, the receipt of the file,
//! and the rows that were refused.

use chrono::{DateTime, Utc};
use utbredt_lake::Writer;
use utbredt_model::register::Register;
use utbredt_model::{Reason, ReceiptId, Rejection, SourceId};

use super::state::{Proposal, check};
use super::{KnownKpis, history};
use crate::audit_tables::{ReceiptEntry, rejection_rows};
use crate::columns::table;
use crate::{Delivery, IngestError};

/// A file to be applied.
#[derive(Debug, Clone, Copy)]
pub struct Application<'a> {
    /// The register.
    pub register: &'static Register,
    /// The file.
    pub bytes: &'a [u8],
    /// The KPIs there are.
    pub kpis: &'a KnownKpis,
    /// The edition that rows are taken to be exported from which do not say it.
    pub edition: Option<u64>,
    /// Why, in the words of whoever changes it.
    pub reason: &'a str,
    /// When.
    pub recorded_at: DateTime<Utc>,
}

/// What became of a file.
#[derive(Debug)]
pub struct Applied {
    /// What it said beside the register as it was.
    pub proposal: Proposal,
    /// The newest edition: a new one where anything changed.
    pub edition: u64,
    /// The receipt of the file, where anything changed.
    pub receipt: Option<ReceiptId>,
}

/// Applies a file: rows that are right, unless more than a fifth is refused. Nothing is written where nothing changes.
///
/// # Errors
/// [`IngestError`] when the lake cannot be read or written.
pub fn apply(writer: &mut Writer, application: Application<'_>) -> Result<Applied, IngestError> {
    let Application { register, bytes, kpis, edition, reason, recorded_at } = application;
    // Under the lock: what is compared is what is changed.
    let proposal = check(writer.lake(), register, bytes, (kpis, edition))?;
    if proposal.is_refused() || proposal.changes.is_empty() {
        let edition = proposal.edition;
        return Ok(Applied { proposal, edition, receipt: None });
    }
    let sha256 = writer.keep_raw(bytes)?;
    let delivery = Delivery {
        source_id: SourceId::parse(&format!("register-{}", register.table.replace('_', "-")))?,
        // Each application is a delivery of its own, also of the same file.
        subject: format!("edition {}", proposal.edition + 1),
        payload: bytes.to_vec().into(),
        received_at: recorded_at,
        synthetic: false,
    };
    let receipt = delivery.receipt_id();
    // Nothing is dropped: what is not taken stays beside the receipt with its reason.
    let refused: Vec<Rejection> = proposal.refusals.iter().map(rejection).collect();
    let entry = ReceiptEntry {
        delivery: &delivery,
        receipt_id: &receipt.0,
        received_at: recorded_at,
        sha256: &sha256,
        rows_in: (proposal.changes.len() + proposal.unchanged + refused.len()) as u64,
        rejections: &refused,
        contract_version: 0,
        synthetic: false,
        held: None,
        contract_sha256: None,
        release: None,
    };
    // One edition for all of it: whoever sees the rows sees why they changed.
    let mut append = vec![
        (table("receipts")?, entry.row()?),
        history::batch(register, &proposal.changes, (recorded_at, reason, &receipt.0))?,
    ];
    if !refused.is_empty() {
        append.push((table("rejections")?, rejection_rows(&receipt.0, &refused)?));
    }
    let mut draft = proposal.draft(register, recorded_at)?;
    draft.reason = format!("register {}: {reason}", register.table);
    draft.append = append;
    let made = writer.commit(draft)?;
    let edition = made.edition().number;
    Ok(Applied { proposal, edition, receipt: Some(receipt) })
}

/// A refused row as the lake keeps it.
fn rejection(refusal: &utbredt_model::register::Refusal) -> Rejection {
    let column = refusal.column.as_ref().map(|column| format!("column `{column}`: ")).unwrap_or_default();
    let text = format!("{column}{}. To mend it: {}", refusal.reason, refusal.fix);
    Rejection::new(refusal.row, Reason::new(refusal.reason.code, text), &refusal.raw)
}
