#![doc = include_str!("../README.md")]

mod delimited;
mod headings;
mod ipc;
mod json;
pub mod meta;
pub mod register;
mod xlsx;
#[cfg(test)]
mod xlsx_tests;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use bytes::Bytes;
use serde_json::Value;
pub use utbredt_kpi::Lang;

/// A format that rows are written in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumString, strum::IntoStaticStr, strum::VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Format {
    /// `{"data": […], "meta": {…}}`.
    Json,
    /// RFC 4180 for machines: comma, decimal point, LF.
    Csv,
    /// For a Norwegian Excel: semicolon, decimal comma, byte order mark, CRLF.
    CsvExcel,
    /// Arrow's IPC stream.
    Arrow,
    /// A workbook of Excel: a table with filters, and a sheet about the numbers.
    Xlsx,
}

impl Format {
    /// Every format, the one preferred first.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The name in `?format=` and `--format`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The format a file's ending stands for; `csv` is the one for machines.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.extension() == extension)
    }

    /// The media type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv | Self::CsvExcel => "text/csv; charset=utf-8; header=present",
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// Whether compressing it makes it smaller: a workbook is compressed in itself.
    #[must_use]
    pub const fn is_compressible(self) -> bool {
        !matches!(self, Self::Xlsx)
    }

    /// The end of a file's name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv | Self::CsvExcel => "csv",
            Self::Arrow => "arrows",
            Self::Xlsx => "xlsx",
        }
    }
}

/// Rows that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// Arrow could not show or write a value.
    #[error("the rows could not be written")]
    Arrow(#[from] ArrowError),
    /// A line of CSV could not be written.
    #[error("a line of CSV could not be written")]
    Csv(#[from] csv::Error),
    /// A workbook could not be written, such as for a text longer than a cell may be.
    #[error("the workbook could not be written")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// A sheet has no room for the rows.
    #[error("a sheet has room for {most} rows, and there are {rows}; write csv or arrow, or fewer rows")]
    TooManyRows {
        /// How many there are.
        rows: usize,
        /// How many fit.
        most: usize,
    },
}

/// Writes the rows, and the meta where the format has a place for it. The language is that of the headings where a format has its own.
///
/// The bytes take what they are long: whoever keeps them counts that, and a buffer that grew has up to twice as much.
///
/// # Errors
/// [`EncodeError`] when a value cannot be shown.
pub fn encode(
    format: Format,
    language: Lang,
    schema: &SchemaRef,
    batches: &[RecordBatch],
    meta: &Value,
) -> Result<Bytes, EncodeError> {
    match format {
        Format::Json => Ok(json::write(batches, meta)?),
        Format::Csv => delimited::write(&delimited::MACHINE, schema, batches),
        Format::CsvExcel => delimited::write(&delimited::EXCEL, schema, batches),
        Format::Arrow => Ok(ipc::write(schema, batches, meta)?),
        Format::Xlsx => xlsx::write(language, schema, batches, meta),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Float64Array, Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};
    use serde_json::json;

    use super::*;

    fn rows() -> (SchemaRef, RecordBatch) {
        let schema = Arc::new(Schema::new(vec![
            Field::new("period_start", DataType::Date32, false),
            Field::new("municipality_code", DataType::Utf8, false),
            Field::new("value", DataType::Float64, true),
            Field::new("denominator", DataType::Int64, true),
        ]));
        let batch = RecordBatch::try_new(
            Arc::clone(&schema),
            vec![
                // 2025-01-01 is 55 years of 365 days and 14 leap days (1972 … 2024) after 1970-01-01: 20,089.
                Arc::new(Date32Array::from(vec![20_089, 20_089])),
                Arc::new(StringArray::from(vec!["0301", "=HYPERLINK(\"x\")"])),
                Arc::new(Float64Array::from(vec![Some(-0.125), None])),
                Arc::new(Int64Array::from(vec![Some(8), None])),
            ],
        );
        (schema, batch.unwrap())
    }

    fn text(format: Format) -> String {
        let (schema, batch) = rows();
        let bytes = encode(format, Lang::Nb, &schema, &[batch], &json!({"edition": 3})).unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn names_and_endings_lead_to_formats() {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.as_str()).collect();
        assert_eq!(names, ["json", "csv", "csv-excel", "arrow", "xlsx"]);
        assert_eq!(Format::parse("csv-excel"), Some(Format::CsvExcel));
        assert_eq!((Format::parse("CSV"), Format::of_extension("csv")), (None, Some(Format::Csv)));
    }

    #[test]
    fn json_keeps_nulls_codes_and_dates() {
        let body: Value = serde_json::from_str(&text(Format::Json)).unwrap();
        assert_eq!(
            body,
            json!({"data": [
                {"period_start": "2025-01-01", "municipality_code": "0301", "value": -0.125, "denominator": 8},
                {"period_start": "2025-01-01", "municipality_code": "=HYPERLINK(\"x\")", "value": null, "denominator": null},
            ], "meta": {"edition": 3}})
        );
    }

    #[test]
    fn no_rows_is_an_empty_array() {
        let (schema, batch) = rows();
        for batches in [vec![], vec![batch.slice(0, 0)]] {
            let body = encode(Format::Json, Lang::Nb, &schema, &batches, &json!({})).unwrap();
            assert_eq!(body, Bytes::from_static(b"{\"data\":[],\"meta\":{}}"));
        }
    }

    #[test]
    fn csv_for_machines_has_point_comma_and_line_feed() {
        assert_eq!(
            text(Format::Csv),
            "period_start,municipality_code,value,denominator\n2025-01-01,0301,-0.125,8\n\
             2025-01-01,\"'=HYPERLINK(\"\"x\"\")\",,\n"
        );
    }

    #[test]
    fn csv_for_excel_has_mark_semicolon_and_decimal_comma() {
        assert_eq!(
            text(Format::CsvExcel),
            "\u{feff}period_start;municipality_code;value;denominator\r\n2025-01-01;0301;-0,125;8\r\n\
             2025-01-01;\"'=HYPERLINK(\"\"x\"\")\";;\r\n"
        );
    }

    #[test]
    fn what_is_kept_of_an_answer_takes_what_it_is_long() {
        let (schema, batch) = rows();
        for format in Format::ALL {
            let bytes =
                encode(*format, Lang::Nb, &schema, std::slice::from_ref(&batch), &json!({"edition": 3}))
                    .unwrap();
            let bytes = bytes.try_into_mut().unwrap();
            assert_eq!(bytes.capacity(), bytes.len(), "{}", format.as_str());
        }
    }

    #[test]
    fn arrow_comes_back_as_it_went_with_its_meta() {
        let (schema, batch) = rows();
        let bytes =
            encode(Format::Arrow, Lang::Nb, &schema, std::slice::from_ref(&batch), &json!({"edition": 3}))
                .unwrap();
        let reader = arrow::ipc::reader::StreamReader::try_new(std::io::Cursor::new(bytes), None).unwrap();
        assert_eq!(reader.schema().metadata()["utbredt"], "{\"edition\":3}");
        let back: Vec<_> = reader.map(Result::unwrap).collect();
        assert_eq!(back[0].columns(), batch.columns());
    }
}
