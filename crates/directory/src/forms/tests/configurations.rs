//! What a configuration is refused for, and where.

use super::*;
use crate::forms::shape::{fields_of, fields_of_section};

/// The faults of a text: line, path and what is said.
fn faults(format: Format, text: &str) -> Vec<(u64, String, String)> {
    let faults = read(format, text).unwrap_err();
    let told = faults.iter().map(|each| {
        (
            each.at.line,
            each.path.to_string(),
            each.problem.to_string(),
        )
    });
    told.collect()
}

#[track_caller]
fn refused(text: &str, line: u64, path: &str, words: &str) {
    let found = faults(Format::Yaml, text);
    let hit = found
        .iter()
        .any(|each| each.0 == line && each.1 == path && each.2.contains(words));
    assert!(hit, "{found:#?}");
}

#[test]
fn the_published_example_is_read() {
    let form = whole(
        "name: reference_rest_api_create_user\nresource: User\nresource_owner: anyone\n\
         default_payload: { featured: false }\nconfiguration:\n  email: { validation: { \
         presence: true, uniqueness: true } }\n  first_name: { validation: { presence: { \
         message: \"Tell us your name\" } } }\n  password: { validation: { length: { \
         minimum: 12 } } }\n  properties:\n    company_size: { validation: { numericality: { \
         greater_than: 0, only_integer: true } } }\n  profiles:\n    developer:\n      \
         properties:\n        bio: { validation: { length: { maximum: 500 } }, \
         property_options: { default: \"\" } }",
    );
    assert_eq!(form.owner, ResourceOwner::Anyone);
    assert_eq!(form.group.properties[0].field_type, FieldType::Integer);
    assert_eq!(form.sections[0].name, "developer");
    let told = broken(&form, json!({"properties": {"company_size": 0}}));
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].2.as_deref(), Some("Tell us your name"));
}

#[test]
fn every_fault_is_told_with_its_line_and_path() {
    let text = "name: bad name!\nresource: Users\nresorce_owner: self\nconfiguration:\n  \
                emial: {}\n";
    let found = faults(Format::Yaml, text);
    let lines: Vec<_> = found.iter().map(|each| (each.0, each.1.as_str())).collect();
    assert_eq!(lines, [(1, "name"), (2, "resource"), (3, "resorce_owner")]);
    let text = "name: x\nresource: User\npublic: maybe\nresource_owner: me\nconfiguration:\n  \
                emial: {}\n  email:\n    validation:\n      presense: true\n      length: { \
                minimum: -1 }\n  properties:\n    a.b: {}\n    c:\n      validation: { format: \
                { with: '(' } }\n      property_options: { defualt: 1 }\n";
    let found = faults(Format::Yaml, text);
    let lines: Vec<_> = found.iter().map(|each| (each.0, each.1.as_str())).collect();
    assert_eq!(
        lines,
        [
            (3, "public"),
            (4, "resource_owner"),
            (6, "configuration.emial"),
            (9, "configuration.email.validation.presense"),
            (10, "configuration.email.validation.length.minimum"),
            (12, "configuration.properties.a.b"),
            (14, "configuration.properties.c.validation.format.with"),
            (15, "configuration.properties.c.property_options.defualt"),
        ]
    );
    let json = "{\"name\": \"x\",\n\"resource\": \"User\",\n\"configuration\":\n {\"emial\": {}}}";
    assert_eq!(faults(Format::Json, json)[0].0, 4);
}

#[test]
fn what_nothing_is_stored_without_is_not_virtual() {
    let of = |resource: &str, rest: &str| {
        format!("name: x\nresource: {resource}\nconfiguration:\n{rest}")
    };
    let gone = "{ property_options: { virtual: true } }";
    for (resource, inside, path) in [
        ("User", "", "email"),
        (
            "User",
            "  relationship_users:\n    r:\n    ",
            "relationship_users.r.user_id",
        ),
        (
            "User",
            "  transactables:\n    t:\n    ",
            "transactables.t.name",
        ),
        ("Transactable\ntype: t", "", "name"),
        ("RelationshipUser\ntype: t", "", "user_id"),
        ("Session", "", "password"),
    ] {
        let name = path.rsplit('.').next().unwrap();
        let text = of(resource, &format!("{inside}  {name}: {gone}\n"));
        let found = faults(Format::Yaml, &text);
        let path = format!("configuration.{path}.property_options.virtual");
        assert!(found.iter().any(|each| each.1 == path), "{text}{found:#?}");
    }
    // Those that something is stored without may be.
    for name in ["name", "external_id", "password"] {
        whole(&of("User", &format!("  email: {{}}\n  {name}: {gone}")));
    }
}

