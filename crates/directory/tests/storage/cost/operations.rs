//! The operations that are measured, each as a dialect does it.

use std::pin::Pin;
use std::sync::Arc;

use directory::idempotency::{self, IdempotencyKey};
use directory::keys::Credential;
use directory::model::{DrugTest, OnboardingState, UserKind, W2Status};
use directory::query::{
    InvitationFilter, JobFilter, PageNumber, Position, UserFilter, UserOrder, UserPage,
};
use directory::store::{Job, Tx};
use directory::users::{self, UserChange, UserKey};
use directory::violation::Violations;
use directory::{Actor, Directory, Error, Visibility, invitations, jobs};

use super::setting::{EMPLOYEE, RARE, Setting, in_group};
use crate::atomicity::answer;
use crate::given::{self, ALL, employer, person, phone, set, system, worker};

type Done = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Something done through a directory, each time with another number.
pub(super) struct Operation {
    pub(super) name: &'static str,
    run: Box<dyn Fn(Directory, usize) -> Done + Send + Sync>,
}

impl Operation {
    pub(super) async fn run(&self, directory: &Directory, number: usize) {
        let done = (self.run)(directory.clone(), number).await;
        done.unwrap_or_else(|failed| panic!("{}: {failed:?}", self.name));
    }
}

/// All of them; a restoration finds what a deletion before it left.
pub(super) fn operations(setting: &Arc<Setting>) -> Vec<Operation> {
    let mut all = creations(setting);
    all.extend(repeated());
    all.extend(reads_of_one(setting));
    all.extend(lists(setting));
    all.extend(pages(setting));
    all.extend(pages_by_change(setting));
    all.extend(lists_of_others(setting));
    all.extend(changes(setting));
    all.extend(checks_of_keys(setting));
    all
}

