//! Questions to the table interface of a statistics office (PxWeb): the body of version 1 and the address of
//! version 2, split so that no answer is larger than the office gives, and the population in what comes back.
//! Codes that an office adds up to today's borders are known as such and not taken for what was counted then.

mod population;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::jsonstat::{Dimension, Table};

pub use crate::jsonstat::MAX_CELLS;
pub use population::population;

/// How many questions may be put in a minute.
pub const QUERIES_PER_MINUTE: u32 = 30;

/// The first year whose numbers `agg_KommSummer` and its like are counted on, not carried back to: the division they
/// add up to began that year.
pub const AGGREGATED_SINCE: i32 = 2024;

/// Why a question cannot be put.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A name with signs that mean something else in an address.
    #[error("`{0}` cannot be in a question: only letters, digits and `-_.:+ ` may")]
    Name(String),
    /// A variable without values.
    #[error("variable `{0}` requests no value; name some, or request all of them")]
    Empty(String),
    /// A variable the table does not have.
    #[error("table `{table}` has no variable `{code}`; it has {have}")]
    Variable {
        /// The table.
        table: String,
        /// The variable.
        code: String,
        /// The table's variables.
        have: String,
    },
    /// A value the variable does not have.
    #[error("variable `{variable}` has no value `{code}`")]
    Code {
        /// The variable.
        variable: String,
        /// The value.
        code: String,
    },
    /// How many values are requested is not known.
    #[error(
        "variable `{0}` names no values, so how many they are is unknown: resolve it by the table's metadata first, or name the codes of its codelist"
    )]
    Unresolved(String),
    /// No way of splitting leaves parts small enough.
    #[error("a limit of {0} cells leaves no room for a single one")]
    Limit(u64),
}

/// The requested values of one variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// These.
    Items(Vec<String>),
    /// All of them.
    All,
    /// The last so many, of time.
    Top(u32),
    /// This one and those after it, of time.
    From(String),
}

/// Another set of codes than the variable's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Codelist {
    /// Codes that add up others: `KommSummer` for `agg_KommSummer`.
    Aggregate(String),
    /// A choice among the variable's codes: `Kommune` for `vs_Kommune`.
    Choice(String),
}

/// One variable of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its key, `Region`.
    pub code: String,
    /// The requested values.
    pub values: Values,
    /// In which codes.
    pub codelist: Option<Codelist>,
}

/// A question to one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The table's number, `07459`.
    pub table: String,
    /// The variables.
    pub variables: Vec<Variable>,
}

impl Query {
    /// The body of a question to version 1, which goes by POST to `table/{table}`.
    ///
    /// # Errors
    /// [`QueryError`]; version 1 cannot ask for values from one on, so such a variable must be resolved first.
    pub fn v1_body(&self) -> Result<String, QueryError> {
        self.check()?;
        let query = self.variables.iter().map(Variable::v1_selection).collect::<Result<Vec<_>, _>>()?;
        Ok(json!({"query": query, "response": {"format": "json-stat2"}}).to_string())
    }

    /// Path and query of a question to version 2, below the interface's root.
    ///
    /// # Errors
    /// [`QueryError`] when a name cannot be part of an address.
    pub fn v2_path(&self, language: &str) -> Result<String, QueryError> {
        self.check()?;
        let mut path =
            format!("tables/{}/data?lang={}&outputFormat=json-stat2", self.table, encoded(language));
        for v in &self.variables {
            let code = encoded(&v.code);
            let values: Vec<_> = v.v2_values().iter().map(|value| encoded(value)).collect();
            // Writing to a text cannot fail.
            let _ = write!(path, "&valueCodes%5B{code}%5D={}", values.join(","));
            if let Some(codelist) = &v.codelist {
                let _ = write!(path, "&codelist%5B{code}%5D={}", encoded(&codelist.v2_id()));
            }
            if let Some(Codelist::Aggregate(_)) = v.codelist {
                let _ = write!(path, "&outputValues%5B{code}%5D=aggregated");
            }
        }
        Ok(path)
    }

    /// The body of the same question by POST, for selections too long for an address.
    ///
    /// # Errors
    /// [`QueryError`] as [`Query::v2_path`].
    pub fn v2_body(&self) -> Result<String, QueryError> {
        self.check()?;
        let selection: Vec<_> = self.variables.iter().map(Variable::v2_selection).collect();
        Ok(json!({"selection": selection}).to_string())
    }

