//! Digdir's statistics API: spans of a series, each asked for in as many parts as it takes for none to be cut.

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utbredt_model::oslo;
use utbredt_model::{Granularity, Parsed, Period, Stamp};
use utbredt_sources::digdir::{self, Distance, SILENT_CUT, Series};

use super::{Registration, from_fields, from_settings};
use crate::connector::{Connector, Pull, PullError};
use crate::fetch::{FetchError, Request};
use crate::format::Format;

pub(super) static REGISTRATION: Registration = Registration {
    name: "digdir",
    about: "A series of Digdir's statistics API.",
    connector: Some(from_fields::<Digdir>),
    format: Some(from_settings::<Points>),
    files: None,
};

/// A series that is pulled.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digdir {
    /// Where the interface is, such as `https://data.example.no/statistikk`.
    pub url: String,
    /// The first day.
    pub from: NaiveDate,
    /// How many of the newest spans are asked for again, because the source overwrites its points.
    #[serde(default = "three")]
    pub trailing: u32,
    /// How many hours after its end a span is asked for.
    #[serde(default = "six")]
    pub lag_hours: u32,
    /// How the series is read.
    pub series: Series,
}

const fn three() -> u32 {
    3
}

const fn six() -> u32 {
    6
}

/// One owner and distance the interface has series of.
#[derive(Deserialize)]
struct Offered {
    owner: String,
    #[serde(default)]
    distance: Option<String>,
}

const fn segment(distance: Distance) -> &'static str {
    match distance {
        Distance::Hours => "hours",
        Distance::Days => "days",
        Distance::Months => "months",
    }
}

/// The largest answer that makes sense: ten thousand points of a kilobyte.
const MAX_BYTES: u64 = 16 << 20;

/// A time that is asked for as one delivery: a day, or a month of a series of months.
struct Span {
    subject: String,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// Those that were over early enough to be asked for.
fn spans(digdir: &Digdir, now: DateTime<Utc>) -> Vec<Span> {
    let granularity = match digdir.series.distance {
        Distance::Months => Granularity::Month,
        Distance::Hours | Distance::Days => Granularity::Day,
    };
    let ready = now - TimeDelta::hours(digdir.lag_hours.into());
    let mut all = Vec::new();
    let mut period = Period::holding(digdir.from, granularity);
    while oslo::start(period.end) <= ready {
        all.push(Span {
            subject: period.to_string(),
            start: oslo::start(period.start),
            end: oslo::start(period.end),
        });
        period = Period::holding(period.end, granularity);
    }
    all
}

impl Connector for Digdir {
    fn url(&self) -> Option<&str> {
        Some(&self.url)
    }

    /// Asks for every span (a day; a month where the series is one of months) that is not here, and for the newest ones
    /// again. Each is a delivery and an edition.
    ///
    /// An answer of exactly as many points as the source cuts at may have been cut, so its time is asked for again in
    /// halves, down to single hours. What is delivered therefore was not cut, or is held because that cannot be known.
    fn pull(&self, pull: &mut Pull<'_>) -> Result<(), PullError> {
        self.check_offered(pull)?;
        let here = pull.active_subjects()?;
        let spans = spans(self, pull.now());
        let again = spans.len().saturating_sub(self.trailing as usize);
        let format = Points(self.series.clone());
        let mut parts = 1;
        for (place, span) in spans.into_iter().enumerate() {
            if place < again && here.contains_key(&span.subject) {
                continue;
            }
            // Only of what is asked for again can the source say that it is unchanged.
            let payload = self.fetch_span(pull, &span, &mut parts, place >= again)?;
            pull.deliver(span.subject, payload, &format)?;
        }
        Ok(())
    }
}

impl Digdir {
    /// Whether the interface has series of the owner at the distance; one that does not say what it has is believed.
    fn check_offered(&self, pull: &mut Pull<'_>) -> Result<(), PullError> {
        let address = format!("{}/meta", self.url.trim_end_matches('/'));
        let body =
            match pull.fetch(&Request { max_bytes: MAX_BYTES, remember: true, ..Request::get(address) }) {
                Err(PullError::Fetch(FetchError::Status { status: 404, .. })) => return Ok(()),
                answered => answered?,
            };
        let all: Vec<Offered> = serde_json::from_slice(&body).unwrap_or_default();
        if all.is_empty() || all.iter().any(|one| one.fits(&self.series)) {
            return Ok(());
        }
        let names: Vec<String> = all.iter().map(Offered::name).collect();
        Err(PullError::Undeclared(format!(
            "the source has no series of {}/{}; it has {}",
            self.series.owner,
            segment(self.series.distance),
            names.join(", ")
        )))
    }

