//! Troubles of any source: those of a network, which pass or do not; answers that are none; and clocks that differ.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use super::{Answerer, Case, End, Playing, Trouble};
use crate::fetch::Limits;
use crate::fetch::tests::server::{Act, Seen};

/// How a request goes wrong.
#[derive(Clone)]
enum Bad {
    Status(u16, Vec<(&'static str, &'static str)>),
    /// The connection closes without a word.
    Closed,
    /// The answer breaks off half-way.
    Cut,
    /// The second half of the answer comes so much later.
    Slow(Duration),
}

impl Bad {
    fn act(&self, honest: &Answerer, seen: &Seen) -> Act {
        match (self, whole(honest, seen)) {
            (Self::Status(status, headers), _) => Act::status(*status, headers),
            (Self::Cut, Act::Say(_, _, body)) => {
                let half = body.len() / 2;
                Act::Cut(body, half)
            }
            (Self::Slow(wait), Act::Say(_, _, body)) => Act::Chunks(body, 2, *wait),
            _ => Act::Hang,
        }
    }
}

/// A source that fares well.
pub(super) fn well(honest: &Answerer) -> Playing {
    let honest = Arc::clone(honest);
    Arc::new(move |_, seen| honest(seen))
}

/// A source that tags its answers and says so when nothing changed since.
pub(super) fn tagged(honest: Answerer) -> Answerer {
    Arc::new(move |seen| match honest(seen) {
        Act::Say(200, _, body) if seen.line.starts_with("GET") => {
            let hash: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
            let tag = format!("\"{hash}\"");
            let known = seen.headers.lines().find_map(|line| line.strip_prefix("if-none-match: "));
            // What it has is older than any day it was ever asked about.
            let same = known.map_or(seen.headers.contains("if-modified-since: "), |known| known == tag);
            let (status, body) = if same { (304, Vec::new()) } else { (200, body) };
            Act::Say(status, vec![("ETag".to_owned(), tag)], body)
        }
        act => act,
    })
}

/// What it answers to whoever does not know its last answer, without a tag.
pub(super) fn whole(honest: &Answerer, seen: &Seen) -> Act {
    let plain = seen.headers.lines().filter(|line| !line.starts_with("if-"));
    let headers = plain.map(|line| format!("{line}\r\n")).collect();
    match honest(&Seen { headers, ..seen.clone() }) {
        Act::Say(status, _, body) => Act::Say(status, Vec::new(), body),
        act => act,
    }
}

fn body(honest: &Answerer, seen: &Seen) -> Vec<u8> {
    if let Act::Say(_, _, body) = whole(honest, seen) { body } else { Vec::new() }
}

/// What is waited for in a look of a connector, if before each answer so long was waited: between two questions lies the
/// time the source wants, and asking again is asking.
fn waits(each: &[(Duration, Duration)], connector: &Case) -> Vec<(Duration, Duration)> {
    let interval = connector.min_interval;
    let rest = |time: &Duration| interval.saturating_sub(*time);
    let mut all = Vec::new();
    for question in 0..connector.questions {
        if question > 0 {
            all.push((interval, interval));
        }
        for (from, to) in each {
            all.extend([(*from, *to), (rest(to), rest(from))]);
        }
    }
    all.retain(|(_, to)| !to.is_zero());
    all
}

/// A wait that doubles with each failure, and up to half of it more.
fn doubling(failures: u32) -> Vec<(Duration, Duration)> {
    let base = |failure: u32| Limits::default().wait * (1u32 << failure);
    (0..failures).map(|failure| (base(failure), base(failure) * 3 / 2)).collect()
}

fn exactly(seconds: u64) -> Vec<(Duration, Duration)> {
    vec![(Duration::from_secs(seconds), Duration::from_secs(seconds))]
}

/// Every question goes wrong in these ways, one after the other, and is then answered.
fn passing(name: &str, bad: Vec<Bad>, waits: Vec<(Duration, Duration)>) -> Trouble {
    let bad = Arc::new(bad);
    Trouble::new(name, End::Passes(waits), move |honest| {
        let (bad, honest) = (Arc::clone(&bad), Arc::clone(honest));
        Arc::new(move |number, seen| match bad.get(number % (bad.len() + 1)) {
            Some(bad) => bad.act(&honest, seen),
            None => honest(seen),
        })
    })
}

fn that_pass(connector: &Case) -> Vec<Trouble> {
    let passing = |name, bad, each: Vec<_>| passing(name, bad, waits(&each, connector));
    let status = |status| Bad::Status(status, Vec::new());
    // The source's clock is three hours off; it is for the difference of its own two times that we wait.
    let dated = |requested, now| vec![Bad::Status(429, vec![("Retry-After", requested), ("Date", now)])];
    let after = |text| vec![Bad::Status(429, vec![("Retry-After", text)])];
    let (late, early) = ("Tue, 24 Nov 2026 09:00:40 GMT", "Tue, 24 Nov 2026 09:00:00 GMT");
    vec![
        passing("500, 502, 503 and 504", [500, 502, 503, 504].map(status).to_vec(), doubling(4)),
        passing("429", vec![status(429)], doubling(1)),
        passing("429 with seconds", after("7"), exactly(7)),
        passing("429 with a time, the clock ahead", dated(late, early), exactly(40)),
        passing(
            "429 with a time, the clock behind",
            dated("Tue, 24 Nov 2026 03:01:00 GMT", "Tue, 24 Nov 2026 03:00:00 GMT"),
            exactly(60),
        ),
        passing("429 with a time that is over", dated(early, late), doubling(1)),
        passing("429 with a time and no clock", after(late), doubling(1)),
        passing("429 with nonsense", after("soon"), doubling(1)),
        passing("a closed connection", vec![Bad::Closed], doubling(1)),
        passing("an answer cut off", vec![Bad::Cut], doubling(1)),
        passing("one after the other", vec![status(429), Bad::Closed, Bad::Cut, status(502)], doubling(4)),
        Trouble::new("slow answers", End::Passes(waits(&[], connector)), |honest| {
            let honest = Arc::clone(honest);
            Arc::new(move |_, seen| Act::Chunks(body(&honest, seen), 4, Duration::from_millis(10)))
        }),
    ]
}

