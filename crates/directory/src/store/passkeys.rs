//! The tables `passkeys`, `passkey_ceremonies` and `passkey_links`.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::passkeys::{Passkey, RegistrationLink};

use super::filter::one_more;
use super::{Row, Statement, Tx};

const INSERT: &str = "INSERT INTO passkeys (tenant_id, id, user_id, credential_hash, credential, \
    name, sign_count, backup_eligible, backed_up, created_at, updated_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
    ON CONFLICT (tenant_id, credential_hash) DO NOTHING";
const LIST: &str = "SELECT id, user_id, name, sign_count, backup_eligible, backed_up, created_at, \
    updated_at, used_at, version FROM passkeys \
    WHERE tenant_id = $1 AND user_id = $2 AND id > $3 ORDER BY id LIMIT $4";
const FIND: &str = "SELECT id, user_id, name, sign_count, backup_eligible, backed_up, created_at, \
    updated_at, used_at, version FROM passkeys \
    WHERE tenant_id = $1 AND user_id = $2 AND id = $3";
const BY_CREDENTIAL: &str = "SELECT id, user_id, name, sign_count, backup_eligible, backed_up, \
    created_at, updated_at, used_at, version, credential FROM passkeys \
    WHERE tenant_id = $1 AND credential_hash = $2";
const CREDENTIALS: &str = "SELECT credential FROM passkeys \
    WHERE tenant_id = $1 AND user_id = $2 ORDER BY id";
const RENAME: &str = "UPDATE passkeys SET name = $1, updated_at = $2, version = $3 \
    WHERE tenant_id = $4 AND id = $5 AND version = $6";
// A counter moves forward alone; one that stays 0 is none.
const USE: &str = "UPDATE passkeys SET credential = $1, sign_count = $2, backup_eligible = $3, \
    backed_up = $4, used_at = $5 \
    WHERE tenant_id = $6 AND id = $7 AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0))";
const DELETE: &str = "DELETE FROM passkeys WHERE tenant_id = $1 AND id = $2 AND version = $3";

const INSERT_CEREMONY: &str = "INSERT INTO passkey_ceremonies (tenant_id, secret_hash, user_id, \
    state, expires_at) VALUES ($1, $2, $3, $4, $5)";
const FIND_CEREMONY: &str = "SELECT user_id, state FROM passkey_ceremonies \
    WHERE tenant_id = $1 AND secret_hash = $2 AND expires_at > $3";
const TAKE_CEREMONY: &str =
    "DELETE FROM passkey_ceremonies WHERE tenant_id = $1 AND secret_hash = $2";
const COUNT_CEREMONIES: &str = "SELECT count(*) FROM passkey_ceremonies \
    WHERE tenant_id = $1 AND expires_at > $2";
const SWEEP_CEREMONIES: &str = "DELETE FROM passkey_ceremonies WHERE tenant_id = $1 \
    AND secret_hash IN (SELECT secret_hash FROM passkey_ceremonies \
    WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)";

const PUT_LINK: &str = "INSERT INTO passkey_links (tenant_id, user_id, requested_at, expires_at) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, user_id) DO UPDATE SET secret_hash = NULL, \
    sent_to = NULL, requested_at = excluded.requested_at, expires_at = excluded.expires_at, \
    opened_at = NULL, used_at = NULL";
const LINK_OF: &str = "SELECT user_id, sent_to, requested_at, expires_at, opened_at, used_at \
    FROM passkey_links WHERE tenant_id = $1 AND user_id = $2";
const LINK_BY_SECRET: &str = "SELECT user_id, sent_to, requested_at, expires_at, opened_at, \
    used_at, secret_hash FROM passkey_links WHERE tenant_id = $1 AND secret_hash = $2";
const SET_LINK_SECRET: &str = "UPDATE passkey_links SET secret_hash = $1, sent_to = $2 \
    WHERE tenant_id = $3 AND user_id = $4 AND requested_at = $5 AND used_at IS NULL";
const OPEN_LINK: &str = "UPDATE passkey_links SET opened_at = $1 \
    WHERE tenant_id = $2 AND user_id = $3 AND secret_hash = $4 AND opened_at IS NULL";
const USE_LINK: &str = "UPDATE passkey_links SET used_at = $1 \
    WHERE tenant_id = $2 AND user_id = $3 AND secret_hash = $4 AND used_at IS NULL";
const END_LINK: &str = "DELETE FROM passkey_links WHERE tenant_id = $1 AND user_id = $2";
const SWEEP_LINKS: &str = "DELETE FROM passkey_links WHERE tenant_id = $1 \
    AND user_id IN (SELECT user_id FROM passkey_links \
    WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)";

