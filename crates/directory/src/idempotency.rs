//! Idempotency keys: the first answer to a request, kept with the change that it made and
//! replayed when the request comes again.

use jiff::SignedDuration;

use crate::actor::Actor;
use crate::error::{Error, Unavailable};
use crate::store::{Tx, delete_old_answers, find_answer, put_answer, reserve_answer};
use crate::violation::{Rule, Violations};

/// The header that carries a key: what is wrong with one is told of under this name.
pub const HEADER: &str = "Idempotency-Key";

/// How long an answer is replayed.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// A request that named a key: the same key and request get the first answer again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// Whose key it is.
    pub principal: String,
    /// The route's template and method.
    pub route: String,
    /// The key that the client chose, 1 to 255 characters.
    pub key: String,
    /// The hash of all that shapes the request.
    pub request_hash: String,
}

/// An answer to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its `Location`.
    pub location: Option<String>,
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its body.
    pub body: String,
}

/// The answer that was kept for the key, if any.
///
/// # Errors
/// [`Error::Invalid`] when the key was used with another request.
pub fn replay(tx: &Tx<'_>, actor: &Actor, key: &IdempotencyKey) -> Result<Option<Answer>, Error> {
    let since = tx.now().checked_sub(KEPT).map_err(Error::internal)?;
    match find_answer(tx, actor.tenant, key, since)? {
        Some((hash, _)) if hash != key.request_hash => {
            let mut violations = Violations::new();
            violations.field(
                HEADER,
                Rule::Mismatch {
                    with: "the first request",
                },
            );
            Err(Error::Invalid(violations))
        }
        found => Ok(found.map(|(_, answer)| answer)),
    }
}

/// The answer that was kept for the key; when there is none, the key is this transaction's
/// until its end, and another request with it waits. So the other is answered by this one's
/// answer, and never refused for what this one's change did.
///
/// # Errors
/// As [`replay`], and [`Unavailable::Contention`] when another request with the key was
/// faster: run again, it replays that one's answer.
pub fn reserve(tx: &Tx<'_>, actor: &Actor, key: &IdempotencyKey) -> Result<Option<Answer>, Error> {
    if let Some(answer) = replay(tx, actor, key)? {
        return Ok(Some(answer));
    }
    let until = tx.now().checked_sub(KEPT).map_err(Error::internal)?;
    let touched = tx.batch(&[
        delete_old_answers(actor.tenant, until),
        reserve_answer(actor.tenant, key, tx.now()),
    ])?;
    require_written(&touched).map(|()| None)
}

/// Keeps the answer to a key that this transaction has reserved.
///
/// # Errors
/// [`Unavailable::Contention`] when another request with the key was faster: run again, it
/// replays that one's answer.
pub fn keep(
    tx: &Tx<'_>,
    actor: &Actor,
    key: &IdempotencyKey,
    answer: &Answer,
) -> Result<(), Error> {
    let touched = tx.batch(&[put_answer(actor.tenant, key, answer, tx.now())])?;
    require_written(&touched)
}

fn require_written(touched: &[u64]) -> Result<(), Error> {
    if touched.last() == Some(&0) {
        Err(Unavailable::Contention.into())
    } else {
        Ok(())
    }
}
