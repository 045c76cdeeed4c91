//! What a key is good for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::newtype::checked_text;
use crate::{IdError, SourceId, nearest};

checked_text! {
    /// A table of the lake, `rollout_events`.
    TableName: IdError = table_name;
}

fn table_name(text: &str) -> Result<(), IdError> {
    // A table is named as a source is.
    SourceId::parse(text).map(|_| ())
}

/// One thing a key allows. As text `read`, `upload:SOURCE`, `register:TABLE`, `sql` or `operate`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// Values, look-ups, editions and the catalogue.
    Read,
    /// Deliveries of this source.
    Upload(SourceId),
    /// Rows of this table that people keep.
    Register(TableName),
    /// Statements over the lake's tables.
    Sql,
    /// What only those who run the server see and do: metrics, causes of failures, held deliveries and their release. Includes
    /// [`Scope::Read`], since rows can be read in held deliveries.
    Operate,
}

/// A text that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no scope{}; a scope is `read`, `upload:SOURCE`, `register:TABLE`, `sql` or `operate`",
    .nearest.as_ref().map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default()
)]
pub struct ScopeError {
    /// The text.
    pub text: String,
    /// The scope most like it.
    pub nearest: Option<String>,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("read"),
            Self::Upload(source) => write!(f, "upload:{source}"),
            Self::Register(table) => write!(f, "register:{table}"),
            Self::Sql => f.write_str("sql"),
            Self::Operate => f.write_str("operate"),
        }
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let (kind, of) = text.split_once(':').map_or((text, None), |(kind, of)| (kind, Some(of)));
        let found = match (kind, of) {
            ("read", None) => Some(Self::Read),
            ("sql", None) => Some(Self::Sql),
            ("operate", None) => Some(Self::Operate),
            ("upload", Some(source)) => SourceId::parse(source).ok().map(Self::Upload),
            ("register", Some(table)) => TableName::parse(table).ok().map(Self::Register),
            _ => None,
        };
        found.ok_or_else(|| {
            let meant = nearest(kind, ["read", "upload", "register", "sql", "operate"]);
            let whole = meant.map(|meant| match meant.as_str() {
                "upload" => {
                    format!("upload:{}", of.filter(|of| SourceId::parse(of).is_ok()).unwrap_or("SOURCE"))
                }
                "register" => {
                    format!("register:{}", of.filter(|of| SourceId::parse(of).is_ok()).unwrap_or("TABLE"))
                }
                _ => meant,
            });
            // The text itself is no correction.
            ScopeError { text: text.to_owned(), nearest: whole.filter(|meant| meant != text) }
        })
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeError;

    fn try_from(text: String) -> Result<Self, ScopeError> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_as_it_is_written() {
        for text in ["read", "upload:county", "register:waves", "sql", "operate"] {
            assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_scope_is_refused_with_the_nearest() {
        for (text, meant) in [
            ("raed", Some("read")),
            ("Read", Some("read")),
            ("read:all", Some("read")),
            ("upload", Some("upload:SOURCE")),
            ("uplaod:county", Some("upload:county")),
            ("upload:Not A Source", Some("upload:SOURCE")),
            ("operator", Some("operate")),
            ("zzz", None),
            ("", None),
            ("*", None),
        ] {
            let error = text.parse::<Scope>().unwrap_err();
            assert_eq!(error.nearest.as_deref(), meant, "{text}");
            assert!(error.to_string().contains("`upload:SOURCE`"), "{error}");
        }
    }
}
