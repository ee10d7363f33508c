//! Examples that a real run produced: `openapi/examples/{dialect}.json`, written by a test.

use super::ordered::{Members, Ordered};

/// The examples of one dialect.
///
/// Under `operations`, by `operationId`: `request` (the body of the call that succeeded) and each
/// status. Under `shared`: the bodies of answers that operations share, by name.
#[derive(Debug, Default)]
pub(super) struct Examples {
    operations: Members,
    shared: Members,
}

impl Examples {
    /// Reads them; what cannot be read has none, which a test tells.
    #[must_use]
    pub(super) fn read(text: &str) -> Self {
        let part = |whole: &Members, name: &str| match whole.get(name) {
            Some(Ordered::Object(part)) => part.clone(),
            _ => Members::default(),
        };
        match serde_json::from_str(text) {
            Ok(Ordered::Object(whole)) => Self {
                operations: part(&whole, "operations"),
                shared: part(&whole, "shared"),
            },
            Ok(_) | Err(_) => Self::default(),
        }
    }

    /// What an operation was asked with or answered: `request:{content type}` or a status.
    #[must_use]
    pub(super) fn of(&self, operation: &str, part: &str) -> Option<Ordered> {
        match self.operations.get(operation) {
            Some(Ordered::Object(parts)) => parts.get(part).cloned(),
            _ => None,
        }
    }

    /// The body of a shared answer.
    #[must_use]
    pub(super) fn shared(&self, name: &str) -> Option<Ordered> {
        self.shared.get(name).cloned()
    }
}
