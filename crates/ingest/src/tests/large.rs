//! A delivery that is too large for the memory comes in as one that is read as a whole: the same file both ways, with every kind
//! of dirt, gives the same facts, rejections, reports and decisions.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow::util::pretty::pretty_format_batches;
use utbredt_lake::Writer;

use super::{contract_of, moment, ready, table_of};
use crate::connectors::Delimited;
use crate::format::Format;
use crate::rng::Rng;
use crate::{Delivered, Delivery, DryRunContext, Report, deliver_all, deliver_one, held};
use utbredt_model::SourceId;

const CONTRACT: &str = "source_id = \"county\"\nversion = 3\nformat = \"csv\"\ndelimiter = \";\"\nsubject.column = \"code\"\n\
    period.column = \"month\"\nsolution.column = \"solution\"\nmeasure.column = \"measure\"\nvalue.column = \"n\"\n\
    provisional.marker = \"*\"\nsymbols = { \"..\" = \"suppressed\" }\ntotals.names = [\"Sum\"]\n";

const HEADER: &str = "code;month;solution;measure;n;note\n";

/// Delivers a file; with 0 as the size of a large one piece by piece.
fn deliver_as(writer: &mut Writer, format: &Delimited, text: &str, large: u64) -> Delivered {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.csv");
    std::fs::write(&path, text).unwrap();
    let of = (SourceId::parse("county").unwrap(), "2025");
    let at = moment("2025-12-12T06:00:00Z");
    let delivery = Delivery::take_file_of(writer, format, &path, of, at, large).unwrap();
    assert_eq!(delivery.payload.large().is_some(), large == 0);
    deliver_one(writer, format, &delivery).unwrap()
}

/// All that a lake has of facts, receipts and rejections.
fn content(writer: &Writer) -> String {
    let mut tables = ["usage", "receipts", "rejections"].map(|name| table_of(writer, name));
    // Of what many rows show, other rows may be the examples.
    let reason = tables[1].schema().index_of("reason").unwrap();
    tables[1].remove_column(reason);
    tables.map(|table| pretty_format_batches(&[table]).unwrap().to_string()).join("\n")
}

/// Two lakes, one of which reads every file piece by piece.
struct Pair {
    whole: (tempfile::TempDir, Writer),
    pieces: (tempfile::TempDir, Writer),
    format: Delimited,
}

impl Pair {
    fn new() -> Self {
        Self { whole: ready(), pieces: ready(), format: contract_of(CONTRACT) }
    }

    /// Delivers to both, compares them, and gives what became of it.
    fn deliver(&mut self, text: &str) -> Delivered {
        let whole = deliver_as(&mut self.whole.1, &self.format, text, u64::MAX);
        let pieces = deliver_as(&mut self.pieces.1, &self.format, text, 0);
        let differs = pieces.rejections.iter().zip(&whole.rejections).find(|(piece, whole)| piece != whole);
        assert_eq!((differs, pieces.rejections.len()), (None, whole.rejections.len()));
        // Of what many rows show, other rows may be the examples.
        let kinds = |report: &Report| -> Option<Vec<String>> {
            let held = report.held.as_ref()?;
            Some(held.iter().map(|reason| reason.split(':').next().unwrap_or_default().to_owned()).collect())
        };
        assert_eq!(kinds(&pieces.report), kinds(&whole.report));
        let held = |report: &Report| Report { held: None, ..report.clone() };
        assert_eq!(held(&pieces.report), held(&whole.report));
        self.compare();
        whole
    }

    fn compare(&self) {
        let (whole, pieces) = (content(&self.whole.1), content(&self.pieces.1));
        let differs = pieces.lines().zip(whole.lines()).find(|(piece, whole)| piece != whole);
        assert_eq!((differs, pieces.len()), (None, whole.len()));
        for (folder, writer) in [&self.whole, &self.pieces] {
            assert_eq!(writer.lake().verify().unwrap().problems, Vec::<String>::new());
            assert!(is_clean(folder.path()));
        }
    }
}

/// Whether no file lies in a lake that has no name.
fn is_clean(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().all(|entry| {
        let name = entry.unwrap().file_name();
        !name.to_string_lossy().starts_with('.')
    })
}

