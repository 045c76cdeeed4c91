//! The cube against answers worked out by hand, the answers at hand, and hostile bytes.

use super::*;
use crate::conformance::{Outcome, conformance};

impl Outcome for Table {
    fn accepted(&self) -> usize {
        self.cells.len()
    }
    fn rejected(&self) -> &[Rejection] {
        &self.rejections
    }
    fn breaches(&self) -> &[String] {
        &self.breaches
    }
    fn rows_in(&self) -> Option<u64> {
        (!self.is_metadata())
            .then(|| self.dimensions.iter().map(|dimension| dimension.categories.len() as u64).product())
    }
}

/// Two places by two years; `tail` adds `value` and what else is needed.
fn cube(tail: &str) -> Table {
    parse(text(tail).as_bytes())
}

fn text(tail: &str) -> String {
    let head = r#""class":"dataset","version":"2.0","label":"Persons","id":["Region","Tid"],"size":[2,2],
        "role":{"time":["Tid"],"geo":["Region"]},"dimension":{
        "Region":{"label":"region","category":{"index":["4601","4602"],"label":{"4601":"Bergen"}}},
        "Tid":{"category":{"index":{"2025":1,"2024":0},"label":{"2024":"2024","2025":"2025"}}}}"#;
    format!("{{{head},{tail}}}")
}

fn shown(table: &Table) -> Vec<String> {
    let one = |row: Row<'_>| {
        let value = row.cell.value.map_or("none".to_owned(), |value| value.to_string());
        let symbol = row.cell.symbol.map_or("", Symbol::as_str);
        format!("{} {value} {symbol} {}", row.codes.join(" "), row.cell.state().as_str())
    };
    table.rows().map(one).collect()
}

