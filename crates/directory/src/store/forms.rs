//! The tables `forms`, `form_versions` and `form_heads`.

use std::sync::Arc;

use crate::actor::TenantId;
use crate::error::Error;
use crate::forms::{Format, Resource, Rules, StoredForm};

use super::{Row, Statement, Tx, Value};

const SELECT: &str = "SELECT name, version, resource, is_public, format, source, rules, \
    created_at, updated_at, updated_by FROM forms WHERE tenant_id = $1 AND name = $2";
const LIST: &str = "SELECT name, version, resource, is_public, format, source, rules, \
    created_at, updated_at, updated_by FROM forms WHERE tenant_id = $1 ORDER BY name LIMIT $2";
const COUNT: &str = "SELECT count(*) FROM forms WHERE tenant_id = $1";
const RULES: &str = "SELECT rules FROM forms WHERE tenant_id = $1 AND name <> $2 ORDER BY name \
    LIMIT $3";
// A version does not keep what it is for: its text says so.
const VERSION: &str = "SELECT f.name, v.version, f.resource, f.is_public, v.format, v.source, \
    f.rules, f.created_at, v.created_at, v.created_by FROM form_versions v \
    JOIN forms f ON f.tenant_id = v.tenant_id AND f.name = v.name \
    WHERE v.tenant_id = $1 AND v.name = $2 AND v.version = $3";
const PUT: &str = "INSERT INTO forms (tenant_id, name, version, resource, is_public, format, \
    source, rules, created_at, updated_at, updated_by) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
    ON CONFLICT (tenant_id, name) DO UPDATE SET version = excluded.version, \
    resource = excluded.resource, is_public = excluded.is_public, format = excluded.format, \
    source = excluded.source, rules = excluded.rules, updated_at = excluded.updated_at, \
    updated_by = excluded.updated_by";
const KEEP_VERSION: &str = "INSERT INTO form_versions (tenant_id, name, version, format, source, \
    created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7)";
const HEAD: &str = "SELECT rules FROM form_heads WHERE tenant_id = $1";
const INSERT_HEAD: &str = "INSERT INTO form_heads (tenant_id, revision, rules) \
    VALUES ($1, $2, $3) ON CONFLICT (tenant_id) DO NOTHING";
// Takes the row: who writes what rules are about waits until the form is stored, and who stores
// one waits for those who are at it.
const TAKE_HEAD: &str = "UPDATE form_heads SET revision = revision + 1 WHERE tenant_id = $1";
const SET_HEAD: &str = "UPDATE form_heads SET rules = $1 WHERE tenant_id = $2";

fn read_form(row: &Row<'_>) -> Result<StoredForm, Error> {
    let unknown = || Error::internal("a form of no resource or format");
    Ok(StoredForm {
        name: row.text()?,
        version: row.int()?,
        resource: Resource::parse(&row.text()?).ok_or_else(unknown)?,
        public: row.boolean()?,
        format: Format::parse(&row.text()?).ok_or_else(unknown)?,
        source: row.text()?,
        rules: read_rules(row)?,
        created_at: row.time()?,
        updated_at: row.time()?,
        updated_by: row.opt_text()?,
    })
}

pub(crate) fn find_form(
    tx: &Tx<'_>,
    tenant: TenantId,
    name: &str,
) -> Result<Option<StoredForm>, Error> {
    tx.query_opt(SELECT, &[tenant.into(), name.into()], read_form)
}

/// A form as it was in one of its versions.
pub(crate) fn find_form_version(
    tx: &Tx<'_>,
    tenant: TenantId,
    name: &str,
    version: i64,
) -> Result<Option<StoredForm>, Error> {
    let params = [tenant.into(), name.into(), version.into()];
    tx.query_opt(VERSION, &params, read_form)
}

/// The forms of a tenant by name, as many as `limit`.
pub(crate) fn list_forms(
    tx: &Tx<'_>,
    tenant: TenantId,
    limit: usize,
) -> Result<Vec<StoredForm>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(LIST, &[tenant.into(), limit.into()], read_form)
}

