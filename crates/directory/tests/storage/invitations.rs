//! Invitations: their messages, their secrets, and what answering them does.

use std::time::Duration;

use directory::deliveries::{self, Claimed, EMAIL, Letter, SMS};
use directory::event::{self, EventType};
use directory::groups::Reach;
use directory::groups::members::{self, NewMember};
use directory::invitations::{self, Answer, Asked, Link, Opened};
use directory::model::{
    Email, GroupPermission, InvitationKind, InvitationState, OnboardingState, UserStatus, UserView,
};
use directory::password::{PasswordHash, PasswordRule};
use directory::query::InvitationFilter;
use directory::secret::SealingKey;
use directory::store::Tx;
use directory::users::{
    Change, GroupGrant, INVITATION_LIFETIME, InvitationRequest, UserChange, UserKey,
};
use directory::violation::{Path, Rule, Violations};
use directory::{Actor, Directory, Error, Visibility};
use secrecy::{ExposeSecret as _, SecretString};

use crate::atomicity::whole_or_nothing;
use crate::given::{
    self, create, delete, email, get, history, person, phone, system, tenant, update, worker,
};
use crate::harness::World;

on_each_engine!(
    accepting_sets_what_the_person_proved_and_agreed_to,
    accepting_is_whole_or_nothing,
    a_message_by_sms_verifies_the_number_alone,
    one_answer_is_for_all_that_are_out,
    a_verification_asks_for_no_terms,
    whichever_is_answered_all_that_any_asks_is_asked,
    an_answer_that_was_checked_by_less_than_is_asked_by_then_is_none,
    of_answers_at_one_moment_one_counts,
    only_the_whole_secret_of_the_message_opens,
    an_expired_invitation_is_refused_until_it_is_sent_again,
    a_message_that_was_overtaken_is_not_sent,
    a_revoked_invitation_is_over,
    a_secret_ends_with_the_address_it_went_to,
    a_secret_ends_with_its_person,
    a_password_that_is_set_otherwise_answers_too,
    the_list_is_filtered_paged_and_kept_within_what_is_seen,
    managing_needs_its_permission_and_its_tenant,
);

const PASSWORD: &str = "tide plank ferry orbit";
/// All that can be asked.
const ALL: Asked = Asked {
    terms: true,
    password_rule: PasswordRule::Composed,
};

pub(crate) fn invited(change: UserChange, kind: InvitationKind) -> UserChange {
    UserChange {
        invitation: Some(InvitationRequest::new(kind)),
        ..change
    }
}

pub(crate) fn invited_worker() -> UserChange {
    let change = UserChange {
        first_name: given::set("Ada"),
        phone: phone("415 555 2671"),
        onboarding_state: Change::Set(OnboardingState::Invited),
        ..worker("ada@example.org")
    };
    invited(change, InvitationKind::Invite)
}

pub(crate) fn grant(group_id: i64, permission: GroupPermission) -> GroupGrant {
    GroupGrant {
        path: Path::field("groups"),
        group_id,
        permission,
    }
}

/// Takes what is due on a lane, after events have got their places.
pub(crate) async fn taken(
    directory: &Directory,
    actor: &Actor,
    lane: &'static str,
) -> Vec<Claimed> {
    let tenant = actor.tenant;
    let placed = directory.write(move |tx| event::sequence(tx, tenant));
    placed.await.unwrap();
    let claim = directory.write(move |tx| deliveries::claim(tx, tenant, lane, 10));
    claim.await.unwrap()
}

pub(crate) async fn letter(
    directory: &Directory,
    actor: &Actor,
    claimed: &Claimed,
) -> Option<Letter> {
    let (tenant, claimed) = (actor.tenant, claimed.clone());
    let purpose = format!("{}:{}", claimed.key.event_id, claimed.key.recipient);
    let token = SealingKey::derive(b"secret key").token(tenant, &purpose);
    let made = directory.write(move |tx| deliveries::letter(tx, tenant, &claimed, token.clone()));
    made.await.unwrap()
}

