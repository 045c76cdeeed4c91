//! JSON lines that come piece by piece: one object a line. The fields of the first piece are the columns; a field that comes
//! later only is said, since what was read before it was read without it.

use std::collections::{BTreeMap, BTreeSet};

use csv::StringRecord;
use serde::de::DeserializeSeed as _;
use utbredt_model::{Reason, ReasonCode};

use super::Contract;
use super::grid::{Line, Look, MAX_COLUMNS, Sink, fault};
use super::json::{give, reads};
use super::json_fields::{Field, Kind, Row};

/// Whether a text is JSON lines, judging by its first two.
pub(super) fn is_lines(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().filter(|line| line.trim_start().starts_with('{') && reads(line).is_ok());
    // What follows an object as more than its end is another.
    first.is_some() && lines.next().is_some_and(|line| line.trim_start().starts_with('{'))
}

/// How far JSON lines are read.
#[derive(Debug, Default)]
pub(super) struct JsonLines {
    /// Each column with its place; none before the first piece.
    places: Option<BTreeMap<String, usize>>,
    line: u64,
    row: u64,
}

impl JsonLines {
    /// Reads whole lines; `false` when the sink wants no more.
    pub(super) fn each_row(
        &mut self,
        text: &str,
        contract: &Contract,
        sink: Sink<'_>,
    ) -> Result<bool, Reason> {
        let mut rows = Vec::new();
        for line in text.lines() {
            self.line += 1;
            if !line.trim().is_empty() {
                rows.push(self.row_of(line)?);
            }
        }
        if self.places.is_none() && !self.begin(&rows, sink)? {
            return Ok(false);
        }
        let Some(places) = &self.places else { return Ok(true) };
        let borrowed: BTreeMap<&str, usize> = places.iter().map(|(name, at)| (name.as_str(), *at)).collect();
        for row in rows {
            self.row += 1;
            let new =
                row.iter().flatten().find(|field| is_column(field) && !places.contains_key(&field.name));
            if let Some(field) = new {
                let text = format!(
                    "row {} has the field `{}`, which none of the first rows has: give it to the first row too, as null",
                    self.row, field.name
                );
                return Err(Reason::new(ReasonCode::InvalidField, text));
            }
            if !give(self.row, row.as_deref(), &[], &borrowed, contract.decimal, sink) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Refuses the delivery for a line of which only the first bytes were kept.
    pub(super) fn refuse_line(&self, bytes: u64) -> Reason {
        let text = format!(
            "the delivery is JSON lines, and line {} is {bytes} bytes long: it is not read",
            self.line + 1
        );
        Reason::new(ReasonCode::SizeLimit, text)
    }

    fn row_of(&self, line: &str) -> Result<Option<Vec<Field>>, Reason> {
        let mut reader = serde_json::Deserializer::from_str(line);
        Row.deserialize(&mut reader).and_then(|row| reader.end().map(|()| row)).map_err(|error| {
            let cause = error.to_string();
            let cause = cause.split(" at line ").next().unwrap_or("");
            let what = format!("the delivery is JSON lines, and line {} does not read", self.line);
            Reason::because(ReasonCode::Syntax, &what, &format!("{cause} (column {})", error.column()))
        })
    }

    /// Gives the columns, as row 0.
    fn begin(&mut self, rows: &[Option<Vec<Field>>], sink: Sink<'_>) -> Result<bool, Reason> {
        let (mut names, mut known) = (Vec::new(), BTreeSet::new());
        for field in rows.iter().flatten().flatten().filter(|field| is_column(field)) {
            if known.insert(field.name.as_str()) {
                names.push(field.name.as_str());
            }
        }
        if names.len() > MAX_COLUMNS {
            let text =
                format!("the rows have more than {MAX_COLUMNS} different fields; at most so many are read");
            return Err(Reason::new(ReasonCode::SizeLimit, text));
        }
        let header: StringRecord = names.iter().collect();
        self.places = Some(names.iter().map(|name| (*name).to_owned()).zip(0..).collect());
        let fault = fault(&header, "");
        let look = Look::default();
        Ok(sink(&Line { row: 0, cells: &header, raw: "", fault, trimmed: true, ended: true, look }))
    }
}

fn is_column(field: &Field) -> bool {
    field.kind != Kind::Object
}
