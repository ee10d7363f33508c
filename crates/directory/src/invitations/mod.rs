//! Invitations: what becomes of them once they are out. They are made with their user.
//!
//! Who has the secret of a message is who it went to: that is all that answering asks for. A
//! secret holds until its invitation ends, its time runs out, a newer message is made, or its
//! person has another address.

mod answer;
mod manage;

pub use answer::{Answer, Asked, Link, Opened, accept, check, open};
pub(crate) use answer::{answered, asks_for_terms};
pub use manage::{EXPIRED_AT_ONCE, any_expired, expire, list, resend, revoke};
pub(crate) use manage::{remind, speaks_for};

use crate::actor::Actor;
use crate::error::Error;
use crate::event::{self, EventType, Subject};
use crate::model::{Invitation, InvitationEnd};
use crate::store::{Statement, Tx, end_invitation};

/// A change of an invitation, which touches no row when another was faster, and its event.
pub(crate) type Told = [Statement<'static>; 2];

/// Ends an invitation, with its event.
///
/// # Errors
/// Storage errors.
pub(crate) fn ended(
    tx: &Tx<'_>,
    actor: &Actor,
    invitation: &Invitation,
    end: InvitationEnd,
) -> Result<Told, Error> {
    let kind = match end {
        InvitationEnd::Accepted => EventType::InvitationAccepted,
        InvitationEnd::Revoked => EventType::InvitationRevoked,
    };
    Ok([
        end_invitation(actor.tenant, invitation, end, tx.now()),
        told(tx, actor, kind, invitation)?,
    ])
}

/// The event of what became of an invitation, in the account that it was made in.
pub(crate) fn told(
    tx: &Tx<'_>,
    actor: &Actor,
    kind: EventType,
    invitation: &Invitation,
) -> Result<Statement<'static>, Error> {
    let fields = [
        ("kind", invitation.kind.name().into()),
        ("user_id", invitation.user_id.into()),
        ("group_id", invitation.group_id.into()),
    ];
    let subject = Subject::new("invitation", invitation.id);
    let (account, change) = (invitation.account_id, event::Change::of(&fields));
    event::record(tx, actor, kind, account, subject, change)
}
