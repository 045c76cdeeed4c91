//! A route, and all that is said about it anywhere.

use axum::routing::MethodRouter;

use crate::columns::{Column, Kind};
use crate::held;
use crate::state::ApiState;
use crate::surface::{Served, Side};

/// A method a route answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// `GET`, and with it `HEAD`.
    Get,
    /// `POST`.
    Post,
}

impl Verb {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// Where a parameter is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the path, between braces.
    Path,
    /// In the query string.
    Query,
    /// A header.
    Header,
}

/// A parameter of a route. Those of KPIs are in the catalogue.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) doc: &'static str,
}

pub(crate) const fn in_path(name: &'static str, doc: &'static str) -> Parameter {
    Parameter { name, place: Place::Path, kind: Kind::Text, required: true, doc }
}

pub(crate) const fn in_query(name: &'static str, kind: Kind, doc: &'static str) -> Parameter {
    Parameter { name, place: Place::Query, kind, required: false, doc }
}

/// What a route answers when all is well.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    /// Rows of these columns, in every format.
    Rows(&'static [Column]),
    /// The values of a KPI: one path for each in the document.
    KpiValues,
    /// What changed a KPI: one path for each in the document.
    KpiDiff,
    /// `{"data": […], "meta": {…}}` with elements of a schema, JSON only.
    List(&'static str),
    /// A schema by itself, JSON only.
    Json(&'static str),
    /// JSON of a schema, or a page for browsers.
    JsonOrPage(&'static str),
    /// An array of KPI requests comes in, an array of answers goes out.
    Batch,
    /// A file comes in, a report goes out.
    Report,
    /// A file of a register comes in, a report goes out.
    RegisterReport,
    /// A reason comes in, a report goes out.
    Release,
    /// The document itself.
    OpenApi,
    /// A page.
    Page,
    /// Text of this media type.
    Text(&'static str),
}

/// A route and all that is said about it anywhere.
pub(crate) struct Route {
    pub(crate) verb: Verb,
    pub(crate) path: &'static str,
    /// The handler's name, and the operation's in the document.
    pub(crate) id: &'static str,
    /// One line for people.
    pub(crate) summary: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) answer: Answer,
    /// Served only where deliveries are taken.
    pub(crate) needs_uploads: bool,
    side: Side,
    pub(crate) handler: fn() -> MethodRouter<ApiState>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}", self.verb.as_str(), self.path)
    }
}

/// A route without parameters; `with` adds them.
pub(crate) const fn route(
    verb: Verb,
    path: &'static str,
    id: &'static str,
    answer: Answer,
    handler: fn() -> MethodRouter<ApiState>,
    summary: &'static str,
) -> Route {
    Route {
        verb,
        path,
        id,
        summary,
        parameters: &[],
        answer,
        needs_uploads: false,
        side: Side::Readers,
        handler,
    }
}

impl Route {
    pub(crate) const fn with(mut self, parameters: &'static [Parameter]) -> Self {
        self.parameters = parameters;
        self
    }

    /// What the router matches: it knows no text behind a placeholder, which the handler checks instead.
    pub(crate) fn pattern(&self) -> &'static str {
        self.path.strip_suffix(held::RELEASE).unwrap_or(self.path)
    }

    pub(crate) const fn with_uploads_only(mut self) -> Self {
        self.needs_uploads = true;
        self
    }

    pub(crate) const fn for_operators(mut self) -> Self {
        self.side = Side::Operators;
        self
    }

    pub(crate) const fn for_both(mut self) -> Self {
        self.side = Side::Both;
        self
    }

    /// Whether it is there.
    pub(crate) fn is_served(&self, served: Served) -> bool {
        served.surface.has(self.side) && (served.takes_uploads || !self.needs_uploads)
    }

    /// Whether it is at the server's other address alone.
    pub(crate) fn is_moved(&self, served: Served) -> bool {
        !served.surface.has(self.side)
    }
}
