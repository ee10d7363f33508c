//! Each call of each API is refused to a user without its permission, and to no other.

use std::collections::BTreeSet;

use directory::grants;
use directory::keys::NewKey;
use directory::permission::{Permission, PermissionSet};
use directory::users::UserChange;
use directory::violation::Violations;
use muster::openapi::{NAMES, api};
use serde_json::json;

use crate::harness::{Request, Server};
use crate::sessions::{member, person, token};

/// What a call asks of its caller.
#[derive(Clone, Copy)]
enum Need {
    /// A permission, in the account that the request names or tenant-wide.
    Here(Permission),
    /// A permission that counts tenant-wide alone.
    Wide(Permission),
    /// A key, and one of these scopes: no session is taken.
    Key(&'static str),
    /// None: it is about the caller alone, or nobody is asked who they are.
    Nothing,
    /// What decides is told by a form, whose scenarios are in `platformos`.
    Form,
}

/// Each call that is described; `openapi::routes` holds that each route is.
const CALLS: &[(&str, &str, Need)] = {
    use Need::{Form, Here, Key, Nothing, Wide};
    use Permission as P;
    &[
        ("GET", "/v1/users", Here(P::ReadUsers)),
        ("POST", "/v1/users", Here(P::CreateUsers)),
        ("GET", "/v1/users/{id}", Here(P::ReadUsers)),
        ("PATCH", "/v1/users/{id}", Here(P::UpdateUsers)),
        ("DELETE", "/v1/users/{id}", Here(P::DeleteUsers)),
        ("POST", "/v1/users/{id}/restore", Here(P::DeleteUsers)),
        ("POST", "/v1/users/{id}/erase", Here(P::DeleteUsers)),
        ("GET", "/v1/users/{id}/events", Here(P::ReadEvents)),
        ("GET", "/v1/users/{id}/sessions", Here(P::UpdateUsers)),
        ("DELETE", "/v1/users/{id}/sessions", Here(P::UpdateUsers)),
        (
            "POST",
            "/v1/users/{id}/impersonate",
            Here(P::ImpersonateUsers),
        ),
        ("GET", "/v1/users/{id}/roles", Here(P::ReadRoles)),
        ("PUT", "/v1/users/{id}/roles", Here(P::UpdateRoles)),
        ("GET", "/v1/users/{id}/permissions", Here(P::ReadRoles)),
        ("PUT", "/v1/users/{id}/permissions", Here(P::UpdateRoles)),
        ("POST", "/v1/users/{id}/password", Here(P::UpdateUsers)),
        (
            "POST",
            "/v1/users/{id}/password-reset",
            Here(P::UpdateUsers),
        ),
        (
            "POST",
            "/v1/users/{id}/passkey-registration",
            Here(P::UpdateUsers),
        ),
        ("GET", "/v1/users/{id}/passkeys", Here(P::ReadUsers)),
        (
            "GET",
            "/v1/users/{id}/passkeys/{passkey}",
            Here(P::ReadUsers),
        ),
        (
            "PATCH",
            "/v1/users/{id}/passkeys/{passkey}",
            Here(P::UpdateUsers),
        ),
        (
            "DELETE",
            "/v1/users/{id}/passkeys/{passkey}",
            Here(P::UpdateUsers),
        ),
        ("GET", "/v1/users/{id}/notifications", Here(P::ReadUsers)),
        (
            "GET",
            "/v1/users/{id}/notifications/unread",
            Here(P::ReadUsers),
        ),
        (
            "POST",
            "/v1/users/{id}/notifications/read",
            Here(P::UpdateUsers),
        ),
        (
            "POST",
            "/v1/users/{id}/notifications/{notification_id}/read",
            Here(P::UpdateUsers),
        ),
        (
            "GET",
            "/v1/users/{id}/notification-preferences",
            Here(P::ReadUsers),
        ),
        (
            "PUT",
            "/v1/users/{id}/notification-preferences",
            Here(P::UpdateUsers),
        ),
        ("GET", "/v1/invitations", Here(P::ReadUsers)),
        ("POST", "/v1/invitations/{id}/resend", Here(P::CreateUsers)),
        ("POST", "/v1/invitations/{id}/revoke", Here(P::CreateUsers)),
        ("GET", "/v1/jobs", Here(P::ReadUsers)),
        ("GET", "/v1/jobs/{external_id}", Here(P::ReadUsers)),
        ("PUT", "/v1/jobs/{external_id}", Here(P::UpdateUsers)),
        ("GET", "/v1/accounts", Here(P::ReadAccounts)),
        ("POST", "/v1/accounts", Wide(P::CreateAccounts)),
        ("GET", "/v1/accounts/{id}", Here(P::ReadAccounts)),
        ("GET", "/v1/accounts/{id}/members", Here(P::ReadUsers)),
        ("POST", "/v1/accounts/{id}/members", Here(P::UpdateAccounts)),
        (
            "GET",
            "/v1/accounts/{id}/members/{user_id}",
            Here(P::ReadUsers),
        ),
        (
            "PATCH",
            "/v1/accounts/{id}/members/{user_id}",
            Here(P::UpdateAccounts),
        ),
        (
            "DELETE",
            "/v1/accounts/{id}/members/{user_id}",
            Here(P::UpdateAccounts),
        ),
        ("GET", "/v1/groups", Here(P::ReadGroups)),
        ("POST", "/v1/groups", Wide(P::CreateGroups)),
        ("GET", "/v1/groups/{id}", Here(P::ReadGroups)),
        ("GET", "/v1/badges", Here(P::ReadBadges)),
        ("POST", "/v1/badges", Wide(P::CreateBadges)),
        ("GET", "/v1/badges/{id}", Here(P::ReadBadges)),
        ("GET", "/v1/redirects", Wide(P::Administer)),
        ("POST", "/v1/redirects", Wide(P::Administer)),
        ("DELETE", "/v1/redirects/{id}", Wide(P::Administer)),
        ("GET", "/v1/forms", Here(P::ReadForms)),
        ("POST", "/v1/forms", Wide(P::UpdateForms)),
        ("GET", "/v1/forms/{name}", Here(P::ReadForms)),
        ("PUT", "/v1/forms/{name}", Wide(P::UpdateForms)),
        ("GET", "/v1/forms/{name}/schema", Here(P::ReadForms)),
        ("GET", "/v1/roles", Here(P::ReadRoles)),
        ("POST", "/v1/roles", Wide(P::UpdateRoles)),
        ("GET", "/v1/roles/{id}", Here(P::ReadRoles)),
        ("PATCH", "/v1/roles/{id}", Wide(P::UpdateRoles)),
        ("DELETE", "/v1/roles/{id}", Wide(P::UpdateRoles)),
        ("GET", "/v1/events", Here(P::ReadEvents)),
        ("POST", "/v1/events", Here(P::CreateEvents)),
        ("GET", "/v1/events/stream", Here(P::ReadEvents)),
        ("GET", "/v1/event-types", Here(P::ReadEvents)),
        ("GET", "/v1/mandatory-notifications", Here(P::ReadEvents)),
        ("PUT", "/v1/mandatory-notifications", Wide(P::Administer)),
        ("GET", "/v1/webhooks", Here(P::ReadWebhooks)),
        ("POST", "/v1/webhooks", Here(P::UpdateWebhooks)),
        ("GET", "/v1/webhooks/{id}", Here(P::ReadWebhooks)),
        ("PATCH", "/v1/webhooks/{id}", Here(P::UpdateWebhooks)),
        ("DELETE", "/v1/webhooks/{id}", Here(P::UpdateWebhooks)),
        (
            "POST",
            "/v1/webhooks/{id}/rotate-secret",
            Here(P::UpdateWebhooks),
        ),
        ("POST", "/v1/webhooks/{id}/test", Here(P::UpdateWebhooks)),
        ("POST", "/v1/webhooks/{id}/replay", Here(P::UpdateWebhooks)),
        ("GET", "/v1/webhooks/{id}/deliveries", Here(P::ReadWebhooks)),
        (
            "GET",
            "/v1/webhooks/{id}/deliveries/{event_id}",
            Here(P::ReadWebhooks),
        ),
        (
            "POST",
            "/v1/webhooks/{id}/deliveries/{event_id}/replay",
            Here(P::UpdateWebhooks),
        ),
        ("POST", "/v1/sessions", Nothing),
        ("GET", "/v1/sessions", Nothing),
        ("DELETE", "/v1/sessions/{id}", Nothing),
        ("GET", "/v1/session", Nothing),
        ("DELETE", "/v1/session", Nothing),
        ("POST", "/v1/session/rotate", Nothing),
        ("POST", "/v1/password-resets", Nothing),
        ("POST", "/v1/passkeys/registration-options", Nothing),
        ("POST", "/v1/passkeys", Nothing),
        ("POST", "/v1/passkeys/authentication-options", Nothing),
        ("POST", "/v1/passkeys/authenticate", Nothing),
        ("GET", "/health/live", Nothing),
        ("GET", "/health/ready", Nothing),
        ("POST", "/api_v2/authorize", Nothing),
        ("POST", "/api_v2/authenticate", Nothing),
        ("GET", "/api_v2/users", Here(P::ReadUsers)),
        ("POST", "/api_v2/users", Here(P::CreateUsers)),
        ("POST", "/api_v2/users/invite", Here(P::CreateUsers)),
        ("GET", "/api_v2/users/{id}", Here(P::ReadUsers)),
        ("PATCH", "/api_v2/users/{id}", Here(P::UpdateUsers)),
        ("PUT", "/api_v2/users/{id}", Here(P::UpdateUsers)),
        ("GET", "/api_v2/users/{id}/tracking", Here(P::ReadUsers)),
        ("GET", "/api_v2/badges", Here(P::ReadBadges)),
        ("POST", "/api_v2/badges", Wide(P::CreateBadges)),
        ("GET", "/api_v2/badges/{id}", Here(P::ReadBadges)),
        ("GET", "/users", Here(P::ReadUsers)),
        ("POST", "/users", Here(P::CreateUsers)),
        ("GET", "/users/{user}", Here(P::ReadUsers)),
        ("PATCH", "/users/{user}", Here(P::UpdateUsers)),
        ("DELETE", "/users/{user}", Here(P::DeleteUsers)),
        (
            "GET",
            "/users/{user}/notification-preferences",
            Here(P::ReadUsers),
        ),
        (
            "PUT",
            "/users/{user}/notification-preferences",
            Here(P::UpdateUsers),
        ),
        ("GET", "/users/{user}/notifications", Here(P::ReadUsers)),
        (
            "POST",
            "/users/{user}/notifications/read",
            Here(P::UpdateUsers),
        ),
        (
            "POST",
            "/users/{user}/notifications/{id}/read",
            Here(P::UpdateUsers),
        ),
        ("POST", "/auth/login", Nothing),
        ("GET", "/auth/session", Nothing),
        ("POST", "/auth/logout", Nothing),
        ("GET", "/api/users", Here(P::ReadUsers)),
        ("POST", "/api/users", Here(P::CreateUsers)),
        ("GET", "/api/users/{id}", Here(P::ReadUsers)),
        ("PUT", "/api/users/{id}", Form),
        ("PATCH", "/api/users/{id}", Form),
        ("POST", "/api/user/transactables", Form),
        ("PUT", "/api/user/transactables/{id}", Form),
        ("PATCH", "/api/user/transactables/{id}", Form),
        ("DELETE", "/api/user/transactables/{id}", Form),
        ("POST", "/api/user/relationship_users", Form),
        ("PUT", "/api/user/relationship_users/{id}", Form),
        ("PATCH", "/api/user/relationship_users/{id}", Form),
        ("DELETE", "/api/user/relationship_users/{id}", Form),
        ("POST", "/api/sessions", Nothing),
        ("DELETE", "/api/sessions", Nothing),
        ("POST", "/api/v1/user/", Key("users:write")),
        ("GET", "/api/v1/user/{username}/", Key("users:read")),
        ("PATCH", "/api/v1/user/{username}/", Key("users:write")),
        ("GET", "/api/v1/group/", Key("groups:write")),
        ("POST", "/api/v1/group/", Key("groups:write")),
        ("GET", "/api/v1/group/{slug}/", Key("groups:write")),
        ("PATCH", "/api/v1/group/{slug}/", Key("groups:write")),
        ("GET", "/api/v1/member/", Key("users:read")),
        ("POST", "/api/v1/member/", Key("groups:write,users:write")),
        ("GET", "/api/v1/member/{id}/", Key("users:read")),
        (
            "DELETE",
            "/api/v1/member/{id}/",
            Key("groups:write,users:write"),
        ),
        ("GET", "/api/v1/invited/", Key("users:read")),
        (
            "DELETE",
            "/api/v1/invited/{id}/",
            Key("groups:write,users:write"),
        ),
        ("GET", "/api/v1/notifications/", Key("webhooks:write")),
        ("POST", "/api/v1/subscribe/", Key("webhooks:write")),
        ("POST", "/api/v1/unsubscribe/", Key("webhooks:write")),
    ]
};

#[test]
fn each_call_says_what_it_asks_of_its_caller() {
    let described: BTreeSet<(&str, &str)> = NAMES
        .into_iter()
        .flat_map(|name| api(name).unwrap().operations)
        .map(|operation| (operation.method, operation.path))
        .collect();
    let said: BTreeSet<_> = CALLS
        .iter()
        .map(|(method, path, _)| (*method, *path))
        .collect();
    assert_eq!(said.len(), CALLS.len(), "each once");
    let unsaid: Vec<_> = described.symmetric_difference(&said).collect();
    assert!(
        unsaid.is_empty(),
        "described or said, and not both: {unsaid:?}"
    );
}

/// An account, somebody who is a member of it, and whom they ask about.
struct Office {
    server: Server,
    account: i64,
    ada: i64,
    token: String,
    others: std::cell::Cell<usize>,
}

impl Office {
    fn open() -> Self {
        let server = Server::start();
        let account = server.account("Acme");
        let ada = person(&server, "ada@example.org", joined(account));
        let token = token(&server, "ada@example.org");
        Self {
            server,
            account,
            ada,
            token,
            others: std::cell::Cell::new(0),
        }
    }

