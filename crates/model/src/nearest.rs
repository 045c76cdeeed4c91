//! The valid name most like a wrong one, for every error that can suggest a correction.

/// How alike two names must be, by Jaro-Winkler similarity (0 to 1), for one to be suggested for the other.
const ALIKE: f64 = 0.7;

/// The valid name nearest to `name`, when one is near enough to be worth suggesting; of several as near, the first in
/// alphabetical order. Of a code in digits only a lost zero is a slip.
#[must_use]
pub fn nearest<'a>(name: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let valid: Vec<&str> = valid.into_iter().collect();
    // A code that lost its leading zero, and a name in other letters, are what they look like.
    let lost_zero = |candidate: &&str| candidate.strip_prefix('0') == Some(name);
    let same_letters = |candidate: &&str| candidate.eq_ignore_ascii_case(name);
    if let Some(meant) =
        valid.iter().copied().find(lost_zero).or_else(|| valid.iter().copied().find(same_letters))
    {
        return Some(meant.to_owned());
    }
    // Codes that differ in a digit are other places, and no slip of one is likelier than of another.
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let scored = valid.into_iter().map(|candidate| (strsim::jaro_winkler(name, candidate), candidate));
    let best =
        scored.filter(|(score, _)| *score > ALIKE).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)));
    best.map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_nonsense_finds_none() {
        assert_eq!(nearest("digsos", ["svarut", "digisos"]).as_deref(), Some("digisos"));
        assert_eq!(nearest("zzzz", ["svarut", "digisos"]), None);
        assert_eq!(nearest("301", ["3201", "3011", "0301"]).as_deref(), Some("0301"));
        assert_eq!(nearest("3", ["13", "03", "33"]).as_deref(), Some("03"));
        assert_eq!(nearest("1507", ["1505", "1508", "1580"]), None);
        assert_eq!(nearest("SVARUT", ["svarut", "digisos"]).as_deref(), Some("svarut"));
        // Both differ from it in the last letter alone.
        assert_eq!(nearest("ab_", ["abc", "abb"]).as_deref(), Some("abb"));
    }
}
