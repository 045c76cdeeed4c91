//! HTTP: routes, formats, errors to status, OpenAPI.