#[test]
fn a_form_gives_no_value_that_breaks_its_own_rules() {
    let long = "x".repeat(300);
    let of = |payload: &str, rest: &str| {
        format!(
            "name: x\nresource: User\ndefault_payload: {payload}\nconfiguration:\n  email: {{}}\n\
             {rest}"
        )
    };
    let payload = "default_payload";
    let own = "everybody's own";
    refused(
        &of("{ email: a@b.org }", ""),
        3,
        "default_payload.email",
        own,
    );
    let breaks = "breaks what holds";
    let name = format!("{{ first_name: {long} }}");
    let at = format!("{payload}.first_name");
    refused(&of(&name, ""), 3, &at, breaks);
    refused(&of(&name, "  first_name: {}"), 3, &at, breaks);
    let digits = "  properties: { a: { validation: { format: { with: '^[0-9]+$' } } } }";
    let at = format!("{payload}.properties.a");
    refused(&of("{ properties: { a: x } }", digits), 3, &at, breaks);
    whole(&of("{ properties: { a: '1' } }", digits));
    let of = |inside: &str| of("{}", inside);
    let at = "configuration.properties.a.property_options.default";
    let five = "  properties: { a: { validation: { length: { is: 5 } }, property_options: { \
                default: x } } }";
    refused(&of(five), 6, at, breaks);
    let name = format!("  first_name: {{ property_options: {{ default: {long} }} }}");
    let at = "configuration.first_name.property_options.default";
    refused(&of(&name), 6, at, breaks);
}

#[test]
fn uniqueness_is_held_of_what_is_stored_together() {
    let of = |rest: &str| format!("name: x\nresource: User\nconfiguration:\n{rest}");
    let top = "  first_name: {}\n  external_id: { validation: { uniqueness: UNIQUE } }\n  properties:\n    \
               a: { validation: { uniqueness: { } } }\n    b: {}\n    c: { property_options: { \
               virtual: true } }\n";
    for (inside, words) in [
        (
            "{ scope: first_name }",
            "scope names no field stored beside",
        ),
        (
            "{ if: { field: first_name, present: true } }",
            "if names no field stored beside",
        ),
        ("{ scope: b }", "scope names no field stored beside"),
    ] {
        let text = of(&top.replace("UNIQUE", inside));
        refused(
            &text,
            5,
            "configuration.external_id.validation.uniqueness",
            words,
        );
    }
    let at = "configuration.properties.a.validation.uniqueness";
    for (inside, words) in [
        (
            "{ scope: first_name }",
            "scope names no field stored beside",
        ),
        ("{ scope: c }", "scope names no field stored beside"),
        (
            "{ if: { field: c, present: true } }",
            "if names no field stored beside",
        ),
    ] {
        let text = of(&top.replace("UNIQUE", "true").replace("{ }", inside));
        refused(&text, 7, at, words);
    }
    let held = "{ scope: b, if: { field: b, equals: 1 } }";
    whole(&of(&top.replace("UNIQUE", "true").replace("{ }", held)));
}

