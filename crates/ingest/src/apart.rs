//! Reading apart: a workbook and a large payload, from a file or a network, are parsed by another process of the same
//! program, which may take so much memory and time and no more, opens nothing, and may die. What it cannot read is
//! refused; this process goes on.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utbredt_model::Parsed;
use utbredt_sources::delimited::{self, About, Known};

use crate::Source;

/// Memory a reader may fill.
const MEMORY: u64 = 512 << 20;
/// Seconds a reader may compute.
const SECONDS: u64 = 30;
/// The longest a reader is waited for.
const DEADLINE: Duration = Duration::from_secs(60);
/// The most a reader may tell.
const MOST_TOLD: u64 = 256 << 20;
/// Text up to this size is read here: it cannot fill more than a few times its own size.
const SMALL: usize = 1 << 20;

static READER: OnceLock<Reader> = OnceLock::new();

/// The program that reads apart.
#[derive(Debug, Clone)]
pub struct Reader {
    program: PathBuf,
    arguments: Vec<String>,
    deadline: Duration,
}

impl Reader {
    /// A program that, with these arguments, does nothing but [`read_here`].
    #[must_use]
    pub fn new(program: PathBuf, arguments: Vec<String>) -> Self {
        Self { program, arguments, deadline: DEADLINE }
    }

    /// Lets it read for this process from now on. The first one given stays.
    pub fn install(self) {
        let _ = READER.set(self);
    }

    fn parse(&self, source: &Source, bytes: &[u8], received_at: DateTime<Utc>) -> Parsed {
        let refused = |why: String| Parsed { breaches: vec![why], ..Parsed::default() };
        self.ask(&Task::Parse { source: Box::new(source.clone()), received_at }, bytes)
            .unwrap_or_else(refused)
    }

    /// Has a task done and takes what comes back, or says why nothing does.
    fn ask<T: DeserializeOwned>(&self, task: &Task, bytes: &[u8]) -> Result<T, String> {
        // Nothing of this process's surroundings is the reader's business. Its allocator must not set memory aside that
        // would count against the limit, or evade it.
        let started = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .env("MIMALLOC_ARENA_RESERVE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        match started {
            Ok(child) => self.hear(child, bytes, task),
            Err(error) => Err(format!("the delivery cannot be read apart: {error}")),
        }
    }

    fn hear<T: DeserializeOwned>(&self, mut child: Child, bytes: &[u8], task: &Task) -> Result<T, String> {
        let (Some(mut to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the delivery cannot be read apart: the reader has no way in or out".to_owned());
        };
        let task = serde_json::to_vec(task).map_err(|error| error.to_string())?;
        let (send, receive) = channel();
        std::thread::scope(|scope| {
            // A reader that ends early breaks the pipe; its end says why.
            scope.spawn(move || {
                to.write_all(&task).and_then(|()| to.write_all(b"\n")).and_then(|()| to.write_all(bytes))
            });
            scope.spawn(move || {
                let mut told = Vec::new();
                let heard = from.take(MOST_TOLD + 1).read_to_end(&mut told);
                let _ = send.send(heard.map(|_| told));
            });
            let told = receive.recv_timeout(self.deadline);
            let too_much = matches!(&told, Ok(Ok(told)) if told.len() as u64 > MOST_TOLD);
            if told.is_err() || too_much {
                let _ = child.kill();
            }
            let ended = child.wait().map_err(|error| error.to_string())?;
            match told {
                Err(_) => {
                    Err(format!("reading it takes longer than {} s: it is refused", self.deadline.as_secs()))
                }
                Ok(_) if too_much => Err("what it says is too much to take in: it is refused".to_owned()),
                Ok(Ok(told)) if ended.success() => serde_json::from_slice(&told)
                    .map_err(|error| format!("its reader is not understood: {error}")),
                Ok(_) => Err(why(ended)),
            }
        })
    }
}

fn why(ended: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        match ended.signal() {
            Some(9 | 24) => {
                return format!("reading it takes more than {SECONDS} s of computing: it is refused");
            }
            Some(6) => {
                return format!("reading it takes more than {} MiB of memory: it is refused", MEMORY >> 20);
            }
            _ => {}
        }
    }
    format!("its reader does not survive it ({ended}): it is refused")
}

