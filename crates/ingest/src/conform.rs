//! From what a source said to facts on places that existed: organisations become their municipality, codes get
//! the division they were measured in, and what names nothing known is refused with the reason.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{Months, NaiveDate};
use polars::prelude::{Column, DataFrame, IntoLazy, JoinArgs, JoinType, LazyFrame, coalesce, col, lit};
use utbredt_model::{Observation, ObservedFact, Parsed, Rejection, Stage, Subject};

use crate::bridge::{day_number, day_of};
use crate::rollout::Note;
use crate::world::{World, cols};
use crate::{Delivery, IngestError, Source};

/// The greatest count believed. No country has that many of anything counted here, and sums of it still fit.
const MOST: i64 = 1 << 40;

/// For how many months a source may go on using a code that ceased.
const GRACE_MONTHS: u32 = 12;

/// A delivery as facts.
#[derive(Debug)]
pub(crate) struct Conformed {
    /// Rows of `usage`.
    pub(crate) usage: DataFrame,
    /// Rows of `rollout_events`.
    pub(crate) events: DataFrame,
    /// What was refused, by the parser and here.
    pub(crate) rejections: Vec<Rejection>,
    /// Data rows read.
    pub(crate) rows_in: u64,
    /// What holds the delivery back, said by the parser.
    pub(crate) breaches: Vec<String>,
}

/// Holds a delivery against the world.
pub(crate) fn conform(source: &Source, delivery: &Delivery, world: &World) -> Result<Conformed, IngestError> {
    let Parsed { observations, mut rejections, rows_in, breaches } = source.parse(delivery);
    let told = Told { source, delivery, text: OnceCell::new() };
    let (usage, rollout): (Vec<_>, Vec<_>) =
        observations.into_iter().partition(|o| matches!(o.fact, ObservedFact::Usage { .. }));
    let usage = conform_usage(&usage, &told, world, &mut rejections)?;
    let events = conform_rollout(&rollout, &told, world, &mut rejections)?;
    rejections.sort_by_key(|rejection| rejection.row);
    Ok(Conformed { usage, events, rejections, rows_in, breaches })
}

/// The delivery around the rows.
struct Told<'d> {
    source: &'d Source,
    delivery: &'d Delivery,
    /// Its text, where rows are lines; made when it is asked for.
    text: OnceCell<Option<Cow<'d, str>>>,
}

impl Told<'_> {
    /// The row as received, where rows are lines; else what was understood of it.
    fn raw<'o>(&self, refused: &[(&'o Observation, String)]) -> Vec<String> {
        if refused.is_empty() {
            return Vec::new();
        }
        let understood = |o: &'o Observation| format!("{:?} {:?}", o.subject, o.fact);
        let Some(text) = self.text.get_or_init(|| self.source.lines(&self.delivery.payload)) else {
            return refused.iter().map(|(o, _)| understood(o)).collect();
        };
        let line_break = if text.contains('\n') { '\n' } else { '\r' };
        let wanted: BTreeSet<u64> = refused.iter().map(|(o, _)| o.row).collect();
        let lines: BTreeMap<u64, &str> =
            (1..).zip(text.split(line_break)).filter(|(row, _)| wanted.contains(row)).collect();
        let line = |o: &'o Observation| lines.get(&o.row).map(|line| line.trim_end_matches('\r').to_owned());
        refused.iter().map(|(o, _)| line(o).unwrap_or_else(|| understood(o))).collect()
    }

    fn refuse(&self, refused: Vec<(&Observation, String)>, rejections: &mut Vec<Rejection>) {
        let raw = self.raw(&refused);
        let made = refused.into_iter().zip(raw);
        rejections.extend(made.map(|((o, reason), raw)| Rejection::new(o.row, reason, raw)));
    }

    fn stamp(&self, frame: LazyFrame) -> LazyFrame {
        let synthetic = self.source.synthetic(self.delivery);
        frame.with_columns([
            lit(synthetic).alias("synthetic"),
            lit(self.delivery.receipt_id().0).alias("receipt_id"),
        ])
    }
}

