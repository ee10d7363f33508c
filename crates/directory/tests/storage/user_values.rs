//! Users: every field, and every value that one may hold.

use std::time::Duration;

use directory::clock::to_millisecond;
use directory::event::EventType;
use directory::model::{
    DeliveryChannel, DrugTest, Email, EmployerRole, GroupPermission, NotificationPreference,
    OnboardingState, Phone, User, UserKind, W2Status,
};
use directory::query::UserFilter;
use directory::users::{BadgeChange, Change, GroupGrant, RoleGrant, UserChange, UserKey};
use directory::violation::{Path, Rule};
use directory::{Actor, Error};
use jiff::Timestamp;

use crate::given::{self, broken, create, email, get, person, phone, set, system, update, worker};
use crate::harness::World;

on_each_engine!(
    every_field_of_a_worker_is_kept,
    every_field_of_an_employer_is_kept,
    every_field_can_be_changed_and_cleared,
    texts_of_any_script_are_kept,
    any_rating_is_kept_to_the_last_bit,
    times_are_kept_to_the_millisecond_in_any_year,
    a_key_that_holds_nul_finds_nothing,
    a_text_that_holds_nul_is_refused,
);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A change that names every plain field, and the user that it makes of `user`.
fn common(user: &mut User, team: i64) -> UserChange {
    user.email = Email::parse("Ada.Lovelace@Example.org").ok();
    user.first_name = Some("Ada".to_owned());
    user.middle_name = Some("King".to_owned());
    user.last_name = Some("Lovelace".to_owned());
    user.name = Some("Countess Lovelace".to_owned());
    user.gender = Some("female".to_owned());
    user.phone = Phone::parse("(415) 555-2671").ok();
    user.avatar_url = Some("https://example.org/ada.png?a=1&b=\"2\"".to_owned());
    user.address = Some("12 St James's Square".to_owned());
    user.city = Some("London".to_owned());
    user.state = Some("CA".to_owned());
    user.zip = Some("SW1Y 4JH".to_owned());
    user.timezone = Some("Europe/London".to_owned());
    user.title = Some("Analyst".to_owned());
    user.external_id = Some("ext-1".to_owned());
    user.rating = Some(4.35);
    user.agreed_to_terms = Some(true);
    user.agreed_to_terms_at = Some(at("2026-01-02T03:04:05.678Z"));
    user.featured = Some(false);
    user.public_profile = Some(true);
    user.team_id = Some(team);
    user.suspended_at = Some(at("2025-12-31T23:59:59.999Z"));
    UserChange {
        email: email("Ada.Lovelace@Example.org"),
        first_name: set("Ada"),
        middle_name: set("King"),
        last_name: set("Lovelace"),
        name: set("Countess Lovelace"),
        gender: set("female"),
        phone: phone("(415) 555-2671"),
        avatar_url: set("https://example.org/ada.png?a=1&b=\"2\""),
        address: set("12 St James's Square"),
        city: set("London"),
        state: set("CA"),
        zip: set("SW1Y 4JH"),
        timezone: set("Europe/London"),
        title: set("Analyst"),
        external_id: set("ext-1"),
        rating: Change::Set(4.35),
        agreed_to_terms: Change::Set(true),
        agreed_to_terms_at: Change::Set(at("2026-01-02T03:04:05.678Z")),
        featured: Change::Set(false),
        public_profile: Change::Set(true),
        team_id: Change::Set(team),
        suspended: Change::Set(true),
        suspended_at: Change::Set(at("2025-12-31T23:59:59.999Z")),
        ..UserChange::default()
    }
}

