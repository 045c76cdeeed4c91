//! What the binary carries: query files and datasets.

use rust_embed::RustEmbed;
use utbredt_kpi::Catalogue;

#[derive(RustEmbed)]
#[folder = "../../queries"]
#[include = "*.sql"]
struct Queries;

#[derive(RustEmbed)]
#[folder = "../../datasets"]
#[include = "*.csv"]
struct Datasets;

/// The query files, by path below `queries/`.
pub(crate) fn queries() -> Vec<(String, String)> {
    let read = |path: &str| Queries::get(path).map(|file| String::from_utf8_lossy(&file.data).into_owned());
    Queries::iter().filter_map(|path| read(&path).map(|text| (path.to_string(), text))).collect()
}

/// The datasets, by path below `datasets/`.
pub(crate) fn datasets() -> Vec<(String, Vec<u8>)> {
    let read = |path: &str| Datasets::get(path).map(|file| file.data.into_owned());
    Datasets::iter().filter_map(|path| read(&path).map(|bytes| (path.to_string(), bytes))).collect()
}

/// One of them.
pub(crate) fn dataset(path: &str) -> Option<Vec<u8>> {
    Datasets::get(path).map(|file| file.data.into_owned())
}

/// The catalogue of the embedded query files.
pub(crate) fn catalogue() -> anyhow::Result<Catalogue> {
    Catalogue::load(queries()).map_err(|problems| {
        anyhow::anyhow!(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}
