//! One value of a register as people type it, and as the register writes it.

use std::fmt::Display;

use chrono::NaiveDate;
use utbredt_model::register::ColumnKind;
use utbredt_model::{CountyCode, MunicipalityCode, Reason, ReasonCode, SolutionId, nearest};

/// The longest text of a field, in letters.
const MOST_LETTERS: usize = 2000;

const YES: [&str; 7] = ["true", "ja", "yes", "x", "1", "sann", "j"];
const NO: [&str; 6] = ["false", "nei", "no", "0", "usann", "n"];

/// What is wrong, and how to mend it.
pub(super) type Fault = (Reason, String);

fn fault(code: ReasonCode, text: impl Into<String>, fix: impl Into<String>) -> Fault {
    (Reason::new(code, text), fix.into())
}

/// Reads a cell; `None` where it is empty.
pub(super) fn read(cell: &str, kind: ColumnKind) -> Result<Option<String>, Fault> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Ok(None);
    }
    if cell.starts_with('=') {
        let text = format!("`{cell}` is a formula without a value");
        return Err(fault(
            ReasonCode::InvalidField,
            text,
            "write the value, or save the file in a spreadsheet",
        ));
    }
    if is_spreadsheet_error(cell) {
        let text = format!("`{cell}` is what a spreadsheet shows in the place of a value it cannot compute");
        return Err(fault(ReasonCode::InvalidField, text, "type the value"));
    }
    match kind {
        ColumnKind::Words => words(cell),
        ColumnKind::Id | ColumnKind::Reference(..) | ColumnKind::Measure => id(cell),
        ColumnKind::References(..) => listed(cell, id),
        ColumnKind::Municipality => code(MunicipalityCode::parse(cell), cell),
        ColumnKind::Counties => listed(cell, |cell| code(CountyCode::parse(cell), cell)),
        ColumnKind::Day | ColumnKind::Division => day(cell),
        ColumnKind::Whole(least, most) => whole(cell, least, most),
        ColumnKind::Real(least, most) => real(cell, least, most),
        ColumnKind::KpiValue => real(cell, 0.0, f64::MAX),
        ColumnKind::Flag(_) => flag(cell).map(|yes| yes.to_string()),
        ColumnKind::OneOf(all) => one_of(cell, all),
        ColumnKind::Kpi => kpi(cell),
        ColumnKind::Scope => scope(cell),
    }
    .map(Some)
}

/// Whether a cell is an error of Excel, in English or Norwegian: `#NAME?`, `#REF!`, `#I/T`.
fn is_spreadsheet_error(cell: &str) -> bool {
    let is_letter = |sign: char| sign.is_uppercase() || sign == '/' || sign == '0';
    let rest = cell.strip_prefix('#').map(|rest| rest.trim_end_matches(['?', '!']));
    rest.is_some_and(|word| !word.is_empty() && word.len() <= 12 && word.chars().all(is_letter))
}

/// The edition a row was exported from.
pub(super) fn edition(cell: &str) -> Result<Option<u64>, Fault> {
    let cell = cell.trim();
    let wrong = |_| {
        let text = format!("`{cell}` is not the number of an edition");
        fault(ReasonCode::InvalidNumber, text, "leave the column as it was exported, and empty in a new row")
    };
    if cell.is_empty() { Ok(None) } else { cell.parse().map(Some).map_err(wrong) }
}

/// Whether a row is to be removed.
pub(super) fn remove(cell: &str) -> Result<bool, Fault> {
    let cell = cell.trim();
    if cell.is_empty() { Ok(false) } else { flag(cell) }
}

fn words(cell: &str) -> Result<String, Fault> {
    if cell.chars().count() > MOST_LETTERS {
        let text = format!("the text is longer than {MOST_LETTERS} letters");
        return Err(fault(ReasonCode::SizeLimit, text, "shorten it, and name where the rest is printed"));
    }
    if cell.chars().any(|sign| sign.is_control() && sign != '\n' && sign != '\t') {
        return Err(fault(ReasonCode::InvalidField, "the text has control characters", "type it anew"));
    }
    Ok(cell.to_owned())
}

fn id(cell: &str) -> Result<String, Fault> {
    // Every identifier is spelt alike.
    SolutionId::parse(cell).map(|id| id.as_str().to_owned()).map_err(|error| {
        let slug: String =
            cell.to_lowercase().chars().map(|sign| if sign == ' ' { '-' } else { sign }).collect();
        let fix = match SolutionId::parse(&slug) {
            Ok(slug) => format!("write `{slug}`"),
            Err(_) => "write lower-case letters a-z, digits, - and _, a letter first".to_owned(),
        };
        (Reason::from(error), fix)
    })
}

/// A list separated by spaces or commas, each once, in order.
fn listed(cell: &str, one: impl Fn(&str) -> Result<String, Fault>) -> Result<String, Fault> {
    let parts = cell.split([' ', ',', ';']).filter(|part| !part.is_empty());
    let mut all = parts.map(one).collect::<Result<Vec<_>, _>>()?;
    all.sort();
    all.dedup();
    Ok(all.join(" "))
}

