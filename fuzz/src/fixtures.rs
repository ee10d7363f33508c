//! What is there before every input: always the same, ids and secrets included.

use std::sync::atomic::{AtomicU64, Ordering};

use directory::clock::Random;
use directory::keys::NewKey;
use serde_json::{Value, json};

/// When everything happens.
pub(crate) const START: &str = "2026-11-21T04:50:40.123Z";

/// Randomness that repeats itself, so that seeds can hold the key of the fixtures and an input
/// fares the same each time.
#[derive(Default)]
pub(crate) struct Repeating(AtomicU64);

impl Repeating {
    /// Starts one of its sequences.
    pub(crate) fn start(&self, sequence: u32) {
        self.0.store(u64::from(sequence) << 32, Ordering::SeqCst);
    }
}

impl Random for Repeating {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let drawn = mixed(self.0.fetch_add(1, Ordering::SeqCst)).to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
    }
}

/// SplitMix64's finisher.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What is made first, in this order: the path of a list, and what to put there. Accounts,
/// groups and badges get the numbers 1 and 2, users 1 to 8.
pub(crate) fn first() -> Vec<(&'static str, Value)> {
    let named =
        |path: &'static str, names: [&str; 2]| names.map(|name| (path, json!({ "name": name })));
    let mut all = Vec::new();
    all.extend(named("/v1/accounts", ["Acme", "Ajax"]));
    all.extend(named("/v1/groups", ["Sales", "Ops"]));
    all.extend(named("/v1/badges", ["Forklift", "First aid"]));
    all.extend(users().map(|user| ("/v1/users", user)));
    all
}

/// Users in whom every filter of a list finds a difference.
fn users() -> [Value; 8] {
    [
        json!({"email": "ada@example.org", "first_name": "Ada", "last_name": "King",
            "kind": "worker", "phone": "+1 415 555 2671", "state": "CA", "external_id": "x-1",
            "worker": {"onboarding_state": "call", "w2_employee_id": "w-1"},
            "accounts": [{"id": 1}], "groups": [{"id": 1}], "badges": [{"badge_id": 1}]}),
        json!({"email": "b@example.org", "first_name": "ADA", "last_name": "Byron",
            "kind": "worker", "state": "NY", "external_id": "x-2",
            "worker": {"onboarding_state": "complete"}, "accounts": [{"id": 2}]}),
        json!({"email": "eve@bücher.example", "first_name": "Éva", "last_name": "King",
            "kind": "employer", "state": "CA", "employer": {"customer_id": 1, "role": "read_only"}}),
        json!({"email": "d@example.org", "kind": "employer",
            "employer": {"customer_id": 2, "role": "requestor"}}),
        json!({"email": "e@example.org", "suspended_at": "2026-01-01T00:00:00Z"}),
        json!({"email": "f@example.org", "groups": [{"id": 1, "permission": 6}, {"id": 2}]}),
        json!({"email": "g@example.org", "accounts": [{"id": 1, "admin": true}]}),
        json!({"email": "h@example.org", "first_name": "Gone"}),
    ]
}

/// The one of the users that is deleted again.
pub(crate) const DELETED: &str = "/v1/users/8";

/// Keys that may write nothing: one by its scopes, one because it sees a pool of workers alone.
pub(crate) fn readers() -> [NewKey; 2] {
    let reader = NewKey {
        scopes: vec!["users:read".to_owned()],
        ..NewKey::default()
    };
    let pool = NewKey {
        account_id: Some(1),
        public_pool: true,
        ..NewKey::default()
    };
    [reader, pool]
}

/// What another tenant's texts hold, and no answer here.
pub(crate) const ELSEWHERE: &str = "elsewhere-5e7b";

/// What is there in another tenant: numbers 3 and, of the user, 9.
pub(crate) fn elsewhere() -> Vec<(&'static str, Value)> {
    let named = json!({ "name": ELSEWHERE });
    let user = json!({"email": format!("ada@{ELSEWHERE}.example"), "first_name": ELSEWHERE,
        "kind": "worker", "phone": "+1 415 555 2699", "external_id": ELSEWHERE,
        "accounts": [{"id": 3}], "groups": [{"id": 3}], "badges": [{"badge_id": 3}]});
    vec![
        ("/v1/accounts", named.clone()),
        ("/v1/groups", named.clone()),
        ("/v1/badges", named),
        ("/v1/users", user),
    ]
}
