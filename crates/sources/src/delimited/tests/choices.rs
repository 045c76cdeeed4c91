//! Which column of a file without a contract is taken, and what is left to a person.

use super::propose::{about, all, known};
use crate::delimited::{About, Contract, TO_CHOOSE, parse, propose};

/// A file with a solution and a measure requested.
pub(super) fn request(file_name: &str, solution: &str, measure: &str) -> About {
    let mut about = about(file_name);
    about.solution = Some(solution).filter(|id| !id.is_empty()).map(|id| id.parse().unwrap());
    about.measure = Some(measure).filter(|id| !id.is_empty()).map(|id| id.parse().unwrap());
    about
}

/// What the proposal reads, or why there is none; and the proposal.
fn tried(text: &str, about: &About) -> (Vec<String>, String) {
    match propose(text.as_bytes(), about, &known()) {
        Ok(toml) => (all(&parse(text.as_bytes(), &Contract::from_toml(&toml).unwrap())), toml),
        Err(error) => (Vec::new(), error.text),
    }
}

#[test]
fn of_columns_named_by_solutions_the_one_requested_is_read() {
    let text = "Kommunenr;Måned;SvarUt;Digisos\n0301;2024-01;3;40\n4601;2024-01;5;60\n";
    for (solution, numbers) in [("digisos", [40, 60]), ("svarut", [3, 5])] {
        let (read, toml) = tried(text, &request("x", solution, "uses"));
        let [first, second] = numbers;
        let expected = [
            format!("{solution} uses 0301 2024-01 {first}"),
            format!("{solution} uses 4601 2024-01 {second}"),
        ];
        assert_eq!(read, expected, "{toml}");
    }
    // Whether or not a column is called a count.
    let beside = "Kommunenr;Måned;Antall totalt;SvarUt;Digisos\n0301;2024-01;43;3;40\n4601;2024-01;65;5;60\n";
    let (read, toml) = tried(beside, &request("x", "digisos", "uses"));
    assert_eq!(read[0], "digisos uses 0301 2024-01 40", "{toml}");
}

#[test]
fn columns_of_other_solutions_are_none_of_the_one_requested() {
    let text = "Kommunenr;Måned;Digital postkasse;eInnsyn\n0301;2024-01;3;40\n4601;2024-01;5;60\n";
    let (read, why) = tried(text, &request("x", "svarut", "uses"));
    assert!(
        read.is_empty()
            && why.contains("`eInnsyn`")
            && why.contains("`Digital postkasse`")
            && why.contains("than `svarut`"),
        "{why}"
    );
    let one = "Kommunenr;Måned;Digisos\n0301;2024-01;40\n4601;2024-01;60\n";
    assert!(tried(one, &request("x", "svarut", "uses")).1.contains("`Digisos`"));
    assert!(
        tried(one, &request("svarut 2024", "", "uses")).1.contains("the file's name or title by `svarut`")
    );
    assert_eq!(tried(one, &request("x", "", "uses")).0[0], "digisos uses 0301 2024-01 40");
    let beside = "Kommunenr;Måned;Digisos;Antall\n0301;2024-01;40;7\n4601;2024-01;60;8\n";
    assert_eq!(tried(beside, &request("x", "svarut", "uses")).0[0], "svarut uses 0301 2024-01 7");
    assert!(!tried(beside, &request("x", "svarut", "uses")).1.contains(TO_CHOOSE));
}

#[test]
fn a_column_named_as_the_measure_goes_before_the_first_with_numbers() {
    let file = |names: &str, first: &str, second: &str| {
        format!("Kommunenr;Måned;{names}\n0301;2024-01;{first}\n4601;2024-01;{second}\n")
    };
    for (names, rows, numbers) in [
        ("Versjon;KOSTRA-gruppe;Innloggede", ["2;13;40", "2;13;60"], [40, 60]),
        ("Sone;Besøk", ["1;40", "2;60"], [40, 60]),
        ("innført;Meldinger", ["2018;40", "2021;60"], [40, 60]),
        ("Antall ansatte;Antall meldinger", ["900;40", "800;60"], [40, 60]),
        ("Brukere;Meldinger", ["7;40", "8;60"], [40, 60]),
        ("Lag;Antall", ["7;40", "8;60"], [40, 60]),
    ] {
        let (read, toml) = tried(&file(names, rows[0], rows[1]), &request("svarut", "svarut", "uses"));
        let [first, second] = numbers;
        let expected =
            [format!("svarut uses 0301 2024-01 {first}"), format!("svarut uses 4601 2024-01 {second}")];
        assert_eq!(read, expected, "{names}: {toml}");
    }
    // Without a request each column that is a measure of its own is one.
    let (read, toml) = tried(
        &file("Antall ansatte;Lag;Antall meldinger", "900;1;40", "800;2;60"),
        &request("svarut", "", ""),
    );
    assert_eq!(read[0], "svarut uses 0301 2024-01 40", "{toml}");
}

#[test]
fn columns_without_a_difference_are_left_to_a_person() {
    for names in ["Sendt;Lest", "Meldinger sendt;Meldinger lest", "Antall A;Antall B"] {
        let text = format!("Kommunenr;Måned;{names}\n0301;2024-01;3;40\n4601;2024-01;5;60\n");
        let (read, toml) = tried(&text, &request("svarut", "svarut", "uses"));
        assert!(read.is_empty(), "{toml}");
        let names = names.replace(';', "`, `");
        assert!(toml.contains(&format!("choose one of `{names}`")) && toml.contains(TO_CHOOSE), "{toml}");
    }
}