/// How many forms a tenant has.
pub(crate) fn count_forms(tx: &Tx<'_>, tenant: TenantId) -> Result<usize, Error> {
    let count = tx.query_one(COUNT, &[tenant.into()], |row| row.int())?;
    usize::try_from(count).map_err(Error::internal)
}

/// What the forms of a tenant hold of all its users, by their names, but for the one named `but`;
/// as many as `limit`.
pub(crate) fn rules_of_others(
    tx: &Tx<'_>,
    tenant: TenantId,
    but: &str,
    limit: usize,
) -> Result<Vec<Rules>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(
        RULES,
        &[tenant.into(), but.into(), limit.into()],
        read_rules,
    )
}

fn read_rules(row: &Row<'_>) -> Result<Rules, Error> {
    serde_json::from_str(&row.json()?).map_err(Error::internal)
}

/// Writes a form and keeps it as a version.
pub(crate) fn put_form(
    tenant: TenantId,
    form: &StoredForm,
) -> Result<[Statement<'static>; 2], Error> {
    let text = |text: &str| Value::from(text.to_owned());
    let form_row = vec![
        tenant.into(),
        text(&form.name),
        form.version.into(),
        form.resource.name().into(),
        form.public.into(),
        form.format.name().into(),
        text(&form.source),
        json(&form.rules)?,
        form.created_at.into(),
        form.updated_at.into(),
        form.updated_by.clone().into(),
    ];
    let version_row = vec![
        tenant.into(),
        text(&form.name),
        form.version.into(),
        form.format.name().into(),
        text(&form.source),
        form.updated_at.into(),
        form.updated_by.clone().into(),
    ];
    Ok([
        Statement {
            sql: PUT,
            params: form_row,
        },
        Statement {
            sql: KEEP_VERSION,
            params: version_row,
        },
    ])
}

fn json(rules: &Rules) -> Result<Value<'static>, Error> {
    let text = serde_json::to_string(rules).map_err(Error::internal)?;
    Ok(Value::Json(text.into()))
}

/// What the forms of a tenant hold of all its users. Who asks in a write holds it until the
/// transaction ends; it is read once a transaction.
pub(crate) fn form_rules(tx: &Tx<'_>, tenant: TenantId) -> Result<Arc<Rules>, Error> {
    if let Some(rules) = tx.remembered_rules() {
        return Ok(rules);
    }
    let mut found = tx.query_shared(HEAD, &[tenant.into()], read_rules)?;
    if found.is_empty() && tx.shares_rows() {
        // Nothing can be held of a row that is not there.
        let insert = insert_form_head(tenant)?;
        tx.batch(&[insert])?;
        found = tx.query_shared(HEAD, &[tenant.into()], read_rules)?;
    }
    let rules = Arc::new(found.into_iter().next().unwrap_or_default());
    tx.remember_rules(&rules);
    Ok(rules)
}

/// The row of a new tenant.
pub(crate) fn insert_form_head(tenant: TenantId) -> Result<Statement<'static>, Error> {
    Ok(Statement {
        sql: INSERT_HEAD,
        params: vec![tenant.into(), 0_i64.into(), json(&Rules::default())?],
    })
}

/// Takes the rules of a tenant until the transaction ends, so that nobody else stores a form or
/// writes what they are about.
pub(crate) fn take_form_rules(tx: &Tx<'_>, tenant: TenantId) -> Result<(), Error> {
    if tx.execute(TAKE_HEAD, &[tenant.into()])? == 0 {
        let insert = insert_form_head(tenant)?;
        tx.batch(&[insert])?;
        tx.execute(TAKE_HEAD, &[tenant.into()])?;
    }
    Ok(())
}

/// Writes the rules of a tenant.
pub(crate) fn set_form_rules(
    tx: &Tx<'_>,
    tenant: TenantId,
    rules: &Arc<Rules>,
) -> Result<Statement<'static>, Error> {
    tx.remember_rules(rules);
    Ok(Statement {
        sql: SET_HEAD,
        params: vec![json(rules)?, tenant.into()],
    })
}
