//! Codes of cells that are joined over several rows: only the first row has it.

use csv::StringRecord;
use utbredt_model::{Reason, ReasonCode};

use super::contract::same_name;
use super::places::Places;
use super::totals::is_total;

/// The last row that has a code of its own.
#[derive(Debug, Default)]
pub(super) struct Above {
    code: String,
    cells: StringRecord,
}

impl Above {
    /// The code of a row, its own or the one above.
    pub(super) fn take<'r>(
        &'r mut self,
        places: &Places,
        cells: &StringRecord,
        code: &'r str,
    ) -> Result<&'r str, Reason> {
        if !code.is_empty() {
            code.clone_into(&mut self.code);
            self.cells.clone_from(cells);
            return Ok(code);
        }
        let mut others = places.left_out_cells(cells);
        // A word that the row of the code has too is one of all rows, as `Alle` of an age.
        let total =
            others.find(|(at, cell)| is_total(cell) && !same_name(cell, self.cells.get(*at).unwrap_or("")));
        let Some((_, total)) = total else { return Ok(&self.code) };
        // What follows may be more of the total.
        self.end();
        let text = format!(
            "the row has no code of its own and is called `{total}`, so it is none of the municipality above: declare it in \
             [totals]"
        );
        Err(Reason::new(ReasonCode::MissingField, text))
    }

    /// Nothing reaches over a blank row.
    pub(super) fn end(&mut self) {
        self.code.clear();
    }
}
