//! From bytes to text: the encodings deliveries come in, declared or recognised. Decoding never fails; a byte that
//! has no meaning becomes U+FFFD, for which the row readers reject the row.

use std::borrow::Cow;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde::{Deserialize, Serialize};

/// How a delivery's text is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// Windows' western code page.
    #[serde(rename = "windows-1252")]
    Windows1252,
    /// ISO 8859-1.
    #[serde(rename = "latin-1")]
    Latin1,
    /// UTF-16, little-endian unless the byte order mark differs.
    #[serde(rename = "utf-16")]
    Utf16,
}

/// Recognises an encoding: byte order mark, then UTF-8 (a last character cut in two still counts), then UTF-16 by the
/// zero bytes of its first character, else Windows-1252, in which every byte means something.
#[must_use]
pub fn sniff(bytes: &[u8]) -> Encoding {
    let utf8 = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => Encoding::Utf8,
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Encoding::Utf16,
        // Without a byte order mark: Latin letters have a zero byte on one side.
        [0, low, ..] if *low != 0 => Encoding::Utf16,
        [low, 0, ..] if *low != 0 => Encoding::Utf16,
        _ if utf8 => Encoding::Utf8,
        _ => Encoding::Windows1252,
    }
}

/// Decodes by the declared encoding, or by the one recognised. The byte order mark is taken off.
#[must_use]
pub fn decode(bytes: &[u8], declared: Option<Encoding>) -> Cow<'_, str> {
    match declared.unwrap_or_else(|| sniff(bytes)) {
        Encoding::Utf8 => String::from_utf8_lossy(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)),
        Encoding::Windows1252 => WINDOWS_1252.decode_without_bom_handling(bytes).0,
        Encoding::Latin1 => encoding_rs::mem::decode_latin1(bytes),
        Encoding::Utf16 => {
            let big = matches!(bytes, [0xFE, 0xFF, ..]) || (matches!(bytes, [0, low, ..] if *low != 0));
            (if big { UTF_16BE } else { UTF_16LE }).decode_with_bom_removal(bytes).0
        }
    }
}

/// Letters that a Macintosh writes as a letter and a mark behind it, and the letter each pair means.
const COMPOSED: [(char, char, char); 14] = [
    ('a', '\u{30a}', 'å'),
    ('a', '\u{308}', 'ä'),
    ('o', '\u{308}', 'ö'),
    ('u', '\u{308}', 'ü'),
    ('a', '\u{301}', 'á'),
    ('e', '\u{301}', 'é'),
    ('o', '\u{301}', 'ó'),
    ('e', '\u{300}', 'è'),
    ('o', '\u{300}', 'ò'),
    ('o', '\u{302}', 'ô'),
    ('e', '\u{302}', 'ê'),
    ('c', '\u{30c}', 'č'),
    ('s', '\u{30c}', 'š'),
    ('z', '\u{30c}', 'ž'),
];

/// Whether nobody sees a sign: zero-width ones, signs of direction, the soft hyphen, byte order marks.
pub(crate) fn is_unseen(sign: char) -> bool {
    matches!(sign, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A text as it is seen: each letter in one piece, and without the signs that nobody sees. Cells and contracts go through it,
/// so that what looks the same is the same.
pub(crate) fn as_seen(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(|c: char| is_unseen(c) || is_mark(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for sign in text.chars().filter(|sign| !is_unseen(*sign)) {
        let whole = out.chars().next_back().filter(|_| is_mark(sign)).and_then(|last| composed(last, sign));
        if whole.is_some() {
            out.pop();
        }
        out.push(whole.unwrap_or(sign));
    }
    Cow::Owned(out)
}

/// A mark that belongs to the letter before it.
fn is_mark(sign: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&sign)
}

/// The letter that a letter and the mark behind it mean.
fn composed(letter: char, mark: char) -> Option<char> {
    let small = letter.to_lowercase().next()?;
    let (.., whole) = COMPOSED.iter().find(|(plain, sign, _)| (*plain, *sign) == (small, mark))?;
    if small == letter { Some(*whole) } else { whole.to_uppercase().next() }
}

/// A name in small letters, as it is seen.
pub(crate) fn folded(name: &str) -> String {
    as_seen(name.trim()).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_in_every_encoding() {
        let utf16 = |big: bool, mark: bool| -> Vec<u8> {
            let text = if mark { "\u{feff}Målselv" } else { "Målselv" };
            text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
        };
        for bytes in [
            "Målselv".as_bytes().to_vec(),
            "\u{feff}Målselv".as_bytes().to_vec(),
            b"M\xE5lselv".to_vec(),
            utf16(true, true),
            utf16(false, true),
            utf16(true, false),
            utf16(false, false),
        ] {
            assert_eq!(decode(&bytes, None), "Målselv", "{bytes:?}");
        }
        assert_eq!(decode(b"M\xE5lselv", Some(Encoding::Latin1)), "Målselv");
    }

    #[test]
    fn what_looks_the_same_is_the_same() {
        for (text, seen) in [
            ("Ma\u{30a}ned", "Måned"),
            ("A\u{30a}LESUND", "ÅLESUND"),
            ("03\u{200b}01", "0301"),
            ("\u{feff}12\u{180e}00", "1200"),
            ("Måned", "Måned"),
            ("x\u{33f}", "x\u{33f}"),
        ] {
            assert_eq!(as_seen(text), seen);
        }
    }

    #[test]
    fn the_two_western_encodings_differ_where_they_differ() {
        assert_eq!(decode(b"\x96", Some(Encoding::Windows1252)), "–");
        assert_eq!(decode(b"\x96", Some(Encoding::Latin1)), "\u{96}");
    }

    #[test]
    fn a_character_cut_in_two_does_not_change_the_encoding() {
        let cut = "Målselv og Bodø".as_bytes();
        assert_eq!(decode(&cut[..cut.len() - 1], None), "Målselv og Bod\u{fffd}");
        assert_eq!(decode(b"M\xE5l", Some(Encoding::Utf8)), "M\u{fffd}l");
    }
}
