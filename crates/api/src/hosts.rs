//! Which names this server answers to. A page on the open web can point a name of its own at a server inside a network
//! (DNS rebinding) and then read it as if it were that page's own server; the name in `Host` gives it away.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;
use crate::state::ApiState;

/// The names a server answers to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Hosts {
    /// Whatever a request says: for a router without an address of its own.
    #[default]
    Any,
    /// Addresses, `localhost` where the server is for this machine only, and the names it was given.
    Known {
        /// Whether only this machine reaches the server.
        loopback: bool,
        /// In small letters, without a port.
        names: Vec<String>,
    },
}

impl Hosts {
    /// Those of a server at an address, which has these names too.
    #[must_use]
    pub fn of(address: SocketAddr, names: &[String]) -> Self {
        let names = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self::Known { loopback: address.ip().is_loopback(), names }
    }

    /// Whether a request for this host and port is meant for the server.
    fn contains(&self, host: &str) -> bool {
        let Self::Known { loopback, names } = self else { return true };
        let Ok(authority) = host.parse::<Authority>() else { return false };
        // The port is whatever leads here, and a name may end with a dot.
        let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match address {
            Ok(address) => !loopback || address.is_loopback(),
            Err(_) => host == "localhost" || names.contains(&host),
        }
    }
}

/// Refuses what is meant for another server. A request without `Host` is of HTTP/1.0, which no browser sends.
pub(crate) async fn check_host(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let named = request.uri().authority().map(Authority::as_str);
    let header = request.headers().get(header::HOST).map(|host| host.to_str().unwrap_or_default());
    let strange = [named, header].into_iter().flatten().find(|host| !state.hosts.contains(host));
    match strange {
        Some(host) => wrong_host(host).into_response(),
        None => next.run(request).await,
    }
}

fn wrong_host(host: &str) -> Problem {
    let detail = format!("this server is not {host:?}");
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "wrong_host", "The request is for another server", detail)
        .hint("whoever runs the server names its hosts with serve --host NAME")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(address: &str, names: &[&str]) -> Hosts {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Hosts::of(address.parse().unwrap(), &names)
    }

    #[test]
    fn a_server_of_this_machine_answers_to_this_machine() {
        let hosts = hosts("127.0.0.1:8080", &["Tall.Example.no"]);
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "localhost.",
            "127.0.0.1:9",
            "127.9.9.9",
            "[::1]:8080",
            "tall.example.no",
        ] {
            assert!(hosts.contains(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "10.0.0.1",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "a b",
            "tall.example.no@evil",
        ] {
            assert!(!hosts.contains(host), "{host}");
        }
    }

    #[test]
    fn a_server_of_a_network_answers_to_addresses_and_its_names() {
        let hosts = hosts("0.0.0.0:80", &["tall.example.no"]);
        for host in ["10.0.0.1", "[fd00::1]:80", "tall.example.no:80", "localhost"] {
            assert!(hosts.contains(host), "{host}");
        }
        assert!(!hosts.contains("evil.example") && !hosts.contains("x.tall.example.no"));
    }

    #[test]
    fn a_router_without_an_address_answers_to_any() {
        assert!(Hosts::Any.contains("evil.example") && Hosts::Any.contains(""));
    }
}
