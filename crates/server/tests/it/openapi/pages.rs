//! `/` and `/docs`.

use serde_json::json;

use crate::harness::Server;

#[test]
fn the_root_tells_a_program_where_to_go() {
    let server = Server::start();
    let told = server.get("/").send();
    assert_eq!(told.header("content-type"), Some("application/json"));
    assert_eq!(told.header("vary"), Some("accept"));
    let body = told.expect(200);
    assert_eq!(
        (&body["name"], &body["docs"]),
        (&json!("muster"), &json!("/docs"))
    );
    let apis = body["apis"].as_array().unwrap();
    assert_eq!(apis.len(), 5);
    for api in apis {
        let document = api["openapi"].as_str().unwrap();
        let document = server.get(document).send().expect(200);
        assert_eq!(document["info"]["title"], api["title"]);
        for mount in api["paths"].as_array().unwrap() {
            let mount = mount.as_str().unwrap();
            let paths = document["paths"].as_object().unwrap();
            assert!(paths.keys().any(|path| path.starts_with(mount)), "{mount}");
        }
    }
    for path in [&body["health"]["live"], &body["health"]["ready"]] {
        server.get(path.as_str().unwrap()).send().expect(200);
    }
}

#[test]
fn the_root_tells_a_person_where_to_go() {
    let server = Server::start();
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let page = server.get("/").header("accept", browser).send();
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    for link in [
        "href=\"/docs\"",
        "href=\"/docs#wonolo\"",
        "href=\"/openapi/pulse.json\"",
    ] {
        assert!(page.text.contains(link), "{link}");
    }
}

#[test]
fn the_page_of_the_apis_loads_its_own_files_alone() {
    let server = Server::start();
    let page = server.get("/docs").send();
    assert_eq!(page.status, 200);
    let mut files: Vec<String> = ["href=\"/docs/", "src=\"/docs/"]
        .iter()
        .flat_map(|begin| page.text.split(begin).skip(1))
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    assert!(files.contains(&"page.js".to_owned()) && files.contains(&"page.css".to_owned()));
    let mut seen = Vec::new();
    while let Some(name) = files.pop() {
        let file = server.get(&format!("/docs/{name}")).send();
        assert_eq!(file.status, 200, "{name}");
        let policy = file.header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
        for elsewhere in ["http://", "https://", "//cdn", "innerHTML", "eval("] {
            assert!(!file.text.contains(elsewhere), "{name}: {elsewhere}");
        }
        seen.push(name);
        let imported = file.text.split(" from \"./").skip(1);
        for name in imported.map(|rest| rest.split('"').next().unwrap().to_owned()) {
            if !seen.contains(&name) && !files.contains(&name) {
                files.push(name);
            }
        }
    }
    assert_eq!(seen.len(), 9, "{seen:?}");
    assert_eq!(server.get("/docs/nothing.js").send().status, 404);
    assert_eq!(server.get("/docs/%2e%2e%2fmod.rs").send().status, 404);
}
