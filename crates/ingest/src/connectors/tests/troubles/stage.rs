//! Where a trouble is played: one server of a connector's, a copy of one lake for each trouble, and a look undisturbed to
//! hold every other against.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;
use utbredt_lake::{Lake, Writer};

use super::super::{configured, pull};
use super::view::{View, less};
use super::{Answerer, Case, Correction, End, Playing, Trouble, general};
use crate::connector::PullReport;
use crate::fetch::tests::Still;
use crate::fetch::tests::server::Server;
use crate::fetch::{Client, Guard, Hosts, HttpCache, Limits};

/// What the server does, and the number of the next request.
type Play = Arc<Mutex<(Playing, usize)>>;

pub(super) struct Stage<'c> {
    connector: &'c Case,
    server: Server,
    play: Play,
    /// The lake before the look.
    lake: TempDir,
    before: View,
    undisturbed: Look,
}

/// A lake of its own for one trouble, and what is known of hosts from look to look.
struct Desk {
    _folder: TempDir,
    writer: Writer,
    hosts: Arc<Hosts>,
}

/// What came of a look.
struct Look {
    view: View,
    pulled: PullReport,
    waits: Vec<Duration>,
    requests: usize,
}

/// A look to come.
struct Scenario {
    play: Playing,
    limits: Limits,
    at: DateTime<Utc>,
}

impl Look {
    /// Why something did not come in: the source failed, or what it gave is held.
    fn refusals(&self) -> String {
        let held = self.pulled.reports.iter().flat_map(|report| report.held.iter().flatten());
        self.pulled.stopped.iter().chain(held).cloned().collect::<Vec<_>>().join("\n")
    }

    /// Why rows were rejected, and what is told.
    fn remarks(&self) -> String {
        let reports = self.pulled.reports.iter();
        let all = reports.flat_map(|report| report.reasons.keys().chain(&report.discrepancies));
        all.cloned().collect::<Vec<_>>().join("\n")
    }

    fn discrepancies(&self) -> Vec<&String> {
        self.pulled.reports.iter().flat_map(|report| &report.discrepancies).collect()
    }

    /// Whether everything came in that an undisturbed look brings, by the very same receipts.
    fn same(&self, other: &Self) -> Result<(), String> {
        self.well()?;
        let lost = less(&other.view.whole(), &self.view.whole());
        let more = less(&self.view.whole(), &other.view.whole());
        if let Some(one) = lost.first().or(more.first()) {
            return Err(format!("{} facts are lacking and {} are others: {one}", lost.len(), more.len()));
        }
        let same = (&self.view.live, &self.view.refused, self.discrepancies())
            == (&other.view.live, &other.view.refused, other.discrepancies());
        same.then_some(()).ok_or_else(|| {
            format!(
                "{:?} {:?} instead of {:?} {:?}",
                self.view.live,
                self.discrepancies(),
                other.view.live,
                other.discrepancies()
            )
        })
    }

    /// Whether the facts are those of another look, on whatever receipts.
    fn alike(&self, other: &Self) -> Result<(), String> {
        self.well()?;
        let same = self.view.said() == other.view.said();
        same.then_some(())
            .ok_or_else(|| format!("other facts: {:?}", less(&other.view.said(), &self.view.said())))
    }

    fn well(&self) -> Result<(), String> {
        let why = self.refusals();
        why.is_empty().then_some(()).ok_or_else(|| format!("it should fare well: {why}"))
    }

    /// Whether the reason is told, by one of some words.
    fn explained(&self, words: &[&str]) -> Result<(), String> {
        let why = self.refusals();
        let said = words.iter().any(|word| why.contains(word));
        said.then_some(()).ok_or_else(|| format!("the reason has none of {words:?}: `{why}`"))
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let there = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir(&there).unwrap();
            copy(&path, &there);
        } else {
            std::fs::copy(&path, &there).unwrap();
        }
    }
}

