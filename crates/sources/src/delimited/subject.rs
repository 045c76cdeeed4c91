//! Cells of places, read as codes of municipalities or as organisation numbers.

use utbredt_model::{CodeError, MunicipalityCode, OrganisationNumber, Reason, ReasonCode, Subject};

use super::contract::{SubjectColumn, SubjectKind};
use super::number::not_formula;

/// Reads the cell of a place.
pub(super) fn subject(rules: &SubjectColumn, text: &str) -> Result<Subject, Reason> {
    // An apostrophe is how spreadsheets are made to keep a text.
    let text = text.trim().trim_start_matches(['\'', '’']);
    if text.is_empty() {
        let text = "the cell of the place is blank; where one is joined over several rows, declare `fill_down = true`";
        return Err(Reason::new(ReasonCode::MissingField, text));
    }
    // No code is wrong here: a municipality's row is lost, which a sum has to know.
    not_formula(text, ReasonCode::InvalidField)?;
    let text = rules.prefix_to_strip.as_deref().and_then(|p| text.strip_prefix(p)).unwrap_or(text);
    let text = if rules.name_follows { without_name(text) } else { text };
    if rules.kind == SubjectKind::OrganisationNumber {
        // Organisation numbers are written in groups of three.
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        return Ok(Subject::Organisation(OrganisationNumber::parse(&digits)?));
    }
    let code = match MunicipalityCode::parse(without_decimals(text)) {
        // No county is numbered 00, so three digits that begin with a zero lost something else.
        Err(CodeError::LostZero(digits)) if rules.restore_zero && !digits.starts_with('0') => {
            MunicipalityCode::parse(&format!("0{digits}"))
        }
        Err(CodeError::LostZero(digits)) => {
            let text = format!(
                "code `{digits}` lost its leading zero; deliver codes as text, or declare `restore_zero = true`"
            );
            return Err(Reason::new(ReasonCode::LostZero, text));
        }
        Err(CodeError::Shape { text, .. }) if matches!(text.len(), 1 | 2) && is_digits(&text) => {
            let text = format!(
                "code `{text}` is not 4 digits: `{text:0>2}` would be a county's, and a municipality's begins with it"
            );
            return Err(Reason::new(ReasonCode::InvalidCode, text));
        }
        read => read,
    };
    Ok(Subject::Municipality(code?))
}

/// `301.0` is how programs write a code they took for a number.
pub(super) fn without_decimals(text: &str) -> &str {
    let number = text.strip_suffix(".0").or_else(|| text.strip_suffix(",0"));
    number.filter(|digits| is_digits(digits)).unwrap_or(text)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// The code of `0301 Oslo`, `0301 - Oslo`, `0301-Oslo` and `Oslo (0301)`.
pub(super) fn without_name(text: &str) -> &str {
    let in_brackets = text.strip_suffix(')').and_then(|text| text.rsplit_once('('));
    if let Some((_, code)) = in_brackets.filter(|(_, code)| is_digits(code)) {
        return code;
    }
    text.split(|c: char| c.is_whitespace() || "-–:,".contains(c)).next().unwrap_or("")
}
