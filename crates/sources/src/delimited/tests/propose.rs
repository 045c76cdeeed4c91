//! Contracts proposed for files nobody described: each reads its own file, and says what a person must choose.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use utbredt_model::{ObservedFact, Parsed};

use super::super::samples::{ods, row, xlsx};
use super::{refused, shown};
use crate::delimited::{About, Contract, Known, TO_CHOOSE, parse, propose};

fn datasets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets")
}

/// What the shipped reference tables know.
pub(super) fn known() -> Known {
    let column = |file: &str, columns: &[usize]| -> Vec<Vec<String>> {
        let mut reader = csv::Reader::from_path(datasets().join("reference").join(file)).unwrap();
        let pick = |record: csv::StringRecord| columns.iter().map(|at| record[*at].to_owned()).collect();
        reader.records().map(|record| pick(record.unwrap())).collect()
    };
    let mut known = Known::default();
    for mut row in column("solutions.csv", &[0, 1, 2, 3]) {
        known.solutions.insert(row.remove(0), row.into_iter().collect());
    }
    for row in column("measures.csv", &[0, 2]) {
        known.measures.entry(row[0].clone()).or_default().insert(row[1].clone());
    }
    known.municipalities = column("municipalities.csv", &[0]).into_iter().flatten().collect::<BTreeSet<_>>();
    known
}

pub(super) fn about(file_name: &str) -> About {
    About::of_file(file_name, Some("network")).unwrap()
}

#[test]
fn a_source_is_called_after_its_file() {
    for (name, id) in [
        ("SvarUt bruk 2024-10", "svarut-bruk"),
        ("2024-10", "source"),
        ("Målselv_q3", "malselv"),
        ("", "source"),
    ] {
        assert_eq!(About::of_file(name, None).unwrap().source_id.as_str(), id, "{name}");
    }
    assert!(About::of_file("x", Some("No Id")).is_err());
}

/// The proposal, and what it makes of its own file.
pub(super) fn proposed(bytes: &[u8], file_name: &str) -> (String, Parsed) {
    let toml = propose(bytes, &about(file_name), &known()).unwrap();
    let contract = Contract::from_toml(&toml).unwrap_or_else(|error| panic!("{error}\n{toml}"));
    (toml, parse(bytes, &contract))
}

/// `solution measure subject period value` of each number.
pub(super) fn all(parsed: &Parsed) -> Vec<String> {
    let ids = |o: &utbredt_model::Observation| match &o.fact {
        ObservedFact::Usage { solution_id, measure_id, .. } => format!("{solution_id} {measure_id}"),
        ObservedFact::Rollout { .. } => String::new(),
    };
    parsed
        .observations
        .iter()
        .map(ids)
        .zip(shown(parsed))
        .map(|(ids, rest)| format!("{ids} {rest}"))
        .collect()
}

#[test]
fn every_shipped_sample_is_read_by_its_proposal() {
    let mut read = 0;
    for entry in std::fs::read_dir(datasets().join("samples")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let shipped = datasets().join("contracts").join(path.file_stem().unwrap()).with_extension("toml");
        // Samples of sources that have parsers of their own stand beside them.
        if !shipped.is_file() {
            continue;
        }
        let shipped = Contract::from_toml(&std::fs::read_to_string(shipped).unwrap()).unwrap();
        let (toml, parsed) = proposed(&bytes, path.file_stem().unwrap().to_str().unwrap());
        let expected = parse(&bytes, &shipped);
        // What the file does not say, as the solution, is left to a person; all else is as the contract has it.
        assert_eq!(shown(&parsed), shown(&expected), "{}\n{toml}", path.display());
        assert_eq!(parsed.rejections, expected.rejections, "{}", path.display());
        assert!(parsed.breaches.is_empty(), "{:?}", parsed.breaches);
        read += 1;
    }
    assert!(read >= 2);
}

#[test]
fn a_plain_long_table_needs_no_choice() {
    let bytes = b"municipality_code,period,solution_id,measure_id,value\n0301,2024-01,digisos,uses,1\n2024,2024-01,digisos,uses,2\n";
    let (toml, parsed) = proposed(bytes, "data");
    assert_eq!(all(&parsed), ["digisos uses 0301 2024-01 1", "digisos uses 2024 2024-01 2"]);
    assert!(!toml.contains(TO_CHOOSE), "{toml}");
}

