//! What a form that is stored does to the users who are there: what it newly demands to be
//! unique is claimed for them, and what lists are newly filtered by is looked up.

use std::collections::HashMap;
use std::sync::Arc;

use super::stored::{MAX_FORMS, StoredForm};
use super::{Rules, Target, Unique};
use crate::Directory;
use crate::actor::TenantId;
use crate::error::Error;
use crate::records;
use crate::store::{
    Claim, Statement, Tx, claim_owner, delete_path, delete_scope, external_ids, form_rules,
    insert_claim, records_of_kind, rules_of_others, set_form_rules,
};
use crate::violation::{Path, Rule, Violation, Violations};

/// Rows that are looked at together.
const BATCH: i64 = 1_000;
/// Clashes that are named.
const NAMED: usize = 10;

/// What changes with a form.
struct Turn {
    /// What all forms hold then.
    rules: Rules,
    /// What is unique then, and was not.
    unique: Vec<Unique>,
    /// What was unique, and is not then.
    freed: Vec<Unique>,
    /// Paths that lists are filtered by then, and were not.
    indexed: Vec<String>,
    /// Paths that lists were filtered by, and are not then.
    dropped: Vec<String>,
}

/// What is to be written so that a form holds; claims are made at once.
///
/// # Errors
/// [`Error::Invalid`] with the users whose values clash; storage errors.
pub(super) fn apply(
    tx: &Tx<'_>,
    tenant: TenantId,
    form: &StoredForm,
) -> Result<Vec<Statement<'static>>, Error> {
    let turn = turn(tx, tenant, form)?;
    for unique in &turn.freed {
        let statement = delete_scope(tenant, &unique.claim_scope());
        tx.batch(&[statement])?;
    }
    for unique in &turn.unique {
        claim_standing(tx, tenant, unique)?;
    }
    let dropped = turn.dropped.iter();
    let statements: Vec<_> = dropped.flat_map(|path| delete_path(tenant, path)).collect();
    tx.batch(&statements)?;
    for path in &turn.indexed {
        index_standing(tx, tenant, path, &turn.rules)?;
    }
    Ok(vec![set_form_rules(tx, tenant, &Arc::new(turn.rules))?])
}

/// Looks for what a form that is yet to be stored would clash with, a batch of users in a read:
/// what one read asks is kept until it ends, and may be gone through again with each answer.
///
/// # Errors
/// As [`apply`].
pub(super) async fn check(
    directory: &Directory,
    tenant: TenantId,
    form: &StoredForm,
) -> Result<(), Error> {
    let asked = form.clone();
    let found = directory.read(move |tx| turn(tx, tenant, &asked)).await?;
    for unique in &found.unique {
        let mut seen: HashMap<String, i64> = HashMap::new();
        let mut clashes = Clashes::of(unique);
        let mut after = START;
        while !clashes.are_enough() {
            let asked = unique.clone();
            let read = move |tx: &Tx<'_>| standing_after(tx, tenant, &asked, after);
            let Some(batch) = directory.read(read).await? else {
                break;
            };
            for (claim, user) in batch.claims {
                match seen.get(&claim.value) {
                    Some(first) => clashes.add(*first, user),
                    None => {
                        seen.insert(claim.value, user);
                    }
                }
            }
            after = batch.last;
        }
        clashes.told()?;
    }
    Ok(())
}

fn turn(tx: &Tx<'_>, tenant: TenantId, form: &StoredForm) -> Result<Turn, Error> {
    let before = form_rules(tx, tenant)?;
    let others = rules_of_others(tx, tenant, &form.name, MAX_FORMS)?;
    let rules = Rules::together(others.iter().chain([&form.rules]));
    let is_new = |each: &&Unique| !before.unique.iter().any(|own| own == *each);
    let is_left = |each: &&Unique| !rules.unique.iter().any(|own| own == *each);
    let indexed = rules.indexed.iter();
    let new = indexed.filter(|each| !before.indexed.contains(each));
    let dropped = before.indexed.iter();
    let dropped = dropped.filter(|each| !rules.indexed.contains(each));
    Ok(Turn {
        unique: rules.unique.iter().filter(is_new).cloned().collect(),
        freed: before.unique.iter().filter(is_left).cloned().collect(),
        indexed: new.map(|each| each.path.clone()).collect(),
        dropped: dropped.map(|each| each.path.clone()).collect(),
        rules,
    })
}

