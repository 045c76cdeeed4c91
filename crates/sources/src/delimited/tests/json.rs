//! JSON deliveries: where the rows lie, what their fields are called, and what is refused.

use super::{contract, plain, refused, shown};
use crate::conformance::conformance;
use crate::delimited::parse;

#[test]
fn it_keeps_its_promises_on_json() {
    let top = br#"[{"kommune":"0301","periode":"2024-01","antall":120},
                   {"kommune":"4601","periode":"2024-01","antall":null}]"#;
    conformance(|bytes| plain("format = \"json\"\n", bytes), &[top], true);
    conformance(|bytes| plain("", bytes), &[top], true);
    let inside = br#"{"periode":"2024-01","data":{"rader":[{"kommune":"0301","antall":1},{"kommune":"4601","antall":0}]}}"#;
    conformance(|bytes| plain("rows = \"data.rader\"\n", bytes), &[inside], true);
}

#[test]
fn an_array_at_the_top_is_a_table() {
    let parsed = plain(
        "subject.restore_zero = true\n",
        b"\xEF\xBB\xBF [{\"kommune\":301,\"periode\":\"oktober 2024\",\"antall\":12.0},\n\
          {\"antall\":\"1 234\",\"periode\":\"2024\",\"kommune\":\"1103\"},{\"kommune\":\"4601\",\"periode\":\"2024\"}]",
    );
    assert_eq!(shown(&parsed), ["0301 2024-10 12", "1103 2024 1234", "4601 2024 missing"], "{parsed:?}");
    assert_eq!(parsed.observations.iter().map(|o| o.row).collect::<Vec<_>>(), [1, 2, 3]);
    let utf16: Vec<u8> = "\u{feff}[{\"kommune\":\"0301\",\"periode\":\"2024\",\"antall\":1}]"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(shown(&plain("", &utf16)), ["0301 2024 1"]);
}

#[test]
fn fields_inside_and_beside_have_dotted_names() {
    let rules = "rows = \"svar.rader\"\nperiod.column = \"periode\"\nmeasure.fixed = \"uses\"\nvalue.column = \"bruk.antall\"\n\
                 value.unit = \"personer\"\nvalue.unit_column = \"svar.enhet\"\n";
    let rules = contract(rules);
    let bytes = br#"{"periode":"2024-02","svar":{"rader":[{"kommune":"0301","bruk":{"antall":5,"timer":[1,2]}}],"enhet":"Personer"}}"#;
    assert_eq!(shown(&parse(bytes, &rules)), ["0301 2024-02 5"], "{:?}", parse(bytes, &rules));
    let other =
        br#"{"periode":"2024-02","svar":{"rader":[{"kommune":"0301","bruk":{"antall":5}}],"enhet":"tusen"}}"#;
    assert_eq!(parse(other, &rules).breaches, ["row 1: the unit is `tusen`, agreed was `personer`"]);
}

#[test]
fn periods_may_be_fields() {
    let rules = contract("layout = \"wide\"\nmeasure.fixed = \"uses\"\nwide.periods = true\n");
    let bytes = br#"[{"kommune":"0301","2024-01":1},{"kommune":"4601","2024-01":2,"2024-02":3}]"#;
    let expected = ["0301 2024-01 1", "0301 2024-02 missing", "4601 2024-01 2", "4601 2024-02 3"];
    assert_eq!(shown(&parse(bytes, &rules)), expected);
}

