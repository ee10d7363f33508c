//! Where pages may lead to.

use directory::redirects::Redirect;
use directory::violation::{Path, Violations};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Resource, STRICT, Time};
use crate::http::fields::Fields;

#[derive(Serialize)]
pub(in crate::dialects::native) struct RedirectOut<'a> {
    id: i64,
    uri: &'a str,
    created_at: Time,
}

impl Resource for Redirect {
    type Out<'a> = RedirectOut<'a>;

    fn out(&self) -> RedirectOut<'_> {
        RedirectOut {
            id: self.id,
            uri: &self.uri,
            created_at: Time(self.created_at),
        }
    }
}

/// Reads the body of a creation: `uri`, and nothing else.
pub(in crate::dialects::native) fn redirect_in(map: &Map<String, Value>) -> (String, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), STRICT, &mut violations);
    fields.only(&["uri"]);
    let uri = fields.text("uri").value().cloned().unwrap_or_default();
    (uri, violations)
}
