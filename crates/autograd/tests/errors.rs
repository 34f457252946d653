//! The texts of mistakes, with op, shapes, rule and hint. They must point at the caller's line.

use autograd::{DType, Params, Replay, Shape, Tape, Var, compare};

mod caught;
use caught::mistake_without_operands;

/// The text of a panic, which has to come from this file, without the lines about the operands.
fn mistake<R>(f: impl FnOnce() -> R) -> String {
    mistake_without_operands("errors.rs", f)
}

#[test]
fn shapes_that_do_not_fit() {
    let tape = Tape::new();
    let (a, b) = (tape.var([[1.0; 3]; 2]), tape.var([[1.0; 3]; 4]));
    assert_eq!(
        mistake(|| a.matmul(b)),
        "matmul: [2×3] F64 and [4×3] F64 do not fit\n  clash: axis 1 of a has length 3, axis 0 of b has length 4\n  rule: a has as many columns as b has rows\n  \
         hint: did you mean `a.matmul(b.t())`?"
    );
    assert_eq!(
        mistake(|| b.t().matmul(a.t())),
        "matmul: [3×4] F64 and [3×2] F64 do not fit\n  clash: axis 1 of a has length 4, axis 0 of b has length 3\n  rule: a has as many columns as b has rows\n  \
         hint: did you mean `a.t().matmul(b)`?"
    );
    assert_eq!(
        mistake(|| a.matmul(tape.var([1.0; 2]))),
        "matmul: [2×3] F64 and [2] F64 do not fit\n  clash: axis 1 of a has length 3, axis 0 of b has length 2\n  \
         rule: a has as many columns as b has rows, and a vector as many elements\n  \
         hint: did you mean `a.t().matmul(b)`?"
    );
    assert_eq!(
        mistake(|| tape.var([1.0; 12]).reshape([2, 2, 3]).matmul(tape.var([1.0; 18]).reshape([3, 3, 2]))),
        "matmul: [2×2×3] F64 and [3×3×2] F64 do not fit\n  \
         rule: leading axes, aligned at the last, are equal or one of them is 1\n  \
         hint: `.reshape(…)` puts an axis of length 1 where the matrices shall repeat"
    );
    assert_eq!(
        mistake(|| a + b),
        "add: [2×3] F64 and [4×3] F64 do not fit\n  clash: axis 0 of a has length 2, axis 0 of b has length 4\n  rule: axes, aligned at the last, are equal or one of them is 1\n  \
         hint: `.reshape(…)` puts an axis of length 1 where the values shall repeat"
    );
    assert_eq!(
        mistake(|| a.reshape([4, 2])),
        "reshape: [2×3] F64 does not fit\n  rule: [2×3] has 6 elements, [4×2] has 8\n  hint: did you mean `.reshape([3, 2])`?"
    );
    assert!(mistake(|| a.broadcast_to([3, 3])).contains("[2×3] becomes [3×3] only if each axis"));
    assert_eq!(
        mistake(|| Var::concat(&[a, b.t()], 0)),
        "concat: [2×3] F64 and [3×4] F64 do not fit\n  clash: axis 1 of operand 0 has length 3, axis 1 of operand 1 has length 4\n  \
         rule: all axes but axis 0 have the same lengths"
    );
    assert_eq!(
        mistake(|| Var::stack(&[a, b], 0)),
        "stack: [2×3] and [4×3] do not fit\n  rule: all have the same shape"
    );
    assert!(mistake(|| Var::concat(&[], 0)).starts_with("concat: no tensors"));
    assert!(mistake(|| Var::stack(&[], 0)).starts_with("concat: no tensors"));
    assert_eq!(
        mistake(|| a.slice(1, 2..4)),
        "slice: [2×3] F64 does not fit\n  clash: axis 1 of x has length 3\n  rule: axis 1 has 3 places; 2..4 is not within"
    );
    let (first, last) = (3, 2);
    assert_eq!(
        mistake(|| a.slice(1, first..last)),
        "slice: 3..2 ends before it begins\n  rule: a range ends where it begins, or later"
    );
    assert!(mistake(|| a.slice(1, ..=usize::MAX)).contains("is not within"));
    assert!(mistake(|| a.slice(2, ..)).starts_with("slice: axis 2 does not exist"));
    for index in [3, -4, isize::MIN] {
        assert_eq!(
            mistake(|| a.index(1, index)),
            format!("index: place {index} does not exist\n  rule: axis 1 of [2×3] has 3 places")
        );
    }
    assert!(mistake(|| a.split(1, 2)).starts_with("split: 2 parts of axis 1 of [2×3]"));
    assert!(mistake(|| a.split(1, 0)).starts_with("split: 0 parts of axis 1 of [2×3]"));
    assert!(mistake(|| a.pad(0, usize::MAX, 1)).contains("the padded length can be counted"));
    assert!(mistake(|| a.pad(0, usize::MAX / 2, 0)).contains("more elements than can be addressed"));
    assert_eq!(
        mistake(|| a.unsqueeze(3)),
        "unsqueeze: axis 3 does not exist\n  rule: with the new axis there are 3"
    );
    assert_eq!(
        mistake(|| a.slice(0, 2..).max_over([-2])),
        "max: [0×3] F64 does not fit\n  clash: axis 0 of x has length 0\n  rule: axis 0 has an element to take"
    );
    assert!(mistake(|| a.slice(0, ..0).argmax(0)).contains("axis 0 has an element to take"));
    assert!(mistake(|| tape.var([1.0]).tril(0)).starts_with("tril: shape [1] has no two axes"));
    assert!(mistake(|| a.norm_over(0.0, [0])).starts_with("norm_over: p = 0"));
    assert!(
        mistake(|| tape.lower_triangle(usize::MAX, 2, 0)).contains("more elements than can be addressed")
    );
    assert!(mistake(|| a.permute(&[0, 0])).contains("name each of the 2 axes once"));
    assert!(
        mistake(|| a.sum_over([2]))
            .contains("sum_over: axis 2 does not exist\n  rule: shape [2×3] has 2 axes")
    );
    assert!(mistake(|| a.softmax(-3)).contains("softmax: axis -3 does not exist"));
}

