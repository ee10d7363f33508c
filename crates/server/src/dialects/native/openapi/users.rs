//! Users and invitations.

use directory::model::{
    AccountRole, DrugTest, Email, EmployerRole, GroupPermission, InvitationKind, InvitationState,
    MessageChannel, OnboardingState, Phone, UserKind, UserStatus, W2Status,
};
use directory::password::{self, MIN_PASSWORD};
use directory::query::MAX_VALUES;
use directory::users::longest;

use super::super::wire::MAX_ENTRIES;
use super::{acting, nullable, page, paged, patching, reading, repeatable, versioned, writing};
use crate::openapi::operation::{Content, Operation};
use crate::openapi::schema::{
    Schema, anything, boolean, count, id, input, integer, list, named, number, one_of, shape, text,
    time,
};

/// A plain text of a user, of at most as many characters as the directory keeps of it.
fn plain(name: &'static str) -> (&'static str, Schema) {
    nullable(name, text().longest(longest(name)))
}

fn email() -> Schema {
    text().format("idn-email").longest(Email::MAX_LENGTH)
}

fn phone() -> Schema {
    let words = "Any form that reads as a number; of the US where it names no country.";
    text()
        .format("phone")
        .shortest(1)
        .longest(Phone::MAX_LENGTH)
        .says(words)
}

fn timezone() -> Schema {
    let words = "A name of the IANA time zone database.";
    text()
        .format("timezone")
        .longest(longest("timezone"))
        .says(words)
}

fn rating() -> Schema {
    number(0.0, 5.0)
}

fn permission() -> Schema {
    let levels = GroupPermission::ALL.map(GroupPermission::number);
    let [least, most] = [levels.iter().min(), levels.iter().max()].map(|end| end.copied());
    count(least.unwrap_or_default(), most.unwrap_or_default()).says(
        "1 admin · 2 create and send, team · 3 read only, team · 4 send only, team · 5 send only, \
         individual · 6 create and send, individual",
    )
}

/// The attributes of a worker, as they go in and come out.
fn worker() -> Vec<(&'static str, Schema)> {
    vec![
        nullable("synced_worker_id", integer()),
        nullable(
            "onboarding_state",
            one_of(OnboardingState::ALL.map(OnboardingState::name)),
        ),
        nullable(
            "w2_onboarding_status",
            one_of(W2Status::ALL.map(W2Status::name)),
        ),
        nullable("w2_employee_id", text().longest(longest("w2_employee_id"))),
        nullable("drug_tested", one_of(DrugTest::ALL.map(DrugTest::name))),
    ]
}

fn employer() -> Vec<(&'static str, Schema)> {
    vec![
        nullable("customer_id", id().says("The account that they act for.")),
        nullable("role", one_of(EmployerRole::ALL.map(EmployerRole::name))),
    ]
}

fn kinds() -> Schema {
    one_of([UserKind::Worker, UserKind::Employer].map(UserKind::name))
}

/// A user as they come out.
fn user() -> Schema {
    shape([
        ("id", id()),
        ("uid", text().pattern("^[0-9a-f]{32}$")),
        nullable("kind", kinds()),
        ("status", one_of(UserStatus::ALL.map(UserStatus::name))),
        nullable("suspended_at", time()),
        nullable("email", text()),
        nullable("email_verified_at", time()),
        nullable("first_name", text()),
        nullable("middle_name", text()),
        nullable("last_name", text()),
        nullable("name", text()),
        nullable("gender", text()),
        nullable("phone", text()),
        nullable("verified_phone", text()),
        nullable("phone_verified_at", time()),
        nullable("avatar_url", text()),
        nullable("address", text()),
        nullable("city", text()),
        nullable("state", text()),
        nullable("zip", text()),
        nullable("timezone", text()),
        nullable("title", text()),
        nullable("external_id", text()),
        nullable("rating", rating()),
        nullable("agreed_to_terms", boolean()),
        nullable("agreed_to_terms_at", time()),
        nullable("featured", boolean()),
        nullable("public_profile", boolean()),
        nullable("last_login_at", time()),
        nullable("worker", named("Worker")),
        nullable("employer", named("Employer")),
        ("accounts", list(named("Membership"))),
        ("groups", list(named("GroupMembership"))),
        ("badges", list(named("HeldBadge"))),
        (
            "properties",
            anything().says("What forms keep of the user."),
        ),
        ("profiles", anything()),
        ("relationships", anything()),
        ("transactables", anything()),
        nullable("created_by", text()),
        nullable("updated_by", text()),
        ("created_at", time()),
        ("updated_at", time()),
        ("version", id()),
    ])
}

