//! The expectations of `tests/kpi/**.slt`, worked out by hand: one trial a file, on one tiny world (`support/tiny.rs`)
//! that all share; those of `tests/demo/*.slt` are about the lake that `utbredt demo` makes. A query is `KPI`, a KPI's id and `name=value` words; its column types are asserted:
//! `T` text, `I` whole number, `R` number, `D` day, `B` flag.
//!
//! Run with `cargo test --workspace --test kpi`, or some of them with `cargo test --workspace --test kpi reach`.

use std::fmt::Display;
use std::future::ready;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::DateTime;
use libtest_mimic::{Arguments, Failed, Trial};
use sqllogictest::{AsyncDB, ColumnType, DBOutput, Runner, strict_column_validator};
use utbredt_engine::{Engine, EngineError, KpiRequest, RequestError};
use utbredt_ingest::demo_lake;
use utbredt_tests::batches::fill;
use utbredt_tests::check::{query_files, without_oracle};
use utbredt_tests::real::datasets;
use utbredt_tests::tiny::tiny;

/// As the program has it: plans are made of many small pieces.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Fewer files than this means that the folder was not found.
const FEWEST_FILES: usize = 30;

/// The type of an answer's column, as a query of an `.slt` file writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Real,
    Day,
    Flag,
    /// None that an answer may have; no file can ask for it.
    Other,
}

impl Kind {
    const LETTERS: [(Self, char); 5] =
        [(Self::Text, 'T'), (Self::Integer, 'I'), (Self::Real, 'R'), (Self::Day, 'D'), (Self::Flag, 'B')];

    fn of(column: &DataType) -> Self {
        match column {
            DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => Self::Text,
            DataType::Int32 | DataType::Int64 | DataType::UInt64 => Self::Integer,
            DataType::Float64 => Self::Real,
            DataType::Date32 => Self::Day,
            DataType::Boolean => Self::Flag,
            _ => Self::Other,
        }
    }
}

impl ColumnType for Kind {
    fn from_char(letter: char) -> Option<Self> {
        Self::LETTERS.iter().find(|(_, known)| *known == letter).map(|(kind, _)| *kind)
    }

    fn to_char(&self) -> char {
        Self::LETTERS.iter().find(|(kind, _)| kind == self).map_or('?', |(_, letter)| *letter)
    }
}

/// A lake that many trials share, and the engine over it.
struct Shared {
    engine: Engine,
    _folder: tempfile::TempDir,
}

impl Shared {
    fn new(make: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the lake");
        make(folder.path());
        let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
        Self { engine, _folder: folder }
    }
}

/// The threads that all trials run on.
static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Runtime::new().expect("threads"));

/// The tiny world.
static TINY: LazyLock<Shared> = LazyLock::new(|| {
    Shared::new(|root| {
        let _lake = fill(&tiny(), root);
    })
});

/// The demonstration.
static DEMO: LazyLock<Shared> = LazyLock::new(|| {
    Shared::new(|root| {
        let recorded_at = DateTime::parse_from_rfc3339("2026-11-28T12:00:00Z").expect("a moment").to_utc();
        demo_lake(root, &datasets(), recorded_at, &|_| ()).expect("the demonstration's lake");
    })
});

/// One file's connection to a shared engine.
struct Connection(&'static LazyLock<Shared>);

fn invalid(what: impl Display) -> EngineError {
    RequestError::invalid("invalid_value", what.to_string(), "see tests/kpi.rs").into()
}

/// `adoption.reach solution_id=post by=county from=2020-01`, read as every interface reads it.
fn request(engine: &Engine, text: &str) -> Result<KpiRequest, EngineError> {
    let mut words = text.split_whitespace();
    let id = words.next().ok_or_else(|| invalid("no KPI named"))?;
    let mut pairs = Vec::new();
    for word in words {
        pairs.push(word.split_once('=').ok_or_else(|| invalid(format!("`{word}` is not name=value")))?);
    }
    Ok(KpiRequest::parse(engine.catalogue(), id, pairs)?)
}

/// A cell as a file writes it: an empty text is `-`, and blanks inside a text are `_`.
fn cell(formatted: &str) -> String {
    if formatted.is_empty() { "-".to_owned() } else { formatted.replace(": ", ":").replace(' ', "_") }
}

fn rows(batches: &[RecordBatch]) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let mut rows = Vec::new();
    for batch in batches {
        let columns = batch.columns().iter();
        let columns: Vec<ArrayFormatter<'_>> = columns
            .map(|c| ArrayFormatter::try_new(c, &options).expect("every column can be shown"))
            .collect();
        rows.extend(
            (0..batch.num_rows())
                .map(|row| columns.iter().map(|c| cell(&c.value(row).to_string())).collect()),
        );
    }
    rows
}

