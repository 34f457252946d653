//! Derivations as they shall print: line by line, spaces aside.

#[path = "../../examples/derivation/computations.rs"]
mod computations;

use computations::{batch_of_four, network_on_moons, one_neuron, paths_that_meet, two_layers};

/// The lines of a text without any space; empty lines do not count.
fn lines(text: &str) -> Vec<String> {
    let bare = |line: &str| line.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    text.lines().map(bare).filter(|line| !line.is_empty()).collect()
}

#[track_caller]
fn same(given: &str, expected: &str) {
    for (i, (a, b)) in lines(given).iter().zip(&lines(expected)).enumerate() {
        assert_eq!(a, b, "line {} of\n{given}", i + 1);
    }
    assert_eq!(lines(given).len(), lines(expected).len(), "{given}");
}

#[test]
fn one_neuron_line_by_line_is_the_paper() {
    same(&one_neuron(|d| d.to_string()), include_str!("1_paper_full.txt"));
    same(&one_neuron(|d| d.latex()), include_str!("1_paper_full.tex"));
}

#[test]
fn two_layers_step_by_step() {
    same(&two_layers(|d| d.to_string()), include_str!("2_two_layers_steps.txt"));
    same(&two_layers(|d| d.latex()), include_str!("2_two_layers_steps.tex"));
}

#[test]
fn a_value_that_acts_in_two_ways() {
    same(&paths_that_meet(|d| d.to_string()), include_str!("3_paths_meet.txt"));
}

#[test]
fn a_batch_is_explained_for_row_i() {
    same(&batch_of_four(|d| d.to_string()), include_str!("4_batch_of_4.txt"));
}

#[test]
fn a_network_on_one_page() {
    let text = network_on_moons(|d| d.to_string()).expect("the data can be made");
    same(&text, include_str!("5_mlp_200_samples.txt"));
}
