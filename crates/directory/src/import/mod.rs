//! Bringing in users by the thousand: made, or changed where their email is known, under the
//! same rules and with the same events as one by one.

mod held;
mod progress;
mod run;

use std::borrow::Cow;
use std::collections::HashMap;

use held::Held;
pub use progress::{Progress, Refusal, advance, begin, refusals};

use crate::actor::Actor;
use crate::error::Error;
use crate::model::{Email, User};
use crate::permission::Permission;
use crate::store::{ClaimScope, IdKind, Tx, find_users, owners_of};
use crate::users::UserChange;
use crate::violation::Violations;

/// Records of one transaction at most: so many ids can be had at once.
pub const MOST_RECORDS: usize = 4_000;

/// One line of a file: what it says of a user.
pub trait Record {
    /// The email by which the user is known; none: there is none, or it cannot be read.
    fn email(&self) -> Option<&Email>;

    /// What the line says of the user who has its email, or else of a new one, and what is
    /// wrong with it. Asked for inside of a transaction, and maybe more than once.
    fn change(&self, stored: Option<&User>) -> (Cow<'_, UserChange>, Violations);
}

/// What came of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A user was made; their number.
    Created(i64),
    /// The user was changed.
    Updated(i64),
    /// The user was as the record says.
    Unchanged(i64),
    /// Nothing was written, for these reasons.
    Refused(Violations),
}

/// Makes or changes the user of each record, as if one after another; a record that is refused
/// leaves the others as they are. At most [`MOST_RECORDS`] at a time.
///
/// # Errors
/// [`Error::Forbidden`] without `createUsers` and `updateUsers`, or with Public Pool access only;
/// storage errors. Then none is written.
pub fn put<R: Record>(tx: &Tx<'_>, actor: &Actor, records: &[R]) -> Result<Vec<Outcome>, Error> {
    actor.require(Permission::CreateUsers)?;
    actor.require(Permission::UpdateUsers)?;
    actor.require_full_access()?;
    if records.len() > MOST_RECORDS {
        return Err(Error::internal("more records than one transaction takes"));
    }
    let mut stored = stored_users(tx, actor, records)?;
    let mut held = Held::read(tx, actor.tenant, records, &stored)?;
    // Before any work: a closure that runs out of ids runs again.
    tx.reserve(IdKind::User, records.len().saturating_sub(stored.len()))?;
    tx.reserve(IdKind::Event, records.len())?;
    let mut outcomes = Vec::with_capacity(records.len());
    while let Some(rest) = records
        .get(outcomes.len()..)
        .filter(|rest| !rest.is_empty())
    {
        run::put(tx, actor, rest, (&mut stored, &mut held), &mut outcomes)?;
    }
    Ok(outcomes)
}

/// The users who have the emails of these records, by the canonical form.
fn stored_users<R: Record>(
    tx: &Tx<'_>,
    actor: &Actor,
    records: &[R],
) -> Result<HashMap<String, User>, Error> {
    let emails = records.iter().filter_map(Record::email).map(Email::key);
    let owners = owners_of(tx, actor.tenant, &ClaimScope::Email, emails)?;
    let users = find_users(tx, actor, &owners)?;
    let keyed = users.into_iter().filter_map(|user| {
        let key = user.email.as_ref()?.key().to_owned();
        Some((key, user))
    });
    Ok(keyed.collect())
}
