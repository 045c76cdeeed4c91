//! A lake whose `receipts` were written before `asked` was renamed to `subject` is read, grows, and is verified as any.

use std::fs;
use std::path::Path;

use arrow::array::AsArray;
use tempfile::tempdir;

use super::support::{append, change, receipts, receipts_of, row, table};
use crate::tables::former::FORMER_RECEIPTS;
use crate::{Edition, EditionDraft, Lake, Outcome};

/// One edition with two receipts, as it was written then.
fn former_lake(root: &Path) -> (Lake, Edition) {
    let lake = Lake::init(root).unwrap();
    let rows = receipts_of(&FORMER_RECEIPTS, &[("a", "00"), ("b", "01")]);
    let mut draft = append(0, &[row("0301", 0, 7, "a"), row("4601", 0, 9, "b")]);
    draft.append.push((&FORMER_RECEIPTS, rows));
    let edition = lake.writer().unwrap().commit(draft).unwrap().edition().clone();
    (lake, edition)
}

fn later(second: i64, id: &str) -> EditionDraft {
    EditionDraft { append: vec![(table("receipts"), receipts(&[(id, "02")]))], ..change(second) }
}

/// The receipts of an edition with their subject.
fn subjects(lake: &Lake, edition: &Edition) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for batch in lake.read_table(edition, table("receipts")).unwrap() {
        let ids = batch.column_by_name("receipt_id").unwrap().as_string::<i32>().clone();
        let subjects = batch.column_by_name("subject").unwrap().as_string::<i32>().clone();
        found.extend((0..batch.num_rows()).map(|i| (ids.value(i).to_owned(), subjects.value(i).to_owned())));
    }
    found.sort();
    found
}

fn pairs(ids: &[&str]) -> Vec<(String, String)> {
    ids.iter().map(|id| ((*id).to_owned(), "all".to_owned())).collect()
}

/// What `verify` finds, but for the payloads, of which these receipts have none.
fn problems(lake: &Lake) -> Vec<String> {
    let mut problems = lake.verify().unwrap().problems;
    problems.retain(|problem| !problem.starts_with("raw/"));
    problems
}

fn schema_of(root: &Path, version: usize) -> Option<String> {
    let path = root.join(format!("tables/receipts/_delta_log/{version:020}.json"));
    let text = fs::read_to_string(path).unwrap();
    text.lines().find(|line| line.contains("\"metaData\"")).map(str::to_owned)
}

#[test]
fn former_column_names_are_read_as_those_of_today() {
    let folder = tempdir().unwrap();
    let (lake, edition) = former_lake(folder.path());
    assert!(edition.tables["receipts"].iter().all(|file| table("receipts").has_former_names(file)));
    assert_eq!(subjects(&lake, &edition), pairs(&["a", "b"]));
    assert_eq!(problems(&lake), Vec::<String>::new());
}

#[test]
fn an_edition_has_one_name_for_a_column_in_all_files() {
    let folder = tempdir().unwrap();
    let (lake, first) = former_lake(folder.path());
    let mut writer = lake.writer().unwrap();
    // What does not touch the table leaves its files alone.
    let beside = writer.commit(append(1, &[row("5501", 0, 3, "a")])).unwrap().edition().clone();
    assert_eq!(beside.tables["receipts"], first.tables["receipts"]);
    assert!(matches!(writer.commit(change(2)).unwrap(), Outcome::Unchanged(_)));

    let grown = writer.commit(later(3, "c")).unwrap().edition().clone();
    assert!(grown.tables["receipts"].iter().all(|file| !table("receipts").has_former_names(file)));
    assert_eq!(subjects(&lake, &grown), pairs(&["a", "b", "c"]));
    assert_eq!(subjects(&lake, &first), pairs(&["a", "b"]), "history stays");
    writer.compact(super::support::moment(4)).unwrap();
    let compacted = lake.latest().unwrap().unwrap();
    assert_eq!((compacted.tables["receipts"].len(), compacted.tables["receipts"][0].rows), (1, 3));
    assert_eq!(subjects(&lake, &compacted), pairs(&["a", "b", "c"]));
    assert_eq!(problems(&lake), Vec::<String>::new());
}

#[test]
fn the_delta_log_has_a_new_schema_when_the_name_changed() {
    let folder = tempdir().unwrap();
    let (lake, _) = former_lake(folder.path());
    let mut writer = lake.writer().unwrap();
    writer.commit(later(1, "c")).unwrap();
    writer.commit(later(2, "d")).unwrap();
    let (first, second) = (schema_of(folder.path(), 0).unwrap(), schema_of(folder.path(), 1).unwrap());
    assert!(first.contains("asked") && !first.contains("subject"), "{first}");
    assert!(second.contains("subject") && !second.contains("asked"), "{second}");
    assert_eq!(schema_of(folder.path(), 2), None);
    assert_eq!(writer.rebuild_delta().unwrap(), 0);
}
