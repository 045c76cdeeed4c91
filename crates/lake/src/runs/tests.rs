//! The log of runs: old lines, torn ones, many files, a rotation that is stopped.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::tempdir;

use super::files::{ACTIVE, SUMMARY};
use super::*;
use crate::disk::Disk;
use crate::tests::faults::End;

/// A log that gets another name so early that tests see many of them.
const SHORT: u64 = 2000;

/// Names of the files of the log that are not added to any more.
fn closed(root: &Path) -> Vec<String> {
    let names = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("runs-")).collect();
    names.sort();
    names
}

/// Runs of three sources, some of which fail, are held, or are uploads that were stopped.
fn run(at: u64) -> Run {
    let upload =
        |verdict| Uploaded { key: None, fingerprint: format!("f{at}"), verdict, report: Value::Null };
    Run {
        source_id: ["county", "digdir", "klass"][usize::try_from(at * at % 3).unwrap()].into(),
        started_at: DateTime::from_timestamp(i64::try_from(at).unwrap() * 60, 0).unwrap(),
        accepted: at,
        rejected: at % 7,
        held: if at.is_multiple_of(5) { vec!["2026-10: why".into()] } else { Vec::new() },
        error: (at % 11 == 3).then(|| "no answer".into()),
        upload: match at % 4 {
            1 => Some(upload(Some(Verdict::Accepted))),
            2 => Some(upload(None)),
            _ => None,
        },
        ..Run::default()
    }
}

/// What some runs come to, worked out from all of them.
fn expected(runs: &[Run]) -> RunSummary {
    let mut sources: BTreeMap<String, SourceRuns> = BTreeMap::new();
    for id in ["county", "digdir", "klass"] {
        let own: Vec<&Run> = runs.iter().filter(|run| run.source_id == id && run.has_ended()).collect();
        let Some(last) = own.last() else { continue };
        let mut looks = own.iter().filter(|run| run.upload.is_none());
        let look = |run: &&&Run| Look { started_at: run.started_at, failed: run.error.is_some() };
        let of_own = SourceRuns {
            last: (*last).clone(),
            last_look: looks.next_back().as_ref().map(look),
            last_success_at: own.iter().rev().find(|run| run.is_healthy()).map(|run| run.started_at),
            failures_in_a_row: own.iter().rev().take_while(|run| !run.is_healthy()).count() as u64,
            runs: own.len() as u64,
            failures: own.iter().filter(|run| !run.is_healthy()).count() as u64,
            accepted: own.iter().map(|run| run.accepted).sum(),
            rejected: own.iter().map(|run| run.rejected).sum(),
        };
        sources.insert(id.to_owned(), of_own);
    }
    RunSummary { sources, ..RunSummary::default() }
}

#[test]
fn the_summary_is_that_of_all_runs_however_often_the_log_got_another_name() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    let mut runs = Vec::new();
    for at in 0..150 {
        runs.push(run(at));
        log::append(&lake, &runs[runs.len() - 1], SHORT).unwrap();
        // By one who read it before, and by one who did not.
        let fresh = Lake::open(folder.path()).unwrap();
        assert_eq!(lake.run_summary().unwrap(), expected(&runs), "run {at}");
        assert_eq!(fresh.run_summary().unwrap(), expected(&runs), "run {at}");
    }
    assert!(closed(folder.path()).len() > 15, "{:?}", closed(folder.path()));
    let ended: Vec<Run> = runs.iter().filter(|run| run.has_ended()).cloned().collect();
    assert_eq!(lake.runs().unwrap(), ended);
    assert_eq!(lake.verify().unwrap().problems, Vec::<String>::new());
    // What is summed up is not read again: it may be taken away.
    for name in closed(folder.path()) {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    assert_eq!(Lake::open(folder.path()).unwrap().run_summary().unwrap(), expected(&runs));
    runs.push(run(150));
    log::append(&lake, &runs[150], 1).unwrap();
    assert_eq!(Lake::open(folder.path()).unwrap().run_summary().unwrap(), expected(&runs));
}

#[test]
fn a_rotation_that_is_stopped_anywhere_counts_nothing_twice_and_loses_nothing() {
    let mut steps = 0;
    for at in 0.. {
        let folder = tempdir().unwrap();
        let lake = Lake::init(folder.path()).unwrap();
        let mut runs: Vec<Run> = (0..25).map(run).collect();
        runs.iter().for_each(|run| log::append(&lake, run, SHORT).unwrap());
        let disk = Disk::default();
        let stopped = Lake::open_on(folder.path(), disk.clone()).unwrap();
        assert_eq!(stopped.run_summary().unwrap(), expected(&runs));
        disk.faults.end_at(at, End::Killed);
        runs.push(run(25));
        let done = log::append(&stopped, &runs[25], 1);
        disk.faults.end_at(usize::MAX, End::Killed);
        for lake in [&lake, &stopped, &Lake::open(folder.path()).unwrap()] {
            assert_eq!(lake.run_summary().unwrap(), expected(&runs), "step {at}");
        }
        // A writer sweeps meanwhile; the next run goes on.
        lake.writer().unwrap().clean_up().unwrap();
        runs.push(run(26));
        log::append(&lake, &runs[26], SHORT).unwrap();
        let closed = closed(folder.path());
        for name in &closed {
            fs::remove_file(folder.path().join(name)).unwrap();
        }
        let fresh = Lake::open(folder.path()).unwrap();
        assert_eq!(fresh.run_summary().unwrap(), expected(&runs), "step {at}: {closed:?}");
        assert_eq!(fresh.verify().unwrap().problems, Vec::<String>::new(), "step {at}");
        if done.is_ok() {
            break;
        }
        steps += 1;
    }
    // Another name and its folder; the summary created, written, synced, named, and its folder.
    assert_eq!(steps, 2 + 5);
}

