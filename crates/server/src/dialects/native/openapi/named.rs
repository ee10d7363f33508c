//! Accounts, groups, badges and jobs.

use directory::accounts::MAX_NAME;
use directory::jobs::STATES;
use directory::model::{MAX_TEXT, Place};
use directory::redirects::MAX_REDIRECT;

use super::{acting, nullable, page, paged, reading, repeatable, versioned, writing};
use crate::openapi::operation::{Content, Operation};
use crate::openapi::schema::{
    Schema, boolean, count, id, input, named, number, one_of, shape, text, time,
};

/// A name that must be there: of what is more than white space.
fn name() -> Schema {
    text().shortest(1).longest(MAX_NAME).pattern(r"\S")
}

/// A thing that was made, and when it was changed.
fn kept(own: Vec<(&'static str, Schema)>) -> Schema {
    let ends = [
        ("created_at", time()),
        ("updated_at", time()),
        ("version", id()),
    ];
    shape([("id", id())].into_iter().chain(own).chain(ends))
}

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let group = vec![
        ("slug", text()),
        ("name", text()),
        nullable("public_name", text()),
        ("member_count", count(0, i64::MAX)),
    ];
    let badge = shape([
        ("id", id()),
        ("name", text()),
        nullable("description", text()),
        nullable("info_url", text()),
        nullable("icon_url", text()),
        ("soft", boolean()),
        ("created_at", time()),
    ]);
    let words = || text().longest(MAX_TEXT);
    let new_badge = input([
        ("name", name()),
        nullable("description", words()),
        nullable("info_url", words()),
        nullable("icon_url", words()),
        nullable("soft", boolean()),
    ]);
    let uri = text()
        .format("web-address")
        .shortest(1)
        .longest(MAX_REDIRECT)
        .pattern("^https?://[!-~]+$");
    let uri = uri.says("Whole and exact; http for this machine alone.");
    let new_group = input([
        ("name", name()),
        nullable("public_name", text().longest(MAX_NAME)),
    ]);
    vec![
        ("Account", kept(vec![("name", text())])),
        (
            "AccountCreation",
            input([("name", name())]).requires(&["name"]).closed(),
        ),
        ("Group", kept(group)),
        ("GroupCreation", new_group.requires(&["name"]).closed()),
        ("Badge", badge),
        ("BadgeCreation", new_badge.requires(&["name"]).closed()),
        (
            "Redirect",
            shape([("id", id()), ("uri", text()), ("created_at", time())]),
        ),
        (
            "RedirectCreation",
            input([("uri", uri)]).requires(&["uri"]).closed(),
        ),
        ("Job", job()),
        ("JobReport", job_report()),
    ]
}

