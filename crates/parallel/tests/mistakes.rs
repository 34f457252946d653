//! What a programmer gets wrong is told at the line that does, with the rule.

use autograd::Params;
use parallel::{Alone, Error, ShardedStep, World};

fn traced(change: impl Fn(parallel::Shards<'static>) -> Result<ShardedStep<'static>, Error>) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(change(Alone.shards(4)))));
    *panic.expect_err("a mistake").downcast::<String>().expect("a text")
}

fn params() -> (Params, autograd::Param) {
    let mut params = Params::f64();
    let w = params.scope("net").param("w", [2], 1.0);
    (params, w)
}

#[test]
fn an_output_that_is_no_number() {
    let (params, w) = params();
    let text = traced(|s| {
        s.trace(&params, |t| {
            let y = t.input("x", [3, 2]) * w;
            t.outputs([y.sum(), y]).with_gradients()
        })
    });
    assert!(text.starts_with("trace: output 1 of a sharded step is [3×2] F64"), "{text}");
}

#[test]
fn a_step_without_gradients() {
    let (params, w) = params();
    let text = traced(|s| s.trace(&params, |t| t.outputs(t.param(w).sum())));
    assert!(text.starts_with("trace: the program gives no gradients"), "{text}");
}

#[test]
fn a_name_of_no_input_and_a_key_that_is_none() {
    let (params, w) = params();
    for name in ["key", "x"] {
        let text = traced(|s| {
            s.key(name).trace(&params, |t| t.outputs((t.input("x", [2]) * w).sum()).with_gradients())
        });
        assert!(text.starts_with(&format!("trace: no input `{name}` of this kind\n  inputs: `x`")), "{text}");
    }
}

#[test]
#[should_panic(expected = "rows: a batch of 10 rows for 4 shards")]
fn rows_that_are_no_multiple() {
    Alone.shards(4).part().rows(10);
}

#[test]
#[should_panic(expected = "shards: 0")]
fn no_shards() {
    let _ = Alone.shards(0);
}