/// What may be said of a user when they are made and later.
fn fields() -> Vec<(&'static str, Schema)> {
    let badges = list(named("BadgeGrant")).at_most(MAX_ENTRIES);
    let password = text()
        .shortest(MIN_PASSWORD)
        .longest(password::TOO_LONG - 1)
        .secret();
    vec![
        nullable("kind", kinds()),
        ("email", email()),
        plain("first_name"),
        plain("middle_name"),
        plain("last_name"),
        plain("name"),
        plain("gender"),
        nullable("phone", phone()),
        plain("avatar_url"),
        plain("address"),
        plain("city"),
        plain("state"),
        plain("zip"),
        nullable("timezone", timezone()),
        plain("title"),
        plain("external_id"),
        nullable("rating", rating()),
        nullable("agreed_to_terms", boolean()),
        nullable("agreed_to_terms_at", time()),
        nullable("featured", boolean()),
        nullable("public_profile", boolean()),
        nullable("suspended_at", time()),
        nullable("worker", input(worker()).closed()),
        nullable("employer", input(employer()).closed()),
        ("badges", badges),
        (
            "password",
            password.says("Neither common nor made of what is known of the user."),
        ),
    ]
}

fn creation() -> Schema {
    let groups = list(named("GroupGrant")).at_most(MAX_ENTRIES);
    let accounts = list(named("AccountGrant")).at_most(MAX_ENTRIES);
    let more = [nullable("accounts", accounts), nullable("groups", groups)];
    let all = fields().into_iter().map(|(name, schema)| match name {
        // An empty list and none are the same for who has none.
        "badges" => nullable(name, schema),
        _ => (name, schema),
    });
    input(all.chain(more)).requires(&["email"]).closed()
}

/// What stands around a user, out.
fn around() -> Vec<(&'static str, Schema)> {
    let membership = shape([
        ("id", id()),
        ("name", text()),
        ("role", one_of(AccountRole::ALL.map(AccountRole::name))),
        ("admin", boolean()),
        ("primary", boolean()),
    ]);
    let group = shape([
        ("id", id()),
        ("slug", text()),
        ("name", text()),
        ("permission", permission()),
    ]);
    let badge = shape([
        ("id", id()),
        ("badge_id", id()),
        ("name", text()),
        nullable("expires_at", time()),
        ("suspended", boolean()),
    ]);
    vec![
        ("Worker", shape(worker())),
        ("Employer", shape(employer())),
        ("Membership", membership),
        ("GroupMembership", group),
        ("HeldBadge", badge),
    ]
}

/// What a user is given, in.
fn grants() -> Vec<(&'static str, Schema)> {
    let account = input([
        ("id", id()),
        nullable("role", one_of(AccountRole::ALL.map(AccountRole::name))),
        nullable("admin", boolean()),
        nullable("primary", boolean()),
    ]);
    let group = input([("id", id()), nullable("permission", permission())]);
    let badge = input([
        nullable("badge_id", id()),
        nullable("id", id().says("Which of the badges that they hold.")),
        nullable("remove", boolean()),
    ]);
    vec![
        ("AccountGrant", account.requires(&["id"]).closed()),
        ("GroupGrant", group.requires(&["id"]).closed()),
        ("BadgeGrant", badge.closed()),
    ]
}

fn invitation() -> Schema {
    shape([
        ("id", id()),
        (
            "kind",
            one_of(InvitationKind::ALL.map(InvitationKind::name)),
        ),
        (
            "state",
            one_of(InvitationState::ALL.map(InvitationState::name)),
        ),
        ("user_id", id()),
        nullable("group_id", id()),
        nullable("permission", permission()),
        nullable(
            "channel",
            one_of(MessageChannel::ALL.map(MessageChannel::name)),
        ),
        nullable("sent_at", time()),
        ("created_at", time()),
        ("expires_at", time()),
        nullable("ended_at", time()),
    ])
}

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let mut all = vec![
        ("User", user()),
        ("UserCreation", creation()),
        ("UserUpdate", input(fields()).closed()),
        ("Invitation", invitation()),
    ];
    all.extend(around());
    all.extend(grants());
    all
}

fn one(method: &'static str, path: &'static str, name: &'static str) -> Operation {
    Operation::new(method, path, name).names("id", id(), "The user's number.")
}

fn shown() -> Content {
    Content::json(named("User"))
}