#[test]
fn a_public_form_that_nobody_could_send_is_refused() {
    let of = |rest: &str| format!("name: x\nresource: User\npublic: true\nconfiguration:\n{rest}");
    let needed = "validation: { presence: true }";
    let email = "configuration.email";
    refused(&of("  first_name: {}"), 3, email, "must be listed");
    refused(
        &of("  email: { property_options: { readonly: true } }"),
        3,
        email,
        "must be",
    );
    for (inside, path) in [
        (
            format!("properties: {{ a: {{ {needed}, property_options: {{ type: object }} }} }}"),
            "properties.a",
        ),
        (
            format!("first_name: {{ {needed}, property_options: {{ readonly: true }} }}"),
            "first_name",
        ),
        (
            format!(
                "profiles: {{ p: {{ properties: {{ a: {{ {needed}, property_options: {{ readonly: true }} }} }} }} }}"
            ),
            "profiles.p.properties.a",
        ),
    ] {
        let text = of(&format!("  email: {{}}\n  {inside}"));
        let words = "cannot be filled in on";
        refused(&text, 3, &format!("configuration.{path}"), words);
    }
    for good in [
        format!("password: {{ {needed} }}"),
        format!("first_name: {{ {needed}, property_options: {{ readonly: true, default: x }} }}"),
        "properties: { a: { property_options: { type: object } } }".to_owned(),
        format!(
            "transactables: {{ t: {{ properties: {{ a: {{ {needed}, property_options: {{ type: object }} }} }} }} }}"
        ),
    ] {
        whole(&of(&format!("  email: {{}}\n  {good}")));
    }
}

#[test]
fn parts_are_looked_at_whatever_the_resource_is() {
    for (text, told) in [
        ("name: x", vec!["resource", "configuration"]),
        (
            "name: x\nresource: Users\ndefault_payload: []",
            vec!["configuration", "resource", "default_payload"],
        ),
        (
            "name: x\nconfiguration: 5",
            vec!["resource", "configuration"],
        ),
    ] {
        let found = faults(Format::Yaml, text);
        let found: Vec<_> = found.iter().map(|each| each.1.as_str()).collect();
        assert_eq!(found, told, "{text}");
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    let of = |rest: &str| format!("name: x\nresource: User\nconfiguration:\n{rest}");
    let property = |rest: &str| {
        of(&format!(
            "  properties:\n    p: {{ {rest} }}\n    q: {{}}\n"
        ))
    };
    let p = "configuration.properties.p";
    for (rest, at, words) in [
        (
            "validation: { length: { minimum: 1 }, numericality: true }",
            ".validation.length",
            "type",
        ),
        ("validation: { length: {} }", ".validation.length", "needs"),
        (
            "validation: { length: { minimum: 3, maximum: 2 } }",
            ".validation.length",
            "above",
        ),
        (
            "validation: { presence: yes please }",
            ".validation.presence",
            "true, false",
        ),
        (
            "validation: { inclusion: { in: [] } }",
            ".validation.inclusion.in",
            "1 to",
        ),
        (
            "validation: { inclusion: true }",
            ".validation.inclusion.in",
            "required",
        ),
        (
            "validation: { format: { with: 'a{1000}{1000}' } }",
            ".validation.format.with",
            "large",
        ),
        (
            "validation: { presence: { if: { field: r, present: true } } }",
            ".validation",
            "names no field",
        ),
        (
            "validation: { presence: { if: { field: q } } }",
            ".validation.presence.if",
            "one of",
        ),
        (
            "validation: { uniqueness: { scope: r } }",
            ".validation.uniqueness",
            "scope",
        ),
        (
            "validation: { numericality: { greater_than: x } }",
            ".validation.numericality.greater_than",
            "a number",
        ),
        (
            "validation: { presence: { message: '' } }",
            ".validation.presence.message",
            "empty",
        ),
        (
            "property_options: { type: strnig }",
            ".property_options.type",
            "no type",
        ),
        (
            "property_options: { type: array, indexed: true }",
            ".property_options.indexed",
            "one value",
        ),
        (
            "property_options: { type: integer, default: x }",
            ".property_options.default",
            "integer",
        ),
        (
            "validation: { uniqueness: true }, property_options: { virtual: true }",
            ".validation.uniqueness",
            "stored",
        ),
        (
            "validation: { date: true, numericality: true }",
            ".validation.date",
            "type",
        ),
        ("label: 5", ".label", "a text"),
    ] {
        refused(&property(rest), 5, &format!("{p}{at}"), words);
    }
    refused(
        &of("  first_name: { validation: { uniqueness: true } }"),
        4,
        "configuration.first_name.validation.uniqueness",
        "is held of",
    );
    refused(
        "name: x\nresource: Transactable\nconfiguration: {}",
        1,
        "type",
        "required",
    );
    refused(
        "name: x\nresource: User\ntype: boat\nconfiguration: {}",
        3,
        "type",
        "is for",
    );
    refused(
        "name: x\nresource: Session\npublic: true\nconfiguration: {}",
        3,
        "public",
        "User",
    );
    refused("name: x\nresource: User\n", 1, "configuration", "required");
    refused("[]", 1, "", "an object");
    let payload = |rest: &str| {
        format!("name: x\nresource: User\ndefault_payload: {rest}\nconfiguration: {{}}")
    };
    refused(
        &payload("{ featured: 1 }"),
        3,
        "default_payload.featured",
        "boolean",
    );
    refused(
        &payload("{ password: secret }"),
        3,
        "default_payload.password",
        "own",
    );
    refused(
        &payload("{ kind: worker }"),
        3,
        "default_payload.kind",
        "no field",
    );
    refused(
        &payload("{ transactables: {} }"),
        3,
        "default_payload.transactables",
        "no field",
    );
}

#[test]
fn a_configuration_is_bounded() {
    let many: String = (0..=MAX_FIELDS)
        .map(|n| format!("    p{n}: {{}}\n"))
        .collect();
    let text = format!("name: x\nresource: User\nconfiguration:\n  properties:\n{many}");
    refused(&text, 1, "configuration", "500 fields");
    let patterns: String = (0..=100)
        .map(|n| format!("    p{n}: {{ validation: {{ format: {{ with: a }} }} }}\n"))
        .collect();
    let text = format!("name: x\nresource: User\nconfiguration:\n  properties:\n{patterns}");
    refused(&text, 1, "configuration", "100 patterns");
}

/// The names that a fault at a path says there are.
fn known(text: &str, at: &str) -> Vec<&'static str> {
    let faults = read(Format::Yaml, text).unwrap_err();
    let mut faults = faults.iter().filter(|each| each.path.to_string() == at);
    match faults.next().map(|each| &each.problem) {
        Some(Problem::Unknown { known, .. }) => known.to_vec(),
        other => panic!("{other:?}\n{text}"),
    }
}

