//! Files put into a folder, each one delivery, read by a contract; and files delivered by whoever has them.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utbredt_model::{Parsed, SourceId};
use utbredt_sources::delimited::{self, Contract, Replaces};

use super::{Registration, from_fields, from_settings};
use crate::connector::{Connector, Pull, PullError};
use crate::format::Format;
use crate::{IngestError, with_causes};

pub(super) static REGISTRATION: Registration = Registration {
    name: "folder",
    about: "Tables in a folder, read by a contract.",
    connector: Some(from_fields::<Folder>),
    format: Some(from_settings::<Delimited>),
    files: None,
};

/// A folder of tables.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// The folder, from the plan's own.
    pub folder: PathBuf,
    /// The contract, from the plan's own folder.
    pub contract: PathBuf,
}

impl Connector for Folder {
    fn takes_files(&self) -> bool {
        true
    }

    fn file_format(&self, base: &Path) -> Result<Option<Arc<dyn Format>>, IngestError> {
        Ok(Some(Arc::new(Delimited::read(&base.join(&self.contract))?)))
    }

    fn pull(&self, pull: &mut Pull<'_>) -> Result<(), PullError> {
        let format = Delimited::read(&pull.context().base.join(&self.contract))?;
        deliver_folder(pull, &self.folder, &format)
    }
}

/// Delivers the files of a folder, by name; each is the answer to what its name says, unless another took its place since.
pub(super) fn deliver_folder(
    pull: &mut Pull<'_>,
    folder: &Path,
    format: &dyn Format,
) -> Result<(), PullError> {
    for path in files(&pull.context().base.join(folder))? {
        let subject = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        match pull.take_file(&path, &subject, format) {
            Ok(delivery) => pull.deliver_file(&delivery, format)?,
            // One file that cannot be taken keeps none of the others back.
            Err(error) => pull.stop(with_causes(&error)),
        }
    }
    Ok(())
}

/// The files of a folder, by name, without the hidden ones.
fn files(folder: &Path) -> Result<Vec<PathBuf>, IngestError> {
    let unreadable = |source| IngestError::File { path: folder.to_path_buf(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if path.is_file() && !hidden {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// A table described by a contract.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Delimited(pub Contract);

impl Delimited {
    /// Reads the contract from a file.
    ///
    /// # Errors
    /// [`IngestError::File`] when it cannot be read, [`IngestError::Contract`] when it is none.
    pub fn read(path: &Path) -> Result<Self, IngestError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| IngestError::File { path: path.to_path_buf(), source })?;
        Contract::from_toml(&text).map(Self).map_err(|error| IngestError::contract(path, error))
    }
}

impl Format for Delimited {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn settings(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(self)
    }

    fn parse(&self, bytes: &[u8], _received_at: DateTime<Utc>) -> Parsed {
        delimited::parse(bytes, &self.0)
    }

    fn is_workbook(&self, bytes: &[u8]) -> bool {
        delimited::is_workbook(bytes, &self.0)
    }

    fn source_id(&self) -> Option<&SourceId> {
        Some(&self.0.source_id)
    }

    fn is_cumulative(&self) -> bool {
        self.0.measure.as_ref().is_some_and(|measure| measure.cumulative)
    }

    fn division(&self) -> Option<NaiveDate> {
        self.0.subject.division
    }

    fn unit(&self) -> Option<&str> {
        self.0.value.scale.as_ref().map(|scale| scale.unit.as_str())
    }

    fn replaces_own_span(&self) -> bool {
        self.0.replaces == Replaces::OwnSpan
    }

    fn contract(&self) -> Option<&Contract> {
        Some(&self.0)
    }

    fn contract_version(&self) -> i32 {
        i32::try_from(self.0.version).unwrap_or(i32::MAX)
    }

    fn is_synthetic(&self) -> bool {
        self.0.synthetic
    }

    fn lines<'p>(&self, payload: &'p [u8]) -> Option<Cow<'p, str>> {
        delimited::lines(payload, &self.0)
    }
}
