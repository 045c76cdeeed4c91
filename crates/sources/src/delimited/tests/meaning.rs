//! Columns of a file without a contract whose names say that they are no count of the row's period, or no period.

use super::propose::{about, all, known};
use crate::delimited::{Contract, TO_CHOOSE, parse, propose};

/// What the proposal for a table of two municipalities reads of it, and the proposal. `{}` in a row stands for nothing.
fn tried(head: &str, rows: [&str; 2], file_name: &str) -> (Vec<String>, String) {
    let text = format!("Kommunenr;{head}\n0301;{}\n4601;{}\n", rows[0], rows[1]);
    let toml = propose(text.as_bytes(), &about(file_name), &known()).unwrap();
    let contract = Contract::from_toml(&toml).unwrap_or_else(|error| panic!("{error}\n{toml}"));
    (all(&parse(text.as_bytes(), &contract)), toml)
}

const OTHERS: &str = "Antall i fjor;Brukere forrige måned;Meldingar førre år;Messages last year;Siste 12 mnd;\
    Meldinger siste 12 måneder;Prognose meldinger;Budsjett;Budsjett meldinger;Mål;Plan antall;Antall snitt per dag;\
    Gjennomsnitt meldinger;Antall innbyggere;Nye brukere;Antall nye brukere;Antall ansatte;Antall skoler;Antall barn;Svartid (dager);Kostnad (kr);Antall meldinger per innbygger;Endring;Average messages";

#[test]
fn a_column_of_another_time_or_a_plan_is_passed_over_beside_the_count() {
    for other in OTHERS.split(';') {
        for (head, rows) in [
            (format!("Måned;{other};Meldinger"), ["2024-01;900;40", "2024-01;800;60"]),
            (format!("Måned;Meldinger;{other}"), ["2024-01;40;900", "2024-01;60;800"]),
        ] {
            let (read, toml) = tried(&head, rows, "svarut");
            let expected = ["svarut uses 0301 2024-01 40", "svarut uses 4601 2024-01 60"];
            assert_eq!(read, expected, "{other}: {toml}");
            assert!(!toml.contains(TO_CHOOSE) && toml.contains("Columns no part of this contract"), "{toml}");
        }
    }
}

#[test]
fn a_column_of_another_time_or_a_plan_alone_is_to_choose() {
    for other in OTHERS.split(';') {
        let (read, toml) = tried(&format!("Måned;{other}"), ["2024-01;900", "2024-01;800"], "svarut");
        assert!(read.is_empty() && toml.contains("[value]\n# By its name `"), "{other}: {toml}");
        assert!(
            toml.contains(&format!("`{other}` is ")) && toml.contains("column = \"to-choose\""),
            "{toml}"
        );
    }
    // Of two, both are named.
    let (read, toml) = tried("Måned;Budsjett;Prognose", ["2024-01;900;1", "2024-01;800;2"], "svarut");
    assert!(read.is_empty() && toml.contains("choose one of `Budsjett`, `Prognose`"), "{toml}");
}

#[test]
fn what_counts_up_to_the_month_is_cumulative() {
    for head in
        ["Akk. meldinger", "Meldinger i alt til og med måneden", "Meldinger t.o.m.", "Brukere siden oppstart"]
    {
        let (_, toml) = tried(&format!("Måned;{head}"), ["2024-01;900", "2024-01;800"], "svarut");
        assert!(toml.contains("\ncumulative = true\n"), "{head}: {toml}");
        let (read, toml) =
            tried(&format!("Måned;{head};Meldinger"), ["2024-01;900;40", "2024-01;800;60"], "svarut");
        assert_eq!(read[0], "svarut uses 0301 2024-01 40", "{head}: {toml}");
        assert!(!toml.contains("cumulative"), "{head}: {toml}");
    }
}

#[test]
fn what_a_municipality_has_is_no_use_over_months_either() {
    let (read, toml) = tried("Antall innbyggere 2024;Brukere 2024", ["900;40", "800;60"], "svarut");
    assert_eq!(read, ["svarut users_active 0301 2024 40", "svarut users_active 4601 2024 60"], "{toml}");
    let (read, toml) = tried("Nye brukere 2024-01;Nye brukere 2024-02", ["9;4", "8;6"], "svarut");
    assert!(read.iter().all(|line| line.contains(TO_CHOOSE)) && toml.contains("who came or left"), "{toml}");
}

#[test]
fn a_request_does_not_make_a_plan_a_count() {
    let text = "Kommunenr;Måned;Budsjett meldinger;Antall\n0301;2024-01;900;40\n4601;2024-01;800;60\n";
    let mut request = about("svarut");
    request.measure = Some("uses".parse().unwrap());
    let toml = propose(text.as_bytes(), &request, &known()).unwrap();
    let parsed = parse(text.as_bytes(), &Contract::from_toml(&toml).unwrap());
    assert_eq!(all(&parsed), ["svarut uses 0301 2024-01 40", "svarut uses 4601 2024-01 60"], "{toml}");
}

