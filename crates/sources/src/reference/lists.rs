//! The small lists: organisation numbers, groups for comparison, networks and their members, county names.

use utbredt_model::{CountyCode, MunicipalityCode, OrganisationNumber, Reason, ReasonCode};

use super::Read;
use super::text::Sheet;

/// A municipality as an organisation, with its code before and after 2024.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// Its number.
    pub organisation_number: OrganisationNumber,
    /// Its code from 2020 to 2023.
    pub code_2020: MunicipalityCode,
    /// Its code from 2024.
    pub code_2024: MunicipalityCode,
    /// Its name in 2024.
    pub name: String,
    /// The list's remark about the row.
    pub remark: String,
}

/// A municipality's group for comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouped {
    /// The municipality, on the codes of 2024.
    pub code: MunicipalityCode,
    /// The group's code.
    pub group: String,
}

/// A digitalisation network as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its slug.
    pub network_id: String,
    /// Its name.
    pub name: String,
    /// Its counties' codes of 2024.
    pub counties: Vec<CountyCode>,
    /// What is known of who the members are.
    pub basis: String,
    /// How many members it states.
    pub stated: Option<i32>,
    /// Where that was seen.
    pub source: String,
    /// `seen` or `guess`, with what the list adds.
    pub certainty: String,
}

/// A county's code and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct County {
    /// Two digits.
    pub code: CountyCode,
    /// Its name.
    pub name: String,
}

/// Reads `organisasjonsnummer;kommunenr_2020;navn_2022;kommunenr_2024;navn_2024;merknad`.
#[must_use]
pub fn organisations(bytes: &[u8]) -> Read<Organisation> {
    let names = ["organisasjonsnummer", "kommunenr_2020", "kommunenr_2024", "navn_2024", "merknad"];
    table(bytes, names, |[number, before, after, name, remark]| {
        Ok(Organisation {
            organisation_number: OrganisationNumber::parse(number)?,
            code_2020: MunicipalityCode::parse(before)?,
            code_2024: MunicipalityCode::parse(after)?,
            name: name.to_owned(),
            remark: remark.to_owned(),
        })
    })
}

/// Reads KOSTRA groups (`kommunenummer;…;kostragruppe;…`).
#[must_use]
pub fn kostra(bytes: &[u8]) -> Read<Grouped> {
    groups(bytes, "kostragruppe")
}

/// Reads centrality classes computed from the index (`kommunenummer;…;klasse_fra_indeks;…`).
#[must_use]
pub fn centrality(bytes: &[u8]) -> Read<Grouped> {
    groups(bytes, "klasse_fra_indeks")
}

fn groups(bytes: &[u8], column: &str) -> Read<Grouped> {
    table(bytes, ["kommunenummer", column], |[place, group]| {
        if group.is_empty() {
            return Err(Reason::new(ReasonCode::MissingField, "no group given"));
        }
        Ok(Grouped { code: MunicipalityCode::parse(place)?, group: group.to_owned() })
    })
}

/// Reads `network_id;navn;fylke_2024;medlemsgrunnlag;oppgitt_antall;kilde;sikkerhet`.
#[must_use]
pub fn networks(bytes: &[u8]) -> Read<Network> {
    let names =
        ["network_id", "navn", "fylke_2024", "medlemsgrunnlag", "oppgitt_antall", "kilde", "sikkerhet"];
    table(bytes, names, |[id, name, counties, basis, stated, source, certainty]| {
        let counties: Result<Vec<_>, _> =
            counties.split([',', ' ']).filter(|county| !county.is_empty()).map(CountyCode::parse).collect();
        Ok(Network {
            network_id: utbredt_model::NetworkId::parse(id)?.to_string(),
            name: name.to_owned(),
            counties: counties?,
            basis: basis.to_owned(),
            stated: match stated {
                "" => None,
                text => Some(text.parse().map_err(|_| {
                    let text = format!("`{text}` is not a number of members");
                    Reason::new(ReasonCode::InvalidNumber, text)
                })?),
            },
            source: source.to_owned(),
            certainty: certainty.to_owned(),
        })
    })
}

/// Reads `county_code,county_name`.
#[must_use]
pub fn counties(bytes: &[u8]) -> Read<County> {
    table(bytes, ["county_code", "county_name"], |[code, name]| {
        Ok(County { code: CountyCode::parse(code)?, name: name.to_owned() })
    })
}

fn table<T, const N: usize>(
    bytes: &[u8],
    names: [&str; N],
    row: impl Fn([&str; N]) -> Result<T, Reason>,
) -> Read<T> {
    let sheet = Sheet::read(bytes, names.first().copied().unwrap_or_default());
    let mut read = Read { rows: Vec::new(), rejections: sheet.rejections.clone() };
    match sheet.columns(names) {
        Err(rejection) => read.rejections.push(rejection),
        Ok(columns) => {
            for (line, fields) in &sheet.records {
                let values = columns.map(|at| fields.get(at).map_or("", String::as_str));
                read.take(*line, &fields.join(";"), row(values));
            }
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_number_that_fails_is_refused() {
        let file = "organisasjonsnummer;kommunenr_2020;navn_2022;kommunenr_2024;navn_2024;merknad\n\
                    920290922;4631;Alver;4631;Alver;\n920290923;4631;Alver;4631;Alver;\n";
        let read = organisations(file.as_bytes());
        assert_eq!(read.rows[0].code_2024.as_str(), "4631");
        assert!(read.rejections[0].reason.contains("control digit"));
    }

    #[test]
    fn a_network_may_span_counties_and_state_no_number() {
        let file = "network_id;navn;fylke_2024;medlemsgrunnlag;oppgitt_antall;kilde;sikkerhet\n\
                    digi-trofi;DigiTroFi;55,56;ikke sett liste;;page;guess\n";
        let read = networks(file.as_bytes());
        assert_eq!(read.rows[0].counties.len(), 2);
        assert_eq!(read.rows[0].stated, None);
    }

    #[test]
    fn a_missing_column_is_named() {
        let read = kostra(b"kommunenummer;gruppe\n0301;EKG13\n");
        assert!(read.rejections[0].reason.contains("`kostragruppe` is missing"));
        assert_eq!(counties(b"county_code,county_name\n03,Oslo").rows[0].name, "Oslo");
    }
}
