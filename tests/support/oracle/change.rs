//! What made a pooled share change: each municipality's own part in it, one after the other.

use super::areas::{keys_of, roll_up};
use super::borders::{comparable, parts_of};
use super::{Cell, OracleRequest, OracleRow, Span, State, a_year_before, before, kpis, mark};
use crate::world::World;

/// The rows of a period.
pub(crate) fn rows(world: &World, request: &OracleRequest, now: &Span) -> Vec<OracleRow> {
    let measure = request.measure_id.clone().unwrap_or_else(|| "users_active".to_owned());
    let question =
        OracleRequest { kpi: "adoption.reach".to_owned(), measure_id: Some(measure), ..request.clone() };
    let then = if request.params.get("against").is_some_and(|word| word == "year") {
        a_year_before(world, request, now)
    } else {
        before(world, request, now)
    };
    let (cells, past_cells) = (kpis::cells(world, &question, now), kpis::cells(world, &question, &then));
    let not_valid: Vec<String> = cells
        .iter()
        .chain(&past_cells)
        .filter(|cell| cell.state == State::NotValid)
        .map(|cell| cell.code.clone())
        .collect();
    let past_rows = roll_up(world, &question, &then, &past_cells);
    let mut rows = roll_up(world, &question, now, &cells);
    for row in &mut rows {
        let past = past_rows.iter().find(|past| past.key == row.key);
        let of_area = |cells: &[Cell], span: &Span| -> Vec<Cell> {
            let mine = |cell: &&Cell| keys_of(world, request, span, cell).contains(&row.key);
            cells.iter().filter(|cell| cell.state == State::Ok).filter(mine).cloned().collect()
        };
        let moved = Moved {
            world,
            request,
            now,
            then: &then,
            cells: of_area(&cells, now),
            past: of_area(&past_cells, &then),
            not_valid: not_valid.clone(),
        };
        assess(row, past, &moved);
    }
    rows
}

/// An area's municipalities that count, now and before.
struct Moved<'a> {
    world: &'a World,
    request: &'a OracleRequest,
    now: &'a Span,
    then: &'a Span,
    cells: Vec<Cell>,
    past: Vec<Cell>,
    /// Those that the borders take one of the two numbers from.
    not_valid: Vec<String>,
}

fn assess(row: &mut OracleRow, past: Option<&OracleRow>, moved: &Moved<'_>) {
    row.extras.clear();
    let was = past.map_or("not_valid", |past| past.state.as_str());
    if row.state != "ok" || was != "ok" {
        if row.state == "ok" {
            was.clone_into(&mut row.state);
        }
        (row.value, row.numerator, row.denominator) = (None, None, None);
        for name in COLUMNS {
            row.extras.insert(name.to_owned(), None);
        }
        return;
    }
    let past = past.expect("it is ok");
    row.marks |= past.marks & !mark::INCOMPLETE;
    row.value = row.value.zip(past.value).map(|(now, then)| now - then);
    for (name, number) in COLUMNS.iter().zip(moved.parts()) {
        row.extras.insert((*name).to_owned(), Some(number));
    }
}

const COLUMNS: [&str; 8] = [
    "before_share",
    "within_share",
    "mix_share",
    "members_share",
    "borders_share",
    "stayed",
    "came",
    "fell_out",
];

/// Use and target group, and the one by the other.
#[expect(clippy::cast_precision_loss, reason = "the numbers of a test world are small")]
fn pool<'a>(cells: impl Iterator<Item = &'a Cell>) -> (f64, f64, f64) {
    let (mut uses, mut persons) = (0, 0);
    for cell in cells {
        uses += cell.numerator;
        persons += cell.denominator.expect("a share has one");
    }
    (uses as f64, persons as f64, uses as f64 / persons as f64)
}