#[test]
fn dirt_in_a_spreadsheets_export_is_seen() {
    let text = "Rapport fra DigiHelse;;;;\nUttrekk 12.03.2024;;;;\n\nKommunenr;Kommune;Måned;Antall meldinger;Innbyggere\n\
                301;Oslo;januar 2024;1 234,0;700000\n1103;Stavanger;januar 2024;<5;140000\n4601;Bergen;januar 2024;12*;290000\n\
                ;Sum;januar 2024;1 251;\n";
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let (toml, parsed) = proposed(&latin, "eksport");
    let expected = [
        "digihelse uses 0301 2024-01 1234",
        "digihelse uses 1103 2024-01 suppressed",
        "digihelse uses 4601 2024-01 12 p",
    ];
    assert_eq!(all(&parsed), expected, "{toml}");
    assert!(refused(&parsed).contains("total row `Sum`"), "{parsed:?}");
    for line in
        ["encoding = \"windows-1252\"", "header_row = 4", "restore_zero = true", "column = \"Kommunenr\""]
    {
        assert!(toml.contains(line), "{line} is not in\n{toml}");
    }
    assert!(toml.contains("Columns no part of this contract: Kommune, Innbyggere."), "{toml}");
}

#[test]
fn months_across_are_seen_in_every_shape() {
    let wide = "Kommune\t2024-01\t2024-02\tSum 2024\nK-0301 Oslo\t1\t2\t3\nK-4601 Bergen\t:\t4\t4\n";
    let (toml, parsed) = proposed(wide.as_bytes(), "svarut bruk");
    assert_eq!(
        shown(&parsed),
        ["0301 2024-01 1", "0301 2024-02 2", "4601 2024-01 suppressed", "4601 2024-02 4"]
    );
    assert!(toml.contains("prefix_to_strip = \"K-\"") && toml.contains("name_follows = true"), "{toml}");

    let both =
        "Rapport;;;;\n;2024-01;;2024-02;\nKommunenummer;Brukere;Meldinger;Brukere;Meldinger\n0301;1;2;3;4\n";
    let (toml, parsed) = proposed(both.as_bytes(), "digihelse");
    let expected = [
        "digihelse users_active 0301 2024-01 1",
        "digihelse uses 0301 2024-01 2",
        "digihelse users_active 0301 2024-02 3",
        "digihelse uses 0301 2024-02 4",
    ];
    assert_eq!(all(&parsed), expected, "{toml}");

    let one =
        "Kommunenr,Brukere jan 2024,Brukere feb 2024,Meldinger jan 2024,Meldinger feb 2024\n0301,1,3,2,4\n";
    let (toml, parsed) = proposed(one.as_bytes(), "digihelse");
    let mut sorted = all(&parsed);
    sorted.sort();
    let mut same = expected.to_vec();
    same.sort_unstable();
    assert_eq!(sorted, same, "{toml}");

    let bare = "Bruk av SvarUt 2023;;\nKommunenr;Jan;Feb\n0301;1;2\n";
    let (toml, parsed) = proposed(bare.as_bytes(), "x");
    assert_eq!(all(&parsed), ["svarut uses 0301 2023-01 1", "svarut uses 0301 2023-02 2"], "{toml}");

    let days = "Kommunenr;2024-01-01;01.02.2024\n0301;1;2\n";
    let (toml, parsed) = proposed(days.as_bytes(), "svarut");
    assert_eq!(shown(&parsed), ["0301 2024-01 1", "0301 2024-02 2"], "{toml}");

    let years = ";2023;;2024\nKommunenr;nov;des;jan\n0301;1;2;3\n";
    let (toml, parsed) = proposed(years.as_bytes(), "svarut");
    assert_eq!(shown(&parsed), ["0301 2023-11 1", "0301 2023-12 2", "0301 2024-01 3"], "{toml}");
}

#[test]
fn measures_across_and_a_period_of_the_whole_file() {
    let bytes = b"kommunenr;brukere;meldinger;rang\n0301;5;9;1\n4601;6;8;2\n";
    let (toml, parsed) = proposed(bytes, "digihelse 2024-03");
    let expected = [
        "digihelse users_active 0301 2024-03 5",
        "digihelse uses 0301 2024-03 9",
        "digihelse users_active 4601 2024-03 6",
        "digihelse uses 4601 2024-03 8",
    ];
    assert_eq!(all(&parsed), expected, "{toml}");
    let (toml, parsed) = proposed(bytes, "x");
    assert!(toml.contains("Nothing gives the period") && toml.contains(TO_CHOOSE), "{toml}");
    assert_eq!(parsed.observations.len(), 4, "it reads, and no lake takes it");
}

