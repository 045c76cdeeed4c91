//! The first row of a register's file: columns by their names, or by their titles in any language.

use utbredt_model::register::Register;
use utbredt_model::{Lang, Reason, ReasonCode, Text, nearest};

/// The column with the edition that a row was exported from.
pub(super) const EDITION: &str = "edition";
const EDITION_TITLE: Text = Text::new("Utgave", "Utgåve", "Edition");
/// The column that asks for a row to be removed.
pub(super) const REMOVE: &str = "remove";
const REMOVE_TITLE: Text = Text::new("Fjern", "Fjern", "Remove");

/// Where the columns are.
pub(super) struct Header {
    /// By column of the register.
    pub(super) places: Vec<Option<usize>>,
    pub(super) edition: Option<usize>,
    pub(super) remove: Option<usize>,
}

/// Whether a text is a name, or its title in some language, in whatever case.
pub(super) fn is_name(text: &str, name: &str, title: Text) -> bool {
    let text = text.trim().to_lowercase();
    text == name || Lang::ALL.iter().any(|language| text == title.get(*language).to_lowercase())
}

impl Header {
    pub(super) fn of(cells: &[&str], register: &Register) -> Result<Self, Reason> {
        let place = |name: &str, title: Text| cells.iter().position(|cell| is_name(cell, name, title));
        let places: Vec<_> = register.columns.iter().map(|column| place(column.name, column.title)).collect();
        let header =
            Self { places, edition: place(EDITION, EDITION_TITLE), remove: place(REMOVE, REMOVE_TITLE) };
        header.check(cells, register)?;
        Ok(header)
    }

    /// Refuses a column that means nothing, one that is there twice, and a file without a column of the key.
    fn check(&self, cells: &[&str], register: &Register) -> Result<(), Reason> {
        let known = self.places.iter().chain([&self.edition, &self.remove]).flatten();
        let known: Vec<usize> = known.copied().collect();
        let names: Vec<&str> =
            register.columns.iter().map(|column| column.name).chain([EDITION, REMOVE]).collect();
        let is_unknown = |(place, cell): &(usize, &&str)| !cell.is_empty() && !known.contains(place);
        if let Some((_, cell)) = cells.iter().enumerate().find(is_unknown) {
            let same = register.columns.iter().any(|column| is_name(cell, column.name, column.title));
            let text = match nearest(cell, names.iter().copied()) {
                _ if same => format!("column `{cell}` is there twice"),
                Some(near) => {
                    format!("column `{cell}` is not one of `{}`; did you mean `{near}`?", register.table)
                }
                None => {
                    format!("column `{cell}` is not one of `{}`: it has {}", register.table, names.join(", "))
                }
            };
            return Err(Reason::new(ReasonCode::InvalidField, text));
        }
        for name in register.key {
            // Without its key nobody knows which row is meant.
            let is_there = register.column(name).is_some_and(|at| self.places[at].is_some());
            if !is_there {
                let text = format!(
                    "column `{name}` is missing, which says what a row of `{}` is about",
                    register.table
                );
                return Err(Reason::new(ReasonCode::MissingField, text));
            }
        }
        Ok(())
    }

    /// Whether a column of the file is one that is read.
    pub(super) fn names(&self, at: usize) -> bool {
        self.places.iter().chain([&self.edition, &self.remove]).any(|place| *place == Some(at))
    }

    /// By column of the register: whether the file has it.
    pub(super) fn has(&self, register: &Register) -> Vec<bool> {
        (0..register.columns.len()).map(|at| self.places[at].is_some()).collect()
    }
}