/// The subjects of some observations and the day each is meant on, ready to be placed.
fn subjects(
    observations: &[Observation],
    day: fn(&ObservedFact) -> NaiveDate,
) -> Result<DataFrame, IngestError> {
    let code = |o: &Observation| match &o.subject {
        Subject::Municipality(code) => Some(code.to_string()),
        Subject::Organisation(_) => None,
    };
    let organisation = |o: &Observation| match &o.subject {
        Subject::Organisation(number) => Some(number.to_string()),
        Subject::Municipality(_) => None,
    };
    let ids: Vec<i64> = (0..observations.len()).map(|id| i64::try_from(id).unwrap_or(i64::MAX)).collect();
    let days: Vec<i32> = observations.iter().map(|o| day_number(day(&o.fact))).collect();
    Ok(DataFrame::new_infer_height(vec![
        Column::new("id".into(), ids),
        Column::new("day".into(), days),
        Column::new("said_code".into(), observations.iter().map(code).collect::<Vec<_>>()),
        Column::new("organisation_number".into(), observations.iter().map(organisation).collect::<Vec<_>>()),
    ])?)
}

/// Adds to each subject its municipality's code, the newest division holding that code on or before the day,
/// the end of that division, and the first division that ever held the code. NULL where there is none.
fn place(subjects: &DataFrame, world: &World) -> Result<LazyFrame, IngestError> {
    let alive =
        col("valid_from").lt_eq(col("day")).and(col("valid_to").is_null().or(col("day").lt(col("valid_to"))));
    let owners = subjects
        .clone()
        .lazy()
        .inner_join(
            world.organisations.clone().lazy().select(cols([
                "organisation_number",
                "municipality_code",
                "valid_from",
                "valid_to",
            ])),
            col("organisation_number"),
            col("organisation_number"),
        )
        .filter(alive)
        .group_by([col("id")])
        .agg([col("municipality_code").max().alias("owner_code")]);
    let coded = subjects
        .clone()
        .lazy()
        .left_join(owners, col("id"), col("id"))
        .with_column(coalesce(&[col("said_code"), col("owner_code")]).alias("municipality_code"));
    let coded = coded.collect()?.lazy();
    let stays = coded
        .clone()
        .select(cols(["id", "day", "municipality_code"]))
        .inner_join(world.places.clone().lazy(), col("municipality_code"), col("municipality_code"))
        .collect()?
        .lazy();
    let newest = stays
        .clone()
        .filter(col("division_date").lt_eq(col("day")))
        .group_by([col("id")])
        .agg([col("division_date").max()]);
    let ends = stays.clone().select(cols(["id", "division_date", "valid_to"]));
    let key = || cols(["id", "division_date"]);
    let newest = newest.join(ends, key(), key(), JoinArgs::new(JoinType::Inner));
    let first = stays.group_by([col("id")]).agg([col("division_date").min().alias("first_date")]);
    Ok(coded.left_join(newest, col("id"), col("id")).left_join(first, col("id"), col("id")))
}

/// What is known of one placed subject.
struct Stay<'f> {
    day: NaiveDate,
    code: Option<&'f str>,
    organisation: Option<&'f str>,
    division: Option<i32>,
    valid_to: Option<i32>,
    first: Option<i32>,
}

impl Stay<'_> {
    /// Why a count cannot be put there.
    fn fault(&self, world: &World) -> Option<String> {
        let Some(code) = self.code else {
            let number = self.organisation.unwrap_or_default();
            return Some(format!(
                "organisation number {number} belongs to no municipality known on {}",
                self.day
            ));
        };
        let Some(first) = self.first else { return Some(never(code, world)) };
        if self.division.is_none() {
            return Some(format!(
                "municipality code {code} exists from {} only, and the period begins on {}",
                day_of(first),
                self.day
            ));
        }
        let ceased = self.valid_to?;
        if self.day < day_of(ceased) + Months::new(GRACE_MONTHS) {
            return None;
        }
        let heirs = world.heirs.get(&(ceased, code.to_owned()));
        let instead = heirs.map_or(String::new(), |heirs| {
            format!(", use {}", heirs.iter().map(String::as_str).collect::<Vec<_>>().join(" or "))
        });
        Some(format!("municipality code {code} ceased on {}{instead}", day_of(ceased)))
    }
}

