//! The documents of the APIs: that they are what the code says, and that the code does what they
//! say. (Every answer of every scenario is held to them by the harness.)

mod browser;
mod cors;
mod documents;
mod examples;
mod guides;
mod pages;
mod routes;
mod served;
