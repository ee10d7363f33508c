//! Muster: one user directory behind every API its clients already speak.

pub mod cli;
pub mod deliver;
pub mod dialects;
pub mod http;
pub mod openapi;
pub mod pages;
pub mod router;
pub mod worker;
