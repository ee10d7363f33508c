//! The records of a user as a change leaves them.

use super::{MAX_BYTES, MAX_PROPERTIES, MAX_RECORDS, RecordChange};
use crate::actor::{Actor, TenantId};
use crate::error::Error;
use crate::forms::{Rules, Target};
use crate::model::{Record, RecordKind, check_text};
use crate::store::{
    IdKind, Statement, Tx, delete_record, delete_values, find_users, put_record, put_value,
};
use crate::violation::{Path, Rule, Violation, Violations};

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It stays as it was.
    Kept,
    /// It is new.
    Made,
    /// It is another than before.
    Changed,
    /// It goes.
    Gone,
}

/// A record, what becomes of it, and where in the request it was changed.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) record: Record,
    pub(crate) fate: Fate,
    pub(crate) path: Option<Path>,
}

impl Placed {
    /// A record that stays.
    pub(crate) fn kept(record: Record) -> Self {
        Self {
            record,
            fate: Fate::Kept,
            path: None,
        }
    }
}

/// Puts changes to the records that a user has. What is wrong is added to `violations`.
///
/// # Errors
/// Storage errors; as [`Tx::new_id`].
pub(crate) fn place(
    tx: &Tx<'_>,
    actor: &Actor,
    stored: Vec<Record>,
    changes: &[RecordChange],
    violations: &mut Violations,
) -> Result<Vec<Placed>, Error> {
    let mut placed: Vec<Placed> = stored.into_iter().map(Placed::kept).collect();
    let Some(first) = changes.first() else {
        return Ok(placed);
    };
    check_others(tx, actor, &placed, changes, violations)?;
    let before = bytes_of(&placed)?;
    for change in changes {
        put(tx, &mut placed, change, violations)?;
    }
    for kind in RecordKind::ALL {
        let left = |each: &&Placed| each.record.kind == kind && each.fate != Fate::Gone;
        let grown = placed.iter().any(|each| each.fate == Fate::Made);
        if grown && placed.iter().filter(left).count() > MAX_RECORDS {
            let at = changes.iter().find(|change| change.kind == kind);
            let path = at.map(|change| change.path.clone()).unwrap_or_default();
            violations.add(path, Rule::TooLong { max: MAX_RECORDS });
        }
    }
    let after = bytes_of(&placed)?;
    if after > MAX_BYTES && after > before {
        violations.push(Violation {
            path: first.path.child("properties"),
            rule: Rule::TooLong { max: MAX_BYTES },
            message: Some(format!(
                "come to more than {MAX_BYTES} bytes with all that the user has"
            )),
        });
    }
    Ok(placed)
}

/// How much properties hold, as JSON.
fn bytes_of(placed: &[Placed]) -> Result<usize, Error> {
    let left = placed.iter().filter(|each| each.fate != Fate::Gone);
    let texts = left.map(|each| serde_json::to_string(&each.record.properties));
    let bytes: Result<usize, _> = texts.map(|text| text.map(|text| text.len())).sum();
    bytes.map_err(Error::internal)
}

/// Checks that whom relationships are newly with is there, for this actor to see. Whom one is with
/// already, it may be with.
fn check_others(
    tx: &Tx<'_>,
    actor: &Actor,
    stored: &[Placed],
    changes: &[RecordChange],
    violations: &mut Violations,
) -> Result<(), Error> {
    let is_stored = |change: &RecordChange| {
        let mut records = stored.iter().map(|each| &each.record);
        let same = records.find(|each| {
            (each.kind, Some(each.id)) == (change.kind, change.id) && each.name == change.name
        });
        same.is_some_and(|record| record.other_id == change.other_id)
    };
    let named = || {
        let others = changes.iter().filter(|change| !is_stored(change));
        others.filter_map(|change| Some((change, change.other_id?)))
    };
    let others: Vec<i64> = named().map(|(_, other)| other).collect();
    let found = find_users(tx, actor, &others)?;
    for (change, other) in named() {
        if !found.iter().any(|user| user.id == other) {
            violations.add(change.path.child("user_id"), Rule::MustExist);
        }
    }
    Ok(())
}