fn kinds(schema: &Schema) -> Vec<Kind> {
    schema.fields().iter().map(|field| Kind::of(field.data_type())).collect()
}

#[async_trait::async_trait]
impl AsyncDB for Connection {
    type Error = EngineError;
    type ColumnType = Kind;

    async fn run(&mut self, text: &str) -> Result<DBOutput<Kind>, EngineError> {
        let question = text.trim().strip_prefix("KPI").ok_or_else(|| invalid("a query begins with KPI"))?;
        let engine = &self.0.engine;
        let answer = engine.run(request(engine, question)?).await?;
        Ok(DBOutput::Rows { types: kinds(&answer.schema), rows: rows(&answer.batches) })
    }

    async fn shutdown(&mut self) {}
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("its entries too").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "slt") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Everything in one file holds: rows, column types and errors.
fn expectations_of(lake: &'static LazyLock<Shared>, file: &Path) -> Result<(), Failed> {
    let mut runner = Runner::new(|| ready(Ok(Connection(lake))));
    runner.with_column_validator(strict_column_validator);
    RUNTIME.block_on(runner.run_file_async(file)).map_err(|error| error.to_string().into())
}

fn holds(script: &str) -> bool {
    let mut runner = Runner::new(|| ready(Ok(Connection(&TINY))));
    runner.with_column_validator(strict_column_validator);
    RUNTIME.block_on(runner.run_script_async(script)).is_ok()
}

/// The runner itself can fail: a right query holds, and each that is wrong in one place does not.
fn what_is_wrong_fails() -> Result<(), Failed> {
    let right = "query DRRITTRRTII\nKPI benefit.cost solution_id=post granularity=quarter from=2019-12 to=2019-12\n\
        ----\n2019-10-01 165.38 165.38 NULL ok NULL 0.3 1.0 - 2 2\n";
    let wrong = [
        ("a type", right.replace("DRRI", "DIRI")),
        ("a value", right.replace("165.38 NULL", "165.39 NULL")),
        ("a granularity", right.replace("=quarter", "=quater")),
        ("a parameter", right.replace("solution_id", "solution")),
    ];
    if !holds(right) {
        return Err("the right query does not hold".into());
    }
    match wrong.iter().find(|(_, script)| holds(script)) {
        Some((what, _)) => Err(format!("{what} that is wrong goes unnoticed").into()),
        None => Ok(()),
    }
}

/// A trial for each file below a folder.
fn trials_of(folder: &str, lake: &'static LazyLock<Shared>) -> Vec<Trial> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let trial = |file: PathBuf| {
        let below = file.strip_prefix(root).expect("found below it").with_extension("");
        let name = below.to_string_lossy().replace(['/', '\\'], ".");
        Trial::test(name.trim_start_matches("kpi."), move || expectations_of(lake, &file))
    };
    files(&root.join(folder)).into_iter().map(trial).collect()
}

fn main() -> ExitCode {
    let mut trials = vec![Trial::test("what_is_wrong_fails", what_is_wrong_fails)];
    trials.extend(trials_of("kpi", &TINY));
    assert!(trials.len() > FEWEST_FILES, "the expectations are missing");
    trials.extend(trials_of("demo", &DEMO));
    // A KPI is two files. Until its plain loops are written the runner says, by an ignored trial, what nobody checks.
    for id in without_oracle() {
        trials.push(Trial::test(format!("{id} in random worlds"), || Ok(())).with_ignored_flag(true));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
