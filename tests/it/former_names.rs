//! The frozen lake, whose receipts were written when `subject` was called `asked`, read and grown by today's program.

use std::fs;
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use utbredt_engine::Engine;
use utbredt_lake::{EditionDraft, Lake};
use utbredt_tests::batches::delivery;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny::tiny;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the folder reads") {
        let entry = entry.expect("an entry");
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
        }
    }
}

async fn count(engine: &Engine, condition: &str) -> i64 {
    let text = format!("SELECT count(*) FROM receipts WHERE {condition}");
    let answer = engine.sql(text.clone()).await.unwrap_or_else(|why| panic!("{text}: {why}"));
    let batch = answer.batches.iter().find(|batch| batch.num_rows() > 0).expect("a row");
    batch.column(0).as_primitive::<Int64Type>().value(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_written_with_a_former_column_name_are_read_by_todays() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("frozen/lake"), folder.path());
    let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
    // Two files of three receipts; each delivery of that world has its receipt's id for a subject.
    assert_eq!(count(&engine, "true").await, 6);
    assert_eq!(count(&engine, "subject = receipt_id").await, 6);
    assert_eq!(count(&engine, "subject = 'r-world-2'").await, 1);
    assert!(engine.sql("SELECT asked FROM receipts".to_owned()).await.is_err());

    let lake = Lake::open(folder.path()).expect("the lake opens");
    assert_eq!(damage(&lake), Vec::<String>::new(), "its Delta logs are as they were");
    let mut append = delivery(&tiny(), "r-later", "2020-06");
    append.retain(|(table, _)| table.name == "receipts");
    let new = append.iter().map(|(_, rows)| i64::try_from(rows.num_rows()).expect("few")).sum::<i64>();
    let recorded_at = lake.latest().expect("a sound lake").expect("an edition").recorded_at;
    let reason = "a receipt of today".to_owned();
    let draft =
        EditionDraft { recorded_at, reason, append, replace: vec![], supersedes: vec![], receipts: vec![] };
    lake.writer().expect("the lock").commit(draft).expect("an edition");
    assert!(engine.refresh().expect("a sound lake"));
    assert_eq!(count(&engine, "true").await, 6 + new);
    assert_eq!(count(&engine, "subject = '2020-06' AND receipt_id = 'r-later'").await, 1);
    assert_eq!(count(&engine, "subject = 'r-world-2'").await, 1);
    assert_eq!(damage(&lake), Vec::<String>::new());
}

/// What `verify` finds, but for the payloads: a world has none.
fn damage(lake: &Lake) -> Vec<String> {
    let mut problems = lake.verify().expect("the lake lists").problems;
    problems.retain(|problem| !problem.starts_with("raw/"));
    problems
}
