//! Files of which one reading is as likely as another, and rows that add up others beside them: a person chooses, or the row is
//! left out.

use super::propose::{about, all, known, proposed};
use crate::delimited::propose;

fn of(text: &str) -> (String, Vec<String>) {
    let (toml, parsed) = proposed(text.as_bytes(), "svarut.csv");
    (toml, all(&parsed))
}

#[test]
fn a_year_and_a_number_are_months_only_where_the_name_shows_it() {
    for (head, cells) in [
        ("Kvartal", ["202401", "202402"]),
        ("Kvartal", ["2024M01", "2024M02"]),
        ("Uke", ["202401", "202402"]),
        ("År-uke", ["202401", "202402"]),
        ("aar_uke", ["2024-01", "2024-02"]),
        ("Kvt", ["1/2025", "2/2025"]),
        ("Kv.", ["2025-1", "2025-2"]),
        ("MVA-termin", ["1/2025", "2/2025"]),
        ("Semester", ["2025-1", "2025-2"]),
        ("Halvår", ["202401", "202402"]),
    ] {
        let text = format!(
            "Kommunenr;{head};Antall\n0301;{};10\n0301;{};11\n1103;{};5\n",
            cells[0], cells[1], cells[0]
        );
        let reason = propose(text.as_bytes(), &about("svarut"), &known()).unwrap_err();
        assert!(reason.text.contains("is how a month is written"), "{head} {cells:?}: {reason:?}");
    }
    let (toml, read) = of("Kommunenr;K;Antall\n0301;2025-1;10\n0301;2025-2;11\n");
    assert!(read.is_empty() && toml.contains("may be a month, a quarter or a week"), "{toml}");
    for head in ["Måned", "Periode", "År-måned", "yyyymm", "Tidspunkt", "Dato"] {
        let (toml, read) = of(&format!("Kommunenr;{head};Antall\n0301;202401;10\n0301;202402;11\n"));
        assert_eq!(read, ["svarut uses 0301 2024-01 10", "svarut uses 0301 2024-02 11"], "{head}\n{toml}");
    }
    // A month's name is one wherever it stands.
    assert_eq!(of("Kommunenr;K;Antall\n0301;jan 2025;10\n0301;feb 2025;11\n").1.len(), 2);
}

#[test]
fn a_length_of_time_beside_a_year_and_a_number_is_no_measure() {
    for head in
        ["Kvartal 2025-01;Kvartal 2025-02", "Halvår 2025-01;Halvår 2025-02", "Termin 2025-01;Termin 2025-02"]
    {
        let (toml, read) = of(&format!("Kommunenr;{head}\n0301;120;121\n1103;50;51\n"));
        assert!(read.is_empty() && toml.contains("of a form that is not read"), "{head}\n{toml}");
    }
    let (toml, read) = of("Kommunenr;Meldinger 2025-01;Meldinger 2025-02\n0301;120;121\n1103;50;51\n");
    assert_eq!(read.len(), 4, "{toml}");
}

#[test]
fn a_column_that_names_more_than_its_period_does_not_hide_those_that_do_not() {
    let (toml, read) = of("Kommunenr;Jan 2025;Feb 2025;2025-02 (korrigert)\n0301;60;70;75\n1103;5;6;7\n");
    assert!(read.iter().all(|fact| fact.starts_with("svarut to-choose")), "{read:?}\n{toml}");
    assert!(toml.contains("`Jan 2025`, `Feb 2025` are named by a period alone"), "{toml}");
}

#[test]
fn the_day_that_something_was_handed_in_is_no_period_and_an_end_is_no_month() {
    for head in ["Rapporteringsdato", "Innsendt dato", "Fakturadato"] {
        let (toml, read) = of(&format!("Kommunenr;{head};Antall\n0301;01.04.2025;10\n1103;01.04.2025;11\n"));
        assert!(read.is_empty() && toml.contains("column = \"to-choose\""), "{head}\n{toml}");
    }
    let (toml, read) = of("Kommunenr;Til;Antall\n0301;01.04.2025;10\n0301;01.05.2025;11\n");
    assert!(read.is_empty() && toml.contains("whether each ends the month before"), "{toml}");
    let (toml, read) = of("Kommunenr;Til;Antall\n0301;31.03.2025;10\n0301;30.04.2025;11\n");
    assert_eq!(read, ["svarut uses 0301 2025-03 10", "svarut uses 0301 2025-04 11"], "{toml}");
}