/// The secrets of the messages that are due.
pub(crate) async fn tokens(directory: &Directory, lane: &'static str) -> Vec<SecretString> {
    let mut tokens = Vec::new();
    for claimed in taken(directory, &system(), lane).await {
        let made = letter(directory, &system(), &claimed).await;
        tokens.extend(made.map(|letter| letter.token));
    }
    tokens
}

pub(crate) async fn the_token(directory: &Directory, lane: &'static str) -> SecretString {
    let mut all = tokens(directory, lane).await;
    assert_eq!(all.len(), 1);
    all.pop().unwrap()
}

async fn hash(directory: &Directory, password: &str) -> PasswordHash {
    let none = Violations::new();
    let hash = directory.hash_password(Some(password.to_owned().into()), &none);
    hash.await.unwrap().unwrap()
}

pub(crate) async fn open(directory: &Directory, token: &SecretString) -> Result<Link, Error> {
    let token = token.clone();
    directory
        .read(move |tx| invitations::open(tx, &token))
        .await
}

pub(crate) async fn accept(directory: &Directory, token: &SecretString) -> Result<Link, Error> {
    let (token, hash) = (token.clone(), hash(directory, PASSWORD).await);
    directory
        .write(move |tx| invitations::accept(tx, &token, &hash, ALL, "request-2"))
        .await
}

#[track_caller]
pub(crate) fn opened(link: Result<Link, Error>) -> Opened {
    match link.unwrap() {
        Link::Open(opened) => *opened,
        Link::Ended(state) => panic!("it ended: {state:?}"),
    }
}

#[track_caller]
fn assert_ended(link: Result<Link, Error>, expected: InvitationState) {
    assert_eq!(link.unwrap(), Link::Ended(expected));
}

#[track_caller]
fn assert_unknown(link: Result<Link, Error>) {
    assert!(matches!(link, Err(Error::NotFound)), "{link:?}");
}

async fn the_user(directory: &Directory, id: i64) -> UserView {
    get(directory, &system(), UserKey::Id(id)).await.unwrap()
}

/// The numbers and states of a user's invitations.
pub(crate) async fn states(world: &World, user: i64) -> Vec<(i64, InvitationState)> {
    let filter = InvitationFilter {
        user_id: Some(user),
        state: None,
    };
    let listed = world
        .directory
        .read(move |tx| invitations::list(tx, &system(), &filter, None, 100));
    let now = world.now();
    let rows = listed.await.unwrap().rows;
    rows.iter().map(|each| (each.id, each.state(now))).collect()
}

pub(crate) async fn resend(directory: &Directory, actor: &Actor, id: i64) -> Result<(), Error> {
    let actor = actor.clone();
    let sent = directory.write(move |tx| invitations::resend(tx, &actor, id));
    sent.await.map(drop)
}

pub(crate) async fn revoke(directory: &Directory, actor: &Actor, id: i64) -> Result<(), Error> {
    let actor = actor.clone();
    directory
        .write(move |tx| invitations::revoke(tx, &actor, id))
        .await
}

pub(crate) fn lifetime() -> Duration {
    INVITATION_LIFETIME.try_into().unwrap()
}

async fn password_is(directory: &Directory, user: i64, password: &str) -> bool {
    let asker = system();
    let checked = directory.check_password(&asker, user, password.to_owned().into());
    checked.await.unwrap()
}

