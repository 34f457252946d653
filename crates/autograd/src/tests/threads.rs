//! Programs give the same bits on any number of threads: every op, at sizes that use several threads.

use super::rows::{Row, every_row};
use crate::{AnyTensor, Params, Program, Tape, Var};

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let rows: Vec<Row> = every_row().filter(|row| row.large).collect();
    let mut alone = vec![];
    for row in &rows {
        let params = Params::f32();
        let arguments: Vec<_> = row.arguments().iter().map(|a| a.mapv(|x| x as f32)).collect();
        let given: Vec<&dyn AnyTensor> = arguments.iter().map(|a| a as &dyn AnyTensor).collect();
        let program = Program::trace(&params, |t| {
            let x: Vec<Var<'_>> =
                arguments.iter().enumerate().map(|(i, a)| t.input(&format!("x{i}"), a.shape())).collect();
            let y = (row.f)(&x);
            let loss = (y.square() + y.sin()).sum();
            t.outputs([y, loss].into_iter().chain(loss.grads(&x)).collect::<Vec<_>>())
        });
        let program = program.unwrap_or_else(|e| panic!("{}: {e}", row.name));
        let mut run = |threads| -> Vec<Vec<u32>> {
            let mut state = program.state().with_threads(threads);
            if threads == 7 && state.threads() == 1 {
                alone.push(row.name.clone());
            }
            let out = program.run(&mut state, &params, &given[..]).unwrap();
            (0..arguments.len() + 2)
                .map(|i| out.slice::<f32>(i).iter().map(|x| x.to_bits()).collect())
                .collect()
        };
        let one = run(1);
        for threads in [2, 3, 7] {
            assert!(run(threads) == one, "{} with {threads} threads", row.name);
        }
    }
    // The test proves nothing for a plan that runs on one thread.
    assert!(alone.len() * 10 < rows.len() || !cfg!(feature = "threads"), "no work is shared by {alone:?}");
}

/// An eager tape gives the same bits on several threads as on one.
#[test]
fn eager_ops_give_the_same_bits_on_any_number_of_threads() {
    for row in every_row().filter(|row| row.large) {
        let arguments: Vec<_> = row.arguments().iter().map(|a| a.mapv(|x| x as f32)).collect();
        let run = |threads| -> Vec<u32> {
            let mut tape = Tape::new();
            tape.set_threads(threads);
            let x: Vec<Var<'_>> = arguments.iter().map(|a| tape.var(a)).collect();
            let y = (row.f)(&x);
            let slopes = y.square().sum().grads(&x);
            [y].iter().chain(&slopes).flat_map(|v| v.to_vec::<f32>()).map(f32::to_bits).collect()
        };
        assert!(run(1) == run(3), "{}", row.name);
    }
}
