//! Passkeys are bound to one origin: scheme, host and port of the base URL, and no other.

use serde_json::json;

use super::{Case, ORIGIN, at, wrong};

/// Origins that are like the one, and are not it.
const OTHERS: [&str; 14] = [
    "http://directory.example.com",
    "https://directory.example.com:8443",
    "https://directory.example.com:80",
    "http://directory.example.com:443",
    "https://login.directory.example.com",
    "https://example.com",
    "https://directory.example.com.evil.test",
    "https://evil-directory.example.com",
    "https://evildirectory.example.com",
    "https://directory.example.org",
    "https://directory.example.com@evil.test",
    "https://xn--directory-.example.com",
    "android:apk-key-hash:AAAA",
    "null",
];

/// What a browser says of a frame: whether it is in a page of another origin, and in which.
const FRAMES: [(bool, Option<&str>); 4] = [
    (true, None),
    (true, Some("https://evil.test")),
    (false, Some("https://evil.test")),
    (true, Some(ORIGIN)),
];

#[test]
fn a_passkey_is_registered_from_the_exact_origin_alone() {
    let case = Case::start();
    let user = case.user("ada@example.org");
    let token = case.token(user);
    for origin in OTHERS {
        let mut device = case.authenticator();
        device.origin = origin.to_owned();
        let answer = case.register_by(&token, "A", &mut device);
        assert_eq!(
            wrong(&answer),
            at(&[("/credential", "bad_format")]),
            "{origin}"
        );
    }
    for (cross, top) in FRAMES {
        let mut framed = case.authenticator();
        framed.cross_origin = cross;
        framed.top_origin = top.map(str::to_owned);
        let answer = case.register_by(&token, "A", &mut framed);
        let refused = at(&[("/credential", "bad_format")]);
        assert_eq!(wrong(&answer), refused, "{cross} {top:?}");
    }
    let mut named = case.authenticator();
    named.rp_id = Some("example.com".to_owned());
    let answer = case.register_by(&token, "A", &mut named);
    assert_eq!(wrong(&answer), at(&[("/credential", "bad_format")]));
    let listed = case
        .native("GET", &format!("/v1/users/{user}/passkeys"))
        .send();
    assert_eq!(listed.expect(200)["data"], json!([]));
    case.register_by(&token, "A", &mut case.authenticator())
        .expect(201);
}

#[test]
fn a_passkey_begins_a_session_from_the_exact_origin_alone() {
    let case = Case::start_at(
        |_| ORIGIN.to_owned(),
        |app| app.throttle = muster::http::throttle::Throttle::new(0, 0),
    );
    let mut device = case.authenticator();
    case.with_passkey("ada@example.org", &mut device);
    for origin in OTHERS {
        device.origin = origin.to_owned();
        assert_eq!(case.enter(&mut device).status, 401, "{origin}");
    }
    device.origin = ORIGIN.to_owned();
    for (cross, top) in FRAMES {
        device.cross_origin = cross;
        device.top_origin = top.map(str::to_owned);
        let answer = case.enter(&mut device);
        assert_eq!(answer.status, 401, "{cross} {top:?}");
    }
    device.cross_origin = false;
    device.top_origin = None;
    for name in [
        "example.com",
        "login.directory.example.com",
        "directory.example.org",
    ] {
        device.rp_id = Some(name.to_owned());
        case.enter(&mut device).expect(401);
    }
    device.rp_id = None;
    case.enter(&mut device).expect(201);
}

#[test]
fn a_port_is_a_part_of_the_origin_and_a_path_is_not() {
    let case = Case::start_at(|port| format!("http://localhost:{port}/people"), |_| {});
    let user = case.user("ada@example.org");
    let token = case.token(user);
    let here = case.server.url().replace("127.0.0.1", "localhost");
    for origin in [
        "http://localhost",
        "http://localhost:1",
        "https://localhost",
        ORIGIN,
    ] {
        let mut device = case.authenticator();
        device.origin = origin.to_owned();
        let answer = case.register_by(&token, "A", &mut device);
        assert_eq!(
            wrong(&answer),
            at(&[("/credential", "bad_format")]),
            "{origin}"
        );
    }
    let mut device = case.authenticator();
    device.origin = here;
    case.register_by(&token, "A", &mut device).expect(201);
    case.enter(&mut device).expect(201);
}

#[test]
fn no_header_of_a_request_moves_the_origin() {
    let case = Case::start();
    let headers = [
        ("host", "evil.test"),
        ("x-forwarded-host", "evil.test"),
        ("forwarded", "host=evil.test;proto=https"),
        ("origin", "https://evil.test"),
    ];
    for (name, value) in headers {
        let asked = case.server.post("/v1/passkeys/authentication-options");
        let answer = asked.header(name, value).json(&json!({})).send();
        let options = &answer.expect(200)["options"];
        assert_eq!(options["rpId"], "directory.example.com", "{name}");
    }
}
