//! What the binary carries: query files and datasets.

use std::path::Path;

use anyhow::Context;
use rust_embed::RustEmbed;
use utbredt_kpi::Catalogue;

#[derive(RustEmbed)]
#[folder = "../../queries"]
#[include = "*.sql"]
#[include = "*.toml"]
struct Carried;

#[derive(RustEmbed)]
#[folder = "../../datasets"]
#[include = "*.csv"]
struct Datasets;

/// Query files, by path below their folder.
pub(crate) type Queries = Vec<(String, String)>;

/// The query files of a folder, or those of the program.
pub(crate) fn queries(folder: Option<&Path>) -> anyhow::Result<Queries> {
    folder.map_or_else(|| Ok(carried()), below)
}

/// The query files of the program.
fn carried() -> Queries {
    let mut files = Vec::new();
    for path in Carried::iter() {
        if let Some(file) = Carried::get(&path) {
            files.push((path.to_string(), String::from_utf8_lossy(&file.data).into_owned()));
        }
    }
    files
}

fn below(root: &Path) -> anyhow::Result<Queries> {
    let mut files = Vec::new();
    let mut folders = vec![root.join("kpi"), root.join("views")];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "sql") {
                let text = std::fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                // Names are compared with those of the program, which have slashes.
                files.push((path.strip_prefix(root)?.to_string_lossy().replace('\\', "/"), text));
            }
        }
    }
    for name in ["reasons.toml", "changes.toml"] {
        let shared = root.join(name);
        if shared.exists() {
            let text = std::fs::read_to_string(&shared)
                .with_context(|| format!("cannot read {}", shared.display()))?;
            files.push((name.to_owned(), text));
        }
    }
    // A folder's order differs from disk to disk, and so would the catalogue's id.
    files.sort();
    Ok(files)
}

/// The datasets, by path below `datasets/`.
pub(crate) fn datasets() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for path in Datasets::iter() {
        if let Some(file) = Datasets::get(&path) {
            files.push((path.to_string(), file.data.into_owned()));
        }
    }
    files
}

/// The catalogue they make.
pub(crate) fn catalogue(queries: Queries) -> anyhow::Result<Catalogue> {
    Catalogue::load(queries).map_err(|problems| {
        anyhow::anyhow!(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}
