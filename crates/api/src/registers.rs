//! `GET /v1/registers`, `GET /v1/registers/{table}` and `POST /v1/registers/{table}`: a network's own facts, as rows, as files to edit,
//! and changed by files. What they are is data of `model`; how a file is compared and applied is the server's, behind
//! [`RegisterDesk`]: this crate writes nothing.

mod document;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utbredt_formats::Format;
use utbredt_formats::register::{RegisterRow, RegisterSheet, csv, workbook};
use utbredt_model::register::{REGISTERS, Register};
use utbredt_model::{is_reason, nearest};

use self::document::{described, object};
use crate::answer::{Shape, conditional};
use crate::deliveries::busy;
use crate::problem::Problem;
use crate::query::{self, Pairs};
use crate::request_log::current_id;
use crate::server::serve_newest;
use crate::state::{ApiState, Encoded};

/// The longest reason, in bytes.
const LONGEST_REASON: usize = 2000;

/// The rows of a register, and what its cells may name.
#[derive(Debug, Clone, Default)]
pub struct RegisterRows {
    /// By column of the register, in the order of their keys.
    pub rows: Vec<RegisterRow>,
    /// By column: the names that may stand there.
    pub names: BTreeMap<&'static str, Vec<String>>,
}

/// A file of a register, as it was sent.
#[derive(Debug)]
pub struct RegisterFile {
    /// The register.
    pub register: &'static Register,
    /// The file.
    pub payload: Vec<u8>,
    /// The edition that rows were taken from which do not say it.
    pub edition: Option<u64>,
    /// Why it is changed; none where nothing is to be written.
    pub reason: Option<String>,
}

/// What became of a file.
#[derive(Debug, Clone)]
pub struct RegisterOutcome {
    /// Whether it made an edition.
    pub applied: bool,
    /// The report.
    pub report: Value,
}

/// Why a register is not read or changed. What is wrong with a file is never among it: that is in the report.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Another writer is at work.
    #[error("another writer holds the lake")]
    Busy,
    /// A fault of the server. For the log.
    #[error("the register could not be read or changed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

