//! Another table below the one that a contract describes, known by its line of column names.

use utbredt_model::{Reason, ReasonCode};

use super::grid::Line;
use super::places::Places;

/// The row at which another table begins, if one does.
#[derive(Debug, Default)]
pub(super) struct AnotherTable(Option<u64>);

impl AnotherTable {
    /// Refuses the rows from another table's column names on; the first holds the delivery.
    pub(super) fn take(
        &mut self,
        places: &Places,
        line: &Line<'_>,
        breaches: &mut Vec<String>,
    ) -> Result<(), Reason> {
        if self.0.is_none() && places.begins_another_table(line.cells) {
            self.0 = Some(line.row);
            breaches.push(format!(
                "another table begins at row {}: it has the heading of the municipalities again, beside other headings than \
                 the first; deliver each table in a file of its own",
                line.row
            ));
        }
        let below = self.0.map(|row| format!("another table begins at row {row}, and is not read"));
        below.map_or(Ok(()), |text| Err(Reason::new(ReasonCode::Unsupported, text)))
    }
}
