//! What nobody would guess.
//!
//! * **A POST that lists.** See [`asks_for_the_list`].
//! * **GET with a form's content type.** Published clients send one, with `Content-Length: 0`,
//!   on every call: an empty body is no body, whatever it says it is.
//! * **A body that does not say what it is** is read as a form, as Rack reads it.
//! * **Creation needs `user`, and does not.** The reference requires the hash, public clients
//!   send its fields flat in JSON: both are taken (contracts, wonolo).
//! * **A badge is required, and is not.** `badge_id` is marked required by both seeds, but only
//!   where a badge is given at all (contracts, wonolo).

use super::params::Params;

/// Parameters that Rails and jQuery add by themselves, and that mean nothing here.
pub(super) const PASSED_OVER: [&str; 2] = ["format", "_"];

/// Whether a POST to `/users` asks for the list.
///
/// Seed 001's own example of listing is `curl -d "token=…" …/users?page=10&per=25`, and curl
/// sends `-d` as POST. So a POST whose parameters, of query and body together, are only
/// `token`, `page` and `per` is the list. One without any parameter is a creation that lacks
/// its user.
pub(super) fn asks_for_the_list(params: &Params) -> bool {
    let mut names = params.names().peekable();
    names.peek().is_some() && names.all(|name| matches!(name, "token" | "page" | "per"))
}
