//! The `utbredt` command.
fn main() {}
