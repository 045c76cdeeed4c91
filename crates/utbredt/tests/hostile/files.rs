//! Files that would do harm, each made when it is wanted.

use std::fs::{self, File};
use std::path::Path;

use crate::samples::{deflated_zeros, ods, row, xlsx, zip};

pub(crate) const HEAD: &str = "kommune;periode;antall\n";

const NAMES: [&str; 3] = ["kommune", "periode", "antall"];

/// A file: its name, what is in it, how the command ends, and a part of the reason.
pub(crate) type Hostile = (&'static str, fn(&Path), i32, &'static str);

pub(crate) fn bytes(path: &Path, content: impl AsRef<[u8]>) {
    fs::write(path, content).expect("written");
}

/// A file all of holes, which reads as NULs.
fn holes(path: &Path, length: u64) {
    File::create(path).expect("made").set_len(length).expect("a file may be all holes");
}

/// The same behind the first bytes of an archive.
fn archive_of_holes(path: &Path, length: u64) {
    holes(path, length);
    let mut file = File::options().write(true).open(path).expect("made");
    std::io::Write::write_all(&mut file, b"PK\x03\x04").expect("written");
}

/// A line of 200 MB that is written and has no end, after other lines.
fn long_line(path: &Path, before: &str) {
    use std::io::Write;
    let mut file = File::create(path).expect("made");
    file.write_all(before.as_bytes()).expect("written");
    for _ in 0..200 {
        file.write_all(&[b'1'; 1_000_000]).expect("written");
    }
}

fn book(rows: &str) -> Vec<u8> {
    xlsx(&(row(1, &NAMES) + rows))
}

/// A workbook of which one entry unpacks to so many zeros, and says that it unpacks to less.
fn bomb(entry: &str, zeros: u32, declared: Option<u32>) -> Vec<u8> {
    let (packed, unpacked) = deflated_zeros(zeros);
    zip(&[("xl/workbook.xml", 0, b"<workbook/>", 11), (entry, 8, &packed, declared.unwrap_or(unpacked))])
}

/// A text of 60 kB that stands in the file once and in the sheet 20,000 times: more than 1 GiB of text.
fn one_text_everywhere() -> Vec<u8> {
    let cells: String =
        (2..20_002).map(|at| format!("<row r=\"{at}\"><c r=\"A{at}\" t=\"s\"><v>0</v></c></row>")).collect();
    let plain = book(&cells);
    // The workbook's relations name the list of texts, which the samples have no need of.
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings";
    let strings = format!("<sst xmlns=\"{main}\"><si><t>{}</t></si></sst>", "x".repeat(60_000));
    let relation =
        format!("<Relationship Id=\"rId2\" Type=\"{kind}\" Target=\"sharedStrings.xml\"/></Relationships>");
    let mut entries = stored(&plain);
    for (name, content) in &mut entries {
        if name == "xl/_rels/workbook.xml.rels" {
            *content = content.replace("</Relationships>", &relation);
        }
    }
    entries.push(("xl/sharedStrings.xml".to_owned(), strings));
    let entries: Vec<_> =
        entries.iter().map(|(n, t)| (n.as_str(), 0, t.as_bytes(), t.len() as u32)).collect();
    zip(&entries)
}

/// The entries of an archive that packs none of them: name and content.
fn stored(archive: &[u8]) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    let mut at = 0;
    while archive[at..].starts_with(b"PK\x03\x04") {
        let number = |from: usize, width: usize| {
            archive[at + from..at + from + width]
                .iter()
                .rev()
                .fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte))
        };
        let (name, content) = (at + 30..at + 30 + number(26, 2), number(18, 4));
        let text = |range: std::ops::Range<usize>| String::from_utf8_lossy(&archive[range]).into_owned();
        at = name.end + content;
        entries.push((text(name.clone()), text(name.end..at)));
    }
    entries
}

/// A sheet of which one cell or row says that it stands many times.
fn repeated(what: &str, times: u64, of: &str) -> Vec<u8> {
    let entries = stored(&ods(&[&NAMES, &["x"]]));
    let mut entries: Vec<_> = entries;
    for (name, content) in &mut entries {
        if name == "content.xml" {
            // The last one of its kind is the row or cell below the names.
            let place = content.rfind(of).expect("it is there") + of.len();
            content.insert_str(place, &format!(" table:number-{what}-repeated=\"{times}\""));
        }
    }
    let entries: Vec<_> =
        entries.iter().map(|(n, t)| (n.as_str(), 0, t.as_bytes(), t.len() as u32)).collect();
    zip(&entries)
}

