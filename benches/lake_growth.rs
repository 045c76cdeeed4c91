//! What a lake costs as it grows: opening it, adding a delivery of all municipalities, checking everything, and the disk, after
//! 10, 100 and 1,000 deliveries. `cargo bench --workspace --bench lake_growth [-- DELIVERIES…]`.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta};
use utbredt_benches::table;
use utbredt_benches::usage::{ROWS, usage_of_a_day};
use utbredt_lake::Lake;

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
            let recorded_at = DateTime::UNIX_EPOCH + TimeDelta::seconds(i64::try_from(made)?);
            let draft = usage_of_a_day(made, recorded_at)?;
            let started = Instant::now();
            let mut writer = lake.writer()?;
            writer.recover()?;
            writer.commit(draft)?;
            drop(writer);
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
