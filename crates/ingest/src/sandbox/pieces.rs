//! Delimited text of any size through the sandbox: the other process reads it piece by piece, and says what each piece says
//! before it reads the next.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::ChildStdout;

use serde::{Deserialize, Serialize};
use utbredt_sources::delimited::{Contract, Ending, Piece, Stream, whole_rows};

use super::{PARSER, SandboxError, SandboxedParser, Task};
use crate::format::Format;

/// Bytes of a piece, about.
const PIECE: usize = if cfg!(test) { 4 << 10 } else { 2 << 20 };

/// Bytes without the end of a row after which a quote is taken to be never closed.
const MOST_CARRIED: usize = 4 << 20;

/// Bytes of a row that is too long which are kept with its rejection.
const BEGINNING: usize = 2000;

/// The longest line the other process may say: what a piece says is several times as long as the piece.
const MOST_SAID: u64 = 128 << 20;

/// What the other process says, a line each.
#[derive(Debug, Serialize, Deserialize)]
enum Said {
    Piece(Piece),
    End(Ending),
}

/// Reads a payload by a contract, and gives what each piece says; `take` may stop the reading by an error. In the sandbox where
/// there is one.
pub(crate) fn pieces<E: From<SandboxError>>(
    (format, contract): (&dyn Format, &Contract),
    (from, bytes): (impl Read + Send, u64),
    take: &mut dyn FnMut(Piece) -> Result<(), E>,
) -> Result<Ending, E> {
    match PARSER.get() {
        Some(parser) => parser.pieces(format, (from, bytes), take),
        None => read(contract, from, take, |error| SandboxError::Payload(error).into()),
    }
}

/// Reads a payload here.
fn read<E>(
    contract: &Contract,
    from: impl Read,
    take: &mut dyn FnMut(Piece) -> Result<(), E>,
    failed: impl Fn(io::Error) -> E,
) -> Result<Ending, E> {
    let mut from = BufReader::with_capacity(PIECE, from);
    let mut stream = Stream::new(contract);
    let mut line_break = None;
    let mut carried: Vec<u8> = Vec::new();
    loop {
        let before = carried.len();
        (&mut from).take(PIECE as u64).read_to_end(&mut carried).map_err(&failed)?;
        let is_last = carried.len() == before;
        let line_break = *line_break.get_or_insert_with(|| Stream::line_break(&carried, contract));
        let whole = if is_last { carried.len() } else { whole_rows(&carried, line_break, MOST_CARRIED) };
        if whole == 0 && carried.len() > MOST_CARRIED {
            // No row is so long: it is passed over without being gathered, and refused.
            let beyond = skip_line(&mut from, line_break).map_err(&failed)?;
            let bytes = carried.len() as u64 + beyond;
            take(stream.refuse_row(&carried[..BEGINNING], bytes))?;
            carried.clear();
        } else if whole > 0 {
            // The rest of a row waits for the next bytes.
            take(stream.take(&carried[..whole]))?;
            carried.drain(..whole);
        }
        if is_last {
            return Ok(stream.finish());
        }
    }
}

/// Passes over the rest of a line; gives its length without the line break.
fn skip_line(from: &mut impl BufRead, line_break: u8) -> io::Result<u64> {
    let mut bytes = 0;
    loop {
        let piece = from.fill_buf()?;
        let end = piece.iter().position(|byte| *byte == line_break);
        let length = end.unwrap_or(piece.len());
        bytes += length as u64;
        let is_over = end.is_some() || piece.is_empty();
        from.consume(length + usize::from(end.is_some()));
        if is_over {
            return Ok(bytes);
        }
    }
}

/// What the other process does: reads the bytes behind the task, and writes a line for each piece.
pub(super) fn run_child(contract: &Contract, from: impl Read, output: &mut impl Write) -> io::Result<()> {
    let ending = read(
        contract,
        from,
        &mut |piece| {
            serde_json::to_writer(&mut *output, &Said::Piece(piece))?;
            output.write_all(b"\n")
        },
        |error| error,
    )?;
    serde_json::to_writer(output, &Said::End(ending))?;
    Ok(())
}

