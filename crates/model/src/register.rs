//! Registers: the tables of facts that a network owns itself. What each has for columns, what a value may be, what makes two
//! rows the same and what rows may not say together is data here, so that files, pages and HTTP know the same.

mod costs;
mod counted;
mod list;
mod people;
mod places;
mod texts;
mod worth;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Reason, Text};

pub use list::REGISTERS;

/// Why a row of a file is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The row of the file, from 1.
    pub row: u64,
    /// The column that is wrong, where it is one.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: Reason,
    /// How to mend it.
    pub fix: String,
    /// The row as it came.
    pub raw: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}", self.row)?;
        if let Some(column) = &self.column {
            write!(f, ", column `{column}`")?;
        }
        write!(f, ": {}. To mend it: {}", self.reason, self.fix)
    }
}

/// What happens to a row of a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A row that was not there.
    Added,
    /// Other values.
    Changed,
    /// It holds no longer, from a day on.
    Ended,
    /// It is in no later edition.
    Removed,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Added, Self::Changed, Self::Ended, Self::Removed];

    /// The word that reports and the history write.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Ended => "ended",
            Self::Removed => "removed",
        }
    }
}

/// A table of facts that its owner changes by files.
#[derive(Debug)]
pub struct Register {
    /// The lake's table.
    pub table: &'static str,
    /// What it is called.
    pub title: Text,
    /// What one row is.
    pub doc: Text,
    /// Its columns, as the table of the lake has them.
    pub columns: &'static [RegisterColumn],
    /// The columns that make two rows the same row.
    pub key: &'static [&'static str],
    /// What rows may not say.
    pub rules: &'static [Rule],
}

/// A column of a register.
#[derive(Debug)]
pub struct RegisterColumn {
    /// Its name in the lake.
    pub name: &'static str,
    /// What its values are.
    pub kind: ColumnKind,
    /// Whether every row needs one.
    pub required: bool,
    /// What it is called.
    pub title: Text,
    /// What it means.
    pub doc: Text,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ColumnKind {
    /// Words.
    Words,
    /// An identifier of our own: a slug.
    Id,
    /// A municipality's code, of the division in `division_date`.
    Municipality,
    /// The first day of the division that the row's code belongs to; left out, the newest that has the code.
    Division,
    /// Codes of counties, separated by spaces.
    Counties,
    /// A day, `2026-10-01`.
    Day,
    /// A whole number from the least to the most.
    Whole(i64, i64),
    /// A number, decimals allowed, from the least to the most.
    Real(f64, f64),
    /// Yes or no; left out, the value given.
    Flag(Option<bool>),
    /// One of some words.
    OneOf(&'static [&'static str]),
    /// The key of a row of another register, or of this one.
    Reference(&'static str, &'static str),
    /// Such keys, separated by spaces.
    References(&'static str, &'static str),
    /// A measure of the row's solution.
    Measure,
    /// The id of a KPI.
    Kpi,
    /// `nation`, `network:<id>` or `municipality:<code>`.
    Scope,
    /// A number in the unit of the row's KPI: at most 1 where that is a share.
    KpiValue,
}

/// What rows may not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Numbers, each at most the next that is there.
    Ascending(&'static [&'static str]),
    /// What is first comes before what is second, where both are there.
    Before(&'static str, &'static str),
    /// Two rows alike in these columns never meet in all of these half-open ranges; an empty end is open.
    Disjoint {
        /// The columns in which they are alike.
        alike: &'static [&'static str],
        /// From and to.
        ranges: &'static [(&'static str, &'static str)],
    },
    /// Of rows alike in these columns at most one has the flag.
    OneFlag {
        /// The columns in which they are alike.
        alike: &'static [&'static str],
        /// The flag.
        flag: &'static str,
    },
    /// References within the register never lead back to where they began.
    Acyclic(&'static str),
    /// Where the first column has the word, the second has one of these.
    Implies((&'static str, &'static str), (&'static str, &'static [&'static str])),
}

impl Register {
    /// The register of a table.
    #[must_use]
    pub fn named(table: &str) -> Option<&'static Self> {
        REGISTERS.iter().copied().find(|register| register.table == table)
    }

    /// Where a column is.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Where the columns of the key are.
    pub fn key_columns(&self) -> impl Iterator<Item = usize> {
        self.key.iter().filter_map(|name| self.column(name))
    }

    /// The column whose empty value means that a row still holds, where the register has one.
    #[must_use]
    pub fn end(&self) -> Option<usize> {
        self.column("valid_to")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Lang;

    #[test]
    fn names_are_unique_and_rules_name_columns() {
        let tables: BTreeSet<_> = REGISTERS.iter().map(|register| register.table).collect();
        assert_eq!(tables.len(), REGISTERS.len());
        for register in REGISTERS {
            let has = |name: &&str| assert!(register.column(name).is_some(), "{}.{name}", register.table);
            let names: BTreeSet<_> = register.columns.iter().map(|column| column.name).collect();
            assert_eq!(names.len(), register.columns.len(), "{}", register.table);
            register.key.iter().for_each(has);
            for rule in register.rules {
                match *rule {
                    Rule::Ascending(columns) => columns.iter().for_each(has),
                    Rule::Before(first, second) => [first, second].iter().for_each(has),
                    Rule::Disjoint { alike, ranges } => {
                        alike.iter().for_each(has);
                        ranges.iter().for_each(|(from, to)| [*from, *to].iter().for_each(has));
                    }
                    Rule::OneFlag { alike, flag } => alike.iter().chain([&flag]).for_each(has),
                    Rule::Acyclic(column) => has(&column),
                    Rule::Implies((first, _), (second, _)) => [first, second].iter().for_each(has),
                }
            }
        }
    }

    #[test]
    fn references_lead_to_a_column_of_a_register() {
        for register in REGISTERS {
            for column in register.columns {
                if let ColumnKind::Reference(table, name) | ColumnKind::References(table, name) = column.kind
                {
                    let other = Register::named(table).expect("a register");
                    assert!(
                        other.column(name).is_some(),
                        "{}.{} leads to {table}.{name}",
                        register.table,
                        column.name
                    );
                }
            }
        }
    }

    #[test]
    fn a_heading_means_one_column() {
        for register in REGISTERS {
            for language in Lang::ALL {
                let titles: BTreeSet<_> =
                    register.columns.iter().map(|column| column.title.get(language)).collect();
                assert_eq!(
                    titles.len(),
                    register.columns.len(),
                    "{} in {}",
                    register.table,
                    language.as_str()
                );
                let all = register.columns.iter().flat_map(|column| [column.title, column.doc]);
                assert!(all.into_iter().all(|text| !text.get(language).is_empty()));
            }
        }
    }
}
