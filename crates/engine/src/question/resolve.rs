//! A request checked against an edition: every name known, every period set, every area worked out. All errors of a
//! question arise here, from the small tables in memory; no SQL is run.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use utbredt_kpi::{Borders, By, Catalogue, Kpi, KpiRequest, ParamValue, RequestError, RollupKind};
use utbredt_model::Period;

use super::bind::bind;
use super::due::PeriodsOf;
use super::periods::looking_back;
use super::scope::Scope;
use crate::edition::areas::{Areas, AreasKey};
use crate::edition::dimensions::Dimensions;

/// How many cells one set of parameters may have: a year of days for 357 municipalities. A cell takes about 9 KiB while it is computed, and all questions share one
/// memory of 1 GiB.
const MOST_CELLS: usize = 140_000;

/// The code of a question that is larger than what is answered at once.
pub(crate) const TOO_LARGE: &str = "question_too_large";

/// One set of values of the KPI's parameters.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    /// The solution, where the KPI takes one.
    pub(crate) solution: Option<String>,
    /// Every declared parameter with its value.
    pub(crate) params: Vec<(String, ParamValue)>,
    /// The code that tells why the solution has no cells, where the question does not arise for it.
    pub(crate) unanswered: Option<&'static str>,
}

/// A question with all that decides its rows but the tables of facts.
#[derive(Debug)]
pub(crate) struct ResolvedQuery<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) kpi: &'a Kpi,
    pub(crate) request: &'a KpiRequest,
    /// One for each solution asked for; one in all where the KPI takes none.
    pub(crate) bound: Vec<Bound>,
    /// Whether rows carry the solution: it was given as a list or `*`.
    pub(crate) by_solution: bool,
    /// The periods shown.
    pub(crate) shown: Vec<Period>,
    /// The periods seen, those compared with included, and how facts are mapped to their borders.
    pub(crate) scope: Scope,
    /// The areas of each period seen.
    pub(crate) areas: Vec<Arc<Areas>>,
    /// Municipalities chosen by the filter; all when there is none.
    pub(crate) chosen: Option<Chosen>,
}

/// What a filter chooses: for each period seen, the areas of each filter that were named.
#[derive(Debug)]
pub(crate) struct Chosen {
    filters: Vec<ChosenAreas>,
}

#[derive(Debug)]
struct ChosenAreas {
    by: By,
    codes: BTreeSet<String>,
    /// Of each period seen.
    areas: Vec<Arc<Areas>>,
}

impl Chosen {
    /// Whether a municipality lies in the areas named, in the borders of a period.
    pub(crate) fn holds(&self, period: usize, municipality: &str) -> bool {
        self.filters.iter().all(|filter| {
            let Some(areas) = filter.areas.get(period) else { return false };
            areas.of(municipality).iter().any(|place| filter.codes.contains(&areas.areas[*place].code))
        })
    }

    /// Whether no municipality lies in all areas named, in any of the last periods.
    fn is_empty(&self, periods: usize) -> bool {
        let Some(first) = self.filters.first() else { return false };
        let mut shown = (0..first.areas.len()).rev().take(periods);
        !shown.any(|period| {
            first.areas[period].pairs().any(|(municipality, _)| self.holds(period, municipality))
        })
    }

    /// Whether rows of an area are shown: a filter on the rows' own key chooses rows too.
    pub(crate) fn shows(&self, by: By, code: &str) -> bool {
        self.filters.iter().filter(|filter| filter.by == by).all(|filter| filter.codes.contains(code))
    }
}

impl<'a> ResolvedQuery<'a> {
    /// Checks a request against an edition's dimensions; `day` is the edition's.
    ///
    /// # Errors
    /// [`RequestError`], with the nearest name that is known.
    pub(crate) fn resolve(
        catalogue: &'a Catalogue,
        request: &'a KpiRequest,
        dimensions: &Dimensions,
        day: NaiveDate,
        periods: PeriodsOf<'_>,
    ) -> Result<Self, RequestError> {
        let kpi = catalogue.kpi(&request.kpi)?;
        check_grouping(kpi, request)?;
        let (bound, by_solution) = bind(kpi, request, dimensions)?;
        let shown = periods.shown(kpi, request, &bound, (dimensions, day))?;
        // Only the periods shown: those compared with may lie before the oldest division.
        check_borders(request.borders, &shown, dimensions)?;
        let granularity =
            if request.range { None } else { Some(request.granularity.unwrap_or(kpi.granularity)) };
        let scope = Scope {
            borders: request.borders,
            policy: request.policy,
            day,
            periods: looking_back(kpi, granularity, &shown).into(),
            granularity,
            year_ago: false,
        };
        check_size(&scope, dimensions)?;
        let areas = areas_of(request.by, &scope, dimensions);
        let chosen = choose(request, &scope, dimensions, shown.len())?;
        let query = Self { catalogue, kpi, request, bound, by_solution, shown, scope, areas, chosen };
        query.check_whole_areas()?;
        Ok(query)
    }

