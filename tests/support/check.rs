//! One seed, one world, one lake: the engine and the oracle are asked the same and must say the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use utbredt_engine as engine;

use crate::batches::fill;
use crate::compare::differences;
use crate::oracle::{Borders, By, Grain, OracleRequest, Policy, answer};
use crate::worlds::{KPIS, Random, random, request};

/// How often each KPI is asked of a world.
const QUESTIONS: usize = 1;

/// KPIs that are not about one solution, or know it by another name.
const WITHOUT_SOLUTION: [&str; 3] =
    ["quality.rejected", "rollout.schedule_variance", "benefit.membership_contribution"];

/// The query files of the workspace, as the engine takes them.
#[must_use]
pub fn query_files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../queries");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).expect("the folder of queries can be read");
        for path in entries.map(|entry| entry.expect("its entries too").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "sql" || ending == "toml") {
                files.push((below(&root, &path), std::fs::read_to_string(&path).expect("a query is text")));
            }
        }
    }
    files.sort();
    files
}

fn below(root: &Path, path: &Path) -> String {
    let inside: PathBuf = path.strip_prefix(root).expect("found below it").to_owned();
    inside.to_string_lossy().replace('\\', "/")
}

/// The question as the engine takes it.
#[must_use]
pub fn to_engine(request: &OracleRequest) -> engine::KpiRequest {
    let mut params = BTreeMap::new();
    if !WITHOUT_SOLUTION.contains(&request.kpi.as_str()) {
        params.insert("solution_id".to_owned(), request.solution_id.clone());
    }
    if let Some(measure) = &request.measure_id {
        params.insert("measure_id".to_owned(), measure.clone());
    }
    for (name, value) in &request.params {
        params.insert((*name).to_owned(), value.clone());
    }
    engine::KpiRequest {
        kpi: request.kpi.clone(),
        params,
        by: match request.by {
            By::Municipality => engine::By::Municipality,
            By::County => engine::By::County,
            By::Network => engine::By::Network,
            By::PeerGroup => engine::By::PeerGroup,
            By::Nation => engine::By::Nation,
        },
        filter: BTreeMap::new(),
        borders: match request.borders {
            Borders::Then => engine::Borders::Then,
            Borders::Now => engine::Borders::Now,
            Borders::On(day) => engine::Borders::On(day),
        },
        policy: match request.policy {
            Policy::ExactOnly => engine::Policy::ExactOnly,
            Policy::PopulationShare => engine::Policy::PopulationShare,
            Policy::LargestSuccessor => engine::Policy::LargestSuccessor,
        },
        as_of: engine::AsOf::Latest,
        from: Some(request.from),
        to: Some(request.to),
        range: false,
        granularity: Some(match request.grain {
            Grain::Day => utbredt_model::Granularity::Day,
            Grain::Week => utbredt_model::Granularity::Week,
            Grain::Month => utbredt_model::Granularity::Month,
            Grain::Quarter => utbredt_model::Granularity::Quarter,
            Grain::HalfYear => utbredt_model::Granularity::HalfYear,
            Grain::Year => utbredt_model::Granularity::Year,
        }),
    }
}

/// `kpi/adoption/reach.sql` is `adoption.reach`.
fn kpi_id(path: &str) -> Option<String> {
    Some(path.strip_prefix("kpi/")?.strip_suffix(".sql")?.replace('/', "."))
}

/// KPIs that have a file and no oracle: random worlds do not check them. `tests/kpi.rs` counts each as ignored.
#[must_use]
pub fn without_oracle() -> Vec<String> {
    let ids = query_files().into_iter().filter_map(|(path, _)| kpi_id(&path));
    ids.filter(|id| !KPIS.iter().any(|(known, _)| known == id)).collect()
}

/// Asks the world of a seed about some KPIs, or about every one where none is named, and returns every difference, each with the
/// question it came from.
pub async fn check_world(seed: u64, kpis: &[&str]) -> Vec<String> {
    let world = random(seed);
    let folder = tempfile::tempdir().expect("a folder for the lake");
    let _lake = fill(&world, folder.path());
    let files = query_files();
    // While one KPI is written, only those whose ids begin so are asked.
    let only = std::env::var("UTBREDT_KPI").unwrap_or_default();
    let mut stated = Vec::new();
    let question =
        KPIS.iter().filter(|(id, _)| files.iter().any(|(path, _)| kpi_id(path).as_deref() == Some(*id)));
    let question: Vec<(&str, bool)> = question.copied().filter(|(id, _)| id.starts_with(&only)).collect();
    let engine = match engine::Engine::open(folder.path(), files) {
        Ok(engine) => engine,
        Err(why) => return vec![format!("seed {seed}: the engine does not open: {why}")],
    };
    let mut rng = Random::new(seed ^ 0x5EED);
    for kpi in question {
        for _ in 0..QUESTIONS {
            let request = request(&world, kpi, &mut rng);
            // Rolled for every KPI, so that the others' questions stay what they are.
            if !kpis.is_empty() && !kpis.contains(&kpi.0) {
                continue;
            }
            let expected = answer(&world, &request);
            // The one measure of the worlds that is a status: levels are not added.
            let adds = request.measure_id.as_deref() != Some("level");
            let faults = match engine.run(to_engine(&request)).await {
                Ok(_) if !adds => vec!["levels were added".to_owned()],
                Err(engine::EngineError::Request(engine::RequestError::Invalid { what, .. }))
                    if !adds && what.contains("declares no sum") =>
                {
                    continue;
                }
                Ok(answer) => differences(&expected, &answer),
                Err(why) => vec![format!("no answer: {why}")],
            };
            if !faults.is_empty() {
                let faults = faults.iter().take(6).map(|f| format!("\n    {f}")).collect::<String>();
                stated.push(format!("seed {seed}: {request:?}{faults}"));
            }
        }
    }
    stated
}
