//! Where the lines of a text end.

use super::grid::MAX_LINE;

/// What ends the rows: in Macintosh files a carriage return, and a line feed may break a line inside a cell.
pub(super) fn line_break(text: &str) -> char {
    let feeds = text.matches('\n').count();
    let returns = text.matches('\r').count() - text.matches("\r\n").count();
    if returns > feeds { '\r' } else { '\n' }
}

/// Where the first line from `from` on lies that is longer than is read.
pub(super) fn too_long(text: &str, mut from: usize, line_break: char) -> Option<(usize, usize)> {
    while from < text.len() {
        let end = text[from..].find(line_break).map_or(text.len(), |length| from + length);
        if text[from..end].trim_end_matches('\r').len() > MAX_LINE {
            return Some((from, end));
        }
        from = end + 1;
    }
    None
}

/// Where the line behind some others begins.
pub(super) fn start_of_line(text: &str, skip: usize, line_break: char) -> Option<usize> {
    let mut from = 0;
    for _ in 0..skip {
        from += text[from..].find(line_break)? + 1;
    }
    Some(from)
}
