//! A delivery tried first: the report is the one the delivery would give, and the lake is as it was.

use std::collections::BTreeMap;

use super::*;
use crate::{DryRun, DryRunContext, IngestError, Report, deliver};

const FIRST: [&str; 5] = [
    "0301;2025-01;uses;10",
    "4601;2025-01;uses;20",
    "1103;2025-01;uses;30",
    "1506;2025-01;uses;30",
    "9999;2025-01;uses;1",
];
const SECOND: [&str; 5] = [
    "0301;2025-01;uses;11",
    "4601;2025-01;uses;20",
    "1103;2025-01;uses;31",
    "1506;2025-01;uses;30",
    "0301;2025-01;user;1",
];

/// Every file below a folder, with its bytes.
fn content(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.display().to_string(), std::fs::read(path).unwrap());
            }
        }
    }
    found
}

/// Tries a delivery and checks that no byte of the lake changed.
fn tried(writer: &Writer, source: &dyn Format, delivery: &Delivery) -> DryRun {
    let before = content(writer.lake().root());
    let trial = DryRunContext::Lake(writer.lake().clone()).dry_run(source, delivery).unwrap();
    assert_eq!(content(writer.lake().root()), before);
    trial
}

/// A report without the edition, which a trial does not make.
fn without_the_edition(report: &Report) -> Report {
    Report { edition: 0, ..report.clone() }
}

#[test]
fn a_dry_run_reports_what_the_delivery_then_does() {
    let (_dir, mut writer) = ready();
    for (step, rows) in [FIRST, SECOND, FIRST].iter().enumerate() {
        let one = delivery("2025-01", rows);
        let trial = tried(&writer, &contract(), &one);
        let report = deliver(&mut writer, &contract(), &one).unwrap();
        assert_eq!(without_the_edition(&trial.report), without_the_edition(&report), "step {step}");
        assert!(report.held.is_none());
        assert_eq!(trial.report.edition + 1, report.edition);
        assert_eq!(trial.usage.num_rows() as u64, report.accepted);
        assert_eq!(trial.rejections.len() as u64, report.rejected);
    }
}

#[test]
fn what_would_be_held_is_reported_with_the_reasons() {
    let (_dir, mut writer) = ready();
    let most = delivery("2025-01", &["0301;2025-01;uses;1", "x;2025-01;uses;1", "y;2025-01;uses;1"]);
    let trial = tried(&writer, &contract(), &most);
    assert_eq!(
        trial.report.held.as_deref(),
        Some(&["2 of 3 rows were rejected, more than 20 %".to_owned()][..])
    );
    assert_eq!(trial.rejections[0].raw, "x;2025-01;uses;1");
    // Held once and tried again: it is held as before, and that is no news.
    deliver(&mut writer, &contract(), &most).unwrap();
    let again = tried(&writer, &contract(), &most).report;
    assert!(again.unchanged && again.held.is_some());
}

#[test]
fn what_is_here_already_is_reported_and_shown() {
    let (_dir, mut writer) = ready();
    let one = delivery("2025-01", &FIRST[..3]);
    deliver(&mut writer, &contract(), &one).unwrap();
    let trial = tried(&writer, &contract(), &one);
    assert!(trial.report.unchanged && trial.report.superseded.is_none() && trial.report.held.is_none());
    assert_eq!((trial.report.accepted, trial.usage.num_rows()), (3, 3));
}

#[test]
fn without_a_lake_the_shipped_tables_are_the_measure() {
    let reference = DryRunContext::of_files(&files()).unwrap();
    let trial = reference.dry_run(&contract(), &delivery("2025-01", &SECOND)).unwrap();
    assert_eq!((trial.report.accepted, trial.report.rejected, trial.report.edition), (4, 1, 0));
    assert!(trial.rejections[0].reason.contains("did you mean `use"), "{:?}", trial.rejections);
    let other = Delivery { source_id: SourceId::parse("other").unwrap(), ..delivery("x", &FIRST) };
    assert!(matches!(reference.dry_run(&contract(), &other), Err(IngestError::WrongContract { .. })));
    let known = reference.known().unwrap();
    assert!(known.solutions["digital-postkasse"].contains("Digital mailbox"));
    assert!(known.measures["uses"].contains("letters") && known.municipalities.contains("1507"));
}
