//! The stage of a municipality in a rollout.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::newtype::all;

/// The stages of a rollout, in the order they are normally passed.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Stage {
    /// On a wave's list.
    Planned,
    /// An agreement is signed.
    Agreed,
    /// Connected, not yet used for real.
    TechnicallyReady,
    /// Used for real by some.
    Pilot,
    /// In production.
    InProduction,
    /// Deactivated for a while; not a withdrawal.
    Paused,
    /// The municipality left the solution.
    Withdrawn,
}

impl Stage {
    /// Every stage in rollout order.
    pub const ALL: [Self; 7] = all(Self::VARIANTS);

    /// The stage as the lake writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads what [`Stage::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_reads_back() {
        for stage in Stage::ALL {
            assert_eq!(Stage::parse(stage.as_str()), Some(stage));
        }
        assert_eq!(Stage::parse("live"), None);
    }
}
