//! The bytes of a delivery: in memory, or in the lake where they are too many for it.

use std::fs::File;
use std::io::{Read, Seek as _};
use std::path::Path;

use sha2::{Digest, Sha256};
use utbredt_lake::{Lake, Writer};
use utbredt_model::{ReceiptId, SourceId};
use utbredt_sources::delimited::is_streamable;

use crate::IngestError;
use crate::delivery::{FIRST_BYTES, begin_receipt, hex};
use crate::format::Format;

/// The bytes of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// All of them.
    Whole(Vec<u8>),
    /// Kept in a lake, from where they are read bit by bit.
    Large(LargePayload),
}

/// A payload that lies in a lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LargePayload {
    sha256: String,
    bytes: u64,
    /// The receipt that these bytes get for the source and subject they were delivered for.
    receipt: ReceiptId,
}

impl LargePayload {
    /// Keeps a file, for a source and a subject. One that is kept already is not packed again.
    pub(crate) fn of_file(
        writer: &mut Writer,
        path: &Path,
        of: (&SourceId, &str),
    ) -> Result<Self, IngestError> {
        let mut file = File::open(path).map_err(|source| IngestError::file(path, source))?;
        let mut own = Sha256::new();
        let bytes = std::io::copy(&mut file, &mut own).map_err(|source| IngestError::file(path, source))?;
        let sha256 = hex(&own.finalize());
        // A file that lies in a folder is looked at every day.
        if writer.lake().has_raw(&sha256) {
            return Self::kept(writer.lake(), sha256, bytes, of);
        }
        // Hashed first: packing takes far longer than reading twice.
        file.rewind().map_err(|source| IngestError::file(path, source))?;
        // What is kept counts, also where the file has changed meanwhile.
        let (sha256, bytes) = writer.keep_raw_stream(&mut file)?;
        Self::kept(writer.lake(), sha256, bytes, of)
    }

    /// One that is in the lake already.
    pub(crate) fn kept(
        lake: &Lake,
        sha256: String,
        bytes: u64,
        (source_id, subject): (&SourceId, &str),
    ) -> Result<Self, IngestError> {
        // A receipt begins with the length, which is known only when all was read.
        let mut hash = begin_receipt(source_id, subject, bytes);
        let mut own = Sha256::new();
        let mut payload = lake.open_raw(&sha256)?;
        let mut piece = vec![0; 1 << 18];
        loop {
            let read = payload.read(&mut piece).map_err(|source| unreadable(&sha256, source))?;
            if read == 0 {
                break;
            }
            hash.update(&piece[..read]);
            own.update(&piece[..read]);
        }
        if hex(&own.finalize()) != sha256 {
            let source = std::io::Error::other("the payload does not hash to its name");
            return Err(unreadable(&sha256, source));
        }
        Ok(Self { sha256, bytes, receipt: ReceiptId(hex(&hash.finalize())) })
    }

    /// One that is in the lake already, or all of its bytes where it is not read piece by piece.
    pub(crate) fn in_pieces(
        lake: &Lake,
        sha256: String,
        bytes: u64,
        of: (&SourceId, &str),
        format: &dyn Format,
    ) -> Result<Payload, IngestError> {
        let mut first = Vec::new();
        let from = lake.open_raw(&sha256)?;
        from.take(FIRST_BYTES).read_to_end(&mut first).map_err(|source| unreadable(&sha256, source))?;
        match format.contract().filter(|contract| is_streamable(contract, &first)) {
            Some(_) => Self::kept(lake, sha256, bytes, of).map(Payload::Large),
            None => Ok(lake.raw(&sha256)?.into()),
        }
    }

    /// Opens it, to be read from its beginning.
    pub(crate) fn open(&self, lake: &Lake) -> Result<impl Read + Send + use<>, IngestError> {
        Ok(lake.open_raw(&self.sha256)?)
    }
}

/// A payload in the lake that cannot be read.
pub(crate) fn unreadable(sha256: &str, source: std::io::Error) -> IngestError {
    IngestError::File { path: format!("raw/{sha256}.zst").into(), source }
}

impl Payload {
    /// The bytes; of one that lies in a lake none.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Large(_) => &[],
        }
    }

    /// How many bytes there are.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Whole(bytes) => bytes.len() as u64,
            Self::Large(large) => large.bytes,
        }
    }

    /// The hash of the bytes.
    pub(crate) fn sha256(&self) -> String {
        match self {
            Self::Whole(bytes) => hex(&Sha256::digest(bytes)),
            Self::Large(large) => large.sha256.clone(),
        }
    }

    /// The receipt that they get for a source and a subject.
    pub(crate) fn receipt(&self, source_id: &SourceId, subject: &str) -> ReceiptId {
        match self {
            Self::Whole(bytes) => {
                let mut hash = begin_receipt(source_id, subject, bytes.len() as u64);
                hash.update(bytes);
                ReceiptId(hex(&hash.finalize()))
            }
            Self::Large(large) => large.receipt.clone(),
        }
    }

    /// The payload that lies in a lake, if it does.
    pub(crate) fn large(&self) -> Option<&LargePayload> {
        match self {
            Self::Whole(_) => None,
            Self::Large(large) => Some(large),
        }
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Whole(bytes)
    }
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Self {
        Self::Whole(bytes.to_vec())
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Self::Whole(text.into_bytes())
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        Self::Whole(text.as_bytes().to_vec())
    }
}
