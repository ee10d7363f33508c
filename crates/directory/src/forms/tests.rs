//! The engine and the configurations that it is made of.

use serde_json::{Map, Value, json};

use super::*;
use crate::violation::{Comparison, Expected, FormRule, Violation};

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

mod validators {
    use super::*;

    fn property(validation: &str) -> Form {
        form(&format!(
            "  email: {{}}\n  properties:\n    x: {{ validation: {validation} }}\n    y: {{}}\n    \
             x_extra: {{}}"
        ))
    }

    /// What is wrong with this value of a property.
    fn of(validation: &str, value: Value) -> Vec<Rule> {
        let told = broken(&property(validation), json!({"properties": {"x": value}}));
        for (path, _, _) in &told {
            assert!(path.starts_with("properties.x"), "{path}");
        }
        told.into_iter().map(|(_, rule, _)| rule).collect()
    }

    #[test]
    fn presence_wants_more_than_white_space() {
        let presence = "{ presence: true }";
        for blank in [json!(null), json!(""), json!(" \t\u{a0}"), json!([])] {
            let rules = of(presence, blank.clone());
            let is_list = blank.is_array();
            let expected = if is_list {
                wrong(Expected::Scalar)
            } else {
                Rule::Blank
            };
            assert_eq!(rules, [expected], "{blank}");
        }
        for there in [json!(false), json!(0), json!("x")] {
            assert_eq!(of(presence, there), []);
        }
        assert_eq!(of("{ presence: { allow_nil: true } }", json!(null)), []);
        assert_eq!(of("{ presence: false }", json!(null)), []);
    }

    #[test]
    fn numbers_are_compared_as_they_are_asked_to() {
        let demands = "{ numericality: { greater_than: 0, less_than_or_equal_to: 10.5, \
                       other_than: 3 } }";
        let compared =
            |comparison, count: f64| Rule::Form(FormRule::Compared { comparison, count });
        assert_eq!(of(demands, json!(0.5)), []);
        assert_eq!(of(demands, json!(10.5)), []);
        assert_eq!(
            of(demands, json!(0)),
            [compared(Comparison::GreaterThan, 0.0)]
        );
        assert_eq!(
            of(demands, json!(11)),
            [compared(Comparison::LessThanOrEqualTo, 10.5)]
        );
        assert_eq!(
            of(demands, json!(3.0)),
            [compared(Comparison::OtherThan, 3.0)]
        );
        for no_number in [json!("5"), json!(true), json!([1])] {
            assert_eq!(of(demands, no_number), [Rule::Form(FormRule::NotANumber)]);
        }
        let two = "{ numericality: { greater_than: 5, greater_than_or_equal_to: 6 } }";
        assert_eq!(of(two, json!(1)).len(), 2);
        let whole = "{ numericality: { only_integer: true, odd: true } }";
        assert_eq!(of(whole, json!(1.5)), [Rule::Form(FormRule::NotAnInteger)]);
        assert_eq!(of(whole, json!(-3.0)), []);
        assert_eq!(
            of(whole, json!(4)),
            [Rule::Form(FormRule::Parity { odd: true })]
        );
        let even = "{ numericality: { even: true, equal_to: 4 } }";
        assert_eq!(of(even, json!(4)), []);
        assert_eq!(of(even, json!(5)).len(), 2);
    }

    #[test]
    fn lengths_choices_and_patterns_hold() {
        let length = "{ length: { minimum: 2, maximum: 3 } }";
        assert_eq!(of(length, json!("é")), [Rule::TooShort { min: 2 }]);
        assert_eq!(of(length, json!("éééé")), [Rule::TooLong { max: 3 }]);
        assert_eq!(of(length, json!("ééé")), []);
        assert_eq!(
            of("{ length: { is: 2 } }", json!("abc")),
            [Rule::Form(FormRule::WrongLength { is: 2 })]
        );
        let choice = "{ inclusion: { in: [red, 5, true] } }";
        for good in [json!("red"), json!(5.0), json!(true)] {
            assert_eq!(of(choice, good), []);
        }
        let value = "5".to_owned();
        assert_eq!(of(choice, json!("5")), [Rule::NotIncluded { value }]);
        let taken = "{ exclusion: { in: [admin, root] } }";
        assert_eq!(of(taken, json!("root")), [Rule::Form(FormRule::Reserved)]);
        assert_eq!(of(taken, json!("rooted")), []);
        let pattern = r"{ format: { with: '\A[a-z]+\z' } }";
        assert_eq!(of(pattern, json!("abc")), []);
        assert_eq!(of(pattern, json!("abc1")), [Rule::BadFormat]);
        assert_eq!(of(pattern, json!("")), [Rule::BadFormat]);
        assert_eq!(of(pattern, json!(5)), [wrong(Expected::Text)]);
    }

