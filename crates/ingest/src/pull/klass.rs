//! SSB Klass: changes of the municipal division that the lake does not know, those to come among them. None is carried
//! out here: how borders move, and what the parts of a divided municipality weigh, is decided where the reference tables
//! are made. An operator is told that they are about to move.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use utbredt_lake::Writer;
use utbredt_model::territory::{Change, ChangeKind};
use utbredt_model::{MunicipalityCode, SourceId};
use utbredt_sources::klass::{Classification, Register as Lives, changes as parse, kinds};
use utbredt_sources::oslo;

use super::land::{Landing, counted, few, land};
use super::register::{Register, changes};
use super::{PullError, Pulled, stopped};
use crate::IngestError;
use crate::fetch::{Ask, Client, FetchError};

/// The register of changes that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KlassChanges {
    /// Where the interface is, such as `https://data.ssb.no/api/klass/v1`.
    pub url: String,
}

/// The largest answer that makes sense.
const MOST: u64 = 16 << 20;

/// Asks for the changes since the last one the lake knows. What the answer has beyond those is told, at each run until the
/// reference tables know it; one that lacks what is known is held.
///
/// # Errors
/// [`PullError`]. A source that does not answer ends the pull without an error.
pub fn pull(
    client: &Client<'_>,
    writer: &mut Writer,
    source_id: &SourceId,
    klass: &KlassChanges,
) -> Result<Pulled, PullError> {
    let latest = writer.lake().latest()?;
    let known = changes(writer.lake(), latest.as_ref())?;
    let register = Register::read(writer.lake(), latest.as_ref())?;
    let Some(since) = known.iter().map(|change| change.date).max() else {
        return Err(IngestError::NotReady("municipality_changes").into());
    };
    let mut pulled = Pulled::default();
    let today = oslo::day(client.clock().now());
    let range = format!("from={since}&includeFuture=true");
    let mut asked = writer.with_lock_released(|| get(client, klass, &range, &mut pulled))?;
    if matches!(asked, Err(FetchError::Status { status: 404, .. })) {
        // A range of which a part has no table is refused as a whole: what is to come is left out, and that is told.
        pulled.stopped = Some(format!(
            "changes from {since} on are not there (404) when those to come are among them; those until today are \
             asked for alone, so nothing is known of what is to come"
        ));
        let until = today.succ_opt().unwrap_or(today).max(since.succ_opt().unwrap_or(since));
        let range = format!("from={since}&to={until}");
        asked = writer.with_lock_released(|| get(client, klass, &range, &mut pulled))?;
    }
    let body = match asked {
        Ok(body) => body,
        Err(error) => {
            pulled.stopped = Some(stopped(error)?);
            return Ok(pulled);
        }
    };
    let alive = register.on(since);
    let landing = judge(body, &known, (since, today), alive.keys());
    let received_at: DateTime<Utc> = client.clock().now();
    pulled.reports.push(land(writer, source_id, received_at, landing)?);
    Ok(pulled)
}

fn get(
    client: &Client<'_>,
    klass: &KlassChanges,
    range: &str,
    pulled: &mut Pulled,
) -> Result<Vec<u8>, FetchError> {
    let id = Classification::Municipalities.id();
    let address = format!("{}/classifications/{id}/changes?{range}", klass.url.trim_end_matches('/'));
    let mut ask = Ask { most: MOST, remember: true, ..Ask::get(address) };
    ask.headers.push(("accept".into(), "application/json; charset=utf-8".into()));
    Ok(pulled.take(client.fetch(&ask)?))
}

/// What makes a change another one: names are for reading.
type Key = (NaiveDate, Option<MunicipalityCode>, Option<MunicipalityCode>);

fn key(change: &Change) -> Key {
    (change.date, change.old.clone(), change.new.clone())
}

fn judge<'c>(
    payload: Vec<u8>,
    known: &[Change],
    (since, today): (NaiveDate, NaiveDate),
    alive: impl Iterator<Item = &'c MunicipalityCode>,
) -> Landing {
    let read = parse(&payload);
    let mut held = Vec::new();
    if let Some(first) = read.rejections.first() {
        let count = read.rejections.len();
        held.push(format!("{} cannot be read, the first: {}", counted(count, "row", "rows"), first.reason));
    }
    // Pages and rows come in any order, and more than once.
    let told: BTreeMap<Key, &Change> = read.rows.iter().map(|change| (key(change), change)).collect();
    let ours: BTreeMap<Key, &Change> = known.iter().map(|change| (key(change), change)).collect();
    let gone: Vec<String> = ours
        .iter()
        .filter(|(key, change)| change.date >= since && !told.contains_key(*key))
        .map(|(_, change)| format!("{} {}", change.date, named(change)))
        .collect();
    if !gone.is_empty() {
        held.push(format!(
            "the answer lacks {} that the reference tables know: {}",
            counted(gone.len(), "change", "changes"),
            few(&gone)
        ));
    }
    let all: Vec<Change> = told.values().map(|change| (*change).clone()).collect();
    let every: Vec<Change> = known.iter().chain(&all).cloned().collect();
    let lives = Lives::of(&every).with(since, alive);
    let was = |code: &MunicipalityCode, day: NaiveDate| lives.lives(code, day).unwrap_or(false);
    let kinds = kinds(&all, was);
    let mut new: BTreeMap<NaiveDate, Vec<String>> = BTreeMap::new();
    for (change, kind) in all.iter().zip(kinds) {
        if !ours.contains_key(&key(change)) {
            // Into a code that lives already goes a merger, also where its own row is not listed.
            let before = change.date.pred_opt().unwrap_or(change.date);
            let taken_in = kind == ChangeKind::Renumber
                && change
                    .new
                    .as_ref()
                    .is_some_and(|new| change.old.as_ref() != Some(new) && was(new, before));
            let kind = if taken_in { ChangeKind::Merge } else { kind };
            new.entry(change.date).or_default().push(shown(change, kind));
        }
    }
    let mut news = Vec::new();
    for (date, changes) in &new {
        let verb = if *date > today { "announces" } else { "has" };
        let (count, changes) = (counted(changes.len(), "change", "changes"), few(changes));
        news.push(format!(
            "SSB {verb} {count} from {date}: {changes}; the reference tables of this version do not know them"
        ));
    }
    Landing {
        asked: format!("changes since {since}"),
        payload,
        rows_in: (read.rows.len() + read.rejections.len()) as u64,
        rejections: read.rejections,
        held,
        told: news,
        rows: None,
    }
}

fn named(change: &Change) -> String {
    let side = |code: &Option<MunicipalityCode>, name: &str| {
        code.as_ref().map_or_else(|| "nothing".to_owned(), |code| format!("{code} {name}").trim().to_owned())
    };
    format!("{} -> {}", side(&change.old, &change.old_name), side(&change.new, &change.new_name))
}

fn shown(change: &Change, kind: ChangeKind) -> String {
    format!("{} ({})", named(change), kind.as_str())
}
