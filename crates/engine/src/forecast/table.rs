//! The edge of the forecasts: rows of a relation in, rows out.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Float64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Field, Float64Type, Schema};
use chrono::{Datelike, Days, Months, NaiveDate};

use super::ForecastError;
use super::outlook::{FOUR_OF_FIVE, Trend};
use super::pool::judge;
use super::trend::{Point, Refusal, Series};

/// How far ahead a date is looked for.
const YEARS: u32 = 20;

/// What one row asks.
#[derive(Debug, Clone, Copy)]
struct Question {
    start: NaiveDate,
    end: NaiveDate,
    point: Option<Point>,
    /// The goal and its day.
    goal: Option<(f64, NaiveDate)>,
}

/// What one row is told.
#[derive(Debug, Clone, Copy, Default)]
struct ForecastRow {
    outlook: &'static str,
    refusal: Option<&'static str>,
    broke: Option<NaiveDate>,
    chance: Option<f64>,
    /// Early, median and late.
    dates: [Option<NaiveDate>; 3],
    /// Low, middle and high at the day the goal is due.
    shares: [Option<f64>; 3],
}

/// The forecasts of series: `period_start, period_end, area_code, numerator, denominator, target, due` in, a row for
/// each area and period; told of those that have a goal, from `first` on. `periods` are all that are seen, by their first
/// days: one in which no area at all has a row passes as well.
pub(crate) fn bounded_growth(
    rows: &[RecordBatch],
    periods: &[NaiveDate],
    first: NaiveDate,
) -> Result<RecordBatch, ForecastError> {
    let mut areas: BTreeMap<String, BTreeMap<NaiveDate, Question>> = BTreeMap::new();
    for batch in rows {
        read(batch, &mut areas)?;
    }
    let of_area = |questions: &BTreeMap<NaiveDate, Question>| -> Series {
        periods.iter().map(|start| questions.get(start).and_then(|question| question.point)).collect()
    };
    let series: Vec<Series> = areas.values().map(of_area).collect();
    let assessed = judge(&series);
    let mut out = Vec::new();
    for ((code, questions), trends) in areas.iter().zip(&assessed) {
        for ((start, trend), question) in periods
            .iter()
            .zip(trends)
            .filter_map(|(start, trend)| Some(((start, trend), questions.get(start)?)))
        {
            if let Some(goal) = question.goal.filter(|_| *start >= first) {
                out.push((code.as_str(), *start, forecast_row(question, goal, trend, periods)));
            }
        }
    }
    written(&out)
}

fn read(
    batch: &RecordBatch,
    areas: &mut BTreeMap<String, BTreeMap<NaiveDate, Question>>,
) -> Result<(), ForecastError> {
    let column = |name: &str, kind: &DataType| {
        let column = batch.column_by_name(name).ok_or_else(|| ForecastError::NoColumn(name.to_owned()))?;
        Ok::<_, ForecastError>(cast(column, kind)?)
    };
    let (start, end) = (column("period_start", &DataType::Date32)?, column("period_end", &DataType::Date32)?);
    let (code, due) = (column("area_code", &DataType::Utf8)?, column("due", &DataType::Date32)?);
    let number = |name: &str| column(name, &DataType::Float64);
    let (over, under, target) = (number("numerator")?, number("denominator")?, number("target")?);
    let day = |array: &ArrayRef, at: usize| {
        let days = array.as_primitive::<Date32Type>();
        days.is_valid(at).then(|| days.value_as_date(at)).flatten()
    };
    let real = |array: &ArrayRef, at: usize| {
        let numbers = array.as_primitive::<Float64Type>();
        numbers.is_valid(at).then(|| numbers.value(at))
    };
    for at in 0..batch.num_rows() {
        let (Some(start), Some(end)) = (day(&start, at), day(&end, at)) else {
            return Err(ForecastError::NoPeriod);
        };
        let point = real(&over, at).zip(real(&under, at));
        let question = Question {
            start,
            end,
            point: point.map(|(numerator, denominator)| Point { numerator, denominator }),
            goal: real(&target, at).zip(day(&due, at)),
        };
        let code = code.as_string::<i32>().value(at);
        if areas.entry(code.to_owned()).or_default().insert(start, question).is_some() {
            return Err(ForecastError::Twice { code: code.to_owned(), start });
        }
    }
    Ok(())
}

