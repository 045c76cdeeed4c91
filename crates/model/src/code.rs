//! Codes of places and organisations: text with a check, never numbers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Three digits where four belong: a spreadsheet dropped the leading zero.
    #[error("code `{0}` lost its leading zero; `0{0}` was probably meant")]
    LostZero(String),
    /// 9999, or a county's xx99: a placeholder for "unknown place".
    #[error("code `{0}` is a placeholder for an unknown place, not a municipality")]
    Placeholder(String),
    /// Anything else that is not the right number of digits.
    #[error("code `{text}` is not {digits} digits")]
    Shape {
        /// The text given.
        text: String,
        /// How many digits were expected.
        digits: usize,
    },
    /// An organisation number whose control digit does not fit (modulus 11).
    #[error("organisation number `{0}` fails its control digit")]
    ControlDigit(String),
}

fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| b.is_ascii_digit())
}

macro_rules! code_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The digits as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = CodeError;
            fn try_from(text: String) -> Result<Self, CodeError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(code: $name) -> Self {
                code.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = CodeError;
            fn from_str(text: &str) -> Result<Self, CodeError> {
                Self::parse(text)
            }
        }
    };
}

code_type! {
    /// Four digits, the first two its county's at that time. Says nothing about whether the
    /// municipality exists on a given day: that is the register's to know.
    MunicipalityCode
}
code_type! {
    /// Two digits.
    CountyCode
}
code_type! {
    /// Nine digits ending in a modulus-11 control digit.
    OrganisationNumber
}

impl MunicipalityCode {
    /// Takes exactly four digits; refuses placeholders and codes that lost their zero.
    ///
    /// # Errors
    /// [`CodeError`] naming what is wrong and, where it can be guessed, the code that was meant.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        if digits(text, 3) {
            return Err(CodeError::LostZero(text.to_owned()));
        }
        if !digits(text, 4) {
            return Err(CodeError::Shape { text: text.to_owned(), digits: 4 });
        }
        if text.ends_with("99") {
            return Err(CodeError::Placeholder(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The county part. In Norway a municipality's code begins with its county's code.
    #[must_use]
    pub fn county(&self) -> CountyCode {
        CountyCode(self.0[..2].to_owned())
    }
}

impl CountyCode {
    /// Takes exactly two digits.
    ///
    /// # Errors
    /// [`CodeError::Shape`] otherwise.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        if digits(text, 2) {
            Ok(Self(text.to_owned()))
        } else {
            Err(CodeError::Shape { text: text.to_owned(), digits: 2 })
        }
    }
}

impl OrganisationNumber {
    /// Takes nine digits with a right control digit.
    ///
    /// # Errors
    /// [`CodeError::Shape`] or [`CodeError::ControlDigit`].
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        if !digits(text, 9) {
            return Err(CodeError::Shape { text: text.to_owned(), digits: 9 });
        }
        const WEIGHTS: [u32; 8] = [3, 2, 7, 6, 5, 4, 3, 2];
        let value = |b: u8| u32::from(b - b'0');
        let sum: u32 = text.bytes().zip(WEIGHTS).map(|(b, w)| value(b) * w).sum();
        let control = (11 - sum % 11) % 11;
        if control == text.bytes().last().map_or(99, value) {
            Ok(Self(text.to_owned()))
        } else {
            Err(CodeError::ControlDigit(text.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_keeps_its_zero_and_says_what_is_wrong() {
        assert_eq!(MunicipalityCode::parse("0301").unwrap().as_str(), "0301");
        assert_eq!(MunicipalityCode::parse("0301").unwrap().county().as_str(), "03");
        assert_eq!(MunicipalityCode::parse("301"), Err(CodeError::LostZero("301".into())));
        assert_eq!(MunicipalityCode::parse("9999"), Err(CodeError::Placeholder("9999".into())));
        assert!(MunicipalityCode::parse("K-0301").is_err());
        assert!(MunicipalityCode::parse("０３０１").is_err());
    }

    #[test]
    fn an_organisation_number_is_checked_by_modulus_eleven() {
        assert!(OrganisationNumber::parse("920290922").is_ok());
        assert!(OrganisationNumber::parse("920290923").is_err());
        assert!(OrganisationNumber::parse("").is_err());
    }
}
