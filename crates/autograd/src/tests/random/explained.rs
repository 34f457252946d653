//! Derivations of random programs: no tape makes them panic or write without end.

use super::recipe::Recipe;
use super::run::Leaves;
use crate::ir::NodeId;
use crate::{Detail, Tape, Var};

const DETAILS: [Detail; 5] =
    [Detail::Fitting, Detail::Full, Detail::Steps, Detail::Formulas, Detail::Overview];

/// The longest page, in bytes.
const LONGEST: usize = 200_000;

/// The pages of a few results, in every notation.
fn explain_all(tape: &Tape<'_>) -> usize {
    let recorded = tape.len();
    let is_float = |id: &NodeId| {
        let list = tape.list();
        let node = list.node(*id);
        node.meta.dtype.is_float() && !node.inputs.is_empty()
    };
    let all: Vec<NodeId> = (0..recorded as NodeId).filter(is_float).collect();
    let mut pages = 0;
    for &id in all.iter().rev().step_by(1 + all.len() / 3) {
        let loss = Var::new(tape, id).sum();
        let before = tape.len();
        for detail in DETAILS {
            let derivation = loss.derivation_of_all().detail(detail);
            let texts =
                [derivation.to_string(), derivation.latex(), derivation.markdown(), derivation.mathml()];
            for text in texts {
                assert!(text.len() < LONGEST, "{detail:?}: {} bytes", text.len());
            }
            pages += 4;
        }
        assert_eq!(tape.len(), before, "a page leaves nothing on the tape");
    }
    pages
}

#[test]
fn every_random_program_has_a_derivation() {
    let mut pages = 0;
    for seed in 0..60 {
        let recipe = Recipe::draw(seed);
        let explain = |tape: &Tape<'_>| pages += explain_all(tape);
        recipe.eager(Leaves::Given, false, explain).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    }
    assert!(pages > 2000, "{pages}");
}