fn never(code: &str, world: &World) -> String {
    let since = world.places.column("division_date").and_then(|days| Ok(days.i32()?.iter().flatten().min()));
    let since = since.ok().flatten().map_or(String::new(), |day| format!(" since {}", day_of(day)));
    format!("municipality code {code} does not exist in any division{since}")
}

/// Reads a placed frame row by row, in the order of the observations.
fn stays(frame: &DataFrame) -> Result<Vec<Stay<'_>>, IngestError> {
    let (days, codes) = (frame.column("day")?.i32()?, frame.column("municipality_code")?.str()?);
    let organisations = frame.column("organisation_number")?.str()?;
    let divisions = frame.column("division_date")?.i32()?;
    let (ends, firsts) = (frame.column("valid_to")?.i32()?, frame.column("first_date")?.i32()?);
    let stay = |at: usize| Stay {
        day: day_of(days.get(at).unwrap_or_default()),
        code: codes.get(at),
        organisation: organisations.get(at),
        division: divisions.get(at),
        valid_to: ends.get(at),
        first: firsts.get(at),
    };
    Ok((0..frame.height()).map(stay).collect())
}

fn conform_usage(
    observations: &[Observation],
    told: &Told<'_>,
    world: &World,
    rejections: &mut Vec<Rejection>,
) -> Result<DataFrame, IngestError> {
    let day = |fact: &ObservedFact| match fact {
        ObservedFact::Usage { period, .. } => period.start,
        ObservedFact::Rollout { valid_from, .. } => *valid_from,
    };
    let known = world.measures.clone().lazy().with_column(lit(true).alias("known"));
    let said = said_usage(observations)?.lazy();
    let key = || cols(["solution_id", "measure_id"]);
    let frame = place(&subjects(observations, day)?, world)?
        .left_join(said, col("id"), col("id"))
        .join(known, key(), key(), JoinArgs::new(JoinType::Left))
        .sort(["id"], polars::prelude::SortMultipleOptions::default())
        .collect()?;
    let measured = frame.column("known")?.bool()?;
    let mut faults = Vec::with_capacity(observations.len());
    for ((observation, stay), known) in observations.iter().zip(stays(&frame)?).zip(measured.iter()) {
        let unknown = if known.is_none() { unknown_measure(&observation.fact, world) } else { None };
        faults.push(unknown.or_else(|| stay.fault(world)).or_else(|| too_large(&observation.fact)));
    }
    let kept = keep(&frame, observations, faults, told, rejections)?;
    let columns = cols([
        "solution_id",
        "measure_id",
        "municipality_code",
        "division_date",
        "organisation_number",
        "period_start",
        "period_end",
        "value",
        "state",
        "provisional",
    ]);
    let frame = kept.lazy().select(columns).with_column(lit(false).alias("imputed"));
    Ok(told.stamp(frame).collect()?)
}

/// Leaves the rows without fault and refuses the others.
fn keep(
    frame: &DataFrame,
    observations: &[Observation],
    faults: Vec<Option<String>>,
    told: &Told<'_>,
    rejections: &mut Vec<Rejection>,
) -> Result<DataFrame, IngestError> {
    let sound = faults.iter().map(Option::is_none).collect();
    let refused = observations.iter().zip(faults).filter_map(|(o, fault)| Some((o, fault?))).collect();
    told.refuse(refused, rejections);
    Ok(frame.filter(&sound)?)
}

