//! `utbredt diff`: what changed a KPI between two editions.

use utbredt_engine::{AsOf, DiffMeta, DiffRequest, Engine};
use utbredt_formats::meta;

use crate::arguments::DiffArguments;
use crate::assets::{self, Queries};
use crate::table::Output;
use crate::{human, kpi, runtime, table};

pub(crate) fn run(arguments: &DiffArguments, queries: Queries) -> anyhow::Result<()> {
    let question = &arguments.question;
    let output = Output::choose(question.format.as_deref(), question.output.as_deref())?;
    let engine = Engine::open(&question.lake, queries)?;
    let request = kpi::request(engine.catalogue(), &arguments.kpi, question, std::iter::empty())?;
    let (before, after) = (AsOf::parse(&arguments.before)?, AsOf::parse(&arguments.after)?);
    let mut comparison = DiffRequest::new(request, before, after);
    comparison.all = arguments.all;
    let files = arguments.queries_before.as_deref();
    comparison.files_before = files.map(|folder| assets::queries(Some(folder))).transpose()?;
    let answer = runtime()?.block_on(engine.diff(comparison))?;
    let meta = meta::of_diff(&answer.meta, question.lang);
    let columns = human::columns_of_diff(&answer.meta.unit, &answer.schema);
    output.write(question.lang, &answer.schema, &answer.batches, &meta, &columns)?;
    if output.is_table() {
        print_summary(&answer.meta);
    }
    Ok(())
}

/// What the rows do not tell themselves.
fn print_summary(meta: &DiffMeta) {
    if let Some(before) = meta.version_before.filter(|before| *before != meta.version_after) {
        table::message(&format!("version {before} of the definition became {}", meta.version_after));
    }
    if meta.rows == 0 {
        let (before, after) = (meta.before, meta.after);
        table::message(&format!("edition {before} to {after}: none of {} rows changed", meta.compared));
        return;
    }
    let causes = meta.causes.iter().filter(|(_, rows)| *rows > 0);
    let causes: Vec<String> = causes.map(|(cause, rows)| format!("{} {rows}", cause.as_str())).collect();
    let causes = if causes.is_empty() { String::new() } else { format!(": {}", causes.join(", ")) };
    table::message(&format!(
        "edition {} to {}, {} of {} rows{causes}",
        meta.before, meta.after, meta.rows, meta.compared
    ));
}
