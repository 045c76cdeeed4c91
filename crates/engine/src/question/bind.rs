//! The values of a question's parameters, and whether the edition knows the names in them.

use utbredt_kpi::{Kpi, KpiRequest, ParamKind, ParamValue, RequestError};

use super::resolve::Bound;
use crate::edition::dimensions::{Dimensions, Measure};

/// The values of the parameters, for each solution asked for; and whether rows carry the solution.
pub(super) fn bind(
    kpi: &Kpi,
    request: &KpiRequest,
    dimensions: &Dimensions,
) -> Result<(Vec<Bound>, bool), RequestError> {
    kpi.bind_request(&request.params)?;
    let param = kpi.params.iter().find(|param| param.kind == ParamKind::Solution);
    let Some(param) = param else {
        return Ok((vec![bind_one(kpi, request, dimensions, None, false)?], false));
    };
    let text = request.params.get(&param.name).map_or("", String::as_str);
    let listed = text.contains(',') || (text == "*" && kpi.one_solution().is_some());
    if !listed {
        return Ok((vec![bind_one(kpi, request, dimensions, Some((&param.name, text)), false)?], false));
    }
    let mut solutions: Vec<&str> = if text == "*" {
        dimensions.solutions.iter().map(String::as_str).collect()
    } else {
        text.split(',').map(str::trim).collect()
    };
    // Rows are in the order of solutions, and a name given twice would give its rows twice.
    solutions.sort_unstable();
    solutions.dedup();
    let bound = solutions
        .into_iter()
        .map(|solution| bind_one(kpi, request, dimensions, Some((&param.name, solution)), true));
    Ok((bound.collect::<Result<_, _>>()?, true))
}

/// The values of the parameters for one solution. In a list a solution that lacks the measure has no answer; asked for
/// alone it is a wrong question.
fn bind_one(
    kpi: &Kpi,
    request: &KpiRequest,
    dimensions: &Dimensions,
    solution: Option<(&str, &str)>,
    in_list: bool,
) -> Result<Bound, RequestError> {
    let mut given = request.params.clone();
    if let Some((name, solution)) = solution.filter(|(_, solution)| !solution.is_empty()) {
        given.insert(name.to_owned(), solution.to_owned());
    }
    let mut unanswered = None;
    // `*` means every solution, so there is no name to look up.
    let named = given.get("solution_id").filter(|id| *id != "*").cloned();
    if let Some(id) = &named {
        check_known("solution", id, dimensions.solutions.iter().map(String::as_str))?;
        for param in kpi.params.iter().filter(|param| param.kind == ParamKind::Measure) {
            match (given.get(&param.name), &param.main) {
                (None, Some(kind)) => match dimensions.main_measure(id, kind) {
                    Some(measure) => drop(given.insert(param.name.clone(), measure.to_owned())),
                    None => {
                        unanswered = Some("no_main_measure");
                        // Binding refuses a missing value; no query is run with the example.
                        given.insert(param.name.clone(), param.example());
                    }
                },
                (Some(measure), _)
                    if in_list && dimensions.measures_of(id).all(|m| m.measure_id != *measure) =>
                {
                    unanswered = Some("no_measure");
                }
                _ => {}
            }
        }
    }
    let params = kpi.bind(&given).map_err(|error| {
        RequestError::invalid(
            "invalid_parameter",
            error.to_string(),
            format!("`utbredt kpi show {}`", kpi.id),
        )
    })?;
    // A measure that only fills a gap is not the solution's own, and would be refused.
    if let Some(id) = named.as_deref().filter(|_| unanswered.is_none()) {
        check_measure(&params, id, dimensions)?;
        check_kinds(kpi, &params, id, dimensions)?;
    }
    for (name, value) in &params {
        let (kind, known): (_, Vec<&str>) = match name.as_str() {
            "wave_id" => ("wave", dimensions.waves.keys().map(String::as_str).collect()),
            "source_id" => ("source", dimensions.sources.iter().map(String::as_str).collect()),
            _ => continue,
        };
        let takes_all = kpi.params.iter().any(|param| param.name == *name && param.takes_all());
        if let ParamValue::Text(text) = value
            && !(text == "*" && takes_all)
        {
            check_one(kind, text, &known)?;
            check_known(kind, text, known.into_iter())?;
        }
    }
    Ok(Bound { solution: named, params, unanswered })
}

