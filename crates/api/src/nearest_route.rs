//! The address nearest to one that does not exist: the hint of an unknown path.

use utbredt_model::nearest;

use crate::held;
use crate::route::Route;
use crate::routes::ROUTES;
use crate::surface::Served;

/// The route nearest to an address that leads nowhere, with the names of the address in the place of the route's
/// placeholders.
pub(crate) fn nearest_address(path: &str, served: Served) -> Option<String> {
    let sent: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    // Whoever forgot the version, or typed a slash too many, means the route of the rest.
    let versioned: Vec<&str> = std::iter::once("v1").chain(sent.iter().copied()).collect();
    for segments in [&versioned, &sent] {
        let exact = format!("/{}", segments.join("/"));
        if candidates(segments, served).any(|candidate| candidate == exact) {
            return Some(exact);
        }
    }
    let spelled = format!("/{}", sent.join("/"));
    let all: Vec<String> = candidates(&sent, served).collect();
    let tails = all.iter().map(|candidate| unversioned(candidate)).filter(|tail| !tail.is_empty());
    let found = nearest(unversioned(&spelled), tails)?;
    all.into_iter().find(|candidate| unversioned(candidate) == found)
}

/// Whether a route is what an address means.
pub(crate) fn is_meant(route: &Route, path: &str) -> bool {
    let sent: Vec<&str> = path.split('/').skip(1).collect();
    let release = route.path.ends_with(held::RELEASE) == path.ends_with(held::RELEASE);
    release && filled_in(route.path, &sent) == path
}

/// What most addresses begin with makes none of them near.
fn unversioned(path: &str) -> &str {
    path.strip_prefix("/v1").unwrap_or(path).trim_start_matches('/')
}

/// Every route, filled in with these segments.
fn candidates(segments: &[&str], served: Served) -> impl Iterator<Item = String> {
    ROUTES
        .iter()
        .filter(move |route| route.is_served(served))
        .map(move |route| filled_in(route.path, segments))
}

/// A route's path with the segments sent in its placeholders, where both have as many segments.
fn filled_in(pattern: &str, sent: &[&str]) -> String {
    let segments: Vec<&str> = pattern.split('/').skip(1).collect();
    if segments.len() != sent.len() {
        return pattern.to_owned();
    }
    let mut out = String::new();
    for (segment, given) in segments.iter().zip(sent) {
        out.push('/');
        out.push_str(if segment.starts_with('{') { given } else { segment });
    }
    out
}
