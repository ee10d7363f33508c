//! Events that other systems report.

use jiff::Timestamp;

use super::EventType;
use crate::actor::Actor;
use crate::error::Error;
use crate::model::check_text;
use crate::permission::Permission;
use crate::store::{IdKind, StoredEvent, Tx, find_account, insert_report};
use crate::violation::{Path, Rule, Violations};

/// Longest id of a sender's, and of a subject and its type, in characters.
pub const MAX_ID: usize = 255;

/// What another system says happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The sender's own id: the same id again, of the same account, changes nothing.
    pub id: String,
    /// What happened.
    pub event_type: EventType,
    /// The account it happened in, if in one.
    pub account_id: Option<i64>,
    /// What it happened to: the type.
    pub subject_type: String,
    /// And the id.
    pub subject_id: String,
    /// `{"subject":{…},"data":{…}}`, as it came.
    pub payload: String,
    /// When the sender says that it happened.
    pub occurred_at: Option<Timestamp>,
}

/// Writes what another system reports, all or nothing; what it reported before stays as it is.
/// Answers how many were new. A caller that is bound to an account reports of that account.
///
/// # Errors
/// [`Error::Forbidden`] without `createEvents`; [`Error::Invalid`], its paths beginning with the
/// place in the list.
pub fn report(
    tx: &Tx<'_>,
    actor: &Actor,
    reports: &[Report],
    mut violations: Violations,
) -> Result<usize, Error> {
    actor.require(Permission::CreateEvents)?;
    actor.require_full_access()?;
    for (place, each) in reports.iter().enumerate() {
        check(tx, actor, each, place, &mut violations)?;
    }
    Error::if_any(violations)?;
    tx.reserve(IdKind::Event, reports.len())?;
    let mut statements = Vec::with_capacity(reports.len());
    for each in reports {
        statements.push(insert_report(
            actor.tenant,
            actor.account,
            stored(tx, actor, each)?,
        ));
    }
    let touched = tx.batch(&statements)?;
    Ok(touched.iter().filter(|rows| **rows > 0).count())
}

fn check(
    tx: &Tx<'_>,
    actor: &Actor,
    report: &Report,
    place: usize,
    violations: &mut Violations,
) -> Result<(), Error> {
    let mut refuse = |field: &'static str, rule: Rule| {
        let item = Path::field(place.to_string());
        let path = field.split('.').fold(item, |path, name| path.child(name));
        violations.add(path, rule);
    };
    for (field, text) in [
        ("id", &report.id),
        ("subject.type", &report.subject_type),
        ("subject.id", &report.subject_id),
    ] {
        if text.trim().is_empty() {
            refuse(field, Rule::Blank);
        } else if let Some(rule) = check_text(text, MAX_ID) {
            refuse(field, rule);
        }
    }
    match (report.account_id, actor.account) {
        (Some(account), Some(own)) if account != own => refuse("account_id", Rule::MustExist),
        (Some(account), _) if find_account(tx, actor.tenant, account)?.is_none() => {
            refuse("account_id", Rule::MustExist);
        }
        (Some(_) | None, _) => {}
    }
    Ok(())
}

fn stored(tx: &Tx<'_>, actor: &Actor, report: &Report) -> Result<StoredEvent, Error> {
    let (actor_type, actor_id) = actor.named();
    Ok(StoredEvent {
        id: tx.new_id(IdKind::Event)?,
        event_type: report.event_type.name().to_owned(),
        account_id: report.account_id.or(actor.account),
        actor_type: actor_type.to_owned(),
        actor_id,
        subject_type: report.subject_type.clone(),
        subject_id: report.subject_id.clone(),
        change: report.payload.clone(),
        request_id: actor.request_id.clone(),
        created_at: tx.now(),
        acting_as: actor.acting_as(),
        position: None,
        external_id: Some(report.id.clone()),
        occurred_at: report.occurred_at,
    })
}