    fn check(&self) -> Result<(), QueryError> {
        plain(&self.table)?;
        for v in &self.variables {
            plain(&v.code)?;
            match &v.values {
                Values::Items(items) if items.is_empty() => return Err(QueryError::Empty(v.code.clone())),
                Values::Items(items) => items.iter().try_for_each(|item| plain(item))?,
                Values::From(first) => plain(first)?,
                Values::Top(0) => return Err(QueryError::Empty(v.code.clone())),
                Values::All | Values::Top(_) => {}
            }
            if let Some(Codelist::Aggregate(id) | Codelist::Choice(id)) = &v.codelist {
                plain(id)?;
            }
        }
        Ok(())
    }

    /// The same question with every value named, by the metadata of the table (either version's).
    ///
    /// # Errors
    /// [`QueryError`] when the table lacks a variable or a value, and when a variable with a codelist names no values:
    /// the metadata list the table's own codes.
    pub fn resolve(&self, metadata: &Table) -> Result<Self, QueryError> {
        let mut out = self.clone();
        for v in &mut out.variables {
            let Some((_, dimension)) = metadata.dimension(&v.code) else {
                let have: Vec<_> = metadata.dimensions.iter().map(|d| d.id.as_str()).collect();
                let (table, code) = (self.table.clone(), v.code.clone());
                return Err(QueryError::Variable { table, code, have: have.join(", ") });
            };
            let named = matches!(v.values, Values::Items(_));
            if v.codelist.is_some() && !named {
                return Err(QueryError::Unresolved(v.code.clone()));
            }
            if v.codelist.is_none() {
                v.values = Values::Items(v.values.of(dimension)?);
            }
        }
        Ok(out)
    }

    /// How many cells the answer has; `None` when a variable does not name its values.
    #[must_use]
    pub fn cells(&self) -> Option<u64> {
        self.variables.iter().try_fold(1u64, |cells, v| cells.checked_mul(v.count()?))
    }

    /// The questions that together ask the same, each for at most `limit` cells (the office's is [`MAX_CELLS`]).
    /// The variable of most values is cut first, into runs of neighbours.
    ///
    /// # Errors
    /// [`QueryError::Unresolved`] when the number of requested values is unknown.
    pub fn split(&self, limit: u64) -> Result<Vec<Self>, QueryError> {
        self.check()?;
        if limit == 0 {
            return Err(QueryError::Limit(limit));
        }
        for v in &self.variables {
            v.count().ok_or_else(|| QueryError::Unresolved(v.code.clone()))?;
        }
        let mut whole = vec![self.clone()];
        let mut done = Vec::new();
        while let Some(query) = whole.pop() {
            // Cutting the longest makes the fewest questions.
            let longest =
                query.variables.iter().enumerate().max_by_key(|(at, v)| (v.items().len(), usize::MAX - at));
            let fits = query.cells().is_some_and(|cells| cells <= limit);
            match longest {
                Some((at, v)) if !fits && v.items().len() > 1 => {
                    let mut others = query.variables.iter().enumerate().filter(|(other, _)| *other != at);
                    let others = others.try_fold(1u64, |cells, (_, v)| cells.checked_mul(v.count()?));
                    let run = others.map_or(1, |others| (limit / others.max(1)).max(1));
                    let runs = v.items().chunks(usize::try_from(run).unwrap_or(usize::MAX));
                    // Pushed backwards, so that the first run is taken first.
                    for run in runs.rev() {
                        let mut part = query.clone();
                        part.variables[at].values = Values::Items(run.to_vec());
                        whole.push(part);
                    }
                }
                // What cannot be named cannot be cut: the last so many of one variable alone.
                Some((_, v)) if !fits => return Err(QueryError::Unresolved(v.code.clone())),
                _ => done.push(query),
            }
        }
        Ok(done)
    }

    /// Whether it asks for numbers laid on today's borders: then only years from [`AGGREGATED_SINCE`] on are counts.
    #[must_use]
    pub fn is_back_cast(&self) -> bool {
        self.variables.iter().any(|v| {
            let by_list = matches!(&v.codelist, Some(Codelist::Aggregate(id)) if id.contains("Komm"));
            by_list || v.items().iter().any(|item| is_aggregated(item))
        })
    }
}

/// Whether a name can be part of an address.
fn plain(name: &str) -> Result<(), QueryError> {
    if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_.:+ ".contains(c)) {
        return Ok(());
    }
    Err(QueryError::Name(name.to_owned()))
}

