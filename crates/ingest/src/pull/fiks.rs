//! The Fiks platform: who has activated a solution there, asked with a token of Maskinporten's.

use chrono::SecondsFormat;
use serde::Deserialize;
use utbredt_lake::Writer;
use utbredt_model::{SolutionId, SourceId};
use utbredt_sources::{fiks, oslo};

use super::{PullError, Pulled, stopped};
use crate::fetch::{Answer, Ask, Client, FetchError, Maskinporten, Secret, SecretPlace, TokenError};
use crate::{Delivery, Source, deliver};

/// A list of activations that is pulled.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FiksActivation {
    /// The list, such as `https://api.fiks.ks.no/digisos/api/v1/nav/kommuner`.
    pub url: String,
    /// The solution that is activated.
    pub solution_id: SolutionId,
    /// The scope a token is asked for.
    #[serde(default = "scope")]
    pub scope: String,
    /// The integration, as the platform knows it.
    pub integration_id: String,
    /// Where its password is.
    pub integration_password: SecretPlace,
}

/// The largest list that makes sense.
const MOST: u64 = 8 << 20;

fn scope() -> String {
    "ks:fiks".to_owned()
}

/// Asks for the list as it stands now; the day's list is one delivery, and the day before's stands beside it.
///
/// Contact persons are dropped before anything is kept: what is stored is the answer without them.
///
/// # Errors
/// [`PullError`]. A source that does not answer ends the pull without an error.
pub fn pull(
    client: &Client<'_>,
    writer: &mut Writer,
    source_id: &SourceId,
    list: &FiksActivation,
    (us, password): (&Maskinporten, &Secret),
) -> Result<Pulled, PullError> {
    let mut pulled = Pulled::default();
    let answer = match writer.with_lock_released(|| ask(client, list, us, password))? {
        Ok(answer) => answer,
        Err(TokenError::Fetch(error)) => {
            pulled.stopped = Some(stopped(error)?);
            return Ok(pulled);
        }
        Err(error) => {
            pulled.stopped = Some(error.to_string());
            return Ok(pulled);
        }
    };
    let body = pulled.take(answer);
    let received_at = client.clock().now();
    let asked = oslo::day(received_at).to_string();
    let payload = fiks::without_contacts(&body);
    tracing::debug!(at = %received_at.to_rfc3339_opts(SecondsFormat::Secs, true), kept = payload.len(), "a list");
    let delivery = Delivery { source_id: source_id.clone(), asked, payload, received_at, synthetic: false };
    let source = Source::FiksActivation(list.solution_id.clone());
    pulled.reports.push(deliver(writer, &source, &delivery)?);
    Ok(pulled)
}

/// The list; where the token is no longer taken, once more with a new one.
fn ask(
    client: &Client<'_>,
    list: &FiksActivation,
    us: &Maskinporten,
    password: &Secret,
) -> Result<Answer, TokenError> {
    let mut again = true;
    loop {
        let token = us.token(client, &list.scope)?;
        // Never remembered: the answer names persons.
        let mut ask = Ask { most: MOST, ..Ask::get(list.url.clone()) };
        ask.headers.push(("accept".into(), "application/json".into()));
        ask.secrets.push(("authorization".into(), Secret(format!("Bearer {}", token.0))));
        ask.secrets.push(("IntegrasjonId".into(), Secret(list.integration_id.clone())));
        ask.secrets.push(("IntegrasjonPassord".into(), password.clone()));
        match client.fetch(&ask) {
            Ok(answer) => return Ok(answer),
            Err(FetchError::Status { status: 401, .. }) if again => {
                us.forget(&list.scope);
                again = false;
            }
            Err(error) => return Err(error.into()),
        }
    }
}