    #[test]
    fn dates_and_moments_are_read_strictly() {
        for good in ["2026-11-21", "2024-02-29"] {
            assert_eq!(of("{ date: true }", json!(good)), [], "{good}");
        }
        for bad in [
            "2026-02-30",
            "21.11.2026",
            "2026-11-21T00:00:00Z",
            "",
            "20261121",
        ] {
            let expected = [Rule::Form(FormRule::NotADate { time: false })];
            assert_eq!(of("{ date: true }", json!(bad)), expected, "{bad}");
        }
        for good in [
            "2026-11-21T04:50:40.123Z",
            "2026-11-21T04:50:40+05:30",
            "2026-11-21T04:50",
        ] {
            assert_eq!(of("{ datetime: true }", json!(good)), [], "{good}");
        }
        for bad in ["2026-11-21", "2026-11-21T25:00:00Z", "now", "5"] {
            let expected = [Rule::Form(FormRule::NotADate { time: true })];
            assert_eq!(of("{ datetime: true }", json!(bad)), expected, "{bad}");
        }
        assert_eq!(
            of("{ date: true }", json!(5)),
            [Rule::Form(FormRule::NotADate { time: false })]
        );
    }

    #[test]
    fn a_confirmation_is_told_where_it_stands() {
        let form = property("{ confirmation: { message: Twice please } }");
        let with = |again: Value| {
            let given = json!({"properties": {"x": "one", "x_confirmation": again}});
            broken(&form, given)
        };
        assert_eq!(with(json!("one")), []);
        assert_eq!(with(json!(null)), []);
        let field = "x".to_owned();
        let rule = Rule::Form(FormRule::Unrepeated { field });
        let message = Some("Twice please".to_owned());
        assert_eq!(
            with(json!("other")),
            [("properties.x_confirmation".to_owned(), rule, message)]
        );
    }

    #[test]
    fn a_blank_value_may_be_allowed_and_then_takes_a_value_away() {
        assert_eq!(
            of("{ length: { minimum: 2, allow_blank: true } }", json!(" ")),
            []
        );
        let form = property("{ numericality: { allow_blank: true } }");
        let given = map(&json!({"email": "a@b.org", "properties": {"x": ""}}));
        let (accepted, violations) = form.check(&given, None);
        assert_eq!(told(&violations), []);
        assert_eq!(accepted.properties["x"], Value::Null);
        assert_eq!(
            of("{ numericality: true }", json!("")),
            [Rule::Form(FormRule::NotANumber)]
        );
    }

    #[test]
    fn the_authors_words_are_told_for_their_own_rule() {
        let form =
            property("{ presence: { message: Needed }, length: { minimum: 3, message: Longer! } }");
        let words = |value: Value| {
            let told = broken(&form, json!({"properties": {"x": value}}));
            told.into_iter()
                .map(|(_, _, words)| words)
                .collect::<Vec<_>>()
        };
        let some = |words: &str| Some(words.to_owned());
        assert_eq!(words(json!(null)), [some("Needed")]);
        assert_eq!(words(json!("")), [some("Needed"), some("Longer!")]);
        assert_eq!(words(json!(5)), [None]);
        let form = property("{ numericality: { message: Digits } }");
        let told = broken(&form, json!({"properties": {"x": "abc"}}));
        assert_eq!(told[0].2, some("Digits"));
    }

    #[test]
    fn a_rule_may_depend_on_another_field() {
        let form = form(
            "  email: {}\n  featured: {}\n  properties:\n    plan: {}\n    company:\n      \
             validation: { presence: { if: { field: plan, equals: pro } } }\n    tax:\n      \
             validation: { presence: { if: { field: company, present: true } } }\n  \
             profiles:\n    seller:\n      properties:\n        shop: { validation: { presence: \
             { if: { field: featured, equals: true } } } }",
        );
        assert_eq!(broken(&form, json!({})), []);
        let pro = json!({"properties": {"plan": "pro"}});
        assert_eq!(broken(&form, pro), [at("properties.company", Rule::Blank)]);
        let company = json!({"properties": {"company": "Acme"}});
        assert_eq!(broken(&form, company), [at("properties.tax", Rule::Blank)]);
        let featured = json!({"featured": true});
        let shop = "profiles.seller.properties.shop";
        assert_eq!(broken(&form, featured), [at(shop, Rule::Blank)]);
        // What is stored counts where nothing came.
        let stored = map(&json!({"email": "a@b.org", "properties": {"plan": "pro"}}));
        let (_, violations) = form.check(&Map::new(), Some(&stored));
        assert_eq!(told(&violations), [at("properties.company", Rule::Blank)]);
    }

    #[test]
    fn a_value_is_bounded_and_holds_no_nul() {
        let long = "x".repeat(MAX_VALUE + 1);
        assert_eq!(of("{}", json!(long)), [Rule::TooLong { max: MAX_VALUE }]);
        assert_eq!(of("{}", json!("a\0b")), [Rule::BadFormat]);
        let form = form("  email: {}\n  properties:\n    x: { property_options: { type: array } }");
        let many = json!({"properties": {"x": vec!["xxxx"; 5_000]}});
        let expected = at("properties.x", Rule::TooLong { max: MAX_VALUE });
        assert_eq!(broken(&form, many), [expected]);
        let nested = json!({"properties": {"x": [["deep"]]}});
        assert_eq!(
            broken(&form, nested),
            [at("properties.x", wrong(Expected::List))]
        );
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
        let (items, told) = check(
            json!({"transactables": {"boat": {"id": 5, "_destroy": true}},
            "profiles": {"developer": {"_destroy": true}}}),
        );
        assert_eq!(told, []);
        assert!(items.len() == 2 && items.iter().all(|item| item.destroy));
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

mod configurations {
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
        let json =
            "{\"name\": \"x\",\n\"resource\": \"User\",\n\"configuration\":\n {\"emial\": {}}}";
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
}
