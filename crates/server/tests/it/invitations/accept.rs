//! Who accepts an invitation is a user in every API.

use serde_json::json;

use super::{Case, PASSWORD, assert_page};

#[test]
fn a_worker_invited_over_wonolo_joins_through_the_link_and_every_api_shows_it() {
    let case = Case::start();
    let worker = case.invite(json!({ "email": "Ada@Example.org", "external_id": 77 }));
    let id = &worker["id"];
    assert_eq!(worker["onboarding_last_state"], "invited");
    assert_eq!(case.stored(id)["status"], "pending");
    let messages = case.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (messages[0].channel.as_str(), messages[0].to.as_str()),
        ("email", "Ada@Example.org")
    );
    let link = &messages[0].link;
    assert!(link.starts_with("/invitations/1-"), "{link}");
    case.server.advance(std::time::Duration::from_secs(3_600));
    let at = "2026-11-21T05:50:40.123Z";

    let page = case.open(link);
    assert_page(&page, 200, "Welcome, Ada");
    assert!(page.text.contains("value=\"Ada@Example.org\""));
    assert!(page.text.contains("until 5 December 2026, 04:50 UTC"));
    assert_page(&case.accept(link), 200, "Your password is set");

    let user = case.stored(id);
    assert_eq!(user["status"], "active");
    assert_eq!(user["email_verified_at"], at);
    assert_eq!(user["phone_verified_at"], json!(null));
    assert_eq!(user["agreed_to_terms"], true);
    assert_eq!(user["agreed_to_terms_at"], at);
    assert_eq!(user["worker"]["onboarding_state"], "started");
    assert_eq!(user["updated_by"], "Ada@Example.org");
    assert!(case.server.password_is(id.as_i64().unwrap(), PASSWORD));
    let path = format!("/api_v2/users/{id}");
    let wonolo = case.native("GET", &path).send().expect(200)["user"].clone();
    assert_eq!(wonolo["onboarding_last_state"], "started");
    assert_eq!(wonolo["agreed_to_terms"], true);
    assert_eq!(wonolo["agreed_to_terms_date"], at);
    assert_eq!(wonolo["external_id"], "77");
    let pulse = case
        .native("GET", &format!("/users/{id}"))
        .header("x-account-id", &case.account.to_string())
        .send()
        .expect(200);
    assert_eq!(
        (&pulse["active"], &pulse["email"]),
        (&json!(true), &json!("Ada@Example.org"))
    );
    let platformos = case
        .server
        .get(&format!("/api/users/{id}"))
        .header("authorization", &format!("Token token={}", case.key.token))
        .send()
        .expect(200);
    assert_eq!(platformos["first_name"], "Ada");
    let credential = format!("ApiKey {}:{}", case.key.id, case.key.secret);
    let path = format!("/api/v1/user/{}/", user["uid"].as_str().unwrap());
    let legalesign = case.server.get(&path).header("authorization", &credential);
    assert_eq!(legalesign.send().expect(200)["email"], "Ada@Example.org");
    let own = &case.of_user(id)[0];
    assert_eq!(
        (&own["state"], &own["ended_at"]),
        (&json!("accepted"), &json!(at))
    );
}

#[test]
fn without_an_email_the_invitation_goes_by_sms_and_verifies_the_phone() {
    let case = Case::start();
    let worker = case.invite(json!({}));
    let messages = case.messages();
    assert_eq!(
        (messages[0].channel.as_str(), messages[0].to.as_str()),
        ("sms", "+14155552671")
    );
    assert_page(&case.open(&messages[0].link), 200, "Welcome, Ada");
    assert_page(&case.accept(&messages[0].link), 200, "Your password is set");
    let user = case.stored(&worker["id"]);
    assert_eq!(user["verified_phone"], "415 555 2671");
    assert_eq!(user["phone_verified_at"], crate::harness::START);
    assert_eq!(user["email_verified_at"], json!(null));
}

