//! The mapper of a file that comes piece by piece: cells are given away with their rows, and not compared here.

use utbredt_model::Observation;

use super::{MAX_REJECTED, Mapper};
use crate::delimited::contract::Contract;

impl<'c> Mapper<'c> {
    /// A mapper whose observations are taken away piece by piece.
    pub(in crate::delimited) fn of_pieces(contract: &'c Contract) -> Self {
        let mut mapper = Self { rests: Some(Vec::new()), ..Self::new(contract) };
        mapper.mapped.forget_cells();
        mapper
    }

    /// The observations since the last time, and what their rows have in the columns left out.
    pub(in crate::delimited) fn drain(&mut self) -> (Vec<Observation>, Vec<u64>) {
        let rests = self.rests.as_mut().map(std::mem::take).unwrap_or_default();
        (std::mem::take(&mut self.parsed.observations), rests)
    }

    /// Holds the delivery.
    pub(in crate::delimited) fn hold(&mut self, breach: String) {
        self.parsed.breaches.push(breach);
    }

    /// The columns that the contract leaves out.
    pub(in crate::delimited) fn left_out(&self) -> String {
        self.places.as_ref().map(|places| places.left_out()).unwrap_or_default()
    }

    /// How many rejections there may be: rows that the filter leaves out are none of them, as far as they fit the memory.
    pub(super) fn most_rejected(&self) -> usize {
        // Each is kept with its text until the end.
        let left_out = self.filter.left_out();
        MAX_REJECTED + if self.rests.is_some() { left_out.min(MAX_REJECTED) } else { left_out }
    }
}
