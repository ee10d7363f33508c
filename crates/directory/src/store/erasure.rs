//! Taking away what is known of a user, in every table that knows anything.

use jiff::Timestamp;

use crate::actor::TenantId;

use super::Statement;

const MARK: &str = "UPDATE users SET erased_at = $1, parts = NULL, has_records = NULL \
    WHERE tenant_id = $2 AND id = $3";
const END_INVITATIONS: &str = "UPDATE invitations SET ended_at = COALESCE(ended_at, $1), \
    secret_hash = NULL, sent_to = NULL, redirect_to = NULL WHERE tenant_id = $2 AND user_id = $3";
const FORGET_ANSWERS: &str = "UPDATE delivery_attempts SET answer = '' WHERE tenant_id = $1 \
    AND event_id IN (SELECT id FROM events \
    WHERE tenant_id = $1 AND subject_type = 'user' AND subject_id = $2)";
const FORGET_PLACES: [&str; 2] = [
    "UPDATE jobs SET latitude_e7 = NULL, longitude_e7 = NULL WHERE tenant_id = $1 \
    AND worker_id = $2",
    "UPDATE job_transitions SET latitude_e7 = NULL, longitude_e7 = NULL WHERE tenant_id = $1 \
    AND worker_id = $2",
];
const DELETE: [&str; 17] = [
    "DELETE FROM property_values WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM records WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM password_resets WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM credentials WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM account_members WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM group_members WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM user_badges WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM passkeys WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM passkey_ceremonies WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM passkey_links WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM user_permissions WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM user_roles WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM notification_preferences WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM notifications WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM digest_entries WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM digest_schedules WHERE tenant_id = $1 AND user_id = $2",
];

/// Marks a user as erased, and takes away all that stands around them. Their row's own columns
/// are [`super::update_user`]'s.
pub(crate) fn erase_around(tenant: TenantId, user: i64, now: Timestamp) -> Vec<Statement<'static>> {
    let marks = [MARK, END_INVITATIONS].map(|sql| Statement {
        sql,
        params: vec![now.into(), tenant.into(), user.into()],
    });
    let taken = FORGET_PLACES
        .into_iter()
        .chain(DELETE)
        .map(|sql| Statement {
            sql,
            params: vec![tenant.into(), user.into()],
        });
    // A receiver may have answered with what it was sent.
    let answers = Statement {
        sql: FORGET_ANSWERS,
        params: vec![tenant.into(), user.to_string().into()],
    };
    marks.into_iter().chain(taken).chain([answers]).collect()
}
