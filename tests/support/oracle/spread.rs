//! KPIs that compare: a municipality with itself a year before, and with others. What an area says is made from its
//! cells here, not by adding.

use std::collections::BTreeMap;

use super::areas::groups_of;
use super::borders::comparable;
use super::inputs::CellContext;
use super::kpis::{Found, other_land, plain, share, whole_ratio};
use super::{Cell, OracleRequest, OracleRow, State, mark, stages, year_before};

/// The cell of a municipality.
pub(crate) fn compute(context: &CellContext<'_>, request: &OracleRequest, code: &str) -> Found {
    let measure = request.measure_id.as_deref().unwrap_or("uses");
    match request.kpi.as_str() {
        "adoption.growth_yoy" => growth(context, measure, code),
        "spread.inequality" => whole_ratio(context.usage(measure, code), context.persons(code)),
        "spread.peer_comparison" => compared(context, measure, code),
        "spread.left_behind" => left_behind(context, code),
        "adoption.digital_share" => digital(context, request, measure, code),
        other => panic!("the oracle knows no KPI {other}"),
    }
}

/// The row of an area whose KPI does not simply add.
pub(crate) fn finish(kpi: &str, row: OracleRow, cells: &[&Cell]) -> OracleRow {
    match kpi {
        "adoption.growth_yoy" => grown(row, cells),
        "spread.inequality" => unequal(row, cells),
        "spread.peer_comparison" => placed(row, cells),
        "spread.left_behind" => {
            let extras = BTreeMap::from([("share".to_owned(), row.value)]);
            OracleRow { value: row.numerator, extras, ..row }
        }
        _ => row,
    }
}

/// What is told now and what was told a year before, of the same territory.
fn growth(context: &CellContext<'_>, measure: &str, code: &str) -> Found {
    let earlier = year_before(context.world, context.span);
    let past = CellContext {
        world: context.world,
        policy: context.policy,
        span: &earlier,
        solution: context.solution,
    };
    let (now, then) = (context.usage(measure, code), past.usage(measure, code));
    let stated_now = comparable(context.world, context.policy, context.span, code);
    let stated_then = comparable(context.world, context.policy, &earlier, code);
    let mut found = plain(now.value, Some(then.value));
    found.states = vec![now.state, then.state];
    found.marks = now.marks | then.marks;
    if now.is_partial() || then.is_partial() {
        found.states.push(State::NotApplicable);
    }
    if !stated_then {
        found.states.push(State::NotValid);
    }
    let differs = other_land(now, then);
    found.states.extend(differs);
    let partial = now.is_partial() || then.is_partial();
    let not_valid = [now.state, then.state].contains(&State::NotValid) || differs.is_some();
    if !stated_now || !stated_then || not_valid || partial {
        found.extras.insert("not_comparable", 1);
    }
    if differs.is_some() {
        found.extras.insert("other_land", 1);
    }
    if stated_now && now.state == State::Ok {
        found.extras.insert("now", now.value);
    }
    if stated_then && then.state == State::Ok {
        found.extras.insert("then", then.value);
    } else if stated_then && then.state == State::NotApplicable {
        // Without the solution there was no use.
        found.extras.insert("without", 1);
    }
    found
}

#[expect(clippy::cast_precision_loss, reason = "the numbers of a test world are small")]
fn grown(row: OracleRow, cells: &[&Cell]) -> OracleRow {
    let (mut all_now, mut all_then, mut new, mut new_uses, mut rise) = (0, 0, 0, 0, 0);
    for cell in cells {
        let now = cell.extras.get("now").copied();
        let then = cell.extras.get("then").copied();
        // What the borders take one of the two numbers from is in neither sum.
        if !cell.extras.contains_key("not_comparable") {
            all_now += now.unwrap_or(0);
            all_then += then.unwrap_or(0);
        }
        // What was there before, when that is known at all.
        let before = if cell.extras.contains_key("without") { Some(0) } else { then };
        let (Some(now), Some(before)) = (now, before) else { continue };
        if cell.extras.contains_key("other_land") {
            continue;
        }
        // A part is compared with nothing but none at all.
        if cell.extras.contains_key("without") || before == 0 || !cell.extras.contains_key("not_comparable") {
            rise += (now - before).max(0);
        }
        if before == 0 && now > 0 {
            new += 1;
            new_uses += now;
        }
    }
    let ok = row.state == "ok" && row.denominator != Some(0.0);
    let part = |over: i64, under: i64| (under > 0).then(|| over as f64 / under as f64);
    let extras = BTreeMap::from([
        ("unmatched_growth".to_owned(), part(all_now, all_then).map(|ratio| ratio - 1.0)),
        ("new_municipalities".to_owned(), Some(f64::from(new))),
        ("share_from_new".to_owned(), part(new_uses, rise)),
    ]);
    let extras = extras.into_iter().map(|(name, number)| (name, number.filter(|_| ok))).collect();
    let state = if row.state == "ok" && !ok { "not_applicable".to_owned() } else { row.state };
    OracleRow {
        value: row.value.filter(|_| ok).map(|ratio| ratio - 1.0),
        numerator: row.numerator.filter(|_| ok),
        denominator: row.denominator.filter(|_| ok),
        state,
        extras,
        ..row
    }
}

