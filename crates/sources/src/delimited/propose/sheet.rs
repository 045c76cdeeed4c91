//! A file's rows before anything is known of them, and the column names among them.

use std::collections::BTreeSet;

use csv::StringRecord;
use serde_json::Value;
use utbredt_model::{OrganisationNumber, Period, Reason, ReasonCode};

use super::super::joined::Joined;
use super::super::subject::{without_decimals, without_name};
use super::super::{Contract, File, Format, Hidden, SubjectKind, each_row, file, grid, json, workbook};
use super::super::{number, written_period};
use super::Known;
use crate::text::{self, Encoding};

/// So many rows are looked at.
const LOOKED_AT: usize = 5_000;
/// So many sheets of a workbook are looked at.
const SHEETS: usize = 20;
/// Column names take no more rows than these.
const MOST_HEADER_ROWS: usize = 3;
/// Words in the names of columns of municipalities.
const PLACES: [&str; 8] = ["kommune", "municip", "region", "komm", "knr", "org", "kode", "code"];

/// A table found in a file.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) format: Format,
    pub(super) encoding: Option<Encoding>,
    pub(super) delimiter: Option<char>,
    pub(super) sheet: Option<String>,
    pub(super) rows_at: Option<String>,
    /// The name of the array of rows, where the file has several.
    pub(super) array: Option<String>,
    /// The cells above the column names.
    pub(super) above: Vec<String>,
    /// The row of the first column names, from 1.
    pub(super) header_row: u64,
    pub(super) header: Vec<StringRecord>,
    pub(super) rows: Vec<StringRecord>,
    /// The column of the places.
    pub(super) subject: usize,
    /// The columns that the workbook hides.
    pub(super) hidden: BTreeSet<usize>,
    /// The columns with cells that are joined over several rows of the data.
    pub(super) joined: BTreeSet<usize>,
}

/// How a place is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) kind: SubjectKind,
    pub(super) prefix: &'static str,
    pub(super) lost_zero: bool,
    pub(super) name_follows: bool,
}

/// Reads a cell as a place.
pub(super) fn code(cell: &str, known: &Known) -> Option<Code> {
    let text = number::visible(cell).trim_start_matches(['\'', '’']);
    // 0192 is the register's code in electronic invoicing (Peppol).
    let digits: String = text.strip_prefix("0192:").unwrap_or(text).split_whitespace().collect();
    if OrganisationNumber::parse(&digits).is_ok() {
        let prefix = if text.starts_with("0192:") { "0192:" } else { "" };
        let kind = SubjectKind::OrganisationNumber;
        return Some(Code { kind, prefix, lost_zero: false, name_follows: false });
    }
    let prefix = ["K-", "K_", "k-"].into_iter().find(|prefix| text.starts_with(prefix)).unwrap_or("");
    let text = without_decimals(&text[prefix.len()..]);
    let number = without_name(text);
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let name_follows = text.contains(char::is_alphabetic);
    // `0301-15` is something else with a code in front.
    if !name_follows && number != text {
        return None;
    }
    // Only codes the register knows count, so three digits are safe to complete.
    let lost_zero = number.len() == 3;
    let whole = if lost_zero { format!("0{number}") } else { number.to_owned() };
    let kind = SubjectKind::MunicipalityCode;
    known.municipalities.contains(&whole).then_some(Code { kind, prefix, lost_zero, name_follows })
}

/// Every table of a file: one for each sheet of a workbook, else one.
pub(super) fn sheets(bytes: &[u8], known: &Known) -> Result<Vec<Result<Sheet, Reason>>, Reason> {
    let mut contract = bare()?;
    contract.hidden_rows = Some(Hidden::Read);
    match file(bytes, &contract) {
        File::Workbook => {
            let (format, names) = workbook::sheets(bytes)?;
            contract.format = Some(format);
            let mut found = Vec::new();
            for name in names.into_iter().take(SHEETS) {
                contract.sheet = Some(name);
                found.push(find(bytes, &contract, known));
            }
            Ok(found)
        }
        File::Json(text) => {
            contract.format = Some(Format::Json);
            let text = json::lines_as_array(text)?;
            let value: Value = serde_json::from_str(&text)
                .map_err(|error| Reason::because(ReasonCode::Syntax, "the JSON does not read", &error))?;
            let arrays = arrays_of(&value)?;
            let several = arrays.len() > 1;
            let found = arrays.into_iter().take(SHEETS).map(|path| {
                // Of several arrays each is what its name says, as sheets are.
                let name = path.rsplit('.').next().filter(|_| several).map(str::to_owned);
                contract.rows = Some(path).filter(|path| !path.is_empty());
                find(bytes, &contract, known).map(|sheet| Sheet { array: name, ..sheet })
            });
            Ok(found.collect())
        }
        File::Csv(text) => {
            contract.format = Some(Format::Csv);
            contract.encoding = Some(text::sniff(bytes));
            contract.delimiter = Some(delimiter(&text, &contract));
            Ok(vec![find(bytes, &contract, known)])
        }
    }
}