fn place() -> [(&'static str, Schema); 2] {
    let degrees = |most: f64| number(-most, most);
    [
        nullable("latitude", degrees(Place::MAX_LATITUDE)),
        nullable("longitude", degrees(Place::MAX_LONGITUDE)),
    ]
}

fn job() -> Schema {
    let own = [
        ("id", id()),
        ("external_id", text()),
        ("worker_id", id()),
        ("account_id", id()),
        nullable("name", text()),
        ("state", one_of(STATES)),
        ("at", time().says("Since when it is in this state.")),
    ];
    shape(
        own.into_iter()
            .chain(place())
            .chain([("created_at", time()), ("version", id())]),
    )
}

fn job_report() -> Schema {
    let own = [
        ("worker_id", id()),
        ("account_id", id()),
        nullable("name", text().longest(MAX_NAME)),
        ("state", one_of(STATES)),
        nullable("at", time().says("Since when; now, unless said.")),
    ];
    let report = input(own.into_iter().chain(place()));
    report
        .requires(&["worker_id", "account_id", "state"])
        .closed()
}

/// The three calls of a thing with a name.
struct Named {
    tag: &'static str,
    schema: &'static str,
    creation: &'static str,
    list: (&'static str, &'static str, &'static str),
    create: (&'static str, &'static str),
    one: (&'static str, &'static str, &'static str),
}

const ALL: [Named; 3] = [
    Named {
        tag: "Accounts",
        schema: "Account",
        creation: "AccountCreation",
        list: ("/v1/accounts", "listAccounts", "Accounts, by number"),
        create: ("createAccount", "Makes an account"),
        one: ("/v1/accounts/{id}", "getAccount", "One account"),
    },
    Named {
        tag: "Groups",
        schema: "Group",
        creation: "GroupCreation",
        list: ("/v1/groups", "listGroups", "Groups, by number"),
        create: ("createGroup", "Makes a group"),
        one: ("/v1/groups/{id}", "getGroup", "One group"),
    },
    Named {
        tag: "Badges",
        schema: "Badge",
        creation: "BadgeCreation",
        list: ("/v1/badges", "listBadges", "Badges, by number"),
        create: ("createBadge", "Makes a badge"),
        one: ("/v1/badges/{id}", "getBadge", "One badge"),
    },
];

impl Named {
    fn operations(&self) -> [Operation; 3] {
        let shown = || Content::json(named(self.schema));
        let (path, listed, words) = self.list;
        let list = Operation::get(path, listed).is(self.tag, words);
        let (made, words) = self.create;
        let make = Operation::post(path, made).is(self.tag, words);
        let (path, one, words) = self.one;
        let show = Operation::get(path, one).is(self.tag, words);
        [
            page(paged(list), self.schema),
            repeatable(writing(make, named(self.creation)))
                .answers(201, "What was made.", shown())
                .with_headers(&["Location", "ETag", "Idempotency-Replayed?"]),
            reading(show.names("id", id(), "Its number."))
                .answers(200, "It.", shown())
                .with_headers(&["ETag"]),
        ]
    }
}

pub(super) fn operations() -> Vec<Operation> {
    let mut all: Vec<Operation> = ALL.iter().flat_map(Named::operations).collect();
    all.extend(jobs());
    all.extend(redirects());
    all
}

fn jobs() -> [Operation; 3] {
    let named_by = |operation: Operation| {
        let words = "The job's id in the system that reports it.";
        operation.names("external_id", text().shortest(1).longest(MAX_NAME), words)
    };
    let path = "/v1/jobs/{external_id}";
    let report = Operation::put(path, "putJob")
        .is("Jobs", "Reports the state of a job")
        .says(
            "Makes the job where it is not known. A state, worker or account that it did not have \
             is a transition, kept with its time and place. A report of before the job came into \
             its state is kept and changes nothing; one of more than ten minutes to come is \
             refused.",
        );
    let list = Operation::get("/v1/jobs", "listJobs")
        .is("Jobs", "Jobs, by number")
        .asks("worker_id", id(), "Of this worker.")
        .asks("account_id", id(), "For this account.")
        .asks("state", one_of(STATES), "In this state.")
        .asks(
            "external_id",
            text().shortest(1),
            "Of this id in the system that reports it.",
        );
    let show = Operation::get(path, "getJob").is("Jobs", "One job");
    let shown = || Content::json(named("Job"));
    [
        page(paged(list), "Job"),
        reading(named_by(show))
            .answers(200, "The job.", shown())
            .with_headers(&["ETag"]),
        versioned(writing(named_by(report), named("JobReport")))
            .shares(&["NotFound"])
            .answers(200, "The job, which was known.", shown())
            .with_headers(&["ETag"])
            .answers(201, "The job, which is new.", shown())
            .with_headers(&["ETag"]),
    ]
}

/// Where pages may lead to.
fn redirects() -> [Operation; 3] {
    let tag = "Redirects";
    let list = Operation::get("/v1/redirects", "listRedirects").is(tag, "Redirects, by number");
    let add = Operation::post("/v1/redirects", "createRedirect").is(tag, "Allows a redirect");
    let remove = Operation::delete("/v1/redirects/{id}", "deleteRedirect")
        .is(tag, "Allows a redirect no more")
        .names("id", id(), "Its number.");
    [
        page(paged(list), "Redirect"),
        repeatable(writing(add, named("RedirectCreation")))
            .answers(201, "What was added.", Content::json(named("Redirect")))
            .with_headers(&["Location", "ETag", "Idempotency-Replayed?"]),
        acting(remove).answers_empty(204, "No page leads there any more."),
    ]
}
