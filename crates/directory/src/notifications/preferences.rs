//! How a user wants to be told: reading and replacing the rules, and turning one off by a link.

use crate::actor::{Actor, Principal, TenantId, Visibility};
use crate::error::Error;
use crate::event::EventType;
use crate::model::{DeliveryChannel, NotificationPreference, User};
use crate::permission::{Permission, PermissionSet};
use crate::store::{Tx, UserKey, find_user, list_mandatory, mandatory_channels, preferences_of};
use crate::users::{self, Include, UserChange};
use crate::violation::{Path, Rule, Violations};

use super::calendar::Cadence;

/// Rules that one user may have: one for each event of the catalogue as the default, and in some
/// twenty accounts.
pub const MAX_PREFERENCES: usize = 4_000;

/// The rules of a user, and the version of the user that they were read with.
#[derive(Debug, Clone, PartialEq)]
pub struct Preferences {
    /// The user's number.
    pub user: i64,
    /// Their version.
    pub version: i64,
    /// The default rules first, then those of each account, by the names of their events.
    pub rules: Vec<NotificationPreference>,
}

/// A user of whom something is asked, and how far it goes.
pub(super) struct Asked {
    pub(super) user: User,
    /// The account that the caller knows of, beside the whole tenant; none: all.
    pub(super) within: Option<i64>,
    /// Whether they ask for themselves.
    pub(super) is_own: bool,
}

/// The user, if there is one whom the actor may see and do this with. A user may do all of it with
/// what is theirs, in every account; who acts as them, in the account that they act in.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`].
pub(super) fn asked(
    tx: &Tx<'_>,
    actor: &Actor,
    key: &UserKey,
    within: Option<i64>,
    permission: Permission,
) -> Result<Asked, Error> {
    let found = users::find_seen(tx, actor, key)?.map(|found| found.user);
    let is_own = found.as_ref().is_some_and(|user| actor.is_user(user.id));
    if !is_own {
        actor.require(permission)?;
        actor.require_full_access()?;
    }
    let within = if is_own {
        actor.acting_as().and(actor.account)
    } else {
        within
    };
    Ok(Asked {
        user: found.ok_or(Error::NotFound)?,
        within,
        is_own,
    })
}

fn is_within(rule: &NotificationPreference, within: Option<i64>) -> bool {
    within.is_none() || rule.account_id.is_none() || rule.account_id == within
}

/// The rules of a user: of those for single accounts, all, or the one's that the caller has part
/// in (`within`).
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] without `readUsers`.
pub fn preferences(
    tx: &Tx<'_>,
    actor: &Actor,
    key: &UserKey,
    within: Option<i64>,
) -> Result<Preferences, Error> {
    let asked = asked(tx, actor, key, within, Permission::ReadUsers)?;
    let (user, within) = (asked.user, asked.within);
    let stored = preferences_of(tx, actor.tenant, &[user.id])?.into_iter();
    let mut rules: Vec<_> = stored.map(|(_, rule)| rule).collect();
    rules.retain(|rule| is_within(rule, within));
    Ok(Preferences {
        user: user.id,
        version: user.version,
        rules,
    })
}

/// Whether the actor may replace the rules of a user.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] without `updateUsers`, but for one's own.
pub fn may_set_preferences(tx: &Tx<'_>, actor: &Actor, key: &UserKey) -> Result<(), Error> {
    asked(tx, actor, key, None, Permission::UpdateUsers).map(drop)
}

/// Replaces the rules of a user; those for accounts outside `within` stay as they are.
///
/// # Errors
/// As [`users::update`], without needing `updateUsers` for who changes their own; a rule for an
/// account outside `within` is told of by its place in the list.
pub fn set_preferences(
    tx: &Tx<'_>,
    actor: &Actor,
    key: &UserKey,
    within: Option<i64>,
    expected: Option<&[i64]>,
    (rules, mut violations): (&[NotificationPreference], Violations),
) -> Result<Preferences, Error> {
    let asked = asked(tx, actor, key, within, Permission::UpdateUsers)?;
    let (user, within) = (asked.user, asked.within);
    for (place, rule) in rules.iter().enumerate() {
        if !is_within(rule, within) {
            let path = Path::field(place.to_string());
            violations.add(path.child("account_id"), Rule::MustExist);
        }
    }
    let stored = preferences_of(tx, actor.tenant, &[user.id])?.into_iter();
    let mut all: Vec<_> = stored.map(|(_, rule)| rule).collect();
    all.retain(|rule| !is_within(rule, within));
    all.extend(rules.iter().cloned());
    let mut actor = actor.clone();
    if asked.is_own {
        let updates = PermissionSet::NONE.with(Permission::UpdateUsers);
        actor.permissions = actor.permissions.union(updates);
        actor.visibility = Visibility::Tenant;
    }
    let change = UserChange {
        preferences: Some(all),
        ..UserChange::default()
    };
    let key = UserKey::Id(user.id);
    users::update(
        tx,
        &actor,
        &key,
        expected,
        &change,
        violations,
        Include::default(),
    )?;
    preferences(tx, &actor, &key, within)
}

