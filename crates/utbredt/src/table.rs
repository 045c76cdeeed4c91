//! Answers on standard output, messages on standard error.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, SecondsFormat, Utc};
use utbredt_formats::{Format, encode};
use utbredt_kpi::RequestError;

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

/// How rows are written, and where to.
#[derive(Debug)]
pub(crate) struct Output<'a> {
    /// A format of the interfaces; none for a table to be read.
    format: Option<Format>,
    /// A file; standard output when there is none.
    file: Option<&'a Path>,
}

/// The format that only a terminal has.
const TABLE: &str = "table";

impl<'a> Output<'a> {
    /// From what was typed: the format named, else the one that fits the file's name, else a table.
    ///
    /// # Errors
    /// [`RequestError`] when no such format is written.
    pub(crate) fn choose(named: Option<&str>, file: Option<&'a Path>) -> Result<Self, RequestError> {
        let ending = file.and_then(Path::extension).and_then(std::ffi::OsStr::to_str);
        let format = match (named, ending) {
            (Some(TABLE), _) => None,
            (Some(name), _) => Some(Format::parse(name).ok_or_else(|| unknown_format(name))?),
            (None, None | Some("txt")) => None,
            (None, Some(ending)) => Some(Format::of_extension(ending).ok_or_else(|| unknown_format(ending))?),
        };
        Ok(Self { format, file })
    }

    /// Whether the rows are for a person to read.
    pub(crate) const fn is_table(&self) -> bool {
        self.format.is_none()
    }

    /// Writes the rows.
    pub(crate) fn write(
        &self,
        schema: &SchemaRef,
        batches: &[RecordBatch],
        meta: &serde_json::Value,
    ) -> anyhow::Result<()> {
        let bytes = match self.format {
            Some(format) => encode(format, schema, batches, meta)?,
            None => format!("{}\n", drawn(schema, batches)?).into(),
        };
        let Some(path) = self.file else {
            return write_all(&bytes);
        };
        std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }
}

fn unknown_format(name: &str) -> RequestError {
    let names: Vec<&str> =
        std::iter::once(TABLE).chain(Format::ALL.iter().map(|format| format.as_str())).collect();
    RequestError::unknown("format", name, names.iter().copied(), format!("one of {}", names.join(", ")))
}

/// Bytes to standard output. A reader that has seen enough is no error.
fn write_all(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
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
