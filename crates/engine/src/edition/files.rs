//! The files of a table as the query engine opens them: exactly those the edition names, wherever the lake lies.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::stats::Precision;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::options::ParquetReadOptions;
use datafusion::object_store::local::LocalFileSystem;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::prelude::{DataFrame, Expr, SessionContext, ident};
use utbredt_lake::{FileEntry, Lake, Table};

use crate::error::EngineError;

/// The lake's folder as a store of its own: the names below it are ours, of letters, digits and dashes. A path of the disk
/// would be read as a pattern: a folder named `Rapport [2026]` would match no file, and a table without files has no rows.
const STORE: &str = "lake://files/";

/// Makes the lake's folder known to the query engine, and says by what name.
pub(super) fn register(context: &SessionContext, lake: &Lake) -> Result<ObjectStoreUrl, EngineError> {
    let store =
        LocalFileSystem::new_with_prefix(lake.root()).map_err(datafusion::error::DataFusionError::from)?;
    let url = ObjectStoreUrl::parse(STORE)?;
    context.runtime_env().register_object_store(url.as_ref(), Arc::new(store));
    Ok(url)
}

/// Opens a table's files, which have been checked, as one relation.
pub(super) async fn open(
    context: &SessionContext,
    store: &ObjectStoreUrl,
    table: &Table,
    entries: &[FileEntry],
) -> Result<Arc<dyn TableProvider>, EngineError> {
    let paths: Vec<String> =
        entries.iter().map(|entry| format!("{}{}", store.as_str(), entry.path)).collect();
    // In one edition all files of a table have its names of today, or none has.
    let former = entries.iter().any(|entry| table.has_former_names(entry));
    let schema = if former { table.former_schema() } else { table.schema() };
    let options = ParquetReadOptions::default().schema(&schema);
    let mut frame = context.read_parquet(paths, options).await?;
    check_rows(&frame, table, entries).await?;
    if former {
        frame = frame.select(current_names(table))?;
    }
    Ok(frame.into_view())
}

/// What the query engine is about to read is what the edition states. A file it did not find, or took for another's, would
/// only make a sum smaller.
async fn check_rows(frame: &DataFrame, table: &Table, entries: &[FileEntry]) -> Result<(), EngineError> {
    let stated: u64 = entries.iter().map(|entry| entry.rows).sum();
    let plan = frame.clone().create_physical_plan().await?;
    // From the files' footers: no row is read.
    let opened = StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new())?.num_rows;
    match opened {
        Precision::Exact(rows) if u64::try_from(rows) == Ok(stated) => Ok(()),
        other => Err(EngineError::Rows { table: table.name, stated, opened: other.get_value().copied() }),
    }
}

/// The columns of files written before one was renamed, under their names of today.
fn current_names(table: &Table) -> Vec<Expr> {
    table.columns().map(|(name, _)| ident(table.former_name(name).unwrap_or(name)).alias(name)).collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Date32Array, Int32Array, RecordBatch};
    use chrono::DateTime;
    use utbredt_lake::EditionDraft;

    use super::*;

    /// A lake whose table `divisions` has two files, of three rows and of one.
    fn lake(root: &std::path::Path) -> (Lake, Vec<FileEntry>) {
        let lake = Lake::init(root).expect("a lake");
        let table = Table::named("divisions").expect("a table");
        for days in [vec![1, 2, 3], vec![4]] {
            let rows = days.len();
            let columns: Vec<ArrayRef> = vec![
                Arc::new(Date32Array::from(days)),
                Arc::new(Date32Array::from(vec![None::<i32>; rows])),
                Arc::new(Int32Array::from(vec![1; rows])),
            ];
            let batch = RecordBatch::try_new(table.schema(), columns).expect("rows");
            let draft = EditionDraft {
                recorded_at: DateTime::UNIX_EPOCH,
                reason: "test".to_owned(),
                replace: vec![],
                append: vec![(table, batch)],
                supersedes: vec![],
                receipts: vec![],
            };
            lake.writer().expect("the lock").commit(draft).expect("an edition");
        }
        let edition = lake.latest().expect("whole").expect("one");
        (lake, edition.tables["divisions"].clone())
    }

    async fn rows(lake: &Lake, entries: &[FileEntry]) -> Result<usize, EngineError> {
        let context = SessionContext::new();
        let store = register(&context, lake)?;
        let table = Table::named("divisions").expect("a table");
        let provider = open(&context, &store, table, entries).await?;
        Ok(context.read_table(provider)?.count().await?)
    }

    #[tokio::test]
    async fn the_files_named_are_opened_and_no_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let (lake, entries) = lake(folder.path());
        let stranger = folder.path().join("tables/divisions/copy.parquet");
        std::fs::copy(folder.path().join(&entries[0].path), stranger).expect("copied");
        assert_eq!(rows(&lake, &entries).await.expect("opened"), 4);
        assert_eq!(rows(&lake, &entries[1..]).await.expect("opened"), 1);
    }

    #[tokio::test]
    async fn rows_that_are_not_those_of_the_edition_are_refused_by_the_tables_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let (lake, mut entries) = lake(folder.path());
        entries[1].rows += 5;
        let error = rows(&lake, &entries).await.expect_err("refused");
        assert_eq!(error.code(), "lake_unreadable");
        let expected = "the table divisions has 9 rows in its edition, and 4 of them were opened";
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}
