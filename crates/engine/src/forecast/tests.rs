//! The forecasts held against what can be worked out beside them.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use chrono::{Months, NaiveDate};

use super::errors::quantile;
use super::outlook::{NORMAL_ENDS, Trend, Z_80, normal};
use super::panel::simulate_panel;
use super::pool::{fit_panel, pooled};
use super::table::bounded_growth;
use super::trend::{Point, Refusal, Series, line};

fn near(found: f64, required: f64) {
    assert!((found - required).abs() < 1e-12, "{found} should be {required}");
}

#[test]
fn the_normal_distribution_is_that_of_the_tables() {
    near(normal(0.0), 0.5);
    near(normal(1.281_551_565_544_600_4), 0.9);
    near(normal(1.959_963_984_540_054), 0.975);
    near(normal(-3.5), 2.326_290_790_355_250_4e-4);
    near(normal(3.5), 1.0 - 2.326_290_790_355_250_4e-4);
    assert!(normal(-40.0) >= 0.0 && normal(40.0) <= 1.0);
}

/// So many users of a thousand.
fn of_a_thousand(users: &[f64]) -> Series {
    users.iter().map(|numerator| Some(Point { numerator: *numerator, denominator: 1000.0 })).collect()
}

/// Users whose logit is the given one.
fn at_logits(logits: impl Iterator<Item = f64>) -> Series {
    let users = logits.map(|z| (1000.5 * z.exp() - 0.5) / (1.0 + z.exp()));
    of_a_thousand(&users.collect::<Vec<_>>())
}

#[test]
fn a_straight_line_of_logits_is_found_as_it_is() {
    let series = at_logits((0..30).map(|month| f64::from(month) * 0.05 - 1.5));
    let found = line(&series, 29).unwrap();
    near(found.slope, 0.05);
    // The mean lies on the line, where it says it does.
    near(found.mean, (29.0 - found.behind) * 0.05 - 1.5);
    near(found.scatter, 1e-6);
    // Alone, it keeps its slope; three periods bring 0.93 + 0.8649 + 0.804357 of it.
    let assessed = fit_panel(&[series]);
    let trend = assessed[0][29].unwrap();
    near(trend.logit(3.0).0, -0.05 + 0.05 * 2.599_257);
}

/// One new point and seven old ones: the weight lies on one point, and what little the others know is still not negative.
#[test]
fn free_points_are_never_fewer_than_none() {
    let users = [300.0, 340.0, 310.0, 350.0, 330.0, 390.0, 350.0];
    let mut gap = of_a_thousand(&users);
    gap.extend([None; 16]);
    gap.push(Some(Point { numerator: 500.0, denominator: 1000.0 }));
    let found = line(&gap, 23).unwrap();
    assert!(found.freedom >= 0.0 && found.freedom < 0.1, "{}", found.freedom);
    // The seven sway by some hundredths of a logit, and so does the line's scatter.
    assert!(found.scatter > 1e-3 && found.scatter < 1e-1, "{}", found.scatter);
    // Eight in a row: the weights 0.7^a sum to 3.1412 and their squares to 1.9543, the lever is 4.8809 / 11.3808: 2.0902 is left, as much as
    // 3.3596 points of one weight have.
    let found = line(&of_a_thousand(&[300.0, 340.0, 310.0, 350.0, 330.0, 390.0, 350.0, 360.0]), 7).unwrap();
    assert!((found.freedom - 3.3596).abs() < 1e-4, "{}", found.freedom);
    // Whatever is silent, and however long.
    for silent in 0_u32..1 << 14 {
        let point = |at: u32| Some(Point { numerator: f64::from(300 + at * at % 17), denominator: 1000.0 });
        let series: Series = (0..24)
            .map(|at| if at < 14 && silent & (1 << at) == 0 || at > 21 { point(at) } else { None })
            .collect();
        if let Ok(found) = line(&series, 23) {
            assert!(found.freedom >= 0.0 && found.scatter.is_finite(), "{silent:b}: {found:?}");
        }
    }
}