fn forecast_row(
    question: &Question,
    (target, due): (f64, NaiveDate),
    trend: &Result<Trend, Refusal>,
    periods: &[NaiveDate],
) -> ForecastRow {
    let refused = |refusal: Refusal| ForecastRow {
        outlook: "refused",
        refusal: Some(refusal.as_str()),
        broke: match refusal {
            Refusal::Break(place) => periods.get(place).copied(),
            _ => None,
        },
        ..ForecastRow::default()
    };
    match question.point {
        None => return refused(Refusal::NoNumber),
        Some(point) if point.numerator > point.denominator => return refused(Refusal::AboveEligible),
        Some(point) if point.share() >= target => {
            return ForecastRow { outlook: "reached", chance: Some(1.0), ..ForecastRow::default() };
        }
        Some(_) => {}
    }
    let trend = match trend {
        Ok(trend) => trend,
        Err(refusal) => return refused(*refusal),
    };
    let step = Step::of(question);
    let ahead = step.until(question.end, due);
    let arrival = trend.arrival(target, step.in_years(YEARS));
    let date = |periods: Option<usize>| periods.map(|periods| step.after(question.end, periods));
    let shares =
        [-FOUR_OF_FIVE, 0.0, FOUR_OF_FIVE].map(|z| (ahead > 0.0).then(|| tidy(trend.share(ahead, z))));
    let dates = [arrival.early, arrival.middle, arrival.late].map(date);
    let outlook = match dates[1] {
        None => "not_at_this_pace",
        Some(day) if day <= due => "on_time",
        Some(_) => "late",
    };
    ForecastRow {
        outlook,
        refusal: None,
        broke: None,
        chance: Some(tidy(trend.chance(target, ahead))),
        dates,
        shares,
    }
}

/// Four decimals say more than is known, and are the same on every machine.
fn tidy(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}

/// From one period to the next: whole months, or days.
#[derive(Debug, Clone, Copy)]
enum Step {
    Months(u32),
    Days(u32),
}

impl Step {
    fn of(question: &Question) -> Self {
        let (start, end) = (question.start, question.end);
        let months = (end.year() - start.year()) * 12 + i32::try_from(end.month0()).unwrap_or_default()
            - i32::try_from(start.month0()).unwrap_or_default();
        match u32::try_from(months) {
            Ok(months) if months > 0 && start.day() == 1 && end.day() == 1 => Self::Months(months),
            _ => Self::Days(u32::try_from((end - start).num_days()).unwrap_or(1).max(1)),
        }
    }

    /// How many periods such years have.
    fn in_years(self, years: u32) -> usize {
        let periods = match self {
            Self::Months(months) => years * 12 / months,
            Self::Days(days) => years * 1461 / 4 / days,
        };
        usize::try_from(periods).unwrap_or_default()
    }

    /// The end of the period that many after the one that ends on `end`.
    fn after(self, end: NaiveDate, periods: usize) -> NaiveDate {
        let many = u32::try_from(periods).unwrap_or_default();
        let moved = match self {
            Self::Months(months) => end.checked_add_months(Months::new(many * months)),
            Self::Days(days) => end.checked_add_days(Days::new(u64::from(many) * u64::from(days))),
        };
        moved.unwrap_or(NaiveDate::MAX)
    }

    /// How many periods are left until a day, with what is left of the last one; 0 when it is past.
    fn until(self, end: NaiveDate, due: NaiveDate) -> f64 {
        let most = self.in_years(YEARS);
        let whole = (1..=most).take_while(|periods| self.after(end, *periods) <= due).count();
        let (from, to) = (self.after(end, whole), self.after(end, whole + 1));
        if due <= from || whole == most {
            return super::trend::count(whole);
        }
        let days =
            |from: NaiveDate, to: NaiveDate| i32::try_from((to - from).num_days()).map_or(0.0, f64::from);
        super::trend::count(whole) + days(from, due) / days(from, to)
    }
}

/// An area, a period, and what is told of them.
type Row<'a> = (&'a str, NaiveDate, ForecastRow);

fn written(rows: &[Row<'_>]) -> Result<RecordBatch, ForecastError> {
    let days = |of: &dyn Fn(&Row<'_>) -> Option<NaiveDate>| -> ArrayRef {
        let number =
            |day: NaiveDate| i32::try_from((day - NaiveDate::default()).num_days()).unwrap_or(i32::MAX);
        Arc::new(rows.iter().map(|row| of(row).map(number)).collect::<Date32Array>())
    };
    let words = |of: &dyn Fn(&ForecastRow) -> Option<&'static str>| -> ArrayRef {
        Arc::new(rows.iter().map(|row| of(&row.2)).collect::<StringArray>())
    };
    let numbers = |of: &dyn Fn(&ForecastRow) -> Option<f64>| -> ArrayRef {
        Arc::new(rows.iter().map(|row| of(&row.2)).collect::<Float64Array>())
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("period_start", days(&|row| Some(row.1))),
        ("area_code", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.0)))),
        ("outlook", words(&|row| Some(row.outlook))),
        ("refusal", words(&|row| row.refusal)),
        ("break_period", days(&|row| row.2.broke)),
        ("probability", numbers(&|row| row.chance)),
        ("early_date", days(&|row| row.2.dates[0])),
        ("median_date", days(&|row| row.2.dates[1])),
        ("late_date", days(&|row| row.2.dates[2])),
        ("share_low", numbers(&|row| row.shares[0])),
        ("share_middle", numbers(&|row| row.shares[1])),
        ("share_high", numbers(&|row| row.shares[2])),
    ];
    let field = |(name, array): &(&str, ArrayRef)| Field::new(*name, array.data_type().clone(), true);
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    Ok(RecordBatch::try_new(Arc::new(schema), arrays)?)
}
