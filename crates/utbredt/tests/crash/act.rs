//! An act upon a lake, its lake before and after, and what must hold when it was stopped half-way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use arrow::array::AsArray;
use utbredt_lake::{Lake, Table};

pub(crate) const UTBREDT: &str = env!("CARGO_BIN_EXE_utbredt");

/// A lake as clients see it, without the moments at which things happened.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    edition: u64,
    /// Hash and rows of every file of every table but `receipts`, whose rows say when they came.
    tables: BTreeMap<String, Vec<(String, u64)>>,
    live: Vec<String>,
    /// Of each receipt its id, what was decided on it, and why a person released it.
    receipts: Vec<[String; 3]>,
    supersedes: Vec<String>,
}

fn state(root: &Path) -> Option<State> {
    let lake = Lake::open(root).ok()?;
    let edition = lake.latest().expect("the chain is whole")?;
    let receipts = Table::named("receipts").expect("a table");
    let batches = lake.read_table(&edition, receipts).expect("its files are whole");
    let decisions = |batch: &arrow::array::RecordBatch| -> Vec<[String; 3]> {
        let columns = ["receipt_id", "state", "release_reason"]
            .map(|name| batch.column_by_name(name).expect("a column").as_string::<i32>().clone());
        let row =
            |row| columns.each_ref().map(|column| column.iter().nth(row).flatten().unwrap_or("").to_owned());
        (0..batch.num_rows()).map(row).collect()
    };
    let mut receipts: Vec<_> = batches.iter().flat_map(decisions).collect();
    receipts.sort();
    let files = |files: &Vec<utbredt_lake::FileEntry>| {
        let mut files: Vec<_> = files.iter().map(|f| (f.sha256.clone(), f.rows)).collect();
        files.sort();
        files
    };
    let tables = edition.tables.iter().filter(|(name, _)| *name != "receipts");
    Some(State {
        edition: edition.number,
        tables: tables.map(|(name, entries)| (name.clone(), files(entries))).collect(),
        live: edition.receipts,
        receipts,
        supersedes: edition.supersedes,
    })
}

/// In memory where there is such a place: a kill leaves what was written, synced or not, and tries are many.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}

/// One act upon a lake: where it begins, what is done, and where it ends when nothing disturbs it.
pub(crate) struct Act {
    folder: tempfile::TempDir,
    pub(crate) start: Option<PathBuf>,
    words: Vec<String>,
    before: Option<State>,
    after: State,
}

impl Act {
    fn new(folder: tempfile::TempDir, start: Option<PathBuf>, words: &[&str]) -> Self {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let before = start.as_deref().and_then(state);
        let undisturbed = folder.path().join("undisturbed");
        start.iter().for_each(|start| copy(start, &undisturbed));
        run(&words, &undisturbed);
        let after = state(&undisturbed).expect("an edition exists");
        assert_ne!(Some(&after), before.as_ref(), "the act changes something");
        Self { folder, start, words, before, after }
    }

    /// Making a lake.
    pub(crate) fn init() -> Self {
        Self::new(folder(), None, &["init"])
    }

