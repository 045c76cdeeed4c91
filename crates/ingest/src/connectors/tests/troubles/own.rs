//! The ways in which one source's rows and pages go wrong: another order, the same twice, a part of it, or more than was
//! asked for.

use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::super::reference::office::Mood;
use super::super::reference::registers::{Brreg, change, feed, of_2024, to_come};
use super::connectors::{listed, office, register};
use super::{Answerer, End, Playing, Trouble, general};
use crate::fetch::tests::server::{Act, Seen};

/// Reads all the same, but for a remark.
fn reads(word: &'static str) -> End {
    End::Reads { lost: 0, other: 0, word }
}

fn nothing(word: &'static str) -> End {
    End::Nothing(vec![word])
}

/// Answers of which the JSON is changed, where a request is chosen.
pub(super) fn edited(
    name: &str,
    end: End,
    chosen: impl Fn(&Seen) -> bool + Send + Sync + 'static,
    edit: impl Fn(&mut Value) + Send + Sync + 'static,
) -> Trouble {
    let does = Arc::new((chosen, edit));
    Trouble::new(name, end, move |honest| {
        let (does, honest) = (Arc::clone(&does), Arc::clone(honest));
        Arc::new(move |_, seen| match general::whole(&honest, seen) {
            Act::Say(status, headers, body) if does.0(seen) => {
                let mut answer = serde_json::from_slice(&body).unwrap();
                does.1(&mut answer);
                Act::Say(status, headers, answer.to_string().into_bytes())
            }
            act => act,
        })
    })
}

/// A source that answers as another one would that is well.
fn instead(name: &str, end: End, other: Answerer) -> Trouble {
    Trouble::new(name, end, move |_| general::well(&other))
}

fn array(answer: &mut Value) -> &mut Vec<Value> {
    answer.as_array_mut().unwrap()
}

/// Another order: backwards, and begun in the middle.
pub(super) fn shuffle(rows: &mut [Value]) {
    rows.reverse();
    let half = rows.len() / 2;
    rows.rotate_left(half);
}

/// Each row twice, the second time after all others.
fn repeat(rows: &mut Vec<Value>) {
    rows.extend_from_within(..);
}

fn points(seen: &Seen) -> bool {
    seen.line.contains("/hours")
}

/// Adds points of services nobody used, until an answer has so many that the interface cuts it, which it does.
fn pad(points: &mut Vec<Value>, hour: usize) {
    let mut padded = Vec::new();
    for of_hour in points.chunks(3) {
        padded.extend_from_slice(of_hour);
        for service in 3..hour {
            let mut idle = of_hour[0].clone();
            idle["measurements"]["Antall"] = json!(0);
            idle["categories"]["TE"] = json!(format!("idle {service}"));
            padded.push(idle);
        }
    }
    padded.truncate(10_000);
    *points = padded;
}

/// What the interface had at a moment: the hours that were over.
fn until(answer: &mut Value, moment: &str) {
    array(answer).retain(|point| point["timestamp"].as_str().unwrap() < moment);
}

/// The first answer with points is given to every question after it.
fn the_same_page(honest: &Answerer) -> Playing {
    let (honest, first) = (Arc::clone(honest), Mutex::new(None));
    Arc::new(move |number, seen| match number {
        0 => honest(seen),
        _ => first.lock().unwrap().get_or_insert_with(|| general::whole(&honest, seen)).clone(),
    })
}

/// Around midnight in Oslo, 22:00 UTC: the day that is not over, or that our clock does not know to be.
fn at_midnight() -> [Trouble; 2] {
    let mut early = edited(
        "a clock two hours ahead before midnight",
        // Of 3 April what there is so far; it says that it may still change.
        End::Reads { lost: 3, other: 3, word: "" },
        points,
        |answer| until(answer, "2024-04-03T21:00:00Z"),
    );
    early.at = Some("2024-04-03T21:30:00Z".parse().unwrap());
    early.ahead = TimeDelta::hours(2);
    let mut late = Trouble::new("a clock two hours behind after midnight", End::Waits, general::well);
    late.at = Some("2024-04-03T23:30:00Z".parse().unwrap());
    late.ahead = TimeDelta::hours(-2);
    [early, late]
}