    /// A span's answers as one payload: an array of them, byte for byte as they came.
    fn fetch_span(
        &self,
        pull: &mut Pull<'_>,
        span: &Span,
        parts: &mut usize,
        remember: bool,
    ) -> Result<Vec<u8>, PullError> {
        let hours = usize::try_from((span.end - span.start).num_hours()).unwrap_or(24);
        let mut open = windows(span.start, hours, (*parts).min(hours));
        open.reverse();
        let mut answers = Vec::new();
        while let Some((from, to)) = open.pop() {
            let address = self.window(from, to);
            let body = pull.fetch(&Request { max_bytes: MAX_BYTES, remember, ..Request::get(address) })?;
            let hours = usize::try_from((to - from).num_hours()).unwrap_or(1);
            if count(&body) == Some(SILENT_CUT) && hours > 1 {
                open.extend(windows(from, hours, 2).into_iter().rev());
                continue;
            }
            answers.push(body);
        }
        *parts = answers.len();
        Ok([&b"["[..], &answers.join(&b","[..]), b"]"].concat())
    }

    /// The address of the points whose windows begin in `[from, to)`. Whether the source takes the end as in or out is
    /// not written anywhere, so the bounds lie between two points.
    fn window(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> String {
        let second = TimeDelta::seconds(1);
        let (from, to) = match self.series.stamp {
            Stamp::Start => (from, to - second),
            Stamp::End => (from + second, to + second),
        };
        let Series { owner, series, distance, .. } = &self.series;
        format!(
            "{}/{owner}/{series}/{}?from={}&to={}",
            self.url.trim_end_matches('/'),
            segment(*distance),
            from.to_rfc3339_opts(SecondsFormat::Secs, true),
            to.to_rfc3339_opts(SecondsFormat::Secs, true)
        )
    }
}

impl Offered {
    fn fits(&self, series: &Series) -> bool {
        self.owner == series.owner
            && self.distance.as_deref().is_none_or(|offered| offered == segment(series.distance))
    }

    fn name(&self) -> String {
        format!("{}/{}", self.owner, self.distance.as_deref().unwrap_or("*"))
    }
}

/// `hours` from a moment on in so many parts, none of them empty.
fn windows(start: DateTime<Utc>, hours: usize, parts: usize) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let parts = parts.max(1);
    let mut bounds = Vec::with_capacity(parts + 1);
    for part in 0..=parts {
        bounds.push(start + TimeDelta::hours(i64::try_from(hours * part / parts).unwrap_or(0)));
    }
    bounds.iter().copied().zip(bounds.iter().copied().skip(1)).collect()
}

/// How many points an answer has; none when it is not an array, which is for the parser to say.
fn count(body: &[u8]) -> Option<usize> {
    serde_json::from_slice::<Vec<IgnoredAny>>(body).ok().map(|points| points.len())
}

/// Points of a series.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Points(pub Series);

impl Format for Points {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn settings(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(self)
    }

    fn parse(&self, bytes: &[u8], _received_at: DateTime<Utc>) -> Parsed {
        digdir::parse(bytes, &self.0)
    }
}
