//! Changing users and what stands around them through forms: who may, and what it does.

use serde_json::{Map, Value};

use super::check::Item;
use super::shape::{Form, ResourceOwner, SectionKind};
use super::submission::{Submission, as_submitted, change_of_item};
use super::validator::Check;
use crate::actor::{Actor, Principal};
use crate::error::Error;
use crate::model::{Record, User, UserView};
use crate::password::PasswordHash;
use crate::permission::Permission;
use crate::records::{self, RecordChange};
use crate::store::{FoundUser, Tx, UserKey, find_user, owner_of_record, password_of};
use crate::users::{self, Include, UserChange};
use crate::violation::{Path, Rule, Violations};

/// A submission for a stored user that was checked, so that what is slow to check is not checked
/// while others wait to write.
pub struct CheckedUpdate {
    /// What it was checked against.
    stored: Map<String, Value>,
    /// What it does, and what is wrong with it.
    pub submission: Submission,
}

/// Checks a submission for a stored user.
///
/// # Errors
/// [`Error::NotFound`], also where the form does not let the actor change them;
/// [`Error::Forbidden`] without `updateUsers`, unless users change themselves.
pub fn check_update(
    tx: &Tx<'_>,
    actor: &Actor,
    form: &Form,
    id: i64,
    given: &Map<String, Value>,
) -> Result<CheckedUpdate, Error> {
    let (_, _, stored) = changeable(tx, actor, form, id)?;
    let submission = Submission::of_user(form, given, Some(&stored));
    Ok(CheckedUpdate { stored, submission })
}

/// What a form may change of a user: the user, what there may be around them, and both in the
/// shape of a submission; with `password` true where the form asks whether they have one.
fn changeable(
    tx: &Tx<'_>,
    actor: &Actor,
    form: &Form,
    id: i64,
) -> Result<(User, Include, Map<String, Value>), Error> {
    let found = find(tx, actor, id)?.ok_or(Error::NotFound)?;
    require(tx, actor, form, &found.user)?;
    let (user, has) = (found.user.clone(), found.has);
    let mut stored = as_submitted(&view(tx, actor, found)?);
    let asks = form.group.find("password").is_some_and(|(_, field)| {
        let mut checks = field.validators.iter().map(|each| &each.check);
        checks.any(|check| *check == Check::Presence)
    });
    if asks && password_of(tx, actor.tenant, id)?.is_some() {
        stored.insert("password".to_owned(), Value::Bool(true));
    }
    Ok((user, has, stored))
}

/// A user whom the actor sees: themselves in any case.
fn find(tx: &Tx<'_>, actor: &Actor, id: i64) -> Result<Option<FoundUser>, Error> {
    let own = Actor::system(actor.tenant, "");
    let is_own = actor.principal == Principal::User(id);
    let seer = if is_own { &own } else { actor };
    find_user(tx, seer, &UserKey::Id(id), false)
}

fn view(tx: &Tx<'_>, actor: &Actor, found: FoundUser) -> Result<UserView, Error> {
    let records = Include {
        records: true,
        ..Include::default()
    };
    users::view_of(tx, actor, found, records)
}

/// Refuses who may not change a user through a form.
fn require(tx: &Tx<'_>, actor: &Actor, form: &Form, user: &User) -> Result<(), Error> {
    actor.require_full_access()?;
    let administers = actor.permissions.contains(Permission::Administer);
    let is_own_session = actor.principal == Principal::User(user.id);
    let lets = match form.owner {
        ResourceOwner::Anyone => true,
        ResourceOwner::Itself => administers || actor.user(tx)? == Some(user.id),
        ResourceOwner::Creator => administers || actor.has_made(user),
    };
    if !lets {
        return Err(Error::NotFound);
    }
    if form.owner == ResourceOwner::Itself && is_own_session {
        return Ok(());
    }
    actor.require(Permission::UpdateUsers)
}

