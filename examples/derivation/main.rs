//! Derivations: how a loss changes with each parameter, in symbols and in numbers, read from the computation that was executed.
//!
//! `cargo run --release --example derivation` prints five of them, from one neuron line by line to a network on 200 samples.
//! With `-- --latex`, `-- --markdown` or `-- --mathml` they come in that notation.

mod computations;

use computations::{batch_of_four, network_on_moons, one_neuron, paths_that_meet, two_layers};
use wengert::autograd::Derivation;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let notation = std::env::args().nth(1).unwrap_or_default();
    let write = |derivation: Derivation<'_>| match notation.as_str() {
        "--latex" => derivation.latex(),
        "--markdown" => derivation.markdown(),
        "--mathml" => derivation.mathml(),
        _ => derivation.to_string(),
    };
    let texts = [
        one_neuron(write),
        two_layers(write),
        paths_that_meet(write),
        batch_of_four(write),
        network_on_moons(write)?,
    ];
    println!("{}", texts.join("\n"));
    Ok(())
}
