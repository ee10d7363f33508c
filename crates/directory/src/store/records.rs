//! The tables `records` and `property_values`.

use crate::actor::TenantId;
use crate::error::Error;
use crate::model::{Record, RecordKind};

use super::filter::Conditions;
use super::{Row, Statement, Tx, Value};

const SELECT: &str = "SELECT r.user_id, r.kind, r.name, r.id, r.other_id, r.title, \
    r.external_id, r.enabled, r.properties, r.created_at, r.updated_at FROM records r";
const OWNER: &str =
    "SELECT user_id, kind, name FROM records WHERE tenant_id = $1 AND id = $2 AND id <> 0";
const PUT: &str = "INSERT INTO records (tenant_id, user_id, kind, name, id, other_id, title, \
    external_id, enabled, properties, created_at, updated_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
    ON CONFLICT (tenant_id, user_id, kind, name, id) DO UPDATE SET other_id = excluded.other_id, \
    title = excluded.title, external_id = excluded.external_id, enabled = excluded.enabled, \
    properties = excluded.properties, updated_at = excluded.updated_at";
const DELETE: &str = "DELETE FROM records \
    WHERE tenant_id = $1 AND user_id = $2 AND kind = $3 AND name = $4 AND id = $5";
const OF_KIND: &str = "SELECT r.user_id, r.kind, r.name, r.id, r.other_id, r.title, \
    r.external_id, r.enabled, r.properties, r.created_at, r.updated_at FROM records r \
    JOIN users u ON u.tenant_id = r.tenant_id AND u.id = r.user_id \
    WHERE r.tenant_id = $1 AND r.kind = $2 AND r.name = $3 AND (r.user_id, r.id) > ($4, $5) \
    AND u.deleted_at IS NULL ORDER BY r.user_id, r.id LIMIT $6";
const EXTERNAL_IDS: &str = "SELECT u.id, u.external_id FROM users u WHERE u.tenant_id = $1 \
    AND u.id > $2 AND u.external_id IS NOT NULL AND u.deleted_at IS NULL ORDER BY u.id LIMIT $3";
const PUT_VALUE: &str = "INSERT INTO property_values (tenant_id, user_id, record_id, path, \
    number, text) VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (tenant_id, user_id, record_id, path) DO UPDATE SET number = excluded.number, \
    text = excluded.text";
const DELETE_VALUES: &str = "DELETE FROM property_values \
    WHERE tenant_id = $1 AND user_id = $2 AND record_id = $3";
// Each has its index, which holds the rows of its condition alone.
const DELETE_NUMBERS: &str =
    "DELETE FROM property_values WHERE tenant_id = $1 AND path = $2 AND number IS NOT NULL";
const DELETE_TEXTS: &str =
    "DELETE FROM property_values WHERE tenant_id = $1 AND path = $2 AND text IS NOT NULL";

fn read_record(row: &Row<'_>) -> Result<(i64, Record), Error> {
    let unknown = || Error::internal("a record of no kind");
    let user = row.int()?;
    let record = Record {
        kind: RecordKind::parse(&row.text()?).ok_or_else(unknown)?,
        name: row.text()?,
        id: row.int()?,
        other_id: row.opt_int()?,
        title: row.opt_text()?,
        external_id: row.opt_text()?,
        enabled: row.boolean()?,
        properties: serde_json::from_str(&row.json()?).map_err(Error::internal)?,
        created_at: row.time()?,
        updated_at: row.time()?,
    };
    Ok((user, record))
}

/// The records of each of these users, in order of their users, kinds, names and numbers.
pub(crate) fn records_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    users: &[i64],
) -> Result<Vec<(i64, Record)>, Error> {
    let mut conditions = Conditions::new("r.tenant_id = ?", tenant);
    conditions.and_in("r.user_id", users.iter().copied());
    let order = "ORDER BY r.user_id, r.kind, r.name, r.id";
    let (sql, params) = conditions.whole(SELECT, order);
    tx.query(&sql, &params, read_record)
}

/// Whose a record is, its kind and its name.
pub(crate) fn owner_of_record(
    tx: &Tx<'_>,
    tenant: TenantId,
    id: i64,
) -> Result<Option<(i64, RecordKind, String)>, Error> {
    let found = tx.query_opt(OWNER, &[tenant.into(), id.into()], |row| {
        Ok((row.int()?, row.text()?, row.text()?))
    })?;
    Ok(found.and_then(|(user, kind, name)| Some((user, RecordKind::parse(&kind)?, name))))
}