    /// A target is that of a whole area: its one municipality that does best would make it reached.
    fn check_whole_areas(&self) -> Result<(), RequestError> {
        if self.chosen.is_none() || !self.kpi.tables.contains(TARGETS) {
            return Ok(());
        }
        // Periods that are only compared with have no rows, and no target.
        let periods = self.unshown()..self.scope.periods.len();
        let mut all =
            periods.flat_map(|period| (0..self.areas[period].areas.len()).map(move |area| (period, area)));
        let cut = all.find(|(period, area)| self.shows_area(*period, *area) && self.is_cut(*period, *area));
        let Some((period, area)) = cut else { return Ok(()) };
        Err(RequestError::invalid(
            "invalid_filter",
            format!(
                "{} holds a whole area against its target, and the filter leaves out municipalities of {}",
                self.kpi.id, self.areas[period].areas[area].name
            ),
            "group by municipality, or filter by the area itself, as by=network with network_id",
        ))
    }

    /// A question whose names are not looked up, to plan a KPI's text against a lake without rows.
    ///
    /// # Errors
    /// [`RequestError`] when the parameters do not fit.
    pub(crate) fn without_names(
        kpi: &'a Kpi,
        catalogue: &'a Catalogue,
        request: &'a KpiRequest,
        day: NaiveDate,
        period: Period,
    ) -> Result<Self, RequestError> {
        let params = kpi.bind(&request.params).map_err(|error| {
            RequestError::invalid("invalid_parameter", error.to_string(), "give an example that fits")
        })?;
        let scope = Scope {
            borders: request.borders,
            policy: request.policy,
            day,
            periods: looking_back(kpi, Some(kpi.granularity), &[period]).into(),
            granularity: Some(kpi.granularity),
            year_ago: false,
        };
        let areas = areas_of(request.by, &scope, &Dimensions::default());
        let bound = vec![Bound { solution: None, params, unanswered: None }];
        let shown = vec![period];
        Ok(Self { catalogue, kpi, request, bound, by_solution: false, shown, scope, areas, chosen: None })
    }

    /// How many of the periods seen come before those shown.
    pub(crate) fn unshown(&self) -> usize {
        self.scope.periods.len() - self.shown.len()
    }
}

/// The table whose rows are goals of areas.
const TARGETS: &str = "targets";

/// The areas of each period of a scope.
pub(crate) fn areas_of(by: By, scope: &Scope, dimensions: &Dimensions) -> Vec<Arc<Areas>> {
    let mut areas = Vec::with_capacity(scope.periods.len());
    for period in scope.periods.iter() {
        let on_day = scope.on_day(period);
        let division = dimensions.divisions.holding(on_day);
        // Members are those of the edition's day, in every period.
        areas.push(dimensions.areas(AreasKey { by, on_day, division, member_day: scope.day }));
    }
    areas
}

/// Some KPIs are for municipalities or for the nation alone.
fn check_grouping(kpi: &Kpi, request: &KpiRequest) -> Result<(), RequestError> {
    let by = request.by;
    if kpi.rollup.kind == RollupKind::None && by != By::Municipality {
        return Err(RequestError::invalid(
            "invalid_value",
            format!("{} is answered for municipalities only, not by {}", kpi.id, by.as_str()),
            "group by municipality",
        ));
    }
    if kpi.rollup.nation_only && !request.filter.is_empty() {
        return Err(RequestError::invalid(
            "invalid_filter",
            format!("{} is answered for the nation only, and no filter chooses from it", kpi.id),
            "leave the filter out: what it counts belongs to no municipality",
        ));
    }
    if kpi.rollup.nation_only && by != By::Nation {
        return Err(RequestError::invalid(
            "invalid_value",
            format!("{} is answered for the nation only, not by {}", kpi.id, by.as_str()),
            "group by nation: what it counts belongs to no municipality",
        ));
    }
    Ok(())
}