#[test]
fn of_two_columns_of_municipalities_a_person_chooses() {
    for head in ["Avsender kommunenr;Mottaker kommunenr", "Fra kommune;Til kommune"] {
        let (toml, read) = of(&format!("{head};Måned;Antall\n0301;4601;2025-01;10\n1103;0301;2025-01;11\n"));
        assert!(read.is_empty() && toml.contains("choose the one whose numbers these are"), "{head}\n{toml}");
    }
    for head in
        ["Kommunenr 2019;Kommunenr 2024", "Gammelt kommunenr;Nytt kommunenr", "Gammelt kommunenr;Kommunenr"]
    {
        let (toml, read) = of(&format!("{head};Måned;Antall\n0301;0301;2025-01;10\n1507;1508;2025-01;11\n"));
        assert_eq!(read, ["svarut uses 0301 2025-01 10", "svarut uses 1508 2025-01 11"], "{head}\n{toml}");
    }
}

#[test]
fn rows_that_add_up_others_under_a_municipality_are_left_out() {
    let (toml, read) = of(
        "Kommunenr;Navn;Måned;Antall\n0301;Oslo;2025-01;60\n1103;Stavanger;2025-01;10\n1103;Sum Rogaland;2025-01;15\n\
        4601;Bergen;2025-01;11\n",
    );
    let expected =
        ["svarut uses 0301 2025-01 60", "svarut uses 1103 2025-01 10", "svarut uses 4601 2025-01 11"];
    assert_eq!(read, expected, "{toml}");
    let (toml, read) = of(
        "Kommunenr;Måned;Antall\n0301;2025-01;60\n0301;2025-02;70\n0301;Totalt;130\n1103;2025-01;5\n1103;2025-02;6\n\
        1103;Totalt;11\n",
    );
    assert_eq!(read.len(), 4, "{toml}");
    assert!(toml.contains("column = \"Måned\"") && !toml.contains("Nothing gives the period"), "{toml}");
    // A municipality whose only row is called a total keeps it.
    let (toml, read) =
        of("Kommunenr;Navn;Måned;Antall\n0301;Sum Oslo;2025-01;60\n1103;Sum Stavanger;2025-01;10\n");
    assert_eq!(read.len(), 2, "{toml}");
}

#[test]
fn days_without_signs_are_days_and_other_digits_are_to_choose() {
    let (toml, read) = of("Kommunenr;Dato;Antall\n0301;20250107;10\n0301;20250108;11\n");
    assert_eq!(read, ["svarut uses 0301 2025-01-07 10", "svarut uses 0301 2025-01-08 11"], "{toml}");
    let (toml, read) = of("Kommunenr;Måned;Antall\n0301;2501;10\n0301;2502;11\n");
    assert!(read.is_empty() && toml.contains("of a form that is not known"), "{toml}");
}

#[test]
fn the_unit_of_numbers_is_found_above_below_or_in_a_name() {
    for text in [
        "Enhet: 1 000 meldinger;;\n\nKommunenr;Måned;Antall meldinger\n0301;2025-03;7\n1103;2025-03;9\n",
        "Kommunenr;Måned;Antall meldinger\n0301;2025-03;7\n1103;2025-03;9\n;;\nAlle tall er i tusen;;\n",
        "Kommunenr;Måned;Meldinger [10^3]\n0301;2025-03;7\n1103;2025-03;9\n",
    ] {
        let (toml, _) = of(text);
        assert!(toml.contains("factor = 1000") && !toml.contains("names = [\"Alle"), "{toml}");
    }
}

#[test]
fn a_title_of_a_plan_leaves_the_measure_to_a_person() {
    let (toml, read) =
        of("Prognose 2025;;\nKommunenr;Måned;Antall meldinger\n0301;2025-03;7\n1103;2025-03;9\n");
    assert!(read.iter().all(|fact| fact.starts_with("svarut to-choose")), "{read:?}");
    assert!(toml.contains("`Prognose 2025`"), "{toml}");
}

#[test]
fn a_text_behind_every_number_is_the_reason_why_none_is_read() {
    let text = "Kommunenr;Måned;Antall\n0301;2025-03;120 tusen\n1103;2025-03;70 tusen\n";
    let reason = propose(text.as_bytes(), &about("svarut"), &known()).unwrap_err();
    assert!(reason.text.contains("`120 tusen`") && reason.text.contains("`scale`"), "{reason:?}");
}