/// Reads and changes registers. Called on a thread that may block.
pub trait RegisterDesk: fmt::Debug + Send + Sync {
    /// The rows of a register in an edition.
    ///
    /// # Errors
    /// [`RegisterError`].
    fn rows(&self, register: &'static Register, edition: u64) -> Result<RegisterRows, RegisterError>;

    /// Compares a file, and applies it where a reason is given.
    ///
    /// # Errors
    /// [`RegisterError`]; nothing has changed then.
    fn take(&self, file: RegisterFile) -> Result<RegisterOutcome, RegisterError>;
}

/// `GET /v1/registers`.
pub(crate) async fn list_registers(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let parsed = query::only(pairs, &[])?;
    let shape = json_only(Shape::choose(parsed.format.as_deref(), parsed.lang.as_deref(), &headers)?)?;
    let edition = state.engine()?.edition();
    let language = shape.language;
    let made = async {
        let listed: Vec<Value> = REGISTERS.iter().map(|register| described(register, language)).collect();
        let meta = json!({ "edition": edition.number, "rows": listed.len() });
        Ok(encoded(json!({ "data": listed, "meta": meta }).to_string().into(), edition.number, listed.len()))
    };
    conditional(&state, &headers, shape, &json!([edition.sha256, "registers"]).to_string(), "registers", made)
        .await
}

/// `GET /v1/registers/{table}`: the rows as JSON, or the file to edit as CSV or a workbook.
pub(crate) async fn show_register(
    State(state): State<ApiState>,
    Path(table): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let parsed = query::only(pairs, &[])?;
    let shape = Shape::choose(parsed.format.as_deref(), parsed.lang.as_deref(), &headers)?;
    let register = named(&table)?;
    // A register is edited by people, and Arrow is not.
    if shape.format == Format::Arrow {
        let detail = "a register is written as json, csv or xlsx";
        return Err(Problem::bad_argument("format_not_available", detail)
            .hint("available: json, csv, csv-excel, xlsx"));
    }
    let (desk, edition) = (desk_of(&state)?, state.engine()?.edition());
    let number = edition.number;
    let made = async move {
        let found = blocking(move || desk.rows(register, number)).await?;
        let rows = found.rows.len();
        write(register, found, number, shape).map(|body| encoded(body, number, rows))
    };
    let fingerprint = json!([edition.sha256, "register", table]).to_string();
    conditional(&state, &headers, shape, &fingerprint, register.table, made).await
}

fn write(
    register: &'static Register,
    found: RegisterRows,
    edition: u64,
    shape: Shape,
) -> Result<Bytes, Problem> {
    let RegisterRows { rows, names } = found;
    let sheet = RegisterSheet { register, rows: &rows, edition, names };
    let body = match shape.format {
        Format::Xlsx => workbook(&sheet, shape.language),
        Format::Csv | Format::CsvExcel => csv(&sheet),
        Format::Json | Format::Arrow => {
            let data: Vec<Value> = rows.iter().map(|row| object(register, row)).collect();
            let meta = json!({ "edition": edition, "rows": rows.len(), "register": register.table });
            return Ok(json!({ "data": data, "meta": meta }).to_string().into());
        }
    };
    body.map_err(|error| Problem::failed(&error))
}

/// `POST /v1/registers/{table}`: who, then what, then the file.
pub(crate) async fn apply_register(
    State(state): State<ApiState>,
    Path(table): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
    body: Bytes,
) -> Result<Response, Problem> {
    // Before the arguments: a request without a key gets no hint of what is wrong with them.
    let key = state.access.registrar(&headers, &table)?;
    let register = named(&table)?;
    let desk = desk_of(&state)?;
    let file = arguments(register, pairs, body)?;
    let (dry_run, reason) = (file.reason.is_none(), file.reason.clone());
    let taken = blocking(move || desk.take(file)).await;
    if !dry_run && let Err(error) = serve_newest(&state).await {
        tracing::error!(%error, "the edition that a register made cannot be served yet");
    }
    let RegisterOutcome { applied, report } = taken?;
    let request_id = current_id();
    tracing::info!(
        request_id = request_id.as_deref(),
        key = key.0,
        register = register.table,
        applied,
        dry_run,
        reason,
        "a register was sent"
    );
    let status = if applied { StatusCode::CREATED } else { StatusCode::OK };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    let mut response = (status, headers, json!({ "data": report }).to_string()).into_response();
    response.extensions_mut().insert(key);
    Ok(response)
}

fn arguments(register: &'static Register, pairs: Pairs, body: Bytes) -> Result<RegisterFile, Problem> {
    let parsed = query::only(pairs, &["dry_run", "reason", "edition"])?;
    let dry_run = match parsed.what.get("dry_run").map(String::as_str) {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => return Err(invalid(&format!("dry_run is true or false, not {other:?}"))),
    };
    let edition = parsed.what.get("edition").map(|text| text.parse::<u64>()).transpose();
    let edition = edition.map_err(|_| invalid("edition is the number of one"))?;
    let reason = parsed.what.get("reason").map(|reason| reason.trim().to_owned());
    let is_given = reason.as_ref().is_some_and(|reason| is_reason(reason) && reason.len() <= LONGEST_REASON);
    if !dry_run && !is_given {
        return Err(invalid(&format!(
            "a change needs a reason of 1 to {LONGEST_REASON} bytes, with a letter or a digit in it"
        )));
    }
    if body.is_empty() {
        return Err(Problem::bad_argument("empty_body", "the file has no bytes")
            .hint("send the file as the body, as with `curl --data-binary @FILE`"));
    }
    Ok(RegisterFile { register, payload: body.into(), edition, reason: reason.filter(|_| !dry_run) })
}

fn invalid(detail: &str) -> Problem {
    Problem::bad_argument("invalid_register_change", detail)
        .hint("?reason=TEXT applies the file, ?dry_run=true shows what it would do")
}

fn named(table: &str) -> Result<&'static Register, Problem> {
    Register::named(table).ok_or_else(|| {
        Problem::not_found("unknown_register", format!("there is no register `{table}`"))
            .hint("GET /v1/registers names them")
            .did_you_mean(nearest(table, REGISTERS.iter().map(|register| register.table)))
    })
}

fn desk_of(state: &ApiState) -> Result<Arc<dyn RegisterDesk>, Problem> {
    state.registers.clone().ok_or_else(|| {
        Problem::not_found("unknown_path", "registers are not kept here")
            .hint("`utbredt register` reads and changes them on the machine of the lake")
    })
}

/// Rows that a list gives are JSON alone.
fn json_only(shape: Shape) -> Result<Shape, Problem> {
    if shape.format == Format::Json {
        return Ok(shape);
    }
    Err(Problem::bad_argument("format_not_available", "this list is JSON").hint("available now: json"))
}

fn encoded(body: Bytes, edition: u64, rows: usize) -> Encoded {
    Encoded { body, edition, synthetic: false, rows: Some(rows), cells: None, gzip: false }
}

/// Runs what may block, and words its errors.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RegisterError> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(RegisterError::Busy)) => Err(busy()),
        Ok(Err(error)) => Err(Problem::failed(&error)),
        Err(error) => Err(Problem::failed(&error)),
    }
}
