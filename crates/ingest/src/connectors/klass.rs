//! SSB Klass: changes of the municipal division that the lake does not know, those to come among them. None is carried
//! out here: how borders move, and what the parts of a divided municipality weigh, is decided where the reference tables
//! are made. An operator is told that they are about to move.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use utbredt_model::MunicipalityCode;
use utbredt_model::territory::{Change, ChangeKind};
use utbredt_sources::klass::{Classification, Register as Lives, changes as parse, kinds};

use super::register::{Register, changes};
use super::{Registration, from_fields};
use crate::IngestError;
use crate::commit::ReferenceAnswer;
use crate::connector::{Connector, Pull, PullError};
use crate::fetch::{FetchError, Request};
use crate::phrases::{counted, first_few};

pub(super) static REGISTRATION: Registration = Registration {
    name: "klass_changes",
    about: "Changes of the municipal division, by Statistics Norway: new ones are reported.",
    connector: Some(from_fields::<KlassChanges>),
    format: None,
    files: None,
};

/// The register of changes that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KlassChanges {
    /// Where the interface is, such as `https://data.ssb.no/api/klass/v1`.
    pub url: String,
}

/// The largest answer that makes sense.
const MAX_BYTES: u64 = 16 << 20;

impl Connector for KlassChanges {
    fn url(&self) -> Option<&str> {
        Some(&self.url)
    }

    /// Asks for the changes since the last one the lake knows. What the answer has beyond those is a discrepancy, at each
    /// run until the reference tables know it; one that lacks what is known is held.
    fn pull(&self, pull: &mut Pull<'_>) -> Result<(), PullError> {
        let latest = pull.latest()?;
        let known = changes(pull.lake(), latest.as_ref())?;
        let register = Register::read(pull.lake(), latest.as_ref())?;
        let Some(since) = known.iter().map(|change| change.date).max() else {
            return Err(IngestError::NotReady("municipality_changes").into());
        };
        let today = pull.today();
        let body = self.fetch(pull, since, today)?;
        let answer = evaluate(&body, &known, (since, today), register.on(since).keys());
        Ok(pull.deliver_reference(format!("changes since {since}"), body, &answer)?)
    }
}

impl KlassChanges {
    fn fetch(&self, pull: &mut Pull<'_>, since: NaiveDate, today: NaiveDate) -> Result<Vec<u8>, PullError> {
        match pull.fetch(&self.request(&format!("from={since}&includeFuture=true"))) {
            Err(PullError::Fetch(FetchError::Status { status: 404, .. })) => {}
            answered => return answered,
        }
        // A range of which a part has no table is refused as a whole: what is to come is left out, and that is reported.
        pull.stop(format!(
            "changes from {since} on are not there (404) when those to come are among them; those until today are \
             read alone, so nothing is known of what is to come"
        ));
        let until = today.succ_opt().unwrap_or(today).max(since.succ_opt().unwrap_or(since));
        pull.fetch(&self.request(&format!("from={since}&to={until}")))
    }

    fn request(&self, range: &str) -> Request {
        let id = Classification::Municipalities.id();
        let address = format!("{}/classifications/{id}/changes?{range}", self.url.trim_end_matches('/'));
        let mut request = Request { max_bytes: MAX_BYTES, remember: true, ..Request::get(address) };
        request.headers.push(("accept".into(), "application/json; charset=utf-8".into()));
        request
    }
}

/// What makes a change another one: names are for reading.
type Key = (NaiveDate, Option<MunicipalityCode>, Option<MunicipalityCode>);

fn key(change: &Change) -> Key {
    (change.date, change.old.clone(), change.new.clone())
}

fn evaluate<'c>(
    payload: &[u8],
    known: &[Change],
    (since, today): (NaiveDate, NaiveDate),
    alive: impl Iterator<Item = &'c MunicipalityCode>,
) -> ReferenceAnswer {
    let read = parse(payload);
    let mut held = Vec::new();
    if let Some(first) = read.rejections.first() {
        let count = read.rejections.len();
        held.push(format!("{} cannot be read, the first: {}", counted(count, "row", "rows"), first.reason));
    }
    // Pages and rows come in any order, and more than once.
    let received: BTreeMap<Key, &Change> = read.rows.iter().map(|change| (key(change), change)).collect();
    let ours: BTreeMap<Key, &Change> = known.iter().map(|change| (key(change), change)).collect();
    held.extend(lacking(&received, &ours, since));
    let all: Vec<Change> = received.values().map(|change| (*change).clone()).collect();
    let every: Vec<Change> = known.iter().chain(&all).cloned().collect();
    let lives = Lives::of(&every).with(since, alive);
    let kinds = kinds(&all, |code: &MunicipalityCode, day| lived(&lives, code, day));
    let mut new: BTreeMap<NaiveDate, Vec<String>> = BTreeMap::new();
    for (change, kind) in all.iter().zip(kinds) {
        if !ours.contains_key(&key(change)) {
            let kind = if is_taken_in(change, kind, &lives) { ChangeKind::Merge } else { kind };
            new.entry(change.date).or_default().push(format!("{} ({})", named(change), kind.as_str()));
        }
    }
    ReferenceAnswer {
        rows_in: (read.rows.len() + read.rejections.len()) as u64,
        rejections: read.rejections,
        held,
        discrepancies: news(&new, today),
        rows: None,
    }
}

fn lived(lives: &Lives, code: &MunicipalityCode, day: NaiveDate) -> bool {
    lives.lives(code, day).unwrap_or(false)
}

/// Into a code that lives already goes a merger, also where its own row is not listed.
fn is_taken_in(change: &Change, kind: ChangeKind, lives: &Lives) -> bool {
    let before = change.date.pred_opt().unwrap_or(change.date);
    kind == ChangeKind::Renumber
        && change
            .new
            .as_ref()
            .is_some_and(|new| change.old.as_ref() != Some(new) && lived(lives, new, before))
}

/// What the reference tables know and the answer should have too.
fn lacking(
    received: &BTreeMap<Key, &Change>,
    ours: &BTreeMap<Key, &Change>,
    since: NaiveDate,
) -> Option<String> {
    let mut lacking = Vec::new();
    for (key, change) in ours {
        if change.date >= since && !received.contains_key(key) {
            lacking.push(format!("{} {}", change.date, named(change)));
        }
    }
    (!lacking.is_empty()).then(|| {
        format!(
            "the answer lacks {} that the reference tables know: {}",
            counted(lacking.len(), "change", "changes"),
            first_few(&lacking)
        )
    })
}

fn news(new: &BTreeMap<NaiveDate, Vec<String>>, today: NaiveDate) -> Vec<String> {
    let mut news = Vec::new();
    for (date, changes) in new {
        let verb = if *date > today { "announces" } else { "has" };
        let (count, changes) = (counted(changes.len(), "change", "changes"), first_few(changes));
        news.push(format!(
            "SSB {verb} {count} from {date}: {changes}; the reference tables of this version do not know them"
        ));
    }
    news
}

fn named(change: &Change) -> String {
    format!("{} -> {}", side(&change.old, &change.old_name), side(&change.new, &change.new_name))
}

fn side(code: &Option<MunicipalityCode>, name: &str) -> String {
    match code {
        Some(code) => format!("{code} {name}").trim().to_owned(),
        None => "nothing".to_owned(),
    }
}
