//! Whether a contract is unambiguous, and which columns it needs.

use utbredt_model::{IdError, Marks, MeasureId, Period, SolutionId};

use super::contract::{Contract, ContractError, Format, Layout, Marker, PeriodColumns, Pick, SubjectKind};
use super::sums::AbsentParts;
use super::words::Words;
use crate::text;

/// More rows of column names than this are a mistake.
const MAX_HEADER_ROWS: u32 = 5;

impl Contract {
    /// Reads a contract and checks that it is unambiguous.
    ///
    /// # Errors
    /// [`ContractError`] with the place and how to fix it.
    pub fn from_toml(text: &str) -> Result<Self, ContractError> {
        // Unknown keys are refused by serde: a misspelt rule must not be a rule left out.
        // Cells are read as they are seen, and so are the names they are compared with.
        let contract: Self = toml::from_str(&text::as_seen(text)).map_err(ContractError::Syntax)?;
        contract.check()?;
        Ok(contract)
    }

    fn check(&self) -> Result<(), ContractError> {
        self.check_file()?;
        check_pick("solution", &self.solution, |id| SolutionId::parse(id).map(drop))?;
        if let Some(measure) = &self.measure {
            check_pick("measure", measure, |id| MeasureId::parse(id).map(drop))?;
        }
        if let Some(period) = &self.period {
            check_period(period)?;
        }
        if self.value.unit_column.is_some() && self.value.unit.is_none() {
            return unclear("value", "has a unit_column but no `unit` to compare it with");
        }
        if self.value.unit.is_some() && self.value.unit_column.is_none() {
            return unclear(
                "value",
                "has a `unit` and no `unit_column` to compare it with, so it changes nothing: name the column that states the unit, \
                 or declare `scale = { factor = 1000, unit = \"…\" }` for numbers in thousands, or take `unit` out",
            );
        }
        self.check_rows()?;
        let wide = self.wide.as_ref();
        match (self.layout, wide) {
            (Layout::Long, Some(_)) => unclear("wide", "belongs to `layout = \"wide\"`"),
            (Layout::Wide, None) => unclear("wide", "is missing: give `periods = true`, `measures`, or both"),
            (Layout::Wide, Some(w)) if !w.periods && w.measures.is_empty() => {
                unclear("wide", "needs `periods = true`, `measures`, or both")
            }
            (Layout::Wide, Some(w)) if !w.periods && (w.granularity.is_some() || w.year.is_some()) => {
                unclear("wide", "has a `granularity` or `year` without `periods = true`")
            }
            _ if self.layout == Layout::Long && self.value.column.is_none() => {
                unclear("value", "needs a `column` when the layout is long")
            }
            _ if self.period.is_none() != wide.is_some_and(|w| w.periods) => {
                unclear("period", "must be given unless the columns of a wide table are the periods")
            }
            _ if self.measure.is_none() == wide.is_none_or(|w| w.measures.is_empty()) => {
                unclear("measure", "must be given unless the columns of a wide table are the measures")
            }
            _ => Ok(()),
        }
    }

    /// How the file is laid out.
    fn check_file(&self) -> Result<(), ContractError> {
        if self.header_row == 0 {
            return unclear("header_row", "counts from 1");
        }
        if !(1..=MAX_HEADER_ROWS).contains(&self.header_rows) {
            return unclear("header_rows", "must be from 1 to 5");
        }
        if self.format == Some(Format::Json) && (self.header_row, self.header_rows) != (1, 1) {
            return unclear("header_row", "has no meaning in JSON: the fields name themselves");
        }
        if self.rows.is_some() && self.format.is_some_and(|f| f != Format::Json) {
            return unclear("rows", "names the place of the rows in JSON, and `format` is another");
        }
        if !matches!(self.decimal, ',' | '.') {
            return unclear("decimal", "must be `,` or `.`");
        }
        if self.delimiter.is_some_and(|d| !d.is_ascii() || matches!(d, '"' | '\n' | '\r')) {
            return unclear("delimiter", "must be one ASCII character, not a quote or a line break");
        }
        Ok(())
    }

