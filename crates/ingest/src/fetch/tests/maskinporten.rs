//! The token's way, against a server that checks the statement as Maskinporten would.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

use super::server::{Act, Server};
use super::{clock, limits};
use crate::fetch::{Client, FetchError, Guard, Maskinporten, Registration, Secret, TokenError};

/// A key made for this test; it opens nothing.
pub(crate) const KEY: &str = include_str!("key.pem");

pub(crate) fn registration(server: &Server) -> Registration {
    Registration {
        token_url: server.url("/token"),
        audience: "https://maskinporten.example/".into(),
        client_id: "utbredt-test".into(),
        key_id: "key-1".into(),
    }
}

/// Header and claims of the statement in a request's body, if its signature is the key's.
fn claims(body: &str, public: &[u8]) -> Option<(Value, Value)> {
    let statement = body.split("&assertion=").nth(1)?;
    let (signed, signature) = statement.rsplit_once('.')?;
    let read = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
        .verify(signed.as_bytes(), &read(signature)?)
        .ok()?;
    let (header, claims) = signed.split_once('.')?;
    Some((serde_json::from_slice(&read(header)?).ok()?, serde_json::from_slice(&read(claims)?).ok()?))
}

#[test]
fn a_signed_statement_becomes_a_token_that_is_kept_while_it_holds() {
    let key = Arc::new(Mutex::new(Vec::new()));
    let public = Arc::clone(&key);
    let server = Server::start(move |number, seen| {
        let Some((header, claims)) = claims(&seen.body, &public.lock().unwrap()) else {
            return Act::status(400, &[]);
        };
        assert_eq!((header["alg"].as_str(), header["kid"].as_str()), (Some("RS256"), Some("key-1")));
        assert_eq!(
            (claims["iss"].as_str(), claims["aud"].as_str()),
            (Some("utbredt-test"), Some("https://maskinporten.example/"))
        );
        let (from, to) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
        assert!(to - from <= 120 && claims["jti"].as_str().unwrap().len() >= 16);
        Act::ok(format!(
            r#"{{"access_token":"{}-{number}","expires_in":119,"scope":"x"}}"#,
            claims["scope"].as_str().unwrap()
        ))
    });
    let clock = clock();
    let client = Client::new(Guard::with_local([server.host()]), limits(), &clock);
    let us = Maskinporten::new(&registration(&server), &Secret(KEY.into())).unwrap();
    *key.lock().unwrap() = us.public_key();
    let token = |scope: &str| us.token(&client, scope).unwrap().0;
    assert_eq!(token("ks:fiks"), "ks:fiks-0");
    clock.on(Duration::from_secs(100));
    assert_eq!(token("ks:fiks"), "ks:fiks-0", "it still holds");
    assert_eq!(token("brreg"), "brreg-1", "a scope of its own");
    clock.on(Duration::from_secs(10));
    assert_eq!(token("ks:fiks"), "ks:fiks-2", "nine seconds before its end it is no longer used");
    us.discard("ks:fiks");
    assert_eq!(token("ks:fiks"), "ks:fiks-3");
    let shown = format!("{us:?}");
    assert!(!shown.contains("ks:fiks") && !shown.contains("PRIVATE"), "{shown}");
}

#[test]
fn an_invalid_key_and_a_refused_token_are_reported_without_the_secret() {
    let server = Server::acting(vec![Act::status(401, &[]), Act::ok("no token here")]);
    let clock = clock();
    let client = Client::new(Guard::with_local([server.host()]), limits(), &clock);
    for wrong in ["", "geheim", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        let message =
            Maskinporten::new(&registration(&server), &Secret(wrong.into())).unwrap_err().to_string();
        assert!(message.contains("PKCS #8") && !message.contains("geheim"), "{message}");
    }
    let us = Maskinporten::new(&registration(&server), &Secret(KEY.into())).unwrap();
    let message = us.token(&client, "ks:fiks").unwrap_err();
    assert!(matches!(message, TokenError::Fetch(FetchError::Status { status: 401, .. })), "{message}");
    assert!(matches!(us.token(&client, "ks:fiks").unwrap_err(), TokenError::Response { .. }));
}
