//! What was delivered before: every receipt, and the facts in force that a new delivery must be held against.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use polars::prelude::{DataFrame, IntoLazy, SortMultipleOptions};
use utbredt_lake::{Edition, FileEntry, Lake};

use crate::bridge::{self, day_of};
use crate::world::cols;
use crate::{Delivery, IngestError};

/// How many days around a delivery are looked at: a year, and the month a year ago.
const AROUND: i32 = 400;

/// A receipt given earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) source_id: String,
    pub(crate) asked: String,
    /// When, in microseconds since 1970.
    pub(crate) received_at: i64,
    /// Why it is held; `None` = accepted.
    pub(crate) held: Option<String>,
}

/// The facts of one receipt in force.
#[derive(Debug, Clone, Default)]
pub(crate) struct Live {
    pub(crate) source_id: String,
    /// Rows of `usage`, without what the gates do not look at.
    pub(crate) usage: DataFrame,
    /// Rows of `rollout_events`.
    pub(crate) events: DataFrame,
    reach: Reach,
}

/// What solutions and days some usage is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach {
    solutions: BTreeSet<String>,
    days: Option<(i32, i32)>,
    /// The first day after all of it.
    end: Option<i32>,
}

impl Reach {
    pub(crate) fn of(usage: &DataFrame) -> Result<Self, IngestError> {
        if usage.height() == 0 {
            return Ok(Self::default());
        }
        let solutions = usage.column("solution_id")?.str()?.iter().flatten().map(str::to_owned).collect();
        let starts = usage.column("period_start")?.i32()?.iter().flatten();
        let days = starts.fold(None, |seen: Option<(i32, i32)>, day| {
            Some(seen.map_or((day, day), |(from, to)| (from.min(day), to.max(day))))
        });
        let end = usage.column("period_end")?.i32()?.iter().flatten().max();
        Ok(Self { solutions, days, end })
    }

    /// The last day it is about.
    pub(crate) fn newest(&self) -> Option<NaiveDate> {
        self.end.and_then(|end| day_of(end).pred_opt())
    }

    fn touches(&self, other: &Self) -> bool {
        match (self.days, other.days) {
            (Some(ours), Some(theirs)) => {
                ours.0 - AROUND <= theirs.1
                    && theirs.0 <= ours.1 + AROUND
                    && self.solutions.iter().any(|s| other.solutions.contains(s))
            }
            _ => false,
        }
    }

    fn touches_file(&self, file: &FileEntry) -> bool {
        let Some((from, to)) = self.days else { return false };
        let meets = |column: &str, low: &str, high: &str| {
            file.keys.get(column).is_none_or(|(least, most)| least.as_str() <= high && low <= most.as_str())
        };
        let (from, to) = (day_of(from - AROUND).to_string(), day_of(to + AROUND).to_string());
        meets("period_start", &from, &to) && self.solutions.iter().any(|s| meets("solution_id", s, s))
    }
}

/// The columns of `usage` that are held against each other.
const COMPARED: [&str; 10] = [
    "solution_id",
    "measure_id",
    "municipality_code",
    "division_date",
    "organisation_number",
    "period_start",
    "period_end",
    "value",
    "state",
    "receipt_id",
];

/// What was delivered before.
#[derive(Debug, Default)]
pub(crate) struct History {
    given: BTreeMap<String, Given>,
    in_force: BTreeSet<String>,
    live: BTreeMap<String, Live>,
}

impl History {
    /// Every receipt of an edition; no facts yet.
    pub(crate) fn read(lake: &Lake, edition: Option<&Edition>) -> Result<Self, IngestError> {
        let receipts = bridge::read(lake, edition, "receipts")?;
        let text = |name| Ok::<_, IngestError>(receipts.column(name)?.str()?);
        let (ids, sources, asked) = (text("receipt_id")?, text("source_id")?, text("subject")?);
        let (states, reasons) = (text("state")?, text("reason")?);
        let moments = receipts.column("received_at")?.i64()?;
        let mut given = BTreeMap::new();
        for at in 0..receipts.height() {
            let own = |value: Option<&str>| value.unwrap_or_default().to_owned();
            let held = (states.get(at) == Some("held")).then(|| own(reasons.get(at)));
            let receipt = Given {
                source_id: own(sources.get(at)),
                asked: own(asked.get(at)),
                received_at: moments.get(at).unwrap_or_default(),
                held,
            };
            given.insert(own(ids.get(at)), receipt);
        }
        let in_force = edition.iter().flat_map(|edition| edition.receipts.iter().cloned()).collect();
        Ok(Self { given, in_force, live: BTreeMap::new() })
    }

    /// What is known of a receipt.
    pub(crate) fn given(&self, receipt: &str) -> Option<&Given> {
        self.given.get(receipt)
    }

    /// Whether a receipt's facts are in force.
    pub(crate) fn is_live(&self, receipt: &str) -> bool {
        self.in_force.contains(receipt)
    }

