//! `utbredt.toml`: which sources there are, how each is read, when it is asked, and what it owes.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Deserialize;
use utbredt_model::{MeasureId, SolutionId, SourceId};

use crate::connector::Connector;
use crate::expect::DUE_DAYS;
use crate::fetch::{Guard, Refusal, Registration, SecretPlace};
use crate::format::Format;
use crate::held::HeldLimits;
use crate::schedule::Schedule;
use crate::{ExpectedDelivery, IngestError, connectors};

/// The file as a whole.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngestConfig {
    /// The hosts that are asked, each a name, or a name and a port.
    #[serde(default)]
    pub hosts: BTreeSet<String>,
    /// Who we are towards Maskinporten, for the sources that ask for its tokens.
    pub maskinporten: Option<Identity>,
    /// How much is kept of what is held.
    #[serde(default)]
    pub held: HeldLimits,
    /// The sources, in the order they are asked.
    #[serde(default, rename = "source")]
    pub sources: Vec<SourceConfig>,
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
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "SourceFields")]
pub struct SourceConfig {
    /// Its id, as its receipts carry it.
    pub id: SourceId,
    /// When it is asked.
    pub schedule: Schedule,
    /// What it owes.
    pub expect: Vec<DeliverySchedule>,
    /// How it is asked and read.
    pub connector: Arc<dyn Connector>,
}

/// A source as it is written: the fields of its kind beside those every source has.
#[derive(Deserialize)]
struct SourceFields {
    id: SourceId,
    kind: String,
    schedule: Schedule,
    #[serde(default)]
    expect: Vec<DeliverySchedule>,
    #[serde(flatten)]
    fields: toml::Table,
}

impl TryFrom<SourceFields> for SourceConfig {
    type Error = IngestError;

