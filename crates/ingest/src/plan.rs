//! `utbredt.toml`: which sources there are, how each is read, when it is asked, and what it owes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde::Deserialize;
use utbredt_model::{MeasureId, SolutionId, SourceId};
use utbredt_sources::delimited::Contract;
use utbredt_sources::fiks::invoice::Invoice;

use crate::fetch::{Guard, Registration, SecretPlace};
use crate::pull::{
    BrregOrganisations, Digdir, FiksActivation, KartverketMunicipalities, KlassChanges, SsbPopulation,
};
use crate::schedule::Schedule;
use crate::{Expected, IngestError, Source};

/// The file as a whole.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The hosts that are asked, each a name, or a name and a port.
    #[serde(default)]
    pub hosts: BTreeSet<String>,
    /// Who we are towards Maskinporten, for the sources that ask for its tokens.
    pub maskinporten: Option<Identity>,
    /// The sources, in the order they are asked.
    #[serde(default, rename = "source")]
    pub sources: Vec<Planned>,
    /// Who may deliver files over HTTP.
    #[serde(default, rename = "upload")]
    pub uploads: Vec<Uploader>,
}

/// Who may deliver files for some sources.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uploader {
    /// Where the token is that is shown with each delivery.
    pub token: SecretPlace,
    /// The sources, each one that takes files.
    pub sources: Vec<SourceId>,
}

/// A source.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Planned {
    /// Its id, as its receipts carry it.
    pub id: SourceId,
    /// When it is asked.
    pub schedule: Schedule,
    /// What it owes.
    #[serde(default)]
    pub expect: Vec<Owed>,
    /// Where it is and how it is read.
    #[serde(flatten)]
    pub way: Way,
}

/// Where a source is and how it is read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Way {
    /// A series of Digdir's statistics API.
    Digdir(Digdir),
    /// A list of activations on the Fiks platform.
    FiksActivation(FiksActivation),
    /// Persons by age, of Statistics Norway: the years the lake lacks.
    SsbPopulation(SsbPopulation),
    /// Changes of the municipal division, of Statistics Norway: what is new is told.
    KlassChanges(KlassChanges),
    /// The municipalities' organisations in Brreg's register: what differs is told.
    BrregOrganisations(BrregOrganisations),
    /// Kartverket's list of municipalities: what differs is told.
    KartverketMunicipalities(KartverketMunicipalities),
    /// Invoices of the Fiks platform put into a folder, each one delivery, read by a declaration.
    FiksInvoices {
        /// The folder, from the plan's own.
        folder: PathBuf,
        /// The declaration, from the plan's own folder.
        declaration: PathBuf,
    },
    /// Files put into a folder, each one delivery, read by a contract.
    Folder {
        /// The folder, from the plan's own.
        folder: PathBuf,
        /// The contract, from the plan's own folder.
        contract: PathBuf,
    },
}

/// How we are registered with Maskinporten, and where the key is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Identity {
    /// The registration.
    #[serde(flatten)]
    pub registration: Registration,
    /// Where the key is.
    pub key: SecretPlace,
}

/// A measure owed every month.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owed {
    /// The solution.
    pub solution_id: SolutionId,
    /// The measure.
    pub measure_id: MeasureId,
    /// From the month that holds this day on.
    pub from: NaiveDate,
    /// The day of the next month it is due, 1-28.
    pub due_day: u32,
}

