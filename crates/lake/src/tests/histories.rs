//! Any history of changes against a plain list of rows.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tempfile::tempdir;
use utbredt_model::ReceiptId;

use super::support::{Row, append, change, moment, read_usage, row, sorted, table, usage};
use crate::{EditionDraft, Lake, Outcome};

const CODES: [&str; 4] = ["0301", "1506", "4601", "5501"];

#[derive(Debug, Clone)]
enum Act {
    Deliver { receipt: usize, rows: Vec<(usize, i32, i64)>, superseding: Vec<usize> },
    Replace { receipt: usize, rows: Vec<(usize, i32, i64)> },
    Again,
    Compact,
    CleanUp,
    Reopen,
}

fn act() -> impl Strategy<Value = Act> {
    let rows = || prop::collection::vec((0..CODES.len(), 0..6, 0..100_i64), 0..6);
    prop_oneof![
        6 => (0..6_usize, rows(), prop::collection::vec(0..6_usize, 0..3))
            .prop_map(|(receipt, rows, superseding)| Act::Deliver { receipt, rows, superseding }),
        1 => (0..6_usize, rows()).prop_map(|(receipt, rows)| Act::Replace { receipt, rows }),
        2 => Just(Act::Again),
        1 => Just(Act::Compact),
        1 => Just(Act::CleanUp),
        1 => Just(Act::Reopen),
    ]
}

/// The lake as a list of rows, and the list of live receipts. A delivery's rows are told apart by a number of
/// its own in the value, so that two deliveries never hold the same rows.
#[derive(Debug, Default, Clone, PartialEq)]
struct Plain {
    rows: Vec<Row>,
    receipts: BTreeSet<String>,
}

fn rows_of(receipt: usize, rows: &[(usize, i32, i64)], serial: usize) -> Vec<Row> {
    let value = |v: i64| v + 1000 * i64::try_from(serial).unwrap();
    rows.iter().map(|(code, month, v)| row(CODES[*code], *month, value(*v), &format!("r{receipt}"))).collect()
}

impl Plain {
    fn apply(&mut self, act: &Act, serial: usize) {
        match act {
            Act::Deliver { receipt, rows, superseding } => {
                let superseded: BTreeSet<String> = superseding.iter().map(|r| format!("r{r}")).collect();
                self.rows.retain(|r| !superseded.contains(&r.3));
                self.receipts.retain(|r| !superseded.contains(r));
                self.rows.extend(rows_of(*receipt, rows, serial));
                self.receipts.insert(format!("r{receipt}"));
            }
            Act::Replace { receipt, rows } => self.rows = rows_of(*receipt, rows, serial),
            _ => {}
        }
    }
}

fn change_of(act: &Act, serial: usize) -> EditionDraft {
    let second = i64::try_from(serial).unwrap();
    match act {
        Act::Deliver { receipt, rows, superseding } => EditionDraft {
            supersedes: superseding.iter().map(|r| ReceiptId(format!("r{r}"))).collect(),
            receipts: vec![ReceiptId(format!("r{receipt}"))],
            ..append(second, &rows_of(*receipt, rows, serial))
        },
        Act::Replace { receipt, rows } => EditionDraft {
            replace: vec![(table("usage"), usage(&rows_of(*receipt, rows, serial)))],
            ..change(second)
        },
        _ => change(second),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_lake_is_a_list_of_rows(acts in prop::collection::vec(act(), 1..14)) {
        let folder = tempdir().unwrap();
        let mut lake = Lake::init(folder.path()).unwrap();
        let mut writer = lake.writer().unwrap();
        let mut plain = Plain::default();
        let mut history: Vec<Plain> = Vec::new();
        let mut last: Option<(Act, usize)> = None;
        let mut files_before = 0;
        for (serial, act) in acts.into_iter().enumerate() {
            let done = match &act {
                Act::Deliver { .. } | Act::Replace { .. } => {
                    plain.apply(&act, serial);
                    last = Some((act.clone(), serial));
                    Some(writer.commit(change_of(&act, serial)).unwrap())
                }
                Act::Again => {
                    if let Some((act, serial)) = &last {
                        let done = writer.commit(change_of(act, *serial)).unwrap();
                        prop_assert!(matches!(done, Outcome::Unchanged(_)));
                    }
                    None
                }
                Act::Compact => {
                    // Compacted rows have another file: from here on only receipts tell a repetition.
                    last = None;
                    Some(writer.compact(moment(i64::try_from(serial).unwrap())).unwrap())
                }
                Act::CleanUp => { writer.clean_up().unwrap(); None }
                Act::Reopen => {
                    drop(writer);
                    lake = Lake::open(folder.path()).unwrap();
                    writer = lake.writer().unwrap();
                    None
                }
            };
            if let Some(Outcome::Committed(edition)) = done {
                let files = edition.tables.get("usage").map_or(0, Vec::len);
                // Merged files are others too.
                if files < std::mem::replace(&mut files_before, files) {
                    last = None;
                }
                history.push(plain.clone());
                prop_assert_eq!(edition.number, history.len() as u64);
            }
        }
        for (edition, plain) in lake.editions().unwrap().iter().zip(&history) {
            prop_assert_eq!(read_usage(&lake, edition), sorted(&plain.rows));
            prop_assert_eq!(&edition.receipts, &plain.receipts.iter().cloned().collect::<Vec<_>>());
        }
        prop_assert_eq!(lake.verify().unwrap().problems, Vec::<String>::new());
    }
}