/// The line before the bytes: what is to be done with them.
#[derive(Debug, Serialize, Deserialize)]
enum Task {
    /// Read them, as they came at a moment.
    Parse { source: Box<Source>, received_at: DateTime<Utc> },
    /// Propose a contract that reads them.
    Propose { about: About, known: Known },
}

/// Reads a payload: apart where there is a reader and the bytes may do harm, else here.
pub(crate) fn parse(source: &Source, bytes: &[u8], received_at: DateTime<Utc>) -> Parsed {
    let small_text = bytes.len() <= SMALL && !source.is_workbook(bytes);
    match READER.get() {
        Some(reader) if !small_text => reader.parse(source, bytes, received_at),
        _ => source.read(bytes, received_at),
    }
}

/// Proposes the contract that reads a file, as [`delimited::propose`] does: apart where there is a reader, since what
/// kind of file it is shows only inside.
///
/// # Errors
/// Why there is none.
pub fn propose(bytes: &[u8], about: &About, known: &Known) -> Result<String, String> {
    match READER.get() {
        Some(reader) => {
            let task = Task::Propose { about: about.clone(), known: known.clone() };
            reader.ask::<Result<String, String>>(&task, bytes).flatten()
        }
        None => delimited::propose(bytes, about, known).map_err(|reason| reason.text),
    }
}

/// What the other process does: binds itself to the limits, reads a line with the task and the bytes behind it, and
/// writes what comes of them.
///
/// # Errors
/// When a limit cannot be set, or the input is not what [`Reader`] sends.
pub fn read_here(input: impl Read, output: impl Write) -> io::Result<()> {
    limit()?;
    let mut input = BufReader::new(input);
    let (mut task, mut bytes) = (Vec::new(), Vec::new());
    input.read_until(b'\n', &mut task)?;
    input.read_to_end(&mut bytes)?;
    let mut output = BufWriter::new(output);
    match serde_json::from_slice(&task)? {
        Task::Parse { source, received_at } => {
            serde_json::to_writer(&mut output, &source.read(&bytes, received_at))?;
        }
        Task::Propose { about, known } => {
            let proposed = delimited::propose(&bytes, &about, &known).map_err(|reason| reason.text);
            serde_json::to_writer(&mut output, &proposed)?;
        }
    }
    output.flush()
}

/// Memory, computing time, no file written, none opened, no image of the memory left behind.
#[cfg(target_os = "linux")]
fn limit() -> io::Result<()> {
    use nix::sys::resource::{Resource, setrlimit};
    // The data segment and not the address space, in which the program's own code would count as well.
    for (resource, most) in [
        (Resource::RLIMIT_DATA, MEMORY),
        (Resource::RLIMIT_CPU, SECONDS),
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_NOFILE, 3),
        (Resource::RLIMIT_CORE, 0),
    ] {
        setrlimit(resource, most, most)?;
    }
    Ok(())
}

