//! Members of accounts, roles, and what is granted to users.

use directory::accounts::MAX_NAME;
use directory::grants::MAX_NAMED;
use directory::model::AccountRole;
use directory::permission::Permission;

use super::{acting, nullable, page, paged, patching, reading, repeatable, versioned, writing};
use crate::openapi::operation::{Content, Operation};
use crate::openapi::schema::{Schema, boolean, id, input, list, named, one_of, shape, text, time};

fn permissions() -> Schema {
    list(one_of(Permission::ALL.map(Permission::name)))
}

fn account() -> (&'static str, Schema) {
    nullable("account_id", id().says("None: in the whole tenant."))
}

fn member() -> Schema {
    shape([
        ("user_id", id()),
        ("account_id", id()),
        ("role", one_of(AccountRole::ALL.map(AccountRole::name))),
        ("admin", boolean()),
        ("primary", boolean()),
        nullable("email", text()),
        nullable("first_name", text()),
        nullable("last_name", text()),
        nullable("suspended_at", time()),
        ("created_at", time()),
    ])
}

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let part = || {
        [
            ("role", one_of(AccountRole::ALL.map(AccountRole::name))),
            ("admin", boolean()),
            ("primary", boolean()),
        ]
    };
    let new_member = input([("user_id", id())].into_iter().chain(part()));
    let role = shape([
        ("id", id()),
        ("name", text()),
        ("permissions", permissions()),
        ("created_at", time()),
        ("updated_at", time()),
        ("version", id()),
    ]);
    let name = text().shortest(1).longest(MAX_NAME).pattern(r"\S");
    let new_role = input([("name", name), ("permissions", permissions())]);
    let roles = list(text().longest(MAX_NAME)).at_most(MAX_NAMED);
    let grant = |field, schema: Schema| {
        input([account(), (field, schema)])
            .requires(&[field])
            .closed()
    };
    vec![
        ("Member", member()),
        ("MemberCreation", new_member.requires(&["user_id"]).closed()),
        ("MemberUpdate", input(part()).closed()),
        ("Role", role),
        (
            "RoleCreation",
            new_role.requires(&["name", "permissions"]).closed(),
        ),
        (
            "RoleUpdate",
            input([("permissions", permissions())]).closed(),
        ),
        ("GrantedRole", shape([("role", text()), account()])),
        ("RoleGrant", grant("roles", roles)),
        (
            "DirectPermissions",
            shape([account(), ("permissions", permissions())]),
        ),
        ("PermissionGrant", grant("permissions", permissions())),
    ]
}

fn members() -> [Operation; 5] {
    let of = |method, path, name| {
        Operation::new(method, path, name).names("id", id(), "The account's number.")
    };
    let all = "/v1/accounts/{id}/members";
    let list = of("GET", all, "listMembers").is("Members", "Members, by number");
    let add = of("POST", all, "createMember").is("Members", "Brings a user into an account");
    let one = |method, name| {
        of(method, "/v1/accounts/{id}/members/{user_id}", name).names(
            "user_id",
            id(),
            "The user's number.",
        )
    };
    let show = one("GET", "getMember").is("Members", "One member");
    let change = one("PATCH", "updateMember")
        .is("Members", "Changes the part of a member")
        .says("The last administrator of an account stays one.");
    let remove = one("DELETE", "deleteMember")
        .is("Members", "Takes a user out of an account")
        .says("The last administrator of an account stays in it.");
    let shown = || Content::json(named("Member"));
    let patch = Content::of("application/merge-patch+json", named("MemberUpdate"));
    [
        page(paged(reading(list)), "Member"),
        repeatable(writing(add, named("MemberCreation")).shares(&["NotFound"]))
            .answers(201, "The member.", shown())
            .with_headers(&["Location", "Idempotency-Replayed?"]),
        reading(show).answers(200, "The member.", shown()),
        writing(change, named("MemberUpdate"))
            .takes(patch)
            .shares(&["NotFound", "Conflict"])
            .answers(200, "The member as they are now.", shown()),
        acting(remove)
            .shares(&["Conflict"])
            .answers_empty(204, "They are out of it."),
    ]
}

fn roles() -> [Operation; 5] {
    let one = |method, name| {
        Operation::new(method, "/v1/roles/{id}", name).names("id", id(), "The role's number.")
    };
    let list = Operation::get("/v1/roles", "listRoles").is("Roles", "Roles, by number");
    let make = Operation::post("/v1/roles", "createRole")
        .is("Roles", "Makes a role")
        .says("Nobody makes a role that allows more than they may.");
    let show = one("GET", "getRole").is("Roles", "One role");
    let change = one("PATCH", "updateRole").is("Roles", "Changes what a role allows");
    let delete = one("DELETE", "deleteRole")
        .is("Roles", "Deletes a role")
        .says("Not while somebody has it.");
    let shown = || Content::json(named("Role"));
    [
        page(paged(list), "Role"),
        repeatable(writing(make, named("RoleCreation")))
            .answers(201, "The role.", shown())
            .with_headers(&["Location", "ETag", "Idempotency-Replayed?"]),
        reading(show)
            .answers(200, "The role.", shown())
            .with_headers(&["ETag"]),
        patching(change, named("RoleUpdate"))
            .shares(&["Conflict"])
            .answers(200, "The role as it is now.", shown())
            .with_headers(&["ETag"]),
        versioned(acting(delete))
            .shares(&["Conflict"])
            .answers_empty(204, "It is deleted."),
    ]
}

fn grants() -> [Operation; 4] {
    let of = |method, path, name| {
        Operation::new(method, path, name).names("id", id(), "The user's number.")
    };
    let (roles, direct) = ("/v1/users/{id}/roles", "/v1/users/{id}/permissions");
    let show_roles = of("GET", roles, "getUserRoles").is("Roles", "The roles of a user");
    let set_roles = of("PUT", roles, "replaceUserRoles")
        .is("Roles", "Replaces the roles of a user in one place")
        .says("Nobody grants what they do not hold.");
    let show_direct = of("GET", direct, "getUserPermissions")
        .is("Roles", "What a user may do beside their roles");
    let set_direct = of("PUT", direct, "replaceUserPermissions")
        .is(
            "Roles",
            "Replaces what a user may do beside their roles in one place",
        )
        .says("Nobody grants what they do not hold.");
    let all = |name| Content::json(shape([("data", list(named(name)))]));
    [
        reading(show_roles).answers(200, "All of them.", all("GrantedRole")),
        writing(set_roles, named("RoleGrant"))
            .shares(&["NotFound", "Conflict"])
            .answers(200, "All of them as they are now.", all("GrantedRole")),
        reading(show_direct).answers(200, "All of it.", all("DirectPermissions")),
        writing(set_direct, named("PermissionGrant"))
            .shares(&["NotFound", "Conflict"])
            .answers(200, "All of it as it is now.", all("DirectPermissions")),
    ]
}

pub(super) fn operations() -> Vec<Operation> {
    members()
        .into_iter()
        .chain(roles())
        .chain(grants())
        .collect()
}
