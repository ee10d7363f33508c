//! Bare argon2id at Muster's parameters, a thread a core: what passwords cost.
//!
//! `limit-argon2 SECONDS` prints how many hashes a second were made, as JSON.

use std::thread;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};

fn hasher() -> (Argon2<'static>, Vec<Block>) {
    let parameters = Params::new(19_456, 2, 1, None).expect("the parameters are in range");
    let memory = vec![Block::default(); parameters.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    (argon2, memory)
}

/// Hashes until the time is up; answers how many hashes were made in how long.
fn hash_for(time: Duration) -> f64 {
    let (argon2, mut memory) = hasher();
    let (started, mut made, mut hash) = (Instant::now(), 0_u32, [0; 32]);
    while started.elapsed() < time {
        argon2
            .hash_password_into_with_memory(b"tide-plank-ferry", &[7; 16], &mut hash, &mut memory)
            .expect("the memory suffices");
        made += 1;
    }
    f64::from(made) / started.elapsed().as_secs_f64()
}

fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let time = Duration::from_secs_f64(seconds.unwrap_or(1.0));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads: Vec<_> = (0..cores)
        .map(|_| thread::spawn(move || hash_for(time)))
        .collect();
    let rate: f64 = threads
        .into_iter()
        .map(|thread| thread.join().expect("no thread panics"))
        .sum();
    println!("{{\"rate\":{rate:.2},\"threads\":{cores}}}");
}
