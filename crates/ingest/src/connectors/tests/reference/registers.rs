//! Changes, organisations and municipalities, pulled.

use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Desk, configured, constant_server, held, message, morning, target};
use crate::Context;
use crate::config::IngestConfig;
use crate::connector::PullReport;
use crate::fetch::tests::server::{Act, Seen, Server};
use crate::fetch::{Client, Guard, HttpCache, Limits};

/// Rows of a shipped table, by the place of their fields.
pub(crate) fn shipped(name: &str) -> Vec<Vec<String>> {
    let files = crate::tests::files();
    let (_, bytes) = files.iter().find(|(path, _)| *path == format!("reference/{name}.csv")).unwrap();
    let lines = std::str::from_utf8(bytes).unwrap().lines().skip(1);
    lines.map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

pub(crate) fn change(date: &str, old: (&str, &str), new: (&str, &str)) -> Value {
    json!({"oldCode": old.0, "oldName": old.1, "newCode": new.0, "newName": new.1, "changeOccurred": date})
}

/// The changes of 2024, as the register lists them.
pub(crate) fn of_2024() -> Vec<Value> {
    let rows = shipped("municipality_changes").into_iter().filter(|row| row[0] == "2024-01-01");
    rows.map(|r| change(&r[0], (&r[1], &r[3]), (&r[2], &r[4]))).collect()
}

/// The piece of land that changes hands in 2026 and 2027's merger.
pub(crate) fn to_come() -> Vec<Value> {
    vec![
        change("2026-01-01", ("3118", "Indre Østfold"), ("3118", "Indre Østfold")),
        change("2026-01-01", ("3118", "Indre Østfold"), ("3207", "Nordre Follo")),
        change("2027-01-01", ("4601", "Bergen"), ("4698", "Storby")),
        change("2027-01-01", ("4627", "Askøy"), ("4698", "Storby")),
    ]
}

pub(crate) fn feed(changes: &[Value]) -> Act {
    Act::ok(json!({"codeChanges": changes}).to_string())
}

fn klass(desk: &mut Desk, server: &Server) -> PullReport {
    let fields = format!("url = \"{}\"", server.url("/v1"));
    desk.pull(server, &morning(), configured("klass_changes", &fields).as_ref()).unwrap()
}

fn serving(answer: Act) -> Server {
    constant_server(move |_| answer.clone())
}

#[test]
fn borders_about_to_move_are_reported_and_not_moved() {
    let mut desk = Desk::new();
    let (changes, municipalities) = (desk.rows("municipality_changes"), desk.rows("municipalities"));
    let server = serving(feed(&of_2024()));
    assert_eq!(held(&klass(&mut desk, &server)), "");
    let (path, query) = target(&server.requests()[0]);
    assert_eq!(
        (path.as_str(), query.as_str()),
        ("/v1/classifications/131/changes", "from=2024-01-01&includeFuture=true")
    );
    let edition = desk.edition();
    assert!(klass(&mut desk, &server).reports[0].unchanged);
    assert_eq!(desk.edition(), edition);

    // Rows come in any order and more than once.
    let mut all = [to_come(), of_2024(), to_come()].concat();
    all.reverse();
    let pulled = klass(&mut desk, &serving(feed(&all)));
    let news = message(&pulled);
    let lines: Vec<&str> = news.lines().collect();
    assert_eq!(
        lines,
        [
            "SSB has 2 changes from 2026-01-01: 3118 Indre Østfold -> 3118 Indre Østfold (boundary), 3118 Indre Østfold -> \
             3207 Nordre Follo (boundary); the reference tables of this version do not know them",
            "SSB announces 2 changes from 2027-01-01: 4601 Bergen -> 4698 Storby (merge), 4627 Askøy -> 4698 Storby \
             (merge); the reference tables of this version do not know them",
        ]
    );
    assert_eq!((desk.rows("municipality_changes"), desk.rows("municipalities")), (changes, municipalities));
    assert!(desk.kept().iter().any(|kept| kept.contains("Storby")));
    // What is told is told each time it is asked, and is no news for the lake.
    let edition = desk.edition();
    let again = klass(&mut desk, &serving(feed(&all)));
    assert_eq!((again.reports[0].unchanged, message(&again), desk.edition()), (true, news, edition));
}

/// What the register does not say of a change, it says of another: who lives on, who was there already.
#[test]
fn a_change_is_called_what_it_is() {
    let mut desk = Desk::new();
    for (more, word) in [
        (vec![change("2027-01-01", ("4627", "Askøy"), ("4601", "Bergen"))], "(merge)"),
        (vec![change("2027-01-01", ("4627", "Askøy"), ("4698", "Askøy"))], "(renumber)"),
        (
            vec![change("2027-01-01", ("0301", "Oslo"), ("0301", "Oslo - Oslove"))],
            "0301 Oslo -> 0301 Oslo - Oslove (rename)",
        ),
        (vec![change("2027-01-01", ("4627", "Askøy"), ("", ""))], "4627 Askøy -> nothing (ceased)"),
    ] {
        let news = message(&klass(&mut desk, &serving(feed(&[of_2024(), more].concat()))));
        assert!(news.starts_with("SSB announces 1 change from 2027-01-01") && news.contains(word), "{news}");
    }
}

/// What an answer announces is in the log of runs, where whoever looks after the lake sees it; the source has not failed.
#[test]
fn a_run_notes_what_is_about_to_change() {
    let mut desk = Desk::new();
    let (server, clock) = (serving(feed(&[of_2024(), to_come()].concat())), morning());
    let plan = format!(
        "hosts = [\"{}\"]\n[[source]]\nid = \"klass\"\nkind = \"klass_changes\"\nschedule = \"weekly on monday\"\n\
         url = \"{}\"\n",
        server.host(),
        server.url("/v1")
    );
    let plan = IngestConfig::parse(&plan, Path::new("utbredt.toml")).unwrap();
    let client = Client::new(Guard::with_local([server.host()]), Limits::default(), &clock);
    let means = Context { client: &client, base: Path::new("."), maskinporten: None, environment: &|_| None };
    let run = crate::run(&mut desk.writer, &means, plan.source("klass").unwrap()).unwrap();
    assert_eq!((run.error.clone(), run.deliveries, run.rows_in, run.accepted), (None, 1, 122, 0));
    assert!(
        run.discrepancies[0].starts_with("changes since 2024-01-01: SSB has 2 changes from 2026-01-01"),
        "{:?}",
        run.discrepancies
    );
    assert!(run.discrepancies[1].contains("SSB announces 2 changes from 2027-01-01"));
    assert!(run.is_healthy(), "the source is healthy");
    assert_eq!(desk.writer.lake().runs().unwrap(), [run]);
    assert!(desk.writer.lake().verify().unwrap().problems.is_empty());
}

/// A page dated today is no answer, and by that day the answer did not change: a run forgets what it did not believe.
#[test]
fn a_run_forgets_what_it_did_not_believe() {
    let mut desk = Desk::new();
    let body = list(&places());
    let server = Server::start(move |number, seen| match number {
        0 => Act::Say(
            200,
            vec![("Last-Modified".into(), "Tue, 24 Nov 2026 05:00:00 GMT".into())],
            b"<html>".into(),
        ),
        _ if seen.headers.contains("if-modified-since") => Act::Say(304, Vec::new(), Vec::new()),
        _ => body.clone(),
    });
    let plan = format!(
        "hosts = [\"{}\"]\n[[source]]\nid = \"kartverket\"\nkind = \"kartverket_municipalities\"\n\
         schedule = \"daily\"\nurl = \"{}\"\n",
        server.host(),
        server.url("/kommuner")
    );
    let plan = IngestConfig::parse(&plan, Path::new("utbredt.toml")).unwrap();
    let (clock, folder) = (morning(), tempfile::tempdir().unwrap());
    let client = Client::new(Guard::with_local([server.host()]), Limits::default(), &clock)
        .with_cache(HttpCache::in_folder(folder.path()));
    let means = Context { client: &client, base: Path::new("."), maskinporten: None, environment: &|_| None };
    let mut look = || crate::run(&mut desk.writer, &means, plan.source("kartverket").unwrap()).unwrap();
    let (first, second) = (look(), look());
    assert!(first.held[0].contains("not a whole list"), "{:?}", first.held);
    assert!(second.is_healthy() && second.rows_in == 357, "{second:?}");
}

/// A range that reaches where there is no table is refused whole: what can be asked is, and what cannot is told.
#[test]
fn a_range_without_a_table_is_reported() {
    let mut desk = Desk::new();
    let all = [of_2024(), to_come()[..2].to_vec()].concat();
    let server = constant_server(move |seen| match target(seen).1.as_str() {
        "from=2024-01-01&to=2026-11-25" => feed(&all),
        _ => Act::status(404, &[]),
    });
    let pulled = klass(&mut desk, &server);
    assert!(pulled.stopped.as_ref().unwrap().contains("nothing is known of what is to come"));
    assert!(pulled.reports[0].discrepancies[0].starts_with("SSB has 2 changes from 2026-01-01"));
    let removed = klass(&mut desk, &serving(Act::status(404, &[])));
    assert!(removed.reports.is_empty() && removed.stopped.unwrap().contains("404"));
}

/// The organisations of today: number, name, code.
fn of_today() -> Vec<(String, String, String)> {
    let rows = shipped("organisations").into_iter().filter(|row| row[5].is_empty());
    rows.map(|row| (row[0].clone(), format!("{} KOMMUNE", row[1].to_uppercase()), row[2].clone())).collect()
}

pub(crate) fn unit(number: &str, name: &str, code: &str, form: &str) -> Value {
    json!({"organisasjonsnummer": number, "navn": name, "organisasjonsform": {"kode": form},
           "forretningsadresse": {"kommunenummer": code}})
}

/// A register of units.
#[derive(Clone)]
pub(crate) struct Brreg {
    pub(crate) units: Arc<Mutex<Vec<Value>>>,
    /// The page that is given whatever page is asked for, and what is said of how many units there are.
    pub(crate) always: Option<usize>,
    pub(crate) total: Option<u64>,
    pub(crate) shuffled: bool,
}

impl Brreg {
    pub(crate) fn new() -> Self {
        let units = of_today().iter().map(|(number, name, code)| unit(number, name, code, "KOMM")).collect();
        Self { units: Arc::new(Mutex::new(units)), always: None, total: None, shuffled: false }
    }

    pub(crate) fn answer(&self, seen: &Seen) -> Act {
        let (path, query) = target(seen);
        assert!(path == "/api/enheter" && query.contains("organisasjonsform=KOMM"), "{path}?{query}");
        let of = |name: &str| -> usize {
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.parse().ok()).unwrap()
        };
        let (size, page) = (of("size="), self.always.unwrap_or(of("page=")));
        let mut units = self.units.lock().unwrap().clone();
        if self.shuffled && page % 2 == 1 {
            units.rotate_left(1);
        }
        let total = self.total.unwrap_or(units.len() as u64);
        let listed: Vec<&Value> = units.iter().skip(page * size).take(size).collect();
        Act::ok(
            json!({"_embedded": {"enheter": listed}, "page": {"size": size, "number": page,
                   "totalElements": total, "totalPages": total.div_ceil(size as u64)}})
            .to_string(),
        )
    }

    fn pull(&self, desk: &mut Desk) -> PullReport {
        let register = self.clone();
        brreg(desk, &constant_server(move |seen| register.answer(seen)))
    }
}

