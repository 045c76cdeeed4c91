//! The real rollout of Digisos 2018-2020 and a printed figure, from the embedded datasets.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Float64Type, Int64Type};
use arrow::util::display::array_value_to_string;
use chrono::DateTime;
use utbredt_engine::{Answer, Borders, By, Engine, KpiRequest};
use utbredt_lake::{EditionDraft, Lake, Table};
use utbredt_tests::batches::targets;
use utbredt_tests::check::query_files;
use utbredt_tests::days::{day_after, first_day};
use utbredt_tests::real::{real_lake, usage};
use utbredt_tests::world::Target;

/// Month, numerator, denominator, value.
type Row = (String, i64, i64, f64);

fn rows(answer: &Answer) -> Vec<Row> {
    let mut rows = Vec::new();
    for batch in &answer.batches {
        let column = |name: &str| batch.column_by_name(name).expect("a fixed column");
        let numerator = column("numerator").as_primitive::<Int64Type>();
        let denominator = column("denominator").as_primitive::<Int64Type>();
        let value = column("value").as_primitive::<Float64Type>();
        let start = column("period_start").as_primitive::<Date32Type>();
        for i in 0..batch.num_rows() {
            assert!(value.is_valid(i), "every month is known");
            let month = start.value_as_date(i).expect("a day").format("%Y-%m").to_string();
            rows.push((month, numerator.value(i), denominator.value(i), value.value(i)));
        }
    }
    rows
}

async fn monthly(engine: &Engine, kpi: &str, borders: &str, merge_rule: &str) -> Vec<Row> {
    let mut question = KpiRequest::new(kpi);
    question.params.insert("merge_rule".into(), merge_rule.into());
    question.params.insert("solution_id".into(), "digisos".into());
    question.by = By::Nation;
    question.borders = Borders::parse(borders).expect("borders");
    question.from = Some(first_day("2018-04").expect("a month"));
    question.to = Some(day_after("2020-12").expect("a month"));
    rows(&engine.run(question).await.expect("an answer"))
}

fn at<'a>(rows: &'a [Row], month: &str) -> &'a Row {
    rows.iter().find(|row| row.0 == month).expect("a month requested")
}

/// The figures are those of a count by hand over the list itself, month-ends on the 2020 division, of which Bergen's
/// absence since May 2020 is put back: 1 municipality.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn digisos_rises_without_a_false_fall() {
    let folder = tempfile::tempdir().expect("a folder");
    // 0703 and 0717 never existed; each was put on the list and taken off again.
    assert_eq!(real_lake(folder.path(), None), 4);
    let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
    let live = monthly(&engine, "rollout.municipalities_live", "2020-01-01", "any").await;
    let covered = monthly(&engine, "rollout.population_coverage", "2020-01-01", "any").await;
    assert_eq!(live.len(), 33, "April 2018 to December 2020");
    // Of the 356, five lie in municipalities that were divided in 2020: before that they cannot be told exactly.
    assert!(live.iter().all(|row| row.2 == if row.0.as_str() < "2020" { 351 } else { 356 }), "{live:?}");
    let known = [
        ("2018-12", 22),
        ("2019-03", 41),
        ("2019-06", 78),
        ("2019-12", 117),
        ("2020-01", 117),
        ("2020-02", 124),
    ];
    for (month, municipalities) in known {
        assert_eq!(at(&live, month).1, municipalities, "{month}");
    }
    // The list names 131 codes in December 2019 and 119 in January 2020: no municipality left.
    assert!(at(&live, "2020-01").1 >= at(&live, "2019-12").1);
    // The forced jump of March 2020.
    assert_eq!((at(&live, "2020-03").1, at(&live, "2020-04").1), (190, 198));
    // Bergen is off the list from May 2020 and still in production.
    assert_eq!((at(&live, "2020-05").1, at(&live, "2020-12").1), (198, 198));
    let printed =
        [("2018-12", 32.7), ("2019-12", 59.5), ("2020-01", 59.5), ("2020-03", 74.9), ("2020-04", 76.9)];
    for (month, percent) in printed {
        let found = at(&covered, month).3 * 100.0;
        assert!((found - percent).abs() < 1.0, "{month}: {found} beside {percent}");
    }
    let fall = covered.windows(2).find(|pair| pair[1].3 < pair[0].3 - 0.005);
    assert!(fall.is_none(), "{fall:?}");
}