/// An open document whose one cell holds so many blanks.
fn blanks(times: u64) -> Vec<u8> {
    let mut entries = stored(&ods(&[&NAMES, &["x"]]));
    for (name, content) in &mut entries {
        if name == "content.xml" {
            *content = content.replace(">x<", &format!("><text:s text:c=\"{times}\"/><"));
        }
    }
    let entries: Vec<_> =
        entries.iter().map(|(n, t)| (n.as_str(), 0, t.as_bytes(), t.len() as u32)).collect();
    zip(&entries)
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

const GIB: u32 = 1 << 30;

/// Archives.
pub(crate) const ARCHIVES: &[Hostile] = &[
    (
        "bomb.xlsx",
        |p| bytes(p, bomb("xl/worksheets/sheet1.xml", GIB + (64 << 20), None)),
        3,
        "more than 64 MiB",
    ),
    (
        "lying.xlsx",
        |p| bytes(p, bomb("xl/worksheets/sheet1.xml", GIB, Some(900))),
        3,
        "more than it declares (900 bytes)",
    ),
    (
        "dense.xlsx",
        |p| bytes(p, bomb("xl/worksheets/sheet1.xml", 32 << 20, None)),
        3,
        "more than 200 times its size",
    ),
    ("bomb.ods", |p| bytes(p, bomb("content.xml", GIB, None)), 3, "more than 64 MiB"),
    (
        "nested.xlsx",
        |p| {
            bytes(
                p,
                zip(&[("xl/workbook.xml", 0, b"", 0), ("xl/inner.zip", 0, &bomb("a.xml", GIB, None), 0)]),
            )
        },
        3,
        "carries another archive, `xl/inner.zip`",
    ),
    ("other.zip", |p| bytes(p, zip(&[("notes.txt", 0, b"hello", 5)])), 3, "neither an XLSX nor an ODS"),
    ("cut.xlsx", |p| bytes(p, b"PK\x03\x04"), 3, "cut short or damaged"),
    ("texts.xlsx", |p| bytes(p, one_text_everywhere()), 3, "fill more than 256 MiB"),
    (
        "far.xlsx",
        |p| {
            bytes(
                p,
                book(
                    "<row r=\"2\"><c r=\"XFD2\"><v>1</v></c></row><row r=\"1048577\"><c r=\"A1048577\"><v>1</v></c></row>",
                ),
            )
        },
        3,
        "row 2 has a cell in column 16384; at most 2000 are read",
    ),
    (
        "below.xlsx",
        |p| bytes(p, book("<row r=\"4294967295\"><c r=\"A4294967295\"><v>1</v></c></row>")),
        3,
        "code `1` is not 4 digits",
    ),
    (
        "columns.ods",
        |p| bytes(p, repeated("columns", 2_000_000_000, "<table:table-cell")),
        3,
        "at most 2000 are read",
    ),
    (
        "rows.ods",
        |p| bytes(p, repeated("rows", 2_000_000_000, "<table:table-row")),
        3,
        "100000 refusals until row",
    ),
    ("blanks.ods", |p| bytes(p, blanks(2_000_000_000)), 3, "more than 512 MiB of memory"),
];

/// Texts.
pub(crate) const TEXTS: &[Hostile] = &[
    // Text would be read piece by piece; this says that it is none.
    ("gib.csv", |p| archive_of_holes(p, 1 << 30), 1, "larger than 256 MiB, and it is not delimited text"),
    ("nul.csv", |p| holes(p, 200 << 20), 3, "the row is 209715200 bytes long; at most 1048576 are read"),
    ("line.csv", |p| long_line(p, ""), 3, "the row is 200000000 bytes long; at most 1048576 are read"),
    ("below.csv", |p| long_line(p, HEAD), 3, "the row is 200000000 bytes long; at most 1048576 are read"),
    (
        "quote.csv",
        |p| bytes(p, format!("{HEAD}\"{}", "x\n".repeat(10 << 20))),
        3,
        "a quoted field is opened and never closed",
    ),
    (
        "blank.csv",
        |p| bytes(p, format!("{HEAD}{}", "\n".repeat(20 << 20))),
        3,
        "there are no rows below the column names",
    ),
    (
        "wrong.csv",
        |p| bytes(p, format!("{HEAD}{}", "x;x;x\n".repeat(1 << 20))),
        3,
        "100000 refusals until row 100001",
    ),
    (
        "columns.csv",
        |p| bytes(p, (0..1_000_000).map(|at| format!("c{at};")).collect::<String>()),
        3,
        "the row is 7888890 bytes long",
    ),
    (
        "fields.csv",
        |p| bytes(p, format!("{HEAD}0301;2024-01{}\n", ";1".repeat(1_000_000))),
        3,
        "the row is 2000012 bytes long",
    ),
    (
        "few.csv",
        |p| bytes(p, format!("{HEAD}0301;2024-01{}\n", ";".repeat(1 << 19))),
        3,
        "columns; at most 2000 are read",
    ),
    (
        "inside.csv",
        |p| bytes(p, format!("{HEAD}03\0001;2024-01;1\n4601;2024-01;1\0\n")),
        3,
        "is not 4 digits",
    ),
    (
        "between.csv",
        |p| bytes(p, format!("{HEAD}0301;2024-01;1\n{}\n4601;2024-01;1\n", "\0".repeat(2 << 20))),
        3,
        "the row is 2097152 bytes long",
    ),
    (
        "wide16.csv",
        |p| bytes(p, utf16(&format!("\u{feff}{}", "x".repeat(60 << 20)))),
        3,
        "bytes long; at most 1048576",
    ),
    (
        "half.csv",
        |p| {
            bytes(
                p,
                [utf16("\u{feff}kommune;periode;antall\n0301;2024-01;1\n"), vec![0, 0xD8, b'1']].concat(),
            )
        },
        3,
        "bytes that are not text",
    ),
    (
        "deep.json",
        |p| bytes(p, "[".repeat(1_000_000) + &"]".repeat(1_000_000)),
        3,
        "recursion limit exceeded",
    ),
    ("open.json", |p| bytes(p, "[{\"a\":".repeat(1_000_000)), 3, "the JSON does not read"),
    ("objects.json", |p| bytes(p, format!("[{}1", "{\"a\":".repeat(1_000_000))), 3, "recursion limit"),
    (
        "keys.json",
        |p| {
            bytes(
                p,
                format!(
                    "[{{{}}}]",
                    (0..1_000_000).map(|at| format!("\"k{at}\":1")).collect::<Vec<_>>().join(",")
                ),
            )
        },
        3,
        "more than 2000 different fields",
    ),
    (
        "top.json",
        |p| {
            bytes(
                p,
                format!(
                    "{{{}}}",
                    (0..1_000_000).map(|at| format!("\"k{at}\":1")).collect::<Vec<_>>().join(",")
                ),
            )
        },
        3,
        "where rows should be is an object of `k0`, `k1`",
    ),
];
