//! From a division and the changes that followed, the parts: each municipality that was ever cut becomes as
//! many parts as it had successors, and every part is followed from division to division.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{Change, ChangeKind, classify};
use crate::MunicipalityCode;

/// Which successor got a part of a municipality that had been put together from several and was split again.
/// The register does not have it; without this its parts would be cut where no border ever ran.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SplitTarget {
    /// The day of the split.
    pub date: NaiveDate,
    /// The part, by key.
    pub part_id: String,
    /// The successor it went to.
    pub new: MunicipalityCode,
}

/// A part and the codes it has borne, oldest first, with the day each began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartTrack {
    /// Its key.
    pub part_id: String,
    /// Its code in every division, in order.
    pub codes: Vec<MunicipalityCode>,
}

impl PartTrack {
    /// The track one division longer.
    fn with(&self, part_id: String, code: &MunicipalityCode) -> Self {
        let codes = self.codes.iter().chain([code]).cloned().collect();
        Self { part_id, codes }
    }
}

/// The dates divisions begin on, and every part's codes in them. `start` is the first division's codes on
/// `from`; changes on or before `from` and renames are passed over. A part with no target in a split is cut
/// into one part for each successor; a part with one goes there whole.
#[must_use]
pub fn derive(
    from: NaiveDate,
    start: &BTreeSet<MunicipalityCode>,
    changes: &[Change],
    targets: &[SplitTarget],
) -> (Vec<NaiveDate>, Vec<PartTrack>) {
    let mut days: BTreeMap<NaiveDate, BTreeMap<&MunicipalityCode, BTreeSet<&MunicipalityCode>>> =
        BTreeMap::new();
    // Pieces of land would cut municipalities that were not split.
    let whole: Vec<Change> =
        changes.iter().filter(|c| !is_moved_territory(c, start, changes)).cloned().collect();
    for (change, kind) in whole.iter().zip(classify(&whole)) {
        if let (Some(old), Some(new), true) = (&change.old, &change.new, opens(change, kind, from)) {
            // The register has a pair for each new code: what one code became on a day is a set.
            days.entry(change.date).or_default().entry(old).or_default().insert(new);
        }
    }
    let mut parts: Vec<PartTrack> =
        start.iter().map(|code| PartTrack { part_id: code.to_string(), codes: vec![code.clone()] }).collect();
    for (date, successors) in &days {
        parts = parts.into_iter().flat_map(|part| follow(part, *date, successors, targets)).collect();
    }
    parts.sort_by(|a, b| a.part_id.cmp(&b.part_id));
    (std::iter::once(from).chain(days.into_keys()).collect(), parts)
}

/// Whether a change is a piece of land that went from one municipality to another, both of which go on. From 2026 the
/// register lists such pieces among the rest; no municipality was split, and how many live on a piece is not known.
fn is_moved_territory(change: &Change, start: &BTreeSet<MunicipalityCode>, changes: &[Change]) -> bool {
    let (Some(old), Some(new)) = (&change.old, &change.new) else { return false };
    let mut same_day = changes.iter().filter(|c| c.date == change.date && c.old.as_ref() == Some(old));
    let goes_on = same_day.any(|c| c.old == c.new);
    if old == new || !goes_on {
        return false;
    }
    // The last change before that day that names the receiver decides whether it existed.
    let earlier = changes.iter().filter(|c| c.date < change.date);
    let of_receiver = earlier.filter(|c| c.old.as_ref() == Some(new) || c.new.as_ref() == Some(new));
    let Some(day) = of_receiver.map(|c| c.date).max() else { return start.contains(new) };
    changes.iter().any(|c| c.date == day && c.new.as_ref() == Some(new))
}

fn opens(change: &Change, kind: ChangeKind, from: NaiveDate) -> bool {
    change.date > from && kind.opens_division()
}

#[expect(clippy::needless_pass_by_value, reason = "a track ends here: its successors take its place")]
fn follow(
    part: PartTrack,
    date: NaiveDate,
    successors: &BTreeMap<&MunicipalityCode, BTreeSet<&MunicipalityCode>>,
    targets: &[SplitTarget],
) -> Vec<PartTrack> {
    let Some(now) = part.codes.last() else { return Vec::new() };
    let Some(new) = successors.get(now) else { return vec![part.with(part.part_id.clone(), now)] };
    let target = targets.iter().find(|target| target.date == date && target.part_id == part.part_id);
    match target {
        Some(target) => vec![part.with(part.part_id.clone(), &target.new)],
        None if new.len() == 1 => new.iter().map(|code| part.with(part.part_id.clone(), code)).collect(),
        // A key with the successor's code is the same in every run.
        None => new.iter().map(|code| part.with(format!("{}-{code}", part.part_id), code)).collect(),
    }
}

