//! Signing up through a public form: by anybody, who learns nothing of who is known already.
//!
//! What is wrong with a submission is told at once, what is taken included, whoever has it; whose
//! the email is, is looked at afterwards. So neither the answer nor how long it takes says whether
//! it is anybody's.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::check::Accepted;
use super::shape::{Form, Resource};
use super::submission::change_of;
use crate::actor::{Actor, TenantId};
use crate::error::{Error, Unavailable};
use crate::event::{self, Change, EventType, Subject};
use crate::invitations;
use crate::model::{Email, InvitationKind, User, UserStatus};
use crate::store::{
    Claim, ClaimScope, IdKind, Statement, Tx, UserKey, claim_owner, delete_claim, delete_sign_up,
    find_sign_up, find_user, happened_since, insert_claim, insert_sign_up, sign_ups, take_claim,
};
use crate::users::{self, Include, InvitationRequest, UserChange};
use crate::violation::{Path, Violation, Violations};

/// How long an address gets no other message because of signing up.
pub const SIGN_UP_PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// Submissions that are looked at in one step.
const LOOKED_AT_ONCE: usize = 50;

/// A submission of a public form that nothing is wrong with, as far as the form goes.
pub struct SignUp {
    accepted: Accepted,
    change: UserChange,
}

impl SignUp {
    /// Checks a submission. A password is set once the address is verified, and so neither taken
    /// nor demanded.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(form: &Form, given: &Map<String, Value>) -> Result<Self, Violations> {
        let (mut accepted, found) = form.check(given, None);
        accepted.fields.remove(PASSWORD);
        let mut violations = Violations::new();
        let is_password = |each: &&Violation| each.path.segments() == [PASSWORD];
        for violation in found.iter().filter(|each| !is_password(each)) {
            violations.push(violation.clone());
        }
        if violations.is_empty() {
            let change = change_of(accepted.clone());
            Ok(Self { accepted, change })
        } else {
            Err(violations)
        }
    }
}

const PASSWORD: &str = "password";

/// What is kept of a submission until it is looked at.
#[derive(Serialize, Deserialize)]
struct Noted {
    accepted: Accepted,
    /// What waits for it: the scope and the value of each claim.
    claims: Vec<(String, String)>,
}

impl Noted {
    /// Frees what waits.
    fn freed(&self, tenant: TenantId, id: i64) -> Vec<Statement<'static>> {
        let claims = self.claims.iter().map(|(scope, value)| Claim {
            scope: ClaimScope::Form(scope.clone()),
            value: value.clone(),
        });
        let freed = claims.map(|claim| delete_claim(tenant, &claim, keeper(id)));
        freed.collect()
    }
}

/// Who has the values of a submission until it is looked at: nobody, for users count from 1.
fn keeper(id: i64) -> i64 {
    -id
}

/// Notes a submission, and keeps the values for it that forms demand to be unique, whoever's the
/// email is: what becomes of it, [`look_at_sign_up`] decides.
///
/// # Errors
/// [`Error::NotFound`] for a form that is not public; [`Error::Invalid`] for values that are
/// taken, also by the user whose the email is.
pub fn sign_up(
    tx: &Tx<'_>,
    tenant: TenantId,
    form: &Form,
    sign_up: &SignUp,
    request_id: &str,
) -> Result<(), Error> {
    if !form.public || form.resource != Resource::User {
        return Err(Error::NotFound);
    }
    let system = Actor::system(tenant, request_id);
    let id = tx.new_id(IdKind::SignUp)?;
    let claims = users::claimed_by_forms(tx, &system, &sign_up.change)
        .map_err(|refused| form.reword(refused))?;
    let named = |claim: &Claim| (claim.scope.name().to_owned(), claim.value.clone());
    let noted = Noted {
        accepted: sign_up.accepted.clone(),
        claims: claims.keys().map(named).collect(),
    };
    let content = serde_json::to_string(&noted).map_err(Error::internal)?;
    let keep = |claim| insert_claim(tenant, claim, keeper(id));
    let mut statements: Vec<_> = claims.keys().map(keep).collect();
    statements.push(insert_sign_up(tx, tenant, id, content, request_id));
    let touched = tx.batch(&statements)?;
    refuse_taken(&claims, &touched).map_err(|refused| form.reword(refused))
}

fn refuse_taken(claims: &BTreeMap<Claim, Path>, touched: &[u64]) -> Result<(), Error> {
    let taken = claims.keys().zip(touched).filter(|(_, rows)| **rows == 0);
    Error::if_any(users::taken_of(taken.map(|(claim, _)| claim), claims))
}

