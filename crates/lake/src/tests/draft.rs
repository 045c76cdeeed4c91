//! A draft shows what an edition would be, and leaves the lake as it is.

use std::fs;

use tempfile::tempdir;

use super::support::{append, files, read_usage, row, sample};
use crate::{Lake, Outcome};

#[test]
fn a_draft_is_an_edition_in_a_lake_of_its_own() {
    let folder = tempdir().unwrap();
    drop(sample(folder.path()));
    let lake = Lake::open(folder.path()).unwrap();
    let before = (files(folder.path()), lake.latest().unwrap().unwrap());
    let rows = [row("4601", 11, 77, "r-draft")];
    let draft = lake.draft(append(9_000, &rows)).unwrap();
    let drafted = Lake::open(draft.root()).unwrap();
    let (number, next) = draft.editions();
    assert_eq!((number, next), (before.1.number, before.1.number + 1));
    let rows = |number| read_usage(&drafted, &drafted.edition(number).unwrap());
    assert_eq!(rows(next).len(), rows(number).len() + 1);
    assert_eq!(rows(number), read_usage(&lake, &before.1));
    // Nothing of the lake is another, and what the draft wrote goes with it.
    assert_eq!((files(folder.path()), lake.latest().unwrap().unwrap()), before);
    let root = draft.root().to_path_buf();
    drop((drafted, draft));
    assert!(fs::metadata(root).is_err());
    // The same is what a commit makes.
    let made = lake.writer().unwrap().commit(append(9_000, &[row("4601", 11, 77, "r-draft")])).unwrap();
    assert!(matches!(made, Outcome::Committed(edition) if edition.number == next));
}

#[test]
fn an_empty_lake_has_nothing_to_draft_on() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    let refused = lake.draft(append(1, &[])).unwrap_err();
    assert!(refused.to_string().contains("the lake is empty"), "{refused}");
}
