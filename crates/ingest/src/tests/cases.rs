//! Kinds of files that looked right and gave another number, one after the other: the file, the contract or its proposal,
//! and what must become of it.

use arrow::array::AsArray;
use utbredt_model::Period;
use utbredt_sources::delimited::{About, Known, propose};

use self::By::{Contract as C, Proposal as P};
use super::*;
use crate::DryRunContext;

/// How a file is read.
#[derive(Debug, Clone, Copy)]
enum By {
    /// By the plain contract with these lines more.
    Contract(&'static str),
    /// By the contract that is proposed for it.
    Proposal,
}

/// What must become of a file.
enum Right {
    /// It is read: `code division period value marks` of each fact, and `row code` of each rejection.
    Read(&'static [&'static str], &'static [&'static str]),
    /// It is held for a reason with these words, with so many facts.
    Held(&'static str, usize),
    /// No contract is proposed, for a reason of this code with these words.
    Refused(&'static str, &'static str),
    /// The rejection of its first row has these words.
    Rejected(&'static str),
}
use Right::{Held, Read, Refused, Rejected};

const PLAIN: &str = "source_id = \"county\"\nversion = 1\nsubject.column = \"Kommunenr\"\nperiod.column = \"Måned\"\n\
    solution.fixed = \"digihelse\"\nmeasure.fixed = \"uses\"\nvalue.column = \"Antall\"\n";

#[rustfmt::skip]
const CASES: &[(&str, By, &str, Right)] = &[
    // A third dimension.
    ("sexes, added", C("value.sum_over = [\"Kjønn\"]\n"),
     "Kommunenr;Måned;Kjønn;Antall\n0301;2026-02;K;4\n0301;2026-02;M;3\n1103;2026-02;K;1\n1103;2026-02;M;1\n",
     Read(&["0301 2024 2026-02 7", "1103 2024 2026-02 2"], &[])),
    ("sexes, added, with a part that is no number", C("value.sum_over = [\"Kjønn\"]\n"),
     "Kommunenr;Måned;Kjønn;Antall\n0301;2026-02;K;4\n0301;2026-02;M;3\n1103;2026-02;K;1\n1103;2026-02;M;1\n4601;2026-02;K;5\n\
      4601;2026-02;M;5\n4602;2026-02;K;5\n4602;2026-02;M;5\n5001;2026-02;K;5\n5001;2026-02;M;y\n4640;2026-02;K;1\n4640;2026-02;M;1\n",
     Read(&["0301 2024 2026-02 7", "1103 2024 2026-02 2", "4601 2024 2026-02 10", "4602 2024 2026-02 10", "4640 2024 2026-02 2"],
          &["10 part_missing", "11 invalid_number"])),
    ("decimals that read as thousands", C(""),
     "Kommunenr;Måned;Antall\n0301;2026-02;1.100\n1103;2026-02;2.137\n4601;2026-02;3.210\n4602;2026-02;4.001\n5001;2026-02;0.512\n",
     Held("decimal sign `.`", 4)),
    ("sexes, not mentioned", C(""),
     "Kommunenr;Måned;Kjønn;Antall\n0301;2026-02;K;4\n0301;2026-02;M;4\n", Held("`Kjønn`", 0)),
    ("sexes, one of them", C("[filter]\n\"Kjønn\" = \"k\"\n"),
     "Kommunenr;Måned;Kjønn;Antall\n0301;2026-02;K;4\n0301;2026-02;M;4\n1103;2026-02;M;9\n",
     Read(&["0301 2024 2026-02 4"], &["3 excluded", "4 excluded"])),
    ("ages, two that are not added", C("[filter]\n\"Alder\" = [\"0-17\", \"18-66\"]\n"),
     "Kommunenr;Måned;Alder;Antall\n0301;2026-02;0-17;4\n0301;2026-02;18-66;4\n0301;2026-02;67-;1\n",
     Held("`Alder`", 0)),
    ("ages, two that are added", C("value.sum_over = [\"Alder\"]\n[filter]\n\"Alder\" = [\"0-17\", \"18-66\"]\n"),
     "Kommunenr;Måned;Alder;Antall\n0301;2026-02;0-17;4\n0301;2026-02;18-66;5\n0301;2026-02;67-;100\n",
     Read(&["0301 2024 2026-02 9"], &["4 excluded"])),
    ("a filter that no row passes", C("[filter]\n\"Kanal\" = \"Nettt\"\n"),
     "Kommunenr;Måned;Kanal;Antall\n0301;2026-02;App;4\n1103;2026-02;Nett;5\n", Held("others there are `App`, `Nett`", 0)),
    ("sexes and their sum, proposed", P,
     "Kommunenr;Måned;Kjønn;Antall\n0301;2026-02;Begge kjønn;7\n0301;2026-02;Kvinner;4\n0301;2026-02;Menn;3\n",
     Read(&["0301 2024 2026-02 7"], &["3 excluded", "4 excluded"])),
    ("statuses without a sum, proposed", P,
     "Kommunenr;Måned;Status;Antall\n0301;2026-02;Endelig;7\n0301;2026-02;Utkast;6\n", Held("`to-choose`", 0)),
    // What counts, and when.
    ("a year among months, proposed", P,
     "Kommunenr;Måned;Antall\n0301;2025-11;5\n0301;2025-12;6\n1103;2025-11;1\n1103;2025-12;2\n4601;2025-12;3\n0301;2025;77\n",
     Read(&["0301 2024 2025-11 5", "0301 2024 2025-12 6", "1103 2024 2025-11 1", "1103 2024 2025-12 2", "4601 2024 2025-12 3"],
          &["7 invalid_date"])),
    ("a year among first days of months, proposed", P,
     "Kommunenr;Måned;Antall\n0301;01.11.2025;5\n0301;01.12.2025;6\n1103;01.11.2025;1\n1103;01.12.2025;2\n4601;2025;77\n",
     Read(&["0301 2024 2025-11 5", "0301 2024 2025-12 6", "1103 2024 2025-11 1", "1103 2024 2025-12 2"], &["6 invalid_date"])),
    ("quarters and a half-year, proposed", P,
     "Kommunenr;Periode;Antall\n0301;3. kvartal 2025;5\n1103;2. halvår 2025;6\n",
     Read(&["0301 2024 2025-Q3 5", "1103 2024 2025-H2 6"], &[])),
    ("weeks by first and last day, proposed", P,
     "Kommunenr;Fra;Til;Antall\n0301;02.02.2026;08.02.2026;5\n0301;09.02.2026;15.02.2026;6\n",
     Read(&["0301 2024 2026-W06 5", "0301 2024 2026-W07 6"], &[])),
    ("a quarter under months", C("period.granularity = \"month\"\n"),
     "Kommunenr;Måned;Antall\n0301;2026-01;5\n1103;2026-02-03;6\n4601;2026-01;1\n4602;2026-01;1\n5001;2026-Q1;9\n4640;2026-01;2\n",
     Read(&["0301 2024 2026-01 5", "1103 2024 2026-02 6", "4601 2024 2026-01 1", "4602 2024 2026-01 1", "4640 2024 2026-01 2"],
          &["6 invalid_date"])),
    ("before the lake's divisions", C(""),
     "Kommunenr;Måned;Antall\n0301;2014-12;5\n0301;2015-01;6\n0301;2015-02;6\n0301;2015-03;6\n0301;2015-04;6\n",
     Read(&["0301 2015 2015-01 6", "0301 2015 2015-02 6", "0301 2015 2015-03 6", "0301 2015 2015-04 6"],
          &["2 outside_divisions"])),
    ("a series laid on the borders of one day", C("subject.division = \"2024-06-30\"\n"),
     "Kommunenr;Måned;Antall\n3911;2019-05;5\n1508;2021-05;6\n0301;2026-01;7\n",
     Read(&["0301 2024 2026-01 7", "1508 2024 2021-05 6", "3911 2024 2019-05 5"], &[])),
    ("the same without saying so", C(""),
     "Kommunenr;Måned;Antall\n3911;2019-05;5\n", Rejected("exists from 2024-01-01 only")),
    ("an old code in it", C("subject.division = \"2024-01-01\"\n"),
     "Kommunenr;Måned;Antall\n3811;2019-05;5\n", Rejected("not in the division of 2024-01-01, which the contract declares, use 3911 Færder")),
    // Numbers.
    ("a list of cases, proposed", P,
     "Saksnr;Kommunenr;Mottatt\n118;0301;2026-02-03\n119;4601;2026-02-03\n131;1103;2026-02-04\n",
     Refused("missing_field", "no column holds counts")),
    ("codes without numbers, proposed", P,
     "Kommunenr;Tatt i bruk\n0301;Ja\n4601;Nei\n", Refused("missing_field", "lists codes without numbers")),
    ("shares, proposed", P, "Kommunenr;Måned;Dekning\n0301;2026-02;0,250\n4601;2026-02;1\n",
     Refused("fraction", "numerator and denominator")),
    ("shares called counts, proposed", P, "Kommunenr;Måned;Antall\n0301;2026-02;1\n1103;2026-02;1\n4601;2026-02;0,5\n",
     Refused("fraction", "numerator and denominator")),
    ("per cent, proposed", P, "Kommunenr;Måned;Dekning\n0301;2026-02;25 %\n4601;2026-02;31,5 %\n",
     Refused("fraction", "numerator and denominator")),
    ("shares among ones", C(""), "Kommunenr;Måned;Antall\n0301;2026-02;1\n4601;2026-02;0,75\n1103;2026-02;1\n",
     Held("column of fractions", 2)),
    ("thousands", C("value.scale = { factor = 1000, unit = \"messages\" }\n"),
     "Kommunenr;Måned;Antall\n0301;2026-02;1,5\n4601;2026-02;0,512\n1103;2026-02;12\n5001;2026-02;1,5005\n4640;2026-02;0\n",
     Read(&["0301 2024 2026-02 1500", "1103 2024 2026-02 12000", "4601 2024 2026-02 512", "4640 2024 2026-02 0"],
          &["5 fraction"])),
    ("thousandths of something else", C("value.scale = { factor = 1000, unit = \"per mille\" }\n"),
     "Kommunenr;Måned;Antall\n0301;2026-02;0,512\n", Rejected("`uses` is counted in `messages`")),
    ("`<5` and a total", C("totals.names = [\"Sum\"]\n"),
     "Kommunenr;Måned;Antall\n0301;2026-02;<5\n4601;2026-02;4\nSum;2026-02;8\n",
     Read(&["0301 2024 2026-02 suppressed", "4601 2024 2026-02 4"], &["4 excluded"])),
    // Reservations.
    ("marks behind numbers", C("provisional.marker = \"*\"\nimputed.marker = [\"e\", \"a\"]\nperturbed.marker = \"r\"\n"),
     "Kommunenr;Måned;Antall\n0301;2026-02;12*\n1103;2026-02;13 a*\n4601;2026-02;14r\n5001;2026-02;15\n4640;2026-02;\n",
     Read(&["0301 2024 2026-02 12 provisional", "1103 2024 2026-02 13 provisional imputed", "4601 2024 2026-02 14 perturbed",
            "4640 2024 2026-02 missing", "5001 2024 2026-02 15"], &[])),
    ("marks in a column", C("imputed = { column = \"Metode\", marker = [\"anslag\", \"Beregnet\"], unmarked = \"telt\" }\n"),
     "Kommunenr;Måned;Antall;Metode\n0301;2026-02;12;Anslag\n1103;2026-02;13;telt\n4601;2026-02;14;beregnet\n",
     Read(&["0301 2024 2026-02 12 imputed", "1103 2024 2026-02 13", "4601 2024 2026-02 14 imputed"], &[])),
    ("an estimated part of a sum", C("value.sum_over = [\"Kanal\"]\nimputed.marker = \"e\"\n"),
     "Kommunenr;Måned;Kanal;Antall\n0301;2026-02;App;4\n0301;2026-02;Nett;5e\n", Read(&["0301 2024 2026-02 9 imputed"], &[])),
    ("a star behind and a star alone, proposed", P,
     "Kommunenr;Måned;Antall\n0301;2026-02;12*\n1103;2026-02;*\n4601;2026-02;31\n",
     Read(&["0301 2024 2026-02 12 provisional", "1103 2024 2026-02 suppressed", "4601 2024 2026-02 31"], &[])),
    // How places are written.
    ("joined codes, proposed", P,
     "Kommunenr;Måned;Antall\n0301;2026-01;1\n;2026-02;2\n4601;2026-01;3\n;2026-02;4\n",
     Read(&["0301 2024 2026-01 1", "0301 2024 2026-02 2", "4601 2024 2026-01 3", "4601 2024 2026-02 4"], &[])),
    ("codes as numbers, proposed", P, "Kommunenr,Måned,Antall\n301.0,2026-01,4.0\n4601.0,2026-01,5.0\n",
     Read(&["0301 2024 2026-01 4", "4601 2024 2026-01 5"], &[])),
    ("code, dash and name, proposed", P, "Kommune;Måned;Antall\n4601 – Bergen;2026-01;4\n0301 – Oslo;2026-01;5\n",
     Read(&["0301 2024 2026-01 5", "4601 2024 2026-01 4"], &[])),
    ("country and counties among them, proposed", P,
     "Region;Måned;Antall\nEAK Landet;2026-01;9\nEKA03 Oslo;2026-01;5\n4601 Bergen;2026-01;4\n0301 Oslo;2026-01;5\n",
     Read(&["0301 2024 2026-01 5", "4601 2024 2026-01 4"], &["2 excluded", "3 excluded"])),
    ("two columns of one name, proposed", P, "kommune;kommune;Måned;Antall\n4601;Bergen;2026-01;4\n",
     Read(&["4601 2024 2026-01 4"], &[])),
    ("signs nobody sees", C(""), "Kommunenr;Måned;Antall\n\u{feff}0301\u{200b};2026-01;4\n",
     Read(&["0301 2024 2026-01 4"], &[])),
    ("a decomposed header", C(""), "Kommunenr;Ma\u{30a}ned;Antall\n0301;2026-01;4\n", Read(&["0301 2024 2026-01 4"], &[])),
    ("carriage returns", C(""), "Kommunenr;Måned;Antall;Merknad\r0301;2026-01;4;\"a\nb\"\r4601;2026-01;5;\r",
     Read(&["0301 2024 2026-01 4", "4601 2024 2026-01 5"], &[])),
    ("notes below", C(""), "Kommunenr;Måned;Antall\n0301;2026-01;4\n\n* foreløpig\nKilde: journalen\n",
     Read(&["0301 2024 2026-01 4"], &["4 excluded", "5 excluded"])),
    ("names alone, proposed", P, "Kommune;Måned;Antall\nBergen;2026-01;4\n", Refused("missing_field", "names are no codes")),
    ("a solution a column, proposed", P, "Kommunenr;Måned;Digisos;SvarUt\n0301;2026-01;4;5\n",
     Refused("unsupported", "named by solutions")),
    // Other files than tables.
    ("one object a line, proposed", P,
     "{\"Kommunenr\":\"0301\",\"Måned\":\"2026-01\",\"Antall\":4}\n{\"Kommunenr\":\"4601\",\"Måned\":\"2026-01\",\"Antall\":5}\n",
     Read(&["0301 2024 2026-01 4", "4601 2024 2026-01 5"], &[])),
    ("a cube, proposed", P,
     "{\"version\":\"2.0\",\"class\":\"dataset\",\"id\":[\"Region\"],\"size\":[1],\"dimension\":{\"Region\":{}},\"value\":[4]}",
     Refused("unsupported", "json-stat cube")),
    ("a cube of version 1, proposed", P,
     "{\"dataset\":{\"dimension\":{\"id\":[\"Region\"],\"size\":[1]},\"value\":[4]}}", Refused("unsupported", "json-stat cube")),
    ("a cube by a contract", C("format = \"json\"\n"),
     "{\"class\":\"dataset\",\"id\":[\"Region\"],\"size\":[1],\"dimension\":{\"Region\":{}},\"value\":[4]}", Held("json-stat cube", 0)),
    // Hints.
    ("a lost zero", C(""), "Kommunenr;Måned;Antall\n301;2026-01;4\n", Rejected("restore_zero")),
    ("a county", C(""), "Kommunenr;Måned;Antall\n3;2026-01;4\n", Rejected("`03` would be a county's")),
    ("a code that was split", C(""), "Kommunenr;Måned;Antall\n1507;2026-01;4\n", Rejected("use 1508 Ålesund or 1580 Haram")),
    ("a code that never was", C(""), "Kommunenr;Måned;Antall\n0302;2026-01;4\n", Rejected("does not exist in any division since 2015")),
];

/// What became of a file.
#[derive(Debug)]
struct Found {
    facts: Vec<String>,
    rejected: Vec<String>,
    reason: String,
    held: String,
}

fn found(context: &DryRunContext, known: &Known, by: By, text: &str) -> Result<Found, utbredt_model::Reason> {
    let toml = match by {
        C(more) => format!("{PLAIN}{more}"),
        P => propose(text.as_bytes(), &About::of_file("digihelse", Some("county")).unwrap(), known)?,
    };
    let contract = Contract::from_toml(&toml).unwrap_or_else(|error| panic!("{error}: {toml}"));
    let mut delivery = delivery("cases", &[]);
    delivery.payload = text.as_bytes().into();
    let run = context.dry_run(&Delimited(contract), &delivery).unwrap();
    let rejected = run.rejections.iter().map(|r| format!("{} {}", r.row, r.code.as_str())).collect();
    Ok(Found {
        facts: facts(&run.usage),
        rejected,
        reason: run.rejections.first().map_or(String::new(), |r| r.reason.clone()),
        held: run.report.held.unwrap_or_default().join("; "),
    })
}

/// `code division period value marks` of each fact, in order.
fn facts(usage: &RecordBatch) -> Vec<String> {
    const MARKS: [&str; 3] = ["provisional", "imputed", "perturbed"];
    let mut facts = Vec::new();
    for (at, row) in usage_rows(usage).unwrap().into_iter().enumerate() {
        let (start, end) = (day_of(row.start), day_of(row.end));
        let year = day_of(row.division).format("%Y");
        let value = row.value.map_or(row.state.to_owned(), |value| value.to_string());
        let mut fact = format!("{} {year} {} {value}", row.code, Period { start, end });
        for mark in MARKS {
            if usage.column_by_name(mark).unwrap().as_boolean().value(at) {
                fact += &format!(" {mark}");
            }
        }
        facts.push(fact);
    }
    facts.sort();
    facts
}

#[test]
fn every_kind_of_file_becomes_what_is_right() {
    let context = DryRunContext::of_files(&files()).unwrap();
    let known = context.known().unwrap();
    let mut wrong = Vec::new();
    for (name, by, text, right) in CASES {
        let found = found(&context, &known, *by, text);
        let is_right = match (right, &found) {
            (Read(facts, rejected), Ok(found)) => {
                found.facts == *facts && found.rejected == *rejected && found.held.is_empty()
            }
            (Held(words, facts), Ok(found)) => found.held.contains(words) && found.facts.len() == *facts,
            (Rejected(words), Ok(found)) => found.reason.contains(words) && found.facts.is_empty(),
            (Refused(code, words), Err(reason)) => {
                reason.code.as_str() == *code && reason.text.contains(words)
            }
            _ => false,
        };
        if !is_right {
            wrong.push(format!("{name}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
