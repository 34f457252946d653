//! Random programs give the same bits by each instruction set, planned and recorded.

use super::recipe::Recipe;
use super::run::{Leaves, Values};
use crate::Passes;
use crate::kernels::simd::tests::{agree, bits};

#[test]
fn random_programs_give_the_same_bits_by_each_instruction_set() {
    for seed in 0..300 {
        // Threads that come to help do not know of the instruction set that is asked for.
        let recipe = Recipe { threads: 1, ..Recipe::draw(seed) };
        let all = |values: Vec<Values>| values.iter().map(|v| bits(&v.numbers)).collect::<Vec<_>>();
        agree(|| recipe.eager(Leaves::Given, false, |_| {}).map(all))
            .unwrap_or_else(|e| panic!("seed {seed}, recorded: {e}"));
        agree(|| recipe.planned(Passes::all(), |_| {}).map(all))
            .unwrap_or_else(|e| panic!("seed {seed}, planned: {e}"));
    }
}