pub(super) fn of_digdir() -> Vec<Trouble> {
    let noon = |seen: &Seen| {
        let (from, to) = ("2024-04-03T12:00:00Z", "2024-04-03T12:59:59Z");
        let bound = |name: &str| {
            let (_, rest) = seen.line.split_once(name)?;
            rest.get(..20).map(str::to_owned)
        };
        let requested = bound("from=").zip(bound("to="));
        requested.is_some_and(|(begins, ends)| begins.as_str() <= from && to <= ends.as_str())
    };
    let lacks = |lost, other, word| End::Reads { lost, other, word };
    let mut all = vec![
        edited("points in another order", reads(""), points, |answer| shuffle(array(answer))),
        edited("every point twice", reads("duplicate of point"), points, |answer| repeat(array(answer))),
        // Of both days one municipality's number lacks an hour, and says that it may still change.
        edited("a point twice and not the same", lacks(2, 2, "contradicts point"), points, |answer| {
            let mut other = array(answer)[0].clone();
            other["measurements"]["Antall"] = json!(7);
            array(answer).push(other);
        }),
        edited("an hour that lacks", lacks(6, 6, ""), points, |answer| drop(array(answer).drain(..3))),
        edited("an aggregate cut at 10,000 points", reads(""), points, |answer| pad(array(answer), 420)),
        edited(
            "an hour of more than 10,000 points",
            End::Refused(vec!["where the source cuts it off"]),
            noon,
            |answer| *answer = Value::from(vec![json!({}); 10_000]),
        ),
        Trouble::new("a page twice", End::Refused(vec!["has the same cells"]), the_same_page),
        edited("a measurement of another name", nothing("`Totalt`"), points, |answer| {
            for point in array(answer) {
                point["measurements"] = json!({"Totalt": 1});
            }
        }),
        edited("a category of another name", nothing("rows were rejected"), points, |answer| {
            for point in array(answer) {
                point["categories"]["TE-orgnr"] = point["categories"]["TE-orgnum"].take();
            }
        }),
        Trouble::new("bounds that are ignored", nothing("has the same cells"), |honest| {
            let honest = Arc::clone(honest);
            Arc::new(move |_, seen| {
                let path = "GET /991825827/idporten-innlogging/hours";
                let line = format!("{path}?from=2024-03-29T23:00:00Z&to=2024-04-03T21:59:59Z HTTP/1.1");
                general::whole(
                    &honest,
                    &if points(seen) { Seen { line, ..seen.clone() } } else { seen.clone() },
                )
            })
        }),
    ];
    all.extend(at_midnight());
    all
}

pub(super) fn of_ssb() -> Vec<Trouble> {
    let data = |seen: &Seen| seen.line.contains("/data");
    let values =
        |answer: &mut Value, edit: fn(&mut Vec<Value>)| edit(answer["value"].as_array_mut().unwrap());
    let years = || 2025..=2026;
    vec![
        instead("places in another order", reads(""), office(years(), Mood::Reordered)),
        instead("a page twice", nothing("is not to the question"), office(years(), Mood::Repeating(None))),
        instead(
            "a known number, corrected",
            nothing("differ from those in the tables: 1103"),
            office(years(), Mood::Other("1103")),
        ),
        instead(
            "one person more in the country",
            nothing("by its own total row"),
            office(years(), Mood::OneMore),
        ),
        instead(
            "a municipality nobody lives in",
            nothing("have no inhabitants in it: 1103"),
            office(years(), Mood::Nobody("1103")),
        ),
        instead(
            "a number that is hidden",
            nothing("cells cannot be believed"),
            office(years(), Mood::Hidden("1103")),
        ),
        instead(
            "published anew in between",
            nothing("published anew between two"),
            office(years(), Mood::Anew(0)),
        ),
        instead("a variable more", nothing("`Landbakgrunn`"), office(years(), Mood::Variable)),
        edited("fewer values than cells", nothing("entries for"), data, move |answer| {
            values(answer, |all| drop(all.pop()))
        }),
        edited("more values than cells", nothing("entries for"), data, move |answer| {
            values(answer, |all| all.push(json!(1)))
        }),
        edited("no values", nothing("have no inhabitants in it"), data, |answer| {
            answer.as_object_mut().unwrap().remove("value");
        }),
    ]
}

