//! What every user is told of, whatever their preferences say: an operator's choice.

use std::collections::BTreeSet;

use crate::actor::Actor;
use crate::error::Error;
use crate::event::EventType;
use crate::model::DeliveryChannel;
use crate::permission::Permission;
use crate::store::{Tx, list_mandatory, replace_mandatory};
use crate::violation::{Path, Rule, Violations};

/// Channels of one event that no user can turn off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MandatoryNotification {
    /// The event: any of the catalogue's.
    pub event: EventType,
    /// Its channels, at least one.
    pub channels: Vec<DeliveryChannel>,
}

/// All of the tenant's, by the name of their event.
///
/// # Errors
/// [`Error::Forbidden`] without `readEvents`.
pub fn mandatory(tx: &Tx<'_>, actor: &Actor) -> Result<Vec<MandatoryNotification>, Error> {
    actor.require(Permission::ReadEvents)?;
    actor.require_full_access()?;
    list_mandatory(tx, actor.tenant)
}

/// Replaces all of the tenant's. Their paths begin with the place in the list.
///
/// # Errors
/// [`Error::Forbidden`] without `administer`, and for a caller that is bound to an account;
/// [`Error::Invalid`] for an event that is there twice or without a channel, and for another
/// channel than the website of an event that the server's own names tell of: to fail to send a
/// message is such an event, and would cause another message.
pub fn set_mandatory(
    tx: &Tx<'_>,
    actor: &Actor,
    all: &[MandatoryNotification],
    mut violations: Violations,
) -> Result<(), Error> {
    actor.require(Permission::Administer)?;
    actor.require_full_access()?;
    if actor.account.is_some() {
        let text = "the credential is bound to an account";
        return Err(Error::Forbidden(text));
    }
    let mut events = BTreeSet::new();
    for (place, each) in all.iter().enumerate() {
        let path = Path::field(place.to_string());
        if !events.insert(each.event) {
            violations.add(path.child("event"), Rule::Taken);
        }
        let channels = path.child("channels");
        let elsewhere = |channel: &&DeliveryChannel| **channel != DeliveryChannel::Website;
        if each.channels.is_empty() {
            violations.add(channels, Rule::Blank);
        } else if let Some(other) = each.channels.iter().find(elsewhere)
            && !each.event.in_catalogue()
        {
            let value = other.name().to_owned();
            violations.add(channels, Rule::NotIncluded { value });
        }
    }
    Error::if_any(violations)?;
    tx.batch(&replace_mandatory(actor.tenant, all)).map(drop)
}