    /// Which rows are read, and what their numbers mean.
    fn check_rows(&self) -> Result<(), ContractError> {
        if self.subject.division.is_some() && self.subject.kind == SubjectKind::OrganisationNumber {
            return unclear("subject", "has a `division`, which organisations have none of");
        }
        if self.value.scale.as_ref().is_some_and(|scale| scale.factor == 0) {
            return unclear("value", "has a `scale` with the factor 0");
        }
        if self.value.absent_parts == AbsentParts::Zero && self.value.sum_over.is_empty() {
            return unclear("value", "has `absent_parts` without `sum_over`: nothing is added up");
        }
        let periods =
            self.period.iter().flat_map(|period| [&period.column, &period.start, &period.end]).flatten();
        if let Some(name) = periods.into_iter().find(|name| self.value.sum_over.contains(name)) {
            return unclear(
                "value",
                format!(
                    "adds over `{name}`, the column of the period: a month that lacks days would pass for a whole one; leave \
                     `granularity` out of [period], and months are added up from the days that came"
                ),
            );
        }
        if self.filter.values().any(|words| words.all().is_empty()) {
            return unclear("filter", "has a column without words, which leaves out every row");
        }
        let mut known: Vec<(Option<&str>, &str)> = Vec::new();
        for (_, rule) in self.markers() {
            if rule.marker.all().is_empty() {
                return unclear("marker", "needs a mark");
            }
            let unmarked = rule.unmarked.iter().flat_map(Words::all);
            if rule.column.is_none() && rule.unmarked.is_some() {
                return unclear("marker", "has `unmarked` words without a `column` they are in");
            }
            if let Some(word) = unmarked.into_iter().find(|word| rule.marker.hold(word)) {
                return unclear("marker", format!("has `{word}` as a mark and as `unmarked`"));
            }
            for mark in rule.marker.all() {
                if mark.is_empty() || (rule.column.is_none() && mark.ends_with(|c: char| c.is_ascii_digit()))
                {
                    return unclear("marker", format!("`{mark}` reads as a value without a mark"));
                }
                if known.contains(&(rule.column.as_deref(), mark)) {
                    return unclear("marker", format!("`{mark}` has two meanings"));
                }
                known.push((rule.column.as_deref(), mark));
            }
        }
        Ok(())
    }

    /// The columns of the filter that rows may still differ in.
    pub(super) fn filter_left_open(&self) -> impl Iterator<Item = &String> {
        let several = self.filter.iter().filter(|(_, words)| words.all().len() > 1);
        several.map(|(name, _)| name).filter(|name| !self.value.sum_over.contains(name))
    }

    /// The reservations a source may make about its numbers, and how they are known.
    pub(super) fn markers(&self) -> impl Iterator<Item = (Marks, &Marker)> {
        let rules = [
            (Marks::PROVISIONAL, &self.provisional),
            (Marks::IMPUTED, &self.imputed),
            (Marks::PERTURBED, &self.perturbed),
        ];
        rules.into_iter().filter_map(|(mark, rule)| Some((mark, rule.as_ref()?)))
    }

    /// Every column the contract names, except those of a wide table found by their period.
    pub(super) fn columns(&self) -> Vec<&str> {
        let period = self.period.as_ref();
        let mut names = vec![Some(&self.subject.column), self.solution.column.as_ref()];
        names.extend([period.and_then(|p| p.column.as_ref()), period.and_then(|p| p.start.as_ref())]);
        names.extend([
            period.and_then(|p| p.end.as_ref()),
            self.measure.as_ref().and_then(|m| m.column.as_ref()),
        ]);
        names.extend([self.value.column.as_ref(), self.value.unit_column.as_ref()]);
        names.extend([self.state.as_ref().map(|s| &s.column), self.totals.column.as_ref()]);
        names.extend(self.markers().map(|(_, rule)| rule.column.as_ref()));
        names.extend(self.filter.keys().map(Some));
        let by_name = self.wide.iter().filter(|wide| !wide.periods);
        names.extend(self.value.sum_over.iter().map(Some));
        names.extend(by_name.flat_map(|wide| wide.measures.keys().map(Some)));
        names.into_iter().flatten().map(String::as_str).collect()
    }
}

