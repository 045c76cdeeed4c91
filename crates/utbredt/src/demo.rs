//! The demo: the embedded datasets and invented usage become a lake, and the lake answers every KPI.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use arrow::array::AsArray as _;
use arrow::datatypes::Float64Type;
use chrono::NaiveDate;
use utbredt_engine::{Answer, Borders, By, Engine, KpiRequest};
use utbredt_ingest as ingest;
use utbredt_kpi::{Kpi, RollupKind};
use utbredt_model::Granularity;

use crate::assets::Queries;
use crate::{assets, clock, human, table};

/// What a KPI is asked about when it takes a wave, of `datasets/demo`.
const WAVE: &str = "invented-svarut-1";

/// The solution that is asked about: every municipality has had it for long.
const SOLUTION: &str = "svarut";

/// The KPI whose periods are those in which municipalities began.
const COHORT: &str = "adoption.cohort_curve";

/// KPIs about the way to production, which are asked about a solution that is still on it.
const UNDER_WAY: (&str, [&str; 3]) = ("minside", [COHORT, "rollout.stalled", "rollout.time_in_stage"]);

/// The municipality that is shown where a KPI is about municipalities only: Bergen.
const MUNICIPALITY: &str = "4601";

/// Steps with the time they began, on standard error: whoever waits sees at once what is going on.
struct Progress(Instant);

impl Progress {
    fn step(&self, what: &str) {
        table::message(&format!("{:>5.1} s  {what}", self.0.elapsed().as_secs_f64()));
    }
}

/// Builds the lake and prints its answers.
pub(crate) fn run(runtime: &tokio::runtime::Runtime, dir: &Path, queries: Queries) -> anyhow::Result<()> {
    let progress = Progress(Instant::now());
    progress.step(&format!("a lake in {} from the embedded datasets", dir.display()));
    let report = ingest::demo_lake(dir, &assets::datasets(), clock::now(), &|step| progress.step(step))?;
    progress.step("the lake is ready");
    deliveries(&report);
    // Each KPI is run once, so computing all solutions for later queries would be lost work.
    let engine = Engine::open(dir, queries)?.for_few_questions();
    every_kpi(runtime, &engine)?;
    digisos(runtime, &engine)?;
    follow_up(runtime, &engine)?;
    progress.step("every KPI is answered");
    Ok(())
}

fn deliveries(report: &ingest::DemoReport) {
    table::line("What came in:");
    for (source, seen) in &report.sources {
        let invented = if seen.synthetic { " (invented)" } else { "" };
        table::line(&format!(
            "  {source}{invented}: {}, {} here before, {} held; {} rows in, {} accepted, {} rejected",
            table::counted(seen.deliveries, "delivery", "deliveries"),
            seen.unchanged,
            seen.held,
            counted(seen.rows_in),
            counted(seen.accepted),
            counted(seen.refused)
        ));
        seen.reasons
            .iter()
            .for_each(|(reason, count)| table::line(&format!("    rejected {count}: {reason}")));
    }
    report.held.iter().for_each(|reason| table::line(&format!("  held: {reason}")));
    table::line(&format!("Edition {} is the newest.", report.edition));
}

