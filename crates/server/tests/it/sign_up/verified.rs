//! What was proved of an address says nothing of another.

use serde_json::json;

use super::Case;

/// Those APIs that change an email: of the others it is the user's name.
const CHANGING: [&str; 3] = ["native", "wonolo", "platformos"];

#[test]
fn an_address_that_changes_is_proved_no_more_whichever_api_changes_it() {
    let case = Case::start();
    let server = &case.server;
    let token = &case.key.token;
    for (n, dialect) in CHANGING.into_iter().enumerate() {
        let (before, after) = (format!("a{n}@example.org"), format!("b{n}@example.org"));
        let user = case.verified(&before, &format!("boats-{n}"));
        let id = user["id"].as_i64().unwrap();
        let change = |email: &str| {
            let request =
                |method: &str, path: &str| server.request(method, &format!("{path}/{id}"));
            let answer = match dialect {
                "wonolo" => request("PATCH", "/api_v2/users")
                    .bearer(token)
                    .json(&json!({"user": {"email": email}})),
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
        let proved = &user["email_verified_at"];
        assert_eq!(same["email_verified_at"], *proved, "{dialect}");
        change(&after);
        let other = case.user(&after).unwrap();
        assert_eq!(other["email_verified_at"], json!(null), "{dialect}");
    }
}
