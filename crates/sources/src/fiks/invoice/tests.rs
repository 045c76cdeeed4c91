//! Invoices as customers receive them, and what is refused of them.

use super::*;
use crate::conformance::conformance;

const SAMPLE: &[u8] = include_bytes!("../../../../../datasets/samples/fiks-invoice.csv");
const DECLARED: &str = include_str!("../../../../../datasets/samples/fiks-invoice.toml");

fn shown(parsed: &Parsed) -> Vec<String> {
    let one = |o: &Observation| match (&o.subject, &o.fact) {
        (
            Subject::Organisation(n),
            ObservedFact::Usage { solution_id, measure_id, period, value, marks, .. },
        ) => {
            let mark = if marks.has(Marks::PROVISIONAL) { " p" } else { "" };
            format!("{} {n} {solution_id} {measure_id} {period} {}{mark}", o.row, value.unwrap())
        }
        other => panic!("{other:?}"),
    };
    parsed.observations.iter().map(one).collect()
}

fn declared() -> Invoice {
    Invoice::from_toml(DECLARED).unwrap()
}

#[test]
fn it_keeps_its_promises() {
    let invoice = declared();
    conformance(|bytes| parse(bytes, &invoice), &[SAMPLE], false);
}

#[test]
fn lines_become_counts_of_a_month() {
    let parsed = parse(SAMPLE, &declared());
    let expected = [
        "6 920290922 digisos uses 2024-01 12",
        "2 920290922 svarut uses 2024-01 1204",
        "3 920290922 svarut uses 2024-02 998",
    ];
    assert_eq!(shown(&parsed), expected);
    assert_eq!((parsed.rows_in, parsed.rejections.len()), (9, 6));
    let said: Vec<_> = parsed.rejections.iter().map(|r| (r.row, r.reason.as_str())).collect();
    let expected = [
        (4, "left out as declared: a way of delivery"),
        (5, "left out as declared: counts inhabitants"),
        (7, "left out as declared: messages between systems"),
        (
            8,
            "the line text `SVARUT(Forsendelse)` is unknown; the nearest known is `Bruk av SVARUT(Forsendelser)`",
        ),
        (9, "whose line it is is not declared: `Alver komune`; the nearest known is `Alver kommune`"),
        (10, "it does not begin with an organisation and a month"),
    ];
    for ((row, reason), (expected_row, word)) in said.iter().zip(expected) {
        assert_eq!(*row, expected_row);
        assert!(reason.contains(word), "{reason}");
    }
}

fn lines(lines: &[&str], declared: &str) -> Parsed {
    let file = format!("Nr;Tekst;Antall\n{}\n", lines.join("\n"));
    parse(file.as_bytes(), &Invoice::from_toml(declared).unwrap())
}

const ACCOUNTS: &str = "source_id = \"fiks\"\nversion = 1\ntext = \"tekst\"\ncount = \"antall\"\norganisation = \"nr\"\n\
    [[line]]\ntext = \"FIKSIO: {KontoNavn} {kontoId}\"\nsolution_id = \"fiks-io\"\nmeasure_id = \"uses\"\n\
    [[line]]\ntext = \"FIKSIO: Test {kontoId}\"\nleave_out = \"a test account\"\n";

#[test]
fn accounts_are_added_and_the_same_line_counts_once() {
    let parsed = lines(
        &[
            "920290922;Alver kommune: 12.23 FIKSIO: Post 11aa;1 000",
            "920 290 922;Alver  kommune: 12.23, fiksio: Arkiv 22bb;5,00",
            "920290922;Alver kommune: 12.23 FIKSIO: Post 11aa;1000",
            "920290922;Alver kommune: 12.23 FIKSIO: Test 33cc;7",
        ],
        ACCOUNTS,
    );
    assert_eq!(shown(&parsed), ["2 920290922 fiks-io uses 2023-12 1005"]);
    let reasons: Vec<_> = parsed.rejections.iter().map(|r| r.reason.as_str()).collect();
    assert_eq!(reasons, ["the same line as row 2", "left out as declared: a test account"]);
}

