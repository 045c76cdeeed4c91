//! The small tables of an edition, in memory: a question's names are looked up here, without SQL.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use chrono::NaiveDate;

use super::areas::{Areas, AreasKey};
use super::rows::{Row, rows};
use crate::error::EngineError;

/// A municipality under one code and name, while it has them.
#[derive(Debug, Clone)]
pub(crate) struct Municipality {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) county_code: String,
    pub(crate) valid_from: NaiveDate,
    pub(crate) valid_to: Option<NaiveDate>,
}

impl Municipality {
    /// Whether it has this code and name on a day.
    pub(crate) fn valid_on(&self, day: NaiveDate) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|end| end > day)
    }
}

/// A county while it has its name.
#[derive(Debug, Clone)]
pub(crate) struct County {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) valid_from: NaiveDate,
    pub(crate) valid_to: Option<NaiveDate>,
}

/// A municipality of one division in an area that is made of members.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) area: String,
    pub(crate) code: String,
    pub(crate) division: NaiveDate,
    pub(crate) valid_from: Option<NaiveDate>,
    pub(crate) valid_to: Option<NaiveDate>,
}

/// A measure of a solution.
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    pub(crate) solution_id: String,
    pub(crate) measure_id: String,
    pub(crate) kind: String,
    pub(crate) rollup: String,
    /// Whether it is the one meant when a question names none.
    pub(crate) main: bool,
}

/// A delivery that a source owes.
#[derive(Debug, Clone)]
pub(crate) struct ExpectedDelivery {
    pub(crate) solution_id: String,
    pub(crate) measure_id: String,
    /// The first day after what it is about.
    pub(crate) period_end: NaiveDate,
    pub(crate) due: NaiveDate,
}

/// The divisions of the country into municipalities, by their first days.
#[derive(Debug, Clone, Default)]
pub(crate) struct Divisions(pub(crate) Vec<NaiveDate>);

impl Divisions {
    /// The first day of the division holding `day`; the oldest for days before it.
    pub(crate) fn holding(&self, day: NaiveDate) -> NaiveDate {
        let at = self.0.partition_point(|d| *d <= day);
        // Before the oldest division its borders are the best that is known.
        self.0.get(at.saturating_sub(1)).copied().unwrap_or(day)
    }
}

/// The municipalities of one division in which each municipality of another lies; NULL where that is not known.
pub(crate) type Successors = HashMap<String, Vec<Option<String>>>;

/// The dimension tables of an edition.
#[derive(Debug, Default)]
pub(crate) struct Dimensions {
    pub(crate) divisions: Divisions,
    pub(crate) municipalities: Vec<Municipality>,
    pub(crate) counties: Vec<County>,
    /// Names of networks and waves, by id.
    pub(crate) networks: BTreeMap<String, String>,
    pub(crate) waves: BTreeMap<String, String>,
    pub(crate) network_members: Vec<Member>,
    pub(crate) peer_groups: Vec<Member>,
    pub(crate) wave_members: Vec<Member>,
    /// By the divisions mapped from and to.
    pub(crate) successors: HashMap<(NaiveDate, NaiveDate), Successors>,
    /// In alphabetical order.
    pub(crate) solutions: Vec<String>,
    pub(crate) measures: Vec<Measure>,
    /// Ages that a solution is for: youngest, and first age left out.
    pub(crate) target_groups: BTreeMap<String, Vec<(i32, Option<i32>)>>,
    pub(crate) expected_deliveries: Vec<ExpectedDelivery>,
    pub(crate) sources: BTreeSet<String>,
    /// Areas worked out before.
    pub(crate) areas: Mutex<HashMap<AreasKey, Arc<Areas>>>,
}

impl Dimensions {
    /// The tables read here.
    pub(crate) const TABLES: [&str; 14] = [
        "divisions",
        "municipalities",
        "counties",
        "networks",
        "network_members",
        "peer_groups",
        "waves",
        "wave_members",
        "municipality_mappings",
        "solutions",
        "measures",
        "target_groups",
        "expected_deliveries",
        "receipts",
    ];

    /// Reads the dimension tables; `read` gives the rows of one of [`Self::TABLES`].
    pub(crate) fn read(
        mut read: impl FnMut(&str) -> Result<Vec<RecordBatch>, EngineError>,
    ) -> Result<Self, EngineError> {
        let mut own = Self::default();
        for name in Self::TABLES {
            let batches = read(name)?;
            for row in rows(&batches) {
                own.add(name, row);
            }
        }
        // Divisions are searched by halving, and a file's rows come in any order.
        own.divisions.0.sort_unstable();
        own.solutions.sort_unstable();
        Ok(own)
    }

    /// Takes one row of a table.
    fn add(&mut self, table: &str, row: Row<'_>) {
        match table {
            "divisions" => self.divisions.0.extend(row.day("division_date")),
            "municipalities" => self.municipalities.extend(municipality(row)),
            "counties" => self.counties.extend(county(row)),
            "networks" => {
                self.networks.insert(row.text("network_id"), row.text("name"));
            }
            "network_members" => self.network_members.extend(member("network_id", row)),
            // Other schemes of groups are not asked for by `by=peer_group`.
            "peer_groups" if row.optional_text("scheme") == Some("kostra") => {
                self.peer_groups.extend(member("group_code", row));
            }
            "waves" => {
                self.waves.insert(row.text("wave_id"), row.text("name"));
            }
            "wave_members" => self.wave_members.extend(member("wave_id", row)),
            "municipality_mappings" => self.add_mapping(row),
            "solutions" => self.solutions.push(row.text("solution_id")),
            "measures" => self.measures.push(Measure {
                solution_id: row.text("solution_id"),
                measure_id: row.text("measure_id"),
                kind: row.text("kind"),
                rollup: row.text("rollup"),
                main: row.flag("main"),
            }),
            "target_groups" => {
                let ages = (row.small("age_from").unwrap_or_default(), row.small("age_to"));
                self.target_groups.entry(row.text("solution_id")).or_default().push(ages);
            }
            "expected_deliveries" => self.expected_deliveries.extend(expected_delivery(row)),
            "receipts" => {
                self.sources.insert(row.text("source_id"));
            }
            _ => {}
        }
    }

