//! Delimited text of unknown shape: encoding, delimiter and preamble are found out, not assumed.

use utbredt_model::{Reason, ReasonCode, Rejection};

/// A file with a header, split into records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sheet {
    /// The header's names.
    pub header: Vec<String>,
    /// The records below it, each with its line in the file.
    pub records: Vec<(u64, Vec<String>)>,
    /// Why parts of it could not be read.
    pub rejections: Vec<Rejection>,
}

impl Sheet {
    /// Reads a file whose header begins with the column `first`; what is above it is a preamble.
    #[must_use]
    pub fn read(bytes: &[u8], first: &str) -> Self {
        let text = decode(bytes).replace("\r\n", "\n");
        let mut sheet = Self::default();
        let Some((skipped, header)) = text.lines().enumerate().find(|(_, line)| begins_with(line, first))
        else {
            let raw: String = text.chars().take(80).collect();
            let text = format!("no header beginning with `{first}` found");
            sheet.rejections.push(Rejection::new(1, Reason::new(ReasonCode::MissingField, text), raw));
            return sheet;
        };
        // Names of municipalities have no tabs, so a tie is decided for them.
        let delimiter = [b'\t', b';', b',']
            .into_iter()
            .max_by_key(|d| (header.bytes().filter(|b| b == d).count(), *d == b'\t'));
        let start: usize = text.split_inclusive('\n').take(skipped).map(str::len).sum();
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter.unwrap_or(b','))
            .flexible(true)
            .has_headers(false)
            .from_reader(text.as_bytes().get(start..).unwrap_or_default());
        for record in reader.records() {
            match record {
                Ok(record) => {
                    let line = record.position().map_or(0, csv::Position::line) + skipped as u64;
                    let fields: Vec<_> = record.iter().map(|field| field.trim().to_owned()).collect();
                    if sheet.header.is_empty() {
                        sheet.header = fields;
                    } else {
                        sheet.records.push((line, fields));
                    }
                }
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line) + skipped as u64;
                    let reason = Reason::because(ReasonCode::Syntax, "not a record", &error);
                    sheet.rejections.push(Rejection::new(line, reason, ""));
                }
            }
        }
        sheet
    }

    /// The columns of those names, or a rejection naming the one that is missing.
    pub(crate) fn columns<const N: usize>(&self, names: [&str; N]) -> Result<[usize; N], Rejection> {
        let mut found = [0; N];
        for (slot, name) in found.iter_mut().zip(names) {
            *slot = self.header.iter().position(|column| column == name).ok_or_else(|| {
                let reason = format!("column `{name}` is missing; the header has {}", self.header.join(", "));
                Rejection::new(1, Reason::new(ReasonCode::MissingField, reason), self.header.join(","))
            })?;
        }
        Ok(found)
    }
}

/// UTF-8 where it is that, else windows-1252, which holds all of latin-1.
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

fn begins_with(line: &str, first: &str) -> bool {
    let line = line.trim_start_matches('"');
    line.strip_prefix(first).is_some_and(|rest| rest.starts_with(['"', '\t', ';', ',']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_found_out() {
        let sheet = Sheet::read(
            b"07459: Population\r\n\r\n\"region\";\"age\"\r\n\"0101 M\xF8\";\"1 year\"\r\n",
            "region",
        );
        assert_eq!(sheet.header, ["region", "age"]);
        assert_eq!(sheet.records, [(4, vec!["0101 Mø".to_owned(), "1 year".to_owned()])]);
        let tabs = Sheet::read("region\tage, in years\nx\ty\n".as_bytes(), "region");
        assert_eq!(tabs.header, ["region", "age, in years"]);
    }

    #[test]
    fn a_file_without_its_header_is_refused() {
        let sheet = Sheet::read(b"<html>", "region");
        assert_eq!(sheet.rejections.len(), 1);
        assert!(Sheet::read(b"\xff\xfe\0", "a").records.is_empty());
    }
}