#[test]
fn several_processes_add_runs_while_others_read() {
    let folder = tempdir().unwrap();
    drop(Lake::init(folder.path()).unwrap());
    let written = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let lake = Lake::open(folder.path()).unwrap();
                for at in 0..60 {
                    let run = Run { source_id: "county".into(), accepted: at, ..Run::default() };
                    log::append(&lake, &run, SHORT).unwrap();
                    written.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let cached = Lake::open(folder.path()).unwrap();
        let mut seen = 0;
        while seen < 240 {
            let before = written.load(Ordering::SeqCst);
            for lake in [&cached, &Lake::open(folder.path()).unwrap()] {
                let summary = lake.run_summary().unwrap();
                assert_eq!(summary.unreadable_lines, 0);
                let now = summary.sources.get("county").map_or(0, |source| source.runs);
                assert!(now >= before.max(seen) && now <= 240, "{now} after {before} and {seen}");
                seen = now;
            }
        }
    });
    let lake = Lake::open(folder.path()).unwrap();
    assert_eq!(lake.runs().unwrap().len(), 240);
    assert_eq!(lake.run_summary().unwrap().sources["county"].accepted, 4 * 59 * 60 / 2);
}

#[test]
fn a_changed_byte_costs_its_line_and_is_reported() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    for at in [0, 3, 4] {
        lake.append_run(&run(at)).unwrap();
    }
    let path = folder.path().join(ACTIVE);
    let good = fs::read(&path).unwrap();
    let second = good.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let third = second + good[second..].iter().position(|byte| *byte == b'\n').unwrap();
    let field = third - ",\"checksum\":\"0123456789abcdef\"}".len();
    for at in second..third {
        let mut bad = good.clone();
        bad[at] ^= 4;
        fs::write(&path, &bad).unwrap();
        let (problems, summary) = (lake.verify().unwrap().problems, Lake::open(folder.path()).unwrap());
        let summary = summary.run_summary().unwrap();
        if at < field {
            assert!(
                problems.len() == 1 && problems[0].starts_with("runs.jsonl is damaged: line 2 "),
                "byte {at}: {problems:?}"
            );
            assert_eq!(summary, RunSummary { unreadable_lines: 1, ..expected(&[run(0), run(4)]) });
        } else if problems.is_empty() && summary.unreadable_lines == 0 {
            // The name of the field alone is changed, and the run is whole.
            assert_eq!(summary, expected(&[run(0), run(3), run(4)]), "byte {at}");
        }
    }
    fs::write(&path, &good).unwrap();

    // A summary that is not whole is made anew from the log.
    log::append(&lake, &run(5), 1).unwrap();
    let all = expected(&[run(0), run(3), run(4), run(5)]);
    let path = folder.path().join(SUMMARY);
    let good = fs::read(&path).unwrap();
    for bad in [&good[..good.len() / 2], b"", b"{}\n", &[b" ", &good[..]].concat()] {
        fs::write(&path, bad).unwrap();
        let problems = lake.verify().unwrap().problems;
        assert!(
            problems.len() == 1 && problems[0].starts_with("runs.summary.json is damaged: "),
            "{problems:?}"
        );
        assert_eq!(Lake::open(folder.path()).unwrap().run_summary().unwrap(), all);
    }
    lake.append_run(&run(7)).unwrap();
    assert_eq!(lake.verify().unwrap().problems, Vec::<String>::new());
    assert_eq!(lake.run_summary().unwrap(), expected(&[run(0), run(3), run(4), run(5), run(7)]));
}

