//! Kartverket: the municipalities of today, held against those the lake knows. What differs is told and nothing changes.

use std::collections::BTreeMap;

use serde::Deserialize;
use utbredt_lake::Writer;
use utbredt_model::{MunicipalityCode, SourceId};
use utbredt_sources::kartverket::{Place, municipalities};
use utbredt_sources::klass::Name;
use utbredt_sources::oslo;

use super::land::{Landing, counted, few, land};
use super::register::Register;
use super::{PullError, Pulled, stopped};
use crate::fetch::{Ask, Client};

/// The list of municipalities that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KartverketMunicipalities {
    /// The list, such as `https://api.kartverket.no/kommuneinfo/v1/kommuner`.
    pub url: String,
}

/// The largest list that makes sense.
const MOST: u64 = 8 << 20;

/// Asks for the list. What it says otherwise than the lake is told; one with a place that cannot be believed is held.
///
/// # Errors
/// [`PullError`]. A source that does not answer ends the pull without an error.
pub fn pull(
    client: &Client<'_>,
    writer: &mut Writer,
    source_id: &SourceId,
    list: &KartverketMunicipalities,
) -> Result<Pulled, PullError> {
    let mut pulled = Pulled::default();
    let mut ask = Ask { most: MOST, remember: true, ..Ask::get(list.url.clone()) };
    ask.headers.push(("accept".into(), "application/json".into()));
    let body = match writer.with_lock_released(|| client.fetch(&ask))? {
        Ok(answer) => pulled.take(answer),
        Err(error) => {
            pulled.stopped = Some(stopped(error)?);
            return Ok(pulled);
        }
    };
    let received_at = client.clock().now();
    let latest = writer.lake().latest()?;
    let register = Register::read(writer.lake(), latest.as_ref())?;
    let landing = judge(body, &register.on(oslo::day(received_at)));
    pulled.reports.push(land(writer, source_id, received_at, landing)?);
    Ok(pulled)
}

fn judge(payload: Vec<u8>, ours: &BTreeMap<MunicipalityCode, &str>) -> Landing {
    let read = municipalities(&payload);
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
    Landing {
        asked: "municipalities of today".to_owned(),
        payload,
        rows_in: (read.rows.len() + read.rejections.len()) as u64,
        rejections: read.rejections,
        held,
        told: differences(&read.rows, ours),
        rows: None,
    }
}

fn differences(theirs: &[Place], ours: &BTreeMap<MunicipalityCode, &str>) -> Vec<String> {
    let theirs: BTreeMap<&MunicipalityCode, &Place> =
        theirs.iter().map(|place| (&place.code, place)).collect();
    let new = theirs.values().filter(|place| !ours.contains_key(&place.code));
    let new = new.map(|place| format!("{} {}", place.code, place.norwegian)).collect();
    let gone = ours.iter().filter(|(code, _)| !theirs.contains_key(code));
    let gone = gone.map(|(code, name)| format!("{code} {name}")).collect();
    let other = ours.iter().filter_map(|(code, name)| {
        let place = theirs.get(code).filter(|place| !same(place, name))?;
        Some(format!("{code} {} ({name} in the tables)", place.name.as_str()))
    });
    let told = |all: Vec<String>, what: &str| {
        (!all.is_empty()).then(|| {
            format!("{} {what}: {}", counted(all.len(), "municipality", "municipalities"), few(&all))
        })
    };
    [
        told(new, "in the list and not in the reference tables of this version"),
        told(gone, "in the reference tables and not in the list"),
        told(other.collect(), "with another name than in the reference tables"),
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
