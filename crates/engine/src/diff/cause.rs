//! What can change a value between two editions, and the order in which the changes are made.

use utbredt_answer::diff::Cause;
use utbredt_lake::Edition;

/// The tables exchanged at this step. The tables of facts hold both kinds of data.
pub(crate) const fn tables(cause: Cause) -> &'static [&'static str] {
    match cause {
        Cause::Borders => &[
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
        Cause::Definition => &[
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
            "register_changes",
        ],
        Cause::Denominator => &["population"],
        Cause::RevisedData | Cause::NewData => &["usage", "rollout_events", "receipts", "rejections"],
    }
}

/// Those of a step's tables that are not the same in both editions: a file's name is its hash.
pub(crate) fn changed(cause: Cause, before: &Edition, after: &Edition) -> Vec<&'static str> {
    tables(cause).iter().copied().filter(|table| files(before, table) != files(after, table)).collect()
}

fn files<'a>(edition: &'a Edition, table: &str) -> Vec<&'a str> {
    edition.tables.get(table).into_iter().flatten().map(|file| file.sha256.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_exchanged_at_one_step() {
        let facts = Cause::NewData;
        let mut placed: Vec<&str> =
            Cause::STEPS.iter().filter(|c| **c != facts).flat_map(|c| tables(*c)).copied().collect();
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
