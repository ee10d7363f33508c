//! What an attempt means for the delivery, read from a status or from what went wrong.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use reqwest::StatusCode;

use crate::deliver::guard::{Forbidden, Unresolved};

/// What an attempt means for the delivery. Its text is short and tells no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 2xx: done.
    Delivered,
    /// Any other status but 410, redirections among them: to be tried again.
    Refused,
    /// 410: the receiver wants no more; its endpoint is to be disabled.
    Gone,
    /// The address may not be called, and nothing was sent.
    Forbidden(Forbidden),
    /// No answer: to be tried again.
    Failed(Failure),
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The head of an answer did not arrive in time.
    #[error("no answer in time")]
    TimedOut,
    /// The host's name has no address.
    #[error("the host's name cannot be resolved")]
    Unresolved,
    /// Nobody takes connections there.
    #[error("no connection")]
    Unreachable,
    /// TLS failed: most often a certificate that is not valid for the host.
    #[error("TLS failed: {0}")]
    Tls(TlsFailure),
    /// The connection ended, or what came is no HTTP.
    #[error("the connection broke before an answer")]
    Broken,
    /// The webhook has no secret, or an id that may not be signed.
    #[error("the webhook cannot be signed")]
    Unsigned,
}

/// What TLS failed of, as far as it helps the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsFailure {
    /// Expired, for another host, or signed by nobody known.
    #[error("the certificate is not valid")]
    Certificate,
    /// Anything else.
    #[error("no handshake")]
    Handshake,
}

impl TlsFailure {
    fn of(error: &rustls::Error) -> Self {
        if matches!(error, rustls::Error::InvalidCertificate(_)) {
            Self::Certificate
        } else {
            Self::Handshake
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivered => f.write_str("delivered"),
            Self::Refused => f.write_str("answered with another status than 2xx"),
            Self::Gone => f.write_str("gone: the endpoint wants no more"),
            Self::Forbidden(reason) => write!(f, "not sent: {reason}"),
            Self::Failed(reason) => reason.fmt(f),
        }
    }
}

impl Outcome {
    /// What a status means.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::GONE => Self::Gone,
            status if status.is_success() => Self::Delivered,
            _ => Self::Refused,
        }
    }

    /// Finds among the causes of an error the one that says why. Nothing of their texts is passed on:
    /// they name addresses.
    pub(super) fn of_error(error: &reqwest::Error) -> Self {
        let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
        while let Some(error) = cause {
            if let Some(forbidden) = error.downcast_ref::<Forbidden>() {
                return Self::Forbidden(*forbidden);
            }
            if error.is::<Unresolved>() {
                return Self::Failed(Failure::Unresolved);
            }
            if let Some(tls) = error.downcast_ref::<rustls::Error>() {
                return Self::Failed(Failure::Tls(TlsFailure::of(tls)));
            }
            cause = cause_of(error);
        }
        Self::Failed(if error.is_timeout() {
            Failure::TimedOut
        } else if error.is_connect() {
            Failure::Unreachable
        } else {
            Failure::Broken
        })
    }
}

/// What caused an error. An `io::Error` passes over what it wraps when asked for its source.
fn cause_of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_means_done_again_or_never_again() {
        for (status, outcome) in [
            (200, Outcome::Delivered),
            (204, Outcome::Delivered),
            (299, Outcome::Delivered),
            (300, Outcome::Refused),
            (304, Outcome::Refused),
            (308, Outcome::Refused),
            (400, Outcome::Refused),
            (404, Outcome::Refused),
            (410, Outcome::Gone),
            (429, Outcome::Refused),
            (500, Outcome::Refused),
            (999, Outcome::Refused),
        ] {
            assert_eq!(
                Outcome::of_status(StatusCode::from_u16(status).unwrap()),
                outcome
            );
        }
    }
}
