//! What was proved of an address says nothing of another.

use directory::keys::NewKey;
use serde_json::json;

use super::Case;

#[test]
fn an_address_that_changes_is_proved_no_more_whichever_api_changes_it() {
    let case = Case::start();
    let server = &case.server;
    let account = server.account("Acme");
    let key = server.key_with(NewKey {
        account_id: Some(account),
        ..NewKey::default()
    });
    for (n, dialect) in ["native", "wonolo", "pulse", "platformos"]
        .into_iter()
        .enumerate()
    {
        let (before, after) = (format!("a{n}@example.org"), format!("b{n}@example.org"));
        let user = case.verified(&before, &format!("boats-{n}"));
        let id = user["id"].as_i64().unwrap();
        // Everybody is in the account that the key of Pulse is bound to.
        let joined = json!({"role": "member"});
        let place = format!("/v1/accounts/{account}/members/{id}");
        let join = server.request("PUT", &place).bearer(&case.key.token);
        assert!(join.json(&joined).send().status < 300);
        let change = |email: &str| {
            let request =
                |method: &str, path: &str| server.request(method, &format!("{path}/{id}"));
            let token = &case.key.token;
            let answer = match dialect {
                "wonolo" => request("PATCH", "/api_v2/users")
                    .bearer(token)
                    .json(&json!({"user": {"email": email}})),
                "pulse" => request("PATCH", "/users")
                    .bearer(&key.token)
                    .header("x-account-id", &account.to_string())
                    .json(&json!({"email": email})),
                "platformos" => request("PUT", "/api/users")
                    .header("authorization", &format!("Token token={token}"))
                    .json(&json!({"form": {"email": email},
                        "form_configuration_name": "reference_rest_api_create_user"})),
                _ => request("PATCH", "/v1/users")
                    .bearer(token)
                    .json(&json!({"email": email})),
            };
            let answer = answer.send();
            assert!(answer.status < 300, "{dialect}: {}", answer.text);
        };
        // Another way to write it is no other address.
        change(&before.to_uppercase());
        let same = case.user(&before).unwrap();
        assert_eq!(
            same["email_verified_at"], user["email_verified_at"],
            "{dialect}"
        );
        change(&after);
        let other = case.user(&after).unwrap();
        assert_eq!(other["email_verified_at"], json!(null), "{dialect}");
        case.pause();
    }
}
