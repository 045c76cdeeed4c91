//! How long questions take in the engine, on the lake of the demonstration: as soon as a server starts, with nothing but
//! the shared relations kept, and with the cells kept. `cargo bench --workspace --bench kpi_queries [-- LAKE]`.

use std::time::{Duration, Instant};

use utbredt_benches::{Spread, demo_lake, queries, question, table};
use utbredt_engine::{Answer, By, Engine, KpiRequest};
use utbredt_kpi::RollupKind;

/// How often each question is asked; the middle one counts.
const TIMES: usize = 7;

/// A question that may take this long is listed by itself.
const LONG: Duration = Duration::from_millis(30);

/// How many municipalities the matrix shows: those of Vestland.
const MATRIX: (&str, usize) = ("46", 43);

#[expect(clippy::print_stdout, reason = "a bench tells its figures")]
fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    // Cargo passes `--bench` along.
    let lake = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let lake = match lake {
        Some(lake) => lake.into(),
        None => demo_lake(folder.path())?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ask = |engine: &Engine, request: &KpiRequest| -> anyhow::Result<(Answer, Duration)> {
        let started = Instant::now();
        let answer = runtime.block_on(engine.run(request.clone()))?;
        Ok((answer, started.elapsed()))
    };
    let started = Instant::now();
    let engine = Engine::open(&lake, queries()?)?;
    let opened = started.elapsed();
    runtime.block_on(engine.warm())?;
    let warmed = started.elapsed();
    println!("lake opened {}, shared relations present after {}", ms(opened), ms(warmed));
    println!("kept: {} bytes of {}\n", engine.kept().bytes, engine.kept().limit);

    let (mut cold, mut hot) = (Vec::new(), Vec::new());
    let mut rows = Vec::new();
    for kpi in engine.catalogue().kpis() {
        let request = question(kpi);
        // Relations this KPI alone reads are computed by the first question.
        let (first, first_took) = ask(&engine, &request)?;
        let (mut takes, mut costs) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            engine.forget_cells();
            let (answer, took) = ask(&engine, &request)?;
            assert_eq!(answer.batches, first.batches, "{} gives the same answer again", kpi.id);
            takes.push(took);
            costs.push(answer.meta.work);
        }
        let other = other_grouping(kpi.rollup.kind, &request);
        // The KPIs that make rows of areas themselves compute them anew for another grouping.
        let mut again = Vec::new();
        drop(ask(&engine, &other)?);
        for _ in 0..TIMES {
            again.push(ask(&engine, &other)?.1);
        }
        let (cold_one, hot_one) = (Spread::of(takes), Spread::of(again));
        let middle = costs[TIMES / 2];
        rows.push(vec![
            kpi.id.clone(),
            ms(first_took),
            ms(cold_one.median),
            ms(middle.relations),
            ms(middle.planning),
            ms(middle.running),
            ms(hot_one.median),
            if cold_one.median > LONG { "long".to_owned() } else { String::new() },
        ]);
        // A forecast simulates; it is told by itself.
        if kpi.views.iter().all(|view| view != "forecasts") {
            cold.push(cold_one.median);
        }
        hot.push(hot_one.median);
    }
    table(&["KPI", "first", "cold", "of it relations", "planning", "running", "hot", ""], &rows);
    let (cold, hot) = (Spread::of(cold), Spread::of(hot));
    println!("\ncold, over all KPIs but forecasts: median {}, most {}", ms(cold.median), ms(cold.most));
    println!("hot (another grouping or filter): median {}, most {}", ms(hot.median), ms(hot.most));

    let matrix = matrix(&engine)?;
    let (first, first_took) = ask(&engine, &matrix)?;
    let mut takes = Vec::new();
    for _ in 0..TIMES {
        engine.forget_cells();
        takes.push(ask(&engine, &matrix)?.1);
    }
    println!(
        "matrix of {} municipalities and all solutions, {} rows: first {}, cold {}",
        MATRIX.1,
        first.meta.rows,
        ms(first_took),
        ms(Spread::of(takes).median)
    );
    Ok(())
}

/// The same KPI by another grouping, or for a county's municipalities where there is only one grouping.
fn other_grouping(kind: RollupKind, request: &KpiRequest) -> KpiRequest {
    let mut other = request.clone();
    if kind == RollupKind::None {
        other.filter.insert(By::County, vec![MATRIX.0.into()]);
    } else if request.by == By::Nation {
        other.by = By::Nation;
        other.filter.insert(By::County, vec![MATRIX.0.into()]);
    }
    other
}

/// Every solution in every municipality of a county, for the last month.
fn matrix(engine: &Engine) -> anyhow::Result<KpiRequest> {
    let kpi = engine.catalogue().kpi("adoption.usage_per_1000")?;
    let mut request = question(kpi);
    request.by = By::Municipality;
    request.params.insert("solution_id".into(), "*".into());
    request.filter.insert(By::County, vec![MATRIX.0.into()]);
    Ok(request)
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