#[test]
fn money_is_no_doubt_where_the_measure_is_counted_in_it() {
    let text = "Kommunenr;Måned;Kostnad (kr)\n0301;2024-01;900\n4601;2024-01;800\n";
    let (mut request, mut known) = (about("svarut"), known());
    request.measure = Some("spent".parse().unwrap());
    known.measures.insert("spent".to_owned(), ["NOK".to_owned()].into());
    let toml = propose(text.as_bytes(), &request, &known).unwrap();
    let parsed = parse(text.as_bytes(), &Contract::from_toml(&toml).unwrap());
    assert_eq!(all(&parsed), ["svarut spent 0301 2024-01 900", "svarut spent 4601 2024-01 800"], "{toml}");
}

#[test]
fn a_plan_over_months_is_passed_over_too() {
    for head in [
        "Budsjett meldinger jan 2024;Meldinger jan 2024;Budsjett meldinger feb 2024;Meldinger feb 2024",
        "Meldinger i fjor jan 2024;Meldinger jan 2024;Meldinger i fjor feb 2024;Meldinger feb 2024",
    ] {
        let (read, toml) = tried(head, ["900;1;800;2", "700;3;600;4"], "svarut");
        let expected = [
            "svarut uses 0301 2024-01 1",
            "svarut uses 0301 2024-02 2",
            "svarut uses 4601 2024-01 3",
            "svarut uses 4601 2024-02 4",
        ];
        assert_eq!(read, expected, "{toml}");
    }
    let (read, toml) = tried("2024-01;2024-02;Prognose 2024-03", ["1;2;900", "3;4;800"], "svarut");
    assert!(read.iter().all(|number| !number.contains("2024-03")) && read.len() == 4, "{toml}");
    // With a header row for the months the contract reads the plan's as well, so it is not proposed outright.
    let text = ";2024;2024;Prognose\nKommunenr;jan;feb;mars 2024\n0301;1;2;900\n4601;3;4;800\n";
    let toml = propose(text.as_bytes(), &about("svarut"), &known()).unwrap();
    assert!(toml.contains("header_rows = 2") && toml.contains("By its name `Prognose` is planned"), "{toml}");
    assert!(toml.contains("fixed = \"to-choose\""), "{toml}");
    let text = ";2024-01;2024-01;2024-02\nKommunenr;Antall;Merknad;Antall\n0301;1;x;2\n4601;3;y;4\n";
    let toml = propose(text.as_bytes(), &about("svarut"), &known()).unwrap();
    assert!(toml.contains("\"Antall\" = \"uses\""), "{toml}");
    let alone = tried("Budsjett 2024-01;Budsjett 2024-02", ["1;2", "3;4"], "svarut").1;
    assert!(
        alone.contains("By its name `Budsjett` is planned") && alone.contains("\"Budsjett\" = \"to-choose\""),
        "{alone}"
    );
}

#[test]
fn columns_that_fit_one_measure_are_to_choose_whatever_their_order() {
    for names in
        ["Antall meldinger;Meldinger sendt", "Meldinger sendt;Antall meldinger", "Antall totalt;Antall"]
    {
        let (read, toml) = tried(&format!("Måned;{names}"), ["2024-01;900;40", "2024-01;800;60"], "svarut");
        let both = names.replace(';', "`, `");
        assert!(read.is_empty() && toml.contains(&format!("choose one of `{both}`")), "{toml}");
        assert!(toml.contains("fixed = \"uses\"") && toml.contains("column = \"to-choose\""), "{toml}");
    }
    // A third that is alone in its measure keeps it; the two are a choice.
    let (_, toml) =
        tried("Måned;Brukere;Antall meldinger;Meldinger sendt", ["2024-01;5;9;4", "2024-01;6;8;3"], "svarut");
    for line in [
        "\"Brukere\" = \"users_active\"",
        "\"Antall meldinger\" = \"to-choose\"",
        "\"Meldinger sendt\" = \"to-choose\"",
        "choose one of `Antall meldinger`, `Meldinger sendt`",
    ] {
        assert!(toml.contains(line), "{line}: {toml}");
    }
    // A name that says what is counted goes before one that says it is a number.
    let (read, toml) = tried("Måned;Antall;Meldinger", ["2024-01;900;40", "2024-01;800;60"], "svarut");
    assert_eq!(read[0], "svarut uses 0301 2024-01 40", "{toml}");
}

