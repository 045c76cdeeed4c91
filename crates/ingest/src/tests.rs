//! Deliveries brought into a real lake with the real reference tables.

mod cases;
mod contracts;
mod corrections;
mod demo_rows;
mod dry_run;
mod folder;
mod held;
mod inbox;
mod invented;
mod large;
mod overlaps;
mod parts;
mod places;
mod quality_checks;
mod receipts;
mod retention;
mod shipped_config;
mod stages;

use std::path::Path;
use std::sync::OnceLock;

use arrow::array::RecordBatch;
use arrow::datatypes::{Date32Type, Int64Type};
use chrono::{DateTime, NaiveDate, Utc};
use tempfile::TempDir;
use utbredt_lake::{EditionDraft, Lake, Writer};
use utbredt_model::SourceId;
use utbredt_sources::delimited::Contract;

use crate::audit_tables::Tables;
use crate::columns::{self, day_number, day_of, read, text};
use crate::connectors::Delimited;
use crate::facts::usage_rows;
use crate::format::Format;
use crate::{Delivery, reference};

/// The files of `datasets/`, by path.
pub(crate) fn files() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
    let mut files = Vec::new();
    for folder in ["demo", "reference", "rollout"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            files.push((format!("{folder}/{name}"), std::fs::read(path).unwrap()));
        }
    }
    files.sort();
    files
}

/// The reference tables, made once.
fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| reference::load(&files()).unwrap())
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A lake that is ready for the deliveries of 2025.
pub(crate) fn ready() -> (TempDir, Writer) {
    ready_at("2024-12-01T00:00:00Z")
}

/// A lake that is ready for deliveries from this moment on.
pub(crate) fn ready_at(made: &str) -> (TempDir, Writer) {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Lake::init(dir.path()).unwrap().writer().unwrap();
    let change = EditionDraft {
        recorded_at: moment(made),
        reason: "reference".to_owned(),
        replace: tables().clone(),
        append: Vec::new(),
        supersedes: Vec::new(),
        receipts: Vec::new(),
    };
    writer.commit(change).unwrap();
    (dir, writer)
}

const CONTRACT: &str = "source_id = \"county\"\nversion = 3\nsubject.column = \"code\"\nperiod.column = \"month\"\n\
    solution.fixed = \"digihelse\"\nmeasure.column = \"measure\"\nvalue.column = \"n\"\n";

fn contract() -> Delimited {
    contract_of(CONTRACT)
}

fn contract_of(text: &str) -> Delimited {
    Delimited(Contract::from_toml(text).unwrap())
}

/// A delivery of `code;month;measure;n` rows.
fn delivery(subject: &str, rows: &[&str]) -> Delivery {
    Delivery {
        source_id: SourceId::parse("county").unwrap(),
        subject: subject.to_owned(),
        payload: format!("code;month;measure;n\n{}\n", rows.join("\n")).into(),
        received_at: moment("2025-03-12T06:00:00Z"),
        synthetic: false,
    }
}

/// A table of the latest edition.
fn table_of(writer: &Writer, name: &'static str) -> RecordBatch {
    let latest = writer.lake().latest().unwrap();
    read(writer.lake(), latest.as_ref(), name).unwrap()
}

/// `usage` as `code division value`, in order.
fn usage_of(writer: &Writer) -> Vec<String> {
    let usage = table_of(writer, "usage");
    let mut rows: Vec<_> = usage_rows(&usage)
        .unwrap()
        .into_iter()
        .map(|row| {
            let value = row.value.map_or("-".to_owned(), |value| value.to_string());
            format!("{} {} {value}", row.code, day_of(row.division))
        })
        .collect();
    rows.sort();
    rows
}

/// A column of days, as they are written.
fn days_of(batch: &RecordBatch, name: &str) -> Vec<String> {
    let days = columns::numbers::<Date32Type>(batch, name).unwrap();
    days.into_iter().map(|day| day_of(day.unwrap()).to_string()).collect()
}

/// A column of yes and no.
fn flags_of(batch: &RecordBatch, name: &str) -> Vec<Option<bool>> {
    use arrow::array::AsArray;
    batch.column_by_name(name).unwrap().as_boolean().iter().collect()
}

/// A column of counts.
fn counts_of(batch: &RecordBatch, name: &str) -> Vec<Option<i64>> {
    columns::numbers::<Int64Type>(batch, name).unwrap()
}

#[test]
fn shipped_contracts_read_their_samples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
    let mut read = 0;
    for entry in std::fs::read_dir(root.join("contracts")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        let contract = Contract::from_toml(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let sample = root.join("samples").join(path.file_stem().unwrap());
        let sample =
            ["csv", "json"].map(|e| sample.with_extension(e)).into_iter().find(|s| s.is_file()).unwrap();
        let id = contract.source_id.clone();
        let sample = Delivery::of_file(&sample, id, "sample", moment("2025-01-01T00:00:00Z")).unwrap();
        let parsed = Delimited(contract).parse(sample.payload.bytes(), sample.received_at);
        assert_eq!(parsed.breaches, Vec::<String>::new(), "{}", sample.source_id);
        let total = |r: &utbredt_model::Rejection| r.reason.starts_with("total row ");
        assert!(parsed.observations.len() > 2 && parsed.rejections.iter().all(total), "{parsed:?}");
        read += 1;
    }
    assert_eq!(read, 4);
    assert_eq!(day_number(day("1970-01-02")), 1);
}
