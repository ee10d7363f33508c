//! The `muster` binary: everything is in the library.

use std::process::ExitCode;

/// The system's own gives memory back, and asks for it again, with each long answer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    muster::cli::run()
}
