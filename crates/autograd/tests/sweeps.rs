//! The nodes and buffers that sweeps visit, append, free and return.

use autograd::{DType, Param, Params, Storage, Tape, Var, value_and_grad};

fn chain<'t>(x: Var<'t>, nodes: usize) -> Var<'t> {
    (0..nodes).fold(x, |v, _| v.sin())
}

#[test]
fn a_chain_of_a_million_nodes_is_swept_without_recursion_and_in_linear_space() {
    let appended = |nodes: usize| {
        let tape = Tape::new();
        let x = tape.var(0.5);
        let y = chain(x, nodes);
        let before = tape.len();
        let [dx] = y.grad([x]);
        assert!(dx.item() > 0.0 && dx.item() < 1.0);
        tape.len() - before
    };
    // The seed, and per node cos v and a product.
    assert_eq!(appended(1_000), 1 + 2 * 1_000);
    assert_eq!(appended(1_000_000), 1 + 2 * 1_000_000);
}

#[test]
fn forward_mode_and_second_order_pass_through_a_deep_chain_too() {
    let tape = Tape::new();
    let x = tape.var(0.5);
    let y = chain(x, 100_000);
    let t = y.jvp(&[x], &[tape.constant(1.0)]);
    let [dx] = y.grad([x]);
    assert!((t.item() / dx.item() - 1.0).abs() < 1e-9);
    assert!(dx.grad([x])[0].item().is_finite());
}

#[test]
fn only_nodes_between_inputs_and_output_are_visited() {
    let appended = |unrelated: usize| {
        let tape = Tape::new();
        let (x, w) = (tape.var(0.5), tape.var(2.0));
        let before_y = chain(w, unrelated) + chain(x.detach(), unrelated); // leads to y, not from x
        let beside_y = chain(x, unrelated); // leads from x, not to y
        let y = x.exp() * before_y;
        let after_y = chain(y, unrelated);
        let before = tape.len();
        y.grad([x]);
        assert!(beside_y.depends_on(x) && after_y.depends_on(y));
        tape.len() - before
    };
    assert_eq!(appended(1000), appended(1));
}

#[test]
fn an_output_that_does_not_depend_on_an_input_has_zero_gradient_and_says_so() {
    let tape = Tape::new();
    let (x, w) = (tape.var([1.0, 2.0]), tape.var([[3.0]]));
    let y = x.sum()
        + w.detach().sum()
        + w.gt(0.0).cast(DType::F64).sum()
        + w.cast(DType::I64).cast(DType::F64).sum();
    assert!(y.depends_on(x) && !y.depends_on(w));
    let [dx, dw] = y.grad([x, w]);
    assert_eq!((dx.to_vec::<f64>(), dw.to_vec::<f64>()), (vec![1.0, 1.0], vec![0.0]));
    assert_eq!(dw.shape(), w.shape());
    assert_eq!(x.sum().jvp(&[w], &[w]).item(), 0.0);
    assert!(!x.depends_on(y), "an input recorded before does not depend on what came later");
}

#[test]
fn every_node_can_be_asked_for_even_the_output_and_the_same_one_twice() {
    let tape = Tape::new();
    let x = tape.var(3.0);
    let square = x * x;
    let y = square.exp() + square;
    let [dy, dsquare, dx, again] = y.grad([y, square, x, x]);
    assert_eq!(dy.item(), 1.0);
    assert_eq!(dsquare.item(), 9f64.exp() + 1.0);
    assert_eq!(dx.item(), 6.0 * (9f64.exp() + 1.0));
    assert_eq!(again.item(), dx.item());
}

/// d/dx of (x · stop(x)) and of a value that is used many times.
#[test]
fn gradients_add_over_all_paths_but_the_detached_ones() {
    let (value, [dx]) = value_and_grad(|[x]| x * x.detach() + x * x * x + (x + x), [2.0]);
    assert_eq!((value, dx.into_iter().collect::<Vec<_>>()), (16.0, vec![2.0 + 12.0 + 2.0]));
}

#[test]
fn derivatives_of_order_six_of_a_product_with_an_exponential() {
    let tape = Tape::new();
    let x = tape.var(0.7);
    let mut d = x * x.exp();
    for order in 0..=6 {
        let exact = (0.7 + f64::from(order)) * 0.7f64.exp(); // (x·eˣ)⁽ⁿ⁾ = (x + n)·eˣ
        assert!((d.item() / exact - 1.0).abs() < 1e-13, "order {order}: {} against {exact}", d.item());
        d = d.grad([x])[0];
    }
}

