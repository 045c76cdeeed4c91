//! Columns and titles that name a part of a year: it is read as what it is, or not at all, and never as the year.

use super::propose::{about, all, known};
use super::{contract, shown};
use crate::delimited::{Contract, TO_CHOOSE, parse, propose};

/// What the proposal for a table with one column of numbers reads of it, and the proposal.
fn tried(text: &str, file_name: &str) -> (Vec<String>, String) {
    let toml = propose(text.as_bytes(), &about(file_name), &known()).unwrap();
    let contract = Contract::from_toml(&toml).unwrap_or_else(|error| panic!("{error}\n{toml}"));
    (all(&parse(text.as_bytes(), &contract)), toml)
}

fn one(head: &str) -> String {
    format!("Kommunenr;Navn;{head}\n0301;Oslo;40\n4601;Bergen;60\n")
}

const UNREAD: &str = "Meldinger 1. tertial 2025; Meldinger sommer 2025; T2 2026; T2-2026; Januar-mars 2026; jan-mar 2026; \
    Meldinger jan - mar 2026; Mars - april 2026; Høst 2026; Vår 2026; Skoleåret 2025/2026; Meldinger 2024/2025; Uke 36-37 2026; Brukere siden 2020; Meldinger fra 2020; \
    15.-30. september 2026; Meldinger 1.1. - 31.3.2025; 2025 1. tertial; Meldinger siste halvdel 2025; Meldinger første tertial";

#[test]
fn a_part_of_a_year_that_is_not_read_is_to_choose() {
    for head in UNREAD.split("; ") {
        // A year in the title is no year of the part either.
        for name in ["svarut", "svarut 2025"] {
            let (read, toml) = tried(&one(head), name);
            assert!(read.is_empty(), "{head}: {read:?}\n{toml}");
            assert!(toml.contains(&format!("`{head}` seem to be about periods")), "{head}\n{toml}");
            assert!(toml.contains("[value]\ncolumn = \"to-choose\""), "{head}\n{toml}");
            assert!(
                toml.contains("fixed = \"1900\"") && !toml.contains("fixed = \"2025\""),
                "{head}\n{toml}"
            );
        }
    }
}

#[test]
fn a_part_of_a_year_that_is_known_is_read_as_that() {
    for (head, period) in [
        ("Meldinger uke 36 2025", "2025-W36"),
        ("Uke 36 2026", "2026-W36"),
        ("uke 36/2026", "2026-W36"),
        ("Meldinger første halvår 2025", "2025-H1"),
        ("1. halvår 2026", "2026-H1"),
        ("Meldinger andre kvartal 2025", "2025-Q2"),
        ("2026 mars", "2026-03"),
        ("Meldinger 2026 mars", "2026-03"),
        // A month's last day stands for its month, however it is written, unless it is a quarter's too.
        ("31. august 2026", "2026-08"),
        ("29. september 2026", "2026-09-29"),
    ] {
        let (read, toml) = tried(&one(head), "svarut");
        let expected = [format!("svarut uses 0301 {period} 40"), format!("svarut uses 4601 {period} 60")];
        let read: Vec<String> = read.iter().map(|line| line.replace(TO_CHOOSE, "uses")).collect();
        assert_eq!(read, expected, "{head}\n{toml}");
    }
}

#[test]
fn several_parts_of_a_year_are_no_choice() {
    let text = "Kommunenr;1. tertial 2025;2. tertial 2025;3. tertial 2025\n0301;1;2;3\n4601;4;5;6\n";
    for text in
        [text.to_owned(), text.replace(" 2025", ""), text.replace("tertial 2025", "tertial meldinger")]
    {
        let (read, toml) = tried(&text, "svarut 2025");
        assert!(read.is_empty() && !toml.contains("hoose one of `"), "{toml}");
        assert!(toml.contains("`, `3. tertial"), "{toml}");
    }
    // Beside whole years they are passed over.
    let text = "Kommunenr;2024;2025;1. tertial 2026\n0301;1;2;3\n4601;4;5;6\n";
    let (read, toml) = tried(text, "svarut");
    assert_eq!(read.len(), 4, "{toml}");
    assert!(
        read.iter().all(|line| !line.contains("2026")) && toml.contains("`1. tertial 2026` seem"),
        "{toml}"
    );
    // The years of one row, a part of them in another.
    let text = ";1. tertial;2. tertial\nKommunenr;2025;2025\n0301;1;2\n4601;4;5\n";
    let (read, toml) = tried(text, "svarut");
    assert!(read.is_empty() && toml.contains("`1. tertial 2025`, `2. tertial 2025` seem"), "{toml}");
}

#[test]
fn a_title_with_a_part_of_a_year_is_not_about_the_year() {
    for title in [
        "Bruk 1. tertial 2025",
        "Bruk sommeren 2025",
        "Bruk hittil 2025",
        "Tall for jan-mar 2025",
        "svarut_2025_T1",
        "1. tertial",
        "Mars - april 2025",
        "Bruk hittil mars 2025",
    ] {
        let text = format!("{title};;\n{}", one("Meldinger"));
        // The year of the file's name is not that of the numbers either.
        let (read, toml) = tried(&text, "svarut 2025");
        assert!(
            toml.contains("fixed = \"1900\"") && read.iter().all(|line| line.contains(" 1900 ")),
            "{title}\n{toml}"
        );
    }
    let (read, toml) = tried(&format!("Bruk uke 36 2025;;\n{}", one("Meldinger")), "svarut 2025");
    assert_eq!(read[0], "svarut uses 0301 2025-W36 40", "{toml}");
}

