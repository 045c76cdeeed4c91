//! Kills at moments drawn at random, within the whole act and within the time in which it writes.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::act::{Act, Count, copy, folder, number};

/// Numbers that look random and are the same every time.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn up_to(&mut self, most: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        most.mul_f64(f64::from((z ^ (z >> 31)) as u32) / f64::from(u32::MAX))
    }
}

fn payloads(lake: &Path) -> usize {
    fs::read_dir(lake.join("raw")).map_or(0, Iterator::count)
}

/// Runs the act; kills it after `moment`, counted from its start or from the first it wrote.
fn killed(act: &Act, lake: &Path, moment: Duration, from_first_write: bool) -> (ExitStatus, Duration) {
    let held = payloads(lake);
    let mut child = act.command(lake).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    while from_first_write && payloads(lake) == held && child.try_wait().expect("a child").is_none() {
        std::thread::sleep(Duration::from_micros(100));
    }
    let started = Instant::now();
    while started.elapsed() < moment && child.try_wait().expect("a child").is_none() {
        std::thread::sleep(Duration::from_micros(200));
    }
    let took = started.elapsed();
    child.kill().expect("sent, or too late");
    (child.wait().expect("it ended"), took)
}

/// How long the act takes, from its start or from its first write: the middle of five.
fn duration(act: &Act, from_first_write: bool) -> Duration {
    let forever = Duration::from_secs(600);
    let mut took: Vec<_> =
        (0..5).map(|_| killed(act, &act.lake("measured"), forever, from_first_write).1).collect();
    took.sort();
    took[2]
}

/// `kills` kills that hit, every other one within the time in which the disk is written.
fn kill_randomly(act: &Act, kills: usize, seed: u64, name: &str, total: &Mutex<Count>) {
    let whole = [duration(act, false), duration(act, true)];
    let mut rng = Rng(seed);
    let (mut hits, mut tries) = (0, 0);
    // Killed on a real disk, where syncs take their time; looked at where they take none.
    let memory = folder();
    while hits < kills {
        tries += 1;
        assert!(tries < 4 * kills + 20, "{hits} kills of {tries} hit");
        let late = tries % 2 == 0;
        let moment = rng.up_to(whole[usize::from(late)]);
        let lake = act.lake(name);
        let hit = killed(act, &lake, moment, late).0.signal() == Some(9);
        if hit && tries % 5 == 0 {
            // Nor does it matter when the writer that sweeps up is killed as well.
            let again = rng.up_to(whole[0]);
            hits += usize::from(killed(act, &lake, again, false).0.signal() == Some(9));
        }
        hits += usize::from(hit);
        let seen = memory.path().join(name);
        let _ = fs::remove_dir_all(&seen);
        copy(&lake, &seen);
        let left = act.recover(&seen, &format!("seed {seed} try {tries} at {moment:?} (late: {late})"));
        if hit {
            total.lock().expect("no panic").add(&left);
        }
    }
}

#[test]
fn random_kills_lose_and_double_nothing() {
    let kills = number("UTBREDT_KILLS", 60) as usize;
    let seed = number("UTBREDT_SEED", 1);
    let started = Instant::now();
    let total = Mutex::new(Count::default());
    let disk = || tempfile::tempdir().expect("a folder");
    let (first, correction, release) = (Act::first(disk()), Act::correction(disk()), Act::release(disk()));
    let third = kills / 3;
    std::thread::scope(|scope| {
        scope.spawn(|| kill_randomly(&first, third, seed, "a", &total));
        scope.spawn(|| {
            kill_randomly(&correction, third, seed + 1, "b", &total);
            kill_randomly(&release, kills - 2 * third, seed + 2, "c", &total);
        });
    });
    let count = total.into_inner().expect("no panic");
    println!("{kills} random kills in {:?}: {count:?}", started.elapsed());
    assert!(
        count.runs * 10 > kills * 8 && count.before * 20 > kills,
        "kills hit before the commit: {count:?}"
    );
    if kills >= 300 {
        assert!(count.after > 0, "and after it: {count:?}");
    }
}
