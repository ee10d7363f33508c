//! Signing up through a public form: by anybody, who learns nothing of who is known already.

use jiff::SignedDuration;

use super::shape::{Form, Resource};
use crate::actor::{Actor, TenantId};
use crate::error::{Error, Unavailable};
use crate::event::{self, Change, EventType, Subject};
use crate::invitations;
use crate::model::{Email, InvitationKind, User, UserStatus};
use crate::store::{Claim, ClaimScope, Tx, UserKey, claim_owner, find_user, last_event_of};
use crate::users::{self, Include, InvitationRequest, UserChange};
use crate::violation::{Rule, Violations};

/// How long an address gets no other message because of signing up.
pub const SIGN_UP_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// Makes a pending user, to whom a link is sent that verifies the address and sets a password.
/// Who is known already gets a message instead that says so, or their link once more, one an hour
/// at most; the answer is the same. `change` is of a submission that nothing was wrong with; a
/// password in it does not count, for it is not known whose address that is.
///
/// # Errors
/// [`Error::NotFound`] for a form that is not public; [`Error::Invalid`] for values that are
/// taken, never for the email.
pub fn sign_up(
    tx: &Tx<'_>,
    tenant: TenantId,
    form: &Form,
    change: &UserChange,
    request_id: &str,
) -> Result<(), Error> {
    if !form.public || form.resource != Resource::User {
        return Err(Error::NotFound);
    }
    let system = Actor::system(tenant, request_id);
    let Some(email) = change.email.value() else {
        let mut violations = Violations::new();
        violations.field("email", Rule::Blank);
        return Err(Error::Invalid(violations));
    };
    if let Some(user) = owner(tx, &system, email)? {
        return tell(tx, &system, &user);
    }
    let change = UserChange {
        password: None,
        invitation: Some(InvitationRequest::new(InvitationKind::Verify)),
        ..change.clone()
    };
    match users::create(tx, &system, &change, Violations::new(), Include::default()) {
        Ok(_) => Ok(()),
        // Made by another since: the closure runs again, and finds them.
        Err(Error::Invalid(taken)) if taken.touches("email") => Err(Unavailable::Contention.into()),
        Err(refused) => Err(form.reword(refused)),
    }
}

fn owner(tx: &Tx<'_>, system: &Actor, email: &Email) -> Result<Option<User>, Error> {
    let claim = Claim {
        scope: ClaimScope::Email,
        value: email.key().to_owned(),
    };
    let Some(id) = claim_owner(tx, system.tenant, &claim)? else {
        return Ok(None);
    };
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
    let last = last_event_of(tx, system.tenant, ("user", &subject.id), kind.name())?;
    if last.is_some_and(|last| last > since) {
        return Ok(());
    }
    let event = event::record(tx, system, kind, None, subject, Change::default())?;
    tx.batch(&[event]).map(drop)
}
