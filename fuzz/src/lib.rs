//! What must hold of every input: one function a target.
//!
//! `scripts/fuzz` looks for an input that breaks one; `cargo test` runs each on its seeds, which
//! are the files in `seeds/TARGET`, findings of the past among them
//! (`crates/server/tests/fuzz_seeds.rs`).

mod bodies;
mod call;
mod credentials;
mod cursors;
mod database;
mod dialects;
mod fixtures;
mod form_config;
mod server;
mod user_lists;
mod values;

pub use bodies::{form_body, json_body};
pub use credentials::credentials;
pub use cursors::cursors;
pub use dialects::{legalesign, native, platformos, pulse, wonolo};
pub use form_config::form_config;
pub use user_lists::user_lists;
pub use values::values;

/// Takes any bytes; panics where what must hold does not. Answers whether they were taken for what
/// they should be (read, opened, let in, done): seeds whose name begins with `good` must be.
pub type Target = fn(&[u8]) -> bool;

/// Every target, by its name.
pub const TARGETS: [(&str, Target); 12] = [
    ("form_body", form_body),
    ("json_body", json_body),
    ("form_config", form_config),
    ("cursors", cursors),
    ("values", values),
    ("credentials", credentials),
    ("user_lists", user_lists),
    ("native", native),
    ("wonolo", wonolo),
    ("pulse", pulse),
    ("platformos", platformos),
    ("legalesign", legalesign),
];
