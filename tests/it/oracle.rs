//! Random worlds: whatever is requested, the SQL of the KPIs gives what the plain loops of the oracle give. The seeds of
//! `tests/seeds.txt` come first, for the KPIs that were wrong there, then 4 worlds; `UTBREDT_WORLDS=500` is the long form, which
//! asks those seeds about every KPI too, `UTBREDT_SEED` the first seed.

use utbredt_tests::check_world;

/// How many failing questions are shown before the rest is only counted.
const SHOWN: usize = 10;

/// Worlds requested when nobody asks for more: the suite has to stay short.
const WORLDS: u64 = 4;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a whole number"))
}

/// Seeds that once found a fault, each with the KPIs that had it.
fn kept_seeds() -> Vec<(u64, Vec<&'static str>)> {
    let lines = include_str!("../seeds.txt").lines().filter(|line| !line.starts_with('#'));
    let mut seeds = Vec::new();
    for line in lines {
        let (stated, _why) = line.split_once('#').expect("a line of seeds.txt gives a reason");
        let mut words = stated.split_whitespace();
        let seed = words.next().and_then(|seed| seed.parse().ok());
        let kpis: Vec<&str> = words.collect();
        assert!(!kpis.is_empty(), "a line of seeds.txt names KPIs: {line}");
        seeds.push((seed.expect("a line of seeds.txt begins with a seed"), kpis));
    }
    seeds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_agrees_with_the_oracle() {
    let (first, requested) = (number("UTBREDT_SEED"), number("UTBREDT_WORLDS"));
    // Whoever names a seed wants that one.
    let mut seeds = if first.is_none() { kept_seeds() } else { Vec::new() };
    if requested.is_some() {
        seeds.iter_mut().for_each(|(_, kpis)| kpis.clear());
    }
    let (first, kept) = (first.unwrap_or(0), seeds.len());
    for seed in first..first + requested.unwrap_or(WORLDS) {
        let is_kept = seeds[..kept].iter().any(|(kept, kpis)| *kept == seed && kpis.is_empty());
        seeds.extend((!is_kept).then(|| (seed, Vec::new())));
    }
    let mut faults = Vec::new();
    for pair in seeds.chunks(2) {
        let running: Vec<_> = pair
            .iter()
            .cloned()
            .map(|(seed, kpis)| tokio::spawn(async move { check_world(seed, &kpis).await }))
            .collect();
        for world in running {
            faults.extend(world.await.expect("a world does not panic"));
        }
    }
    let shown: Vec<&str> = faults.iter().take(SHOWN).map(String::as_str).collect();
    assert!(
        faults.is_empty(),
        "{} questions answered wrongly in {} worlds (again: UTBREDT_SEED=<seed> UTBREDT_WORLDS=1; then add the \
         seed to tests/seeds.txt):\n{}",
        faults.len(),
        seeds.len(),
        shown.join("\n")
    );
}