fn model(params: &mut Params) -> [Param; 3] {
    let mut scope = params.scope("m");
    [("a", [0.5, -1.0]), ("b", [2.0, 3.0]), ("c", [1.0, 1.0])].map(|(name, v)| scope.param(name, [2], v))
}

#[test]
fn backward_gives_all_parameters_at_once_and_leaves_the_tape_as_it_was() {
    let mut params = Params::f64();
    let [a, b, c] = model(&mut params);
    let tape = Tape::with(&params);
    let loss = (tape.param(a).square() * b).sum() + tape.param(a).sum();
    let before = tape.len();
    let grads = loss.backward();
    assert_eq!(tape.len(), before);
    assert_eq!(grads.get::<f64>(a).unwrap(), [3.0, -5.0]);
    assert_eq!(grads.get::<f64>(b).unwrap(), [0.25, 1.0]);
    assert_eq!(grads.get::<f64>(c), None, "the loss does not depend on it");
    assert_eq!(grads.slab_of::<f64>(), [3.0, -5.0, 0.25, 1.0, 0.0, 0.0]);
    // The same from the tape, and once more after it.
    let [da, db] = loss.grad([tape.param(a), tape.param(b)]);
    assert_eq!(
        (da.to_vec::<f64>().as_slice(), db.to_vec::<f64>().as_slice()),
        (grads.get(a).unwrap(), grads.get(b).unwrap())
    );
    assert_eq!(loss.backward().slab_of::<f64>(), grads.slab_of::<f64>());
}

#[test]
fn a_frozen_parameter_has_no_gradient_but_is_read() {
    let mut params = Params::f64();
    let [a, b, _] = model(&mut params);
    params.set_frozen(a, true);
    let tape = Tape::with(&params);
    let grads = (tape.param(a) * b).sum().backward();
    assert_eq!((grads.get::<f64>(a), grads.get::<f64>(b)), (None, Some(&[0.5, -1.0][..])));
}

#[test]
fn backward_frees_each_adjoint_at_its_last_use() {
    let (layers, width) = (100, 10_000);
    let mut params = Params::f64();
    let w = params.scope("m").param("w", [width], 0.5);
    let tape = Tape::with(&params);
    let loss = chain(tape.param(w), layers).sum();
    let forward = tape.bytes();
    loss.backward();
    let buffer = width * size_of::<f64>();
    let extra = tape.bytes() - forward;
    assert!(extra < 6 * buffer, "{} buffers more than the forward pass for {layers} layers", extra / buffer);
    // Control: a gradient that stays on the tape keeps every adjoint.
    loss.grad([tape.param(w)]);
    assert!(tape.bytes() - forward > layers * buffer);
}

#[test]
fn storage_and_reset_give_the_same_memory_and_the_same_bits() {
    let mut params = Params::f32();
    let w = params.scope("m").param("w", [1000], 0.3);
    let run = |tape: &Tape<'_>| {
        let loss = (tape.param(w).sin() * w).sum();
        (loss.item().to_bits(), loss.backward().slab_of::<f32>().to_vec())
    };
    let first = run(&Tape::with(&params));
    let mut storage = Storage::default();
    let mut bytes = vec![];
    for _ in 0..5 {
        let tape = Tape::reusing(storage, &params);
        assert_eq!(run(&tape), first);
        bytes.push(tape.bytes());
        storage = tape.into_storage();
    }
    assert!(bytes[1..].iter().all(|b| *b == bytes[1]), "memory grows: {bytes:?}");
}

#[test]
fn views_share_their_buffer_and_copy_nothing() {
    let tape = Tape::new();
    let x = tape.var(vec![1.0; 100_000]);
    let before = tape.bytes();
    let y = x.reshape([100, 1000]).t().broadcast_to([3, 1000, 100]).detach();
    assert_eq!(y.shape().elements(), 300_000);
    assert!(tape.bytes() - before < 10_000);
}

#[test]
fn numbers_fill_any_shape_without_memory() {
    let tape = Tape::new();
    let before = tape.bytes();
    let ones = tape.full(1.0, [1 << 20, 1 << 20], DType::F32);
    assert_eq!(ones.shape().elements(), 1 << 40);
    assert!(tape.bytes() - before < 10_000);
}
