//! The catalogue of permissions is what the code says, and what each allows is refused without it.

use directory::permission::{Permission, PermissionSet, Scope};
use directory::tenants::first_roles;
use directory::users::UserChange;
use serde_json::json;

use crate::contracts::root;
use crate::harness::Server;
use crate::sessions::{member, person, token};

const HOW: &str = "MUSTER_UPDATE_DOCS=1 cargo test -p muster --test it rights::catalogue";

fn page() -> String {
    let mut page = format!(
        "# Permissions\n\nWhat a user or a key may do. A user holds permissions by roles, by \
         permissions that are set directly, and by administering an account: tenant-wide, or in \
         one account that they are a member of ([SESSIONS.md](SESSIONS.md)). A key holds those of \
         its scopes.\n\nThis page is made from the code, and a test compares the two. To write \
         it anew: `{HOW}`.\n\n| permission | allows | can hold in one account |"
    );
    let roles = first_roles();
    for (name, _) in &roles {
        page.push_str(&format!(" `{name}` |"));
    }
    page.push_str(" account's admin |\n| --- | --- | --- |");
    page.push_str(&" --- |".repeat(roles.len() + 1));
    page.push('\n');
    let mark = |holds: bool| if holds { " yes |" } else { " |" };
    for permission in Permission::ALL {
        let (name, what) = (permission.name(), permission.description());
        page.push_str(&format!("| `{name}` | {what} |"));
        page.push_str(mark(PermissionSet::IN_ACCOUNT.contains(permission)));
        for (_, set) in &roles {
            page.push_str(mark(set.contains(permission)));
        }
        page.push_str(mark(PermissionSet::ACCOUNT_ADMIN.contains(permission)));
        page.push('\n');
    }
    page.push_str(
        "\nThe four roles are those of a new tenant; they can be changed. A role that is given in \
         one account holds there as far as the third column goes; the rest of it is about what all \
         accounts share.\n\nNobody may do in another's name: ",
    );
    let never: Vec<String> = PermissionSet::NEVER_AS_ANOTHER
        .iter()
        .map(|each| format!("`{}`", each.name()))
        .collect();
    page.push_str(&never.join(", "));
    page.push_str(".\n\n## Scopes of keys\n\n| scope | permissions |\n| --- | --- |\n");
    for scope in Scope::ALL {
        let names: Vec<String> = scope
            .permissions()
            .iter()
            .map(|each| format!("`{}`", each.name()))
            .collect();
        let names = if scope == Scope::Admin {
            "all".to_owned()
        } else {
            names.join(", ")
        };
        page.push_str(&format!("| `{}` | {names} |\n", scope.name()));
    }
    page
}

#[test]
fn the_page_of_permissions_is_what_the_code_says() {
    let page = page();
    let file = root().join("docs/PERMISSIONS.md");
    if std::env::var("MUSTER_UPDATE_DOCS").as_deref() == Ok("1") {
        std::fs::write(&file, &page).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == page,
        "docs/PERMISSIONS.md differs from the code: run {HOW}"
    );
}

