//! A training step, one node at a time: first the values, then the gradients.
//!
//! In a terminal, Enter goes forward and `b` back, `g NAME` jumps to a parameter, and `q` ends. With `--plain`, or when the input
//! is no terminal, all steps are printed. `models` has the networks, and `walk` the keys.
//!
//! `cargo run --release --example step_through -- --model three_one_one`

mod models;
mod walk;

use models::Model;
use std::error::Error;
use std::io::{self, IsTerminal};
use wengert::autograd::{StepPhase, Steps};

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::of(std::env::args().skip(1))?;
    let steps = options.model.steps();
    if options.plain || !io::stdin().is_terminal() {
        println!("{}\n\n{steps}\n\n{}", options.model.title(), summary(&steps));
        return Ok(());
    }
    println!("{}: {}", options.model.title(), summary(&steps));
    walk::walk(&steps, io::stdin().lock(), io::stdout().lock())?;
    Ok(())
}

/// What the command line asks for.
struct Options {
    model: Model,
    plain: bool,
}

impl Options {
    fn of(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options { model: Model::ThreeOneOne, plain: false };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--plain" | "--quick" => options.plain = true,
                "--model" => options.model = Model::named(&words.next().unwrap_or_default())?,
                _ => return Err(format!("`{word}`: the options are --model NAME, --plain and --quick")),
            }
        }
        Ok(options)
    }
}

/// How many steps there are.
fn summary(steps: &Steps) -> String {
    let forward = steps.iter().filter(|step| step.phase == StepPhase::Forward).count();
    format!("{} steps: {forward} forward, {} backward", steps.len(), steps.len() - forward)
}
