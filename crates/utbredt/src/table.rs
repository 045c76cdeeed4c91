//! Answers on standard output, messages on standard error.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, SecondsFormat, Utc};
use utbredt_engine::EngineError;

/// Whether a line was lost.
static LOST: AtomicBool = AtomicBool::new(false);

/// One line of output. A reader that has seen enough is no reason to stop; [`all_arrived`] tells of other losses.
pub(crate) fn line(text: &str) {
    let written = std::io::stdout().write_all(format!("{text}\n").as_bytes());
    if written.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
        LOST.store(true, Ordering::Relaxed);
    }
}

/// Whether every line was taken.
pub(crate) fn all_arrived() -> bool {
    !LOST.load(Ordering::Relaxed) && std::io::stdout().flush().is_ok()
}

/// Output that must arrive.
pub(crate) fn write(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write to standard output")
}

/// One line to the person, not into the pipe.
pub(crate) fn message(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Rows as a table, or in a format of the HTTP door; to a file when one is named.
pub(crate) fn print(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    meta: &serde_json::Value,
    format: &str,
    output: Option<&Path>,
) -> anyhow::Result<()> {
    let bytes = if format == "table" {
        format!("{}\n", drawn(schema, batches)?).into_bytes()
    } else {
        let encoded = utbredt_api::encode_as(format, schema, batches, meta);
        let encoded = encoded.ok_or_else(|| EngineError::Unknown {
            kind: "format",
            name: format.to_owned(),
            nearest: utbredt_engine::nearest(format, ["table", "csv", "csv-excel", "json", "arrow"]),
            hint: "one of table, csv, csv-excel, json, arrow".into(),
        })?;
        encoded?.to_vec()
    };
    match output {
        Some(path) => std::fs::write(path, bytes)?,
        None => std::io::stdout().lock().write_all(&bytes)?,
    }
    Ok(())
}

/// Some columns of the first rows, as a table.
pub(crate) fn columns(batches: &[RecordBatch], names: &[&str], rows: usize) -> anyhow::Result<()> {
    let mut left = rows;
    let mut shown = Vec::new();
    for batch in batches {
        let indices =
            names.iter().map(|name| batch.schema().index_of(name)).collect::<Result<Vec<_>, _>>()?;
        let taken = batch.project(&indices)?.slice(0, left.min(batch.num_rows()));
        left -= taken.num_rows();
        shown.push(taken);
    }
    let Some(schema) = shown.first().map(RecordBatch::schema) else { return Ok(()) };
    line(&drawn(&schema, &shown)?.to_string());
    Ok(())
}

fn drawn(schema: &SchemaRef, batches: &[RecordBatch]) -> anyhow::Result<comfy_table::Table> {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_header(schema.fields().iter().map(|f| f.name().clone()));
    let options = FormatOptions::default();
    for batch in batches {
        let columns: Vec<ArrayFormatter<'_>> =
            batch.columns().iter().map(|c| ArrayFormatter::try_new(c, &options)).collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            table.add_row(columns.iter().map(|c| c.value(row).to_string()));
        }
    }
    Ok(table)
}

/// A number of things, in the words for one and for many.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A moment to the second, in UTC.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
