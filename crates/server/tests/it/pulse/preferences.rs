//! `notificationPreferences` of `POST /users`: in as a list, out as an object.

use serde_json::{Value, json};

use super::{Desk, assert_error};

/// The events that a preference may be about (seed 002, `PulseEvents`).
pub(crate) const EVENTS: &str = "\
    lead_created lead_updated lead_deleted lead_qualified lead_disqualified lead_assigned \
    lead_converted application_created application_updated application_deleted \
    application_completed application_submitted application_status_changed \
    application_sensitive_data_revealed application_information_requested user_created \
    user_updated user_deleted user_logged_in user_logged_out user_password_changed \
    user_password_reset_requested account_created account_updated account_deleted invoice_created \
    payment_received payment_failed refund_issued event_request_body_revealed \
    event_response_body_revealed system_error quota_exceeded api_rate_limited api_key_created \
    api_key_updated api_key_deleted lead_rotation_created lead_rotation_updated \
    lead_rotation_deleted team_created team_updated team_deleted team_activated team_deactivated \
    admin_force_set_password admin_send_passkey_registration passkey_registration_token_validated \
    passkey_registration_options_generated passkey_registered \
    passkey_authentication_options_generated passkey_authenticated passkey_list_viewed \
    passkey_renamed passkey_deleted role_created role_deleted role_permissions_updated \
    file_upload_url_requested file_uploaded file_deleted file_requested file_meta_data_updated \
    note_created note_deleted note_updated account_type_created account_type_deleted \
    account_type_updated user_impersonated lead_source_created lead_source_updated \
    lead_source_deleted lead_source_activated lead_source_deactivated \
    user_permissions_set_directly user_roles_updated account_permissions_updated lead_archived \
    lead_unarchived user_added_to_account user_removed_from_account user_account_settings_updated \
    webhook_created webhook_updated webhook_deleted webhook_delivery_failed webhook_test \
    merchant_created merchant_updated merchant_deleted underwriting_application_assigned \
    underwriting_application_priority_changed underwriting_decision_made underwriting_note_added \
    underwriting_risk_assessment_generated underwriting_auto_rule_created \
    underwriting_auto_rule_updated underwriting_auto_rule_toggled underwriting_auto_rule_tested \
    maverick_webhook_received application_sent_to_maverick maverick_integration_error \
    maverick_status_synced maverick_status_updated maverick_documents_transferred \
    maverick_note_received maverick_tickets_fetched maverick_ticket_viewed \
    maverick_ticket_type_mappings_fetched maverick_ticket_type_mapping_created \
    maverick_ticket_type_mapping_updated maverick_ticket_type_mapping_deleted \
    system_warning_maverick_unmapped_tickets zen_api_lead_created zen_api_lead_batch_submitted \
    zen_api_application_submitted zen_api_application_updated zen_api_documents_transferred \
    zen_api_status_change no_event_name vanity_domain_requested vanity_domain_validated \
    vanity_domain_activated vanity_domain_deleted mid_created mid_updated mid_deleted \
    mid_assigned mid_activated mid_suspended ticket_type_created ticket_type_updated \
    ticket_type_deleted ticket_type_status_changed ticket_rotation_created \
    ticket_rotation_updated ticket_rotation_deleted ticket_rotation_status_changed \
    ticket_rotation_position_reset ticket_created ticket_updated ticket_deleted ticket_assigned \
    ticket_status_changed ticket_comment_added ticket_settings_updated ticket_template_created \
    ticket_template_updated ticket_template_deleted ticket_automation_rule_created \
    ticket_automation_rule_updated ticket_automation_rule_deleted ticket_automation_rule_tested \
    ticket_escalation_rule_created ticket_escalation_rule_updated ticket_escalation_rule_deleted \
    account_relationship_created account_relationship_deleted healthcheck not_found \
    method_not_allowed cron_job";

pub(super) const CHANNELS: [&str; 5] = [
    "website",
    "weekly_email_digest",
    "monthly_email_digest",
    "email",
    "sms",
];

fn body(email: &str, preferences: &Value) -> Value {
    json!({ "email": email, "notificationPreferences": preferences })
}

/// What a user made with these preferences shows; the same when read.
#[track_caller]
fn shown(desk: &Desk, email: &str, preferences: &Value) -> Value {
    let user = desk.made(&body(email, preferences));
    desk.read(&user["id"]).assert(200, &user);
    user["notificationPreferences"].clone()
}

#[track_caller]
fn refuses(desk: &Desk, preferences: &Value, message: &str) {
    desk.refuses(&body("ada@example.org", preferences), 400, message);
}

