//! The table `mandatory_notifications`.

use crate::actor::TenantId;
use crate::error::Error;
use crate::event::EventType;
use crate::model::DeliveryChannel;
use crate::notifications::MandatoryNotification;

use super::preferences::{channel_names, channels_of};
use super::{Statement, Tx};

const LIST: &str = "SELECT event, channels FROM mandatory_notifications \
    WHERE tenant_id = $1 ORDER BY event";
const OF_EVENT: &str = "SELECT channels FROM mandatory_notifications \
    WHERE tenant_id = $1 AND event = $2";
const DELETE_ALL: &str = "DELETE FROM mandatory_notifications WHERE tenant_id = $1";
const INSERT: &str = "INSERT INTO mandatory_notifications (tenant_id, event, channels) \
    VALUES ($1, $2, $3)";

/// All of a tenant's, by the name of their event.
pub(crate) fn list_mandatory(
    tx: &Tx<'_>,
    tenant: TenantId,
) -> Result<Vec<MandatoryNotification>, Error> {
    tx.query(LIST, &[tenant.into()], |row| {
        let event = EventType::parse(&row.text()?)
            .ok_or_else(|| Error::internal("a stored event type is unknown"))?;
        let channels = channels_of(&row.text()?);
        Ok(MandatoryNotification { event, channels })
    })
}

/// The channels by which everybody is told of an event.
pub(crate) fn mandatory_channels(
    tx: &Tx<'_>,
    tenant: TenantId,
    event: &str,
) -> Result<Vec<DeliveryChannel>, Error> {
    let channels = tx.query_opt(OF_EVENT, &[tenant.into(), event.into()], |row| row.text())?;
    Ok(channels.as_deref().map(channels_of).unwrap_or_default())
}

/// Replaces all of a tenant's.
pub(crate) fn replace_mandatory(
    tenant: TenantId,
    all: &[MandatoryNotification],
) -> Vec<Statement<'static>> {
    let mut statements = vec![Statement {
        sql: DELETE_ALL,
        params: vec![tenant.into()],
    }];
    statements.extend(all.iter().map(|each| Statement {
        sql: INSERT,
        params: vec![
            tenant.into(),
            each.event.name().into(),
            channel_names(&each.channels).into(),
        ],
    }));
    statements
}
