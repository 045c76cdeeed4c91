//! From the files of `datasets/reference` to lake tables.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take};
use chrono::NaiveDate;
use utbredt_lake::tables::{TABLES, Table};
use utbredt_model::MunicipalityCode;
use utbredt_model::territory::{Mapping, Part, Policy, Territory};

use super::ReferenceError;
use super::rows;
use crate::columns::day_number;

const PARTS: &str = "reference/territory_parts.csv";

/// Files of the folder that feed computed tables or the build, and are no tables themselves.
const BESIDE: [&str; 4] = ["territory_parts", "split_shares", "split_targets", "seen_members"];

/// Turns the files below `reference/` into lake tables, each sorted as its table asks (NULL first), and adds
/// the computed `divisions`, `municipality_parts` and `municipality_mappings`: every ordered pair of divisions,
/// each to itself included, under every policy. Files elsewhere are passed over. Tables come in the lake's order.
///
/// # Errors
/// [`ReferenceError`] naming the file: one of no table, a header or a value its table does not take, or no
/// `territory_parts.csv`.
pub fn load(files: &[(String, Vec<u8>)]) -> Result<Vec<(&'static Table, RecordBatch)>, ReferenceError> {
    let mut batches: BTreeMap<&'static str, RecordBatch> = BTreeMap::new();
    for (path, bytes) in files {
        let Some(name) = path.strip_prefix("reference/").and_then(|file| file.strip_suffix(".csv")) else {
            continue;
        };
        if BESIDE.contains(&name) {
            continue;
        }
        let table = Table::named(name).ok_or_else(|| unknown(path, name))?;
        batches.insert(table.name, parse(path, bytes, table)?);
    }
    let (territory, basis) = territory_and_basis(files)?;
    batches.insert("divisions", divisions(&territory)?);
    batches.insert("municipality_parts", municipality_parts(&territory)?);
    batches.insert("municipality_mappings", mappings(&territory, &basis)?);
    let sorted =
        |table: &'static Table| batches.remove(table.name).map(|batch| Ok((table, sort(table, &batch)?)));
    TABLES.iter().filter_map(sorted).collect()
}

/// The territory that `reference/territory_parts.csv` describes.
///
/// # Errors
/// [`ReferenceError`] when the file is missing or does not make a territory.
pub fn territory(files: &[(String, Vec<u8>)]) -> Result<Territory, ReferenceError> {
    territory_and_basis(files).map(|(territory, _)| territory)
}

fn unknown(path: &str, name: &str) -> ReferenceError {
    let near = TABLES
        .iter()
        .find(|table| table.name.starts_with(name) || name.starts_with(table.name))
        .map(|table| format!("reference/{}.csv", table.name));
    ReferenceError::Unknown { path: path.to_owned(), nearest: near }
}

fn parse(path: &str, bytes: &[u8], table: &'static Table) -> Result<RecordBatch, ReferenceError> {
    let schema = table.schema();
    let expected = schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join(",");
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header = String::from_utf8_lossy(header);
    // Arrow takes any header of the right length, and would put the columns in each other's place.
    if header.trim_end() != expected {
        let reason = format!("the header must be `{expected}`, it is `{header}`");
        return Err(ReferenceError::content(path, reason));
    }
    let content = |error| ReferenceError::value(path, error);
    let reader = arrow::csv::ReaderBuilder::new(Arc::clone(&schema))
        .with_header(true)
        .with_batch_size(1 << 16)
        .build(Cursor::new(bytes))
        .map_err(content)?;
    let batches: Result<Vec<_>, _> = reader.collect();
    concat_batches(&schema, &batches.map_err(content)?).map_err(content)
}

fn sort(table: &'static Table, batch: &RecordBatch) -> Result<RecordBatch, ReferenceError> {
    let file = || format!("reference/{}.csv", table.name);
    let columns: Vec<_> = table
        .sort
        .iter()
        .filter_map(|name| batch.column_by_name(name))
        .map(|column| SortColumn { values: Arc::clone(column), options: None })
        .collect();
    let order = lexsort_to_indices(&columns, None).map_err(|error| ReferenceError::value(file(), error))?;
    let taken: Result<Vec<_>, _> = batch.columns().iter().map(|column| take(column, &order, None)).collect();
    taken
        .and_then(|columns| RecordBatch::try_new(batch.schema(), columns))
        .map_err(|error| ReferenceError::value(file(), error))
}

