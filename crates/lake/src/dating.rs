//! What an edition is dated. The machine's clock is believed unless it contradicts the lake: an edition dated by a clock that
//! is ahead would date all that follow, since none is dated before the one it follows.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::{Edition, LakeError};

/// How far the clock may be from the newest edition's date, either way. Every source reports at least once a year, so a
/// lake that is in use has an edition within this; a clock that lost its battery is off by years.
const SLACK: TimeDelta = TimeDelta::days(400);

/// The date of the edition after `latest` when the clock says `now`: never before that one's.
pub(crate) fn date(latest: Option<&Edition>, now: DateTime<Utc>) -> Result<DateTime<Utc>, LakeError> {
    let Some(latest) = latest else { return Ok(now) };
    let off = now.signed_duration_since(latest.recorded_at);
    if off.abs() <= SLACK {
        // A clock that was set back must not put an edition before the one it follows.
        return Ok(latest.recorded_at.max(now));
    }
    let [now, newest] = [now, latest.recorded_at].map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    let side = if off > TimeDelta::zero() { "after" } else { "before" };
    Err(LakeError::Clock {
        number: latest.number,
        newest,
        now,
        days: off.num_days().abs(),
        side,
        slack: SLACK.num_days(),
    })
}