/// The same, of a worker.
pub(crate) fn of_worker(user: &mut User, team: i64) -> UserChange {
    user.kind = Some(UserKind::Worker);
    user.verified_phone = Some("+14155552671".to_owned());
    user.phone_verified_at = Some(at("2026-02-03T04:05:06.007Z"));
    user.synced_worker_id = Some(9_007_199_254_740_993);
    user.onboarding_state = Some(OnboardingState::TakeQuiz);
    user.w2_onboarding_status = Some(W2Status::Queued);
    user.w2_employee_id = Some("w2-77".to_owned());
    user.drug_tested = Some(DrugTest::Passed);
    UserChange {
        kind: Change::Set(UserKind::Worker),
        verified_phone: set("+14155552671"),
        phone_verified_at: Change::Set(at("2026-02-03T04:05:06.007Z")),
        synced_worker_id: Change::Set(9_007_199_254_740_993),
        onboarding_state: Change::Set(OnboardingState::TakeQuiz),
        w2_onboarding_status: Change::Set(W2Status::Queued),
        w2_employee_id: set("w2-77"),
        drug_tested: Change::Set(DrugTest::Passed),
        ..common(user, team)
    }
}

/// A user as `create` should leave them before anything is set.
fn new_user(made: &User, world: &World, actor: &Actor) -> User {
    let mut user = User::blank(made.id, made.uid.clone(), world.now());
    user.created_by = actor.email.clone();
    user.updated_by = actor.email.clone();
    user
}

fn with_email(address: &str) -> Actor {
    Actor {
        email: Some(address.to_owned()),
        ..system()
    }
}

async fn every_field_of_a_worker_is_kept(world: World) {
    let directory = &world.directory;
    let actor = with_email("Ops@example.org");
    let team = given::group(directory, &actor, "Sales").await;
    let first = given::badge(directory, &actor, "Forklift").await;
    let preference = NotificationPreference {
        event: EventType::UserCreated,
        account_id: None,
        channels: vec![DeliveryChannel::Website, DeliveryChannel::Sms],
    };
    let mut plain = User::blank(0, String::new(), world.now());
    let change = UserChange {
        badges: vec![BadgeChange {
            badge_id: Some(first),
            ..BadgeChange::default()
        }],
        groups: vec![GroupGrant {
            path: Path::field("groups"),
            group_id: team.id,
            permission: GroupPermission::SendTeam,
        }],
        roles: vec![RoleGrant {
            path: Path::field("roles"),
            name: "viewer".to_owned(),
            account_id: None,
        }],
        preferences: Some(vec![preference.clone()]),
        ..of_worker(&mut plain, team.id)
    };
    let made = create(directory, &actor, &change).await.unwrap();
    let mut expected = new_user(&made.user, &world, &actor);
    of_worker(&mut expected, team.id);
    assert_eq!(made.user, expected);
    assert_eq!(made.user.uid.len(), 32);
    assert_eq!(made.badges[0].badge_id, first);
    assert_eq!(made.badges[0].name, "Forklift");
    assert_eq!(made.badges[0].created_at, world.now());
    assert_eq!(made.groups[0].group_id, team.id);
    assert_eq!(made.groups[0].permission, GroupPermission::SendTeam);
    assert_eq!(made.roles, ["viewer"]);
    assert_eq!(made.preferences, [preference]);
    // As another node reads it, by each of the keys.
    let other = world.another().await;
    for key in [
        UserKey::Id(made.user.id),
        UserKey::Uid(made.user.uid.clone()),
        UserKey::Email("ada.lovelace@example.org".to_owned()),
    ] {
        assert_eq!(get(&other, &actor, key).await.unwrap(), made);
    }
    let listed = given::list(&other, &actor, &UserFilter::default()).await;
    assert_eq!(listed, [made]);
}

async fn every_field_of_an_employer_is_kept(world: World) {
    let directory = &world.directory;
    let actor = with_email("ops@example.org");
    let team = given::group(directory, &actor, "Sales").await;
    let customer = given::account(directory, &actor, "Acme").await;
    let mut plain = User::blank(0, String::new(), world.now());
    let change = UserChange {
        kind: Change::Set(UserKind::Employer),
        customer_id: Change::Set(customer),
        employer_role: Change::Set(EmployerRole::CustomerAdmin),
        ..common(&mut plain, team.id)
    };
    let made = create(directory, &actor, &change).await.unwrap();
    let mut expected = new_user(&made.user, &world, &actor);
    common(&mut expected, team.id);
    expected.kind = Some(UserKind::Employer);
    expected.customer_id = Some(customer);
    expected.employer_role = Some(EmployerRole::CustomerAdmin);
    assert_eq!(made.user, expected);
    let key = UserKey::Id(made.user.id);
    assert_eq!(get(directory, &actor, key).await.unwrap(), made);
    assert_eq!(made.accounts[0].account_name, "Acme");
}