#[test]
fn every_kind_of_dirt_is_the_same_both_ways() {
    let mut pair = Pair::new();
    let delivered = pair.deliver(&format!(
        "{HEADER}\
         0301;2025-01;digihelse;uses;10;\n\
         4601;2025-01;digihelse;uses;..;\n\
         0301;2025-01;digihelse;uses;10*;\n\
         1103;2025-01;digihelse;uses;5;\n\
         1103;2025-01;digihelse;uses;6;\n\
         1103;2025-01;digihelse;uses;5;\n\
         9999;2025-01;digihelse;uses;5;\n\
         5001;2025-01;digihels;uses;5;\n\
         5001;2025-13;digihelse;uses;5;\n\
         5001;2025-01;digihelse;uses;5,5;\n\
         Sum;2025-01;digihelse;uses;50;\n\
         \"3301\";2025-01;digihelse;uses;\"7\";\"a note\nof two lines\"\n\
         1507;2024-03;svarut;uses;0;\n\
         1508;2024-03;svarut;uses;90;\n\
         1580;2024-03;svarut;uses;9;\n\
         5501;2025-01;digihelse;uses;-5;\n"
    ));
    // By hand: 0301 once, provisional; 4601; 3301; 1508 and 1580. 1103 contradicts itself.
    assert_eq!((delivered.report.accepted, delivered.report.rows_in), (5, 16));
    let rows: Vec<u64> = delivered.rejections.iter().map(|one| one.row).collect();
    assert_eq!(rows, [4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 18]);
    let of_two_lines = delivered.rejections.iter().find(|one| one.row == 15).unwrap();
    assert_eq!(of_two_lines.raw, "1507;2024-03;svarut;uses;0;");
    assert!(of_two_lines.reason.contains("beside 1508"), "{}", of_two_lines.reason);
}

#[test]
fn rows_that_differ_beside_what_is_read_hold_it_both_ways() {
    let mut pair = Pair::new();
    let delivered = pair.deliver(&format!(
        "{HEADER}0301;2025-01;digihelse;uses;10;women\n0301;2025-01;digihelse;uses;12;men\n"
    ));
    let held = delivered.report.held.unwrap().join("\n");
    assert!(held.contains("rows 2 and 3 are of the same municipality and period"), "{held}");
}

#[test]
fn a_correction_a_loss_and_a_release_are_the_same_both_ways() {
    let mut pair = Pair::new();
    let file = |months: std::ops::Range<u32>, more: u32| {
        let mut text = HEADER.to_owned();
        for month in months {
            for code in ["0301", "1103", "4601", "5001"] {
                for measure in ["uses", "users_active"] {
                    writeln!(text, "{code};2025-{month:02};digihelse;{measure};{};", 100 + month + more)
                        .unwrap();
                }
            }
        }
        text
    };
    assert_eq!(pair.deliver(&file(1..4, 0)).report.accepted, 24);
    // The very same again is not read; corrected, it replaces what was there.
    assert!(pair.deliver(&file(1..4, 0)).report.unchanged);
    let corrected = pair.deliver(&file(1..5, 1)).report;
    let diff = corrected.diff.unwrap();
    assert_eq!((corrected.held, diff.added, diff.changed.len(), diff.removed), (None, 8, 24, 0));
    // What lacks a month is held, and released by a person.
    let cut = pair.deliver(&file(2..5, 2)).report;
    let loss = cut.loss.unwrap();
    assert_eq!((loss.cells, loss.of, cut.releasable), (8, 32, true));
    assert!(pair.deliver(&file(2..5, 2)).report.unchanged);
    for (_, writer) in [&mut pair.whole, &mut pair.pieces] {
        held::release(writer, &cut.receipt_id.0, "they were never real", moment("2025-12-13T06:00:00Z"))
            .unwrap();
    }
    pair.compare();
    assert_eq!(table_of(&pair.pieces.1, "usage").num_rows(), 24);
}

fn below(rng: &mut Rng, end: usize) -> usize {
    usize::try_from(rng.next() >> 33).unwrap() % end
}

#[test]
fn a_large_delivery_comes_alone_and_is_not_tried_before() {
    let (folder, mut writer) = ready();
    let path = folder.path().join("file.csv");
    std::fs::write(&path, format!("{HEADER}0301;2025-01;digihelse;uses;10;\n")).unwrap();
    let format: Arc<dyn Format> = Arc::new(contract_of(CONTRACT));
    let (of, at) = ((SourceId::parse("county").unwrap(), "2025"), moment("2025-12-12T06:00:00Z"));
    let delivery = Delivery::take_file_of(&mut writer, format.as_ref(), &path, of, at, 0).unwrap();
    let context = DryRunContext::Lake(writer.lake().clone());
    let tried = context.dry_run(format.as_ref(), &delivery).unwrap_err().to_string();
    assert!(tried.contains("checked when it is delivered"), "{tried}");
    let batch = deliver_all(&mut writer, at, &[(format, delivery)]).unwrap_err().to_string();
    assert!(batch.contains("deliver it alone"), "{batch}");
    assert_eq!(table_of(&writer, "usage").num_rows(), 0);
}

