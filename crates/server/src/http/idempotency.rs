//! `Idempotency-Key`: one request under way for each key, and a kept answer replayed.

use std::collections::HashSet;
use std::sync::Mutex;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use directory::idempotency::{Answer, HEADER as NAME, IdempotencyKey, keep, replay, reserve};
use directory::secret::{digest, mac};
use directory::store::Tx;
use directory::violation::Rule;
use directory::{Actor, Error};

use super::Shared;
use super::failure::Failure;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Longest key.
pub const MAX_KEY: usize = 255;

/// The keys of requests under way on this node. (On another node the database decides: the
/// later one waits for the first and replays its answer.)
#[derive(Default)]
pub struct InFlight(Mutex<HashSet<(i64, IdempotencyKey)>>);

/// Keys the hashes of requests that are kept. A request may hold a password, and a plain hash
/// of it would let whoever has the database guess as fast as they can.
#[derive(Clone)]
pub struct RequestHashKey([u8; 32]);

impl RequestHashKey {
    /// Derives the key, so that the secret key itself signs nothing.
    #[must_use]
    pub fn derive(secret_key: &[u8]) -> Self {
        Self(mac(secret_key, "idempotency"))
    }

    fn hash(&self, text: &str) -> String {
        let mac = mac(&self.0, text);
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(mac)
    }
}

struct Running<'a> {
    all: &'a InFlight,
    key: (i64, IdempotencyKey),
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.all.lock().remove(&self.key);
    }
}

impl InFlight {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<(i64, IdempotencyKey)>> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn start(&self, actor: &Actor, key: &IdempotencyKey) -> Result<Running<'_>, Error> {
        // The request's hash is no part of whose turn it is.
        let key = IdempotencyKey {
            request_hash: String::new(),
            ..key.clone()
        };
        let key = (actor.tenant.0, key);
        if !self.lock().insert(key.clone()) {
            return Err(Error::Conflict(
                "a request with this idempotency key is under way",
            ));
        }
        Ok(Running { all: self, key })
    }
}

/// The key of a request, if it names one.
///
/// # Errors
/// [`Failure::Parameter`] for one that is empty, longer than 255 characters or not printable
/// ASCII.
pub fn key_of(
    headers: &HeaderMap,
    actor: &Actor,
    route: &str,
    body: &str,
) -> Result<Option<IdempotencyKey>, Failure> {
    let Some(value) = headers.get(NAME) else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > MAX_KEY {
        return Err(Failure::refused(NAME, key, Rule::BadFormat));
    }
    Ok(Some(IdempotencyKey {
        principal: asker(actor),
        route: route.to_owned(),
        key: key.to_owned(),
        request_hash: digest(body),
    }))
}

/// Who asks, and where: what is asked in another account, or as another, is another request.
fn asker(actor: &Actor) -> String {
    let (kind, id) = actor.named();
    let account = actor.account.map(|account| format!("@{account}"));
    let user = actor.acting_as().map(|user| format!("/{user}"));
    [Some(format!("{kind}:{id}")), account, user]
        .into_iter()
        .flatten()
        .collect()
}

/// Runs a change once for its key, and answers what the first run answered. `prepare` does
/// what may not be done inside a transaction (hashing) and is left out when there is an
/// answer already; `run` makes the change and the answer, which are committed together.
///
/// # Errors
/// [`Error::Conflict`] while another runs, [`Error::Invalid`] for another request under the
/// key, and what the two say. A refusal is not kept.
pub async fn once<P, F>(
    app: &Shared,
    actor: &Actor,
    key: Option<IdempotencyKey>,
    prepare: impl Future<Output = Result<P, Failure>>,
    run: F,
) -> Result<Response, Failure>
where
    P: Send + Sync + 'static,
    F: Fn(&Tx<'_>, &P) -> Result<Answer, Error> + Send + Sync + 'static,
{
    let Some(mut key) = key else {
        let prepared = prepare.await?;
        let answer = app.directory.write(move |tx| run(tx, &prepared)).await?;
        return response(answer, false);
    };
    key.request_hash = app.request_hash_key.hash(&key.request_hash);
    let _running = app.in_flight.start(actor, &key)?;
    let (asker, asked) = (actor.clone(), key.clone());
    if let Some(kept) = app
        .directory
        .read(move |tx| replay(tx, &asker, &asked))
        .await?
    {
        return response(kept, true);
    }
    let prepared = prepare.await?;
    let actor = actor.clone();
    let write = move |tx: &Tx<'_>| {
        if let Some(kept) = reserve(tx, &actor, &key)? {
            return Ok((kept, true));
        }
        let answer = run(tx, &prepared)?;
        keep(tx, &actor, &key, &answer)?;
        Ok((answer, false))
    };
    let (answer, replayed) = app.directory.write(write).await?;
    response(answer, replayed)
}

fn response(answer: Answer, replayed: bool) -> Result<Response, Failure> {
    let has_body = !answer.body.is_empty();
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(Error::internal)?;
    let headers = response.headers_mut();
    if has_body {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
    }
    for (name, value) in [
        (header::LOCATION, answer.location),
        (header::ETAG, answer.etag),
    ] {
        if let Some(value) = value {
            headers.insert(name, HeaderValue::try_from(value).map_err(Error::internal)?);
        }
    }
    if replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use directory::TenantId;

    use super::*;

    fn key(principal: &str, route: &str, key: &str, hash: &str) -> IdempotencyKey {
        IdempotencyKey {
            principal: principal.to_owned(),
            route: route.to_owned(),
            key: key.to_owned(),
            request_hash: hash.to_owned(),
        }
    }

    #[test]
    fn one_request_runs_under_a_key_and_others_go_on() {
        let all = InFlight::default();
        let actor = Actor::system(TenantId(1), "test");
        let first = all.start(&actor, &key("key:1", "POST /v1/users", "a", "x"));
        assert!(first.is_ok());
        for hash in ["x", "y"] {
            let second = all.start(&actor, &key("key:1", "POST /v1/users", "a", hash));
            assert!(matches!(second, Err(Error::Conflict(_))), "{hash}");
        }
        let others = [
            (1, key("key:2", "POST /v1/users", "a", "x")),
            (1, key("key:1", "POST /v1/groups", "a", "x")),
            (1, key("key:1", "POST /v1/users", "b", "x")),
            (2, key("key:1", "POST /v1/users", "a", "x")),
        ];
        for (tenant, other) in others {
            let actor = Actor::system(TenantId(tenant), "test");
            assert!(all.start(&actor, &other).is_ok(), "{other:?}");
        }
        drop(first);
        let after = all.start(&actor, &key("key:1", "POST /v1/users", "a", "x"));
        assert!(after.is_ok());
    }

    #[test]
    fn the_hash_of_a_request_needs_the_secret_key() {
        let (a, b) = (RequestHashKey::derive(b"a"), RequestHashKey::derive(b"b"));
        assert_eq!(a.hash("body"), a.hash("body"));
        assert_ne!(a.hash("body"), a.hash("other"));
        assert_ne!(a.hash("body"), b.hash("body"));
        assert_ne!(a.hash("body"), digest("body"));
    }
}