#[test]
fn it_keeps_its_promises() {
    let full = text(r#""value":[1,null,":",4.5],"status":{"3":"*"}"#);
    let sparse = text(r#""value":{"0":1,"3":2},"status":["","..","-",null]"#);
    let sample = include_bytes!("../../../../datasets/samples/ssb-population.json");
    conformance(parse, &[full.as_bytes(), sparse.as_bytes(), sample], true);
}

#[test]
fn the_last_dimension_runs_fastest_and_positions_decide() {
    let expected = ["4601 2024 1  ok", "4601 2025 2  ok", "4602 2024 3  ok", "4602 2025 4  ok"];
    let table = cube(r#""value":[1,2,3,4]"#);
    assert_eq!(shown(&table), expected);
    assert_eq!(table.dimensions[0].role, Some(Role::Geo));
    assert_eq!(table.dimensions[0].categories[1], ("4602".to_owned(), "4602".to_owned()));
    assert_eq!(shown(&cube(r#""value":{"3":4,"1":2,"0":1,"2":3}"#)), expected);
}

#[test]
fn absent_is_missing_and_never_nought() {
    let expected =
        ["4601 2024 none  missing", "4601 2025 0  ok", "4602 2024 none  missing", "4602 2025 7  ok"];
    assert_eq!(shown(&cube(r#""value":{"1":0,"3":7}"#)), expected);
    assert_eq!(shown(&cube(r#""value":[null,0,null,7]"#)), expected);
}

#[test]
fn symbols_mean_the_same_beside_the_value_and_in_its_place() {
    let expected = [
        "4601 2024 none : suppressed",
        "4601 2025 none .. missing",
        "4602 2024 none . not_applicable",
        "4602 2025 0 - ok",
    ];
    assert_eq!(shown(&cube(r#""value":[":","..",".","-"]"#)), expected);
    assert_eq!(shown(&cube(r#""value":[null,null,null,null],"status":[":","..",".","-"]"#)), expected);
    assert_eq!(shown(&cube(r#""value":[3,0,0,0],"status":{"0":":","1":"..","2":".","3":"-"}"#)), expected);
    let kept = cube(r#""value":[5,6,7,null],"status":{"0":"*","1":"|","3":"0"}"#);
    assert_eq!(shown(&kept), ["4601 2024 5 * ok", "4601 2025 6 | ok", "4602 2024 7  ok", "4602 2025 0 0 ok"]);
    assert!(
        cube(r#""value":[1,2,3,4],"status":"*""#).cells.iter().all(|c| c.symbol == Some(Symbol::Provisional))
    );
}

#[test]
fn a_cell_that_contradicts_itself_is_refused_alone() {
    for (tail, word) in [
        (r#""value":[1,2,3,"x"]"#, "symbol `x` is unknown"),
        (r#""value":[1,2,3,"x"],"extension":{"flags":{"label":{"x":"Utelatt"}}}"#, "Utelatt"),
        (r#""value":[1,2,3,4],"status":{"3":"-"}"#, "means nought"),
        (r#""value":[1,2,3,":"],"status":{"3":".."}"#, "beside it"),
        (r#""value":[1,2,3,true]"#, "neither a number"),
        (r#""value":[1,2,3,9007199254740993]"#, "too large"),
        (r#""value":[1,2,3,4],"status":{"3":7}"#, "no text"),
    ] {
        let table = cube(tail);
        assert_eq!((table.cells.len(), table.rejections.len()), (3, 1), "{tail}");
        assert_eq!(table.rejections[0].row, 4);
        assert!(table.rejections[0].reason.contains(word), "{}", table.rejections[0].reason);
        assert!(table.rejections[0].raw.starts_with("4602 2025: "));
    }
}

#[test]
fn a_cube_that_does_not_hang_together_is_held_back() {
    for (bad, word) in [
        (text(r#""value":[1,2,3]"#), "3 entries for 4 cells"),
        (text(r#""value":{"4":1}"#), "cell `4`"),
        (text(r#""value":7"#), "neither a list"),
        (text(r#""value":[1,2,3,4],"status":["*"]"#), "1 entries for 4"),
        (text(r#""value":[1]"#).replace("[2,2]", "[2,3]"), "2 categories where `size` is 3"),
        (text(r#""value":[1]"#).replace("\"Tid\"]", "\"Aar\"]"), "`Aar` is listed"),
        (text(r#""value":[1]"#).replace("\"2025\":1", "\"2025\":0"), "same position"),
        (text(r#""value":[1]"#).replace("\"4602\"]", "\"4601\"]"), "occurs twice"),
        (text(r#""value":[1]"#).replace("\"dataset\"", "\"collection\""), "collection"),
        ("{\"dataset\":{}}".to_owned(), "json-stat 1"),
    ] {
        let table = parse(bad.as_bytes());
        assert!(table.cells.is_empty());
        assert!(table.breaches[0].contains(word), "{} lacks {word}", table.breaches[0]);
    }
    let codes: Vec<String> = (0..1000).map(|code| format!("\"{code}\"")).collect();
    let codes = codes.join(",");
    let dimension = |id: &str| format!("\"{id}\":{{\"category\":{{\"index\":[{codes}]}}}}");
    let huge = format!(
        "{{\"id\":[\"a\",\"b\",\"c\"],\"size\":[1000,1000,1000],\"dimension\":{{{},{},{}}},\"value\":{{}}}}",
        dimension("a"),
        dimension("b"),
        dimension("c")
    );
    assert!(parse(huge.as_bytes()).breaches[0].contains("800000"));
}

#[test]
fn answers_of_three_offices_are_read() {
    let table = parse(include_bytes!("../../tests/data/jsonstat-population.json"));
    let expected = [
        "1108 Persons 2024 820  ok",
        "1108 Persons 2025 none  missing",
        "0301 Persons 2024 7100  ok",
        "0301 Persons 2025 7200  ok",
    ];
    assert_eq!(shown(&table), expected);
    assert_eq!((table.rejections.len(), table.breaches.len()), (0, 0));

    let table = parse(include_bytes!("../../tests/data/jsonstat-flags.json"));
    let expected = [
        "0 2022_2024 TELLER 71.5  ok",
        "34 2022_2024 TELLER none  missing",
        "3450 2022_2024 TELLER none : suppressed",
    ];
    assert_eq!(shown(&table), expected);
    assert_eq!(table.dimensions[2].role, Some(Role::Metric));
    assert!(table.rejections.is_empty());

    let table = parse(include_bytes!("../../tests/data/jsonstat-metadata.json"));
    let sizes: Vec<_> = table.dimensions.iter().map(|d| (d.id.as_str(), d.categories.len())).collect();
    assert_eq!(sizes, [("Region", 3), ("Alder", 4), ("Kon", 2), ("ContentsCode", 1), ("Tid", 2)]);
    assert!(table.is_metadata() && table.is_perturbed());
}
