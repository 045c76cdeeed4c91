//! How long questions take in the engine, on the lake of the demonstration: as soon as a server starts, with nothing but
//! the shared relations kept, and with the cells kept. `cargo bench --workspace --bench kpi_queries [-- LAKE]`.

use std::time::{Duration, Instant};

use utbredt_answer::Work;
use utbredt_benches::{Spread, demo_lake, queries, question, table};
use utbredt_engine::{Answer, By, Engine, KpiRequest};
use utbredt_kpi::{Kpi, RollupKind};

/// How often each question is asked; the middle one counts.
const TIMES: usize = 7;

/// A question that may take this long is listed by itself.
const LONG: Duration = Duration::from_millis(30);

/// How many municipalities the matrix shows: those of Vestland.
const MATRIX: (&str, usize) = ("46", 43);

#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    // Cargo passes `--bench` along.
    let lake = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let lake = match lake {
        Some(lake) => lake.into(),
        None => demo_lake(folder.path())?,
    };
    let started = Instant::now();
    let engine = Engine::open(&lake, queries()?)?;
    let opened = started.elapsed();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(engine.warm())?;
    let warmed = started.elapsed();
    println!("lake opened {}, shared relations present after {}", ms(opened), ms(warmed));
    println!("kept: {} bytes of {}\n", engine.kept().bytes, engine.kept().limit);

    let bench = Bench { engine, runtime };
    let (mut cold, mut hot, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for kpi in bench.engine.catalogue().kpis() {
        let times = bench.times(kpi)?;
        rows.push(times.row(&kpi.id));
        // A forecast simulates; it is told by itself.
        if !kpi.views.iter().any(|view| view == "forecasts") {
            cold.push(times.cold);
        }
        hot.push(times.hot);
    }
    table(&["KPI", "first", "cold", "of it relations", "planning", "running", "hot", ""], &rows);
    let (cold, hot) = (Spread::of(cold), Spread::of(hot));
    println!("\ncold, over all KPIs but forecasts: median {}, most {}", ms(cold.median), ms(cold.most));
    println!("hot (another grouping or filter): median {}, most {}", ms(hot.median), ms(hot.most));

    let matrix = matrix(&bench.engine)?;
    let (first, first_took) = bench.timed_answer(&matrix)?;
    let (again, _) = bench.cold(&matrix, &first)?;
    println!(
        "matrix of {} municipalities and all solutions, {} rows: first {}, cold {}",
        MATRIX.1,
        first.meta.rows,
        ms(first_took),
        ms(again.median)
    );
    Ok(())
}

/// An engine and what it runs on.
struct Bench {
    engine: Engine,
    runtime: tokio::runtime::Runtime,
}

/// How long one KPI takes.
struct Times {
    /// Its first question: relations that it alone reads are computed too.
    first: Duration,
    /// Its relations are present, its cells are not.
    cold: Duration,
    /// Of that.
    work: Work,
    /// Its cells are kept.
    hot: Duration,
}

impl Times {
    fn row(&self, id: &str) -> Vec<String> {
        vec![
            id.to_owned(),
            ms(self.first),
            ms(self.cold),
            ms(self.work.relations),
            ms(self.work.planning),
            ms(self.work.running),
            ms(self.hot),
            if self.cold > LONG { "long".to_owned() } else { String::new() },
        ]
    }
}

impl Bench {
    fn timed_answer(&self, request: &KpiRequest) -> anyhow::Result<(Answer, Duration)> {
        let started = Instant::now();
        let answer = self.runtime.block_on(self.engine.run(request.clone()))?;
        Ok((answer, started.elapsed()))
    }

    /// Asks again without the cells that are kept; every answer is the first one again.
    fn cold(&self, request: &KpiRequest, first: &Answer) -> anyhow::Result<(Spread, Work)> {
        let (mut times, mut work) = (Vec::new(), Work::default());
        for _ in 0..TIMES {
            self.engine.forget_cells();
            let (answer, took) = self.timed_answer(request)?;
            assert_eq!(answer.batches, first.batches, "{} gives the same answer again", request.kpi);
            times.push(took);
            work = answer.meta.work;
        }
        Ok((Spread::of(times), work))
    }

    fn times(&self, kpi: &Kpi) -> anyhow::Result<Times> {
        let request = question(kpi);
        let (answer, first) = self.timed_answer(&request)?;
        let (cold, work) = self.cold(&request, &answer)?;
        // KPIs that make rows of areas themselves compute them anew for another filter: asked once before.
        let mut other = other_grouping(kpi, &request);
        if self.timed_answer(&other).is_err() {
            // What is about whole areas takes no filter: asked the same again.
            other = request;
        }
        let mut times = Vec::new();
        for _ in 0..TIMES {
            times.push(self.timed_answer(&other)?.1);
        }
        Ok(Times { first, cold: cold.median, work, hot: Spread::of(times).median })
    }
}

/// The same KPI by another grouping, or for a county's municipalities where there is only one grouping. What belongs to no
/// municipality is asked the same again.
fn other_grouping(kpi: &Kpi, request: &KpiRequest) -> KpiRequest {
    let mut other = request.clone();
    if kpi.rollup.nation_only {
        return other;
    }
    if kpi.rollup.kind == RollupKind::None {
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
