//! A pull against a server that speaks the protocol as documented, cuts silently, and misbehaves on demand.

mod reference;
mod troubles;

use std::path::Path;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use utbredt_lake::{Lake, Writer};
use utbredt_sources::delimited::Contract;
use utbredt_sources::fiks::invoice::Invoice;

use super::{Activations, Delimited, DigisosList, InvoiceLines, Points, REGISTRY, StageList};
use crate::config::Identity;
use crate::connector::{self, Connector, Context, PullError, PullReport};
use crate::fetch::tests::{Still, maskinporten::KEY, maskinporten::registration, server::Act};
use crate::fetch::tests::{server::Seen, server::Server};
use crate::fetch::{Client, Guard, Limits, SecretPlace};
use crate::format::Format;

/// Sandefjord, Larvik and Tønsberg as the register of organisations has them since 2020.
const ORGANISATIONS: [&str; 3] = ["916882807", "918082956", "921383681"];
/// What the interface knows: a number for each hour, organisation and service.
#[derive(Clone)]
struct Interface {
    services: usize,
    /// How many points one answer has at most.
    cut: usize,
    /// Added to every value, so that a correction can be played.
    more: Arc<Mutex<i64>>,
    /// Whether a point's stamp is the end of its hour.
    end: bool,
}

impl Interface {
    fn new(services: usize, cut: usize) -> Self {
        Self { services, cut, more: Arc::default(), end: false }
    }

