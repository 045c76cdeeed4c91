#![doc = include_str!("../README.md")]
//! The HTTP door: routes, formats, conditional answers, errors as problem documents.

mod answer;
mod catalogue;
mod deliveries;
mod diff;
mod editions;
mod encode;
mod etag;
mod lookup;
mod metrics;
mod negotiate;
mod openapi;
mod ops;
mod problem;
mod query;
mod router;
mod rows;
mod state;
mod status;
mod values;

pub use deliveries::{Intake, IntakeError, Taken, Upload, UploadKey, Verdict};
pub use diff::meta as diff_meta;
pub use encode::encode_as;
pub use router::{router, serve};

pub use state::ApiState;
pub use values::meta as answer_meta;
