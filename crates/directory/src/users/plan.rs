//! A change of a user that was checked, and is yet to be written.

use std::collections::{BTreeMap, BTreeSet};

use super::{Include, rules};
use crate::actor::TenantId;
use crate::error::{Error, Unavailable};
use crate::invitations::Asked;
use crate::model::User;
use crate::store::{Claim, FoundUser, Statement, Tx, insert_claim};
use crate::violation::{Path, Rule, Violations};

/// What is to be written for a user.
pub(crate) struct Plan {
    /// The user as they will be.
    pub(crate) user: User,
    /// Writes the user's row first, touching none when another was faster; then frees claims.
    pub(crate) rows: Vec<Statement<'static>>,
    /// Claims that the user gives up.
    pub(crate) freed: BTreeSet<Claim>,
    /// Claims that the user makes, in the order in which they are made.
    pub(crate) gained: BTreeSet<Claim>,
    /// Where what forms demand to be unique stands in the request.
    pub(super) paths: BTreeMap<Claim, Path>,
    /// Ends invitations and parts of the user; each touches none when another was faster.
    pub(crate) ends: Vec<Statement<'static>>,
    /// What the invitations ask that end because they are answered.
    pub(super) asked: Option<Asked>,
    /// Accounts in which the user stops administering.
    pub(crate) unseated: BTreeSet<i64>,
    /// What stands around the user, and the events.
    pub(crate) around: Vec<Statement<'static>>,
    /// Parts around the user that there may be then, beside those that there were.
    pub(super) has: Include,
}

impl Plan {
    /// Writes all of it at once; answers the user.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is taken; [`Unavailable::Contention`] when another changed
    /// the user, or ended what this ends, since they were read.
    pub(crate) fn write(self, tx: &Tx<'_>, tenant: TenantId) -> Result<FoundUser, Error> {
        let mut statements = self.rows;
        let claims_at = statements.len();
        let id = self.user.id;
        statements.extend(self.gained.iter().map(|new| insert_claim(tenant, new, id)));
        let ends = statements.len()..statements.len() + self.ends.len();
        statements.extend(self.ends);
        statements.extend(self.around);
        let touched = tx.batch(&statements)?;
        let ended = touched.get(ends).unwrap_or_default();
        if touched.first() == Some(&0) || ended.contains(&0) {
            return Err(Unavailable::Contention.into());
        }
        let touched = touched.get(claims_at..).unwrap_or_default();
        refuse_taken(&self.gained, touched, &self.paths)?;
        Ok(FoundUser {
            user: self.user,
            has: self.has,
        })
    }
}

/// A claim that touched no row is another's already.
fn refuse_taken(
    claims: &BTreeSet<Claim>,
    touched: &[u64],
    paths: &BTreeMap<Claim, Path>,
) -> Result<(), Error> {
    let taken = claims.iter().zip(touched).filter(|(_, rows)| **rows == 0);
    Error::if_any(taken_of(taken.map(|(claim, _)| claim), paths))
}

/// What is wrong where these claims are another's.
pub(crate) fn taken_of<'a>(
    claims: impl Iterator<Item = &'a Claim>,
    paths: &BTreeMap<Claim, Path>,
) -> Violations {
    let mut violations = Violations::new();
    for claim in claims {
        let path = paths.get(claim).cloned();
        let path = path.unwrap_or_else(|| rules::claimed_field(&claim.scope));
        violations.add(path, Rule::Taken);
    }
    violations
}