    /// Points whose stamps lie in the bounds, both included.
    fn answer(&self, seen: &Seen) -> Act {
        let path = seen.line.split(' ').nth(1).unwrap_or_default();
        if path == "/meta" {
            return Act::ok(r#"[{"owner":"991825827","name":"Digdir","distance":"hours"}]"#);
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        if path != "/991825827/idporten-innlogging/hours" {
            return Act::status(404, &[]);
        }
        let bound = |name: &str| -> DateTime<Utc> {
            let value = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap();
            value.parse().unwrap()
        };
        let (from, to) = (bound("from"), bound("to"));
        let mut points = Vec::new();
        let mut at = DateTime::from_timestamp((from.timestamp() + 3599) / 3600 * 3600, 0).unwrap();
        while at <= to {
            for organisation in ORGANISATIONS {
                for service in 0..self.services {
                    let hour = at - if self.end { TimeDelta::hours(1) } else { TimeDelta::zero() };
                    points.push(point(hour, at, organisation, service, *self.more.lock().unwrap()));
                }
            }
            at += TimeDelta::hours(1);
        }
        points.truncate(self.cut);
        Act::ok(format!("[{}]", points.join(",")))
    }
}

/// Every service of every organisation counts 1 in an hour, and `more`.
fn point(
    _hour: DateTime<Utc>,
    stamp: DateTime<Utc>,
    organisation: &str,
    service: usize,
    more: i64,
) -> String {
    let stamp = stamp.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    format!(
        "{{\"timestamp\":\"{stamp}\",\"measurements\":{{\"Antall\":{}}},\
         \"categories\":{{\"TE\":\"service {service}\",\"TE-orgnum\":\"{organisation}\"}}}}",
        1 + more
    )
}

/// A connector of some kind, from the fields it has in a plan.
fn configured(kind: &str, fields: &str) -> Arc<dyn Connector> {
    super::connector(kind, toml::from_str(fields).unwrap()).unwrap()
}

/// Pulls as a run does, with the secrets of the tests and the server as Maskinporten.
fn pull(
    connector: &dyn Connector,
    client: &Client<'_>,
    writer: &mut Writer,
    (server, id): (&Server, &str),
) -> Result<PullReport, PullError> {
    let identity = Identity { registration: registration(server), key: SecretPlace::Env("KEY".into()) };
    let environment = |name: &str| match name {
        "KEY" => Some(KEY.to_owned()),
        "PASSWORD" => Some("hemmelig".to_owned()),
        _ => None,
    };
    let base = Path::new(".");
    let context = Context { client, base, maskinporten: Some(&identity), environment: &environment };
    connector::pull(connector, &context, writer, &id.parse().unwrap())
}

/// The fields of a list of activations.
fn activations(server: &Server) -> String {
    format!(
        "url = \"{}\"\nsolution_id = \"digisos\"\nintegration_id = \"us\"\nintegration_password = {{ env = \"PASSWORD\" }}",
        server.url("/digisos/api/v1/nav/kommuner")
    )
}

const SERIES: &str = "owner = \"991825827\"\nseries = \"idporten-innlogging\"\ndistance = \"hours\"\n\
    kind = \"flow\"\nsolution_id = \"minside\"\nmeasures = { Antall = \"uses\" }\n\
    organisation_category = \"TE-orgnum\"\nsum_categories = [\"TE\"]\n";

/// The fields of a series.
fn series(server: &Server, more: &str, stamp: &str) -> String {
    format!(
        "url = \"{}\"\nfrom = \"2024-03-30\"\n{more}\n[series]\nstamp = \"{stamp}\"\n{SERIES}",
        server.url("")
    )
}

/// An example of every format, in the order of the registry, with a payload it makes something of.
pub(crate) fn formats() -> Vec<(Arc<dyn Format>, &'static str)> {
    let series = format!("{SERIES}stamp = \"end\"\nfilter = {{ status = \"ok\" }}\n");
    let invoice =
        "source_id = \"ks\"\nversion = 1\ntext = \"Tekst\"\ncount = \"Antall\"\norganisation = \"Orgnr\"\n";
    let contract = "source_id = \"s\"\nversion = 1\nsubject.column = \"k\"\nperiod.column = \"p\"\n\
        solution.fixed = \"digihelse\"\nmeasure.fixed = \"uses\"\nvalue.column = \"n\"\ndelimiter = \";\"\n\
        symbols = { x = \"suppressed\" }\ntotals.names = [\"Sum\"]\n";
    let note = crate::rollout::Note {
        municipality_code: "0301".to_owned(),
        from: "2020-01-01".parse().unwrap(),
        note: "merged".to_owned(),
    };
    vec![
        (
            Arc::new(Points(toml::from_str(&series).unwrap())),
            "[{\"timestamp\":\"2024-04-01T01:00:00Z\",\"measurements\":{\"Antall\":4},\"categories\":\
            {\"TE\":\"a\",\"TE-orgnum\":\"916882807\",\"status\":\"ok\"}}]",
        ),
        (
            Arc::new(DigisosList { notes: vec![note] }),
            "event_at,action,kommunenummer,commit\n2020-01-02T00:00:00Z,add,0301,a\n",
        ),
        (
            Arc::new(Activations("digisos".parse().unwrap())),
            "[{\"kommunenummer\":\"3907\",\"kanMottaSoknader\":true,\"kanOppdatereStatus\":true,\
            \"harMidlertidigDeaktivertMottak\":false,\"harMidlertidigDeaktivertOppdateringer\":false}]",
        ),
        (
            Arc::new(InvoiceLines(Invoice::from_toml(invoice).unwrap())),
            "Orgnr;Tekst;Antall\n964338531;2024-01 SvarUt - digital forsendelse;3\n",
        ),
        (
            Arc::new(Delimited(Contract::from_toml(contract).unwrap())),
            "k;p;n\n0301;2024-01;5\n4601;2024-01;x\n9999;2024;1\nSum;2024;5\n",
        ),
        (
            Arc::new(StageList),
            "municipality_code,solution_id,stage,valid_from\n0301,digisos,planned,2024-01-01\n",
        ),
    ]
}

#[test]
fn the_registry_is_in_order_and_without_doubles() {
    let names: Vec<&str> = REGISTRY.iter().map(|one| one.name).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted);
    let files: Vec<&str> = super::file_sources().map(|one| one.name).collect();
    assert_eq!(files, ["digisos", "stages"]);
    let unknown = super::file_source("stage", &[]).unwrap_err().to_string();
    assert!(unknown.contains("did you mean `stages`?"), "{unknown}");
}

/// 4 April 2024 at noon in Oslo.
fn noon() -> Still {
    Still::at("2024-04-04T10:00:00Z")
}

struct Desk {
    _folder: tempfile::TempDir,
    writer: Writer,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Lake::init(folder.path()).unwrap().writer().unwrap();
        crate::load_reference(&mut writer, &crate::tests::files(), "2024-01-01T00:00:00Z".parse().unwrap())
            .unwrap();
        Self { _folder: folder, writer }
    }

    fn pull(&mut self, server: &Server, clock: &Still, more: &str) -> Result<PullReport, PullError> {
        self.pull_stamped(server, clock, (more, "start"))
    }

    fn pull_stamped(
        &mut self,
        server: &Server,
        clock: &Still,
        (more, stamp): (&str, &str),
    ) -> Result<PullReport, PullError> {
        let client = Client::new(Guard::with_local([server.host()]), Limits::default(), clock);
        let digdir = configured("digdir", &series(server, more, stamp));
        pull(digdir.as_ref(), &client, &mut self.writer, (server, "digdir-idporten"))
    }

