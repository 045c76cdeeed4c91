//! The one parser of requests: HTTP queries, batches, the command line, SQL functions and tests all hand over the same
//! pairs of names and values.

use utbredt_model::Granularity;
use utbredt_model::territory::mapping::Policy;

use super::{AsOf, Borders, By, KpiRequest, RequestError, bound, word};
use crate::{Catalogue, Kpi, ParamKind};

/// What may stand before a filter's name, for a KPI whose parameter has the same one.
const WHERE: &str = "where.";

impl KpiRequest {
    /// Reads a question to the KPI `id` from pairs of names and values. The names are [`Self::OPTIONS`], the KPI's own
    /// parameters, and filters (`county_code`, `where.county_code`). Filters and solutions take lists, comma-separated
    /// or repeated; any other name given twice is refused, since either value alone would answer another question.
    ///
    /// # Errors
    /// [`RequestError`] names the first pair that cannot be used, and the nearest name that can.
    pub fn parse<N: AsRef<str>, V: AsRef<str>>(
        catalogue: &Catalogue,
        id: &str,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, RequestError> {
        let kpi = catalogue.kpi(id)?;
        let mut request = Self::new(&kpi.id);
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in pairs {
            let (name, value) = (name.as_ref(), value.as_ref());
            request.read_pair(kpi, name, value, &mut seen)?;
        }
        kpi.bind_request(&request.params)?;
        Ok(request)
    }

    /// Reads one pair; `seen` holds the names that may not come again.
    fn read_pair(
        &mut self,
        kpi: &Kpi,
        name: &str,
        value: &str,
        seen: &mut Vec<String>,
    ) -> Result<(), RequestError> {
        let plain = name.strip_prefix(WHERE).unwrap_or(name);
        // The KPI's own parameter wins over a filter of the same name; `where.` reaches the filter.
        let param = kpi.params.iter().find(|param| param.name == name);
        if let Some(param) = param {
            if param.kind == ParamKind::Solution && self.params.contains_key(name) {
                let list = self.params.entry(name.to_owned()).or_default();
                *list = format!("{list},{value}");
                return Ok(());
            }
            once(name, seen)?;
            self.params.insert(name.to_owned(), value.to_owned());
        } else if let Some(by) = By::of_key(plain) {
            let codes = value.split(',').map(str::trim).filter(|code| !code.is_empty());
            let list = self.filter.entry(by).or_default();
            for code in codes {
                check_code(plain, code)?;
                list.push(code.to_owned());
            }
            if list.is_empty() {
                return Err(empty_filter(plain));
            }
            // Sorted: the same codes in another order are the same question, and found in the cache.
            list.sort_unstable();
            list.dedup();
        } else if name.starts_with(WHERE) {
            return Err(RequestError::unknown(
                "filter",
                plain,
                By::ALL.iter().filter_map(|by| by.key()),
                format!("filters are {}", filter_names()),
            ));
        } else if Self::OPTIONS.contains(&name) {
            once(name, seen)?;
            self.set_option(name, value)?;
        } else {
            return Err(unknown_name(kpi, name));
        }
        Ok(())
    }

    /// Sets one of [`Self::OPTIONS`]; an empty value is as if the option were left out.
    fn set_option(&mut self, name: &str, value: &str) -> Result<(), RequestError> {
        if value.is_empty() {
            return Ok(());
        }
        match name {
            "by" => self.by = word("grouping", value)?,
            "borders" => self.borders = Borders::parse(value)?,
            "policy" => self.policy = policy(value)?,
            "as_of" => self.as_of = AsOf::parse(value)?,
            "from" => self.from = Some(bound("from", value)?.start),
            // Of the period named the first day is meant here, and for `to` the first day after it.
            "to" => self.to = Some(bound("to", value)?.end),
            _ if value == Self::RANGE => self.range = true,
            _ => self.granularity = Some(granularity(value)?),
        }
        Ok(())
    }
}

fn once(name: &str, seen: &mut Vec<String>) -> Result<(), RequestError> {
    if seen.iter().any(|known| known == name) {
        return Err(RequestError::invalid(
            "repeated_parameter",
            format!("{name} is given more than once"),
            "give each parameter once; only filters and solutions take lists",
        ));
    }
    seen.push(name.to_owned());
    Ok(())
}

fn policy(text: &str) -> Result<Policy, RequestError> {
    let names = Policy::ALL.map(Policy::as_str);
    Policy::parse(text)
        .ok_or_else(|| RequestError::unknown("policy", text, names, format!("one of {}", names.join(", "))))
}

fn granularity(text: &str) -> Result<Granularity, RequestError> {
    let mut names = Granularity::ALL.map(Granularity::as_str).to_vec();
    names.push(KpiRequest::RANGE);
    Granularity::parse(text).ok_or_else(|| {
        let hint = format!("one of {}", names.join(", "));
        RequestError::unknown("granularity", text, names.iter().copied(), hint)
    })
}

/// A code is one of ours: letters, digits, `_` and `-`. Whether an edition knows it is looked up later.
fn check_code(key: &str, code: &str) -> Result<(), RequestError> {
    if code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return Ok(());
    }
    Err(RequestError::invalid(
        "invalid_value",
        format!("`{code}` is not a {key}"),
        "a code is digits, an id lower-case letters; several are separated by commas",
    ))
}

