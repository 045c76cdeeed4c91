//! Which key a route needs.

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use utbredt_model::Scope;

use crate::route::{Route, Verb};
use crate::routes::ROUTES;

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing, ever: whether the server is up is asked by machines without keys.
    Nothing,
    /// A key that may read, unless reading is open.
    Read,
    /// A key of those who run the server, as soon as there is any.
    Operate,
    /// What its handler says.
    Own,
}

impl Need {
    /// Reading unless said otherwise: a new route is never open by an oversight.
    fn of_route(route: &Route) -> Self {
        match route.id {
            "health_live" | "health_ready" => Self::Nothing,
            "metrics" | "list_held" | "describe_held" => Self::Operate,
            "deliver" | "release_held" | "apply_register" => Self::Own,
            _ => Self::Read,
        }
    }

    /// What a request needs: as its route, or reading where there is none.
    pub(crate) fn of(request: &Request) -> Self {
        let pattern = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let verb = match *request.method() {
            Method::GET | Method::HEAD => Verb::Get,
            Method::POST => Verb::Post,
            _ => return Self::Read,
        };
        let found = ROUTES.iter().find(|route| route.verb == verb && Some(route.pattern()) == pattern);
        found.map_or(Self::Read, Self::of_route)
    }

    /// The scope of a key that will do, where one is needed.
    pub(crate) const fn scope(self) -> Scope {
        if matches!(self, Self::Operate) { Scope::Operate } else { Scope::Read }
    }
}

/// Which scope a route needs of whoever must have a key; none where none is needed or its handler decides.
pub(crate) fn scope_of(route: &Route) -> Option<Scope> {
    match Need::of_route(route) {
        Need::Read => Some(Scope::Read),
        Need::Operate => Some(Scope::Operate),
        Need::Nothing | Need::Own => None,
    }
}