#[test]
fn a_key_is_looked_for_no_further_back_than_it_is_remembered() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    let sent = |hour: i64, key: &str| Run {
        started_at: DateTime::from_timestamp(hour * 3600, 0).unwrap(),
        upload: Some(Uploaded {
            key: Some(key.into()),
            fingerprint: "f".into(),
            verdict: None,
            report: Value::Null,
        }),
        ..Run::default()
    };
    for hour in 0..60 {
        log::append(&lake, &sent(hour, &format!("k{hour:02}")), 1).unwrap();
    }
    let since = |hour: i64| DateTime::from_timestamp(hour * 3600, 0).unwrap();
    assert_eq!(lake.find_by_idempotency_key("k40", since(36)).unwrap(), Some(sent(40, "k40")));
    assert_eq!(lake.find_by_idempotency_key("k30", since(36)).unwrap(), None);
    // A folder in the place of a file cannot be read: these are not.
    for number in 1..30 {
        let path = folder.path().join(format!("runs-{number:04}.jsonl"));
        fs::remove_file(&path).unwrap();
        fs::create_dir(path).unwrap();
    }
    assert_eq!(lake.find_by_idempotency_key("unknown", since(36)).unwrap(), None);
    assert!(lake.find_by_idempotency_key("unknown", since(20)).is_err(), "as far back as that they are");
}

#[test]
fn runs_are_read_in_order_and_half_a_line_costs_only_itself() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    assert_eq!(lake.runs().unwrap(), []);
    let run = |id: &str| Run { source_id: id.into(), requests: 3, ..Run::default() };
    lake.append_run(&run("a")).unwrap();
    let mut file = fs::OpenOptions::new().append(true).open(folder.path().join(ACTIVE)).unwrap();
    file.write_all(b"{\"source_id\":\"b").unwrap();
    lake.append_run(&run("c")).unwrap();
    assert_eq!(lake.runs().unwrap(), [run("a"), run("c")]);
    assert!(lake.verify().unwrap().problems.is_empty());
}

#[test]
fn an_upload_is_found_by_its_key_since_a_moment() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    let at = |second| DateTime::from_timestamp(second, 0).unwrap();
    let sent = |second, key: Option<&str>, verdict: Option<Verdict>| Run {
        source_id: "county".into(),
        started_at: at(second),
        upload: Some(Uploaded {
            key: key.map(str::to_owned),
            fingerprint: format!("f{second}"),
            verdict,
            report: verdict.map_or(Value::Null, |_| serde_json::json!({ "rows": 1, "subject": "a" })),
        }),
        ..Run::default()
    };
    let begun = sent(1, Some("k1"), None);
    let ended = sent(2, Some("k1"), Some(Verdict::Accepted));
    let held = sent(3, None, Some(Verdict::Held));
    let stopped = sent(4, Some("k2"), None);
    for run in [&begun, &ended, &held, &stopped] {
        lake.append_run(run).unwrap();
    }
    assert_eq!(lake.find_by_idempotency_key("k1", at(0)).unwrap(), Some(ended.clone()));
    assert_eq!(lake.find_by_idempotency_key("k1", at(2)).unwrap(), Some(ended.clone()));
    assert_eq!(lake.find_by_idempotency_key("k1", at(3)).unwrap(), None);
    assert_eq!(lake.find_by_idempotency_key("k2", at(0)).unwrap(), Some(stopped));
    // A fingerprint is no key, and a part of one neither.
    assert_eq!(lake.find_by_idempotency_key("f2", at(0)).unwrap(), None);
    assert_eq!(lake.find_by_idempotency_key("k", at(0)).unwrap(), None);
    let outcomes: Vec<(Option<Verdict>, Value)> = lake
        .runs()
        .unwrap()
        .into_iter()
        .filter_map(|run| run.upload.map(|upload| (upload.verdict, upload.report)))
        .collect();
    assert_eq!(outcomes, [(Some(Verdict::Accepted), Value::Null), (Some(Verdict::Held), Value::Null)]);
    // A look is written as it was before there were deliveries.
    lake.append_run(&Run { source_id: "look".into(), ..Run::default() }).unwrap();
    let text = fs::read_to_string(folder.path().join(ACTIVE)).unwrap();
    assert!(!text.lines().last().unwrap().contains("upload"), "{text}");
}

#[test]
fn a_log_with_the_former_names_is_read() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    let line = r#"{"source_id":"klass","started_at":"2026-11-01T04:00:00Z","took_ms":7,"requests":2,"bytes":9,
        "deliveries":1,"rows_in":5,"accepted":3,"refused":2,"held":[],"told":["2026: SSB has 2 changes"],
        "newest":"2026-10-31","failed":"no answer","edition":4}"#;
    fs::write(folder.path().join(ACTIVE), line.replace('\n', "") + "\n").unwrap();
    let runs = lake.runs().unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].rejected, runs[0].lag_days()), (2, Some(1)));
    assert_eq!(runs[0].discrepancies, ["2026: SSB has 2 changes"]);
    assert_eq!(runs[0].error.as_deref(), Some("no answer"));
    // What is written from now on has the new names only.
    lake.append_run(&runs[0]).unwrap();
    let text = fs::read_to_string(folder.path().join(ACTIVE)).unwrap();
    let last = text.lines().last().unwrap();
    assert!(last.contains("\"discrepancies\":[") && !last.contains("told"), "{last}");
    assert_eq!(lake.runs().unwrap(), [runs[0].clone(), runs[0].clone()]);
}
