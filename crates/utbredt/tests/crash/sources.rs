//! Every kind of source killed while it is pulled: the lake ends as if nothing had been.
//!
//! Digdir's series has a test of its own, `pull`. `UTBREDT_SOURCE_KILLS=200` asks for at least so many kills, `UTBREDT_SEED=n` draws
//! other moments.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use arrow::util::display::array_value_to_string;
use chrono::{DateTime, Utc};
use utbredt_lake::{Lake, Table};

use crate::act::{UTBREDT, copy, leftovers, number};
use crate::kills::Rng;
use crate::world::{PASSWORD, datasets, places, serve};

/// The sources in the order of the plan.
const SOURCES: [&str; 7] = ["ssb", "fiks", "klass", "brreg", "kartverket", "county", "invoices"];

/// About as long as a delivery is written.
const WRITING: Duration = Duration::from_millis(50);

/// The plan, and beside it the files it takes.
fn prepare(folder: &Path, address: SocketAddr) {
    // A copy for its owner alone: a secret that others may read is refused.
    let key = folder.join("key.pem");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ingest/src/fetch/tests/key.pem");
    fs::copy(shipped, &key).expect("copied");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("closed");
    let source = |id: &str, kind: &str, more: &str| {
        format!("[[source]]\nid = \"{id}\"\nkind = \"{kind}\"\nschedule = \"daily\"\n{more}")
    };
    let at = |path: &str| format!("url = \"http://{address}{path}\"\n");
    let plan = [
        format!("hosts = [\"{address}\"]\n[maskinporten]\ntoken_url = \"http://{address}/token\"\n"),
        format!(
            "audience = \"https://maskinporten.example/\"\nclient_id = \"us\"\nkey_id = \"1\"\nkey = {{ file = {key:?} }}\n"
        ),
        // First, since it waits two seconds after whatever its host was asked before, and here all are one host.
        source("ssb", "ssb_population", &at("/ssb")) + "version = 1\nfrom = 2026\n",
        source("fiks", "fiks_activation", &at("/fiks/kommuner")),
        "solution_id = \"digisos\"\nintegration_id = \"us\"\nintegration_password = { env = \"PASSWORD\" }\n"
            .to_owned(),
        source("klass", "klass_changes", &at("/klass/v1")),
        source("brreg", "brreg_organisations", &at("/brreg")) + "page_size = 60\n",
        source("kartverket", "kartverket_municipalities", &at("/kartverket/kommuner")),
        source("county", "folder", "folder = \"county\"\ncontract = \"county.toml\"\n"),
        "[[source.expect]]\nsolution_id = \"digihelse\"\nmeasure_id = \"uses\"\n".to_owned(),
        "from = \"2026-08-01\"\ndue_day = 16\n".to_owned(),
        source("invoices", "fiks_invoices", "folder = \"invoices\"\ndeclaration = \"invoices.toml\"\n"),
    ];
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    };
    put("utbredt.toml", &plan.concat());
    let contract = fs::read_to_string(datasets().join("contracts/synthetic-usage.toml")).expect("a contract");
    put("county.toml", &contract.replace("source_id = \"synthetic-usage\"", "source_id = \"county\""));
    // 357 municipalities a month, and one row of no municipality.
    for month in ["2026-08", "2026-09", "2026-10"] {
        let row = |(at, (code, _)): (usize, (String, String))| {
            format!("{code},{month},digihelse,uses,{}\n", 100 + at)
        };
        let rows: String = places().into_iter().enumerate().map(row).collect();
        let head = "municipality_code,period,solution_id,measure_id,value\n";
        put(&format!("county/{month}.csv"), &format!("{head}{rows}9999,{month},digihelse,uses,5\n"));
    }
    let declared = fs::read_to_string(datasets().join("samples/fiks-invoice.toml")).expect("a declaration");
    put("invoices.toml", &declared.replace("source_id = \"fiks-invoice-alver\"", "source_id = \"invoices\""));
    for (quarter, months) in [("2026-q1", 1..=3), ("2026-q2", 4..=6)] {
        let line = |month| {
            format!("{month};Alver kommune: {month:02}.26 Bruk av SVARUT(Forsendelser);{}\n", 990 + month)
        };
        let lines: String = months.map(line).collect();
        put(&format!("invoices/{quarter}.csv"), &format!("Linje;Tekst;Antall\n{lines}"));
    }
}

