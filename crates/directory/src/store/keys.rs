//! The tables `keys` and `access_tokens`.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::keys::Key;
use crate::model::Email;

use super::{Row, Statement, Tx};

const INSERT: &str = "INSERT INTO keys (tenant_id, id, secret_hash, name, account_id, \
    owner_email, owner_key, public_pool, scopes, created_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const BY_ID: &str = "SELECT id, secret_hash, name, account_id, owner_email, public_pool, scopes, \
    created_at, expires_at, revoked_at FROM keys WHERE tenant_id = $1 AND id = $2";
const LIST: &str = "SELECT id, secret_hash, name, account_id, owner_email, public_pool, scopes, \
    created_at, expires_at, revoked_at FROM keys WHERE tenant_id = $1 ORDER BY created_at, id";
const REVOKE: &str = "UPDATE keys SET revoked_at = $1 \
    WHERE tenant_id = $2 AND id = $3 AND revoked_at IS NULL";
const ROTATE: &str = "UPDATE keys SET secret_hash = $1 \
    WHERE tenant_id = $2 AND id = $3 AND revoked_at IS NULL";
// Takes the row, so that a key that is being rotated or revoked is seen as it is then.
const CONFIRM: &str = "UPDATE keys SET secret_hash = $1 \
    WHERE tenant_id = $2 AND id = $3 AND secret_hash = $1 AND revoked_at IS NULL";
const LEAVE: &str = "UPDATE keys SET owner_left_at = $1 WHERE tenant_id = $2 AND owner_key = $3";
const LEFT: &str =
    "SELECT id FROM keys WHERE tenant_id = $1 AND id = $2 AND owner_left_at IS NOT NULL";
const INSERT_TOKEN: &str = "INSERT INTO access_tokens (tenant_id, secret_hash, key_id, \
    created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
const BY_TOKEN: &str = "SELECT k.id, k.secret_hash, k.name, k.account_id, k.owner_email, \
    k.public_pool, k.scopes, k.created_at, k.expires_at, k.revoked_at, t.expires_at \
    FROM access_tokens t JOIN keys k ON k.tenant_id = t.tenant_id AND k.id = t.key_id \
    WHERE t.tenant_id = $1 AND t.secret_hash = $2 AND t.expires_at > $3";
const DELETE_TOKENS: &str = "DELETE FROM access_tokens WHERE tenant_id = $1 AND key_id = $2";
const DELETE_EXPIRED: &str = "DELETE FROM access_tokens WHERE tenant_id = $1 AND expires_at <= $2";

fn read_key(row: &Row<'_>) -> Result<Key, Error> {
    Ok(Key {
        id: row.text()?,
        secret_hash: row.text()?,
        name: row.text()?,
        account_id: row.opt_int()?,
        owner_email: row.opt_text()?,
        public_pool: row.boolean()?,
        scopes: row.text()?,
        created_at: row.time()?,
        expires_at: row.opt_time()?,
        revoked_at: row.opt_time()?,
    })
}

pub(crate) fn insert_key(tenant: TenantId, key: &Key) -> Statement<'_> {
    let owner = key.owner_email.as_deref();
    let owner = owner.and_then(|text| Email::parse(text).ok());
    let params = vec![
        tenant.into(),
        key.id.as_str().into(),
        key.secret_hash.as_str().into(),
        key.name.as_str().into(),
        key.account_id.into(),
        key.owner_email.as_deref().into(),
        owner.map(|owner| owner.key().to_owned()).into(),
        key.public_pool.into(),
        key.scopes.as_str().into(),
        key.created_at.into(),
        key.expires_at.into(),
    ];
    Statement {
        sql: INSERT,
        params,
    }
}

pub(crate) fn find_key(tx: &Tx<'_>, tenant: TenantId, id: &str) -> Result<Option<Key>, Error> {
    tx.query_opt(BY_ID, &[tenant.into(), id.into()], read_key)
}

pub(crate) fn list_keys(tx: &Tx<'_>, tenant: TenantId) -> Result<Vec<Key>, Error> {
    tx.query(LIST, &[tenant.into()], read_key)
}

pub(crate) fn revoke_key(tenant: TenantId, id: &str, now: Timestamp) -> Statement<'_> {
    Statement {
        sql: REVOKE,
        params: vec![now.into(), tenant.into(), id.into()],
    }
}

pub(crate) fn rotate_key<'a>(tenant: TenantId, id: &'a str, hash: &'a str) -> Statement<'a> {
    Statement {
        sql: ROTATE,
        params: vec![hash.into(), tenant.into(), id.into()],
    }
}

/// Notes that the user who owned keys by this email, in its canonical form, has it no more.
pub(crate) fn leave_keys(tenant: TenantId, email: &str, now: Timestamp) -> Statement<'static> {
    Statement {
        sql: LEAVE,
        params: vec![now.into(), tenant.into(), email.to_owned().into()],
    }
}

/// Whether a key had an owner who left it.
pub(crate) fn is_left(tx: &Tx<'_>, tenant: TenantId, id: &str) -> Result<bool, Error> {
    let found = tx.query_opt(LEFT, &[tenant.into(), id.into()], |row| row.text())?;
    Ok(found.is_some())
}

/// Touches no row when the key's secret is another by now, or the key has ended.
pub(crate) fn confirm_key<'a>(tenant: TenantId, id: &'a str, hash: &'a str) -> Statement<'a> {
    Statement {
        sql: CONFIRM,
        params: vec![hash.into(), tenant.into(), id.into()],
    }
}

pub(crate) fn insert_token(
    tenant: TenantId,
    hash: String,
    key: String,
    now: Timestamp,
    expires_at: Timestamp,
) -> Statement<'static> {
    let params = vec![
        tenant.into(),
        hash.into(),
        key.into(),
        now.into(),
        expires_at.into(),
    ];
    Statement {
        sql: INSERT_TOKEN,
        params,
    }
}

/// The key that a token which has not expired was made from, and when the token does.
pub(crate) fn find_key_of_token(
    tx: &Tx<'_>,
    tenant: TenantId,
    hash: &str,
    now: Timestamp,
) -> Result<Option<(Key, Timestamp)>, Error> {
    tx.query_opt(BY_TOKEN, &[tenant.into(), hash.into(), now.into()], |row| {
        Ok((read_key(row)?, row.time()?))
    })
}

/// Ends all tokens of a key.
pub(crate) fn delete_tokens(tenant: TenantId, key: &str) -> Statement<'_> {
    Statement {
        sql: DELETE_TOKENS,
        params: vec![tenant.into(), key.into()],
    }
}

/// Clears tokens that have expired.
pub(crate) fn delete_expired_tokens(tenant: TenantId, now: Timestamp) -> Statement<'static> {
    Statement {
        sql: DELETE_EXPIRED,
        params: vec![tenant.into(), now.into()],
    }
}