#[test]
fn every_event_of_the_seed_is_taken_and_shown() {
    let desk = Desk::open();
    let events: Vec<&str> = EVENTS.split_whitespace().collect();
    assert_eq!(events.len(), 163);
    let list: Vec<Value> = events
        .iter()
        .zip(CHANNELS.iter().cycle())
        .map(|(event, channel)| json!({"event": event, "deliveryPref": [channel]}))
        .collect();
    let expected: serde_json::Map<String, Value> = events
        .iter()
        .zip(CHANNELS.iter().cycle())
        .map(|(event, channel)| ((*event).to_owned(), json!({"deliveryPref": [channel]})))
        .collect();
    assert_eq!(
        shown(&desk, "ada@example.org", &list.into()),
        Value::Object(expected)
    );
}

/// A rule for each event of the seed by every channel: default ones, and in accounts.
fn whole(accounts: &[i64]) -> Vec<Value> {
    let rules_of = |account: Option<i64>| {
        let rule = move |event| {
            let account = account.map(|account| account.to_string());
            json!({ "event": event, "accountId": account, "deliveryPref": CHANNELS })
        };
        EVENTS.split_whitespace().map(rule)
    };
    let accounts = accounts.iter().copied().map(Some);
    [None]
        .into_iter()
        .chain(accounts)
        .flat_map(rules_of)
        .collect()
}

#[test]
fn five_places_of_163_rules_each_are_taken_with_a_creation_and_by_a_change() {
    let desk = Desk::open();
    let accounts: Vec<i64> = (0..4).map(|_| desk.server.account("X")).collect();
    let rules = Value::Array(whole(&accounts));
    let counts = |shown: &Value| {
        let shown = shown["notificationPreferences"].as_object().unwrap();
        let of = |account: &i64| {
            let rules = shown["accounts"][account.to_string()].as_object();
            rules.unwrap().len()
        };
        let each: Vec<usize> = accounts.iter().map(of).collect();
        (shown.len() - 1, each)
    };
    let all = (163, vec![163; 4]);
    let channels = |shown: &Value| {
        let shown = &shown["notificationPreferences"];
        let first = &shown["accounts"][accounts[0].to_string()];
        [shown, first].map(|rules| rules["lead_created"]["deliveryPref"].clone())
    };
    let by_all = [json!(CHANNELS), json!(CHANNELS)];
    let made = desk.made(&body("ada@example.org", &rules));
    assert_eq!(counts(&made), all);
    assert_eq!(channels(&made), by_all);
    let other = desk.made(&json!({ "email": "bob@example.org" }));
    let path = format!("/users/{}", other["id"]);
    let change = json!({ "notificationPreferences": rules });
    let changed = desk
        .request("PATCH", &path)
        .json(&change)
        .send()
        .expect(200);
    assert_eq!(counts(&changed), all);
    assert_eq!(channels(&changed), by_all);
    desk.read(&other["id"]).assert(200, &changed);
}

#[test]
fn more_rules_and_roles_than_a_user_may_have_are_refused_with_them() {
    let desk = Desk::open();
    let accounts: Vec<i64> = (0..24).map(|_| desk.server.account("X")).collect();
    let mut rules: Vec<Value> = whole(&accounts).into_iter().take(4_001).collect();
    let roles = vec!["viewer"; 101];
    // Few enough members and items to be read.
    for rule in &mut rules {
        rule["deliveryPref"].take();
    }
    let fresh = json!({
        "email": "ada@example.org", "notificationPreferences": rules, "roles": roles,
    });
    let message = "roles: names more than 100 roles; \
        notificationPreferences: holds more than 4000 rules";
    desk.refuses(&fresh, 400, message);
}

#[test]
fn rules_for_accounts_that_the_caller_has_no_part_in_are_not_shown() {
    let desk = Desk::open();
    let other = desk.server.account("Other").to_string();
    let own = desk.account.to_string();
    let rule = |account: &Value| json!({ "event": "lead_created", "accountId": account, "deliveryPref": ["sms"] });
    let rules = json!([rule(&Value::Null), rule(&json!(own)), rule(&json!(other))]);
    let made = desk.made(&body("ada@example.org", &rules));
    let path = format!("/users/{}", made["id"]);
    let seen = |preferences: &Value| {
        let accounts = preferences["accounts"].as_object().unwrap();
        accounts.keys().cloned().collect::<Vec<_>>()
    };
    let mut both = [own.clone(), other];
    both.sort();
    assert_eq!(seen(&made["notificationPreferences"]), both);
    let bound = desk.bound(&["users:read", "users:write"]);
    let read = desk.request_as(&bound, "GET", &path).send().expect(200);
    let listed = desk.request_as(&bound, "GET", "/users").send().expect(200);
    let change = json!({ "name": "Ada" });
    let changed = desk.request_as(&bound, "PATCH", &path).json(&change);
    let changed = changed.send().expect(200);
    for user in [&read, &listed["data"][0], &changed] {
        let preferences = &user["notificationPreferences"];
        assert_eq!(seen(preferences), [own.as_str()], "{user}");
        assert_eq!(preferences["lead_created"]["deliveryPref"], json!(["sms"]));
    }
    let full = desk.read(&made["id"]).expect(200);
    assert_eq!(
        seen(&full["notificationPreferences"]),
        both,
        "and all are kept"
    );
}