impl Plan {
    /// Reads the file's text; `path` is for what is told about it.
    ///
    /// # Errors
    /// [`IngestError::Invalid`] with the line, when it is no plan, names a source twice or a host that is not listed.
    pub fn parse(text: &str, path: &Path) -> Result<Self, IngestError> {
        let invalid = |why: String| IngestError::Invalid(format!("{}: {why}", path.display()));
        let plan: Self = toml::from_str(text).map_err(|error| invalid(error.to_string()))?;
        let mut seen = BTreeSet::new();
        for source in &plan.sources {
            if !seen.insert(source.id.as_str()) {
                return Err(invalid(format!("the source `{}` stands twice", source.id)));
            }
            if let Some(url) = source.way.url() {
                // A test's own machine is let through here, and refused by the guard that asks.
                let guard = Guard::with_local(plan.hosts.iter().cloned());
                guard.check(url).map_err(|refusal| invalid(format!("source `{}`: {refusal}", source.id)))?;
            }
        }
        for id in plan.uploads.iter().flat_map(|uploader| &uploader.sources) {
            let source = plan.source(id.as_str()).map_err(|error| invalid(format!("upload: {error}")))?;
            if !source.takes_files() {
                return Err(invalid(format!(
                    "upload: the source `{id}` takes no files; its kind must be `folder` or `fiks_invoices`"
                )));
            }
        }
        Ok(plan)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// As [`Self::parse`], and when it cannot be read.
    pub fn read(path: &Path) -> Result<Self, IngestError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| IngestError::File { path: path.to_path_buf(), source })?;
        Self::parse(&text, path)
    }

    /// The source of that id.
    ///
    /// # Errors
    /// [`IngestError::Unknown`] naming the nearest.
    pub fn source(&self, id: &str) -> Result<&Planned, IngestError> {
        self.sources.iter().find(|source| source.id.as_str() == id).ok_or_else(|| IngestError::Unknown {
            kind: "source",
            name: id.to_owned(),
            nearest: self
                .sources
                .iter()
                .map(|source| source.id.as_str())
                .max_by(|a, b| strsim::jaro_winkler(id, a).total_cmp(&strsim::jaro_winkler(id, b)))
                .map(str::to_owned),
        })
    }
}

impl Way {
    /// The address that is asked, where there is one.
    fn url(&self) -> Option<&str> {
        match self {
            Self::Digdir(digdir) => Some(&digdir.url),
            Self::FiksActivation(list) => Some(&list.url),
            Self::SsbPopulation(population) => Some(&population.url),
            Self::KlassChanges(klass) => Some(&klass.url),
            Self::BrregOrganisations(register) => Some(&register.url),
            Self::KartverketMunicipalities(list) => Some(&list.url),
            Self::FiksInvoices { .. } | Self::Folder { .. } => None,
        }
    }
}

impl Planned {
    fn takes_files(&self) -> bool {
        matches!(self.way, Way::Folder { .. } | Way::FiksInvoices { .. })
    }

    /// How its files are read, for a source that takes files. `base` is the plan's own folder.
    ///
    /// # Errors
    /// [`IngestError`] when its contract cannot be read, or it takes no files.
    pub fn file_source(&self, base: &Path) -> Result<Source, IngestError> {
        match &self.way {
            Way::Folder { contract: path, .. } => contract(&base.join(path)).map(Source::Delimited),
            Way::FiksInvoices { declaration, .. } => invoice(&base.join(declaration)),
            _ => Err(IngestError::Invalid(format!("the source `{}` takes no files", self.id))),
        }
    }

    /// What it owes until the month that holds `today`.
    #[must_use]
    pub fn expected(&self, today: NaiveDate) -> Vec<Expected> {
        let owed = |owed: &Owed| Expected {
            source_id: self.id.clone(),
            solution_id: owed.solution_id.clone(),
            measure_id: owed.measure_id.clone(),
            from: owed.from,
            to: today,
            due_day: owed.due_day,
        };
        self.expect.iter().map(owed).collect()
    }
}

/// Reads a contract.
pub(crate) fn contract(path: &Path) -> Result<Contract, IngestError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| IngestError::File { path: path.to_path_buf(), source })?;
    Contract::from_toml(&text).map_err(|error| IngestError::Invalid(format!("{}: {error}", path.display())))
}

