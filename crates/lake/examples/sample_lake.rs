//! Makes a small lake with a history, in the folder named by the first argument, for readers in other
//! languages to be tried on: `cargo run --workspace --example sample_lake -- DIR`.
//!
//! It holds what such readers stumble over: codes that begin with a zero, NULL, days, moments, Norwegian
//! letters, a correction, a table that was emptied, and merged files.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, TimestampMicrosecondType};
use arrow::json::ReaderBuilder;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use utbredt_lake::{EditionDraft, Lake, Table};
use utbredt_model::ReceiptId;

type Part = (&'static Table, RecordBatch);

fn part(name: &str, rows: &[Value]) -> Result<Part, Box<dyn Error>> {
    let table = Table::named(name).ok_or("no such table")?;
    let schema = table.schema();
    // The decoder knows time zones by their offset only.
    let by_offset = |field: &FieldRef| match field.data_type() {
        DataType::Timestamp(unit, _) => {
            Field::clone(field).with_data_type(DataType::Timestamp(*unit, Some("+00:00".into())))
        }
        _ => Field::clone(field),
    };
    let readable = Arc::new(Schema::new(schema.fields().iter().map(by_offset).collect::<Vec<_>>()));
    let mut decoder = ReaderBuilder::new(Arc::clone(&readable)).with_batch_size(1024).build_decoder()?;
    decoder.serialize(rows)?;
    let batch = decoder.flush()?.unwrap_or_else(|| RecordBatch::new_empty(readable));
    let named =
        batch.columns().iter().map(|column| match column.as_primitive_opt::<TimestampMicrosecondType>() {
            Some(moments) => Arc::new(moments.clone().with_timezone("UTC")) as ArrayRef,
            None => Arc::clone(column),
        });
    Ok((table, RecordBatch::try_new(schema, named.collect())?))
}

fn municipalities(names: &[(&str, &str)]) -> Vec<Value> {
    let row = |(code, name): &(&str, &str)| json!({"municipality_code": code, "name": name, "county_code": &code[..2], "valid_from": "2024-01-01"});
    names.iter().map(row).collect()
}

fn usage(receipt: &str, month: u32, value: i64) -> Vec<Value> {
    let row = |code: &&str| {
        json!({
            "solution_id": "digisos", "measure_id": "users_active", "municipality_code": code,
            "division_date": "2024-01-01", "period_start": format!("2025-{month:02}-01"),
            "period_end": format!("2025-{:02}-01", month + 1), "value": (*code != "1108").then_some(value),
            "state": if *code == "1108" { "missing" } else { "ok" }, "provisional": false, "imputed": false,
            "synthetic": true, "receipt_id": receipt,
        })
    };
    ["0301", "1108", "4601"].iter().map(row).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder to make the lake in")?;
    let lake = Lake::init(Path::new(&folder))?;
    let mut writer = lake.writer()?;
    let start: DateTime<Utc> = "2026-01-05T08:00:00Z".parse()?;
    let change = |day: i64, append: Vec<Part>, receipts: &[&str]| EditionDraft {
        recorded_at: start + chrono::TimeDelta::days(day),
        reason: format!("delivery {day}"),
        replace: Vec::new(),
        append,
        supersedes: Vec::new(),
        receipts: receipts.iter().map(|r| ReceiptId((*r).to_owned())).collect(),
    };
    let named = municipalities(&[("0301", "Oslo"), ("1108", "Sandnes"), ("4601", "Bergen")]);
    let event = json!({
        "solution_id": "digisos", "municipality_code": "0301", "division_date": "2024-01-01",
        "stage": "in_production", "valid_from": "2020-03-02", "known_at": "2020-03-01T23:30:00.123456Z",
        "synthetic": true, "receipt_id": "r1",
    });
    let first = vec![part("municipalities", &named)?, part("rollout_events", &[event])?];
    writer.commit(change(0, first, &["r1"]))?;
    writer.commit(change(
        1,
        vec![part("usage", &[usage("r2", 1, 10), usage("r3", 2, 20)].concat())?],
        &["r2", "r3"],
    ))?;
    let corrected = EditionDraft {
        supersedes: vec![ReceiptId("r2".to_owned())],
        ..change(2, vec![part("usage", &usage("r4", 1, 11))?], &["r4"])
    };
    writer.commit(corrected)?;
    let renamed = municipalities(&[("0301", "Oslo"), ("1868", "Øksnes"), ("4601", "Bergen")]);
    let replaced = vec![part("municipalities", &renamed)?, part("rollout_events", &[])?];
    writer.commit(EditionDraft { replace: replaced, ..change(3, Vec::new(), &[]) })?;
    writer.compact(start + chrono::TimeDelta::days(4))?;
    Ok(())
}
