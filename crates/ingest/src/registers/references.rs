//! Whether what a row refers to exists.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use chrono::NaiveDate;
use utbredt_lake::{Edition, Lake};
use utbredt_model::register::{ColumnKind, REGISTERS, Refusal, Register};
use utbredt_model::{Reason, ReasonCode, nearest};
use utbredt_sources::register::Entry;

use super::decide::Rows;
use super::places::Places;
use super::{KnownKpis, Row, refusal, rows};
use crate::IngestError;

/// What is wrong, and how to mend it.
type Fault = (Reason, String);

/// What rows may refer to.
pub(super) struct References<'r> {
    lake: &'r Lake,
    edition: Option<&'r Edition>,
    places: &'r Places,
    kpis: &'r KnownKpis,
    /// Registers that were read.
    read: RefCell<BTreeMap<&'static str, Rc<Rows>>>,
}

impl<'r> References<'r> {
    pub(super) fn new(
        (lake, edition): (&'r Lake, Option<&'r Edition>),
        places: &'r Places,
        kpis: &'r KnownKpis,
    ) -> Self {
        Self { lake, edition, places, kpis, read: RefCell::default() }
    }

    fn rows(&self, register: &'static Register) -> Result<Rc<Rows>, IngestError> {
        if let Some(rows) = self.read.borrow().get(register.table) {
            return Ok(Rc::clone(rows));
        }
        // Read once: every row of a file refers to the same few registers.
        let rows = Rc::new(rows::read(self.lake, self.edition, register)?);
        self.read.borrow_mut().insert(register.table, Rc::clone(&rows));
        Ok(rows)
    }