    /// Lets the caller do exactly this, in the account or tenant-wide.
    fn allow(&self, place: Option<i64>, set: PermissionSet) {
        for each in [None, Some(self.account)] {
            let set = if each == place {
                set
            } else {
                PermissionSet::NONE
            };
            let (operator, ada) = (self.server.operator(), self.ada);
            self.server.write(move |tx| {
                grants::set_permissions(tx, &operator, ada, each, set, Violations::new())
            });
        }
    }

    /// The path with numbers in it: a new member's, the account's, else nobody's.
    fn path(&self, template: &str) -> String {
        let user = if template.contains("users/{") || template.contains("{user_id}") {
            self.others.set(self.others.get() + 1);
            let address = format!("u{}@example.org", self.others.get());
            let change = UserChange {
                email: directory::users::Change::Set(
                    directory::model::Email::parse(&address).unwrap(),
                ),
                ..joined(self.account)
            };
            let operator = self.server.operator();
            let made = self.server.write(move |tx| {
                let include = directory::users::Include::default();
                directory::users::create(tx, &operator, &change, Violations::new(), include)
            });
            made.user.id
        } else {
            0
        };
        let (user, account) = (user.to_string(), self.account.to_string());
        template
            .replace("accounts/{id}", &format!("accounts/{account}"))
            .replace("users/{id}", &format!("users/{user}"))
            .replace("users/{user}", &format!("users/{user}"))
            .replace("{user_id}", &user)
            .replace("{username}", &"0".repeat(32))
            .replace("{slug}", "nobodys")
            .split('/')
            .map(|part| {
                if part.starts_with('{') {
                    "999999"
                } else {
                    part
                }
            })
            .collect::<Vec<_>>()
            .join("/")
    }

