//! A small generated nation: the same for a seed, what the pipeline would have made of it, and true to its settings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tempfile::TempDir;
use utbredt_lake::Edition;
use utbredt_model::Granularity;

use super::*;
use crate::columns::{flags, read, text};
use crate::facts::usage_rows;
use crate::tests::files;

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn months(solutions: usize, months: usize) -> Size {
    Size::of(solutions, months, Granularity::Month)
}

/// Days around the turn of 2020, when borders changed.
fn days() -> Size {
    let mut size = Size::of(1, 2, Granularity::Day);
    size.periods = size.periods[26..36].to_vec();
    size
}

struct Made {
    lake: Lake,
    edition: Edition,
    generated: Generated,
    _dir: TempDir,
}

fn made(size: &Size, seed: u64, deliveries: usize) -> Made {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { scale: 1.0, seed, deliveries: Some(deliveries) };
    let now = moment("2026-11-20T00:00:00Z");
    let generated = generate_of(dir.path(), &files(), (size.clone(), settings), now, &|_| ()).unwrap();
    let lake = Lake::open(dir.path()).unwrap();
    let edition = lake.latest().unwrap().unwrap();
    assert_eq!(lake.verify().unwrap().problems, Vec::<String>::new());
    assert_eq!(generated.edition, edition.number);
    Made { lake, edition, generated, _dir: dir }
}

/// A cell: solution, measure, code, division and first day.
type Cell = (String, String, String, i32, i32);

impl Made {
    fn table(&self, name: &'static str) -> arrow::array::RecordBatch {
        read(&self.lake, Some(&self.edition), name).unwrap()
    }

    /// Values by cell, each of which is there once; and whether all rows are marked.
    fn values(&self) -> BTreeMap<Cell, Option<i64>> {
        values(&self.lake, &self.edition)
    }

    fn is_marked(&self, table: &'static str) -> bool {
        let rows = self.table(table);
        rows.num_rows() > 0 && flags(&rows, "synthetic").unwrap().iter().all(|flag| *flag == Some(true))
    }

    /// The payloads in the order they came, with their subjects and moments.
    fn deliveries(&self) -> Vec<Delivery> {
        let receipts = self.table("receipts");
        let moments =
            crate::columns::numbers::<arrow::datatypes::TimestampMicrosecondType>(&receipts, "received_at");
        let (sources, subjects) =
            (text(&receipts, "source_id").unwrap(), text(&receipts, "subject").unwrap());
        let (hashes, moments) = (text(&receipts, "sha256").unwrap(), moments.unwrap());
        let mut deliveries = Vec::new();
        for at in 0..receipts.num_rows() {
            if sources[at] == Some(USAGE) {
                deliveries.push(Delivery {
                    source_id: SourceId::parse(USAGE).unwrap(),
                    subject: subjects[at].unwrap().to_owned(),
                    payload: self.lake.raw(hashes[at].unwrap()).unwrap().into(),
                    received_at: DateTime::from_timestamp_micros(moments[at].unwrap()).unwrap(),
                    synthetic: true,
                });
            }
        }
        deliveries.sort_by_key(|delivery| delivery.received_at);
        deliveries
    }
}

fn values(lake: &Lake, edition: &Edition) -> BTreeMap<Cell, Option<i64>> {
    let usage = read(lake, Some(edition), "usage").unwrap();
    let rows = usage_rows(&usage).unwrap();
    let mut values = BTreeMap::new();
    for row in &rows {
        let [solution, measure, code] = [row.solution, row.measure, row.code].map(str::to_owned);
        values.insert((solution, measure, code, row.division, row.start), row.value);
    }
    assert_eq!(values.len(), rows.len(), "no cell is there twice");
    values
}

#[test]
fn the_same_seed_gives_the_same_files_and_another_gives_other_numbers() {
    let files = |made: &Made| -> Vec<String> {
        made.edition.tables.values().flatten().map(|file| file.path.clone()).collect()
    };
    let size = months(2, 6);
    let (one, two, other) = (made(&size, 7, 4), made(&size, 7, 4), made(&size, 8, 4));
    assert_eq!(files(&one), files(&two), "names are hashes of content");
    let (one, other) = (one.values(), other.values());
    let differ = one.iter().filter(|(cell, value)| other.get(*cell) != Some(*value)).count();
    assert!(differ * 10 > one.len(), "{differ} of {}", one.len());
}

#[test]
fn the_pipeline_reads_the_same_facts_from_the_same_payloads() {
    for (size, seed) in [(months(2, 5), 7), (days(), 7)] {
        let direct = made(&size, seed, 5);
        let delivered = made(&size, seed, 0);
        let mut writer = delivered.lake.writer().unwrap();
        for delivery in direct.deliveries() {
            let format = synthetic::format(&delivery).unwrap();
            let reports =
                deliver_all(&mut writer, delivered.edition.recorded_at, &[(format, delivery)]).unwrap();
            assert_eq!((&reports[0].held, reports[0].rejected), (&None, 0), "{:?}", reports[0].reasons);
        }
        let edition = delivered.lake.latest().unwrap().unwrap();
        for table in ["usage", "receipts"] {
            let [direct, delivered] =
                [(&direct.lake, &direct.edition), (&delivered.lake, &edition)].map(|(lake, of)| {
                    let mut rows: Vec<String> = Vec::new();
                    let batch = read(lake, Some(of), table).unwrap();
                    for at in 0..batch.num_rows() {
                        let fields = batch.columns().iter();
                        let shown = fields
                            .map(|column| arrow::util::display::array_value_to_string(column, at).unwrap());
                        rows.push(shown.collect::<Vec<_>>().join(","));
                    }
                    rows.sort();
                    rows
                });
            assert_eq!(direct, delivered, "{table}");
        }
        assert_eq!(direct.edition.receipts, edition.receipts);
    }
}

