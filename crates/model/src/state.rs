//! Why a cell has a value or has none, and what it carries along when cells are added.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::newtype::all;

/// The five states of a cell. Missing is never zero.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CellState {
    /// A reported, comparable value.
    Ok,
    /// Expected and not delivered (yet).
    Missing,
    /// The question does not arise: not offered here, empty target group.
    NotApplicable,
    /// The municipality did not exist then, or the borders cannot be re-expressed exactly.
    NotValid,
    /// Hidden to protect persons.
    Suppressed,
}

impl CellState {
    /// Every state.
    pub const ALL: [Self; 5] = all(Self::VARIANTS);

    /// The state as tables and answers write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads what [`CellState::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// Whether the cell counts in what an area should have reported.
    #[must_use]
    pub const fn expected(self) -> bool {
        matches!(self, Self::Ok | Self::Missing | Self::Suppressed)
    }

    /// The state of an area made of cells: `ok` as soon as one stands (the coverage says how much
    /// of the area that is), else `suppressed` over `missing` over `not_valid` over
    /// `not_applicable`. An area of no cells is `not_valid`.
    #[must_use]
    pub fn of_area(cells: impl IntoIterator<Item = Self>) -> Self {
        const RANK: [CellState; 4] =
            [CellState::Ok, CellState::Suppressed, CellState::Missing, CellState::NotValid];
        let mut best = None;
        for cell in cells {
            // `not_applicable` comes after all of them.
            let rank = RANK.iter().position(|s| *s == cell).unwrap_or(RANK.len());
            best = Some(best.map_or(rank, |b: usize| b.min(rank)));
        }
        match best {
            None => Self::NotValid,
            Some(rank) => RANK.get(rank).copied().unwrap_or(Self::NotApplicable),
        }
    }
}

/// What a value carries along: a set, kept as bits so that SQL adds it with `bit_or`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Marks(pub i64);

impl Marks {
    /// The numbers may still change.
    pub const PROVISIONAL: Self = Self(1);
    /// Estimated, not measured.
    pub const IMPUTED: Self = Self(2);
    /// Noise was added by the source.
    pub const PERTURBED: Self = Self(4);
    /// Invented for demonstration.
    pub const SYNTHETIC: Self = Self(8);
    /// Not all parts reported.
    pub const PARTIAL: Self = Self(16);
    /// The denominator is older than the KPI allows.
    pub const STALE_DENOMINATOR: Self = Self(32);
    /// A share divided the value of a municipality that was split.
    pub const SPLIT_BY_SHARE: Self = Self(64);
    /// The period is not over, or not all of it has been delivered.
    pub const INCOMPLETE_PERIOD: Self = Self(128);

    const NAMES: [(Self, &'static str); 8] = [
        (Self::PROVISIONAL, "provisional"),
        (Self::IMPUTED, "imputed"),
        (Self::PERTURBED, "perturbed"),
        (Self::SYNTHETIC, "synthetic"),
        (Self::PARTIAL, "partial"),
        (Self::STALE_DENOMINATOR, "stale_denominator"),
        (Self::SPLIT_BY_SHARE, "split_by_share"),
        (Self::INCOMPLETE_PERIOD, "incomplete_period"),
    ];

    /// Whether every mark of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of the marks set, in a fixed order.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        Self::NAMES.iter().filter(|(mark, _)| self.has(*mark)).map(|(_, name)| *name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_ok_once_one_cell_is() {
        use CellState::{Missing, NotApplicable, NotValid, Ok, Suppressed};
        assert_eq!(CellState::of_area([Missing, Ok]), Ok);
        assert_eq!(CellState::of_area([Missing, NotApplicable]), Missing);
        assert_eq!(CellState::of_area([NotApplicable, NotValid]), NotValid);
        assert_eq!(CellState::of_area([Missing, Suppressed]), Suppressed);
        assert_eq!(CellState::of_area([NotApplicable]), NotApplicable);
        assert_eq!(CellState::of_area([]), NotValid);
    }

    #[test]
    fn marks_are_a_set_with_names() {
        assert_eq!(Marks(8 | 16).names(), ["synthetic", "partial"]);
        assert!(Marks::default().names().is_empty());
        assert!(Marks(9).has(Marks::SYNTHETIC) && !Marks(1).has(Marks::SYNTHETIC));
    }
}
