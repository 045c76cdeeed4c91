//! json-stat 2, the form in which statistics offices answer: a cube, laid flat, made into a long table of codes,
//! value and symbol. Positions stand as an object or an array, values in full or sparse, symbols beside the values
//! or in their place; a request for metadata is the same cube without values.

mod cell;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use utbredt_model::{CellState, Rejection};

pub use cell::Symbol;

/// The most cells a statistics office's table interface answers at once. A cube that says it is larger is held back.
pub const MAX_CELLS: u64 = 800_000;

/// What a dimension stands for.
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
    /// What it stands for, where the answer says so.
    pub role: Option<Role>,
    /// Its categories in the order of the cube: code and label.
    pub categories: Vec<(String, String)>,
}

/// A cell: where it lies in the cube, and what stands there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Its place, row by row, the last dimension running fastest.
    pub at: usize,
    /// The number; none where a symbol hides it or nothing was said.
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
    /// What stands there.
    pub cell: Cell,
}

/// An answer taken apart.
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

    /// Whether the makers say that noise was added, so that parts do not add up to their totals.
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
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let outcome = match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Object(answer)) => fill(&mut table, &answer),
        Ok(_) => Err("the answer is JSON but no json-stat dataset".to_owned()),
        Err(error) => Err(format!("the answer is not whole JSON: {error}")),
    };
    table.breaches.extend(outcome.err());
    table
}

fn fill(table: &mut Table, answer: &Map<String, Value>) -> Result<(), String> {
    if answer.get("dataset").is_some_and(Value::is_object) {
        return Err("the answer is json-stat 1; ask for `json-stat2`".to_owned());
    }
    if let Some(class) = answer.get("class").and_then(Value::as_str)
        && class != "dataset"
    {
        return Err(format!("the answer is a json-stat `{class}`; only a `dataset` holds cells"));
    }
    let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    (table.label, table.source) = (text("label"), text("source"));
    table.updated = DateTime::parse_from_rfc3339(&text("updated")).ok().map(|at| at.to_utc());
    table.notes = strings(answer.get("note"));
    let dimensions = dimensions(answer)?;
    let cells = dimensions
        .iter()
        .try_fold(1u64, |product, dimension| product.checked_mul(dimension.categories.len() as u64));
    table.dimensions = dimensions;
    let values = match answer.get("value") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(values)) if values.is_empty() => return Ok(()),
        Some(values) => values,
    };
    let size = match cells {
        Some(size) if size <= MAX_CELLS => usize::try_from(size).unwrap_or(usize::MAX),
        _ => {
            return Err(format!(
                "the cube has more than {MAX_CELLS} cells, the most that is answered at once"
            ));
        }
    };
    cell::read(table, size, values, answer)
}

/// A text or a list of texts.
fn strings(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn dimensions(answer: &Map<String, Value>) -> Result<Vec<Dimension>, String> {
    let Some(ids) = answer.get("id").and_then(Value::as_array).filter(|ids| !ids.is_empty()) else {
        return Err("`id`, the list of dimensions, is missing".to_owned());
    };
    let sizes = answer.get("size").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if sizes.len() != ids.len() {
        return Err(format!("`size` has {} entries for {} dimensions", sizes.len(), ids.len()));
    }
    let role = |id: &str| {
        let has = |key: &str| strings(answer.get("role").and_then(|r| r.get(key))).iter().any(|r| r == id);
        let roles = [("time", Role::Time), ("geo", Role::Geo), ("metric", Role::Metric)];
        roles.into_iter().find(|(key, _)| has(key)).map(|(_, role)| role)
    };
    let mut out: Vec<Dimension> = Vec::new();
    for (id, size) in ids.iter().zip(sizes) {
        let id = id.as_str().ok_or("`id` holds something that is no text")?;
        if out.iter().any(|dimension| dimension.id == id) {
            return Err(format!("dimension `{id}` stands twice"));
        }
        let found = answer.get("dimension").and_then(|d| d.get(id)).and_then(Value::as_object);
        let found = found.ok_or_else(|| format!("dimension `{id}` is listed but not described"))?;
        let categories = categories(found).map_err(|why| format!("dimension `{id}`: {why}"))?;
        if size.as_u64() != Some(categories.len() as u64) {
            return Err(format!(
                "dimension `{id}` has {} categories where `size` says {size}",
                categories.len()
            ));
        }
        let label = found.get("label").and_then(Value::as_str).unwrap_or(id).to_owned();
        out.push(Dimension { id: id.to_owned(), label, role: role(id), categories });
    }
    Ok(out)
}

/// The categories in the cube's order. `index` is a list of codes, or an object from code to position; a dimension of
/// one category may leave it out.
fn categories(dimension: &Map<String, Value>) -> Result<Vec<(String, String)>, String> {
    let category = dimension.get("category").ok_or("`category` is missing")?;
    let labels = category.get("label").and_then(Value::as_object);
    let codes: Vec<String> = match category.get("index") {
        Some(Value::Array(list)) => {
            let texts: Option<Vec<_>> = list.iter().map(|code| code.as_str().map(str::to_owned)).collect();
            texts.ok_or("`index` holds a code that is no text")?
        }
        Some(Value::Object(positions)) => {
            let mut slots = vec![None; positions.len()];
            for (code, at) in positions {
                let at = at.as_u64().and_then(|at| usize::try_from(at).ok());
                match at.and_then(|at| slots.get_mut(at)) {
                    Some(slot @ None) => *slot = Some(code.clone()),
                    Some(Some(other)) => {
                        return Err(format!("`{code}` and `{other}` have the same position"));
                    }
                    None => {
                        return Err(format!("the position of `{code}` is not from 0 to {}", positions.len()));
                    }
                }
            }
            slots.into_iter().flatten().collect()
        }
        None | Some(Value::Null) => match labels {
            Some(labels) if labels.len() == 1 => labels.keys().cloned().collect(),
            _ => return Err("`index` is missing though there is not just one category".to_owned()),
        },
        Some(_) => return Err("`index` is neither a list nor an object".to_owned()),
    };
    if codes.is_empty() {
        return Err("it has no categories".to_owned());
    }
    let mut sorted: Vec<_> = codes.iter().collect();
    sorted.sort();
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("code `{}` stands twice", twice[0]));
    }
    let label = |code: &str| labels?.get(code)?.as_str().map(str::to_owned);
    Ok(codes.into_iter().map(|code| (code.clone(), label(&code).unwrap_or(code))).collect())
}
