//! Rows out of JSON: an array of objects, at the top or at the contract's path. The objects are taken one by one and
//! laid flat, so that a field of an object inside is a column named by both, as `kommune.nummer`. Fields beside the
//! array on the way to it belongs to every row.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use csv::StringRecord;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use utbredt_model::{Reason, ReasonCode};

use super::grid::{Line, Look, MAX_COLUMNS, Sink, fault};
use super::json_fields::{Field, Flat, Kind, LIST, MAX_FIELDS, Row};
use super::{Contract, json_lines};
use crate::text;

/// What is said of a cube where rows should be.
pub(super) const CUBE: &str =
    "it is a json-stat cube and no table of rows: save the table as CSV or Excel, or fetch it by a connector";

/// Whether the fields of an object, or of the `dataset` in one, are those of a json-stat cube.
pub(super) fn is_cube<T: AsRef<str>>(fields: &[T]) -> bool {
    let has = |name: &str| fields.iter().any(|field| field.as_ref() == name);
    has("dimension") && (has("value") || has("id") || has("size"))
}

/// Whether a text is JSON, judging by its first sign.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// JSON lines, one object a line, made into the array that they mean. A line that is none stops at it.
pub(super) fn lines_as_array(text: Cow<'_, str>) -> Result<Cow<'_, str>, Reason> {
    if !json_lines::is_lines(&text) {
        return Ok(text);
    }
    let mut rows = String::with_capacity(text.len() + 2);
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        reads(line).map_err(|error| {
            // The reader counts lines too, and knows of one.
            let cause = error.to_string();
            let cause = cause.split(" at line ").next().unwrap_or("");
            let what = format!("the delivery is JSON lines, and line {} does not read", at + 1);
            Reason::because(ReasonCode::Syntax, &what, &format!("{cause} (column {})", error.column()))
        })?;
        rows.push_str(if rows.is_empty() { "[" } else { ",\n" });
        rows.push_str(line);
    }
    rows.push(']');
    Ok(Cow::Owned(rows))
}

pub(super) fn reads(line: &str) -> Result<IgnoredAny, serde_json::Error> {
    serde_json::from_str(line)
}

/// Reads every object as a row; the names of all their fields come first, as row 0.
pub(super) fn each_row(text: &str, contract: &Contract, sink: Sink<'_>) -> Result<(), Reason> {
    if contract.header_rows > 1 {
        let text = "the delivery is JSON, which has no header rows; declare `header_rows = 1`";
        return Err(Reason::new(ReasonCode::InvalidField, text));
    }
    let path: Vec<&str> = contract.rows.iter().flat_map(|path| path.split('.')).collect();
    let (mut beside, mut names, mut known) = (Vec::new(), Vec::new(), BTreeSet::new());
    let (mut rows, mut too_many) = (0_u64, false);
    // Twice over the text: the header has every field of every row, and rows are not kept.
    walk(text, &path, &mut |found| match found {
        Found::Beside(field) => beside.push(field),
        Found::Row(row) => {
            rows += 1;
            too_many |= row.as_ref().is_some_and(|row| row.len() > MAX_FIELDS);
            for field in row.into_iter().flatten().filter(|field| field.kind != Kind::Object) {
                if known.len() <= MAX_COLUMNS && known.insert(field.name.clone()) {
                    names.push(field.name);
                }
            }
        }
    })?;
    if rows == 0 {
        return Err(Reason::new(ReasonCode::Empty, "the array of rows is empty"));
    }
    if too_many || known.len() > MAX_COLUMNS {
        let text =
            format!("the rows have more than {MAX_COLUMNS} different fields; at most so many are read");
        return Err(Reason::new(ReasonCode::SizeLimit, text));
    }
    let header: StringRecord = beside.iter().map(|field| &field.name).chain(&names).collect();
    let mut go_on = sink(&Line {
        row: 0,
        cells: &header,
        raw: "",
        fault: fault(&header, ""),
        trimmed: true,
        ended: true,
        look: Look::default(),
    });
    let places: BTreeMap<&str, usize> = names.iter().map(String::as_str).zip(beside.len()..).collect();
    let mut row_number = 0;
    walk(text, &path, &mut |found| {
        if let Found::Row(row) = found
            && go_on
        {
            row_number += 1;
            go_on = give(row_number, row.as_deref(), &beside, &places, contract.decimal, sink);
        }
    })
}

