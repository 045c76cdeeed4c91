//! Files of registers as people write them.

use utbredt_model::Rejection;

use super::*;
use crate::conformance::{Outcome, conformance};

fn waves() -> &'static Register {
    Register::named("waves").expect("a register")
}

fn values(file: &RegisterFile) -> Vec<Vec<&str>> {
    let row =
        |entry: &'_ Entry| entry.values.iter().map(|value| value.as_deref().map_or("-", leak)).collect();
    file.entries.iter().map(row).collect()
}

fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

#[test]
fn titles_and_delimiters_of_any_kind_mean_the_same() {
    let expected = vec![vec!["a", "digihelse", "-", "Høst", "-"]];
    for text in [
        "wave_id,solution_id,name\na,digihelse,Høst\n",
        "\u{feff}Pulje;Løsning;Navn\r\na;digihelse;Høst\r\n\r\n",
        "PULJE\tLøysing\tNamn\na\tdigihelse\tHøst",
        "wave;solution;name;edition;remove\na;digihelse; Høst ;;\n;;;;\n",
    ] {
        let file = parse(text.as_bytes(), waves());
        assert_eq!((&file.breach, file.refusals.as_slice()), (&None, [].as_slice()), "{text}");
        assert_eq!(values(&file), expected, "{text}");
        assert_eq!(file.has, [true, true, false, true, false], "{text}");
    }
    let latin = b"Pulje;L\xf8sning;Navn\na;digihelse;H\xf8st\n";
    assert_eq!(values(&parse(latin, waves())), expected);
}

#[test]
fn an_edition_and_a_removal_are_read() {
    let file = parse(b"wave_id;edition;remove\na;12;ja\nb;;nei\nc;x;\nd;-1;\ne;1;kanskje\n", waves());
    let read: Vec<_> = file.entries.iter().map(|entry| (entry.row, entry.edition, entry.remove)).collect();
    assert_eq!(read, [(2, Some(12), true), (3, None, false)]);
    let refused: Vec<_> =
        file.refusals.iter().map(|refusal| (refusal.row, refusal.column.as_deref())).collect();
    assert_eq!(refused, [(4, Some("edition")), (5, Some("edition")), (6, Some("remove"))]);
}

#[test]
fn numbers_days_and_words_are_written_as_the_register_writes_them() {
    let targets = Register::named("targets").expect("a register");
    let text = "metric;solution_id;scope;value;baseline_period;baseline_value;path;due;owner;synthetic\n\
        adoption.reach;digihelse;network:digi-vestland;80 %;01.02.2024;0,25;STRAIGHT;2030-01-01;KS;Ja\n";
    let file = parse(text.as_bytes(), targets);
    assert_eq!(file.refusals, []);
    assert_eq!(
        values(&file)[0],
        [
            "adoption.reach",
            "digihelse",
            "network:digi-vestland",
            "0.8",
            "2024-02-01",
            "0.25",
            "straight",
            "2030-01-01",
            "KS",
            "true"
        ]
    );
    let prices = Register::named("prices").expect("a register");
    let text =
        "solution_id;population_from;valid_from;ore_once\ndigihelse;1 000;2024-01-01;2\u{a0}500\u{a0}000\n";
    let file = parse(text.as_bytes(), prices);
    assert_eq!(values(&file)[0][..4], ["digihelse", "1000", "-", "2500000"]);
}

/// What has no heading is the rest of something, and what a spreadsheet could not compute is no text.
#[test]
fn cells_without_a_heading_and_errors_of_spreadsheets_are_refused() {
    let text = "wave_id;solution_id;name\na;digihelse;Pulje 1; nord og sør\nb;digihelse;#NAVN?\nc;digihelse;#REF!\n\
        d;digihelse;#1 i nord\ne;digihelse;E;;\n";
    let file = parse(text.as_bytes(), waves());
    let refused: Vec<_> = file.refusals.iter().map(|refusal| (refusal.row, refusal.reason.code)).collect();
    let expected = [(2, ReasonCode::RowWidth), (3, ReasonCode::InvalidField), (4, ReasonCode::InvalidField)];
    assert_eq!(refused, expected);
    assert_eq!(file.entries.iter().map(|entry| entry.row).collect::<Vec<_>>(), [5, 6]);
}

/// What a file says, as every parser's is checked.
#[derive(Debug, PartialEq)]
struct Checked(RegisterFile, Vec<Rejection>, Vec<String>);

impl Outcome for Checked {
    fn accepted(&self) -> usize {
        self.0.entries.len()
    }
    fn rejected(&self) -> &[Rejection] {
        &self.1
    }
    fn breaches(&self) -> &[String] {
        &self.2
    }
}

#[test]
fn it_keeps_the_promises_of_every_parser() {
    let checked = |bytes: &[u8]| {
        let file = parse(bytes, waves());
        let refused = file.refusals.iter();
        let refused = refused.map(|one| Rejection::new(one.row, one.reason.clone(), &one.raw)).collect();
        let breaches = file.breach.iter().map(ToString::to_string).collect();
        Checked(file, refused, breaches)
    };
    let samples: [&[u8]; 2] = [
        b"wave_id,solution_id,name\na,digihelse,One\n",
        "Pulje;Løsning;Navn;Fjern\na;digihelse;Høst;nei\n".as_bytes(),
    ];
    conformance(checked, &samples, false);
}
