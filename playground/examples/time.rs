//! How long a training step of the playground takes outside a browser: `cargo run --release -p wengert-playground --example time`.
//! `playground/clicks.mjs` prints the same of the page.

use playground::Session;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for text in ["", "batch=0", "batch=0&hidden=10-10-10"] {
        let mut session = Session::new(text.parse()?)?;
        session.train(100);
        let least = (0..200).map(|_| {
            let start = Instant::now();
            session.train(20);
            start.elapsed().as_secs_f64() / 20.0 * 1e6
        });
        println!("`{text}`: {:.1} µs a step", least.fold(f64::INFINITY, f64::min));
    }
    Ok(())
}
