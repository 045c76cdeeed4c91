//! The words of a column's name, compared as whole words or by their stems.

/// A name as words in small letters with one blank around each, so that a phrase is found as one.
pub(super) fn spaced(name: &str) -> String {
    let lower = name.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

/// Whether a spaced text has one of some words or phrases, listed with commas.
pub(super) fn has(text: &str, phrases: &str) -> bool {
    phrases.split(", ").any(|phrase| text.contains(&format!(" {phrase} ")))
}

/// Whether a word of a spaced text begins with one of some stems, listed with commas.
pub(super) fn begins(text: &str, stems: &str) -> bool {
    stems.split(", ").any(|stem| text.contains(&format!(" {stem}")))
}

/// Whether a word is one of some, listed with commas.
pub(super) fn is_one(word: &str, words: &str) -> bool {
    words.split(", ").any(|own| own == word)
}
