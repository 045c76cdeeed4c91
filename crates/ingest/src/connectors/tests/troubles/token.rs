//! Troubles on the way to a list that a token opens: who gives tokens says no, gives none, or one that does not last. What
//! is told of it never shows the key, the statement, the token or the password.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::connectors::{TOKEN, activation};
use super::own::{edited, shuffle};
use super::{Answerer, End, Trouble};
use crate::fetch::tests::server::{Act, Seen};

fn list(seen: &Seen) -> bool {
    seen.line.contains("/kommuner")
}

fn token(seen: &Seen) -> bool {
    seen.line.contains("/token")
}

fn nothing(word: &'static str) -> End {
    End::Nothing(vec![word])
}

/// What is said to a request.
type Reply = fn(&Seen) -> Act;

/// Requests that are answered so, by their number; every other well.
fn scripted(name: &str, end: End, script: &[(usize, Reply)]) -> Trouble {
    let script = script.to_vec();
    Trouble::new(name, end, move |honest: &Answerer| {
        let (script, honest) = (script.clone(), Arc::clone(honest));
        Arc::new(move |number, seen| match script.iter().find(|(at, _)| *at == number) {
            Some((_, act)) => act(seen),
            None => honest(seen),
        })
    })
}

/// Whatever is asked of the list, or of who gives tokens, is refused so.
fn refused(name: &str, word: &'static str, of: fn(&Seen) -> bool, act: Reply) -> Trouble {
    Trouble::new(name, nothing(word), move |honest| {
        let honest = Arc::clone(honest);
        Arc::new(move |_, seen| if of(seen) { act(seen) } else { honest(seen) })
    })
}

fn status(status: u16, body: &str) -> Act {
    Act::Say(status, Vec::new(), body.as_bytes().to_vec())
}

/// A token that is said to hold for so long.
fn lasting(name: &str, seconds: i64) -> Trouble {
    edited(name, End::Passes(Vec::new()), token, move |answer| answer["expires_in"] = json!(seconds))
}

/// What is no token: the list is not asked for.
fn given(name: &str, answer: Value) -> Trouble {
    edited(name, nothing("answers is no token"), token, move |given| *given = answer.clone())
}

/// How long a token holds, and what happens when it does not.
fn tokens() -> Vec<Trouble> {
    let no: Reply = |_| status(401, "no");
    let long_wait: Reply = |_| Act::status(429, &[("Retry-After", "60")]);
    let minute = (Duration::from_secs(60), Duration::from_secs(60));
    vec![
        lasting("a token of no seconds", 0),
        lasting("a token of fewer than none", -1),
        lasting("a token of the least number", i64::MIN),
        lasting("a token of the greatest number", i64::MAX),
        scripted("a token taken no more", End::Passes(Vec::new()), &[(1, no)]),
        scripted("a token that ends while we wait", End::Passes(vec![minute]), &[(1, long_wait), (2, no)]),
        given("a token that is none", json!({"access_token": null, "expires_in": 100})),
        given("an empty token", json!({"access_token": "", "expires_in": 100})),
        given("a token of two lines", json!({"access_token": "a\r\nX-Injected: b", "expires_in": 100})),
        given("a token without an end", json!({"access_token": TOKEN})),
        refused("tokens never taken", "answers 401", list, |_| status(401, "no")),
    ]
}

/// What is said to us is told on, without what we said.
fn echoes() -> Vec<Trouble> {
    vec![
        refused("invalid_grant", "invalid_grant", token, |_| {
            status(400, r#"{"error":"invalid_grant","error_description":"iat is in the future"}"#)
        }),
        refused("a refusal that shows the statement", "invalid_grant", token, |seen| {
            status(400, &format!("{{\"error\":\"invalid_grant\",\"of\":\"{}\"}}", seen.body))
        }),
        refused("a refusal that shows the statement alone", "invalid_grant", token, |seen| {
            let statement = seen.body.split("&assertion=").nth(1).unwrap_or_default();
            status(400, &format!("{{\"error\":\"invalid_grant\",\"of\":\"{statement}\"}}"))
        }),
        refused("a refusal that shows the token", "answers 403", list, |_| {
            status(403, &format!("{TOKEN} may not read this; neither may hemmelig"))
        }),
    ]
}

pub(super) fn of_fiks() -> Vec<Trouble> {
    let reads = |lost, word| End::Reads { lost, other: 0, word };
    let rows = |answer: &mut Value, edit: fn(&mut Vec<Value>)| edit(answer.as_array_mut().unwrap());
    let mut all = vec![
        edited("municipalities in another order", reads(0, ""), list, move |answer| {
            rows(answer, |all| shuffle(all));
        }),
        edited("a municipality twice", reads(0, "occurs twice"), list, move |answer| {
            rows(answer, |all| all.push(all[0].clone()));
        }),
        edited(
            "a municipality twice and not the same",
            reads(1, "occurs twice with different flags"),
            list,
            move |answer| {
                rows(answer, |all| all.push(activation("0301", true, true)));
            },
        ),
        edited(
            "every municipality twice and not the same",
            nothing("rows were rejected"),
            list,
            move |answer| {
                rows(answer, |all| {
                    for at in 0..all.len() {
                        let mut other = all[at].clone();
                        let receives = other["kanMottaSoknader"].as_bool().unwrap();
                        other["kanMottaSoknader"] = json!(!receives);
                        all.push(other);
                    }
                });
            },
        ),
        edited("a flag that lacks", reads(1, "is missing or neither true nor false"), list, move |answer| {
            rows(answer, |all| drop(all[0].as_object_mut().unwrap().remove("kanMottaSoknader")));
        }),
        edited("a part of the list", reads(8, ""), list, move |answer| rows(answer, |all| all.truncate(4))),
    ];
    all.extend(tokens());
    all.extend(echoes());
    all
}
