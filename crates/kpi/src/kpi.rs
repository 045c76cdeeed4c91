//! One KPI as the catalogue knows it.

use std::collections::{BTreeMap, BTreeSet};

use utbredt_model::Granularity;

use crate::{
    Better, Caveats, Column, ColumnFill, KpiRollup, Lang, Lookback, Param, ParamError, ParamKind, ParamValue,
    RequestError, RollupKind, Titles, Unit, markdown,
};
use utbredt_model::nearest;

use crate::Change;

/// One KPI: its header, its SQL, and what was checked about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Kpi {
    /// `<question>.<name>`, from the path.
    pub id: String,
    /// The analyst's question it belongs to: `adoption`.
    pub question: String,
    /// Its name within the question: `reach`.
    pub name: String,
    /// The file, below `queries/`.
    pub path: String,
    /// What it is called.
    pub title: Titles,
    /// The question it answers, in one sentence.
    pub answers: Titles,
    /// Goes up when the meaning changes.
    pub version: u32,
    /// What one of the value is.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// Who answers for the definition.
    pub owner: String,
    /// The period length used when the request names none.
    pub granularity: Granularity,
    /// How many periods are shown when the request names no bounds.
    pub window: u32,
    /// Whether a period's number is what is known at its end of all that was owed until then: such a period needs to have
    /// ended, and nothing of it to be due.
    pub as_of_end: bool,
    /// What it must see besides the periods shown, to compare with.
    pub lookback: Lookback,
    /// What to know before comparing.
    pub caveats: Caveats,
    /// What each version after the first changed, the newest first.
    pub changes: Vec<Change>,
    /// How areas are made.
    pub rollup: KpiRollup,
    /// The parameters, in declared order.
    pub params: Vec<Param>,
    /// The extra columns, in the order of the answer.
    pub columns: Vec<Column>,
    /// The texts of the codes its columns hold, by code.
    pub reasons: BTreeMap<String, Titles>,
    /// The whole file, header included: it runs as it stands.
    pub sql: String,
    /// Every relation its own SQL reads, views and tables alike.
    pub reads: BTreeSet<String>,
    /// Every view it reads, directly or through another, each after those it builds on.
    pub views: Vec<String>,
    /// Every other relation it reads, directly or through a view: tables of the lake, and those the engine makes.
    pub tables: BTreeSet<String>,
}

impl Kpi {
    /// The relation that holds the areas a request asks for: which municipality belongs to which.
    pub const AREAS: &str = "areas";

    /// Whether its rows depend on the areas asked for.
    #[must_use]
    pub fn reads_areas(&self) -> bool {
        self.tables.contains(Self::AREAS)
    }

    /// Its name as an SQL relation: `adoption_reach`.
    #[must_use]
    pub fn sql_name(&self) -> String {
        format!("{}_{}", self.question, self.name)
    }

    /// The columns the SQL selects, in order; the engine compares them with the plan's schema.
    #[must_use]
    pub fn expected_columns(&self) -> Vec<&str> {
        expected_columns(self.rollup.kind, &self.columns)
    }

    /// Whether its values have an interval, Wilson's of 95 %: shares of what was only sampled.
    #[must_use]
    pub const fn has_interval(&self) -> bool {
        self.rollup.sampled
    }