/// Cells are computed for every municipality, whatever areas and filter are asked for. Refused before anything is made.
fn check_size(scope: &Scope, dimensions: &Dimensions) -> Result<(), RequestError> {
    let Some(last) = scope.periods.last() else { return Ok(()) };
    let (periods, on_day) = (scope.periods.len(), scope.on_day(last));
    let municipalities = dimensions.municipalities.iter().filter(|one| one.valid_on(on_day)).count();
    if periods.saturating_mul(municipalities) <= MOST_CELLS {
        return Ok(());
    }
    Err(RequestError::invalid(
        TOO_LARGE,
        format!(
            "{periods} periods, those compared with included, are too many for {municipalities} municipalities"
        ),
        format!(
            "request at most {} periods at once, or longer ones: each is computed for every municipality",
            MOST_CELLS / municipalities
        ),
    ))
}

/// Before the oldest division the lake knows no borders: an answer in them would have no row.
fn check_borders(borders: Borders, shown: &[Period], dimensions: &Dimensions) -> Result<(), RequestError> {
    let Some(oldest) = dimensions.divisions.0.first() else { return Ok(()) };
    let earliest = match borders {
        Borders::On(day) => Some(day),
        Borders::Now => None,
        // The last day of a period decides its borders.
        Borders::Then => shown.first().and_then(|period| period.end.pred_opt()),
    };
    match earliest.filter(|day| day < oldest) {
        None => Ok(()),
        Some(day) => Err(RequestError::invalid(
            "invalid_value",
            format!("the borders of {day} are not known"),
            format!(
                "the oldest that are known are those of {oldest}; request later periods, or the borders of a later day"
            ),
        )),
    }
}

/// The areas a filter names. A code that no area of the periods shown has is a wrong name, never an empty answer.
fn choose(
    request: &KpiRequest,
    scope: &Scope,
    dimensions: &Dimensions,
    shown: usize,
) -> Result<Option<Chosen>, RequestError> {
    if request.filter.is_empty() {
        return Ok(None);
    }
    let mut filters = Vec::new();
    for (by, codes) in &request.filter {
        let areas = areas_of(*by, scope, dimensions);
        let known: BTreeSet<&str> = areas
            .iter()
            // The periods shown come last; an area that only an earlier one had cannot be in the answer.
            .rev()
            .take(shown)
            .flat_map(|areas| areas.areas.iter().map(|area| area.code.as_str()))
            .collect();
        if let Some(code) = codes.iter().find(|code| !known.contains(code.as_str())) {
            return Err(unknown_area(*by, code, &known, dimensions));
        }
        filters.push(ChosenAreas { by: *by, codes: codes.iter().cloned().collect(), areas });
    }
    let chosen = Chosen { filters };
    if chosen.is_empty(shown) {
        return Err(RequestError::invalid(
            "invalid_filter",
            format!("no municipality is in all areas named: {}", named(request)),
            "leave one of the filters out",
        ));
    }
    Ok(Some(chosen))
}

/// The filters of a request, as one types them.
fn named(request: &KpiRequest) -> String {
    let texts = request
        .filter
        .iter()
        .map(|(by, codes)| format!("{}={}", by.key().unwrap_or_default(), codes.join(",")));
    texts.collect::<Vec<_>>().join(" and ")
}

/// What is said of a code that no area has. A code of another division is answered by those it is there, with their names, and
/// never by one with almost the same digits.
fn unknown_area(by: By, code: &str, known: &BTreeSet<&str>, dimensions: &Dimensions) -> RequestError {
    let key = by.key().unwrap_or_default();
    let hint = format!("{key} is one of {} in these borders and periods", known.len());
    let instead = if by == By::Municipality { dimensions.elsewhere(code, known) } else { BTreeSet::new() };
    let nearest = match (instead.len(), instead.first()) {
        (0, _) => return RequestError::unknown(by.into(), code, known.iter().copied(), hint),
        (1, Some(only)) => Some((*only).to_owned()),
        _ => None,
    };
    let names: Vec<String> = instead.iter().map(|code| dimensions.with_name(code)).collect();
    let hint = format!("in these borders and periods it is {}; {hint}", names.join(" or "));
    RequestError::Unknown { kind: by.into(), name: code.to_owned(), nearest, hint }
}
