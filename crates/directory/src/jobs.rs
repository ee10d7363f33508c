//! Jobs: who works for which account, as the operator's systems report it. They decide
//! whom a key with Public Pool access sees (seed 001, "Priviledge Level"), and where a worker
//! was (seed 001, tracking).

use jiff::SignedDuration;

use crate::actor::{Actor, Visibility};
use crate::clock::to_millisecond;
use crate::error::{Error, Unavailable};
use crate::event::{self, Change, EventType, Subject};
use crate::model::{Job, JobTransition, StoredJob, UserKind, check_text};
use crate::permission::Permission;
use crate::query::{JobFilter, Listed, Position};
use crate::store::{
    IdKind, Statement, Tx, UserKey, find_account, find_job, find_user, has_transition, insert_job,
    insert_transition, list_jobs, transitions_of, update_job,
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

/// Longest id and name, in characters.
const MAX_TEXT: usize = 255;

/// How long an approved job still counts as active.
pub const APPROVED_IS_ACTIVE_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Most transitions that a worker's tracking shows: the last ones.
pub const MAX_TRACKING: usize = 10_000;

/// How far ahead of the server's clock a report may be: clocks of systems differ.
pub const MOST_AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// A job that was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// The job as it is stored now.
    pub stored: StoredJob,
    /// Whether it was made just now.
    pub created: bool,
}

/// What is reported of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The job, in its state since `state_at`. Where no name is said, it keeps its own; where no
    /// place is said, it keeps its own for as long as nothing else moves.
    pub job: Job,
    /// Whether the report says since when. One that does not is of now: a job that is in that
    /// state already has been since it was.
    pub dated: bool,
    /// The versions that it may be of, if it says any.
    pub expected: Option<Vec<i64>>,
}

impl From<Job> for Report {
    fn from(job: Job) -> Self {
        Self {
            job,
            dated: true,
            expected: None,
        }
    }
}

/// Makes a job, or brings it to the state reported. A state, worker or account that it did not
/// have is a transition, kept with its time and place and told of by an event. A report of a time
/// before the job came into its state changes nothing of the job: what it tells is kept as a
/// transition, and no event tells of it. `violations` are what its caller found wrong already.
///
/// # Errors
/// [`Error::Forbidden`] without `updateUsers` or with Public Pool access only;
/// [`Error::Invalid`] for an unknown state, a blank id, a time more than [`MOST_AHEAD`] to come,
/// or a worker or account that does not exist; [`Error::PreconditionFailed`].
pub fn put(
    tx: &Tx<'_>,
    actor: &Actor,
    report: &Report,
    violations: Violations,
) -> Result<Reported, Error> {
    actor.require(Permission::UpdateUsers)?;
    actor.require_full_access()?;
    let mut violations = violations;
    let mut report = report.clone();
    report.job.state_at = to_millisecond(report.job.state_at);
    check(tx, actor, &report.job, &mut violations)?;
    Error::if_any(violations)?;
    let before = find_job(tx, actor.tenant, &report.job.external_id)?;
    if let Some(expected) = &report.expected {
        let version = before.as_ref().map(|before| before.version);
        if !version.is_some_and(|version| expected.contains(&version)) {
            return Err(Error::PreconditionFailed);
        }
    }
    if before
        .as_ref()
        .is_some_and(|before| !is_reported_by(actor, before.job.account_id))
    {
        let mut violations = Violations::new();
        violations.field("external_id", Rule::Taken);
        return Err(Error::Invalid(violations));
    }
    match before {
        None => create(tx, actor, &report.job),
        Some(before) => Ok(Reported {
            stored: bring(tx, actor, before, &report)?,
            created: false,
        }),
    }
}

/// A job. A caller that is bound to an account sees the jobs of that account.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] without `readUsers` or with Public Pool access only.
pub fn get(tx: &Tx<'_>, actor: &Actor, external_id: &str) -> Result<StoredJob, Error> {
    actor.require(Permission::ReadUsers)?;
    actor.require_full_access()?;
    // No job has such an id, and not every engine can be asked for it.
    if check_text(external_id, MAX_TEXT).is_some() {
        return Err(Error::NotFound);
    }
    find_job(tx, actor.tenant, external_id)?
        .filter(|found| {
            actor
                .account
                .is_none_or(|account| account == found.job.account_id)
        })
        .ok_or(Error::NotFound)
}

