//! Accounts: organisations inside a tenant.

use crate::actor::{Actor, Visibility};
use crate::error::Error;
use crate::event::{self, Change, EventType, Subject};
use crate::model::{Account, check_text};
use crate::permission::Permission;
use crate::query::{Listed, Position};
use crate::store::{IdKind, Tx, find_account, insert_account, list_accounts};
use crate::violation::{Rule, Violations};

/// Longest name of what has one, in characters.
pub const MAX_NAME: usize = 255;

/// Makes an account. `violations` are what its caller found wrong already.
///
/// # Errors
/// [`Error::Forbidden`] without `createAccounts`; [`Error::Invalid`].
pub fn create(
    tx: &Tx<'_>,
    actor: &Actor,
    name: &str,
    mut violations: Violations,
) -> Result<Account, Error> {
    actor.require(Permission::CreateAccounts)?;
    actor.require_full_access()?;
    check_name(name, &mut violations);
    Error::if_any(violations)?;
    let account = Account {
        id: tx.new_id(IdKind::Account)?,
        name: name.trim().to_owned(),
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    };
    let subject = Subject::new("account", account.id);
    let change = Change::of(&[("name", account.name.clone().into())]);
    let event = event::record(
        tx,
        actor,
        EventType::AccountCreated,
        Some(account.id),
        subject,
        change,
    )?;
    tx.batch(&[insert_account(actor.tenant, &account), event])?;
    Ok(account)
}

/// A required name of at most 255 characters, for whatever has one.
pub(crate) fn check_name(name: &str, violations: &mut Violations) {
    if violations.touches("name") {
        return;
    }
    if name.trim().is_empty() {
        violations.field("name", Rule::Blank);
    } else if let Some(rule) = check_text(name, MAX_NAME) {
        violations.field("name", rule);
    }
}

/// One account.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] without `readAccounts`.
pub fn get(tx: &Tx<'_>, actor: &Actor, id: i64) -> Result<Account, Error> {
    actor.require(Permission::ReadAccounts)?;
    actor.require_full_access()?;
    if only(actor).is_some_and(|own| own != id) {
        return Err(Error::NotFound);
    }
    find_account(tx, actor.tenant, id)?.ok_or(Error::NotFound)
}

/// The one account that a caller sees who sees the members of one alone.
fn only(actor: &Actor) -> Option<i64> {
    match actor.visibility {
        Visibility::Account(account) => Some(account),
        Visibility::Tenant | Visibility::PublicPool { .. } => None,
    }
}

/// Accounts by number.
///
/// # Errors
/// [`Error::Forbidden`] without `readAccounts`.
pub fn list(
    tx: &Tx<'_>,
    actor: &Actor,
    after: Option<i64>,
    limit: usize,
) -> Result<Listed<Account>, Error> {
    actor.require(Permission::ReadAccounts)?;
    actor.require_full_access()?;
    let after = after.unwrap_or(0);
    let rows = match only(actor) {
        Some(own) if own > after => find_account(tx, actor.tenant, own)?.into_iter().collect(),
        Some(_) => Vec::new(),
        None => list_accounts(tx, actor.tenant, after, limit)?,
    };
    Ok(Listed::cut(rows, limit, |row| Position::of_id(row.id)))
}
