//! Which municipality belongs to which area, in the borders of a day.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

use chrono::NaiveDate;
use utbredt_kpi::By;

use super::dimensions::{Dimensions, Member, Municipality};

/// How many sets of areas are kept; a question needs one for each day on which borders or names may differ.
const KEPT: usize = 4096;

/// In whose borders areas are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AreasKey {
    /// What an area is.
    pub(crate) by: By,
    /// The day whose municipalities belong to areas.
    pub(crate) on_day: NaiveDate,
    /// The division that holds it.
    pub(crate) division: NaiveDate,
    /// The day on which members are members.
    pub(crate) member_day: NaiveDate,
}

/// An area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) code: String,
    pub(crate) name: String,
}

/// All areas of one kind in the borders of a day.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Areas {
    /// In the order of their codes.
    pub(crate) areas: Vec<Area>,
    /// The areas of each municipality, as places in `areas`.
    of_municipality: HashMap<String, Vec<usize>>,
}

impl Areas {
    /// From pairs of municipality and area.
    fn new(pairs: &BTreeSet<(String, String)>, names: &BTreeMap<String, String>) -> Self {
        let codes: BTreeSet<&String> = pairs.iter().map(|(_, area)| area).collect();
        // An area without a name is shown by its code, rather than left out.
        let areas: Vec<Area> = codes
            .iter()
            .map(|code| Area { code: (*code).clone(), name: names.get(*code).unwrap_or(code).clone() })
            .collect();
        let mut of_municipality: HashMap<String, Vec<usize>> = HashMap::new();
        for (municipality, area) in pairs {
            // Always found: `areas` was made of the same pairs.
            let place = areas.binary_search_by(|known| known.code.cmp(area)).unwrap_or_default();
            of_municipality.entry(municipality.clone()).or_default().push(place);
        }
        Self { areas, of_municipality }
    }

    /// The areas a municipality belongs to, as places in [`Self::areas`]; none when it is not of this division.
    pub(crate) fn of(&self, municipality: &str) -> &[usize] {
        self.of_municipality.get(municipality).map_or(&[], Vec::as_slice)
    }

    /// Every municipality with one of its areas.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &Area)> {
        self.of_municipality.iter().flat_map(|(municipality, places)| {
            places.iter().filter_map(|place| Some((municipality.as_str(), self.areas.get(*place)?)))
        })
    }
}

impl Dimensions {
    /// The areas of a kind, worked out once.
    pub(crate) fn areas(&self, key: AreasKey) -> Arc<Areas> {
        let mut kept = self.areas.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(&key) {
            return Arc::clone(known);
        }
        if kept.len() >= KEPT {
            // All at once: a full map is rare, and areas are quickly made again.
            kept.clear();
        }
        let made = Arc::new(self.make_areas(key));
        kept.insert(key, Arc::clone(&made));
        made
    }

    fn make_areas(&self, key: AreasKey) -> Areas {
        match key.by {
            By::Municipality => {
                let pairs = self.present(key.on_day).map(|m| (m.code.clone(), m.code.clone())).collect();
                Areas::new(
                    &pairs,
                    &self.present(key.on_day).map(|m| (m.code.clone(), m.name.clone())).collect(),
                )
            }
            By::County => {
                let pairs =
                    self.present(key.on_day).map(|m| (m.code.clone(), m.county_code.clone())).collect();
                let named = self.counties.iter().filter(|county| {
                    county.valid_from <= key.on_day && county.valid_to.is_none_or(|end| end > key.on_day)
                });
                Areas::new(&pairs, &named.map(|county| (county.code.clone(), county.name.clone())).collect())
            }
            By::Network => {
                Areas::new(&self.members(key, &self.network_members, &self.networks), &self.networks)
            }
            By::Wave => Areas::new(&self.members(key, &self.wave_members, &self.waves), &self.waves),
            By::PeerGroup => {
                // KOSTRA groups have no table of names: the code is the name.
                let codes = self.peer_groups.iter().map(|member| (member.area.clone(), member.area.clone()));
                let names = codes.collect();
                Areas::new(&self.members(key, &self.peer_groups, &names), &names)
            }
            By::Nation => {
                let pairs = self.present(key.on_day).map(|m| (m.code.clone(), "NO".to_owned())).collect();
                Areas::new(&pairs, &BTreeMap::from([("NO".to_owned(), "Norge".to_owned())]))
            }
        }
    }

    /// The municipalities of a day.
    fn present(&self, day: NaiveDate) -> impl Iterator<Item = &Municipality> {
        self.municipalities.iter().filter(move |municipality| municipality.valid_on(day))
    }

