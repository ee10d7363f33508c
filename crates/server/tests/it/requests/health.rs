//! `/health/live`, `/health/ready` and `/metrics`.

use serde_json::json;

use crate::harness::Server;

#[test]
fn both_listeners_tell_their_health() {
    let public = Server::start();
    let management = Server::start_serving(|_| {}, muster::router::management);
    for server in [&public, &management] {
        server
            .get("/health/live")
            .send()
            .assert(200, &json!({"status": "ok"}));
        let waits = "waits: not configured";
        let ready = json!({"status": "ok", "database": "ok", "email": waits, "sms": waits});
        server.get("/health/ready").send().assert(200, &ready);
        server
            .request("HEAD", "/health/live")
            .send()
            .assert_empty(200);
        let wrong = server.post("/health/live").json(&json!({})).send();
        assert_eq!(wrong.expect(405)["code"], "method_not_allowed");
    }
}

#[test]
fn metrics_are_for_the_management_listener_alone() {
    let public = Server::start();
    let management = Server::start_serving(|_| {}, muster::router::management);
    assert_eq!(
        public.get("/metrics").send().expect(404)["code"],
        "not_found"
    );
    assert_eq!(
        management.get("/v1/users").undescribed().send().expect(404)["code"],
        "not_found"
    );
    public.get("/v1/users/987654321987").send().expect(401);
    public
        .request("BREW-987654321987", "/v1/users/987654321987")
        .send()
        .expect(405);
    let metrics = management.get("/metrics").send();
    assert_eq!(metrics.status, 200);
    assert_eq!(
        metrics.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let line = "muster_http_requests_total{dialect=\"native\",route=\"/v1/users/{id}\",\
        method=\"GET\",status=\"401\"}";
    assert!(
        metrics.text.lines().any(|each| each.starts_with(line)),
        "{}",
        metrics.text
    );
    assert!(!metrics.text.contains("987654321987"));
}