async fn every_field_can_be_changed_and_cleared(world: World) {
    let directory = &world.directory;
    let actor = with_email("ops@example.org");
    let team = given::group(directory, &actor, "Sales").await;
    let made = create(directory, &actor, &worker("plain@example.org"))
        .await
        .unwrap();
    let key = UserKey::Id(made.user.id);

    world.clock.advance(Duration::from_millis(1_234));
    let editor = with_email("editor@example.org");
    let mut expected = made.user.clone();
    let change = of_worker(&mut expected, team.id);
    expected.updated_by = editor.email.clone();
    expected.updated_at = world.now();
    expected.version = 2;
    let changed = update(directory, &editor, key.clone(), Some(1), &change)
        .await
        .unwrap();
    assert_eq!(changed.user, expected);
    assert_eq!(get(directory, &actor, key.clone()).await.unwrap(), changed);

    let clear = UserChange {
        first_name: Change::Clear,
        middle_name: Change::Clear,
        last_name: Change::Clear,
        name: Change::Clear,
        gender: Change::Clear,
        phone: Change::Clear,
        verified_phone: Change::Clear,
        phone_verified_at: Change::Clear,
        avatar_url: Change::Clear,
        address: Change::Clear,
        city: Change::Clear,
        state: Change::Clear,
        zip: Change::Clear,
        timezone: Change::Clear,
        title: Change::Clear,
        external_id: Change::Clear,
        rating: Change::Clear,
        agreed_to_terms: Change::Clear,
        agreed_to_terms_at: Change::Clear,
        featured: Change::Clear,
        public_profile: Change::Clear,
        team_id: Change::Clear,
        synced_worker_id: Change::Clear,
        onboarding_state: Change::Clear,
        w2_onboarding_status: Change::Clear,
        w2_employee_id: Change::Clear,
        drug_tested: Change::Clear,
        suspended: Change::Set(false),
        ..UserChange::default()
    };
    let cleared = update(directory, &editor, key.clone(), Some(2), &clear)
        .await
        .unwrap();
    let mut expected = made.user.clone();
    expected.email = changed.user.email.clone();
    expected.updated_by = editor.email.clone();
    expected.updated_at = world.now();
    expected.version = 3;
    assert_eq!(cleared.user, expected);
    assert_eq!(get(directory, &actor, key).await.unwrap(), cleared);
}

async fn texts_of_any_script_are_kept(world: World) {
    let directory = &world.directory;
    let family = "👩‍👩‍👧‍👦";
    for (number, text) in [
        "Łukasz",
        "李小龍",
        "अनिल",
        "e\u{301}va and éva",
        family,
        "Robert'); DROP TABLE users;--",
        "\"quoted\" \\ back\\slash \\u0000",
        "line\nbreak\ttab\u{1}\u{7f}",
        "{\"a\":[1,2,{\"b\":null}]}",
        "\u{10FFFF}\u{FEFF}\u{202E}",
        " kept as given ",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        let change = UserChange {
            first_name: set(text),
            name: set(text),
            address: set(text),
            state: set(text),
            external_id: set(text),
            ..person(&format!("user{number}@example.org"))
        };
        let made = create(directory, &system(), &change).await.unwrap();
        let read = get(directory, &system(), UserKey::Id(made.user.id))
            .await
            .unwrap();
        for (field, kept) in [
            ("first_name", &read.user.first_name),
            ("name", &read.user.name),
            ("address", &read.user.address),
            ("state", &read.user.state),
            ("external_id", &read.user.external_id),
        ] {
            assert_eq!(kept.as_deref(), Some(text), "{field}");
        }
    }
}