/// Users whose values are the same although they shall be unique.
struct Clashes<'a> {
    unique: &'a Unique,
    pairs: Vec<(i64, i64)>,
}

impl<'a> Clashes<'a> {
    fn of(unique: &'a Unique) -> Self {
        Self {
            unique,
            pairs: Vec::new(),
        }
    }

    fn add(&mut self, one: i64, other: i64) {
        if self.pairs.len() < NAMED {
            self.pairs.push((one, other));
        }
    }

    fn are_enough(&self) -> bool {
        self.pairs.len() >= NAMED
    }

    fn told(self) -> Result<(), Error> {
        let mut violations = Violations::new();
        let top = Path::field("configuration");
        let path = self.unique.path.split('.');
        let path = path.fold(top, |path, name| path.child(name));
        for (one, other) in self.pairs {
            let message = if one == other {
                format!("user {one} has the same value twice")
            } else {
                format!("users {one} and {other} have the same value")
            };
            violations.push(Violation {
                path: path.clone(),
                rule: Rule::Taken,
                message: Some(message),
            });
        }
        Error::if_any(violations)
    }
}

/// Claims every value that is there.
fn claim_standing(tx: &Tx<'_>, tenant: TenantId, unique: &Unique) -> Result<(), Error> {
    let mut clashes = Clashes::of(unique);
    let mut after = START;
    while !clashes.are_enough() {
        let Some(Batch { claims, last }) = standing_after(tx, tenant, unique, after)? else {
            break;
        };
        let statements: Vec<_> = claims
            .iter()
            .map(|(claim, user)| insert_claim(tenant, claim, *user))
            .collect();
        let touched = tx.batch(&statements)?;
        for ((claim, user), _) in claims.iter().zip(touched).filter(|(_, rows)| *rows == 0) {
            let first = claim_owner(tx, tenant, claim)?;
            clashes.add(first.unwrap_or(*user), *user);
            if clashes.are_enough() {
                break;
            }
        }
        after = last;
    }
    clashes.told()
}

/// A user, and one of their records: how far those who are there were gone through.
type At = (i64, i64);

/// Before the first of them.
const START: At = (0, 0);

/// Claims of some who are there.
struct Batch {
    /// Each with its user.
    claims: Vec<(Claim, i64)>,
    /// Whom the next ones stand behind.
    last: At,
}

/// The next claims of all who are there; none behind the last.
fn standing_after(
    tx: &Tx<'_>,
    tenant: TenantId,
    unique: &Unique,
    after: At,
) -> Result<Option<Batch>, Error> {
    match unique.target() {
        None => Ok(None),
        Some(Target::ExternalId) => {
            let rows = external_ids(tx, tenant, after.0, BATCH)?;
            let last = rows.last().map(|(user, _)| (*user, 0));
            let claims = rows.into_iter().filter_map(|(user, text)| {
                Some((unique.claim(Some(text.into()), |_, _| None)?, user))
            });
            let claims = claims.collect();
            Ok(last.map(|last| Batch { claims, last }))
        }
        Some(Target::Record { kind, name, .. }) => {
            let only = Rules {
                unique: vec![unique.clone()],
                indexed: Vec::new(),
            };
            let rows = records_of_kind(tx, tenant, (kind, name), after, BATCH)?;
            let last = rows.last().map(|(user, record)| (*user, record.id));
            let claims = rows.iter().flat_map(|(user, record)| {
                let claims = records::records_claims(&only, record);
                claims.map(|(claim, _)| (claim, *user))
            });
            let claims = claims.collect();
            Ok(last.map(|last| Batch { claims, last }))
        }
    }
}

/// Looks up what users are found by at a path.
fn index_standing(tx: &Tx<'_>, tenant: TenantId, path: &str, rules: &Rules) -> Result<(), Error> {
    let indexed = rules.indexed.iter().filter(|each| each.path == path);
    let only = Rules {
        unique: Vec::new(),
        indexed: indexed.cloned().collect(),
    };
    let target = only.indexed.first().and_then(super::Indexed::target);
    let Some(Target::Record { kind, name, .. }) = target else {
        return Ok(());
    };
    let mut after = START;
    loop {
        let found = records_of_kind(tx, tenant, (kind, name), after, BATCH)?;
        let Some((user, record)) = found.last() else {
            return Ok(());
        };
        after = (*user, record.id);
        let statements: Vec<_> = found
            .iter()
            .flat_map(|(user, record)| records::found_by(tenant, *user, record, &only))
            .collect();
        tx.batch(&statements)?;
    }
}
