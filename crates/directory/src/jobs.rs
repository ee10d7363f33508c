//! Jobs: who works for which account, as the operator's systems report it. They decide
//! whom a key with Public Pool access sees (seed 001, "Priviledge Level"), and where a worker
//! was (seed 001, tracking).

use jiff::{SignedDuration, Timestamp};

use crate::actor::{Actor, Visibility};
use crate::error::{Error, Unavailable};
use crate::event::{self, Change, EventType, Subject};
use crate::model::{Job, JobTransition, UserKind, check_text};
use crate::permission::Permission;
use crate::store::{
    IdKind, Tx, UserKey, find_account, find_job, find_user, insert_job, insert_transition,
    transitions_of, update_job,
};
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

/// Most transitions that a worker's tracking shows: the last ones.
pub const MAX_TRACKING: usize = 10_000;

/// A job that was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// Its number.
    pub id: i64,
    /// The job as it is stored now.
    pub job: Job,
    /// When it was reported first.
    pub created_at: Timestamp,
    /// Whether that was just now.
    pub created: bool,
}

/// Makes a job, or brings it to the state reported, since `state_at`. A state that it was not in is
/// a transition, kept with its time and place and told of by an event. `violations` are what its
/// caller found wrong already.
///
/// # Errors
/// [`Error::Forbidden`] without `updateUsers`; [`Error::Invalid`] for an unknown state, a
/// blank id, or a worker or account that does not exist.
pub fn put(
    tx: &Tx<'_>,
    actor: &Actor,
    job: &Job,
    violations: Violations,
) -> Result<Reported, Error> {
    report(tx, actor, job, true, violations)
}

/// As [`put`], of a report that does not say since when: a job that is in that state already has
/// been since it was, and `state_at` counts for others alone.
///
/// # Errors
/// As [`put`].
pub fn put_undated(
    tx: &Tx<'_>,
    actor: &Actor,
    job: &Job,
    violations: Violations,
) -> Result<Reported, Error> {
    report(tx, actor, job, false, violations)
}

fn report(
    tx: &Tx<'_>,
    actor: &Actor,
    job: &Job,
    dated: bool,
    mut violations: Violations,
) -> Result<Reported, Error> {
    actor.require(Permission::UpdateUsers)?;
    actor.require_full_access()?;
    check(tx, actor, job, &mut violations)?;
    Error::if_any(violations)?;
    match find_job(tx, actor.tenant, &job.external_id)? {
        None => create(tx, actor, job),
        Some((id, before, created_at)) => {
            let after = bring(tx, actor, id, &before, job, dated)?;
            Ok(Reported {
                id,
                job: after,
                created_at,
                created: false,
            })
        }
    }
}

fn check(tx: &Tx<'_>, actor: &Actor, job: &Job, violations: &mut Violations) -> Result<(), Error> {
    let mut add = |field: &str, rule: Option<Rule>| {
        if let Some(rule) = rule
            && !violations.touches(field)
        {
            violations.field(field, rule);
        }
    };
    add(
        "external_id",
        job.external_id.is_empty().then_some(Rule::Blank),
    );
    add("external_id", check_text(&job.external_id, 255));
    add(
        "name",
        job.name.as_deref().and_then(|text| check_text(text, 255)),
    );
    let unknown = Rule::NotIncluded {
        value: job.state.chars().take(100).collect(),
    };
    let known = STATES.contains(&job.state.as_str());
    add("state", (!known).then_some(unknown));
    let worker = find_user(tx, actor, &UserKey::Id(job.worker_id), false)?;
    let works = worker.is_some_and(|found| found.user.kind == Some(UserKind::Worker));
    add("worker_id", (!works).then_some(Rule::MustExist));
    // Who sees one account alone reports for that one alone.
    let elsewhere = matches!(actor.visibility, Visibility::Account(own) if own != job.account_id);
    let known = !elsewhere && find_account(tx, actor.tenant, job.account_id)?.is_some();
    add("account_id", (!known).then_some(Rule::MustExist));
    Ok(())
}

fn create(tx: &Tx<'_>, actor: &Actor, job: &Job) -> Result<Reported, Error> {
    let (id, created_at) = (tx.new_id(IdKind::Job)?, tx.now());
    let transition = tx.new_id(IdKind::JobTransition)?;
    let written = tx.batch(&[
        insert_job(actor.tenant, id, job, created_at),
        insert_transition(actor.tenant, transition, id, job),
        state_changed(tx, actor, id, None, job)?,
    ])?;
    if written.first() == Some(&0) {
        return Err(Unavailable::Contention.into());
    }
    Ok(Reported {
        id,
        job: job.clone(),
        created_at,
        created: true,
    })
}

/// Writes what is new of a job; answers it as it is then.
fn bring(
    tx: &Tx<'_>,
    actor: &Actor,
    id: i64,
    before: &Job,
    job: &Job,
    dated: bool,
) -> Result<Job, Error> {
    let moves = job.state != before.state;
    let mut after = job.clone();
    if !moves {
        after.place = job.place.or(before.place);
        if !dated {
            after.state_at = before.state_at;
        }
    }
    if after == *before {
        return Ok(after);
    }
    let mut statements = vec![update_job(actor.tenant, id, before, &after)];
    if moves {
        let transition = tx.new_id(IdKind::JobTransition)?;
        statements.push(insert_transition(actor.tenant, transition, id, &after));
        statements.push(state_changed(tx, actor, id, Some(before), &after)?);
    }
    if tx.batch(&statements)?.first() == Some(&0) {
        return Err(Unavailable::Contention.into());
    }
    Ok(after)
}

fn state_changed(
    tx: &Tx<'_>,
    actor: &Actor,
    id: i64,
    before: Option<&Job>,
    job: &Job,
) -> Result<crate::store::Statement<'static>, Error> {
    let fields = |job: &Job| {
        Change::of(&[
            ("external_id", job.external_id.clone().into()),
            ("worker_id", job.worker_id.into()),
            ("account_id", job.account_id.into()),
            ("state", job.state.clone().into()),
            ("at", job.state_at.to_string().into()),
        ])
        .new
    };
    let old = before.map(fields).unwrap_or_default();
    event::record(
        tx,
        actor,
        EventType::JobStateChanged,
        Some(job.account_id),
        Subject::new("job", id),
        Change::between(old, fields(job)),
    )
}

/// Where a worker's jobs went, oldest first: the last [`MAX_TRACKING`] transitions.
///
/// # Errors
/// [`Error::NotFound`] for a user that the actor may not see; [`Error::Forbidden`] without
/// `readUsers` or with Public Pool access only.
pub fn tracking(tx: &Tx<'_>, actor: &Actor, user: i64) -> Result<Vec<JobTransition>, Error> {
    actor.require_full_access()?;
    actor.require(Permission::ReadUsers)?;
    let found = find_user(tx, actor, &UserKey::Id(user), false)?.ok_or(Error::NotFound)?;
    let mut transitions = transitions_of(tx, actor.tenant, found.user.id, MAX_TRACKING)?;
    transitions.reverse();
    Ok(transitions)
}