/// The numbers of submissions that are yet to be looked at, and whether there may be more.
///
/// # Errors
/// Storage errors.
pub fn noted_sign_ups(tx: &Tx<'_>, tenant: TenantId) -> Result<(Vec<i64>, bool), Error> {
    let noted = sign_ups(tx, tenant, LOOKED_AT_ONCE)?;
    let many = noted.len() == LOOKED_AT_ONCE;
    Ok((noted, many))
}

/// Takes a submission away that was noted; none where another did.
fn take(tx: &Tx<'_>, tenant: TenantId, id: i64) -> Result<Option<(Noted, String)>, Error> {
    let Some((content, request_id)) = find_sign_up(tx, tenant, id)? else {
        return Ok(None);
    };
    let noted: Noted = serde_json::from_str(&content).map_err(Error::internal)?;
    // Of several nodes, the one that takes it away goes on.
    let mut statements = vec![delete_sign_up(tenant, id)];
    statements.extend(noted.freed(tenant, id));
    let taken = tx.batch(&statements)?.first() == Some(&1);
    Ok(taken.then_some((noted, request_id)))
}

/// Makes a pending user of a submission, to whom a link is sent that verifies the address and sets
/// a password. Who is known already gets a message instead that says so, or their link once more,
/// one an hour at most.
///
/// # Errors
/// [`Error::Invalid`] where a form was stored since that demands more.
pub fn look_at_sign_up(tx: &Tx<'_>, tenant: TenantId, id: i64) -> Result<(), Error> {
    let Some((noted, request_id)) = take(tx, tenant, id)? else {
        return Ok(());
    };
    let system = Actor::system(tenant, request_id.as_str());
    let mut change = change_of(noted.accepted);
    let Some(email) = change.email.value() else {
        return Err(Error::internal("somebody signed up without an email"));
    };
    if let Some(user) = owner(tx, &system, email)? {
        return tell(tx, &system, &user);
    }
    change.invitation = Some(InvitationRequest::new(InvitationKind::Verify));
    match users::create(tx, &system, &change, Violations::new(), Include::default()) {
        Ok(_) => Ok(()),
        // Made by another since: the closure runs again, and finds them.
        Err(Error::Invalid(taken)) if taken.touches("email") => Err(Unavailable::Contention.into()),
        Err(refused) => Err(refused),
    }
}

/// Gives a submission up that nothing can come of.
///
/// # Errors
/// Storage errors.
pub fn drop_sign_up(tx: &Tx<'_>, tenant: TenantId, id: i64) -> Result<(), Error> {
    let found = find_sign_up(tx, tenant, id)?;
    let mut statements = vec![delete_sign_up(tenant, id)];
    let noted = found.and_then(|(content, _)| serde_json::from_str::<Noted>(&content).ok());
    statements.extend(noted.iter().flat_map(|noted| noted.freed(tenant, id)));
    tx.batch(&statements).map(drop)
}

/// The user who has an email. Nobody else looks at a submission of it until the transaction ends,
/// so that one message goes out, however many nodes look.
fn owner(tx: &Tx<'_>, system: &Actor, email: &Email) -> Result<Option<User>, Error> {
    let claim = Claim {
        scope: ClaimScope::Email,
        value: email.key().to_owned(),
    };
    let Some(id) = claim_owner(tx, system.tenant, &claim)? else {
        return Ok(None);
    };
    if !take_claim(tx, system.tenant, &claim, id)? {
        // Another's since: the closure runs again, and finds whose it is.
        return Err(Unavailable::Contention.into());
    }
    let found = find_user(tx, system, &UserKey::Id(id), false)?;
    Ok(found.map(|found| found.user))
}

/// Sends a known user a message: their link once more where they have yet to answer one, else
/// that they are known.
fn tell(tx: &Tx<'_>, system: &Actor, user: &User) -> Result<(), Error> {
    let since = tx.now().checked_sub(SIGN_UP_PAUSE).unwrap_or(tx.now());
    if user.status() == UserStatus::Suspended {
        return Ok(());
    }
    if user.pending_since.is_some() {
        return invitations::remind(tx, system, user.id, since);
    }
    let subject = Subject::new("user", user.id);
    let kind = EventType::UserSignUpRepeated;
    let of = ("user", subject.id.as_str());
    if happened_since(tx, system.tenant, of, kind.name(), since)? {
        return Ok(());
    }
    let event = event::record(tx, system, kind, None, subject, Change::default())?;
    tx.batch(&[event]).map(drop)
}