#[test]
fn a_sum_that_lacks_a_line_is_provisional() {
    for (bad, word) in [
        ("920290922;Alver kommune: 12.23 FIKSIO: Arkiv 22bb;-4", "a credit of -4"),
        ("920290922;Alver kommune: 12.23 FIKSIO: Arkiv 22bb;mange", "not a number"),
        ("920290922;Alver kommune: 12.23 FIKSIO: Arkiv 22bb;9223372036854775807", "too large"),
    ] {
        let parsed = lines(&["920290922;Alver kommune: 12.23 FIKSIO: Post 11aa;10", bad], ACCOUNTS);
        assert_eq!(parsed.rejections.len(), 1);
        assert!(parsed.rejections[0].reason.contains(word), "{}", parsed.rejections[0].reason);
        assert!(shown(&parsed)[0].ends_with(" p"), "{:?}", shown(&parsed));
    }
    let twice = ["920290922;A: 12.23 FIKSIO: Post 11aa;10", "920290922;A: 12.23 FIKSIO: Post 11aa;11"];
    let parsed = lines(&twice, ACCOUNTS);
    assert_eq!((parsed.observations.len(), parsed.rejections.len()), (0, 2));
    let parsed =
        lines(&["920290923;A: 12.23 FIKSIO: Post 11aa;10", "920290922;A: 13.23 FIKSIO: P 1;1"], ACCOUNTS);
    assert!(parsed.rejections[0].reason.contains("control digit"));
    assert!(parsed.rejections[1].reason.contains("`13.23` is not a month"));
}

#[test]
fn a_text_is_split_line_at_its_month() {
    let parts_of = |text: &'static str| {
        split_line(text).map(|(name, day, service)| (name.to_owned(), day.to_string(), service.to_owned()))
    };
    let expected =
        |name: &str, day: &str, service: &str| Ok((name.to_owned(), day.to_owned(), service.to_owned()));
    assert_eq!(parts_of("Alver kommune: 01.24 VAKSINE"), expected("Alver kommune", "2024-01-01", "VAKSINE"));
    assert_eq!(
        parts_of("Alver: NAV: 12.23: DIGISOS: Innbyggere"),
        expected("Alver: NAV", "2023-12-01", "DIGISOS: Innbyggere")
    );
    for bad in
        ["Alver kommune 01.24 VAKSINE", "Alver: 01.2024 VAKSINE", "Alver: 01.24", ": 01.24 VAKSINE", "é: 0"]
    {
        assert!(split_line(bad).is_err(), "{bad}");
    }
}

#[test]
fn patterns_have_holes_that_are_never_empty() {
    let fits = |pattern: &str, text: &str| Pattern::new(pattern).fits(text);
    assert!(fits("FIKSIO: {KontoNavn} {kontoId}", "FiksIO:  Post og arkiv 11aa-22bb"));
    assert!(!fits("FIKSIO: {KontoNavn} {kontoId}", "FIKSIO: Post"));
    assert!(fits("Minside(INNSYN): {meldingstype}", "Minside(INNSYN): Sak"));
    assert!(!fits("Minside(INNSYN): {meldingstype}", "Minside(INNSYN):"));
    assert!(fits("Bruk av SVARUT(Altinn)", "SVARUT(Altinn)"));
    assert!(!fits("VAKSINE", "VAKSINE 2"));
    assert!(fits("{a} slutt", "noe slutt") && !fits("{a} slutt", " slutt") && !fits("{", ""));
}

#[test]
fn a_declaration_without_content_is_refused() {
    let good =
        "source_id = \"fiks\"\nversion = 1\ntext = \"Tekst\"\ncount = \"Antall\"\norganisation = \"Nr\"\n";
    assert_eq!(Invoice::from_toml(good).unwrap().lines.len(), 18, "the usual lines");
    for (bad, word) in [
        (good.replace("organisation = \"Nr\"\n", ""), "names no organisation"),
        (format!("{good}[[line]]\ntext = \"A\"\n"), "at line `A`"),
        (format!("{good}[[line]]\ntext = \"A\"\nsolution_id = \"x\"\nleave_out = \"y\"\n"), "at line `A`"),
        (format!("{good}colour = 1\n"), "does not read"),
    ] {
        let error = Invoice::from_toml(&bad).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let parsed = parse(b"Tekst;Sum\n", &Invoice::from_toml(good).unwrap());
    assert!(parsed.breaches[0].contains("column `Antall` is missing"));
}