/// Whether a code is of those that add up others: `K-4601`.
#[must_use]
pub fn is_aggregated(code: &str) -> bool {
    code.strip_prefix("K-").is_some_and(|rest| rest.len() == 4 && rest.bytes().all(|b| b.is_ascii_digit()))
}

impl Variable {
    fn v1_selection(&self) -> Result<Value, QueryError> {
        let (filter, values) = match (&self.values, &self.codelist) {
            (Values::Items(items), Some(Codelist::Aggregate(id))) => (format!("agg:{id}"), items.clone()),
            (Values::Items(items), Some(Codelist::Choice(id))) => (format!("vs:{id}"), items.clone()),
            (Values::Items(items), None) => ("item".to_owned(), items.clone()),
            (Values::All, None) => ("all".to_owned(), vec!["*".to_owned()]),
            (Values::Top(count), None) => ("top".to_owned(), vec![count.to_string()]),
            _ => return Err(QueryError::Unresolved(self.code.clone())),
        };
        Ok(json!({"code": self.code, "selection": {"filter": filter, "values": values}}))
    }

    fn v2_selection(&self) -> Value {
        let mut out = json!({"variableCode": self.code, "valueCodes": self.v2_values()});
        if let Some(codelist) = &self.codelist {
            out["codelist"] = Value::String(codelist.v2_id());
        }
        if let Some(Codelist::Aggregate(_)) = self.codelist {
            out["outputValues"] = Value::String("aggregated".to_owned());
        }
        out
    }

    fn items(&self) -> &[String] {
        if let Values::Items(items) = &self.values { items } else { &[] }
    }

    fn count(&self) -> Option<u64> {
        match &self.values {
            Values::Items(items) => Some(items.len() as u64),
            Values::Top(count) => Some(u64::from(*count)),
            Values::All | Values::From(_) => None,
        }
    }

    fn v2_values(&self) -> Vec<String> {
        match &self.values {
            Values::Items(items) => items.clone(),
            Values::All => vec!["*".to_owned()],
            Values::Top(count) => vec![format!("top({count})")],
            Values::From(first) => vec![format!("from({first})")],
        }
    }
}

impl Values {
    fn of(&self, dimension: &Dimension) -> Result<Vec<String>, QueryError> {
        let skipped = match self {
            Self::Items(items) => {
                items.iter().try_for_each(|item| place(dimension, item).map(drop))?;
                return Ok(items.clone());
            }
            Self::All => 0,
            Self::Top(count) => {
                dimension.categories.len().saturating_sub(usize::try_from(*count).unwrap_or(usize::MAX))
            }
            Self::From(first) => place(dimension, first)?,
        };
        Ok(dimension.categories.iter().skip(skipped).map(|(code, _)| code.clone()).collect())
    }
}

/// The place of a code among a dimension's categories.
fn place(dimension: &Dimension, code: &str) -> Result<usize, QueryError> {
    let at = dimension.categories.iter().position(|(have, _)| have == code);
    at.ok_or_else(|| QueryError::Code { variable: dimension.id.clone(), code: code.to_owned() })
}

impl Codelist {
    fn v2_id(&self) -> String {
        match self {
            Self::Aggregate(id) => format!("agg_{id}"),
            Self::Choice(id) => format!("vs_{id}"),
        }
    }
}

/// Percent-encodes what is not allowed in a query; the signs of selections (`*`, brackets of `top(3)`) may.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~*():".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    let list = value.get(key).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Reads version 1's metadata into the form version 2 has, a table of dimensions without cells.
#[must_use]
pub fn v1_metadata(bytes: &[u8]) -> Table {
    let mut table = Table::default();
    let answer: Value = match serde_json::from_slice(bytes) {
        Ok(answer) => answer,
        Err(error) => {
            table.breaches.push(format!("the answer is not whole JSON: {error}"));
            return table;
        }
    };
    table.label = text(&answer, "title");
    for variable in answer.get("variables").and_then(Value::as_array).into_iter().flatten() {
        let (codes, labels) = (texts(variable, "values"), texts(variable, "valueTexts"));
        let (id, label) = (text(variable, "code"), text(variable, "text"));
        if id.is_empty() || codes.is_empty() || codes.len() != labels.len() {
            table.breaches.push(format!(
                "variable `{id}` has {} values and {} texts",
                codes.len(),
                labels.len()
            ));
            continue;
        }
        let categories = codes.into_iter().zip(labels).collect();
        table.dimensions.push(Dimension { id, label, role: None, categories });
    }
    if table.dimensions.is_empty() {
        table.breaches.push("the answer lists no variables".to_owned());
    }
    table
}
