//! A run of records that have nothing to do with one another, written with two batches: the
//! claims of all decide who is refused; what stands is written then.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::held::Held;
use super::{Outcome, Record};
use crate::actor::{Actor, TenantId};
use crate::error::{Error, Unavailable};
use crate::model::{Email, User};
use crate::store::{Claim, ClaimScope, Statement, Tx, delete_claim, insert_claim};
use crate::users::{Change, Plan, UserChange, plan_creation, plan_update, taken_of};
use crate::violation::{Path, Rule, Violation, Violations};

/// What is to be done for a record.
enum Step {
    Write { plan: Box<Plan>, created: bool },
    Nothing(i64),
    Refuse(Violations),
}

/// Writes the first records of `rest`, up to one that depends on those before it; adds their
/// outcomes, and the users as they are then.
pub(super) fn put<R: Record>(
    tx: &Tx<'_>,
    actor: &Actor,
    rest: &[R],
    (stored, held): (&mut HashMap<String, User>, &mut Held),
    outcomes: &mut Vec<Outcome>,
) -> Result<(), Error> {
    let mut steps = plan_run(tx, actor, rest, (stored, held))?;
    claim_all(tx, actor.tenant, &mut steps)?;
    write_all(tx, &mut steps)?;
    // Who comes in no later run is not looked up again.
    let last = steps.len() == rest.len();
    for step in steps {
        outcomes.push(match step {
            Step::Nothing(id) => Outcome::Unchanged(id),
            Step::Refuse(violations) => Outcome::Refused(violations),
            Step::Write { plan, created } => {
                let id = plan.user.id;
                held.forget(id);
                if let Some(email) = plan.user.email.as_ref().filter(|_| !last) {
                    stored.insert(email.key().to_owned(), plan.user);
                }
                if created {
                    Outcome::Created(id)
                } else {
                    Outcome::Updated(id)
                }
            }
        });
    }
    Ok(())
}

/// Plans records until one names an email or touches a claim that another of the run does.
fn plan_run<R: Record>(
    tx: &Tx<'_>,
    actor: &Actor,
    rest: &[R],
    (stored, held): (&HashMap<String, User>, &mut Held),
) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::with_capacity(rest.len());
    let mut emails = HashSet::with_capacity(rest.len());
    let mut touched: HashSet<Claim> = HashSet::with_capacity(rest.len());
    let mut unseated: HashSet<i64> = HashSet::new();
    for record in rest {
        let key = record.email().map(Email::key);
        if key.is_some_and(|key| !emails.insert(key)) {
            break;
        }
        let user = key.and_then(|key| stored.get(key));
        let step = plan_one(tx, actor, record, user, held)?;
        if let Step::Write { plan, .. } = &step {
            let own = || plan.freed.union(&plan.gained);
            if own().any(|claim| touched.contains(claim)) {
                break;
            }
            // Whether an account keeps an administrator is seen once the first is written.
            if plan
                .unseated
                .iter()
                .any(|account| unseated.contains(account))
            {
                break;
            }
            touched.extend(own().cloned());
            unseated.extend(&plan.unseated);
        }
        steps.push(step);
    }
    Ok(steps)
}

fn plan_one<R: Record>(
    tx: &Tx<'_>,
    actor: &Actor,
    record: &R,
    stored: Option<&User>,
    held: &mut Held,
) -> Result<Step, Error> {
    let (change, violations) = record.change(stored);
    let planned = match stored {
        None => plan_creation(tx, actor, &change, violations).map(|plan| Step::Write {
            plan: Box::new(plan),
            created: true,
        }),
        Some(user) => {
            let change = only_new(tx, actor, user, change.into_owned(), held)?;
            let plan = plan_update(tx, actor, user, &change, violations);
            plan.map(|plan| match plan {
                Some(plan) => Step::Write {
                    plan: Box::new(plan),
                    created: false,
                },
                None => Step::Nothing(user.id),
            })
        }
    };
    match planned {
        Err(Error::Invalid(violations)) => Ok(Step::Refuse(violations)),
        Err(Error::Conflict(text)) => Ok(Step::Refuse(conflict(text))),
        planned => planned,
    }
}

