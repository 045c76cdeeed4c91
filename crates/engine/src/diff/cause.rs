//! What can change a value between two editions, and the order in which the changes are made.

use utbredt_lake::Edition;

/// What changed a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Facts that were not told of before.
    NewData,
    /// Facts told again, otherwise, or no longer.
    RevisedData,
    /// What is counted, for whom, worth what, and against which goal; and the KPI's own text.
    Definition,
    /// Territory, and which municipalities make an area.
    Borders,
    /// Inhabitants.
    Denominator,
}

impl Cause {
    /// All, in the order they are shown.
    pub const ALL: [Self; 5] =
        [Self::NewData, Self::RevisedData, Self::Definition, Self::Borders, Self::Denominator];

    /// All, in the order the steps from one edition to the other are taken: each stands on those before it. Old
    /// facts, persons and goals can be told in new borders; new ones cannot be told in borders that lack their codes.
    pub const STEPS: [Self; 5] =
        [Self::Borders, Self::Definition, Self::Denominator, Self::RevisedData, Self::NewData];

    /// The word clients see: a column of the answer.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewData => "new_data",
            Self::RevisedData => "revised_data",
            Self::Definition => "definition",
            Self::Borders => "borders",
            Self::Denominator => "denominator",
        }
    }

    /// The tables exchanged at this step. The tables of facts hold both kinds of data.
    pub(crate) const fn tables(self) -> &'static [&'static str] {
        match self {
            Self::Borders => &[
                "municipalities",
                "counties",
                "municipality_changes",
                "divisions",
                "municipality_mappings",
                "municipality_parts",
                "organisations",
                "networks",
                "network_members",
                "peer_groups",
            ],
            Self::Definition => &[
                "solutions",
                "measures",
                "target_groups",
                "unit_values",
                "prices",
                "membership_fees",
                "baselines",
                "targets",
                "waves",
                "wave_members",
                "expected_deliveries",
            ],
            Self::Denominator => &["population"],
            Self::RevisedData | Self::NewData => &["usage", "rollout_events", "receipts", "rejections"],
        }
    }

    /// Those of its tables that are not the same in both editions: a file's name is its hash.
    pub(crate) fn changed(self, before: &Edition, after: &Edition) -> Vec<&'static str> {
        let files = |edition: &Edition, table: &str| -> Vec<String> {
            edition.tables.get(table).into_iter().flatten().map(|file| file.sha256.clone()).collect()
        };
        let differs = |table: &&str| files(before, table) != files(after, table);
        self.tables().iter().copied().filter(differs).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_exchanged_at_one_step() {
        let facts = Cause::NewData;
        let mut placed: Vec<&str> =
            Cause::STEPS.iter().filter(|c| **c != facts).flat_map(|c| c.tables()).copied().collect();
        let mut all: Vec<&str> = utbredt_lake::TABLES.iter().map(|table| table.name).collect();
        placed.sort_unstable();
        all.sort_unstable();
        assert_eq!(placed, all);
        let mut shown = Cause::ALL;
        let mut taken = Cause::STEPS;
        shown.sort_unstable();
        taken.sort_unstable();
        assert_eq!(shown, taken);
    }
}