/// Writes a record, new or changed.
pub(crate) fn put_record(
    tenant: TenantId,
    user: i64,
    record: &Record,
) -> Result<Statement<'static>, Error> {
    let properties = serde_json::to_string(&record.properties).map_err(Error::internal)?;
    let params = vec![
        tenant.into(),
        user.into(),
        record.kind.name().into(),
        record.name.clone().into(),
        record.id.into(),
        record.other_id.into(),
        record.title.clone().into(),
        record.external_id.clone().into(),
        record.enabled.into(),
        Value::Json(properties.into()),
        record.created_at.into(),
        record.updated_at.into(),
    ];
    Ok(Statement { sql: PUT, params })
}

/// Takes a record away, and what it is found by.
pub(crate) fn delete_record(
    tenant: TenantId,
    user: i64,
    record: &Record,
) -> [Statement<'static>; 2] {
    let params = vec![
        tenant.into(),
        user.into(),
        record.kind.name().into(),
        record.name.clone().into(),
        record.id.into(),
    ];
    let record_row = Statement {
        sql: DELETE,
        params,
    };
    [delete_values(tenant, user, record.id), record_row]
}

/// Takes away what a record is found by.
pub(crate) fn delete_values(tenant: TenantId, user: i64, record: i64) -> Statement<'static> {
    Statement {
        sql: DELETE_VALUES,
        params: vec![tenant.into(), user.into(), record.into()],
    }
}

/// What users are found by: of a time its milliseconds, of a number that may stand beside texts
/// its digits too.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct FoundBy {
    /// What it counts.
    pub(crate) number: Option<f64>,
    /// What it says.
    pub(crate) text: Option<String>,
}

/// A double as an integer that has its place among all doubles. Engines order integers alike.
#[allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "bits, not numbers"
)]
pub(super) fn ordered(number: f64) -> i64 {
    // There is one zero.
    let bits = (number + 0.0).to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// Writes what a record is found by at a path.
pub(crate) fn put_value(
    tenant: TenantId,
    user: i64,
    record: i64,
    path: &str,
    value: FoundBy,
) -> Statement<'static> {
    let path = path.to_owned();
    let params = vec![
        tenant.into(),
        user.into(),
        record.into(),
        path.into(),
        value.number.map(ordered).into(),
        value.text.into(),
    ];
    Statement {
        sql: PUT_VALUE,
        params,
    }
}

/// Takes away what every record is found by at a path.
pub(crate) fn delete_path(tenant: TenantId, path: &str) -> [Statement<'static>; 2] {
    [DELETE_NUMBERS, DELETE_TEXTS].map(|sql| Statement {
        sql,
        params: vec![tenant.into(), path.to_owned().into()],
    })
}

/// Records of one kind and name of users who are not deleted, after a user's record.
pub(crate) fn records_of_kind(
    tx: &Tx<'_>,
    tenant: TenantId,
    (kind, name): (RecordKind, &str),
    after: (i64, i64),
    limit: i64,
) -> Result<Vec<(i64, Record)>, Error> {
    let params = [
        tenant.into(),
        kind.name().into(),
        name.into(),
        after.0.into(),
        after.1.into(),
        limit.into(),
    ];
    tx.query(OF_KIND, &params, read_record)
}

/// Users who are not deleted, after a number, with their external ids.
pub(crate) fn external_ids(
    tx: &Tx<'_>,
    tenant: TenantId,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, String)>, Error> {
    let params = [tenant.into(), after.into(), limit.into()];
    tx.query(EXTERNAL_IDS, &params, |row| Ok((row.int()?, row.text()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_stand_in_the_order_of_their_doubles() {
        let numbers = [
            f64::MIN,
            -1e9,
            -1.5,
            -f64::MIN_POSITIVE,
            0.0,
            1e-300,
            1.0,
            1.5,
            f64::MAX,
        ];
        for pair in numbers.windows(2) {
            assert!(ordered(pair[0]) < ordered(pair[1]), "{pair:?}");
        }
        assert_eq!(ordered(-0.0), ordered(0.0));
    }
}