#[test]
fn months_of_columns_that_fit_one_measure_are_to_choose() {
    let head = "Meldinger sendt jan 2024;Antall meldinger jan 2024;Meldinger sendt feb 2024;Antall meldinger feb 2024";
    let (read, toml) = tried(head, ["900;1;800;2", "700;3;600;4"], "svarut");
    assert!(read.iter().all(|number| number.contains(TO_CHOOSE)), "{read:?}");
    assert!(toml.contains("choose one of `Antall meldinger`, `Meldinger sendt`"), "{toml}");
}

const STAMPS: &str = "I bruk fra;Hentet;Sist oppdatert;Eksportert;Opprettet;Oppdatert dato;Uttrekksdato;Tatt i bruk;Gyldig fra";

#[test]
fn a_day_that_a_row_was_made_on_is_no_period_beside_one() {
    for stamp in STAMPS.split(';') {
        for (head, rows) in [
            (format!("{stamp};Måned;Antall"), ["2026-03-05;2024-01;40", "2026-03-05;2024-01;60"]),
            (format!("{stamp};Tid brukt;Antall"), ["2026-03-05;2024-01;40", "2026-03-05;2024-01;60"]),
        ] {
            let (read, toml) = tried(&head, rows, "svarut");
            let expected = ["svarut uses 0301 2024-01 40", "svarut uses 4601 2024-01 60"];
            assert_eq!(read, expected, "{stamp}: {toml}");
        }
        // The file's name may have the period, and so may one column's.
        let rows = ["2026-03-05;40", "2026-03-05;60"];
        let (read, toml) = tried(&format!("{stamp};Antall"), rows, "svarut 2024-01");
        assert_eq!(read[0], "svarut uses 0301 2024-01 40", "{stamp}: {toml}");
        let (read, toml) = tried(&format!("{stamp};Antall 2024-01"), rows, "svarut");
        assert_eq!(read[0], "svarut uses 0301 2024-01 40", "{stamp}: {toml}");
    }
}

#[test]
fn a_day_that_a_row_was_made_on_alone_is_to_choose() {
    for stamp in STAMPS.split(';') {
        let (read, toml) = tried(&format!("{stamp};Antall"), ["2026-03-05;40", "2026-03-05;60"], "svarut");
        assert!(read.is_empty(), "{toml}");
        assert!(toml.contains(&format!("# By its name `{stamp}` is when")), "{toml}");
        assert!(toml.contains("[period]\n#") && toml.contains("\ncolumn = \"to-choose\"\n"), "{toml}");
    }
    let pair = tried(
        "Gyldig fra;Gyldig til;Antall",
        ["2024-01-01;2024-01-31;4", "2024-01-01;2024-01-31;6"],
        "svarut",
    )
    .1;
    assert!(pair.contains("`Gyldig fra`, `Gyldig til`") && !pair.contains("start ="), "{pair}");
    let pair = tried(
        "I bruk fra;I bruk til;Måned;Antall",
        ["2020-01-01;2024-01-31;2024-02;4", "2020-01-01;2024-01-31;2024-02;6"],
        "svarut",
    );
    assert_eq!(pair.0[0], "svarut uses 0301 2024-02 4", "{}", pair.1);
}

#[test]
fn a_title_with_the_day_the_file_was_made_has_no_period() {
    for above in ["Uttrekk 12.03.2024;;", "Hentet:;12.03.2024;", "Sist oppdatert;;12.03.2024"] {
        let text = format!("{above}\nKommunenr;Navn;Antall\n0301;Oslo;40\n4601;Bergen;60\n");
        let toml = propose(text.as_bytes(), &about("svarut"), &known()).unwrap();
        assert!(toml.contains("Nothing gives the period"), "{toml}");
    }
    let text = "Uttrekk 12.03.2024;;\nPeriode: februar 2024;;\nKommunenr;Navn;Antall\n0301;Oslo;40\n4601;Bergen;60\n";
    let toml = propose(text.as_bytes(), &about("svarut"), &known()).unwrap();
    assert!(toml.contains("fixed = \"2024-02\""), "{toml}");
}

#[test]
fn a_column_called_after_one_person_is_to_choose() {
    let text = "Kommunenr;Måned;Saksbehandler;Bruker\n0301;2026-10;77;10\n4601;2026-10;78;11\n";
    let (toml, parsed) = super::propose::proposed(text.as_bytes(), "digihelse.csv");
    assert!(all(&parsed).is_empty(), "{toml}");
    assert!(
        toml.contains("`Saksbehandler` is a person's own number") && toml.contains("`Bruker` is"),
        "{toml}"
    );
    // Beside counts such a column is passed over.
    let text = "Kommunenr;Måned;Bruker;Meldinger\n0301;2026-10;77;10\n4601;2026-10;78;11\n";
    let (toml, parsed) = super::propose::proposed(text.as_bytes(), "digihelse.csv");
    assert_eq!(all(&parsed)[0], "digihelse uses 0301 2026-10 10", "{toml}");
}