    /// The columns it adds to the fixed shape of an answer, in order.
    pub fn shown_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !column.hidden)
    }

    /// Fits the given texts to the declared parameters: exactly the declared names, each with its
    /// type, in declared order, defaults filled in.
    ///
    /// Whether a solution or a measure exists is the engine's to check; see [`Param::kind`].
    ///
    /// # Errors
    /// [`ParamError`] names the first parameter that is unknown, missing or malformed.
    pub fn bind(&self, given: &BTreeMap<String, String>) -> Result<Vec<(String, ParamValue)>, ParamError> {
        // Unknown names first: a misspelt name is also a missing one, and the spelling is the cause.
        if let Some(name) = given.keys().find(|name| self.params.iter().all(|p| p.name != **name)) {
            return Err(ParamError::Unknown {
                kpi: self.id.clone(),
                name: name.clone(),
                nearest: nearest(name, self.params.iter().map(|p| p.name.as_str())),
                valid: self.params.iter().map(|p| p.name.clone()).collect(),
            });
        }
        let bind_one = |param: &Param| {
            // Which measure a solution's main one is, an edition knows; until then any stands for it.
            let main = param.main.as_ref().map(|_| param.example());
            let Some(text) = given.get(&param.name).or(param.default.as_ref()).or(main.as_ref()) else {
                return Err(ParamError::Missing {
                    kpi: self.id.clone(),
                    name: param.name.clone(),
                    doc: param.doc.clone(),
                    example: param.example(),
                });
            };
            let value = param.read(text).map_err(|why| ParamError::Invalid {
                kpi: self.id.clone(),
                name: param.name.clone(),
                value: text.clone(),
                why: why.to_string(),
                example: param.example(),
            })?;
            Ok((param.name.clone(), value))
        };
        self.params.iter().map(bind_one).collect()
    }

    /// The parameter that takes one solution, when there is one. A KPI whose default is `*` adds over solutions itself.
    #[must_use]
    pub fn one_solution(&self) -> Option<&Param> {
        self.params.iter().find(|param| param.kind == ParamKind::Solution && !param.takes_all())
    }

    /// Checks the parameters of a request, in which a list or `*` may stand for one solution.
    ///
    /// # Errors
    /// [`RequestError`] with the code `missing_parameter` or `invalid_parameter`.
    pub fn bind_request(&self, given: &BTreeMap<String, String>) -> Result<(), RequestError> {
        let list = self.params.iter().find(|param| param.kind == ParamKind::Solution);
        let listed = list.and_then(|param| Some((param, given.get(&param.name)?)));
        let Some((param, text)) = listed.filter(|(_, text)| *text == "*" || text.contains(',')) else {
            return self.bind(given).map(|_| ()).map_err(|error| self.refused(&error));
        };
        // The other parameters are checked beside a solution that is surely of the right form.
        let mut one = given.clone();
        for solution in text.split(',') {
            let alone = if text == "*" { Param::EXAMPLE_SOLUTION } else { solution.trim() };
            if alone == "*" {
                return Err(RequestError::invalid(
                    "invalid_parameter",
                    format!("`{text}` has `*` in a list; `*` is every solution and is given alone"),
                    "give `*`, or a list of solutions",
                ));
            }
            one.insert(param.name.clone(), alone.to_owned());
            self.bind(&one).map_err(|error| self.refused(&error))?;
        }
        Ok(())
    }

    fn refused(&self, error: &ParamError) -> RequestError {
        let hint = format!("`utbredt kpi show {0}` or GET /v1/kpis/{0} lists what it takes", self.id);
        let code = match error {
            ParamError::Missing { .. } => "missing_parameter",
            ParamError::Unknown { .. } | ParamError::Invalid { .. } => "invalid_parameter",
        };
        RequestError::invalid(code, error.to_string(), hint)
    }

    /// A page about the KPI in one language: meaning, parameters, columns, caveats.
    #[must_use]
    pub fn markdown(&self, lang: Lang) -> String {
        markdown::page(self, lang)
    }
}

/// The columns of the final SELECT of a KPI with this roll-up and these extras.
pub(crate) fn expected_columns(kind: RollupKind, columns: &[Column]) -> Vec<&str> {
    const CELL: &[&str] =
        &["period_start", "municipality_code", "numerator", "denominator", "state", "marks"];
    const AREA: &[&str] = &[
        "period_start",
        "area_code",
        "value",
        "numerator",
        "denominator",
        "state",
        "coverage",
        "coverage_of_expected",
        "marks",
        "municipalities_reported",
        "municipalities_expected",
    ];
    let fixed = if kind == RollupKind::Area { AREA } else { CELL };
    let extras = columns.iter().filter(|c| !matches!(c.fill, ColumnFill::After(_)));
    fixed.iter().copied().chain(extras.map(|c| c.name.as_str())).collect()
}
