//! Registers as files to edit, and the names that their cells may hold.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use utbredt_formats::Lang;
use utbredt_formats::register::{RegisterSheet, csv, workbook};
use utbredt_ingest::registers::{self, KnownKpis};
use utbredt_kpi::Unit;
use utbredt_lake::{Edition, Lake};
use utbredt_model::register::{ColumnKind, Register};

use crate::assets::{self, Queries};
use crate::ingest::usage;
use crate::table;

/// The KPIs that targets may be set for.
pub(crate) fn kpis(queries: Queries) -> anyhow::Result<KnownKpis> {
    let catalogue = assets::catalogue(queries)?;
    Ok(catalogue.kpis().map(|kpi| (kpi.id.to_string(), kpi.unit == Unit::Share)).collect())
}

/// Writes a register as a file to edit.
pub(crate) fn export(
    register: &'static Register,
    path: &Path,
    lang: Lang,
    (root, queries): (&Path, Queries),
) -> anyhow::Result<()> {
    // The name is all that says which of the two is wanted.
    let ending = path.extension().and_then(std::ffi::OsStr::to_str).unwrap_or_default().to_lowercase();
    if !["xlsx", "csv"].contains(&ending.as_str()) {
        let what = format!("{} is neither a workbook nor CSV by its name", path.display());
        return Err(usage(what, "end the file's name in .xlsx or .csv"));
    }
    let lake = Lake::open(root)?;
    let latest = lake.latest()?;
    let rows = registers::show(&lake, latest.as_ref(), register)?;
    let names = names(register, (&lake, latest.as_ref()), &queries)?;
    let edition = latest.map_or(0, |latest| latest.number);
    let sheet = RegisterSheet { register, rows: &rows, edition, names };
    let bytes = if ending == "csv" { csv(&sheet)? } else { workbook(&sheet, lang)? };
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    table::message(&format!(
        "{}: {} rows of edition {edition}; change them, then `utbredt register check {} --table {}`",
        path.display(),
        rows.len(),
        path.display(),
        register.table
    ));
    Ok(())
}

/// By column: the names it may hold, as the lake has them.
pub(crate) fn names(
    register: &Register,
    (lake, edition): (&Lake, Option<&Edition>),
    queries: &Queries,
) -> anyhow::Result<BTreeMap<&'static str, Vec<String>>> {
    let mut names = BTreeMap::new();
    for column in register.columns {
        let (table, name) = match column.kind {
            ColumnKind::Reference(table, name) => (table, name),
            ColumnKind::Measure => ("measures", "measure_id"),
            ColumnKind::Kpi => {
                names.insert(column.name, kpis(queries.clone())?.into_keys().collect());
                continue;
            }
            _ => continue,
        };
        let Some(other) = Register::named(table) else { continue };
        let Some(at) = other.column(name) else { continue };
        let mut all: Vec<String> =
            registers::show(lake, edition, other)?.into_iter().filter_map(|row| row[at].clone()).collect();
        all.sort();
        all.dedup();
        names.insert(column.name, all);
    }
    Ok(names)
}
