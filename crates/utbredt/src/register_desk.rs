//! Registers over HTTP: wires what reads and changes them to the server's interface.

use std::sync::Arc;

use utbredt_api::{RegisterDesk, RegisterError, RegisterFile, RegisterOutcome, RegisterRows};
use utbredt_ingest::IngestError;
use utbredt_ingest::registers::{self, Application};
use utbredt_lake::{Lake, LakeError};
use utbredt_model::register::Register;

use crate::assets::Queries;
use crate::clock;
use crate::register_export::{kpis, names};
use crate::register_report::to_json;

/// The registers of a lake.
pub(crate) fn desk(lake: Lake, queries: Queries) -> Arc<dyn RegisterDesk> {
    Arc::new(Desk { lake, queries })
}

struct Desk {
    lake: Lake,
    queries: Queries,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Desk").field("lake", &self.lake.root()).finish_non_exhaustive()
    }
}

impl RegisterDesk for Desk {
    fn rows(&self, register: &'static Register, edition: u64) -> Result<RegisterRows, RegisterError> {
        let edition = self.lake.edition(edition).map_err(IngestError::from).map_err(failed)?;
        let rows = registers::show(&self.lake, Some(&edition), register).map_err(failed)?;
        let names = names(register, (&self.lake, Some(&edition)), &self.queries);
        Ok(RegisterRows { rows, names: names.map_err(|error| RegisterError::Failed(error.into()))? })
    }

    fn take(&self, file: RegisterFile) -> Result<RegisterOutcome, RegisterError> {
        let RegisterFile { register, payload, edition, reason } = file;
        let kpis = kpis(self.queries.clone()).map_err(|error| RegisterError::Failed(error.into()))?;
        let Some(reason) = reason else {
            let proposal =
                registers::check(&self.lake, register, &payload, (&kpis, edition)).map_err(failed)?;
            return Ok(RegisterOutcome { applied: false, report: to_json(register, &proposal, None) });
        };
        let mut writer = self.lake.writer().map_err(IngestError::from).map_err(failed)?;
        writer.recover().map_err(IngestError::from).map_err(failed)?;
        let application = Application {
            register,
            bytes: &payload,
            kpis: &kpis,
            edition,
            reason: &reason,
            recorded_at: clock::now(),
        };
        let applied = registers::apply(&mut writer, application).map_err(failed)?;
        let receipt = applied.receipt.as_ref().map(|receipt| receipt.0.clone());
        let is_applied = receipt.is_some();
        let report = to_json(register, &applied.proposal, Some((applied.edition, receipt)));
        Ok(RegisterOutcome { applied: is_applied, report })
    }
}

fn failed(error: IngestError) -> RegisterError {
    match error {
        IngestError::Lake(LakeError::Locked(_)) => RegisterError::Busy,
        error => RegisterError::Failed(error.into()),
    }
}
