//! Workbooks, read back by another library.

use std::io::Cursor;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use calamine::{Data, Range, Reader as _, Xlsx};
use serde_json::{Value, json};
use utbredt_kpi::Lang;

use crate::{EncodeError, Format, encode};

fn meta() -> Value {
    json!({
        "title": "Rekkevidde", "kpi_id": "adoption.reach", "unit": "share", "edition": 3, "as_of": "2026-11-15T06:00:00Z",
        "from": "2025-01-01", "to": "2025-01-31", "params": {"solution_id": "post"}, "synthetic": true,
        "caveats": ["Tall under 5 er skjult.", "Nevneren er fra 1. januar."],
    })
}

fn rows() -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> = vec![
        // 2025-01-01 is 20,089 days after 1970-01-01, and 1899-12-31 is 25,568 before.
        ("period_start", Arc::new(Date32Array::from(vec![20_089, -25_568]))),
        ("municipality_code", Arc::new(StringArray::from(vec!["0301", "=HYPERLINK(\"x\")"]))),
        ("value", Arc::new(Float64Array::from(vec![Some(0.125), None]))),
        ("denominator", Arc::new(Int64Array::from(vec![8, 1 << 60]))),
        ("is_new", Arc::new(BooleanArray::from(vec![true, false]))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn written(language: Lang, rows: &RecordBatch) -> Xlsx<Cursor<Vec<u8>>> {
    let bytes = encode(Format::Xlsx, language, &rows.schema(), std::slice::from_ref(rows), &meta()).unwrap();
    Xlsx::new(Cursor::new(bytes.to_vec())).unwrap()
}

fn row(sheet: &Range<Data>, at: u32) -> Vec<Data> {
    let width = u32::try_from(sheet.width()).unwrap();
    (0..width).map(|column| sheet.get_value((at, column)).cloned().unwrap_or(Data::Empty)).collect()
}

fn strings<const N: usize>(all: [&str; N]) -> Vec<Data> {
    all.map(|text| if text.is_empty() { Data::Empty } else { Data::String(text.to_owned()) }).to_vec()
}

#[test]
fn codes_are_text_numbers_are_numbers_and_no_text_is_a_formula() {
    let mut book = written(Lang::Nb, &rows());
    let sheet = book.worksheet_range("Tall").unwrap();
    assert_eq!(sheet.get_value((0, 0)), Some(&Data::String("Rekkevidde".into())));
    assert_eq!(
        sheet.get_value((2, 0)),
        Some(&Data::String("SYNTETISKE TALL: oppfunnet for demonstrasjon".into()))
    );
    assert_eq!(row(&sheet, 3), strings(["Periode fra", "Kommunenummer", "Verdi", "Nevner", "is_new"]));
    let first = row(&sheet, 4);
    // 1 January 2025 is day 45,658 of Excel: 20,089 and the 25,569 to 1970.
    assert!(matches!(&first[0], Data::DateTime(day) if day.as_f64() == 45_658.0), "{first:?}");
    assert_eq!(
        first[1..],
        [Data::String("0301".into()), Data::Float(0.125), Data::Float(8.0), Data::Bool(true)]
    );
    let second = row(&sheet, 5);
    // Excel has no such day, and would round the number.
    assert_eq!(second[0], Data::String("1899-12-31".into()));
    assert_eq!(second[1..3], strings(["=HYPERLINK(\"x\")", ""]));
    assert_eq!(second[3], Data::String("1152921504606846976".into()));
    assert!(book.worksheet_formula("Tall").unwrap().is_empty());
    book.load_tables().unwrap();
    let table = book.table_names().into_iter().next().unwrap().clone();
    assert_eq!(book.table_by_name(&table).unwrap().data().height(), 2);
}

#[test]
fn the_second_sheet_is_about_the_numbers() {
    let mut book = written(Lang::Nn, &rows());
    let about = book.worksheet_range("Om tala").unwrap();
    let known: Vec<(String, String)> =
        about.rows().map(|cells| (cells[0].to_string(), cells[1].to_string())).collect();
    let of = |name: &str| known.iter().find(|(own, _)| own == name).map(|(_, shown)| shown.as_str());
    assert_eq!(of("Indikator"), Some("adoption.reach"));
    assert_eq!(of("Utgåve"), Some("3"));
    assert_eq!(of("Val"), Some("solution_id: post"));
    assert_eq!(of("Atterhald"), Some("Tall under 5 er skjult.\nNevneren er fra 1. januar."));
    assert!(of("Tilstandar").unwrap().contains("missing: venta, og ikkje levert (ikkje null)"));
    assert_eq!(known[0].1, "SYNTETISKE TAL: oppdikta for demonstrasjon");
}

#[test]
fn the_same_answer_gives_the_same_bytes_and_no_rows_a_table_all_the_same() {
    let bytes = |rows: &RecordBatch| {
        encode(Format::Xlsx, Lang::En, &rows.schema(), std::slice::from_ref(rows), &meta()).unwrap()
    };
    let first = bytes(&rows());
    // The clock has moved on by more than the second that a file's moment has.
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    assert!(first == bytes(&rows()), "a workbook depends on the clock");
    let mut book = written(Lang::En, &rows().slice(0, 0));
    let sheet = book.worksheet_range("Numbers").unwrap();
    assert_eq!(row(&sheet, 3)[..2], strings(["Period from", "Municipality code"]));
    assert_eq!(sheet.get_value((4, 0)), None);
}

#[test]
fn columns_of_one_name_get_a_number_and_what_has_no_room_is_refused() {
    let names = ["value", "Verdi"];
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let rows = RecordBatch::try_from_iter(names.map(|name| (name, Arc::clone(&column)))).unwrap();
    let sheet = written(Lang::Nb, &rows).worksheet_range("Tall").unwrap();
    assert_eq!(row(&sheet, 3), strings(["Verdi", "Verdi (2)"]));
    let many: ArrayRef = Arc::new(Int64Array::from(vec![1; 1_048_573]));
    let many = RecordBatch::try_from_iter([("n", many)]).unwrap();
    let refused = encode(Format::Xlsx, Lang::Nb, &many.schema(), std::slice::from_ref(&many), &json!({}));
    assert!(matches!(refused, Err(EncodeError::TooManyRows { rows: 1_048_573, most: 1_048_572 })));
}
