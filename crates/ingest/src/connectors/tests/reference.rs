//! The sources of reference data, against servers that speak as they do and misbehave on demand.

mod meanwhile;
pub(super) mod office;
mod people;
pub(super) mod registers;
mod version_one;

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use tempfile::TempDir;
use utbredt_lake::Writer;

use super::configured;
use crate::columns;
use crate::connector::{Connector, PullError, PullReport};
use crate::fetch::tests::Still;
use crate::fetch::tests::server::{Act, Seen, Server};
use crate::fetch::{Client, Guard, Limits};

/// A morning in November 2026.
fn morning() -> Still {
    Still::at("2026-11-24T06:00:00Z")
}

/// A lake with the reference tables, and a way to bring a source in.
struct Desk {
    _folder: TempDir,
    writer: Writer,
}

impl Desk {
    fn new() -> Self {
        let (folder, writer) = crate::tests::ready_at("2026-01-01T00:00:00Z");
        Self { _folder: folder, writer }
    }

    fn pull(
        &mut self,
        server: &Server,
        clock: &Still,
        connector: &dyn Connector,
    ) -> Result<PullReport, PullError> {
        let client = Client::new(Guard::with_local([server.host()]), Limits::default(), clock);
        super::pull(connector, &client, &mut self.writer, (server, "reference"))
    }

    fn edition(&self) -> u64 {
        self.writer.lake().latest().unwrap().unwrap().number
    }

    /// The rows of a table as text, sorted.
    fn rows(&self, name: &'static str) -> Vec<String> {
        let lake = self.writer.lake();
        let batch = columns::read(lake, lake.latest().unwrap().as_ref(), name).unwrap();
        let options = FormatOptions::default().with_null("null");
        // A moment needs a time zone's table to be written as one.
        let plain = |column: &ArrayRef| match column.data_type() {
            DataType::Timestamp(..) => cast(column, &DataType::Int64).unwrap(),
            _ => Arc::clone(column),
        };
        let plain: Vec<_> = batch.columns().iter().map(plain).collect();
        let columns = plain.iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap());
        let columns: Vec<_> = columns.collect();
        let row =
            |at: usize| columns.iter().map(|column| format!("{}|", column.value(at))).collect::<String>();
        let mut rows: Vec<String> = (0..batch.num_rows()).map(row).collect();
        rows.sort();
        rows
    }

    /// The bytes kept for the receipts, newest receipt's among them.
    fn kept(&self) -> Vec<String> {
        let lake = self.writer.lake();
        let receipts = columns::read(lake, lake.latest().unwrap().as_ref(), "receipts").unwrap();
        let hashes = columns::text(&receipts, "sha256").unwrap();
        hashes
            .into_iter()
            .flatten()
            .map(|hash| String::from_utf8_lossy(&lake.raw(hash).unwrap()).into_owned())
            .collect()
    }
}

fn constant_server(answer: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Server {
    Server::start(move |_, seen| answer(seen))
}

/// What is held of the only report.
fn held(pulled: &PullReport) -> String {
    assert_eq!((&pulled.stopped, pulled.reports.len()), (&None, 1));
    pulled.reports[0].held.clone().unwrap_or_default().join("\n")
}

/// What the only report tells; it is in force.
fn message(pulled: &PullReport) -> String {
    assert_eq!(held(pulled), "");
    pulled.reports[0].discrepancies.join("\n")
}

/// The path of a request and its query.
pub(super) fn target(seen: &Seen) -> (String, String) {
    let target = seen.line.split(' ').nth(1).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    (path.to_owned(), query.to_owned())
}