/// A call, and the permission without which it is refused. `{user}` and `{account}` are there.
const CALLS: [(&str, &str, Permission); 40] = {
    use Permission as P;
    [
        ("GET", "/v1/users", P::ReadUsers),
        ("GET", "/v1/users/{user}", P::ReadUsers),
        ("POST", "/v1/users", P::CreateUsers),
        ("PATCH", "/v1/users/{user}", P::UpdateUsers),
        ("DELETE", "/v1/users/{user}", P::DeleteUsers),
        ("POST", "/v1/users/{user}/restore", P::DeleteUsers),
        ("POST", "/v1/users/{user}/erase", P::DeleteUsers),
        ("GET", "/v1/users/{user}/events", P::ReadEvents),
        ("GET", "/v1/users/{user}/sessions", P::UpdateUsers),
        ("DELETE", "/v1/users/{user}/sessions", P::UpdateUsers),
        ("POST", "/v1/users/{user}/impersonate", P::ImpersonateUsers),
        ("GET", "/v1/users/{user}/roles", P::ReadRoles),
        ("PUT", "/v1/users/{user}/roles", P::UpdateRoles),
        ("GET", "/v1/users/{user}/permissions", P::ReadRoles),
        ("PUT", "/v1/users/{user}/permissions", P::UpdateRoles),
        ("GET", "/v1/invitations", P::ReadUsers),
        ("POST", "/v1/invitations/1/resend", P::CreateUsers),
        ("POST", "/v1/invitations/1/revoke", P::CreateUsers),
        ("PUT", "/v1/jobs/x", P::UpdateUsers),
        ("GET", "/v1/accounts", P::ReadAccounts),
        ("POST", "/v1/accounts", P::CreateAccounts),
        ("GET", "/v1/accounts/{account}", P::ReadAccounts),
        ("GET", "/v1/accounts/{account}/members", P::ReadUsers),
        ("POST", "/v1/accounts/{account}/members", P::UpdateAccounts),
        ("GET", "/v1/groups", P::ReadGroups),
        ("POST", "/v1/groups", P::CreateGroups),
        ("GET", "/v1/badges", P::ReadBadges),
        ("POST", "/v1/badges", P::CreateBadges),
        ("GET", "/v1/roles", P::ReadRoles),
        ("POST", "/v1/roles", P::UpdateRoles),
        ("PATCH", "/v1/roles/999999", P::UpdateRoles),
        ("DELETE", "/v1/roles/999999", P::UpdateRoles),
        ("GET", "/v1/events", P::ReadEvents),
        ("POST", "/v1/events", P::CreateEvents),
        ("GET", "/v1/webhooks", P::ReadWebhooks),
        ("POST", "/v1/webhooks", P::UpdateWebhooks),
        ("GET", "/users/{user}", P::ReadUsers),
        ("POST", "/users", P::CreateUsers),
        ("GET", "/api/users/{user}", P::ReadUsers),
        ("POST", "/api/users", P::CreateUsers),
    ]
};

#[test]
fn each_call_is_refused_to_a_user_without_its_permission_and_to_no_other() {
    let server = Server::start();
    let account = server.account("Acme");
    let target = person(&server, "target@example.org", joined(account));
    let ada = person(&server, "ada@example.org", joined(account));
    let own = token(&server, "ada@example.org");
    let operator = server.operator();
    let set = |set: PermissionSet| {
        let operator = operator.clone();
        server.write(move |tx| {
            let none = directory::violation::Violations::new();
            directory::grants::set_permissions(tx, &operator, ada, None, set, none)
        });
    };
    for (method, path, permission) in CALLS {
        let path = path.replace("{user}", &target.to_string());
        let path = path.replace("{account}", &account.to_string());
        let send = || -> u16 {
            let request = server.request(method, &path);
            let request = if path.starts_with("/api/") {
                request.header("authorization", &format!("Token token={own}"))
            } else {
                request.bearer(&own)
            };
            let request = if path.starts_with("/users") {
                request.header("x-account-id", &account.to_string())
            } else {
                request
            };
            // A body that is none of any: what may be asked is refused for that.
            request.json(&json!({"nothing": []})).send().status
        };
        set(PermissionSet::ALL.without(PermissionSet::of(&[permission])));
        let name = permission.name();
        // platformOS answers what may not be done as it does who is not known.
        let refused = if path.starts_with("/api/") { 401 } else { 403 };
        assert_eq!(send(), refused, "{method} {path} without {name}");
        let destroys = method == "DELETE" || path.ends_with("/erase");
        if !destroys {
            set(PermissionSet::ALL);
            assert_ne!(send(), refused, "{method} {path} with {name}");
        }
    }
}

fn joined(account: i64) -> UserChange {
    UserChange {
        accounts: vec![member(account, false)],
        ..UserChange::default()
    }
}
