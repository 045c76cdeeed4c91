//! Repository checks on text alone, without the query engine: imports, dependencies, purity, headers, sizes, density,
//! words and READMEs. Run with `cargo test --workspace --test tidy`; add `-- --nocapture` for the measures.

mod density;
mod files;
mod imports;
mod licences;
mod queries;
mod readmes;
mod repository;
mod rust_text;
mod tree;
mod words;