fn write(
    name: &'static str,
    run: impl Fn(&Tx<'_>, usize) -> Result<(), Error> + Clone + Send + Sync + 'static,
) -> Operation {
    Operation {
        name,
        run: Box::new(move |directory, number| {
            let run = run.clone();
            Box::pin(async move { directory.write(move |tx| run(tx, number)).await })
        }),
    }
}

fn read(
    name: &'static str,
    run: impl Fn(&Tx<'_>, usize) -> Result<(), Error> + Clone + Send + Sync + 'static,
) -> Operation {
    Operation {
        name,
        run: Box::new(move |directory, number| {
            let run = run.clone();
            Box::pin(async move { directory.read(move |tx| run(tx, number)).await })
        }),
    }
}

fn creations(setting: &Arc<Setting>) -> Vec<Operation> {
    let create = |name: &'static str, shape: fn(&Setting, usize) -> UserChange| {
        let setting = Arc::clone(setting);
        write(name, move |tx, number| {
            let mut change = shape(&setting, number);
            let address = format!("{}.{number}@example.net", name.replace([' ', ':'], "-"));
            change.email = given::email(&address);
            let actor = Actor {
                account: name.contains("bound key").then_some(setting.account),
                ..system()
            };
            users::create(tx, &actor, &change, Violations::new(), ALL).map(drop)
        })
    };
    vec![
        create("create: an email", |_, _| UserChange::default()),
        create("create: a password", |setting, _| protected(setting)),
        create("create: a worker with a phone", |setting, number| {
            UserChange {
                kind: worker("x@example.net").kind,
                phone: phone(&format!("415 555 2{number:0>3}")),
                ..protected(setting)
            }
        }),
        create("create: an employer", |setting, _| {
            employer("x@example.net", setting.account)
        }),
        create("create: in a group", |setting, _| UserChange {
            groups: vec![in_group(setting.group)],
            ..protected(setting)
        }),
        create("create: by a bound key", |_, _| UserChange::default()),
    ]
}

fn protected(setting: &Setting) -> UserChange {
    UserChange {
        password: Some(setting.password.clone()),
        ..UserChange::default()
    }
}

fn the_key(number: usize) -> IdempotencyKey {
    IdempotencyKey {
        principal: "key:1-abc".to_owned(),
        route: "POST /v1/users".to_owned(),
        key: number.to_string(),
        request_hash: "hash".to_owned(),
    }
}

fn repeated() -> Vec<Operation> {
    vec![
        write("create: with an Idempotency-Key", |tx, number| {
            let (actor, key) = (system(), the_key(number));
            assert_eq!(idempotency::reserve(tx, &actor, &key)?, None);
            let change = person(&format!("once.{number}@example.net"));
            users::create(tx, &actor, &change, Violations::new(), ALL)?;
            idempotency::keep(tx, &actor, &key, &answer())
        }),
        read("replay: with an Idempotency-Key", |tx, number| {
            let replayed = idempotency::replay(tx, &system(), &the_key(number))?;
            assert_eq!(replayed, Some(answer()));
            Ok(())
        }),
    ]
}

fn reads_of_one(setting: &Arc<Setting>) -> Vec<Operation> {
    let get = |name, key: UserKey| {
        read(name, move |tx, _| {
            users::get(tx, &system(), &key, ALL).map(drop)
        })
    };
    let middle = &setting.middle;
    let email = middle.email.as_ref().unwrap().key().to_owned();
    vec![
        get("get: by number", UserKey::Id(middle.id)),
        get("get: by opaque id", UserKey::Uid(middle.uid.clone())),
        get("get: by email", UserKey::Email(email)),
        // The first has an account and a group.
        get("get: one with parts", UserKey::Id(setting.ids[0])),
    ]
}

fn first_page() -> UserPage {
    UserPage {
        limit: 50,
        ..given::first_page()
    }
}

/// A list that must find a whole page, or everybody who has what is rare.
fn list(name: &'static str, filter: UserFilter, page: UserPage, rows: usize) -> Operation {
    read(name, move |tx, _| {
        let found = users::list(tx, &system(), &filter, &page, ALL)?;
        assert_eq!(found.rows.len(), rows, "{name}");
        Ok(())
    })
}

fn lists(setting: &Arc<Setting>) -> Vec<Operation> {
    let by = |name, filter| list(name, filter, first_page(), 50);
    let any = UserFilter::default;
    let mut all = vec![by("list 50", any())];
    for (name, filter) in filters(setting) {
        all.push(by(name, filter));
    }
    let email = UserFilter {
        email: setting.middle.email.clone(),
        ..any()
    };
    all.push(list("list: an email", email, first_page(), 1));
    let employee = UserFilter {
        w2_employee_id: Some(EMPLOYEE.to_owned()),
        ..any()
    };
    all.push(list("list: an employee id", employee, first_page(), 1));
    let pool = Actor {
        visibility: Visibility::PublicPool {
            account: setting.account,
        },
        ..system()
    };
    all.push(read("list: at work for an account", move |tx, _| {
        let found = users::list(tx, &pool, &UserFilter::default(), &first_page(), ALL)?;
        assert_eq!(found.rows.len(), 1);
        Ok(())
    }));
    all
}

/// Filters that 50 users and a few more match, however many there are.
fn filters(setting: &Arc<Setting>) -> Vec<(&'static str, UserFilter)> {
    let any = UserFilter::default;
    let rare = || Some(RARE.to_owned());
    let with = |adjust: &dyn Fn(&mut UserFilter)| {
        let mut filter = any();
        adjust(&mut filter);
        filter
    };
    let two = || vec![RARE.to_owned(), "nowhere".to_owned()];
    vec![
        (
            "list 50: a first name",
            with(&|filter| filter.first_name = rare()),
        ),
        (
            "list 50: a last name",
            with(&|filter| filter.last_name = rare()),
        ),
        (
            "list 50: an external id",
            with(&|filter| filter.external_id = vec![RARE.to_owned()]),
        ),
        (
            "list 50: two external ids",
            with(&|filter| filter.external_id = two()),
        ),
        (
            "list 50: a customer",
            with(&|filter| filter.customer_id = Some(setting.account)),
        ),
        (
            "list 50: employers",
            with(&|filter| filter.kind = Some(UserKind::Employer)),
        ),
        ("list 50: two states", with(&|filter| filter.state = two())),
        (
            "list 50: two onboarding states",
            with(&|filter| {
                filter.onboarding_state = vec![OnboardingState::Complete, OnboardingState::Call];
            }),
        ),
        (
            "list 50: two W2 statuses",
            with(&|filter| {
                filter.w2_onboarding_status = vec![W2Status::Completed, W2Status::Queued];
            }),
        ),
        (
            "list 50: a drug test",
            with(&|filter| filter.drug_tested = vec![DrugTest::Passed]),
        ),
        (
            "list 50: all but one of all filters",
            with(&|filter| {
                filter.first_name = rare();
                filter.last_name = rare();
                filter.external_id = two();
                filter.kind = Some(UserKind::Worker);
                filter.state = two();
                filter.onboarding_state = vec![OnboardingState::Complete];
                filter.w2_onboarding_status = vec![W2Status::Completed];
                filter.drug_tested = vec![DrugTest::Passed, DrugTest::Failed];
                filter.updated_before = Some(setting.last_change + jiff::Span::new().hours(1));
            }),
        ),
        (
            "list 50: an account",
            with(&|filter| filter.account_id = Some(setting.account)),
        ),
        (
            "list 50: a group",
            with(&|filter| filter.group_id = Some(setting.group)),
        ),
        (
            "list 50: of the last 200 changed",
            with(&|filter| {
                let before = setting.last_change - jiff::Span::new().milliseconds(1);
                filter.updated_after = Some(before);
            }),
        ),
    ]
}

fn pages(setting: &Arc<Setting>) -> Vec<Operation> {
    let after = Some(Position {
        time: setting.middle.updated_at,
        id: setting.middle.id,
    });
    let page = |order, descending| UserPage {
        order,
        descending,
        after: after.clone(),
        limit: 50,
    };
    let any = UserFilter::default;
    let middle = |name, page| list(name, any(), page, 50);
    vec![
        middle("page in the middle", page(UserOrder::Id, false)),
        middle("page in the middle: backwards", page(UserOrder::Id, true)),
        middle(
            "page in the middle: by last change",
            page(UserOrder::UpdatedAt, false),
        ),
        middle(
            "page in the middle: last change first",
            page(UserOrder::UpdatedAt, true),
        ),
        numbered("page 2 by its number", any(), 2, 50),
        numbered("page 19 by its number", any(), 19, 50),
        numbered(
            "page 5 of 10 of two states",
            UserFilter {
                state: vec![RARE.to_owned(), "nowhere".to_owned()],
                ..any()
            },
            5,
            10,
        ),
    ]
}

/// By the last change, of what some 60 users have in common.
fn pages_by_change(setting: &Arc<Setting>) -> Vec<Operation> {
    let page = |descending| UserPage {
        order: UserOrder::UpdatedAt,
        descending,
        ..first_page()
    };
    let rare = Some(RARE.to_owned());
    let any = UserFilter::default;
    let pool = Actor {
        visibility: Visibility::PublicPool {
            account: setting.account,
        },
        ..system()
    };
    vec![
        list(
            "by last change: a last name",
            UserFilter {
                last_name: rare.clone(),
                ..any()
            },
            page(false),
            50,
        ),
        list(
            "last change first: two external ids",
            UserFilter {
                external_id: vec![RARE.to_owned(), "nothing".to_owned()],
                ..any()
            },
            page(true),
            50,
        ),
        list(
            "by last change: an account",
            UserFilter {
                account_id: Some(setting.account),
                ..any()
            },
            page(false),
            50,
        ),
        list(
            "last change first: a group",
            UserFilter {
                group_id: Some(setting.group),
                ..any()
            },
            page(true),
            50,
        ),
        read("by last change: at work for an account", move |tx, _| {
            let found = users::list(tx, &pool, &UserFilter::default(), &page(false), ALL)?;
            assert_eq!(found.rows.len(), 1);
            Ok(())
        }),
    ]
}

/// Lists of invitations and of jobs, each of which one user in ten has.
fn lists_of_others(setting: &Arc<Setting>) -> Vec<Operation> {
    let invitations = |name, filter: InvitationFilter, rows: usize| {
        read(name, move |tx, _| {
            let found = invitations::list(tx, &system(), &filter, None, 50)?;
            assert_eq!(found.rows.len(), rows, "{name}");
            Ok(())
        })
    };
    let jobs = |name, filter: JobFilter, rows: usize| {
        read(name, move |tx, _| {
            let found = jobs::list(tx, &system(), &filter, None, 50)?;
            assert_eq!(found.rows.len(), rows, "{name}");
            Ok(())
        })
    };
    let any = JobFilter::default;
    let worker_id = Some(setting.ids[13]);
    let account_id = Some(setting.elsewhere);
    let state = Some("no_show".to_owned());
    vec![
        invitations("list 50 invitations", InvitationFilter::default(), 50),
        invitations(
            "list invitations: of a user",
            InvitationFilter {
                user_id: Some(setting.ids[14]),
                state: None,
            },
            1,
        ),
        jobs("list 50 jobs", any(), 50),
        jobs(
            "list jobs: of a worker",
            JobFilter { worker_id, ..any() },
            1,
        ),
        jobs(
            "list 50 jobs: for an account",
            JobFilter {
                account_id,
                ..any()
            },
            50,
        ),
        jobs(
            "list jobs: in a state",
            JobFilter { state, ..any() },
            setting.missed,
        ),
        read("look for expired invitations", |tx, _| {
            assert!(!invitations::any_expired(tx, system().tenant)?);
            Ok(())
        }),
    ]
}

pub(super) fn numbered(
    name: &'static str,
    filter: UserFilter,
    number: usize,
    size: usize,
) -> Operation {
    read(name, move |tx, _| {
        let page = PageNumber { number, size };
        let found = users::page(tx, &system(), &filter, page, ALL)?;
        assert_eq!(found.len(), size);
        Ok(())
    })
}

fn changes(setting: &Arc<Setting>) -> Vec<Operation> {
    let update = |name, change: fn(usize) -> UserChange| {
        let key = UserKey::Id(setting.middle.id);
        write(name, move |tx, number| {
            let (change, none) = (change(number), Violations::new());
            users::update(tx, &system(), &key, None, &change, none, ALL).map(drop)
        })
    };
    let last = |number: usize, setting: &Setting| setting.ids[setting.ids.len() - 1 - number];
    let (deleted, restored, reported) = (
        Arc::clone(setting),
        Arc::clone(setting),
        Arc::clone(setting),
    );
    vec![
        update("update: a plain field", |number| UserChange {
            city: set(&format!("City {number}")),
            ..UserChange::default()
        }),
        update("update: the email", |number| {
            person(&format!("new.{number}@example.net"))
        }),
        write("delete", move |tx, number| {
            users::delete(tx, &system(), &UserKey::Id(last(number, &deleted)), None)
        }),
        write("restore", move |tx, number| {
            users::restore(tx, &system(), last(number, &restored), ALL).map(drop)
        }),
        write("report a job", move |tx, number| {
            let job = Job {
                external_id: number.to_string(),
                name: None,
                worker_id: reported.ids[0],
                account_id: reported.account,
                state: "filled".to_owned(),
                state_at: tx.now(),
                place: None,
            };
            jobs::put(tx, &system(), &job.clone().into(), Violations::new()).map(drop)
        }),
    ]
}

fn checks_of_keys(setting: &Arc<Setting>) -> Vec<Operation> {
    let check = |name, credential: fn(&Setting, usize) -> String| {
        let setting = Arc::clone(setting);
        Operation {
            name,
            run: Box::new(move |directory, number| {
                let credential = Credential::Bearer(credential(&setting, number).into());
                Box::pin(async move { directory.authenticate(&credential).await.map(drop) })
            }),
        }
    };
    vec![
        check("key check: not seen before", |setting, number| {
            setting.keys[number].clone()
        }),
        check("key check: seen just now", |setting, _| {
            setting.keys[0].clone()
        }),
        check("token check: seen just now", |setting, _| {
            setting.token.clone()
        }),
    ]
}
