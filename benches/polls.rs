//! Polls beside heavy questions and beside deliveries: 200 polls a second of answers that are kept, each timed from the moment it
//! was meant to be sent, quiet and loaded in turn. `cargo bench --workspace --bench polls [-- SECONDS [SERVER]]`, after `cargo build`
//! of the server: `utbredt` beside this program's folder where none is named.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use utbredt_benches::server::{POLLED, Server, program};
use utbredt_benches::usage::usage_of_a_day;
use utbredt_benches::{demo_lake, table};
use utbredt_lake::Lake;

/// Polls a second.
const RATE: u32 = 200;
/// Connections that poll.
const POLLERS: u32 = 16;
/// Between two looks at `/health/live` and at the memory.
const LOOK: Duration = Duration::from_millis(100);

/// What goes on beside the polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Load {
    Quiet,
    /// So many clients, each with one question about two years of every municipality after the other, none of them kept.
    Clients(u32),
    /// A delivery of a day of every municipality is committed every second.
    Deliveries,
}

/// What was measured beside a load.
#[derive(Debug, Default)]
struct Measured {
    polls: Vec<Duration>,
    live: Vec<Duration>,
    rss_kib: u64,
    queries: u64,
}

#[expect(clippy::print_stdout, reason = "a bench shows its figures")]
fn main() -> anyhow::Result<()> {
    // Cargo passes `--bench` along.
    let mut given = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let seconds = given.next().map_or(Ok(20), |text| text.parse())?;
    let server = given.next().map_or_else(program, |path| Ok(PathBuf::from(path)))?;
    let folder = tempfile::tempdir()?;
    let lake = demo_lake(folder.path())?;
    let server = Server::start(&server, &lake, &[])?;
    // The answer is kept from here on, and the shared relations are there.
    let (status, body) = server.connect()?.get(POLLED)?;
    anyhow::ensure!(status == 200, "the polled question is answered with {status}");
    std::thread::sleep(Duration::from_secs(5));
    let idle = server.rss_kib()?;
    let mut rows = Vec::new();
    let loads = [Load::Clients(4), Load::Clients(8), Load::Deliveries];
    for load in loads.into_iter().flat_map(|load| [Load::Quiet, load]) {
        let mut measured = measure(&server, &lake, load, Duration::from_secs(seconds))?;
        let polls = measured.polls.len();
        rows.push(vec![
            format!("{load:?}"),
            polls.to_string(),
            quantile(&mut measured.polls, 0.5),
            quantile(&mut measured.polls, 0.99),
            quantile(&mut measured.polls, 1.0),
            quantile(&mut measured.live, 1.0),
            (measured.rss_kib.saturating_sub(idle) / 1024).to_string(),
            (server.kept_bytes()? >> 20).to_string(),
            measured.queries.to_string(),
        ]);
    }
    let header = [
        "beside",
        "polls",
        "p50",
        "p99",
        "longest",
        "live, longest",
        "RSS over idle MiB",
        "kept MiB",
        "questions",
    ];
    table(&header, &rows);
    println!("\n{RATE} polls a second of {} bytes, {seconds} s each; idle: {} MiB", body.len(), idle / 1024);
    Ok(())
}

fn quantile(times: &mut [Duration], share: f64) -> String {
    times.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let at = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len().max(1)) - 1;
    times.get(at).map_or_else(String::new, |time| format!("{:.1} ms", time.as_secs_f64() * 1000.0))
}

/// Polls for a while beside a load.
fn measure(server: &Server, lake: &Path, load: Load, time: Duration) -> anyhow::Result<Measured> {
    let (over, queries, next) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let clients = if let Load::Clients(clients) = load { clients } else { 0 };
        for _ in 0..clients {
            scope.spawn(|| query_on(server, &over, (&queries, &next)));
        }
        if load == Load::Deliveries {
            scope.spawn(|| deliver_on(lake, &over, &queries));
        }
        let watch = scope.spawn(|| watch(server, &over));
        let pollers: Vec<_> =
            (0..POLLERS).map(|poller| scope.spawn(move || poll(server, poller, begun, time))).collect();
        let mut measured = Measured::default();
        for poller in pollers {
            measured.polls.extend(poller.join().map_err(|_| anyhow::anyhow!("a poller panicked"))??);
        }
        over.store(true, Ordering::Relaxed);
        let watched = watch.join().map_err(|_| anyhow::anyhow!("the watch panicked"))??;
        measured.live = watched.live;
        measured.rss_kib = watched.rss_kib;
        measured.queries = queries.load(Ordering::Relaxed);
        Ok(measured)
    })
}

/// One connection's share of the polls, each at its own moment.
fn poll(server: &Server, poller: u32, begun: Instant, time: Duration) -> anyhow::Result<Vec<Duration>> {
    let mut connection = server.connect()?;
    let interval = Duration::from_secs(1) / RATE;
    let mut times = Vec::new();
    for number in (poller..).step_by(POLLERS as usize) {
        let meant = begun + interval * number;
        if meant - begun >= time {
            break;
        }
        std::thread::sleep(meant.saturating_duration_since(Instant::now()));
        let (status, _) = connection.get(POLLED)?;
        anyhow::ensure!(status == 200, "a poll is answered with {status}");
        // From the moment it was meant to be sent: who waits for an answer sends the next too late.
        times.push(meant.elapsed());
    }
    Ok(times)
}

/// Questions one after the other, none of which was sent before.
fn query_on(
    server: &Server,
    over: &AtomicBool,
    (queries, next): (&AtomicU64, &AtomicU64),
) -> anyhow::Result<()> {
    let kpis = ["adoption.usage_per_1000", "adoption.reach", "adoption.growth_yoy", "rollout.follow_up"];
    let mut connection = server.connect()?;
    while !over.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let kpi = kpis[usize::try_from(number)? % kpis.len()];
        // Another first day of two years makes another question of it.
        let first = 1 + number / 4 % 28;
        let path = format!(
            "/v1/kpis/{kpi}/values?solution_id=svarut&by=municipality&granularity=month&from=2024-10-{first:02}&to=2026-10&borders=2024-01-{:02}",
            1 + number / 112 % 28
        );
        connection.get(&path)?;
        queries.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// A delivery a second.
fn deliver_on(lake: &Path, over: &AtomicBool, queries: &AtomicU64) -> anyhow::Result<()> {
    let lake = Lake::open(lake)?;
    let first = usize::try_from(lake.latest()?.map_or(0, |edition| edition.number))?;
    for number in first.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let began = Instant::now();
        lake.writer()?.commit(usage_of_a_day(number, lake.latest()?.context("an edition")?.recorded_at)?)?;
        queries.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_secs(1).saturating_sub(began.elapsed()));
    }
    Ok(())
}

/// How soon `/health/live` is answered, and the most memory that the server has.
fn watch(server: &Server, over: &AtomicBool) -> anyhow::Result<Measured> {
    let mut measured = Measured::default();
    let mut connection = server.connect()?;
    while !over.load(Ordering::Relaxed) {
        let sent = Instant::now();
        let (status, _) = connection.get("/health/live")?;
        anyhow::ensure!(status == 200, "/health/live is answered with {status}");
        measured.live.push(sent.elapsed());
        measured.rss_kib = measured.rss_kib.max(server.rss_kib()?);
        std::thread::sleep(LOOK);
    }
    Ok(measured)
}
