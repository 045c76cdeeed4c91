#![doc = include_str!("../README.md")]

mod answer;
mod catalogue;
mod columns;
mod cors;
mod deliveries;
mod diff;
mod editions;
mod etag;
mod html;
mod lookup;
mod meta;
mod metrics;
mod moment;
mod nearest_route;
mod negotiate;
mod openapi;
mod ops;
mod parameters;
mod problem;
mod problem_codes;
mod query;
mod request_log;
mod router;
mod routes;
mod schemas;
mod server;
mod state;
mod status;
mod uploads;
mod values;

pub use cors::{Origin, ParseOriginError};
pub use problem_codes::is_problem_code;
pub use router::router;
pub use server::{bind, serve};
pub use state::ApiState;
pub use uploads::{DeliveryInbox, InboxError, Upload, UploadKey, UploadOutcome, Verdict};
