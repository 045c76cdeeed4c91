//! The catalogue of KPIs: the shipped files plan without a problem, and a wrong one is named with what is wrong.

use utbredt_engine::Engine;
use utbredt_tests::check::query_files;

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
