//! Digdir's statistics API: pieces of a series, each asked for in as many parts as it takes for none to be cut.

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;
use utbredt_lake::Writer;
use utbredt_model::{Granularity, Period, SourceId, Stamp};
use utbredt_sources::digdir::{Distance, SILENT_CUT, Series};
use utbredt_sources::oslo;

use super::{PullError, Pulled, answered, stopped};
use crate::fetch::{Ask, Client, FetchError};
use crate::{Delivery, Source, deliver};

/// A series that is pulled.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digdir {
    /// Where the interface is, such as `https://data.example.no/statistikk`.
    pub url: String,
    /// The first day.
    pub from: NaiveDate,
    /// How many of the newest pieces are asked for again, because the source overwrites its points.
    #[serde(default = "three")]
    pub trailing: u32,
    /// How many hours after its end a piece is asked for.
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

const fn word(distance: Distance) -> &'static str {
    match distance {
        Distance::Hours => "hours",
        Distance::Days => "days",
        Distance::Months => "months",
    }
}

/// The largest answer that makes sense: ten thousand points of a kilobyte.
const MOST: u64 = 16 << 20;

/// What is asked of the interface, and whether the answers may be remembered.
#[derive(Clone, Copy)]
struct Question<'q> {
    digdir: &'q Digdir,
    remember: bool,
}