#[test]
fn rows_that_are_no_rows_are_refused_alone() {
    let good = r#"{"kommune":"0301","periode":"2024","antall":1}"#;
    for (bad, word) in [
        ("7", "not an object"),
        ("[1]", "not an object"),
        (r#"{"kommune":"4601","periode":"2024","antall":1,"antall":2}"#, "`antall` occurs twice"),
        (r#"{"kommune":"4601","periode":"2024","antall":[1]}"#, "not a number"),
        (r#"{"kommune":"4601","periode":"2024","antall":1.5}"#, "decimal fraction"),
        (r#"{"kommune":"4601","periode":"2024","antall":1e30}"#, "too large"),
        (r#"{"kommune":"4601","periode":"2024","antall":true}"#, "not a number"),
        (r#"{"kommune":301,"periode":"2024","antall":1}"#, "lost its leading zero"),
    ] {
        let parsed = plain("", format!("[{bad},{good}]").as_bytes());
        assert_eq!(shown(&parsed), ["0301 2024 1"], "{bad}");
        assert!(
            refused(&parsed).starts_with("1: ") && refused(&parsed).contains(word),
            "{}",
            refused(&parsed)
        );
    }
    let parsed = plain("", br#"[{"kommune":"9999","periode":"2024","antall":1,"navn":"\"x\""}]"#);
    assert_eq!(parsed.rejections[0].raw, r#"{"kommune":"9999","periode":"2024","antall":1,"navn":"\"x\""}"#);
}

#[test]
fn what_is_no_table_holds_the_delivery_with_the_place() {
    let rows = r#"{"kommune":"0301","periode":"2024","antall":1}"#;
    let (lists, objects) = ("[".repeat(100_000), "{\"a\":".repeat(100_000));
    for (text, more, word) in [
        (format!("[{rows},"), "", "does not read"),
        (format!("[{rows}] x"), "", "trailing characters"),
        (format!(r#"{{"data":[{rows}],"meta":1}}"#), "", "object of `data`, `meta`"),
        (format!(r#"{{"data":[{rows}]}}"#), "rows = \"date\"\n", "nearest is `data`"),
        (format!(r#"{{"data":[{rows}],"data":[]}}"#), "rows = \"data\"\n", "occurs twice"),
        (format!("[{rows}]"), "rows = \"data\"\n", "an array is where"),
        ("[]".to_owned(), "", "empty"),
        (r#"[{"kommune":"0301","periode":"2024"}]"#.to_owned(), "", "column `antall` is missing"),
        (lists, "", "does not read"),
        (objects.clone(), "", "recursion limit"),
        (format!("[{objects}"), "", "recursion limit"),
        (r#"[{"antall":1e999}]"#.to_owned(), "", "number out of range"),
        (format!("[{rows}]"), "header_rows = 2\n", "no header rows"),
    ] {
        let parsed = plain(more, text.as_bytes());
        assert!(parsed.observations.is_empty(), "{text:.80}");
        assert!(parsed.breaches.iter().any(|b| b.contains(word)), "{text:.80}: {:?}", parsed.breaches);
    }
}

#[test]
fn too_many_fields_are_refused() {
    let fields: Vec<String> = (0..2100).map(|i| format!("\"f{i}\":1")).collect();
    let parsed = plain("", format!("[{{{}}}]", fields.join(",")).as_bytes());
    assert!(parsed.breaches[0].contains("more than 2000 different fields"), "{:?}", parsed.breaches);
    let long = "x".repeat(70_000);
    let parsed = plain(
        "",
        format!(r#"[{{"kommune":"0301","periode":"2024","antall":1,"navn":"{long}"}}]"#).as_bytes(),
    );
    assert!(refused(&parsed).contains("a field is 70000 bytes long"));
}

#[test]
fn an_object_or_a_list_where_other_rows_have_a_number_is_no_blank() {
    for bad in [r#"{"a":5}"#, "{}", "[5]", "[]"] {
        let text = format!(
            r#"[{{"kommune":"0301","periode":"2024","antall":{bad}}},{{"kommune":"4601","periode":"2024","antall":7}}]"#
        );
        let parsed = plain("", text.as_bytes());
        assert_eq!(shown(&parsed), ["4601 2024 7"], "{bad}: {parsed:?}");
        assert!(refused(&parsed).contains("not a number"), "{bad}: {parsed:?}");
    }
    // A name with a dot is no object, and a blank is missing as before.
    let text = br#"[{"kommune":"0301","periode":"2024","antall.a":1},{"kommune":"4601","periode":"2024","antall":7,"antall.a":1}]"#;
    assert_eq!(shown(&plain("", text)), ["0301 2024 missing", "4601 2024 7"]);
}

#[test]
fn rows_that_differ_in_a_list_hold_the_delivery() {
    let text = br#"[{"kommune":"0301","periode":"2024","antall":7,"kjonn":["Menn"]},
                    {"kommune":"0301","periode":"2024","antall":7,"kjonn":["Kvinner"]}]"#;
    let parsed = plain("", text);
    assert!(shown(&parsed).is_empty() && parsed.breaches[0].contains("`kjonn`"), "{parsed:?}");
}

#[test]
fn no_field_of_an_object_is_proposed_where_other_rows_have_a_number() {
    let text = br#"[{"Kommunenr":"0301","Periode":"2025-01","Antall":{"verdi":10}},
                    {"Kommunenr":"4601","Periode":"2025-01","Antall":20},
                    {"Kommunenr":"1103","Periode":"2025-01","Antall":30}]"#;
    let about = super::propose::about("digihelse.json");
    let why = crate::delimited::propose(text, &about, &super::propose::known()).unwrap_err().text;
    assert!(why.contains("`Antall` is an object in some rows and a number in others"), "{why}");
}
