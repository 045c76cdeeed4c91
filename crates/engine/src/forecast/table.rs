//! The edge of the forecasts: rows of a relation in, rows out.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Float64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Field, Float64Type, Schema};
use chrono::{Datelike, Days, Months, NaiveDate};

use super::ForecastError;
use super::outlook::{Trend, Z_80};
use super::pool::fit_panel;
use super::trend::{Point, Refusal, Series};
use crate::question::periods::epoch_days;

/// How far ahead a date is looked for.
const YEARS: u32 = 20;

/// What one row asks.
#[derive(Debug, Clone, Copy)]
struct Question {
    start: NaiveDate,
    end: NaiveDate,
    /// The number, where it speaks for enough of the area.
    point: Option<Point>,
    /// Whether there is one that speaks for too little of it.
    is_of_few: bool,
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

/// The forecasts of series: `period_start, period_end, area_code, numerator, denominator, is_representative, target, due`
/// in, a row for each area and period; told of those that have a goal, from `first` on. A number that is not representative
/// is no point of its series. `periods` are all that are seen, by their first
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
    let series: Vec<Series> = areas.values().map(|questions| series_of(questions, periods)).collect();
    let assessed = fit_panel(&series);
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

/// The points of an area by period; a period without a row has none.
fn series_of(questions: &BTreeMap<NaiveDate, Question>, periods: &[NaiveDate]) -> Series {
    periods.iter().map(|start| questions.get(start).and_then(|question| question.point)).collect()
}

fn read(
    batch: &RecordBatch,
    areas: &mut BTreeMap<String, BTreeMap<NaiveDate, Question>>,
) -> Result<(), ForecastError> {
    let (start, end) = (days_of(batch, "period_start")?, days_of(batch, "period_end")?);
    let (code, due) = (column(batch, "area_code", &DataType::Utf8)?, days_of(batch, "due")?);
    let (over, under) = (numbers_of(batch, "numerator")?, numbers_of(batch, "denominator")?);
    let target = numbers_of(batch, "target")?;
    let representative = column(batch, "is_representative", &DataType::Boolean)?;
    let representative = representative.as_boolean();
    for at in 0..batch.num_rows() {
        let (Some(start), Some(end)) = (day(&start, at), day(&end, at)) else {
            return Err(ForecastError::NoPeriod);
        };
        let point = real(&over, at)
            .zip(real(&under, at))
            .map(|(numerator, denominator)| Point { numerator, denominator });
        let is_representative = representative.is_valid(at) && representative.value(at);
        let question = Question {
            start,
            end,
            point: point.filter(|_| is_representative),
            is_of_few: point.is_some() && !is_representative,
            goal: real(&target, at).zip(day(&due, at)),
        };
        let code = code.as_string::<i32>().value(at);
        // Two rows for one period would make the forecast depend on which came last.
        if areas.entry(code.to_owned()).or_default().insert(start, question).is_some() {
            return Err(ForecastError::Twice { code: code.to_owned(), start });
        }
    }
    Ok(())
}

fn column(batch: &RecordBatch, name: &str, kind: &DataType) -> Result<ArrayRef, ForecastError> {
    let column = batch.column_by_name(name).ok_or_else(|| ForecastError::NoColumn(name.to_owned()))?;
    Ok(cast(column, kind)?)
}

fn days_of(batch: &RecordBatch, name: &str) -> Result<Date32Array, ForecastError> {
    Ok(column(batch, name, &DataType::Date32)?.as_primitive::<Date32Type>().clone())
}

fn numbers_of(batch: &RecordBatch, name: &str) -> Result<Float64Array, ForecastError> {
    Ok(column(batch, name, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
}

/// The day of a row, when it has one.
fn day(days: &Date32Array, at: usize) -> Option<NaiveDate> {
    if days.is_valid(at) { days.value_as_date(at) } else { None }
}

/// The number of a row, when it has one.
fn real(numbers: &Float64Array, at: usize) -> Option<f64> {
    numbers.is_valid(at).then(|| numbers.value(at))
}

impl ForecastRow {
    /// A row without a forecast, and why.
    fn refused(refusal: Refusal, periods: &[NaiveDate]) -> Self {
        let broke = match refusal {
            Refusal::Break(place) => periods.get(place).copied(),
            _ => None,
        };
        Self { outlook: "refused", refusal: Some(refusal.as_str()), broke, ..Self::default() }
    }
}

fn forecast_row(
    question: &Question,
    (target, due): (f64, NaiveDate),
    trend: &Result<Trend, Refusal>,
    periods: &[NaiveDate],
) -> ForecastRow {
    match question.point {
        None if question.is_of_few => return ForecastRow::refused(Refusal::LowCoverage, periods),
        None => return ForecastRow::refused(Refusal::NoNumber, periods),
        // Above everybody the scale has no place: it would be the logarithm of a negative number.
        Some(point) if point.numerator > point.denominator => {
            return ForecastRow::refused(Refusal::AboveEligible, periods);
        }
        Some(point) if point.share() >= target => {
            return ForecastRow { outlook: "reached", chance: Some(1.0), ..ForecastRow::default() };
        }
        Some(_) => {}
    }
    let trend = match trend {
        Ok(trend) => trend,
        Err(refusal) => return ForecastRow::refused(*refusal, periods),
    };
    let step = Step::of(question);
    let ahead = step.until(question.end, due);
    let arrival = trend.arrival(target, step.in_years(YEARS));
    let shares = [-Z_80, 0.0, Z_80].map(|z| (ahead > 0.0).then(|| tidy(trend.share(ahead, z))));
    let arrivals = [arrival.early, arrival.middle, arrival.late];
    let dates = arrivals.map(|periods| Some(step.after(question.end, periods?)));
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
pub(super) fn tidy(number: f64) -> f64 {
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
            // 1461 days are four years with their leap day.
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
        // Past, at the end of a period, or beyond the horizon: no part of a period is left.
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

/// A column of days.
fn days(rows: &[Row<'_>], of: impl Fn(&Row<'_>) -> Option<NaiveDate>) -> ArrayRef {
    Arc::new(rows.iter().map(|row| of(row).map(epoch_days)).collect::<Date32Array>())
}

/// A column of words.
fn words(rows: &[Row<'_>], of: impl Fn(&ForecastRow) -> Option<&'static str>) -> ArrayRef {
    Arc::new(rows.iter().map(|row| of(&row.2)).collect::<StringArray>())
}

/// A column of numbers.
fn numbers(rows: &[Row<'_>], of: impl Fn(&ForecastRow) -> Option<f64>) -> ArrayRef {
    Arc::new(rows.iter().map(|row| of(&row.2)).collect::<Float64Array>())
}

fn written(rows: &[Row<'_>]) -> Result<RecordBatch, ForecastError> {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("period_start", days(rows, |row| Some(row.1))),
        ("area_code", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.0)))),
        ("outlook", words(rows, |row| Some(row.outlook))),
        ("refusal", words(rows, |row| row.refusal)),
        ("break_period", days(rows, |row| row.2.broke)),
        ("probability", numbers(rows, |row| row.chance)),
        ("early_date", days(rows, |row| row.2.dates[0])),
        ("median_date", days(rows, |row| row.2.dates[1])),
        ("late_date", days(rows, |row| row.2.dates[2])),
        ("share_low", numbers(rows, |row| row.shares[0])),
        ("share_middle", numbers(rows, |row| row.shares[1])),
        ("share_high", numbers(rows, |row| row.shares[2])),
    ];
    let mut fields = Vec::with_capacity(columns.len());
    for (name, array) in &columns {
        fields.push(Field::new(*name, array.data_type().clone(), true));
    }
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}
