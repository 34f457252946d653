//! Checkpoints and budgets of memory: the same numbers, of fewer values.

mod caught;

use autograd::ndarray::{Array, ArrayD, IxDyn};
use autograd::{DType, Outputs, Param, Params, Passes, Program, ProgramError, Tape, Var, check_grads};
use caught::mistake_in;

const BATCH: usize = 128;
const WIDTH: usize = 32;

/// A chain of layers, each with weights of its own.
struct Chain(Vec<Param>);

impl Chain {
    fn new(params: &mut Params, layers: usize) -> Chain {
        let n = WIDTH * WIDTH;
        let mut scope = params.scope("chain");
        let start = |i: usize| move |k: usize| ((i * n + k) as f64 * 0.618_034).fract() * 0.5 - 0.25;
        let weight = |i: usize| {
            let values: Vec<f64> = (0..n).map(start(i)).collect();
            scope.param(&format!("w{i}"), [WIDTH, WIDTH], values.as_slice())
        };
        Chain((0..layers).map(weight).collect())
    }

    fn loss<'t>(&self, x: Var<'t>) -> Var<'t> {
        layers(x, &self.0).square().mean()
    }

    /// Cut into parts of so many layers.
    fn checkpointed<'t>(&self, x: Var<'t>, each: usize) -> Var<'t> {
        let part = |x: Var<'t>, part: &[Param]| x.tape().checkpoint(x, |x| layers(x, part));
        self.0.chunks(each).fold(x, part).square().mean()
    }
}

fn layers<'t>(x: Var<'t>, weights: &[Param]) -> Var<'t> {
    weights.iter().fold(x, |x, &w| x.matmul(x.tape().param(w)).tanh())
}

fn data() -> ArrayD<f64> {
    Array::from_shape_fn(IxDyn(&[BATCH, WIDTH]), |i| ((i[0] * WIDTH + i[1]) as f64 * 0.37).sin())
}

fn program(
    passes: Passes,
    params: &Params,
    f: impl for<'t> Fn(&'t Tape<'t>, Var<'t>) -> Outputs,
) -> Result<Program, ProgramError> {
    Program::trace_with(passes, params, |t| {
        let x = t.input_of("x", DType::F64, [BATCH, WIDTH]).cast(params.dtype());
        f(t, x)
    })
}

/// The loss and all gradients.
fn results(program: &Program, params: &Params) -> (f64, Vec<f64>) {
    let mut state = program.state();
    let run = program.run(&mut state, params, (&data(),)).unwrap();
    let grads = match params.dtype() {
        DType::F32 => run.grads().slab_of::<f32>().iter().map(|&x| f64::from(x)).collect(),
        _ => run.grads().slab_of::<f64>().to_vec(),
    };
    (run.item(0), grads)
}

#[test]
fn a_chain_takes_the_memory_of_its_root() {
    for mut params in [Params::f32(), Params::f64()] {
        let chain = Chain::new(&mut params, 64);
        let plain =
            program(Passes::all(), &params, |t, x| t.outputs(chain.loss(x)).with_gradients()).unwrap();
        let by_hand =
            program(Passes::all(), &params, |t, x| t.outputs(chain.checkpointed(x, 8)).with_gradients())
                .unwrap();
        let value = BATCH * WIDTH * if params.dtype() == DType::F32 { 4 } else { 8 };
        let within = |budget: usize| {
            program(Passes::all(), &params, |t, x| {
                t.outputs(chain.loss(x)).with_gradients().within_memory(budget)
            })
        };
        let (half, least) = (within(40 * value).unwrap(), within(24 * value).unwrap());
        let memory = |program: &Program| program.explain().memory() / value;
        println!(
            "{} values: {} plain, {} by hand, {} of 40, {} of 24",
            params.dtype(),
            memory(&plain),
            memory(&by_hand),
            memory(&half),
            memory(&least)
        );
        least.explain().to_string().lines().rev().take(8).for_each(|line| println!("{line}"));
        assert!(
            memory(&plain) >= 63 && memory(&by_hand) <= 32 && memory(&half) <= 40 && memory(&least) <= 24
        );
        let expected = results(&plain, &params);
        for program in [&by_hand, &half, &least] {
            assert!(results(program, &params) == expected);
        }
        let text = by_hand.explain().to_string();
        assert!(text.contains("again    ") && !plain.explain().to_string().contains("again    "), "{text}");
        assert!(matches!(within(4 * value), Err(ProgramError::Budget { .. })));
    }
}

