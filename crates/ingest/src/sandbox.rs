//! The sandbox: a workbook and a large payload, from a file or a network, are parsed by another process of the same
//! program, which may take so much memory and time and no more, opens nothing, and may die. What it cannot parse is
//! rejected; this process goes on.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread::Scope;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utbredt_model::{Parsed, Reason, Register};
use utbredt_sources::delimited::{self, About, Known};
use utbredt_sources::register::{self, RegisterFile};

mod error;
mod pieces;

pub use self::error::SandboxError;
pub(crate) use self::pieces::pieces;
use crate::connectors;
use crate::format::Format;
use crate::with_causes;

/// Memory a parser may fill.
const MEMORY: u64 = 512 << 20;
/// Seconds a parser may compute, and for each MiB more: what it may take depends on the file, not on what else runs.
const SECONDS: u64 = 30;
const SECONDS_PER_MIB: u64 = 2;
/// The longest a parser is waited for that does not compute at all.
const DEADLINE: Duration = Duration::from_secs(1800);
/// The most a parser may answer.
const MAX_ANSWER: u64 = 256 << 20;
/// Text up to this size is parsed here: it cannot fill more than a few times its own size.
const SMALL: usize = 1 << 20;

static PARSER: OnceLock<SandboxedParser> = OnceLock::new();

/// The program that parses in the sandbox.
#[derive(Debug, Clone)]
pub struct SandboxedParser {
    program: PathBuf,
    arguments: Vec<String>,
    deadline: Duration,
}

impl SandboxedParser {
    /// A program that, with these arguments, does nothing but [`run_child`].
    #[must_use]
    pub fn new(program: PathBuf, arguments: Vec<String>) -> Self {
        Self { program, arguments, deadline: DEADLINE }
    }

    /// Lets it parse for this process from now on. The first one given stays.
    pub fn install(self) {
        let _ = PARSER.set(self);
    }

    fn parse(
        &self,
        format: &dyn Format,
        bytes: &[u8],
        received_at: DateTime<Utc>,
    ) -> Result<Parsed, SandboxError> {
        let (name, settings) = (format.name().to_owned(), format.settings()?);
        self.call(Task::Parse { format: name, settings, received_at }, bytes)
    }

    /// Starts the other process.
    fn start(&self) -> Result<(Child, ChildStdin, ChildStdout), SandboxError> {
        // Nothing of this process's surroundings is the parser's business. Its allocator must not set memory aside that
        // would count against the limit, or evade it.
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .env("MIMALLOC_ARENA_RESERVE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(SandboxError::Start)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(SandboxError::Pipes);
        };
        Ok((child, input, output))
    }

    /// Has a task done and takes what comes back.
    fn call<T: DeserializeOwned>(&self, task: Task, bytes: &[u8]) -> Result<T, SandboxError> {
        let (mut child, input, output) = self.start()?;
        let order = order(task, bytes.len() as u64)?;
        std::thread::scope(|scope| {
            send(scope, input, order, bytes);
            self.receive(&mut child, &read_on_thread(scope, output), bytes.len() as u64)
        })
    }

    fn receive<T: DeserializeOwned>(
        &self,
        child: &mut Child,
        answer: &Receiver<io::Result<Vec<u8>>>,
        bytes: u64,
    ) -> Result<T, SandboxError> {
        let answer = answer.recv_timeout(self.deadline);
        let too_much = matches!(&answer, Ok(Ok(answer)) if answer.len() as u64 > MAX_ANSWER);
        if answer.is_err() || too_much {
            let _ = child.kill();
        }
        let ended = child.wait().map_err(|_| SandboxError::Pipes)?;
        match answer {
            Err(_) => Err(SandboxError::Deadline(self.deadline.as_secs())),
            Ok(_) if too_much => Err(SandboxError::TooMuch),
            Ok(Ok(answer)) if ended.success() => Ok(serde_json::from_slice(&answer)?),
            Ok(_) => Err(died(ended, bytes)),
        }
    }
}

fn send<'scope>(scope: &'scope Scope<'scope, '_>, mut input: ChildStdin, task: Vec<u8>, bytes: &'scope [u8]) {
    // A parser that ends early breaks the pipe; its end says why.
    scope.spawn(move || input.write_all(&task).and_then(|()| input.write_all(bytes)));
}

fn read_on_thread<'scope>(
    scope: &'scope Scope<'scope, '_>,
    output: ChildStdout,
) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = channel();
    scope.spawn(move || {
        let mut answer = Vec::new();
        let read = output.take(MAX_ANSWER + 1).read_to_end(&mut answer);
        let _ = sender.send(read.map(|_| answer));
    });
    receiver
}