/// Elsewhere the deadline alone binds.
#[cfg(not(target_os = "linux"))]
fn limit() -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use utbredt_sources::delimited::Contract;
    use utbredt_sources::fiks::invoice::Invoice;

    fn contract() -> Source {
        let text = "source_id = \"s\"\nversion = 1\nsubject.column = \"k\"\nperiod.column = \"p\"\n\
            solution.fixed = \"digihelse\"\nmeasure.fixed = \"uses\"\nvalue.column = \"n\"\n\
            delimiter = \";\"\nsymbols = { x = \"suppressed\" }\ntotals.names = [\"Sum\"]\n";
        Source::Delimited(Contract::from_toml(text).unwrap())
    }

    fn morning() -> DateTime<Utc> {
        "2026-11-24T06:00:00Z".parse().unwrap()
    }

    fn shell(script: &str, deadline: u64) -> Reader {
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        Reader { program: "/bin/sh".into(), arguments, deadline: Duration::from_millis(deadline) }
    }

    /// A source as it arrives on the other side.
    fn across(source: &Source) -> Source {
        let task = Task::Parse { source: Box::new(source.clone()), received_at: morning() };
        match serde_json::from_slice(&serde_json::to_vec(&task).unwrap()).unwrap() {
            Task::Parse { source, received_at } if received_at == morning() => *source,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_said_across_is_what_is_said_here() {
        let bytes = b"k;p;n\n0301;2024-01;5\n4601;2024-01;x\n9999;2024;1\nSum;2024;5\n";
        let here = contract().read(bytes, morning());
        assert_eq!((here.observations.len(), here.rejections.len()), (2, 2));
        let there = across(&contract()).read(bytes, morning());
        let there: Parsed = serde_json::from_slice(&serde_json::to_vec(&there).unwrap()).unwrap();
        assert_eq!(there, here);
    }

    #[test]
    fn every_way_of_reading_goes_across() {
        let series = "owner = \"991825827\"\nseries = \"idporten-innlogging\"\ndistance = \"hours\"\nstamp = \"end\"\n\
            kind = \"flow\"\nsolution_id = \"minside\"\nmeasures = { Antall = \"uses\" }\n\
            organisation_category = \"TE-orgnum\"\nsum_categories = [\"TE\"]\nfilter = { status = \"ok\" }\n";
        let invoice = "source_id = \"ks\"\nversion = 1\ntext = \"Tekst\"\ncount = \"Antall\"\norganisation = \"Orgnr\"\n";
        let note = crate::rollout::Note {
            municipality_code: "0301".to_owned(),
            from: "2020-01-01".parse().unwrap(),
            note: "merged".to_owned(),
        };
        let point = "[{\"timestamp\":\"2024-04-01T01:00:00Z\",\"measurements\":{\"Antall\":4},\"categories\":\
            {\"TE\":\"a\",\"TE-orgnum\":\"916882807\",\"status\":\"ok\"}}]";
        let list = "[{\"kommunenummer\":\"3907\",\"kanMottaSoknader\":true,\"kanOppdatereStatus\":true,\
            \"harMidlertidigDeaktivertMottak\":false,\"harMidlertidigDeaktivertOppdateringer\":false}]";
        for (source, bytes) in [
            (
                Source::Digisos { notes: vec![note] },
                "event_at,action,kommunenummer,commit\n2020-01-02T00:00:00Z,add,0301,a\n",
            ),
            (Source::Digdir(toml::from_str(series).unwrap()), point),
            (
                Source::Stages,
                "municipality_code,solution_id,stage,valid_from\n0301,digisos,planned,2024-01-01\n",
            ),
            (Source::FiksActivation("digisos".parse().unwrap()), list),
            (
                Source::FiksInvoice(Invoice::from_toml(invoice).unwrap()),
                "Orgnr;Tekst;Antall\n964338531;2024-01 SvarUt - digital forsendelse;3\n",
            ),
        ] {
            let here = source.read(bytes.as_bytes(), morning());
            assert!(here.breaches.is_empty(), "{source:?}: {:?}", here.breaches);
            assert!(!here.observations.is_empty() || !here.rejections.is_empty(), "{source:?}");
            assert_eq!(across(&source).read(bytes.as_bytes(), morning()), here, "{source:?}");
        }
    }

    #[test]
    fn a_reader_that_fails_is_a_refusal_with_the_reason() {
        for (script, deadline, word) in [
            ("cat >/dev/null; kill -6 $$", 20_000, "512 MiB of memory"),
            ("cat >/dev/null; kill -24 $$", 20_000, "30 s of computing"),
            ("exec sleep 30", 200, "longer than 0 s"),
            ("exit 1", 20_000, "does not survive it (exit status: 1)"),
            ("cat >/dev/null; echo '{}'", 20_000, "is not understood"),
            ("cat", 20_000, "is not understood"),
        ] {
            let parsed = shell(script, deadline).parse(&contract(), &vec![b'x'; 2 << 20], morning());
            assert!(parsed.breaches[0].contains(word), "{script}: {:?}", parsed.breaches);
            assert!(parsed.observations.is_empty());
        }
        let none = Reader::new("no/such/program".into(), Vec::new()).parse(&contract(), b"", morning());
        assert!(none.breaches[0].contains("cannot be read apart"), "{:?}", none.breaches);
    }
}
