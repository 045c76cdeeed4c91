//! What every parser of this crate promises, checked the same way for each.

use std::fmt::Debug;

use proptest::prelude::*;
use utbredt_model::{Parsed, Rejection};

use crate::reference::Read;

/// What a parser makes of bytes, whatever its rows are.
pub(crate) trait Outcome: Debug + PartialEq {
    /// How many statements were accepted.
    fn accepted(&self) -> usize;
    /// The rows rejected.
    fn rejected(&self) -> &[Rejection];
    /// What holds the whole delivery back.
    fn breaches(&self) -> &[String] {
        &[]
    }
    /// How many rows came in, where the parser counts them.
    fn rows_in(&self) -> Option<u64> {
        None
    }
}

impl Outcome for Parsed {
    fn accepted(&self) -> usize {
        assert!(self.observations.iter().all(|o| o.row >= 1));
        self.observations.len()
    }
    fn rejected(&self) -> &[Rejection] {
        &self.rejections
    }
    fn breaches(&self) -> &[String] {
        &self.breaches
    }
    fn rows_in(&self) -> Option<u64> {
        Some(self.rows_in)
    }
}

impl<T: Debug + PartialEq> Outcome for Read<T> {
    fn accepted(&self) -> usize {
        self.rows.len()
    }
    fn rejected(&self) -> &[Rejection] {
        &self.rejections
    }
}

/// Checks the promises on well-formed samples and on ways of spoiling them. `one_to_one` means that each row makes
/// exactly one statement, so that rows in equal statements plus refusals.
pub(crate) fn conformance<O: Outcome>(parse: impl Fn(&[u8]) -> O, samples: &[&[u8]], one_to_one: bool) {
    for sample in samples {
        let parsed = parse(sample);
        assert!(parsed.breaches().is_empty(), "{:?}", parsed.breaches());
        assert!(parsed.accepted() > 0, "a sample must say something: {:?}", parsed.rejected());
        account(&parsed, one_to_one);
        assert_eq!(parsed, parse(sample), "parsing twice gives the same");
        for cut in 0..sample.len() {
            account(&parse(&sample[..cut]), one_to_one);
        }
    }
    for garbage in [&b"\x00\xFF\x00\xFF"[..], b"", b"\n\n\n", b"{}", b"PK\x03\x04", b"\"", b"a\tb;c,d\n1\n"] {
        let parsed = parse(garbage);
        assert_eq!(parsed.accepted(), 0);
        assert!(
            !parsed.rejected().is_empty() || !parsed.breaches().is_empty(),
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

fn account(parsed: &impl Outcome, one_to_one: bool) {
    assert!(parsed.rejected().iter().all(|r| !r.reason.is_empty() && r.raw.chars().count() <= 500));
    if let Some(rows_in) = parsed.rows_in()
        && one_to_one
        && parsed.breaches().is_empty()
    {
        let counted = (parsed.accepted() + parsed.rejected().len()) as u64;
        assert_eq!(rows_in, counted, "every row is a statement or a refusal: {parsed:?}");
    }
}