/// A time that is asked for as one delivery: a day, or a month of a series that is told by months.
struct Piece {
    asked: String,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// Those that were over early enough to be asked for.
fn pieces(digdir: &Digdir, now: DateTime<Utc>) -> Vec<Piece> {
    let granularity = match digdir.series.distance {
        Distance::Months => Granularity::Month,
        Distance::Hours | Distance::Days => Granularity::Day,
    };
    let ready = now - TimeDelta::hours(digdir.lag_hours.into());
    let mut all = Vec::new();
    let mut period = Period::holding(digdir.from, granularity);
    while oslo::start(period.end) <= ready {
        all.push(Piece {
            asked: period.to_string(),
            start: oslo::start(period.start),
            end: oslo::start(period.end),
        });
        period = Period::holding(period.end, granularity);
    }
    all
}

/// Asks for every piece (a day; a month where the series is told by months) that is not here, and for the newest ones
/// again. Each is a delivery and an edition.
///
/// An answer of exactly as many points as the source cuts at may have been cut, so its time is asked for again in halves,
/// down to single hours. What is delivered therefore was not cut, or is held because that cannot be told.
///
/// # Errors
/// [`PullError`]. A source that does not answer ends the pull without an error: what came is in, and the report says why
/// it stopped.
pub fn pull(
    client: &Client<'_>,
    writer: &mut Writer,
    source_id: &SourceId,
    digdir: &Digdir,
) -> Result<Pulled, PullError> {
    let mut pulled = Pulled::default();
    if let Err(error) = writer.with_lock_released(|| offered(client, digdir, &mut pulled))?? {
        pulled.stopped = Some(stopped(error)?);
        return Ok(pulled);
    }
    let here = answered(writer.lake(), source_id)?;
    let pieces = pieces(digdir, client.clock().now());
    let again = pieces.len().saturating_sub(digdir.trailing as usize);
    let source = Source::Digdir(digdir.series.clone());
    let mut parts = 1;
    for (place, piece) in pieces.into_iter().enumerate() {
        if place < again && here.contains_key(&piece.asked) {
            continue;
        }
        // Only what is asked for again can be told to be unchanged.
        let question = Question { digdir, remember: place >= again };
        let payload =
            match writer.with_lock_released(|| whole(client, question, &piece, &mut parts, &mut pulled))? {
                Ok(payload) => payload,
                Err(error) => {
                    pulled.stopped = Some(stopped(error)?);
                    break;
                }
            };
        let asked = piece.asked;
        let received_at = client.clock().now();
        let delivery =
            Delivery { source_id: source_id.clone(), asked, payload, received_at, synthetic: false };
        pulled.reports.push(deliver(writer, &source, &delivery)?);
    }
    Ok(pulled)
}

/// Whether the interface says it has series of the owner at the distance; one that says nothing is believed.
fn offered(
    client: &Client<'_>,
    digdir: &Digdir,
    pulled: &mut Pulled,
) -> Result<Result<(), FetchError>, PullError> {
    let address = format!("{}/meta", digdir.url.trim_end_matches('/'));
    let body = match client.fetch(&Ask { most: MOST, remember: true, ..Ask::get(address) }) {
        Ok(answer) => pulled.take(answer),
        Err(FetchError::Status { status: 404, .. }) => return Ok(Ok(())),
        Err(error) => return Ok(Err(error)),
    };
    let Ok(all) = serde_json::from_slice::<Vec<Offered>>(&body) else { return Ok(Ok(())) };
    let Series { owner, distance, .. } = &digdir.series;
    let fits = |one: &Offered| {
        one.owner == *owner && one.distance.as_deref().is_none_or(|offered| offered == word(*distance))
    };
    if all.is_empty() || all.iter().any(fits) {
        return Ok(Ok(()));
    }
    let names: Vec<String> =
        all.iter().map(|one| format!("{}/{}", one.owner, one.distance.as_deref().unwrap_or("*"))).collect();
    let (wanted, known) = (format!("{owner}/{}", word(*distance)), names.join(", "));
    Err(PullError::Undeclared(format!("the source has no series of {wanted}; it has {known}")))
}

/// A piece's answers as one payload: an array of them, byte for byte as they came.
fn whole(
    client: &Client<'_>,
    question: Question<'_>,
    piece: &Piece,
    parts: &mut usize,
    pulled: &mut Pulled,
) -> Result<Vec<u8>, FetchError> {
    let hours = usize::try_from((piece.end - piece.start).num_hours()).unwrap_or(24);
    let mut open: Vec<(DateTime<Utc>, DateTime<Utc>)> = windows(piece.start, hours, (*parts).min(hours));
    open.reverse();
    let mut payload = vec![b'['];
    let mut answers = 0;
    while let Some((from, to)) = open.pop() {
        let body = window(client, question, from, to, pulled)?;
        let hours = usize::try_from((to - from).num_hours()).unwrap_or(1);
        if count(&body) == Some(SILENT_CUT) && hours > 1 {
            open.extend(windows(from, hours, 2).into_iter().rev());
            continue;
        }
        if answers > 0 {
            payload.push(b',');
        }
        payload.extend_from_slice(&body);
        answers += 1;
    }
    payload.push(b']');
    *parts = answers;
    Ok(payload)
}

/// `hours` from a moment on in so many parts, none of them empty.
fn windows(start: DateTime<Utc>, hours: usize, parts: usize) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let parts = parts.max(1);
    let at = |part: usize| start + TimeDelta::hours(i64::try_from(hours * part / parts).unwrap_or(0));
    (0..parts).map(|part| (at(part), at(part + 1))).collect()
}

/// Asks for the points whose windows begin in `[from, to)`. Whether the source takes the end as in or out is not written
/// anywhere, so the bounds lie between two points.
fn window(
    client: &Client<'_>,
    Question { digdir, remember }: Question<'_>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    pulled: &mut Pulled,
) -> Result<Vec<u8>, FetchError> {
    let second = TimeDelta::seconds(1);
    let (from, to) = match digdir.series.stamp {
        Stamp::Start => (from, to - second),
        Stamp::End => (from + second, to + second),
    };
    let moment = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let Series { owner, series, distance, .. } = &digdir.series;
    let address = format!(
        "{}/{owner}/{series}/{}?from={}&to={}",
        digdir.url.trim_end_matches('/'),
        word(*distance),
        moment(from),
        moment(to)
    );
    Ok(pulled.take(client.fetch(&Ask { most: MOST, remember, ..Ask::get(address) })?))
}

/// How many points an answer has; none when it is not an array, which is for the parser to say.
fn count(body: &[u8]) -> Option<usize> {
    serde_json::from_slice::<Vec<IgnoredAny>>(body).ok().map(|points| points.len())
}
