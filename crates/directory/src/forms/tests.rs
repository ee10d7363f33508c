//! The engine and the configurations that it is made of.

mod configurations;
mod validators;

use serde_json::{Map, Value, json};

use super::*;
use crate::violation::{Comparison, Expected, FormRule, Violations};

const CREATE: &str = "reference_rest_api_create_user";

/// A form of the resource User with this configuration, written in YAML.
fn form(configuration: &str) -> Form {
    whole(&format!(
        "name: test\nresource: User\nconfiguration:\n{configuration}"
    ))
}

fn whole(text: &str) -> Form {
    match read(Format::Yaml, text) {
        Ok((form, _)) => form,
        Err(faults) => panic!("{faults:?}\n{text}"),
    }
}

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

type Told = Vec<(String, Rule, Option<String>)>;

fn told(violations: &Violations) -> Told {
    let told = violations.iter().map(|each: &Violation| {
        (
            each.path.to_string(),
            each.rule.clone(),
            each.message.clone(),
        )
    });
    told.collect()
}

/// What is wrong with a user who is yet to be made; they have an email.
fn broken(form: &Form, mut given: Value) -> Told {
    given["email"] = json!("ada@example.org");
    told(&form.check(&map(&given), None).1)
}

fn at(field: &str, rule: Rule) -> (String, Rule, Option<String>) {
    (field.to_owned(), rule, None)
}

fn wrong(expected: Expected) -> Rule {
    Rule::WrongType { expected }
}

fn builtin() -> Form {
    (*builtin::find(CREATE).unwrap()).clone()
}

fn checked(form: &Form, given: &Value) -> (Value, Told) {
    let (accepted, violations) = form.check(&map(given), None);
    (accepted.fields.into(), told(&violations))
}

mod built_in {
    use super::*;

