//! What a delivery costs beside a long history: a month of daily numbers of every municipality, brought in by every step of a
//! delivery, after 0, 12 and 120 months of the same. `cargo bench --workspace --bench delivery [-- MONTHS…]`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use arrow::array::{Array as _, AsArray as _};
use arrow::array::{ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Date32Type};
use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};
use utbredt_benches::{datasets, table};
use utbredt_ingest::connectors::Delimited;
use utbredt_ingest::{Delivery, deliver, load_reference};
use utbredt_lake::{EditionDraft, Lake, Table};
use utbredt_model::{ReceiptId, SourceId};

/// After how many months a delivery is looked at, when nobody says.
const MONTHS: [u32; 3] = [0, 12, 120];

/// The first day of the month that is delivered. History lies before it.
const MONTH: (i32, u32, u32) = (2026, 10, 1);

const CONTRACT: &str = "source_id = \"history\"\nversion = 1\nsynthetic = true\nsubject.column = \"code\"\nperiod.column = \"day\"\n\
    solution.fixed = \"svarut\"\nmeasure.fixed = \"uses\"\nvalue.column = \"n\"\ndelimiter = \";\"\n";

#[expect(clippy::print_stdout, reason = "a bench shows its figures")]
fn main() -> anyhow::Result<()> {
    // Cargo passes `--bench` along.
    let given: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if let [word, lake] = given.as_slice()
        && word == "deliver"
    {
        return deliver_month(Path::new(lake));
    }
    let mut sizes = given.iter().map(|text| text.parse()).collect::<Result<Vec<u32>, _>>()?;
    if sizes.is_empty() {
        sizes = MONTHS.to_vec();
    }
    let mut rows = Vec::new();
    for months in sizes {
        let folder = tempfile::tempdir()?;
        let known = history(folder.path(), months)?;
        // A process of its own: what the history left in memory is not the delivery's.
        let delivered = Command::new(std::env::current_exe()?).arg("deliver").arg(folder.path()).output()?;
        let said = String::from_utf8(delivered.stdout)?;
        anyhow::ensure!(delivered.status.success(), "{}", String::from_utf8_lossy(&delivered.stderr));
        let mut row = vec![months.to_string(), known.to_string()];
        row.extend(said.split_whitespace().map(str::to_owned));
        rows.push(row);
    }
    table(&["months before", "rows before", "rows delivered", "seconds", "CPU s", "peak MiB"], &rows);
    println!("\nsynthetic letters of SvarUt, a number a day of every municipality");
    Ok(())
}

fn month() -> NaiveDate {
    NaiveDate::from_ymd_opt(MONTH.0, MONTH.1, MONTH.2).unwrap_or_default()
}

/// The codes of today, each with the division it is in.
fn codes(lake: &Lake) -> anyhow::Result<Vec<(String, i32)>> {
    let edition = lake.latest()?.context("a lake with places")?;
    let table = Table::named("municipalities").context("a table of municipalities")?;
    let mut codes = Vec::new();
    for batch in lake.read_table(&edition, table)? {
        let column = |name: &str| batch.column_by_name(name).context("a column");
        let (codes_of, from, to) = (
            column("municipality_code")?.as_string::<i32>(),
            column("valid_from")?.as_primitive::<Date32Type>(),
            column("valid_to")?.as_primitive::<Date32Type>(),
        );
        for row in (0..batch.num_rows()).filter(|row| to.is_null(*row)) {
            codes.push((codes_of.value(row).to_owned(), from.value(row)));
        }
    }
    codes.sort();
    codes.dedup_by(|one, other| one.0 == other.0);
    Ok(codes)
}

/// Makes a lake with months of daily numbers, a delivery each, and gives the rows.
fn history(root: &Path, months: u32) -> anyhow::Result<usize> {
    let lake = Lake::init(root)?;
    let mut writer = lake.writer()?;
    let recorded_at: DateTime<Utc> = "2026-11-15T06:00:00Z".parse()?;
    load_reference(&mut writer, &datasets()?, recorded_at)?;
    let codes = codes(&lake)?;
    let table = Table::named("usage").context("a table of uses")?;
    let mut rows = 0;
    for back in (1..=months).rev() {
        let first = month() - Months::new(back);
        let receipt = format!("{back:064x}");
        let batch = days_of(table, &codes, first, &receipt)?;
        rows += batch.num_rows();
        writer.commit(EditionDraft {
            recorded_at: recorded_at + TimeDelta::seconds(i64::from(months - back)),
            reason: "a month".to_owned(),
            replace: Vec::new(),
            append: vec![(table, batch)],
            supersedes: Vec::new(),
            receipts: vec![ReceiptId(receipt)],
        })?;
    }
    Ok(rows)
}

