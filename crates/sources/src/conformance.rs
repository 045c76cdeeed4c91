//! What every parser of this crate promises, checked the same way for each.

use proptest::prelude::*;
use utbredt_model::Parsed;

/// Checks the promises on well-formed samples and on ways of spoiling them. `one_to_one` says that each row makes
/// exactly one statement, so that rows in equal statements plus refusals.
pub(crate) fn conformance(parse: impl Fn(&[u8]) -> Parsed, samples: &[&[u8]], one_to_one: bool) {
    for sample in samples {
        let parsed = parse(sample);
        assert!(parsed.breaches.is_empty(), "{:?}", parsed.breaches);
        assert!(!parsed.observations.is_empty(), "a sample must say something: {:?}", parsed.rejections);
        assert!(parsed.observations.iter().all(|o| o.row >= 1));
        account(&parsed, one_to_one);
        assert_eq!(parsed, parse(sample), "parsing twice gives the same");
        for cut in 0..sample.len() {
            account(&parse(&sample[..cut]), one_to_one);
        }
    }
    for garbage in [&b"\x00\xFF\x00\xFF"[..], b"", b"\n\n\n", b"{}", b"PK\x03\x04", b"\"", b"a\tb;c,d\n1\n"] {
        let parsed = parse(garbage);
        assert!(parsed.observations.is_empty());
        assert!(
            !parsed.rejections.is_empty() || !parsed.breaches.is_empty(),
            "{garbage:?} passed in silence"
        );
    }
    let config = ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() };
    let owned: Vec<Vec<u8>> = samples.iter().map(|s| s.to_vec()).collect();
    proptest!(config, |(bytes in proptest::collection::vec(any::<u8>(), 0..400))| { account(&parse(&bytes), one_to_one); });
    let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(which in any::<prop::sample::Index>(), edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6))| {
        let mut bytes = which.get(&owned).clone();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        account(&parse(&bytes), one_to_one);
    });
}

fn account(parsed: &Parsed, one_to_one: bool) {
    assert!(parsed.rejections.iter().all(|r| !r.reason.is_empty() && r.raw.chars().count() <= 500));
    if one_to_one && parsed.breaches.is_empty() {
        let told = (parsed.observations.len() + parsed.rejections.len()) as u64;
        assert_eq!(parsed.rows_in, told, "every row is a statement or a refusal: {parsed:?}");
    }
}