fn said_usage(observations: &[Observation]) -> Result<DataFrame, IngestError> {
    let (mut ids, mut solutions, mut measures) = (Vec::new(), Vec::new(), Vec::new());
    let (mut starts, mut ends, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let (mut states, mut marks) = (Vec::new(), Vec::new());
    for (id, observation) in observations.iter().enumerate() {
        if let ObservedFact::Usage { solution_id, measure_id, period, value, state, provisional } =
            &observation.fact
        {
            ids.push(i64::try_from(id).unwrap_or(i64::MAX));
            solutions.push(solution_id.as_str());
            measures.push(measure_id.as_str());
            starts.push(day_number(period.start));
            ends.push(day_number(period.end));
            values.push(*value);
            states.push(state.as_str());
            marks.push(*provisional);
        }
    }
    Ok(DataFrame::new_infer_height(vec![
        Column::new("id".into(), ids),
        Column::new("solution_id".into(), solutions),
        Column::new("measure_id".into(), measures),
        Column::new("period_start".into(), starts),
        Column::new("period_end".into(), ends),
        Column::new("value".into(), values),
        Column::new("state".into(), states),
        Column::new("provisional".into(), marks),
    ])?)
}

fn unknown_measure(fact: &ObservedFact, world: &World) -> Option<String> {
    let ObservedFact::Usage { solution_id, measure_id, .. } = fact else { return None };
    world.check(solution_id.as_str(), Some(measure_id.as_str())).err().map(|error| error.to_string())
}

fn too_large(fact: &ObservedFact) -> Option<String> {
    match fact {
        ObservedFact::Usage { value: Some(value), .. } if !(0..=MOST).contains(value) => {
            Some(format!("value {value} cannot be a count: it must lie from 0 to {MOST}"))
        }
        _ => None,
    }
}

/// A list speaks about a code as it was, however long ago it ceased, and of one to come as it will be.
fn conform_rollout(
    observations: &[Observation],
    told: &Told<'_>,
    world: &World,
    rejections: &mut Vec<Rejection>,
) -> Result<DataFrame, IngestError> {
    let day = |fact: &ObservedFact| match fact {
        ObservedFact::Usage { period, .. } => period.start,
        ObservedFact::Rollout { valid_from, .. } => *valid_from,
    };
    let said = said_rollout(observations, told.source.notes())?.lazy();
    let frame = place(&subjects(observations, day)?, world)?
        .with_column(coalesce(&[col("division_date"), col("first_date")]).alias("division_date"))
        .left_join(said, col("id"), col("id"))
        .sort(["id"], polars::prelude::SortMultipleOptions::default())
        .collect()?;
    let mut faults = Vec::with_capacity(observations.len());
    for (observation, stay) in observations.iter().zip(stays(&frame)?) {
        let ObservedFact::Rollout { solution_id, .. } = &observation.fact else { continue };
        let unknown = world.check(solution_id.as_str(), None).err().map(|error| error.to_string());
        let nowhere = || match (stay.code, stay.division) {
            (Some(_), Some(_)) => None,
            _ => stay.fault(world),
        };
        faults.push(unknown.or_else(nowhere));
    }
    let kept = keep(&frame, observations, faults, told, rejections)?;
    let columns = cols([
        "solution_id",
        "municipality_code",
        "division_date",
        "stage",
        "valid_from",
        "ends",
        "known_at",
        "wave_id",
        "note",
    ]);
    let frame = kept.lazy().select(columns).rename(["ends"], ["valid_to"], true);
    Ok(told.stamp(frame).collect()?)
}

fn said_rollout(observations: &[Observation], notes: &[Note]) -> Result<DataFrame, IngestError> {
    let (mut ids, mut solutions, mut stages, mut remarks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut starts, mut moments) = (Vec::new(), Vec::new());
    for (id, observation) in observations.iter().enumerate() {
        let ObservedFact::Rollout { solution_id, stage, valid_from, known_at } = &observation.fact else {
            continue;
        };
        let code = if let Subject::Municipality(code) = &observation.subject { code.as_str() } else { "" };
        // An absence that is explained is no pause.
        let note = notes
            .iter()
            .find(|n| *stage == Stage::Paused && n.municipality_code == code && n.from == *valid_from);
        ids.push(i64::try_from(id).unwrap_or(i64::MAX));
        solutions.push(solution_id.as_str());
        stages.push(if note.is_some() { Stage::InProduction } else { *stage }.as_str());
        starts.push(day_number(*valid_from));
        moments.push(known_at.timestamp_micros());
        remarks.push(note.map(|note| note.note.clone()));
    }
    let nothing = vec![None::<&str>; ids.len()];
    let open = vec![None::<i32>; ids.len()];
    Ok(DataFrame::new_infer_height(vec![
        Column::new("id".into(), ids),
        Column::new("solution_id".into(), solutions),
        Column::new("stage".into(), stages),
        Column::new("valid_from".into(), starts),
        Column::new("ends".into(), open),
        Column::new("known_at".into(), moments),
        Column::new("wave_id".into(), nothing),
        Column::new("note".into(), remarks),
    ])?)
}
