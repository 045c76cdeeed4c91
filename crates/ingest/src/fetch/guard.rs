//! Where a fetch may go: addresses on a list, and never a machine of ours.
//!
//! The list is of hosts as they stand after the address was read by the rules browsers read it by (letters folded, names
//! in their ASCII form), so that no spelling leads elsewhere than it is checked for. A name is looked up once, every
//! address it stands for is checked, and the connection goes to one of those.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The hosts a fetch may go to.
#[derive(Debug, Clone)]
pub struct Guard {
    hosts: BTreeSet<String>,
    /// Whether machines of ours may be asked, without TLS: for a test's own server.
    local: bool,
}

/// An address that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(Url);

/// Why an address is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{address}` is not requested: {why}")]
pub struct Refusal {
    /// The address, without what stands between `//` and `@`.
    pub address: String,
    /// Why.
    pub why: String,
}

impl Target {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Its host.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Guard {
    /// Lets through `https` to these hosts, each a name, or a name and a port.
    pub fn new(hosts: impl IntoIterator<Item = String>) -> Self {
        Self { hosts: hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect(), local: false }
    }

    /// As [`Self::new`], and plain `http` to this machine: for a server of a test.
    pub fn with_local(hosts: impl IntoIterator<Item = String>) -> Self {
        Self { local: true, ..Self::new(hosts) }
    }

    pub(crate) fn is_local(&self) -> bool {
        self.local
    }

    /// Reads an address and checks what can be checked before its name is looked up.
    ///
    /// # Errors
    /// [`Refusal`] when it is no address, not `https`, carries a password, or its host is not on the list.
    pub fn check(&self, address: &str) -> Result<Target, Refusal> {
        let url = Url::parse(address).map_err(|e| refusal(address, format!("it is no address ({e})")))?;
        self.check_url(url)
    }

    /// As [`Self::check`], for an address that was read already.
    pub(crate) fn check_url(&self, url: Url) -> Result<Target, Refusal> {
        let no = |why: &str| Err(refusal(url.as_str(), why.to_owned()));
        if !url.username().is_empty() || url.password().is_some() {
            return no("it carries a name or a password; secrets are declared beside the source");
        }
        if url.scheme() != "https" && !(self.local && url.scheme() == "http") {
            return no("only https is allowed");
        }
        let host = match url.host() {
            // A final dot names the same host, which the list has without.
            Some(Host::Domain(name)) => name.trim_end_matches('.').to_ascii_lowercase(),
            Some(Host::Ipv4(ip)) => {
                if let Err(why) = self.check_ip(ip.into()) {
                    return no(&why.to_string());
                }
                ip.to_string()
            }
            Some(Host::Ipv6(ip)) => {
                if let Err(why) = self.check_ip(ip.into()) {
                    return no(&why.to_string());
                }
                format!("[{ip}]")
            }
            None => return no("it has no host"),
        };
        let named = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host,
        };
        if self.hosts.contains(&named) {
            return Ok(Target(url));
        }
        let known: Vec<&str> = self.hosts.iter().map(String::as_str).collect();
        no(&format!("{named} is not on the list of hosts ({})", known.join(", ")))
    }

    /// Whether a machine at this address may be connected to.
    ///
    /// # Errors
    /// `NotPublic` when it may not.
    pub fn check_ip(&self, ip: IpAddr) -> Result<(), NotPublic> {
        match kind(ip) {
            None => Ok(()),
            Some("loopback") if self.local => Ok(()),
            Some(kind) => Err(NotPublic { ip, kind }),
        }
    }
}

/// An address that is no public machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{ip} is a {kind} address, and no public machine's")]
pub struct NotPublic {
    ip: IpAddr,
    kind: &'static str,
}

fn refusal(address: &str, why: String) -> Refusal {
    // From behind: a password may hold an `@` too.
    let shown = match (address.find("//"), address.rfind('@')) {
        (Some(start), Some(at)) if start + 2 < at => {
            format!("{}{}", &address[..start + 2], &address[at + 1..])
        }
        _ => address.to_owned(),
    };
    Refusal { address: shown.chars().take(200).collect(), why }
}

/// What an address is when it is not a public machine's: the special purposes of IANA's registers (RFC 6890).
fn kind(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => kind_v4(ip),
        IpAddr::V6(ip) => kind_v6(ip),
    }
}

fn kind_v4(ip: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = ip.octets();
    Some(match (a, b, c) {
        (0, ..) => "local",
        (127, ..) => "loopback",
        (10, ..) | (192, 168, _) => "private",
        (172, b, _) if (16..32).contains(&b) => "private",
        (100, b, _) if (64..128).contains(&b) => "shared",
        (169, 254, _) => "link-local",
        (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) | (192, 88, 99) => "reserved",
        (198, 18 | 19, _) => "benchmark",
        (224.., ..) => "multicast or reserved",
        _ => return None,
    })
}

fn kind_v6(ip: Ipv6Addr) -> Option<&'static str> {
    // An IPv4 address inside: mapped, compatible, translated (NAT64) or tunnelled (6to4).
    let s = ip.segments();
    let inside = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    if ip.is_loopback() {
        return Some("loopback");
    }
    if ip.is_unspecified() {
        return Some("local");
    }
    match s {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            return kind_v4(inside(high, low)).or(Some("translated"));
        }
        [0x2002, high, low, ..] => return kind_v4(inside(high, low)).or(Some("tunnelled")),
        _ => {}
    }
    match s[0] {
        // Only 2000::/3 is given to public machines; of it the register's own, and what books use, are not.
        0x2001 if s[1] < 0x0200 || s[1] == 0x0db8 => Some("reserved"),
        0x2000..=0x3ffe => None,
        0xfc00..=0xfdff => Some("private"),
        0xfe80..=0xfebf => Some("link-local"),
        0xff00.. => Some("multicast"),
        _ => Some("reserved"),
    }
}
