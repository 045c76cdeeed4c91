//! What became of delivered files, in lines and as JSON.

use std::path::PathBuf;

use serde_json::{Value, json};
use utbredt_ingest::Report;

/// Cells of a correction that are listed; `--json` lists them all.
pub(crate) const MAX_LISTED: usize = 10;

/// What became of a delivery, in a word.
pub(crate) fn state(report: &Report) -> &'static str {
    report.verdict().as_str()
}

/// What a correction changed, in lines.
pub(crate) fn cells(report: &Report) -> Vec<String> {
    let Some(diff) = &report.diff else { return Vec::new() };
    let changed = diff.changed.len();
    let mut first = format!("  cells: {} added, {} removed, {changed} changed", diff.added, diff.removed);
    if diff.withdrawn > 0 {
        first.push_str(&format!(", {} of them from a number to none", diff.withdrawn));
    }
    let mut lines = vec![first];
    lines.extend(
        diff.changed.iter().take(MAX_LISTED).map(|c| format!("    {}: {} -> {}", c.key, c.old, c.new)),
    );
    if changed > MAX_LISTED {
        lines.push(format!("    and {} more", changed - MAX_LISTED));
    }
    lines
}

/// Reports of files, in lines.
pub(crate) fn render_reports(reports: &[(&PathBuf, Report)]) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, report) in reports {
        let (source, subject) = (&report.source_id, &report.subject);
        lines.push(format!("{}: {source} `{subject}`: {}", path.display(), state(report)));
        if report.unchanged && report.held.is_none() {
            lines.push(format!("  it is here already, as receipt {}", report.receipt_id.0));
            continue;
        }
        let (rows_in, accepted, rejected) = (report.rows_in, report.accepted, report.rejected);
        let accepted = if report.held.is_some() {
            format!("{accepted} readable and not active")
        } else {
            format!("{accepted} accepted")
        };
        let receipt = &report.receipt_id.0;
        lines.push(format!("  {rows_in} rows in, {accepted}, {rejected} rejected, receipt {receipt}"));
        lines.extend(report.reasons.iter().map(|(reason, count)| format!("  rejected {count}: {reason}")));
        lines.extend(report.held.iter().flatten().map(|reason| format!("  held: {reason}")));
        if report.releasable {
            lines.push(format!(
                "  what would change: `utbredt held show {receipt}`; if that is right: `utbredt held release {receipt} \
                 --reason TEXT`"
            ));
        } else if report.held.is_some() {
            lines.push(
                "  nobody can release it as it is: deliver another file, or by another contract".to_owned(),
            );
        }
        if let Some(old) = &report.superseded {
            lines.push(format!("  takes the place of receipt {}", old.0));
        }
        let within = report.superseded_within.iter();
        lines.extend(within.map(|old| format!("  takes the place of receipt {} within its own span", old.0)));
        lines.extend(cells(report));
    }
    lines.extend(reports.last().map(|(_, report)| format!("edition {} is the newest", report.edition)));
    lines
}

/// Reports of files, for whoever reads JSON.
pub(crate) fn reports_to_json(reports: &[(&PathBuf, Report)]) -> String {
    let mut deliveries = Vec::with_capacity(reports.len());
    for (path, report) in reports {
        let mut delivery = json!({ "file": path.display().to_string() });
        if let (Some(fields), Value::Object(more)) = (delivery.as_object_mut(), report.to_json()) {
            fields.extend(more);
        }
        deliveries.push(delivery);
    }
    let edition = reports.last().map(|(_, report)| report.edition);
    format!("{}\n", json!({ "edition": edition, "deliveries": deliveries }))
}
