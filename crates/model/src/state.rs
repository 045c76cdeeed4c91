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

    /// The state of a cell made of several inputs: the first of `not_valid`, `suppressed`, `missing` and
    /// `not_applicable` that any of them has, else `ok`. What hides or lacks one input hides or lacks the result.
    #[must_use]
    pub fn of_inputs(inputs: impl IntoIterator<Item = Self>) -> Self {
        const RANK: [CellState; 5] = [
            CellState::NotValid,
            CellState::Suppressed,
            CellState::Missing,
            CellState::NotApplicable,
            CellState::Ok,
        ];
        let ranks = inputs.into_iter().filter_map(|state| RANK.iter().position(|ranked| *ranked == state));
        ranks.min().and_then(|rank| RANK.get(rank).copied()).unwrap_or(Self::Ok)
    }

    /// The state of an area made of cells: `ok` as soon as one cell is (the coverage says how much
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

/// How many cells of an area are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AreaCounts {
    /// Cells that are `ok`.
    pub reported: i64,
    /// Cells that should have reported: see [`CellState::expected`].
    pub expected: i64,
    /// Of the expected ones those that are hidden.
    pub suppressed: i64,
    /// Cells that cannot be compared.
    pub not_valid: i64,
}

impl AreaCounts {
    /// The state of the area, by the rule of [`CellState::of_area`]. Cells that are not counted here are
    /// `not_applicable`, and every area of an answer has a cell.
    #[must_use]
    pub fn state(self) -> CellState {
        // What was expected and is neither reported nor hidden.
        let missing = self.expected - self.reported - self.suppressed;
        let counts = [
            (CellState::Ok, self.reported),
            (CellState::Suppressed, self.suppressed),
            (CellState::Missing, missing),
            (CellState::NotValid, self.not_valid),
            (CellState::NotApplicable, 1),
        ];
        CellState::of_area(counts.into_iter().filter(|(_, count)| *count > 0).map(|(state, _)| state))
    }

    /// Whether a number of the area speaks for a part of it only: something was reported, and something expected was
    /// not, or cannot be compared. An area without a number is not partial, since its state says why there is none.
    #[must_use]
    pub const fn is_partial(self) -> bool {
        self.reported > 0 && (self.reported < self.expected || self.not_valid > 0)
    }
}

/// What a value carries along: a set, kept as bits so that SQL adds it with `bit_or`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
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
    /// Numbers for days of two periods were divided between them by days.
    pub const SPLIT_BY_DAYS: Self = Self(128);

    /// No baseline is declared of what is measured: all use counts as a gain.
    pub const WITHOUT_BASELINE: Self = Self(256);

    /// More are counted than there are.
    pub const ABOVE_WHOLE: Self = Self(512);

    /// A filter left municipalities of the area out.
    pub const FILTERED: Self = Self(1024);

    const NAMES: [(Self, &'static str); 11] = [
        (Self::PROVISIONAL, "provisional"),
        (Self::IMPUTED, "imputed"),
        (Self::PERTURBED, "perturbed"),
        (Self::SYNTHETIC, "synthetic"),
        (Self::PARTIAL, "partial"),
        (Self::STALE_DENOMINATOR, "stale_denominator"),
        (Self::SPLIT_BY_SHARE, "split_by_share"),
        (Self::SPLIT_BY_DAYS, "split_by_days"),
        (Self::WITHOUT_BASELINE, "without_baseline"),
        (Self::ABOVE_WHOLE, "above_whole"),
        (Self::FILTERED, "filtered"),
    ];

    /// Whether every mark of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Every mark with its name, in a fixed order.
    #[must_use]
    pub const fn all() -> [(Self, &'static str); 11] {
        Self::NAMES
    }

    /// The mark of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(mark, _)| *mark)
    }

    /// These marks and those of `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any mark of `other` is set.
    #[must_use]
    pub const fn has_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The marks of an area whose cells carry these: `partial` is added when its number speaks for a part of it.
    #[must_use]
    pub const fn of_area(self, counts: AreaCounts) -> Self {
        if counts.is_partial() { self.with(Self::PARTIAL) } else { self }
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
    fn a_cell_of_several_inputs_is_as_bad_as_its_worst() {
        use CellState::{Missing, NotApplicable, NotValid, Ok, Suppressed};
        assert_eq!(CellState::of_inputs([Ok, NotApplicable, Missing]), Missing);
        assert_eq!(CellState::of_inputs([Missing, Suppressed, Ok]), Suppressed);
        assert_eq!(CellState::of_inputs([Suppressed, NotValid]), NotValid);
        assert_eq!(CellState::of_inputs([Ok, NotApplicable]), NotApplicable);
        assert_eq!(CellState::of_inputs([Ok, Ok]), Ok);
        assert_eq!(CellState::of_inputs([]), Ok);
    }

    #[test]
    fn counts_of_cells_say_what_the_cells_say() {
        let of = |reported, expected, suppressed, not_valid| AreaCounts {
            reported,
            expected,
            suppressed,
            not_valid,
        };
        assert_eq!(of(1, 3, 1, 1).state(), CellState::Ok);
        assert_eq!(of(0, 3, 1, 1).state(), CellState::Suppressed);
        assert_eq!(of(0, 2, 0, 1).state(), CellState::Missing);
        assert_eq!(of(0, 0, 0, 1).state(), CellState::NotValid);
        assert_eq!(of(0, 0, 0, 0).state(), CellState::NotApplicable);
        assert!(of(1, 2, 0, 0).is_partial() && of(1, 1, 0, 1).is_partial());
        assert!(!of(1, 1, 0, 0).is_partial() && !of(0, 2, 0, 1).is_partial());
        assert_eq!(Marks::SYNTHETIC.of_area(of(1, 2, 0, 0)), Marks(8 | 16));
        assert_eq!(Marks::SYNTHETIC.of_area(of(2, 2, 0, 0)), Marks(8));
    }

    #[test]
    fn marks_are_a_set_with_names() {
        assert_eq!(Marks(8 | 16).names(), ["synthetic", "partial"]);
        assert!(Marks::default().names().is_empty());
        assert!(Marks(9).has(Marks::SYNTHETIC) && !Marks(1).has(Marks::SYNTHETIC));
        assert!(Marks(9).has_any(Marks(8 | 16)) && !Marks(9).has_any(Marks(16)));
        assert_eq!(Marks::named("split_by_share"), Some(Marks(64)));
        assert_eq!(Marks::named("guessed"), None);
    }
}