#[test]
fn dtypes_never_mix() {
    let tape = Tape::new();
    let (single, double, whole) = (tape.var([1.0f32]), tape.var([1.0f64]), tape.constant([1i64]));
    assert_eq!(
        mistake(|| single * double),
        "mul: [1] F32 and [1] F64 do not fit\n  clash: a is F32, b is F64\n  rule: all operands have the same dtype; dtypes never mix silently\n  \
         hint: convert one side with `.cast(…)`; Rust's literals are f64, and `Params::f64()` makes parameters of that type"
    );
    assert_eq!(
        mistake(|| whole.sin()),
        "sin: [1] I64 does not fit\n  clash: x is I64\n  rule: the op is defined on F32 and F64, not on I64\n  \
         hint: convert with `.cast(DType::F64)`"
    );
    assert!(mistake(|| tape.var([1i64])).contains("values of dtype I64 have no derivative"));
    assert!(mistake(|| double.to_vec::<f32>()).contains("the elements are F64, asked for as F32"));
    assert!(mistake(|| double.select(double, 1.0)).contains("the mask is Bool"));
    assert!(mistake(|| whole.gt(0.5)).contains("0.5 is not an integer"));
    for beyond in [9223372036854775808.0, -9223372036854777856.0, 1e300] {
        assert!(mistake(|| whole.eq(beyond)).contains(&format!("{beyond:e} is out of the range of I64")));
        assert!(mistake(|| tape.full(beyond, [], DType::I64)).contains("is out of the range"));
    }
    for none in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(mistake(|| tape.full(none, [], DType::I64)).contains("is not an integer"));
    }
    let (least, most) = (-9223372036854775808.0, 9223372036854774784.0);
    assert_eq!(tape.full(least, [], DType::I64).to_vec::<i64>(), [i64::MIN]);
    assert_eq!(tape.full(most, [], DType::I64).to_vec::<i64>(), [i64::MAX - 1023]);
    assert!(mistake(|| double.gt(0.0).select(1.0, 2.0)).contains("the alternatives are the numbers 1 and 2"));
}

#[test]
fn gradients_that_do_not_exist() {
    let tape = Tape::new();
    let (x, c) = (tape.var([1.0, 2.0]), tape.constant([1.0, 2.0]));
    assert_eq!(
        mistake(|| x.grad([x])),
        "grad: y has 2 elements\n  rule: a gradient is that of one number\n  \
         hint: `.sum()` or `.mean()` first, or give a cotangent to `.vjp(…)`"
    );
    assert_eq!(
        mistake(|| (x * c).sum().grad([c])),
        "grad: a constant has no gradient\n  rule: gradients are those with respect to variables, parameters and what is computed\n  \
         hint: record it with `tape.var(…)`"
    );
    assert!(mistake(|| x.gt(0.0).reshape([2]).vjp(x, &[x])).contains("has no derivative"));
    assert!(mistake(|| x.vjp(c.reshape([2, 1]), &[x])).contains("they agree in shape and dtype"));
    assert!(mistake(|| x.jvp(&[x], &[])).contains("1 inputs and 0 tangents"));
    assert!(mistake(|| x.sum().backward()).contains("this tape reads no parameters"));
    assert!(mistake(|| x.item()).contains("exactly one element can be read as a number"));
    assert!(mistake(|| compare(&[1.0], &[])).contains("1 entries against 0"));
}