fn empty_filter(key: &str) -> RequestError {
    RequestError::invalid(
        "invalid_value",
        format!("{key} is empty"),
        "leave the filter out, or name one or several codes",
    )
}

fn filter_names() -> String {
    By::ALL.iter().filter_map(|by| by.key()).collect::<Vec<_>>().join(", ")
}

fn unknown_name(kpi: &Kpi, name: &str) -> RequestError {
    let own = kpi.params.iter().map(|param| param.name.as_str());
    let filters = By::ALL.iter().filter_map(|by| by.key());
    let mut names: Vec<&str> = own.chain(KpiRequest::OPTIONS).chain(filters).collect();
    names.sort_unstable();
    names.dedup();
    let hint = format!("{} takes {}", kpi.id, names.join(", "));
    RequestError::unknown("parameter", name, names.iter().copied(), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KPI: &str = r#"/* kpi
title   = { nb = "R", nn = "R", en = "R" }
answers = { nb = "R?", nn = "R?", en = "R?" }
version = 1
unit    = "persons"
better  = "higher"
owner   = "x"
[rollup]
kind = "count"
[params.solution_id]
type = "solution"
doc  = "The shared solution."
[params.wave_id]
type = "text"
doc  = "A wave."
default = "*"
*/
SELECT a.period_start, a.municipality_code, a.n AS numerator, NULL AS denominator, 'ok' AS state, 0 AS marks
FROM a WHERE a.s = $solution_id AND a.w = $wave_id ORDER BY a.period_start, a.municipality_code"#;

    fn parse(pairs: &[(&str, &str)]) -> Result<KpiRequest, RequestError> {
        let catalogue = Catalogue::load([("kpi/a/b.sql".to_owned(), KPI.to_owned())]).unwrap();
        KpiRequest::parse(&catalogue, "a.b", pairs.iter().copied())
    }

    fn day(text: &str) -> chrono::NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn options_parameters_and_filters_find_their_places() {
        let request = parse(&[
            ("solution_id", "svarut"),
            ("solution_id", "digihelse,digisos"),
            ("municipality_code", "4601,0301"),
            ("where.wave_id", "w1"),
            ("wave_id", "w2"),
            ("by", "county"),
            ("granularity", "quarter"),
            ("borders", ""),
        ])
        .unwrap();
        assert_eq!(request.params["solution_id"], "svarut,digihelse,digisos");
        assert_eq!(request.params["wave_id"], "w2");
        assert_eq!(request.filter[&By::Municipality], ["0301", "4601"]);
        assert_eq!(request.filter[&By::Wave], ["w1"]);
        assert_eq!((request.by, request.granularity), (By::County, Some(Granularity::Quarter)));
    }

    #[test]
    fn both_bounds_are_included_however_they_are_written() {
        for (to, end) in [
            ("2020-12-31", "2021-01-01"),
            ("2020-12", "2021-01-01"),
            ("2020-Q4", "2021-01-01"),
            ("2020", "2021-01-01"),
            ("2020-W53", "2021-01-04"),
        ] {
            let request = parse(&[("solution_id", "svarut"), ("from", "2020-02"), ("to", to)]).unwrap();
            assert_eq!((request.from, request.to), (Some(day("2020-02-01")), Some(day(end))), "{to}");
        }
        let whole = parse(&[("solution_id", "*"), ("granularity", "range")]).unwrap();
        assert!(whole.range && whole.granularity.is_none());
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_code_and_the_nearest_name() {
        for (pairs, code, near) in [
            (vec![("solution", "svarut")], "unknown_parameter", Some("solution_id")),
            (vec![("by", "countee")], "unknown_grouping", Some("county")),
            (vec![("by", "county"), ("by", "nation")], "repeated_parameter", None),
            (vec![("granularity", "mnth")], "unknown_granularity", Some("month")),
            (vec![("where.colour", "red")], "unknown_filter", None),
            (vec![("where.county", "03")], "unknown_filter", Some("county_code")),
            (vec![("county_code", "' OR 1=1")], "invalid_value", None),
            (vec![("county_code", ",")], "invalid_value", None),
            (vec![("to", "2020-1-1")], "invalid_date", None),
            (vec![("borders", "2020")], "invalid_value", None),
            (vec![("policy", "exact_onyl")], "unknown_policy", Some("exact_only")),
            (vec![("as_of", "yesterday")], "invalid_value", None),
            (vec![], "missing_parameter", None),
            (vec![("solution_id", "Svar Ut")], "invalid_parameter", None),
            (vec![("solution_id", "svarut,*")], "invalid_parameter", None),
        ] {
            let error = parse(&pairs).unwrap_err();
            assert_eq!((error.code().as_str(), error.nearest()), (code, near), "{pairs:?}");
        }
        let catalogue = Catalogue::default();
        let error = KpiRequest::parse(&catalogue, "a.b", [("by", "nation")]).unwrap_err();
        assert_eq!(error.code(), "unknown_kpi");
    }
}