/// Divides `total` by `weights` into whole numbers that add up to it: each gets the difference between the
/// floors of its cumulative shares. Weights that are all zero or below give everything to the first.
#[must_use]
pub fn apportion(total: i64, weights: &[i64]) -> Vec<i64> {
    let whole: i128 = weights.iter().map(|weight| i128::from((*weight).max(0))).sum();
    let mut cumulative = 0;
    let mut given = 0;
    weights
        .iter()
        .enumerate()
        .map(|(at, weight)| {
            // The differences of cumulative floors add up to the total, whatever is rounded.
            cumulative += i128::from((*weight).max(0));
            let upto = match whole {
                0 => i128::from(total),
                // No weight is known: all of it goes to the first rather than being lost.
                _ => (i128::from(total) * cumulative).div_euclid(whole),
            };
            let share = upto - given;
            given = upto;
            if whole == 0 && at > 0 { 0 } else { i64::try_from(share).unwrap_or_default() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> MunicipalityCode {
        MunicipalityCode::parse(text).unwrap()
    }

    fn change(date: &str, old: &str, new: &str) -> Change {
        let name = String::new();
        Change {
            date: date.parse().unwrap(),
            old: Some(code(old)),
            new: Some(code(new)),
            old_name: name.clone(),
            new_name: name,
        }
    }

    /// As the register lists it from 2026: 3118 goes on and gives land to two that were there before.
    #[test]
    fn a_piece_of_land_that_changes_hands_cuts_nobody() {
        let start = [code("3118"), code("3207"), code("3216")].into_iter().collect();
        let changes = [
            change("2026-01-01", "3118", "3118"),
            change("2026-01-01", "3118", "3207"),
            change("2026-01-01", "3118", "3216"),
        ];
        let (_, parts) = derive("2024-01-01".parse().unwrap(), &start, &changes, &[]);
        assert_eq!(parts.len(), 3);
        assert!(
            parts.iter().all(|part| part.codes.iter().all(|code| code.as_str() == part.part_id)),
            "{parts:?}"
        );
        // One that goes on and from which a new one is born is split.
        let born = [change("2026-01-01", "3118", "3118"), change("2026-01-01", "3118", "3117")];
        let (_, parts) = derive("2024-01-01".parse().unwrap(), &start, &born, &[]);
        assert_eq!(parts.len(), 4);
    }

    #[test]
    fn a_part_is_cut_where_a_municipality_was_and_only_there() {
        let start = [code("1504"), code("1534"), code("1850")].into_iter().collect();
        let changes = [
            change("2020-01-01", "1504", "1507"),
            change("2020-01-01", "1534", "1507"),
            change("2020-01-01", "1850", "1806"),
            change("2020-01-01", "1850", "1875"),
            change("2024-01-01", "1507", "1508"),
            change("2024-01-01", "1507", "1580"),
        ];
        let target = |part: &str, new| SplitTarget {
            date: "2024-01-01".parse().unwrap(),
            part_id: part.into(),
            new: code(new),
        };
        let targets = [target("1504", "1508"), target("1534", "1580")];
        let (dates, parts) = derive("2017-01-01".parse().unwrap(), &start, &changes, &targets);
        assert_eq!(dates.len(), 3);
        let shown: Vec<_> = parts
            .iter()
            .map(|part| {
                format!(
                    "{}: {}",
                    part.part_id,
                    part.codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "1504: 1504 1507 1508",
                "1534: 1534 1507 1580",
                "1850-1806: 1850 1806 1806",
                "1850-1875: 1850 1875 1875"
            ]
        );
    }

    #[test]
    fn a_total_is_divided_without_loss() {
        assert_eq!(apportion(999, &[153, 339, 508]), [152, 339, 508]);
        assert_eq!(apportion(5, &[0, 0]), [5, 0]);
        assert_eq!(apportion(7, &[]), Vec::<i64>::new());
    }

    proptest! {
        #[test]
        fn what_is_divided_adds_up(total in 0i64..10_000_000, weights in proptest::collection::vec(0i64..1_000_000, 1..8)) {
            let given = apportion(total, &weights);
            prop_assert_eq!(given.iter().sum::<i64>(), total);
            prop_assert!(given.iter().all(|share| *share >= 0));
        }
    }
}
