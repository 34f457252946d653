//! Sizes that no machine has: a mistake at the caller's line, never the end of the process.

use autograd::{DType, Params, Program, ProgramError, Tape};

mod caught;
use caught::{mistake_in, mistake_without_operands};

/// The text of a panic, which has to come from this file.
fn mistake<R>(f: impl FnOnce() -> R) -> String {
    mistake_without_operands("memory.rs", f)
}

/// Eight terabytes as F64. Linux promises them to nobody.
const SIDE: usize = 1 << 20;
const HUGE: [usize; 2] = [SIDE, SIDE];

#[test]
fn results_of_ops_are_refused() {
    let tape = Tape::new();
    let x = tape.full(1.0, HUGE, DType::F64);
    let text = mistake_in("memory.rs", || x * 2.0);
    assert_eq!(
        text.lines().next(),
        Some("mul: [1048576×1048576] F64 takes 8.80 TB, which cannot be had"),
        "{text}"
    );
    assert!(text.contains("a: v0 = full of 1 [1048576×1048576] F64, recorded at "), "{text}");
    assert!(text.ends_with("hint: is an axis repeated that was meant to meet another one?"), "{text}");

    let (column, row) =
        (tape.var([[1.0]]).broadcast_to([SIDE, 1]), tape.var([[2.0]]).broadcast_to([1, SIDE]));
    let starts = |text: String, with: &str| assert!(text.starts_with(with), "{text}");
    starts(mistake(|| column.matmul(row)), "matmul: [1048576×1048576] F64 takes 8.80 TB");
    starts(mistake(|| column - row), "sub: [1048576×1048576] F64 takes 8.80 TB");
    starts(
        mistake(|| (column + 0.0 * column).broadcast_to(HUGE).reshape([SIDE * SIDE])),
        "reshape: [1099511627776] F64",
    );
    starts(mistake(|| tape.scope("a", || x.exp())), "exp in `a`: [1048576×1048576] F64 takes");
    starts(mistake(|| x.softmax(1)), "softmax: ");
    starts(mistake(|| x.cast(DType::F32)), "cast: [1048576×1048576] F32 takes 4.40 TB");
    starts(mistake(|| x.to_vec::<f64>()), "to_vec: [1048576×1048576] F64 takes 8.80 TB");
    // The tape goes on.
    assert_eq!(tape.var(2.0).square().item(), 4.0);
}

#[test]
fn gradients_are_refused() {
    let tape = Tape::new();
    let x = tape.var([1.0]);
    // The views are free. The adjoint of a slice is padded with zeros, eight terabytes.
    let wide = x.broadcast_to(HUGE);
    let line = line!() + 1;
    let total = wide.slice(0, 0..1).sum();
    // The sweep stands between the caller and the op, so the text alone tells the line.
    let sweep = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| total.grad([wide])));
    let text = sweep.unwrap_err().downcast::<String>().expect("a text");
    assert!(text.starts_with("pad: [1048576×1048576] F64 takes 8.80 TB"), "{text}");
    assert!(text.contains(&format!("memory.rs:{line}:")), "{text}");
}

#[test]
fn parameters_are_refused() {
    let mut params = Params::f64();
    let text = mistake(|| params.scope("net").param("w", HUGE, 0.0));
    assert_eq!(
        text,
        "param: the values of `net.w` [1048576×1048576] take 8.80 TB, which cannot be had\n  \
         rule: initial values are numbers of eight bytes, all of them at once"
    );
    assert!(params.is_empty());
}

#[test]
fn states_of_programs_are_refused() {
    let params = Params::f64();
    let program = Program::trace(&params, |t| {
        let (a, b) = (t.input("a", [SIDE, 1]), t.input("b", [1, SIDE]));
        t.outputs(a.matmul(b).exp())
    })
    .expect("a plan needs no memory");
    let text = mistake_in("memory.rs", || program.state());
    assert!(
        text.starts_with("state: the buffers of the program take 8.80 TB, which cannot be had\n"),
        "{text}"
    );
    assert!(text.contains("\n  largest: exp [1048576×1048576] F64, recorded at "), "{text}");
}

#[test]
fn plans_beyond_all_addresses_are_errors() {
    let params = Params::f64();
    let wide = 1usize << 29;
    let traced = Program::trace(&params, |t| {
        let (a, b) = (t.input("a", [wide, 1]), t.input("b", [1, wide]));
        let products =
            [a.matmul(b), b.t().matmul(a.t()), (a * 2.0).matmul(b), (a * 3.0).matmul(b), (a * 4.0).matmul(b)];
        t.outputs(products)
    });
    let error = traced.unwrap_err();
    assert!(matches!(error, ProgramError::Memory { bytes } if bytes > isize::MAX as u128), "{error:?}");
    assert_eq!(error.to_string(), "the buffers of the program take 11529215 TB, more than can be addressed");
}