#[test]
fn words_that_multiply_or_take_back_a_number_are_to_choose() {
    for (head, rows) in [
        ("Måned;Enhet;Antall", "2024-01;brev i tusen;640 2024-01;antall brev;5200"),
        ("Måned;Enhet;Antall brev", "2024-01;1000 stk;640 2024-01;stk;52"),
        ("Måned;Enhet;Antall brev", "2024-01;1000;640 2024-01;1;52"),
        ("Måned;Faktor;Antall brev", "2024-01;1000;640 2024-01;1000;52"),
        ("Måned;Merknad;Antall brev", "2024-01;tall i tusen;640 2024-01;;52"),
        ("Måned;Antall brev;Kreditnota", "2024-01;640;nei 2024-01;40;ja"),
        ("Måned;Antall brev;Gyldig", "2024-01;640;ja 2024-01;40;nei"),
        ("Måned;Antall brev;D/K", "2024-01;640;D 2024-01;40;K"),
        ("Måned;Antall brev;Korreksjon", "2024-01;640;-600 2024-01;52;0"),
    ] {
        let mut text = format!("Kommunenr;{head}\n");
        for (code, row) in ["0301", "1103"].into_iter().zip(rows.replace(" 2024-01", "|2024-01").split('|')) {
            text += &format!("{code};{row}\n");
        }
        let (toml, read) = of(&text);
        assert!(toml.contains("to-choose"), "{head}\n{toml}");
        assert!(
            read.iter().all(|fact| fact.contains("to-choose") || fact.ends_with(" 5200"))
                || toml.contains("multiplied"),
            "{read:?}\n{toml}"
        );
    }
    let (toml, read) = of("Kommunenr;Måned;Antall brev;Test\n0301;2024-01;640;nei\n1103;2024-01;52;nei\n");
    assert!(read.len() == 2 && !toml.contains("counts as it is"), "{toml}");
    let title = r#"{"tittel":"Sendte brev i hundre","rader":[{"kommunenr":"0301","periode":"2024-01","antall":640},
        {"kommunenr":"1103","periode":"2024-01","antall":52}]}"#;
    let (toml, _) = of(title);
    assert!(toml.contains("to-choose"), "{toml}");
}

#[test]
fn senders_and_receivers_are_to_choose_from_and_days_of_events_too() {
    let (toml, read) = of("Avsender;Mottaker;Måned;Antall brev\n0301;1103;2024-01;7\n1103;0301;2024-01;9\n");
    assert!(read.is_empty() && toml.contains("choose the one whose numbers these are"), "{toml}");
    for head in ["Forfallsdato", "Bokført", "Betalt", "Startdato", "Innmeldt"] {
        let (toml, read) = of(&format!("Kommunenr;{head};Antall\n0301;2024-02-29;10\n1103;2024-03-31;11\n"));
        assert!(read.is_empty() && toml.contains("column = \"to-choose\""), "{head}\n{toml}");
    }
    for head in ["Dato", "Dag", "Fra dato", "Periode fra", "Date"] {
        let (toml, read) = of(&format!("Kommunenr;{head};Antall\n0301;2024-02-29;10\n1103;2024-03-31;11\n"));
        assert_eq!(read.len(), 2, "{head}\n{toml}");
    }
}

#[test]
fn a_period_with_the_sign_of_a_note_is_not_lost() {
    for heads in ["2021;2022;2023*", "mai 2024;juni 2024;juli 2024*", "2021;2022;2023 1)", "2021;2022;2023e"]
    {
        let (toml, read) = of(&format!("Kommunenr;Kommune;{heads}\n0301;Oslo;1;2;3\n1103;Stavanger;4;5;6\n"));
        assert!(read.iter().all(|fact| fact.contains("to-choose")), "{read:?}\n{toml}");
        assert!(toml.contains("the sign of a note behind the period"), "{toml}");
    }
}

#[test]
fn the_cell_that_is_no_period_is_named() {
    let (toml, _) =
        of("Kommunenr;Måned;Antall\n0301;2024-01;1\n0301;2024-02;2\n0301;1. kv;3\n1103;2. kv;3\n");
    assert!(toml.contains("`1. kv` is of a form"), "{toml}");
}

#[test]
fn a_year_and_the_number_of_a_period_are_one_period_together() {
    let text = "Kommunenr;År;Periode;Antall\n0301;2025;1;10\n0301;2025;2;11\n1103;2025;1;5\n";
    let reason = propose(text.as_bytes(), &about("svarut"), &known()).unwrap_err();
    assert!(reason.text.contains("one period together"), "{reason:?}");
}