/// Of nine errors one in ten is the first, (9 + 1) / 10, and nine in ten the last; half is the fifth. Of four, one in ten is
/// rank 0.5: the first is the best there is; half is rank 2.5.
#[test]
fn the_ends_of_errors_are_as_by_hand() {
    let nine: Vec<f64> = (1..=9).map(f64::from).collect();
    near(quantile(&nine, 0.1).unwrap(), 1.0);
    near(quantile(&nine, 0.5).unwrap(), 5.0);
    near(quantile(&nine, 0.9).unwrap(), 9.0);
    near(quantile(&nine, 0.25).unwrap(), 2.5);
    let four = [-2.0, 0.0, 1.0, 8.0];
    near(quantile(&four, 0.1).unwrap(), -2.0);
    near(quantile(&four, 0.5).unwrap(), 0.5);
    near(quantile(&four, 0.9).unwrap(), 8.0);
    near(quantile(&[3.0], 0.1).unwrap(), 3.0);
    assert_eq!(quantile(&[], 0.1), None);
}

/// Ends of -2, -0.5 and 1 at every horizon: each side is as long as its own end says, and a chance of one in ten, one half
/// and nine in ten is where they lie.
#[test]
fn each_side_has_its_own_length() {
    let straight =
        at_logits((0..30).map(|month| f64::from(month) * 0.05 - 1.5 + f64::from(month % 3) * 0.02));
    let trend = Trend { ends: [[-2.0, -0.5, 1.0]; 3], ..fit_panel(&[straight])[0][29].unwrap() };
    let (mean, variance) = trend.logit(6.0);
    let logit = |share: f64| {
        let users = share * trend.eligible;
        ((users + 0.5) / (trend.eligible - users + 0.5)).ln()
    };
    let close = |found: f64, required: f64| assert!((found - required).abs() < 1e-9, "{found} {required}");
    for (deviations, end, chance) in [(-Z_80, -2.0, 0.9), (0.0, -0.5, 0.5), (Z_80, 1.0, 0.1)] {
        let share = trend.share(6.0, deviations);
        close(logit(share), mean + end * variance.sqrt());
        // The growth to 6 periods makes later ends reach higher, so the chance is that of the last.
        close(trend.chance(share, 6.0).max(chance), trend.chance(share, 6.0));
    }
    // Between 3 and 12 the ends are between theirs, beyond them the nearest.
    let trend = Trend { ends: [NORMAL_ENDS, [-3.0, 0.0, 2.0], [-5.0, 1.0, 4.0]], ..trend };
    let end =
        |ahead: f64| (logit(trend.share(ahead, 0.0)) - trend.logit(ahead).0) / trend.logit(ahead).1.sqrt();
    for (ahead, middle) in [(1.0, 0.0), (4.5, 0.0), (9.0, 0.5), (12.0, 1.0), (40.0, 1.0)] {
        close(end(ahead), middle);
    }
}

#[test]
fn each_refusal_has_its_reason() {
    let refusal = |series: &Series| line(series, series.len() - 1).err();
    let constant_growth: Vec<f64> = (0..10).map(|month| 300.0 + f64::from(month)).collect();
    assert_eq!(refusal(&of_a_thousand(&constant_growth)), None);
    assert_eq!(refusal(&of_a_thousand(&constant_growth[..7])), Some(Refusal::FewPoints));
    let mut silent = of_a_thousand(&constant_growth);
    silent.push(None);
    assert_eq!(refusal(&silent), Some(Refusal::NoNumber));
    assert_eq!(refusal(&of_a_thousand(&[99.0; 12])), Some(Refusal::LowReach));
    assert_eq!(refusal(&of_a_thousand(&[100.0; 12])), None);
    let mut above = constant_growth.clone();
    above[2] = 1001.0;
    assert_eq!(refusal(&of_a_thousand(&above)), Some(Refusal::AboveEligible));
}

