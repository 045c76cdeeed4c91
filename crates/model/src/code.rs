//! Codes of places and organisations: text with a check, never numbers.

use crate::newtype::checked_text;

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

checked_text! {
    /// Four digits, the first two its county's at that time. Placeholders and codes that lost their zero are refused.
    /// Does not tell whether the municipality exists on a given day: that is the register's to know.
    MunicipalityCode: CodeError = municipality;
    /// Two digits.
    CountyCode: CodeError = county;
    /// Nine digits ending in a modulus-11 control digit.
    OrganisationNumber: CodeError = organisation;
}

impl MunicipalityCode {
    /// The county part. In Norway a municipality's code begins with its county's code.
    #[must_use]
    pub fn county(&self) -> CountyCode {
        CountyCode(self.0[..2].to_owned())
    }
}

/// Whether a text is `count` digits.
fn digits(text: &str, count: usize) -> Result<(), CodeError> {
    if text.len() == count && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(CodeError::Shape { text: text.to_owned(), digits: count })
}

fn municipality(text: &str) -> Result<(), CodeError> {
    // Spreadsheets drop the zero of 0301; saying so helps more than `not 4 digits`.
    if digits(text, 3).is_ok() {
        return Err(CodeError::LostZero(text.to_owned()));
    }
    digits(text, 4)?;
    // 9999 is an unknown municipality, and xx99 an unknown one of a county.
    if text.ends_with("99") {
        return Err(CodeError::Placeholder(text.to_owned()));
    }
    Ok(())
}

fn county(text: &str) -> Result<(), CodeError> {
    digits(text, 2)
}

fn organisation(text: &str) -> Result<(), CodeError> {
    const WEIGHTS: [u32; 8] = [3, 2, 7, 6, 5, 4, 3, 2];
    digits(text, 9)?;
    let mut digits = text.bytes().map(|digit| u32::from(digit - b'0'));
    let sum: u32 = digits.clone().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let control = (11 - sum % 11) % 11;
    // A control of 10 is no digit: such numbers are not given out.
    if digits.next_back() == Some(control) { Ok(()) } else { Err(CodeError::ControlDigit(text.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_keeps_its_zero_and_names_what_is_wrong() {
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
