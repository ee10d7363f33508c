//! What all dialects share between the socket and their handlers.

pub mod auth;
pub mod body;
pub mod context;
pub mod cors;
pub mod failure;
pub mod feed_signal;
pub mod fields;
pub mod form;
pub mod health;
pub mod idempotency;
pub mod json;
pub mod limits;
pub mod listener;
pub mod login;
pub mod metrics;
pub mod refusals;
pub mod reply;
pub mod throttle;
mod timed_writes;
pub mod trusted_proxies;

use std::sync::Arc;
use std::time::Duration;

use directory::Directory;
use directory::cursor::CursorKey;
use directory::passkeys::RelyingParty;
use directory::secret::SealingKey;

use crate::deliver::guard::{AllowedNetworks, Guard};
use cors::AllowedOrigins;
use feed_signal::FeedSignal;
use idempotency::{InFlight, RequestHashKey};
use limits::Limits;
use throttle::Throttle;
use trusted_proxies::TrustedProxies;

use crate::deliver::mailer::Mailer;

/// Challenges of passkeys that one address is given in a minute at most.
const CHALLENGES: u32 = 60;

/// What handlers work with.
pub struct App {
    /// The directory.
    pub directory: Directory,
    /// Signs the cursors of lists.
    pub cursor_key: CursorKey,
    /// Keys the hashes of requests that are kept with their answers.
    pub request_hash_key: RequestHashKey,
    /// Seals secrets that are to be read again.
    pub sealing_key: SealingKey,
    /// Judges the addresses of webhooks.
    pub guard: Guard,
    /// Tells who follows the feed that it moved.
    pub feed: FeedSignal,
    /// Nesting and number of fields of bodies and queries.
    pub limits: Limits,
    /// Bytes of a body at most.
    pub max_body: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Whom to believe where a request comes from.
    pub trusted_proxies: TrustedProxies,
    /// Counts failed credentials.
    pub throttle: Throttle,
    /// What was refused and told of within the last minute, by its name.
    pub told: Throttle,
    /// Requests under way that named an idempotency key.
    pub in_flight: InFlight,
    /// Whose pages may call from a browser.
    pub cors: AllowedOrigins,
    /// Counts challenges of passkeys, by the address they are asked for from.
    pub challenges: Throttle,
    /// What passkeys are bound to; there are none without.
    pub relying_party: Option<Arc<RelyingParty>>,
    /// Sends messages; they wait where there is none.
    pub mailer: Option<Arc<Mailer>>,
}

impl App {
    /// An application over a directory, with the default limits: 1 MiB bodies, 16 levels,
    /// 1 000 fields, 30 s for a body, 10 and 100 failed credentials a minute.
    #[must_use]
    pub fn new(directory: Directory, secret_key: &[u8]) -> Self {
        Self {
            directory,
            cursor_key: CursorKey::derive(secret_key),
            request_hash_key: RequestHashKey::derive(secret_key),
            sealing_key: SealingKey::derive(secret_key),
            guard: Guard::new(AllowedNetworks::default()),
            feed: FeedSignal::default(),
            limits: Limits::default(),
            max_body: 1 << 20,
            body_timeout: Duration::from_secs(30),
            trusted_proxies: TrustedProxies::default(),
            throttle: Throttle::default(),
            told: Throttle::new(1, 0),
            in_flight: InFlight::default(),
            cors: AllowedOrigins::default(),
            challenges: Throttle::new(0, CHALLENGES),
            relying_party: None,
            mailer: None,
        }
    }
}

/// The application as every handler holds it.
pub type Shared = Arc<App>;