/// Changes a user through a form, as it was checked; what is stored by now counts. `password` is
/// the hash of the one that was submitted, if it was hashed.
///
/// # Errors
/// As [`check_update`]; [`Error::Invalid`] with all that is wrong, in the form's words.
pub fn update_user(
    tx: &Tx<'_>,
    actor: &Actor,
    form: &Form,
    id: i64,
    given: &Map<String, Value>,
    checked: &CheckedUpdate,
    password: Option<&PasswordHash>,
) -> Result<(), Error> {
    let (user, has, stored) = changeable(tx, actor, form, id)?;
    let again = (stored != checked.stored).then(|| Submission::of_user(form, given, Some(&stored)));
    let submission = again.as_ref().unwrap_or(&checked.submission);
    if submission.password.is_some() && submission.violations.is_empty() && password.is_none() {
        // What is stored changed since the submission was found wrong.
        return Err(Error::Conflict("the user has changed meanwhile"));
    }
    let change = UserChange {
        password: password.filter(|_| submission.password.is_some()).cloned(),
        ..submission.change.clone()
    };
    let violations = submission.violations.clone();
    users::check_change(tx, actor, &user, &change, has)?;
    write(tx, actor, &user, &change, violations).map_err(|refused| form.reword(refused))
}

fn write(
    tx: &Tx<'_>,
    actor: &Actor,
    user: &User,
    change: &UserChange,
    violations: Violations,
) -> Result<(), Error> {
    match users::plan_update(tx, actor, user, change, violations)? {
        Some(plan) => plan.write(tx, actor.tenant).map(drop),
        None => Ok(()),
    }
}

/// What a form that is no user's fills in.
fn item_of(form: &Form) -> Result<(SectionKind, &str), Error> {
    let kind = form.resource.section();
    kind.zip(form.item_type.as_deref()).ok_or(Error::NotFound)
}

/// Checks what came for an item, new or `stored`.
fn item_change(
    form: &Form,
    given: &Map<String, Value>,
    id: Option<i64>,
    stored: Option<&Map<String, Value>>,
) -> Result<(RecordChange, Violations), Error> {
    let (kind, name) = item_of(form)?;
    let (accepted, violations) = form.check(given, stored);
    let item = Item {
        kind,
        name: name.to_owned(),
        path: Path::default(),
        id,
        destroy: false,
        fields: accepted.fields,
        properties: accepted.properties,
    };
    Ok((change_of_item(item), violations))
}

/// A submission for a transactable or relationship that was checked, as [`CheckedUpdate`].
pub struct CheckedItem {
    stored: Option<Map<String, Value>>,
    change: RecordChange,
    violations: Violations,
}

/// Checks a submission for a transactable or relationship that is yet to be made.
///
/// # Errors
/// [`Error::NotFound`] for a form that is of neither.
pub fn check_item(form: &Form, given: &Map<String, Value>) -> Result<CheckedItem, Error> {
    let (change, violations) = item_change(form, given, None, None)?;
    Ok(CheckedItem {
        stored: None,
        change,
        violations,
    })
}

/// Checks a submission for a stored transactable or relationship.
///
/// # Errors
/// As [`update_item`], but for what is wrong with it.
pub fn check_item_update(
    tx: &Tx<'_>,
    actor: &Actor,
    form: &Form,
    id: i64,
    given: &Map<String, Value>,
) -> Result<CheckedItem, Error> {
    let (_, stored) = changeable_item(tx, actor, form, id)?;
    let (change, violations) = item_change(form, given, Some(id), stored.as_ref())?;
    Ok(CheckedItem {
        stored,
        change,
        violations,
    })
}

/// Makes a transactable or relationship of the user who acts, or, for a key without an owner, of
/// `creator`; answers its number.
///
/// # Errors
/// [`Error::Invalid`] with all that is wrong; [`Error::Forbidden`] without `updateUsers`, unless
/// users act for themselves.
pub fn create_item(
    tx: &Tx<'_>,
    actor: &Actor,
    form: &Form,
    creator: Option<i64>,
    checked: &CheckedItem,
) -> Result<i64, Error> {
    actor.require_full_access()?;
    let acting = actor.user(tx)?;
    let mut violations = checked.violations.clone();
    let found = match acting.or(creator) {
        Some(id) => find(tx, actor, id)?,
        None => None,
    };
    let Some(found) = found else {
        violations.field("creator_id", Rule::MustExist);
        return Err(Error::Invalid(violations));
    };
    require_item(actor, acting, &found.user)?;
    let user = found.user;
    let before = numbers(tx, actor, user.id)?;
    let change = UserChange {
        records: vec![checked.change.clone()],
        ..UserChange::default()
    };
    write(tx, actor, &user, &change, violations).map_err(|refused| form.reword(refused))?;
    let after = numbers(tx, actor, user.id)?;
    let new = after.into_iter().find(|id| !before.contains(id));
    new.ok_or_else(|| Error::internal("an item was made that is not there"))
}

