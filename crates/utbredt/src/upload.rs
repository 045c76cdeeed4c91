//! Deliveries over HTTP: reads who may deliver from the plan, and wires the inbox to the server's interface.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use serde_json::{Value, json};
use utbredt_api::{DeliveryInbox, HeldDeliveries, HeldError, SourceAccess, UploadKey};
use utbredt_ingest::Report;
use utbredt_ingest::config::IngestConfig;
use utbredt_ingest::held;
use utbredt_ingest::inbox::{Inbox, InboxError};
use utbredt_lake::{KeyFile, Lake};

use crate::clock::System;

/// The shortest token that is not guessed.
const SHORTEST_TOKEN: usize = 32;

/// What takes deliveries, what shows and releases held ones, and the tokens of the plan. Without a token keys of scope `upload`
/// alone deliver.
pub(crate) struct Uploads {
    pub(crate) inbox: Arc<dyn DeliveryInbox>,
    pub(crate) held: Arc<dyn HeldDeliveries>,
    pub(crate) keys: Vec<UploadKey>,
}

/// The inbox of the plan, if there is a plan and anybody may deliver: by a token of the plan, or by a key.
pub(crate) fn uploads(plan: &Path, root: &Path) -> anyhow::Result<Option<Uploads>> {
    // The default plan need not be there; a server without it takes no deliveries.
    if !plan.exists() {
        return Ok(None);
    }
    let base = plan.parent().unwrap_or(Path::new("")).to_path_buf();
    let config = IngestConfig::read(plan)?;
    let mut keys = Vec::new();
    for uploader in &config.uploads {
        let secret = uploader.token.read(&base, &|name| std::env::var(name).ok())?;
        let length = secret.0.len();
        anyhow::ensure!(
            // Characters that a header cannot carry would make a token that never fits.
            length >= SHORTEST_TOKEN && secret.0.chars().all(|letter| letter.is_ascii_graphic()),
            "{}: the token of an [[upload]] must be at least {SHORTEST_TOKEN} visible characters without spaces",
            plan.display()
        );
        keys.push(UploadKey::new(&secret.0, uploader.sources.iter().map(ToString::to_string)));
    }
    let inbox = Inbox::open(config, base, Lake::open(root)?, Arc::new(System))
        .context("a source cannot take uploads")?;
    let wired = Arc::new(Wired(inbox));
    let any_key =
        KeyFile::of_lake(root).list()?.records().iter().any(|key| key.upload_sources().next().is_some());
    let is_open = any_key || !keys.is_empty();
    Ok(is_open.then(|| Uploads { inbox: Arc::clone(&wired) as _, held: wired, keys }))
}

/// The inbox behind the server's interface.
#[derive(Debug)]
struct Wired(Inbox);

impl DeliveryInbox for Wired {
    fn accept(
        &self,
        upload: utbredt_api::Upload,
    ) -> Result<utbredt_api::UploadOutcome, utbredt_api::InboxError> {
        match self.0.accept(upload) {
            Ok(outcome) => {
                Ok(utbredt_api::UploadOutcome { verdict: outcome.verdict, report: outcome.report })
            }
            Err(InboxError::Busy) => Err(utbredt_api::InboxError::Busy),
            Err(InboxError::Full { held, quota }) => Err(utbredt_api::InboxError::Full { held, quota }),
            Err(InboxError::KeyReused) => Err(utbredt_api::InboxError::Reused),
            Err(error) => Err(utbredt_api::InboxError::Failed(error.into())),
        }
    }

    fn takes(&self, source_id: &str) -> bool {
        self.0.takes(source_id)
    }
}

impl HeldDeliveries for Wired {
    fn list(&self) -> Result<Vec<Value>, HeldError> {
        let held = self.0.held().map_err(into_api)?;
        Ok(held.iter().map(held::HeldDelivery::to_json).collect())
    }

    fn show(&self, receipt_id: &str) -> Result<Value, HeldError> {
        let (held, report) = self.0.show_held(receipt_id).map_err(into_api)?;
        Ok(json!({ "held": held.to_json(), "release": report.as_ref().map(Report::to_json) }))
    }

    fn release(&self, receipt_id: &str, reason: &str, sources: &SourceAccess) -> Result<Value, HeldError> {
        if !sources.contains(&self.0.source_of(receipt_id).map_err(into_api)?) {
            return Err(HeldError::NotAllowed);
        }
        Ok(self.0.release(receipt_id, reason).map_err(into_api)?.to_json())
    }
}

fn into_api(error: held::HeldError) -> HeldError {
    match error {
        held::HeldError::Unknown { nearest, .. } => HeldError::Unknown { nearest },
        held::HeldError::NotHeld(_) => HeldError::NotHeld,
        held::HeldError::Errors(reasons) => HeldError::NotReleasable(reasons),
        held::HeldError::NoContract | held::HeldError::Removed(_) => {
            HeldError::NotReleasable(vec![error.to_string()])
        }
        held::HeldError::Busy => HeldError::Busy,
        error => HeldError::Failed(error.into()),
    }
}
