//! The one error of the domain. A dialect renders it with an exhaustive match, so that a
//! new variant cannot be forgotten by any of them.

use crate::violation::Violations;

/// What a use case can answer instead of its result.
///
/// What [`std::fmt::Display`] prints may be shown to a client; the cause of an internal
/// fault is in its `source` alone, and goes to the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such thing, or one that this caller may not see: the two are never told apart.
    #[error("not found")]
    NotFound,
    /// The values break rules: all of them that could be found.
    #[error("the request breaks the rules of its resource")]
    Invalid(Violations),
    /// The request clashes with the state that the thing is in.
    #[error("{0}")]
    Conflict(&'static str),
    /// Who asks is not known.
    #[error("authentication is required")]
    Unauthenticated,
    /// Who asks may not do this; the text says why.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The thing has changed since the version that the caller named.
    #[error("the resource has changed since the version given")]
    PreconditionFailed,
    /// Too many failures or requests.
    #[error("too many requests")]
    RateLimited {
        /// Seconds after which to try again.
        retry_after: u32,
    },
    /// Nothing is wrong with the request, but it cannot be done now.
    #[error("the service cannot do this now")]
    Unavailable(#[from] Unavailable),
    /// A fault of the server.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why something cannot be done at the moment.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// The queue of writes is full.
    #[error("the queue of writes is full")]
    QueueFull,
    /// As many passwords as may be are being hashed or wait for it.
    #[error("too many passwords are being hashed")]
    Hashing,
    /// Another writer was faster, several times in a row.
    #[error("the row was changed by others too often")]
    Contention,
    /// The node's block of ids is used up; the writer leases another and runs again.
    #[error("the block of ids is used up")]
    OutOfIds(crate::store::IdKind),
    /// The group of writes that this one was committed with could not be committed.
    #[error("the group of writes was not committed")]
    GroupFailed,
    /// The answer to COMMIT was lost: the change may have been made or not.
    #[error("the outcome of the commit is not known")]
    CommitUnknown(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database cannot be reached, is full or is shutting down.
    #[error("the database is not available")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// A fault of the server, with its cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// [`Error::Invalid`] when there is a violation, else nothing.
    ///
    /// # Errors
    /// The violations, if any.
    pub fn if_any(violations: Violations) -> Result<(), Self> {
        if violations.is_empty() {
            Ok(())
        } else {
            Err(Self::Invalid(violations))
        }
    }
}

/// An error and its causes, outermost first, for the log: written as JSON it would lack them.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
