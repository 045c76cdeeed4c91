//! The rollout of generated solutions, as a list of the stages that municipalities entered.

use std::fmt::Write as _;

use chrono::NaiveDate;

use super::adoption::{Solution, first_day};
use super::nation::Nation;
use crate::columns::day_number;

/// Solutions of one list: more do not fit the memory of the process that reads it.
pub(super) const SOLUTIONS: usize = 40;

/// What a municipality goes through, and how many months before production.
const STAGES: [(i32, &str); 4] = [(12, "planned"), (8, "agreed"), (3, "pilot"), (0, "in_production")];

/// The list of some solutions, by the codes of the days when it happened; `until` is the day it is made.
pub(super) fn list(nation: &Nation, solutions: &[Solution], until: NaiveDate) -> String {
    let mut text = String::from("municipality_code,solution_id,stage,valid_from\n");
    for solution in solutions {
        for (home, adoption) in nation.adoptions(solution).iter().enumerate().filter(|(_, one)| !one.never) {
            for (before, stage) in STAGES {
                let day = first_day(adoption.live - before);
                // What has not happened yet is not known, apart from plans.
                if day >= until && stage != "planned" {
                    continue;
                }
                for code in nation.places.codes_of(home, nation.places.division_on(day_number(day))) {
                    let _ = writeln!(text, "{code},{},{stage},{day}", solution.id);
                }
            }
        }
    }
    text
}
