//! json-stat 2, the form in which statistics offices answer: a cube, laid flat, made into a long table of codes,
//! value and symbol. Positions are an object or an array, values in full or sparse, symbols beside the values
//! or in their place; a request for metadata is the same cube without values.

mod cell;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use utbredt_model::{CellState, Reason, ReasonCode, Rejection};

pub use cell::Symbol;

/// The most cells a statistics office's table interface answers at once. A cube that is larger by its own sizes is held back.
pub const MAX_CELLS: u64 = 800_000;

/// The role of a dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// When.
    Time,
    /// Where.
    Geo,
    /// What is counted.
    Metric,
}

/// A dimension of the cube.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// Its key, `Region`.
    pub id: String,
    /// Its name.
    pub label: String,
    /// Its role, where the answer gives one.
    pub role: Option<Role>,
    /// Its categories in the order of the cube: code and label.
    pub categories: Vec<(String, String)>,
}

/// A cell: its place in the cube, and its content.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Its place, row by row, the last dimension running fastest.
    pub at: usize,
    /// The number; none where a symbol hides it or none was given.
    pub value: Option<f64>,
    /// The symbol beside it or in its place.
    pub symbol: Option<Symbol>,
}

impl Cell {
    /// Why it has a value or has none.
    #[must_use]
    pub fn state(&self) -> CellState {
        match (self.symbol, self.value) {
            (Some(Symbol::Hidden), _) => CellState::Suppressed,
            (Some(Symbol::Impossible), _) => CellState::NotApplicable,
            (_, Some(_)) => CellState::Ok,
            (_, None) => CellState::Missing,
        }
    }

    /// The number, when it is a whole one.
    #[must_use]
    pub fn whole(&self) -> Option<i64> {
        #[expect(clippy::cast_possible_truncation, reason = "numbers beyond 2^53 were refused when read")]
        self.value.filter(|value| value.fract() == 0.0).map(|value| value as i64)
    }
}

/// A row of the long table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'t> {
    /// One code a dimension, in the order of the dimensions.
    pub codes: Vec<&'t str>,
    /// Its content.
    pub cell: Cell,
}

/// A parsed answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Its title.
    pub label: String,
    /// Who made it.
    pub source: String,
    /// When it was last changed.
    pub updated: Option<DateTime<Utc>>,
    /// What the makers want known.
    pub notes: Vec<String>,
    /// The dimensions, slowest first.
    pub dimensions: Vec<Dimension>,
    /// The cells that could be read; none in an answer of metadata.
    pub cells: Vec<Cell>,
    /// The cells that could not, by their place counted from 1.
    pub rejections: Vec<Rejection>,
    /// Why nothing of it can be used.
    pub breaches: Vec<String>,
}

impl Table {
    /// Whether it is a description without values.
    #[must_use]
    pub fn is_metadata(&self) -> bool {
        self.breaches.is_empty() && self.cells.is_empty() && self.rejections.is_empty()
    }

    /// The dimension of that key and its place among the dimensions.
    #[must_use]
    pub fn dimension(&self, id: &str) -> Option<(usize, &Dimension)> {
        self.dimensions.iter().enumerate().find(|(_, dimension)| dimension.id == id)
    }

    /// The codes of the cell at `at`.
    #[must_use]
    pub fn codes(&self, at: usize) -> Vec<&str> {
        let mut rest = at;
        let mut codes = Vec::with_capacity(self.dimensions.len());
        for dimension in self.dimensions.iter().rev() {
            let size = dimension.categories.len().max(1);
            codes.push(dimension.categories.get(rest % size).map_or("", |(code, _)| code.as_str()));
            rest /= size;
        }
        codes.reverse();
        codes
    }

    /// The long table.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.cells.iter().map(|cell| Row { codes: self.codes(cell.at), cell: *cell })
    }

    /// Whether the notes mention that noise was added, so that parts do not add up to their totals.
    #[must_use]
    pub fn is_perturbed(&self) -> bool {
        const SIGNS: [&str; 4] = ["cell key", "slumpmässig osäkerhet", "tilfeldig støy", "random noise"];
        self.notes.iter().map(|note| note.to_lowercase()).any(|note| SIGNS.iter().any(|s| note.contains(s)))
    }
}

/// Reads an answer. A cell that cannot be read is a rejection; an answer that does not hang together is a breach.
#[must_use]
pub fn parse(bytes: &[u8]) -> Table {
    let mut table = Table::default();
    // Some offices send a byte order mark, which JSON does not allow.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let outcome = match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Object(answer)) => fill(&mut table, &answer),
        Ok(_) => invalid("the answer is JSON but no json-stat dataset"),
        Err(error) => Err(Reason::because(ReasonCode::Syntax, "the answer is not whole JSON", &error)),
    };
    table.breaches.extend(outcome.err().map(|reason| reason.text));
    table
}

/// The reason of an answer that is not as json-stat describes it.
fn invalid<T>(text: impl Into<String>) -> Result<T, Reason> {
    Err(Reason::new(ReasonCode::InvalidField, text))
}

