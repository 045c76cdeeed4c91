//! Codes of cells that are joined over several rows: only the first row has it. A total's own rows may be joined too, so
//! what a row is called is carried down like a code. Periods are carried down over codes and totals alike.

use csv::StringRecord;
use utbredt_model::{Reason, ReasonCode};

use super::contract::{Contract, same_name};
use super::places::Places;
use super::totals::is_total;

/// The declared total that a row is called by, if it is one.
pub(super) fn declared_total<'c>(
    contract: &'c Contract,
    places: &Places,
    cells: &StringRecord,
) -> Option<&'c str> {
    let name = places.cell(cells, total_column(contract));
    contract.totals.names.iter().find(|total| same_name(total, name)).map(String::as_str)
}

/// Why a row that is called a declared total is left out.
pub(super) fn left_out(total: &str) -> Reason {
    let text = format!("total row `{total}`, left out as the contract declares");
    Reason::new(ReasonCode::Excluded, text)
}

fn total_column(contract: &Contract) -> &str {
    contract.totals.column.as_ref().unwrap_or(&contract.subject.column)
}

/// A declared total whose rows may go on below it.
#[derive(Debug)]
struct Total {
    name: String,
    /// Its row has a code of its own, whose parts may follow.
    has_code: bool,
}

/// The last row that has a code of its own, and the total that follows it.
#[derive(Debug, Default)]
pub(super) struct Above {
    code: String,
    cells: StringRecord,
    total: Option<Total>,
    /// The last cell of the period that is not blank.
    period: String,
}

impl Above {
    /// Notes the period of a row, whatever becomes of the row.
    pub(super) fn note_period(&mut self, contract: &Contract, places: &Places, cells: &StringRecord) {
        let column = contract.period.as_ref().and_then(|period| period.column.as_ref());
        let own = column.map(|column| places.cell(cells, column)).filter(|own| !own.is_empty());
        if let Some(own) = own {
            own.clone_into(&mut self.period);
        }
    }

    /// The period of the row, or the one above it.
    pub(super) fn period(&self) -> &str {
        &self.period
    }

    /// The column of the period and what a blank cell of it repeats, where the contract says so.
    pub(super) fn joined_period(&self, contract: &Contract, places: &Places) -> Option<(usize, &str)> {
        let period = contract.period.as_ref().filter(|period| period.fill_down)?;
        Some((places.at(period.column.as_ref()?)?, &self.period))
    }

    /// The code of a row, its own or the one above; `Err` for a total and for a row of which it is not known.
    pub(super) fn take<'r>(
        &'r mut self,
        contract: &Contract,
        places: &Places,
        cells: &'r StringRecord,
    ) -> Result<&'r str, Reason> {
        let code = places.cell(cells, &contract.subject.column);
        let total = declared_total(contract, places, cells);
        if !code.is_empty() {
            code.clone_into(&mut self.code);
            self.cells.clone_from(cells);
        }
        if let Some(name) = total {
            self.total = Some(Total { name: name.to_owned(), has_code: !code.is_empty() });
            return Err(left_out(name));
        }
        if !code.is_empty() {
            self.total = None;
            return Ok(code);
        }
        self.behind_total(contract, places, cells)?;
        self.not_called_total(contract, places, cells)?;
        Ok(&self.code)
    }

    /// Refuses a row without a code below a total, unless its words say that it is the municipality's.
    fn behind_total(
        &mut self,
        contract: &Contract,
        places: &Places,
        cells: &StringRecord,
    ) -> Result<(), Reason> {
        let Some(total) = &self.total else { return Ok(()) };
        let column = total_column(contract);
        let (word, first) = (places.cell(cells, column), places.cell(&self.cells, column));
        // A column that the municipality's rows have a word in is joined below a total as the code is.
        let joined = same_name(column, &contract.subject.column) || !first.is_empty();
        if word.is_empty() && joined {
            let text = format!("more of total row `{}` above, left out as the contract declares", total.name);
            return Err(Reason::new(ReasonCode::Excluded, text));
        }
        // `Menn`, `Kvinner`, `Sum` of one month and then of the next: the first word begins the municipality's anew.
        if !word.is_empty() && (total.has_code || same_name(word, first)) {
            self.total = None;
            return Ok(());
        }
        let text = format!(
            "the row has no code of its own and follows total row `{}`, so it is not known whose it is: write the code \
             in it",
            total.name
        );
        Err(Reason::new(ReasonCode::MissingField, text))
    }

    /// Refuses a row without a code that is called a total no contract declares.
    fn not_called_total(
        &mut self,
        contract: &Contract,
        places: &Places,
        cells: &StringRecord,
    ) -> Result<(), Reason> {
        let mut others = places.left_out_cells(cells).chain(places.with_place(cells, total_column(contract)));
        // A word that the row of the code has too is one of all rows, as `Alle` of an age.
        let total =
            others.find(|(at, cell)| is_total(cell) && !same_name(cell, self.cells.get(*at).unwrap_or("")));
        let Some((_, total)) = total else { return Ok(()) };
        // What follows may be more of the total.
        self.code.clear();
        self.total = None;
        let text = format!(
            "the row has no code of its own and is called `{total}`, so it is none of the municipality above: declare it in \
             [totals]"
        );
        Err(Reason::new(ReasonCode::MissingField, text))
    }

    /// Nothing reaches over a blank row, or over one that cannot be read.
    pub(super) fn end(&mut self) {
        self.code.clear();
        self.period.clear();
        self.total = None;
    }
}