impl Moved<'_> {
    /// Whether a code stood for the same territory both times, and could be told of both times.
    fn unchanged(&self, code: &str) -> bool {
        let stated = |span: &Span| {
            let exists = self.world.municipalities.iter().any(|row| {
                row.code == code
                    && row.valid_from <= span.names_on
                    && row.valid_to.is_none_or(|end| end > span.names_on)
            });
            exists && comparable(self.world, self.request.policy, span, code)
        };
        let territory = |span: &Span| {
            let mut ids: Vec<&str> =
                parts_of(self.world, code, span.target).iter().map(|part| part.part_id.as_str()).collect();
            ids.sort_unstable();
            ids
        };
        stated(self.now) && stated(self.then) && territory(self.now) == territory(self.then)
    }

    /// Whether what moved about it is who reports, and not the borders.
    fn moves_by_itself(&self, code: &str) -> bool {
        self.unchanged(code) && self.not_valid.iter().all(|other| other != code)
    }

    /// The municipality before, when it is there both times.
    fn stayed<'a>(&'a self, cell: &Cell) -> Option<&'a Cell> {
        self.past.iter().find(|past| past.code == cell.code).filter(|_| self.unchanged(&cell.code))
    }

    /// The columns, in order.
    #[expect(clippy::cast_precision_loss, reason = "few municipalities")]
    fn parts(&self) -> [f64; 8] {
        let (_, all, share) = pool(self.cells.iter());
        let (_, all_past, share_past) = pool(self.past.iter());
        let pairs: Vec<(&Cell, &Cell)> =
            self.cells.iter().filter_map(|cell| Some((cell, self.stayed(cell)?))).collect();
        let (_, of, mut reference) = pool(pairs.iter().map(|(now, _)| *now));
        let (_, of_past, mut reference_past) = pool(pairs.iter().map(|(_, then)| *then));
        if pairs.is_empty() {
            reference = f64::midpoint(share, share_past);
            reference_past = reference;
        }
        let (mut within, mut mix, mut members, mut borders) = (0.0, 0.0, 0.0, 0.0);
        for (now, then) in &pairs {
            let (_, persons, rate) = pool(std::iter::once(*now));
            let (_, persons_past, rate_past) = pool(std::iter::once(*then));
            let (weight, weight_past) = (persons / of, persons_past / of_past);
            within += f64::midpoint(weight, weight_past) * (rate - rate_past);
            mix += f64::midpoint(rate, rate_past) * (weight - weight_past);
        }
        let (mut came, mut fell_out) = (0, 0);
        for cell in self.cells.iter().filter(|cell| pairs.iter().all(|(now, _)| now.code != cell.code)) {
            let (_, persons, rate) = pool(std::iter::once(cell));
            let part = persons / all * (rate - reference);
            *(if self.moves_by_itself(&cell.code) { &mut members } else { &mut borders }) += part;
            came += 1;
        }
        for cell in self.past.iter().filter(|cell| pairs.iter().all(|(_, then)| then.code != cell.code)) {
            let (_, persons, rate) = pool(std::iter::once(cell));
            let part = persons / all_past * (rate - reference_past);
            *(if self.moves_by_itself(&cell.code) { &mut members } else { &mut borders }) -= part;
            fell_out += 1;
        }
        let stayed = pairs.len() as f64;
        [share_past, within, mix, members, borders, stayed, f64::from(came), f64::from(fell_out)]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Cell, Moved, State};
    use crate::oracle::{Borders, By, Grain, OracleRequest, Policy, answer, span};
    use crate::tiny::tiny;
    use crate::world::Day;
    use crate::worlds::{Random, random, request};

    /// Nes rose from 40 of 200 to 30 of 100, and people went from there to Øy, which stayed at a tenth: 20 of 200 and 30
    /// of 300. The whole stood still: within is 3/8 of 0.1, mix is 0.25 times -1/4 and 0.1 times 1/4.
    #[test]
    fn a_rise_may_be_undone_by_who_lives_where() {
        let (world, day) = (tiny(), Day::from_ymd_opt(2020, 1, 1).expect("a day"));
        let question = OracleRequest {
            kpi: "adoption.change".into(),
            solution_id: "post".into(),
            measure_id: None,
            params: BTreeMap::new(),
            by: By::Nation,
            borders: Borders::Then,
            policy: Policy::ExactOnly,
            from: day,
            to: day,
            grain: Grain::Month,
        };
        let now = span(&world, &question, day);
        let then = super::before(&world, &question, &now);
        let cell = |code: &str, uses, persons| Cell {
            code: code.into(),
            county: "02".into(),
            state: State::Ok,
            numerator: uses,
            denominator: Some(persons),
            extras: BTreeMap::new(),
            marks: 0,
            persons,
            inhabitants: persons,
        };
        let moved = Moved {
            world: &world,
            request: &question,
            now: &now,
            then: &then,
            cells: vec![cell("0201", 30, 100), cell("0202", 30, 300)],
            past: vec![cell("0201", 40, 200), cell("0202", 20, 200)],
            not_valid: Vec::new(),
        };
        let expected = [0.15, 0.0375, -0.0375, 0.0, 0.0, 2.0, 0.0, 0.0];
        for (part, expected) in moved.parts().into_iter().zip(expected) {
            assert!((part - expected).abs() < 1e-12, "{part} should be {expected}");
        }
    }

    /// Whoever came, went or was redrawn: the parts are the whole change, and each of them happens.
    #[test]
    fn the_parts_sum_to_the_change() {
        let mut met = [0; 4];
        for seed in 0..1000 {
            let world = random(seed);
            let mut rng = Random::new(seed);
            for row in answer(&world, &request(&world, ("adoption.change", true), &mut rng)) {
                let Some(change) = row.value else { continue };
                let names = ["within_share", "mix_share", "members_share", "borders_share"];
                let parts = names.map(|name| row.extras[name].expect("a change has its parts"));
                let size: f64 = parts.iter().map(|part| part.abs()).sum();
                assert!((parts.iter().sum::<f64>() - change).abs() <= 1e-12 * size.max(1.0), "seed {seed}");
                for (count, part) in met.iter_mut().zip(parts) {
                    *count += i32::from(part.abs() > 1e-9);
                }
            }
        }
        assert!(met.iter().all(|count| *count >= 7), "{met:?}");
    }
}
