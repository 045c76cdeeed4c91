//! The hand-worked expectations of `tests/kpi/**.slt`, asked of the tiny world (`support/tiny.rs`) through the
//! engine. A query whose text begins with `KPI` is a KPI's id followed by `name=value` words.

use std::path::{Path, PathBuf};

use arrow::util::display::{ArrayFormatter, FormatOptions};
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner};
use utbredt_engine::{Engine, EngineError, KpiRequest, RequestError};
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny::tiny;

struct Tiny {
    engine: Engine,
    _folder: tempfile::TempDir,
}

impl Tiny {
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the lake");
        let _lake = fill(&tiny(), folder.path());
        Self { engine: Engine::open(folder.path(), query_files()).expect("the lake opens"), _folder: folder }
    }
}

fn bad(what: impl std::fmt::Display) -> EngineError {
    RequestError::invalid("invalid_value", what.to_string(), "see tests/it/kpi.rs").into()
}

/// `adoption.reach solution_id=post by=county from=2020-01`.
fn request(engine: &Engine, text: &str) -> Result<KpiRequest, EngineError> {
    let mut words = text.split_whitespace();
    let id = words.next().ok_or_else(|| bad("no KPI named"))?;
    let pair = |word: &'_ str| {
        let (name, value) = word.split_once('=').ok_or_else(|| bad(format!("`{word}` is not name=value")))?;
        Ok::<_, EngineError>((name.to_owned(), value.to_owned()))
    };
    let pairs = words.map(pair).collect::<Result<Vec<_>, _>>()?;
    Ok(KpiRequest::parse(engine.catalogue(), id, pairs)?)
}

#[async_trait::async_trait]
impl AsyncDB for Tiny {
    type Error = EngineError;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, text: &str) -> Result<DBOutput<DefaultColumnType>, EngineError> {
        let asked = text.trim().strip_prefix("KPI").ok_or_else(|| bad("a query begins with KPI"))?;
        let answer = self.engine.run(request(&self.engine, asked)?).await?;
        let options = FormatOptions::default().with_null("NULL");
        let mut rows = Vec::new();
        for batch in &answer.batches {
            let columns: Vec<ArrayFormatter<'_>> = batch
                .columns()
                .iter()
                .map(|c| ArrayFormatter::try_new(c, &options).expect("every column can be shown"))
                .collect();
            for row in 0..batch.num_rows() {
                let show = |c: &ArrayFormatter<'_>| match c.value(row).to_string() {
                    empty if empty.is_empty() => "-".to_owned(),
                    // A result's words are set apart by blanks.
                    text => text.replace(": ", ":").replace(' ', "_"),
                };
                rows.push(columns.iter().map(show).collect());
            }
        }
        Ok(DBOutput::Rows { types: vec![DefaultColumnType::Any; answer.schema.fields().len()], rows })
    }

    async fn shutdown(&mut self) {}
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("its entries too").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "slt") {
            found.push(path);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kpi_answers_as_worked_out_by_hand() {
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("kpi"), &mut found);
    found.sort();
    assert!(found.len() >= 8, "the expectations are gone: {found:?}");
    let mut wrong = Vec::new();
    for file in found {
        let mut runner = Runner::new(|| async { Ok(Tiny::open()) });
        if let Err(error) = runner.run_file_async(&file).await {
            wrong.push(error.to_string());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

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