/// What is kept of a credential beside its passkey.
pub(crate) struct StoredCredential<'a> {
    /// SHA-256 of its id.
    pub(crate) hash: &'a str,
    /// It itself.
    pub(crate) json: &'a str,
}

/// Keeps a passkey; touches no row when its credential is kept already, of whomever.
pub(crate) fn insert_passkey(
    tenant: TenantId,
    passkey: &Passkey,
    credential: &StoredCredential<'_>,
) -> Statement<'static> {
    let params = vec![
        tenant.into(),
        passkey.id.into(),
        passkey.user_id.into(),
        credential.hash.to_owned().into(),
        credential.json.to_owned().into(),
        passkey.name.clone().into(),
        passkey.sign_count.into(),
        passkey.backup_eligible.into(),
        passkey.backed_up.into(),
        passkey.created_at.into(),
        passkey.updated_at.into(),
        passkey.version.into(),
    ];
    Statement {
        sql: INSERT,
        params,
    }
}

/// The passkeys of a user, by number, after `after`; one more than asked for shows that there are
/// more.
pub(crate) fn list_passkeys(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    after: i64,
    limit: usize,
) -> Result<Vec<Passkey>, Error> {
    let limit = one_more(limit);
    let params = [tenant.into(), user.into(), after.into(), limit.into()];
    tx.query(LIST, &params, read_passkey)
}

/// One passkey of a user.
pub(crate) fn find_passkey(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    id: i64,
) -> Result<Option<Passkey>, Error> {
    let params = [tenant.into(), user.into(), id.into()];
    tx.query_opt(FIND, &params, read_passkey)
}

/// The passkey whose credential has an id with this hash, and the credential.
pub(crate) fn passkey_of_credential(
    tx: &Tx<'_>,
    tenant: TenantId,
    hash: &str,
) -> Result<Option<(Passkey, String)>, Error> {
    tx.query_opt(BY_CREDENTIAL, &[tenant.into(), hash.into()], |row| {
        Ok((read_passkey(row)?, row.text()?))
    })
}

/// The credentials of a user's passkeys.
pub(crate) fn credentials_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
) -> Result<Vec<String>, Error> {
    tx.query(CREDENTIALS, &[tenant.into(), user.into()], |row| row.text())
}

/// Gives a passkey another name; touches no row when it changed since `from`.
pub(crate) fn rename_passkey(tenant: TenantId, passkey: &Passkey, from: i64) -> Statement<'static> {
    let params = vec![
        passkey.name.clone().into(),
        passkey.updated_at.into(),
        passkey.version.into(),
        tenant.into(),
        passkey.id.into(),
        from.into(),
    ];
    Statement {
        sql: RENAME,
        params,
    }
}

/// Keeps how a passkey stands after it was used; touches no row when its counter did not move
/// forward, or it is gone.
pub(crate) fn use_passkey(
    tenant: TenantId,
    passkey: &Passkey,
    credential: String,
) -> Statement<'static> {
    let params = vec![
        credential.into(),
        passkey.sign_count.into(),
        passkey.backup_eligible.into(),
        passkey.backed_up.into(),
        passkey.used_at.into(),
        tenant.into(),
        passkey.id.into(),
    ];
    Statement { sql: USE, params }
}

/// Deletes a passkey; touches no row when it changed since `from`.
pub(crate) fn delete_passkey(tenant: TenantId, id: i64, from: i64) -> Statement<'static> {
    Statement {
        sql: DELETE,
        params: vec![tenant.into(), id.into(), from.into()],
    }
}

fn read_passkey(row: &Row<'_>) -> Result<Passkey, Error> {
    Ok(Passkey {
        id: row.int()?,
        user_id: row.int()?,
        name: row.text()?,
        sign_count: row.int()?,
        backup_eligible: row.boolean()?,
        backed_up: row.boolean()?,
        created_at: row.time()?,
        updated_at: row.time()?,
        used_at: row.opt_time()?,
        version: row.int()?,
    })
}

/// Keeps a challenge that was given out: to a user who registers, or to somebody who signs in.
pub(crate) fn insert_ceremony(
    tenant: TenantId,
    hash: String,
    user: Option<i64>,
    state: String,
    expires_at: Timestamp,
) -> Statement<'static> {
    let params = vec![
        tenant.into(),
        hash.into(),
        user.into(),
        state.into(),
        expires_at.into(),
    ];
    Statement {
        sql: INSERT_CEREMONY,
        params,
    }
}