async fn accepting_sets_what_the_person_proved_and_agreed_to(world: World) {
    let directory = &world.directory;
    let group = given::group(directory, &system(), "Sales").await.id;
    let account = given::account(directory, &system(), "Acme").await;
    let mut key = system();
    key.account = Some(account);
    let change = UserChange {
        groups: vec![grant(group, GroupPermission::SendTeam)],
        ..invited_worker()
    };
    let made = create(directory, &key, &change).await.unwrap();
    let token = the_token(directory, EMAIL).await;
    let shown = opened(open(directory, &token).await);
    assert!(shown.asked.terms);
    assert_eq!(shown.user.id, made.user.id);
    world.clock.advance(Duration::from_secs(90));
    let now = world.now();

    assert_eq!(
        opened(accept(directory, &token).await).user.id,
        made.user.id
    );
    let after = the_user(directory, made.user.id).await;
    let user = &after.user;
    assert_eq!(user.status(), UserStatus::Active);
    assert_eq!(user.email_verified_at, Some(now));
    assert_eq!(
        (&user.verified_phone, user.phone_verified_at),
        (&None, None)
    );
    assert_eq!(user.agreed_to_terms, Some(true));
    assert_eq!(user.agreed_to_terms_at, Some(now));
    assert_eq!(user.onboarding_state, Some(OnboardingState::Started));
    assert_eq!(user.updated_by.as_deref(), Some("ada@example.org"));
    let joined: Vec<_> = after
        .groups
        .iter()
        .map(|each| (each.group_id, each.permission))
        .collect();
    assert_eq!(joined, [(group, GroupPermission::SendTeam)]);
    assert!(password_is(directory, made.user.id, PASSWORD).await);
    let out = states(&world, made.user.id).await;
    assert_eq!(
        out.iter().map(|each| each.1).collect::<Vec<_>>(),
        [InvitationState::Accepted]
    );

    let told = history(directory, &system(), "invitation", out[0].0).await;
    let told: Vec<_> = told
        .iter()
        .map(|each| {
            (
                each.event_type.as_str(),
                each.actor_type.as_str(),
                each.account_id,
            )
        })
        .collect();
    let expected = [
        ("invitation_created", "system", Some(account)),
        ("invitation_accepted", "user", Some(account)),
    ];
    assert_eq!(told, expected);
    let told = history(directory, &system(), "user", made.user.id).await;
    let own: Vec<_> = told
        .iter()
        .filter(|each| each.actor_type == "user")
        .collect();
    let types: Vec<_> = own.iter().map(|each| each.event_type.as_str()).collect();
    assert_eq!(types, ["user_password_changed", "user_updated"]);
    for part in [
        "email_verified_at",
        "agreed_to_terms_at",
        "onboarding_state",
        "pending_since",
    ] {
        assert!(own[1].change.contains(part), "{part}: {}", own[1].change);
    }

    // Single use.
    assert_ended(open(directory, &token).await, InvitationState::Accepted);
    let (again, other) = (
        token.clone(),
        hash(directory, "another password entirely").await,
    );
    let second = directory
        .write(move |tx| invitations::accept(tx, &again, &other, ALL, "request-3"))
        .await;
    assert_ended(second, InvitationState::Accepted);
    assert!(password_is(directory, made.user.id, PASSWORD).await);
    assert_eq!(the_user(directory, made.user.id).await, after);
}

async fn accepting_is_whole_or_nothing(world: World) {
    let directory = &world.directory;
    let group = given::group(directory, &system(), "Sales").await.id;
    let change = UserChange {
        groups: vec![grant(group, GroupPermission::ReadTeam)],
        ..invited_worker()
    };
    create(directory, &system(), &change).await.unwrap();
    let token = the_token(directory, EMAIL).await;
    let hash = hash(directory, PASSWORD).await;
    let failures = whole_or_nothing(&world, move |tx| {
        invitations::accept(tx, &token, &hash, ALL, "request-2").map(drop)
    })
    .await;
    // The user, a password, the invitation, a group, and 3 events.
    assert!(failures >= 7, "{failures}");
}

async fn a_message_by_sms_verifies_the_number_alone(world: World) {
    let directory = &world.directory;
    let change = UserChange {
        email: Change::Keep,
        ..invited_worker()
    };
    let made = create(directory, &system(), &change).await.unwrap();
    assert!(tokens(directory, EMAIL).await.is_empty());
    let token = the_token(directory, SMS).await;
    // An email that is added since was not proved by it.
    let change = UserChange {
        email: email("ada@example.org"),
        ..UserChange::default()
    };
    let key = UserKey::Id(made.user.id);
    update(directory, &system(), key, None, &change)
        .await
        .unwrap();
    opened(accept(directory, &token).await);
    let user = the_user(directory, made.user.id).await.user;
    assert_eq!(user.email_verified_at, None);
    assert_eq!(user.verified_phone.as_deref(), Some("415 555 2671"));
    assert_eq!(user.phone_verified_at, Some(world.now()));
}