    /// Memberships hold for the codes of one division: a municipality of another belongs to an area when all its
    /// successors there do.
    fn members(
        &self,
        key: AreasKey,
        members: &[Member],
        known: &BTreeMap<String, String>,
    ) -> BTreeSet<(String, String)> {
        let mut of_area: BTreeMap<(&str, NaiveDate), BTreeSet<&str>> = BTreeMap::new();
        for member in members.iter().filter(|member| known.contains_key(&member.area)) {
            let begun = member.valid_from.is_none_or(|from| from <= key.member_day);
            if begun && member.valid_to.is_none_or(|to| to > key.member_day) {
                of_area.entry((&member.area, member.division)).or_default().insert(&member.code);
            }
        }
        let mut pairs = BTreeSet::new();
        for ((area, division), codes) in of_area {
            let Some(successors) = self.successors.get(&(key.division, division)) else { continue };
            for municipality in self.present(key.on_day) {
                let own = successors.get(&municipality.code).map_or(&[][..], Vec::as_slice);
                let all = own.iter().all(|code| code.as_deref().is_some_and(|code| codes.contains(code)));
                // `all` holds of no successors too.
                if all && !own.is_empty() {
                    pairs.insert((municipality.code.clone(), area.to_owned()));
                }
            }
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::super::dimensions::{County, Divisions, Municipality};
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn municipality(code: &str, county: &str, from: &str, to: Option<&str>) -> Municipality {
        Municipality {
            code: code.into(),
            name: format!("Name of {code}"),
            county_code: county.into(),
            valid_from: day(from),
            valid_to: to.map(day),
        }
    }

    /// 0101 and 0102 become 3001 in 2020; 0201 stays. The network has 3001 and 0201.
    fn world() -> Dimensions {
        let (old, new) = (day("2017-01-01"), day("2020-01-01"));
        let mapped = |from: &str, to: &str| (from.to_owned(), vec![Some(to.to_owned())]);
        let member = |area: &str, code: &str| Member {
            area: area.into(),
            code: code.into(),
            division: new,
            valid_from: None,
            valid_to: None,
        };
        Dimensions {
            divisions: Divisions(vec![old, new]),
            municipalities: vec![
                municipality("0101", "01", "2017-01-01", Some("2020-01-01")),
                municipality("0102", "01", "2017-01-01", Some("2020-01-01")),
                municipality("3001", "30", "2020-01-01", None),
                municipality("0201", "02", "2017-01-01", None),
            ],
            counties: vec![County {
                code: "30".into(),
                name: "Stor".into(),
                valid_from: new,
                valid_to: None,
            }],
            networks: BTreeMap::from([("nord".to_owned(), "Nord".to_owned())]),
            network_members: vec![member("nord", "3001"), member("nord", "0201"), member("unnamed", "0201")],
            successors: HashMap::from([
                ((old, new), [mapped("0101", "3001"), mapped("0102", "3001"), mapped("0201", "0201")].into()),
                ((new, new), [mapped("3001", "3001"), mapped("0201", "0201")].into()),
            ]),
            ..Dimensions::default()
        }
    }

    fn found(by: By, on_day: &str) -> Vec<(String, String, String)> {
        let world = world();
        let on_day = day(on_day);
        let division = world.divisions.holding(on_day);
        let areas = world.areas(AreasKey { by, on_day, division, member_day: day("2020-06-01") });
        let pair = |(municipality, area): (&str, &Area)| {
            (municipality.to_owned(), area.code.clone(), area.name.clone())
        };
        let mut pairs: Vec<_> = areas.pairs().map(pair).collect();
        pairs.sort();
        pairs
    }

    fn row(municipality: &str, code: &str, name: &str) -> (String, String, String) {
        (municipality.to_owned(), code.to_owned(), name.to_owned())
    }

    #[test]
    fn a_municipality_belongs_where_all_its_successors_do() {
        assert_eq!(
            found(By::Network, "2019-05-01"),
            [row("0101", "nord", "Nord"), row("0102", "nord", "Nord"), row("0201", "nord", "Nord")]
        );
        assert_eq!(
            found(By::Network, "2020-05-01"),
            [row("0201", "nord", "Nord"), row("3001", "nord", "Nord")]
        );
    }

    #[test]
    fn a_county_without_a_name_goes_by_its_code() {
        assert_eq!(found(By::County, "2020-05-01"), [row("0201", "02", "02"), row("3001", "30", "Stor")]);
        assert_eq!(found(By::Nation, "2020-05-01"), [row("0201", "NO", "Norge"), row("3001", "NO", "Norge")]);
    }
}
