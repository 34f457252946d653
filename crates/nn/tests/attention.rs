//! Attention under masks.

use autograd::{Params, Program, Tape, Var};
use nn::attention::{Mask, scaled_dot_product};

/// A query without any key gives 0 and has the gradient 0; the others are as if it were not there.
#[test]
fn a_row_without_a_key_is_zero_value_and_gradient() {
    let q = [[0.5, -1.0], [1.0, 2.0]];
    let k = [[1.0, 0.0], [0.5, 0.25], [-1.0, 1.0]];
    let mask = [[false, false, false], [true, false, true]];
    fn loss<'t>(q: Var<'t>, k: Var<'t>, mask: Var<'t>) -> (Var<'t>, Var<'t>) {
        let y = scaled_dot_product(q, k, k, Mask::Where(mask));
        (y, (y * y).sum() + y.sum())
    }
    let tape = Tape::new();
    let (q_, k_) = (tape.var(q), tape.var(k));
    let (y, l) = loss(q_, k_, tape.constant(mask));
    assert_eq!(y.to_vec::<f64>()[..2], [0.0, 0.0]);
    let [dq, dk] = l.grad([q_, k_]).map(|g| g.to_vec::<f64>());
    assert_eq!(dq[..2], [0.0, 0.0]);
    assert!(dq[2..].iter().chain(&dk).all(|g| g.is_finite()) && dq[2] != 0.0 && dk[2..4] == [0.0, 0.0]);
    // The second query alone.
    let alone = tape.var([q[1]]);
    let one = tape.constant([mask[1]]);
    let (_, l) = loss(alone, k_, one);
    let expected = l.grad([alone, k_]).map(|g| g.to_vec::<f64>());
    assert_eq!((&dq[2..], &dk), (&expected[0][..], &expected[1]));
    // The same as a program.
    let params = Params::f64();
    let program = Program::trace(&params, |t| {
        let (q, k) = (t.input("q", [2, 2]), t.input("k", [3, 2]));
        let (_, l) = loss(q, k, t.constant(mask));
        t.outputs(l.grad([q, k]))
    })
    .unwrap();
    let mut state = program.state();
    let run = program.run(&mut state, &params, (q, k)).unwrap();
    for (i, want) in [dq, dk].iter().enumerate() {
        run.slice::<f64>(i).iter().zip(want).for_each(|(a, b)| assert!((a - b).abs() < 1e-14, "{a} {b}"));
    }
}