async fn one_answer_is_for_all_that_are_out(world: World) {
    let directory = &world.directory;
    let sales = given::group(directory, &system(), "Sales").await.id;
    let legal = given::group(directory, &system(), "Legal").await.id;
    let change = UserChange {
        groups: vec![
            grant(sales, GroupPermission::Admin),
            grant(legal, GroupPermission::ReadTeam),
        ],
        ..person("ada@example.org")
    };
    let change = invited(change, InvitationKind::Verify);
    let made = create(directory, &system(), &change).await.unwrap();
    let token = the_token(directory, EMAIL).await;
    opened(accept(directory, &token).await);
    let mut joined: Vec<_> = the_user(directory, made.user.id)
        .await
        .groups
        .iter()
        .map(|each| (each.group_id, each.permission))
        .collect();
    joined.sort_by_key(|each| each.0);
    let expected = [
        (sales, GroupPermission::Admin),
        (legal, GroupPermission::ReadTeam),
    ];
    assert_eq!(joined, expected);
    for (_, state) in states(&world, made.user.id).await {
        assert_eq!(state, InvitationState::Accepted);
    }
}

async fn a_verification_asks_for_no_terms(world: World) {
    let directory = &world.directory;
    let change = invited(person("ada@example.org"), InvitationKind::Verify);
    let made = create(directory, &system(), &change).await.unwrap();
    let token = the_token(directory, EMAIL).await;
    let shown = opened(open(directory, &token).await);
    let mut answer = Answer {
        password: PASSWORD.to_owned().into(),
        confirmation: PASSWORD.to_owned().into(),
        agrees: false,
    };
    assert!(invitations::check(&shown, &answer).is_empty());
    let rules = |answer: &Answer, shown: &Opened| -> Vec<(String, Rule)> {
        let found = invitations::check(shown, answer);
        found
            .iter()
            .map(|each| (each.path.to_string(), each.rule.clone()))
            .collect()
    };
    let invite = Opened {
        asked: Asked {
            terms: true,
            ..shown.asked
        },
        ..shown.clone()
    };
    assert_eq!(
        rules(&answer, &invite),
        [("agreed_to_terms".to_owned(), Rule::Blank)]
    );
    let mismatch = (
        "password_confirmation".to_owned(),
        Rule::Mismatch { with: "password" },
    );
    for (password, rule) in [
        ("", Rule::Blank),
        ("short", Rule::TooShort { min: 8 }),
        ("ada@example.org", Rule::Guessable),
        ("a\0 tide plank ferry", Rule::BadFormat),
    ] {
        answer.password = password.to_owned().into();
        let found = rules(&answer, &shown);
        assert_eq!(found, [("password".to_owned(), rule), mismatch.clone()]);
    }
    opened(accept(directory, &token).await);
    let user = the_user(directory, made.user.id).await.user;
    assert_eq!(
        (user.agreed_to_terms, user.agreed_to_terms_at),
        (None, None)
    );
    assert_eq!(user.email_verified_at, Some(world.now()));
}

/// Who was invited to work, and then to a group; the links of both.
async fn invited_twice(world: &World) -> (i64, SecretString, SecretString) {
    let directory = &world.directory;
    let made = create(directory, &system(), &invited_worker()).await;
    let invite = the_token(directory, EMAIL).await;
    world.clock.advance(Duration::from_secs(1));
    to_sales(directory).await;
    (
        made.unwrap().user.id,
        invite,
        the_token(directory, EMAIL).await,
    )
}

/// Invites her to a group, where passwords are to be composed.
async fn to_sales(directory: &Directory) {
    let group_id = given::group(directory, &system(), "Sales").await.id;
    let new = NewMember {
        email: Email::parse("ada@example.org").unwrap(),
        group_id,
        permission: GroupPermission::ReadTeam,
        password_rule: PasswordRule::Composed,
        message: true,
    };
    let add = move |tx: &Tx<'_>| {
        let none = Violations::new();
        members::add(tx, &system(), Reach::Tenant, &new, none)
    };
    directory.write(add).await.unwrap();
}

