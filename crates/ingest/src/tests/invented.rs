//! Invented deliveries: the same for the same seed, possible by every count, and owed.

use std::collections::BTreeSet;

use super::*;
use crate::demo::lake_of;
use crate::{ExpectedDelivery, IngestError, expect, synthetic};

fn three_months(seed: u64) -> Vec<Delivery> {
    synthetic::deliveries(seed, day("2024-10-01"), day("2025-01-01"), tables()).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (one, two) = (three_months(7), three_months(7));
    assert_eq!(one, two);
    // The rollouts, and six solutions in three months; in October 2024 Minside is in too few municipalities to report.
    assert_eq!(one.len(), 1 + 3 * 6 - 1);
    assert!(one.iter().all(|delivery| delivery.synthetic));
    assert_ne!(one, three_months(8));
    let receipts: BTreeSet<_> = one.iter().map(Delivery::receipt_id).collect();
    assert_eq!(receipts.len(), one.len());
}

#[test]
fn a_month_does_not_depend_on_the_months_requested() {
    let of_december = |from: &str| {
        synthetic::deliveries(7, day(from), day("2025-01-01"), tables())
            .unwrap()
            .into_iter()
            .find(|delivery| delivery.subject == "svarut 2024-12")
            .unwrap()
    };
    assert_eq!(of_december("2024-10-01"), of_december("2024-12-01"));
}

#[test]
fn some_never_deliver_and_some_fall_silent() {
    let codes = |subject: &str| -> BTreeSet<String> {
        let all = three_months(7);
        let one = all.iter().find(|delivery| delivery.subject == subject).unwrap();
        let text = String::from_utf8(one.payload.bytes().to_vec()).unwrap();
        text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
    };
    let (october, december) = (codes("svarut 2024-10"), codes("svarut 2024-12"));
    // 357 municipalities, of which about 3 % never deliver and 5 % not in the last two months.
    assert!((330..357).contains(&october.len()), "{}", october.len());
    assert!(december.len() + 8 < october.len(), "{} then {}", october.len(), december.len());
}

#[test]
fn a_lake_can_be_made_of_other_months() {
    let dir = tempfile::tempdir().unwrap();
    let months = (day("2023-11-01"), day("2024-02-01"));
    let report = lake_of(dir.path(), &files(), moment("2026-11-20T00:00:00Z"), months, &|_| ()).unwrap();
    assert_eq!(report.held, Vec::<String>::new());
    let writer = Lake::open(dir.path()).unwrap().writer().unwrap();
    let divisions: BTreeSet<_> = days_of(&table_of(&writer, "usage"), "division_date").into_iter().collect();
    let expected = ["2020-01-01", "2024-01-01"].map(str::to_owned);
    assert_eq!(divisions, BTreeSet::from(expected), "the turn of 2024 is crossed");
}

#[test]
fn what_is_owed_is_due_on_a_day_of_the_next_month() {
    let (_dir, mut writer) = ready();
    let mut owed = synthetic::expected(day("2024-12-05"), day("2025-02-01")).unwrap();
    owed.truncate(1);
    expect(&mut writer, moment("2025-01-01T00:00:00Z"), &owed).unwrap();
    let mut dues = days_of(&table_of(&writer, "expected_deliveries"), "due");
    dues.sort();
    assert_eq!(dues, ["2025-01-16", "2025-02-16"]);
    // A new day for the same month replaces the old one.
    let later: Vec<_> = owed.iter().map(|one| ExpectedDelivery { due_day: 20, ..one.clone() }).collect();
    expect(&mut writer, moment("2025-01-02T00:00:00Z"), &later).unwrap();
    assert_eq!(table_of(&writer, "expected_deliveries").num_rows(), 2);
    let never = vec![ExpectedDelivery { due_day: 31, ..owed[0].clone() }];
    assert!(matches!(
        expect(&mut writer, moment("2025-01-02T00:00:00Z"), &never),
        Err(IngestError::Invalid(_))
    ));
    let unknown =
        ExpectedDelivery { measure_id: utbredt_model::MeasureId::parse("use").unwrap(), ..owed[0].clone() };
    let error = expect(&mut writer, moment("2025-01-02T00:00:00Z"), &[unknown]).unwrap_err();
    assert!(error.to_string().contains("did you mean `uses`?"), "{error}");
}
