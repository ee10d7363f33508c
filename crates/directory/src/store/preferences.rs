//! The table `notification_preferences`.

use crate::actor::TenantId;
use crate::error::Error;
use crate::event::EventType;
use crate::model::{DeliveryChannel, NotificationPreference};

use super::filter::Conditions;
use super::{Statement, Tx};

const SELECT: &str = "SELECT p.user_id, p.account_id, p.event, p.channels \
    FROM notification_preferences p";
const INSERT: &str = "INSERT INTO notification_preferences (tenant_id, user_id, account_id, \
    event, channels) VALUES ($1, $2, $3, $4, $5)";
const DELETE: &str = "DELETE FROM notification_preferences WHERE tenant_id = $1 AND user_id = $2";

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
        let channels = row
            .text()?
            .split(',')
            .filter_map(DeliveryChannel::parse)
            .collect();
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

/// Replaces all preferences of a user.
pub(crate) fn replace_preferences(
    tenant: TenantId,
    user: i64,
    preferences: &[NotificationPreference],
) -> Vec<Statement<'static>> {
    let mut statements = vec![Statement {
        sql: DELETE,
        params: vec![tenant.into(), user.into()],
    }];
    for preference in preferences {
        let channels: Vec<&str> = preference
            .channels
            .iter()
            .map(|channel| channel.name())
            .collect();
        let params = vec![
            tenant.into(),
            user.into(),
            preference.account_id.unwrap_or(0).into(),
            preference.event.name().into(),
            channels.join(",").into(),
        ];
        statements.push(Statement {
            sql: INSERT,
            params,
        });
    }
    statements
}
