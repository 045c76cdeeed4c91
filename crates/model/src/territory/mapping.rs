//! How a municipality of one division lies in another, under a named policy for those that do not lie in one.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::{Part, Territory, TerritoryError, weight};
use crate::MunicipalityCode;
use crate::newtype::all;

/// What becomes of a municipality whose parts lie in several of the other division.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum Policy {
    /// It goes nowhere: there is no exact number.
    ExactOnly,
    /// It is divided by the persons living on the parts.
    PopulationShare,
    /// All of it goes to the successor with most persons; among equals the smallest code.
    /// Lakes and older clients call it `largest_heir`.
    #[strum(to_string = "largest_successor", serialize = "largest_heir")]
    LargestSuccessor,
}

impl Policy {
    /// Every policy, the careful one first.
    pub const ALL: [Self; 3] = all(Self::VARIANTS);

    /// The word clients use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The word in the tables of a lake: a word that lakes have stays as it is.
    #[must_use]
    pub fn policy_id(self) -> &'static str {
        match self {
            Self::LargestSuccessor => "largest_heir",
            other => other.as_str(),
        }
    }

    /// Reads what [`Policy::as_str`] or [`Policy::policy_id`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Where a municipality, or a share of it, lies in another division. Of a value `v` of the whole it carries
/// `floor(v * weight_to / weight_total) - floor(v * weight_from / weight_total)`, so that whole numbers stay
/// whole and add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The policy.
    pub policy: Policy,
    /// The municipality mapped.
    pub from_code: MunicipalityCode,
    /// Its division.
    pub from_date: NaiveDate,
    /// Where it lies; `None` = not known exactly.
    pub to_code: Option<MunicipalityCode>,
    /// The division mapped to.
    pub to_date: NaiveDate,
    /// Where this successor's share begins, in persons.
    pub weight_from: i64,
    /// Where it ends.
    pub weight_to: i64,
    /// The whole in persons, more than zero.
    pub weight_total: i64,
    /// Whether the whole of `from_code` lies in one municipality.
    pub exact: bool,
}

impl Mapping {
    /// The share of the whole it carries.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "populations are far below 2^52")]
    pub fn share(&self) -> f64 {
        (self.weight_to - self.weight_from) as f64 / self.weight_total as f64
    }

    /// What it carries of a value of the whole.
    #[must_use]
    pub fn of(&self, value: i64) -> i64 {
        split_by_weight(value, self.weight_from, self.weight_to, self.weight_total)
    }
}

/// What the part from `weight_from` to `weight_to` of `weight_total` carries of a whole `value`:
/// `floor(value * weight_to / weight_total) - floor(value * weight_from / weight_total)`. Parts that meet end to end
/// add up to the whole, however they are cut.
#[must_use]
pub fn split_by_weight(value: i64, weight_from: i64, weight_to: i64, weight_total: i64) -> i64 {
    // 128 bits, since a value in øre times a weight leaves 64.
    let total = i128::from(weight_total.max(1));
    let [upto_end, upto_start] =
        [weight_to, weight_from].map(|weight| (i128::from(value) * i128::from(weight)).div_euclid(total));
    i64::try_from(upto_end - upto_start).unwrap_or_default()
}

impl Territory {
    /// The mappings of every municipality of division `from` to division `to`, by code and successor.
    ///
    /// # Errors
    /// [`TerritoryError::NoDivision`] when either date is no division's first day.
    pub fn mappings(
        &self,
        policy: Policy,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<Mapping>, TerritoryError> {
        let (at, onto) = (self.position(from)?, self.position(to)?);
        // Sorted by code, so that the bytes of the table are the same in every build.
        let mut out = Vec::new();
        for (code, parts) in self.holdings(at) {
            let successors = successors(&parts, onto);
            let total = weight(&parts);
            // One successor: every part went to the same place, so any value goes there whole.
            let exact = successors.len() == 1;
            // Where each part of the whole goes: successor, and the weights between which its share lies.
            let mut shares = Vec::new();
            match policy {
                Policy::ExactOnly => {
                    shares.push((successors.keys().next().copied().filter(|_| exact), 0, total));
                }
                Policy::LargestSuccessor => shares.push((largest(&successors), 0, total)),
                Policy::PopulationShare => {
                    let mut begun = 0;
                    for (successor, persons) in successors {
                        shares.push((Some(successor), begun, begun + persons));
                        begun += persons;
                    }
                }
            }
            out.extend(shares.into_iter().map(|(to_code, weight_from, weight_to)| Mapping {
                policy,
                from_code: code.clone(),
                from_date: from,
                to_code: to_code.cloned(),
                to_date: to,
                weight_from,
                weight_to,
                weight_total: total,
                exact,
            }));
        }
        Ok(out)
    }
}

fn successors<'a>(parts: &[&'a Part], onto: usize) -> BTreeMap<&'a MunicipalityCode, i64> {
    let mut out = BTreeMap::new();
    for part in parts {
        *out.entry(&part.codes[onto]).or_default() += part.persons;
    }
    out
}