#[test]
fn every_channel_is_taken_alone_together_and_once() {
    let desk = Desk::open();
    for channel in CHANNELS {
        let list = json!([{"event": "lead_created", "deliveryPref": [channel]}]);
        let out = shown(&desk, &format!("{channel}@example.org"), &list);
        assert_eq!(out, json!({"lead_created": {"deliveryPref": [channel]}}));
    }
    let list = json!([{"event": "lead_created", "deliveryPref": CHANNELS}]);
    let out = shown(&desk, "all@example.org", &list);
    assert_eq!(out, json!({"lead_created": {"deliveryPref": CHANNELS}}));
    let list = json!([{"event": "lead_created", "deliveryPref": ["sms", "email", "sms"]}]);
    let out = shown(&desk, "twice@example.org", &list);
    assert_eq!(
        out,
        json!({"lead_created": {"deliveryPref": ["sms", "email"]}})
    );
}

#[test]
fn a_rule_without_a_channel_is_kept() {
    let desk = Desk::open();
    let list = json!([
        {"event": "lead_created"},
        {"event": "lead_updated", "deliveryPref": null},
        {"event": "lead_deleted", "deliveryPref": [], "unknown": 7},
    ]);
    let none = json!({"deliveryPref": []});
    assert_eq!(
        shown(&desk, "ada@example.org", &list),
        json!({"lead_created": none, "lead_updated": none, "lead_deleted": none})
    );
    assert_eq!(shown(&desk, "bob@example.org", &json!([])), json!({}));
}

#[test]
fn a_rule_for_an_account_stands_under_it_beside_the_default() {
    let desk = Desk::open();
    let (here, other) = (desk.account, desk.server.account("Other"));
    let list = json!([
        {"event": "lead_created", "deliveryPref": ["website"]},
        {"event": "lead_created", "accountId": here.to_string(), "deliveryPref": ["sms"]},
        {"event": "lead_created", "accountId": other, "deliveryPref": ["email"]},
        {"event": "cron_job", "accountId": other.to_string()},
        {"event": "user_created", "accountId": null, "deliveryPref": ["email"]},
    ]);
    assert_eq!(
        shown(&desk, "ada@example.org", &list),
        json!({
            "lead_created": {"deliveryPref": ["website"]},
            "user_created": {"deliveryPref": ["email"]},
            "accounts": {
                (here.to_string()): {
                    "lead_created": {"accountId": here.to_string(), "deliveryPref": ["sms"]},
                },
                (other.to_string()): {
                    "lead_created": {"accountId": other.to_string(), "deliveryPref": ["email"]},
                    "cron_job": {"accountId": other.to_string(), "deliveryPref": []},
                },
            },
        })
    );
}

#[test]
fn a_rule_given_twice_is_refused() {
    let desk = Desk::open();
    let account = desk.account;
    let message = "notificationPreferences.1: repeats a rule for the same event and account";
    for (first, second) in [
        (json!({}), json!({"accountId": null})),
        (
            json!({"accountId": account}),
            json!({"accountId": account.to_string()}),
        ),
        (
            json!({"deliveryPref": ["sms"]}),
            json!({"deliveryPref": ["email"]}),
        ),
    ] {
        let mut list = json!([first, second]);
        for each in list.as_array_mut().unwrap() {
            each["event"] = json!("lead_created");
        }
        refuses(&desk, &list, message);
    }
}

#[test]
fn an_event_is_required_and_one_of_the_seeds() {
    let desk = Desk::open();
    for missing in [json!({}), json!({"event": null})] {
        let message = "notificationPreferences.0.event: is required";
        refuses(&desk, &json!([missing]), message);
    }
    // The server's own names are no events of the catalogue; case and space count.
    for unknown in [
        "invitation_created",
        "badge_created",
        "LEAD_CREATED",
        " lead_created",
        "accounts",
        "",
        "lead",
        "lead_created\u{0}",
    ] {
        let message =
            format!("notificationPreferences.0.event: {unknown:?} is none of the values allowed");
        refuses(&desk, &json!([{ "event": unknown }]), &message);
    }
    for value in [json!(7), json!(true), json!(["lead_created"]), json!({})] {
        let message = "notificationPreferences.0.event: must be a string";
        refuses(&desk, &json!([{ "event": value }]), message);
    }
}

