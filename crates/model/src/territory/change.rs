//! What a register's change of codes was: the register gives pairs of codes without the kind.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use strum::IntoStaticStr;

use crate::MunicipalityCode;

/// One pair of codes in the register of changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The day it took effect.
    pub date: NaiveDate,
    /// Code before; `None` = created.
    pub old: Option<MunicipalityCode>,
    /// Code after; `None` = ceased.
    pub new: Option<MunicipalityCode>,
    /// Name before.
    pub old_name: String,
    /// Name after.
    pub new_name: String,
}

/// What a change was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ChangeKind {
    /// Same territory, another code.
    Renumber,
    /// Same territory and code, another name.
    Rename,
    /// One of several that became one.
    Merge,
    /// One of several that one became.
    Split,
    /// The territory changed while the municipality went on: it took in a part of another, or a border moved.
    Boundary,
    /// Had no predecessor.
    Created,
    /// Has no successor.
    Ceased,
}

impl ChangeKind {
    /// The word the lake uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether codes or territories changed, so that a new division begins.
    #[must_use]
    pub const fn opens_division(self) -> bool {
        !matches!(self, Self::Rename)
    }
}

/// The kind of each change. One change can only be read among the others of its day: a pair that keeps its
/// code is a rename alone, a merger beside other pairs with the same new code, and a boundary change when a
/// part of a municipality that was split came to it.
#[must_use]
pub fn classify(changes: &[Change]) -> Vec<ChangeKind> {
    let (mut successors, mut origins) = (Codes::new(), Codes::new());
    for change in changes {
        if let (Some(old), Some(new)) = (&change.old, &change.new) {
            successors.entry((change.date, old)).or_default().insert(new);
            origins.entry((change.date, new)).or_default().insert(old);
        }
    }
    changes.iter().map(|change| kind(change, &successors, &origins)).collect()
}

/// The codes on the other side of a code's changes of one day.
type Codes<'c> = BTreeMap<(NaiveDate, &'c MunicipalityCode), BTreeSet<&'c MunicipalityCode>>;

fn kind(change: &Change, successors: &Codes<'_>, origins: &Codes<'_>) -> ChangeKind {
    let (old, new) = match (&change.old, &change.new) {
        (Some(old), Some(new)) => (old, new),
        (Some(_), None) => return ChangeKind::Ceased,
        _ => return ChangeKind::Created,
    };
    // Before mergers: a part of a split that joins others counts as split.
    if is_split(change.date, old, successors) {
        return ChangeKind::Split;
    }
    // Merged codes look alike in the register: what came from a split is a border that moved.
    let from = &origins[&(change.date, new)];
    let whole = from.iter().filter(|code| !is_split(change.date, code, successors)).count();
    match (from.len(), whole) {
        (1, _) if old != new => ChangeKind::Renumber,
        (1, _) if change.old_name != change.new_name => ChangeKind::Rename,
        (1, _) | (_, 1) => ChangeKind::Boundary,
        _ => ChangeKind::Merge,
    }
}

fn is_split(date: NaiveDate, code: &MunicipalityCode, successors: &Codes<'_>) -> bool {
    successors.get(&(date, code)).is_some_and(|new| new.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(old: &str, old_name: &str, new: &str, new_name: &str) -> Change {
        let code = |text: &str| (!text.is_empty()).then(|| MunicipalityCode::parse(text).unwrap());
        Change {
            date: "2020-01-01".parse().unwrap(),
            old: code(old),
            new: code(new),
            old_name: old_name.into(),
            new_name: new_name.into(),
        }
    }

    #[test]
    fn a_pair_is_read_among_the_others_of_its_day() {
        use ChangeKind::{Boundary, Ceased, Created, Merge, Rename, Renumber, Split};
        let rows = [
            (change("0219", "Bærum", "3024", "Bærum"), Renumber),
            (change("1514", "Sande (Møre og Romsdal)", "1514", "Sande"), Rename),
            (change("1103", "Stavanger", "1103", "Stavanger"), Merge),
            (change("1141", "Finnøy", "1103", "Stavanger"), Merge),
            (change("1850", "Tysfjord", "1806", "Narvik"), Split),
            (change("1850", "Tysfjord", "1875", "Hamarøy"), Split),
            (change("1805", "Narvik", "1806", "Narvik"), Merge),
            (change("1854", "Ballangen", "1806", "Narvik"), Merge),
            (change("1849", "Hamarøy", "1875", "Hamarøy"), Boundary),
            (change("3118", "Indre Østfold", "3118", "Indre Østfold"), Boundary),
            (change("", "", "9001", "Ny"), Created),
            (change("9002", "Gammel", "", ""), Ceased),
        ];
        let changes: Vec<_> = rows.iter().map(|(change, _)| change.clone()).collect();
        let kinds: Vec<_> = rows.iter().map(|(_, kind)| *kind).collect();
        assert_eq!(classify(&changes), kinds);
        assert!(!Rename.opens_division() && Renumber.opens_division());
    }
}
