//! Lists of stages delivered again: a single stage that is missing holds the list, a correction does not, and what is reported
//! unchanged stays known since it was first reported.

use arrow::datatypes::TimestampMicrosecondType;

use super::*;
use crate::connectors::{Activations, DigisosList, StageList};
use crate::facts::event_rows;
use crate::held::{self, Released};
use crate::{Report, deliver};

/// A list of `secretariat` with `code,stage,valid_from` rows about SvarUt, received on a day at six.
fn list(on: &str, rows: &[&str]) -> Delivery {
    let mut payload = "municipality_code,solution_id,stage,valid_from\n".to_owned();
    for row in rows {
        let (code, rest) = row.split_once(',').unwrap();
        payload.push_str(&format!("{code},svarut,{rest}\n"));
    }
    Delivery {
        source_id: SourceId::parse("secretariat").unwrap(),
        subject: "all".to_owned(),
        payload: payload.into(),
        received_at: moment(&format!("{on}T06:00:00Z")),
        synthetic: false,
    }
}

fn bring(writer: &mut Writer, on: &str, rows: &[&str]) -> Report {
    deliver(writer, &StageList, &list(on, rows)).unwrap()
}

/// The stages in force as `code stage valid_from known_at`, in order.
fn known(writer: &Writer) -> Vec<String> {
    let events = table_of(writer, "rollout_events");
    let moments = columns::numbers::<TimestampMicrosecondType>(&events, "known_at").unwrap();
    let mut rows = Vec::new();
    for (row, moment) in event_rows(&events).unwrap().iter().zip(moments) {
        let moment = DateTime::from_timestamp_micros(moment.unwrap()).unwrap();
        let moment = moment.format("%Y-%m-%dT%H");
        rows.push(format!("{} {} {} {moment}", row.code, row.stage, day_of(row.valid_from)));
    }
    rows.sort();
    rows
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

const WHOLE: [&str; 4] = [
    "0301,pilot,2024-03-01",
    "0301,in_production,2024-09-01",
    "4601,pilot,2024-04-01",
    "4601,in_production,2024-10-01",
];

#[test]
fn a_list_that_lost_a_single_stage_is_held_and_names_it() {
    let (_dir, mut writer) = ready();
    assert_eq!(bring(&mut writer, "2025-01-02", &WHOLE).held, None);
    // Both municipalities are still on it; Oslo would fall back from production to pilot.
    let held = bring(&mut writer, "2025-02-02", &[WHOLE[0], WHOLE[2], WHOLE[3]]);
    let loss = held.loss.clone().unwrap();
    assert_eq!((loss.cells, loss.of), (1, 4));
    assert_eq!((loss.periods, loss.municipalities), (vec!["2024-09-01".to_owned()], vec!["0301".to_owned()]));
    assert_eq!(loss.examples, ["svarut stage 0301 in_production 2024-09-01"]);
    let reason = held.held.clone().unwrap().join("\n");
    assert!(
        reason.starts_with(
            "takes 1 of 4 cells out of force without reporting them again, in 1 municipality, 2024-09-01: svarut stage 0301 \
             in_production 2024-09-01. "
        ),
        "{reason}"
    );
    assert!(held.releasable);
    assert_eq!(known(&writer).len(), 4);
    let moment = moment("2025-02-03T09:00:00Z");
    let released = held::release(&mut writer, &held.receipt_id.0, "Oslo went back to trying", moment);
    assert!(matches!(released, Ok(Released::Now(_))), "{released:?}");
    assert_eq!(known(&writer).len(), 3);
}

#[test]
fn a_stage_with_another_day_or_a_day_with_another_stage_is_a_correction() {
    // What the list reports after WHOLE, and what of WHOLE is lost.
    let cases: [(&[&str], &[&str]); 5] = [
        // The day of one stage, of both at once.
        (&[WHOLE[0], "0301,in_production,2024-08-01", WHOLE[2], WHOLE[3]], &[]),
        (&["0301,pilot,2024-02-01", "0301,in_production,2024-03-01", WHOLE[2], WHOLE[3]], &[]),
        // The stage of one day.
        (&[WHOLE[0], "0301,paused,2024-09-01", WHOLE[2], WHOLE[3]], &[]),
        // One new day corrects one stage: the pilot is not reported any more.
        (&["0301,in_production,2024-03-01", WHOLE[2], WHOLE[3]], &["svarut stage 0301 pilot 2024-03-01"]),
        // Another municipality's stage corrects none, and a new one of both kinds neither.
        (
            &[WHOLE[0], "0301,paused,2025-01-01", WHOLE[2], WHOLE[3], "5001,in_production,2024-09-01"],
            &["svarut stage 0301 in_production 2024-09-01"],
        ),
    ];
    for (rows, lost) in cases {
        let (_dir, mut writer) = ready();
        assert_eq!(bring(&mut writer, "2025-01-02", &WHOLE).held, None);
        let report = bring(&mut writer, "2025-02-02", rows);
        let examples = report.loss.map(|loss| loss.examples).unwrap_or_default();
        assert_eq!((examples, report.held.is_some()), (owned(lost), !lost.is_empty()), "{rows:?}");
    }
}

#[test]
fn a_stage_entered_twice_and_reported_once_is_a_loss() {
    let (_dir, mut writer) = ready();
    let twice = ["0301,in_production,2024-03-01", "0301,paused,2024-05-01", "0301,in_production,2024-07-01"];
    assert_eq!(bring(&mut writer, "2025-01-02", &twice).held, None);
    let loss = bring(&mut writer, "2025-02-02", &twice[..2]).loss.unwrap();
    assert_eq!((loss.cells, loss.of), (1, 3));
    assert_eq!(loss.examples, ["svarut stage 0301 in_production 2024-07-01"]);
}

#[test]
fn an_activation_that_changed_during_the_day_is_a_correction() {
    let (_dir, mut writer) = ready();
    let svarut = Activations("svarut".parse().unwrap());
    let entry = |code: &str, receives: bool| {
        format!(
            "{{\"kommunenummer\": \"{code}\", \"kanMottaSoknader\": {receives}, \
             \"kanOppdatereStatus\": {receives}, \"harMidlertidigDeaktivertMottak\": false, \
             \"harMidlertidigDeaktivertOppdateringer\": false}}"
        )
    };
    for (hour, receives) in [(6, false), (9, true)] {
        let mut of_day = list("2025-01-02", &[]);
        of_day.subject = "2025-01-02".to_owned();
        of_day.received_at = moment(&format!("2025-01-02T{hour:02}:00:00Z"));
        of_day.payload = format!("[{}, {}]", entry("0301", receives), entry("4601", true)).into();
        let report = deliver(&mut writer, &svarut, &of_day).unwrap();
        assert_eq!((report.held, report.accepted), (None, 2), "{hour}");
    }
    // Oslo has been in production since nine; that Bergen is was known at six.
    let expected =
        ["0301 in_production 2025-01-02 2025-01-02T09", "4601 in_production 2025-01-02 2025-01-02T06"];
    assert_eq!(known(&writer), expected);
}

#[test]
fn a_row_reported_again_stays_known_since_it_was_first_reported() {
    let (_dir, mut writer) = ready();
    bring(&mut writer, "2025-01-02", &["0301,pilot,2024-03-01", "4601,pilot,2024-04-01"]);
    // One row more, one with another day: only these two are news.
    let second = ["0301,pilot,2024-03-01", "4601,pilot,2024-05-01", "5001,planned,2025-06-01"];
    assert_eq!(bring(&mut writer, "2025-02-02", &second).held, None);
    let expected = [
        "0301 pilot 2024-03-01 2025-01-02T06",
        "4601 pilot 2024-05-01 2025-02-02T06",
        "5001 planned 2025-06-01 2025-02-02T06",
    ];
    assert_eq!(known(&writer), expected);
    // A dry run shows the moments that a delivery would bring.
    let again = list("2025-03-02", &second[..1]);
    let tried = crate::DryRunContext::Lake(writer.lake().clone()).dry_run(&StageList, &again).unwrap();
    assert_eq!(
        event_rows(&tried.rollout_events).unwrap()[0].known_at,
        moment("2025-01-02T06:00:00Z").timestamp_micros()
    );
    // A third keeps what the second kept; what the first said of Bergen comes back as news.
    let third = [
        "0301,pilot,2024-03-01",
        "4601,pilot,2024-04-01",
        "5001,planned,2025-06-01",
        "1103,pilot,2025-01-01",
    ];
    assert_eq!(bring(&mut writer, "2025-03-02", &third).held, None);
    let expected = [
        "0301 pilot 2024-03-01 2025-01-02T06",
        "1103 pilot 2025-01-01 2025-03-02T06",
        "4601 pilot 2024-04-01 2025-03-02T06",
        "5001 planned 2025-06-01 2025-02-02T06",
    ];
    assert_eq!(known(&writer), expected);
}

#[test]
fn rows_reported_again_in_one_batch_stay_known_too() {
    let (_dir, mut writer) = ready();
    let batch = [list("2025-01-02", &["0301,pilot,2024-03-01"]), {
        list("2025-02-02", &["0301,pilot,2024-03-01", "4601,pilot,2024-04-01"])
    }];
    let batch =
        batch.map(|delivery| (std::sync::Arc::new(StageList) as std::sync::Arc<dyn Format>, delivery));
    crate::deliver_all(&mut writer, moment("2025-02-03T07:00:00Z"), &batch).unwrap();
    assert_eq!(
        known(&writer),
        ["0301 pilot 2024-03-01 2025-01-02T06", "4601 pilot 2024-04-01 2025-02-02T06"]
    );
}

#[test]
fn a_moment_that_the_source_states_stays_as_stated() {
    let (_dir, mut writer) = ready();
    let digisos = DigisosList { notes: Vec::new() };
    let log = |on: &str, at: &str| {
        let mut log = list(on, &[]);
        log.payload = format!("event_at,action,kommunenummer\n{at},add,0301\n").into();
        log
    };
    for (on, at) in [("2025-01-02", "2024-03-01T10:00:00Z"), ("2025-02-02", "2024-03-01T12:00:00Z")] {
        assert_eq!(deliver(&mut writer, &digisos, &log(on, at)).unwrap().held, None);
    }
    assert_eq!(known(&writer), ["0301 in_production 2024-03-01 2024-03-01T12"]);
}

#[test]
fn a_correction_by_another_source_survives_a_redelivery_with_one_row_more() {
    let (_dir, mut writer) = ready();
    assert_eq!(bring(&mut writer, "2025-01-02", &["0301,pilot,2024-03-01"]).held, None);
    let mut correction = list("2025-02-02", &["0301,in_production,2024-03-01"]);
    correction.source_id = SourceId::parse("owner").unwrap();
    assert_eq!(deliver(&mut writer, &StageList, &correction).unwrap().held, None);
    let more = ["0301,pilot,2024-03-01", "4601,pilot,2024-04-01"];
    assert_eq!(bring(&mut writer, "2025-03-02", &more).held, None);
    // Of the two about Oslo on that day, the one known later is the correction.
    let expected = [
        "0301 in_production 2024-03-01 2025-02-02T06",
        "0301 pilot 2024-03-01 2025-01-02T06",
        "4601 pilot 2024-04-01 2025-03-02T06",
    ];
    assert_eq!(known(&writer), expected);
}
