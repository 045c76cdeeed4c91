//! The national sources behind one address, as they document themselves and in good health: Maskinporten and the Fiks
//! platform, Statistics Norway's tables and classifications, Brreg, Kartverket. Each takes its time.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value, json};

/// How long a source thinks before it answers.
const THINKING: Duration = Duration::from_millis(40);

/// The years the office has counted; the last is later than any the program is shipped with.
const YEARS: [i32; 2] = [2026, 2027];

/// The password of the platform's integration.
pub(crate) const PASSWORD: &str = "open sesame";

pub(crate) fn datasets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets")
}

/// Rows of a shipped table of reference, by the place of their fields.
fn shipped(name: &str) -> Vec<Vec<String>> {
    let path = datasets().join("reference").join(name).with_extension("csv");
    let text = fs::read_to_string(path).expect("the datasets are there");
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// What the sources know, as answers ready to give.
struct Knowledge {
    activations: String,
    persons: BTreeMap<String, i64>,
    changes: String,
    units: Vec<Value>,
    places: String,
}

/// The municipalities of today: code and name.
pub(crate) fn places() -> Vec<(String, String)> {
    let alive = shipped("municipalities").into_iter().filter(|row| row[4].is_empty());
    alive.map(|row| (row[0].clone(), row[1].split(" (").next().expect("a name").to_owned())).collect()
}

impl Knowledge {
    fn new() -> Self {
        let change = |date: &str, old: [&str; 2], new: [&str; 2]| json!({"oldCode": old[0], "oldName": old[1], "newCode": new[0], "newName": new[1], "changeOccurred": date});
        let of_2024 = shipped("municipality_changes").into_iter().filter(|row| row[0] == "2024-01-01");
        let mut changes: Vec<Value> =
            of_2024.map(|r| change(&r[0], [&r[1], &r[3]], [&r[2], &r[4]])).collect();
        changes.push(change("2028-01-01", ["4627", "Askøy"], ["4601", "Bergen"]));
        let all_ages = shipped("population").into_iter();
        let all_ages =
            all_ages.filter(|r| r[2] == "2026-01-01" && (r[3].as_str(), r[4].as_str()) == ("0", ""));
        let own = shipped("organisations").into_iter();
        let own = own.filter(|row| row[3] == "municipality" && row[5].is_empty());
        let unit = |r: Vec<String>| {
            json!({"organisasjonsnummer": r[0], "navn": format!("{} KOMMUNE", r[1].to_uppercase()),
                   "organisasjonsform": {"kode": "KOMM"}, "forretningsadresse": {"kommunenummer": r[2]}})
        };
        let place = |(code, name): (String, String)| json!({"kommunenummer": code, "kommunenavn": name, "kommunenavnNorsk": name.split(" - ").last()});
        let activation = |(at, (code, _)): (usize, (String, String))| {
            json!({"kommunenummer": code, "kanMottaSoknader": at % 3 != 0, "kanOppdatereStatus": true,
                   "harMidlertidigDeaktivertMottak": at % 3 == 1, "harMidlertidigDeaktivertOppdateringer": false,
                   "harNksTilgang": true, "behandlingsansvarlig": null,
                   "kontaktpersoner": {"fagansvarligEpost": ["ola@example.invalid"], "tekniskAnsvarligEpost": []}})
        };
        Self {
            activations: places().into_iter().enumerate().map(activation).collect::<Value>().to_string(),
            persons: all_ages.map(|r| (r[0].clone(), r[5].parse().expect("a number"))).collect(),
            changes: json!({ "codeChanges": changes }).to_string(),
            units: own.map(unit).collect(),
            places: places().into_iter().map(place).collect::<Value>().to_string(),
        }
    }

    /// Status and body.
    fn answer(&self, request: &Request) -> (u16, String) {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let header = |name: &str| request.headers.get(name).map(String::as_str);
        match (request.method.as_str(), path) {
            ("POST", "/token") if request.body.contains("&assertion=ey") => {
                (200, json!({"access_token": "a-token", "expires_in": 119}).to_string())
            }
            ("GET", "/fiks/kommuner") => {
                let shown = ["authorization", "integrasjonid", "integrasjonpassord"].map(header);
                let right = [Some("Bearer a-token"), Some("us"), Some(PASSWORD)];
                if shown == right { (200, self.activations.clone()) } else { (401, String::new()) }
            }
            ("GET", "/ssb/07459") => (200, metadata(&self.persons)),
            ("POST", "/ssb/07459") => (200, self.count(&request.body)),
            ("GET", "/klass/v1/classifications/131/changes") => (200, self.changes.clone()),
            ("GET", "/brreg/enheter") => (200, self.page(query)),
            ("GET", "/kartverket/kommuner") => (200, self.places.clone()),
            _ => (404, request.target.clone()),
        }
    }

    fn page(&self, query: &str) -> String {
        let of = |name: &str| -> usize {
            let value = query.split('&').find_map(|pair| pair.strip_prefix(name));
            value.and_then(|value| value.parse().ok()).expect("a number")
        };
        let (size, page, total) = (of("size="), of("page="), self.units.len());
        let listed: Vec<&Value> = self.units.iter().skip(page * size).take(size).collect();
        let of_all =
            json!({"size": size, "number": page, "totalElements": total, "totalPages": total.div_ceil(size)});
        json!({"_embedded": {"enheter": listed}, "page": of_all}).to_string()
    }

    /// A cube of what was posted: a tenth of a place is 5 years old, a fifth 70, the rest 30; of each the women are half.
    fn count(&self, question: &str) -> String {
        let question: Value = serde_json::from_str(question).expect("a question");
        let of = |variable: &Value| -> (String, Vec<String>) {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let values = variable["selection"]["values"].as_array().expect("values");
            (text(&variable["code"]), values.iter().map(text).collect())
        };
        let request: Vec<_> = question["query"].as_array().expect("variables").iter().map(of).collect();
        let values = |name: &str| &request.iter().find(|(code, _)| code == name).expect("it is requested").1;
        let mut cells = Vec::new();
        for region in values("Region") {
            let all = self.persons[region];
            for sex in values("Kjonn") {
                for age in values("Alder") {
                    let both = match age.as_str() {
                        "005" => all / 10,
                        "070" => all / 5,
                        "030" => all - all / 10 - all / 5,
                        _ => 0,
                    };
                    cells.push(if sex == "2" { both / 2 } else { both - both / 2 });
                }
            }
        }
        let mut described = Map::new();
        for (code, values) in &request {
            let labels: Map<String, Value> = values.iter().map(|v| (v.clone(), json!(v))).collect();
            described
                .insert(code.clone(), json!({"label": code, "category": {"index": values, "label": labels}}));
        }
        let (ids, sizes): (Vec<_>, Vec<_>) =
            request.iter().map(|(code, values)| (code, values.len())).unzip();
        json!({"version": "2.0", "class": "dataset", "label": "07459", "source": "Statistics Norway",
               "updated": "2026-02-25T07:00:00Z", "id": ids, "size": sizes, "dimension": described, "value": cells})
        .to_string()
    }
}

fn metadata(persons: &BTreeMap<String, i64>) -> String {
    let ages = (0..=80).map(|age| format!("{age:03}{}", if age == 80 { "+" } else { "" }));
    let variables = [
        ("Region", persons.keys().cloned().collect::<Vec<_>>()),
        ("Kjonn", vec!["2".to_owned(), "1".to_owned()]),
        ("Alder", ages.collect()),
        ("ContentsCode", vec!["Personer1".to_owned()]),
        ("Tid", YEARS.map(|year| year.to_string()).to_vec()),
    ];
    let listed = variables
        .map(|(code, values)| json!({"code": code, "text": code, "values": values, "valueTexts": values}));
    json!({ "title": "07459", "variables": listed }).to_string()
}

/// A request.
#[derive(Default)]
struct Request {
    method: String,
    target: String,
    /// Names in lower case.
    headers: BTreeMap<String, String>,
    body: String,
}

impl Request {
    fn read(stream: &TcpStream) -> std::io::Result<Self> {
        let mut reader = BufReader::new(stream);
        let mut lines = (&mut reader).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        let mut words = first.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut headers = BTreeMap::new();
        while let Some(line) = lines.next().transpose()?.filter(|line| !line.is_empty()) {
            if let Some((name, value)) = line.split_once(':') {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = String::new();
        reader.take(length).read_to_string(&mut body)?;
        Ok(Self { method, target, headers, body })
    }
}

/// How often each address was asked, and what was answered: `GET /path 200`.
pub(crate) type Log = Arc<Mutex<BTreeMap<String, u64>>>;

/// Serves them all until the test ends.
pub(crate) fn serve() -> (SocketAddr, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (knowledge, log) = (Arc::new(Knowledge::new()), Log::default());
    let noted = Arc::clone(&log);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (knowledge, log) = (Arc::clone(&knowledge), Arc::clone(&noted));
            // Whoever is killed while it reads leaves a broken pipe.
            std::thread::spawn(move || drop(respond(stream, &knowledge, &log)));
        }
    });
    (address, log)
}

/// Answers one request; what did not change since it was answered last is not said again.
fn respond(mut stream: TcpStream, knowledge: &Knowledge, log: &Log) -> std::io::Result<()> {
    let request = Request::read(&stream)?;
    if request.method.is_empty() {
        return Ok(());
    }
    std::thread::sleep(THINKING);
    let (mut status, mut body) = knowledge.answer(&request);
    let sum = body.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let tag = format!("\"{sum:x}\"");
    if request.headers.get("if-none-match") == Some(&tag) {
        (status, body) = (304, String::new());
    }
    let path = request.target.split('?').next().unwrap_or_default();
    *log.lock().expect("no panic").entry(format!("{} {path} {status}", request.method)).or_default() += 1;
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nETag: {tag}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}