impl<'c> Stage<'c> {
    pub(super) fn new(connector: &'c Case) -> Self {
        let play: Play = Arc::new(Mutex::new((general::well(&connector.yesterday), 0)));
        let now = Arc::clone(&play);
        let server = Server::start(move |_, seen| {
            let (play, number) = {
                let mut now = now.lock().unwrap();
                now.1 += 1;
                (Arc::clone(&now.0), now.1 - 1)
            };
            play(number, seen)
        });
        let (lake, writer) = (connector.lake)();
        let before = View::of(writer.lake(), connector.touches);
        let nothing =
            Look { view: before.clone(), pulled: PullReport::default(), waits: Vec::new(), requests: 0 };
        let mut stage = Self { connector, server, play, lake, before, undisturbed: nothing };
        let mut desk = Desk { _folder: tempfile::tempdir().unwrap(), writer, hosts: Arc::default() };
        let mut scenario = stage.scenario(&connector.yesterday, TimeDelta::days(-1));
        let yesterday = stage.look(&mut desk, &scenario).unwrap();
        yesterday.well().unwrap();
        drop(desk);
        stage.before = yesterday.view;
        scenario = stage.scenario(&connector.honest, TimeDelta::zero());
        let undisturbed = stage.look(&mut stage.desk(), &scenario).unwrap();
        undisturbed.well().unwrap();
        assert_eq!(undisturbed.requests, connector.questions, "{}", connector.kind);
        assert_ne!(undisturbed.view.live, stage.before.live, "{} brings nothing", connector.kind);
        stage.undisturbed = undisturbed;
        stage
    }

    /// A source that is well, asked so much later.
    fn scenario(&self, honest: &Answerer, later: TimeDelta) -> Scenario {
        let play = general::well(honest);
        Scenario { play, limits: Limits::default(), at: self.connector.now + later }
    }