    #[test]
    fn a_form_is_found_by_its_whole_name() {
        assert_eq!(builtin().name, CREATE);
        assert_eq!(builtin().resource, Resource::User);
        let session = builtin::find("reference_rest_api_create_session").unwrap();
        assert_eq!(session.resource, Resource::Session);
        for name in ["", "reference_rest_api", "REFERENCE_REST_API_CREATE_USER"] {
            assert!(builtin::find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn what_is_not_listed_is_left_out_and_a_null_is_as_absent() {
        let given = json!({
            "email": "ada@example.org", "first_name": "", "last_name": null, "featured": false,
            "id": 9, "created_by": "x", "profiles": {"a": {}}, "suspended_at": 5,
        });
        let expected = json!({"email": "ada@example.org", "first_name": "", "featured": false});
        assert_eq!(checked(&builtin(), &given), (expected, Vec::new()));
    }

    #[test]
    fn every_broken_rule_is_told() {
        assert_eq!(
            checked(&builtin(), &json!({})).1,
            [at("email", Rule::Blank)]
        );
        let given = json!({"email": "ada", "password": "short", "featured": "yes", "name": 5});
        assert_eq!(
            checked(&builtin(), &given).1,
            [
                at("email", Rule::BadFormat),
                at("password", Rule::TooShort { min: 6 }),
                at("name", wrong(Expected::Text)),
                at("featured", wrong(Expected::Boolean)),
            ]
        );
    }

    #[test]
    fn an_empty_text_is_checked_and_blank() {
        for email in ["", "  "] {
            let told = checked(&builtin(), &json!({ "email": email })).1;
            assert_eq!(told, [at("email", Rule::Blank)]);
        }
        let told = broken(&builtin(), json!({"password": ""}));
        assert_eq!(told, [at("password", Rule::TooShort { min: 6 })]);
    }

    #[test]
    fn a_length_holds_at_its_edges() {
        let with = |length: usize| broken(&builtin(), json!({"password": "é".repeat(length)}));
        assert_eq!(with(5), [at("password", Rule::TooShort { min: 6 })]);
        assert_eq!(with(6), []);
        assert_eq!(with(999), []);
        assert_eq!(with(1_000), [at("password", Rule::TooLong { max: 999 })]);
        assert_eq!(with(20_000), [at("password", Rule::TooLong { max: 999 })]);
    }
}

mod options {
    use super::*;

    #[test]
    fn a_default_is_for_what_is_new_and_a_payload_fills_every_gap() {
        let form = whole(
            "name: x\nresource: User\ndefault_payload:\n  featured: false\n  properties: { \
             source: web }\n  profiles: { member: { properties: { level: 1 } } }\n\
             configuration:\n  email: {}\n  properties:\n    size: { property_options: { \
             default: 3 } }",
        );
        let given = map(
            &json!({"email": "a@b.org", "featured": true, "properties": {
            "source": "mine"}}),
        );
        let (new, violations) = form.check(&given, None);
        assert_eq!(told(&violations), []);
        // Neither featured nor source is listed: what came is dropped.
        assert_eq!(
            Value::from(new.fields),
            json!({"email": "a@b.org", "featured": false})
        );
        assert_eq!(
            Value::from(new.properties),
            json!({"size": 3, "source": "web"})
        );
        assert_eq!(new.items.len(), 1);
        assert_eq!(
            Value::from(new.items[0].properties.clone()),
            json!({"level": 1})
        );
        let stored = map(&json!({"email": "a@b.org", "featured": true,
            "properties": {"source": "import"},
            "profiles": {"member": {"id": 4, "properties": {"level": 2}}}}));
        let (changed, violations) = form.check(&Map::new(), Some(&stored));
        assert_eq!(told(&violations), []);
        assert_eq!(changed, Accepted::default());
    }

    #[test]
    fn readonly_ignores_what_comes_and_virtual_keeps_nothing() {
        let form = form(
            "  email: {}\n  first_name: { property_options: { readonly: true } }\n  properties:\n    \
             code: { validation: { length: { is: 4 } }, property_options: { virtual: true } }\n    \
             level: { property_options: { readonly: true, default: 1 } }",
        );
        let given = json!({"email": "a@b.org", "first_name": "Eve",
            "properties": {"code": "1234", "level": 9}});
        let (accepted, violations) = form.check(&map(&given), None);
        assert_eq!(told(&violations), []);
        assert_eq!(Value::from(accepted.fields), json!({"email": "a@b.org"}));
        assert_eq!(Value::from(accepted.properties), json!({"level": 1}));
        let wrong = broken(&form, json!({"properties": {"code": "12"}}));
        assert_eq!(
            wrong,
            [at(
                "properties.code",
                Rule::Form(FormRule::WrongLength { is: 4 })
            )]
        );
    }
}

mod nested {
    use super::*;

    fn market() -> Form {
        form(
            "  email: {}\n  profiles:\n    developer:\n      enabled: {}\n      properties:\n        \
             bio: { validation: { presence: true, length: { maximum: 5 } } }\n  \
             relationship_users:\n    friend: { properties: { since: { validation: { date: true } \
             } } }\n  transactables:\n    boat: { external_id: {}, properties: { feet: { \
             validation: { numericality: true } } } }",
        )
    }

    #[test]
    fn every_level_is_checked_and_told_by_its_path() {
        let given = json!({
            "profiles": {"developer": {"enabled": "yes", "properties": {"bio": "too long"}}},
            "relationship_users": {"friend": {"user_id": "7", "properties": {"since": "x"}}},
            "transactables": {"boat": [{"name": "Ann", "properties": {"feet": "x"}}, {}]},
        });
        assert_eq!(
            broken(&market(), given),
            [
                at("profiles.developer.enabled", wrong(Expected::Boolean)),
                at(
                    "profiles.developer.properties.bio",
                    Rule::TooLong { max: 5 }
                ),
                at(
                    "relationship_users.friend.user_id",
                    Rule::Form(FormRule::NotANumber)
                ),
                at(
                    "relationship_users.friend.properties.since",
                    Rule::Form(FormRule::NotADate { time: false })
                ),
                at(
                    "transactables.boat.0.properties.feet",
                    Rule::Form(FormRule::NotANumber)
                ),
                at("transactables.boat.1.name", Rule::Blank),
            ]
        );
        let bio = "profiles.developer.properties.bio";
        assert_eq!(broken(&market(), json!({})), [at(bio, Rule::Blank)]);
    }

    #[test]
    fn wrong_shapes_are_told_at_every_level() {
        let good = json!({"developer": {"properties": {"bio": "x"}}});
        for bad in [json!(5), json!("x"), json!([1]), json!(true)] {
            let object = || wrong(Expected::Object);
            for kind in SectionKind::ALL {
                let mut given = json!({ "profiles": good });
                given[kind.name()] = bad.clone();
                assert_eq!(broken(&market(), given), [at(kind.name(), object())]);
            }
            let given = json!({"profiles": {"developer": bad}});
            let told = broken(&market(), given);
            assert_eq!(told, [at("profiles.developer", object())]);
            let given = json!({"profiles": {"developer": {"properties": bad}}});
            let told = broken(&market(), given);
            assert_eq!(told, [at("profiles.developer.properties", object())]);
            let given = json!({"profiles": good, "transactables": {"boat": [bad]}});
            let told = broken(&market(), given);
            assert_eq!(told, [at("transactables.boat.0", object())]);
            let item = json!([{"name": "Ann", "id": {"a": bad}}]);
            let given = json!({"profiles": good, "transactables": {"boat": item}});
            let told = broken(&market(), given);
            assert_eq!(
                told,
                [at("transactables.boat.0.id", wrong(Expected::Integer))]
            );
            let item = json!([{"name": "Ann", "_destroy": "x"}]);
            let given = json!({"profiles": good, "transactables": {"boat": item}});
            let told = broken(&market(), given);
            assert_eq!(
                told,
                [at(
                    "transactables.boat.0._destroy",
                    wrong(Expected::Boolean)
                )]
            );
        }
    }

    #[test]
    fn what_is_not_listed_is_left_out_at_every_level() {
        let given = map(&json!({
            "email": "a@b.org", "properties": {"x": 1},
            "profiles": {"developer": {"properties": {"bio": "x", "y": 1}, "z": 1},
                "seller": {"properties": {"shop": "x"}}},
            "transactables": {"car": {"name": "x"}},
        }));
        let (accepted, violations) = market().check(&given, None);
        assert_eq!(told(&violations), []);
        assert!(accepted.properties.is_empty());
        assert_eq!(accepted.items.len(), 1);
        let item = &accepted.items[0];
        assert_eq!(Value::from(item.properties.clone()), json!({"bio": "x"}));
        assert!(item.fields.is_empty());
    }

    #[test]
    fn a_profile_that_shall_not_be_is_demanded_what_an_absent_one_is() {
        let bio = "profiles.developer.properties.bio";
        let gone = json!({"profiles": {"developer": {"_destroy": true}}});
        let missing = [at(bio, Rule::Blank)];
        assert_eq!(broken(&market(), gone.clone()), missing);
        let stored = map(&json!({"email": "a@b.org",
            "profiles": {"developer": {"id": 3, "properties": {"bio": "x"}}}}));
        let check = |form: &Form| {
            let (accepted, violations) = form.check(&map(&gone), Some(&stored));
            (accepted.items, told(&violations))
        };
        assert_eq!(check(&market()).1, missing);
        // One that demands nothing goes, and nothing is made where none is.
        let free = form("  email: {}\n  profiles: { developer: { properties: { bio: {} } } }");
        let (items, told) = check(&free);
        assert_eq!(told, []);
        assert!(items.len() == 1 && items[0].destroy);
        let new = map(&json!({"email": "a@b.org", "profiles": gone["profiles"]}));
        let (accepted, violations) = free.check(&new, None);
        assert!(violations.is_empty() && accepted.items.is_empty());
    }

    #[test]
    fn items_are_found_by_their_number_and_may_go() {
        let stored = map(&json!({
            "email": "a@b.org",
            "profiles": {"developer": {"id": 3, "properties": {"bio": "x"}}},
            "transactables": {"boat": [{"id": 5, "name": "Ann", "properties": {}}]},
        }));
        let check = |given: Value| {
            let (accepted, violations) = market().check(&map(&given), Some(&stored));
            (accepted.items, told(&violations))
        };
        // The stored one has a name, and the new one needs one.
        let (items, told) = check(json!({"transactables": {"boat": [
            {"id": 5, "properties": {"feet": 30}}, {"properties": {"feet": 9}}]}}));
        assert_eq!(told, [at("transactables.boat.1.name", Rule::Blank)]);
        assert_eq!((items[0].id, items[0].destroy), (Some(5), false));
        let (items, told) = check(json!({"transactables": {"boat": {"id": 5, "_destroy": true}}}));
        assert_eq!(told, []);
        assert!(items.len() == 1 && items.iter().all(|item| item.destroy));
        let (items, told) = check(json!({"transactables": {"boat": [
            {"id": 6, "name": "Eve"}, {"_destroy": true}]},
            "profiles": {"developer": {"id": 4, "properties": {"bio": "y"}}}}));
        assert!(items.is_empty());
        assert_eq!(
            told,
            [
                at("profiles.developer.id", Rule::MustExist),
                at("transactables.boat.0.id", Rule::MustExist),
                at("transactables.boat.1.id", Rule::Blank),
            ]
        );
        let (_, violations) = market().check(
            &map(
                &json!({"email": "a@b.org", "profiles": {"developer": {"id": 3,
                "properties": {"bio": "x"}}}}),
            ),
            None,
        );
        let told = super::told(&violations);
        assert_eq!(told, [at("profiles.developer.id", Rule::MustExist)]);
    }

    #[test]
    fn a_list_of_items_is_bounded() {
        let items = vec![json!({"name": "x"}); MAX_ITEMS + 1];
        let given = json!({"transactables": {"boat": items},
            "profiles": {"developer": {"properties": {"bio": "x"}}}});
        let rule = Rule::TooLong { max: MAX_ITEMS };
        assert_eq!(broken(&market(), given), [at("transactables.boat", rule)]);
    }
}

mod updates {
    use super::*;

    #[test]
    fn presence_holds_where_a_value_is_stored_unless_a_blank_one_comes() {
        let form = form("  email: {}\n  first_name: { validation: { presence: true } }");
        let stored = map(&json!({"email": "a@b.org", "first_name": "Ada"}));
        let check = |given: Value, stored: &Map<String, Value>| {
            told(&form.check(&map(&given), Some(stored)).1)
        };
        assert_eq!(check(json!({}), &stored), []);
        assert_eq!(check(json!({"first_name": null}), &stored), []);
        let blank = [at("first_name", Rule::Blank)];
        assert_eq!(check(json!({"first_name": " "}), &stored), blank);
        let nameless = map(&json!({"email": "a@b.org", "first_name": null}));
        assert_eq!(check(json!({}), &nameless), blank);
    }

    #[test]
    fn an_email_is_demanded_of_who_is_made_whatever_the_form_lists() {
        let form = form("  first_name: {}");
        let blank = [at("email", Rule::Blank)];
        assert_eq!(told(&form.check(&Map::new(), None).1), blank);
        let stored = map(&json!({"email": null}));
        assert_eq!(told(&form.check(&Map::new(), Some(&stored)).1), []);
    }
}

mod words {
    use super::*;

    fn taken(path: Path, form: &Form) -> Option<String> {
        let mut violations = Violations::new();
        violations.add(path, Rule::Taken);
        let Error::Invalid(violations) = form.reword(Error::Invalid(violations)) else {
            panic!("another error");
        };
        violations.iter().next().unwrap().message.clone()
    }

    #[test]
    fn a_form_words_what_is_taken() {
        let form = form(
            "  email: { validation: { uniqueness: { message: We know you already } } }\n  \
             transactables:\n    boat: { properties: { mmsi: { validation: { uniqueness: { \
             message: Registered } } } } }",
        );
        let email = Path::field("email");
        let known = Some("We know you already".to_owned());
        assert_eq!(taken(email.clone(), &form), known);
        let boat = Path::field("transactables").child("boat");
        let words = Some("Registered".to_owned());
        let mmsi = boat.child(0).child("properties").child("mmsi");
        assert_eq!(taken(mmsi, &form), words);
        let alone = boat.child("properties").child("mmsi");
        assert_eq!(taken(alone, &form), words);
        assert_eq!(taken(Path::field("phone"), &form), None);
        assert_eq!(taken(email, &builtin()), None);
        assert!(matches!(form.reword(Error::NotFound), Error::NotFound));
    }

    #[test]
    fn a_forms_own_rules_and_words_stand_before_those_of_its_resource() {
        let form = form(
            "  email: { validation: { presence: { message: Where do we write to? } } }\n  \
             password: { validation: { length: { minimum: 12 } } }",
        );
        let (accepted, told) = checked(&form, &json!({"last_name": "L", "password": "short"}));
        assert_eq!(accepted, json!({"password": "short"}));
        let words = Some("Where do we write to?".to_owned());
        assert_eq!(
            told,
            [
                ("email".to_owned(), Rule::Blank, words),
                at("password", Rule::TooShort { min: 12 }),
            ]
        );
        let (_, told) = checked(&form, &json!({"email": "ada"}));
        assert_eq!(told, [at("email", Rule::BadFormat)]);
    }
}