fn unclear(section: &'static str, problem: impl Into<String>) -> Result<(), ContractError> {
    Err(ContractError::Unclear { section, problem: problem.into() })
}

fn check_pick(
    section: &'static str,
    pick: &Pick,
    id: impl Fn(&str) -> Result<(), IdError>,
) -> Result<(), ContractError> {
    if pick.column.is_some() == pick.fixed.is_some() {
        return unclear(section, "needs exactly one of `column` and `fixed`");
    }
    for text in pick.fixed.iter().chain(pick.map.values()) {
        id(text).map_err(|error| ContractError::Unclear { section, problem: format!("names {error}") })?;
    }
    Ok(())
}

fn check_period(period: &PeriodColumns) -> Result<(), ContractError> {
    let pair = period.start.is_some() && period.end.is_some();
    let half = period.start.is_some() != period.end.is_some();
    let ways = usize::from(period.column.is_some()) + usize::from(pair) + usize::from(period.fixed.is_some());
    if half || ways != 1 {
        return unclear("period", "needs exactly one of `column`, `start` with `end`, and `fixed`");
    }
    if period.fill_down && period.column.is_none() {
        return unclear("period", "has `fill_down`, which repeats the cells of a `column`, without one");
    }
    match period.fixed.as_deref().map(Period::parse) {
        Some(Err(error)) => unclear("period", format!("is fixed wrongly: {error}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::contract::Symbol;
    use super::*;

    const LEAST: &str = "source_id = \"s\"\nversion = 1\nsubject.column = \"code\"\nperiod.column = \"p\"\n\
        solution.fixed = \"digisos\"\nmeasure.fixed = \"uses\"\nvalue.column = \"n\"\n";

    #[test]
    fn the_least_contract_reads() {
        let contract = Contract::from_toml(LEAST).unwrap();
        assert!(!contract.synthetic);
        assert_eq!(contract.columns(), ["code", "p", "n"]);
        assert_eq!(contract.symbols["-"], Symbol::Zero);
    }

    #[test]
    fn an_unclear_contract_names_the_section() {
        for (more, word) in [
            ("sumbols = 1\n", "sumbols"),
            ("solution.column = \"x\"\n", "[solution]"),
            ("layout = \"wide\"\n", "[wide]"),
            ("header_row = 0\n", "header_row"),
            ("decimal = \";\"\n", "decimal"),
            ("period.fixed = \"2024\"\n", "[period]"),
            ("value.unit_column = \"u\"\n", "[value]"),
            ("value.unit = \"tusen\"\n", "no `unit_column`"),
            ("delimiter = \"ø\"\n", "delimiter"),
            ("header_rows = 0\n", "header_rows"),
            ("header_rows = 6\n", "header_rows"),
            ("header_rows = 2\nformat = \"json\"\n", "header_row"),
            ("rows = \"data\"\nformat = \"csv\"\n", "rows"),
            ("subject.kind = \"organisation_number\"\nsubject.division = \"2024-01-01\"\n", "division"),
            ("value.scale = { factor = 0, unit = \"NOK\" }\n", "factor 0"),
            ("value.scale = { factor = 10 }\n", "unit"),
            ("value.absent_parts = \"zero\"\n", "without `sum_over`"),
            ("value.sum_over = [\"p\"]\n", "the column of the period"),
            ("filter.sex = []\n", "[filter]"),
            ("provisional.marker = \"\"\n", "[marker]"),
            ("imputed.marker = \"e1\"\n", "[marker]"),
            ("provisional = { marker = \"*\", unmarked = \"x\" }\n", "without a `column`"),
            (
                "provisional = { column = \"n\", marker = \"p\", unmarked = [\"\", \"P\"] }\n",
                "as a mark and as `unmarked`",
            ),
            ("provisional.marker = \"*\"\nimputed.marker = [\"e\", \"*\"]\n", "two meanings"),
        ] {
            let error = Contract::from_toml(&format!("{LEAST}{more}")).unwrap_err().to_string();
            assert!(error.contains(word), "{error} lacks {word}");
        }
        let error = Contract::from_toml(&LEAST.replace("\"uses\"", "\"Antall brukere\"")).unwrap_err();
        assert!(error.to_string().contains("Antall brukere"));
    }
}
