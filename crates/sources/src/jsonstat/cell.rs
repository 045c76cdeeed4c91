//! The cells of a cube: numbers, symbols beside them, and symbols in their place.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use strum::{EnumString, IntoStaticStr, VariantArray};
use utbredt_model::{Reason, ReasonCode, Rejection};

use super::{Cell, Table};

/// Whole numbers from here on lose their last digits on the way through JSON's numbers.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A statistics office's sign for why a number is absent, or what kind of number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
pub enum Symbol {
    /// `:` May not be published.
    #[strum(serialize = ":")]
    Hidden,
    /// `..` Not known.
    #[strum(serialize = "..")]
    Missing,
    /// `.` Cannot occur.
    #[strum(serialize = ".")]
    Impossible,
    /// `-` Nought, counted.
    #[strum(serialize = "-")]
    Zero,
    /// `0` Less than half a unit.
    #[strum(serialize = "0")]
    BelowHalf,
    /// `*` May still change.
    #[strum(serialize = "*")]
    Provisional,
    /// `|` The series was broken here.
    #[strum(serialize = "|")]
    Break,
}

impl Symbol {
    /// The sign as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads a sign.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.trim().parse().ok()
    }
}

/// A value for each cell, in one of the forms json-stat allows.
enum PerCell<'a> {
    Nothing,
    TheSame(&'a Value),
    InFull(&'a [Value]),
    Sparse(BTreeMap<usize, &'a Value>),
}

impl<'a> PerCell<'a> {
    fn of(given: &'a Value, size: usize, what: &str) -> Result<Self, Reason> {
        let text = match given {
            Value::Array(list) if list.len() == size => return Ok(Self::InFull(list)),
            Value::Array(list) => format!("`{what}` has {} entries for {size} cells", list.len()),
            Value::Object(object) => {
                let mut places = BTreeMap::new();
                for (key, value) in object {
                    // A place outside the cube means that the two do not belong together.
                    let Some(at) = key.parse::<usize>().ok().filter(|at| *at < size) else {
                        let text =
                            format!("`{what}` has a cell `{key}`, which is not among the {size} of the cube");
                        return Err(Reason::new(ReasonCode::InvalidField, text));
                    };
                    places.insert(at, value);
                }
                return Ok(Self::Sparse(places));
            }
            _ => format!("`{what}` is neither a list nor an object"),
        };
        Err(Reason::new(ReasonCode::InvalidField, text))
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
) -> Result<(), Reason> {
    let values = PerCell::of(values, size, "value")?;
    let statuses = match answer.get("status") {
        None | Some(Value::Null) => PerCell::Nothing,
        Some(text @ Value::String(_)) => PerCell::TheSame(text),
        Some(given) => PerCell::of(given, size, "status")?,
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

fn status_of(status: &Value, answer: &Map<String, Value>) -> Result<Option<Symbol>, Reason> {
    match status {
        Value::Null => Ok(None),
        Value::String(text) => symbol(text, answer),
        other => Err(Reason::new(ReasonCode::InvalidField, format!("status {other} is no text"))),
    }
}

/// The symbol a text is; an empty one is none. The answer's own label of an unknown one is passed on.
fn symbol(text: &str, answer: &Map<String, Value>) -> Result<Option<Symbol>, Reason> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    Symbol::parse(text).map(Some).ok_or_else(|| {
        let declared =
            answer.get("extension").and_then(|e| e.get("flags")?.get("label")?.get(text)?.as_str());
        let declared = declared.map_or(String::new(), |label| format!(", which the answer calls “{label}”"));
        let known: Vec<&str> = Symbol::VARIANTS.iter().map(|symbol| symbol.as_str()).collect();
        let known = known.join(" ");
        let text = format!("symbol `{text}`{declared} is unknown; known are {known}");
        Reason::new(ReasonCode::UnknownWord, text)
    })
}

type Content = (Option<f64>, Option<Symbol>);

fn cell(
    value: Option<&Value>,
    status: Option<Symbol>,
    answer: &Map<String, Value>,
) -> Result<Content, Reason> {
    let (value, symbol) = match value {
        None | Some(Value::Null) => (None, status),
        Some(Value::String(text)) => {
            let inside = symbol(text, answer)?;
            match (inside, status) {
                (Some(inside), Some(beside)) if inside != beside => {
                    let (inside, beside) = (inside.as_str(), beside.as_str());
                    let text = format!("symbol `{inside}` in the value's place and `{beside}` beside it");
                    return Err(Reason::new(ReasonCode::Contradiction, text));
                }
                (inside, beside) => (None, inside.or(beside)),
            }
        }
        Some(Value::Number(number)) => {
            let number = number.as_f64().filter(|n| n.is_finite() && n.abs() < EXACT);
            let Some(number) = number else {
                return Err(Reason::new(ReasonCode::NumberTooLarge, "the number is too large to be exact"));
            };
            (Some(number), status)
        }
        Some(other) => {
            let text = format!("{other} is neither a number nor a symbol");
            return Err(Reason::new(ReasonCode::InvalidNumber, text));
        }
    };
    match symbol {
        // What is hidden must not travel on, whatever is beside the symbol.
        Some(Symbol::Hidden | Symbol::Missing | Symbol::Impossible) => Ok((None, symbol)),
        Some(Symbol::Zero) if value.is_some_and(|value| value != 0.0) => {
            let text = "symbol `-` means nought, and another number is beside it";
            Err(Reason::new(ReasonCode::Contradiction, text))
        }
        Some(Symbol::Zero | Symbol::BelowHalf) => Ok((value.or(Some(0.0)), symbol)),
        Some(Symbol::Provisional | Symbol::Break) | None => Ok((value, symbol)),
    }
}
