//! What stored users hold that records may say again, read for all of them at once.

use std::collections::{BTreeSet, HashMap};

use super::Record;
use crate::actor::TenantId;
use crate::error::Error;
use crate::model::{Email, User};
use crate::password::PasswordHash;
use crate::store::{Tx, badges_of, passwords_of};

/// Passwords and badges of the users whom it was read for and who were not written since. Of
/// others they are read one by one: who comes twice in one put is rare.
#[derive(Default)]
pub(super) struct Held {
    passwords: HashMap<i64, Option<PasswordHash>>,
    badges: HashMap<i64, BTreeSet<i64>>,
}

impl Held {
    /// Reads the passwords and badges of the stored users whose records name any.
    pub(super) fn read<R: Record>(
        tx: &Tx<'_>,
        tenant: TenantId,
        records: &[R],
        stored: &HashMap<String, User>,
    ) -> Result<Self, Error> {
        let mut held = Self::default();
        let (mut passwords, mut badges) = (BTreeSet::new(), BTreeSet::new());
        for record in records {
            let user = record
                .email()
                .map(Email::key)
                .and_then(|key| stored.get(key));
            let Some(user) = user else { continue };
            // Which parts a line names does not depend on who is stored.
            let (change, _) = record.change(None);
            if change.password.is_some() {
                passwords.insert(user.id);
            }
            if !change.badges.is_empty() {
                badges.insert(user.id);
            }
        }
        held.read_passwords(tx, tenant, passwords)?;
        held.read_badges(tx, tenant, badges)?;
        Ok(held)
    }

    fn read_passwords(
        &mut self,
        tx: &Tx<'_>,
        tenant: TenantId,
        users: BTreeSet<i64>,
    ) -> Result<(), Error> {
        let users: Vec<i64> = users.into_iter().collect();
        self.passwords
            .extend(users.iter().map(|user| (*user, None)));
        let found = passwords_of(tx, tenant, &users)?;
        self.passwords
            .extend(found.into_iter().map(|(user, hash)| (user, Some(hash))));
        Ok(())
    }

    fn read_badges(
        &mut self,
        tx: &Tx<'_>,
        tenant: TenantId,
        users: BTreeSet<i64>,
    ) -> Result<(), Error> {
        if users.is_empty() {
            return Ok(());
        }
        let users: Vec<i64> = users.into_iter().collect();
        for user in &users {
            self.badges.entry(*user).or_default();
        }
        for (user, badge) in badges_of(tx, tenant, &users)? {
            self.badges.entry(user).or_default().insert(badge.badge_id);
        }
        Ok(())
    }

    /// The hash of a user's password, if one is set.
    pub(super) fn password(
        &mut self,
        tx: &Tx<'_>,
        tenant: TenantId,
        user: i64,
    ) -> Result<Option<&PasswordHash>, Error> {
        if !self.passwords.contains_key(&user) {
            self.read_passwords(tx, tenant, BTreeSet::from([user]))?;
        }
        Ok(self.passwords.get(&user).and_then(Option::as_ref))
    }

    /// Whether a user has a badge.
    pub(super) fn has_badge(
        &mut self,
        tx: &Tx<'_>,
        tenant: TenantId,
        user: i64,
        badge: i64,
    ) -> Result<bool, Error> {
        if !self.badges.contains_key(&user) {
            self.read_badges(tx, tenant, BTreeSet::from([user]))?;
        }
        Ok(self
            .badges
            .get(&user)
            .is_some_and(|held| held.contains(&badge)))
    }

    /// A user was written: what was read of them is old.
    pub(super) fn forget(&mut self, user: i64) {
        self.passwords.remove(&user);
        self.badges.remove(&user);
    }
}
