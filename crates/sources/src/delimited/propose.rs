//! A contract proposed for a file without one: what can be seen is filled in, what cannot is left to be
//! filled in, with a name that no delivery passes by.

mod background;
mod breakdown;
mod by_period;
mod cases;
mod columns;
mod counts;
mod decisive;
mod left_out;
mod meaning;
mod measures;
mod meet;
mod names;
mod outcome;
mod page;
mod periods;
mod rivals;
mod scale;
mod sheet;
mod signs;
mod sketch;
mod stamps;
mod titles;
mod unread;
mod words;
mod write;
mod write_period;
mod write_value;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utbredt_model::{IdError, MeasureId, Reason, ReasonCode, SolutionId, SourceId};

use super::Contract;

/// In place of what a person has to choose. No solution and no measure is called so, and everything is refused until then.
pub const TO_CHOOSE: &str = "to-choose";

/// What a file may be about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Solutions, with the names they go by.
    pub solutions: BTreeMap<String, BTreeSet<String>>,
    /// Measures, with the units they are counted in.
    pub measures: BTreeMap<String, BTreeSet<String>>,
    /// Codes of municipalities, of whatever day.
    pub municipalities: BTreeSet<String>,
}

/// What is known of a file before it is opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The name its source shall have.
    pub source_id: SourceId,
    /// Its name, which may hold a period or a solution.
    pub file_name: String,
    /// The solution, where the file does not name it.
    pub solution: Option<SolutionId>,
    /// The measure, where the file does not name it.
    pub measure: Option<MeasureId>,
}

impl About {
    /// What follows from a file's name: the source is called after its words, periods and numbers aside.
    ///
    /// # Errors
    /// [`IdError`] when a requested name is none.
    pub fn of_file(file_name: &str, source_id: Option<&str>) -> Result<Self, IdError> {
        let slug = names::slug(file_name);
        let words: Vec<&str> =
            slug.split('_').filter(|word| !word.bytes().any(|byte| byte.is_ascii_digit())).collect();
        let own = if words.is_empty() || !file_name.contains(char::is_alphabetic) {
            "source".to_owned()
        } else {
            words.join("-")
        };
        let source_id = SourceId::parse(source_id.unwrap_or(&own))?;
        Ok(Self { source_id, file_name: file_name.to_owned(), solution: None, measure: None })
    }
}

/// Looks at a file and proposes a contract that reads it, in TOML with comments.
///
/// # Errors
/// Why the file does not look like a table of municipalities or organisations, and what was looked for.
pub fn propose(bytes: &[u8], about: &About, known: &Known) -> Result<String, Reason> {
    let mut sketches = Vec::new();
    let mut why = None;
    for sheet in sheet::sheets(bytes, known)? {
        match sheet.and_then(|sheet| columns::sketch(sheet, about, known)) {
            Ok(sketch) => sketches.push(sketch),
            Err(error) => drop(why.get_or_insert(error)),
        }
    }
    let name = |sheet: &sheet::Sheet| sheet.sheet.clone().or_else(|| sheet.rows_at.clone());
    let tables: Vec<String> = sketches.iter().filter_map(|sketch| name(&sketch.sheet)).collect();
    let what = if sketches.iter().any(|sketch| sketch.sheet.array.is_some()) {
        "arrays of the JSON"
    } else {
        "sheets of the workbook"
    };
    sketch::forget_shared_periods(&mut sketches);
    let mut found: Option<(usize, String)> = None;
    for mut sketch in sketches {
        let (mut toml, contract) = write(&sketch, about, known)?;
        // The proof of a proposal is what it reads: of several sheets the one with most numbers is taken.
        let mut parsed = super::parse(bytes, &contract);
        if let Some(filter) = breakdown::find(bytes, &contract, &sketch, &parsed) {
            sketch.passed_over.retain(|(name, _)| *name != filter.column);
            sketch.filter = Some(filter);
            let chosen = write(&sketch, about, known)?;
            toml = chosen.0;
            parsed = super::parse(bytes, &chosen.1);
        }
        let read = parsed.observations.len();
        if found.as_ref().is_none_or(|(best, _)| read > *best) {
            found = Some((read, toml + &outcome::tried(&parsed, &sketch)));
        }
    }
    found
        .map(|(_, toml)| outcome::other_tables(what, &tables) + &toml)
        .ok_or_else(|| why.unwrap_or_else(|| Reason::new(ReasonCode::Empty, "the file holds no table")))
}

/// A sketch as the text of a contract, and as one.
fn write(sketch: &sketch::Sketch, about: &About, known: &Known) -> Result<(String, Contract), Reason> {
    let toml = write::toml(sketch, about, known);
    let contract = Contract::from_toml(&toml).map_err(|error| {
        let what = "what can be seen of the file does not make a contract";
        Reason::because(ReasonCode::Unsupported, what, &error)
    })?;
    Ok((toml, contract))
}