/// The number of a municipality on a day, the same each time.
fn number(code: usize, day: i32) -> i64 {
    i64::try_from(code).unwrap_or(0) * 37 % 900 + i64::from(day % 7) + 100
}

fn days(first: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    first.iter_days().take_while(move |day| *day < first + Months::new(1))
}

fn since_1970(day: NaiveDate) -> i32 {
    i32::try_from((day - NaiveDate::default()).num_days()).unwrap_or_default()
}

/// A month of every municipality as rows of `usage`.
fn days_of(
    table: &Table,
    codes: &[(String, i32)],
    first: NaiveDate,
    receipt: &str,
) -> anyhow::Result<RecordBatch> {
    let mut cells: Vec<(usize, i32)> = Vec::new();
    for (at, _) in codes.iter().enumerate() {
        cells.extend(days(first).map(|day| (at, since_1970(day))));
    }
    let schema = table.schema();
    let columns = schema.fields().iter().map(|field| {
        let texts = |of: &dyn Fn(&(usize, i32)) -> String| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(cells.iter().map(of)))
        };
        let dates = |of: &dyn Fn(&(usize, i32)) -> i32| -> ArrayRef {
            Arc::new(Date32Array::from_iter_values(cells.iter().map(of)))
        };
        match (field.name().as_str(), field.data_type()) {
            ("solution_id", _) => texts(&|_| "svarut".to_owned()),
            ("measure_id", _) => texts(&|_| "uses".to_owned()),
            ("municipality_code", _) => texts(&|(at, _)| codes[*at].0.clone()),
            ("state", _) => texts(&|_| "ok".to_owned()),
            ("receipt_id", _) => texts(&|_| receipt.to_owned()),
            ("division_date", _) => dates(&|(at, _)| codes[*at].1),
            ("period_start", _) => dates(&|(_, day)| *day),
            ("period_end", _) => dates(&|(_, day)| day + 1),
            ("synthetic", _) => Arc::new(BooleanArray::from(vec![true; cells.len()])) as ArrayRef,
            (_, DataType::Boolean) => Arc::new(BooleanArray::from(vec![false; cells.len()])),
            (_, DataType::Int64) => {
                Arc::new(Int64Array::from_iter_values(cells.iter().map(|(at, day)| number(*at, *day))))
            }
            (_, kind) => arrow::array::new_null_array(kind, cells.len()),
        }
    });
    Ok(RecordBatch::try_new(table.schema(), columns.collect())?)
}

/// Delivers the month by every step, and says what it cost.
#[expect(clippy::print_stdout, reason = "the other process reads it")]
fn deliver_month(root: &Path) -> anyhow::Result<()> {
    let lake = Lake::open(root)?;
    let mut text = "code;day;n\n".to_owned();
    for (at, (code, _)) in codes(&lake)?.iter().enumerate() {
        for day in days(month()) {
            writeln!(text, "{code};{day};{}", number(at, since_1970(day)))?;
        }
    }
    let contract = utbredt_sources::delimited::Contract::from_toml(CONTRACT)?;
    let delivery = Delivery {
        source_id: SourceId::parse("history")?,
        subject: "2026-10".to_owned(),
        payload: text.into(),
        received_at: "2026-11-16T06:00:00Z".parse()?,
        synthetic: true,
    };
    let (started, cpu) = (Instant::now(), cpu_seconds()?);
    let report = deliver(&mut lake.writer()?, &Delimited(contract), &delivery)?;
    anyhow::ensure!(report.held.is_none() && report.rejected == 0, "it did not come in: {report:?}");
    println!(
        "{} {:.2} {:.2} {}",
        report.accepted,
        started.elapsed().as_secs_f64(),
        cpu_seconds()? - cpu,
        peak_mib()?
    );
    Ok(())
}

/// The most memory this process had, as the kernel counts it.
fn peak_mib() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("a peak")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}

/// The processor's time that this process took, in hundredths.
fn cpu_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name may hold blanks; behind it user and system time are the twelfth and thirteenth.
    let (_, behind) = stat.rsplit_once(')').context("a name")?;
    let fields: Vec<&str> = behind.split_whitespace().collect();
    let ticks = |at: usize| -> anyhow::Result<f64> { Ok(fields.get(at).context("a time")?.parse()?) };
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}
