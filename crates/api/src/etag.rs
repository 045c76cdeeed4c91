//! Entity tags: how one is made from a request, and how `If-None-Match` is read. Kept free of HTTP types so that
//! every rule of RFC 9110 §8.8 and §13.1.2 can be tested on plain text.

use sha2::{Digest, Sha256};

/// A strong entity tag. It stands for the *question and the edition*, so it is known before any query is planned.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ETag(String);

/// What a request's `If-None-Match` says about the tag we would send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    /// The client holds something else, or sent no condition.
    None,
    /// The client holds this, and named it by its strong tag.
    Strong,
    /// The client holds this under its weak tag, which is what a compressed answer carries.
    Weak,
    /// The client holds something and wants nothing that is there (`*`).
    Any,
}

impl ETag {
    /// The tag of everything that decides the bytes. Parts are length-prefixed, so moving a character from one part
    /// to the next never gives the same tag. The crate's version is a part: a new encoder means new bytes.
    pub(crate) fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts.iter().chain([&env!("CARGO_PKG_VERSION")]) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let hex: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self(hex)
    }

    /// The header value, quoted.
    pub(crate) fn strong(&self) -> String {
        format!("\"{}\"", self.0)
    }

    /// The weak form, for a representation that is equivalent but not the same bytes.
    pub(crate) fn weak(&self) -> String {
        format!("W/\"{}\"", self.0)
    }

    /// Compares weakly, as `If-None-Match` asks: `W/` is ignored, any tag of the list may match, `*` matches all.
    /// `fields` are the header's lines; several lines are one list. Text that is no tag matches nothing.
    pub(crate) fn find_in<'a>(&self, fields: impl IntoIterator<Item = &'a str>) -> Match {
        for field in fields {
            if field.trim() == "*" {
                return Match::Any;
            }
            for (weak, opaque) in tags(field) {
                if opaque == self.0 {
                    return if weak { Match::Weak } else { Match::Strong };
                }
            }
        }
        Match::None
    }
}

/// The tags of one header line. A comma may stand inside a tag, so this walks quotes instead of splitting; it stops
/// at the first thing that is not a tag, because what follows cannot be parsed any more.
fn tags(field: &str) -> Vec<(bool, &str)> {
    let mut found = Vec::new();
    let mut rest = field;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (weak, after) = rest.strip_prefix("W/").map_or((false, rest), |after| (true, after));
        let Some(opened) = after.strip_prefix('"') else { return found };
        let Some(end) = opened.find('"') else { return found };
        found.push((weak, &opened[..end]));
        rest = &opened[end + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> ETag {
        ETag(text.to_owned())
    }

    #[test]
    fn lists_weak_tags_and_star_are_understood() {
        assert_eq!(tag("b").find_in(["\"a\", \"b\""]), Match::Strong);
        assert_eq!(tag("b").find_in(["\"a\" , W/\"b\",\"c\""]), Match::Weak);
        assert_eq!(tag("b").find_in(["\"a\"", "\"b\""]), Match::Strong);
        assert_eq!(tag("b").find_in([" * "]), Match::Any);
        assert_eq!(tag("b").find_in(["\"a\""]), Match::None);
        assert_eq!(tag("b").find_in([]), Match::None);
    }

    #[test]
    fn a_comma_inside_a_tag_does_not_split_it() {
        assert_eq!(tag("b").find_in(["\"a,\\\"b\""]), Match::None);
        assert_eq!(tag("a,b").find_in(["\"x\", \"a,b\""]), Match::Strong);
    }

    #[test]
    fn what_is_no_tag_matches_nothing() {
        for field in ["b", "\"b", "w/\"b\"", "\"*\"", "", ",,,", "W/", "b\"b\""] {
            assert_eq!(tag("b").find_in([field]), Match::None, "{field}");
        }
    }

    #[test]
    fn the_tag_depends_on_every_part_and_on_where_parts_end() {
        assert_eq!(ETag::of(&["ab", "c"]), ETag::of(&["ab", "c"]));
        assert_ne!(ETag::of(&["ab", "c"]), ETag::of(&["a", "bc"]));
        assert_ne!(ETag::of(&["ab", "json"]), ETag::of(&["ab", "csv"]));
        let text = ETag::of(&["ab"]).strong();
        assert!(text.starts_with('"') && text.ends_with('"') && text.len() == 34, "{text}");
    }
}
