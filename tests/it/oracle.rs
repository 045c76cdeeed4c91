//! Random worlds: whatever is asked, the SQL of the KPIs gives what the plain loops of the oracle give. The seeds of
//! `tests/seeds.txt` come first, then 4 worlds; `UTBREDT_WORLDS=500` is the long form, `UTBREDT_SEED` the first seed.

use utbredt_tests::check_world;

/// How many failing questions are shown before the rest is only counted.
const SHOWN: usize = 10;

/// Worlds asked when nobody asks for more: the suite has to stay short.
const WORLDS: u64 = 4;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a whole number"))
}

/// Seeds that once found a fault.
fn kept_seeds() -> Vec<u64> {
    let lines = include_str!("../seeds.txt").lines().filter(|line| !line.starts_with('#'));
    let seeds = lines.filter_map(|line| line.split_whitespace().next());
    seeds.map(|seed| seed.parse().expect("a line of seeds.txt begins with a seed")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_agrees_with_the_oracle() {
    let (first, worlds) = (number("UTBREDT_SEED"), number("UTBREDT_WORLDS").unwrap_or(WORLDS));
    // Whoever names a seed wants that one.
    let mut seeds = if first.is_none() { kept_seeds() } else { Vec::new() };
    let first = first.unwrap_or(0);
    seeds.extend((first..first + worlds).filter(|seed| !seeds.contains(seed)).collect::<Vec<_>>());
    let mut faults = Vec::new();
    for pair in seeds.chunks(2) {
        let running: Vec<_> = pair.iter().map(|seed| tokio::spawn(check_world(*seed))).collect();
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