/// A contract that takes any table, to read rows by.
fn bare() -> Result<Contract, Reason> {
    let least = "source_id = \"s\"\nversion = 1\nsubject.column = \"s\"\nperiod.column = \"p\"\n\
        solution.fixed = \"s\"\nmeasure.fixed = \"m\"\nvalue.column = \"v\"\n";
    Contract::from_toml(least).map_err(|error| Reason::from(error.to_string()))
}

/// The paths of the arrays of objects, the longest first; that of the top is empty.
fn arrays_of(top: &Value) -> Result<Vec<String>, Reason> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = vec![(String::new(), top)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Array(rows) if rows.iter().any(Value::is_object) => found.push((rows.len(), path)),
            Value::Object(fields) => open.extend(fields.iter().rev().map(|(name, value)| {
                (if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, value)
            })),
            _ => {}
        }
    }
    if found.is_empty() {
        let fields = |object: &Value| object.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>());
        // Version 1 has the cube inside, under the name of the data set.
        let inside = top.as_object().into_iter().flat_map(serde_json::Map::values);
        let cube = std::iter::once(top).chain(inside).filter_map(fields).any(|names| json::is_cube(&names));
        let text = if cube { json::CUBE } else { "the JSON holds no array of objects" };
        return Err(Reason::new(if cube { ReasonCode::Unsupported } else { ReasonCode::Empty }, text));
    }
    // Those of one length stay in the file's order.
    found.sort_by_key(|(rows, _)| std::cmp::Reverse(*rows));
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// The delimiter under which most rows have the same number of fields, more than one.
fn delimiter(text: &str, contract: &Contract) -> char {
    let candidates = ['|', ',', '\t', ';'].into_iter();
    candidates.max_by_key(|delimiter| most_common_width(text, contract, *delimiter)).unwrap_or(';')
}

/// How many rows have the most common number of fields under a delimiter, and that number; rows of one field aside.
fn most_common_width(text: &str, contract: &Contract, delimiter: char) -> Option<(usize, usize)> {
    let mut contract = contract.clone();
    contract.delimiter = Some(delimiter);
    let mut widths = std::collections::BTreeMap::new();
    let mut rows = 0;
    grid::each_row(text, &contract, &mut |line| {
        if line.cells.len() > 1 {
            *widths.entry(line.cells.len()).or_insert(0_usize) += 1;
        }
        rows += 1;
        rows < LOOKED_AT
    });
    widths.into_iter().map(|(width, rows)| (rows, width)).max()
}

/// Finds the column of places, then the column names above it.
fn find(bytes: &[u8], contract: &Contract, known: &Known) -> Result<Sheet, Reason> {
    let mut rows: Vec<(u64, StringRecord)> = Vec::new();
    let (mut hidden, mut joined) = (BTreeSet::new(), BTreeSet::new());
    each_row(bytes, contract, &mut |line| {
        joined.extend(line.look.joined.iter().filter_map(Joined::over_several_rows));
        if rows.is_empty() {
            hidden.extend(line.look.hidden.into_iter().flatten().copied());
        }
        if line.fault.is_none() && line.cells.iter().any(|cell| !cell.trim().is_empty()) {
            rows.push((line.row, line.cells.clone()));
        }
        rows.len() < LOOKED_AT
    })?;
    let sheet = contract.sheet.as_ref().map_or(String::new(), |name| format!("sheet `{name}`: "));
    let Some(subject) = places(&rows, &hidden, known) else {
        let text = format!(
            "{sheet}no column holds codes of municipalities or organisation numbers, which every contract needs"
        );
        return Err(Reason::new(ReasonCode::MissingField, text + &names_hint(&rows)));
    };
    let mut cells = rows.iter().map(|(_, row)| row.get(subject).unwrap_or(""));
    let first = cells.position(|cell| code(cell, known).is_some()).unwrap_or(0);
    let bottom =
        if contract.format == Some(Format::Json) { Some(0) } else { bottom_of_names(&rows[..first]) };
    let Some(bottom) = bottom else {
        let text = format!("{sheet}no row of column names is above the first code");
        return Err(Reason::new(ReasonCode::MissingField, text));
    };
    let top = top_of_names(&rows[..=bottom], subject);
    let (header_row, last_names) = (rows[top].0, rows[bottom].0);
    let joined = joined.into_iter().filter(|(from, _)| *from > last_names);
    let joined = joined.flat_map(|(_, (first, last))| first..=last).collect();
    let mut rows: Vec<StringRecord> = rows.into_iter().map(|(_, row)| row).collect();
    let data = rows.split_off(bottom + 1);
    let header = rows.split_off(top);
    Ok(Sheet {
        format: contract.format.unwrap_or(Format::Csv),
        encoding: contract.encoding,
        delimiter: contract.delimiter,
        sheet: contract.sheet.clone(),
        rows_at: contract.rows.clone(),
        array: None,
        above: rows.iter().flatten().map(str::to_owned).collect(),
        header_row,
        header,
        rows: data,
        subject,
        hidden,
        joined,
    })
}

