//! What forms keep around a user while the user is made, changed, deleted or brought back, and
//! what they claim by it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::rules::Held;
use super::snapshot::snapshot;
use crate::actor::{Actor, TenantId};
use crate::error::Error;
use crate::forms::Rules;
use crate::model::{Record, User};
use crate::records::{self, Fate, Placed, RecordChange};
use crate::store::{Claim, Statement, Tx, form_rules, records_of};
use crate::violation::{Path, Violations};

/// The records of a user, before and after a change, as far as the change is about them.
pub(super) struct Kept {
    rules: Arc<Rules>,
    before: Vec<Record>,
    after: Vec<Placed>,
}

impl Kept {
    /// Those of a user who is made.
    pub(super) fn new(
        tx: &Tx<'_>,
        actor: &Actor,
        user: &User,
        changes: &[RecordChange],
        violations: &mut Violations,
    ) -> Result<Self, Error> {
        let concerned = user.external_id.is_some() || !changes.is_empty();
        Ok(Self {
            rules: rules(tx, actor, concerned)?,
            before: Vec::new(),
            after: records::place(tx, actor, Vec::new(), changes, violations)?,
        })
    }

    /// Those of a user who is changed.
    pub(super) fn changed(
        tx: &Tx<'_>,
        actor: &Actor,
        before: &User,
        user: &User,
        changes: &[RecordChange],
        violations: &mut Violations,
    ) -> Result<Self, Error> {
        let concerned = before.external_id != user.external_id || !changes.is_empty();
        // Before the records: who stores a form meanwhile sees them, or is seen.
        let rules = rules(tx, actor, concerned)?;
        let before = if changes.is_empty() {
            Vec::new()
        } else {
            stored(tx, actor.tenant, user.id)?
        };
        let after = records::place(tx, actor, before.clone(), changes, violations)?;
        Ok(Self {
            rules,
            before,
            after,
        })
    }

    /// Those of a user who stays as they are; `has` says whether there may be any.
    pub(super) fn stored(
        tx: &Tx<'_>,
        actor: &Actor,
        user: &User,
        has: bool,
    ) -> Result<Self, Error> {
        let rules = rules(tx, actor, has || user.external_id.is_some())?;
        let before = if has {
            stored(tx, actor.tenant, user.id)?
        } else {
            Vec::new()
        };
        Ok(Self {
            rules,
            before,
            after: Vec::new(),
        })
    }

    /// What the user held before.
    pub(super) fn held_before(&self, user: &User) -> Held {
        let kept: Vec<Placed> = self.before.iter().cloned().map(Placed::kept).collect();
        let mut known = Violations::new();
        Held::of(user, self.claims(user, &kept, &mut known))
    }

    /// What the user holds now.
    pub(super) fn held(&self, user: &User, violations: &mut Violations) -> Held {
        Held::of(user, self.claims(user, &self.after, violations))
    }

    fn claims(
        &self,
        user: &User,
        placed: &[Placed],
        violations: &mut Violations,
    ) -> BTreeMap<Claim, Path> {
        records::form_claims(&self.rules, user, placed, violations)
    }

    /// What is to be written of the records.
    pub(super) fn statements(
        &self,
        tenant: TenantId,
        user: i64,
    ) -> Result<Vec<Statement<'static>>, Error> {
        records::statements(tenant, user, &self.after, &self.rules)
    }

    /// What the user is found by.
    pub(super) fn found_by(&self, tenant: TenantId, user: i64) -> Vec<Statement<'static>> {
        let records = self.before.iter();
        records
            .flat_map(|record| records::found_by(tenant, user, record, &self.rules))
            .collect()
    }

    /// The user as the event log keeps them, before.
    pub(super) fn snapshot_before(&self, user: &User) -> Map<String, Value> {
        with_records(snapshot(user), &self.before)
    }

    /// The same, after.
    pub(super) fn snapshot_after(&self, user: &User) -> Map<String, Value> {
        let left = self.after.iter().filter(|each| each.fate != Fate::Gone);
        let left: Vec<Record> = left.map(|each| each.record.clone()).collect();
        with_records(snapshot(user), &left)
    }
}

fn rules(tx: &Tx<'_>, actor: &Actor, concerned: bool) -> Result<Arc<Rules>, Error> {
    if concerned {
        form_rules(tx, actor.tenant)
    } else {
        Ok(Arc::default())
    }
}

fn stored(tx: &Tx<'_>, tenant: TenantId, user: i64) -> Result<Vec<Record>, Error> {
    let found = records_of(tx, tenant, &[user])?;
    Ok(found.into_iter().map(|(_, record)| record).collect())
}

fn with_records(mut fields: Map<String, Value>, records: &[Record]) -> Map<String, Value> {
    let shown = records::shown(records);
    for (name, part) in [
        ("properties", shown.properties),
        ("profiles", shown.profiles),
        ("relationships", shown.relationships),
        ("transactables", shown.transactables),
    ] {
        if !part.is_empty() {
            fields.insert(name.to_owned(), part.into());
        }
    }
    fields
}
