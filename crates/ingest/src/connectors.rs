//! Every source there is a connector or a format for. A new one is a file here, a `mod` and a line of the registry.

mod brreg;
mod digdir;
mod digisos;
mod fiks_activation;
mod fiks_invoices;
mod folder;
mod kartverket;
mod klass;
mod register;
mod ssb;
mod stages;

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use utbredt_model::SourceId;

use crate::connector::Connector;
use crate::format::Format;
use crate::reference_data::nearest;
use crate::{Files, IngestError};

pub use brreg::BrregOrganisations;
pub use digdir::{Digdir, Points};
pub use digisos::DigisosList;
pub use fiks_activation::{Activations, FiksActivation};
pub use fiks_invoices::{FiksInvoices, InvoiceLines};
pub use folder::{Delimited, Folder};
pub use kartverket::KartverketMunicipalities;
pub use klass::KlassChanges;
pub use ssb::SsbPopulation;
pub use stages::StageList;

/// Reads a connector from the fields of the plan.
pub type ReadConnector = fn(toml::Table) -> Result<Arc<dyn Connector>, toml::de::Error>;

/// Reads a format from [`Format::settings`].
pub type ReadFormat = fn(Value) -> Result<Arc<dyn Format>, serde_json::Error>;

/// Whose files are, and how they are parsed.
pub type FileSource = (SourceId, Arc<dyn Format>);

/// Finds a [`FileSource`], given the files below `datasets/`.
pub type FindFiles = fn(&Files) -> Result<FileSource, IngestError>;

/// What is known of a source before it is configured.
pub struct Registration {
    /// Its `kind` in the plan, its name on the command line, and that of its format.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// Reads the connector from the fields of the plan.
    pub connector: Option<ReadConnector>,
    /// Reads the format from [`Format::settings`].
    pub format: Option<ReadFormat>,
    /// Files that are delivered without a contract.
    pub files: Option<FindFiles>,
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registration").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Every registration, by name.
pub static REGISTRY: [&Registration; 10] = [
    &brreg::REGISTRATION,
    &digdir::REGISTRATION,
    &digisos::REGISTRATION,
    &fiks_activation::REGISTRATION,
    &fiks_invoices::REGISTRATION,
    &folder::REGISTRATION,
    &kartverket::REGISTRATION,
    &klass::REGISTRATION,
    &ssb::REGISTRATION,
    &stages::REGISTRATION,
];

/// The registration of that name.
pub(crate) fn find(name: &str) -> Option<&'static Registration> {
    REGISTRY.iter().copied().find(|one| one.name == name)
}

/// The sources whose files are delivered without a contract.
pub fn file_sources() -> impl Iterator<Item = &'static Registration> {
    REGISTRY.iter().copied().filter(|one| one.files.is_some())
}

/// Whose the files of such a source are, and how they are parsed, given the files below `datasets/`.
///
/// # Errors
/// [`IngestError::Unknown`] for a name that is none of [`file_sources`].
pub fn file_source(name: &str, datasets: &Files) -> Result<FileSource, IngestError> {
    match find(name).and_then(|one| one.files) {
        Some(files) => files(datasets),
        None => Err(unknown("source", name, file_sources())),
    }
}

/// Reads a connector from the fields of the plan.
///
/// # Errors
/// [`IngestError::Unknown`] for a kind that is not registered, [`IngestError::Settings`] for fields that do not fit.
pub(crate) fn connector(kind: &str, fields: toml::Table) -> Result<Arc<dyn Connector>, IngestError> {
    match find(kind).and_then(|one| one.connector) {
        Some(read) => Ok(read(fields)?),
        None => {
            let kinds = REGISTRY.iter().copied().filter(|one| one.connector.is_some());
            Err(unknown("kind", kind, kinds))
        }
    }
}

/// Reads a format from its settings.
///
/// # Errors
/// [`IngestError::Unknown`] for a name that is not registered, [`IngestError::FormatSettings`] for settings of another.
pub(crate) fn format(name: &str, settings: Value) -> Result<Arc<dyn Format>, IngestError> {
    match find(name).and_then(|one| one.format) {
        Some(read) => Ok(read(settings)?),
        None => {
            let formats = REGISTRY.iter().copied().filter(|one| one.format.is_some());
            Err(unknown("format", name, formats))
        }
    }
}

fn unknown(
    kind: &'static str,
    name: &str,
    known: impl Iterator<Item = &'static Registration>,
) -> IngestError {
    let known: Vec<String> = known.map(|one| one.name.to_owned()).collect();
    IngestError::Unknown { kind, name: name.to_owned(), nearest: nearest(name, &known) }
}

/// A connector whose settings are its fields.
fn from_fields<C: Connector + DeserializeOwned + 'static>(
    fields: toml::Table,
) -> Result<Arc<dyn Connector>, toml::de::Error> {
    Ok(Arc::new(C::deserialize(fields)?))
}

/// A format whose settings are its fields.
fn from_settings<F: Format + DeserializeOwned + 'static>(
    settings: Value,
) -> Result<Arc<dyn Format>, serde_json::Error> {
    Ok(Arc::new(serde_json::from_value::<F>(settings)?))
}

#[cfg(test)]
pub(crate) mod tests;
