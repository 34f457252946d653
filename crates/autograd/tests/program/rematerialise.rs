//! Rematerialised values: kernels compute them again instead of reading them from memory.

use autograd::{Explanation, Param, Params, Passes, Program, Var};

/// A number made of an input of 256 × 128 and parameters of 128 × 128, and where asked its gradients, planned without the
/// pass and with it: the same bits, and what each plan explains.
fn both(gradients: bool, f: impl for<'t> Fn(Var<'t>, [Param; 3]) -> Var<'t>) -> [Explanation; 2] {
    let draw = |n: usize, seed: usize| -> Vec<f64> {
        (0..n).map(|i| ((i + seed) * 7919 % 1000) as f64 / 5000.0 - 0.1).collect()
    };
    let mut params = Params::f64();
    let mut net = params.scope("net");
    let all = [1, 2, 3].map(|i| net.param(&format!("w{i}"), [128, 128], &draw(128 * 128, i)[..]));
    let x = draw(256 * 128, 4);
    let mut results = vec![];
    let without = Passes::all().without("rematerialise");
    let explained = [without, Passes::all()].map(|passes| {
        let program = Program::trace_with(passes, &params, |t| {
            let outputs = t.outputs(f(t.input("x", [256, 128]), all));
            if gradients { outputs.with_gradients() } else { outputs }
        });
        let program = program.unwrap();
        let mut state = program.state();
        let run = program.run(&mut state, &params, (&x,)).unwrap();
        let slopes = gradients.then(|| all.map(|p| run.grads().get::<f64>(p).map(<[f64]>::to_vec)));
        results.push((run.item(0), slopes));
        program.explain()
    });
    assert_eq!(results[0], results[1]);
    explained
}

/// What `explain` says of rematerialised values.
fn told(explained: &Explanation) -> Option<String> {
    explained.to_string().lines().find_map(|line| line.strip_prefix("remat    ").map(str::to_owned))
}

const BYTES: usize = 256 * 128 * 8;

#[test]
fn the_slope_of_relu_is_computed_from_its_value() {
    let [without, with] = both(true, |x, [a, b, _]| x.matmul(a).relu().matmul(b).square().mean());
    let text = with.to_string();
    let line = "1 value is rematerialised where it is read, not stored: 262 kB";
    assert_eq!((told(&without), told(&with).as_deref()), (None, Some(line)), "{text}");
    assert!(text.contains("[gt] [select] mul"), "{text}");
    assert_eq!((without.memory() - with.memory(), without.bytes() - with.bytes()), (BYTES, BYTES), "{text}");
}

#[test]
fn normalised_rows_are_computed_from_the_rows() {
    let [without, with] = both(true, |x, [a, b, c]| {
        let h = x.matmul(a).standardize([1], 1e-5).matmul(b);
        (h.standardize([1], 1e-5).matmul(c) + h).square().mean()
    });
    assert!(with.memory() < without.memory() && with.bytes() < without.bytes(), "{without}\n{with}");
}

/// σ and its slope come from one exponential: another one would cost more than the memory.
#[test]
fn functions_that_cost_are_not_computed_again() {
    let [_, with] = both(true, |x, [a, b, _]| x.matmul(a).sigmoid().matmul(b).tanh().square().mean());
    assert_eq!(told(&with), None, "{with}");
}

#[test]
fn no_more_is_held_in_memory_for_it() {
    let [_, one] = both(false, |x, [a, b, _]| {
        let h = x.matmul(a) + 1.0;
        (h.exp().matmul(b) + h).square().sum()
    });
    assert!(told(&one).is_some(), "{one}");
    // What is made of two products would keep both.
    let [_, two] = both(false, |x, [a, b, c]| {
        let h = x.matmul(a) + x.matmul(c);
        (h.exp().matmul(b) + h).square().sum()
    });
    assert_eq!(told(&two), None, "{two}");
}
