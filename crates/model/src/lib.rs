#![doc = include_str!("../README.md")]

pub mod code;
pub mod id;
pub mod key;
mod language;
pub mod measure;
mod nearest;
mod newtype;
pub mod observation;
pub mod oslo;
pub mod period;
pub mod reason;
pub mod reasoned;
pub mod register;
pub mod stage;
pub mod state;
pub mod territory;
pub mod upload;

pub use code::{CodeError, CountyCode, MunicipalityCode, OrganisationNumber};
pub use id::{IdError, MeasureId, NetworkId, ReceiptId, SolutionId, SourceId};
pub use key::{KeyList, KeyRecord, Scope};
pub use language::{Lang, Text};
pub use measure::{Measure, MeasureKind, Rollup, Sensitivity, Solution, Stamp};
pub use nearest::nearest;
pub use observation::{Observation, ObservedFact, Parsed, Rejection, Subject, SumPart};
pub use period::{Granularity, Period, PeriodError, over_days};
pub use reason::{Reason, ReasonCode};
pub use reasoned::ReasonedState;
pub use register::Register;
pub use stage::Stage;
pub use state::{AreaCounts, CellState, Marks};
pub use upload::{Upload, Verdict, is_reason};