async fn any_rating_is_kept_to_the_last_bit(world: World) {
    let directory = &world.directory;
    let made = create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    let key = UserKey::Id(made.user.id);
    let mut wrong = Vec::new();
    for step in 0..400_u32 {
        let rating = f64::from(step) / 80.0 * 0.999_999_999_7 + f64::EPSILON;
        let change = UserChange {
            rating: Change::Set(rating),
            ..UserChange::default()
        };
        update(directory, &system(), key.clone(), None, &change)
            .await
            .unwrap();
        let read = get(directory, &system(), key.clone()).await.unwrap();
        if read.user.rating.map(f64::to_bits) != Some(rating.to_bits()) {
            wrong.push((rating, read.user.rating));
        }
    }
    assert_eq!(wrong, []);
}

async fn times_are_kept_to_the_millisecond_in_any_year(world: World) {
    let directory = &world.directory;
    for (number, time) in [
        "0000-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999Z",
        "1970-01-01T00:00:00Z",
        "1999-12-31T23:59:59.999Z",
        "2000-01-01T00:00:00.001Z",
        "2038-01-19T03:14:08.500Z",
        "9999-12-30T22:00:00.999Z",
        "2026-01-02T03:04:05.678901234Z",
        "1969-12-31T23:59:59.999999Z",
    ]
    .into_iter()
    .enumerate()
    {
        let change = UserChange {
            suspended_at: Change::Set(at(time)),
            agreed_to_terms_at: Change::Set(at(time)),
            ..person(&format!("user{number}@example.org"))
        };
        let made = create(directory, &system(), &change).await.unwrap();
        let read = get(directory, &system(), UserKey::Id(made.user.id))
            .await
            .unwrap();
        let kept = Some(to_millisecond(at(time)));
        assert_eq!(read.user.suspended_at, kept);
        assert_eq!(read.user.agreed_to_terms_at, kept);
        assert_eq!(read, made, "what is answered is what is kept");
        assert_eq!(read.user.created_at, world.now());
    }
}

async fn a_key_that_holds_nul_finds_nothing(world: World) {
    let directory = &world.directory;
    create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    for key in [
        UserKey::Uid("\0".to_owned()),
        UserKey::Email("ada@example.org\0".to_owned()),
    ] {
        let absent = get(directory, &system(), key).await;
        assert!(matches!(absent, Err(Error::NotFound)), "{absent:?}");
    }
    let filter = UserFilter {
        first_name: Some("\0".to_owned()),
        ..UserFilter::default()
    };
    assert_eq!(given::list(directory, &system(), &filter).await, []);
    let filter = UserFilter {
        external_id: vec!["a\0".to_owned()],
        state: vec!["\0".to_owned()],
        ..UserFilter::default()
    };
    assert_eq!(given::list(directory, &system(), &filter).await, []);
}

async fn a_text_that_holds_nul_is_refused(world: World) {
    let directory = &world.directory;
    let nul = || set("a\0b");
    let change = UserChange {
        first_name: nul(),
        middle_name: nul(),
        last_name: nul(),
        name: nul(),
        gender: nul(),
        verified_phone: nul(),
        avatar_url: nul(),
        address: nul(),
        city: nul(),
        state: nul(),
        zip: nul(),
        timezone: nul(),
        title: nul(),
        external_id: nul(),
        w2_employee_id: nul(),
        roles: vec![RoleGrant {
            path: Path::field("roles").child(0),
            name: "a\0".to_owned(),
            account_id: None,
        }],
        ..worker("ada@example.org")
    };
    let refused = broken(create(directory, &system(), &change).await);
    let bad = refused.iter().filter(|(_, rule)| *rule == Rule::BadFormat);
    assert_eq!(bad.count(), 15, "{refused:?}");
    assert!(refused.contains(&("roles.0".to_owned(), Rule::MustExist)));
}
