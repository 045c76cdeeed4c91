//! The tables that say where facts come from, who changed what, and what is owed.

use super::Table;
use super::Type::{Date, Flag, Instant, Int, Small, Text};
use super::list::{NULLABLE, REQUIRED};

/// Register changes.
pub(super) const REGISTER_CHANGES: Table = Table {
    name: "register_changes",
    doc: "A change of a row of a register: what a network decides itself, with its reason. Rows that are not here are as shipped.",
    columns: &[
        ("register", Text, REQUIRED, "The table changed."),
        ("row_key", Text, REQUIRED, "The values of its key, separated by |."),
        ("change", Text, REQUIRED, "added, changed, ended, removed."),
        ("changed_at", Instant, REQUIRED, "When."),
        ("reason", Text, REQUIRED, "Why, in the words of whoever changed it."),
        ("receipt", Text, REQUIRED, "The receipt of the file it came in."),
        ("before", Text, NULLABLE, "The row before, as JSON; NULL = there was none."),
        ("after", Text, NULLABLE, "The row after, as JSON; NULL = removed."),
    ],
    sort: &["register", "row_key", "changed_at"],
};

/// Receipts.
pub(super) const RECEIPTS: Table = Table {
    name: "receipts",
    doc: "A delivery received: the evidence every fact points to.",
    columns: &[
        ("receipt_id", Text, REQUIRED, "Key."),
        ("source_id", Text, REQUIRED, "The source."),
        ("subject", Text, REQUIRED, "What it answers: a period or `all`; `asked` in older files."),
        ("received_at", Instant, REQUIRED, "When."),
        ("sha256", Text, REQUIRED, "Hash of the payload, its name in raw/."),
        ("bytes", Int, REQUIRED, "Length of the payload."),
        ("rows_in", Int, REQUIRED, "Data rows read."),
        ("rows_rejected", Int, REQUIRED, "Of them refused."),
        ("contract_version", Small, REQUIRED, "The contract it was held against."),
        ("synthetic", Flag, REQUIRED, "Invented for demonstration."),
        ("state", Text, REQUIRED, "accepted or held."),
        ("reason", Text, NULLABLE, "Why it is held, or was until a person released it."),
        ("contract_sha256", Text, NULLABLE, "Hash of the contract it was read by, its name in raw/."),
        ("released_at", Instant, NULLABLE, "When a person released it; NULL = nobody had to."),
        ("release_reason", Text, NULLABLE, "Why, in that person's words."),
    ],
    sort: &["source_id", "subject", "received_at"],
};

/// Rejections.
pub(super) const REJECTIONS: Table = Table {
    name: "rejections",
    doc: "A row refused, with the reason.",
    columns: &[
        ("receipt_id", Text, REQUIRED, "The delivery."),
        ("row", Int, REQUIRED, "Row of the payload, from 1."),
        ("reason", Text, REQUIRED, "What is wrong."),
        ("raw", Text, REQUIRED, "The row as received, at most 500 characters."),
        (
            "code",
            Text,
            NULLABLE,
            "The kind of reason; its texts are in queries/reasons.toml. NULL = before there were codes.",
        ),
    ],
    sort: &["receipt_id", "row"],
};

/// Expected deliveries.
pub(super) const EXPECTED_DELIVERIES: Table = Table {
    name: "expected_deliveries",
    doc: "What a source owes for a period, and when.",
    columns: &[
        ("source_id", Text, REQUIRED, "The source."),
        ("solution_id", Text, REQUIRED, "The solution."),
        ("measure_id", Text, REQUIRED, "The measure."),
        ("period_start", Date, REQUIRED, "First day."),
        ("period_end", Date, REQUIRED, "First day after."),
        ("due", Date, REQUIRED, "The day it is due."),
    ],
    sort: &["source_id", "solution_id", "measure_id", "period_start"],
};
