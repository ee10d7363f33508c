//! The table `notification_preferences`.

use std::collections::BTreeMap;

use crate::actor::TenantId;
use crate::error::Error;
use crate::event::EventType;
use crate::model::{DeliveryChannel, NotificationPreference};

use super::filter::Conditions;
use super::{Statement, Tx};

const SELECT: &str = "SELECT p.user_id, p.account_id, p.event, p.channels \
    FROM notification_preferences p";
const PUT: &str = "INSERT INTO notification_preferences (tenant_id, user_id, account_id, \
    event, channels) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (tenant_id, user_id, account_id, event) DO UPDATE SET channels = excluded.channels";
const DELETE: &str = "DELETE FROM notification_preferences \
    WHERE tenant_id = $1 AND user_id = $2 AND account_id = $3 AND event = $4";

/// Channels as they are stored: a comma list.
pub(super) fn channel_names(channels: &[DeliveryChannel]) -> String {
    let names: Vec<&str> = channels.iter().map(|channel| channel.name()).collect();
    names.join(",")
}

/// The channels of a stored list.
pub(super) fn channels_of(names: &str) -> Vec<DeliveryChannel> {
    let names = names.split(',');
    names.filter_map(DeliveryChannel::parse).collect()
}

/// The preferences of each of these users: (user, preference).
pub(crate) fn preferences_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    users: &[i64],
) -> Result<Vec<(i64, NotificationPreference)>, Error> {
    let mut conditions = Conditions::new("p.tenant_id = ?", tenant);
    conditions.and_in("p.user_id", users.iter().copied());
    let (sql, params) = conditions.whole(SELECT, "ORDER BY p.user_id, p.account_id, p.event");
    tx.query(&sql, &params, |row| {
        let user = row.int()?;
        let account = row.int()?;
        let event = EventType::parse(&row.text()?)
            .ok_or_else(|| Error::internal("a stored event type is unknown"))?;
        let channels = channels_of(&row.text()?);
        let account_id = (account != 0).then_some(account);
        Ok((
            user,
            NotificationPreference {
                event,
                account_id,
                channels,
            },
        ))
    })
}

/// Writes preferences of a user who has none.
pub(crate) fn insert_preferences(
    tenant: TenantId,
    user: i64,
    preferences: &[NotificationPreference],
) -> Vec<Statement<'static>> {
    let put = preferences.iter().map(|each| put(tenant, user, each));
    put.collect()
}

/// What makes a user's preferences these: nothing where they are so already.
pub(crate) fn change_preferences(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    preferences: &[NotificationPreference],
) -> Result<Vec<Statement<'static>>, Error> {
    let stored = preferences_of(tx, tenant, &[user])?;
    let mut before: BTreeMap<_, _> = stored
        .into_iter()
        .map(|(_, each)| ((each.account_id, each.event), each.channels))
        .collect();
    let mut statements = Vec::new();
    for each in preferences {
        let held = before.remove(&(each.account_id, each.event));
        if held.as_ref() != Some(&each.channels) {
            statements.push(put(tenant, user, each));
        }
    }
    let gone = before.into_keys();
    statements.extend(gone.map(|(account, event)| Statement {
        sql: DELETE,
        params: vec![
            tenant.into(),
            user.into(),
            account.unwrap_or(0).into(),
            event.name().into(),
        ],
    }));
    Ok(statements)
}

fn put(tenant: TenantId, user: i64, preference: &NotificationPreference) -> Statement<'static> {
    Statement {
        sql: PUT,
        params: vec![
            tenant.into(),
            user.into(),
            preference.account_id.unwrap_or(0).into(),
            preference.event.name().into(),
            channel_names(&preference.channels).into(),
        ],
    }
}
