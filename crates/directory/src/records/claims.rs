//! What records claim to be unique, as forms demand.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::place::{Fate, Placed};
use crate::forms::{Rules, Target};
use crate::model::{Record, User};
use crate::store::Claim;
use crate::violation::{Path, Rule, Violations};

/// What a user and their records claim under the rules of forms, each with where it stands in
/// the request. Two records of one user that claim the same are a violation.
pub(crate) fn form_claims(
    rules: &Rules,
    user: &User,
    placed: &[Placed],
    violations: &mut Violations,
) -> BTreeMap<Claim, Path> {
    let mut claims = BTreeMap::new();
    for unique in &rules.unique {
        if unique.target() == Some(Target::ExternalId) {
            let value = user.external_id.clone().map(Into::into);
            if let Some(claim) = unique.claim(value, |_, _| None) {
                claims.insert(claim, Path::field("external_id"));
            }
        }
    }
    for each in placed.iter().filter(|each| each.fate != Fate::Gone) {
        for (claim, below) in records_claims(rules, &each.record) {
            let at = each.path.clone().unwrap_or_default();
            let path = below.iter().fold(at, |path, name| path.child(name));
            match claims.entry(claim) {
                Entry::Occupied(_) => violations.add(path, Rule::Taken),
                Entry::Vacant(free) => {
                    free.insert(path);
                }
            }
        }
    }
    claims
}

/// What a record claims, each with where it stands below the record.
pub(crate) fn records_claims<'a>(
    rules: &'a Rules,
    record: &'a Record,
) -> impl Iterator<Item = (Claim, Vec<String>)> + 'a {
    rules.unique.iter().filter_map(|unique| {
        let Some(Target::Record {
            kind,
            name,
            is_property,
            field,
        }) = unique.target()
        else {
            return None;
        };
        if (kind, name) != (record.kind, record.name.as_str()) {
            return None;
        }
        let beside = |is_property: bool, name: &str| record.value(is_property, name);
        let claim = unique.claim(record.value(is_property, field), beside)?;
        let mut below = vec![field.to_owned()];
        if is_property {
            below.insert(0, "properties".to_owned());
        }
        Some((claim, below))
    })
}
