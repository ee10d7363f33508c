//! What is wrong with a configuration, as data: where, in the path and in the text, and what.

use std::fmt;

use super::document::Place;
use crate::violation::Path;

/// Something that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where in the configuration.
    pub path: Path,
    /// Where in its text.
    pub at: Place,
    /// What.
    pub problem: Problem,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The text cannot be read as a document; why.
    Unreadable(String),
    /// A name that means nothing here; those that do.
    Unknown {
        /// What the name would have named: `key`, `validator`, `option`, `field`.
        what: &'static str,
        /// Those that there are.
        known: &'static [&'static str],
    },
    /// Something that must be there is not.
    Missing,
    /// A value of another type; the one that it needs.
    Expected(&'static str),
    /// A value that cannot be used; why not.
    Refused(String),
}

impl Problem {
    /// Its name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::Unknown { .. } => "unknown",
            Self::Missing => "missing",
            Self::Expected(_) => "wrong_type",
            Self::Refused(_) => "refused",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "cannot be read: {why}"),
            Self::Unknown { what, known: [] } => {
                write!(f, "is no {what} that can stand here")
            }
            Self::Unknown { what, known } => {
                write!(f, "is no {what} that can stand here: {}", known.join(", "))
            }
            Self::Missing => f.write_str("is required"),
            Self::Expected(expected) => write!(f, "must be {expected}"),
            Self::Refused(why) => f.write_str(why),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column } = self.at;
        write!(f, "{line}:{column}: {}: {}", self.path, self.problem)
    }
}