async fn whichever_is_answered_all_that_any_asks_is_asked(world: World) {
    let directory = &world.directory;
    let (user, invite, verify) = invited_twice(&world).await;
    for token in [&invite, &verify] {
        assert_eq!(opened(open(directory, token).await).asked, ALL);
    }
    opened(accept(directory, &verify).await);
    let user = the_user(directory, user).await.user;
    assert_eq!(user.agreed_to_terms, Some(true));
    assert_eq!(user.agreed_to_terms_at, Some(world.now()));
    assert_eq!(user.onboarding_state, Some(OnboardingState::Started));
    assert_ended(open(directory, &invite).await, InvitationState::Accepted);
}

async fn an_answer_that_was_checked_by_less_than_is_asked_by_then_is_none(world: World) {
    let directory = &world.directory;
    let made = create(directory, &system(), &invited_worker()).await;
    let user = made.unwrap().user.id;
    let token = the_token(directory, EMAIL).await;
    let checked = opened(open(directory, &token).await).asked;
    let plain = PasswordRule::Plain;
    assert_eq!((checked.terms, checked.password_rule), (true, plain));
    to_sales(directory).await;
    let (own, hash) = (token.clone(), hash(directory, PASSWORD).await);
    let answer = move |tx: &Tx<'_>| invitations::accept(tx, &own, &hash, checked, "");
    let refused = directory.write(answer).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    let user = the_user(directory, user).await.user;
    assert_eq!(user.status(), UserStatus::Pending);
    assert_eq!(opened(open(directory, &token).await).asked, ALL);
}

async fn of_answers_at_one_moment_one_counts(world: World) {
    let another = world.another().await;
    let directory = &world.directory;
    for round in 0..10 {
        let change = invited(
            person(&format!("{round}@example.org")),
            InvitationKind::Invite,
        );
        let made = create(directory, &system(), &change).await.unwrap();
        let token = the_token(directory, EMAIL).await;
        let answers: Vec<_> = [directory, &another, directory, &another]
            .into_iter()
            .map(|node| {
                let (node, token) = (node.clone(), token.clone());
                tokio::spawn(async move { accept(&node, &token).await })
            })
            .collect();
        let mut accepted = 0;
        for answer in answers {
            match answer.await.unwrap().unwrap() {
                Link::Open(_) => accepted += 1,
                Link::Ended(state) => assert_eq!(state, InvitationState::Accepted),
            }
        }
        assert_eq!(accepted, 1);
        let told = history(directory, &system(), "user", made.user.id).await;
        let set = EventType::UserPasswordChanged.name();
        assert_eq!(told.iter().filter(|each| each.event_type == set).count(), 1);
    }
}

/// Nobody knows which attempt of a message arrived: the link of each is the same.
async fn only_the_whole_secret_of_the_message_opens(world: World) {
    let directory = &world.directory;
    create(directory, &system(), &invited_worker())
        .await
        .unwrap();
    let claimed = taken(directory, &system(), EMAIL).await.remove(0);
    let first = letter(directory, &system(), &claimed).await.unwrap().token;
    let token = letter(directory, &system(), &claimed).await.unwrap().token;
    assert_eq!(first.expose_secret(), token.expose_secret());
    opened(open(directory, &token).await);
    let text = token.expose_secret().to_owned();
    let stranger = tenant(directory, "stranger").await;
    let foreign = text.replacen("1-", &format!("{}-", stranger.tenant.0), 1);
    let mut wrong = vec![
        foreign,
        text.to_uppercase(),
        format!("{text}A"),
        format!(" {text}"),
    ];
    wrong.extend((0..text.len()).map(|end| text[..end].to_owned()));
    for place in 2..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[place] ^= 1;
        wrong.push(String::from_utf8(bytes).unwrap());
    }
    for text in wrong {
        assert_unknown(open(directory, &text.into()).await);
    }
    // Not what is stored of it either.
    let stored = format!("1-{}", directory::secret::digest(&text));
    assert_unknown(open(directory, &stored.into()).await);
}

