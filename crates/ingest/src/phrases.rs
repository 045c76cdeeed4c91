//! Words for many things, as reports put them.

/// At most this many things are named.
const MAX_NAMED: usize = 8;

/// A number of things, in the words for one and for many.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The first few of many things, and how many more there are.
pub(crate) fn first_few(all: &[String]) -> String {
    let shown = all.iter().take(MAX_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(MAX_NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// One kind of difference between a register and the reference tables, if there is any.
pub(crate) fn differing(all: &[String], (one, many): (&str, &str), what: &str) -> Option<String> {
    (!all.is_empty()).then(|| format!("{} {what}: {}", counted(all.len(), one, many), first_few(all)))
}
