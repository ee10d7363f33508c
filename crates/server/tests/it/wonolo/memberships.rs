//! The accounts that a new user becomes a member of.

use directory::keys::NewKey;
use serde_json::json;

use super::{created, employer, stored, with, worker};
use crate::harness::Server;

#[test]
fn an_employer_becomes_a_member_of_their_customer_in_their_role() {
    let server = Server::start();
    let key = server.key();
    let account = server.account("Acme");
    for (role, admin) in [
        ("customer_admin", true),
        ("requestor", false),
        ("read_only", false),
    ] {
        let email = format!("{role}@example.org");
        let user = with(employer(account), json!({"role": role, "email": email}));
        let made = created(&server, &key, &user);
        assert_eq!(
            (&made["role"], &made["customer_id"]),
            (&json!(role), &json!(account))
        );
        let membership =
            json!({"id": account, "name": "Acme", "role": role, "admin": admin, "primary": true});
        assert_eq!(stored(&server, &made)["accounts"], json!([membership]));
        let events = server.user_events(made["id"].as_i64().unwrap());
        let types: Vec<&str> = events.iter().map(|each| each.event_type.as_str()).collect();
        assert_eq!(types, ["user_created", "user_added_to_account"]);
    }
}

#[test]
fn a_user_made_with_a_bound_key_is_a_member_of_its_account() {
    let server = Server::start();
    let (own, customer) = (server.account("Own"), server.account("Customer"));
    let key = server.key_with(NewKey {
        account_id: Some(own),
        owner_email: Some("owner@example.org".to_owned()),
        ..NewKey::default()
    });
    let member = |id: i64, name: &str, role: &str, primary: bool| json!({"id": id, "name": name, "role": role, "admin": false, "primary": primary});
    let worker = stored(&server, &created(&server, &key, &worker()));
    assert_eq!(
        worker["accounts"],
        json!([member(own, "Own", "member", true)])
    );
    assert_eq!(worker["created_by"], "owner@example.org");
    let both = stored(&server, &created(&server, &key, &employer(customer)));
    let expected = json!([
        member(customer, "Customer", "requestor", true),
        member(own, "Own", "member", false),
    ]);
    assert_eq!(both["accounts"], expected);
}