async fn an_expired_invitation_is_refused_until_it_is_sent_again(world: World) {
    let directory = &world.directory;
    let made = create(directory, &system(), &invited_worker())
        .await
        .unwrap();
    let old = the_token(directory, EMAIL).await;
    world.clock.advance(lifetime() - Duration::from_millis(1));
    opened(open(directory, &old).await);
    world.clock.advance(Duration::from_millis(1));
    assert_ended(open(directory, &old).await, InvitationState::Expired);
    assert_ended(accept(directory, &old).await, InvitationState::Expired);
    assert_eq!(
        the_user(directory, made.user.id).await.user.status(),
        UserStatus::Pending
    );
    let (id, state) = states(&world, made.user.id).await[0];
    assert_eq!(state, InvitationState::Expired);

    resend(directory, &system(), id).await.unwrap();
    // Not even before the new message is made.
    assert_unknown(open(directory, &old).await);
    let new = the_token(directory, EMAIL).await;
    assert_unknown(open(directory, &old).await);
    let shown = opened(open(directory, &new).await);
    assert_eq!(shown.expires_at, world.now() + INVITATION_LIFETIME);
    opened(accept(directory, &new).await);
    let again = resend(directory, &system(), id).await;
    assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
}

async fn a_message_that_was_overtaken_is_not_sent(world: World) {
    let directory = &world.directory;
    let made = create(directory, &system(), &invited_worker())
        .await
        .unwrap();
    let slow = taken(directory, &system(), EMAIL).await.remove(0);
    world.clock.advance(Duration::from_secs(1));
    let (id, _) = states(&world, made.user.id).await[0];
    resend(directory, &system(), id).await.unwrap();
    let token = the_token(directory, EMAIL).await;
    assert!(letter(directory, &system(), &slow).await.is_none());
    opened(open(directory, &token).await);
}

async fn a_revoked_invitation_is_over(world: World) {
    let directory = &world.directory;
    let made = create(directory, &system(), &invited_worker())
        .await
        .unwrap();
    let claimed = taken(directory, &system(), EMAIL).await.remove(0);
    let token = letter(directory, &system(), &claimed).await.unwrap().token;
    let (id, _) = states(&world, made.user.id).await[0];
    revoke(directory, &system(), id).await.unwrap();
    assert_ended(open(directory, &token).await, InvitationState::Revoked);
    assert_ended(accept(directory, &token).await, InvitationState::Revoked);
    assert!(letter(directory, &system(), &claimed).await.is_none());
    for refused in [
        revoke(directory, &system(), id).await,
        resend(directory, &system(), id).await,
    ] {
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    }
    let told = history(directory, &system(), "invitation", id).await;
    let types: Vec<_> = told.iter().map(|each| each.event_type.as_str()).collect();
    assert_eq!(types, ["invitation_created", "invitation_revoked"]);
}

async fn a_secret_ends_with_the_address_it_went_to(world: World) {
    let directory = &world.directory;
    let made = create(directory, &system(), &invited_worker())
        .await
        .unwrap();
    let token = the_token(directory, EMAIL).await;
    let moved = async |address: &str| {
        let change = UserChange {
            email: email(address),
            ..UserChange::default()
        };
        let key = UserKey::Id(made.user.id);
        update(directory, &system(), key, None, &change)
            .await
            .unwrap();
    };
    moved("right@example.org").await;
    assert_unknown(open(directory, &token).await);
    assert_unknown(accept(directory, &token).await);
    // Written otherwise, it is the same address.
    moved("ADA@Example.org").await;
    opened(open(directory, &token).await);
}

async fn a_secret_ends_with_its_person(world: World) {
    let directory = &world.directory;
    let made = create(directory, &system(), &invited_worker())
        .await
        .unwrap();
    let key = || UserKey::Id(made.user.id);
    let claimed = taken(directory, &system(), EMAIL).await.remove(0);
    let token = letter(directory, &system(), &claimed).await.unwrap().token;
    let suspended = |on| UserChange {
        suspended: Change::Set(on),
        ..UserChange::default()
    };
    update(directory, &system(), key(), None, &suspended(true))
        .await
        .unwrap();
    assert_unknown(open(directory, &token).await);
    assert_unknown(accept(directory, &token).await);
    assert!(letter(directory, &system(), &claimed).await.is_none());
    update(directory, &system(), key(), None, &suspended(false))
        .await
        .unwrap();
    opened(open(directory, &token).await);
    delete(directory, &system(), key(), None).await.unwrap();
    assert_unknown(open(directory, &token).await);
    assert_unknown(accept(directory, &token).await);
    assert!(states(&world, made.user.id).await.is_empty());
}

