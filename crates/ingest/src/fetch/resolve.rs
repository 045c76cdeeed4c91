//! Looking a name up: once, for no longer than a connection may take, and only to addresses of public machines.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc::channel;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::Guard;

/// How a name is looked up.
pub(super) type Lookup = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

/// As the machine does it.
pub(super) fn system(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    (host, port).to_socket_addrs().map(Iterator::collect)
}

/// Looks names up and lets through what the guard lets through.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) guard: Guard,
    pub(super) lookup: Lookup,
    /// How long a name is waited for: the system's own limit may be minutes.
    pub(super) timeout: Duration,
}

/// Where a name leads is not asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Forbidden(String);

impl Checked {
    /// The look-up cannot be broken off: one that takes too long is left behind with its thread.
    fn find(&self, host: &str, port: u16, timeout: Duration) -> Result<Vec<SocketAddr>, ureq::Error> {
        let (send, receive) = channel();
        let (lookup, name) = (self.lookup, host.to_owned());
        let started = std::thread::Builder::new().name("look-up".to_owned()).spawn(move || {
            // Whoever asked may have gone.
            drop(send.send(lookup(&name, port)));
        });
        started.map_err(ureq::Error::Io)?;
        match receive.recv_timeout(timeout) {
            Ok(found) => found.map_err(|_| ureq::Error::HostNotFound),
            Err(_) => {
                let why = format!("its name was not found within {} ms", timeout.as_millis());
                Err(ureq::Error::Io(io::Error::new(io::ErrorKind::TimedOut, why)))
            }
        }
    }
}

impl Resolver for Checked {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
        let mut found = self.empty();
        for address in self.find(host, port, self.timeout.min(*timeout.after))? {
            // One forbidden address is enough: a name that leads to us as well is not to be trusted.
            if let Err(why) = self.guard.check_ip(address.ip()) {
                let why = Forbidden(format!("its name leads to a machine that is not allowed: {why}"));
                return Err(ureq::Error::Io(io::Error::other(why)));
            }
            if found.len() < 16 {
                found.push(address);
            }
        }
        if found.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(found) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::{Client, FetchError, Limits, Request, tests::Still};

    fn slow(_: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        std::thread::sleep(Duration::from_secs(5));
        Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
    }

    fn both(_: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![SocketAddr::from(([192, 0, 43, 8], port)), SocketAddr::from(([10, 0, 0, 1], port))])
    }

    #[test]
    fn a_name_that_is_not_found_in_time_is_requested_again_and_given_up() {
        let clock = Still::at("2026-11-24T06:00:00Z");
        let limits = Limits { connect: Duration::from_millis(50), attempts: 2, ..Limits::default() };
        let began = std::time::Instant::now();
        let guard = Guard::new(["data.ssb.no".to_owned()]);
        let client = Client::with_lookup(guard, limits, &clock, slow);
        let message = client.fetch(&Request::get("https://data.ssb.no/")).unwrap_err();
        assert!(
            matches!(&message, FetchError::RetriesExhausted { why, .. } if why.contains("within 50 ms")),
            "{message}"
        );
        assert!(began.elapsed() < Duration::from_secs(3));
    }

    #[test]
    fn a_name_with_one_address_of_ours_is_refused() {
        let clock = Still::at("2026-11-24T06:00:00Z");
        let guard = Guard::new(["data.ssb.no".to_owned()]);
        let client = Client::with_lookup(guard, Limits::default(), &clock, both);
        let message = client.fetch(&Request::get("https://data.ssb.no/")).unwrap_err();
        assert!(
            matches!(&message, FetchError::Refused(why) if why.to_string().contains("10.0.0.1")),
            "{message}"
        );
    }
}