fn brreg(desk: &mut Desk, server: &Server) -> PullReport {
    let fields = format!("url = \"{}\"", server.url("/api"));
    desk.pull(server, &morning(), configured("brreg_organisations", &fields).as_ref()).unwrap()
}

#[test]
fn organisations_that_differ_are_reported() {
    let mut desk = Desk::new();
    let organisations = desk.rows("organisations");
    let register = Brreg::new();
    let pulled = register.pull(&mut desk);
    assert_eq!(held(&pulled), "");
    assert_eq!(pulled.requests, 4);
    assert!(register.pull(&mut desk).reports[0].unchanged);

    // One is new, Alver lies in Bergen, Færder is struck off.
    {
        let mut units = register.units.lock().unwrap();
        units.push(unit("999999905", "HARAM KOMMUNE", "1580", "KOMM"));
        let at = |number: &str, units: &[Value]| {
            units.iter().position(|unit| unit["organisasjonsnummer"] == number).unwrap()
        };
        let (alver, faerder) = (at("920290922", &units), at("817263992", &units));
        units[alver]["forretningsadresse"]["kommunenummer"] = json!("4601");
        units[faerder]["slettedato"] = json!("2026-11-01");
    }
    let news = message(&register.pull(&mut desk));
    let lines: Vec<&str> = news.lines().collect();
    assert_eq!(
        lines,
        [
            "1 organisation in the register and not in the reference tables of this version: 999999905 HARAM KOMMUNE (1580)",
            "1 organisation in another municipality than in the reference tables: 920290922 ALVER KOMMUNE (4601, and \
             4631 in the tables)",
            "1 organisation in the reference tables and not, or no longer, in the register: 817263992 Færder (3911)",
        ]
    );
    assert_eq!(desk.rows("organisations"), organisations);
}

