//! Badges.

use crate::actor::Actor;
use crate::error::Error;
use crate::event::{self, Change, EventType, Subject};
use crate::model::{Badge, MAX_TEXT, check_text};
use crate::permission::Permission;
use crate::query::{Listed, Position};
use crate::store::{IdKind, Tx, find_badge, insert_badge, list_badges};
use crate::violation::Violations;

/// A badge to be made.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields are named as the badge's own")]
pub struct NewBadge {
    pub name: String,
    pub description: Option<String>,
    pub info_url: Option<String>,
    pub icon_url: Option<String>,
    pub soft: bool,
}

/// Makes a badge. `violations` are what its caller found wrong already.
///
/// # Errors
/// [`Error::Forbidden`] without `createBadges` or with Public Pool access only;
/// [`Error::Invalid`].
pub fn create(
    tx: &Tx<'_>,
    actor: &Actor,
    new: &NewBadge,
    mut violations: Violations,
) -> Result<Badge, Error> {
    actor.require(Permission::CreateBadges)?;
    actor.require_full_access()?;
    crate::accounts::check_name(&new.name, &mut violations);
    let texts = [
        ("description", &new.description),
        ("info_url", &new.info_url),
        ("icon_url", &new.icon_url),
    ];
    for (field, text) in texts {
        if let Some(rule) = text.as_deref().and_then(|text| check_text(text, MAX_TEXT)) {
            violations.field(field, rule);
        }
    }
    Error::if_any(violations)?;
    let badge = Badge {
        id: tx.new_id(IdKind::Badge)?,
        name: new.name.trim().to_owned(),
        description: new.description.clone(),
        info_url: new.info_url.clone(),
        icon_url: new.icon_url.clone(),
        soft: new.soft,
        created_at: tx.now(),
    };
    let change = Change::of(&[("name", badge.name.clone().into())]);
    let subject = Subject::new("badge", badge.id);
    let event = event::record(
        tx,
        actor,
        EventType::BadgeCreated,
        actor.account,
        subject,
        change,
    )?;
    tx.batch(&[insert_badge(actor.tenant, &badge), event])?;
    Ok(badge)
}

/// One badge.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] without `readBadges`.
pub fn get(tx: &Tx<'_>, actor: &Actor, id: i64) -> Result<Badge, Error> {
    actor.require(Permission::ReadBadges)?;
    find_badge(tx, actor.tenant, id)?.ok_or(Error::NotFound)
}

/// Badges by number.
///
/// # Errors
/// [`Error::Forbidden`] without `readBadges`.
pub fn list(
    tx: &Tx<'_>,
    actor: &Actor,
    after: Option<i64>,
    limit: usize,
) -> Result<Listed<Badge>, Error> {
    actor.require(Permission::ReadBadges)?;
    let rows = list_badges(tx, actor.tenant, after.unwrap_or(0), limit)?;
    Ok(Listed::cut(rows, limit, |row| Position::of_id(row.id)))
}
