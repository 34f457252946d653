//! A random program, seed 1043, as it is printed when it fails.

#![allow(unused_variables, reason = "printed by a program")]

use autograd::{DType, Params, Passes, Program, Tape, Var};
use ndarray::{ArrayD, IxDyn};

/// The results, given the leaves.
fn results<'t>(x: &[Var<'t>]) -> Vec<Var<'t>> {
    let v0 = x[0];
    let v1 = v0.slice(-1, 1..3);
    let v2 = v1 + v1;
    let v3 = x[1];
    let v4 = v2.pick(v3);
    let v5 = {
        let x = v0;
        x.erf()
    };
    let v6 = v1.sum_over([0isize; 0]);
    let mut all = vec![v6.sin().sum(), v6];
    let slopes0 = all[0].grads(&[x[0]]);
    all.extend(&slopes0);
    let slopes1 = slopes0.iter().map(|g| g.sin().sum()).reduce(|a, b| a + b).expect("a slope").grads(&[x[0]]);
    all.extend(&slopes1);
    all
}

#[test]
fn a_program_gives_what_is_recorded() {
    let x0 = ArrayD::<f64>::from_shape_vec(
        IxDyn(&[3, 3]),
        vec![
            1.6656718827346553,
            -1.0315535275785326,
            0.5784565827346189,
            1.2516612865401142,
            1.2230473921106304,
            0.941349536963481,
            1.8571888078561507,
            1.9257216551486134,
            0.2577633307694809,
        ],
    )
    .expect("the shape");
    let x1 = ArrayD::<i64>::from_shape_vec(IxDyn(&[3]), vec![1i64, 0i64, 0i64]).expect("the shape");
    let tape = Tape::new();
    let eager = results(&[tape.var(&x0), tape.constant(&x1)]);
    let params = Params::f64();
    let program = Program::trace_with(Passes::exact(), &params, |t| {
        t.outputs(results(&[t.input_of("x0", DType::F64, [3, 3]), t.constant(&x1)]))
    });
    let program = program.expect("it can be planned");
    let mut state = program.state();
    let run = program.run(&mut state, &params, (&x0,)).expect("it runs");
    for (i, y) in eager.iter().enumerate() {
        assert_eq!(
            format!("{:?}", run.get::<f64>(i)),
            format!("{:?}", y.to_array::<f64>().view()),
            "result {i}"
        );
    }
}
