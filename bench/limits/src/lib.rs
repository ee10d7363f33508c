//! What the limit programs share: a user as it is stored and shown, the check of the key, and
//! the listener.
//!
//! A limit does the durable work of one operation with the parts that Muster is made of, and
//! nothing else: no validation, no permissions, no logging. Where one meets an error it ends,
//! and the run that it was measured in fails.

pub mod http;
pub mod user;

/// The allocator of every limit program: the fastest that was tried.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The tenant that all rows are in.
pub const TENANT: i64 = 1;

/// A setting that has to be there, from the environment.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}
