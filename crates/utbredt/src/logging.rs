//! Where the log goes: to standard error, for people on a terminal and as JSON elsewhere.

use std::io::IsTerminal as _;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, ParseError};

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
    // Whoever closed standard error wants no log, and no panic about it either.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    if std::io::stderr().is_terminal() {
        builder.init();
    } else {
        // One object per line, its fields at the top: what collectors of logs read.
        builder.json().flatten_event(true).with_span_list(false).init();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
