//! What stands in the place of numbers, and behind them.

use super::names;
use super::sketch::{Column, Dash, Sketch, is_count};

/// Notes the signs in the columns of counts.
pub(super) fn take(sketch: &mut Sketch, counted: &[Column<'_>]) {
    for cell in counted.iter().flat_map(Column::filled) {
        // SSB marks preliminary numbers with an asterisk behind them.
        sketch.provisional |= cell.len() > 1 && cell.ends_with('*');
        if let Some(symbol) = names::symbol(cell).filter(|_| !is_count(cell, sketch.decimal)) {
            sketch.symbols.insert(cell.to_owned(), symbol);
        }
    }
    // Whoever writes 0 means something else by a dash.
    if counted.iter().flat_map(Column::filled).any(|cell| cell == "-") {
        let noughts = counted.iter().flat_map(Column::filled).any(|cell| cell == "0");
        sketch.dash = Some(if noughts { Dash::BesideNought } else { Dash::Nought });
    }
}
