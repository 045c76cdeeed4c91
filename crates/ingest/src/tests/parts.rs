//! Contracts that add rows: a delivery whose sums lack a part that those before had is held with its name.

use super::*;
use crate::held::{self, Released};
use crate::{Report, deliver, deliver_all};

fn adding() -> Delimited {
    Delimited(Contract::from_toml(&format!("{CONTRACT}value.sum_over = [\"sex\"]\n")).unwrap())
}

/// A file of `code;month;measure;sex;n` rows: of Oslo and Bergen, a hundred for each of some sexes.
fn file(month: &str, sexes: &[&str]) -> Delivery {
    let mut payload = "code;month;measure;sex;n\n".to_owned();
    for code in ["0301", "4601"] {
        for sex in sexes {
            payload.push_str(&format!("{code};{month};uses;{sex};100\n"));
        }
    }
    Delivery { payload: payload.into(), ..delivery(month, &[]) }
}

fn bring(writer: &mut Writer, delivery: &Delivery) -> Report {
    deliver(writer, &adding(), delivery).unwrap()
}

fn values(writer: &Writer) -> Vec<i64> {
    let mut values: Vec<i64> = counts_of(&table_of(writer, "usage"), "value").into_iter().flatten().collect();
    values.sort_unstable();
    values
}

#[test]
fn a_redelivery_that_lost_a_part_for_everybody_is_held_with_its_name() {
    let (_dir, mut writer) = ready();
    let whole = bring(&mut writer, &file("2025-01", &["K", "M"]));
    assert_eq!((whole.held, values(&writer)), (None, vec![200, 200]));
    // Every cell is still there, with half of it.
    let half = bring(&mut writer, &file("2025-01", &["K"]));
    assert_eq!(half.loss, None);
    let reasons = half.held.clone().unwrap();
    let expected = format!(
        "the contract adds rows (`sum_over`), and no row has what was added by receipt {}: sex `M` of digihelse uses. ",
        whole.receipt_id.0
    );
    assert_eq!(reasons.len(), 1);
    assert!(reasons[0].starts_with(&expected), "{reasons:?}");
    assert!(half.releasable && reasons[0].contains("utbredt held release"), "{reasons:?}");
    assert_eq!(values(&writer), [200, 200]);
    assert!(bring(&mut writer, &file("2025-01", &["K"])).unchanged);
    // A person decides, and what follows is compared with what was decided on.
    let moment = moment("2025-03-13T09:00:00Z");
    let released = held::release(&mut writer, &half.receipt_id.0, "men are not counted any more", moment);
    assert!(matches!(released, Ok(Released::Now(_))), "{released:?}");
    assert_eq!(values(&writer), [100, 100]);
    assert_eq!(bring(&mut writer, &file("2025-02", &["K"])).held, None);
}

#[test]
fn the_next_month_and_one_brought_in_afterwards_are_compared_too() {
    let (_dir, mut writer) = ready();
    assert_eq!(bring(&mut writer, &file("2025-03", &["K", "M"])).held, None);
    assert_eq!(bring(&mut writer, &file("2025-04", &["K", "M", "X"])).held, None);
    let lacks = |report: Report| {
        let reason = report.held.map(|reasons| reasons.join("\n")).unwrap_or_default();
        ["M", "X"].map(|sex| reason.contains(&format!("sex `{sex}` of digihelse uses")))
    };
    // After April comes May; before March there is none, so March itself is looked at.
    assert_eq!(lacks(bring(&mut writer, &file("2025-05", &["K"]))), [true, true]);
    assert_eq!(lacks(bring(&mut writer, &file("2025-02", &["K"]))), [true, false]);
    assert_eq!(lacks(bring(&mut writer, &file("2025-01", &["K", "M"]))), [false, false]);
    // March is compared with what it replaces, not with April.
    assert_eq!(lacks(bring(&mut writer, &file("2025-03", &["M", "k"]))), [false, false]);
    assert_eq!(values(&writer), [200, 200, 200, 200, 300, 300]);
}

#[test]
fn one_batch_and_a_dry_run_decide_alike() {
    let (_dir, mut writer) = ready();
    let batch = [file("2025-01", &["K", "M"]), file("2025-02", &["K"])];
    let batch = batch.map(|delivery| (std::sync::Arc::new(adding()) as std::sync::Arc<dyn Format>, delivery));
    let reports = deliver_all(&mut writer, moment("2025-03-12T07:00:00Z"), &batch).unwrap();
    assert_eq!((&reports[0].held, reports[1].held.is_some()), (&None, true));
    let lake = crate::DryRunContext::Lake(writer.lake().clone());
    let tried = lake.dry_run(&adding(), &file("2025-01", &["M"])).unwrap();
    assert!(tried.report.held.unwrap()[0].contains("sex `K` of digihelse uses"));
}

#[test]
fn a_file_of_another_kind_before_it_is_no_measure_for_it() {
    let (_dir, mut writer) = ready();
    // Read by this contract it has no such column, so nothing of it is a part.
    assert_eq!(
        deliver(&mut writer, &contract(), &delivery("2025-01", &["0301;2025-01;uses;200"])).unwrap().held,
        None
    );
    assert_eq!(bring(&mut writer, &file("2025-02", &["K"])).held, None);
    // A measure that the file does not report is another check's.
    let mut both = file("2025-03", &["K", "M"]);
    let more = b"0301;2025-03;users_active;K;5\n0301;2025-03;users_active;M;6\n";
    both.payload = [both.payload.bytes(), more].concat().into();
    assert_eq!(bring(&mut writer, &both).held, None);
    let report = bring(&mut writer, &file("2025-03", &["K", "M"]));
    assert_eq!(report.loss.map(|loss| loss.cells), Some(1));
    assert!(report.held.unwrap().iter().all(|reason| !reason.contains("sum_over")));
}

#[test]
fn a_span_is_compared_with_every_delivery_it_replaces() {
    let (_dir, mut writer) = ready();
    let text = format!("replaces = \"own_span\"\n{CONTRACT}value.sum_over = [\"sex\"]\n");
    let span = Delimited(Contract::from_toml(&text).unwrap());
    for (month, sexes) in [("2025-01", &["K", "M"][..]), ("2025-02", &["K", "M", "X"])] {
        assert_eq!(deliver(&mut writer, &span, &file(month, sexes)).unwrap().held, None);
    }
    let both = |sexes: &[&str]| {
        let (mut whole, more) = (file("2025-01", sexes), file("2025-02", sexes));
        let more = &more.payload.bytes()["code;month;measure;sex;n\n".len()..];
        whole.payload = [whole.payload.bytes(), more].concat().into();
        Delivery { subject: "history".to_owned(), ..whole }
    };
    let held = deliver(&mut writer, &span, &both(&["K"])).unwrap().held.unwrap().join("\n");
    assert!(held.contains("sex `M` of digihelse uses, sex `X` of digihelse uses. "), "{held}");
    assert_eq!(values(&writer), [200, 200, 300, 300]);
    assert_eq!(deliver(&mut writer, &span, &both(&["K", "M", "X"])).unwrap().held, None);
    assert_eq!(values(&writer), [300, 300, 300, 300]);
}