async fn a_password_that_is_set_otherwise_answers_too(world: World) {
    let directory = &world.directory;
    let group = given::group(directory, &system(), "Sales").await.id;
    let change = UserChange {
        groups: vec![grant(group, GroupPermission::ReadTeam)],
        ..person("ada@example.org")
    };
    let change = invited(change, InvitationKind::Verify);
    let made = create(directory, &system(), &change).await.unwrap();
    let token = the_token(directory, EMAIL).await;
    let change = UserChange {
        password: Some(hash(directory, PASSWORD).await),
        ..UserChange::default()
    };
    let key = UserKey::Id(made.user.id);
    let after = update(directory, &system(), key, None, &change)
        .await
        .unwrap();
    assert_eq!(after.groups.len(), 1);
    assert_eq!(after.user.email_verified_at, None);
    assert_eq!(
        states(&world, made.user.id).await[0].1,
        InvitationState::Accepted
    );
    assert_ended(accept(directory, &token).await, InvitationState::Accepted);
}

async fn the_list_is_filtered_paged_and_kept_within_what_is_seen(world: World) {
    let directory = &world.directory;
    let mut users = Vec::new();
    for number in 0..4 {
        let change = invited(
            person(&format!("{number}@example.org")),
            InvitationKind::Invite,
        );
        users.push(create(directory, &system(), &change).await.unwrap().user.id);
    }
    let by_email = tokens(directory, EMAIL).await;
    opened(accept(directory, &by_email[0]).await);
    let (second, _) = states(&world, users[1]).await[0];
    revoke(directory, &system(), second).await.unwrap();
    world.clock.advance(lifetime());
    let (third, _) = states(&world, users[2]).await[0];
    resend(directory, &system(), third).await.unwrap();
    let list = async |actor: &Actor, state, after, limit| {
        let (actor, filter) = (
            actor.clone(),
            InvitationFilter {
                user_id: None,
                state,
            },
        );
        let listed = directory
            .read(move |tx| invitations::list(tx, &actor, &filter, after, limit))
            .await
            .unwrap();
        let users: Vec<i64> = listed.rows.iter().map(|each| each.user_id).collect();
        (users, listed.next.map(|next| next.id))
    };
    let all = system();
    for (state, expected) in [
        (None, users.clone()),
        (Some(InvitationState::Accepted), vec![users[0]]),
        (Some(InvitationState::Revoked), vec![users[1]]),
        (Some(InvitationState::Out), vec![users[2]]),
        (Some(InvitationState::Expired), vec![users[3]]),
    ] {
        assert_eq!(
            list(&all, state, None, 100).await,
            (expected, None),
            "{state:?}"
        );
    }
    let (first, next) = list(&all, None, None, 3).await;
    assert_eq!(first, users[..3]);
    assert_eq!(list(&all, None, next, 3).await, (vec![users[3]], None));
    let account = given::account(directory, &system(), "Acme").await;
    let narrow = Actor {
        visibility: Visibility::Account(account),
        ..system()
    };
    assert_eq!(list(&narrow, None, None, 100).await, (vec![], None));
    let stranger = tenant(directory, "stranger").await;
    assert_eq!(list(&stranger, None, None, 100).await, (vec![], None));
}

async fn managing_needs_its_permission_and_its_tenant(world: World) {
    use directory::permission::PermissionSet;
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    let made = create(directory, &system(), &invited_worker())
        .await
        .unwrap();
    let (id, _) = states(&world, made.user.id).await[0];
    let stranger = tenant(directory, "stranger").await;
    for number in [id, id + 1_000_000] {
        for refused in [
            resend(directory, &stranger, number).await,
            revoke(directory, &stranger, number).await,
        ] {
            assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
        }
    }
    let weak = Actor {
        permissions: PermissionSet::NONE,
        ..system()
    };
    let pool = Actor {
        visibility: Visibility::PublicPool { account },
        ..system()
    };
    for actor in [weak, pool] {
        for refused in [
            resend(directory, &actor, id).await,
            revoke(directory, &actor, id).await,
        ] {
            assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        }
    }
    assert_eq!(
        states(&world, made.user.id).await[0].1,
        InvitationState::Out
    );
}