fn listing() -> Operation {
    let many = |items: Schema| list(items).at_least(1).at_most(MAX_VALUES);
    let piece = || text().shortest(1).pattern("^[^,]+$");
    let state = one_of(OnboardingState::ALL.map(OnboardingState::name));
    let order = one_of(["id", "-id", "updated_at", "-updated_at"]).unless_said("id");
    let list = Operation::get("/v1/users", "listUsers")
        .is("Users", "Users, by cursor")
        .says(
            "Every filter that is named must hold. What forms keep can be asked for too, where a \
             form declares it `indexed`: `profile.developer.company_size[gt]=10`, ten of these at \
             most.",
        )
        .asks("sort", order, "The order; `-` turns it round.")
        .asks("email", email(), "Whole, in whatever case.")
        .asks("first_name", text().shortest(1), "Whole, in whatever case.")
        .asks("last_name", text().shortest(1), "Whole, in whatever case.")
        .asks("external_id", many(piece()), "Any of these.")
        .asks("kind", kinds(), "Of this kind.")
        .asks(
            "status",
            one_of(UserStatus::ALL.map(UserStatus::name)),
            "Of this status.",
        )
        .asks("state", many(piece()), "Living in any of these states.")
        .asks(
            "onboarding_state",
            list(state).at_least(1),
            "In any of these.",
        )
        .asks("customer_id", id(), "Employers of this account.")
        .asks("account_id", id(), "Members of this account.")
        .asks("group_id", id(), "Members of this group.")
        .asks("updated_after", time(), "Changed after this time.")
        .asks("updated_before", time(), "Changed before this time.");
    page(paged(list), "User")
}

pub(super) fn operations() -> Vec<Operation> {
    let made = Operation::post("/v1/users", "createUser").is("Users", "Makes a user");
    let made = repeatable(writing(made, named("UserCreation")))
        .answers(201, "The user.", shown())
        .with_headers(&["Location", "ETag", "Idempotency-Replayed?"]);
    let read = one("GET", "/v1/users/{id}", "getUser").is("Users", "One user");
    let changed = one("PATCH", "/v1/users/{id}", "updateUser").is("Users", "Changes a user");
    let deleted = one("DELETE", "/v1/users/{id}", "deleteUser").is("Users", "Deletes a user");
    let restored = one("POST", "/v1/users/{id}/restore", "restoreUser")
        .is("Users", "Brings a deleted user back");
    let erased = one("POST", "/v1/users/{id}/erase", "eraseUser")
        .is("Users", "Forgets a user for good")
        .says("Nothing brings the user back.");
    let mut all = vec![
        listing(),
        made,
        reading(read)
            .answers(200, "The user.", shown())
            .with_headers(&["ETag"]),
        patching(changed, named("UserUpdate"))
            .shares(&["Conflict"])
            .answers(200, "The user as they are now.", shown())
            .with_headers(&["ETag"]),
        versioned(acting(deleted))
            .shares(&["Conflict"])
            .answers_empty(204, "They are deleted."),
        repeatable(acting(restored))
            .answers(200, "The user.", shown())
            .with_headers(&["ETag", "Idempotency-Replayed?"]),
        repeatable(acting(erased))
            .answers_empty(204, "They are forgotten.")
            .with_headers(&["Idempotency-Replayed?"]),
    ];
    all.extend(invitations());
    all
}

fn invitations() -> Vec<Operation> {
    let states = one_of(InvitationState::ALL.map(InvitationState::name));
    let listed = Operation::get("/v1/invitations", "listInvitations")
        .is("Invitations", "Invitations, by number")
        .asks("user_id", id(), "Of this user.")
        .asks("state", states, "In this state.");
    let one =
        |path, name| Operation::post(path, name).names("id", id(), "The invitation's number.");
    let again = one("/v1/invitations/{id}/resend", "resendInvitation")
        .is("Invitations", "Sends an invitation once more")
        .says("The link that was sent before holds no more.");
    let revoked = one("/v1/invitations/{id}/revoke", "revokeInvitation")
        .is("Invitations", "Ends an invitation")
        .says("Its link leads nowhere from then on.");
    vec![
        page(paged(listed), "Invitation"),
        repeatable(acting(again))
            .answers(
                202,
                "A new message is on its way.",
                Content::json(named("Invitation")),
            )
            .with_headers(&["Idempotency-Replayed?"]),
        repeatable(acting(revoked))
            .answers_empty(204, "It is ended.")
            .with_headers(&["Idempotency-Replayed?"]),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::super::wire::{FIELDS, JOINING_FIELDS};
    use super::*;

    #[test]
    fn the_documents_fields_are_those_that_are_read() {
        let (making, changing) = (creation(), input(fields()));
        let changed: BTreeSet<&str> = changing.fields().collect();
        assert_eq!(changed, BTreeSet::from(FIELDS));
        let made: BTreeSet<&str> = making.fields().collect();
        let read = FIELDS.into_iter().chain(JOINING_FIELDS).collect();
        assert_eq!(made, read);
    }

    #[test]
    fn the_documents_filters_are_those_that_are_read() {
        let listing = listing();
        let named: BTreeSet<&str> = listing.asked().collect();
        let read = super::super::super::users::FILTERS
            .into_iter()
            .chain(["limit", "cursor"]);
        assert_eq!(named, read.collect());
    }
}
