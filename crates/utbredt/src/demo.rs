//! The demo: embedded datasets become a lake, and the lake answers a question.

use std::path::Path;

use utbredt_engine::{By, Engine, KpiRequest};
use utbredt_ingest as ingest;

use crate::{assets, table};

/// Builds the lake and prints what it says.
pub(crate) fn run(runtime: &tokio::runtime::Runtime, dir: &Path) -> anyhow::Result<()> {
    let report = ingest::demo_lake(dir, &assets::datasets(), now())?;
    for (source, seen) in &report.sources {
        let invented = if seen.synthetic { " (invented)" } else { "" };
        table::line(&format!(
            "{source}{invented}: {} deliveries, {} here before, {} held; {} rows in, {} accepted, {} refused",
            seen.deliveries, seen.unchanged, seen.held, seen.rows_in, seen.accepted, seen.refused
        ));
        seen.reasons.iter().for_each(|(reason, count)| table::line(&format!("  refused {count}: {reason}")));
    }
    report.held.iter().for_each(|reason| table::line(&format!("  held: {reason}")));
    table::line(&format!("edition {} stands", report.edition));
    let engine = Engine::open(dir, assets::queries())?;
    for kpi in ["rollout.municipalities_live", "rollout.population_coverage"] {
        let mut asked = KpiRequest::new(kpi);
        asked.params.insert("solution_id".into(), "digisos".into());
        asked.by = By::Nation;
        asked.from = chrono::NaiveDate::from_ymd_opt(2018, 4, 1);
        asked.to = chrono::NaiveDate::from_ymd_opt(2021, 1, 1);
        let started = std::time::Instant::now();
        let answer = runtime.block_on(engine.run(asked))?;
        table::line(&format!("\n{} ({} ms)", answer.meta.title.en, started.elapsed().as_millis()));
        table::print(&answer.schema, &answer.batches, &serde_json::Value::Null, "table", None)?;
        answer.meta.caveats.iter().for_each(|caveat| table::line(&format!("  note: {caveat}")));
    }
    Ok(())
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

/// The only clock in the house.
#[expect(clippy::disallowed_methods, reason = "only the binary reads a clock")]
fn now() -> chrono::DateTime<chrono::Utc> {
    std::time::SystemTime::now().into()
}