fn fill(table: &mut Table, answer: &Map<String, Value>) -> Result<(), Reason> {
    if answer.get("dataset").is_some_and(Value::is_object) {
        let text = "the answer is json-stat 1; request `json-stat2`";
        return Err(Reason::new(ReasonCode::Unsupported, text));
    }
    if let Some(class) = answer.get("class").and_then(Value::as_str)
        && class != "dataset"
    {
        let text = format!("the answer is a json-stat `{class}`; only a `dataset` holds cells");
        return Err(Reason::new(ReasonCode::Unsupported, text));
    }
    (table.label, table.source) = (text(answer, "label").to_owned(), text(answer, "source").to_owned());
    table.updated = DateTime::parse_from_rfc3339(text(answer, "updated")).ok().map(|at| at.to_utc());
    table.notes = strings(answer.get("note"));
    let dimensions = dimensions(answer)?;
    let cells = dimensions
        .iter()
        .try_fold(1u64, |product, dimension| product.checked_mul(dimension.categories.len() as u64));
    table.dimensions = dimensions;
    let values = match answer.get("value") {
        None | Some(Value::Null) => return Ok(()),
        // Metadata: the cube without values.
        Some(Value::Array(values)) if values.is_empty() => return Ok(()),
        Some(values) => values,
    };
    let size = match cells {
        Some(size) if size <= MAX_CELLS => usize::try_from(size).unwrap_or(usize::MAX),
        _ => {
            let text = format!("the cube has more than {MAX_CELLS} cells, the most that is answered at once");
            return Err(Reason::new(ReasonCode::SizeLimit, text));
        }
    };
    cell::read(table, size, values, answer)
}

/// A field of text; empty when it is missing or of another type.
fn text<'a>(answer: &'a Map<String, Value>, key: &str) -> &'a str {
    answer.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A text or a list of texts.
fn strings(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn dimensions(answer: &Map<String, Value>) -> Result<Vec<Dimension>, Reason> {
    let Some(ids) = answer.get("id").and_then(Value::as_array).filter(|ids| !ids.is_empty()) else {
        let text = "`id`, the list of dimensions, is missing";
        return Err(Reason::new(ReasonCode::MissingField, text));
    };
    let sizes = answer.get("size").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if sizes.len() != ids.len() {
        return invalid(format!("`size` has {} entries for {} dimensions", sizes.len(), ids.len()));
    }
    let mut out: Vec<Dimension> = Vec::new();
    for (id, size) in ids.iter().zip(sizes) {
        let Some(id) = id.as_str() else { return invalid("`id` holds something that is no text") };
        if out.iter().any(|dimension| dimension.id == id) {
            return Err(Reason::new(ReasonCode::Duplicate, format!("dimension `{id}` occurs twice")));
        }
        let found = answer.get("dimension").and_then(|d| d.get(id)).and_then(Value::as_object);
        let Some(found) = found else {
            let text = format!("dimension `{id}` is listed but not described");
            return Err(Reason::new(ReasonCode::MissingField, text));
        };
        let categories = categories(found)
            .map_err(|why| Reason::new(why.code, format!("dimension `{id}`: {}", why.text)))?;
        if size.as_u64() != Some(categories.len() as u64) {
            return invalid(format!(
                "dimension `{id}` has {} categories where `size` is {size}",
                categories.len()
            ));
        }
        let label = found.get("label").and_then(Value::as_str).unwrap_or(id).to_owned();
        out.push(Dimension { id: id.to_owned(), label, role: role(id, answer), categories });
    }
    Ok(out)
}

fn role(id: &str, answer: &Map<String, Value>) -> Option<Role> {
    let roles = answer.get("role")?;
    let mut known = [("time", Role::Time), ("geo", Role::Geo), ("metric", Role::Metric)].into_iter();
    known.find(|(key, _)| strings(roles.get(key)).iter().any(|name| name == id)).map(|(_, role)| role)
}

/// The categories in the cube's order. `index` is a list of codes, or an object from code to position; a dimension of
/// one category may leave it out.
fn categories(dimension: &Map<String, Value>) -> Result<Vec<(String, String)>, Reason> {
    let Some(category) = dimension.get("category") else {
        return Err(Reason::new(ReasonCode::MissingField, "`category` is missing"));
    };
    let labels = category.get("label").and_then(Value::as_object);
    let codes: Vec<String> = match category.get("index") {
        Some(Value::Array(list)) => {
            let texts: Option<Vec<_>> = list.iter().map(|code| code.as_str().map(str::to_owned)).collect();
            let Some(texts) = texts else { return invalid("`index` holds a code that is no text") };
            texts
        }
        Some(Value::Object(positions)) => {
            // Positions must be 0 to n-1, each once: otherwise cells would move.
            let mut slots = vec![None; positions.len()];
            for (code, at) in positions {
                let at = at.as_u64().and_then(|at| usize::try_from(at).ok());
                match at.and_then(|at| slots.get_mut(at)) {
                    Some(slot @ None) => *slot = Some(code.clone()),
                    Some(Some(other)) => {
                        return invalid(format!("`{code}` and `{other}` have the same position"));
                    }
                    None => {
                        return invalid(format!(
                            "the position of `{code}` is not from 0 to {}",
                            positions.len()
                        ));
                    }
                }
            }
            slots.into_iter().flatten().collect()
        }
        None | Some(Value::Null) => match labels {
            Some(labels) if labels.len() == 1 => labels.keys().cloned().collect(),
            _ => return invalid("`index` is missing though there is not just one category"),
        },
        Some(_) => return invalid("`index` is neither a list nor an object"),
    };
    if codes.is_empty() {
        return Err(Reason::new(ReasonCode::Empty, "it has no categories"));
    }
    let mut sorted: Vec<_> = codes.iter().collect();
    sorted.sort();
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Reason::new(ReasonCode::Duplicate, format!("code `{}` occurs twice", twice[0])));
    }
    let mut categories = Vec::with_capacity(codes.len());
    for code in codes {
        let label = labels.and_then(|labels| labels.get(&code)?.as_str()).unwrap_or(&code).to_owned();
        categories.push((code, label));
    }
    Ok(categories)
}
