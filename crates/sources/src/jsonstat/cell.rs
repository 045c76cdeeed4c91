//! The cells of a cube: numbers, symbols beside them, and symbols in their place.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use utbredt_model::Rejection;

use super::{Cell, Table};

/// Whole numbers from here on lose their last digits on the way through JSON's numbers.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A statistics office's sign for why a number is absent, or what kind of number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbol {
    /// `:` May not be published.
    Hidden,
    /// `..` Not known.
    Missing,
    /// `.` Cannot occur.
    Impossible,
    /// `-` Nought, counted.
    Zero,
    /// `0` Less than half a unit.
    BelowHalf,
    /// `*` May still change.
    Provisional,
    /// `|` The series was broken here.
    Break,
}

impl Symbol {
    /// Every symbol.
    pub const ALL: [Self; 7] = [
        Self::Hidden,
        Self::Missing,
        Self::Impossible,
        Self::Zero,
        Self::BelowHalf,
        Self::Provisional,
        Self::Break,
    ];

    /// The sign as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hidden => ":",
            Self::Missing => "..",
            Self::Impossible => ".",
            Self::Zero => "-",
            Self::BelowHalf => "0",
            Self::Provisional => "*",
            Self::Break => "|",
        }
    }

    /// Reads a sign.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|symbol| symbol.as_str() == text.trim())
    }
}

/// What is said of each cell, in one of the forms it may be said in.
enum Said<'a> {
    Nothing,
    TheSame(&'a Value),
    InFull(&'a [Value]),
    Sparse(BTreeMap<usize, &'a Value>),
}

impl<'a> Said<'a> {
    fn of(said: &'a Value, size: usize, what: &str) -> Result<Self, String> {
        match said {
            Value::Array(list) if list.len() == size => Ok(Self::InFull(list)),
            Value::Array(list) => Err(format!("`{what}` has {} entries for {size} cells", list.len())),
            Value::Object(object) => {
                // A place outside the cube says that the two do not belong together.
                let place = |(key, value): (&String, &'a Value)| match key.parse::<usize>() {
                    Ok(at) if at < size => Ok((at, value)),
                    _ => {
                        Err(format!("`{what}` has a cell `{key}`, which is not among the {size} of the cube"))
                    }
                };
                object.iter().map(place).collect::<Result<_, _>>().map(Self::Sparse)
            }
            _ => Err(format!("`{what}` is neither a list nor an object")),
        }
    }

    fn get(&self, at: usize) -> Option<&'a Value> {
        match self {
            Self::Nothing => None,
            Self::TheSame(value) => Some(value),
            Self::InFull(list) => list.get(at),
            Self::Sparse(places) => places.get(&at).copied(),
        }
    }
}

/// Reads the cells of a cube of `size` cells into `table`.
pub(super) fn read(
    table: &mut Table,
    size: usize,
    values: &Value,
    answer: &Map<String, Value>,
) -> Result<(), String> {
    let values = Said::of(values, size, "value")?;
    let statuses = match answer.get("status") {
        None | Some(Value::Null) => Said::Nothing,
        Some(text @ Value::String(_)) => Said::TheSame(text),
        Some(said) => Said::of(said, size, "status")?,
    };
    for at in 0..size {
        let value = values.get(at);
        let status = statuses.get(at).map_or(Ok(None), |status| status_of(status, answer));
        match status.and_then(|status| cell(value, status, answer)) {
            Ok((value, symbol)) => table.cells.push(Cell { at, value, symbol }),
            Err(reason) => {
                let raw = format!("{}: {}", table.codes(at).join(" "), value.unwrap_or(&Value::Null));
                table.rejections.push(Rejection::new(at as u64 + 1, reason, raw));
            }
        }
    }
    Ok(())
}

fn status_of(status: &Value, answer: &Map<String, Value>) -> Result<Option<Symbol>, String> {
    match status {
        Value::Null => Ok(None),
        Value::String(text) => symbol(text, answer),
        other => Err(format!("status {other} is no text")),
    }
}

/// The symbol a text is; an empty one is none. What the answer itself says of an unknown one is passed on.
fn symbol(text: &str, answer: &Map<String, Value>) -> Result<Option<Symbol>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    Symbol::parse(text).map(Some).ok_or_else(|| {
        let declared =
            answer.get("extension").and_then(|e| e.get("flags")?.get("label")?.get(text)?.as_str());
        let declared = declared.map_or(String::new(), |label| format!(", which the answer calls “{label}”"));
        let known = Symbol::ALL.map(Symbol::as_str).join(" ");
        format!("symbol `{text}`{declared} is unknown; known are {known}")
    })
}

type Content = (Option<f64>, Option<Symbol>);

fn cell(
    value: Option<&Value>,
    status: Option<Symbol>,
    answer: &Map<String, Value>,
) -> Result<Content, String> {
    let (value, symbol) = match value {
        None | Some(Value::Null) => (None, status),
        Some(Value::String(text)) => {
            let inside = symbol(text, answer)?;
            match (inside, status) {
                (Some(inside), Some(beside)) if inside != beside => {
                    let (inside, beside) = (inside.as_str(), beside.as_str());
                    return Err(format!("symbol `{inside}` in the value's place and `{beside}` beside it"));
                }
                (inside, beside) => (None, inside.or(beside)),
            }
        }
        Some(Value::Number(number)) => {
            let number = number.as_f64().filter(|n| n.is_finite() && n.abs() < EXACT);
            (Some(number.ok_or("the number is too large to be exact")?), status)
        }
        Some(other) => return Err(format!("{other} is neither a number nor a symbol")),
    };
    match symbol {
        // What is hidden must not travel on, whatever stood beside the symbol.
        Some(Symbol::Hidden | Symbol::Missing | Symbol::Impossible) => Ok((None, symbol)),
        Some(Symbol::Zero) if value.is_some_and(|value| value != 0.0) => {
            Err("symbol `-` says nought, and another number stands beside it".to_owned())
        }
        Some(Symbol::Zero | Symbol::BelowHalf) => Ok((value.or(Some(0.0)), symbol)),
        Some(Symbol::Provisional | Symbol::Break) | None => Ok((value, symbol)),
    }
}
