//! What a page is filled in with before anybody filled it in, and the bounds that browsers hold.

use serde_json::json;

use super::{Case, SENT, assert_page};

const FORM: &str = "name: member\nresource: User\npublic: true\ndefault_payload: { public_profile: \
    true, properties: { plan: pro } }\nconfiguration:\n  email: {}\n  public_profile: {}\n  \
    password: { validation: { presence: true } }\n  properties:\n    \
    plan: { validation: { inclusion: { in: [free, pro] } } }\n    \
    news: { property_options: { type: boolean, default: true } }\n    \
    town: { property_options: { default: Oslo } }\n    \
    days: { validation: { inclusion: { in: [Mon, Tue] } }, property_options: { type: array, \
    default: [Tue] } }\n    \
    seats: { validation: { numericality: { only_integer: true, greater_than: 2.5, \
    greater_than_or_equal_to: 1, less_than: 9.5 } } }\n    \
    more: { validation: { numericality: { only_integer: true, greater_than_or_equal_to: 2.5, \
    less_than_or_equal_to: 9.5 } } }\n";
const PATH: &str = "/forms/member";

#[test]
fn a_page_shows_what_a_value_would_be_that_is_left_alone() {
    let case = Case::start();
    case.server.form(FORM);
    let page = case.server.get(PATH).send();
    for part in [
        r#"name="public_profile" value="1" checked"#,
        r#"name="properties[news]" value="1" checked"#,
        "<option selected>pro</option>",
        r#"name="properties[town]" value="Oslo""#,
        r#"value="Tue" checked"#,
    ] {
        assert!(page.text.contains(part), "{part}\n{}", page.text);
    }
    assert!(!page.text.contains(r#"value="Mon" checked"#));
    // A box that was unticked stays so, also where the page is shown again.
    let opened = case.open(PATH);
    let again = case.send(&opened, &[("email", "no address")]);
    assert_page(&again, 422, "Sign up");
    assert!(!again.text.contains(" checked"), "{}", again.text);
    let sent = [("email", "ada@example.org"), ("properties[news]", "1")];
    assert_page(&case.send(&opened, &sent), 200, SENT);
    let user = case.user("ada@example.org").unwrap();
    assert_eq!(user["public_profile"], false);
    let properties = json!({"news": true, "plan": "pro", "town": "Oslo", "days": ["Tue"]});
    assert_eq!(user["properties"], properties);
}

#[test]
fn the_bounds_of_a_whole_number_are_whole() {
    let case = Case::start();
    case.server.form(FORM);
    let page = case.server.get(PATH).send();
    let control = |name: &str| {
        let (_, rest) = page
            .text
            .split_once(&format!("name=\"properties[{name}]\""))
            .unwrap();
        rest.split_once('>').unwrap().0.to_owned()
    };
    for name in ["seats", "more"] {
        let said = control(name);
        assert!(
            said.contains(r#"min="3.0" max="9.0" step="1""#),
            "{name}: {said}"
        );
    }
}