/// Lays one row out under the header.
pub(super) fn give(
    number: u64,
    row: Option<&[Field]>,
    beside: &[Field],
    places: &BTreeMap<&str, usize>,
    decimal: char,
    sink: Sink<'_>,
) -> bool {
    let mut twice = None;
    let mut cells: Vec<Option<String>> = beside.iter().map(|field| Some(field.shown(decimal))).collect();
    cells.resize(beside.len() + places.len(), None);
    for field in row.into_iter().flatten() {
        let cell = places.get(field.name.as_str()).and_then(|at| cells.get_mut(*at));
        if let Some(cell) = cell
            && cell.replace(field.shown(decimal)).is_some()
        {
            let text = format!("the field `{}` occurs twice in the row", field.name);
            twice = Some(Reason::new(ReasonCode::Duplicate, text));
        }
    }
    let raw = row.map_or(String::new(), |row| {
        let shown = row.iter().filter(|field| field.kind != Kind::Object);
        let fields: Vec<String> = shown.map(Field::raw).collect();
        format!("{{{}}}", fields.join(","))
    });
    let cells: StringRecord = cells.into_iter().map(Option::unwrap_or_default).collect();
    let text = "the row is not an object with fields";
    let no_object = row.is_none().then(|| Reason::new(ReasonCode::InvalidField, text));
    let fault = no_object.or(twice).or_else(|| fault(&cells, &raw));
    sink(&Line {
        row: number,
        cells: &cells,
        raw: &raw,
        fault,
        trimmed: true,
        ended: true,
        look: Look::default(),
    })
}

enum Found {
    /// A field beside the array of rows or beside an object on the way to it.
    Beside(Field),
    /// A row, or nothing when it is no object.
    Row(Option<Vec<Field>>),
}

fn walk(text: &str, path: &[&str], take: &mut dyn FnMut(Found)) -> Result<(), Reason> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = RowsPath { path, above: String::new(), take }.deserialize(&mut reader);
    read.and_then(|()| reader.end())
        .map_err(|error| Reason::because(ReasonCode::Syntax, "the JSON does not read", &error))
}

/// The way from the top to the array of rows.
struct RowsPath<'w> {
    path: &'w [&'w str],
    /// The names of the fields walked through, each with its dot.
    above: String,
    take: &'w mut dyn FnMut(Found),
}

impl<'de> DeserializeSeed<'de> for RowsPath<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RowsPath<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.first() {
            Some(field) => write!(f, "an object with the field `{field}`"),
            None => f.write_str("the array of rows"),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = Vec::new();
        let mut reached = false;
        while let Some(name) = map.next_key::<String>()? {
            if self.path.first().is_some_and(|field| *field == text::as_seen(&name)) {
                // Of two fields with one name JSON readers take either.
                if std::mem::replace(&mut reached, true) {
                    return Err(A::Error::custom(format!("the field `{name}` occurs twice")));
                }
                let (path, above) = (&self.path[1..], format!("{}{name}.", self.above));
                map.next_value_seed(RowsPath { path, above, take: &mut *self.take })?;
                continue;
            }
            let mut fields = Vec::new();
            map.next_value_seed(Flat { name: format!("{}{name}", self.above), fields: &mut fields })?;
            fields.retain(|field| match field.kind {
                Kind::Object => false,
                Kind::Bare => !field.text.starts_with(LIST),
                Kind::Text | Kind::Fraction => true,
            });
            fields.truncate(MAX_COLUMNS.saturating_sub(seen.len()));
            fields.into_iter().for_each(|field| (self.take)(Found::Beside(field)));
            if seen.len() < MAX_COLUMNS {
                seen.push(name);
            }
        }
        match self.path.first() {
            _ if reached => Ok(()),
            Some(field) => {
                let nearest = seen.iter().min_by_key(|have| strsim::damerau_levenshtein(field, have));
                let nearest = nearest.map_or(String::new(), |near| format!("; nearest is `{near}`"));
                Err(A::Error::custom(format!(
                    "the field `{field}` on the way to the rows is missing{nearest}"
                )))
            }
            None if is_cube(&seen) => Err(A::Error::custom(CUBE)),
            None => {
                let names: Vec<_> = seen.iter().take(10).map(|name| format!("`{name}`")).collect();
                Err(A::Error::custom(format!(
                    "where rows should be is an object of {}; say in the contract where the array lies, as `rows = \
                     \"data\"`",
                    names.join(", ")
                )))
            }
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        if let Some(field) = self.path.first() {
            return Err(A::Error::custom(format!("an array is where an object with `{field}` should be")));
        }
        while let Some(row) = array.next_element_seed(Row)? {
            (self.take)(Found::Row(row));
        }
        Ok(())
    }
}
