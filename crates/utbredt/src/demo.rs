//! The demo: embedded datasets become a lake, and the lake answers a question.

use std::path::Path;

use anyhow::Context;
use utbredt_engine::{By, Engine, KpiRequest};
use utbredt_ingest::{reference, rollout};
use utbredt_lake::{Change, Lake, Outcome, Table};
use utbredt_model::ReceiptId;

use crate::{assets, table};

/// Builds the lake and prints what it says.
pub(crate) fn run(runtime: &tokio::runtime::Runtime, dir: &Path) -> anyhow::Result<()> {
    let lake = Lake::init(dir)?;
    let files = assets::datasets();
    let file = |path: &str| {
        let found = files.iter().find(|(name, _)| name == path).map(|(_, bytes)| bytes.as_slice());
        found.with_context(|| format!("datasets/{path} is not embedded"))
    };
    let territory = reference::territory(&files)?;
    let mut replace = reference::load(&files)?;
    let parts = Table::named("municipality_parts").context("the table of parts")?;
    replace.push((parts, rollout::municipality_parts(&territory)?));
    let payload = file("rollout/digisos_events.csv")?;
    let parsed = utbredt_sources::digisos::parse(payload);
    let mut writer = lake.writer()?;
    let sha256 = writer.keep_raw(payload)?;
    let receipt = ReceiptId(sha256[..16].to_owned());
    let notes = rollout::notes(file("rollout/digisos_notes.csv")?);
    let conformed = rollout::conform(&parsed, &territory, &notes, &receipt.0)?;
    table::line(&format!(
        "digisos events: {} rows in, {} accepted, {} refused",
        parsed.rows_in,
        conformed.events.num_rows(),
        conformed.refused
    ));
    for name in ["rollout_events", "rejections"] {
        let rows = if name == "rejections" { &conformed.rejections } else { &conformed.events };
        replace.push((Table::named(name).context("a table of the lake")?, rows.clone()));
    }
    let change = Change {
        recorded_at: now(),
        reason: "demo: reference tables and the Digisos rollout 2018-2020".into(),
        replace,
        append: vec![],
        supersedes: vec![],
        receipts: vec![receipt],
    };
    match writer.commit(change)? {
        Outcome::Committed(edition) => table::line(&format!("edition {} committed", edition.number)),
        Outcome::Unchanged(edition) => table::line(&format!("edition {} already says this", edition.number)),
    }
    drop(writer);
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