pub(super) fn of_klass() -> Vec<Trouble> {
    let rows = |edit: fn(&mut Vec<Value>)| {
        move |answer: &mut Value| edit(answer["codeChanges"].as_array_mut().unwrap())
    };
    let all = |_: &Seen| true;
    vec![
        edited("rows in another order", reads(""), all, rows(|rows| shuffle(rows))),
        edited("every row twice", reads(""), all, rows(repeat)),
        edited(
            "a change that is known lacks",
            nothing("lacks 1 change that"),
            all,
            rows(|rows| drop(rows.remove(0))),
        ),
        edited("half of the changes", nothing("lacks 57 changes that"), all, rows(|rows| rows.truncate(61))),
        edited("no changes", nothing("lacks 118 changes that"), all, rows(Vec::clear)),
        edited(
            "a row without a day",
            nothing("1 row cannot be read"),
            all,
            rows(|rows| rows.push(change("2027", ("1", ""), ("2", "")))),
        ),
        Trouble::new(
            "no table for what is to come",
            End::Refused(vec!["nothing is known of what is to come"]),
            |_| {
                Arc::new(|_, seen| match seen.line.contains("includeFuture") {
                    true => Act::status(404, &[]),
                    false => feed(&[of_2024(), to_come()].concat()),
                })
            },
        ),
    ]
}

pub(super) fn of_brreg() -> Vec<Trouble> {
    let whole = || register(true);
    let units = |edit: fn(&mut Vec<Value>)| {
        move |answer: &mut Value| edit(answer["_embedded"]["enheter"].as_array_mut().unwrap())
    };
    let all = |_: &Seen| true;
    let grown = |answer: &mut Value| answer["page"]["totalElements"] = json!(359);
    let second = |seen: &Seen| seen.line.contains("page=1");
    vec![
        edited("units in another order", reads(""), all, units(|units| shuffle(units))),
        edited("every unit of a page twice", reads(""), all, units(repeat)),
        edited(
            "a unit twice and not the same",
            nothing("occurs twice and not the same"),
            all,
            units(|units| {
                let mut other = units[0].clone();
                other["navn"] = json!("ET ANNET NAVN");
                units.push(other);
            }),
        ),
        edited(
            "a page of fewer units",
            nothing("units came: pages overlap or lack some"),
            second,
            units(|units| drop(units.pop())),
        ),
        edited(
            "a register that grows between pages",
            nothing("it changed between two questions"),
            second,
            grown,
        ),
        edited(
            "a person's firm",
            nothing("cannot be believed"),
            second,
            units(|units| {
                units.push(json!({"organisasjonsnummer": "999999921", "navn": "KARI NORDMANN", "organisasjonsform": {"kode": "ENK"}}));
            }),
        ),
        edited(
            "units of another form",
            nothing("was not requested"),
            second,
            units(|units| {
                units[0]["organisasjonsform"]["kode"] = json!("ORGL");
            }),
        ),
        instead(
            "pages that overlap",
            nothing("pages overlap or lack some"),
            listed(Brreg { shuffled: true, ..whole() }),
        ),
        instead(
            "a page twice",
            nothing("page 1 was requested and page 0 came"),
            listed(Brreg { always: Some(0), ..whole() }),
        ),
        instead(
            "more than 10,000 units",
            nothing("10001 units match"),
            listed(Brreg { total: Some(10_001), ..whole() }),
        ),
    ]
}

pub(super) fn of_kartverket() -> Vec<Trouble> {
    let all = |_: &Seen| true;
    vec![
        edited("places in another order", reads(""), all, |answer| shuffle(array(answer))),
        edited("every place twice", nothing("occurs twice"), all, |answer| repeat(array(answer))),
        edited("300 of 357 places", nothing("57 of 357 municipalities are not in it"), all, |answer| {
            array(answer).truncate(300)
        }),
        edited("a code that lost its zero", nothing("leading zero"), all, |answer| {
            array(answer)[0]["kommunenummer"] = json!("301");
        }),
    ]
}