/// A person's own firm that comes where none was asked for is not kept.
#[test]
fn no_person_is_kept() {
    let mut desk = Desk::new();
    let register = Brreg::new();
    register.units.lock().unwrap().insert(3, unit("999999921", "KARI NORDMANN", "4631", "ENK"));
    let why = held(&register.pull(&mut desk));
    assert!(why.contains("1 unit cannot be believed"), "{why}");
    let kept = desk.kept();
    assert!(kept.iter().any(|kept| kept.contains("ALVER KOMMUNE")));
    assert!(kept.iter().all(|kept| !kept.contains("NORDMANN")));
    assert!(desk.rows("rejections").iter().all(|row| !row.contains("NORDMANN")));
}

fn kartverket(desk: &mut Desk, server: &Server) -> PullReport {
    let fields = format!("url = \"{}\"", server.url("/kommuner"));
    desk.pull(server, &morning(), configured("kartverket_municipalities", &fields).as_ref()).unwrap()
}

/// The municipalities of today as Kartverket lists them; of two in one name the last is Norwegian.
pub(crate) fn places() -> Vec<Value> {
    let rows = shipped("municipalities").into_iter().filter(|row| row[4].is_empty());
    rows.map(|row| {
        let norwegian = row[1].split(" (").next().unwrap().split(" - ").last().unwrap();
        json!({"kommunenummer": row[0], "kommunenavn": row[1].split(" (").next(), "kommunenavnNorsk": norwegian})
    })
    .collect()
}

