//! What the table has, checked against what the connector can ask for.

use utbredt_sources::jsonstat::Table;

/// How the table changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ShapeError {
    #[error("{0}")]
    Breach(String),
    #[error("it has a variable `{0}`: say whether it may be added over")]
    Variable(String),
    #[error("`Alder` has no single years from `000` to an open last one")]
    Ages,
    #[error("`Kjonn` has the values {0} instead of 1 and 2")]
    Sexes(String),
    #[error("it has several contents ({0}) instead of persons alone")]
    Contents(String),
    #[error("`Tid` has no years")]
    Years,
}

/// The variables a question names.
const KNOWN: [&str; 5] = ["Region", "Kjonn", "Alder", "ContentsCode", "Tid"];

/// What the table has, as far as it is asked for.
pub(super) struct Shape {
    pub(super) metadata: Table,
    pub(super) years: Vec<i32>,
    pub(super) ages: Vec<String>,
    pub(super) contents: Option<String>,
}

impl Shape {
    /// Reads it.
    pub(super) fn of(metadata: Table) -> Result<Self, ShapeError> {
        if let Some(breach) = metadata.breaches.first() {
            return Err(ShapeError::Breach(breach.clone()));
        }
        if let Some(other) = metadata.dimensions.iter().find(|d| !KNOWN.contains(&d.id.as_str())) {
            return Err(ShapeError::Variable(other.id.clone()));
        }
        let ages: Vec<String> = codes(&metadata, "Alder")
            .into_iter()
            .filter(|age| age.len() >= 3 && single_year(age).is_some())
            .collect();
        let whole = ages.iter().enumerate().all(|(at, age)| single_year(age) == Some(at));
        if ages.is_empty() || !whole || !ages.last().is_some_and(|last| last.ends_with('+')) {
            return Err(ShapeError::Ages);
        }
        let mut sexes = codes(&metadata, "Kjonn");
        sexes.sort();
        if metadata.dimension("Kjonn").is_some() && sexes != ["1", "2"] {
            return Err(ShapeError::Sexes(sexes.join(", ")));
        }
        let mut contents = codes(&metadata, "ContentsCode");
        if contents.len() > 1 {
            return Err(ShapeError::Contents(contents.join(", ")));
        }
        let years: Vec<i32> = codes(&metadata, "Tid").iter().filter_map(|year| year.parse().ok()).collect();
        if years.is_empty() {
            return Err(ShapeError::Years);
        }
        Ok(Self { years, ages, contents: contents.pop(), metadata })
    }
}

/// The codes of a dimension.
fn codes(metadata: &Table, id: &str) -> Vec<String> {
    let found = metadata.dimension(id).map(|(_, dimension)| &dimension.categories);
    found.into_iter().flatten().map(|(code, _)| code.clone()).collect()
}

/// The age in years of a code such as `007` or `105+`.
fn single_year(age: &str) -> Option<usize> {
    age.strip_suffix('+').unwrap_or(age).parse().ok()
}