/// From question `at` on, no request goes well any more.
fn staying(name: &str, at: usize, bad: Bad, word: &'static str) -> Trouble {
    let words = vec![word];
    let end = if at == 0 { End::Nothing(words) } else { End::Refused(words) };
    Trouble::new(format!("{name} from question {at} on"), end, move |honest| {
        let (bad, honest) = (bad.clone(), Arc::clone(honest));
        Arc::new(move |number, seen| if number < at { honest(seen) } else { bad.act(&honest, seen) })
    })
}

fn that_stay(at: usize) -> Vec<Trouble> {
    let long_wait = Bad::Status(429, vec![("Retry-After", "86400")]);
    let slow = Bad::Slow(Duration::from_millis(800));
    let mut slow = staying("an answer that takes too long", at, slow, "timeout");
    slow.limits = Limits { answer: Duration::from_millis(400), attempts: 2, ..slow.limits };
    vec![
        staying(
            "away",
            at,
            Bad::Status(503, Vec::new()),
            "did not answer 5 times; the last time: status 503",
        ),
        staying("closed", at, Bad::Closed, "did not answer 5 times"),
        staying("cut off", at, Bad::Cut, "the answer was cut off"),
        staying("a day's patience", at, long_wait, "requests a wait of 86400 s"),
        staying("no", at, Bad::Status(403, Vec::new()), "answers 403"),
        slow,
    ]
}

/// Answers that are none, made of those that are.
type Wrong = fn(Renamed, Vec<u8>) -> Act;

/// Fields of a connector's answers, and what a new release calls them.
type Renamed = &'static [(&'static str, &'static str)];

const WRONG: [(&str, Wrong); 9] = [
    ("a page", |_, _| Act::ok("<!doctype html><html><body>We are moving</body></html>")),
    ("a page of today", |_, _| {
        let day = ("Last-Modified".to_owned(), "Tue, 24 Nov 2026 05:00:00 GMT".to_owned());
        Act::Say(200, vec![day], b"<html><body>We are still moving</body></html>".to_vec())
    }),
    ("nothing", |_, _| Act::ok("")),
    ("no content", |_, _| Act::Say(204, Vec::new(), Vec::new())),
    ("an empty list", |_, _| Act::ok("[]")),
    ("an empty object", |_, _| Act::ok("{}")),
    ("null", |_, _| Act::ok("null")),
    ("half an answer of its own length", |_, body| Act::ok(&body[..body.len() / 2])),
    ("other names", |renamed, body| {
        let text = String::from_utf8(body).unwrap();
        let quoted = |name: &str| format!("\"{name}\"");
        Act::ok(renamed.iter().fold(text, |text, (old, new)| text.replace(&quoted(old), &quoted(new))))
    }),
];

/// Something else than an answer, to one question or to all.
fn wrong(connector: &Case, (name, wrong): (&str, Wrong), at: Option<usize>) -> Trouble {
    let words = connector.words.to_vec();
    let (place, end) = match at {
        Some(at) if connector.spared.contains(&at) => (format!("to question {at}"), End::Passes(Vec::new())),
        Some(at) => (format!("to question {at}"), End::Refused(words)),
        None => ("to every question".to_owned(), End::Nothing(words)),
    };
    let renamed = connector.renamed;
    Trouble::new(format!("{name} {place}"), end, move |honest| {
        let honest = Arc::clone(honest);
        Arc::new(move |number, seen| {
            let chosen = at.is_none_or(|at| at == number);
            if chosen { wrong(renamed, body(&honest, seen)) } else { honest(seen) }
        })
    })
}

/// Our clock goes wrong, and is then set right.
fn skewed(name: &str, ahead: TimeDelta, connector: &Case) -> Trouble {
    Trouble { ahead, ..Trouble::new(name, End::Passes(waits(&[], connector)), well) }
}

/// Every trouble any source may have.
pub(super) fn troubles(connector: &Case) -> Vec<Trouble> {
    let mut all = that_pass(connector);
    all.push(skewed("a clock two hours ahead", TimeDelta::hours(2), connector));
    all.push(skewed("a clock two hours behind", TimeDelta::hours(-2), connector));
    all.extend((0..connector.questions).flat_map(that_stay));
    for one in WRONG {
        all.extend((0..connector.questions).map(|at| wrong(connector, one, Some(at))));
        if connector.questions > 1 {
            all.push(wrong(connector, one, None));
        }
    }
    all
}
