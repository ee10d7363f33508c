//! What holds for every request, whichever dialect it speaks. Where an answer has a shape, it
//! is the native one's.

mod bodies;
mod clock;
mod credentials;
mod faults;
mod health;
mod ids;
mod logs;
mod throttle;