/// What stands in the way of a record, as a rule that it breaks.
fn conflict(text: &str) -> Violations {
    let mut violations = Violations::new();
    violations.push(Violation {
        path: Path::default(),
        rule: Rule::Immutable,
        message: Some(text.to_owned()),
    });
    violations
}

/// What a change of a stored user adds to what is there. Their email stays as it is, and what
/// they have already is not given again.
fn only_new(
    tx: &Tx<'_>,
    actor: &Actor,
    user: &User,
    mut change: UserChange,
    held: &mut Held,
) -> Result<UserChange, Error> {
    let (tenant, id) = (actor.tenant, user.id);
    change.email = Change::Keep;
    if let Some(hash) = &change.password
        && held.password(tx, tenant, id)? == Some(hash)
    {
        change.password = None;
    }
    let mut badges = Vec::with_capacity(change.badges.len());
    for badge in change.badges {
        let gives = badge.badge_id.filter(|_| badge.id.is_none());
        let again = match gives {
            Some(given) => held.has_badge(tx, tenant, id, given)?,
            None => false,
        };
        if !again {
            badges.push(badge);
        }
    }
    change.badges = badges;
    Ok(change)
}

/// Makes the claims of all; a step whose claim is another's becomes a refusal, and gives up
/// those that it got.
fn claim_all(tx: &Tx<'_>, tenant: TenantId, steps: &mut [Step]) -> Result<(), Error> {
    let mut claims: Vec<(Claim, usize, i64)> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        if let Step::Write { plan, .. } = step {
            let own = plan.gained.iter().cloned();
            claims.extend(own.map(|claim| (claim, index, plan.user.id)));
        }
    }
    // In one order for everyone, so that two who write at once do not wait for each other.
    claims.sort_unstable();
    let statements: Vec<Statement<'_>> = claims
        .iter()
        .map(|(claim, _, owner)| insert_claim(tenant, claim, *owner))
        .collect();
    let touched = tx.batch(&statements)?;
    let mut taken: HashMap<usize, Vec<&Claim>> = HashMap::new();
    for ((claim, index, _), _) in claims.iter().zip(touched).filter(|(_, rows)| *rows == 0) {
        taken.entry(*index).or_default().push(claim);
    }
    let lost: Vec<Statement<'_>> = claims
        .iter()
        .filter(|(claim, index, _)| {
            let lost = taken.get(index);
            lost.is_some_and(|lost| !lost.contains(&claim))
        })
        .map(|(claim, _, owner)| delete_claim(tenant, claim, *owner))
        .collect();
    tx.batch(&lost)?;
    for (index, claims) in taken {
        if claims.iter().any(|claim| claim.scope == ClaimScope::Email) {
            // Made since the emails were looked up: the closure looks again.
            return Err(Unavailable::Contention.into());
        }
        if let Some(step) = steps.get_mut(index) {
            *step = Step::Refuse(taken_of(claims.into_iter(), &BTreeMap::new()));
        }
    }
    Ok(())
}

/// Writes all rows but the claims that were made.
fn write_all(tx: &Tx<'_>, steps: &mut [Step]) -> Result<(), Error> {
    let mut statements = Vec::new();
    let mut rows = Vec::new();
    for step in steps {
        if let Step::Write { plan, .. } = step {
            rows.push(statements.len());
            statements.append(&mut plan.rows);
            rows.extend(statements.len()..statements.len() + plan.ends.len());
            statements.append(&mut plan.ends);
            statements.append(&mut plan.around);
        }
    }
    let touched = tx.batch(&statements)?;
    if rows.iter().any(|row| touched.get(*row) == Some(&0)) {
        return Err(Unavailable::Contention.into());
    }
    Ok(())
}
