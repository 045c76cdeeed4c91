//! Borders as they really moved: counts put on codes of their time, asked for in the borders of another.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use utbredt_engine::{Borders, By, Engine, KpiRequest, Policy};
use utbredt_tests::check::query_files;
use utbredt_tests::days::{day_after, first_day};
use utbredt_tests::real::{Count, real_lake, usage};

/// Of a municipality: its county, the numerator, the state and the marks.
type Cell = (String, Option<i64>, String, String);

struct Country {
    _folder: tempfile::TempDir,
    engine: Engine,
}

/// A count of one month: the municipality, the division its code is of, the month, the number.
fn count<'a>(code: &'a str, division: &str, month: &str, number: i64) -> Count<'a> {
    let day = |text: &str| first_day(text).expect("a day");
    (code, day(division), day(month), day_after(month).expect("a month"), number)
}

impl Country {
    fn of(counts: &[Count<'_>]) -> Self {
        Self::with(("svarut", "uses"), counts)
    }

    /// Counts of a solution's measure.
    fn with((solution, measure): (&str, &str), counts: &[Count<'_>]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        real_lake(folder.path(), Some(usage(solution, measure, counts)));
        let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
        Self { _folder: folder, engine }
    }

    async fn cells(&self, month: &str, borders: Borders, policy: Policy) -> BTreeMap<String, Cell> {
        let mut question = KpiRequest::new("adoption.usage_per_1000");
        question.params.insert("solution_id".into(), "svarut".into());
        (question.by, question.borders, question.policy) = (By::Municipality, borders, policy);
        question.from = Some(first_day(month).expect("a month"));
        question.to = Some(day_after(month).expect("a month"));
        let answer = self.engine.run(question).await.expect("an answer");
        let mut cells = BTreeMap::new();
        for batch in &answer.batches {
            let column = |name: &str| batch.column_by_name(name).expect("a column");
            let text = |name: &str| column(name).as_string::<i32>().clone();
            let number = cast(column("numerator"), &DataType::Int64).expect("a number");
            let number = number.as_primitive::<Int64Type>();
            let (code, name, state, marks) =
                (text("municipality_code"), text("municipality_name"), text("state"), text("marks"));
            for i in 0..batch.num_rows() {
                let value = number.is_valid(i).then(|| number.value(i));
                let cell = (name.value(i).into(), value, state.value(i).into(), marks.value(i).into());
                cells.insert(code.value(i).to_owned(), cell);
            }
        }
        cells
    }

    async fn county_of(&self, code: &str, on: &str) -> String {
        let text = format!(
            "SELECT county_code FROM municipalities WHERE municipality_code = '{code}'
             AND valid_from <= DATE '{on}' AND (valid_to IS NULL OR valid_to > DATE '{on}')"
        );
        let answer = self.engine.sql(text).await.expect("an answer");
        let batch = answer.batches.iter().find(|batch| batch.num_rows() > 0).expect("a row");
        batch.column(0).as_string::<i32>().value(0).to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_municipality_that_changed_its_number_is_one_line() {
    let country = Country::of(&[
        count("0219", "2018-01-01", "2018-05", 10),
        count("3024", "2020-01-01", "2021-05", 20),
        count("3201", "2024-01-01", "2024-05", 30),
    ]);
    for (month, number) in [("2018-05", 10), ("2021-05", 20), ("2024-05", 30)] {
        let cells = country.cells(month, Borders::Now, Policy::ExactOnly).await;
        assert_eq!(cells.len(), 357, "{month}");
        let (name, value, state, _) = &cells["3201"];
        assert_eq!((name.as_str(), *value, state.as_str()), ("Bærum", Some(number), "ok"), "{month}");
    }
    // On a day inside a division, not only on its first.
    let middle = country
        .cells("2024-05", Borders::On(first_day("2021-08-17").expect("a day")), Policy::ExactOnly)
        .await;
    assert_eq!((middle.len(), middle["3024"].1), (356, Some(30)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alesund_is_answered_as_it_is_and_haram_exactly() {
    let country = Country::of(&[
        // Haram before it lay in Ålesund, Ålesund while it did.
        count("1534", "2019-01-01", "2019-05", 7),
        count("1507", "2020-01-01", "2022-05", 1_000),
    ]);
    let exact = country.cells("2019-05", Borders::Now, Policy::ExactOnly).await;
    assert_eq!((exact["1580"].1, exact["1580"].2.as_str()), (Some(7), "ok"));
    let cells = country.cells("2022-05", Borders::Now, Policy::ExactOnly).await;
    for code in ["1508", "1580"] {
        assert_eq!(
            (cells[code].1, cells[code].2.as_str()),
            (None, "not_valid"),
            "{code}: nothing is guessed"
        );
    }
    // By a declared share both have a part, and the parts are the whole.
    let shared = country.cells("2022-05", Borders::Now, Policy::PopulationShare).await;
    let (alesund, haram) = (shared["1508"].1.expect("a part"), shared["1580"].1.expect("a part"));
    assert_eq!(alesund + haram, 1_000);
    assert!(alesund > haram && haram > 0);
    assert!(shared["1508"].3.contains("split_by_share"), "{:?}", shared["1508"]);
    let successor = country.cells("2022-05", Borders::Now, Policy::LargestSuccessor).await;
    assert_eq!((successor["1508"].1, successor["1580"].1), (Some(1_000), None));
}

/// Oslo has 1000 both years, and so has what was Ålesund until 2024 and is two since. Nobody's use grew: what the borders
/// do not let compare is in neither year's sum.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_municipality_that_was_split_is_no_growth() {
    let country = Country::of(&[
        count("0301", "2020-01-01", "2023-01", 1_000),
        count("1507", "2020-01-01", "2023-01", 1_000),
        count("0301", "2024-01-01", "2024-01", 1_000),
        count("1508", "2024-01-01", "2024-01", 850),
        count("1580", "2024-01-01", "2024-01", 150),
    ]);
    for (policy, now) in [(Policy::ExactOnly, 1_000), (Policy::PopulationShare, 2_000)] {
        let mut request = KpiRequest::new("adoption.growth_yoy");
        request.params.insert("solution_id".into(), "svarut".into());
        (request.by, request.policy) = (By::Nation, policy);
        (request.from, request.to) = (first_day("2024-01").ok(), day_after("2024-01").ok());
        let answer = country.engine.run(request).await.expect("an answer");
        let number = |name: &str| {
            let column = answer.batches[0].column_by_name(name).expect("a column");
            let column = cast(column, &DataType::Float64).expect("a number");
            let column = column.as_primitive::<Float64Type>();
            column.is_valid(0).then(|| column.value(0))
        };
        assert_eq!(number("value"), Some(0.0), "{policy:?}");
        assert_eq!(number("numerator"), Some(f64::from(now)), "{policy:?}");
        assert_eq!(number("unmatched_growth"), Some(0.0), "{policy:?}");
        assert_eq!(number("new_municipalities"), Some(0.0), "{policy:?}");
    }
}

/// The newest age bands are those of 2021, counted on Ålesund of 2020, of which Haram was a part: 54 319 of 16 years and
/// over. Of its 65 633 inhabitants 56 250 lived in what is Ålesund now and 9 383 in Haram.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_denominator_is_not_an_undelivered_number() {
    let month = "2026-05";
    let country = Country::with(
        ("svarut", "users_active"),
        &[
            count("1508", "2024-01-01", month, 900),
            count("1580", "2024-01-01", month, 100),
            count("0301", "2024-01-01", month, 5),
        ],
    );
    let mut request = KpiRequest::new("adoption.reach");
    request.params.extend([("solution_id", "svarut"), ("measure_id", "users_active")].map(own));
    request.by = By::Municipality;
    (request.from, request.to) = (first_day(month).ok(), day_after(month).ok());
    let exact = country.engine.run(request.clone()).await.expect("an answer");
    for code in ["1508", "1580"] {
        let cell = texts(&exact, code);
        assert_eq!((cell[0].as_str(), cell[1].as_str()), ("not_applicable", "no_denominator"), "{code}");
    }
    // Nobody reported of Bergen, and that is another thing.
    assert_eq!(texts(&exact, "4601")[..2], ["missing".to_owned(), "not_delivered".to_owned()]);
    request.policy = Policy::PopulationShare;
    let shared = country.engine.run(request).await.expect("an answer");
    // 54319 x 56250 / 65633 = 46553.5 and 54319 x 9383 / 65633 = 7765.5: whole persons, together all of them.
    for (code, low) in [("1508", 46_553), ("1580", 7_765)] {
        let cell = texts(&shared, code);
        assert_eq!((cell[0].as_str(), cell[1].as_str()), ("ok", ""), "{code}");
        assert_eq!(cell[2], "stale_denominator split_by_share", "{code}");
        let persons: i64 = cell[3].parse().expect("a number");
        assert!(persons == low || persons == low + 1, "{code}: {persons}");
    }
    let sum: i64 =
        ["1508", "1580"].iter().map(|code| texts(&shared, code)[3].parse::<i64>().unwrap_or(0)).sum();
    assert_eq!(sum, 54_319);
    // What is divided by stands beside the rows, with its year.
    let counted: Vec<String> =
        shared.meta.denominators.iter().map(|d| d.reference_date.to_string()).collect();
    assert_eq!(counted, ["2021-01-01"]);
}

fn own((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// State, reason, marks and denominator of a municipality.
fn texts(answer: &utbredt_engine::Answer, code: &str) -> Vec<String> {
    for batch in &answer.batches {
        let column = |name: &str| {
            let column = cast(batch.column_by_name(name).expect("a column"), &DataType::Utf8).expect("text");
            column.as_string::<i32>().clone()
        };
        let codes = column("municipality_code");
        if let Some(row) = codes.iter().position(|known| known == Some(code)) {
            let named = ["state", "reason", "marks", "denominator"].map(column);
            let shown =
                |own: &arrow::array::StringArray| own.is_valid(row).then(|| own.value(row).to_owned());
            return named.iter().map(|own| shown(own).unwrap_or_default()).collect();
        }
    }
    panic!("{code} has no row");
}

/// A source may lay its series on the borders of one day, or go on using a code for a while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_of_another_division_than_their_period_are_placed_or_have_no_state_of_ok() {
    let country = Country::of(&[
        count("1508", "2024-01-01", "2021-05", 60),
        count("1580", "2024-01-01", "2021-05", 6),
        count("3911", "2024-01-01", "2019-05", 5),
        // Tønsberg of 2024 was two in 2019: Tønsberg and Re.
        count("3905", "2024-01-01", "2019-05", 50),
        // In 2024 under the code of before.
        count("1507", "2020-01-01", "2024-03", 40),
    ]);
    let then = country.cells("2021-05", Borders::Then, Policy::ExactOnly).await;
    assert_eq!((then["1507"].1, then["1507"].2.as_str(), then["1507"].3.as_str()), (Some(66), "ok", ""));
    let then = country.cells("2019-05", Borders::Then, Policy::ExactOnly).await;
    assert_eq!((then["0729"].1, then["0729"].2.as_str()), (Some(5), "ok"));
    for code in ["0704", "0716"] {
        assert_eq!((then[code].1, then[code].2.as_str()), (None, "not_valid"), "{code}");
    }
    let shared = country.cells("2019-05", Borders::Then, Policy::PopulationShare).await;
    assert_eq!(shared["0704"].1.zip(shared["0716"].1).map(|(a, b)| a + b), Some(50));
    assert!(shared["0716"].3.contains("split_by_share"), "{:?}", shared["0716"]);
    let late = country.cells("2024-03", Borders::Then, Policy::ExactOnly).await;
    for code in ["1508", "1580"] {
        assert_eq!((late[code].1, late[code].2.as_str()), (None, "not_valid"), "{code}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn true_splits_are_not_guessed_and_kept_codes_are_not_kept_land() {
    let country = Country::of(&[
        count("1850", "2019-01-01", "2019-05", 60),
        count("5012", "2019-01-01", "2019-05", 50),
        count("1103", "2019-01-01", "2019-05", 40),
        count("1567", "2018-01-01", "2018-05", 30),
        // The other parts of Narvik and Hamarøy, and of Heim, Hitra and Orkland, had no use.
        count("1805", "2019-01-01", "2019-05", 0),
        count("1854", "2019-01-01", "2019-05", 0),
        count("1849", "2019-01-01", "2019-05", 0),
        count("5011", "2019-01-01", "2019-05", 0),
        count("1571", "2019-01-01", "2019-05", 0),
        count("5013", "2019-01-01", "2019-05", 0),
        count("5024", "2019-01-01", "2019-05", 0),
        count("5016", "2019-01-01", "2019-05", 0),
        count("5023", "2019-01-01", "2019-05", 0),
    ]);
    let on = |text: &str| Borders::On(first_day(text).expect("a day"));
    let cells = country.cells("2019-05", on("2020-01-01"), Policy::ExactOnly).await;
    // Tysfjord was divided between Narvik and Hamarøy, Snillfjord between Heim, Hitra and Orkland.
    for code in ["1806", "1875", "5055", "5056", "5059"] {
        assert_eq!((cells[code].1, cells[code].2.as_str()), (None, "not_valid"), "{code}");
    }
    // Stavanger kept its code and got Finnøy and Rennesøy, which reported nothing: its 40 are not those of the whole.
    assert_eq!((cells["1103"].1, cells["1103"].2.as_str()), (None, "missing"));
    let shared = country.cells("2019-05", on("2020-01-01"), Policy::PopulationShare).await;
    let sum = |codes: &[&str]| codes.iter().filter_map(|code| shared[*code].1).sum::<i64>();
    assert_eq!((sum(&["1806", "1875"]), sum(&["5055", "5056", "5059"])), (60, 50));
    // Rindal changed its code and its county.
    let rindal = country.cells("2018-05", Borders::Now, Policy::ExactOnly).await;
    assert_eq!((rindal["5061"].0.as_str(), rindal["5061"].1), ("Rindal", Some(30)));
    assert_eq!(country.county_of("1567", "2018-05-01").await, "15");
    assert_eq!(country.county_of("5061", "2024-05-01").await, "50");
}

/// After the last change its borders hold on; before the first one known nothing is told, and that is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_far_from_any_change() {
    let country = Country::of(&[count("0301", "2024-01-01", "2026-05", 5)]);
    let far = Borders::On(first_day("2030-01-01").expect("a day"));
    let cells = country.cells("2026-05", far, Policy::ExactOnly).await;
    assert_eq!((cells.len(), cells["0301"].1), (357, Some(5)));
    let mut early = KpiRequest::new("adoption.usage_per_1000");
    early.params.insert("solution_id".into(), "svarut".into());
    early.borders = Borders::On(first_day("1999-01-01").expect("a day"));
    let answered = country.engine.run(early.clone()).await.expect_err("no borders are known");
    assert!(
        answered.is_usage() && answered.hint().is_some_and(|hint| hint.contains("2015-01-01")),
        "{answered}"
    );
    early.borders = Borders::Then;
    (early.from, early.to) = (first_day("2001-01").ok(), day_after("2001-03").ok());
    assert!(country.engine.run(early).await.expect_err("no borders are known").is_usage());
}
