//! The Fiks platform: who has activated a solution there, asked with a token of Maskinporten's.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utbredt_model::{Parsed, SolutionId};
use utbredt_sources::fiks;

use super::{Registration, from_fields, from_settings};
use crate::connector::{Connector, Pull, PullError};
use crate::fetch::{Client, FetchError, Maskinporten, Request, Response, Secret, SecretPlace, TokenError};
use crate::format::Format;

pub(super) static REGISTRATION: Registration = Registration {
    name: "fiks_activation",
    about: "Which municipalities have activated a solution on the Fiks platform.",
    connector: Some(from_fields::<FiksActivation>),
    format: Some(from_settings::<Activations>),
    files: None,
};

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
const MAX_BYTES: u64 = 8 << 20;

fn scope() -> String {
    "ks:fiks".to_owned()
}

impl Connector for FiksActivation {
    fn url(&self) -> Option<&str> {
        Some(&self.url)
    }

    /// Asks for the list as it is now; the day's list is one delivery beside the day before's.
    ///
    /// Contact persons are dropped before anything is kept: what is stored is the answer without them.
    fn pull(&self, pull: &mut Pull<'_>) -> Result<(), PullError> {
        let context = pull.context();
        let Some(identity) = context.maskinporten else {
            return Err(PullError::Undeclared("[maskinporten] is not declared".to_owned()));
        };
        let key = identity.key.read(context.base, context.environment)?;
        let password = self.integration_password.read(context.base, context.environment)?;
        let us = Maskinporten::new(&identity.registration, &key)
            .map_err(|error| PullError::Undeclared(error.to_string()))?;
        let answer = pull.with_lock_released(|| self.fetch(context.client, &us, &password))??;
        let body = pull.count(answer.received, answer.body);
        let (subject, payload) = (pull.today().to_string(), fiks::without_contacts(&body));
        tracing::debug!(day = subject, kept = payload.len(), "a list of activations");
        Ok(pull.deliver(subject, payload, &Activations(self.solution_id.clone()))?)
    }
}

impl FiksActivation {
    /// The list; where the token is no longer taken, once more with a new one.
    fn fetch(
        &self,
        client: &Client<'_>,
        us: &Maskinporten,
        password: &Secret,
    ) -> Result<Response, TokenError> {
        let mut again = true;
        loop {
            let token = us.token(client, &self.scope)?;
            // Never remembered: the answer names persons.
            let mut request = Request { max_bytes: MAX_BYTES, ..Request::get(self.url.clone()) };
            request.headers.push(("accept".into(), "application/json".into()));
            request.secrets.push(("authorization".into(), Secret(format!("Bearer {}", token.0))));
            request.secrets.push(("IntegrasjonId".into(), Secret(self.integration_id.clone())));
            request.secrets.push(("IntegrasjonPassord".into(), password.clone()));
            match client.fetch(&request) {
                Ok(answer) => return Ok(answer),
                Err(FetchError::Status { status: 401, .. }) if again => {
                    us.discard(&self.scope);
                    again = false;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Which municipalities have activated a solution.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Activations(pub SolutionId);

impl Format for Activations {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn settings(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(self)
    }

    fn parse(&self, bytes: &[u8], received_at: DateTime<Utc>) -> Parsed {
        fiks::activation::parse(bytes, &self.0, received_at)
    }
}
