//! What a lake costs as it grows: opening it, adding a delivery of all municipalities, checking everything, and the disk, after
//! 10, 100 and 1,000 deliveries. `cargo bench --workspace --bench lake_growth [-- DELIVERIES…]`.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use arrow::array::{ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use chrono::{DateTime, TimeDelta};
use utbredt_benches::table;
use utbredt_lake::{EditionDraft, Lake, Table};
use utbredt_model::ReceiptId;

/// As many as there are municipalities.
const ROWS: usize = 357;

/// How often each step is timed; the middle one counts.
const TIMES: usize = 7;

/// After how many deliveries a lake is looked at, when nobody says.
const DELIVERIES: [usize; 3] = [10, 100, 1_000];

#[expect(clippy::print_stdout, reason = "a bench shows its figures")]
fn main() -> anyhow::Result<()> {
    // Cargo passes `--bench` along.
    let given = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let mut sizes = given.map(|text| text.parse()).collect::<Result<Vec<usize>, _>>()?;
    if sizes.is_empty() {
        sizes = DELIVERIES.to_vec();
    }
    let folder = tempfile::tempdir()?;
    let lake = Lake::init(folder.path())?;
    let (mut rows, mut made) = (Vec::new(), 0);
    for size in sizes {
        let mut deliver = Vec::new();
        while made < size {
            let draft = delivery(made)?;
            let started = Instant::now();
            lake.writer()?.commit(draft)?;
            deliver.push(started.elapsed());
            made += 1;
        }
        // The last ones: the first of a size are those of the size before.
        let last = deliver.split_off(deliver.len().saturating_sub(40));
        let open = (0..TIMES).map(|_| timed(|| open(folder.path()))).collect::<anyhow::Result<_>>()?;
        let verify = timed(|| {
            anyhow::ensure!(lake.verify()?.problems.is_empty(), "the lake is damaged");
            Ok(())
        })?;
        let edition = lake.latest()?.context("a lake with deliveries")?;
        rows.push(vec![
            size.to_string(),
            ms(middle(open)),
            ms(middle(last.clone())),
            ms(last.into_iter().max().unwrap_or_default()),
            ms(verify),
            kib(&folder.path().join("editions"))?,
            kib(&folder.path().join("tables/usage"))?,
            edition.tables.get("usage").map_or(0, Vec::len).to_string(),
        ]);
    }
    table(
        &["deliveries", "open", "deliver", "at most", "verify", "records KiB", "usage KiB", "files"],
        &rows,
    );
    println!(
        "\n{ROWS} rows a delivery; deliver: the middle and the longest of the last 40, which merge files now and then"
    );
    Ok(())
}

fn open(root: &Path) -> anyhow::Result<()> {
    Lake::open(root)?.latest()?.context("a lake with editions")?;
    Ok(())
}

fn timed(step: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let started = Instant::now();
    step()?;
    Ok(started.elapsed())
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// The files in a folder together.
fn kib(folder: &Path) -> anyhow::Result<String> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let about = entry?.metadata()?;
        bytes += if about.is_file() { about.len() } else { 0 };
    }
    Ok((bytes / 1024).to_string())
}

/// Invented uses of one day of every municipality.
fn delivery(number: usize) -> anyhow::Result<EditionDraft> {
    let table = Table::named("usage").context("a table of uses")?;
    let receipt = format!("{number:064x}");
    let day = 18_000 + i32::try_from(number)?;
    let schema = table.schema();
    let columns = schema.fields().iter().map(|field| column(field.name(), field.data_type(), day, &receipt));
    let rows = RecordBatch::try_new(table.schema(), columns.collect())?;
    Ok(EditionDraft {
        recorded_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(i64::try_from(number)?),
        reason: "a delivery".to_owned(),
        replace: Vec::new(),
        append: vec![(table, rows)],
        supersedes: Vec::new(),
        receipts: vec![ReceiptId(receipt)],
    })
}

fn column(name: &str, kind: &DataType, day: i32, receipt: &str) -> ArrayRef {
    let texts = |of: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..ROWS).map(of)))
    };
    match (name, kind) {
        ("municipality_code", _) => texts(&|row| format!("{:04}", 1000 + row)),
        ("receipt_id", _) => texts(&|_| receipt.to_owned()),
        ("state", _) => texts(&|_| "ok".to_owned()),
        ("synthetic", _) => Arc::new(BooleanArray::from(vec![true; ROWS])),
        ("period_end", _) => Arc::new(Date32Array::from(vec![day + 1; ROWS])),
        (_, DataType::Date32) => Arc::new(Date32Array::from(vec![day; ROWS])),
        (_, DataType::Int64) => {
            let uses = (0_i64..).take(ROWS).map(|row| (row * 37 + i64::from(day) * 11) % 900);
            Arc::new(Int64Array::from_iter_values(uses))
        }
        (_, DataType::Boolean) => Arc::new(BooleanArray::from(vec![false; ROWS])),
        _ => texts(&|_| "invented".to_owned()),
    }
}
