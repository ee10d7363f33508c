//! How far the import of a file has come: kept by the digest of the file, and moved in the
//! transaction that writes the users of its lines.

use jiff::Timestamp;

use crate::actor::Actor;
use crate::error::Error;
use crate::permission::Permission;
use crate::store::{
    Tx, advance_import, delete_import, find_import, insert_import, insert_refusal, list_refusals,
};

use super::Outcome;

/// What is done of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Lines done, from the start of the file.
    pub line: i64,
    /// Bytes done, from the start of the file.
    pub position: i64,
    /// Users made.
    pub created: i64,
    /// Users changed.
    pub updated: i64,
    /// Users who were as their lines say.
    pub unchanged: i64,
    /// Lines refused.
    pub refused: i64,
    /// When the last line was done.
    pub finished_at: Option<Timestamp>,
}

impl Progress {
    /// Counts what came of a record.
    pub fn count(&mut self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Created(_) => &mut self.created,
            Outcome::Updated(_) => &mut self.updated,
            Outcome::Unchanged(_) => &mut self.unchanged,
            Outcome::Refused(_) => &mut self.refused,
        };
        *counter += 1;
    }
}

/// A line that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its number, from 1.
    pub line: i64,
    /// What is wrong with it, in the caller's words; no value of the line.
    pub reason: String,
}

/// Where the import of a file stands; a file that is not known begins. With `again`, one that
/// is known begins anew.
///
/// # Errors
/// [`Error::Forbidden`] without `createUsers`; storage errors.
pub fn begin(tx: &Tx<'_>, actor: &Actor, digest: &str, again: bool) -> Result<Progress, Error> {
    actor.require(Permission::CreateUsers)?;
    let mut statements = Vec::new();
    if again {
        statements.extend(delete_import(actor.tenant, digest));
    }
    statements.push(insert_import(actor.tenant, digest, tx.now()));
    tx.batch(&statements)?;
    find_import(tx, actor.tenant, digest)?.ok_or_else(|| Error::internal("no import was begun"))
}

/// Moves an import on, with the lines that were refused on the way.
///
/// # Errors
/// [`Error::Conflict`] when it does not stand at `from`: another run works on the same file;
/// [`Error::Forbidden`] without `createUsers`; storage errors.
pub fn advance(
    tx: &Tx<'_>,
    actor: &Actor,
    digest: &str,
    from: &Progress,
    to: &Progress,
    refusals: &[Refusal],
) -> Result<(), Error> {
    actor.require(Permission::CreateUsers)?;
    let mut statements = vec![advance_import(actor.tenant, digest, from, to, tx.now())];
    statements.extend(
        refusals
            .iter()
            .map(|refusal| insert_refusal(actor.tenant, digest, refusal)),
    );
    if tx.batch(&statements)?.first() == Some(&0) {
        return Err(Error::Conflict("another run imports the same file"));
    }
    Ok(())
}

/// Lines refused after a line, in their order; at most `limit`.
///
/// # Errors
/// [`Error::Forbidden`] without `createUsers`; storage errors.
pub fn refusals(
    tx: &Tx<'_>,
    actor: &Actor,
    digest: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Refusal>, Error> {
    actor.require(Permission::CreateUsers)?;
    list_refusals(tx, actor.tenant, digest, after, limit)
}