/// The peak of the values that a tape holds: its pool keeps what it had.
#[test]
fn an_eager_chain_does_too() {
    let mut params = Params::f64();
    let chain = Chain::new(&mut params, 64);
    let peak = |each: Option<usize>| {
        let tape = Tape::with(&params);
        let x = tape.constant(data());
        let loss = match each {
            Some(each) => chain.checkpointed(x, each),
            None => chain.loss(x),
        };
        let grads = loss.backward();
        (tape.bytes(), grads.slab_of::<f64>().to_vec())
    };
    let ((plain, expected), (cut, found)) = (peak(None), peak(Some(8)));
    println!("{plain} bytes, {cut} with checkpoints");
    assert_eq!(found, expected);
    assert!(cut * 2 < plain, "{cut} of {plain}");
}

#[test]
fn any_order_and_nested() {
    let at =
        [Array::from_vec(vec![0.3, -1.2, 0.8]).into_dyn(), Array::from_vec(vec![1.1, 0.4, -0.6]).into_dyn()];
    fn nested<'t>(x: &[Var<'t>]) -> Var<'t> {
        let (tape, w) = (x[0].tape(), x[1]);
        let y = tape.checkpoint(x[0], |a| {
            let b = tape.checkpoint(a, |a| (a * w).sin());
            b * a + w.exp()
        });
        y * w
    }
    assert!(check_grads(nested, &at, 3).is_ok());
}

#[test]
fn budgets_hold_for_second_derivatives_and_residual_chains() {
    let mut params = Params::f64();
    let chain = Chain::new(&mut params, 32);
    fn chain_of_blocks<'t>(x: Var<'t>, weights: &[Param]) -> Var<'t> {
        let block = |x: Var<'t>, pair: &[Param]| {
            let inner = layers(x, &pair[..1]).sin();
            x + inner.matmul(x.tape().param(pair[1])) * 0.1
        };
        weights.chunks(2).fold(x, block).square().mean()
    }
    let trace = |budget: usize| {
        program(Passes::all(), &params, |t, x| {
            t.outputs(chain_of_blocks(x, &chain.0)).with_gradients().within_memory(budget)
        })
        .unwrap()
    };
    let plain = trace(usize::MAX);
    let most = plain.explain().memory();
    let tight = trace(most * 6 / 10);
    println!("{most} bytes, {} within the budget", tight.explain().memory());
    assert!(results(&tight, &params) == results(&plain, &params));
    // A gradient of a gradient: the first output depends on a sweep.
    let second = |budget: usize| {
        program(Passes::exact(), &params, |t, x| {
            let loss = chain.loss(x);
            let slope: Var<'_> = loss.grad([t.param(chain.0[0])])[0].square().sum();
            t.outputs(loss + slope).with_gradients().within_memory(budget)
        })
        .unwrap()
    };
    let plain = second(usize::MAX);
    let tight = second(plain.explain().memory() * 7 / 10);
    println!("{} and {}", plain.explain().memory(), tight.explain().memory());
    assert!(results(&tight, &params) == results(&plain, &params));
}

#[test]
fn a_body_has_no_values_and_ends() {
    let text = mistake_in("checkpoint.rs", || {
        let tape = Tape::new();
        let _ = tape.checkpoint(tape.var(1.0), |x| if x.item() > 0.0 { x } else { -x });
    });
    assert!(text.contains("has no values"), "{text}");
    let text = mistake_in("checkpoint.rs", || {
        let tape = Tape::new();
        let mut inner = None;
        tape.checkpoint(tape.var(1.0), |x| {
            inner = Some(x.exp());
            x.sin()
        });
        let _ = inner.unwrap().sin();
    });
    assert!(text.contains("used outside of it"), "{text}");
    let text = mistake_in("checkpoint.rs", || {
        let tape = Tape::new();
        tape.checkpoint(tape.var(1.0), |x| [x, x.gt(0.0)]);
    });
    assert!(text.starts_with("checkpoint: results of F64 and Bool"), "{text}");
}
