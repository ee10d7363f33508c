//! The catalogue of permissions is what the code says.

use directory::permission::{Permission, PermissionSet, Scope};
use directory::tenants::first_roles;

use crate::contracts::root;

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
