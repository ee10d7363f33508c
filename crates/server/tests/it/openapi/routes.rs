//! Every route is described, and every described call is routed.

use std::collections::{BTreeMap, BTreeSet};

use crate::harness::{Server, described};

/// Routes that are no API: pages, and the documents themselves.
const PAGES: [&str; 12] = [
    "/",
    "/docs",
    "/docs/{file}",
    "/forms/{name}",
    "/invitations/{token}",
    "/openapi.json",
    "/openapi/{file}",
    "/passkeys/register/{token}",
    "/passkeys/script.js",
    "/password-resets/{token}",
    "/sign-in",
    "/unsubscribe/{token}",
];

/// The paths of the router, as the router itself shows them.
fn routed(server: &Server) -> BTreeSet<String> {
    let shown = format!("{:?}", muster::router::public(server.app()));
    let (_, after) = shown.split_once("paths: {").unwrap();
    let (paths, _) = after.split_once("} }").unwrap();
    let named = paths.split("RouteId(").skip(1).map(|each| {
        let (_, rest) = each.split_once(": \"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    });
    named.collect()
}

/// The methods that a path takes, as its 405 says.
fn methods(server: &Server, template: &str) -> BTreeSet<String> {
    let path: Vec<&str> = template
        .split('/')
        .map(|part| if part.starts_with('{') { "1" } else { part })
        .collect();
    let answer = server.request("NONE", &path.join("/")).send();
    let allowed = answer.header("allow").unwrap_or_default();
    let methods = allowed
        .split(',')
        .map(str::trim)
        .filter(|each| !each.is_empty());
    // HEAD comes with GET.
    methods
        .filter(|each| *each != "HEAD")
        .map(str::to_lowercase)
        .collect()
}

#[test]
fn every_route_is_described_and_every_described_call_is_routed() {
    let server = Server::start();
    let routed = routed(&server);
    assert!(routed.contains("/v1/users/{id}"), "{routed:?}");
    let mut there = BTreeMap::new();
    for path in routed.iter().filter(|path| !PAGES.contains(&path.as_str())) {
        there.insert(path.clone(), methods(&server, path));
    }
    let mut said = BTreeMap::new();
    for path in described().paths() {
        let leads_on = format!("{}/", path.template) == path.of;
        let calls = described().calls(path).iter().filter(|(_, call)| {
            let also = call["x-muster-also-at"].as_array().into_iter().flatten();
            path.template == path.of || also.into_iter().any(|each| *each == path.template)
        });
        let methods = calls.map(|(method, _)| method.clone());
        let methods = if leads_on {
            BTreeSet::new()
        } else {
            methods.collect()
        };
        said.insert(path.template.clone(), methods);
    }
    let undescribed: Vec<_> = there
        .iter()
        .filter(|(path, methods)| said.get(*path).is_none_or(|said| said != *methods))
        .map(|(path, methods)| format!("{path} takes {methods:?}, described: {:?}", said.get(path)))
        .collect();
    assert!(
        undescribed.is_empty(),
        "not described:\n{}",
        undescribed.join("\n")
    );
    let unrouted: Vec<_> = said
        .keys()
        .filter(|path| !there.contains_key(*path))
        .collect();
    assert!(
        unrouted.is_empty(),
        "described and not routed: {unrouted:?}"
    );
}