fn code<T: Display, E: Into<Reason>>(parsed: Result<T, E>, cell: &str) -> Result<String, Fault> {
    parsed.map(|code| code.to_string()).map_err(|error| {
        let reason: Reason = error.into();
        let fix = match reason.code {
            ReasonCode::LostZero => format!("write `0{cell}`, in a column formatted as text"),
            _ => "write the code, digits only".to_owned(),
        };
        (reason, fix)
    })
}

fn day(cell: &str) -> Result<String, Fault> {
    let parsed = NaiveDate::parse_from_str(cell, "%Y-%m-%d")
        .or_else(|_| NaiveDate::parse_from_str(cell, "%d.%m.%Y"))
        .ok()
        .filter(|day| {
            (NaiveDate::from_ymd_opt(1900, 1, 1)..NaiveDate::from_ymd_opt(2200, 1, 1)).contains(&Some(*day))
        });
    parsed.map(|day| day.to_string()).ok_or_else(|| {
        fault(ReasonCode::InvalidDate, format!("`{cell}` is not a day"), "write it as 2026-10-01")
    })
}

/// Digits and a sign, without the signs that group thousands.
fn bare(cell: &str) -> String {
    cell.chars()
        .filter(|sign| ![' ', '\u{a0}', '\u{202f}', '\u{2009}'].contains(sign))
        .collect::<String>()
        .replace('\u{2212}', "-")
}

fn whole(cell: &str, least: i64, most: i64) -> Result<String, Fault> {
    let number: i64 = bare(cell).parse().map_err(|_| {
        // The reason tells a part of a thing from what is no number.
        let is_fraction =
            bare(cell).replace(',', ".").parse::<f64>().is_ok_and(|number| number.fract() != 0.0);
        let code = if is_fraction { ReasonCode::Fraction } else { ReasonCode::InvalidNumber };
        fault(code, format!("`{cell}` is not a whole number"), "write digits only")
    })?;
    if !(least..=most).contains(&number) {
        let text = format!("{number} is outside {least} to {most}");
        return Err(fault(ReasonCode::OutOfRange, text, format!("write a number from {least} to {most}")));
    }
    Ok(number.to_string())
}

fn real(cell: &str, least: f64, most: f64) -> Result<String, Fault> {
    let bare = bare(cell);
    // A share is typed either way.
    let (bare, factor) = match bare.strip_suffix('%') {
        Some(bare) => (bare.to_owned(), 100.0),
        None => (bare, 1.0),
    };
    // One that has both signs could be either of two numbers.
    let is_ambiguous = bare.contains(',') && bare.contains('.');
    let parsed =
        bare.replace(',', ".").parse::<f64>().ok().filter(|number| number.is_finite() && !is_ambiguous);
    let number = parsed.map(|number| number / factor).ok_or_else(|| {
        fault(ReasonCode::InvalidNumber, format!("`{cell}` is not a number"), "write it as 0.25 or 25 %")
    })?;
    if !(least..=most).contains(&number) {
        let (text, fix) = if most == f64::MAX {
            (format!("{number} is less than {least}"), format!("write a number of at least {least}"))
        } else {
            (
                format!("{number} is outside {least} to {most}"),
                format!("write a number from {least} to {most}"),
            )
        };
        return Err(fault(ReasonCode::OutOfRange, text, fix));
    }
    Ok(number.to_string())
}

fn flag(cell: &str) -> Result<bool, Fault> {
    let cell = cell.to_lowercase();
    match (YES.contains(&cell.as_str()), NO.contains(&cell.as_str())) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(fault(
            ReasonCode::UnknownWord,
            format!("`{cell}` is neither yes nor no"),
            "write `ja` or `nei`",
        )),
    }
}

fn one_of(cell: &str, all: &[&str]) -> Result<String, Fault> {
    let word = cell.to_lowercase();
    if let Some(word) = all.iter().find(|known| **known == word) {
        return Ok((*word).to_owned());
    }
    let fix = match nearest(&word, all.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? It is one of {}", all.join(", ")),
        None => format!("write one of {}", all.join(", ")),
    };
    Err(fault(ReasonCode::UnknownWord, format!("`{cell}` is not a word of this column"), fix))
}

fn kpi(cell: &str) -> Result<String, Fault> {
    let is_word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    match cell.split_once('.') {
        Some((question, name)) if is_word(question) && is_word(name) => Ok(cell.to_owned()),
        _ => Err(fault(
            ReasonCode::InvalidId,
            format!("`{cell}` is not the id of a KPI"),
            "write it as adoption.reach",
        )),
    }
}

fn scope(cell: &str) -> Result<String, Fault> {
    match cell.split_once(':') {
        None if cell == "nation" => Ok(cell.to_owned()),
        Some(("network", network)) => id(network).map(|network| format!("network:{network}")),
        Some(("municipality", own)) => {
            code(MunicipalityCode::parse(own), own).map(|code| format!("municipality:{code}"))
        }
        _ => Err(fault(
            ReasonCode::UnknownWord,
            format!("`{cell}` is not a scope"),
            "write `nation`, `network:digi-vestland` or `municipality:4601`",
        )),
    }
}