    fn desk(&self) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        copy(self.lake.path(), folder.path());
        let writer = Lake::open(folder.path()).unwrap().writer().unwrap();
        Desk { _folder: folder, writer, hosts: Arc::default() }
    }

    fn look(&self, desk: &mut Desk, scenario: &Scenario) -> Result<Look, String> {
        *self.play.lock().unwrap() = (Arc::clone(&scenario.play), 0);
        let clock = Still::at(&scenario.at.to_rfc3339());
        let client = Client::new(Guard::with_local([self.server.host()]), scenario.limits, &clock)
            .with_host_state(Arc::clone(&desk.hosts))
            .with_cache(HttpCache::in_folder(&desk.writer.lake().root().join("answers")));
        let connector = configured(self.connector.kind, &(self.connector.fields)(&self.server));
        let source = (&self.server, self.connector.source_id);
        let pulled = pull(connector.as_ref(), &client, &mut desk.writer, source);
        let pulled = pulled.map_err(|error| format!("it could not begin: {error}"))?;
        let view = View::of(desk.writer.lake(), self.connector.touches);
        let waits = clock.waits.lock().unwrap().clone();
        let look = Look { view, pulled, waits, requests: self.play.lock().unwrap().1 };
        // As a run does.
        client.cache().unwrap().commit_or_rollback(look.well().is_ok());
        look.view.sound(&self.before, self.connector.touches)?;
        self.quiet(desk, &look)?;
        Ok(look)
    }

    /// Nothing is said or kept that may not be.
    fn quiet(&self, desk: &Desk, look: &Look) -> Result<(), String> {
        let lake = desk.writer.lake();
        let kept = look.view.payloads.iter().filter(|_| !self.connector.never.is_empty());
        let kept = kept.map(|hash| String::from_utf8_lossy(&lake.raw(hash).unwrap()).into_owned());
        for text in kept.chain([format!("{:?}", look.pulled), look.view.refused.join("\n")]) {
            if let Some(word) = self.connector.never.iter().find(|word| text.contains(**word)) {
                return Err(format!("`{word}` is reported or kept: {text}"));
            }
        }
        Ok(())
    }

    /// A look in trouble, and one when the source is well again.
    pub(super) fn play(&self, trouble: &Trouble) -> Result<(), String> {
        let mut desk = self.desk();
        let at = trouble.at.unwrap_or(self.connector.now) + trouble.ahead;
        let scenario = Scenario { play: (trouble.play)(&self.connector.honest), limits: trouble.limits, at };
        let look = self.look(&mut desk, &scenario)?;
        self.ends(&look, &trouble.end)?;
        if let End::Nothing(_) = &trouble.end {
            let again = self.look(&mut desk, &scenario)?;
            self.ends(&again, &trouble.end)?;
            if again.view.payloads == look.view.payloads && again.view.edition != look.view.edition {
                return Err("the same trouble again is news".to_owned());
            }
        }
        let well = self.look(&mut desk, &self.scenario(&self.connector.honest, TimeDelta::hours(1)))?;
        let stays = self.connector.once && matches!(trouble.end, End::Reads { .. });
        let after = if stays { well.alike(&self.undisturbed) } else { well.same(&self.undisturbed) };
        after.map_err(|why| format!("the next look: {why}"))?;
        self.whole(&desk)
    }

    fn ends(&self, look: &Look, end: &End) -> Result<(), String> {
        let (before, after) = (&self.before, &self.undisturbed);
        match end {
            End::Passes(expected) => {
                look.same(after)?;
                let fits = look.waits.len() == expected.len()
                    && look.waits.iter().zip(expected).all(|(wait, (from, to))| from <= wait && wait <= to);
                fits.then_some(()).ok_or_else(|| format!("it waited {:?}, not {expected:?}", look.waits))
            }
            End::Reads { lost, other, word } => {
                look.well()?;
                let (expected, read) = (after.view.said(), look.view.said());
                let (lacking, others) = (less(&expected, &read), less(&read, &expected));
                if (lacking.len(), others.len()) != (*lost, *other) {
                    return Err(format!("lacking: {lacking:?}, others: {others:?}"));
                }
                let (said, message) = (look.remarks(), look.discrepancies() == after.discrepancies());
                (said.contains(word) && message).then_some(()).ok_or_else(|| format!("it reports `{said}`"))
            }
            End::Refused(words) => {
                look.explained(words)?;
                let known = [before.in_force(), after.view.in_force()].concat();
                match less(&look.view.in_force(), &known).first() {
                    None => Ok(()),
                    Some(other) => Err(format!("in force is what nobody said: {other}")),
                }
            }
            End::Nothing(words) => {
                look.explained(words)?;
                self.unchanged(look)
            }
            End::Waits => {
                look.well()?;
                self.unchanged(look)
            }
        }
    }

    fn unchanged(&self, look: &Look) -> Result<(), String> {
        let same = look.view.in_force() == self.before.in_force();
        same.then_some(()).ok_or_else(|| format!("something came in force: {:?}", look.view.live))
    }

    /// No byte of the lake is other than its editions say.
    fn whole(&self, desk: &Desk) -> Result<(), String> {
        let problems = desk.writer.lake().verify().map_err(|error| error.to_string())?.problems;
        problems.is_empty().then_some(()).ok_or_else(|| format!("the lake is damaged: {problems:?}"))
    }

    /// The source says otherwise later: what changed is told, once, and nothing else changes.
    pub(super) fn correct(&self, correction: &Correction) -> Result<(), String> {
        let mut desk = self.desk();
        let first = self.look(&mut desk, &self.scenario(&self.connector.honest, TimeDelta::zero()))?;
        first.same(&self.undisturbed)?;
        let later = self.scenario(&correction.honest, correction.after);
        let look = self.look(&mut desk, &later)?;
        look.well()?;
        let (then, now) = (first.view.said(), look.view.said());
        let changed: usize =
            look.pulled.reports.iter().filter_map(|r| Some(r.diff.as_ref()?.changed.len())).sum();
        let came = (less(&then, &now).len(), less(&now, &then).len(), changed);
        if came != (correction.lost, correction.new, correction.changed) {
            return Err(format!("(removed, new, reported as changed): {came:?}"));
        }
        if !look.remarks().contains(correction.word) {
            return Err(format!("it is not reported: `{}`", look.remarks()));
        }
        let again = self.look(&mut desk, &later)?;
        if again.view.edition != look.view.edition || again.discrepancies() != look.discrepancies() {
            return Err("the same correction again is news".to_owned());
        }
        self.whole(&desk)
    }
}