#[test]
fn who_wrote_an_unknown_name_is_told_all_that_there_are() {
    let text = "name: x\nresource: nothing\nconfiguration: {}";
    assert_eq!(known(text, "resource"), Resource::ALL.map(Resource::name));
    let text = "name: x\nresource: User\nresource_owner: nothing\nconfiguration: {}";
    let owners = ResourceOwner::ALL.map(ResourceOwner::name);
    assert_eq!(known(text, "resource_owner"), owners);
    let text = "name: x\nresource: User\nconfiguration: { properties: { a: { property_options: { \
                type: nothing } } } }";
    let at = "configuration.properties.a.property_options.type";
    assert_eq!(known(text, at), FieldType::ALL.map(FieldType::name));
    for resource in Resource::ALL {
        let fields = fields_of(resource).iter().map(|(name, _)| *name);
        let properties = (resource != Resource::Session).then_some("properties");
        let is_user = resource == Resource::User;
        let sections = SectionKind::ALL.into_iter().filter(|_| is_user);
        let all = fields
            .chain(properties)
            .chain(sections.map(SectionKind::name));
        let item = if resource.section().is_some() {
            "type: boat\n"
        } else {
            ""
        };
        let name = resource.name();
        let text = format!("name: x\nresource: {name}\n{item}configuration: {{ nothing: {{}} }}");
        let told = known(&text, "configuration.nothing");
        assert_eq!(told, all.collect::<Vec<_>>());
    }
    for kind in SectionKind::ALL {
        let fields = fields_of_section(kind).iter().map(|(name, _)| *name);
        let name = kind.name();
        let text = format!(
            "name: x\nresource: User\nconfiguration: {{ {name}: {{ a: {{ nothing: {{}} }} }} }}"
        );
        let told = known(&text, &format!("configuration.{name}.a.nothing"));
        assert_eq!(told, fields.chain(["properties"]).collect::<Vec<_>>());
    }
}