/// Where a column is named as one of municipalities and holds their names, or formulas that nobody computed.
fn names_hint(rows: &[(u64, StringRecord)]) -> String {
    let mut cells = rows.iter().take(30).flat_map(|(_, row)| row.iter().enumerate());
    let named = cells.find(|(_, cell)| cell.to_lowercase().contains("kommun") && cell.trim().len() < 40);
    named.map_or(String::new(), |(at, column)| {
        let column = column.trim();
        if rows.iter().any(|(_, row)| row.get(at).is_some_and(|cell| cell.trim().starts_with('='))) {
            return format!(
                "; column `{column}` holds formulas without values: open the file in a spreadsheet and save it"
            );
        }
        format!(
            "; column `{column}` seems to hold names, and names are no codes (two municipalities are called Herøy): add \
             a column with the code of four digits"
        )
    })
}

/// The column with most places in it. Years are codes of Finnmark too, so a column of years needs the name of one of places.
/// A hidden one is taken where no other has any.
fn places(rows: &[(u64, StringRecord)], hidden: &BTreeSet<usize>, known: &Known) -> Option<usize> {
    let width = rows.iter().map(|(_, row)| row.len()).max().unwrap_or(0);
    let rank = |at: &usize| {
        let score = place_score(rows, *at, known);
        (score.0 > 0 && !hidden.contains(at), score, std::cmp::Reverse(*at))
    };
    let best = (0..width).max_by_key(rank)?;
    (place_score(rows, best, known).0 > 0).then_some(best)
}

/// How many places a column has, and whether it is named as one of places.
fn place_score(rows: &[(u64, StringRecord)], at: usize, known: &Known) -> (usize, bool) {
    let cells: Vec<&str> = rows.iter().filter_map(|(_, row)| row.get(at)).map(str::trim).collect();
    let codes: Vec<&str> = cells.iter().copied().filter(|cell| code(cell, known).is_some()).collect();
    let named = cells.iter().take(30).any(|cell| {
        let cell = cell.to_lowercase();
        code(&cell, known).is_none() && PLACES.iter().any(|word| cell.contains(word))
    });
    let years = codes.iter().all(|cell| cell.parse().is_ok_and(|year: u32| (1990..2060).contains(&year)));
    (if years && !named { 0 } else { codes.len() }, named)
}

/// The lowest row above the data with two names or more and no number.
fn bottom_of_names(above: &[(u64, StringRecord)]) -> Option<usize> {
    above.iter().rposition(|(_, row)| {
        let names = row.iter().filter(|cell| !cell.trim().is_empty()).count();
        names > 1 && !row.iter().any(|cell| number::whole(cell, ',').is_ok() && !is_period(cell))
    })
}

/// A row above belongs to the names when those below are not enough: some occur twice, or are months without a year, or the
/// places have their name above only.
fn top_of_names(rows: &[(u64, StringRecord)], subject: usize) -> usize {
    let mut top = rows.len() - 1;
    while top > 0 && rows.len() - top < MOST_HEADER_ROWS {
        let ((above, higher), (row, lower)) = (&rows[top - 1], &rows[top]);
        let names: Vec<String> =
            lower.iter().map(|cell| cell.trim().to_lowercase()).filter(|cell| !cell.is_empty()).collect();
        let twice = names.iter().enumerate().any(|(at, name)| names[..at].contains(name));
        let months = names.iter().filter(|name| is_month(name)).count() > 1;
        let reaches = higher.iter().skip(1).any(|cell| !cell.trim().is_empty());
        let name = |cells: &StringRecord| cells.get(subject).unwrap_or("").trim().to_lowercase();
        let places_above = name(lower).is_empty() && names_places(&name(higher));
        if !(twice || months || places_above) || !reaches || above + 1 != *row {
            break;
        }
        top -= 1;
    }
    top
}

/// Whether a name is one of a column of places, and no title about municipalities.
pub(super) fn names_places(name: &str) -> bool {
    PLACES.iter().any(|word| name.contains(word))
        && name.split_whitespace().count() < 3
        && !name.contains(|c: char| c.is_ascii_digit())
}

/// Whether a text is a month without a year.
pub(super) fn is_month(text: &str) -> bool {
    text.contains(char::is_alphabetic) && written_period::period(&format!("{text} 2024")).is_ok()
}

/// Whether a text is a period a delivery may be about.
pub(super) fn is_period(text: &str) -> bool {
    read_period(text).is_some()
}

/// Reads a period of our time: `1204` is a count and no year.
pub(super) fn read_period(text: &str) -> Option<Period> {
    use chrono::Datelike;
    written_period::period(text).ok().filter(|period| (1990..2060).contains(&period.start.year()))
}
