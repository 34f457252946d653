use super::*;
use crate::kernels::simd::tests::{agree, bits};
use crate::plan::Work;
use crate::{Param, Params, Passes, Program, Var};

/// How many steps are left out, and how many read numbers of rows instead.
fn counts(program: &Program) -> [usize; 2] {
    let mut counts = [0; 2];
    for kernel in &program.plan.kernels {
        let Work::Tile(code) = &kernel.work else { continue };
        for instead in instead::<f32>(code) {
            match instead {
                Instead::Itself => {}
                Instead::Nothing => counts[0] += 1,
                Instead::Along(..) => counts[1] += 1,
            }
        }
    }
    counts
}

type Function = for<'t> fn(Var<'t>) -> Var<'t>;

fn program(passes: Passes, params: &Params, x: Param, f: Function) -> Program {
    Program::trace_with(passes, params, |tape| {
        let x = tape.param(x);
        let y = f(x);
        let gradient = y.vjp(y.sin(), &[x]).remove(0);
        tape.outputs([y, gradient])
    })
    .expect("a program")
}

#[test]
fn numbers_of_rows_are_read_as_they_are_with_the_same_bits() {
    let functions: [(Function, bool); 4] = [
        (|x| x.softmax(1), true),
        (|x| x.standardize([1], 1e-5), true),
        (|x| (x - x.mean_over(crate::Keep([1]))) / x.square().sum_over(crate::Keep([1])) + 1.5, true),
        // A maximum has no such loop, and what it reads is repeated.
        (|x| x.maximum(x.mean_over(crate::Keep([1]))), false),
    ];
    for (f, wanted) in functions {
        for [rows, row] in [[1, 64], [3, 64], [7, 100], [5, 333], [2, 1000], [9, 63]] {
            let mut params = Params::f32();
            let numbers: Vec<f64> = (0..rows * row).map(|i| (i as f64 * 0.618).fract() * 4.0 - 2.0).collect();
            let x = params.scope("x").param("x", [rows, row], &numbers[..]);
            let fused = program(Passes::exact(), &params, x, f);
            let [gone, along] = counts(&fused);
            assert_eq!(gone > 0 && along > 0, wanted && row >= FROM, "{gone} {along} [{rows}, {row}]");
            let one_by_one = program(Passes::none(), &params, x, f);
            let run = |program: &Program| {
                let mut state = program.state();
                let run = program.run(&mut state, &params, ()).expect("a run");
                [0, 1].map(|i| bits(run.slice::<f32>(i)))
            };
            assert_eq!(run(&fused), run(&one_by_one), "[{rows}, {row}]");
            agree(|| run(&program(Passes::exact(), &params, x, f))).expect("one result");
        }
    }
}
