//! A pull killed anywhere ends with the same editions as one that nothing disturbed.
//!
//! `UTBREDT_PULL_DAYS=30 UTBREDT_PULL_SERVICES=12` is the long form: a month of hourly points of every municipality's
//! organisation and twelve services, which is 3 million points.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use utbredt_lake::Lake;

use crate::act::{UTBREDT, number};

/// The organisations of today's municipalities.
fn organisations() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/reference/organisations.csv");
    let text = fs::read_to_string(path).expect("the datasets are there");
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let at = |name: &str| names.iter().position(|n| *n == name).expect("a column");
    let (number, role, to) = (at("organisation_number"), at("role"), at("valid_to"));
    let rows = lines.map(|line| line.split(',').collect::<Vec<_>>());
    let ours = rows.filter(|row| row[role] == "municipality" && row[to].is_empty());
    ours.map(|row| row[number].to_owned()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Digdir's statistics API, with a number for every hour, organisation and service, and its silent cut.
fn serve(services: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let organisations = organisations();
    assert!(organisations.len() > 300, "{}", organisations.len());
    std::thread::spawn(move || {
        std::thread::scope(|scope| {
            for stream in listener.incoming().flatten() {
                let organisations = &organisations;
                // Whoever is killed while it reads leaves a broken pipe.
                scope.spawn(move || drop(answer(stream, organisations, services)));
            }
        });
    });
    address
}

fn answer(mut stream: TcpStream, organisations: &[String], services: usize) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let line = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = line.split(' ').nth(1).unwrap_or_default();
    let body = match path.split_once('?') {
        Some((_, query)) => points(query, organisations, services),
        None => r#"[{"owner":"991825827","distance":"hours"}]"#.to_owned(),
    };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}

fn points(query: &str, organisations: &[String], services: usize) -> String {
    let bound = |name: &str| -> i64 {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        value.and_then(|text| text.parse::<DateTime<Utc>>().ok()).expect("a bound").timestamp()
    };
    let (from, to) = (bound("from"), bound("to"));
    let mut all = String::from("[");
    let mut count = 0;
    for hour in (from + 3599) / 3600..=to / 3600 {
        let stamp = DateTime::from_timestamp(hour * 3600, 0).expect("a moment").to_rfc3339();
        for (place, organisation) in organisations.iter().enumerate() {
            for service in 0..services {
                if count == 10_000 {
                    break;
                }
                let value = (hour as usize * 31 + place * 7 + service) % 50;
                let comma = if count > 0 { "," } else { "" };
                all.push_str(&format!(
                    "{comma}{{\"timestamp\":\"{stamp}\",\"measurements\":{{\"Antall\":{value}}},\
                     \"categories\":{{\"TE\":\"service {service}\",\"TE-orgnum\":\"{organisation}\"}}}}"
                ));
                count += 1;
            }
        }
    }
    all.push(']');
    all
}

/// The command, at a moment that does not pass.
fn command(folder: &Path, lake: &Path, now: DateTime<Utc>, words: &[&str]) -> Command {
    let mut command = Command::new(UTBREDT);
    command.args(words).arg("--lake").arg(lake).env("UTBREDT_NOW", now.to_rfc3339()).current_dir(folder);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The hashes of all editions, in their order.
fn editions(lake: &Path) -> Vec<String> {
    let lake = Lake::open(lake).expect("a lake");
    lake.editions().expect("whole records").into_iter().map(|edition| edition.sha256).collect()
}

#[test]
fn a_pull_killed_anywhere_ends_as_if_nothing_had_been() {
    let (days, services) = (number("UTBREDT_PULL_DAYS", 4), number("UTBREDT_PULL_SERVICES", 2));
    let kills = number("UTBREDT_PULL_KILLS", 12);
    let folder = tempfile::tempdir().expect("a folder");
    let address = serve(usize::try_from(services).expect("few"));
    let first = NaiveDate::from_ymd_opt(2024, 4, 1).expect("a day");
    let plan = format!(
        "hosts = [\"{address}\"]\n[[source]]\nid = \"digdir-idporten\"\nkind = \"digdir\"\nschedule = \"daily\"\n\
         url = \"http://{address}\"\nfrom = \"{first}\"\n[source.series]\nowner = \"991825827\"\n\
         series = \"idporten-innlogging\"\ndistance = \"hours\"\nstamp = \"start\"\nkind = \"flow\"\n\
         solution_id = \"minside\"\nmeasures = {{ Antall = \"uses\" }}\norganisation_category = \"TE-orgnum\"\n\
         sum_categories = [\"TE\"]\n"
    );
    fs::write(folder.path().join("utbredt.toml"), plan).expect("written");
    let now = (first + Days::new(days)).and_hms_opt(6, 0, 0).expect("a time").and_utc();
    let pull = ["source", "run", "digdir-idporten", "--local"];
    let run = |lake: &Path, words: &[&str]| {
        let status = command(folder.path(), lake, now, words).status().expect("it starts");
        assert!(status.success(), "{words:?}: {status}");
    };
    let calm = folder.path().join("calm");
    run(&calm, &["init"]);
    let started = Instant::now();
    run(&calm, &pull);
    let whole = started.elapsed();
    assert_eq!(editions(&calm).len() as u64, 1 + days);

    let stormy = folder.path().join("stormy");
    run(&stormy, &["init"]);
    let (mut hits, mut seed) = (0, 0x2545_f491_4f6c_dd1d_u64);
    for _ in 0..kills {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Together as long as a calm pull, so that the kills fall all over it.
        let moment = whole.mul_f64(2.0 / kills as f64 * (seed >> 40) as f64 / f64::from(1 << 24));
        let mut child = command(folder.path(), &stormy, now, &pull).spawn().expect("it starts");
        let until = Instant::now() + moment;
        while Instant::now() < until && child.try_wait().expect("a child").is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().expect("sent, or too late");
        hits += u64::from(child.wait().expect("it ended").signal() == Some(9));
        let current = editions(&stormy);
        assert_eq!(current, editions(&calm)[..current.len()], "a kill leaves whole days and nothing else");
    }
    run(&stormy, &pull);
    println!("{hits} kills of a pull that takes {whole:?} ({days} days, {services} services)");
    assert!(hits * 2 > kills, "{hits} of {kills} kills hit");
    assert_eq!(editions(&stormy), editions(&calm));
    assert_eq!(Lake::open(&stormy).expect("a lake").verify().expect("read").problems, Vec::<String>::new());
    // A later look asks for the newest days again, and finds nothing new.
    let later = now + TimeDelta::hours(1);
    assert!(command(folder.path(), &stormy, later, &pull).status().expect("it starts").success());
    assert_eq!(editions(&stormy), editions(&calm));
}
