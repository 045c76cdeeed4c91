//! The period of a row.

use csv::StringRecord;
use utbredt_model::{Period, Reason, ReasonCode};

use super::contract::PeriodColumns;
use super::places::Places;
use super::{number, written_period};

/// Reads the period of a row as its cells state it, or the cell `above` of a column that is filled down.
pub(super) fn read_period(
    rules: &PeriodColumns,
    places: &Places,
    cells: &StringRecord,
    above: &str,
) -> Result<Period, Reason> {
    match (&rules.column, &rules.start, &rules.end) {
        (Some(column), ..) => {
            let own = places.cell(cells, column);
            let text = if own.is_empty() && rules.fill_down { above } else { own };
            if text.is_empty() {
                let text = "the cell of the period is blank; where one is joined over several rows, declare `fill_down = true` \
                            in [period]";
                return Err(Reason::new(ReasonCode::MissingField, text));
            }
            number::not_formula(text, ReasonCode::InvalidDate)?;
            written_period::period(text)
        }
        (None, Some(start), Some(end)) => {
            let last = written_period::day(places.cell(cells, end))?;
            // Ours are half-open: a last day becomes the day after.
            let end = if rules.end_inclusive { last.succ_opt().unwrap_or(last) } else { last };
            Ok(Period::new(written_period::day(places.cell(cells, start))?, end)?)
        }
        _ => written_period::period(rules.fixed.as_deref().unwrap_or_default()),
    }
}

/// The period of the declared length that one lies in, or why it stands for none: it is longer.
pub(super) fn declared(rules: &PeriodColumns, period: Period) -> Result<Period, Reason> {
    let Some(length) = rules.granularity else { return Ok(period) };
    let whole = Period::holding(period.start, length);
    // Only what lies within stands for it: a year is no January.
    if period.end > whole.end {
        let text = format!("`{period}` is longer than a {}, which the contract declares", length.as_str());
        return Err(Reason::new(ReasonCode::InvalidDate, text));
    }
    Ok(whole)
}