impl SandboxedParser {
    fn pieces<E: From<SandboxError>>(
        &self,
        format: &dyn Format,
        (mut from, bytes): (impl Read + Send, u64),
        take: &mut dyn FnMut(Piece) -> Result<(), E>,
    ) -> Result<Ending, E> {
        let settings = format.settings().map_err(SandboxError::from)?;
        let task = Task::Pieces { format: format.name().to_owned(), settings };
        let (mut child, mut input, output) = self.start()?;
        let order = super::order(task, bytes)?;
        std::thread::scope(|scope| {
            // A parser that ends early breaks the pipe; its end says why.
            scope.spawn(move || {
                input.write_all(&order).and_then(|()| io::copy(&mut from, &mut input).map(drop))
            });
            let answered = answers(BufReader::new(output), take);
            // It may still be writing, and nobody listens any more.
            if answered.is_err() {
                let _ = child.kill();
            }
            let ended = child.wait().map_err(|_| SandboxError::Pipes)?;
            match answered? {
                Some(ending) if ended.success() => Ok(ending),
                _ => Err(super::died(ended, bytes).into()),
            }
        })
    }
}

/// Takes what is said, line by line; no ending when the other process ended before.
fn answers<E: From<SandboxError>>(
    mut output: BufReader<ChildStdout>,
    take: &mut dyn FnMut(Piece) -> Result<(), E>,
) -> Result<Option<Ending>, E> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut output).take(MOST_SAID).read_until(b'\n', &mut line);
        let read = read.map_err(|_| SandboxError::Pipes)?;
        if read == 0 {
            return Ok(None);
        }
        if read as u64 == MOST_SAID {
            return Err(SandboxError::TooMuch.into());
        }
        match serde_json::from_slice(&line) {
            Ok(Said::Piece(piece)) => take(piece)?,
            Ok(Said::End(ending)) => return Ok(Some(ending)),
            // Cut in the middle: its end says why.
            Err(error) if error.is_eof() => return Ok(None),
            Err(error) => return Err(SandboxError::from(error).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: &str = "source_id = \"s\"\nversion = 1\nsubject.column = \"k\"\nperiod.column = \"p\"\n\
        solution.fixed = \"digihelse\"\nmeasure.fixed = \"uses\"\nvalue.column = \"n\"\ndelimiter = \";\"\n";

    #[test]
    fn a_row_that_is_too_long_is_refused_and_not_gathered() {
        let contract = Contract::from_toml(CONTRACT).unwrap();
        let length = 3 * MOST_CARRIED + 17;
        let text = format!("k;p;n\n0301;2024-01;5\n{}\n1103;2024-01;7\n", "x".repeat(length));
        for text in [text.as_str(), text.trim_end_matches("1103;2024-01;7\n")] {
            let mut rows = Vec::new();
            let ending = read::<io::Error>(
                &contract,
                text.as_bytes(),
                &mut |piece| {
                    rows.extend(piece.observations.into_iter().map(|one| one.row));
                    Ok(())
                },
                |error| error,
            );
            let whole = utbredt_sources::delimited::parse(text.as_bytes(), &contract);
            assert_eq!(rows, whole.observations.iter().map(|one| one.row).collect::<Vec<_>>());
            let rejections = ending.unwrap().parsed.rejections;
            assert_eq!(rejections, whole.rejections);
            assert!(rejections[0].reason.starts_with(&format!("the row is {length} bytes long")));
        }
    }

    #[test]
    fn what_is_said_across_is_what_is_read_here() {
        let contract = Contract::from_toml(CONTRACT).unwrap();
        let mut text = "k;p;n\n".to_owned();
        for row in 0..20_000 {
            text += &format!("{:04};2024-{:02};{}\n", 1000 + row / 12 % 8_000, 1 + row % 12, row);
        }
        text += "0301;2024-13;5\n";
        let mut here = (0, Vec::new());
        let ending = read::<io::Error>(
            &contract,
            text.as_bytes(),
            &mut |piece| {
                here.0 += 1;
                here.1.extend(piece.observations.into_iter().map(|one| one.row));
                Ok(())
            },
            |error| error,
        );
        let ending = ending.unwrap();
        assert!(here.0 > 50, "{}", here.0);
        let whole = utbredt_sources::delimited::parse(text.as_bytes(), &contract);
        let rows: Vec<u64> = whole.observations.iter().map(|one| one.row).collect();
        assert!(here.1 == rows && rows.len() > 19_000, "{} of {}", here.1.len(), rows.len());
        assert_eq!((ending.parsed.rows_in, &ending.parsed.rejections), (20_001, &whole.rejections));

        let mut said = Vec::new();
        run_child(&contract, text.as_bytes(), &mut said).unwrap();
        let lines: Vec<&[u8]> = said.split(|byte| *byte == b'\n').collect();
        let last: Said = serde_json::from_slice(lines.last().unwrap()).unwrap();
        assert!(matches!(last, Said::End(across) if across == ending));
        assert_eq!(lines.len(), here.0 + 1);
    }
}