fn counted(number: u64) -> String {
    human::whole(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Every KPI once, with its state and the time it took.
fn every_kpi(runtime: &tokio::runtime::Runtime, engine: &Engine) -> anyhow::Result<()> {
    table::line("\nEvery KPI for SvarUt in October 2026 (usage, plans, goals and prices are invented):");
    for kpi in engine.catalogue().kpis() {
        let (request, about) = question(kpi);
        // The time of the answer alone, without making the question.
        let started = Instant::now();
        let answer = runtime.block_on(engine.run(request))?;
        let took = started.elapsed().as_millis();
        let (value, state) = value_and_state(kpi, &answer);
        let (unit, coverage) = (unit(kpi), coverage(&answer));
        table::line(&format!(
            "  {:<31} {value:>12} {unit:<14} {took:>6} ms  {state}{about}{coverage}",
            kpi.id
        ));
    }
    Ok(())
}

/// A percent sign is part of the number.
fn unit(kpi: &Kpi) -> &str {
    match kpi.unit.as_str() {
        "share" | "growth" => "",
        "per_1000" => "per 1000",
        "nok" => "NOK",
        other => other,
    }
}

/// A KPI for the last month, and what the answer is about when it is not SvarUt in the nation.
fn question(kpi: &Kpi) -> (KpiRequest, &'static str) {
    let mut request = last_month(&kpi.id);
    let (solution, under_way) = UNDER_WAY;
    let own = under_way.contains(&kpi.id.as_str());
    // Coverage of SvarUt is complete; its reach is on the way to its goal.
    let given = [
        ("solution_id", if own { solution } else { SOLUTION }),
        ("wave_id", WAVE),
        ("metric", "adoption.reach"),
    ];
    for (name, value) in given {
        if kpi.params.iter().any(|param| param.name == name && (param.is_required() || name == "metric")) {
            request.params.insert(name.into(), value.into());
        }
    }
    // A cohort is shown as it was a year after its start: this one began in the first half of 2025.
    if kpi.id == COHORT {
        request.from = NaiveDate::from_ymd_opt(2025, 1, 1);
        request.to = NaiveDate::from_ymd_opt(2025, 7, 1);
        request.granularity = None;
    }
    let municipality = kpi.rollup.kind == RollupKind::None;
    if municipality {
        request.by = By::Municipality;
        request.filter.insert(By::Municipality, vec![MUNICIPALITY.into()]);
    }
    let about = match (own, municipality) {
        (true, _) => ", Minside",
        (_, true) => ", Bergen",
        _ => "",
    };
    (request, about)
}

fn last_month(kpi: &str) -> KpiRequest {
    let mut request = KpiRequest::new(kpi);
    request.from = NaiveDate::from_ymd_opt(2026, 10, 1);
    request.to = NaiveDate::from_ymd_opt(2026, 11, 1);
    // Some KPIs answer by quarter or year unless asked otherwise, and neither is over.
    request.granularity = Some(Granularity::Month);
    request
}

/// Value and state of an answer's first row; a number of rows where there are several.
fn value_and_state(kpi: &Kpi, answer: &Answer) -> (String, String) {
    if answer.meta.rows != 1 {
        return (format!("{} rows", answer.meta.rows), String::new());
    }
    let shown = |name: &str| {
        let batch = answer.batches.iter().find(|batch| batch.num_rows() > 0)?;
        human::cell(batch.column_by_name(name)?, 0, human::unit_of(kpi, name)).ok()
    };
    (shown("value").unwrap_or_default(), shown("state").unwrap_or_default())
}

/// Which share of the inhabitants a number speaks for, where it is known and not all of them.
fn coverage(answer: &Answer) -> String {
    let batch = answer.batches.iter().find(|batch| batch.num_rows() > 0).filter(|_| answer.meta.rows == 1);
    let Some(column) = batch.and_then(|batch| batch.column_by_name("coverage")) else { return String::new() };
    let share = column.as_primitive::<Float64Type>().iter().next().flatten();
    let shown = human::cell(column, 0, Some("share")).unwrap_or_default();
    if share.is_some_and(|share| share < 1.0) {
        format!(", for {shown} of the inhabitants")
    } else {
        String::new()
    }
}

/// The real rollout, quarter by quarter, on the division of 2020.
fn digisos(runtime: &tokio::runtime::Runtime, engine: &Engine) -> anyhow::Result<()> {
    let mut request = KpiRequest::new("rollout.municipalities_live");
    request.params.insert("solution_id".into(), "digisos".into());
    request.from = NaiveDate::from_ymd_opt(2018, 4, 1);
    request.to = NaiveDate::from_ymd_opt(2021, 1, 1);
    request.borders = Borders::On(NaiveDate::from_ymd_opt(2020, 1, 1).context("a day")?);
    request.granularity = Some(Granularity::Quarter);
    let answer = runtime.block_on(engine.run(request))?;
    table::line("\nThe real rollout of Digisos 2018-2020, on the municipalities of 2020:");
    let columns = [
        ("period_start", None),
        ("numerator", None),
        ("denominator", None),
        ("share", Some("share")),
        ("marks", None),
    ];
    table::line(&human::table(&answer.batches, &columns, usize::MAX)?);
    answer.meta.caveats.en.iter().for_each(|caveat| table::line(&format!("  note: {caveat}")));
    Ok(())
}

/// The table that answers a question.
fn follow_up(runtime: &tokio::runtime::Runtime, engine: &Engine) -> anyhow::Result<()> {
    let mut request = last_month("rollout.follow_up");
    request.by = By::Municipality;
    let answer = runtime.block_on(engine.run(request))?;
    table::line("\nMunicipalities to follow up now (October 2026; usage is invented):");
    let columns = [
        ("rank", None),
        ("municipality_code", None),
        ("municipality_name", None),
        ("not_delivered_solutions", None),
        ("use_fell_solutions", None),
        ("largest_fall_share", Some("share")),
    ];
    table::line(&human::table(&answer.batches, &columns, 10)?);
    Ok(())
}

/// Three commands to try.
pub(crate) fn examples(dir: &Path, addr: std::net::SocketAddr) {
    let dir = dir.display();
    table::line("\nTry:");
    table::line(&format!(
        "  curl 'http://{addr}/v1/kpis/rollout.population_coverage/values?solution_id=digisos&from=2018-04&to=2020-12'"
    ));
    table::line(&format!(
        "  utbredt sql --lake {dir} 'SELECT count(*) AS rejected, reason FROM rejections GROUP BY reason'"
    ));
    table::line(&format!(
        "  utbredt diff 4 5 --lake {dir} --kpi adoption.reach --param solution_id=svarut --by county --from 2026-10 --to 2026-10"
    ));
}