    /// The receipt in force for the same question to the same source.
    pub(crate) fn answered(&self, delivery: &Delivery) -> Option<String> {
        let same = |receipt: &&String| {
            self.given
                .get(*receipt)
                .is_some_and(|g| g.source_id == delivery.source_id.as_str() && g.asked == delivery.asked)
        };
        self.in_force.iter().find(same).cloned()
    }

    /// Whether a delivery is an older answer than the one in force: it had its time and was replaced, or it was held and a
    /// later one came in.
    pub(crate) fn is_outdated(&self, delivery: &Delivery) -> bool {
        let receipt = delivery.receipt_id().0;
        let Some((ours, live)) = self.given(&receipt).zip(self.answered(delivery)) else { return false };
        let later = self.given(&live).is_some_and(|live| live.received_at > ours.received_at);
        live != receipt && (ours.held.is_none() || later)
    }

    /// Reads the facts in force near `reach`, and all facts of the receipts that are to be replaced.
    pub(crate) fn load(
        &mut self,
        lake: &Lake,
        edition: &Edition,
        reach: &[Reach],
        replaced: &BTreeSet<String>,
    ) -> Result<(), IngestError> {
        let of_replaced = |file: &FileEntry| file.receipts.iter().any(|receipt| replaced.contains(receipt));
        let near = |file: &FileEntry| of_replaced(file) || reach.iter().any(|reach| reach.touches_file(file));
        let usage = narrowed(lake, edition, "usage", near)?.lazy().select(cols(COMPARED)).collect()?;
        let events = narrowed(lake, edition, "rollout_events", of_replaced)?;
        for (receipt, usage) in by_receipt(&usage)? {
            self.entry(&receipt).reach = Reach::of(&usage)?;
            self.entry(&receipt).usage = usage;
        }
        for (receipt, events) in by_receipt(&events)? {
            self.entry(&receipt).events = events;
        }
        Ok(())
    }

    fn entry(&mut self, receipt: &str) -> &mut Live {
        let given = self.given.get(receipt);
        self.live.entry(receipt.to_owned()).or_insert_with(|| Live {
            source_id: given.map_or(String::new(), |given| given.source_id.clone()),
            ..Live::default()
        })
    }

    /// The facts of one receipt, as far as they were read.
    pub(crate) fn live(&self, receipt: &str) -> Option<&Live> {
        self.live.get(receipt)
    }

    /// The facts in force near some usage, apart from those it replaces.
    pub(crate) fn near(&self, reach: &Reach, replaced: Option<&str>) -> Vec<&Live> {
        let other = |(receipt, live): &(&String, &Live)| {
            Some(receipt.as_str()) != replaced && live.reach.touches(reach)
        };
        self.live.iter().filter(other).map(|(_, live)| live).collect()
    }

    /// Puts a delivery in force instead of another.
    pub(crate) fn admit(
        &mut self,
        delivery: &Delivery,
        usage: &DataFrame,
        events: &DataFrame,
        replaced: Option<&str>,
    ) -> Result<(), IngestError> {
        if let Some(old) = replaced {
            self.live.remove(old);
            self.in_force.remove(old);
        }
        let receipt = delivery.receipt_id().0;
        self.in_force.insert(receipt.clone());
        self.note(delivery, None);
        let live = Live {
            source_id: delivery.source_id.to_string(),
            usage: usage.clone().lazy().select(cols(COMPARED)).collect()?,
            events: events.clone(),
            reach: Reach::of(usage)?,
        };
        self.live.insert(receipt, live);
        Ok(())
    }

    /// Remembers a receipt.
    pub(crate) fn note(&mut self, delivery: &Delivery, held: Option<String>) {
        let given = Given {
            source_id: delivery.source_id.to_string(),
            asked: delivery.asked.clone(),
            received_at: delivery.received_at.timestamp_micros(),
            held,
        };
        self.given.insert(delivery.receipt_id().0, given);
    }
}

/// A table's rows in the files chosen: what lies elsewhere is not read.
fn narrowed(
    lake: &Lake,
    edition: &Edition,
    name: &'static str,
    wanted: impl Fn(&FileEntry) -> bool,
) -> Result<DataFrame, IngestError> {
    let mut edition = edition.clone();
    if let Some(files) = edition.tables.get_mut(name) {
        files.retain(|file| wanted(file));
    }
    bridge::read(lake, Some(&edition), name)
}

/// A frame cut where the receipt changes.
fn by_receipt(frame: &DataFrame) -> Result<Vec<(String, DataFrame)>, IngestError> {
    let sorted = frame.sort(["receipt_id"], SortMultipleOptions::default())?;
    let receipts: Vec<&str> =
        sorted.column("receipt_id")?.str()?.iter().map(Option::unwrap_or_default).collect();
    let mut start = 0;
    let mut cut = Vec::new();
    for run in receipts.chunk_by(|a, b| a == b) {
        let offset = i64::try_from(start).unwrap_or(i64::MAX);
        cut.push((run.first().map_or(String::new(), |r| (*r).to_owned()), sorted.slice(offset, run.len())));
        start += run.len();
    }
    Ok(cut)
}
