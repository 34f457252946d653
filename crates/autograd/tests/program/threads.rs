//! Programs on several threads.

use crate::classifier;
use autograd::{DType, Params, Program, ProgramError, State, Tape, Var};

#[test]
fn programs_and_states_travel_between_threads() {
    fn shared<T: Send + Sync>() {}
    fn moved<T: Send>() {}
    shared::<Program>();
    shared::<ProgramError>();
    moved::<State>();

    let (params, program) = classifier();
    let (program, params) = (&program, &params);
    let all = |threads: usize| {
        let mut state = program.state().with_threads(threads);
        let mut seen = vec![];
        for i in 0..50 {
            let x = [[f64::from(i) * 0.1, 2.0], [-1.0, f64::from(i).sin()]];
            let run = program.run(&mut state, params, (x, [i64::from(i % 3), 1])).unwrap();
            seen.push(run.item(0).to_bits());
            seen.extend(run.grads().slab_of::<f64>().iter().map(|g| g.to_bits()));
        }
        seen
    };
    let alone = all(1);
    std::thread::scope(|scope| {
        let users: Vec<_> = [1, 2].map(|threads| scope.spawn(move || all(threads))).into_iter().collect();
        for user in users {
            assert_eq!(user.join().unwrap(), alone);
        }
    });
}

#[test]
fn large_parts_are_put_side_by_side_by_any_number_of_threads() {
    let params = Params::f32();
    let program = Program::trace(&params, |t| {
        let (x, y) = (t.input("x", [7, 100, 64]), t.input("y", [7, 64, 50]));
        t.outputs(Var::concat(&[x, y.permute(&[0, 2, 1])], 1))
    });
    let program = program.unwrap();
    let x: Vec<f32> = (0..7 * 100 * 64).map(|i| i as f32).collect();
    let y: Vec<f32> = (0..7 * 64 * 50).map(|i| -(i as f32)).collect();
    for threads in [1, 2, 3] {
        let mut state = program.state().with_threads(threads);
        assert_eq!(state.threads(), if cfg!(feature = "threads") { threads } else { 1 });
        let run = program.run(&mut state, &params, (&x, &y)).unwrap();
        let z = run.get::<f32>(0);
        for ((_, z), i) in z.indexed_iter().zip(0..) {
            let (batch, row, column) = (i / (150 * 64), i / 64 % 150, i % 64);
            let want = match row {
                ..100 => x[(batch * 100 + row) * 64 + column],
                _ => y[(batch * 64 + column) * 50 + row - 100],
            };
            assert_eq!(*z, want, "{i}, {threads} threads");
        }
    }
}

#[test]
fn large_sums_have_the_same_bits_on_any_number_of_threads() {
    let params = Params::f32();
    let program = Program::trace(&params, |t| t.outputs(t.input("x", [1100, 150]).sum_over([0]))).unwrap();
    let x: Vec<f32> = (0..1100 * 150).map(|i| (i as f32 * 0.618).fract() - 0.5).collect();
    let sums = |threads: usize| {
        let mut state = program.state().with_threads(threads);
        assert_eq!(state.threads(), if cfg!(feature = "threads") { threads } else { 1 });
        program.run(&mut state, &params, (&x,)).unwrap().slice::<f32>(0).to_vec()
    };
    let tape = Tape::new();
    let eager = tape.constant(&x).reshape([1100, 150]).sum_over([0]).to_vec::<f32>();
    assert!([1, 2, 3, 7].into_iter().all(|threads| sums(threads) == eager));
}

/// Outputs are contiguous: a view of an input is copied, for every dtype.
#[test]
fn large_views_are_copied_by_any_number_of_threads() {
    let params = Params::f32();
    let program = Program::trace(&params, |t| {
        let (x, i) = (t.input("x", [90, 8, 100]), t.input_of("i", DType::I64, [300, 250]));
        t.outputs([x.permute(&[2, 0, 1]), i.t(), x.gt(0.5).permute(&[1, 0, 2])])
    });
    let program = program.unwrap();
    let x: Vec<f32> = (0..90 * 8 * 100).map(|i| (i as f32 * 0.618).fract()).collect();
    let whole: Vec<i64> = (0..300 * 250).collect();
    let tape = Tape::new();
    let eager = tape.constant(&x).reshape([90, 8, 100]);
    for threads in [1, 2, 3] {
        let mut state = program.state().with_threads(threads);
        assert_eq!(state.threads(), if cfg!(feature = "threads") { threads } else { 1 });
        let run = program.run(&mut state, &params, (&x, &whole)).unwrap();
        assert_eq!(run.slice::<f32>(0), eager.permute(&[2, 0, 1]).to_vec::<f32>());
        assert_eq!(run.slice::<i64>(1)[300 + 7], 7 * 250 + 1);
        let mask = eager.gt(0.5).permute(&[1, 0, 2]);
        assert_eq!(run.get::<bool>(2), mask.to_array::<bool>());
    }
    assert!(program.explain().to_string().matches(" copy ").count() >= 2, "{}", program.explain());
}
