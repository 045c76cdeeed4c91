//! Statements about usage as rows that can be sorted on the disk, and back.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray,
    UInt64Array,
};
use arrow::datatypes::{DataType, Date32Type, Field, Int64Type, Schema, SchemaRef, UInt64Type};
use utbredt_model::{
    CellState, Marks, MeasureId, MunicipalityCode, Observation, ObservedFact, OrganisationNumber, Period,
    SolutionId, Subject,
};
use utbredt_sources::delimited::Piece;

use crate::IngestError;
use crate::columns::{day_number, day_of};

/// What rows are sorted by: measure, cell, then the row of the file.
pub(super) const ORDER: [&str; 7] =
    ["solution_id", "measure_id", "is_organisation", "subject", "period_start", "period_end", "row"];

/// The columns of the rows.
pub(super) fn schema() -> SchemaRef {
    let column = |name, kind, nullable| Field::new(name, kind, nullable);
    Arc::new(Schema::new(vec![
        column("solution_id", DataType::Utf8, false),
        column("measure_id", DataType::Utf8, false),
        column("is_organisation", DataType::Boolean, false),
        column("subject", DataType::Utf8, false),
        column("period_start", DataType::Date32, false),
        column("period_end", DataType::Date32, false),
        column("value", DataType::Int64, true),
        column("state", DataType::Utf8, false),
        column("marks", DataType::Int64, false),
        column("row", DataType::UInt64, false),
        // What the row has in the columns that the contract leaves out, as a number to compare.
        column("rest", DataType::UInt64, false),
    ]))
}

/// The statements of a piece as rows.
pub(super) fn rows_of(piece: &Piece, schema: &SchemaRef) -> Result<RecordBatch, IngestError> {
    let all = &piece.observations;
    let mut texts: [Vec<&str>; 4] = std::array::from_fn(|_| Vec::with_capacity(all.len()));
    let mut days: [Vec<i32>; 2] = std::array::from_fn(|_| Vec::with_capacity(all.len()));
    let (mut values, mut marks_of) = (Vec::with_capacity(all.len()), Vec::with_capacity(all.len()));
    for Observation { subject, fact, .. } in all {
        // Stages come from formats of their own, which are never this large.
        let ObservedFact::Usage { solution_id, measure_id, period, value, state, marks } = fact else {
            return Err(IngestError::Invalid("a contract reads counts alone".to_owned()));
        };
        let subject = match subject {
            Subject::Municipality(code) => code.as_str(),
            Subject::Organisation(number) => number.as_str(),
        };
        for (column, text) in
            texts.iter_mut().zip([solution_id.as_str(), measure_id.as_str(), subject, state.as_str()])
        {
            column.push(text);
        }
        for (column, day) in days.iter_mut().zip([period.start, period.end]) {
            column.push(day_number(day));
        }
        values.push(*value);
        marks_of.push(marks.0);
    }
    let [solutions, measures, subjects, states] = texts.map(StringArray::from);
    let [starts, ends] = days.map(Date32Array::from);
    let organisations = all.iter().map(|one| Some(matches!(one.subject, Subject::Organisation(_))));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(solutions),
        Arc::new(measures),
        Arc::new(organisations.collect::<BooleanArray>()),
        Arc::new(subjects),
        Arc::new(starts),
        Arc::new(ends),
        Arc::new(Int64Array::from(values)),
        Arc::new(states),
        Arc::new(Int64Array::from(marks_of)),
        Arc::new(all.iter().map(|one| Some(one.row)).collect::<UInt64Array>()),
        Arc::new(UInt64Array::from(piece.rests.clone())),
    ];
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// The statements of some rows.
pub(super) struct Statements<'b> {
    rows: &'b RecordBatch,
}

impl<'b> Statements<'b> {
    /// Of rows as [`rows_of`] makes them.
    pub(super) fn of(rows: &'b RecordBatch) -> Self {
        Self { rows }
    }

    fn text(&self, column: usize, at: usize) -> &'b str {
        self.rows.column(column).as_string::<i32>().value(at)
    }

    fn day(&self, column: usize, at: usize) -> i32 {
        self.rows.column(column).as_primitive::<Date32Type>().value(at)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.num_rows()
    }

    /// What tells one cell of a measure from another.
    pub(super) fn cell(&self, at: usize) -> (bool, &'b str, i32, i32) {
        let is_organisation = self.rows.column(2).as_boolean().value(at);
        (is_organisation, self.text(3, at), self.day(4, at), self.day(5, at))
    }

    pub(super) fn period(&self, at: usize) -> Period {
        Period { start: day_of(self.day(4, at)), end: day_of(self.day(5, at)) }
    }

    pub(super) fn value(&self, at: usize) -> Option<i64> {
        let values = self.rows.column(6).as_primitive::<Int64Type>();
        values.is_valid(at).then(|| values.value(at))
    }

    /// The value, and the state.
    pub(super) fn content(&self, at: usize) -> (Option<i64>, &'b str) {
        (self.value(at), self.text(7, at))
    }

    pub(super) fn marks(&self, at: usize) -> Marks {
        Marks(self.rows.column(8).as_primitive::<Int64Type>().value(at))
    }

    pub(super) fn row(&self, at: usize) -> u64 {
        self.rows.column(9).as_primitive::<UInt64Type>().value(at)
    }

    pub(super) fn rest(&self, at: usize) -> u64 {
        self.rows.column(10).as_primitive::<UInt64Type>().value(at)
    }

    pub(super) fn subject(&self, at: usize) -> Result<Subject, IngestError> {
        let (is_organisation, subject, ..) = self.cell(at);
        Ok(if is_organisation {
            Subject::Organisation(OrganisationNumber::parse(subject)?)
        } else {
            Subject::Municipality(MunicipalityCode::parse(subject)?)
        })
    }

    /// A statement as it was made, with these marks.
    pub(super) fn observation(&self, at: usize, marks: Marks) -> Result<Observation, IngestError> {
        let (value, state) = self.content(at);
        let fact = ObservedFact::Usage {
            solution_id: SolutionId::parse(self.text(0, at))?,
            measure_id: MeasureId::parse(self.text(1, at))?,
            period: self.period(at),
            value,
            state: CellState::parse(state).unwrap_or(CellState::Missing),
            marks,
        };
        Ok(Observation { row: self.row(at), subject: self.subject(at)?, fact })
    }
}