    /// The values of a column of a register; of the register that is changed, those that the file adds too.
    fn values(
        &self,
        (table, column): (&str, &str),
        changed: (&'static Register, &Rows),
    ) -> Result<BTreeSet<String>, IngestError> {
        let Some(register) = Register::named(table) else { return Ok(BTreeSet::new()) };
        let Some(at) = register.column(column) else { return Ok(BTreeSet::new()) };
        Ok(if changed.0.table == table {
            at_place(changed.1, at)
        } else {
            at_place(&*self.rows(register)?, at)
        })
    }

    /// Refuses a row that refers to what is not there. `after` are the rows as they are to be.
    pub(super) fn check(
        &self,
        entry: &Entry,
        row: &Row,
        changed: (&'static Register, &Rows),
    ) -> Result<Result<(), Refusal>, IngestError> {
        for (at, column) in changed.0.columns.iter().enumerate() {
            let Some(value) = row[at].as_deref() else { continue };
            if let Err(fault) = self.value(value, column.kind, row, changed)? {
                return Ok(Err(refusal(entry, Some(column.name), fault)));
            }
        }
        Ok(Ok(()))
    }

    fn value(
        &self,
        value: &str,
        kind: ColumnKind,
        row: &Row,
        changed: (&'static Register, &Rows),
    ) -> Result<Result<(), Fault>, IngestError> {
        Ok(match kind {
            ColumnKind::Reference(table, column) => {
                known(value, &self.values((table, column), changed)?, &format!("`{table}`"))
            }
            ColumnKind::References(table, column) => {
                let all = self.values((table, column), changed)?;
                value.split(' ').try_for_each(|one| known(one, &all, &format!("`{table}`")))
            }
            ColumnKind::Measure => {
                self.measure(field(changed.0, row, "solution_id").unwrap_or_default(), value, changed)?
            }
            ColumnKind::Municipality => self.municipality(value, field(changed.0, row, "division_date")),
            ColumnKind::Division => self.division(value),
            ColumnKind::Counties => {
                value.split(' ').try_for_each(|one| known(one, &self.places.counties, "the counties"))
            }
            ColumnKind::Kpi => known(value, &self.kpis.keys().cloned().collect(), "the KPIs"),
            ColumnKind::KpiValue => {
                self.kpi_value(value, field(changed.0, row, "metric").unwrap_or_default())
            }
            ColumnKind::Scope => self.scope(value, changed)?,
            _ => Ok(()),
        })
    }

    fn measure(
        &self,
        solution: &str,
        value: &str,
        changed: (&'static Register, &Rows),
    ) -> Result<Result<(), Fault>, IngestError> {
        let Some(measures) = Register::named("measures") else { return Ok(Ok(())) };
        let (Some(of), Some(at)) = (measures.column("solution_id"), measures.column("measure_id")) else {
            return Ok(Ok(()));
        };
        let rows =
            if changed.0.table == measures.table { Rc::new(changed.1.clone()) } else { self.rows(measures)? };
        let own = rows.values().filter(|row| row[of].as_deref() == Some(solution));
        let own = own.filter_map(|row| row[at].clone()).collect();
        Ok(known(value, &own, &format!("the measures of `{solution}`")))
    }

    /// A code of the row's division, or of any where the row names none.
    fn municipality(&self, code: &str, division: Option<&str>) -> Result<(), Fault> {
        let day = division.and_then(|day| day.parse::<NaiveDate>().ok());
        let Some(codes) = day.and_then(|day| self.places.divisions.get(&day)) else {
            let all: BTreeSet<String> = self.places.codes().map(str::to_owned).collect();
            return known(code, &all, "the municipalities of any time");
        };
        if codes.contains(code) {
            return Ok(());
        }
        let text =
            format!("there is no municipality `{code}` in the division of {}", division.unwrap_or_default());
        let fix = match self.places.newest_with(code) {
            Some(other) => format!("write {other} as `division_date`, the newest division that has it"),
            None => nearest(code, codes.iter().map(String::as_str)).map_or_else(
                || "look the code up; it never existed".to_owned(),
                |near| format!("did you mean `{near}`?"),
            ),
        };
        Err((Reason::new(ReasonCode::NotRegistered, text), fix))
    }

    fn division(&self, value: &str) -> Result<(), Fault> {
        let day = value.parse::<NaiveDate>().unwrap_or_default();
        if self.places.divisions.contains_key(&day) {
            return Ok(());
        }
        let days: Vec<String> = self.places.divisions.keys().map(ToString::to_string).collect();
        let text = format!("no division begins on {value}");
        Err((
            Reason::new(ReasonCode::NotRegistered, text),
            format!("write one of {}, or leave it empty", days.join(", ")),
        ))
    }

    fn kpi_value(&self, value: &str, kpi: &str) -> Result<(), Fault> {
        // A KPI that nobody knows is refused in its own column.
        let is_share = self.kpis.get(kpi).copied().unwrap_or_default();
        if !is_share || value.parse::<f64>().is_ok_and(|value| value <= 1.0) {
            return Ok(());
        }
        let text = format!("{value} is more than the whole: `{kpi}` is a share, 0 to 1");
        Err((Reason::new(ReasonCode::OutOfRange, text), "write 80 % as 0.8 or as 80 %".to_owned()))
    }

    fn scope(
        &self,
        value: &str,
        changed: (&'static Register, &Rows),
    ) -> Result<Result<(), Fault>, IngestError> {
        Ok(match value.split_once(':') {
            Some(("network", network)) => {
                known(network, &self.values(("networks", "network_id"), changed)?, "`networks`")
            }
            Some(("municipality", code)) => self.municipality(code, None),
            _ => Ok(()),
        })
    }

    /// Refuses to remove what rows of other registers refer to.
    pub(super) fn check_removed(
        &self,
        entry: &Entry,
        row: &Row,
        register: &'static Register,
    ) -> Result<Result<(), Refusal>, IngestError> {
        for other in REGISTERS {
            for (at, column) in other.columns.iter().enumerate() {
                let ColumnKind::Reference(table, name) = column.kind else { continue };
                if table != register.table {
                    continue;
                }
                let value = register.column(name).and_then(|own| row[own].as_deref());
                // A name that is in use must not lead nowhere.
                let users = self.rows(other)?.values().filter(|row| row[at].as_deref() == value).count();
                if value.is_some() && users > 0 {
                    let text =
                        format!("{users} rows of `{}` refer to `{}`", other.table, value.unwrap_or_default());
                    let fix = format!("change those rows of `{}` first", other.table);
                    return Ok(Err(refusal(entry, Some(name), (Reason::new(ReasonCode::InUse, text), fix))));
                }
            }
        }
        Ok(Ok(()))
    }
}

fn field<'r>(register: &Register, row: &'r Row, name: &str) -> Option<&'r str> {
    register.column(name).and_then(|at| row[at].as_deref())
}

/// The values of a column.
fn at_place(rows: &Rows, at: usize) -> BTreeSet<String> {
    rows.values().filter_map(|row| row[at].clone()).collect()
}

fn known(name: &str, all: &BTreeSet<String>, of: &str) -> Result<(), Fault> {
    if all.contains(name) {
        return Ok(());
    }
    let text = format!("`{name}` is not among {of}");
    let fix = match nearest(name, all.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if all.is_empty() => "add what it refers to first".to_owned(),
        None => format!("add it first, or write one of {}", some_of(all)),
    };
    Err((Reason::new(ReasonCode::NotRegistered, text), fix))
}

/// The first few of some names.
fn some_of(all: &BTreeSet<String>) -> String {
    const SHOWN: usize = 12;
    let mut shown: Vec<&str> = all.iter().take(SHOWN).map(String::as_str).collect();
    if all.len() > SHOWN {
        shown.push("…");
    }
    shown.join(", ")
}