fn territory_and_basis(
    files: &[(String, Vec<u8>)],
) -> Result<(Territory, BTreeMap<String, String>), ReferenceError> {
    let bytes = files.iter().find(|(path, _)| path == PARTS).map(|(_, bytes)| bytes);
    let bytes = bytes.ok_or_else(|| ReferenceError::Missing(PARTS.to_owned()))?;
    let rows = rows::read(PARTS, bytes, "part_id")?;
    let columns: Vec<_> = rows
        .first()
        .map(|row| {
            // The columns that are dates are divisions; the others describe the part.
            row.keys().filter_map(|name| Some((name.clone(), name.parse::<NaiveDate>().ok()?))).collect()
        })
        .unwrap_or_default();
    let (mut parts, mut basis) = (Vec::new(), BTreeMap::new());
    for row in &rows {
        let field = |name: &str| row.get(name).map_or("", String::as_str);
        let codes: Result<Vec<_>, _> =
            columns.iter().map(|(name, _)| MunicipalityCode::parse(field(name))).collect();
        let persons = field("persons").parse();
        let part_id = field("part_id").to_owned();
        // What a weight rests on goes into the mappings, and is no part of the territory.
        basis.insert(part_id.clone(), field("basis").to_owned());
        parts.push(Part {
            codes: codes.map_err(|error| ReferenceError::value(format!("{PARTS}: {part_id}"), error))?,
            persons: persons.map_err(|error| ReferenceError::value(format!("{PARTS}: {part_id}"), error))?,
            part_id,
        });
    }
    let dates: Vec<_> = columns.into_iter().map(|(_, date)| date).collect();
    Ok((Territory::new(&dates, parts)?, basis))
}

fn dates(days: impl Iterator<Item = Option<NaiveDate>>) -> ArrayRef {
    Arc::new(days.map(|day| day.map(day_number)).collect::<Date32Array>())
}

fn batch(name: &str, columns: Vec<ArrayRef>) -> Result<RecordBatch, ReferenceError> {
    let table = Table::named(name).ok_or_else(|| ReferenceError::Missing(name.to_owned()))?;
    RecordBatch::try_new(table.schema(), columns).map_err(|error| ReferenceError::value(name, error))
}

fn divisions(territory: &Territory) -> Result<RecordBatch, ReferenceError> {
    let all = territory.divisions();
    let mut counts = Vec::new();
    for division in all {
        counts.push(i32::try_from(territory.municipalities(division.date)?.len()).unwrap_or(i32::MAX));
    }
    let columns: Vec<ArrayRef> = vec![
        dates(all.iter().map(|division| Some(division.date))),
        dates(all.iter().map(|division| division.valid_to)),
        Arc::new(Int32Array::from(counts)),
    ];
    batch("divisions", columns)
}

/// Which municipality each part of the territory lies in, division by division.
fn municipality_parts(territory: &Territory) -> Result<RecordBatch, ReferenceError> {
    let places = territory.divisions().iter().enumerate();
    let rows: Vec<_> = places
        .flat_map(|(place, division)| territory.parts().iter().map(move |part| (division.date, place, part)))
        .collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|(_, place, part)| part.codes[*place].as_str()),
        )),
        dates(rows.iter().map(|(date, ..)| Some(*date))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|(.., part)| part.part_id.as_str()))),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|(.., part)| part.persons))),
    ];
    batch("municipality_parts", columns)
}

fn mappings(territory: &Territory, basis: &BTreeMap<String, String>) -> Result<RecordBatch, ReferenceError> {
    let mut rows: Vec<Mapping> = Vec::new();
    for policy in Policy::ALL {
        for to in territory.divisions() {
            for from in territory.divisions() {
                rows.extend(territory.mappings(policy, from.date, to.date)?);
            }
        }
    }
    let sources = sources(territory, basis);
    let source =
        |row: &Mapping| sources.get(&(row.from_date, row.from_code.clone())).cloned().unwrap_or_default();
    let text = |of: &dyn Fn(&Mapping) -> String| -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some(of(row))).collect::<StringArray>())
    };
    let number =
        |of: fn(&Mapping) -> i64| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<Int64Array>()) };
    // NULL where the successor is not known, so not a text like the others.
    let to_code: ArrayRef = Arc::new(
        rows.iter().map(|row| row.to_code.as_ref().map(MunicipalityCode::as_str)).collect::<StringArray>(),
    );
    let columns: Vec<ArrayRef> = vec![
        text(&|row| row.policy.policy_id().to_owned()),
        text(&|row| row.from_code.to_string()),
        dates(rows.iter().map(|row| Some(row.from_date))),
        to_code,
        dates(rows.iter().map(|row| Some(row.to_date))),
        Arc::new(rows.iter().map(|row| Some(row.share())).collect::<Float64Array>()),
        number(|row| row.weight_from),
        number(|row| row.weight_to),
        number(|row| row.weight_total),
        Arc::new(rows.iter().map(|row| Some(row.exact)).collect::<BooleanArray>()),
        // The one day on which all weights were counted.
        text(&|_| "persons on 2019-01-01".to_owned()),
        text(&source),
    ];
    batch("municipality_mappings", columns)
}

/// What the weights of each municipality's parts rest on, beside the register of changes itself.
fn sources(
    territory: &Territory,
    basis: &BTreeMap<String, String>,
) -> BTreeMap<(NaiveDate, MunicipalityCode), String> {
    let mut out: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for (at, division) in territory.divisions().iter().enumerate() {
        for part in territory.parts() {
            let known =
                out.entry((division.date, part.codes[at].clone())).or_insert_with(|| vec!["SSB Klass 131"]);
            if let Some(basis) = basis.get(&part.part_id).filter(|basis| !known.contains(&basis.as_str())) {
                known.push(basis);
            }
        }
    }
    out.into_iter().map(|(key, known)| (key, known.join("; "))).collect()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
