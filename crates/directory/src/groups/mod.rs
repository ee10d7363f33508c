//! Groups, their members, and how far a member reaches.

pub mod members;
mod reach;

pub use reach::Reach;

use crate::actor::Actor;
use crate::error::Error;
use crate::event::{self, Change, EventType, Subject};
use crate::model::{Group, GroupPermission, GroupProfile, check_text, slug_from};
use crate::permission::Permission;
use crate::query::{Listed, Position, Window, Windowed};
use crate::secret::hex;
use crate::store::{
    Claim, ClaimScope, GroupKey, IdKind, Tx, UserKey, claim_owner, find_group, find_group_id,
    find_profile, find_user, insert_claim, insert_group, list_groups, set_maker, update_group,
    window_of_groups,
};
use crate::users::{self, GroupGrant};
use crate::violation::{Path, Violations};

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

/// What a group is to be.
#[derive(Debug, Clone, Default)]
pub struct NewGroup {
    /// Its name.
    pub name: String,
    /// Whether its pages may be framed.
    pub allows_frames: bool,
}

/// Makes a group as [`create`] does. The user who acts is its first member, and administers it.
///
/// # Errors
/// As [`create`]; [`Error::Forbidden`] for a user who administers no group yet.
pub fn found(
    tx: &Tx<'_>,
    actor: &Actor,
    reach: Reach,
    new: &NewGroup,
    violations: Violations,
) -> Result<Group, Error> {
    actor.require(Permission::CreateGroups)?;
    reach.require_somewhere(tx, actor, Permission::CreateGroups)?;
    let group = create(tx, actor, &new.name, None, violations)?;
    let maker = actor.user(tx)?;
    let marked = set_maker(actor.tenant, group.id, maker, new.allows_frames);
    tx.batch(&[marked])?;
    if let Some(maker) = maker {
        let system = Actor::system(actor.tenant, "");
        let user = find_user(tx, &system, &UserKey::Id(maker), false)?.ok_or(Error::NotFound)?;
        let (user, permission) = (user.user, GroupPermission::Admin);
        let told = members::of_member(tx, actor, &user, group.id, permission, true)?;
        let grant = GroupGrant {
            path: Path::default(),
            group_id: group.id,
            permission,
        };
        users::join_group(tx, actor, &user, grant, told)?;
    }
    Ok(group)
}

/// Groups by number that the caller reaches.
///
/// # Errors
/// As [`get`].
pub fn window(
    tx: &Tx<'_>,
    actor: &Actor,
    reach: Reach,
    window: Window,
) -> Result<Windowed<GroupProfile>, Error> {
    actor.require(Permission::ReadGroups)?;
    actor.require_full_access()?;
    let member = match reach {
        Reach::Tenant => None,
        Reach::Member(user) => Some(user),
    };
    window_of_groups(tx, actor.tenant, member, window)
}

/// One group that the caller reaches.
///
/// # Errors
/// As [`get`].
pub fn profile(
    tx: &Tx<'_>,
    actor: &Actor,
    reach: Reach,
    slug: &str,
) -> Result<GroupProfile, Error> {
    actor.require(Permission::ReadGroups)?;
    actor.require_full_access()?;
    let group = find_profile(tx, actor.tenant, slug)?.ok_or(Error::NotFound)?;
    reach.require_in(tx, actor, group.id, Permission::ReadGroups)?;
    Ok(group)
}

/// Changes the name of a group that is shown to outsiders.
///
/// # Errors
/// As [`profile`]; [`Error::Forbidden`] without `updateTeams`, by the credential or in the group;
/// [`Error::Invalid`].
pub fn rename(
    tx: &Tx<'_>,
    actor: &Actor,
    reach: Reach,
    slug: &str,
    public_name: &users::Change<String>,
    mut violations: Violations,
) -> Result<GroupProfile, Error> {
    actor.require(Permission::UpdateGroups)?;
    let before = profile(tx, actor, reach, slug)?;
    reach.require_in(tx, actor, before.id, Permission::UpdateGroups)?;
    if !violations.touches("public_name")
        && let Some(rule) = public_name.value().and_then(|text| check_text(text, 255))
    {
        violations.field("public_name", rule);
    }
    Error::if_any(violations)?;
    let mut group = before.clone();
    match public_name {
        users::Change::Keep => {}
        users::Change::Clear => group.public_name = None,
        users::Change::Set(text) => group.public_name = Some(text.clone()),
    }
    if group == before {
        return Ok(group);
    }
    group.version += 1;
    group.updated_at = tx.now();
    let mut change = Change::of(&[("public_name", group.public_name.clone().into())]);
    let old = before.public_name.clone().into();
    change.old.insert("public_name".to_owned(), old);
    let subject = Subject::new("group", group.id);
    let (kind, account) = (EventType::TeamUpdated, actor.account);
    let event = event::record(tx, actor, kind, account, subject, change)?;
    let update = update_group(actor.tenant, &group, before.version);
    match tx.batch(&[update, event])?.first() {
        Some(1) => Ok(group),
        Some(_) | None => Err(crate::error::Unavailable::Contention.into()),
    }
}