#[test]
fn a_leap_breaks_the_line_until_eight_points_have_come() {
    let with_leap = |since: usize, leap: f64| {
        let mut users = vec![300.0; 12];
        users.extend(vec![300.0 + leap; since]);
        let series = of_a_thousand(&users);
        line(&series, series.len() - 1).err()
    };
    assert_eq!(with_leap(1, 101.0), Some(Refusal::Break(12)));
    assert_eq!(with_leap(7, 101.0), Some(Refusal::Break(12)));
    assert_eq!(with_leap(8, 101.0), None);
    // A fall is one too, and ten points are not yet one.
    assert_eq!(with_leap(1, -101.0), Some(Refusal::Break(12)));
    assert_eq!(with_leap(1, 99.0), None);
    // A series that always sways by so much does not break: its changes are 100, -90, 120, -100, 60, -90 and 120, their
    // median 60 and half of them 60 and more away from it, which is 89 for a normal's deviation.
    let swaying = of_a_thousand(&[300.0, 400.0, 310.0, 430.0, 330.0, 390.0, 300.0, 420.0]);
    assert_eq!(line(&swaying, 7).err(), None);
    // Nor does one that rises twelve points in three months nobody told of.
    let mut gap = of_a_thousand(&[300.0, 340.0, 380.0, 420.0, 460.0, 500.0, 540.0]);
    gap.extend([None, None, Some(Point { numerator: 660.0, denominator: 1000.0 })]);
    assert_eq!(line(&gap, 9).err(), None);
}

/// Slopes 0.1 and 0.3, each known to a variance of 0.01: their mean 0.2, Q = 2 x 0.1^2 / 0.01 = 2 with one degree of
/// freedom, and 200 - 20000/200 = 100 in the denominator: they truly differ by a variance of 0.01.
#[test]
fn two_slopes_are_pooled_as_by_hand() {
    let pool = pooled(&[(0.1, 0.01), (0.3, 0.01)]);
    near(pool.between, 0.01);
    near(pool.mean, 0.2);
    near(pool.mean_variance, 0.01);
    // Slopes no more different than chance makes them are one.
    near(pooled(&[(0.2, 0.01), (0.21, 0.01)]).between, 0.0);
}

/// Whatever has come, and however far one looks, nobody is told of who is not there.
#[test]
fn nothing_is_above_everybody() {
    for seed in 0..4 {
        let panel: Vec<Series> = simulate_panel(seed, 30, 40).into_iter().map(|one| one.series).collect();
        for trend in fit_panel(&panel).iter().flatten().flatten() {
            bounded(trend);
        }
    }
    let steep = at_logits((0..12).map(|month| f64::from(month) * 0.6 - 1.0));
    bounded(fit_panel(&[steep])[0][11].as_ref().unwrap());
}

fn bounded(trend: &Trend) {
    for ahead in [0.5, 3.0, 240.0, 10_000.0] {
        let ends = [-1000.0, -1.28, 0.0, 1.28, 1000.0].map(|z| trend.share(ahead, z));
        assert!(ends.iter().all(|share| (0.0..=1.0).contains(share)), "{ends:?}");
        assert!(ends.windows(2).all(|pair| pair[0] <= pair[1]), "{ends:?}");
        let chances = [0.2, 0.9, 1.0].map(|goal| trend.chance(goal, ahead.min(240.0)));
        assert!(chances.iter().all(|chance| (0.0..=1.0).contains(chance)), "{chances:?}");
        assert!(chances.windows(2).all(|pair| pair[0] >= pair[1]), "{chances:?}");
    }
    assert_eq!(trend.chance(1.01, 240.0).to_bits(), 0.0_f64.to_bits());
    assert_eq!(trend.arrival(1.01, 240).early, None);
}

fn month(number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2022, 1, 1).unwrap() + Months::new(number)
}

fn months() -> Vec<NaiveDate> {
    (0..30).map(month).collect()
}