#[test]
fn json_lines_are_the_same_both_ways() {
    let text = CONTRACT.replace("format = \"csv\"\ndelimiter = \";\"\n", "");
    let format = contract_of(&text);
    let mut lines = String::new();
    // More than one piece.
    for row in 0..400 {
        let (code, month) = (["0301", "1103", "4601", "5001"][row % 4], 1 + row / 4 % 12);
        let measure = ["uses", "users_active"][row / 48 % 2];
        let (solution, n) = (["digihelse", "svarut", "digisos", "svrut"][row / 96 % 4], row / 384 * 5);
        writeln!(
            lines,
            "{{\"code\": \"{code}\", \"month\": \"2025-{month:02}\", \"solution\": \"{solution}\", \"measure\": \
             \"{measure}\", \"n\": {n}}}"
        )
        .unwrap();
    }
    let later = "{\"code\": \"0301\", \"month\": \"2025-01\", \"region\": \"east\"}\n";
    for (text, hold) in [(lines.clone(), None), (lines + later, Some("which none of the first rows has"))] {
        let (mut whole, mut pieces) = (ready(), ready());
        let of_whole = deliver_as(&mut whole.1, &format, &text, u64::MAX);
        let of_pieces = deliver_as(&mut pieces.1, &format, &text, 0);
        let rows = |delivered: &Delivered| -> Vec<(u64, String)> {
            delivered.rejections.iter().map(|one| (one.row, one.reason.clone())).collect()
        };
        match hold {
            None => {
                assert_eq!(rows(&of_pieces), rows(&of_whole));
                assert_eq!(of_pieces.report, of_whole.report);
                assert!(of_whole.report.accepted > 200, "{}", of_whole.report.accepted);
                let usage = |writer: &Writer| pretty_format_batches(&[table_of(writer, "usage")]).unwrap();
                assert_eq!(usage(&pieces.1).to_string(), usage(&whole.1).to_string());
            }
            Some(why) => {
                let held = of_pieces.report.held.unwrap().join("\n");
                assert!(held.contains(why), "{held}");
            }
        }
    }
}

/// A file of random rows, with repetitions, contradictions, marks and what nobody knows.
fn random_file(rng: &mut Rng, is_clean: bool) -> String {
    let mut text = HEADER.to_owned();
    let mut met = BTreeSet::new();
    let mut lines: Vec<String> = Vec::new();
    for _ in 0..1 + below(rng, 900) {
        if !lines.is_empty() && below(rng, 12) == 0 {
            let again = lines[below(rng, lines.len())].clone();
            lines.push(again);
            continue;
        }
        let code = ["0301", "1103", "4601", "5001", "1507", "1508", "1580", "9999", "3301"][below(rng, 9)];
        let month = 1 + below(rng, 12);
        let solution = match below(rng, 30) {
            0 => "svrut",
            other => ["digihelse", "svarut", "digisos"][other % 3],
        };
        let measure = ["uses", "users_active"][below(rng, 2)];
        let value = match below(rng, 12) {
            0 => "..".to_owned(),
            1 => String::new(),
            2 => "0".to_owned(),
            3 => format!("{}*", below(rng, 20)),
            _ => below(rng, 40).to_string(),
        };
        let year = 2024 + below(rng, 2);
        let cell = format!("{code};{year}-{month:02};{solution};{measure}");
        // A clean file has every cell once, or word by word again.
        if is_clean && (code.starts_with("15") || code == "9999" || !met.insert(cell.clone())) {
            continue;
        }
        lines.push(format!("{cell};{value};"));
    }
    for line in lines {
        text += &line;
        text.push('\n');
    }
    text
}

#[test]
fn any_file_is_the_same_both_ways() {
    let mut active = 0;
    for seed in 0..12 {
        let mut rng = Rng::of(seed, &["large"]);
        let mut pair = Pair::new();
        for _ in 0..2 {
            let report = pair.deliver(&random_file(&mut rng, seed % 2 == 0)).report;
            active += usize::from(report.held.is_none());
        }
    }
    assert!((3..20).contains(&active), "{active}");
}
