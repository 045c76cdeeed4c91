//! While a source is asked, others may write: whoever uploads does not wait for the national sources.

use std::sync::Mutex;

use utbredt_lake::{Lake, LakeError};

use super::office::Office;
use super::{Desk, configured, constant_server, held, morning};
use crate::connectors::StageList;
use crate::fetch::{Client, Guard, Limits};
use crate::{Delivery, deliver};

/// Another writer delivers a list of stages in the middle of a year's questions; both are in.
#[test]
fn another_may_deliver_while_a_source_is_requested() {
    let mut desk = Desk::new();
    let root = desk.writer.lake().root().to_path_buf();
    assert!(matches!(Lake::open(&root).unwrap().writer(), Err(LakeError::Locked(_))), "the lock is held");
    let office = Office::new(2024..=2024);
    let delivered = Mutex::new(Vec::new());
    let other = root.clone();
    let server = constant_server(move |seen| {
        let mut delivered = delivered.lock().unwrap();
        if delivered.len() < 2 {
            let mut writer = Lake::open(&other).unwrap().writer().unwrap();
            let number = delivered.len();
            let payload = format!(
                "municipality_code,solution_id,stage,valid_from\n030{},digihelse,planned,2026-01-01\n",
                number + 1
            );
            let delivery = Delivery {
                source_id: "stages".parse().unwrap(),
                subject: format!("list {number}"),
                payload: payload.into(),
                received_at: "2026-11-24T06:00:00Z".parse().unwrap(),
                synthetic: false,
            };
            delivered.push(deliver(&mut writer, &StageList, &delivery).unwrap());
        }
        office.answer(seen)
    });
    let fields = format!("url = \"{}\"\nfrom = 2024", server.url("/v2"));
    let pulled = desk.pull(&server, &morning(), configured("ssb_population", &fields).as_ref()).unwrap();
    assert_eq!(held(&pulled), "");
    let receipts = desk.rows("receipts");
    assert_eq!(receipts.iter().filter(|row| row.contains("stages")).count(), 2, "{receipts:?}");
    assert!(desk.writer.lake().verify().unwrap().problems.is_empty());
    assert!(matches!(Lake::open(&root).unwrap().writer(), Err(LakeError::Locked(_))), "and is held again");
}

/// Two processes pull the same year at the same time: it comes in once.
#[test]
fn a_year_pulled_twice_at_once_comes_in_once() {
    let mut desk = Desk::new();
    let root = desk.writer.lake().root().to_path_buf();
    let office = Office::new(2024..=2024);
    let calm = office.clone();
    let calm = constant_server(move |seen| calm.answer(seen));
    let (address, host) = (calm.url("/v2"), calm.host());
    let done = Mutex::new(false);
    let server = constant_server(move |seen| {
        // At the first question about numbers the other pulls the whole year.
        let mut done = done.lock().unwrap();
        if seen.line.contains("/data") && !*done {
            *done = true;
            let clock = morning();
            let client = Client::new(Guard::with_local([host.clone()]), Limits::default(), &clock);
            let fields = format!("url = \"{address}\"\nfrom = 2024");
            let other = configured("ssb_population", &fields);
            let mut writer = Lake::open(&root).unwrap().writer().unwrap();
            let pulled =
                super::super::pull(other.as_ref(), &client, &mut writer, (&calm, "reference")).unwrap();
            assert_eq!((pulled.reports.len(), pulled.reports[0].held.clone()), (1, None));
        }
        office.answer(seen)
    });
    let fields = format!("url = \"{}\"\nfrom = 2024", server.url("/v2"));
    let pulled = desk.pull(&server, &morning(), configured("ssb_population", &fields).as_ref()).unwrap();
    assert_eq!(held(&pulled), "");
    assert!(pulled.reports[0].unchanged, "{:?}", pulled.reports);
    let rows = desk.rows("population");
    let mut once = rows.clone();
    once.dedup();
    assert_eq!(rows.len(), once.len());
}
