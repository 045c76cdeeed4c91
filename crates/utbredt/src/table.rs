//! Answers on standard output, messages on standard error.

use std::borrow::Cow;
use std::io::{ErrorKind, IsTerminal as _, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::{DateTime, SecondsFormat, Utc};
use utbredt_formats::{Format, encode};
use utbredt_kpi::{Lang, RequestError};

use crate::escape::{self, Form};
use crate::human;

/// Whether a line was lost.
static LOST: AtomicBool = AtomicBool::new(false);

/// A line of output, or several made here, as a table is. A reader that has seen enough is no reason to stop;
/// [`all_arrived`] tells of other losses.
pub(crate) fn line(text: &str) {
    put(&escape::lines(text));
}

/// Lines of output, each of which is one whatever it holds.
pub(crate) fn each_line(lines: &[String]) {
    lines.iter().for_each(|line| put(&escape::one_line(line)));
}

/// A JSON value as a line of output.
pub(crate) fn json_line(value: &serde_json::Value) {
    put(&escape::document(&value.to_string()));
}

fn put(text: &str) {
    let written = std::io::stdout().write_all(format!("{text}\n").as_bytes());
    if written.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
        LOST.store(true, Ordering::Relaxed);
    }
}

/// Whether every line was taken.
pub(crate) fn all_arrived() -> bool {
    !LOST.load(Ordering::Relaxed) && std::io::stdout().flush().is_ok()
}

/// Lines that must arrive, each of which is one whatever it holds.
pub(crate) fn write_lines(lines: &[String]) -> anyhow::Result<()> {
    write(&lines.iter().map(|line| format!("{}\n", escape::one_line(line))).collect::<String>())
}

/// JSON or TOML that must arrive.
pub(crate) fn write_document(text: &str) -> anyhow::Result<()> {
    write(&escape::document(text))
}

fn write(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write to standard output")
}

/// One line to the person, not into the pipe.
pub(crate) fn message(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", escape::lines(text));
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
        let ending = file.and_then(Path::extension).and_then(std::ffi::OsStr::to_str).map(str::to_lowercase);
        let format = match (named, ending.as_deref()) {
            (Some(TABLE), _) => None,
            (Some(name), _) => Some(Format::parse(name).ok_or_else(|| unknown_format(name))?),
            (None, None | Some("txt")) => None,
            (None, Some(ending)) => Some(Format::of_extension(ending).ok_or_else(|| unknown_ending(ending))?),
        };
        Ok(Self { format, file })
    }

    /// Whether the rows are for a person to read.
    pub(crate) const fn is_table(&self) -> bool {
        self.format.is_none()
    }

    /// Writes the rows; a table has the columns given, each with its unit.
    pub(crate) fn write(
        &self,
        language: Lang,
        schema: &SchemaRef,
        batches: &[RecordBatch],
        meta: &serde_json::Value,
        columns: &[(&str, Option<&str>)],
    ) -> anyhow::Result<()> {
        let bytes = match self.format {
            Some(format) => encode(format, language, schema, batches, meta)?,
            None => format!("{}\n", human::table(batches, columns, usize::MAX)?).into(),
        };
        let Some(path) = self.file else {
            return write_all(&self.shown(&bytes));
        };
        std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }

    /// The bytes as standard output takes them. A program gets the very values of a CSV, a terminal never does.
    fn shown<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let Ok(text) = std::str::from_utf8(bytes) else { return Cow::Borrowed(bytes) };
        let escaped = match self.format {
            None => escape::lines(text),
            Some(Format::Json) => escape::document(text),
            Some(_) if std::io::stdout().is_terminal() => escape::escape(text, Form::Shown, &['\n', '\r']),
            Some(_) => Cow::Borrowed(text),
        };
        match escaped {
            Cow::Borrowed(_) => Cow::Borrowed(bytes),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }
    }
}

fn unknown_format(name: &str) -> RequestError {
    let names: Vec<&str> =
        std::iter::once(TABLE).chain(Format::ALL.iter().map(|format| format.as_str())).collect();
    RequestError::unknown("format", name, names.iter().copied(), format!("one of {}", names.join(", ")))
}

fn unknown_ending(ending: &str) -> RequestError {
    let endings = ["txt"].into_iter().chain(Format::ALL.iter().map(|format| format.extension()));
    let endings: std::collections::BTreeSet<&str> = endings.collect();
    let listed: Vec<&str> = endings.iter().copied().collect();
    let hint = format!("a file ends in one of {}, or name what to write by `--format`", listed.join(", "));
    RequestError::unknown("file ending", ending, listed.iter().copied(), hint)
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
    let shown: Vec<_> = names.iter().map(|name| (*name, None)).collect();
    line(&human::table(batches, &shown, rows)?);
    Ok(())
}

/// A number of things, in the words for one and for many.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A moment to the second, in UTC.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
