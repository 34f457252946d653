//! The tape, printed as a list, counted and drawn.
//!
//! It shows x·sin x with the nodes that its derivative adds, the 3-1-1 network before and after the backward sweep, a
//! multi-layer perceptron with a box for each layer, and a tape of a thousand nodes, which is folded. Pictures are written as
//! SVG and in Graphviz's language.
//!
//! `cargo run --release --example draw_the_tape`

mod networks;
mod pictures;

use pictures::Album;
use std::error::Error;
use wengert::autograd::Drawing;
use wengert::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let mut album = Album::new("target/figures")?;

    heading("The derivative of x·sin x");
    chain_rule(&mut album)?;

    heading("The 3-1-1 network, before and after the backward sweep");
    networks::three_one_one(&mut album)?;

    heading("A multi-layer perceptron: a box for each layer");
    networks::perceptron(&mut album)?;

    heading("A thousand nodes");
    long(&mut album)?;

    println!("\n{album}");
    Ok(())
}

/// The list and the graph of a function and its derivative.
fn chain_rule(album: &mut Album) -> Result<(), Box<dyn Error>> {
    let tape = Tape::new();
    let x = tape.var(2.0);
    let y = x * x.sin();
    y.grad([x]); // appends the adjoints to the same list
    println!("{}", tape.listing());
    println!("\n{}", tape.stats());
    let drawing = tape.drawing().titled("y = x·sin x and dy/dx").with_gradients(y).with_adjoints();
    album.add("draw_the_tape", &drawing)
}

/// Newton's iteration for √2, repeated: a chain too long to be drawn node by node.
fn long(album: &mut Album) -> Result<(), Box<dyn Error>> {
    let tape = Tape::new();
    let a = tape.var(2.0);
    let mut x = tape.var(1.0);
    while tape.len() < 1000 {
        x = (x + a / x) * 0.5;
    }
    let drawing: Drawing<'_> = tape.drawing().titled("Newton's iteration for √a").with_gradients(x);
    println!("{}\n", tape.listing().range(..8));
    println!("{} nodes are drawn as {} cards; the list folds too:", tape.len(), drawing.cards());
    let list = tape.listing().to_string();
    println!("{}", list.lines().find(|line| line.starts_with('…')).unwrap_or_default());
    album.add("draw_the_tape_folded", &drawing)
}

/// A section of the report.
fn heading(title: &str) {
    println!("\n{title}\n{}", "─".repeat(title.chars().count()));
}
