//! What a configuration is refused for, and where.

use super::*;

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