/// Where all parts must have it, a merger takes it from nobody either: the code of Stavanger (1103) and that of Trondheim
/// (5001) are kept, with land that was Finnøy's, Rennesøy's and Klæbu's. That Klæbu's old code, which ceased at New Year, is
/// taken off the list on 27 October 2020 changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn digisos_does_not_fall_where_a_code_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    real_lake(folder.path(), None);
    let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
    let covered = monthly(&engine, "rollout.population_coverage", "then", "all").await;
    let (before, after) = (at(&covered, "2020-09"), at(&covered, "2020-10"));
    assert_eq!((before.1, before.2), (after.1, after.2), "no municipality left in October");
    for (code, month) in [("1103", "2019-12"), ("1103", "2020-01"), ("5001", "2020-01"), ("5001", "2020-10")]
    {
        let pairs = [
            ("solution_id", "digisos"),
            ("by", "municipality"),
            ("municipality_code", code),
            ("merge_rule", "all"),
            ("from", month),
            ("to", month),
        ];
        let request = KpiRequest::parse(engine.catalogue(), "rollout.municipalities_live", pairs);
        let found = rows(&engine.run(request.expect("a question")).await.expect("an answer"));
        assert_eq!((found.len(), found[0].1), (1, 1), "{code} {month}");
    }
}

/// A goal for all from the start of the list.
fn goal(due: &str) -> arrow::array::RecordBatch {
    targets(&[Target {
        metric: "rollout.population_coverage",
        solution_id: "digisos".into(),
        scope: "nation".into(),
        value: 0.9,
        baseline_period: first_day("2018-01").expect("a month"),
        baseline_value: 0.0,
        path: "straight",
        due: due.parse().expect("a day"),
    }])
}

/// Month, outlook, refusal and the month of a break.
fn outlooks(answer: &Answer) -> Vec<(String, String, String, String)> {
    let mut rows = Vec::new();
    for batch in &answer.batches {
        let shown = |name: &str, row: usize| {
            let column = batch.column_by_name(name).expect("a column");
            array_value_to_string(column, row).expect("every column can be shown")
        };
        for row in 0..batch.num_rows() {
            let month = shown("period_start", row)[..7].to_owned();
            rows.push((month, shown("outlook", row), shown("refusal", row), shown("break_period", row)));
        }
    }
    rows
}

/// In March 2020 the list leapt from 124 to 190 municipalities: no pace. Renumbered and merged municipalities in January
/// 2020 are none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_forecast_across_march_2020_and_the_reason_is_given() {
    let folder = tempfile::tempdir().expect("a folder");
    real_lake(folder.path(), None);
    let lake = Lake::open(folder.path()).expect("the lake opens");
    let change = EditionDraft {
        recorded_at: DateTime::parse_from_rfc3339("2026-11-02T00:00:00Z").expect("a moment").to_utc(),
        reason: "a goal".into(),
        replace: vec![(Table::named("targets").expect("a table"), goal("2021-12-31"))],
        append: vec![],
        supersedes: vec![],
        receipts: vec![],
    };
    lake.writer().expect("the lock").commit(change).expect("an edition");
    let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
    for borders in ["then", "2020-01-01"] {
        let mut question = KpiRequest::new("targets.time_to_target");
        question.params.insert("solution_id".into(), "digisos".into());
        question.borders = Borders::parse(borders).expect("borders");
        question.from = Some(first_day("2019-09").expect("a month"));
        question.to = Some(day_after("2020-12").expect("a month"));
        let answer = engine.run(question).await.expect("an answer");
        let found = outlooks(&answer);
        let answered = |month: &str| {
            let (_, outlook, refusal, broke) =
                found.iter().find(|row| row.0 == month).expect("a month requested");
            [outlook.as_str(), refusal, broke]
        };
        // The codes of January, and all before and after the leap, are foretold.
        for month in ["2019-12", "2020-01", "2020-02", "2020-10", "2020-12"] {
            assert_eq!(answered(month), ["not_at_this_pace", "", ""], "{borders} {month}");
        }
        // From March to September there are fewer than eight months since.
        for month in ["2020-03", "2020-04", "2020-09"] {
            assert_eq!(answered(month), ["refused", "break", "2020-03-01"], "{borders} {month}");
        }
    }
}

/// Frøya's share of inhabitants over 15 with a digital mailbox was printed as 19.4 %: 738 of the 3,799 persons of 16
/// and over on 1 January 2015 (datasets/README.md). The count is put in the year whose population it was divided by.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn froya_reaches_what_was_printed() {
    let day = |text| first_day(text).expect("a day");
    let folder = tempfile::tempdir().expect("a folder");
    let boxes = [("1620", day("2015-01-01"), day("2015-12-01"), day("2016-01-01"), 738)];
    real_lake(folder.path(), Some(usage("digital-postkasse", "users_active", &boxes)));
    let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
    let mut question = KpiRequest::new("adoption.reach");
    question.params.insert("solution_id".into(), "digital-postkasse".into());
    question.by = By::Municipality;
    question.filter.insert(By::Municipality, vec!["1620".into()]);
    question.from = Some(day("2015-12"));
    question.to = Some(day("2016-01"));
    let found = rows(&engine.run(question).await.expect("an answer"));
    let (_, numerator, denominator, value) = &found[0];
    assert_eq!((*numerator, *denominator, found.len()), (738, 3799, 1));
    assert_eq!(format!("{:.1}", value * 100.0), "19.4");
}
