//! Invitations.

use directory::model::{Invitation, MessageChannel};
use jiff::Timestamp;
use serde::Serialize;

use super::{Resource, Time, time};

/// An invitation as it stands at a moment.
pub(in crate::dialects::native) struct StandingInvitation {
    pub(in crate::dialects::native) invitation: Invitation,
    pub(in crate::dialects::native) at: Timestamp,
}

/// Nothing of the link is among it: whoever may read invitations may not answer them.
#[derive(Serialize)]
pub(in crate::dialects::native) struct InvitationOut {
    id: i64,
    kind: &'static str,
    state: &'static str,
    user_id: i64,
    group_id: Option<i64>,
    permission: Option<i64>,
    channel: Option<&'static str>,
    sent_at: Option<Time>,
    created_at: Time,
    expires_at: Time,
    ended_at: Option<Time>,
}

impl Resource for StandingInvitation {
    type Out<'a> = InvitationOut;

    fn out(&self) -> InvitationOut {
        let invitation = &self.invitation;
        let sent = invitation.sent.as_ref();
        InvitationOut {
            id: invitation.id,
            kind: invitation.kind.name(),
            state: invitation.state(self.at).name(),
            user_id: invitation.user_id,
            group_id: invitation.group_id,
            permission: invitation.permission,
            channel: sent.map(|sent| sent.channel).map(MessageChannel::name),
            sent_at: time(sent.map(|sent| sent.at)),
            created_at: Time(invitation.created_at),
            expires_at: Time(invitation.expires_at),
            ended_at: time(invitation.ended.map(|(at, _)| at)),
        }
    }
}
