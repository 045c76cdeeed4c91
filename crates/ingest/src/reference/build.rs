//! From the public originals to `datasets/`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::NaiveDate;
use utbredt_model::Rejection;
use utbredt_model::territory::{Change, Territory};
use utbredt_sources::reference::{Read, klass, lists, population};

use super::ReferenceError;
use super::parts::{self, Knowledge};
use super::rows::{self, Csv, or_empty};
use super::{people, places};

/// The versions of the municipal division kept among the originals.
const VERSIONS: [i32; 8] = [2015, 2017, 2018, 2019, 2020, 2022, 2023, 2024];

/// The files of population by single year of age that are used.
const BY_AGE: [&str; 4] = ["Personer2015-2018", "Personer2019", "Personer2020", "Personer2021"];

/// What a build made and what it could not use.
#[derive(Debug, Default)]
pub struct BuildReport {
    /// The files written, below the folder given, with their data rows.
    pub files: Vec<(String, usize)>,
    /// The rows of originals that were refused, with their file.
    pub rejections: Vec<(String, Rejection)>,
}

/// A parser of groups.
type Groups = fn(&[u8]) -> Read<lists::Grouped>;

struct Build<'d> {
    from: &'d Path,
    to: &'d Path,
    report: BuildReport,
}

/// Makes the derived files of `datasets` (`to`) from the originals in `from`. The hand-kept files
/// (`reference/split_shares.csv`, `split_targets.csv`, `seen_members.csv`) are read from `to`.
///
/// # Errors
/// [`ReferenceError`] when a file cannot be read or written, or the originals contradict each other.
pub fn build(from: &Path, to: &Path) -> Result<BuildReport, ReferenceError> {
    let mut build = Build { from, to, report: BuildReport::default() };
    let territory = build.places()?;
    build.groups(&territory)?;
    build.organisations()?;
    build.networks(&territory)?;
    build.digisos()?;
    Ok(build.report)
}