/// Several known names where one is taken are no unknown name.
fn check_one(kind: &str, text: &str, known: &[&str]) -> Result<(), RequestError> {
    let is_list = text.contains(',') && text.split(',').all(|name| known.contains(&name.trim()));
    if text != "*" && !is_list {
        return Ok(());
    }
    Err(RequestError::invalid(
        "invalid_parameter",
        format!("this KPI is about one {kind}, and `{text}` is several"),
        format!("request each {kind} by itself; known: {}", known.join(", ")),
    ))
}

/// A name that is not in the lake is a wrong name, never an answer of zeros.
fn check_known<'n>(
    kind: &'static str,
    name: &str,
    known: impl Iterator<Item = &'n str> + Clone,
) -> Result<(), RequestError> {
    if known.clone().any(|valid| valid == name) {
        return Ok(());
    }
    let names: Vec<&str> = known.clone().collect();
    let hint = if names.is_empty() {
        format!("the lake has no {kind} yet")
    } else {
        format!("known: {}", names.join(", "))
    };
    Err(RequestError::unknown(kind, name, known, hint))
}

/// A measure is one of the solution's. A KPI adds what municipalities count, so a measure that declares no sum is
/// refused: a mean of shares, or an added level, is a number that means nothing.
fn check_measure(
    params: &[(String, ParamValue)],
    solution_id: &str,
    dimensions: &Dimensions,
) -> Result<(), RequestError> {
    // A measure beside which another is held need not exist: then nobody counts it.
    let named = params.iter().find(|(name, _)| name == "measure_id");
    let Some((_, ParamValue::Text(name))) = named else { return Ok(()) };
    let own: Vec<&Measure> = dimensions.measures_of(solution_id).collect();
    let Some(measure) = own.iter().find(|measure| measure.measure_id == *name) else {
        let names: Vec<&str> = own.iter().map(|measure| measure.measure_id.as_str()).collect();
        let hint = format!("{solution_id} has {}", names.join(", "));
        return Err(RequestError::unknown("measure", name, names.iter().copied(), hint));
    };
    if adds(measure) {
        return Ok(());
    }
    let that_add: Vec<&str> =
        own.iter().filter(|measure| adds(measure)).map(|measure| measure.measure_id.as_str()).collect();
    let instead = if that_add.is_empty() {
        format!("{solution_id} has none that add")
    } else {
        format!("those that add: {}", that_add.join(", "))
    };
    Err(RequestError::invalid(
        "invalid_value",
        format!("{name} of {solution_id} declares no sum, and this KPI adds"),
        format!("a share is delivered as two measures, what is counted and of how many; {instead}"),
    ))
}

/// A measure is of the kind that the KPI requires, where it does: letters are no persons.
fn check_kinds(
    kpi: &Kpi,
    params: &[(String, ParamValue)],
    solution_id: &str,
    dimensions: &Dimensions,
) -> Result<(), RequestError> {
    for param in kpi.params.iter().filter(|param| param.only_main_kind) {
        let Some(required) = &param.main else { continue };
        let value = params.iter().find(|(name, _)| *name == param.name).map(|(_, value)| value);
        let Some(ParamValue::Text(named)) = value else { continue };
        let own: Vec<&Measure> = dimensions.measures_of(solution_id).collect();
        // A measure that the solution does not have was refused before, with the nearest name.
        let other = own.iter().find(|own| own.measure_id == *named && own.kind != *required);
        let Some(Measure { kind, .. }) = other else { continue };
        let fitting = own.iter().filter(|own| own.kind == *required);
        let fitting: Vec<&str> = fitting.map(|own| own.measure_id.as_str()).collect();
        let hint = match fitting.as_slice() {
            [] => format!("{solution_id} has none"),
            some => format!("{solution_id} has {}", some.join(", ")),
        };
        let why = format!("{named} of {solution_id} is a {kind}, and {} needs a {required}", kpi.id);
        return Err(RequestError::invalid("invalid_value", why, hint));
    }
    Ok(())
}

fn adds(measure: &Measure) -> bool {
    matches!(measure.kind.as_str(), "stock" | "flow") && measure.rollup != "none"
}
