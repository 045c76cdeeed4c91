//! A delivery and how it is read: the bytes of one answer, and the source's way of saying things.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};
use utbredt_model::{Parsed, ReceiptId, SolutionId, SourceId};
use utbredt_sources::delimited::{self, Contract};
use utbredt_sources::digdir::{self, Series};
use utbredt_sources::digisos;
use utbredt_sources::fiks::{self, invoice::Invoice};

use crate::rollout::Note;
use crate::{IngestError, apart, stages};

/// The largest file taken.
const MOST_BYTES: u64 = 256 << 20;

/// What a source gave, as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Who gave it.
    pub source_id: SourceId,
    /// What was asked for: the delivery's subject, a period or `all`. A new payload for the same question
    /// takes the place of the old one.
    pub asked: String,
    /// The bytes.
    pub payload: Vec<u8>,
    /// When.
    pub received_at: DateTime<Utc>,
    /// Whether it was invented for demonstration.
    pub synthetic: bool,
}

impl Delivery {
    /// Fetches a file. What it is an answer to, and when it came, is for the caller to say.
    ///
    /// # Errors
    /// [`IngestError::File`] when it cannot be read.
    pub fn of_file(
        path: &Path,
        source_id: SourceId,
        asked: &str,
        received_at: DateTime<Utc>,
    ) -> Result<Self, IngestError> {
        let payload = read_file(path)?;
        Ok(Self { source_id, asked: asked.to_owned(), payload, received_at, synthetic: false })
    }

    /// Its receipt: the same source, question and bytes always give the same one.
    #[must_use]
    pub fn receipt_id(&self) -> ReceiptId {
        let mut hash = Sha256::new();
        for part in [self.source_id.as_str().as_bytes(), self.asked.as_bytes(), &self.payload] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        let hex = hash.finalize().into_iter().take(8).map(|byte| format!("{byte:02x}"));
        ReceiptId(hex.collect())
    }
}

/// The bytes of a file, unless it is larger than is taken.
///
/// # Errors
/// [`IngestError::File`] when it cannot be read, [`IngestError::Invalid`] when it is too large.
pub fn read_file(path: &Path) -> Result<Vec<u8>, IngestError> {
    let read = || {
        let mut file = std::fs::File::open(path)?;
        let stated = file.metadata()?.len();
        let mut payload = Vec::with_capacity(usize::try_from(stated.min(MOST_BYTES)).unwrap_or(0) + 1);
        // A file may be larger than it states, as a pipe is.
        if stated <= MOST_BYTES {
            file.by_ref().take(MOST_BYTES + 1).read_to_end(&mut payload)?;
        }
        Ok((stated.max(payload.len() as u64), payload))
    };
    let (bytes, payload) = read().map_err(|source| IngestError::File { path: path.to_path_buf(), source })?;
    if bytes > MOST_BYTES {
        let most = MOST_BYTES >> 20;
        return Err(IngestError::Invalid(format!(
            "{} is larger than {most} MiB: deliver it in parts, each with its own --asked",
            path.display()
        )));
    }
    Ok(payload)
}

/// How a source's deliveries are read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// NAV's list of municipalities on Digisos.
    Digisos {
        /// What must be known to read an absence right.
        notes: Vec<Note>,
    },
    /// A table described by a contract.
    Delimited(Contract),
    /// A series of Digdir's statistics API.
    Digdir(Series),
    /// A list of stages: `municipality_code,solution_id,stage,valid_from`.
    Stages,
    /// Which municipalities have activated a solution on the Fiks platform.
    FiksActivation(SolutionId),
    /// Lines of an invoice of the Fiks platform.
    #[serde(deserialize_with = "declared")]
    FiksInvoice(Invoice),
}

/// A declaration, made ready to read by.
fn declared<'de, D: Deserializer<'de>>(told: D) -> Result<Invoice, D::Error> {
    Invoice::deserialize(told)?.checked().map_err(D::Error::custom)
}

impl Source {
    /// Bytes in, statements out: apart where they may do harm, else here.
    pub(crate) fn parse(&self, delivery: &Delivery) -> Parsed {
        apart::parse(self, &delivery.payload, delivery.received_at)
    }

    /// Bytes in, statements out, in this process.
    pub(crate) fn read(&self, bytes: &[u8], received_at: DateTime<Utc>) -> Parsed {
        match self {
            Self::Digisos { .. } => digisos::parse(bytes),
            Self::Delimited(contract) => delimited::parse(bytes, contract),
            Self::Digdir(series) => digdir::parse(bytes, series),
            Self::Stages => stages::parse(bytes, received_at),
            Self::FiksActivation(solution_id) => fiks::activation::parse(bytes, solution_id, received_at),
            Self::FiksInvoice(invoice) => fiks::invoice::parse(bytes, invoice),
        }
    }

    /// Whether some bytes are a workbook, which is far larger inside than out.
    pub(crate) fn is_workbook(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Delimited(contract) => delimited::is_workbook(bytes, contract),
            // An invoice may come as one.
            Self::FiksInvoice(_) => bytes.starts_with(b"PK"),
            _ => false,
        }
    }

    /// Refuses a contract of another source.
    pub(crate) fn check(&self, delivery: &Delivery) -> Result<(), IngestError> {
        let agreed = match self {
            Self::Delimited(contract) => &contract.source_id,
            Self::FiksInvoice(invoice) => &invoice.source_id,
            _ => return Ok(()),
        };
        if *agreed == delivery.source_id {
            return Ok(());
        }
        Err(IngestError::WrongContract {
            delivered: delivery.source_id.to_string(),
            contract: agreed.to_string(),
        })
    }

    pub(crate) fn notes(&self) -> &[Note] {
        if let Self::Digisos { notes } = self { notes } else { &[] }
    }

    /// Whether it was agreed that the numbers never fall.
    pub(crate) fn cumulative(&self) -> bool {
        matches!(self, Self::Delimited(contract) if contract.measure.as_ref().is_some_and(|m| m.cumulative))
    }

    pub(crate) fn contract_version(&self) -> i32 {
        match self {
            Self::Delimited(contract) => i32::try_from(contract.version).unwrap_or(i32::MAX),
            Self::FiksInvoice(invoice) => i32::try_from(invoice.version).unwrap_or(i32::MAX),
            _ => 1,
        }
    }

    pub(crate) fn synthetic(&self, delivery: &Delivery) -> bool {
        delivery.synthetic || matches!(self, Self::Delimited(contract) if contract.synthetic)
    }

    /// The text of a payload in which a row's number is the number of its line.
    pub(crate) fn lines<'p>(&self, payload: &'p [u8]) -> Option<Cow<'p, str>> {
        match self {
            Self::Delimited(contract) => delimited::lines(payload, contract),
            Self::Digdir(_) | Self::FiksActivation(_) | Self::FiksInvoice(_) => None,
            Self::Digisos { .. } | Self::Stages => Some(String::from_utf8_lossy(payload)),
        }
    }
}
