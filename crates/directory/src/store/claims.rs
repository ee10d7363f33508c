//! The table `claims`: the one way to be unique.

use std::collections::HashMap;

use crate::actor::TenantId;
use crate::error::Error;

use super::filter::Conditions;
use super::{Statement, Tx};

const INSERT: &str = "INSERT INTO claims (tenant_id, scope, value, owner_id) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, scope, value) DO NOTHING";
const DELETE: &str =
    "DELETE FROM claims WHERE tenant_id = $1 AND scope = $2 AND value = $3 AND owner_id = $4";
const OWNER: &str =
    "SELECT owner_id FROM claims WHERE tenant_id = $1 AND scope = $2 AND value = $3";

// Takes the row: who else takes it waits until the transaction ends, and sees what it wrote.
const TAKE: &str = "UPDATE claims SET owner_id = $1 \
    WHERE tenant_id = $2 AND scope = $3 AND value = $4 AND owner_id = $1";

const USER: &str = "SELECT u.id FROM claims c \
    JOIN users u ON u.tenant_id = c.tenant_id AND u.id = c.owner_id \
    WHERE c.tenant_id = $1 AND c.scope = $2 AND c.value = $3 AND u.pending_since IS NULL";

const DELETE_SCOPE: &str = "DELETE FROM claims WHERE tenant_id = $1 AND scope = $2";

const OWNERS: &str = "SELECT c.owner_id FROM claims c";
const OWNED: &str = "SELECT c.value, c.owner_id FROM claims c";

/// What a value is unique among.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ClaimScope {
    /// Canonical emails of users.
    Email,
    /// Slugs of groups.
    GroupSlug,
    /// W2 employee ids of workers.
    W2EmployeeId,
    /// E.164 phone numbers of workers.
    WorkerPhone,
    /// What a form demands to be unique: `form:`, and where it stands.
    Form(String),
}

impl ClaimScope {
    /// Its stored name.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Email => "email",
            Self::GroupSlug => "group_slug",
            Self::W2EmployeeId => "w2_employee_id",
            Self::WorkerPhone => "worker_phone",
            Self::Form(scope) => scope,
        }
    }
}

/// A value claimed in a scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Claim {
    /// Among what.
    pub(crate) scope: ClaimScope,
    /// The value.
    pub(crate) value: String,
}

/// Claims a value; touches no row when another has it.
pub(crate) fn insert_claim(tenant: TenantId, claim: &Claim, owner: i64) -> Statement<'static> {
    let params = vec![
        tenant.into(),
        claim.scope.name().to_owned().into(),
        claim.value.clone().into(),
        owner.into(),
    ];
    Statement {
        sql: INSERT,
        params,
    }
}

/// Frees a value that its owner claimed.
pub(crate) fn delete_claim(tenant: TenantId, claim: &Claim, owner: i64) -> Statement<'static> {
    let params = vec![
        tenant.into(),
        claim.scope.name().to_owned().into(),
        claim.value.clone().into(),
        owner.into(),
    ];
    Statement {
        sql: DELETE,
        params,
    }
}

/// Frees every value of a scope.
pub(crate) fn delete_scope(tenant: TenantId, scope: &ClaimScope) -> Statement<'static> {
    Statement {
        sql: DELETE_SCOPE,
        params: vec![tenant.into(), scope.name().to_owned().into()],
    }
}

/// Who has a value.
pub(crate) fn claim_owner(
    tx: &Tx<'_>,
    tenant: TenantId,
    claim: &Claim,
) -> Result<Option<i64>, Error> {
    let params = [
        tenant.into(),
        claim.scope.name().into(),
        claim.value.as_str().into(),
    ];
    tx.query_opt(OWNER, &params, |row| row.int())
}

/// Holds what its owner claimed until the transaction ends; not so where it is another's by now.
pub(crate) fn take_claim(
    tx: &Tx<'_>,
    tenant: TenantId,
    claim: &Claim,
    owner: i64,
) -> Result<bool, Error> {
    let params = [
        owner.into(),
        tenant.into(),
        claim.scope.name().into(),
        claim.value.as_str().into(),
    ];
    Ok(tx.execute(TAKE, &params)? == 1)
}

/// The user who has an email, by its canonical form, unless they are pending.
pub(crate) fn user_of_email(
    tx: &Tx<'_>,
    tenant: TenantId,
    email: &str,
) -> Result<Option<i64>, Error> {
    let params = [tenant.into(), ClaimScope::Email.name().into(), email.into()];
    tx.query_opt(USER, &params, |row| row.int())
}

/// Those who have one of these values.
pub(crate) fn owners_of<'a>(
    tx: &Tx<'_>,
    tenant: TenantId,
    scope: &'a ClaimScope,
    values: impl Iterator<Item = &'a str>,
) -> Result<Vec<i64>, Error> {
    let (sql, params) = among(tenant, scope, values).whole(OWNERS, "");
    tx.query(&sql, &params, |row| row.int())
}

/// Those of these values that somebody has, each with who has it.
pub(crate) fn owned_of<'a>(
    tx: &Tx<'_>,
    tenant: TenantId,
    scope: &'a ClaimScope,
    values: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, i64>, Error> {
    let (sql, params) = among(tenant, scope, values).whole(OWNED, "");
    let rows = tx.query(&sql, &params, |row| Ok((row.text()?, row.int()?)))?;
    Ok(rows.into_iter().collect())
}

fn among<'a>(
    tenant: TenantId,
    scope: &'a ClaimScope,
    values: impl Iterator<Item = &'a str>,
) -> Conditions<'a> {
    let mut conditions = Conditions::new("c.tenant_id = ?", tenant);
    conditions.and("c.scope = ?", scope.name());
    conditions.and_in("c.value", values);
    conditions
}
