//! A digit reader for a microcontroller: a network learns 8×8 pictures, and becomes one C header without a heap and without a
//! library.
//!
//! `training` teaches it, `device` compiles the header as a small device would and asks it for every held-out picture. The exit
//! code tells whether enough were read right, and whether the compiled header gave the engine's bits each time. Without a C
//! compiler the header is written all the same.
//!
//! `cargo run --release --example embedded --features emit [-- --quick]`

mod device;
mod training;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use training::Reader;
use wengert::emit::Emit;

/// Where the header goes, and what is made of it.
const FOLDER: &str = "target/figures/embedded";
/// Share of the held-out pictures that has to be read right.
const GOAL: f64 = 0.94;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let reader = Reader::trained(if quick { 20 } else { 60 })?;
    let program = reader.program()?;
    let source = program.emit_c(&reader.params, "digits")?;
    std::fs::create_dir_all(FOLDER)?;
    let header = Path::new(FOLDER).join("digits.h");
    std::fs::write(&header, source.to_string())?;
    let numbers = reader.params.elements();
    println!("{}: {} kB of text for {numbers} parameters", header.display(), source.to_string().len() / 1000);
    println!("memory between its {} kernels: {} bytes", source.kernels(), source.work_bytes());

    let expected = reader.read(&program)?;
    let right = reader.right(&expected);
    println!(
        "{:.1} % of the held-out pictures are read right; the goal is {:.0} %",
        100.0 * right,
        100.0 * GOAL
    );
    let same = device::compare(Path::new(FOLDER), &reader, &expected)?;
    Ok(if right < GOAL || !same { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