/// The channels by which a user's rules want an event told: the rule for its account, where there
/// is one, and otherwise the default.
pub(super) fn wanted<'a>(
    rules: impl Iterator<Item = (Option<i64>, &'a [DeliveryChannel])>,
    account: Option<i64>,
) -> &'a [DeliveryChannel] {
    let mut default: &[DeliveryChannel] = &[];
    for (of, channels) in rules {
        match of {
            None => default = channels,
            Some(_) if of == account => return channels,
            Some(_) => {}
        }
    }
    default
}

/// What a link in a message turns off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsubscription {
    /// Email about an event.
    Event(EventType),
    /// A digest, whatever is in it.
    Digest(Cadence),
}

impl Unsubscription {
    /// Its name in links.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Event(event) => event.name(),
            Self::Digest(cadence) => cadence.channel().name(),
        }
    }

    /// What has that name: no event has a channel's.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let digests = Cadence::ALL.into_iter();
        let digest = digests.map(Self::Digest).find(|each| each.name() == name);
        digest.or_else(|| EventType::parse(name).map(Self::Event))
    }

    fn channel(self) -> DeliveryChannel {
        match self {
            Self::Event(_) => DeliveryChannel::Email,
            Self::Digest(cadence) => cadence.channel(),
        }
    }

    fn concerns(self, rule: &NotificationPreference) -> bool {
        match self {
            Self::Event(event) => rule.event == event,
            Self::Digest(_) => true,
        }
    }
}

/// What a link in a message leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It can be turned off.
    On {
        /// Whether what the operator has everybody told goes on.
        but_mandatory: bool,
    },
    /// It is off.
    Off,
    /// Nothing of it can be turned off: the operator has everybody told.
    Mandatory,
}

/// How it stands with what a link turns off. Who has the link may: it was signed.
///
/// # Errors
/// [`Error::NotFound`] for a user who is gone.
pub fn standing(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    what: Unsubscription,
) -> Result<Standing, Error> {
    let system = Actor::system(tenant, "");
    let found = find_user(tx, &system, &UserKey::Id(user), false)?;
    found.ok_or(Error::NotFound)?;
    let rules = preferences_of(tx, tenant, &[user])?;
    let on = rules
        .iter()
        .any(|(_, rule)| what.concerns(rule) && rule.channels.contains(&what.channel()));
    let but_mandatory = is_mandatory(tx, tenant, what)?;
    // Of a digest, what is the user's own goes when the rest stays.
    let parted = matches!(what, Unsubscription::Digest(_));
    Ok(if on && (parted || !but_mandatory) {
        Standing::On { but_mandatory }
    } else if but_mandatory {
        Standing::Mandatory
    } else {
        Standing::Off
    })
}

/// Whether everybody is told of the event, or of any event in the digest.
fn is_mandatory(tx: &Tx<'_>, tenant: TenantId, what: Unsubscription) -> Result<bool, Error> {
    let channel = what.channel();
    match what {
        Unsubscription::Event(event) => {
            let channels = mandatory_channels(tx, tenant, event.name())?;
            Ok(channels.contains(&channel))
        }
        Unsubscription::Digest(_) => {
            let all = list_mandatory(tx, tenant)?;
            Ok(all.iter().any(|each| each.channels.contains(&channel)))
        }
    }
}

/// Turns off what a link names, in every rule that has it. Answers how it stands then.
///
/// # Errors
/// As [`standing`].
pub fn unsubscribe(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    what: Unsubscription,
    request_id: &str,
) -> Result<Standing, Error> {
    let standing = standing(tx, tenant, user, what)?;
    let Standing::On { but_mandatory } = standing else {
        return Ok(standing);
    };
    let system = Actor::system(tenant, request_id);
    let found = find_user(tx, &system, &UserKey::Id(user), false)?;
    let email = found.and_then(|found| found.user.email);
    let actor = Actor {
        principal: Principal::User(user),
        email: email.map(|email| email.as_str().to_owned()),
        ..system
    };
    let stored = preferences_of(tx, tenant, &[user])?.into_iter();
    let mut rules: Vec<_> = stored.map(|(_, rule)| rule).collect();
    for rule in rules.iter_mut().filter(|rule| what.concerns(rule)) {
        rule.channels.retain(|channel| *channel != what.channel());
    }
    let none = Violations::new();
    let key = UserKey::Id(user);
    set_preferences(tx, &actor, &key, None, None, (&rules, none))?;
    Ok(if but_mandatory {
        Standing::Mandatory
    } else {
        Standing::Off
    })
}
