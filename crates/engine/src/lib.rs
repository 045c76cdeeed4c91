//! An edition, a KPI and parameters become record batches.