fn put(
    tx: &Tx<'_>,
    placed: &mut Vec<Placed>,
    change: &RecordChange,
    violations: &mut Violations,
) -> Result<(), Error> {
    let is_one = matches!(change.kind, RecordKind::Properties | RecordKind::Profile);
    let same = |each: &&mut Placed| {
        let of = (each.record.kind, &each.record.name) == (change.kind, &change.name);
        let numbered = change.id.is_none_or(|id| each.record.id == id);
        of && numbered && each.fate != Fate::Gone && (is_one || change.id.is_some())
    };
    let found = placed.iter_mut().find(same);
    if let Some(found) = found {
        found.path = Some(change.path.clone());
        if change.destroy {
            found.fate = Fate::Gone;
            return Ok(());
        }
        let before = found.record.clone();
        apply(change, &mut found.record, violations);
        if found.fate == Fate::Kept && found.record != before {
            found.fate = Fate::Changed;
            found.record.updated_at = tx.now();
        }
        return Ok(());
    }
    if change.id.is_some() {
        violations.add(change.path.child("id"), Rule::MustExist);
        return Ok(());
    }
    if change.destroy {
        return Ok(());
    }
    let id = match change.kind {
        RecordKind::Properties => 0,
        RecordKind::Profile | RecordKind::Relationship | RecordKind::Transactable => {
            tx.new_id(IdKind::Record)?
        }
    };
    let mut record = Record::blank(change.kind, &change.name, id, tx.now());
    apply(change, &mut record, violations);
    placed.push(Placed {
        record,
        fate: Fate::Made,
        path: Some(change.path.clone()),
    });
    Ok(())
}

fn apply(change: &RecordChange, record: &mut Record, violations: &mut Violations) {
    if let Some(other) = change.other_id {
        record.other_id = Some(other);
    }
    if let Some(enabled) = change.enabled {
        record.enabled = enabled;
    }
    change.title.apply(&mut record.title);
    change.external_id.apply(&mut record.external_id);
    for (field, text) in [
        ("name", &record.title),
        ("external_id", &record.external_id),
    ] {
        let rule = text.as_deref().and_then(|text| check_text(text, 255));
        let path = change.path.child(field);
        let told = violations.iter().any(|each| each.path == path);
        if let Some(rule) = rule.filter(|_| !told) {
            violations.add(path, rule);
        }
    }
    for (name, value) in &change.properties {
        if value.is_null() {
            record.properties.remove(name);
        } else {
            record.properties.insert(name.clone(), value.clone());
        }
    }
    if record.properties.len() > MAX_PROPERTIES {
        let max = MAX_PROPERTIES;
        let path = change.path.child("properties");
        violations.add(path, Rule::TooLong { max });
    }
}

/// What is to be written for records, and for what users are found by.
pub(crate) fn statements(
    tenant: TenantId,
    user: i64,
    placed: &[Placed],
    rules: &Rules,
) -> Result<Vec<Statement<'static>>, Error> {
    let mut statements = Vec::new();
    for Placed { record, fate, .. } in placed {
        match fate {
            Fate::Kept => continue,
            Fate::Gone => {
                statements.extend(delete_record(tenant, user, record));
                continue;
            }
            Fate::Changed => statements.push(delete_values(tenant, user, record.id)),
            Fate::Made => {}
        }
        statements.push(put_record(tenant, user, record)?);
        statements.extend(found_by(tenant, user, record, rules));
    }
    Ok(statements)
}

/// What a user is found by for a record.
pub(crate) fn found_by(
    tenant: TenantId,
    user: i64,
    record: &Record,
    rules: &Rules,
) -> Vec<Statement<'static>> {
    let values = rules.indexed.iter().filter_map(|indexed| {
        let Some(Target::Record {
            kind,
            name,
            is_property,
            field,
        }) = indexed.target()
        else {
            return None;
        };
        if (kind, name) != (record.kind, record.name.as_str()) {
            return None;
        }
        let value = record.value(is_property, field)?;
        let found_by = indexed.found_by(&value)?;
        Some(put_value(tenant, user, record.id, &indexed.path, found_by))
    });
    values.collect()
}
