//! What is paid to the networks, and by whom.

use std::collections::BTreeMap;

use chrono::{Datelike, Days};

use super::areas::{keys_of, members_division};
use super::benefit::{fallen, of_year};
use super::borders::{Successor, codes_of, successors};
use super::inputs::{CellContext, Input};
use super::{By, OracleRequest, OracleRow, Policy, Span, State, days_of, kpis, mark};
use crate::world::{Day, MembershipFee, World};

/// A member of a network, by the code of its own division, with what it pays in the period.
struct Member {
    /// The yearly fee of each day on which one holds.
    fees: Vec<(Day, i64)>,
    persons: Input,
    marks: i64,
    state: State,
}

/// What a member pays to a network, or to all of its networks, day by day.
fn contribution(context: &CellContext<'_>, only: Option<&str>, code: &str) -> Option<Member> {
    let (mut fees, mut marks, mut member) = (None, 0, false);
    // Its own inhabitants, whatever borders are asked for.
    let persons_in = |span: Span| {
        let span = Span { target: members_division(context.world), ..span };
        CellContext { world: context.world, policy: context.policy, span: &span, solution: context.solution }
            .persons(code)
    };
    let newest = persons_in(*context.span);
    let mut of_years: BTreeMap<i32, Input> = BTreeMap::new();
    for network in context.world.networks.iter().map(|network| &network.network_id) {
        if only.is_some_and(|only| only != network) {
            continue;
        }
        let (mut days, mut days_with) = (0, 0);
        let mut to_network = Vec::new();
        for day in days_of(context.span.start, context.span.end) {
            let is_member = context.world.network_members.iter().any(|row| {
                row.network_id == *network
                    && row.municipality_code == code
                    && row.valid_from.is_none_or(|from| from <= day)
                    && row.valid_to.is_none_or(|end| end > day)
            });
            if !is_member {
                continue;
            }
            days += 1;
            let persons =
                *of_years.entry(day.year()).or_insert_with(|| persons_in(of_year(context.span, day)));
            marks |= persons.marks;
            let holds =
                |fee: &&MembershipFee| fee.valid_from <= day && fee.valid_to.is_none_or(|end| end > day);
            let of = |id: Option<&str>| {
                context.world.membership_fees.iter().filter(holds).find(|fee| fee.network_id.as_deref() == id)
            };
            let Some(fee) = of(Some(network)).or_else(|| of(None)) else { continue };
            if persons.state != State::Ok {
                continue;
            }
            days_with += 1;
            if fee.host_code.as_deref() != Some(code) {
                let a_year = fee.ore_a_year + fee.ore_per_inhabitant_a_year * persons.value;
                to_network.push((day, a_year.min(fee.ore_a_year_max.unwrap_or(a_year))));
            }
        }
        member |= days > 0;
        marks |= if days_with < days { mark::PARTIAL } else { 0 };
        if days_with > 0 {
            fees.get_or_insert_with(Vec::new).extend(to_network);
        }
    }
    let state = if fees.is_some() { State::Ok } else { State::NotApplicable };
    member.then_some(Member { fees: fees.unwrap_or_default(), persons: newest, marks, state })
}

/// What is paid to each network, or by the members in each area: each as it is a member, split by inhabitants where
/// the borders asked for cut it.
#[expect(clippy::cast_precision_loss, reason = "the numbers of a test world are small")]
pub(crate) fn contributions(world: &World, request: &OracleRequest, span: &Span) -> Vec<OracleRow> {
    let context = CellContext { world, policy: request.policy, span, solution: &request.solution_id };
    let (policy, own) = (request.policy, members_division(world));
    let placing = if policy == Policy::ExactOnly { Policy::PopulationShare } else { policy };
    let mut areas: BTreeMap<Option<String>, Vec<String>> = BTreeMap::new();
    for cell in kpis::places(world, span) {
        for key in keys_of(world, request, span, &cell) {
            areas.entry(key).or_default().push(cell.code.clone());
        }
    }
    let mut rows = Vec::new();
    for (key, inside) in areas {
        let only = key.as_deref().filter(|_| request.by == By::Network);
        let (mut ore, mut marks, mut reported, mut not_valid, mut persons) = (0, 0, 0, 0, 0);
        let inhabitants: i64 = inside.iter().map(|code| kpis::inhabitants(&context, code)).sum();
        for code in codes_of(world, own) {
            let placed: Vec<Successor> = successors(world, placing, &code, own, span.target)
                .into_iter()
                .filter(|part| part.code.as_ref().is_some_and(|code| inside.contains(code)))
                .collect();
            if placed.is_empty() {
                continue;
            }
            let Some(member) = contribution(&context, only, &code) else { continue };
            let whole = only.is_some()
                || placed.iter().map(|part| part.to - part.from).sum::<i64>() == placed[0].total;
            // What has fallen when the day is over, less what had before it, in each part of the land.
            let of_day = |(day, a_year): &(Day, i64)| -> i64 {
                let (before, after) = (fallen(*a_year, *day), fallen(*a_year, *day + Days::new(1)));
                if only.is_some() {
                    return after - before;
                }
                placed.iter().map(|part| part.allocated(after) - part.allocated(before)).sum()
            };
            if policy == Policy::ExactOnly && !whole {
                not_valid += 1;
            } else if member.state == State::Ok {
                reported += 1;
                ore += member.fees.iter().map(of_day).sum::<i64>();
                persons += placed.iter().map(|part| part.allocated(member.persons.value)).sum::<i64>();
                marks |= member.marks | if whole { 0 } else { mark::SPLIT };
            }
        }
        if reported > 0 && not_valid > 0 {
            marks |= mark::PARTIAL;
        }
        if reported > 0 && span.end > world.recorded_at.date_naive() {
            marks |= mark::INCOMPLETE;
        }
        let state = match (reported, not_valid) {
            (0, 0) => State::NotApplicable,
            (0, _) => State::NotValid,
            _ => State::Ok,
        };
        let value = (reported > 0).then_some(ore as f64 / 100.0);
        rows.push(OracleRow {
            period_start: span.start,
            key,
            value,
            numerator: value,
            denominator: None,
            state: state.word().to_owned(),
            coverage: (inhabitants > 0).then(|| persons.min(inhabitants) as f64 / inhabitants as f64),
            coverage_of_expected: (persons > 0).then_some(1.0),
            marks,
            reported,
            expected: reported,
            extras: BTreeMap::new(),
        });
    }
    rows
}