    fn send(&self, method: &str, template: &str, here: bool) -> u16 {
        let request = self.server.request(method, &self.path(template));
        let request = if template.starts_with("/api/") {
            request.header("authorization", &format!("Token token={}", self.token))
        } else {
            request.bearer(&self.token)
        };
        let request = if here || template.starts_with("/users") {
            request.header("x-account-id", &self.account.to_string())
        } else {
            request
        };
        self.sent(request)
    }

    /// Sends a body that is none of any, but for the place that grants have in theirs: what may be
    /// asked is refused for that.
    fn sent(&self, request: Request) -> u16 {
        let body = json!({"nothing": [], "account_id": self.account});
        request.json(&body).send().status
    }
}

fn joined(account: i64) -> UserChange {
    UserChange {
        accounts: vec![member(account, false)],
        ..UserChange::default()
    }
}

#[test]
fn each_call_is_refused_to_a_user_without_its_permission_and_to_no_other() {
    let office = Office::open();
    let here = Some(office.account);
    for (method, path, need) in CALLS {
        let (permission, in_account) = match need {
            Need::Here(permission) => (*permission, true),
            Need::Wide(permission) => (*permission, false),
            Need::Key(_) | Need::Nothing | Need::Form => continue,
        };
        // platformOS answers what may not be done as it does who is not known.
        let refused = if path.starts_with("/api/") { 401 } else { 403 };
        let (name, taken) = (permission.name(), PermissionSet::of(&[permission]));
        let answered = |place: bool, what: &str| {
            if *path == "/v1/events/stream" {
                return; // It has no end; `events::stream` reads it.
            }
            let status = office.send(method, path, place);
            let fault = status == refused || status == 401 || status >= 500;
            assert!(!fault, "{method} {path} with {name} {what}: {status}");
        };
        office.allow(None, PermissionSet::ALL.without(taken));
        let status = office.send(method, path, false);
        assert_eq!(status, refused, "{method} {path} without {name}");
        office.allow(None, PermissionSet::ALL);
        answered(false, "tenant-wide");
        let lent = PermissionSet::IN_ACCOUNT;
        office.allow(
            here,
            if in_account {
                lent.without(taken)
            } else {
                lent
            },
        );
        let status = office.send(method, path, true);
        assert_eq!(status, refused, "{method} {path} without {name} here");
        if in_account && lent.contains(permission) {
            office.allow(here, lent);
            answered(true, "here");
        }
    }
}

#[test]
fn each_call_for_keys_alone_is_refused_to_a_key_without_its_scope_and_to_no_other() {
    let office = Office::open();
    let scoped = |scopes: &str| {
        office.server.key_with(NewKey {
            scopes: scopes.split(',').map(str::to_owned).collect(),
            ..NewKey::default()
        })
    };
    for (method, path, need) in CALLS {
        let Need::Key(scopes) = need else { continue };
        let send = |key: &crate::harness::Key| {
            let request = office.server.request(method, &office.path(path));
            let header = format!("ApiKey {}:{}", key.id, key.secret);
            office.sent(request.header("authorization", &header))
        };
        assert_eq!(
            send(&scoped("events:write")),
            403,
            "{method} {path} without {scopes}"
        );
        let status = send(&scoped(scopes));
        let fault = matches!(status, 401 | 403) || status >= 500;
        assert!(!fault, "{method} {path} with {scopes}: {status}");
    }
    let session = format!("ApiKey ada@example.org:{}", office.token);
    let groups = office.server.get("/api/v1/group/");
    let status = groups.header("authorization", &session).send().status;
    assert_eq!(status, 401, "a session is none");
}
