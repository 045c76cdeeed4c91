//! Rows that add up others, known by what they are called.

use std::collections::BTreeSet;

/// Whether a text names a row that adds up others.
pub(super) fn is_total(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    // KOSTRA's codes of the country, of the country without Oslo, of counties and of groups of municipalities.
    let kostra = ["eakuo", "eak", "eka", "ekg"].iter().any(|code| {
        let rest = text.strip_prefix(code).map(|rest| rest.split_whitespace().next().unwrap_or(""));
        rest.is_some_and(|rest| {
            text == *code || text[code.len()..].starts_with(' ') || rest.bytes().all(|b| b.is_ascii_digit())
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

/// Whether a cell among codes of municipalities, which is none itself, names a larger area or none: `0 Hele landet`,
/// `50 Trøndelag`, `5000`, `9999 Uoppgitt`.
pub(super) fn is_larger_area(cell: &str) -> bool {
    let (code, name) = cell.trim().split_once(' ').unwrap_or((cell.trim(), ""));
    if code.is_empty() || !code.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let named = name.contains(char::is_alphabetic);
    match code.len() {
        1 | 2 => named,
        4 => code.ends_with("00") || (named && code == "9999"),
        _ => false,
    }
}

/// The municipality that a cell among codes of municipalities is a district of: `030101 Gamle Oslo`, `03010101`.
pub(super) fn municipality_of_district(cell: &str) -> Option<&str> {
    let code = cell.split_whitespace().next()?;
    let is_district = matches!(code.len(), 6 | 8) && code.bytes().all(|b| b.is_ascii_digit());
    code.get(..4).filter(|_| is_district)
}

/// Whether a word of a column that tells parts apart is a part of another one: `herav menn`.
pub(super) fn is_part_of_another(word: &str) -> bool {
    let word = word.trim().to_lowercase();
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    let said = ["inkl. i ", "inkl i ", "inkludert i ", "inngår i ", "del av ", "included in ", "part of "];
    if said.iter().any(|phrase| word.contains(phrase)) {
        return true;
    }
    ["herav", "derav", "hvorav", "av disse", "av desse", "av dette", "of which", "of whom"]
        .iter()
        .any(|own| word.strip_prefix(own).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
}

/// Whether a word of a column that tells parts apart is the mean of the others.
pub(super) fn is_average(word: &str) -> bool {
    let word = word.to_lowercase();
    ["snitt", "average", "median"].iter().any(|stem| word.contains(stem))
}

/// Whether a word of a column that tells parts apart adds up the others: `Begge kjønn`, `I alt`, and `Kvinner og menn` beside
/// `Kvinner` and `Menn`. All words of the column are given in small letters without blanks.
pub(super) fn adds_up_parts(word: &str, all: &BTreeSet<String>) -> bool {
    let written = word.trim();
    const WHOLE: [&str; 23] = [
        "sum",
        "sums",
        "total",
        "totalt",
        "totals",
        "alle",
        "all",
        "alt",
        "begge",
        "både",
        "both",
        "samlet",
        "samla",
        "hele",
        "heile",
        "tilsammen",
        "ialt",
        "overall",
        "uansett",
        "totalsum",
        "totalsummen",
        "samtlige",
        "samtlege",
    ];
    const BEGINNINGS: [&str; 5] = ["i alt", "til saman", "til sammen", "uavhengig av", "grand total"];
    let word = word.trim().to_lowercase();
    let first = word.split(|c: char| !c.is_alphanumeric()).find(|part| !part.is_empty()).unwrap_or("");
    if WHOLE.contains(&first) || BEGINNINGS.iter().any(|words| word.starts_with(words)) {
        return true;
    }
    if is_total_of_sexes(&word, all) || is_made_of_letters(written, all) {
        return true;
    }
    // `M+K` beside `Menn` and `Kvinner` too.
    let begins_one = |part: &str| {
        part.chars().count() == 1
            && part.contains(char::is_alphabetic)
            && all.iter().any(|own| own.starts_with(part))
    };
    [" og ", " and ", "+", "/", "&", ","].iter().any(|sign| {
        let parts: Vec<&str> = word.split(sign).collect();
        let mut known = parts.iter().map(|part| part.split_whitespace().collect::<String>());
        parts.len() > 1 && known.all(|part| all.contains(&part) || begins_one(&part))
    })
}

/// `T` beside a sex. Elsewhere it may be a letter among others.
fn is_total_of_sexes(word: &str, all: &BTreeSet<String>) -> bool {
    const SEXES: [&str; 8] = ["m", "k", "f", "menn", "kvinner", "mann", "kvinne", "gutter"];
    word == "t" && SEXES.iter().any(|sex| all.contains(*sex))
}

/// `MK` beside `M` and `K`, or beside `Menn` and `Kvinner` and nothing else.
fn is_made_of_letters(written: &str, all: &BTreeSet<String>) -> bool {
    let letters: BTreeSet<String> = written.to_lowercase().chars().map(String::from).collect();
    let count = written.chars().count();
    if count < 2 || letters.len() != count || !written.chars().all(char::is_alphabetic) {
        return false;
    }
    let own = written.to_lowercase();
    let first = |word: &String| word.chars().next().map(String::from).unwrap_or_default();
    let others: BTreeSet<String> = all.iter().filter(|word| **word != own).map(first).collect();
    let short = written.chars().all(char::is_uppercase) && all.len() == count + 1;
    letters.iter().all(|letter| all.contains(letter)) || (short && others == letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_known_by_their_names() {
        for name in [
            "EAK Hele landet",
            "EKA46 Vestland",
            "EKG01",
            "Sum Vestland",
            "Hele landet",
            "i alt",
            "Alle",
            "EAKUO Landet uten Oslo",
            "EAK",
        ] {
            assert!(is_total(name), "{name}");
        }
        for name in ["Ekeberg", "Sund", "Oslo", ""] {
            assert!(!is_total(name), "{name}");
        }
    }

    #[test]
    fn words_that_add_up_the_others_of_their_column() {
        let others = ["kvinner", "menn", "0-17"].map(str::to_owned).into();
        for word in [
            "Begge",
            "Begge kjønn",
            "Totalt",
            "Alle",
            "Alle aldre",
            "Sum",
            "I alt",
            "i alt (K+M)",
            "Både K og M",
            "Samlet",
            "Kvinner og menn",
            "menn+kvinner",
            "Kvinner / Menn",
            "Sum:",
            "Total",
            "Til sammen",
            "Totalsum",
            "Samtlige",
            "Uavhengig av kjønn",
            "K+M",
        ] {
            assert!(adds_up_parts(word, &others), "{word}");
        }
        for word in [
            "Kvinner",
            "K",
            "18-66",
            "Allergi",
            "App og nett",
            "Summer",
            "Norge",
            "Heldøgn",
            "",
            "og",
            "Altinn",
        ] {
            assert!(!adds_up_parts(word, &others), "{word}");
        }
    }

    #[test]
    fn letters_that_add_up_the_others_of_their_column() {
        for (word, others, adds) in [
            ("T", "m k", true),
            ("T", "kvinner menn", true),
            ("T", "a b", false),
            ("MK", "m k", true),
            ("MK", "menn kvinner", true),
            ("mk", "menn kvinner", false),
            ("MK", "menn kvinner barn", false),
            ("M+K", "m k u", true),
            ("MM", "m k", false),
            ("12", "1 2", false),
            ("IT", "nav it drift", false),
        ] {
            let all = others.split(' ').map(str::to_owned).chain([word.to_lowercase()]).collect();
            assert_eq!(adds_up_parts(word, &all), adds, "{word} beside {others}");
        }
    }

    #[test]
    fn a_district_is_known_by_its_code() {
        assert_eq!(municipality_of_district("030101 Gamle Oslo"), Some("0301"));
        assert_eq!(municipality_of_district("46011105"), Some("4601"));
        for cell in ["0301", "0301 Oslo", "974760673", "Gamle Oslo 030101", "03o101", ""] {
            assert_eq!(municipality_of_district(cell), None, "{cell}");
        }
    }

    #[test]
    fn larger_areas_are_known_by_their_codes() {
        for cell in ["0 Hele landet", "50 Trøndelag", "5000", "0000 Landet", "9999 Uoppgitt"] {
            assert!(is_larger_area(cell), "{cell}");
        }
        for cell in ["50", "301 Oslo", "0301", "9999", "18-66 år", "", "Trøndelag"] {
            assert!(!is_larger_area(cell), "{cell}");
        }
    }
}
