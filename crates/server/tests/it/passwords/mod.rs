//! Passwords that are changed, set by others, and chosen anew by a mailed link.

mod change;
mod reset;
