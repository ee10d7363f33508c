//! The page that a verification or an invitation leads to.

use serde_json::{Value, json};

use super::ada;
use crate::harness::{Request, Response};
use crate::invitations::{Case, assert_page};

/// Keeps the seed's rule, and is not easily guessed.
const GOOD: &str = "Tide-plank-ferry-7";
const WELCOME: &str = "https://app.example.org/welcome?from=muster&x='<";

fn api(case: &Case, method: &str, path: &str) -> Request {
    let credential = format!("ApiKey {}:{}", case.key.id, case.key.secret);
    let request = case.server.request(method, path);
    request.header("authorization", &credential)
}

fn create(case: &Case, more: Value) -> Response {
    let mut body = ada();
    let fields = body.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    api(case, "POST", "/api/v1/user/").json(&body).send()
}

fn allow(case: &Case, uri: &str) -> i64 {
    let operator = case.server.operator();
    let uri = uri.to_owned();
    case.server.write(move |tx| {
        let none = directory::violation::Violations::new();
        Ok(directory::redirects::add(tx, &operator, &uri, none)?.id)
    })
}

fn stored(case: &Case, email: &str) -> Value {
    let path = format!("/v1/users?email={email}");
    case.native("GET", &path).send().expect(200)["data"][0].clone()
}

#[test]
fn a_password_by_the_seeds_rule_verifies_the_email_and_makes_the_member() {
    let case = Case::start();
    case.server.group("Sales");
    create(&case, json!({"groups": "sales", "permission": "2"})).assert_empty(201);
    let link = case.link();
    let page = case.open(&link);
    assert_page(&page, 200, "Welcome, Ada");
    assert!(
        page.text.contains("a digit and a special character"),
        "{}",
        page.text
    );
    assert_page(
        &case.answer(&link, GOOD, GOOD, false),
        200,
        "Your password is set",
    );
    let user = stored(&case, "ada@example.org");
    assert_eq!(user["status"], "active");
    assert_eq!(user["email_verified_at"], crate::harness::START);
    assert_eq!(user["groups"][0]["permission"], 2);
    assert!(case.server.password_is(user["id"].as_i64().unwrap(), GOOD));
    let listed =
        |path: &str| api(&case, "GET", path).send().expect(200)["meta"]["total_count"].clone();
    assert_eq!(listed("/api/v1/invited/"), 0);
    assert_eq!(listed("/api/v1/member/?group=sales"), 1);
    // Once.
    assert_page(
        &case.answer(&link, GOOD, GOOD, false),
        410,
        "This invitation was accepted",
    );
}

#[test]
fn a_password_that_the_seed_refuses_is_refused() {
    let case = Case::start();
    create(&case, json!({})).assert_empty(201);
    let link = case.link();
    let rule = "Use a lower-case letter, an upper-case letter, a digit and a special character, \
        and no space.";
    for (password, told) in [
        ("tide plank ferry orbit", rule),
        ("tide-plank-ferry-orbit", rule),
        ("TIDE-PLANK-FERRY-7", rule),
        ("Tide-plank-ferry", rule),
        ("Tideplankferry77", rule),
        ("Tide-plank ferry-7", rule),
        ("Ti-pl7x", "Use at least 8 characters."),
        // Good by the seed's rule alone.
        ("Password1!", "This password is easily guessed."),
    ] {
        let answer = case.answer(&link, password, password, false);
        assert_page(&answer, 422, "Welcome, Ada");
        assert!(answer.text.contains(told), "{password}: {}", answer.text);
    }
    let long = format!("{}Aa1!", "x7-Q".repeat(24));
    let answer = case.answer(&link, &long, &long, false);
    assert!(
        answer.text.contains("Use at most 99 characters."),
        "{}",
        answer.text
    );
    assert_eq!(stored(&case, "ada@example.org")["status"], "pending");
}

#[test]
fn who_is_invited_to_a_group_becomes_its_member_with_their_permission() {
    let case = Case::start();
    case.server.group("Sales");
    let body = json!({"email": "new@example.org", "group": "sales", "permission": 6});
    api(&case, "POST", "/api/v1/member/")
        .json(&body)
        .send()
        .assert_empty(201);
    let messages = case.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].to, "new@example.org");
    let link = &messages[0].link;
    assert_page(
        &case.answer(link, GOOD, GOOD, false),
        200,
        "Your password is set",
    );
    let user = stored(&case, "new@example.org");
    assert_eq!(user["groups"][0]["permission"], 6);
    assert_eq!(user["status"], "active");
}

