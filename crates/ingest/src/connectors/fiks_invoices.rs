//! Invoices of the Fiks platform, put into a folder or delivered as files, read by a declaration.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::Error as _;
use serde_json::Value;
use utbredt_model::{Parsed, SourceId};
use utbredt_sources::fiks::invoice::{self, Invoice};

use super::folder::deliver_folder;
use super::{Registration, from_fields};
use crate::IngestError;
use crate::connector::{Connector, Pull, PullError};
use crate::format::Format;

pub(super) static REGISTRATION: Registration = Registration {
    name: "fiks_invoices",
    about: "Invoices of the Fiks platform in a folder, read by a declaration.",
    connector: Some(from_fields::<FiksInvoices>),
    format: Some(|settings| {
        let declared: Invoice = serde_json::from_value(settings)?;
        Ok(Arc::new(InvoiceLines(declared.checked().map_err(serde_json::Error::custom)?)))
    }),
    files: None,
};

/// A folder of invoices.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FiksInvoices {
    /// The folder, from the plan's own.
    pub folder: PathBuf,
    /// The declaration, from the plan's own folder.
    pub declaration: PathBuf,
}

impl FiksInvoices {
    fn format(&self, base: &Path) -> Result<Arc<dyn Format>, IngestError> {
        let path = base.join(&self.declaration);
        let text = std::fs::read_to_string(&path)
            .map_err(|source| IngestError::File { path: path.clone(), source })?;
        let read = Invoice::from_toml(&text);
        Ok(Arc::new(InvoiceLines(read.map_err(|error| IngestError::contract(&path, error))?)))
    }
}

impl Connector for FiksInvoices {
    fn takes_files(&self) -> bool {
        true
    }

    fn file_format(&self, base: &Path) -> Result<Option<Arc<dyn Format>>, IngestError> {
        self.format(base).map(Some)
    }

    fn pull(&self, pull: &mut Pull<'_>) -> Result<(), PullError> {
        let format = self.format(pull.context().base)?;
        deliver_folder(pull, &self.folder, format.as_ref())
    }
}

/// Lines of an invoice.
#[derive(Debug, Clone)]
pub struct InvoiceLines(pub Invoice);

impl Format for InvoiceLines {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn settings(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(&self.0)
    }

    fn parse(&self, bytes: &[u8], _received_at: DateTime<Utc>) -> Parsed {
        invoice::parse(bytes, &self.0)
    }

    // An invoice may come as a workbook, which is a zip archive.
    fn is_workbook(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(b"PK")
    }

    fn source_id(&self) -> Option<&SourceId> {
        Some(&self.0.source_id)
    }

    fn contract_version(&self) -> i32 {
        i32::try_from(self.0.version).unwrap_or(i32::MAX)
    }
}
