//! What becomes of old events, and of those of who asks to be forgotten.

use jiff::Timestamp;

use super::Subject;
use crate::actor::{Actor, TenantId};
use crate::error::Error;
use crate::permission::Permission;
use crate::store::{
    Statement, Tx, delete_deliveries_of, delete_event, erase_changes, first_events,
};

/// Events deleted in one transaction.
pub const EXPIRED_AT_ONCE: usize = 500;

/// Deletes those of the first events of the feed that are older than `before`, with what was
/// delivered because of them. Answers whether there may be more.
///
/// # Errors
/// Storage errors.
pub fn expire(tx: &Tx<'_>, tenant: TenantId, before: Timestamp) -> Result<bool, Error> {
    let first = first_events(tx, tenant, EXPIRED_AT_ONCE)?;
    let is_old = |event: &&(i64, Timestamp)| event.1 < before;
    let old: Vec<i64> = first.iter().filter(is_old).map(|(id, _)| *id).collect();
    let delete = |id: &i64| {
        let mut statements: Vec<Statement<'static>> = delete_deliveries_of(tenant, *id).into();
        statements.push(delete_event(tenant, *id));
        statements
    };
    let statements: Vec<Statement<'static>> = old.iter().flat_map(delete).collect();
    if !statements.is_empty() {
        tx.batch(&statements)?;
    }
    Ok(!old.is_empty() && first.len() == EXPIRED_AT_ONCE)
}

/// Takes what changed out of all events of a subject: that something happened, when and by whom
/// stays.
///
/// # Errors
/// [`Error::Forbidden`] without `deleteUsers`.
pub fn erase(tx: &Tx<'_>, actor: &Actor, subject: &Subject) -> Result<u64, Error> {
    actor.require(Permission::DeleteUsers)?;
    actor.require_full_access()?;
    let erase = erase_changes(actor.tenant, subject.subject_type, subject.id.clone());
    let touched = tx.batch(&[erase])?;
    Ok(touched.iter().sum())
}