#[test]
fn names_of_their_own_are_mapped_to_the_nearest_of_ours() {
    let text = "Orgnr;Tjeneste;Måltall;Fra;Til;Verdi\n817263992;DigiHelse;Antall brukere;01.01.2024;31.01.2024;7\n\
                820710592;Ukjent greie;Antall meldinger;01.01.2024;31.01.2024;8\n";
    let (toml, parsed) = proposed(text.as_bytes(), "x");
    let expected = ["digihelse users_active 817263992 2024-01 7", "ukjent_greie uses 820710592 2024-01 8"];
    assert_eq!(all(&parsed), expected, "{toml}");
    assert!(toml.contains("Not known here, and refused: Ukjent greie."), "{toml}");
}

#[test]
fn what_a_name_holds_never_breaks_the_contract() {
    let text = "Kommunenr;Tjeneste;Enhet;\"Antall \"\"x\"\"\nper \\ måned\";Periode\n301;Svar\u{7f}Ut;\"a\nb\";5;2024-01\n";
    let (toml, parsed) = proposed(text.as_bytes(), "x");
    assert_eq!(all(&parsed), ["svarut uses 0301 2024-01 5"], "{toml}");
    let split = "kommunenr;år;alder;antall\n0301;2024;0-17;5\n0301;2024;18-;6\n";
    // Whether the ages add up, or which is meant, is not for a program to say.
    let (toml, parsed) = proposed(split.as_bytes(), "svarut");
    assert!(toml.contains("[filter]\n") && toml.contains("\"alder\" = \"to-choose\""), "{toml}");
    assert!(parsed.observations.is_empty(), "{parsed:?}");
}

#[test]
fn a_count_from_a_beginning_is_no_count_of_a_month() {
    let text = "Kommunenr;Måned;Meldinger hittil\n0301;2026-01;100\n0301;2026-02;250\n";
    let (toml, _) = proposed(text.as_bytes(), "svarut");
    assert!(toml.contains("\ncumulative = true\n"), "{toml}");
    // Beside one of the month itself it is passed over.
    let text = "Kommunenr;Måned;Meldinger hittil;Meldinger\n0301;2026-01;100;100\n0301;2026-02;250;150\n";
    let (toml, parsed) = proposed(text.as_bytes(), "svarut");
    assert!(!toml.contains("cumulative"), "{toml}");
    assert_eq!(all(&parsed), ["svarut uses 0301 2026-01 100", "svarut uses 0301 2026-02 150"], "{toml}");
}

#[test]
fn numbers_in_thousands_are_multiplied() {
    for (head, unit) in [
        ("Meldinger (i tusen)", "stk"),
        ("Antall", "1000 meldinger"),
        ("Antall", "1 000 meldinger"),
        ("Antall (i hele tusen)", "meldinger"),
    ] {
        let text = format!("Kommunenr;Måned;Enhet;{head}\n0301;2026-01;{unit};2\n4601;2026-01;{unit};3\n");
        let (toml, parsed) = proposed(text.as_bytes(), "svarut");
        assert!(toml.contains("\nscale = { factor = 1000, unit = \"to-choose\" }\n"), "{toml}");
        assert_eq!(
            all(&parsed),
            ["svarut uses 0301 2026-01 2000", "svarut uses 4601 2026-01 3000"],
            "{toml}"
        );
    }
    for (head, unit) in [("Antall", "meldinger"), ("Antall", "stk"), ("Antall meldinger", "10000 kr")] {
        let text = format!("Kommunenr;Måned;Enhet;{head}\n0301;2026-01;{unit};2\n4601;2026-01;{unit};3\n");
        let (toml, _) = proposed(text.as_bytes(), "svarut");
        assert!(!toml.contains("scale ="), "{toml}");
    }
}