#[test]
fn a_channel_is_one_of_the_seeds() {
    let desk = Desk::open();
    let rule = |value: Value| json!([{"event": "lead_created", "deliveryPref": value}]);
    for unknown in ["fax", "Email", "daily_email_digest", ""] {
        let message = format!(
            "notificationPreferences.0.deliveryPref.1: {unknown:?} is none of the values allowed"
        );
        refuses(&desk, &rule(json!(["email", unknown])), &message);
    }
    for value in [json!(1), json!(null), json!([]), json!({}), json!(false)] {
        let message = "notificationPreferences.0.deliveryPref.0: must be a string";
        refuses(&desk, &rule(json!([value])), message);
    }
    for value in [
        json!("email"),
        json!({"email": true}),
        json!(1),
        json!(true),
    ] {
        let message = "notificationPreferences.0.deliveryPref: must be a list";
        refuses(&desk, &rule(value), message);
    }
}

#[test]
fn an_account_that_is_absent_or_not_the_callers_is_named() {
    let desk = Desk::open();
    let tenant = desk.server.tenant("other");
    let foreign = desk.server.account_of(tenant, "Theirs");
    for value in [
        json!(999_999_999),
        json!("999999999"),
        json!(foreign),
        json!(foreign.to_string()),
        json!(0),
        json!("0"),
        json!(format!("0{}", desk.account)),
        json!("9223372036854775808"),
        json!(9_223_372_036_854_775_808_u64),
    ] {
        let list = json!([{"event": "lead_created", "accountId": value}]);
        let message =
            format!("notificationPreferences.0.accountId: {value} names nothing that exists");
        refuses(&desk, &list, &message);
    }
}

#[test]
fn a_bound_key_sets_rules_for_its_own_account_alone() {
    let desk = Desk::open();
    let other = desk.server.account("Other");
    let key = desk.bound(&["users:write"]);
    let create = |account: i64| {
        let list = json!([{"event": "lead_created", "accountId": account}]);
        let request = desk.request_as(&key, "POST", "/users");
        request.json(&body("ada@example.org", &list)).send()
    };
    let message = format!("notificationPreferences.0.accountId: {other} names nothing that exists");
    assert_error(&create(other), 400, &message);
    assert_eq!(desk.server.user_count(), 0);
    create(desk.account).expect(201);
}

#[test]
fn an_account_is_digits_as_text_or_a_whole_number() {
    let desk = Desk::open();
    for (value, words) in [
        (json!(""), "must be digits"),
        (json!("abc"), "must be digits"),
        (json!("-1"), "must be digits"),
        (json!("1.0"), "must be digits"),
        (json!(" 1"), "must be digits"),
        (json!("1\u{0}"), "must be digits"),
        (json!(-1), "must be digits"),
        (json!(1.0), "must be a string"),
        (json!(1e30), "must be a string"),
        (json!(true), "must be a string"),
        (json!([1]), "must be a string"),
        (json!({"id": 1}), "must be a string"),
    ] {
        let list = json!([{"event": "lead_created", "accountId": value}]);
        let message = format!("notificationPreferences.0.accountId: {words}");
        refuses(&desk, &list, &message);
    }
}

#[test]
fn preferences_are_a_list_of_objects() {
    let desk = Desk::open();
    // The shape that comes out is not the one that goes in.
    for value in [
        json!({"lead_created": {"deliveryPref": ["email"]}}),
        json!("lead_created"),
        json!(1),
        json!(true),
    ] {
        refuses(&desk, &value, "notificationPreferences: must be a list");
    }
    for value in [json!("lead_created"), json!(null), json!(1), json!([])] {
        let list = json!([{"event": "lead_created"}, value]);
        refuses(&desk, &list, "notificationPreferences.1: must be an object");
    }
}

#[test]
fn all_that_is_wrong_with_rules_is_told_together() {
    let desk = Desk::open();
    let list = json!([
        {"event": "nothing", "accountId": "x", "deliveryPref": ["fax", 1]},
        7,
        {"deliveryPref": "email", "accountId": 999_999_999},
        {"event": "lead_created", "accountId": "999999999"},
    ]);
    let message = [
        "notificationPreferences.0.event: \"nothing\" is none of the values allowed",
        "notificationPreferences.0.accountId: must be digits",
        "notificationPreferences.0.deliveryPref.0: \"fax\" is none of the values allowed",
        "notificationPreferences.0.deliveryPref.1: must be a string",
        "notificationPreferences.1: must be an object",
        "notificationPreferences.2.event: is required",
        "notificationPreferences.2.deliveryPref: must be a list",
        "notificationPreferences.3.accountId: \"999999999\" names nothing that exists",
    ];
    refuses(&desk, &list, &message.join("; "));
}
