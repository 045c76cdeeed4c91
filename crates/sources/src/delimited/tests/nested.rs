//! JSON with several tables, or with its numbers below the rows, and names in two rows.

use super::propose::{about, all, known, proposed};
use super::{contract, shown};
use crate::delimited::{parse, propose};

#[test]
fn arrays_beside_the_one_proposed_are_named() {
    let json = r#"{"svarut":[{"kommunenr":"0301","måned":"2026-01","antall":5}],
        "digihelse":[{"kommunenr":"0301","måned":"2026-01","antall":7},{"kommunenr":"4601","måned":"2026-01","antall":8}]}"#;
    let (toml, parsed) = proposed(json.as_bytes(), "x");
    // The longer one, under the solution that its own name is.
    assert_eq!(all(&parsed), ["digihelse uses 0301 2026-01 7", "digihelse uses 4601 2026-01 8"], "{toml}");
    assert!(
        toml.starts_with("# 2 arrays of the JSON look alike (digihelse, svarut); a contract reads one"),
        "{toml}"
    );

    let json =
        r#"{"data":{"2026":[{"kommunenr":"0301","antall":5}],"2025":[{"kommunenr":"0301","antall":7}]}}"#;
    let (toml, parsed) = proposed(json.as_bytes(), "svarut");
    assert_eq!(all(&parsed), ["svarut uses 0301 2026 5"], "{toml}");
    assert!(toml.starts_with("# 2 arrays of the JSON look alike (data.2026, data.2025)"), "{toml}");

    // An array without places is no table, however long it is.
    let json = r#"{"rader":[{"kommunenr":"0301","måned":"2026-01","antall":5}],"koder":[{"a":1},{"a":2}]}"#;
    let (toml, parsed) = proposed(json.as_bytes(), "svarut");
    assert_eq!(all(&parsed), ["svarut uses 0301 2026-01 5"], "{toml}");
    assert!(!toml.contains("look alike"), "{toml}");
}

#[test]
fn numbers_below_the_rows_are_named_as_such() {
    for (json, word) in [
        (
            r#"[{"kommunenr":"0301","verdier":[{"maned":"2026-08","antall":5}]}]"#,
            "`verdier` holds a list in each row",
        ),
        (
            r#"[{"kommunenr":"0301","antall":{"2026-08":5,"2026-09":6}}]"#,
            "the fields of `antall` are named by periods, as `2026-08`",
        ),
    ] {
        let why = propose(json.as_bytes(), &about("svarut"), &known()).unwrap_err();
        assert!(why.text.contains(word) && why.text.contains("one level below"), "{why:?}");
    }
    // A list beside the numbers is no reason.
    let json = r#"[{"kommunenr":"0301","måned":"2026-01","antall":5,"feil":[1]}]"#;
    assert_eq!(all(&proposed(json.as_bytes(), "svarut").1), ["svarut uses 0301 2026-01 5"]);
}

#[test]
fn the_places_may_have_their_name_in_the_first_of_two_rows() {
    let text = "Kommunenr;Navn;2025;\n;;Brukere;Meldinger\n0301;Oslo;1;2\n4601;Bergen;3;4\n";
    let (toml, parsed) = proposed(text.as_bytes(), "svarut");
    let expected = [
        "svarut users_active 0301 2025 1",
        "svarut uses 0301 2025 2",
        "svarut users_active 4601 2025 3",
        "svarut uses 4601 2025 4",
    ];
    assert_eq!(all(&parsed), expected, "{toml}");
}

#[test]
fn a_filter_reads_over_doubled_blanks_and_case() {
    let rules = "period.column = \"periode\"\nmeasure.fixed = \"uses\"\nvalue.column = \"antall\"\n[filter]\n\"kjønn\" = \"Begge kjønn\"\n";
    let text = "kommune;periode;kjønn;antall\n0301;2024;begge  Kjønn;7\n0301;2024;Menn;3\n";
    assert_eq!(shown(&parse(text.as_bytes(), &contract(rules))), ["0301 2024 7"]);
}