    /// Day, municipality, value and whether it may still change, of all usage.
    fn usage(&self) -> Vec<(String, String, i64, bool)> {
        use arrow::array::AsArray;
        use arrow::datatypes::{Date32Type, Int64Type};
        let lake = self.writer.lake();
        let edition = lake.latest().unwrap().unwrap();
        let mut rows = Vec::new();
        for batch in lake.read_table(&edition, crate::columns::table("usage").unwrap()).unwrap() {
            let column = |name: &str| batch.column_by_name(name).unwrap();
            let day = column("period_start").as_primitive::<Date32Type>();
            let code = column("municipality_code").as_string::<i32>();
            let value = column("value").as_primitive::<Int64Type>();
            let provisional = column("provisional").as_boolean();
            for i in 0..batch.num_rows() {
                let day = day.value_as_date(i).unwrap().to_string();
                rows.push((day, code.value(i).to_owned(), value.value(i), provisional.value(i)));
            }
        }
        rows.sort();
        rows
    }
}

/// Five days and three municipalities. The clock is set on 31 March: that day has 23 hours.
fn expected(services: i64, more: i64) -> Vec<(String, String, i64, bool)> {
    let days =
        [("2024-03-30", 24), ("2024-03-31", 23), ("2024-04-01", 24), ("2024-04-02", 24), ("2024-04-03", 24)];
    let mut rows = Vec::new();
    for (day, hours) in days {
        for code in ["3905", "3907", "3909"] {
            rows.push((day.to_owned(), code.to_owned(), hours * services * (1 + more), false));
        }
    }
    rows
}

fn serving(interface: &Interface) -> Server {
    let interface = interface.clone();
    Server::start(move |_, seen| interface.answer(seen))
}

#[test]
fn every_whole_day_comes_in_once() {
    let (mut desk, clock) = (Desk::new(), noon());
    let server = serving(&Interface::new(2, usize::MAX));
    let pulled = desk.pull(&server, &clock, "").unwrap();
    assert_eq!((pulled.stopped, pulled.reports.len()), (None, 5));
    assert!(
        pulled.reports.iter().all(|report| report.held.is_none() && report.rejected == 0),
        "{:?}",
        pulled.reports
    );
    assert_eq!(desk.usage(), expected(2, 0));
    // Again: three days are asked for again, and nothing is new.
    let edition = desk.writer.lake().latest().unwrap().unwrap().number;
    let again = desk.pull(&server, &clock, "").unwrap();
    assert_eq!((again.reports.len(), again.requests), (3, 4));
    assert!(again.reports.iter().all(|report| report.unchanged));
    assert_eq!(desk.writer.lake().latest().unwrap().unwrap().number, edition);
    // Six hours after its end, a day is asked for.
    clock.on(std::time::Duration::from_secs(17 * 3600));
    assert_eq!(desk.pull(&server, &clock, "trailing = 0").unwrap().reports.len(), 0);
    clock.on(std::time::Duration::from_secs(3600));
    assert_eq!(desk.pull(&server, &clock, "trailing = 0").unwrap().reports.len(), 1);
}

/// 3 organisations x 700 services are 2,100 points an hour, and five hours more than the interface gives.
#[test]
fn the_silent_cut_never_bites() {
    let (mut desk, clock) = (Desk::new(), noon());
    let server = serving(&Interface::new(700, 10_000));
    let pulled = desk.pull(&server, &clock, "trailing = 0").unwrap();
    assert_eq!(pulled.stopped, None);
    assert!(pulled.reports.iter().all(|report| report.held.is_none()), "{:?}", pulled.reports);
    assert_eq!(desk.usage(), expected(700, 0));
    // The first day finds out how finely to request; the others begin there.
    assert!(server.requests().len() < 1 + 15 + 5 * 12, "{} requests", server.requests().len());

    // An hour that is cut itself cannot be told: nothing of it is believed.
    let mut desk = Desk::new();
    let pulled =
        desk.pull(&serving(&Interface::new(4_000, 10_000)), &clock, "trailing = 0\nlag_hours = 80").unwrap();
    assert!(
        pulled
            .reports
            .iter()
            .all(|report| report.held.as_ref().is_some_and(|why| why[0].contains("cuts it off")))
    );
    assert!(desk.usage().is_empty());
}

