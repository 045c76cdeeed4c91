//! Kartverket: the municipalities of today, held against those the lake knows. What differs is told and nothing changes.

use std::collections::BTreeMap;

use serde::Deserialize;
use utbredt_model::MunicipalityCode;
use utbredt_sources::kartverket::{Place, municipalities};
use utbredt_sources::klass::Name;

use super::register::Register;
use super::{Registration, from_fields};
use crate::commit::ReferenceAnswer;
use crate::connector::{Connector, Pull, PullError};
use crate::fetch::Request;
use crate::phrases::{counted, differing};

pub(super) static REGISTRATION: Registration = Registration {
    name: "kartverket_municipalities",
    about: "Kartverket's list of municipalities: differences are reported.",
    connector: Some(from_fields::<KartverketMunicipalities>),
    format: None,
    files: None,
};

/// The list of municipalities that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KartverketMunicipalities {
    /// The list, such as `https://api.kartverket.no/kommuneinfo/v1/kommuner`.
    pub url: String,
}

/// The largest list that makes sense.
const MAX_BYTES: u64 = 8 << 20;

impl Connector for KartverketMunicipalities {
    fn url(&self) -> Option<&str> {
        Some(&self.url)
    }

    /// Asks for the list. Where it differs from the lake is reported; one with a place that cannot be believed is held.
    fn pull(&self, pull: &mut Pull<'_>) -> Result<(), PullError> {
        let mut request = Request { max_bytes: MAX_BYTES, remember: true, ..Request::get(self.url.clone()) };
        request.headers.push(("accept".into(), "application/json".into()));
        let body = pull.fetch(&request)?;
        let latest = pull.latest()?;
        let register = Register::read(pull.lake(), latest.as_ref())?;
        let answer = evaluate(&body, &register.on(pull.today()));
        Ok(pull.deliver_reference("municipalities of today".to_owned(), body, &answer)?)
    }
}

fn evaluate(payload: &[u8], ours: &BTreeMap<MunicipalityCode, &str>) -> ReferenceAnswer {
    let read = municipalities(payload);
    let mut held = Vec::new();
    if let Some(first) = read.rejections.first() {
        let count = read.rejections.len();
        held.push(format!(
            "{} cannot be believed, the first: {}",
            counted(count, "place", "places"),
            first.reason
        ));
    }
    let missing = ours.keys().filter(|code| !read.rows.iter().any(|place| place.code == **code)).count();
    // Municipalities merge by the handful; what lacks more than a tenth of them was cut off.
    if missing * 10 > ours.len() {
        held.push(format!("{missing} of {} municipalities are not in it: the list is cut off", ours.len()));
    }
    ReferenceAnswer {
        rows_in: (read.rows.len() + read.rejections.len()) as u64,
        held,
        discrepancies: differences(&read.rows, ours),
        rejections: read.rejections,
        rows: None,
    }
}

fn differences(received: &[Place], ours: &BTreeMap<MunicipalityCode, &str>) -> Vec<String> {
    let received: BTreeMap<&MunicipalityCode, &Place> =
        received.iter().map(|place| (&place.code, place)).collect();
    let (mut added, mut removed, mut renamed) = (Vec::new(), Vec::new(), Vec::new());
    for (code, place) in &received {
        if !ours.contains_key(code) {
            added.push(format!("{code} {}", place.norwegian));
        }
    }
    for (code, name) in ours {
        match received.get(code) {
            None => removed.push(format!("{code} {name}")),
            Some(place) if !same(place, name) => {
                renamed.push(format!("{code} {} ({name} in the tables)", place.name.as_str()));
            }
            Some(_) => {}
        }
    }
    let nouns = ("municipality", "municipalities");
    [
        differing(&added, nouns, "in the list and not in the reference tables of this version"),
        differing(&removed, nouns, "in the reference tables and not in the list"),
        differing(&renamed, nouns, "with another name than in the reference tables"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether a name of the tables is the place's, in all its languages or in Norwegian. `Herøy (Nordland)` is Herøy.
fn same(place: &Place, ours: &str) -> bool {
    let bare = Name::new(ours.split(" (").next().unwrap_or(ours));
    bare.is_same(&place.name) || bare.is_same(&Name::new(&place.norwegian))
}
