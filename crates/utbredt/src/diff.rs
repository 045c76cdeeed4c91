//! `utbredt diff`: what changed a KPI between two editions.

use utbredt_engine::{AsOf, DiffMeta, DiffRequest, Engine};
use utbredt_kpi::Lang;

use crate::arguments::DiffArguments;
use crate::assets::{self, Queries};
use crate::{kpi, runtime, table};

pub(crate) fn run(arguments: &DiffArguments, queries: Queries) -> anyhow::Result<()> {
    let asked = &arguments.question;
    let request = kpi::request(&arguments.kpi, asked)?;
    let (before, after) = (AsOf::parse(&arguments.before)?, AsOf::parse(&arguments.after)?);
    let mut wanted = DiffRequest::new(request.clone(), before, after);
    wanted.all = arguments.all;
    let files = arguments.queries_before.as_deref();
    wanted.files_before = files.map(|folder| assets::queries(Some(folder))).transpose()?;
    let engine = Engine::open(&asked.lake, queries)?;
    let answer = runtime()?.block_on(engine.diff(wanted))?;
    let meta = utbredt_api::diff_meta(&request, &answer.meta, Lang::En);
    let (mut schema, mut batches) = (answer.schema, answer.batches);
    if asked.format == "table" {
        // A terminal is narrow: what the value is made of, and its parts, are in the other formats.
        let below = |name: &str| name.starts_with("numerator_") || name.starts_with("denominator_");
        let fields = schema.fields().iter().enumerate();
        let shown: Vec<usize> = fields.filter(|(_, field)| !below(field.name())).map(|(at, _)| at).collect();
        schema = schema.project(&shown)?.into();
        for batch in &mut batches {
            *batch = batch.project(&shown)?;
        }
    }
    table::print(&schema, &batches, &meta, &asked.format, asked.output.as_deref())?;
    if asked.format == "table" {
        told(&answer.meta);
    }
    Ok(())
}

/// What the rows do not say of themselves.
fn told(meta: &DiffMeta) {
    if let Some(before) = meta.version_before.filter(|before| *before != meta.version_after) {
        table::message(&format!("version {before} of the definition became {}", meta.version_after));
    }
    let causes = meta.causes.iter().filter(|(_, rows)| *rows > 0);
    let causes: Vec<String> = causes.map(|(cause, rows)| format!("{} {rows}", cause.as_str())).collect();
    let causes = if causes.is_empty() { String::new() } else { format!(": {}", causes.join(", ")) };
    table::message(&format!(
        "edition {} to {}, {} of {} rows{causes}",
        meta.before, meta.after, meta.rows, meta.compared
    ));
}
