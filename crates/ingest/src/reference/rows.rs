//! Plain CSV out and in: UTF-8, comma, LF, quotes only where needed, rows in the order given.

use std::collections::BTreeMap;

use utbredt_sources::reference::text::Sheet;

use super::ReferenceError;

/// A CSV file being written.
#[derive(Debug)]
pub(super) struct Csv {
    text: String,
    /// How many data rows it has.
    pub(super) rows: usize,
}

impl Csv {
    pub(super) fn new(header: &[&str]) -> Self {
        let mut csv = Self { text: String::new(), rows: 0 };
        csv.line(header);
        csv
    }

    pub(super) fn push<T: AsRef<str>>(&mut self, fields: &[T]) {
        self.line(fields);
        self.rows += 1;
    }

    fn line<T: AsRef<str>>(&mut self, fields: &[T]) {
        for (at, field) in fields.iter().enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            let field = field.as_ref();
            // Only where it must be quoted: a change of one row is then a change of one line.
            if field.contains([',', '"', '\n', '\r']) {
                self.text.push('"');
                self.text.push_str(&field.replace('"', "\"\""));
                self.text.push('"');
            } else {
                self.text.push_str(field);
            }
        }
        self.text.push('\n');
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// A value or nothing, as a field.
pub(super) fn or_empty<T: ToString>(value: Option<&T>) -> String {
    value.map_or(String::new(), ToString::to_string)
}

/// Reads one of our own files: its rows as maps from column to field, refusing any that cannot be read.
pub(super) fn read(
    file: &str,
    bytes: &[u8],
    first: &str,
) -> Result<Vec<BTreeMap<String, String>>, ReferenceError> {
    let sheet = Sheet::read(bytes, first);
    if let Some(rejection) = sheet.rejections.first() {
        return Err(ReferenceError::content(file, format!("row {}: {}", rejection.row, rejection.reason)));
    }
    let row = |(line, fields): &(u64, Vec<String>)| {
        if fields.len() == sheet.header.len() {
            Ok(sheet.header.iter().cloned().zip(fields.iter().cloned()).collect())
        } else {
            let reason =
                format!("row {line} has {} fields where the header has {}", fields.len(), sheet.header.len());
            Err(ReferenceError::content(file, reason))
        }
    };
    sheet.records.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let mut csv = Csv::new(&["a", "b"]);
        csv.push(&["x, \"y\"", ""]);
        assert_eq!(csv.rows, 1);
        let text = csv.into_text();
        assert_eq!(text, "a,b\n\"x, \"\"y\"\"\",\n");
        let rows = read("f", text.as_bytes(), "a").unwrap();
        assert_eq!(rows[0]["a"], "x, \"y\"");
        assert!(read("f", b"a,b\n1\n", "a").unwrap_err().to_string().contains("row 2 has 1 fields"));
    }
}
