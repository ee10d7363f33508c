//! Groups, their members, and who is invited.

use directory::model::GroupPermission;

use super::super::quirks::{MAX_EMAIL, MAX_GROUP_NAME, MAX_PUBLIC_NAME, MIN_GROUP_NAME};
use super::{call, listing, naive, permission, writing};
use crate::openapi::operation::{Content, Operation};
use crate::openapi::schema::{
    Schema, boolean, count, id, input, integer, list, named, shape, text,
};

/// A group, by its URI or its slug.
pub(super) fn group() -> Schema {
    text()
        .shortest(1)
        .format("group")
        .says("`/api/v1/group/{slug}/`, or the slug.")
}

fn listed() -> Schema {
    shape([
        ("created", naive()),
        ("is_active", boolean()),
        ("modified", naive()),
        ("name", text()),
        ("public_name", text().or_null()),
        ("resource_uri", text()),
        ("slug", text()),
        ("user", text().or_null().says("Who made it.")),
        ("xframe_allow", boolean()),
        ("xframe_allow_pdf_edit", boolean()),
    ])
}

fn whole() -> Schema {
    let nothing = || text().or_null();
    let own = [
        (
            "members",
            list(text()).says("Their URIs, as many as a list has."),
        ),
        ("header", nothing()),
        ("footer", nothing()),
        ("footer_height", integer().or_null()),
        ("default_email", nothing()),
        ("default_extraemail", nothing()),
        ("pagesize", integer().or_null()),
    ];
    own.into_iter().fold(listed(), |group, (name, schema)| {
        group.field(name, schema, true)
    })
}

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let numbers = GroupPermission::ALL.map(GroupPermission::number);
    let [least, most] = [numbers.iter().min(), numbers.iter().max()].map(|end| end.copied());
    let level = count(least.unwrap_or_default(), most.unwrap_or_default());
    let name = text()
        .shortest(MIN_GROUP_NAME)
        .longest(MAX_GROUP_NAME)
        .pattern(r"\S");
    let new_group = input([("name", name), ("xframe_allow", boolean().or_null())]);
    let public_name = text().longest(MAX_PUBLIC_NAME).or_null();
    let member = shape([
        ("created", naive()),
        ("group", text()),
        ("modified", naive()),
        ("permission", level),
        ("resource_uri", text()),
        ("user", text()),
    ]);
    let new_member = input([
        ("email", text().format("idn-email").longest(MAX_EMAIL)),
        ("group", group()),
        ("permission", permission()),
        (
            "do_email",
            boolean()
                .or_null()
                .says("Whether to send a message; it is, unless said."),
        ),
    ]);
    let invited = shape([
        ("created", naive()),
        ("email", text().or_null()),
        ("group", text()),
        ("resource_uri", text()),
    ]);
    vec![
        ("Group", listed()),
        ("WholeGroup", whole()),
        ("GroupCreation", new_group.requires(&["name"])),
        ("GroupUpdate", input([("public_name", public_name)])),
        ("Member", member),
        ("MemberCreation", new_member.requires(&["email", "group"])),
        ("Invited", invited),
    ]
}

pub(super) fn operations() -> Vec<Operation> {
    let list = Operation::get("/api/v1/group/", "listGroups").is("Groups", "Groups, by offset");
    let make = Operation::post("/api/v1/group/", "createGroup")
        .is("Groups", "Makes a group")
        .answers_empty(201, "It is made.")
        .with_headers(&["Location"]);
    let one = |method, name| {
        Operation::new(method, "/api/v1/group/{slug}/", name)
            .names("slug", text().shortest(1), "The group's slug.")
            .shares(&["NotFound"])
    };
    let show = one("GET", "getGroup").is("Groups", "One group").answers(
        200,
        "The group.",
        Content::json(named("WholeGroup")),
    );
    let rename = one("PATCH", "updateGroup")
        .is("Groups", "Changes the public name of a group")
        .says("Nothing else can be changed, and what else is there is ignored.")
        .answers_empty(202, "It is changed.");
    let mut all = vec![
        listing(list, "Group"),
        writing(make, named("GroupCreation")),
        call(show),
        writing(rename, named("GroupUpdate")),
    ];
    all.extend(members());
    all.extend(invited());
    all
}

fn by_group(operation: Operation) -> Operation {
    operation.asks("group", group(), "Of this group.")
}

fn members() -> [Operation; 4] {
    let list = Operation::get("/api/v1/member/", "listMembers").is("Members", "Members, by offset");
    let add = Operation::post("/api/v1/member/", "createMember")
        .is("Members", "Brings somebody into a group")
        .says(
            "A member at once where the email has a user, else, or while the user is pending, an \
             invitation: `Location` says which.",
        )
        .answers_empty(201, "They are in it, or invited.")
        .with_headers(&["Location"]);
    let one = |method, name| {
        Operation::new(method, "/api/v1/member/{id}/", name)
            .names("id", id(), "The membership's number.")
            .shares(&["NotFound"])
    };
    let show = one("GET", "getMember")
        .is("Members", "One membership")
        .answers(200, "The membership.", Content::json(named("Member")));
    let remove = one("DELETE", "deleteMember")
        .is("Members", "Takes somebody out of a group")
        .shares(&["BadRequest"])
        .answers_empty(204, "They are out of it.");
    [
        listing(by_group(list), "Member"),
        writing(add, named("MemberCreation")),
        call(show),
        call(remove),
    ]
}

fn invited() -> [Operation; 2] {
    let list = Operation::get("/api/v1/invited/", "listInvited")
        .is("Members", "Who is invited, by offset");
    let withdraw = Operation::delete("/api/v1/invited/{id}/", "deleteInvited")
        .is("Members", "Ends an invitation")
        .names("id", id(), "The invitation's number.")
        .shares(&["NotFound"])
        .answers_empty(204, "Its link leads nowhere from then on.");
    [listing(by_group(list), "Invited"), call(withdraw)]
}
