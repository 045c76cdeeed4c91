//! What a file of a register does, as a person reads it and as JSON.

use serde_json::{Value, json};
use utbredt_ingest::registers::{Proposal, RowChange};
use utbredt_model::register::{ChangeKind, Refusal, Register};

/// What a file does, a line a row.
pub(crate) fn render(register: &'static Register, proposal: &Proposal) -> Vec<String> {
    if let Some(breach) = &proposal.breach {
        return vec![format!("{}: nothing of the file can be read: {breach}", register.table)];
    }
    let counts = ChangeKind::ALL.map(|kind| format!("{} {}", proposal.count(kind), kind.as_str()));
    let mut lines = vec![format!(
        "{}: {}, {} unchanged, {} refused",
        register.table,
        counts.join(", "),
        proposal.unchanged,
        proposal.refusals.len()
    )];
    lines.extend(proposal.changes.iter().map(|change| format!("  {}", change_line(register, change))));
    lines.extend(proposal.refusals.iter().map(|refusal| format!("  refused: {refusal}")));
    lines
}

fn change_line(register: &'static Register, change: &RowChange) -> String {
    let RowChange { row, kind, key, .. } = change;
    // All values of a new row are in the file that is looked at.
    let fields: Vec<String> = match kind {
        ChangeKind::Added | ChangeKind::Removed => Vec::new(),
        _ => change
            .fields(register)
            .map(|(name, before, after)| {
                format!("{name} {} -> {}", before.unwrap_or("(empty)"), after.unwrap_or("(empty)"))
            })
            .collect(),
    };
    let fields = if fields.is_empty() { String::new() } else { format!(": {}", fields.join(", ")) };
    format!("row {row} {}: {key}{fields}", kind.as_str())
}

/// What a file does, as JSON; with the edition and the receipt where it was applied.
pub(crate) fn to_json(
    register: &'static Register,
    proposal: &Proposal,
    applied: Option<(u64, Option<String>)>,
) -> Value {
    let changes = proposal.changes.iter().map(|change| {
        let fields: serde_json::Map<String, Value> = change
            .fields(register)
            .map(|(name, before, after)| (name.to_owned(), json!({ "before": before, "after": after })))
            .collect();
        json!({ "row": change.row, "kind": change.kind, "key": change.key, "fields": fields })
    });
    let refusals = proposal.refusals.iter().map(refusal_to_json);
    let mut document = json!({
        "register": register.table,
        "compared_with": proposal.edition,
        "changes": changes.collect::<Vec<_>>(),
        "unchanged": proposal.unchanged,
        "refusals": refusals.collect::<Vec<_>>(),
        "breach": proposal.breach.as_ref().map(ToString::to_string),
    });
    if let Some((edition, receipt)) = applied {
        document["edition"] = edition.into();
        document["receipt"] = receipt.into();
    }
    document
}

fn refusal_to_json(refusal: &Refusal) -> Value {
    json!({
        "row": refusal.row,
        "column": refusal.column,
        "code": refusal.reason.code,
        "reason": refusal.reason.text,
        "fix": refusal.fix,
        "raw": refusal.raw,
    })
}