/// The seconds that a parser may compute for so many bytes.
fn seconds(bytes: u64) -> u64 {
    SECONDS + SECONDS_PER_MIB * (bytes >> 20)
}

fn died(ended: ExitStatus, bytes: u64) -> SandboxError {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        // SIGKILL and SIGXCPU end what computes too long, SIGABRT what is given no more memory.
        match ended.signal() {
            Some(9 | 24) => return SandboxError::Computing(seconds(bytes)),
            Some(6) => return SandboxError::Memory,
            _ => {}
        }
    }
    let _ = bytes;
    SandboxError::Died(ended)
}

/// The line before the bytes: what is to be done with them, and how long it may take.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    seconds: u64,
    task: Task,
}

fn order(task: Task, bytes: u64) -> Result<Vec<u8>, SandboxError> {
    let mut line = serde_json::to_vec(&Order { seconds: seconds(bytes), task })?;
    line.push(b'\n');
    Ok(line)
}

/// What is to be done with some bytes.
#[derive(Debug, Serialize, Deserialize)]
enum Task {
    /// Parse them by a registered format, as they came at a moment.
    Parse { format: String, settings: Value, received_at: DateTime<Utc> },
    /// Parse them by the contract of a registered format, piece by piece.
    Pieces { format: String, settings: Value },
    /// Propose a contract that reads them.
    Propose { about: About, known: Known },
    /// Read them as a file of a register.
    Register { table: String },
}

/// Parses a payload: in the sandbox where there is one and the bytes may do harm, else here.
pub(crate) fn parse(format: &dyn Format, bytes: &[u8], received_at: DateTime<Utc>) -> Parsed {
    let small_text = bytes.len() <= SMALL && !format.is_workbook(bytes);
    match PARSER.get() {
        Some(parser) if !small_text => parser
            .parse(format, bytes, received_at)
            .unwrap_or_else(|error| Parsed { breaches: vec![with_causes(&error)], ..Parsed::default() }),
        _ => format.parse(bytes, received_at),
    }
}

/// Reads a file of a register: in the sandbox where there is one and the bytes may do harm.
pub(crate) fn parse_register(bytes: &[u8], register: &Register) -> Result<RegisterFile, SandboxError> {
    let small_text = bytes.len() <= SMALL && !bytes.starts_with(b"PK");
    match PARSER.get() {
        Some(parser) if !small_text => {
            parser.call(Task::Register { table: register.table.to_owned() }, bytes)
        }
        _ => Ok(register::parse(bytes, register)),
    }
}

/// Proposes the contract that reads a file, as [`delimited::propose`] does: in the sandbox where there is one, since what
/// kind of file it is shows only inside.
///
/// # Errors
/// [`SandboxError`], also when there is no such contract.
pub fn propose(bytes: &[u8], about: &About, known: &Known) -> Result<String, SandboxError> {
    let proposed = match PARSER.get() {
        Some(parser) => {
            let task = Task::Propose { about: about.clone(), known: known.clone() };
            parser.call::<Result<String, Reason>>(task, bytes)?
        }
        None => delimited::propose(bytes, about, known),
    };
    Ok(proposed?)
}

/// What the other process does: binds itself to the limits, reads a line with the task and the bytes behind it, and
/// writes what comes of them.
///
/// # Errors
/// When a limit cannot be set, or the input is not what [`SandboxedParser`] sends.
pub fn run_child(input: impl Read, output: impl Write) -> io::Result<()> {
    limit()?;
    let mut input = BufReader::new(input);
    let mut order = Vec::new();
    input.read_until(b'\n', &mut order)?;
    let Order { seconds, task } = serde_json::from_slice(&order)?;
    limit_computing(seconds)?;
    let mut output = BufWriter::new(output);
    let mut all = || {
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes).map(|_| bytes)
    };
    match task {
        Task::Pieces { format, settings } => {
            let format = connectors::format(&format, settings).map_err(io::Error::other)?;
            let contract = format.contract().ok_or_else(|| io::Error::other("it has no contract"))?;
            pieces::run_child(contract, input, &mut output)?;
        }
        Task::Parse { format, settings, received_at } => {
            let bytes = all()?;
            let format = connectors::format(&format, settings).map_err(io::Error::other)?;
            serde_json::to_writer(&mut output, &format.parse(&bytes, received_at))?;
        }
        Task::Register { table } => {
            let register =
                Register::named(&table).ok_or_else(|| io::Error::other("there is no such register"))?;
            serde_json::to_writer(&mut output, &register::parse(&all()?, register))?;
        }
        Task::Propose { about, known } => {
            let bytes = all()?;
            serde_json::to_writer(&mut output, &delimited::propose(&bytes, &about, &known))?;
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
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_NOFILE, 3),
        (Resource::RLIMIT_CORE, 0),
    ] {
        setrlimit(resource, most, most)?;
    }
    Ok(())
}

