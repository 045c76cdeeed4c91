//! The catalogue of KPIs: the shipped files plan without a problem, and a wrong one is named with what is wrong.

use arrow::util::pretty::pretty_format_batches;
use utbredt_engine::{Engine, KpiRequest};
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny::tiny;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_catalogue_is_in_order_and_a_wrong_file_is_named() {
    assert_eq!(Engine::check(query_files()).await.expect("the files load"), Vec::<String>::new());
    let mut files = query_files();
    let reach = files.iter_mut().find(|(path, _)| path == "kpi/adoption/reach.sql").expect("reach");
    reach.1 = reach.1.replace("usage.value AS numerator", "CAST(usage.value AS DOUBLE) AS numerator");
    let problems = Engine::check(files).await.expect("the files load");
    assert!(problems.len() == 1 && problems[0].contains("adoption/reach.sql"), "{problems:?}");
    assert!(problems[0].contains("whole number"), "{problems:?}");
}

/// A view that knows no period is one relation for all periods; it lost its rows once where they have days of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_without_a_period_keeps_rows_that_have_a_first_day() {
    let mut files = query_files();
    let view = "/* view\ndoc = \"Usage as it was reported.\"\nuses = []\n*/\nSELECT\n    usage.solution_id,\n    \
                usage.measure_id,\n    usage.municipality_code,\n    usage.division_date,\n    usage.organisation_number,\n    usage.period_start,\n    \
                usage.period_end,\n    usage.value,\n    usage.state,\n    usage.provisional,\n    usage.imputed,\n    \
                usage.perturbed,\n    usage.synthetic\nFROM usage\n";
    files.push(("views/reported.sql".to_owned(), view.to_owned()));
    let rows = files.iter_mut().find(|(path, _)| path == "views/touching_rows.sql").expect("the rows");
    rows.1 =
        rows.1.replace("uses = [", "uses = [\"reported\", ").replace("FROM usage", "FROM reported AS usage");
    let folder = tempfile::tempdir().expect("a folder");
    let _lake = fill(&tiny(), folder.path());
    let shipped = january(&Engine::open(folder.path(), query_files()).expect("the lake opens")).await;
    let with_view = january(&Engine::open(folder.path(), files).expect("the lake opens")).await;
    assert!(shipped.contains("| ok "), "{shipped}");
    assert_eq!(with_view, shipped);
}

/// What the tiny world answers of January 2020, by municipality.
async fn january(engine: &Engine) -> String {
    let words = [("solution_id", "post"), ("by", "municipality"), ("from", "2020-01"), ("to", "2020-01")];
    let request = KpiRequest::parse(engine.catalogue(), "adoption.usage_per_1000", words);
    let answer = engine.run(request.expect("a question that is read")).await.expect("an answer");
    pretty_format_batches(&answer.batches).expect("a table").to_string()
}