pub(crate) fn list(places: &[Value]) -> Act {
    Act::ok(Value::from(places.to_vec()).to_string())
}

#[test]
fn municipalities_that_differ_are_reported() {
    let mut desk = Desk::new();
    let municipalities = desk.rows("municipalities");
    let all = places();
    let (body, mut shuffled) = (list(&all), all.clone());
    assert_eq!(held(&kartverket(&mut desk, &serving(body))), "");
    shuffled.reverse();
    assert_eq!(held(&kartverket(&mut desk, &serving(list(&shuffled)))), "");
    let mut other = all.clone();
    other.retain(|place| place["kommunenummer"] != "0301");
    other.push(json!({"kommunenummer": "4698", "kommunenavn": "Storby", "kommunenavnNorsk": "Storby"}));
    let bergen = other.iter_mut().find(|place| place["kommunenummer"] == "4601").unwrap();
    bergen["kommunenavn"] = json!("Bjørgvin");
    bergen["kommunenavnNorsk"] = json!("Bjørgvin");
    let news = message(&kartverket(&mut desk, &serving(list(&other))));
    let lines: Vec<&str> = news.lines().collect();
    assert_eq!(
        lines,
        [
            "1 municipality in the list and not in the reference tables of this version: 4698 Storby",
            "1 municipality in the reference tables and not in the list: 0301 Oslo",
            "1 municipality with another name than in the reference tables: 4601 Bjørgvin (Bergen in the tables)",
        ]
    );
    assert_eq!(desk.rows("municipalities"), municipalities);
}