#[test]
fn the_facts_do_not_depend_on_the_number_of_deliveries() {
    let size = months(2, 7);
    let whole = made(&size, 3, 1);
    assert_eq!(whole.generated.delivered, whole.generated.rows);
    for deliveries in [2, 4, 5, 9] {
        let more = made(&size, 3, deliveries);
        assert_eq!(more.values(), whole.values(), "{deliveries}");
        assert_eq!(more.deliveries().len(), deliveries);
    }
}

#[test]
fn some_rows_come_late_and_some_are_corrected() {
    let made = made(&months(2, 7), 3, 4);
    let before = made.lake.edition(made.edition.number - 1).unwrap();
    let (before, after) = (values(&made.lake, &before), made.values());
    let [mut corrected, mut late] = [0, 0];
    for (cell, value) in &after {
        match before.get(cell) {
            Some(first) if first != value => corrected += 1,
            Some(_) => {}
            None => late += 1,
        }
    }
    assert!(before.keys().all(|cell| after.contains_key(cell)), "nothing is lost");
    // About 3 % of three months, and 2 % of what comes in them.
    assert!(
        (20..200).contains(&corrected) && (20..200).contains(&late),
        "{corrected} corrected, {late} late"
    );
    assert_eq!(made.edition.supersedes.len(), 1);
}

#[test]
fn borders_change_and_numbers_go_on() {
    let made = made(&months(1, 60), 1, 4);
    let mut divisions = BTreeSet::new();
    let mut totals: BTreeMap<i32, (i64, usize)> = BTreeMap::new();
    let mut empty = 0;
    for ((_, measure, _, division, start), value) in made.values() {
        divisions.insert(division);
        empty += usize::from(value.is_none());
        if measure == "users_active" {
            let (total, rows) = totals.entry(start).or_default();
            *total += value.unwrap_or_default();
            *rows += 1;
        }
    }
    assert_eq!(divisions.len(), 3, "2019, 2020 and 2024");
    assert!(empty > 50, "{empty} counts without a number");
    let totals: Vec<(i64, usize)> = totals.into_values().collect();
    let ((first, of_first), (last, of_last)) = (totals[0], totals[59]);
    assert!(of_first > 400 && (320..357).contains(&of_last), "{of_first} codes, then {of_last}");
    assert!(first * 5 < last * 4, "{first} users, then {last}");
    for pair in totals.windows(2) {
        let (before, after) = (pair[0].0, pair[1].0);
        assert!(after * 10 > before * 8 && after < before * 2, "{before} then {after}");
    }
}

#[test]
fn everything_generated_is_marked_and_everything_else_is_real() {
    let made = made(&months(3, 6), 1, 4);
    for table in ["usage", "rollout_events", "receipts", "targets", "waves", "baselines"] {
        assert!(made.is_marked(table), "{table}");
    }
    for (table, column) in
        [("prices", "source"), ("unit_values", "source"), ("solutions", "owner"), ("target_groups", "source")]
    {
        let rows = made.table(table);
        let marks = text(&rows, column).unwrap();
        assert!(
            !marks.is_empty() && marks.iter().flatten().all(|mark| mark.starts_with("synthetic")),
            "{table}"
        );
    }
    for table in ["solutions", "measures", "usage", "rollout_events", "waves", "targets", "prices"] {
        let rows = made.table(table);
        let solutions = text(&rows, "solution_id").unwrap();
        assert!(
            solutions.iter().flatten().all(|id| id.starts_with("syntetisk-")),
            "{table} has a real solution"
        );
    }
    let shipped = reference::load(&files()).unwrap();
    for table in ["municipalities", "population", "municipality_mappings"] {
        assert_eq!(made.table(table).num_rows(), of_tables(&shipped, table).unwrap().num_rows());
    }
}

#[test]
fn a_lake_that_is_there_is_left_alone() {
    let made = made(&months(1, 2), 1, 0);
    let settings = Settings { scale: 0.001, seed: 1, deliveries: None };
    let again = |root: &Path, settings| generate(root, &files(), settings, made.edition.recorded_at, &|_| ());
    let error = again(made.lake.root(), settings).unwrap_err().to_string();
    assert!(error.contains("choose a folder"), "{error}");
    assert_eq!(made.lake.latest().unwrap().unwrap().number, made.edition.number);
    let dir = tempfile::tempdir().unwrap();
    let error = again(dir.path(), Settings { deliveries: Some(50), ..settings }).unwrap_err().to_string();
    assert!(error.contains("from 1 to 2"), "{error}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is half made");
}
