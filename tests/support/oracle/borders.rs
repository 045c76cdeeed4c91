//! Territory by its parts: which municipality lies in which, and how values follow.

use super::{Policy, Span};
use crate::world::{Day, MunicipalityPart, World};

/// Where a municipality of one division goes in another: to `code`, with the persons from `from` to `to` of `total`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    /// The municipality; `None` when the policy does not tell.
    pub code: Option<String>,
    /// Where its persons begin in the whole.
    pub from: i64,
    /// Where they end.
    pub to: i64,
    /// The whole.
    pub total: i64,
    /// Whether the whole municipality lies in this one.
    pub exact: bool,
}

impl Successor {
    /// What this heir gets of a value.
    pub(crate) fn allocated(&self, value: i64) -> i64 {
        // i128 so that a generous test value cannot overflow.
        let up_to = |weight: i64| i128::from(value) * i128::from(weight) / i128::from(self.total);
        i64::try_from(up_to(self.to) - up_to(self.from)).expect("a part is no larger than the whole")
    }
}

/// First day of the division that holds a day.
pub(crate) fn division_holding(world: &World, day: Day) -> Day {
    for division in &world.divisions {
        if division.date <= day && division.valid_to.is_none_or(|end| day < end) {
            return division.date;
        }
    }
    panic!("{day} lies before the first division");
}

/// The parts of a municipality.
pub(crate) fn parts_of<'a>(world: &'a World, code: &str, division: Day) -> Vec<&'a MunicipalityPart> {
    let mut parts = Vec::new();
    for part in &world.parts {
        if part.municipality_code == code && part.division_date == division {
            parts.push(part);
        }
    }
    parts
}

/// The municipality that holds a part.
fn holder<'a>(world: &'a World, part_id: &str, division: Day) -> &'a str {
    for part in &world.parts {
        if part.part_id == part_id && part.division_date == division {
            return &part.municipality_code;
        }
    }
    panic!("part {part_id} lies in no municipality of {division}");
}

/// The codes of a division, sorted.
pub(crate) fn codes_of(world: &World, division: Day) -> Vec<String> {
    let mut codes = Vec::new();
    for part in &world.parts {
        if part.division_date == division && !codes.contains(&part.municipality_code) {
            codes.push(part.municipality_code.clone());
        }
    }
    codes.sort();
    codes
}

/// The municipalities of another division that share territory with one, each with the persons shared, by code.
pub(crate) fn overlaps(world: &World, code: &str, from: Day, to: Day) -> Vec<(String, i64)> {
    let mut found: Vec<(String, i64)> = Vec::new();
    for part in parts_of(world, code, from) {
        let successor = holder(world, &part.part_id, to);
        match found.iter_mut().find(|(name, _)| name == successor) {
            Some((_, persons)) => *persons += part.persons,
            None => found.push((successor.to_owned(), part.persons)),
        }
    }
    found.sort();
    found
}

/// How a municipality maps to another division under a policy.
#[must_use]
pub fn successors(world: &World, policy: Policy, code: &str, from: Day, to: Day) -> Vec<Successor> {
    let found = overlaps(world, code, from, to);
    let total: i64 = found.iter().map(|(_, persons)| persons).sum();
    let whole = |code: Option<String>, exact: bool| Successor { code, from: 0, to: total, total, exact };
    if found.len() == 1 {
        return vec![whole(Some(found[0].0.clone()), true)];
    }
    match policy {
        Policy::ExactOnly => vec![whole(None, false)],
        Policy::LargestSuccessor => {
            let mut best = &found[0];
            for successor in &found {
                if successor.1 > best.1 {
                    best = successor;
                }
            }
            vec![whole(Some(best.0.clone()), false)]
        }
        Policy::PopulationShare => {
            let mut out = Vec::new();
            let mut weight = 0;
            for (code, persons) in found {
                out.push(Successor {
                    code: Some(code),
                    from: weight,
                    to: weight + persons,
                    total,
                    exact: false,
                });
                weight += persons;
            }
            out
        }
    }
}

/// What of a municipality goes to `to_code`, if anything.
pub(crate) fn successor_in(
    world: &World,
    policy: Policy,
    (code, from): (&str, Day),
    (to_code, to): (&str, Day),
) -> Option<Successor> {
    successors(world, policy, code, from, to)
        .into_iter()
        .find(|successor| successor.code.as_deref() == Some(to_code))
}

/// Whether a municipality of the target division can be told exactly in a period.
pub(crate) fn comparable(world: &World, policy: Policy, span: &Span, code: &str) -> bool {
    if policy != Policy::ExactOnly {
        return true;
    }
    for native in codes_of(world, span.native) {
        let over = overlaps(world, &native, span.native, span.target);
        if over.len() > 1 && over.iter().any(|(successor, _)| successor == code) {
            return false;
        }
    }
    true
}