fn numbers(tx: &Tx<'_>, actor: &Actor, user: i64) -> Result<Vec<i64>, Error> {
    let found = crate::store::records_of(tx, actor.tenant, &[user])?;
    Ok(found.into_iter().map(|(_, record)| record.id).collect())
}

/// Refuses who may not change what stands around a user: users change their own, keys with
/// an owner that user's, and others, with the permission, anybody's.
fn require_item(actor: &Actor, acting: Option<i64>, user: &User) -> Result<(), Error> {
    if actor.principal == Principal::User(user.id) {
        return Ok(());
    }
    let administers = actor.permissions.contains(Permission::Administer);
    if acting.is_some_and(|acting| acting != user.id) && !administers {
        return Err(Error::NotFound);
    }
    actor.require(Permission::UpdateUsers)
}

/// The record of that number, and its user.
fn find_item(
    tx: &Tx<'_>,
    actor: &Actor,
    kind: SectionKind,
    id: i64,
) -> Result<(User, Record), Error> {
    actor.require_full_access()?;
    let owner = owner_of_record(tx, actor.tenant, id)?;
    let (user, _, _) = owner
        .filter(|(_, found, _)| *found == kind.record())
        .ok_or(Error::NotFound)?;
    let found = find(tx, actor, user)?.ok_or(Error::NotFound)?;
    let user = found.user.clone();
    require_item(actor, actor.user(tx)?, &user)?;
    let mut records = view(tx, actor, found)?.records.into_iter();
    let record = records.find(|record| record.id == id);
    record.map(|record| (user, record)).ok_or(Error::NotFound)
}

/// Changes a transactable or relationship, as it was checked; what is stored by now counts.
///
/// # Errors
/// [`Error::NotFound`], also for one of another type than the form's, and one that is not the
/// actor's to change; [`Error::Invalid`]; [`Error::Forbidden`] as for [`create_item`].
pub fn update_item(
    tx: &Tx<'_>,
    actor: &Actor,
    form: &Form,
    id: i64,
    given: &Map<String, Value>,
    checked: &CheckedItem,
) -> Result<(), Error> {
    let (user, stored) = changeable_item(tx, actor, form, id)?;
    let (change, violations) = if stored == checked.stored {
        (checked.change.clone(), checked.violations.clone())
    } else {
        item_change(form, given, Some(id), stored.as_ref())?
    };
    let change = UserChange {
        records: vec![change],
        ..UserChange::default()
    };
    write(tx, actor, &user, &change, violations).map_err(|refused| form.reword(refused))
}

/// What a form may change of an item: its user, and the item in the shape of a submission.
fn changeable_item(
    tx: &Tx<'_>,
    actor: &Actor,
    form: &Form,
    id: i64,
) -> Result<(User, Option<Map<String, Value>>), Error> {
    let (kind, name) = item_of(form)?;
    let (user, record) = find_item(tx, actor, kind, id)?;
    if record.name != name {
        return Err(Error::NotFound);
    }
    if !matches!(form.owner, ResourceOwner::Anyone) {
        require_owner(tx, actor, form, &user)?;
    }
    let shown = records::shown(std::slice::from_ref(&record));
    let lists = match kind {
        SectionKind::Profiles => shown.profiles,
        SectionKind::Relationships => shown.relationships,
        SectionKind::Transactables => shown.transactables,
    };
    let stored = lists.get(name).and_then(|list| list.get(0));
    Ok((user, stored.and_then(Value::as_object).cloned()))
}

/// Refuses who is not the one that a form lets change an item of a user.
fn require_owner(tx: &Tx<'_>, actor: &Actor, form: &Form, user: &User) -> Result<(), Error> {
    match require(tx, actor, form, user) {
        // Who acts for themselves needs no permission.
        Err(Error::Forbidden(_)) if actor.principal == Principal::User(user.id) => Ok(()),
        answer => answer,
    }
}

/// Takes a transactable or relationship away.
///
/// # Errors
/// [`Error::NotFound`], also for one that is not the actor's to change; [`Error::Forbidden`] as
/// for [`create_item`].
pub fn delete_item(tx: &Tx<'_>, actor: &Actor, kind: SectionKind, id: i64) -> Result<(), Error> {
    let (user, record) = find_item(tx, actor, kind, id)?;
    let change = UserChange {
        records: vec![RecordChange {
            id: Some(id),
            destroy: true,
            ..RecordChange::of(record.kind, &record.name)
        }],
        ..UserChange::default()
    };
    write(tx, actor, &user, &change, Violations::new())
}
