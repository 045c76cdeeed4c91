//! Random worlds: whatever is asked, the SQL of the KPIs says what the plain loops of the oracle say. 20 worlds where
//! nobody asks for more; `UTBREDT_WORLDS=500` is the long form.

use utbredt_tests::check_world;

/// How many failing questions are shown before the rest is only counted.
const SHOWN: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_agrees_with_the_oracle() {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().expect("a whole number"))
    };
    let (first, worlds) = (number("UTBREDT_SEED", 0), number("UTBREDT_WORLDS", 20));
    let mut told = Vec::new();
    for seeds in (first..first + worlds).collect::<Vec<_>>().chunks(2) {
        let running: Vec<_> = seeds.iter().map(|seed| tokio::spawn(check_world(*seed))).collect();
        for world in running {
            told.extend(world.await.expect("a world does not panic"));
        }
    }
    let shown: Vec<&str> = told.iter().take(SHOWN).map(String::as_str).collect();
    assert!(
        told.is_empty(),
        "{} questions answered wrongly in {worlds} worlds (again: UTBREDT_SEED=<seed> UTBREDT_WORLDS=1):\n{}",
        told.len(),
        shown.join("\n")
    );
}