/// Ties go to the smallest code: the map is ordered and only a larger weight replaces the best so far.
fn largest<'a>(successors: &BTreeMap<&'a MunicipalityCode, i64>) -> Option<&'a MunicipalityCode> {
    let mut best: Option<(&MunicipalityCode, i64)> = None;
    for (code, persons) in successors {
        if best.is_none_or(|(_, most)| *persons > most) {
            best = Some((code, *persons));
        }
    }
    best.map(|(code, _)| code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// Ålesund and Haram separate, merged, and separate again; Tysfjord cut in two; Stavanger keeping its code.
    fn territory() -> Territory {
        let part = |id: &str, persons, codes: [&str; 3]| Part {
            part_id: id.into(),
            persons,
            codes: codes.iter().map(|code| MunicipalityCode::parse(code).unwrap()).collect(),
        };
        let dates = [day("2019-01-01"), day("2020-01-01"), day("2024-01-01")];
        let parts = vec![
            part("1504", 48_000, ["1504", "1507", "1508"]),
            part("1534", 9_400, ["1534", "1507", "1580"]),
            part("1850-1806", 800, ["1850", "1806", "1806"]),
            part("1850-1875", 1_100, ["1850", "1875", "1875"]),
            part("1805", 21_000, ["1805", "1806", "1806"]),
            part("1103", 134_000, ["1103", "1103", "1103"]),
            part("1141", 3_200, ["1141", "1103", "1103"]),
        ];
        Territory::new(&dates, parts).unwrap()
    }

    fn shown(policy: Policy, from: &str, to: &str, code: &str) -> Vec<String> {
        let rows = territory().mappings(policy, day(from), day(to)).unwrap();
        rows.iter()
            .filter(|row| row.from_code.as_str() == code)
            .map(|row| {
                let to = row.to_code.as_ref().map_or("-", MunicipalityCode::as_str);
                let exact = if row.exact { "exact" } else { "inexact" };
                format!("{to} [{},{})/{} {exact}", row.weight_from, row.weight_to, row.weight_total)
            })
            .collect()
    }

    #[test]
    fn a_detour_through_a_merger_is_still_exact() {
        for policy in Policy::ALL {
            assert_eq!(shown(policy, "2019-01-01", "2024-01-01", "1534"), ["1580 [0,9400)/9400 exact"]);
            assert_eq!(shown(policy, "2024-01-01", "2019-01-01", "1580"), ["1534 [0,9400)/9400 exact"]);
        }
    }

    #[test]
    fn a_split_follows_the_policy() {
        let (from, to) = ("2020-01-01", "2024-01-01");
        assert_eq!(shown(Policy::ExactOnly, from, to, "1507"), ["- [0,57400)/57400 inexact"]);
        assert_eq!(shown(Policy::LargestSuccessor, from, to, "1507"), ["1508 [0,57400)/57400 inexact"]);
        let shares = ["1508 [0,48000)/57400 inexact", "1580 [48000,57400)/57400 inexact"];
        assert_eq!(shown(Policy::PopulationShare, from, to, "1507"), shares);
    }

    #[test]
    fn a_code_kept_is_not_a_territory_kept() {
        let back = shown(Policy::PopulationShare, "2020-01-01", "2019-01-01", "1103");
        assert_eq!(back, ["1103 [0,134000)/137200 inexact", "1141 [134000,137200)/137200 inexact"]);
        assert_eq!(
            shown(Policy::ExactOnly, "2019-01-01", "2020-01-01", "1103"),
            ["1103 [0,134000)/134000 exact"]
        );
    }

    #[test]
    fn policies_read_back() {
        for policy in Policy::ALL {
            assert_eq!(Policy::parse(policy.as_str()), Some(policy));
            assert_eq!(Policy::parse(policy.policy_id()), Some(policy));
        }
    }

    proptest! {
        #[test]
        fn a_value_keeps_its_sum_under_every_policy(value in 0i64..1_000_000_000, from in 0usize..3, to in 0usize..3) {
            let territory = territory();
            let date = |at: usize| territory.divisions()[at].date;
            for policy in Policy::ALL {
                let mut sums: BTreeMap<String, i64> = BTreeMap::new();
                for row in territory.mappings(policy, date(from), date(to)).unwrap() {
                    *sums.entry(row.from_code.to_string()).or_default() += row.of(value);
                }
                prop_assert!(sums.values().all(|sum| *sum == value));
            }
        }
    }
}