    fn try_from(source: SourceFields) -> Result<Self, IngestError> {
        let SourceFields { id, kind, schedule, expect, fields } = source;
        Ok(Self { id, schedule, expect, connector: connectors::connector(&kind, fields)? })
    }
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
pub struct DeliverySchedule {
    /// The solution.
    pub solution_id: SolutionId,
    /// The measure.
    pub measure_id: MeasureId,
    /// From the month that holds this day on.
    pub from: NaiveDate,
    /// The day of the next month it is due, 1-28.
    pub due_day: u32,
}

impl IngestConfig {
    /// Reads the file's text; `path` is for errors.
    ///
    /// # Errors
    /// [`IngestError::Config`] with the line, when it is no plan, names a source twice or a host that is not listed.
    pub fn parse(text: &str, path: &Path) -> Result<Self, IngestError> {
        let config: Self = toml::from_str(text).map_err(|error| IngestError::config(path, error))?;
        config.check().map_err(|error| IngestError::config(path, error))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let mut seen = BTreeSet::new();
        // A test's own machine is let through here, and refused by the guard that asks.
        let guard = Guard::with_local(self.hosts.iter().cloned());
        for source in &self.sources {
            let id = &source.id;
            if !seen.insert(id.as_str()) {
                return Err(ConfigError::Twice(id.clone()));
            }
            if let Some(owed) = source.expect.iter().find(|owed| !DUE_DAYS.contains(&owed.due_day)) {
                return Err(ConfigError::DueDay { id: id.clone(), due_day: owed.due_day });
            }
            if let Some(url) = source.connector.url() {
                guard.check(url).map_err(|source| ConfigError::Host { id: id.clone(), source })?;
            }
        }
        for id in self.uploads.iter().flat_map(|uploader| &uploader.sources) {
            let source = self.source(id.as_str()).map_err(|error| ConfigError::Upload(Box::new(error)))?;
            if !source.connector.takes_files() {
                return Err(ConfigError::NoFiles(id.clone()));
            }
        }
        Ok(())
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
    pub fn source(&self, id: &str) -> Result<&SourceConfig, IngestError> {
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

/// What is wrong with a plan that can be read.
#[derive(Debug, thiserror::Error)]
enum ConfigError {
    #[error("the source `{0}` is declared twice")]
    Twice(SourceId),
    #[error(
        "source `{id}`: a delivery cannot be due on day {due_day} of every month: choose {} to {}",
        DUE_DAYS.start(),
        DUE_DAYS.end()
    )]
    DueDay { id: SourceId, due_day: u32 },
    #[error("source `{id}`")]
    Host { id: SourceId, source: Refusal },
    #[error("upload")]
    Upload(#[source] Box<IngestError>),
    #[error("upload: the source `{0}` takes no files; its kind must be one that does, such as `folder`")]
    NoFiles(SourceId),
}

impl SourceConfig {
    /// How its files are parsed, for a source that takes files. `base` is the plan's own folder.
    ///
    /// # Errors
    /// [`IngestError`] when its contract cannot be read, or it takes no files.
    pub fn file_format(&self, base: &Path) -> Result<Arc<dyn Format>, IngestError> {
        let format = self.connector.file_format(base)?;
        format.ok_or_else(|| IngestError::Invalid(format!("the source `{}` takes no files", self.id)))
    }

    /// What it owes until the month that holds `today`.
    #[must_use]
    pub fn expected(&self, today: NaiveDate) -> Vec<ExpectedDelivery> {
        let mut expected = Vec::with_capacity(self.expect.len());
        for owed in &self.expect {
            expected.push(ExpectedDelivery {
                source_id: self.id.clone(),
                solution_id: owed.solution_id.clone(),
                measure_id: owed.measure_id.clone(),
                from: owed.from,
                to: today,
                due_day: owed.due_day,
            });
        }
        expected
    }
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

    fn read(text: &str) -> Result<IngestConfig, String> {
        IngestConfig::parse(text, Path::new("utbredt.toml")).map_err(|error| crate::with_causes(&error))
    }

    #[test]
    fn a_plan_names_its_sources() {
        let plan = read(PLAN).unwrap();
        assert_eq!(plan.sources.len(), 2);
        let [digdir, folder] = [0, 1].map(|at| format!("{:?}", plan.sources[at].connector));
        assert!(digdir.starts_with("Digdir") && digdir.contains("trailing: 3"), "{digdir}");
        assert!(folder.starts_with("Folder") && folder.contains("inbox/county"), "{folder}");
        let owed = plan.sources[0].expected("2026-11-24".parse().unwrap());
        assert_eq!((owed.len(), owed[0].due_day), (1, 16));
        let message = plan.source("county-file").unwrap_err().to_string();
        assert!(message.contains("did you mean `county`"), "{message}");
    }

    #[test]
    fn a_due_day_that_some_month_lacks_is_refused_when_the_plan_is_read() {
        for (day, lacking) in
            [("1", false), ("28", false), ("0", true), ("29", true), ("30", true), ("31", true)]
        {
            let plan = read(&PLAN.replace("due_day = 16", &format!("due_day = {day}")));
            assert_eq!(plan.is_err(), lacking, "{day}");
            let message = plan.err().unwrap_or_default();
            assert!(
                !lacking || message.contains("`digdir-idporten`: a delivery cannot be due on day"),
                "{message}"
            );
        }
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
        let sources = read(plan).unwrap().sources;
        let connectors: Vec<String> = sources.iter().map(|one| format!("{:?}", one.connector)).collect();
        for (connector, begins) in connectors.iter().zip([
            "SsbPopulation",
            "KlassChanges",
            "BrregOrganisations",
            "KartverketMunicipalities",
        ]) {
            assert!(connector.starts_with(begins), "{connector}");
        }
        assert!(connectors[0].contains("table: \"07459\"") && connectors[0].contains("cells: 800000"));
        assert!(connectors[2].contains("page_size: 100"));
        for host in ["data.ssb.no", "data.brreg.no", "api.kartverket.no"] {
            let message =
                read(&plan.replace(&format!("https://{host}"), "https://elsewhere.no")).unwrap_err();
            assert!(message.contains("not on the list of hosts"), "{message}");
        }
        assert!(read(&plan.replace("from = 2022", "form = 2022")).unwrap_err().contains("form"));
    }

    #[test]
    fn what_is_wrong_with_a_plan_is_reported() {
        let wrong = |from: &str, to: &str| read(&PLAN.replace(from, to)).unwrap_err();
        for (from, to, word) in [
            ("id = \"county\"", "id = \"digdir-idporten\"", "is declared twice"),
            ("hosts = [\"data.example.no\"]", "hosts = []", "not on the list of hosts"),
            ("daily at 07:00", "now and then", "is no schedule"),
            ("kind = \"folder\"", "kind = \"pigeon\"", "kind `pigeon` is unknown; did you mean `digdir`?"),
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
            assert!(error.contains("utbredt.toml") && error.contains(word), "{error}");
        }
    }
}