    /// 357 municipalities for the first time.
    pub(crate) fn first(folder: tempfile::TempDir) -> Self {
        let (lake, words) =
            (folder.path().join("start"), ingest(folder.path(), "first.csv", &delivery(false)));
        run(&["init".to_owned()], &lake);
        Self::new(folder, Some(lake), &words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// A correction: three other counts, and two rows that are refused.
    pub(crate) fn correction(folder: tempfile::TempDir) -> Self {
        let lake = folder.path().join("start");
        run(&["init".to_owned()], &lake);
        run(&ingest(folder.path(), "first.csv", &delivery(false)), &lake);
        let words = ingest(folder.path(), "second.csv", &delivery(true));
        Self::new(folder, Some(lake), &words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The release of a held delivery, which lacks every seventh municipality of the one it takes the place of.
    pub(crate) fn release(folder: tempfile::TempDir) -> Self {
        let lake = folder.path().join("start");
        run(&["init".to_owned()], &lake);
        let whole = delivery(false);
        run(&ingest(folder.path(), "first.csv", &whole), &lake);
        let rows = whole.lines().enumerate().filter(|(at, _)| *at == 0 || at % 7 != 0);
        let cut: String = rows.map(|(_, line)| format!("{line}\n")).collect();
        // 3: the data are below the threshold.
        ends(&ingest(folder.path(), "cut.csv", &cut), &lake, 3);
        let receipts = state(&lake).expect("an edition exists").receipts;
        let [held] = receipts.iter().filter(|row| row[1] == "held").collect::<Vec<_>>()[..] else {
            panic!("one is held: {receipts:?}")
        };
        Self::new(folder, Some(lake), &["held", "release", &held[0], "--reason", "51 municipalities left"])
    }

    /// Whether the act left the delivery that it released active, once, under its receipt and with the reason; and the one
    /// before it, of the act that it disturbs, held.
    pub(crate) fn is_a_release(&self) -> bool {
        let states = |of: &State| of.receipts.iter().map(|row| row[1..].join(": ")).collect::<BTreeSet<_>>();
        let before = self.before.as_ref().map(states).unwrap_or_default();
        before == ["accepted: ", "held: "].map(str::to_owned).into()
            && states(&self.after)
                == ["accepted: ", "accepted: 51 municipalities left"].map(str::to_owned).into()
            && self.after.live.len() == 1
            && self.after.receipts.len() == 2
    }

    /// The lake of one try, as it is before the act.
    pub(crate) fn lake(&self, name: &str) -> PathBuf {
        let lake = self.folder.path().join(name);
        let _ = fs::remove_dir_all(&lake);
        self.start.iter().for_each(|start| copy(start, &lake));
        lake
    }

    pub(crate) fn command(&self, lake: &Path) -> Command {
        let mut command = Command::new(UTBREDT);
        command.args(&self.words).arg("--lake").arg(lake);
        command
    }

    /// The same under strace with more words for it.
    fn traced(&self, lake: &Path, words: &[&str]) -> Command {
        let mut command = Command::new("strace");
        command.args(["-f", "-qqq"]).args(words).arg(UTBREDT).args(&self.words).arg("--lake").arg(lake);
        // Threads of the data frames change nothing on the disk, and every one is traced.
        command.env("POLARS_MAX_THREADS", "1");
        command
    }

    /// The same under strace, calls of one kind disturbed.
    pub(crate) fn disturbed(&self, lake: &Path, call: &str, how: &str) -> Command {
        let (trace, inject) = (format!("trace=?{call}"), format!("inject=?{call}:{how}"));
        let mut words = vec!["-o", "/dev/null", "-e", trace.as_str(), "-e", inject.as_str()];
        if !how.contains("signal") {
            // Quick, but then no signal is ever sent.
            words.push("--seccomp-bpf");
        }
        self.traced(lake, &words)
    }

    /// How often one thread makes each kind of call, at most, when nothing disturbs the act.
    pub(crate) fn calls(&self, kinds: &[&'static str]) -> Vec<(&'static str, usize)> {
        let log = self.folder.path().join("calls");
        let expected: Vec<String> = kinds.iter().map(|kind| format!("?{kind}")).collect();
        let trace = format!("trace={}", expected.join(","));
        let lake = self.lake("traced");
        let words = ["-o", log.to_str().expect("a plain path"), "-e", trace.as_str()];
        let output = self.traced(&lake, &words).output().expect("strace starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let text = fs::read_to_string(&log).expect("the log");
        for (thread, rest) in text.lines().filter_map(|line| line.split_once(' ')) {
            if let Some((call, _)) = rest.trim_start().split_once('(') {
                *seen.entry((call, thread)).or_default() += 1;
            }
        }
        let most = |kind: &str| seen.iter().filter(|(key, _)| key.0 == kind).map(|(_, n)| *n).max();
        kinds.iter().map(|kind| (*kind, most(kind).unwrap_or(0))).collect()
    }

    /// Looks at what a stopped writer left, does the act again, and looks once more.
    pub(crate) fn recover(&self, lake: &Path, label: &str) -> Left {
        if self.untouched(lake) {
            return Left::default();
        }
        let started = Instant::now();
        let found = state(lake);
        let recovery = started.elapsed();
        assert!(recovery < Duration::from_secs(1), "{label}: {recovery:?} until the lake could be read");
        let committed = found.as_ref() == Some(&self.after);
        assert!(committed || found == self.before, "{label}: neither before nor after: {found:?}");
        let problems =
            Lake::open(lake).map_or_else(|_| Vec::new(), |lake| lake.verify().expect("listed").problems);
        // The logs are derived after the edition is made: they may be behind one that stands, never wrong.
        let behind = |problem: &String| problem.contains("/_delta_log/") && problem.contains("it is missing");
        assert!(problems.iter().all(|problem| committed && behind(problem)), "{label}: {problems:#?}");

        run(&self.words, lake);
        let settled = state(lake).expect("an edition exists");
        assert_eq!(settled, self.after, "{label}: done again it is not what it is undisturbed");
        let report = Lake::open(lake).expect("a lake").verify().expect("listed");
        assert_eq!(report.problems, Vec::<String>::new(), "{label}");
        assert_eq!(leftovers(lake), Vec::<PathBuf>::new(), "{label}: what was left is swept up");
        Left { touched: true, committed, behind: !problems.is_empty(), recovery }
    }

    /// Whether it is the lake the act begins with, byte for byte: what follows from there is known.
    fn untouched(&self, lake: &Path) -> bool {
        let content = |root: &Path| -> BTreeMap<PathBuf, Vec<u8>> {
            let mut all = Vec::new();
            files(root, &mut all);
            let read = |path: &PathBuf| fs::read(path).expect("read");
            all.iter().map(|p| (p.strip_prefix(root).expect("below").to_path_buf(), read(p))).collect()
        };
        self.start.as_deref().is_some_and(|start| content(start) == content(lake))
    }
}

/// What a disturbed run left.
#[derive(Debug, Default)]
pub(crate) struct Left {
    touched: bool,
    pub(crate) committed: bool,
    behind: bool,
    recovery: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Count {
    pub(crate) runs: usize,
    pub(crate) untouched: usize,
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) behind: usize,
    pub(crate) slowest_recovery: Duration,
}

impl Count {
    pub(crate) fn add(&mut self, left: &Left) {
        self.runs += 1;
        *(match left {
            Left { touched: false, .. } => &mut self.untouched,
            Left { committed: true, .. } => &mut self.after,
            Left { .. } => &mut self.before,
        }) += 1;
        self.behind += usize::from(left.behind);
        self.slowest_recovery = self.slowest_recovery.max(left.recovery);
    }
}

/// The real codes of 2024 with invented counts; corrected, three differ and two more rows are no municipality's.
fn delivery(corrected: bool) -> String {
    let register = include_str!("../../../../datasets/reference/municipalities.csv");
    let codes: BTreeSet<&str> = register.lines().filter(|l| l.ends_with(',')).map(|l| &l[..4]).collect();
    assert_eq!(codes.len(), 357);
    let mut text = "municipality_code,period,solution_id,measure_id,value\n".to_owned();
    for (at, code) in codes.iter().enumerate() {
        let value = if corrected && at % 150 == 0 { 9 } else { 100 + at };
        text.push_str(&format!("{code},2024-01,digihelse,uses,{value}\n"));
    }
    if corrected {
        text.push_str("9999,2024-01,digihelse,uses,5\n301,2024-01,digihelse,uses,5\n");
    }
    text
}

fn ingest(folder: &Path, name: &str, text: &str) -> Vec<String> {
    let file = folder.join(name);
    fs::write(&file, text).expect("written");
    let contract =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/contracts/synthetic-usage.toml");
    let paths = [file, contract].map(|path| path.to_str().expect("a plain path").to_owned());
    let [file, contract] = paths;
    vec!["ingest".into(), file, "--contract".into(), contract, "--subject".into(), "2024-01".into()]
}

fn run(words: &[String], lake: &Path) {
    ends(words, lake, 0);
}

/// Runs a command that ends with this code.
fn ends(words: &[String], lake: &Path, code: i32) {
    let output = Command::new(UTBREDT).args(words).arg("--lake").arg(lake).output().expect("it starts");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {message}");
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("listed") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("copied");
        }
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("listed") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Unnamed files, and files of tables no edition names.
pub(crate) fn leftovers(root: &Path) -> Vec<PathBuf> {
    let editions = Lake::open(root).expect("a lake").editions().expect("whole");
    let named: BTreeSet<PathBuf> =
        editions.iter().flat_map(|e| e.tables.values().flatten()).map(|f| root.join(&f.path)).collect();
    let mut all = Vec::new();
    files(root, &mut all);
    let name = |path: &PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
    all.retain(|path| {
        name(path).starts_with(".tmp-") || name(path).ends_with(".parquet") && !named.contains(path)
    });
    all
}

pub(crate) fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect("a number"))
}
