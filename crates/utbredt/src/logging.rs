//! Where the log goes: to standard error, for people on a terminal and as JSON elsewhere.

use std::io::{self, IsTerminal as _, Write};
use std::str::FromStr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, ParseError};

use crate::escape::{Form, escape};

/// What is logged: a level for this program's own crates, or a filter of `tracing-subscriber`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogFilter(String);

impl LogFilter {
    /// For commands that run until they are stopped: the log is what they have to say.
    pub(crate) fn of_a_server() -> Self {
        Self::level("info")
    }

    /// For commands that print their result: only what went wrong.
    pub(crate) fn of_a_command() -> Self {
        Self::level("warn")
    }

    /// A level alone is about our crates; the libraries below are chatty and stay at warnings.
    fn level(level: &str) -> Self {
        Self(format!("warn,utbredt={level}"))
    }
}

impl FromStr for LogFilter {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = text.trim();
        match text.parse::<LevelFilter>() {
            // "No more than errors" is about the libraries too.
            Ok(level) if level < LevelFilter::WARN => Ok(Self(text.to_owned())),
            Ok(_) => Ok(Self::level(text)),
            Err(_) => EnvFilter::builder().parse(text).map(|_| Self(text.to_owned())),
        }
    }
}

/// Begins logging; once in a process.
///
/// # Errors
/// When the filter cannot be read, which [`LogFilter`] has ruled out.
pub(crate) fn init(filter: &LogFilter) -> Result<(), ParseError> {
    let filter = EnvFilter::builder().parse(&filter.0)?;
    let terminal = io::stderr().is_terminal();
    let form = if terminal { Form::Shown } else { Form::Document };
    // Whoever closed standard error wants no log, and no panic about it either.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || Escaped { out: io::stderr(), form })
        // No colours: their codes cannot be told from those that came in with a text.
        .with_ansi(false)
        .log_internal_errors(false);
    if terminal {
        builder.init();
    } else {
        // One object per line, its fields at the top: what collectors of logs read.
        builder.json().flatten_event(true).with_span_list(false).init();
    }
    Ok(())
}

/// Writes events, each of which comes as one piece with a line break at its end.
struct Escaped<W> {
    out: W,
    form: Form,
}

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        // A line break inside would begin an event that never was.
        let mut escaped = escape(line, self.form, &[]).into_owned();
        escaped.push_str(&text[line.len()..]);
        self.out.write_all(escaped.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_of_what_is_seen() {
        for (form, written) in [
            (Form::Shown, "WARN subject=\\u{1b}[2Ja\\u{a}b\\u{202e}\n"),
            (Form::Document, "WARN subject=\\u001b[2Ja\\u000ab\\u202e\n"),
        ] {
            let mut log = Escaped { out: Vec::new(), form };
            log.write_all("WARN subject=\u{1b}[2Ja\nb\u{202e}\n".as_bytes()).unwrap();
            assert_eq!(String::from_utf8(log.out).unwrap(), written);
        }
    }

    #[test]
    fn a_level_is_about_our_crates_and_a_filter_is_taken_as_it_is() {
        let read = |text: &str| text.parse::<LogFilter>().map(|filter| filter.0).ok();
        assert_eq!(read("debug").as_deref(), Some("warn,utbredt=debug"));
        assert_eq!(read("off").as_deref(), Some("off"));
        assert_eq!(read("error").as_deref(), Some("error"));
        assert_eq!(read("info,datafusion=debug").as_deref(), Some("info,datafusion=debug"));
        assert_eq!(read("utbredt=loud"), None);
    }
}