    /// One policy tells all successors; the others leave some out.
    fn add_mapping(&mut self, row: Row<'_>) {
        if row.optional_text("policy_id") != Some("population_share") {
            return;
        }
        if let (Some(from), Some(to)) = (row.day("from_date"), row.day("to_date")) {
            let of_divisions = self.successors.entry((from, to)).or_default();
            let successors = of_divisions.entry(row.text("from_code")).or_default();
            successors.push(row.optional_text("to_code").map(str::to_owned));
        }
    }

    /// The ages that a solution is for, or all solutions: everybody where no target group is declared.
    pub(crate) fn ages_of(&self, solution: Option<&str>) -> BTreeSet<(u32, Option<u32>)> {
        let solutions =
            self.solutions.iter().filter(|id| solution.is_none_or(|required| required == id.as_str()));
        let mut ages = BTreeSet::new();
        for id in solutions {
            match self.target_groups.get(id) {
                None => {
                    ages.insert((0, None));
                }
                Some(groups) => ages.extend(groups.iter().map(|(from, to)| {
                    (u32::try_from(*from).unwrap_or_default(), to.and_then(|to| u32::try_from(to).ok()))
                })),
            }
        }
        ages
    }

    /// Those of some codes that a code of another division became, or was made of.
    pub(crate) fn elsewhere<'k>(&self, code: &str, known: &BTreeSet<&'k str>) -> BTreeSet<&'k str> {
        let lands = self.successors.values().filter_map(|of_divisions| of_divisions.get(code)).flatten();
        lands.flatten().filter_map(|to| known.get(to.as_str()).copied()).collect()
    }

    /// A municipality's code and its newest name.
    pub(crate) fn with_name(&self, code: &str) -> String {
        let own = self.municipalities.iter().filter(|one| one.code == code);
        let newest = own.max_by_key(|one| one.valid_from);
        newest.map_or_else(|| code.to_owned(), |one| format!("{code} {}", one.name))
    }

    /// The measures of a solution.
    pub(crate) fn measures_of<'a, 'b>(
        &'a self,
        solution_id: &'b str,
    ) -> impl Iterator<Item = &'a Measure> + use<'a, 'b> {
        self.measures.iter().filter(move |measure| measure.solution_id == solution_id)
    }

    /// The measure of a kind that is meant when a question names none: the solution's main one, or its only one.
    pub(crate) fn main_measure(&self, solution_id: &str, kind: &str) -> Option<&str> {
        let of_kind: Vec<&Measure> =
            self.measures_of(solution_id).filter(|measure| measure.kind == kind).collect();
        let main = of_kind.iter().find(|measure| measure.main);
        let only = if let [only] = of_kind.as_slice() { Some(only) } else { None };
        main.or(only).map(|measure| measure.measure_id.as_str())
    }
}

fn municipality(row: Row<'_>) -> Option<Municipality> {
    Some(Municipality {
        code: row.text("municipality_code"),
        name: row.text("name"),
        county_code: row.text("county_code"),
        valid_from: row.day("valid_from")?,
        valid_to: row.day("valid_to"),
    })
}

fn expected_delivery(row: Row<'_>) -> Option<ExpectedDelivery> {
    Some(ExpectedDelivery {
        solution_id: row.text("solution_id"),
        measure_id: row.text("measure_id"),
        period_end: row.day("period_end")?,
        due: row.day("due")?,
    })
}

fn county(row: Row<'_>) -> Option<County> {
    Some(County {
        code: row.text("county_code"),
        name: row.text("name"),
        valid_from: row.day("valid_from")?,
        valid_to: row.day("valid_to"),
    })
}

fn member(area: &str, row: Row<'_>) -> Option<Member> {
    Some(Member {
        area: row.text(area),
        code: row.text("municipality_code"),
        division: row.day("division_date")?,
        valid_from: row.day("valid_from"),
        valid_to: row.day("valid_to"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_lies_in_the_newest_division_begun() {
        let divisions = Divisions(vec![day("2017-01-01"), day("2020-01-01")]);
        assert_eq!(divisions.holding(day("2019-12-31")), day("2017-01-01"));
        assert_eq!(divisions.holding(day("2020-01-01")), day("2020-01-01"));
        assert_eq!(divisions.holding(day("2000-01-01")), day("2017-01-01"));
    }

    #[test]
    fn the_main_measure_is_the_one_declared_or_the_only_one_of_its_kind() {
        let measure = |id: &str, kind: &str, main| Measure {
            solution_id: "post".into(),
            measure_id: id.into(),
            kind: kind.into(),
            rollup: "sum".into(),
            main,
        };
        let mut own =
            Dimensions { measures: vec![measure("letters", "flow", false)], ..Dimensions::default() };
        assert_eq!(own.main_measure("post", "flow"), Some("letters"));
        assert_eq!(own.main_measure("post", "stock"), None);
        own.measures.push(measure("pages", "flow", false));
        assert_eq!(own.main_measure("post", "flow"), None);
        own.measures.push(measure("parcels", "flow", true));
        assert_eq!(own.main_measure("post", "flow"), Some("parcels"));
    }
}
