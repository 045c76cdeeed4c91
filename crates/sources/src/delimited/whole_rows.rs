//! Where delimited text that comes bit by bit may be cut.

use memchr::memchr2_iter;

/// The length of the whole rows that some bytes begin with: up to the last line break outside of quotes, or, where a quote is
/// never closed, the last of all. A quote opens a field at its beginning only, as where rows are read.
#[must_use]
pub fn whole_rows(bytes: &[u8], line_break: u8, most: usize) -> usize {
    let (mut quoted, mut whole, mut last) = (false, 0, 0);
    // Where a field's quote was closed last.
    let mut closed = None;
    for at in memchr2_iter(b'"', line_break, bytes) {
        let before = at.checked_sub(1);
        if bytes[at] == line_break {
            last = at + 1;
            whole = if quoted { whole } else { last };
        } else if quoted {
            (quoted, closed) = (false, Some(at));
        } else {
            // A doubled quote within a field closes and opens again.
            let doubled = closed.is_some() && closed == before;
            quoted = doubled || is_border(before.map_or(line_break, |before| bytes[before]));
        }
    }
    if whole == 0 && bytes.len() > most { last } else { whole }
}

/// Whether a field begins behind a byte: a line break, or what may be a delimiter.
fn is_border(byte: u8) -> bool {
    !(byte.is_ascii_alphanumeric() || byte >= 0x80 || byte == b'"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_ends_where_a_row_does() {
        for (text, whole) in [
            ("a;b\n1;2\n3;", 8),
            ("a;b", 0),
            // Within quotes a line break is none, doubled quotes or not.
            ("a;\"b\nc\"\nd;\"e\nf", 8),
            ("a;\"b\"\"c\nd\"\ne", 11),
            ("\"a\nb\";c\n\"", 8),
            // A quote within a field opens nothing.
            ("a;5\" pipe\nb;6\" pipe\nc", 20),
            ("a;5\" pipe;\"x\ny\"\nb", 16),
        ] {
            assert_eq!(whole_rows(text.as_bytes(), b'\n', 1000), whole, "{text:?}");
        }
        // A quote that is never closed takes no more than it may.
        assert_eq!(whole_rows(b"\"a\nb\nc", b'\n', 1000), 0);
        assert_eq!(whole_rows(b"\"a\nb\nc", b'\n', 3), 5);
    }
}
