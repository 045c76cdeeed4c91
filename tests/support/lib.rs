//! The kit of the outer suites: invented worlds, the oracle that answers KPIs from them by plain loops, and the
//! bridge that puts a world into a lake and asks the engine the same questions.

pub mod batches;
pub mod check;
pub mod compare;
pub mod days;
pub mod growing;
pub mod oracle;
pub mod real;
pub mod tiny;
pub mod world;
pub mod worlds;

pub use check::check_world;
pub use compare::differences;
pub use oracle::{Borders, By, Grain, OracleRequest, OracleRow, Policy, answer};
