//! Members of groups, and who is invited.

use directory::model::{Email, GroupInvitation, GroupMember, GroupPermission};
use directory::users::Change;
use directory::violation::{Path, Violations};
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::quirks::NaiveTime;
use super::{NamedGroup, email_in, group_uri, not_included, permission_in, required, user_uri};
use crate::http::fields::{Fields, Reading};

/// A member as it was asked for.
pub(in crate::dialects::legalesign) struct MemberIn {
    /// Who.
    pub(in crate::dialects::legalesign) email: Option<Email>,
    /// Where.
    pub(in crate::dialects::legalesign) group: Option<NamedGroup>,
    /// What they may do there.
    pub(in crate::dialects::legalesign) permission: GroupPermission,
    /// Whether who is invited is sent a message.
    pub(in crate::dialects::legalesign) message: bool,
    /// All that is wrong with the body.
    pub(in crate::dialects::legalesign) violations: Violations,
}

/// Reads the body of `POST /member/`: `email` and `group` are required, `permission` and
/// `do_email` are not. Other fields are ignored.
pub(in crate::dialects::legalesign) fn member_in(map: &Map<String, Value>) -> MemberIn {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), Reading::default(), &mut violations);
    let email = match email_in(&mut fields) {
        Change::Set(email) => Some(email),
        Change::Keep | Change::Clear => None,
    };
    let group = required(&mut fields, "group").and_then(|text| {
        let group = NamedGroup::parse(&text);
        if group.is_none() {
            fields.refuse("group", not_included(&text));
        }
        group
    });
    let permission = permission_in(map, &mut fields);
    let message = fields.boolean("do_email").value().copied();
    MemberIn {
        email,
        group,
        permission,
        message: message.unwrap_or(true),
        violations,
    }
}

/// Where a membership is: `/api/v1/member/{id}/`.
pub(in crate::dialects::legalesign) fn member_uri(id: i64) -> String {
    format!("/api/v1/member/{id}/")
}

/// Where an invitation is: `/api/v1/invited/{id}/`.
pub(in crate::dialects::legalesign) fn invited_uri(id: i64) -> String {
    format!("/api/v1/invited/{id}/")
}

/// A membership.
#[derive(Serialize)]
pub(in crate::dialects::legalesign) struct MemberOut {
    created: NaiveTime,
    group: String,
    modified: NaiveTime,
    permission: i64,
    resource_uri: String,
    user: String,
}

impl MemberOut {
    pub(in crate::dialects::legalesign) fn of(member: GroupMember) -> Self {
        Self {
            created: NaiveTime(member.created_at),
            group: group_uri(&member.slug),
            modified: NaiveTime(member.updated_at),
            permission: member.permission.number(),
            resource_uri: member_uri(member.id),
            user: user_uri(&member.uid),
        }
    }
}

/// An invitation that is out.
#[derive(Serialize)]
pub(in crate::dialects::legalesign) struct InvitedOut {
    created: NaiveTime,
    email: Option<String>,
    group: String,
    resource_uri: String,
}

impl InvitedOut {
    pub(in crate::dialects::legalesign) fn of(invitation: GroupInvitation) -> Self {
        Self {
            created: NaiveTime(invitation.created_at),
            email: invitation.email,
            group: group_uri(&invitation.slug),
            resource_uri: invited_uri(invitation.id),
        }
    }
}