#[test]
fn things_of_another_tape_or_model() {
    let (here, there) = (Tape::new(), Tape::new());
    let (x, y) = (here.var(1.0), there.var(1.0));
    assert!(mistake(|| x + y).contains("the operands are on different tapes"));
    assert!(mistake(|| x.grad([y])).contains("the operands are on different tapes"));
    assert!(mistake(|| Replay::of(x).with(y, 1.0)).contains("the operands are on different tapes"));
    let (mut mine, mut yours) = (Params::f64(), Params::f64());
    let (_, other) = (mine.scope("a").param("w", [1], 0.0), yours.scope("a").param("w", [1], 0.0));
    let tape = Tape::with(&mine);
    assert!(mistake(|| tape.param(other)).contains("belongs to another `Params`"));
    assert!(mistake(|| here.param(other)).contains("this tape reads no parameters"));
    assert!(mistake(|| mine.get::<f64>(other)).contains("belongs to another `Params`"));
}

#[test]
fn parameters_made_twice_or_filled_wrongly() {
    let mut params = Params::f32();
    let w = params.scope("net").param("w", [2], 0.0);
    assert!(
        mistake(|| params.scope("net").param("w", [1], 0.0)).contains("parameter `net.w` exists already")
    );
    assert!(
        mistake(|| params.scope("net").param("b", [3], [1.0]))
            .contains("has 3 elements, 1 values were given")
    );
    assert!(
        mistake(|| params.set(w, [1.0f32; 3]))
            .contains("parameter `net.w` has shape [2], the values have [3]")
    );
    assert!(mistake(|| params.set(w, [1.0f64; 2])).contains("the parameters are F32, asked for as F64"));
}

#[test]
fn indices_out_of_range_name_the_row() {
    let tape = Tape::new();
    let x = tape.var([[1.0, 2.0], [3.0, 4.0]]);
    assert_eq!(
        mistake(|| x.pick(tape.constant([0i64, 2]))),
        "pick: index 2 in row 1 is outside of 0..2\n  rule: every index is within 0..2\n  hint: labels and indices count from 0"
    );
    assert!(mistake(|| x.pick(tape.constant([-1i64, 0]))).contains("index -1 in row 0"));
    assert!(
        mistake(|| x.pick(tape.constant([0i64]))).contains("there is one index per row: shape [2], not [1]")
    );
    assert!(mistake(|| x.pick(tape.constant([0.0, 1.0]))).contains("the indices are I64, not F64"));
}

#[test]
fn sizes_that_no_memory_holds() {
    let tape = Tape::new();
    let huge = Shape::from([usize::MAX / 2, 3]);
    assert!(mistake(|| tape.full(1.0, huge, DType::F32)).contains("more elements than can be addressed"));
    let x = tape.full(1.0, [1 << 30, 1], DType::F32);
    assert!(
        mistake(|| x.broadcast_to([1 << 40, 1 << 30, 1])).contains("more elements than can be addressed")
    );
    assert!(
        mistake(|| tape.full(1.0, &[1; 65][..], DType::F32))
            .contains("has 65 axes\n  rule: at most 64 axes are possible")
    );
}

#[test]
fn outputs_belong_to_programs() {
    let params = Params::f64();
    let tape = Tape::with(&params);
    let loss = tape.var([1.0, 2.0]).square().sum();
    assert_eq!(
        mistake(|| tape.outputs(loss)),
        "outputs: on an eager tape\n  rule: outputs belong to a traced computation, which computes them in each run\n  \
         hint: use the tape that `Program::trace(&params, |t| …)` gives; an eager value is there: read it"
    );
}

#[test]
fn labels_are_called_labels_by_the_loss_that_asks() {
    let tape = Tape::new();
    let scores = tape.var([[1.0, 2.0]; 4]);
    let text = mistake(|| scores.pick_labels("my_loss", tape.constant([0i64, 1, -1, 2])));
    assert_eq!(
        text,
        "my_loss: label -1 of row 2 is outside of 0..2 (2 classes)\n  rule: every label is within 0..2\n  \
         hint: labels count from 0, and the logits have a column for each class"
    );
}
