//! Rows that add up others, known by what they are called.

/// Whether a text names a row that adds up others.
pub(super) fn is_total(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    // KOSTRA's codes of the country, of counties and of groups of municipalities.
    let kostra = ["eak", "eka", "ekg"].iter().any(|code| {
        let rest = text.strip_prefix(code).map(|rest| rest.split_whitespace().next().unwrap_or(""));
        rest.is_some_and(|rest| {
            text == *code || text[3..].starts_with(' ') || rest.bytes().all(|b| b.is_ascii_digit())
        })
    });
    if kostra {
        return true;
    }
    [
        "sum",
        "total",
        "i alt",
        "hele landet",
        "heile landet",
        "landet",
        "alle ",
        "samlet",
        "samla",
        "gjennomsnitt",
        "noreg",
        "norge",
    ]
    .iter()
    .any(|word| text.starts_with(word))
        || text == "alle"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_known_by_their_names() {
        for name in
            ["EAK Hele landet", "EKA46 Vestland", "EKG01", "Sum Vestland", "Hele landet", "i alt", "Alle"]
        {
            assert!(is_total(name), "{name}");
        }
        for name in ["Ekeberg", "Sund", "Oslo", ""] {
            assert!(!is_total(name), "{name}");
        }
    }
}
