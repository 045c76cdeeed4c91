//! One suite for every connector: whatever its source is known to do, nothing is lost, nothing comes in twice, and whatever
//! is refused is explained; and as soon as the source is well again, the lake is as if nothing had been.
//!
//! A connector is described once (`connectors`), and so is a trouble: those of any network (`general`), of a clock, and the
//! ways in which one source's rows and pages go wrong (`own`). The suite is each with each, from one loop.

mod connectors;
mod general;
mod own;
mod stage;
mod token;
mod view;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use utbredt_lake::Writer;

use super::super::REGISTRY;
use crate::fetch::Limits;
use crate::fetch::tests::server::{Act, Seen, Server};
use stage::Stage;

/// A source that answers as it should.
type Answerer = Arc<dyn Fn(&Seen) -> Act + Send + Sync>;

/// A source in trouble, told the number of the request since the look began.
type Playing = Arc<dyn Fn(usize, &Seen) -> Act + Send + Sync>;

/// A connector, described once.
struct Case {
    /// The kind it is registered by.
    kind: &'static str,
    /// Whose its deliveries are.
    source_id: &'static str,
    /// The lake before the first look.
    lake: fn() -> (tempfile::TempDir, Writer),
    /// Its fields in a plan.
    fields: fn(&Server) -> String,
    /// What its source answered a day ago, and what was brought in then.
    yesterday: Answerer,
    /// What it answers now.
    honest: Answerer,
    /// When it is asked.
    now: DateTime<Utc>,
    /// How many questions it asks now.
    questions: usize,
    /// The least time between two.
    min_interval: Duration,
    /// Those it can do without.
    spared: &'static [usize],
    /// Whether what is in is never asked for again.
    once: bool,
    /// The tables of facts it may write to; no other is touched.
    touches: &'static [&'static str],
    /// Fields of its answers, and what a new release calls them.
    renamed: &'static [(&'static str, &'static str)],
    /// What is said of an answer that is none: one of these.
    words: &'static [&'static str],
    /// What is never said and never kept.
    never: &'static [&'static str],
    /// The ways in which its rows and pages go wrong.
    own: Vec<Trouble>,
    correction: Correction,
}

/// What the source says otherwise later.
struct Correction {
    honest: Answerer,
    /// How much later.
    after: TimeDelta,
    /// Facts that no longer stand, and new ones.
    lost: usize,
    new: usize,
    /// How much of that is told as changed.
    changed: usize,
    /// What is told, if anything.
    word: &'static str,
}

/// A trouble, described once.
struct Trouble {
    name: String,
    play: Box<dyn Fn(&Answerer) -> Playing + Send + Sync>,
    limits: Limits,
    /// When it happens, if not when the connector is asked.
    at: Option<DateTime<Utc>>,
    /// How far our clock is ahead.
    ahead: TimeDelta,
    end: End,
}

/// How a look ends that met a trouble.
#[derive(Debug, Clone)]
enum End {
    /// As an undisturbed one, byte for byte, after waits that each lie between two times.
    Passes(Vec<(Duration, Duration)>),
    /// Nothing is held and the source did not fail; so many facts of an undisturbed look are lacking, so many are others,
    /// and a row was refused with this word.
    Reads { lost: usize, other: usize, word: &'static str },
    /// The source failed, or something is held, and one of these words says why; what is in force is what was before, or
    /// what an undisturbed look brings.
    Refused(Vec<&'static str>),
    /// As that, and nothing is in force but what was before.
    Nothing(Vec<&'static str>),
    /// There is nothing to ask for yet.
    Waits,
}

impl Trouble {
    fn new(
        name: impl Into<String>,
        end: End,
        play: impl Fn(&Answerer) -> Playing + Send + Sync + 'static,
    ) -> Self {
        let (limits, ahead) = (Limits::default(), TimeDelta::zero());
        Self { name: name.into(), play: Box::new(play), limits, at: None, ahead, end }
    }
}

/// Every trouble of a connector, and its correction; gives how many there were, and what went wrong.
fn suite(connector: &Case) -> (usize, Vec<String>) {
    let stage = Stage::new(connector);
    let mut ran = 0;
    let mut faults = Vec::new();
    let mut check = |name: &str, play: &dyn Fn() -> Result<(), String>| {
        ran += 1;
        let outcome = catch_unwind(AssertUnwindSafe(play));
        if let Err(why) = outcome.unwrap_or_else(|_| Err("it panicked".to_owned())) {
            faults.push(format!("{} × {name}: {why}", connector.kind));
        }
    };
    for trouble in general::troubles(connector).iter().chain(&connector.own) {
        check(&trouble.name, &|| stage.play(trouble));
    }
    check("a correction", &|| stage.correct(&connector.correction));
    (ran, faults)
}

/// Connectors that ask nobody over a network: files are put before them.
const LOCAL: [&str; 2] = ["fiks_invoices", "folder"];

#[test]
fn every_connector_in_every_trouble() {
    let connectors = connectors::all();
    // Who registers a connector describes it here too.
    let mut described: Vec<&str> = connectors.iter().map(|one| one.kind).chain(LOCAL).collect();
    described.sort_unstable();
    let registered = REGISTRY.iter().filter(|one| one.connector.is_some()).map(|one| one.name);
    assert_eq!(described, registered.collect::<Vec<_>>());
    let ran: BTreeMap<&str, (usize, Vec<String>)> = std::thread::scope(|scope| {
        let started: Vec<_> = connectors.iter().map(|one| (one.kind, scope.spawn(|| suite(one)))).collect();
        started.into_iter().map(|(name, suite)| (name, suite.join().unwrap())).collect()
    });
    let faults: Vec<String> = ran.values().flat_map(|(_, faults)| faults.clone()).collect();
    assert!(faults.is_empty(), "{} combinations fail:\n{}", faults.len(), faults.join("\n"));
    let counts: Vec<(&str, usize)> = ran.iter().map(|(name, (count, _))| (*name, *count)).collect();
    // Each: 12 troubles that pass and 2 clocks; 6 that stay and 9 wrong answers at each of its questions, and the 9 to all
    // where there are several; its own; and a correction.
    let of = |questions: usize, own: usize| 14 + 15 * questions + if questions > 1 { 9 } else { 0 } + own + 1;
    let expected = [
        ("brreg_organisations", of(2, 10)),
        ("digdir", of(3, 12)),
        ("fiks_activation", of(2, 21)),
        ("kartverket_municipalities", of(1, 4)),
        ("klass_changes", of(1, 7)),
        ("ssb_population", of(4, 11)),
    ];
    assert_eq!(counts, expected, "combinations that ran");
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<usize>(), 386);
}
