//! The editions as resources: which there are, what one holds with the hash of every file, and what each changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use utbredt_engine::{EditionNote, Engine, EngineError};
use utoipa::ToSchema;

use crate::answer::{Shape, conditional};
use crate::catalogue::json_only;
use crate::moment;
use crate::problem::{Place, Problem};
use crate::query::{self, Pairs};
use crate::state::{ApiState, Encoded};

/// An edition without its files.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EditionSummary {
    /// Its number, from 1 without gaps.
    number: u64,
    /// When it was made.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// Why.
    reason: String,
    /// The hash of its record.
    sha256: String,
    /// The hash of the record before it; null for the first.
    #[schema(required = true)]
    previous_sha256: Option<String>,
    /// Whether any row was invented for demonstration.
    synthetic: bool,
    /// Rows by table.
    rows: BTreeMap<String, u64>,
    /// Where its record is.
    href: String,
}

/// What an edition changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Change {
    /// The edition.
    number: u64,
    /// When it was made.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// Why.
    reason: String,
    /// The tables whose files changed.
    tables: Vec<String>,
    /// The receipts it superseded; of one that is still active, a part.
    supersedes: Vec<String>,
}

/// What an edition holds, with every file. Its record in the lake names only what changed since the one before; a test
/// compares the members.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what the lake writes")]
pub(crate) struct EditionRecord {
    /// Its number, from 1 without gaps.
    number: u64,
    /// When it was made.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// Why.
    reason: String,
    /// The hash of the record before it; null for the first.
    #[schema(required = true)]
    previous_sha256: Option<String>,
    /// The hash of the record.
    sha256: String,
    /// The files of every table; a table that is not there is empty.
    tables: BTreeMap<String, Vec<FileRecord>>,
    /// The receipts whose facts it holds.
    receipts: Vec<String>,
    /// The receipts it superseded; of one that is still active, a part.
    supersedes: Vec<String>,
    /// Whether any row was invented for demonstration.
    synthetic: bool,
}

/// A file of a table.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what the lake writes")]
pub(crate) struct FileRecord {
    /// Its length.
    bytes: u64,
    /// Smallest and largest value of each column the table is sorted by.
    keys: BTreeMap<String, Vec<String>>,
    /// Where it is, relative to the lake.
    path: String,
    /// The receipts its rows came in.
    receipts: Vec<String>,
    /// Its rows.
    rows: u64,
    /// The hash of its bytes.
    sha256: String,
    /// Whether any row was invented for demonstration.
    synthetic: bool,
}

/// `GET /v1/editions`: all of them, oldest first, without their files.
pub(crate) async fn list_editions(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    answer(&state, &headers, pairs, &[], "editions", |editions, _| {
        Ok(editions.iter().map(|edition| json!(summary(edition))).collect())
    })
    .await
}

/// `GET /v1/editions/{n}`: all it holds.
pub(crate) async fn find_edition(
    State(state): State<ApiState>,
    Path(number): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let found = match number.parse::<u64>().ok().filter(|parsed| parsed.to_string() == number) {
        Some(number) => read(state.engine()?, move |engine| engine.find_edition(number)).await?,
        None => None,
    };
    answer(&state, &headers, pairs, &[], "edition", |editions, _| {
        let found = found.ok_or_else(|| unknown(&number, editions, Place::Path))?;
        Ok(vec![serde_json::to_value(found).map_err(|error| Problem::failed(&error))?])
    })
    .await
}

/// `GET /v1/changes?since=N`: what the editions after N changed, oldest first; without `since` all of them.
pub(crate) async fn list_changes(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    answer(&state, &headers, pairs, &["since"], "changes", |editions, query| {
        let newest = editions.last().map_or(0, |edition| edition.number);
        let given = query.get("since").map_or("0", String::as_str);
        // A number that does not exist is somebody else's lake: an empty list would make them wait for ever.
        let since = given.parse::<u64>().ok().filter(|since| *since <= newest);
        let since = since.ok_or_else(|| unknown(given, editions, Place::Argument))?;
        let later = editions.iter().filter(|edition| edition.number > since);
        Ok(later.map(|edition| json!(change(edition))).collect())
    })
    .await
}

fn unknown(number: &str, editions: &[Arc<EditionNote>], place: Place) -> Problem {
    let newest = editions.last().map_or(0, |edition| edition.number);
    let detail = format!("there is no edition {number:?}");
    let problem = match place {
        Place::Path => Problem::not_found("unknown_edition", detail),
        Place::Argument => Problem::bad_argument("unknown_edition", detail),
    };
    problem.hint(format!("editions 1 to {newest} exist; GET /v1/editions lists them"))
}

fn summary(edition: &EditionNote) -> EditionSummary {
    EditionSummary {
        number: edition.number,
        recorded_at: moment::spell(edition.recorded_at),
        reason: edition.reason.clone(),
        sha256: edition.sha256.clone(),
        previous_sha256: edition.previous_sha256.clone(),
        synthetic: edition.synthetic,
        rows: edition.rows.clone(),
        href: format!("/v1/editions/{}", edition.number),
    }
}

fn change(edition: &EditionNote) -> Change {
    Change {
        number: edition.number,
        recorded_at: moment::spell(edition.recorded_at),
        reason: edition.reason.clone(),
        tables: edition.changed.clone(),
        supersedes: edition.supersedes.clone(),
    }
}

/// Records are small and read from memory: the text itself is the fingerprint.
async fn answer(
    state: &ApiState,
    headers: &HeaderMap,
    pairs: Pairs,
    known: &[&str],
    name: &str,
    list: impl FnOnce(&[Arc<EditionNote>], &BTreeMap<String, String>) -> Result<Vec<Value>, Problem>,
) -> Result<Response, Problem> {
    let engine = state.engine()?;
    let parsed = query::only(pairs, known)?;
    let shape = Shape::choose(parsed.format.as_deref(), parsed.lang.as_deref(), headers)?;
    json_only(shape)?;
    let editions = read(engine, Engine::editions).await?;
    let served = editions.last().map_or(0, |edition| edition.number);
    let data = list(&editions, &parsed.what)?;
    let body = json!({"meta": {"edition": served, "rows": data.len()}, "data": data}).to_string();
    let made = async {
        Ok(Encoded {
            body: body.clone().into(),
            edition: served,
            synthetic: false,
            rows: None,
            cells: None,
            gzip: false,
        })
    };
    conditional(state, headers, shape, &body, name, made).await
}

/// Reads records on disk, so not on a thread that answers.
async fn read<T: Send + 'static>(
    engine: &Engine,
    what: impl FnOnce(&Engine) -> Result<T, EngineError> + Send + 'static,
) -> Result<T, Problem> {
    let engine = engine.clone();
    let read = tokio::task::spawn_blocking(move || what(&engine)).await;
    let read = read.map_err(|error| Problem::failed(&error))?;
    read.map_err(|error| Problem::from_engine(&error, Place::Path))
}
