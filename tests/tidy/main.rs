//! Repository checks on text alone, without the query engine: imports, dependencies, purity, headers, sizes, density,
//! words, READMEs, and what `deny.toml` declares of the packages used. Run with `cargo test --workspace --test tidy`; add
//! `-- --nocapture` for the measures.

mod density;
mod deny;
mod files;
mod imports;
mod licences;
mod links;
mod queries;
mod readmes;
mod repository;
mod rust_text;
mod tree;
mod words;