impl Build<'_> {
    fn bytes(&self, folder: &Path, name: &str) -> Result<Vec<u8>, ReferenceError> {
        let path = folder.join(name);
        std::fs::read(&path).map_err(|source| ReferenceError::File { path, source })
    }

    fn original<T>(&mut self, name: &str, parse: fn(&[u8]) -> Read<T>) -> Result<Vec<T>, ReferenceError> {
        let read = parse(&self.bytes(self.from, name)?);
        self.report
            .rejections
            .extend(read.rejections.into_iter().map(|rejection| (name.to_owned(), rejection)));
        // A file of which nothing can be read is another file, not an empty one.
        if read.rows.is_empty() {
            return Err(ReferenceError::content(name, "nothing in it could be read"));
        }
        Ok(read.rows)
    }

    fn write(&mut self, name: &str, csv: Csv) -> Result<(), ReferenceError> {
        let path = self.to.join(name);
        let rows = csv.rows;
        let file = |source| ReferenceError::File { path: path.clone(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(file)?;
        }
        std::fs::write(&path, csv.into_text()).map_err(file)?;
        self.report.files.push((name.to_owned(), rows));
        Ok(())
    }

    fn places(&mut self) -> Result<Territory, ReferenceError> {
        let mut versions = Vec::new();
        for year in VERSIONS {
            let mut version =
                self.original(&format!("klass/kommuneinndeling_{year}.json"), klass::division)?;
            // Originals come in their office's order, which changes between downloads.
            version.sort();
            versions.push(version);
        }
        let first = versions.iter().flatten().map(|named| named.valid_from).min().unwrap_or_default();
        let mut changes: Vec<Change> = self.original("klass/131_changes_1971_2025.json", klass::changes)?;
        // The first version already contains what came before it.
        changes.retain(|change| change.date > first);
        changes.sort();
        let mut by_age = Vec::new();
        for name in BY_AGE {
            by_age.extend(
                self.original(&format!("population/ssb07459_fhidata_{name}.csv"), population::by_age)?,
            );
        }
        let name = "population/ssb07459_oystess_befolkning_2024koder_1986_2026.csv";
        let all_ages = self.original(name, population::all_ages)?;
        let knowledge = Knowledge::read(
            &self.bytes(self.to, "reference/split_targets.csv")?,
            &self.bytes(self.to, "reference/split_shares.csv")?,
        )?;
        let start: BTreeSet<_> = versions.iter().take(1).flatten().map(|named| named.code.clone()).collect();
        let weights = (&people::total(&by_age, 2017), &people::total(&by_age, 2019));
        let (territory, basis) = parts::territory(first, &start, &changes, &knowledge, weights)?;
        let spans = places::spans(&versions, &changes, &territory)?;
        let names = self.original("klass/county_names_numbers.txt", lists::counties)?;
        self.write("reference/municipalities.csv", places::municipalities(&spans))?;
        self.write("reference/counties.csv", places::counties(&spans, &names)?)?;
        self.write("reference/municipality_changes.csv", places::changes(&changes))?;
        self.write("reference/territory_parts.csv", parts::csv(&territory, &basis))?;
        self.write("reference/population.csv", people::population(&by_age, &all_ages, &territory)?)?;
        Ok(territory)
    }

    fn groups(&mut self, territory: &Territory) -> Result<(), ReferenceError> {
        let schemes = [
            (
                "centrality",
                "2020",
                "groups/sentralitet_2020_klass128_2024koder.csv",
                lists::centrality as Groups,
            ),
            ("kostra", "2024", "groups/kostragruppe_sentralitet_2024koder.csv", lists::kostra as Groups),
        ];
        let mut csv = Csv::new(&["scheme", "version", "group_code", "municipality_code", "division_date"]);
        for (scheme, version, file, parse) in schemes {
            let mut rows = self.original(file, parse)?;
            rows.sort_by(|a, b| (&a.group, &a.code).cmp(&(&b.group, &b.code)));
            for row in rows {
                csv.push(&[scheme, version, &row.group, row.code.as_str(), &newest(territory).to_string()]);
            }
        }
        self.write("reference/peer_groups.csv", csv)
    }

    fn organisations(&mut self) -> Result<(), ReferenceError> {
        let mut rows = self.original("klass/orgnr_kommunenr_2020_2024.csv", lists::organisations)?;
        rows.sort_by(|a, b| a.organisation_number.cmp(&b.organisation_number));
        let columns = ["organisation_number", "name", "municipality_code", "role", "valid_from", "valid_to"];
        let mut csv = Csv::new(&columns);
        for row in rows {
            let number = row.organisation_number.as_str();
            let mut push =
                |code: &str, from, to| csv.push(&[number, &row.name, code, "municipality", from, to]);
            // A number whose code stayed the same has one span, not two that meet.
            if row.code_2020 == row.code_2024 {
                push(row.code_2020.as_str(), "2020-01-01", "");
            } else {
                push(row.code_2020.as_str(), "2020-01-01", "2024-01-01");
                push(row.code_2024.as_str(), "2024-01-01", "");
            }
        }
        self.write("reference/organisations.csv", csv)
    }

    fn networks(&mut self, territory: &Territory) -> Result<(), ReferenceError> {
        let file = "reference/seen_members.csv";
        let seen: BTreeSet<(String, String)> = rows::read(file, &self.bytes(self.to, file)?, "network_id")?
            .into_iter()
            .filter_map(|mut row| Some((row.remove("network_id")?, row.remove("municipality_code")?)))
            .collect();
        let mut networks = self.original("networks/networks.csv", lists::networks)?;
        networks.sort_by(|a, b| a.network_id.cmp(&b.network_id));
        let mut csv =
            Csv::new(&["network_id", "name", "county_codes", "stated_members", "source", "certainty"]);
        let mut members = Csv::new(&[
            "network_id",
            "municipality_code",
            "division_date",
            "valid_from",
            "valid_to",
            "certainty",
        ]);
        let division = newest(territory).to_string();
        for network in &networks {
            // A guess is marked in every row, so that it is not taken for a published list.
            let certainty = if network.certainty.starts_with("guess") { "guess" } else { "seen" };
            let counties: Vec<_> = network.counties.iter().map(ToString::to_string).collect();
            let stated = or_empty(network.stated.as_ref());
            let id = network.network_id.as_str();
            csv.push(&[id, &network.name, &counties.join(" "), &stated, &network.source, certainty]);
            // "All municipalities of the county", where a page says so, is a list; a county alone is a guess.
            let all = certainty == "seen" && network.basis.starts_with("alle");
            for code in territory.municipalities(newest(territory))? {
                if network.counties.contains(&code.county()) {
                    let known = all || seen.contains(&(id.to_owned(), code.to_string()));
                    let certainty = if known { "seen" } else { "guess" };
                    members.push(&[id, code.as_str(), &division, "", "", certainty]);
                }
            }
        }
        self.write("reference/networks.csv", csv)?;
        self.write("reference/network_members.csv", members)
    }

    /// The dated facts of the rollout list, in their order, with the codes that never existed kept.
    fn digisos(&mut self) -> Result<(), ReferenceError> {
        let file = "digisos_rollout/digisos_prod_kommuner_events.csv";
        let columns = ["event_at", "action", "kommunenummer"];
        let mut csv = Csv::new(&columns);
        for row in rows::read(file, &self.bytes(self.from, file)?, "event_at")? {
            csv.push(&columns.map(|column| field(&row, column)));
        }
        self.write("rollout/digisos_events.csv", csv)
    }
}

fn field(row: &BTreeMap<String, String>, column: &str) -> String {
    row.get(column).cloned().unwrap_or_default()
}

fn newest(territory: &Territory) -> NaiveDate {
    territory.divisions().last().map(|division| division.date).unwrap_or_default()
}