/// Reads the declaration of an invoice.
pub(crate) fn invoice(path: &Path) -> Result<Source, IngestError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| IngestError::File { path: path.to_path_buf(), source })?;
    let read = Invoice::from_toml(&text);
    read.map(Source::FiksInvoice)
        .map_err(|error| IngestError::Invalid(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r#"
hosts = ["data.example.no"]

[[source]]
id = "digdir-idporten"
kind = "digdir"
schedule = "monthly on the 16th"
url = "https://data.example.no/statistikk"
from = "2024-01-01"
[source.series]
owner = "991825827"
series = "idporten-innlogging"
distance = "hours"
stamp = "start"
kind = "flow"
solution_id = "minside"
measures = { Antall = "uses" }
organisation_category = "TE-orgnum"
[[source.expect]]
solution_id = "minside"
measure_id = "uses"
from = "2024-01-01"
due_day = 16

[[source]]
id = "county"
kind = "folder"
schedule = "daily at 07:00"
folder = "inbox/county"
contract = "contracts/county.toml"
"#;

    fn read(text: &str) -> Result<Plan, String> {
        Plan::parse(text, Path::new("utbredt.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_plan_names_its_sources() {
        let plan = read(PLAN).unwrap();
        assert_eq!(plan.sources.len(), 2);
        assert!(matches!(&plan.sources[0].way, Way::Digdir(digdir) if digdir.trailing == 3));
        assert!(matches!(&plan.sources[1].way, Way::Folder { folder, .. } if folder.ends_with("county")));
        let owed = plan.sources[0].expected("2026-11-24".parse().unwrap());
        assert_eq!((owed.len(), owed[0].due_day), (1, 16));
        let told = plan.source("county-file").unwrap_err().to_string();
        assert!(told.contains("did you mean `county`"), "{told}");
    }

    #[test]
    fn reference_sources_are_named_by_their_kinds() {
        let plan = r#"
hosts = ["data.ssb.no", "data.brreg.no", "api.kartverket.no"]
[[source]]
id = "ssb-population"
kind = "ssb_population"
schedule = "weekly on monday"
url = "https://data.ssb.no/api/pxwebapi/v2"
from = 2022
total = "0"
[[source]]
id = "klass-changes"
kind = "klass_changes"
schedule = "weekly on monday"
url = "https://data.ssb.no/api/klass/v1"
[[source]]
id = "brreg"
kind = "brreg_organisations"
schedule = "monthly on the 1st"
url = "https://data.brreg.no/enhetsregisteret/api"
[[source]]
id = "kartverket"
kind = "kartverket_municipalities"
schedule = "monthly on the 1st"
url = "https://api.kartverket.no/kommuneinfo/v1/kommuner"
"#;
        let ways: Vec<Way> = read(plan).unwrap().sources.into_iter().map(|source| source.way).collect();
        let [
            Way::SsbPopulation(population),
            Way::KlassChanges(_),
            Way::BrregOrganisations(register),
            Way::KartverketMunicipalities(_),
        ] = ways.as_slice()
        else {
            panic!("{ways:?}")
        };
        assert_eq!(
            (population.table.as_str(), population.cells, register.page_size),
            ("07459", 800_000, 100)
        );
        for host in ["data.ssb.no", "data.brreg.no", "api.kartverket.no"] {
            let told = read(&plan.replace(&format!("https://{host}"), "https://elsewhere.no")).unwrap_err();
            assert!(told.contains("not on the list of hosts"), "{told}");
        }
        assert!(read(&plan.replace("from = 2022", "form = 2022")).unwrap_err().contains("form"));
    }

    #[test]
    fn what_is_wrong_with_a_plan_is_told() {
        let wrong = |from: &str, to: &str| read(&PLAN.replace(from, to)).unwrap_err();
        for (from, to, told) in [
            ("id = \"county\"", "id = \"digdir-idporten\"", "stands twice"),
            ("hosts = [\"data.example.no\"]", "hosts = []", "not on the list of hosts"),
            ("daily at 07:00", "now and then", "is no schedule"),
            ("kind = \"folder\"", "kind = \"pigeon\"", "unknown variant"),
            ("https://data", "ftp://data", "only https"),
            (
                "[[source]]\nid = \"county\"",
                "[[upload]]\ntoken = { env = \"T\" }\nsources = [\"digdir-idporten\"]\n\n[[source]]\nid = \"county\"",
                "takes no files",
            ),
            (
                "[[source]]\nid = \"county\"",
                "[[upload]]\ntoken = { env = \"T\" }\nsources = [\"conty\"]\n\n[[source]]\nid = \"county\"",
                "did you mean `county`",
            ),
            (
                "[[source]]\nid = \"county\"",
                "[[upload]]\ntoken = \"plain\"\nsources = []\n\n[[source]]\nid = \"county\"",
                "token",
            ),
        ] {
            let error = wrong(from, to);
            assert!(error.contains("utbredt.toml") && error.contains(told), "{error}");
        }
    }
}