#[test]
fn a_correction_of_the_last_days_takes_their_place() {
    let (mut desk, clock) = (Desk::new(), noon());
    let interface = Interface::new(1, usize::MAX);
    let server = serving(&interface);
    desk.pull(&server, &clock, "").unwrap();
    *interface.more.lock().unwrap() = 1;
    let pulled = desk.pull(&server, &clock, "").unwrap();
    let changed: Vec<usize> = pulled.reports.iter().map(|r| r.diff.as_ref().unwrap().changed.len()).collect();
    assert_eq!(changed, [3, 3, 3]);
    let (old, new) = (expected(1, 0), expected(1, 1));
    assert_eq!(desk.usage(), [&old[..6], &new[6..]].concat());
}

#[test]
fn hours_stamped_at_their_end_fall_in_the_right_day() {
    let (mut desk, clock) = (Desk::new(), noon());
    let server = serving(&Interface { end: true, ..Interface::new(1, usize::MAX) });
    let pulled = desk.pull_stamped(&server, &clock, ("", "end")).unwrap();
    assert_eq!((pulled.stopped, desk.usage()), (None, expected(1, 0)));
}

#[test]
fn a_series_that_is_not_offered_is_named_with_those_that_are() {
    let (mut desk, clock) = (Desk::new(), noon());
    let server = Server::acting(vec![Act::ok(r#"[{"owner":"974760673","distance":"days"}]"#)]);
    let message = desk.pull(&server, &clock, "").unwrap_err().to_string();
    assert!(message.contains("991825827/hours") && message.contains("974760673/days"), "{message}");
}

const LIST: &str = r#"[{"kommunenummer":"3907","kanMottaSoknader":true,"kanOppdatereStatus":true,
    "harMidlertidigDeaktivertMottak":false,"harMidlertidigDeaktivertOppdateringer":false,"harNksTilgang":true,
    "behandlingsansvarlig":null,"kontaktpersoner":{"fagansvarligEpost":["kari.nordmann@example.no"],
    "tekniskAnsvarligEpost":[]}}]"#;

/// The platform gives tokens, and no longer takes the second one when it is shown.
#[test]
fn activations_come_in_by_token_and_without_a_persons_name() {
    let (mut desk, clock) = (Desk::new(), noon());
    let taken = Mutex::new(None);
    let server = Server::start(move |number, seen| {
        let mut taken = taken.lock().unwrap();
        match seen.line.split(' ').nth(1) {
            Some("/token") => {
                *taken = Some(number);
                Act::ok(format!(r#"{{"access_token":"token-{number}","expires_in":3600}}"#))
            }
            Some("/digisos/api/v1/nav/kommuner") => {
                if number == 3 {
                    *taken = None;
                }
                let token = taken.map(|number| format!("bearer token-{number}"));
                assert!(seen.headers.contains("integrasjonpassord: hemmelig"));
                if token.is_some_and(|token| seen.headers.contains(&token)) {
                    Act::ok(LIST)
                } else {
                    Act::status(401, &[])
                }
            }
            _ => Act::status(404, &[]),
        }
    });
    let client = Client::new(Guard::with_local([server.host()]), Limits::default(), &clock);
    let list = configured("fiks_activation", &activations(&server));
    let mut look = || pull(list.as_ref(), &client, &mut desk.writer, (&server, "fiks-digisos")).unwrap();
    let first = look();
    assert_eq!((first.stopped, first.reports[0].accepted), (None, 1));
    // The token is no longer taken: a new one is asked for, and the list once more.
    let second = look();
    assert_eq!((second.stopped, server.requests().len()), (None, 6));
    assert!(second.reports[0].unchanged, "the same list on the same day");
    clock.on(std::time::Duration::from_secs(24 * 3600));
    let third = look();
    assert_eq!((third.stopped, third.reports[0].accepted, server.requests().len()), (None, 1, 8));
    // Nothing of what is kept names a person.
    let lake = desk.writer.lake();
    let edition = lake.latest().unwrap().unwrap();
    let receipts = lake.read_table(&edition, crate::columns::table("receipts").unwrap()).unwrap();
    let mut kept = 0;
    for batch in &receipts {
        use arrow::array::AsArray;
        for sha256 in batch.column_by_name("sha256").unwrap().as_string::<i32>().iter().flatten() {
            let text = String::from_utf8(lake.raw(sha256).unwrap()).unwrap();
            assert!(text.contains("3907") && !text.contains("nordmann") && !text.contains("post"), "{text}");
            kept += 1;
        }
    }
    assert_eq!(kept, 2);
}
