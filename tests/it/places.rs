//! A lake may lie in a folder of any name: its files are named by the edition, and no part of a path is a pattern or an escape.

use std::path::Path;

use arrow::util::pretty::pretty_format_batches;
use utbredt_engine::{By, Engine, KpiRequest};
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny::tiny;

/// The reach of `post` by municipality in January 2020, as text, and the rows of `usage`.
async fn answer(root: &Path) -> (String, String) {
    std::fs::create_dir_all(root).expect("a folder");
    drop(fill(&tiny(), root));
    let engine = Engine::open(root, query_files()).expect("the lake opens");
    let mut request = KpiRequest::new("adoption.reach");
    request.by = By::Municipality;
    request.params.insert("solution_id".into(), "post".into());
    request.from = chrono::NaiveDate::from_ymd_opt(2020, 1, 1);
    request.to = chrono::NaiveDate::from_ymd_opt(2020, 2, 1);
    let answer = engine.run(request).await.expect("an answer");
    let count = engine.sql("SELECT count(*) AS n FROM usage".to_owned()).await.expect("a count");
    let shown =
        [answer.batches, count.batches].map(|rows| pretty_format_batches(&rows).expect("text").to_string());
    shown.into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_of_any_name_holds_the_same_lake() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = answer(&folder.path().join("plain")).await;
    assert!(plain.0.contains("0201"), "{}", plain.0);
    // Some in one another: a lake is made and opened for each path.
    for name in [
        "Rapport [2026]/to  ord/100%",
        "[a-z]/50%20/%2F",
        "nr#1/hva?/~",
        "alt*/{a,b}",
        "kommuneø æ å/a=b&c+d",
        "sitat\"tegn'/linje\nskift",
        "lake:/file:..",
    ] {
        let found = answer(&folder.path().join(name)).await;
        assert_eq!(found, plain, "{name}");
    }
}
