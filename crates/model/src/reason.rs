//! Why a row is rejected or a delivery held: a stable code for programs, and a text for the person who delivers.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::{CodeError, IdError, PeriodError};

/// The kind of a reason. Texts may be reworded; codes are a contract.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReasonCode {
    /// A municipality's code of three digits: the leading zero was lost.
    LostZero,
    /// A placeholder where a place belongs, such as 9999.
    Placeholder,
    /// Not the code of a municipality or county, nor an organisation number.
    InvalidCode,
    /// Of a time before the earliest division that the lake knows.
    OutsideDivisions,
    /// Not an identifier.
    InvalidId,
    /// Not a day, a time or a period.
    InvalidDate,
    /// Not a number.
    InvalidNumber,
    /// A decimal fraction where whole numbers are counted.
    Fraction,
    /// A number, or a sum, too large to be exact.
    NumberTooLarge,
    /// A number outside the agreed range, negative ones included.
    OutOfRange,
    /// A word, symbol, state, category or line text that is not known.
    UnknownWord,
    /// A column or field that is missing or empty.
    MissingField,
    /// A field of another type or shape than agreed.
    InvalidField,
    /// The same statement again.
    Duplicate,
    /// Two statements that exclude each other.
    Contradiction,
    /// A part of a sum of which another part was refused.
    PartMissing,
    /// Left out as the contract declares: a total, a line that counts no use; or the 0 of a code that ceased, beside its
    /// successor.
    Excluded,
    /// Data about a person, which are not kept.
    Person,
    /// A number that was carried back to later borders, not counted.
    CarriedBack,
    /// A row with fewer or more fields than the header.
    RowWidth,
    /// More bytes, fields, rows or cells than are read.
    SizeLimit,
    /// Bytes that are not text in the delivery's encoding.
    Encoding,
    /// A file or answer that is damaged, cut short, or not in the format it should be in.
    Syntax,
    /// A format that is not read.
    Unsupported,
    /// Nothing where something is required.
    Empty,
    /// A name that no register knows.
    NotRegistered,
    /// Two rows that hold at the same time where one may.
    Overlap,
    /// Values in the wrong order: an end before its beginning, a low above a high.
    WrongOrder,
    /// References that lead back to where they began.
    Cycle,
    /// A row that is another since the file was made.
    ChangedSince,
    /// A row that others refer to.
    InUse,
    /// No code was assigned.
    Unclassified,
}

impl ReasonCode {
    /// The code as reports write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why something a source stated is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{text}")]
pub struct Reason {
    /// What kind of reason it is.
    pub code: ReasonCode,
    /// What is wrong and, where possible, how to fix it.
    pub text: String,
}

impl Reason {
    /// Makes one.
    pub fn new(code: ReasonCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// One whose cause is part of its text, since the person who delivers reads nothing else.
    pub fn because(code: ReasonCode, what: &str, cause: &dyn fmt::Display) -> Self {
        Self { code, text: format!("{what}: {cause}") }
    }
}

impl From<CodeError> for Reason {
    fn from(error: CodeError) -> Self {
        let code = match &error {
            CodeError::LostZero(_) => ReasonCode::LostZero,
            CodeError::Placeholder(_) => ReasonCode::Placeholder,
            CodeError::Shape { .. } | CodeError::ControlDigit(_) => ReasonCode::InvalidCode,
        };
        Self::new(code, error.to_string())
    }
}

impl From<IdError> for Reason {
    fn from(error: IdError) -> Self {
        Self::new(ReasonCode::InvalidId, error.to_string())
    }
}

impl From<PeriodError> for Reason {
    fn from(error: PeriodError) -> Self {
        Self::new(ReasonCode::InvalidDate, error.to_string())
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self::new(ReasonCode::Unclassified, text)
    }
}

impl From<&String> for Reason {
    fn from(text: &String) -> Self {
        Self::from(text.clone())
    }
}

impl From<&str> for Reason {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MunicipalityCode;

    #[test]
    fn a_code_reads_back_and_is_what_serde_writes() {
        for code in ReasonCode::VARIANTS {
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
        assert_eq!(ReasonCode::LostZero.as_str(), "lost_zero");
    }

    #[test]
    fn an_error_of_a_type_becomes_its_reason() {
        let reason = Reason::from(MunicipalityCode::parse("301").unwrap_err());
        assert_eq!(reason.code, ReasonCode::LostZero);
        assert_eq!(reason.to_string(), "code `301` lost its leading zero; `0301` was probably meant");
        assert_eq!(Reason::from("why".to_owned()).code, ReasonCode::Unclassified);
    }
}
