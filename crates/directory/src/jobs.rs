//! Jobs: who works for which account, as the operator's systems report it. They decide
//! whom a key with Public Pool access sees (seed 001, "Priviledge Level").

use jiff::SignedDuration;

use crate::actor::Actor;
use crate::error::Error;
use crate::model::{UserKind, check_text};
use crate::permission::Permission;
use crate::store::{IdKind, Job, Tx, UserKey, find_account, find_user, put_job};
use crate::violation::{Rule, Violations};

/// The states of a job.
pub const STATES: [&str; 10] = [
    "pending",
    "rejected",
    "filled",
    "in_progress",
    "paused",
    "completed",
    "approved",
    "cancelled",
    "withdrawn",
    "no_show",
];

/// How long an approved job still counts as active.
pub const APPROVED_IS_ACTIVE_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Makes a job, or brings it to the state reported.
///
/// # Errors
/// [`Error::Forbidden`] without `updateUsers`; [`Error::Invalid`] for an unknown state, a
/// blank id, or a worker or account that does not exist.
pub fn put(tx: &Tx<'_>, actor: &Actor, job: &Job) -> Result<(), Error> {
    actor.require(Permission::UpdateUsers)?;
    actor.require_full_access()?;
    let mut violations = Violations::new();
    if job.external_id.is_empty() {
        violations.field("external_id", Rule::Blank);
    }
    let texts = [
        ("external_id", Some(&job.external_id)),
        ("name", job.name.as_ref()),
    ];
    for (field, text) in texts {
        if let Some(rule) = text.and_then(|text| check_text(text, 255)) {
            violations.field(field, rule);
        }
    }
    if !STATES.contains(&job.state.as_str()) {
        violations.field(
            "state",
            Rule::NotIncluded {
                value: job.state.clone(),
            },
        );
    }
    let worker = find_user(tx, actor, &UserKey::Id(job.worker_id), false)?;
    if worker.is_none_or(|found| found.user.kind != Some(UserKind::Worker)) {
        violations.field("worker_id", Rule::MustExist);
    }
    if find_account(tx, actor.tenant, job.account_id)?.is_none() {
        violations.field("account_id", Rule::MustExist);
    }
    Error::if_any(violations)?;
    let statement = put_job(actor.tenant, tx.new_id(IdKind::Job)?, job, tx.now());
    tx.execute(statement.sql, &statement.params)?;
    Ok(())
}
