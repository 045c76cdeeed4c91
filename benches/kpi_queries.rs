//! KPI queries.
fn main() {}
