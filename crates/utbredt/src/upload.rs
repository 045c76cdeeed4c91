//! The door for deliveries over HTTP: the plan says who may send and how it is read, `ingest` judges and keeps.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use serde_json::{Value, json};
use utbredt_api::{Intake, IntakeError, Taken, Upload, UploadKey, Verdict};
use utbredt_ingest::plan::Plan;
use utbredt_ingest::{Delivery, IngestError, Report, Yardstick, deliver};
use utbredt_lake::{Lake, LakeError};

use crate::clock;
use crate::ingest::report_as_json;

/// The shortest token that is not guessed.
const SHORTEST_TOKEN: usize = 32;

/// Refused rows that are named in a report; the reasons count them all.
const ROWS_NAMED: usize = 1000;

/// What takes deliveries, and the keys that open it.
pub(crate) type Door = (Arc<dyn Intake>, Vec<UploadKey>);

/// The door of the plan, if there is a plan and it declares who may deliver.
pub(crate) fn door(plan: &Path, root: &Path) -> anyhow::Result<Option<Door>> {
    if !plan.exists() {
        return Ok(None);
    }
    let base = plan.parent().unwrap_or(Path::new("")).to_path_buf();
    let read = Plan::read(plan)?;
    let mut keys = Vec::new();
    for uploader in &read.uploads {
        let secret = uploader.token.read(&base, &|name| std::env::var(name).ok())?;
        let length = secret.0.len();
        anyhow::ensure!(
            length >= SHORTEST_TOKEN && secret.0.chars().all(|letter| letter.is_ascii_graphic()),
            "{}: the token of an [[upload]] must be at least {SHORTEST_TOKEN} visible characters without spaces",
            plan.display()
        );
        for id in &uploader.sources {
            let source = read.source(id.as_str())?;
            source.file_source(&base).with_context(|| format!("the source `{id}` cannot take uploads"))?;
        }
        keys.push(UploadKey::new(&secret.0, uploader.sources.iter().map(ToString::to_string)));
    }
    let lake = Lake::open(root)?;
    let intake = ByContract { plan: read, base, lake };
    Ok((!keys.is_empty()).then(|| (Arc::new(intake) as Arc<dyn Intake>, keys)))
}

/// Reads each delivery by the contract of its source.
#[derive(Debug)]
struct ByContract {
    plan: Plan,
    base: PathBuf,
    lake: Lake,
}

impl Intake for ByContract {
    fn take(&self, upload: Upload) -> Result<Taken, IntakeError> {
        self.judge(upload).map_err(|error| match error {
            IngestError::Lake(LakeError::Locked(_)) => IntakeError::Busy,
            error => IntakeError::Failed(error.to_string()),
        })
    }
}

impl ByContract {
    fn judge(&self, upload: Upload) -> Result<Taken, IngestError> {
        let planned = self.plan.source(&upload.source_id)?;
        let source = planned.file_source(&self.base)?;
        let delivery = Delivery {
            source_id: planned.id.clone(),
            asked: upload.asked,
            payload: upload.payload,
            received_at: clock::now(),
            synthetic: false,
        };
        let try_it = || Yardstick::Lake(self.lake.clone()).try_delivery(&source, &delivery);
        if upload.dry_run {
            let trial = try_it()?;
            return Ok(taken(&trial.report, &trial.rejections));
        }
        let mut writer = self.lake.writer()?;
        writer.clean_up()?;
        writer.rebuild_delta()?;
        // Tried first for the rows it would refuse; the lock is ours, so nothing comes between.
        let trial = try_it()?;
        let report = deliver(&mut writer, &source, &delivery)?;
        if let Some(problem) = writer.delta_problem() {
            tracing::error!(%problem, "a delivery is in; readers of its Delta logs do not see it yet");
        }
        Ok(taken(&report, &trial.rejections))
    }
}

fn taken(report: &Report, rejections: &[utbredt_model::Rejection]) -> Taken {
    let verdict = match (&report.held, report.unchanged) {
        (Some(_), _) => Verdict::Held,
        (None, true) => Verdict::Unchanged,
        (None, false) => Verdict::Accepted,
    };
    let rows: Vec<Value> = rejections
        .iter()
        .take(ROWS_NAMED)
        .map(|refused| json!({ "row": refused.row, "reason": refused.reason, "raw": refused.raw }))
        .collect();
    let mut told = report_as_json(report);
    told["rejections"] = Value::Array(rows);
    told["rejections_left_out"] = json!(rejections.len().saturating_sub(ROWS_NAMED));
    Taken { verdict, report: told }
}
