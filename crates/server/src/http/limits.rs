//! What a request's body or query may cost before it is refused, and how the refusal is told.

use std::fmt;

/// How much structure a body or query string may have.
///
/// How many bytes it may have is decided before it is read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Objects and arrays inside one another, the outermost included. Above 127, `serde_json`'s own
    /// bound holds for JSON.
    pub depth: usize,
    /// Object members and array items in all (JSON), or `name=value` pairs in all (forms).
    pub fields: usize,
}

impl Default for Limits {
    /// 16 levels, 1000 fields.
    fn default() -> Self {
        Self {
            depth: 16,
            fields: 1000,
        }
    }
}

/// Why a body or query string could not be read.
///
/// Its text may be shown to the client: it names a place or a rule, never a key or value that was
/// sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(String);

impl Unreadable {
    /// A refusal with this text, which must hold nothing of what was sent.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults() {
        let limits = Limits::default();
        assert_eq!((limits.depth, limits.fields), (16, 1000));
    }

    #[test]
    fn shows_its_text_alone() {
        assert_eq!(
            Unreadable::new("the body is empty").to_string(),
            "the body is empty"
        );
    }
}
