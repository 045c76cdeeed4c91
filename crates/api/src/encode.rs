//! Record batches to bytes. One function per format; all write the same rows under the same column names.

mod delimited;

use std::collections::HashMap;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::json::writer::{JsonArray, WriterBuilder};
use bytes::Bytes;
use serde_json::Value;

use crate::negotiate::Format;

/// Writes the rows, and the meta where the format has a place for it.
pub(crate) fn encode(
    format: Format,
    schema: &SchemaRef,
    batches: &[RecordBatch],
    meta: &Value,
) -> Result<Bytes, ArrowError> {
    match format {
        Format::Json => json(batches, meta),
        Format::Csv => delimited::write(&delimited::MACHINE, schema, batches),
        Format::CsvExcel => delimited::write(&delimited::EXCEL, schema, batches),
        Format::Arrow => ipc(schema, batches, meta),
    }
}

/// Writes rows as the HTTP door does, for other doors. `None` when no such format is written.
#[must_use]
pub fn encode_as(
    format: &str,
    schema: &SchemaRef,
    batches: &[RecordBatch],
    meta: &Value,
) -> Option<Result<Bytes, ArrowError>> {
    let format = Format::ALL.into_iter().find(|known| known.as_str() == format)?;
    Some(encode(format, schema, batches, meta))
}

/// `{"data": […], "meta": {…}}`. The rows go straight from Arrow to text: no value tree between.
fn json(batches: &[RecordBatch], meta: &Value) -> Result<Bytes, ArrowError> {
    let mut out = b"{\"data\":".to_vec();
    let mut rows = WriterBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(&mut out);
    rows.write_batches(&batches.iter().collect::<Vec<_>>())?;
    rows.finish()?;
    drop(rows);
    out.extend_from_slice(b",\"meta\":");
    out.extend_from_slice(meta.to_string().as_bytes());
    out.push(b'}');
    Ok(out.into())
}

/// Arrow's stream, with the meta in the schema under `utbredt`, so that a file keeps its evidence.
fn ipc(schema: &SchemaRef, batches: &[RecordBatch], meta: &Value) -> Result<Bytes, ArrowError> {
    let mut metadata: HashMap<String, String> = schema.metadata().clone();
    metadata.insert("utbredt".to_owned(), meta.to_string());
    let described = Schema::new_with_metadata(schema.fields().clone(), metadata);
    let mut writer = StreamWriter::try_new(Vec::new(), &described)?;
    for batch in batches {
        writer.write(batch)?;
    }
    Ok(writer.into_inner()?.into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Float64Array, Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field};
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
        String::from_utf8(encode(format, &schema, &[batch], &json!({"edition": 3})).unwrap().to_vec())
            .unwrap()
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
            let body = encode(Format::Json, &schema, &batches, &json!({})).unwrap();
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
    fn arrow_comes_back_as_it_went_with_its_meta() {
        let (schema, batch) = rows();
        let bytes =
            encode(Format::Arrow, &schema, std::slice::from_ref(&batch), &json!({"edition": 3})).unwrap();
        let reader = arrow::ipc::reader::StreamReader::try_new(std::io::Cursor::new(bytes), None).unwrap();
        assert_eq!(reader.schema().metadata()["utbredt"], "{\"edition\":3}");
        let back: Vec<_> = reader.map(Result::unwrap).collect();
        assert_eq!(back[0].columns(), batch.columns());
    }
}
