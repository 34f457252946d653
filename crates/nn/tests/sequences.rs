//! Layers over time are their cells, one step after the other; attention with a cache is that without one.

use autograd::{DType, Params, Tape, Var};
use nn::sequence::{Cell, Direction, Recurrent};
use nn::{Gru, GruCell, Lstm, LstmCell, Rnn};

const STEPS: usize = 5;

fn input<'t>(tape: &'t Tape<'t>) -> Var<'t> {
    let values: Vec<f64> = (0..STEPS * 6).map(|i| (0.7 * i as f64).sin()).collect();
    tape.constant(&values[..]).reshape([STEPS, 2, 3])
}

fn near(a: Var<'_>, b: Var<'_>) {
    assert_eq!(a.shape(), b.shape());
    assert!((a - b).abs().max().item() < 1e-14);
}

/// The results and last states of one cell, by a loop of Rust.
fn by_hand<'t, C: Cell>(
    cell: &C,
    x: Var<'t>,
    mut state: Vec<Var<'t>>,
    back: bool,
) -> (Var<'t>, Vec<Var<'t>>) {
    let mut all = vec![None; STEPS];
    for s in 0..STEPS {
        let t = if back { STEPS - 1 - s } else { s };
        let [input, hidden] = cell.maps();
        let (a, z) = (input.forward(x.index(0, t as isize)), hidden.forward(state[0]));
        state = cell.next(a, z, &state);
        all[t] = Some(state[0]);
    }
    let all: Vec<Var<'t>> = all.into_iter().flatten().collect();
    (Var::stack(&all, 0), state)
}

fn agrees<C: Cell>() {
    let mut params = Params::f64().with_seed(3);
    let layers = Recurrent::<C>::stacked(&mut params.scope("net"), 3, 4, 2, Direction::BOTH);
    let tape = Tape::with(&params);
    let x = input(&tape);
    let start: Vec<Var<'_>> =
        (0..C::STATES).map(|k| tape.full(0.1 + 0.2 * k as f64, [4, 2, 4], DType::F64)).collect();
    let (y, last) = layers.forward(x, Some(&start), None);
    let (mut below, mut number, mut ends) = (x, 0, vec![vec![]; C::STATES]);
    for _ in 0..2 {
        let mut sides = vec![];
        for back in [false, true] {
            let own = start.iter().map(|all| all.index(0, number as isize)).collect();
            let (side, state) = by_hand(&layers.cells[number], below, own, back);
            sides.push(side);
            ends.iter_mut().zip(state).for_each(|(all, one)| all.push(one));
            number += 1;
        }
        below = Var::concat(&sides, -1);
    }
    near(y, below);
    last.iter().zip(&ends).for_each(|(last, ends)| near(*last, Var::stack(ends, 0)));
    // And so are their gradients.
    let (got, want) = (y.square().sum().backward(), below.square().sum().backward());
    for p in params.iter() {
        let (got, want) = (got.get::<f64>(p).unwrap(), want.get::<f64>(p).unwrap());
        assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-12), "{}", params.name(p));
    }
}

#[test]
fn layers_are_their_cells_one_step_after_the_other() {
    agrees::<nn::RnnCell>();
    agrees::<LstmCell>();
    agrees::<GruCell>();
}

/// A sequence of two steps among five is one of two steps alone.
#[test]
fn a_short_sequence_ends_with_its_own_last_step() {
    let mut params = Params::f64().with_seed(3);
    let layers = Lstm::stacked(&mut params.scope("net"), 3, 4, 1, Direction::BOTH);
    let tape = Tape::with(&params);
    let x = input(&tape);
    let (y, last) = layers.forward(x, None, Some(tape.constant([5i64, 2])));
    let (whole, _) = layers.forward(x, None, None);
    let (short, end) = layers.forward(x.slice(0, 0..2).slice(1, 1..2), None, None);
    near(y.slice(1, 0..1), whole.slice(1, 0..1));
    near(y.slice(1, 1..2).slice(0, 0..2), short);
    assert_eq!(y.slice(1, 1..2).slice(0, 2..5).abs().max().item(), 0.0);
    last.iter().zip(end).for_each(|(last, end)| near(last.slice(1, 1..2), end));
}

#[test]
fn a_state_that_does_not_fit_is_refused() {
    let mut params = Params::f64();
    let layers = Gru::new(&mut params.scope("net"), 3, 4);
    let plain = Rnn::new(&mut params.scope("plain"), 3, 4);
    let tape = Tape::with(&params);
    assert_eq!(plain.forward(input(&tape), None, None).0.shape()[..], [STEPS, 2, 4]);
    let bad = [tape.full(0.0, [2, 2, 4], DType::F64)];
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        layers.forward(input(&tape), Some(&bad), None).0.id()
    }));
    let text = *refused.unwrap_err().downcast::<String>().unwrap();
    assert!(text.starts_with("Gru: a first state of [2×2×4]\n"), "{text}");
    assert!(text.contains("[1, 2, 4]"), "{text}");
}