#[test]
fn weeks_quarters_and_half_years_are_not_read_as_months() {
    for (head, cells, form) in [
        ("Uke", ["2025-01", "2025-02"], "2025-W01"),
        ("Uke", ["1/2025", "2/2025"], "2025-W01"),
        ("Uke", ["2024-52", "2025-01"], "2025-W01"),
        ("Kvartal", ["2025-01", "2025-02"], "2025-Q1"),
        ("Kvartal", ["01.2025", "02.2025"], "2025-Q1"),
        ("Halvår", ["2025-1", "2025-2"], "2025-H1"),
    ] {
        let [first, second] = cells;
        let text = format!("Kommunenr;{head};Antall\n0301;{first};10\n0301;{second};11\n");
        let reason = propose(text.as_bytes(), &about("svarut"), &known()).unwrap_err();
        assert!(reason.text.contains(&format!("`{head}`")) && reason.text.contains(form), "{reason:?}");
    }
    let (toml, parsed) =
        proposed("Kommunenr;Kvartal;Antall\n0301;2025-Q1;10\n0301;2. kvartal 2025;11\n".as_bytes(), "svarut");
    assert_eq!(all(&parsed), ["svarut uses 0301 2025-Q1 10", "svarut uses 0301 2025-Q2 11"], "{toml}");
}

#[test]
fn workbooks_are_searched_sheet_by_sheet_and_json_array_by_array() {
    let book = xlsx(
        &(row(1, &["Rapport"])
            + &row(3, &["Kommunenr", "Måned", "Antall"])
            + &row(4, &["301", "2024-01", "12.0"])),
    );
    let (toml, parsed) = proposed(&book, "svarut");
    assert_eq!(all(&parsed), ["svarut uses 0301 2024-01 12"], "{toml}");
    assert!(toml.contains("sheet = \"Ark1\"") && toml.contains("header_row = 3"), "{toml}");
    let book = ods(&[&["Kommunenr", "Måned", "Antall"], &["1103", "2024-01", "7"]]);
    assert_eq!(all(&proposed(&book, "svarut").1), ["svarut uses 1103 2024-01 7"]);
    let json = r#"{"generert":"2024-03-01","svar":{"feil":[],"rader":[
        {"kommune":{"nummer":"0301","navn":"Oslo"},"måned":"2024-01","antall":5},
        {"kommune":{"nummer":"4601","navn":"Bergen"},"måned":"2024-01","antall":null}]}}"#;
    let (toml, parsed) = proposed(json.as_bytes(), "svarut");
    assert_eq!(all(&parsed), ["svarut uses 0301 2024-01 5", "svarut uses 4601 2024-01 missing"], "{toml}");
    assert!(toml.contains("rows = \"svar.rader\"") && toml.contains("column = \"kommune.nummer\""), "{toml}");
}

#[test]
fn a_file_without_a_table_has_a_reason() {
    for (bytes, word) in [
        (&b"navn;antall\nOslo;1\n"[..], "no column holds codes of municipalities"),
        (b"", "no column holds codes"),
        (b"{}", "no array of objects"),
        (b"[1", "does not read"),
        (b"PK\x03\x04", "cut short"),
        (b"0301;2024-01;5\n4601;2024-01;6\n", "no row of column names"),
        (b"kommunenr;navn\n0301;Oslo\n", "codes without numbers"),
        (b"\xD0\xCF\x11\xE0\xA1\xB1", "old XLS"),
    ] {
        let error = propose(bytes, &about("x"), &known()).unwrap_err();
        assert!(error.text.contains(word), "{error}");
    }
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the bytes are, what is proposed is a contract.
        #[test]
        fn a_proposal_is_always_a_contract(cells in proptest::collection::vec(
            proptest::sample::select(vec!["0301", "301", "K-4601 Bergen", "2024-01", "jan 2024", "jan", "2024", "12", "1 234",
                "12,5", ":", "<5", "Sum", "Antall", "Brukere", "Kommune", "\"", "DigiHelse", "", "a b", "x\ty", "817263992", "#", "\u{1}", "\"a\nb\"", "\u{7f}"]),
            1..40), width in 1usize..7, delimiter in proptest::sample::select(vec![";", ",", "\t"])) {
            let text: Vec<String> = cells.chunks(width).map(|row| row.join(delimiter)).collect();
            let bytes = text.join("\n").into_bytes();
            if let Ok(toml) = propose(&bytes, &about("x \"y\" 2024-01"), &known()) {
                let contract = Contract::from_toml(&toml);
                prop_assert!(contract.is_ok(), "{:?}\n{}", contract, toml);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = propose(&bytes, &about("x"), &Known::default());
        }
    }
}
