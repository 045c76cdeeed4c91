//! The one spelling of a moment in every body: RFC 3339 in UTC with `Z`, and as many digits of the second as the moment
//! has. It is the spelling of the edition records, so that the same moment is the same text wherever it is read.

use chrono::{DateTime, SecondsFormat, Utc};

/// A moment as bodies spell it.
pub(crate) fn spell(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_spelling_of_edition_records() {
        for nanos in [0, 776_640_767, 500_000_000] {
            let at = DateTime::from_timestamp(1_700_000_000, nanos).unwrap();
            assert_eq!(serde_json::json!(at), spell(at));
        }
        assert_eq!(spell(DateTime::from_timestamp(60, 0).unwrap()), "1970-01-01T00:01:00Z");
    }
}