/// Two areas over 30 months, both with a goal.
fn rows() -> RecordBatch {
    let days = |of: &dyn Fn(u32) -> NaiveDate| -> ArrayRef {
        let day = |number: u32| i32::try_from((of(number % 30) - NaiveDate::default()).num_days()).unwrap();
        Arc::new(Date32Array::from_iter_values((0..60).map(day)))
    };
    let users =
        (0..60_i64).map(|row| (row % 30 != 4).then_some(200 + row % 30 * (5 + row / 30) + row * row % 7));
    let column = |name, array: ArrayRef| (name, array, true);
    RecordBatch::try_from_iter_with_nullable([
        column("period_start", days(&month)),
        column("period_end", days(&|number| month(number + 1))),
        column(
            "area_code",
            Arc::new(StringArray::from_iter_values((0..60).map(|row| if row < 30 { "a" } else { "b" }))),
        ),
        column("numerator", Arc::new(Int64Array::from_iter(users))),
        column("denominator", Arc::new(Int64Array::from(vec![900; 60]))),
        column("is_representative", Arc::new(BooleanArray::from(vec![true; 60]))),
        column("target", Arc::new(Float64Array::from(vec![0.5; 60]))),
        column("due", days(&|_| NaiveDate::from_ymd_opt(2026, 3, 15).unwrap())),
    ])
    .unwrap()
}

#[test]
fn the_order_of_the_rows_decides_nothing() {
    let rows = rows();
    let forecasts = bounded_growth(std::slice::from_ref(&rows), &months(), month(24)).unwrap();
    assert_eq!(forecasts.num_rows(), 12);
    let backwards: Vec<RecordBatch> = (0..rows.num_rows()).rev().map(|row| rows.slice(row, 1)).collect();
    assert_eq!(bounded_growth(&backwards, &months(), month(24)).unwrap(), forecasts);
    // What is told of a month is the same however many are told.
    let last = bounded_growth(std::slice::from_ref(&rows), &months(), month(29)).unwrap();
    let of_last =
        concat_batches(&forecasts.schema(), &[forecasts.slice(5, 1), forecasts.slice(11, 1)]).unwrap();
    assert_eq!(last, of_last);
    // Two rows for one area and period are no series.
    assert!(
        bounded_growth(&[rows.clone(), rows], &months(), month(24))
            .unwrap_err()
            .to_string()
            .contains("two rows for a")
    );
}

/// Where nobody belongs to any area for two years, those years pass all the same: what came before them is too old.
#[test]
fn periods_without_any_row_pass_as_well() {
    let rows = rows();
    let at = |number: u32| rows.slice(usize::try_from(number).unwrap(), 1);
    let seen: Vec<RecordBatch> = (0..10).chain(28..30).map(at).collect();
    let refusal = |periods: &[NaiveDate]| {
        let forecasts = bounded_growth(&seen, periods, month(29)).unwrap();
        let words = forecasts.column_by_name("refusal").unwrap();
        words.as_any().downcast_ref::<StringArray>().unwrap().value(0).to_owned()
    };
    assert_eq!(refusal(&months()), "few_points");
}

/// The last month of `a` speaks for one municipality of many, and the month before it of `b`.
#[test]
fn a_number_of_few_is_held_against_no_target_and_is_no_point() {
    let rows = rows();
    let column = rows.schema().index_of("is_representative").unwrap();
    let mut columns = rows.columns().to_vec();
    columns[column] = Arc::new(BooleanArray::from_iter((0..60).map(|row| Some(row != 29 && row != 58))));
    let few = RecordBatch::try_new(rows.schema(), columns).unwrap();
    let of_few = bounded_growth(&[few], &months(), month(28)).unwrap();
    let words = of_few.column_by_name("refusal").unwrap();
    let words: Vec<Option<&str>> = words.as_any().downcast_ref::<StringArray>().unwrap().iter().collect();
    assert_eq!(words, [None, Some("low_coverage"), Some("low_coverage"), None]);
    let all = bounded_growth(&[rows], &months(), month(28)).unwrap();
    let last = |forecasts: &RecordBatch, name: &str| {
        let shares = forecasts.column_by_name(name).unwrap();
        shares.as_any().downcast_ref::<Float64Array>().unwrap().value(3)
    };
    assert!((last(&of_few, "share_middle") - last(&all, "share_middle")).abs() > 1e-4);
}
