//! Groups.

use crate::actor::Actor;
use crate::error::Error;
use crate::event::{self, Change, EventType, Subject};
use crate::model::{Group, check_text, slug_from};
use crate::permission::Permission;
use crate::query::{Listed, Position};
use crate::secret::hex;
use crate::store::{
    Claim, ClaimScope, GroupKey, IdKind, Tx, claim_owner, find_group, find_group_id, insert_claim,
    insert_group, list_groups,
};
use crate::violation::Violations;

/// How often a free slug is looked for.
const SLUG_ATTEMPTS: usize = 8;

/// Makes a group. Its slug is made from the name, with the group's number where another has
/// it already. `violations` are what its caller found wrong already.
///
/// # Errors
/// [`Error::Forbidden`] without `createTeams`; [`Error::Invalid`].
pub fn create(
    tx: &Tx<'_>,
    actor: &Actor,
    name: &str,
    public_name: Option<&str>,
    mut violations: Violations,
) -> Result<Group, Error> {
    actor.require(Permission::CreateGroups)?;
    actor.require_full_access()?;
    crate::accounts::check_name(name, &mut violations);
    if let Some(rule) = public_name.and_then(|text| check_text(text, 255)) {
        violations.field("public_name", rule);
    }
    Error::if_any(violations)?;
    let id = tx.new_id(IdKind::Group)?;
    let slug = free_slug(tx, actor, name, id)?;
    let group = Group {
        id,
        slug,
        name: name.trim().to_owned(),
        public_name: public_name.map(str::to_owned),
        member_count: 0,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    };
    let claim = Claim {
        scope: ClaimScope::GroupSlug,
        value: group.slug.clone(),
    };
    let change = Change::of(&[
        ("name", group.name.clone().into()),
        ("slug", group.slug.clone().into()),
    ]);
    let subject = Subject::new("group", id);
    let event = event::record(
        tx,
        actor,
        EventType::TeamCreated,
        actor.account,
        subject,
        change,
    )?;
    let statements = [
        insert_group(actor.tenant, &group),
        insert_claim(actor.tenant, &claim, id),
        event,
    ];
    match tx.batch(&statements)?.get(1) {
        // Another took the slug since it was looked up: choose again.
        Some(0) => Err(crate::error::Unavailable::Contention.into()),
        Some(_) | None => Ok(group),
    }
}

/// The plain slug, else one with the group's number, else one with a random ending.
fn free_slug(tx: &Tx<'_>, actor: &Actor, name: &str, id: i64) -> Result<String, Error> {
    let mut ending = String::new();
    for attempt in 0..SLUG_ATTEMPTS {
        let slug = slug_from(name, &ending);
        let claim = Claim {
            scope: ClaimScope::GroupSlug,
            value: slug,
        };
        if claim_owner(tx, actor.tenant, &claim)?.is_none() {
            return Ok(claim.value);
        }
        ending = if attempt == 0 {
            format!("-{id}")
        } else {
            let mut bytes = [0; 4];
            tx.random().fill(&mut bytes);
            format!("-{}", hex(&bytes))
        };
    }
    Err(crate::error::Unavailable::Contention.into())
}

/// One group.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] without `readTeams`.
pub fn get(tx: &Tx<'_>, actor: &Actor, key: &GroupKey) -> Result<Group, Error> {
    actor.require(Permission::ReadGroups)?;
    actor.require_full_access()?;
    find_group(tx, actor.tenant, key)?.ok_or(Error::NotFound)
}

/// The number of a group: that it is there, at the least cost.
///
/// # Errors
/// As [`get`].
pub fn id_of(tx: &Tx<'_>, actor: &Actor, key: &GroupKey) -> Result<i64, Error> {
    actor.require(Permission::ReadGroups)?;
    actor.require_full_access()?;
    find_group_id(tx, actor.tenant, key)?.ok_or(Error::NotFound)
}

/// Groups by number.
///
/// # Errors
/// [`Error::Forbidden`] without `readTeams`.
pub fn list(
    tx: &Tx<'_>,
    actor: &Actor,
    after: Option<i64>,
    limit: usize,
) -> Result<Listed<Group>, Error> {
    actor.require(Permission::ReadGroups)?;
    actor.require_full_access()?;
    let rows = list_groups(tx, actor.tenant, after.unwrap_or(0), limit)?;
    Ok(Listed::cut(rows, limit, |row| Position::of_id(row.id)))
}
