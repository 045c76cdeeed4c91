//! Answers in both forms, names in several languages, and what the changes mean.

use std::collections::BTreeMap;

use utbredt_model::territory::{ChangeKind, classify};

use super::*;
use crate::conformance::conformance;

const CODES: &str = r#"{"codes":[
    {"code":"0301","parentCode":null,"level":"1","name":"Oslo - Oslove","validFromInRequestedRange":"2024-01-01","validToInRequestedRange":null},
    {"code":"5636","parentCode":"56","level":"1","name":"Unjárga - Nesseby","validFrom":null,"validTo":null,"validFromInRequestedRange":"2024-01-01","validToInRequestedRange":"2026-01-01"},
    {"code":"9999","parentCode":null,"level":"1","name":"Uoppgitt"},
    {"code":"301","parentCode":null,"level":"1","name":"Oslo"}]}"#;

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

fn code_lines(read: &Read<Code>) -> Vec<String> {
    let day = |day: Option<NaiveDate>| day.map_or("-".to_owned(), |day| day.to_string());
    let show = |c: &Code| {
        let parent = c.parent.as_deref().unwrap_or("-");
        format!("{} {parent} {} {} {}", c.code, c.name.as_str(), day(c.valid_from), day(c.valid_to))
    };
    read.rows.iter().map(show).collect()
}

#[test]
fn codes_read_alike_in_both_forms() {
    let expected = ["0301 - Oslo - Oslove 2024-01-01 -", "5636 56 Unjárga - Nesseby 2024-01-01 2026-01-01"];
    let json = codes(CODES.as_bytes(), Classification::Municipalities);
    assert_eq!(code_lines(&json), expected);
    assert!(json.rejections[0].reason.contains("leading zero"));
    let csv = "\"code\";\"parentCode\";\"level\";\"name\";\"shortName\";\"presentationName\";\"validFrom\";\"validTo\";\"notes\"\n\
        \"0301\";\"\";\"1\";\"Oslo - Oslove\";\"\";\"\";\"2024-01-01\";\"\";\"\"\n\
        \"5636\";\"56\";\"1\";\"Unjárga - Nesseby\";\"\";\"\";\"2024-01-01\";\"2026-01-01\";\"\"\n\
        \"9999\";\"\";\"1\";\"Uoppgitt\";\"\";\"\";\"\";\"\";\"\"\n";
    for bytes in [csv.as_bytes().to_vec(), latin1(csv), csv.replace(';', ",").into_bytes()] {
        let read = codes(&bytes, Classification::Municipalities);
        assert_eq!(code_lines(&read), expected);
        assert!(read.rejections.is_empty());
    }
    let kostra = br#"{"codes":[{"code":"EKG12","name":"KOSTRA-gruppe 12"},{"code":"","name":"x"}]}"#;
    let read = codes(kostra, Classification::Kostra);
    assert_eq!((read.rows[0].code.as_str(), read.rejections.len()), ("EKG12", 1));
    let counties = br#"{"codes":[{"code":"46","name":"Vestland"},{"code":"99","name":"Uoppgitt"}]}"#;
    assert_eq!(codes(counties, Classification::Counties).rows.len(), 1);
    let ids = [Classification::Municipalities, Classification::Counties, Classification::Kostra];
    assert_eq!(ids.map(Classification::id), [131, 104, 112]);
    assert_eq!(Classification::Centrality.id(), 128);
}

#[test]
fn names_have_parts_in_no_fixed_order() {
    let name = Name::new(" Storfjord - Omasvuotna – Omasvuono ");
    assert_eq!(name.parts().collect::<Vec<_>>(), ["Storfjord", "Omasvuotna", "Omasvuono"]);
    assert!(Name::new("Unjárga - Nesseby").is_same(&Name::new("Nesseby – unjárga")));
    assert!(!Name::new("Oslo").is_same(&Name::new("Oslo - Oslove")));
    // A hyphen within a name does not part it.
    assert_eq!(Name::new("Nord-Fron").parts().count(), 1);
    let lost = latin1("code;parentCode;name;validFrom;validTo\n1853;;Evenes - Evenášši;;\n");
    assert!(codes(&lost, Classification::Municipalities).rows[0].name.lost_letters());
    assert!(!Name::new("Evenes - Evenášši").lost_letters());
}