/// The command in the plan's folder, at a moment that does not pass.
fn command(folder: &Path, lake: &Path, now: DateTime<Utc>, words: &[&str]) -> Command {
    let mut command = Command::new(UTBREDT);
    command.args(words).arg("--lake").arg(lake).current_dir(folder);
    command.env("UTBREDT_NOW", now.to_rfc3339()).env("PASSWORD", PASSWORD);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn editions(lake: &Path) -> Vec<String> {
    let lake = Lake::open(lake).expect("a lake");
    lake.editions().expect("whole records").into_iter().map(|edition| edition.sha256).collect()
}

fn runs(lake: &Path) -> usize {
    Lake::open(lake).map_or(0, |lake| lake.runs().expect("read").len())
}

/// Watches until `so` holds or the command ends.
fn watch(child: &mut Child, mut so: impl FnMut() -> bool) -> bool {
    while child.try_wait().expect("a child").is_none() {
        if so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}

/// Rows of a table in force, as texts of some columns; no two alike.
fn rows(lake: &Path, table: &str, columns: &[&str]) -> BTreeSet<Vec<String>> {
    let lake = Lake::open(lake).expect("a lake");
    let edition = lake.latest().expect("whole").expect("an edition exists");
    let mut all = BTreeSet::new();
    for batch in lake.read_table(&edition, Table::named(table).expect("a table")).expect("whole") {
        for row in 0..batch.num_rows() {
            let cell = |name: &&str| {
                let column = batch.column_by_name(name).expect("a column");
                array_value_to_string(column, row).expect("shown")
            };
            let key: Vec<String> = columns.iter().map(cell).collect();
            assert!(all.insert(key.clone()), "{table}: {key:?} occurs twice");
        }
    }
    all
}

/// What the pull brought, by what makes a row another one: each table's rows added to those of a fresh lake.
fn brought(lake: &Path, fresh: &Path) -> [usize; 5] {
    [
        (
            "usage",
            &["solution_id", "measure_id", "municipality_code", "period_start", "organisation_number"][..],
        ),
        ("population", &["municipality_code", "reference_date", "age_from", "age_to"]),
        ("rollout_events", &["solution_id", "municipality_code", "valid_from"]),
        ("receipts", &["source_id", "subject"]),
        ("rejections", &["receipt_id", "row"]),
    ]
    .map(|(table, key)| rows(lake, table, key).len() - rows(fresh, table, key).len())
}

fn payloads(lake: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(lake.join("raw")).into_iter().flatten();
    entries.map(|entry| PathBuf::from(entry.expect("an entry").file_name())).collect()
}

/// Everything is in once, each source's last run went well, and nothing a killed one left is there.
fn ended_well(lake: &Path, fresh: &Path) {
    // An edition of what is owed, and one for each delivery: the two years, the four registers, three files and two.
    assert_eq!(editions(lake).len(), 1 + 1 + 2 + 4 + 3 + 2);
    // Three months of 357 municipalities and six of one; six bands of 2026 and seven of 2027; a stage of each
    // municipality; a receipt for each delivery; the one row of no municipality in each of three files.
    assert_eq!(brought(lake, fresh), [3 * 357 + 6, 13 * 357, 357, 11, 3], "{}", lake.display());
    let runs = Lake::open(lake).expect("a lake").runs().expect("read");
    for source in SOURCES {
        let last = runs.iter().rev().find(|run| run.source_id == source);
        assert!(last.is_some_and(utbredt_lake::Run::is_healthy), "{source}: {last:#?}");
    }
    let news = "SSB announces 1 change from 2028-01-01: 4627 Askøy -> 4601 Bergen (merge)";
    assert!(runs.iter().flat_map(|run| &run.discrepancies).any(|known| known.contains(news)), "{runs:#?}");
    let report = Lake::open(lake).expect("a lake").verify().expect("listed");
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(leftovers(lake), Vec::<PathBuf>::new());
}

/// Asks all that is due while nothing disturbs it, and gives how long each source took, the start of the program in
/// the first.
fn undisturbed(folder: &Path, lake: &Path, now: DateTime<Utc>) -> Vec<Duration> {
    let mut child = command(folder, lake, now, &["ingest", "--local"]).spawn().expect("it starts");
    let mut took = Vec::new();
    let mut since = Instant::now();
    watch(&mut child, || {
        if runs(lake) > took.len() {
            took.push(since.elapsed());
            since = Instant::now();
        }
        false
    });
    let status = child.wait().expect("it ended");
    assert!(status.success(), "{status}: {:#?}", Lake::open(lake).expect("a lake").runs());
    took.resize(SOURCES.len(), since.elapsed());
    took
}

/// When a pull is killed.
#[derive(Debug, Clone, Copy)]
struct Moment {
    /// While this source is asked: after as many notes in the log of runs.
    source: usize,
    /// So long after it began, or after the first payload it kept.
    after: Duration,
    /// Counted from the first payload kept, when the lake is being written.
    late: bool,
}

/// Asks what is due and kills it at the moment, or when the source has ended if that is sooner. Whether it hit.
fn killed(mut pull: Command, lake: &Path, moment: Moment) -> bool {
    let held = payloads(lake).len();
    let mut child = pull.spawn().expect("it starts");
    let mut until = None;
    watch(&mut child, || {
        let noted = runs(lake);
        let begun = noted >= moment.source && (!moment.late || payloads(lake).len() > held);
        if until.is_none() && begun {
            until = Some(Instant::now() + moment.after);
        }
        noted > moment.source || until.is_some_and(|until| Instant::now() >= until)
    });
    child.kill().expect("sent, or too late");
    child.wait().expect("it ended").signal() == Some(9)
}

/// What became of the kills.
#[derive(Debug, Default)]
struct Kills {
    sent: usize,
    /// Those that came before everything was in.
    hits: usize,
    /// Those that left files half-way.
    half: usize,
}

impl Kills {
    /// Two for each source, the second within the time in which the lake is written; after each, what stands is the
    /// beginning of what is `expected`.
    fn send(
        &mut self,
        pull: &dyn Fn() -> Command,
        lake: &Path,
        expected: &[String],
        (rng, took): (&mut Rng, &[Duration]),
    ) {
        for kill in 0..2 * SOURCES.len() {
            let source = (kill / 2).max(runs(lake));
            if source >= SOURCES.len() {
                return;
            }
            let late = kill % 2 == 1;
            let moment = Moment { source, after: rng.up_to(if late { WRITING } else { took[source] }), late };
            self.sent += 1;
            self.hits += usize::from(killed(pull(), lake, moment) && runs(lake) < SOURCES.len());
            self.half += usize::from(!leftovers(lake).is_empty());
            let current = editions(lake);
            assert!(current.len() <= expected.len(), "{moment:?}: {} editions", current.len());
            assert_eq!(
                current,
                expected[..current.len()],
                "{moment:?} leaves whole deliveries and nothing else"
            );
        }
    }
}

#[test]
fn every_kind_of_source_may_be_killed_anywhere() {
    let least = number("UTBREDT_SOURCE_KILLS", 8) as usize;
    let mut rng = Rng(number("UTBREDT_SEED", 1));
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let (address, log) = serve();
    prepare(here, address);
    let now: DateTime<Utc> = "2026-11-24T06:00:00Z".parse().expect("a moment");
    let [fresh, calm, stormy] = ["fresh", "calm", "stormy"].map(|name| here.join(name));
    let well = |lake: &Path, words: &[&str]| {
        let status = command(here, lake, now, words).status().expect("it starts");
        assert!(status.success(), "{words:?}: {status}");
    };
    well(&fresh, &["init"]);
    copy(&fresh, &calm);
    let (started, took) = (Instant::now(), undisturbed(here, &calm, now));
    println!("undisturbed {:?}: {took:?}", started.elapsed());
    ended_well(&calm, &fresh);
    let expected = editions(&calm);

    let mut kills = Kills::default();
    while kills.hits < least {
        let _ = fs::remove_dir_all(&stormy);
        copy(&fresh, &stormy);
        let pull = || command(here, &stormy, now, &["ingest", "--local"]);
        kills.send(&pull, &stormy, &expected, (&mut rng, &took));
        // What was not finished is due still; then each source is asked once more, and has nothing new.
        well(&stormy, &["ingest", "--local"]);
        assert_eq!(editions(&stormy), expected);
        SOURCES.iter().for_each(|source| well(&stormy, &["source", "run", source, "--local"]));
        assert_eq!(editions(&stormy), expected);
        ended_well(&stormy, &fresh);
        assert_eq!(payloads(&stormy), payloads(&calm), "every payload is kept once, and no other");
        assert!(kills.hits > 0, "{kills:?}");
    }
    let log = log.lock().expect("no panic");
    println!("{kills:?}, requests: {log:#?}");
    for logged_before in ["GET /ssb/07459 304", "GET /klass/v1/classifications/131/changes 304"] {
        assert!(log.contains_key(logged_before), "what did not change is not said again");
    }
    assert!(
        log.keys().all(|requested| requested.ends_with(" 200") || requested.ends_with(" 304")),
        "{log:#?}"
    );
}
