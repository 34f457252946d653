//! Random programs give the same bits with each instruction set, eager and planned.

use super::recipe::Recipe;
use super::run::{Leaves, Values};
use crate::code::Act;
use crate::kernels::simd::tests::{agree, bits};
use crate::plan::Work;
use crate::{Passes, Program};

/// The kinds of steps that fused kernels have, by number.
const KINDS: usize = 15;
fn kind(act: &Act) -> usize {
    match act {
        Act::Copy(_) => 0,
        Act::Unary(..) => 1,
        Act::Binary(..) => 2,
        Act::Pair(..) => 3,
        Act::Compare(..) => 4,
        Act::Select(..) => 5,
        Act::Truth(_) => 6,
        Act::Sigmoids { .. } => 7,
        Act::Tanhs { .. } => 8,
        Act::SigmoidAndSlope { .. } => 9,
        Act::TanhAndSlope { .. } => 10,
        Act::RowSum(_) => 11,
        Act::RowMax(_) => 12,
        Act::Spread(_) => 13,
        Act::Total(_) => 14,
    }
}

#[test]
fn random_programs_give_the_same_bits_by_each_instruction_set() {
    let mut steps = [0; KINDS];
    for seed in 0..300 {
        // Helper threads do not know the instruction set that the test sets.
        let recipe = Recipe { threads: 1, ..Recipe::draw(seed) };
        let all = |values: Vec<Values>| values.iter().map(|v| bits(&v.numbers)).collect::<Vec<_>>();
        agree(|| recipe.eager(Leaves::Given, false, |_| {}).map(all))
            .unwrap_or_else(|e| panic!("seed {seed}, recorded: {e}"));
        let mut count = |program: &mut Program| {
            for kernel in &program.plan.kernels {
                if let Work::Tile(code) = &kernel.work {
                    code.steps.iter().for_each(|step| steps[kind(&step.act)] += 1);
                }
            }
        };
        agree(|| recipe.planned(Passes::all(), &mut count).map(all))
            .unwrap_or_else(|e| panic!("seed {seed}, planned: {e}"));
    }
    println!("steps by kind: {steps:?}");
    assert!(steps.iter().all(|&count| count > 0), "no program has some kind of step: {steps:?}");
}
