//! The connectors, each described once: what its source answers when it is well, how it is pulled, and what of the lake is
//! its business.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::{AsArray, BooleanArray};
use arrow::compute::filter_record_batch;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;
use utbredt_lake::{EditionDraft, Writer};

use super::super::reference::office::{Mood, Office};
use super::super::reference::registers::{Brreg, feed, list, of_2024, places, to_come, unit};
use super::super::{Interface, activations, series};
use super::{Answerer, Case, Correction, general, own, token};
use crate::fetch::tests::server::{Act, Seen};
pub(super) fn all() -> Vec<Case> {
    let all = [of_digdir(), of_fiks(), of_ssb(), of_klass(), of_brreg(), of_kartverket()];
    let tagged = |one: Case| Case {
        yesterday: general::tagged(one.yesterday),
        honest: general::tagged(one.honest),
        ..one
    };
    all.into_iter().map(tagged).collect()
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn answerer(answer: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Answerer {
    Arc::new(answer)
}

/// One answer to every question.
fn always(act: Act) -> Answerer {
    answerer(move |_| act.clone())
}

/// A correction nothing of which is a fact: it is told.
fn message(honest: Answerer, word: &'static str) -> Correction {
    Correction { honest, after: TimeDelta::hours(1), lost: 0, new: 0, changed: 0, word }
}

/// Hours of three organisations. Four days were brought in, of which the newest is asked for again together with the fifth.
fn of_digdir() -> Case {
    let interface = |more| {
        let interface = Interface { more: Arc::new(Mutex::new(more)), ..Interface::new(1, usize::MAX) };
        answerer(move |seen| interface.answer(seen))
    };
    Case {
        kind: "digdir",
        source_id: "digdir-idporten",
        lake: || small("2024-01-01T00:00:00Z", &["population"]),
        fields: |server| series(server, "trailing = 2\nlag_hours = 0", "start"),
        yesterday: interface(0),
        honest: interface(0),
        now: moment("2024-04-04T10:00:00Z"),
        questions: 3,
        min_interval: Duration::ZERO,
        // An interface that does not say what it has is asked all the same.
        spared: &[0],
        once: false,
        touches: &["usage"],
        renamed: &[("owner", "eier"), ("timestamp", "tidspunkt")],
        words: &["not a whole JSON array", "has no points", "rows were rejected"],
        never: &[],
        own: own::of_digdir(),
        // Two days by three municipalities.
        correction: Correction {
            honest: interface(1),
            after: TimeDelta::hours(1),
            lost: 6,
            new: 6,
            changed: 6,
            word: "",
        },
    }
}

/// Municipalities on the platform; the last one is served by another way.
pub(super) const ACTIVE: [&str; 12] =
    ["0301", "1103", "1508", "3301", "3905", "3907", "3909", "4601", "4627", "4631", "5001", "5501"];

/// The token its answers are given for.
pub(super) const TOKEN: &str = "the-token-of-today";

/// What the platform says of a municipality: whether it receives, and whether that is switched off for now.
pub(super) fn activation(code: &str, receives: bool, not_now: bool) -> Value {
    json!({
        "kommunenummer": code, "kanMottaSoknader": receives, "kanOppdatereStatus": receives,
        "harMidlertidigDeaktivertMottak": not_now, "harMidlertidigDeaktivertOppdateringer": false,
        "harNksTilgang": true, "behandlingsansvarlig": null,
        "kontaktpersoner": {"fagansvarligEpost": ["kari.nordmann@example.no"], "tekniskAnsvarligEpost": []},
    })
}

/// The platform gives a token to whoever states who it is, and the list to whoever shows the token.
fn platform(list: Vec<Value>) -> Answerer {
    answerer(move |seen| match seen.line.split(' ').nth(1) {
        Some("/token") if seen.body.contains("&assertion=eyJ") => {
            Act::ok(json!({"access_token": TOKEN, "expires_in": 3600}).to_string())
        }
        Some("/digisos/api/v1/nav/kommuner")
            if seen.headers.contains(&format!("authorization: bearer {TOKEN}"))
                && seen.headers.contains("integrasjonpassord: hemmelig") =>
        {
            Act::ok(Value::from(list.clone()).to_string())
        }
        _ => Act::status(401, &[]),
    })
}

fn of_fiks() -> Case {
    let all = |last: bool| -> Vec<Value> {
        ACTIVE.iter().map(|code| activation(code, *code != "5501" || last, false)).collect()
    };
    // A day later one has switched off for a time, one is served the new way, and one is not in the list.
    let mut later = all(true);
    later[0] = activation(ACTIVE[0], true, true);
    later.remove(1);
    Case {
        kind: "fiks_activation",
        source_id: "fiks-digisos",
        lake: || small("2024-01-01T00:00:00Z", &["population"]),
        fields: activations,
        yesterday: platform(all(false)[1..].to_vec()),
        honest: platform(all(false)),
        now: moment("2024-04-04T10:00:00Z"),
        questions: 2,
        min_interval: Duration::ZERO,
        spared: &[],
        once: false,
        touches: &["rollout_events"],
        renamed: &[("access_token", "token"), ("kommunenummer", "kommunenr")],
        words: &["answers is no token", "not a whole JSON list", "the list is empty", "rows were rejected"],
        never: &["hemmelig", TOKEN, "eyJ", "PRIVATE KEY", "nordmann", "Epost"],
        own: token::of_fiks(),
        correction: Correction {
            honest: platform(later),
            after: TimeDelta::days(1),
            lost: 0,
            new: 11,
            changed: 0,
            word: "",
        },
    }
}

/// A lake in which some tables tell of one county only: a year is a small question there, and the rest quickly read.
fn small(made: &str, names: &[&'static str]) -> (TempDir, Writer) {
    let (folder, mut writer) = crate::tests::ready_at(made);
    let edition = writer.lake().latest().unwrap().unwrap();
    let mut replace = Vec::new();
    for name in names {
        let table = crate::columns::table(name).unwrap();
        for batch in writer.lake().read_table(&edition, table).unwrap() {
            let codes = batch.column_by_name("municipality_code").unwrap().as_string::<i32>();
            let ours: BooleanArray =
                codes.iter().map(|code| code.map(|code| code.starts_with(ROGALAND))).collect();
            replace.push((table, filter_record_batch(&batch, &ours).unwrap()));
        }
    }
    let change = EditionDraft {
        recorded_at: edition.recorded_at,
        reason: "one county".to_owned(),
        replace,
        append: Vec::new(),
        supersedes: Vec::new(),
        receipts: Vec::new(),
    };
    writer.commit(change).unwrap();
    (folder, writer)
}

const ROGALAND: &str = "11";

pub(super) fn office(years: std::ops::RangeInclusive<i32>, mood: Mood) -> Answerer {
    let office = Office::new(years).only(ROGALAND);
    office.be(mood);
    answerer(move |seen| office.answer(seen))
}

/// 2025 was brought in; 2026 is asked for in two parts, for the 23 municipalities are 4,876 cells, and the total.
fn of_ssb() -> Case {
    Case {
        kind: "ssb_population",
        source_id: "ssb-population",
        lake: || small("2026-01-01T00:00:00Z", &["municipalities", "population"]),
        fields: |server| format!("url = \"{}\"\nfrom = 2025\ntotal = \"0\"\ncells = 2600", server.url("/v2")),
        yesterday: office(2025..=2025, Mood::Well),
        honest: office(2025..=2026, Mood::Well),
        now: moment("2026-11-24T06:00:00Z"),
        questions: 4,
        min_interval: Duration::from_secs(2),
        spared: &[],
        once: true,
        touches: &["population"],
        renamed: &[("dimension", "dimensions")],
        words: &[
            "not whole JSON",
            "no json-stat dataset",
            "is not as it was",
            "is listed but not described",
            "the list of dimensions",
        ],
        never: &[],
        own: own::of_ssb(),
        // Who stands is not asked about again.
        correction: message(office(2025..=2026, Mood::Other("1103")), ""),
    }
}

fn of_klass() -> Case {
    let later = [of_2024(), to_come()[..3].to_vec()].concat();
    Case {
        kind: "klass_changes",
        source_id: "klass-changes",
        lake: || small("2026-01-01T00:00:00Z", &["population"]),
        fields: |server| format!("url = \"{}\"", server.url("/v1")),
        yesterday: always(feed(&of_2024())),
        honest: always(feed(&[of_2024(), to_come()].concat())),
        now: moment("2026-11-24T06:00:00Z"),
        questions: 1,
        min_interval: Duration::ZERO,
        spared: &[],
        once: false,
        touches: &[],
        renamed: &[("codeChanges", "changes")],
        words: &["cannot be read"],
        never: &[],
        own: own::of_klass(),
        correction: message(always(feed(&later)), "SSB announces 1 change from 2027-01-01"),
    }
}

/// The register as the tables have it, and one unit more.
pub(super) fn register(more: bool) -> Brreg {
    let register = Brreg::new();
    if more {
        register.units.lock().unwrap().push(unit("999999905", "HARAM KOMMUNE", "1580", "KOMM"));
    }
    register
}

pub(super) fn listed(register: Brreg) -> Answerer {
    answerer(move |seen| register.answer(seen))
}

/// Pages of 200 units.
fn of_brreg() -> Case {
    let later = register(true);
    later.units.lock().unwrap()[0]["slettedato"] = json!("2026-11-01");
    Case {
        kind: "brreg_organisations",
        source_id: "brreg",
        lake: || small("2026-01-01T00:00:00Z", &["population"]),
        fields: |server| format!("url = \"{}\"\npage_size = 200", server.url("/api")),
        yesterday: listed(register(false)),
        honest: listed(register(true)),
        now: moment("2026-11-24T06:00:00Z"),
        questions: 2,
        min_interval: Duration::ZERO,
        spared: &[],
        once: false,
        touches: &[],
        renamed: &[("organisasjonsnummer", "orgnr")],
        words: &["not whole JSON", "does not say which page", "cannot be believed"],
        never: &["NORDMANN"],
        own: own::of_brreg(),
        correction: message(listed(later), "and not, or no longer, in the register"),
    }
}

fn of_kartverket() -> Case {
    let named = |name: &str| {
        let mut all = places();
        let bergen = all.iter_mut().find(|place| place["kommunenummer"] == "4601").unwrap();
        bergen["kommunenavn"] = json!(name);
        bergen["kommunenavnNorsk"] = json!(name);
        always(list(&all))
    };
    Case {
        kind: "kartverket_municipalities",
        source_id: "kartverket",
        lake: || small("2026-01-01T00:00:00Z", &["population"]),
        fields: |server| format!("url = \"{}\"", server.url("/kommuner")),
        yesterday: named("Bergen"),
        honest: named("Bjørgvin"),
        now: moment("2026-11-24T06:00:00Z"),
        questions: 1,
        min_interval: Duration::ZERO,
        spared: &[],
        once: false,
        touches: &[],
        renamed: &[("kommunenavnNorsk", "norskNavn")],
        words: &["not a whole list", "the list is empty", "cannot be believed"],
        never: &[],
        own: own::of_kartverket(),
        correction: message(named("Bergen by"), "Bergen by"),
    }
}