#[test]
fn a_number_hitherto_is_to_choose_in_a_header_too() {
    for head in ["Meldinger hittil 2025", "Hittil 2025", "Akkumulert antall 2025"] {
        let (read, toml) = tried(&one(head), "svarut");
        assert!(read.iter().all(|line| line.contains(TO_CHOOSE)), "{read:?}\n{toml}");
        assert!(toml.contains("is counted from a beginning"), "{toml}");
    }
    // Beside a number of the year it is passed over.
    let text = "Kommunenr;Meldinger 2024;Meldinger hittil 2025\n0301;1;2\n4601;3;4\n";
    let (read, toml) = tried(text, "svarut");
    assert_eq!(read, ["svarut uses 0301 2024 1", "svarut uses 4601 2024 3"], "{toml}");
}

#[test]
fn a_column_of_periods_that_are_not_read_is_named() {
    for (head, cells) in [
        ("Periode", ["sep-26", "okt-26"]),
        ("Periode", ["09/26", "10/26"]),
        ("Periode", ["2026-T2", "2026-T3"]),
        ("Rapportert for", ["2026-T2", "2026-T3"]),
        ("Dato", ["1/9/2026", "2/9/2026"]),
        ("tid", ["2026-08-31T22:00:00Z", "2026-09-30T22:00:00Z"]),
        ("tid", ["1788213600000", "1790805600000"]),
        ("Måned", ["sep", "okt"]),
    ] {
        let text = format!("Kommunenr;{head};Antall\n0301;{};40\n4601;{};60\n", cells[0], cells[1]);
        let (read, toml) = tried(&text, "svarut");
        assert!(read.is_empty() && !toml.contains("Nothing gives the period"), "{head} {cells:?}\n{toml}");
        let named = format!("Column `{head}` seems to hold the periods, and `{}`", cells[0]);
        assert!(toml.contains(&named) && toml.contains("[period]\n#"), "{head} {cells:?}\n{toml}");
        // The year of a title is no period of a month that is not read; parts of it have a reason of their own.
        if head != "Måned" {
            assert!(tried(&text, "svarut 2026").1.contains(&named), "{head} {cells:?}");
        }
    }
    let (read, toml) =
        tried("Kommunenr;Periode;Antall\n0301;Uke 36 2026;40\n0301;Uke 37 2026;60\n", "svarut");
    assert_eq!(read, ["svarut uses 0301 2026-W36 40", "svarut uses 0301 2026-W37 60"], "{toml}");
    // Counts under such a name are none.
    let (read, toml) = tried("Kommunenr;Tid;Antall\n0301;12;40\n4601;13;60\n", "svarut 2026");
    assert!(read.len() == 2 && toml.contains("fixed = \"2026\""), "{toml}");
    let tertials = "Kommunenr;Tertial;Antall\n0301;2026-01;40\n0301;2026-02;60\n";
    assert!(propose(tertials.as_bytes(), &about("svarut"), &known()).unwrap_err().text.contains("tertials"));
}

const WIDE: &str = "layout = \"wide\"\n";

#[test]
fn a_contract_refuses_a_part_of_a_year_as_the_year() {
    let measure =
        |name: &str| format!("{WIDE}wide = {{ periods = true, measures = {{ \"{name}\" = \"uses\" }} }}\n");
    let fixed = format!("{WIDE}measure.fixed = \"uses\"\nwide.periods = true\n");
    for (head, rules) in [
        ("Meldinger 1. tertial 2025", measure("Meldinger 1. tertial")),
        ("Meldinger sommer 2025", measure("Meldinger sommer")),
        ("Januar-mars 2026", measure("Januar-mars")),
        ("Skoleåret 2025/2026", measure("Skoleåret 2025")),
        ("1. tertial;\nKommune;2025", format!("{fixed}header_rows = 2\n")),
        ("T2 2026", format!("{fixed}wide.prefix_to_strip = \"T2 \"\n")),
    ] {
        let head = if head.contains('\n') { format!(";{head}") } else { format!("Kommune;{head}") };
        let head = head.replace("tertial;", "tertial");
        let parsed = parse(format!("{head}\n0301;40\n").as_bytes(), &contract(&rules));
        assert!(parsed.observations.is_empty(), "{parsed:?}");
        let name = head.split(';').nth(1).unwrap().split('\n').next().unwrap();
        assert!(
            parsed.breaches.iter().any(|b| b.contains(name) && b.contains("about another time")),
            "{parsed:?}"
        );
    }
}

#[test]
fn months_under_their_quarter_are_months() {
    let rules =
        format!("{WIDE}measure.fixed = \"uses\"\nwide.periods = true\nheader_rows = 2\nwide.year = 2025\n");
    for above in ["1. kvartal", "1. halvår 2025", "1. tertial"] {
        let text = format!(";{above};\nKommune;jan;feb\n0301;1;2\n");
        let parsed = parse(text.as_bytes(), &contract(&rules));
        assert_eq!(shown(&parsed), ["0301 2025-01 1", "0301 2025-02 2"], "{above}: {parsed:?}");
    }
    let named =
        format!("{WIDE}wide = {{ periods = true, measures = {{ \"Meldinger per måned\" = \"uses\" }} }}\n");
    let parsed = parse("Kommune;Meldinger per måned 2025-03\n0301;1\n".as_bytes(), &contract(&named));
    assert_eq!(shown(&parsed), ["0301 2025-03 1"], "{parsed:?}");
}
