//! A small lake that an earlier version wrote, and the answers it gave: every later version opens it and gives the same
//! numbers. Columns may be added; those in the answers keep their names, their rows and their values.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use utbredt_engine::{Answer, Engine, KpiRequest};
use utbredt_tests::check::query_files;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("frozen")
}

/// The lake as it was, in a folder of its own: opening a lake may write to it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("it can be read") {
        let entry = entry.expect("its entries too");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// An answer as the lines of a CSV file with the columns named.
fn lines(answer: &Answer, columns: &[&str]) -> Vec<String> {
    let mut lines = vec![columns.join(",")];
    for batch in &answer.batches {
        let shown: Vec<ArrayFormatter<'_>> = columns.iter().map(|name| formatter(batch, name)).collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = shown.iter().map(|column| column.value(row).to_string()).collect();
            lines.push(cells.join(","));
        }
    }
    lines
}

fn formatter<'a>(batch: &'a RecordBatch, name: &str) -> ArrayFormatter<'a> {
    const OPTIONS: FormatOptions<'static> = FormatOptions::new().with_null("");
    let column = batch.column_by_name(name).unwrap_or_else(|| panic!("the column {name} is no longer there"));
    ArrayFormatter::try_new(column, &OPTIONS).expect("every column can be shown")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lake_of_an_earlier_version_gives_the_same_numbers() {
    let lake = tempfile::tempdir().expect("a folder");
    copy(&folder().join("lake"), lake.path());
    let engine = Engine::open(lake.path(), query_files()).expect("the lake opens");
    let questions = std::fs::read_to_string(folder().join("questions.txt")).expect("the questions");
    let mut answered = 0;
    for question in questions.lines().filter(|line| !line.starts_with('#')) {
        let (file, words) = question.split_once(": ").expect("a file and a question");
        let mut words = words.split(' ');
        let id = words.next().expect("a KPI");
        let pairs = words.map(|word| word.split_once('=').expect("name=value"));
        let request = KpiRequest::parse(engine.catalogue(), id, pairs).expect("a question that is read");
        let answer = engine.run(request).await.expect(question);
        let expected = folder().join("answers").join(format!("{file}.csv"));
        let expected = std::fs::read_to_string(expected).expect("its answer");
        let columns: Vec<&str> = expected.lines().next().expect("a header").split(',').collect();
        assert_eq!(lines(&answer, &columns), expected.lines().collect::<Vec<_>>(), "{question}");
        answered += 1;
    }
    assert_eq!(answered, 10, "the ten questions are all there");
}
