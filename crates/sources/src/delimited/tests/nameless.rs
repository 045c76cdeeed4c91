//! Columns without a name: what they hold tells rows apart as under any name.

use super::super::samples::{row, xlsx};
use super::propose::{all, proposed};
use super::{PLAIN, contract, plain, shown};
use crate::delimited::{Contract, TO_CHOOSE, parse};

const ROWS: [&str; 4] =
    ["0301;2026-10;Menn;7", "0301;2026-10;Kvinner;7", "4601;2026-10;Menn;5", "4601;2026-10;Kvinner;6"];

#[test]
fn rows_that_differ_in_a_column_without_a_name_hold_the_delivery() {
    let rows = ROWS.join("\n");
    let last = "kommune;periode;antall;\n0301;2026-10;7;Menn\n0301;2026-10;7;Kvinner\n".to_owned();
    let json = r#"[{"kommune":"0301","periode":"2026-10","":"Menn","antall":7},
        {"kommune":"0301","periode":"2026-10","":"Kvinner","antall":7}]"#;
    for text in [
        format!("kommune;periode;;antall\n{rows}\n"),
        format!("kommune;periode; ;antall\n{rows}\n"),
        format!("kommune;periode;\u{200b};antall\n{rows}\n"),
        last,
        json.to_owned(),
    ] {
        let parsed = plain("", text.as_bytes());
        assert!(shown(&parsed).is_empty(), "{text}: {parsed:?}");
        assert!(parsed.breaches[0].contains("(`#1`)"), "{text}: {parsed:?}");
    }
    let cells: Vec<Vec<&str>> = ROWS.iter().map(|row| row.split(';').collect()).collect();
    let head = row(1, &["kommune", "periode", "", "antall"]);
    let book = xlsx(&(head + &row(2, &cells[2]) + &row(3, &["4601", "2026-10", "Kvinner", "5"])));
    let parsed = plain("", &book);
    assert!(shown(&parsed).is_empty() && parsed.breaches[0].contains("(`#1`)"), "{parsed:?}");
    // Blank in every row, it tells nothing apart.
    let parsed = plain("", b"kommune;periode;antall;\n0301;2026-10;7;\n0301;2026-10;7;\n");
    assert_eq!(shown(&parsed), ["0301 2026-10 7"], "{parsed:?}");
    assert!(parsed.breaches.is_empty(), "{parsed:?}");
}

#[test]
fn a_contract_names_such_a_column_by_its_place() {
    let text = format!("kommune;periode;;antall\n{}\n", ROWS.join("\n"));
    let sum = contract(&format!("{PLAIN}value.sum_over = [\"#1\"]\n"));
    // 7 + 7 and 5 + 6.
    assert_eq!(shown(&parse(text.as_bytes(), &sum)), ["0301 2026-10 14", "4601 2026-10 11"]);
    let one = contract(&format!("{PLAIN}filter.\"#1\" = \"Kvinner\"\n"));
    assert_eq!(shown(&parse(text.as_bytes(), &one)), ["0301 2026-10 7", "4601 2026-10 6"]);
}

#[test]
fn a_proposal_leaves_such_a_column_to_choose() {
    let text = format!("Knr;Periode;;Bruk\n{}\n", ROWS.join("\n"));
    let (toml, parsed) = proposed(text.as_bytes(), "digihelse.csv");
    assert!(toml.contains(&format!("\"#1\" = \"{TO_CHOOSE}\"")), "{toml}");
    assert!(toml.contains("`#1` is the first column without a name"), "{toml}");
    assert!(all(&parsed).is_empty(), "{toml}");
    let chosen = toml.replace(&format!("\"#1\" = \"{TO_CHOOSE}\""), "\"#1\" = \"Menn\"");
    let parsed = parse(text.as_bytes(), &Contract::from_toml(&chosen).unwrap());
    assert_eq!(all(&parsed), ["digihelse uses 0301 2026-10 7", "digihelse uses 4601 2026-10 5"], "{chosen}");
}
