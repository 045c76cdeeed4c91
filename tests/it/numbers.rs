//! Whole numbers that are large: they hold as long as 64 bits do, and beyond them is an error, never another number.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use utbredt_engine::{Engine, EngineError, KpiRequest};
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny::tiny;

/// The tiny world, in which every use reported is so many.
fn engine(uses: i64) -> (tempfile::TempDir, Engine) {
    let mut world = tiny();
    for row in world.usage.iter_mut().filter(|row| row.solution_id == "post" && row.measure_id == "uses") {
        row.value = Some(uses);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let _lake = fill(&world, folder.path());
    let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
    (folder, engine)
}

/// The numerators of an answer, by row.
async fn numerators(engine: &Engine, kpi: &str, words: &str) -> Result<Vec<Option<i64>>, EngineError> {
    let pairs = words.split(' ').map(|word| word.split_once('=').expect("name=value"));
    let request = KpiRequest::parse(engine.catalogue(), kpi, pairs).expect("a question that is read");
    let answer = engine.run(request).await?;
    let column = |batch: &arrow::array::RecordBatch| {
        let numbers = batch.column_by_name("numerator").expect("a fixed column");
        numbers.as_primitive::<Int64Type>().iter().collect::<Vec<_>>()
    };
    Ok(answer.batches.iter().flat_map(column).collect())
}

const PER_1000: &str = "adoption.usage_per_1000";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_of_two_to_the_fortieth_and_their_sums_hold() {
    let (_folder, engine) = engine(1 << 40);
    // Storby and Nes report January and February; Øy does not.
    for (words, expected) in [
        ("solution_id=post from=2020-01 to=2020-01", 1 << 41),
        ("solution_id=post granularity=range from=2020-01 to=2020-02", 1 << 42),
        ("solution_id=post borders=2019-06-01 policy=population_share from=2020-01 to=2020-01", 1 << 41),
    ] {
        let found = numerators(&engine, PER_1000, words).await.expect("an answer");
        assert_eq!(found, [Some(expected)], "{words}");
    }
    // The unit value is 20 kr, the products of persons and uses are larger than both: nothing overflows on the way.
    for kpi in ["benefit.realised", "benefit.potential", "benefit.remaining"] {
        let words = "solution_id=post from=2020-01 to=2020-01";
        let pairs = words.split(' ').map(|word| word.split_once('=').expect("name=value"));
        let request = KpiRequest::parse(engine.catalogue(), kpi, pairs).expect("a question that is read");
        engine.run(request).await.expect(kpi);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_64_bits_is_an_error() {
    let (_folder, engine) = engine(i64::MAX);
    let one = numerators(&engine, PER_1000, "solution_id=post by=municipality from=2020-01 to=2020-01").await;
    assert_eq!(one.expect("a single number fits"), [Some(i64::MAX), None, Some(i64::MAX)]);
    for (kpi, words) in [
        // Two municipalities in one area, added in the roll-up.
        (PER_1000, "solution_id=post from=2020-01 to=2020-01"),
        // Two months of one municipality, added in SQL.
        (PER_1000, "solution_id=post by=municipality granularity=range from=2020-01 to=2020-02"),
        // Uses by what one is worth.
        ("benefit.realised", "solution_id=post by=municipality from=2020-01 to=2020-01"),
    ] {
        let error = numerators(&engine, kpi, words).await.expect_err("a sum that does not fit");
        assert_eq!(error.code(), "number_overflow", "{kpi} {words}: {error:?}");
    }
}
