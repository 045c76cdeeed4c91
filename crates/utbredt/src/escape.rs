//! Control characters in texts of others: shown, never sent. A delivered cell, a file's name or a reason may hold the
//! codes by which a terminal is cleared, recoloured or made to type, or by which a line of a log reads as another. Whatever
//! the command prints or logs passes here last.

use std::borrow::Cow;

/// How an escaped character is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `\u{1b}`: for people.
    Shown,
    /// `\u001b`: in JSON and TOML, where it is the character itself.
    Document,
}

/// Whether a character does something instead of being seen: a control character of C0 or C1, or one that turns the order
/// in which a line is read.
fn acts(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text with every control character escaped but those kept.
pub(crate) fn escape<'t>(text: &'t str, form: Form, kept: &[char]) -> Cow<'t, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match form {
            _ if !acts(c) || kept.contains(&c) => out.push(c),
            Form::Shown => out.extend(c.escape_unicode()),
            Form::Document => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    Cow::Owned(out)
}

/// A text of one line: a line break in it is no break of ours.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    escape(text, Form::Shown, &[])
}

/// A text whose lines we have made.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    escape(text, Form::Shown, &['\n'])
}

/// A text in JSON or TOML. Outside of their texts there are no control characters but line breaks and tabs.
pub(crate) fn document(text: &str) -> Cow<'_, str> {
    escape(text, Form::Document, &['\n', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_shown_and_what_is_seen_stays() {
        for (text, shown) in [
            ("Bærum; 1 000 «kr» 😀", "Bærum; 1 000 «kr» 😀"),
            ("\u{1b}[2J", r"\u{1b}[2J"),
            ("a\0b\r\tc\u{7f}", r"a\u{0}b\u{d}\u{9}c\u{7f}"),
            // The same command in one character of C1.
            ("\u{9b}31m\u{85}", r"\u{9b}31m\u{85}"),
            ("\u{202a}\u{202e}x\u{2066}\u{2069}", r"\u{202a}\u{202e}x\u{2066}\u{2069}"),
            // The neighbours are spaces and dashes, and letters of other scripts are not ours to hide.
            ("\u{2029}\u{202f}\u{2065}\u{206a}\u{a0}שלום", "\u{2029}\u{202f}\u{2065}\u{206a}\u{a0}שלום"),
        ] {
            assert_eq!(one_line(text), shown);
        }
        assert_eq!(one_line("a\nb"), r"a\u{a}b");
        assert_eq!(lines("a\nb\u{1b}"), "a\nb\\u{1b}");
        assert_eq!(one_line(&one_line("\u{1b}")), r"\u{1b}", "what is escaped is not escaped again");
    }

    #[test]
    fn in_a_document_it_is_still_the_same_text() {
        let value = serde_json::json!({ "raw": "0301;\u{1b}\u{9b}\u{7f}\u{202e}7\n" });
        let written = document(&value.to_string()).into_owned();
        assert!(!written.contains(acts), "{written}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&written).expect("JSON"), value);
    }
}