/// What the feed has said from 2026 on, beside a split and a merger of the known kind.
const CHANGES: &str = r#"{"codeChanges":[
    {"oldCode":"3118","oldName":"Indre Østfold","newCode":"3118","newName":"Indre Østfold","changeOccurred":"2026-01-01"},
    {"oldCode":"3118","oldName":"Indre Østfold","newCode":"3207","newName":"Nordre Follo","changeOccurred":"2026-01-01"},
    {"oldCode":"3118","oldName":"Indre Østfold","newCode":"3216","newName":"Vestby","changeOccurred":"2026-01-01"},
    {"oldCode":"5006","oldName":"Steinkjer","newCode":"5006","newName":"Steinkjer - Stïentje","changeOccurred":"2026-01-01"},
    {"oldCode":"1507","oldName":"Ålesund","newCode":"1508","newName":"Ålesund","changeOccurred":"2024-01-01"},
    {"oldCode":"1507","oldName":"Ålesund","newCode":"1580","newName":"Haram","changeOccurred":"2024-01-01"},
    {"oldCode":"1103","oldName":"Stavanger","newCode":"1103","newName":"Stavanger","changeOccurred":"2020-01-01"},
    {"oldCode":"1141","oldName":"Finnøy","newCode":"1103","newName":"Stavanger","changeOccurred":"2020-01-01"}]}"#;

#[test]
fn a_border_that_moved_is_no_split() {
    use ChangeKind::{Boundary, Merge, Rename, Split};
    let read = changes(CHANGES.as_bytes());
    assert!(read.rejections.is_empty());
    let alive: Vec<_> =
        ["3118", "3207", "3216"].map(|code| MunicipalityCode::parse(code).unwrap()).into_iter().collect();
    let register = Register::of(&read.rows).with("2024-01-01".parse().unwrap(), &alive);
    let found = kinds(&read.rows, |code, day| register.lives(code, day).unwrap_or(false));
    assert_eq!(found, [Boundary, Boundary, Boundary, Rename, Split, Split, Merge, Merge]);
    // Were the heirs new, it would have been a split.
    assert_eq!(kinds(&read.rows[..3], |_, _| false), [Split; 3]);
}

#[test]
fn the_register_knows_births_and_deaths() {
    let read = changes(CHANGES.as_bytes());
    let register = Register::of(&read.rows);
    let lives =
        |code: &str, day: &str| register.lives(&MunicipalityCode::parse(code).unwrap(), day.parse().unwrap());
    assert_eq!((lives("1580", "2023-12-31"), lives("1580", "2024-01-01")), (Some(false), Some(true)));
    assert_eq!((lives("1507", "2023-12-31"), lives("1507", "2024-01-01")), (Some(true), Some(false)));
    assert_eq!((lives("1103", "2019-01-01"), lives("1141", "2020-01-01")), (Some(true), Some(false)));
    assert_eq!(lives("4601", "2020-01-01"), None);
    let haram = MunicipalityCode::parse("1580").unwrap();
    let day = |text: &str| text.parse().unwrap();
    assert_eq!(register.begins_after(&haram, day("2019-01-01")), Some(day("2024-01-01")));
    assert_eq!(register.begins_after(&haram, day("2025-01-01")), None);
}

#[test]
fn changes_read_alike_in_both_forms() {
    let json = changes(CHANGES.as_bytes());
    let mut csv = "oldCode;oldName;oldShortName;newCode;newName;newShortName;changeOccurred\n".to_owned();
    for change in &json.rows {
        let code =
            |code: &Option<MunicipalityCode>| code.as_ref().map_or("", |code| code.as_str()).to_owned();
        let (old, new) = (code(&change.old), code(&change.new));
        csv += &format!(
            "\"{old}\";\"{}\";\"\";\"{new}\";\"{}\";\"\";\"{}\"\n",
            change.old_name, change.new_name, change.date
        );
    }
    assert_eq!(changes(csv.as_bytes()), json);
    assert_eq!(changes(&latin1(&csv)), json);
    let odd = "oldCode;oldName;newCode;newName;changeOccurred\n;;1580;Haram;2024-01-01\n9999;;0301;;2024-01-01\n;;;;2024-01-01\n0301;Oslo\n";
    let read = changes(odd.as_bytes());
    assert_eq!(read.rows.len(), 1);
    assert_eq!(read.rows[0].old, None);
    assert_eq!(read.rejections.iter().map(|rejection| rejection.row).collect::<Vec<_>>(), [3, 4, 5]);
}