/// Jobs by number. A caller that is bound to an account sees the jobs of that account.
///
/// # Errors
/// [`Error::Forbidden`] without `readUsers` or with Public Pool access only.
pub fn list(
    tx: &Tx<'_>,
    actor: &Actor,
    filter: &JobFilter,
    after: Option<i64>,
    limit: usize,
) -> Result<Listed<StoredJob>, Error> {
    actor.require(Permission::ReadUsers)?;
    actor.require_full_access()?;
    let (tenant, after) = (actor.tenant, after.unwrap_or(0));
    let rows = list_jobs(tx, tenant, actor.account, filter, after, limit)?;
    Ok(Listed::cut(rows, limit, |row| Position::of_id(row.id)))
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
    add("external_id", check_text(&job.external_id, MAX_TEXT));
    add(
        "name",
        job.name
            .as_deref()
            .and_then(|text| check_text(text, MAX_TEXT)),
    );
    let ahead = job.state_at.duration_since(tx.now()) > MOST_AHEAD;
    add("at", ahead.then_some(Rule::InFuture));
    let unknown = Rule::NotIncluded {
        value: job.state.chars().take(100).collect(),
    };
    let known = STATES.contains(&job.state.as_str());
    add("state", (!known).then_some(unknown));
    let worker = find_user(tx, actor, &UserKey::Id(job.worker_id), false)?;
    let works = worker.is_some_and(|found| found.user.kind == Some(UserKind::Worker));
    add("worker_id", (!works).then_some(Rule::MustExist));
    let known = is_reported_by(actor, job.account_id)
        && find_account(tx, actor.tenant, job.account_id)?.is_some();
    add("account_id", (!known).then_some(Rule::MustExist));
    Ok(())
}

/// Whether the actor reports for an account: who sees one alone reports for that one alone.
fn is_reported_by(actor: &Actor, account: i64) -> bool {
    match actor.visibility {
        Visibility::Account(own) => own == account,
        Visibility::Tenant | Visibility::PublicPool { .. } => true,
    }
}

fn create(tx: &Tx<'_>, actor: &Actor, job: &Job) -> Result<Reported, Error> {
    let stored = StoredJob {
        id: tx.new_id(IdKind::Job)?,
        job: job.clone(),
        created_at: tx.now(),
        version: 1,
    };
    let (id, transition) = (stored.id, tx.new_id(IdKind::JobTransition)?);
    // Alone: what follows names the job, which another may have made by now under another number.
    write(tx, &[insert_job(actor.tenant, &stored)])?;
    tx.batch(&[
        insert_transition(actor.tenant, transition, id, job),
        state_changed(tx, actor, id, None, job)?,
    ])?;
    Ok(Reported {
        stored,
        created: true,
    })
}

/// Writes what is new of a job; answers it as it is then.
fn bring(
    tx: &Tx<'_>,
    actor: &Actor,
    before: StoredJob,
    report: &Report,
) -> Result<StoredJob, Error> {
    let (mut job, was) = (report.job.clone(), &before.job);
    let moves =
        (&job.state, job.worker_id, job.account_id) != (&was.state, was.worker_id, was.account_id);
    if !report.dated {
        // What holds from now on does not go back behind a clock that was ahead.
        job.state_at = was
            .state_at
            .max(if moves { job.state_at } else { was.state_at });
    }
    if job.state_at < was.state_at {
        return note(tx, actor, before, &job);
    }
    job.name = job.name.or_else(|| was.name.clone());
    if !moves {
        job.place = job.place.or(was.place);
    }
    if job == *was {
        return Ok(before);
    }
    let mut statements = vec![update_job(actor.tenant, &before, &job)];
    if moves {
        let transition = tx.new_id(IdKind::JobTransition)?;
        statements.push(insert_transition(actor.tenant, transition, before.id, &job));
        statements.push(state_changed(tx, actor, before.id, Some(was), &job)?);
    }
    write(tx, &statements)?;
    Ok(StoredJob {
        job,
        version: before.version.saturating_add(1),
        ..before
    })
}

/// Keeps what a job once was, told late, and nothing of it twice.
fn note(tx: &Tx<'_>, actor: &Actor, before: StoredJob, once: &Job) -> Result<StoredJob, Error> {
    if has_transition(tx, actor.tenant, before.id, once)? {
        return Ok(before);
    }
    let transition = tx.new_id(IdKind::JobTransition)?;
    write(
        tx,
        &[
            // Its version moves, so that of two reports at one moment the other looks again.
            update_job(actor.tenant, &before, &before.job),
            insert_transition(actor.tenant, transition, before.id, once),
        ],
    )?;
    Ok(StoredJob {
        version: before.version.saturating_add(1),
        ..before
    })
}

/// Writes all of it, unless another was faster with the job, which the first is of.
fn write(tx: &Tx<'_>, statements: &[Statement<'static>]) -> Result<(), Error> {
    match tx.batch(statements)?.first() {
        Some(0) => Err(Unavailable::Contention.into()),
        Some(_) | None => Ok(()),
    }
}

fn state_changed(
    tx: &Tx<'_>,
    actor: &Actor,
    id: i64,
    before: Option<&Job>,
    job: &Job,
) -> Result<Statement<'static>, Error> {
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
