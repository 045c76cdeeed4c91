//! The demo: embedded datasets become a lake, and the lake answers a question.

use std::path::Path;

use anyhow::Context;
use utbredt_engine::{Borders, By, Engine, Answer, KpiRequest};
use utbredt_ingest as ingest;
use utbredt_kpi::RollupKind;
use utbredt_model::Granularity;

use crate::assets::Queries;
use crate::{assets, clock, table};

/// Builds the lake and prints what it says.
pub(crate) fn run(runtime: &tokio::runtime::Runtime, dir: &Path, queries: Queries) -> anyhow::Result<()> {
    let report = ingest::demo_lake(dir, &assets::datasets(), clock::now())?;
    for (source, seen) in &report.sources {
        let invented = if seen.synthetic { " (invented)" } else { "" };
        table::line(&format!(
            "{source}{invented}: {}, {} here before, {} held; {} rows in, {} accepted, {} refused",
            table::counted(seen.deliveries, "delivery", "deliveries"),
            seen.unchanged,
            seen.held,
            seen.rows_in,
            seen.accepted,
            seen.refused
        ));
        seen.reasons.iter().for_each(|(reason, count)| table::line(&format!("  refused {count}: {reason}")));
    }
    report.held.iter().for_each(|reason| table::line(&format!("  held: {reason}")));
    table::line(&format!("edition {} stands", report.edition));
    let engine = Engine::open(dir, queries)?;
    every_kpi(runtime, &engine)?;
    digisos(runtime, &engine)?;
    follow_up(runtime, &engine)
}

/// Every KPI once for the nation, with the time it took.
fn every_kpi(runtime: &tokio::runtime::Runtime, engine: &Engine) -> anyhow::Result<()> {
    table::line("\nEvery KPI for SvarUt in the last month, with the time it took (usage is invented):");
    for kpi in engine.catalogue().kpis() {
        let mut asked = last_month(&kpi.id);
        if kpi.params.iter().any(|param| param.name == "solution_id") {
            asked.params.insert("solution_id".into(), "svarut".into());
        }
        // A question about one wave needs a wave, and the demo has none.
        let given = |name: &str| name == "solution_id" || name == "measure_id";
        if kpi.params.iter().any(|param| param.default.is_none() && !given(&param.name)) {
            continue;
        }
        if kpi.rollup.kind == RollupKind::None {
            asked.by = By::Municipality;
        }
        let started = std::time::Instant::now();
        let answer = runtime.block_on(engine.run(asked))?;
        let took = started.elapsed().as_millis();
        let told =
            if answer.meta.rows == 1 { only_value(&answer) } else { format!("{} rows", answer.meta.rows) };
        table::line(&format!("  {:<32} {told:>24} {:<16} {took:>5} ms", kpi.id, kpi.unit.as_str()));
    }
    Ok(())
}

fn last_month(kpi: &str) -> KpiRequest {
    let mut asked = KpiRequest::new(kpi);
    asked.from = chrono::NaiveDate::from_ymd_opt(2026, 10, 1);
    asked.to = chrono::NaiveDate::from_ymd_opt(2026, 11, 1);
    asked
}

/// Value, state and marks of an answer's one row.
fn only_value(answer: &Answer) -> String {
    let shown = |name: &str| {
        let batch = answer.batches.iter().find(|b| b.num_rows() > 0)?;
        arrow::util::display::array_value_to_string(batch.column_by_name(name)?, 0).ok()
    };
    let (value, state) = (shown("value").unwrap_or_default(), shown("state").unwrap_or_default());
    if state == "ok" { value } else { state }
}

/// The real rollout, quarter by quarter, on the division of 2020.
fn digisos(runtime: &tokio::runtime::Runtime, engine: &Engine) -> anyhow::Result<()> {
    let mut asked = KpiRequest::new("rollout.municipalities_live");
    asked.params.insert("solution_id".into(), "digisos".into());
    asked.from = chrono::NaiveDate::from_ymd_opt(2018, 4, 1);
    asked.to = chrono::NaiveDate::from_ymd_opt(2021, 1, 1);
    asked.borders = Borders::On(chrono::NaiveDate::from_ymd_opt(2020, 1, 1).context("a day")?);
    asked.granularity = Some(Granularity::Quarter);
    let answer = runtime.block_on(engine.run(asked))?;
    table::line("\nThe real rollout of Digisos 2018-2020, on the municipalities of 2020:");
    table::columns(
        &answer.batches,
        &["period_start", "numerator", "denominator", "share", "marks"],
        usize::MAX,
    )?;
    answer.meta.caveats.en.iter().for_each(|caveat| table::line(&format!("  note: {caveat}")));
    Ok(())
}

/// The table that answers a question.
fn follow_up(runtime: &tokio::runtime::Runtime, engine: &Engine) -> anyhow::Result<()> {
    let mut asked = last_month("rollout.follow_up");
    asked.by = By::Municipality;
    let answer = runtime.block_on(engine.run(asked))?;
    table::line("\nMunicipalities to follow up now (October 2026; usage is invented):");
    table::columns(
        &answer.batches,
        &["rank", "municipality_code", "municipality_name", "reason", "marks"],
        10,
    )
}

/// Three doors to try.
pub(crate) fn doors(dir: &Path, addr: std::net::SocketAddr) {
    let dir = dir.display();
    table::line("\nTry:");
    table::line(&format!(
        "  curl 'http://{addr}/v1/kpis/rollout.population_coverage/values?solution_id=digisos&from=2018-04&to=2020-12'"
    ));
    table::line(&format!(
        "  utbredt sql --lake {dir} 'SELECT count(*) AS refused, reason FROM rejections GROUP BY reason'"
    ));
    table::line(&format!(
        "  utbredt kpi run rollout.municipalities_live --lake {dir} --param solution_id=digisos --by county --from 2020-12 --to 2020-12 --format csv"
    ));
}