#[test]
fn correspondences_read_alike_in_both_forms() {
    let json = br#"{"correspondenceItems":[
        {"sourceCode":"4601","sourceName":"Bergen","targetCode":"EKG12","targetName":"KOSTRA-gruppe 12","validFrom":"2023-01-01","validTo":"2023-12-31"},
        {"sourceCode":"9999","sourceName":"Uoppgitt","targetCode":"EKG99","targetName":""},
        {"sourceCode":"46","sourceName":"","targetCode":"EKG12","targetName":"","validFrom":null,"validTo":null}]}"#;
    let csv = "\"sourceCode\",\"sourceName\",\"sourceShortName\",\"targetCode\",\"targetName\",\"targetShortName\",\"validFrom\",\"validTo\"\n\
        \"4601\",\"Bergen\",\"\",\"EKG12\",\"KOSTRA-gruppe 12\",\"\",\"2023-01-01\",\"2024-01-01\"\n";
    let (here, there) = (Classification::Municipalities, Classification::Kostra);
    let read = corresponds(json, here, there);
    assert_eq!((read.rows.len(), read.rejections.len(), read.rejections[0].row), (1, 1, 3));
    assert_eq!(read.rows[0].valid_to, "2024-01-01".parse().ok());
    assert_eq!(corresponds(csv.as_bytes(), here, there).rows, read.rows);
}

#[test]
fn it_keeps_its_promises() {
    let clean = CODES.replace("\"301\"", "\"1103\"");
    let csv = b"code;parentCode;name;validFrom;validTo\n0301;;Oslo;2024-01-01;\n";
    conformance(|b| codes(b, Classification::Municipalities), &[clean.as_bytes(), csv], false);
    let sample = include_bytes!("../../../../datasets/samples/klass-changes.csv");
    conformance(changes, &[CHANGES.as_bytes(), sample], false);
    let pair = br#"{"correspondenceItems":[{"sourceCode":"4601","targetCode":"EKG12","targetName":"G"}]}"#;
    conformance(|b| corresponds(b, Classification::Municipalities, Classification::Kostra), &[pair], false);
    let division = br#"{"validFrom":"2024-01-01","classificationItems":[{"code":"0301","name":"Oslo"}]}"#;
    conformance(version, &[division], false);
}

#[test]
fn a_feed_of_changes_is_read_and_classified() {
    let read = changes(include_bytes!("../../tests/data/klass-changes.json"));
    assert_eq!((read.rows.len(), read.rejections.len()), (17, 0));
    let register = Register::of(&read.rows);
    let found = kinds(&read.rows, |code, day| register.lives(code, day).unwrap_or(false));
    assert_eq!(found, classify(&read.rows), "no piece of land changed hands in it");
    let mut by_day: BTreeMap<String, usize> = BTreeMap::new();
    for change in &read.rows {
        *by_day.entry(change.date.to_string()).or_default() += 1;
    }
    let expected = [("2018-01-01", 1), ("2020-01-01", 14), ("2024-01-01", 2)];
    assert_eq!(by_day.into_iter().collect::<Vec<_>>(), expected.map(|(day, rows)| (day.to_owned(), rows)));
    // Ålesund 5, Narvik 2 (Tysfjord beside it was split) and Stavanger 3 merged; Hamarøy took in a part of Tysfjord.
    let count = [
        ChangeKind::Renumber,
        ChangeKind::Merge,
        ChangeKind::Split,
        ChangeKind::Boundary,
        ChangeKind::Rename,
    ]
    .map(|kind| found.iter().filter(|found| **found == kind).count());
    assert_eq!(count, [1, 10, 4, 1, 1]);
}
