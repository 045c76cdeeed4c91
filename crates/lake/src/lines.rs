//! A line that cannot change unseen: a JSON object whose last field is a hash of all before it. A line without one is of an older
//! version.

use std::io::{self, BufRead, BufReader, Read};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::disk;

/// What comes before the hash, and after it.
const BEGIN: &[u8] = b",\"checksum\":\"";
const END: &[u8] = b"\"}";

/// Digits of the hash that are kept: it guards against accidents, not against people.
const DIGITS: usize = 16;

/// Why a line tells nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is no whole object: a process was stopped while it wrote it.
    Torn,
    /// It is not what was written.
    Damaged,
}

fn checksum(body: &[u8]) -> String {
    let mut digits = disk::sha256(body);
    digits.truncate(DIGITS);
    digits
}

/// The line of a value that is an object with fields, without the end of the line.
pub(crate) fn seal(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    // The object is opened again, for one more field.
    line.pop();
    let sum = checksum(&line);
    line.extend([BEGIN, sum.as_bytes(), END].concat());
    Ok(line)
}

/// What a line holds.
pub(crate) fn open<T: DeserializeOwned>(line: &[u8]) -> Result<T, Unreadable> {
    let cut = line.len().checked_sub(BEGIN.len() + DIGITS + END.len());
    if let Some((body, field)) = cut.and_then(|at| line.split_at_checked(at))
        && let Some(found) = field.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END))
        && found != checksum(body).as_bytes()
    {
        return Err(Unreadable::Damaged);
    }
    serde_json::from_slice(line).map_err(|_| Unreadable::Torn)
}

/// Shows every line that has its end, and gives how many bytes they take. One without it is being written, or its writer
/// was stopped: then the next one ends it.
pub(crate) fn each(from: impl Read, mut show: impl FnMut(&[u8])) -> io::Result<u64> {
    let mut from = BufReader::with_capacity(1 << 16, from);
    let (mut line, mut bytes) = (Vec::new(), 0);
    loop {
        line.clear();
        let read = from.read_until(b'\n', &mut line)?;
        let Some(whole) = line.strip_suffix(b"\n") else { return Ok(bytes) };
        bytes += read as u64;
        show(whole);
    }
}