/// Who a challenge was given to, and what it was; none for one whose time is over.
pub(crate) fn find_ceremony(
    tx: &Tx<'_>,
    tenant: TenantId,
    hash: &str,
) -> Result<Option<(Option<i64>, String)>, Error> {
    let params = [tenant.into(), hash.into(), tx.now().into()];
    tx.query_opt(FIND_CEREMONY, &params, |row| {
        Ok((row.opt_int()?, row.text()?))
    })
}

/// Takes a challenge away; touches no row when another did.
pub(crate) fn take_ceremony(tenant: TenantId, hash: &str) -> Statement<'static> {
    Statement {
        sql: TAKE_CEREMONY,
        params: vec![tenant.into(), hash.to_owned().into()],
    }
}

/// How many challenges wait for their answer.
pub(crate) fn count_ceremonies(tx: &Tx<'_>, tenant: TenantId) -> Result<i64, Error> {
    let params = [tenant.into(), tx.now().into()];
    tx.query_one(COUNT_CEREMONIES, &params, |row| row.int())
}

/// Deletes challenges and links whose time is over, `limit` of each at most.
pub(crate) fn sweep_passkey_rests(
    tenant: TenantId,
    now: Timestamp,
    limit: i64,
) -> [Statement<'static>; 2] {
    [SWEEP_CEREMONIES, SWEEP_LINKS].map(|sql| Statement {
        sql,
        params: vec![tenant.into(), now.into(), limit.into()],
    })
}

/// Asks for a link; the one before holds no more.
pub(crate) fn put_passkey_link(tenant: TenantId, link: &RegistrationLink) -> Statement<'static> {
    let params = vec![
        tenant.into(),
        link.user_id.into(),
        link.requested_at.into(),
        link.expires_at.into(),
    ];
    Statement {
        sql: PUT_LINK,
        params,
    }
}

/// The link of a user.
pub(crate) fn passkey_link_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
) -> Result<Option<RegistrationLink>, Error> {
    tx.query_opt(LINK_OF, &[tenant.into(), user.into()], read_link)
}

/// The link whose message carries the secret with this hash, and the hash as it is stored.
pub(crate) fn passkey_link_of_secret(
    tx: &Tx<'_>,
    tenant: TenantId,
    hash: &str,
) -> Result<Option<(RegistrationLink, String)>, Error> {
    tx.query_opt(LINK_BY_SECRET, &[tenant.into(), hash.into()], |row| {
        Ok((read_link(row)?, row.text()?))
    })
}

/// Keeps the hash of the secret that a message carries, and where that went; touches no row when
/// another link was asked for meanwhile, or this one ended.
pub(crate) fn set_passkey_link_secret(
    tenant: TenantId,
    link: &RegistrationLink,
    hash: String,
    sent_to: String,
) -> Statement<'static> {
    let params = vec![
        hash.into(),
        sent_to.into(),
        tenant.into(),
        link.user_id.into(),
        link.requested_at.into(),
    ];
    Statement {
        sql: SET_LINK_SECRET,
        params,
    }
}

/// Notes that a link was opened; touches no row when it was before.
pub(crate) fn open_passkey_link(
    tenant: TenantId,
    user: i64,
    hash: &str,
    now: Timestamp,
) -> Statement<'static> {
    note(OPEN_LINK, tenant, user, hash, now)
}

/// Notes that a link was used; touches no row when it was before, or holds no more.
pub(crate) fn use_passkey_link(
    tenant: TenantId,
    user: i64,
    hash: &str,
    now: Timestamp,
) -> Statement<'static> {
    note(USE_LINK, tenant, user, hash, now)
}

/// Ends the link of a user, also one whose message is yet to be made.
pub(crate) fn end_passkey_link(tenant: TenantId, user: i64) -> Statement<'static> {
    Statement {
        sql: END_LINK,
        params: vec![tenant.into(), user.into()],
    }
}

fn note(
    sql: &'static str,
    tenant: TenantId,
    user: i64,
    hash: &str,
    now: Timestamp,
) -> Statement<'static> {
    let params = vec![
        now.into(),
        tenant.into(),
        user.into(),
        hash.to_owned().into(),
    ];
    Statement { sql, params }
}

fn read_link(row: &Row<'_>) -> Result<RegistrationLink, Error> {
    Ok(RegistrationLink {
        user_id: row.int()?,
        sent_to: row.opt_text()?,
        requested_at: row.time()?,
        expires_at: row.time()?,
        opened_at: row.opt_time()?,
        used_at: row.opt_time()?,
    })
}
