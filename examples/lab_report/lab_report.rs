//! One report of everything that the teaching examples train: one HTML file that needs no network, no server and no script.
//!
//! Each section is that of an example, whose modules are taken over as they are: `activations`, `perceptron`,
//! `three_one_one`, `mlp_moons` and `optimizers`, which write theirs alone with `--report FILE.html`. `by_hand` compares
//! gradients with those of `manual_vs_autodiff`. `sheet` has what all of them share.
//!
//! `cargo run --release --example lab_report [-- --report FILE.html] [--quick]`

// The examples print what the report shows in another way.
#[allow(dead_code, reason = "modules of examples, of which the report needs a part")]
mod activations;
mod by_hand;
#[allow(dead_code, reason = "modules of examples, of which the report needs a part")]
mod mlp_moons;
#[allow(dead_code, reason = "modules of examples, of which the report needs a part")]
mod optimizers;
#[allow(dead_code, reason = "modules of examples, of which the report needs a part")]
mod perceptron;
#[allow(dead_code, reason = "modules of examples, of which the report needs a part")]
#[path = "../activations/sheet.rs"]
mod sheet;
#[allow(dead_code, reason = "modules of examples, of which the report needs a part")]
mod three_one_one;

use report::{Section, Table};
use std::error::Error;
use std::path::PathBuf;

/// Where the report goes without `--report`.
const FILE: &str = "target/figures/lab_report.html";

fn main() -> Result<(), Box<dyn Error>> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let file = sheet::asked_for()?.unwrap_or_else(|| PathBuf::from(FILE));
    let report = sheet::start("Wengert: lab report", "lab_report")
        .facts([("Seeds", "1 for Xavier weights, 0 for the notebook's; random_state as each section says")])
        .lead(
            "What the models of two texts learn, and how: the perceptron, the 3-1-1 network and the two moons, with every \
             gradient from the tape.",
        )
        .section(overview())
        .section(activations::section()?)
        .section(perceptron::section()?)
        .section(three_one_one::section()?)
        .section(mlp_moons::section(quick)?)
        .section(optimizers::section()?)
        .section(by_hand::section()?);
    sheet::write(&report, &file)
}

/// Which model was trained on what.
fn overview() -> Section {
    let columns = ["model", "layers", "data", "loss", "optimiser", "length"];
    let table = Table::new("Models, data, losses and optimisers", columns)
        .row([
            "Perceptron",
            "2 → 1, step",
            "make_classification, 100 points",
            "(step(z) − y)·z",
            "SGD 0.01, a step per sample",
            "10 passes",
        ])
        .row([
            "Perceptron",
            "2 → 1, step",
            "100 points that overlap",
            "(step(z) − y)·z",
            "SGD 0.01, a step per sample",
            "100 passes",
        ])
        .row(["3-1-1 as written", "3 → 1, sigmoid", "one sample", "½·(A − Y)²", "SGD 0.005", "1,000 epochs"])
        .row([
            "3-1-1 with output layer",
            "3 → 1 → 1, sigmoid",
            "one sample",
            "½·(A − Y)²",
            "SGD 0.005",
            "1,000 epochs",
        ])
        .row([
            "MLP as in the notebook",
            "2 → 10 → 5 → 1, sigmoid",
            "make_moons, 200 points",
            "½·mean (o − y)²",
            "SGD 0.01",
            "1,000 epochs",
        ])
        .row([
            "MLP with Xavier weights",
            "2 → 10 → 5 → 1, sigmoid",
            "make_moons, 200 points",
            "½·mean (o − y)²",
            "Adam 0.05",
            "1,000 epochs",
        ]);
    Section::new("What was trained on what").table(table)
}
