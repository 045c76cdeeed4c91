//! Where a municipality stands in a rollout.

use serde::{Deserialize, Serialize};

/// The stages of a rollout, in the order they are normally passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    pub const ALL: [Self; 7] = [
        Self::Planned,
        Self::Agreed,
        Self::TechnicallyReady,
        Self::Pilot,
        Self::InProduction,
        Self::Paused,
        Self::Withdrawn,
    ];

    /// The stage as the lake writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Agreed => "agreed",
            Self::TechnicallyReady => "technically_ready",
            Self::Pilot => "pilot",
            Self::InProduction => "in_production",
            Self::Paused => "paused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads what [`Stage::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
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