#[test]
fn do_email_false_sends_nothing_until_it_is_asked_for() {
    let case = Case::start();
    case.server.group("Sales");
    case.server.group("Legal");
    let asked = |group: &str, mail: bool| {
        let body = json!({"email": "new@example.org", "group": group, "do_email": mail});
        let made = api(&case, "POST", "/api/v1/member/").json(&body).send();
        made.assert_empty(201);
    };
    asked("sales", false);
    assert_eq!(case.messages().len(), 0);
    // Another, at the same moment, is sent all the same.
    asked("legal", true);
    let messages = case.messages();
    assert_eq!(messages.len(), 1);
    let user = stored(&case, "new@example.org");
    let silent = case.of_user(&user["id"])[0]["id"].clone();
    let path = format!("/v1/invitations/{silent}/resend");
    assert_eq!(case.native("POST", &path).send().status, 202);
    assert_eq!(case.messages().len(), 2);
    // One answer is for both.
    let answer = case.answer(&messages[0].link, GOOD, GOOD, false);
    assert_page(&answer, 200, "Your password is set");
    let groups = stored(&case, "new@example.org")["groups"].clone();
    assert_eq!(groups.as_array().unwrap().len(), 2);
}

#[test]
fn adding_a_user_who_is_there_sends_nothing() {
    let case = Case::start();
    case.server.group("Sales");
    create(&case, json!({"password": GOOD})).assert_empty(201);
    let body = json!({"email": "ada@example.org", "group": "sales", "do_email": true});
    api(&case, "POST", "/api/v1/member/")
        .json(&body)
        .send()
        .assert_empty(201);
    assert_eq!(case.messages().len(), 0);
}

#[test]
fn the_page_leads_to_an_allowed_address_exactly() {
    let case = Case::start();
    allow(&case, "https://app.example.org/welcome");
    for near in [
        "https://app.example.org/welcome/",
        "https://app.example.org/welcome?x",
        "https://app.example.org/",
        "https://app.example.org/Welcome",
        "https://app.example.org.evil.example/welcome",
        "https://app.example.org/welcome#x",
        "https://app.example.org/%77elcome",
        " https://app.example.org/welcome",
        "http://app.example.org/welcome",
        "javascript:alert(1)",
        "/welcome",
        "a\0",
    ] {
        let refused = create(&case, json!({ "redirect_to": near }));
        let told = format!("'{near}' is not a valid choice.");
        refused.assert(400, &json!({"user": {"redirect_to": [told]}}));
    }
    assert_eq!(stored(&case, "ada@example.org"), Value::Null);
    let good = json!({"redirect_to": "https://app.example.org/welcome"});
    create(&case, good).assert_empty(201);
    let link = case.link();
    let policy = |page: &Response| {
        let policy = page.header("content-security-policy").unwrap();
        let form = policy
            .split("; ")
            .find(|each| each.starts_with("form-action"));
        form.unwrap().to_owned()
    };
    let page = case.open(&link);
    assert_eq!(policy(&page), "form-action 'self' https://app.example.org");
    let wrong = case.answer(&link, "x", "x", false);
    assert_eq!((wrong.status, wrong.header("location")), (422, None));
    assert_eq!(policy(&wrong), "form-action 'self' https://app.example.org");
    let done = case.answer(&link, GOOD, GOOD, false);
    assert_page(&done, 303, "Your password is set");
    assert_eq!(
        done.header("location"),
        Some("https://app.example.org/welcome")
    );
    assert!(
        done.text
            .contains("href=\"https:&#x2f;&#x2f;app.example.org&#x2f;welcome\"")
            || done
                .text
                .contains("href=\"https://app.example.org/welcome\""),
        "{}",
        done.text
    );
}

#[test]
fn an_address_that_was_taken_off_the_list_is_led_to_no_more() {
    let case = Case::start();
    let id = allow(&case, "https://app.example.org/welcome");
    let good = json!({"redirect_to": "https://app.example.org/welcome"});
    create(&case, good).assert_empty(201);
    let link = case.link();
    let operator = case.server.operator();
    case.server
        .write(move |tx| directory::redirects::remove(tx, &operator, id));
    let page = case.open(&link);
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("form-action 'self';")
    );
    let done = case.answer(&link, GOOD, GOOD, false);
    assert_page(&done, 200, "Your password is set");
    assert_eq!(done.header("location"), None);
}

#[test]
fn another_tenants_list_allows_nothing_here_and_an_address_of_another_form_is_none() {
    let case = Case::start();
    let other = case.server.tenant("other");
    case.server.write(move |tx| {
        let operator = directory::Actor::system(other, "test");
        let none = directory::violation::Violations::new();
        directory::redirects::add(tx, &operator, "https://app.example.org/", none).map(drop)
    });
    let refused = create(&case, json!({"redirect_to": "https://app.example.org/"}));
    assert_eq!(refused.status, 400);
    let refused = create(&case, json!({"redirect_to": 7}));
    refused.assert(
        400,
        &json!({"user": {"redirect_to": ["Enter a valid value."]}}),
    );
    // With a password there is no page, and the address is looked at all the same.
    let refused = create(&case, json!({"password": GOOD, "redirect_to": WELCOME}));
    assert_eq!(refused.status, 400);
}

#[test]
fn asking_for_the_same_user_again_is_refused_and_sends_nothing_more() {
    let case = Case::start();
    create(&case, json!({})).assert_empty(201);
    assert_eq!(case.messages().len(), 1);
    let told = "A user with this email already exists.";
    let again = create(&case, json!({}));
    again.assert(400, &json!({"user": {"email": [told]}}));
    assert_eq!(case.messages().len(), 1);
}