#[test]
fn a_year_and_a_month_in_two_columns_are_no_year() {
    let year = request("svarut", "svarut", "uses");
    for (text, words) in [
        ("Kommunenr;År;Måned;Antall\n0301;2025;3;450\n4601;2025;3;12\n", "column `År` and column `Måned`"),
        (
            "Kommunenr;Måned;År;Antall\n0301;mars;2025;450\n4601;mars;2025;12\n",
            "column `År` and column `Måned`",
        ),
        ("Kommunenr;År;Ukenr;Antall\n0301;2025;33;450\n4601;2025;34;12\n", "column `År` and column `Ukenr`"),
        ("Rapport 2025;;\nKommunenr;Kvartal;Antall\n0301;2;450\n4601;3;12\n", "the year in the title"),
    ] {
        let (read, why) = tried(text, &year);
        assert!(read.is_empty() && why.contains(words) && why.contains("one period together"), "{why}");
    }
    // A month that has its year, and a count called after one.
    for text in [
        "Kommunenr;År;Måned;Antall\n0301;2025;2025-03;450\n",
        "Kommunenr;År;Månedsbrukere\n0301;2025;12\n4601;2025;9\n",
    ] {
        assert!(!tried(text, &year).0.is_empty(), "{:?}", tried(text, &year));
    }
}

#[test]
fn a_column_called_after_its_periods_goes_before_other_days_and_years() {
    let text = "Kommunenr;opprettet_år;Brukere;Måned\n0301;2019;120;2025-03\n4601;2020;30;2025-03\n";
    let (read, toml) = tried(text, &request("svarut", "svarut", "users_active"));
    assert_eq!(
        read,
        ["svarut users_active 0301 2025-03 120", "svarut users_active 4601 2025-03 30"],
        "{toml}"
    );
    let years = "Uttrekksdato;Kommunenr;År;Brukere\n2026-01-05;0301;2019;120\n2026-01-05;4601;2020;30\n";
    assert_eq!(
        tried(years, &request("svarut", "svarut", "users_active")).0[0],
        "svarut users_active 0301 2019 120"
    );
}

#[test]
fn a_dash_in_the_place_of_a_number_is_shown() {
    let text =
        "Knr;Periode;Bruk\n0301;2026-10;-\n1103;2026-10;5\n4601;2026-10;7\n5001;2026-10;9\n1508;2026-10;8\n";
    let (read, toml) = tried(text, &request("x", "digihelse", "uses"));
    assert!(
        toml.contains("\"-\" = \"zero\"") && toml.contains("`-` is nought, as Statistics Norway"),
        "{toml}"
    );
    assert_eq!(read[0], "digihelse uses 0301 2026-10 0", "{toml}");
    // A file with noughts of its own means something else by it.
    let (read, toml) = tried(&text.replace(";9\n", ";0\n"), &request("x", "digihelse", "uses"));
    assert!(!toml.contains("\n\"-\" =") && toml.contains("Until then each `-` is refused"), "{toml}");
    assert_eq!(read.len(), 4, "{toml}");
    assert!(
        !tried(&text.replace(";-\n", ";4\n"), &request("x", "digihelse", "uses")).1.contains("[symbols]")
    );
}

#[test]
fn a_column_that_decides_what_a_number_is_is_to_choose() {
    let file = |head: &str, words: [&str; 2]| {
        format!("Knr;Periode;{head};Bruk\n0301;2026-10;{};5\n1103;2026-10;{};7\n", words[0], words[1])
    };
    for (head, words, reason) in [
        ("Enhet", ["tusen", "antall"], "counted in (`antall`, `tusen`)"),
        ("Enhet", ["antall", "mill"], "counted in"),
        ("Type", ["Faktisk", "Prognose"], "a fact or a plan (`Faktisk`, `Prognose`)"),
        ("Versjon", ["Budsjett", "Budsjett"], "a fact or a plan"),
        ("Status", ["foreløpig", "slettet"], "is final"),
    ] {
        let (read, toml) = tried(&file(head, words), &request("x", "digihelse", "uses"));
        assert!(read.is_empty() && toml.contains(&format!("\"{head}\" = \"{TO_CHOOSE}\"")), "{head}\n{toml}");
        assert!(toml.contains(reason), "{head}\n{toml}");
    }
    let (read, toml) = tried(&file("Status", ["endelig", "foreløpig"]), &request("x", "digihelse", "uses"));
    assert!(toml.contains("[provisional]\ncolumn = \"Status\"\nmarker = [\"foreløpig\"]"), "{toml}");
    assert_eq!(read.len(), 2, "{toml}");
    // One unit for all: 5 thousands are no 5.
    let (read, toml) = tried(&file("Enhet", ["tusen", "tusen"]), &request("x", "digihelse", "uses"));
    assert!(toml.contains("scale = { factor = 1000, unit = \"to-choose\" }"), "{toml}");
    assert_eq!(read[0], "digihelse uses 0301 2026-10 5000", "{toml}");
    let (read, toml) = tried(&file("Merknad", ["ny", "gammel"]), &request("x", "digihelse", "uses"));
    assert!(read.len() == 2 && !toml.contains("[filter]"), "{toml}");
}
