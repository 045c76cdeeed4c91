//! Municipalities, counties and the changes between them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use utbredt_model::MunicipalityCode;
use utbredt_model::territory::{Change, Territory};
use utbredt_sources::klass::{Register, kinds};
use utbredt_sources::reference::klass::Named;
use utbredt_sources::reference::lists::County;

use super::ReferenceError;
use super::rows::{Csv, or_empty};

/// A municipality with one name and one territory, from a day to a day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    code: MunicipalityCode,
    from: NaiveDate,
    to: Option<NaiveDate>,
    name: String,
}

/// Every municipality's spans. A new one begins when its code appears, when the register of changes says it was
/// renamed, and when its territory changed. Names that differ between versions without such a change (a
/// qualifier dropped: "Vang (Oppland)", "Vang") are one name, the later.
pub(super) fn spans(
    versions: &[Vec<Named>],
    changes: &[Change],
    territory: &Territory,
) -> Result<Vec<Span>, ReferenceError> {
    let renamed: BTreeSet<_> = changes
        .iter()
        .filter(|change| change.old == change.new && change.old_name != change.new_name)
        .filter_map(|change| Some((change.date, change.new.clone()?)))
        .collect();
    let (mut open, mut done): (BTreeMap<MunicipalityCode, Span>, Vec<Span>) = (BTreeMap::new(), Vec::new());
    for version in versions {
        let Some(date) = version.first().map(|named| named.valid_from) else { continue };
        let here: BTreeMap<_, _> = version.iter().map(|named| (&named.code, &named.name)).collect();
        // Two registers of the same office must agree, or every mapping after them is wrong.
        let division = territory.division_on(date);
        let valid = division.map(|division| territory.municipalities(division.date)).transpose()?;
        if valid.is_none_or(|valid| valid != here.keys().copied().collect()) {
            let reason =
                format!("the division of {date} and the register of changes name different municipalities");
            return Err(ReferenceError::content("kommuneinndeling", reason));
        }
        let moved = moved(territory, date);
        let ended: Vec<_> = open
            .keys()
            .filter(|code| {
                !here.contains_key(code) || moved.contains(code) || renamed.contains(&(date, (*code).clone()))
            })
            .cloned()
            .collect();
        // Closed before the new ones open: the same code may end and begin on one day.
        done.extend(
            ended.iter().filter_map(|code| open.remove(code)).map(|span| Span { to: Some(date), ..span }),
        );
        for (code, name) in here {
            open.entry(code.clone()).and_modify(|span| span.name.clone_from(name)).or_insert_with(|| Span {
                code: code.clone(),
                from: date,
                to: None,
                name: name.clone(),
            });
        }
    }
    // What is still open exists today, and has no last day.
    done.extend(open.into_values());
    done.sort();
    Ok(done)
}

/// The municipalities that exist before and from `date` on other territory.
fn moved(territory: &Territory, date: NaiveDate) -> BTreeSet<&MunicipalityCode> {
    let Some(at) = territory.divisions().iter().position(|division| division.date == date) else {
        return BTreeSet::new();
    };
    let Some(before) = at.checked_sub(1) else { return BTreeSet::new() };
    let differ = territory.parts().iter().filter(|part| part.codes[before] != part.codes[at]);
    differ.flat_map(|part| [&part.codes[before], &part.codes[at]]).collect()
}

pub(super) fn municipalities(spans: &[Span]) -> Csv {
    let mut csv = Csv::new(&["municipality_code", "name", "county_code", "valid_from", "valid_to"]);
    for span in spans {
        csv.push(&[
            span.code.to_string(),
            span.name.clone(),
            span.code.county().to_string(),
            span.from.to_string(),
            or_empty(span.to.as_ref()),
        ]);
    }
    csv
}

/// Counties live as long as some municipality lies in them.
pub(super) fn counties(spans: &[Span], names: &[County]) -> Result<Csv, ReferenceError> {
    let mut lives: BTreeMap<_, (NaiveDate, Option<NaiveDate>)> = BTreeMap::new();
    for span in spans {
        let life = lives.entry(span.code.county()).or_insert((span.from, span.to));
        life.0 = life.0.min(span.from);
        // One municipality without an end keeps its county without one.
        life.1 = life.1.zip(span.to).map(|(a, b)| a.max(b));
    }
    let mut csv = Csv::new(&["county_code", "name", "valid_from", "valid_to"]);
    for (code, (from, to)) in lives {
        let name = names.iter().find(|county| county.code == code).map(|county| county.name.clone());
        let name = name.ok_or_else(|| {
            ReferenceError::content("county_names_numbers.txt", format!("county {code} has no name"))
        })?;
        csv.push(&[code.to_string(), name, from.to_string(), or_empty(to.as_ref())]);
    }
    Ok(csv)
}

/// The changes, each with its kind; a piece of land that changed hands is no split.
pub(super) fn changes(changes: &[Change]) -> Csv {
    let mut csv = Csv::new(&["change_date", "old_code", "new_code", "old_name", "new_name", "kind"]);
    let register = Register::of(changes);
    // A code from before the register began is taken to have lived on.
    let lived = |code: &MunicipalityCode, day| register.lives(code, day).unwrap_or(true);
    for (change, kind) in changes.iter().zip(kinds(changes, lived)) {
        csv.push(&[
            change.date.to_string(),
            or_empty(change.old.as_ref()),
            or_empty(change.new.as_ref()),
            change.old_name.clone(),
            change.new_name.clone(),
            kind.as_str().to_owned(),
        ]);
    }
    csv
}