#[test]
fn a_user_of_legalesign_without_a_password_joins_all_groups_by_one_link() {
    let case = Case::start();
    let (sales, legal) = (case.server.group("Sales"), case.server.group("Legal"));
    let credential = format!("ApiKey {}:{}", case.key.id, case.key.secret);
    let body = json!({
        "first_name": "Grace", "last_name": "Hopper", "email": "grace@example.org",
        "groups": format!("{},{}", sales.slug, legal.slug), "permission": "2",
    });
    let made = case
        .server
        .post("/api/v1/user/")
        .header("authorization", &credential)
        .json(&body)
        .send();
    made.assert_empty(201);
    let messages = case.messages();
    assert_eq!(messages.len(), 1, "one message for both groups");
    let link = &messages[0].link;
    let page = case.open(link);
    assert_page(&page, 200, "Welcome, Grace");
    assert!(!page.text.contains("agreed_to_terms"), "{}", page.text);
    let found = case.native("GET", "/v1/users?email=grace@example.org");
    let user = found.send().expect(200)["data"][0].clone();
    assert_eq!(user["groups"], json!([]));
    let password = "Tide-plank-ferry-7";
    let answer = case.answer(link, password, password, false);
    assert_page(&answer, 200, "Your password is set");
    let user = case.stored(&user["id"]);
    let joined: Vec<_> = user["groups"].as_array().unwrap().iter().collect();
    let joined: Vec<_> = joined
        .iter()
        .map(|each| (&each["slug"], &each["permission"]))
        .collect();
    let expected = [
        (&json!(sales.slug), &json!(2)),
        (&json!(legal.slug), &json!(2)),
    ];
    assert_eq!(joined, expected);
    assert_eq!(user["agreed_to_terms"], json!(null));
    let path = format!("/api/v1/user/{}/", user["uid"].as_str().unwrap());
    let shown = case.server.get(&path).header("authorization", &credential);
    assert_eq!(
        shown.send().expect(200)["groups"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn a_user_of_pulse_sets_their_password_by_the_link_they_got() {
    let case = Case::start();
    let made = case
        .native("POST", "/users")
        .header("x-account-id", &case.account.to_string())
        .json(&json!({ "email": "grace@example.org", "name": "Grace Hopper" }));
    let id = made.send().expect(201)["id"].clone();
    let link = case.link();
    assert_page(&case.open(&link), 200, "Welcome, Grace");
    let answer = case.answer(&link, PASSWORD, PASSWORD, false);
    assert_page(&answer, 200, "Your password is set");
    assert_eq!(case.stored(&id)["status"], "active");
    assert!(case.server.password_is(id.as_i64().unwrap(), PASSWORD));
}

const COMPOSED: &str = "Tide-plank-ferry-7";

/// Invites who is pending to a group over Legalesign's API; answers the link that they got.
fn invited_to_sales(case: &Case) -> String {
    case.server.group("Sales");
    let credential = format!("ApiKey {}:{}", case.key.id, case.key.secret);
    let member = case.server.post("/api/v1/member/");
    let member = member.header("authorization", &credential);
    let body = json!({"email": "ada@example.org", "group": "sales"});
    member.json(&body).send().assert_empty(201);
    case.link()
}

#[test]
fn the_link_of_another_api_is_no_way_around_the_terms() {
    let case = Case::start();
    let (worker, invite) = case.invited();
    case.server.advance(std::time::Duration::from_secs(1));
    let verify = invited_to_sales(&case);
    assert_ne!(invite, verify);
    for link in [&invite, &verify] {
        let page = case.open(link);
        assert!(page.text.contains("agreed_to_terms"), "{}", page.text);
        let refused = case.answer(link, COMPOSED, COMPOSED, false);
        assert_page(&refused, 422, "Welcome, Ada");
        assert!(refused.text.contains("Accept the terms to go on."));
        assert_eq!(case.stored(&worker["id"])["status"], "pending");
    }
    let answer = case.answer(&verify, COMPOSED, COMPOSED, true);
    assert_page(&answer, 200, "Your password is set");
    let user = case.stored(&worker["id"]);
    assert_eq!(user["agreed_to_terms"], true);
    assert_eq!(user["agreed_to_terms_at"], "2026-11-21T04:50:41.123Z");
    assert_eq!(user["worker"]["onboarding_state"], "started");
    assert_eq!(case.open(&invite).status, 410);
}

#[test]
fn the_link_of_another_api_is_no_way_around_the_rule_of_passwords() {
    let pulse = |case: &Case| {
        let body = json!({ "email": "ada@example.org", "name": "Ada Lovelace" });
        let made = case.native("POST", "/users").json(&body);
        let made = made.header("x-account-id", &case.account.to_string());
        let id = made.send().expect(201)["id"].clone();
        (id, case.link())
    };
    let wonolo = |case: &Case| {
        let (worker, link) = case.invited();
        (worker["id"].clone(), link)
    };
    let ways: [&dyn Fn(&Case) -> (serde_json::Value, String); 2] = [&pulse, &wonolo];
    for first in ways {
        let case = Case::start();
        let (id, link) = first(&case);
        case.server.advance(std::time::Duration::from_secs(1));
        invited_to_sales(&case);
        let page = case.open(&link);
        assert!(page.text.contains("a digit and a special character"));
        let refused = case.answer(&link, PASSWORD, PASSWORD, true);
        assert_page(&refused, 422, "Welcome, Ada");
        assert_eq!(case.stored(&id)["groups"], json!([]));
        let answer = case.answer(&link, COMPOSED, COMPOSED, true);
        assert_page(&answer, 200, "Your password is set");
        assert_eq!(case.stored(&id)["groups"][0]["slug"], "sales");
    }
}

#[test]
fn of_two_answers_at_one_moment_one_sets_the_password() {
    let case = Case::start();
    let (worker, link) = case.invited();
    let passwords = ["tide plank ferry orbit", "lamp quartz meadow fjord"];
    let answers: Vec<_> = std::thread::scope(|scope| {
        let (case, link) = (&case, link.as_str());
        let running: Vec<_> = passwords
            .iter()
            .map(|password| scope.spawn(move || case.answer(link, password, password, true)))
            .collect();
        running
            .into_iter()
            .map(|each| each.join().unwrap())
            .collect()
    });
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    let winner = statuses.iter().position(|status| *status == 200).unwrap();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 410]);
    let id = worker["id"].as_i64().unwrap();
    assert!(case.server.password_is(id, passwords[winner]));
    let events = case.server.user_events(id);
    let set = events
        .iter()
        .filter(|each| each.event_type == "user_password_changed");
    assert_eq!(set.count(), 1);
}
