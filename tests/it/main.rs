//! The integration suite, one binary: each module is an area.

mod algebra;
mod benefit;
mod borders;
mod catalogue;
mod diff;
mod due;
mod forecast;
mod former_names;
mod frozen;
mod http;
mod http_contract;
mod keys;
mod laws;
mod misread;
mod numbers;
mod oracle;
mod partial;
mod places;
mod properties;
mod replies;
mod rollout;
mod span_of_years;
mod sql;
mod status;
mod upload;
mod years;

/// As the binary has it: plans are made of many small pieces.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
