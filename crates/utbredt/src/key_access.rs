//! What `serve` makes of the keys of its lake: who may read without one, and whether it starts at all.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use utbredt_api::{KeyStore, KeysNow, Reading};
use utbredt_lake::KeyFile;

use crate::clock;
use crate::ingest::usage;
use crate::serve::HttpArguments;

/// The lake's keys behind the server's interface.
#[derive(Debug)]
struct LakeKeys(KeyFile);

impl KeyStore for LakeKeys {
    fn read(&self) -> Result<KeysNow, Box<dyn Error + Send + Sync>> {
        Ok(KeysNow { list: self.0.list()?, now: clock::now() })
    }
}

/// The keys of a lake, for a server.
pub(crate) fn store(lake: &Path) -> Arc<dyn KeyStore> {
    Arc::new(LakeKeys(KeyFile::of_lake(lake)))
}

/// Who may read a server at this address without a key.
///
/// # Errors
/// When it needs a key and no valid one was made, or the file of keys cannot be used.
pub(crate) fn reading(address: SocketAddr, lake: &Path, http: &HttpArguments) -> anyhow::Result<Reading> {
    // Read in any case: a file that is open to others should be known before the first request.
    let keys = KeyFile::of_lake(lake).list().context("the keys of the lake cannot be used")?;
    if http.expose_without_keys {
        return Ok(Reading::Exposed);
    }
    let is_local = address.ip().is_loopback();
    if is_local && !http.require_keys {
        return Ok(Reading::OnThisMachine);
    }
    if keys.any_valid(clock::now()) {
        return Ok(Reading::WithKey);
    }
    let why = if is_local { "--require-keys was given" } else { "others than this machine reach it" };
    let none = if keys.is_empty() { "no key was made" } else { "every key has expired or was revoked" };
    let lake = lake.display();
    Err(usage(
        format!("serving {lake} at {address} needs a key, since {why}, and {none}"),
        &format!(
            "make one with `utbredt key new --scope read --lake {lake}`, or serve on this machine alone with \
             --addr 127.0.0.1:8080; with --expose-without-keys everybody who reaches the address reads all that is \
             counted, small counts included"
        ),
    ))
}
