//! The doors to the editions: which there are, what one holds with the hash of every file, and what each changed.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::SecondsFormat;
use serde_json::{Value, json};
use utbredt_engine::{Edition, Engine};

use crate::answer::{Shape, conditional};
use crate::catalogue::json_only;
use crate::problem::{Place, Problem};
use crate::query::{self, Pairs};
use crate::state::{ApiState, Encoded};

/// `GET /v1/editions`: all of them, oldest first, without their files.
pub(crate) async fn editions(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    answer(&state, &headers, pairs, &[], "editions", |editions, _| Ok(editions.iter().map(summary).collect()))
        .await
}

/// `GET /v1/editions/{n}`: its whole record.
pub(crate) async fn edition(
    State(state): State<ApiState>,
    Path(number): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    answer(&state, &headers, pairs, &[], "edition", |editions, _| {
        let found = editions.iter().find(|edition| edition.number.to_string() == number);
        let found = found.ok_or_else(|| unknown(&number, editions))?;
        let record = serde_json::to_value(found).map_err(|error| {
            tracing::error!(%error, "an edition could not be written");
            Problem::internal()
        })?;
        Ok(vec![record])
    })
    .await
}

/// `GET /v1/changes?since=N`: what the editions after N changed, oldest first; without `since` all of them.
pub(crate) async fn changes(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    answer(&state, &headers, pairs, &["since"], "changes", |editions, asked| {
        let newest = editions.last().map_or(0, |edition| edition.number);
        let since = asked.get("since").map_or("0", String::as_str);
        // A number that was never given is somebody else's lake: an empty list would have them wait for ever.
        let since = since.parse::<u64>().ok().filter(|since| *since <= newest).ok_or_else(|| Problem {
            status: axum::http::StatusCode::BAD_REQUEST,
            ..unknown(since, editions)
        })?;
        let before = [None].into_iter().chain(editions.iter().map(Some));
        let pairs = before.zip(editions).filter(|(_, edition)| edition.number > since);
        Ok(pairs.map(|(before, edition)| change(before, edition)).collect())
    })
    .await
}

fn unknown(number: &str, editions: &[Edition]) -> Problem {
    let newest = editions.last().map_or(0, |edition| edition.number);
    Problem::not_found("unknown_edition", format!("there is no edition {number:?}"))
        .hint(format!("editions 1 to {newest} exist; GET /v1/editions lists them"))
}

fn summary(edition: &Edition) -> Value {
    let rows: BTreeMap<&str, u64> = edition
        .tables
        .iter()
        .map(|(table, files)| (table.as_str(), files.iter().map(|file| file.rows).sum()))
        .collect();
    json!({
        "number": edition.number,
        "recorded_at": edition.recorded_at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        "reason": edition.reason,
        "sha256": edition.sha256,
        "previous_sha256": edition.previous_sha256,
        "synthetic": edition.synthetic,
        "rows": rows,
        "href": format!("/v1/editions/{}", edition.number),
    })
}

/// A table changed when its list of files did: a file's name is its hash.
fn change(before: Option<&Edition>, edition: &Edition) -> Value {
    let files = |edition: &Edition, table: &str| -> Vec<String> {
        edition.tables.get(table).into_iter().flatten().map(|file| file.sha256.clone()).collect()
    };
    let mut tables: Vec<&str> =
        before.into_iter().chain([edition]).flat_map(|e| e.tables.keys().map(String::as_str)).collect();
    tables.sort_unstable();
    tables.dedup();
    tables.retain(|table| before.is_none_or(|before| files(before, table) != files(edition, table)));
    json!({
        "number": edition.number,
        "recorded_at": edition.recorded_at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        "reason": edition.reason,
        "tables": tables,
        "supersedes": edition.supersedes,
    })
}

/// Records are small and read from memory: the text itself is the fingerprint.
async fn answer(
    state: &ApiState,
    headers: &HeaderMap,
    pairs: Pairs,
    known: &[&str],
    name: &str,
    list: impl FnOnce(&[Edition], &BTreeMap<String, String>) -> Result<Vec<Value>, Problem>,
) -> Result<Response, Problem> {
    let engine = state.engine()?;
    let asked = query::only(query::read(pairs)?, known)?;
    let shape = Shape::choose(asked.format.as_deref(), asked.lang.as_deref(), headers)?;
    json_only(shape)?;
    let editions = read(engine).await?;
    let served = editions.last().map_or(0, |edition| edition.number);
    let data = list(&editions, &asked.what)?;
    let body = json!({"meta": {"edition": served, "rows": data.len()}, "data": data}).to_string();
    let made = async { Ok(Encoded { body: body.clone().into(), edition: served, synthetic: false }) };
    conditional(state, headers, shape, &body, name, made).await
}

/// Looks at the record of every edition on disk, so not on a thread that answers.
async fn read(engine: &Engine) -> Result<Vec<Edition>, Problem> {
    let engine = engine.clone();
    let read = tokio::task::spawn_blocking(move || engine.editions()).await;
    let read = read.map_err(|error| {
        tracing::error!(%error, "the editions could not be read");
        Problem::internal()
    })?;
    read.map_err(|error| Problem::from_engine(&error, Place::Path))
}