/// Set when it is known how much there is to be read.
#[cfg(target_os = "linux")]
fn limit_computing(seconds: u64) -> io::Result<()> {
    use nix::sys::resource::{Resource, setrlimit};
    Ok(setrlimit(Resource::RLIMIT_CPU, seconds, seconds)?)
}

/// Elsewhere the deadline alone binds.
#[cfg(not(target_os = "linux"))]
fn limit() -> io::Result<()> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn limit_computing(_seconds: u64) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::{Delimited, tests::formats};
    use utbredt_sources::delimited::Contract;

    fn contract() -> Delimited {
        let text = "source_id = \"s\"\nversion = 1\nsubject.column = \"k\"\nperiod.column = \"p\"\n\
            solution.fixed = \"digihelse\"\nmeasure.fixed = \"uses\"\nvalue.column = \"n\"\n\
            delimiter = \";\"\nsymbols = { x = \"suppressed\" }\ntotals.names = [\"Sum\"]\n";
        Delimited(Contract::from_toml(text).unwrap())
    }

    fn morning() -> DateTime<Utc> {
        "2026-11-24T06:00:00Z".parse().unwrap()
    }

    fn shell(script: &str, deadline: u64) -> SandboxedParser {
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        SandboxedParser { program: "/bin/sh".into(), arguments, deadline: Duration::from_millis(deadline) }
    }

    /// What the other side makes of the bytes, without another process.
    fn across(format: &dyn Format, bytes: &[u8]) -> Parsed {
        let (name, settings) = (format.name().to_owned(), format.settings().unwrap());
        let task = Task::Parse { format: name, settings, received_at: morning() };
        let task: Task = serde_json::from_slice(&serde_json::to_vec(&task).unwrap()).unwrap();
        let Task::Parse { format, settings, received_at } = task else { panic!("another task") };
        let parsed = connectors::format(&format, settings).unwrap().parse(bytes, received_at);
        serde_json::from_slice(&serde_json::to_vec(&parsed).unwrap()).unwrap()
    }

    #[test]
    fn what_is_said_across_is_what_is_said_here() {
        let bytes = b"k;p;n\n0301;2024-01;5\n4601;2024-01;x\n9999;2024;1\nSum;2024;5\n";
        let here = contract().parse(bytes, morning());
        assert_eq!((here.observations.len(), here.rejections.len()), (2, 2));
        assert_eq!(across(&contract(), bytes), here);
    }

    /// Every registered format has an example; without one, this fails.
    #[test]
    fn every_format_goes_across() {
        let examples = formats();
        let names: Vec<&str> = examples.iter().map(|(format, _)| format.name()).collect();
        let registered = connectors::REGISTRY.iter().filter(|one| one.format.is_some());
        assert_eq!(names, registered.map(|one| one.name).collect::<Vec<_>>());
        for (format, bytes) in &examples {
            let here = format.parse(bytes.as_bytes(), morning());
            assert!(here.breaches.is_empty(), "{format:?}: {:?}", here.breaches);
            assert!(!here.observations.is_empty() || !here.rejections.is_empty(), "{format:?}");
            assert_eq!(across(format.as_ref(), bytes.as_bytes()), here, "{format:?}");
        }
    }

    #[test]
    fn a_parser_that_fails_is_an_error_with_the_reason() {
        for (script, deadline, word) in [
            ("cat >/dev/null; kill -6 $$", 20_000, "512 MiB of memory"),
            ("cat >/dev/null; kill -24 $$", 20_000, "34 s of computing"),
            ("exec sleep 30", 200, "longer than 0 s"),
            ("exit 1", 20_000, "does not survive it (exit status: 1)"),
            ("cat >/dev/null; echo '{}'", 20_000, "is not understood"),
            ("cat", 20_000, "is not understood"),
        ] {
            let failed = shell(script, deadline).parse(&contract(), &vec![b'x'; 2 << 20], morning());
            let why = failed.unwrap_err().to_string();
            assert!(why.contains(word), "{script}: {why}");
        }
        let none = SandboxedParser::new("no/such/program".into(), Vec::new());
        let why = with_causes(&none.parse(&contract(), b"", morning()).unwrap_err());
        assert!(why.contains("cannot be parsed in the sandbox: No such file"), "{why}");
    }
}