/// The value a share of the way up, by the nearest rank: the first that at least that share is not above.
fn quantile(sorted: &[f64], tenths: usize) -> Option<f64> {
    sorted.get((tenths * sorted.len()).div_ceil(10).checked_sub(1)?).copied()
}

/// Half the mean difference between any two, in parts of the mean.
#[expect(clippy::cast_precision_loss, reason = "few municipalities")]
fn gini(rates: &[f64]) -> Option<f64> {
    let (mut differences, mut sum) = (0.0, 0.0);
    for one in rates {
        sum += one;
        for other in rates {
            differences += (one - other).abs();
        }
    }
    let gini = differences / (2.0 * rates.len() as f64 * sum);
    (sum > 0.0).then(|| (gini * 1e12).round() / 1e12)
}

#[expect(clippy::cast_precision_loss, reason = "the numbers of a test world are small")]
fn unequal(row: OracleRow, cells: &[&Cell]) -> OracleRow {
    let mut known: Vec<(f64, &str, i64)> = Vec::new();
    for cell in cells.iter().filter(|cell| cell.state == State::Ok) {
        known.push((1000.0 * cell.numerator as f64 / cell.persons as f64, &cell.code, cell.persons));
    }
    known.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
    let rates: Vec<f64> = known.iter().map(|(rate, ..)| *rate).collect();
    let persons = |of: &[(f64, &str, i64)]| of.iter().map(|(.., persons)| *persons).sum::<i64>() as f64;
    let value = gini(&rates);
    let bottom = persons(&known[..known.len().div_ceil(5)]) / persons(&known);
    let extras = [
        ("p10_per_1000", quantile(&rates, 1)),
        ("p50_per_1000", quantile(&rates, 5)),
        ("p90_per_1000", quantile(&rates, 9)),
        ("bottom_quintile_persons_share", Some(bottom)),
    ];
    let extras = extras.map(|(name, number)| (name.to_owned(), number.filter(|_| value.is_some())));
    let state = if row.state == "ok" && value.is_none() { "not_applicable".to_owned() } else { row.state };
    OracleRow { value, numerator: None, denominator: None, state, extras: extras.into(), ..row }
}

/// The one KOSTRA group of a municipality, and everybody in it and in no other.
fn peers<'a>(context: &CellContext<'a>, code: &str) -> Option<Vec<&'a str>> {
    let groups = |code: &str| groups_of(context.world, "kostra", code, context.span.target);
    let mine = groups(code);
    let day = context.span.names_on;
    let existing = context
        .world
        .municipalities
        .iter()
        .filter(|row| row.valid_from <= day && row.valid_to.is_none_or(|end| end > day));
    let peers = existing.map(|row| row.code.as_str()).filter(|code| groups(code) == mine).collect();
    (mine.len() == 1).then_some(peers)
}

/// The 95 % interval of a count's rate, on the scale on which counts vary evenly.
#[expect(clippy::cast_precision_loss, reason = "the numbers of a test world are small")]
fn interval(uses: i64, persons: i64) -> (f64, f64) {
    let root = (uses as f64).sqrt();
    ((root - 0.98).max(0.0).powi(2) / persons as f64, (root + 0.98).powi(2) / persons as f64)
}

/// Those of some municipalities with a number, from the lowest rate up.
fn known<'a>(context: &CellContext<'_>, measure: &str, codes: &[&'a str]) -> Vec<(i64, i64, &'a str)> {
    let mut known: Vec<(i64, i64, &str)> = Vec::new();
    for code in codes {
        let (uses, persons) = (context.usage(measure, code), context.persons(code));
        let whole = uses.state == State::Ok && !uses.is_partial();
        let stated = whole && persons.state == State::Ok && persons.value > 0;
        let stated = stated && other_land(uses, persons).is_none();
        if stated && comparable(context.world, context.policy, context.span, code) {
            known.push((uses.value, persons.value, code));
        }
    }
    known.sort_by(|a, b| (a.0 * b.1).cmp(&(b.0 * a.1)).then(a.2.cmp(b.2)));
    known
}

