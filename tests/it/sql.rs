//! SQL as an analyst writes it: the lake's tables, and KPIs asked like functions.

use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, Int64Type};
use utbredt_engine::{Engine, EngineError, Rows};
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny::tiny;

struct Desk {
    _folder: tempfile::TempDir,
    engine: Engine,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let _lake = fill(&tiny(), folder.path());
        let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
        Self { _folder: folder, engine }
    }

    async fn rows(&self, text: &str) -> Rows {
        self.engine.sql(text.to_owned()).await.unwrap_or_else(|why| panic!("{text}: {why}"))
    }

    async fn number(&self, text: &str) -> i64 {
        let answer = self.rows(text).await;
        assert_eq!(
            answer.batches.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(),
            1,
            "{text}"
        );
        let batch = answer.batches.iter().find(|batch| batch.num_rows() > 0).expect("a row");
        batch.column(0).as_primitive::<Int64Type>().value(0)
    }

    async fn refusal(&self, text: &str) -> EngineError {
        self.engine.sql(text.to_owned()).await.expect_err(text)
    }
}

/// The figures are those of `tests/kpi/adoption/reach.slt`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kpi_in_sql_is_the_dashboards_number() {
    let desk = Desk::new();
    let reach = "kpi.adoption_reach(solution_id => 'post', from => '2020-01', to => '2020-01'";
    let answer = desk.rows(&format!("SELECT value FROM {reach})")).await;
    let value = answer.batches[0].column(0).as_primitive::<Float64Type>().value(0);
    assert!((value - 112.0 / 480.0).abs() < 1e-15, "{value}");
    // Storby, Nes and Øy; the last said nothing.
    let by = format!("{reach}, by => 'municipality')");
    assert_eq!(desk.number(&format!("SELECT count(*) FROM {by}")).await, 3);
    assert_eq!(desk.number(&format!("SELECT count(value) FROM {by}")).await, 2);
    assert_eq!(desk.number(&format!("SELECT sum(denominator) FROM {by} WHERE state = 'ok'")).await, 480);
    // Joined with the lake's own tables, twice in one statement, and inside a subquery.
    let joined = format!(
        "SELECT count(*) FROM {by} AS r INNER JOIN municipalities AS m
            ON m.municipality_code = r.municipality_code AND m.valid_to IS NULL
         WHERE r.municipality_code IN (SELECT municipality_code FROM {by} WHERE state = 'missing')"
    );
    assert_eq!(desk.number(&joined).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn borders_are_an_argument() {
    let desk = Desk::new();
    let live = "kpi.rollout_municipalities_live(solution_id => 'post', by => 'municipality', from => '2019-12', to => '2019-12'";
    let codes =
        |borders: &str| format!("SELECT count(*) FROM {live}{borders}) WHERE municipality_code = '3001'");
    assert_eq!(desk.number(&codes("")).await, 0);
    assert_eq!(desk.number(&codes(", borders => 'now'")).await, 1);
    assert_eq!(desk.number(&codes(", borders => '2020-01-01'")).await, 1);
    assert_eq!(desk.number(&codes(", borders => '2019-01-01'")).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_names_what_is_right() {
    let desk = Desk::new();
    let hint = |error: &EngineError| error.hint().unwrap_or_default();
    let error = desk.refusal("SELECT * FROM kpi.adoption_reech(solution_id => 'post')").await;
    assert!(hint(&error).contains("adoption_reach"), "{error:?}");
    let error = desk.refusal("SELECT * FROM kpi.adoption_reach(solution => 'post')").await;
    assert!(hint(&error).contains("did you mean `solution_id`"), "{error:?}");
    let error =
        desk.refusal("SELECT * FROM kpi.adoption_reach(solution_id => 'post', borders => 'nwo')").await;
    assert!(hint(&error).contains("now"), "{error:?}");
    let error = desk.refusal("SELECT * FROM kpi.adoption_reach(solution_id => 'pots')").await;
    assert!(hint(&error).contains("post"), "{error:?}");
    let error = desk.refusal("SELECT * FROM kpi.adoption_reach('post')").await;
    assert!(hint(&error).contains("name => 'value'"), "{error:?}");
    let error = desk.refusal("WITH own AS (SELECT 1) SELECT * FROM own, usag").await;
    assert_eq!(error.code(), "unknown_table");
    assert!(hint(&error).starts_with("did you mean `usage`? the tables are baselines, "), "{error:?}");
    for text in [
        "DROP TABLE usage",
        "INSERT INTO usage SELECT * FROM usage",
        "CREATE TABLE mine AS SELECT 1",
        "COPY usage TO 'out.csv'",
        "SET datafusion.execution.batch_size = 1",
        "SELECT 1; SELECT 2",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION 'Cargo.toml'",
        "SELECT * FROM 'Cargo.toml'",
    ] {
        let error = desk.refusal(text).await;
        assert!(error.is_usage(), "{text}: {error:?}");
    }
}