/// Against the others of the group with a number, or those of the country where they are fewer than three.
fn compared(context: &CellContext<'_>, measure: &str, code: &str) -> Found {
    let mut found = whole_ratio(context.usage(measure, code), context.persons(code));
    let Some(peers) = peers(context, code) else {
        found.states.push(State::NotApplicable);
        return found;
    };
    let day = context.span.names_on;
    let existing = context
        .world
        .municipalities
        .iter()
        .filter(|row| row.valid_from <= day && row.valid_to.is_none_or(|end| end > day));
    let nation: Vec<&str> = existing.map(|row| row.code.as_str()).collect();
    let others = |codes: &[&'_ str]| -> Vec<(i64, i64, String)> {
        let known = known(context, measure, codes).into_iter().filter(|(.., peer)| *peer != code);
        known.map(|(uses, persons, peer)| (uses, persons, peer.to_owned())).collect()
    };
    let mut known = others(&peers);
    let wider = known.len() < 3;
    if wider {
        known = others(&nation);
    }
    if known.len() < 3 {
        return found;
    }
    let own = interval(found.numerator, found.denominator.unwrap_or(0));
    let count = |test: &dyn Fn((f64, f64)) -> bool| {
        let met = known.iter().filter(|(uses, persons, _)| test(interval(*uses, *persons)));
        i64::try_from(met.count()).expect("few peers")
    };
    found.extras.insert("peers", i64::try_from(known.len()).expect("few peers"));
    found.extras.insert("wider_references", i64::from(wider));
    found.extras.insert("rank_low", 1 + count(&|(low, _)| low > own.1));
    found.extras.insert("rank_high", 1 + count(&|(_, high)| high >= own.0));
    for (quarters, uses_name, persons_name) in [(2, "u50", "p50"), (3, "u75", "p75")] {
        let (uses, persons, peer) = &known[(quarters * known.len()).div_ceil(4) - 1];
        found.marks |= context.usage(measure, peer).marks | context.persons(peer).marks;
        found.extras.insert(uses_name, *uses);
        found.extras.insert(persons_name, *persons);
    }
    found
}

#[expect(clippy::cast_precision_loss, reason = "the numbers of a test world are small")]
fn placed(row: OracleRow, cells: &[&Cell]) -> OracleRow {
    let ok = row.state == "ok";
    let get = |name: &str| cells[0].extras.get(name).map(|whole| *whole as f64).filter(|_| ok);
    let rate = |uses: &str, persons: &str| Some(1000.0 * get(uses)? / get(persons)?);
    let extras = [
        ("median_per_1000", rate("u50", "p50")),
        ("p75_per_1000", rate("u75", "p75")),
        ("rank_low", get("rank_low")),
        ("rank_high", get("rank_high")),
        ("peers", get("peers")),
        ("wider_references", get("wider_references")),
    ];
    let extras = extras.map(|(name, number)| (name.to_owned(), number)).into();
    OracleRow { value: row.value.map(|ratio| 1000.0 * ratio), extras, ..row }
}

/// Not in production, though a year ago half of the group was.
fn left_behind(context: &CellContext<'_>, code: &str) -> Found {
    let earlier = year_before(context.world, context.span);
    let past = CellContext {
        world: context.world,
        policy: context.policy,
        span: &earlier,
        solution: context.solution,
    };
    let Some(peers) = peers(context, code) else {
        let mut found = plain(0, Some(1));
        found.states.push(State::NotApplicable);
        return found;
    };
    let live = peers.iter().filter(|peer| stages::produced(&past, peer)).count();
    let behind = !stages::produced(context, code) && 2 * live >= peers.len();
    stages::followed(context, plain(i64::from(behind), Some(1)))
}

/// The digital ones of all, where all are counted.
fn digital(context: &CellContext<'_>, request: &OracleRequest, measure: &str, code: &str) -> Found {
    let all = request.params.get("all_measure_id").map_or("cases", String::as_str);
    let counted = |name: &str| {
        context.world.measures.iter().any(|m| m.solution_id == context.solution && m.measure_id == name)
    };
    let (mut reported, mut expected) = context.months_reported(measure, code);
    let mut found = if counted(all) {
        let of_all = context.months_reported(all, code);
        let (above, below) = (context.usage(measure, code), context.usage(all, code));
        let same = reported == of_all.0 && (above.marks ^ below.marks) & mark::PARTIAL == 0;
        (reported, expected) = (reported + of_all.0, expected + of_all.1);
        let mut found = share(above, below);
        if !same {
            found.states.push(State::Missing);
        }
        found
    } else {
        let mut unknown = plain(0, Some(0));
        unknown.states.push(State::NotApplicable);
        unknown
    };
    found.extras.insert("periods_reported", reported);
    found.extras.insert("periods_expected", expected);
    found
}
