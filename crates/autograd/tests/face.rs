//! The public API type-checks in user code without annotations: functions over tapes of any lifetime, and a computation that
//! is recorded once from a closure with inputs of different dtypes and replayed on other inputs.

use autograd::{DType, Param, Params, Replay, Shape, Tape, ToTensor, Var};
use ndarray::{ArrayD, array};

/// A layer: Copy handles, no lifetime, no generic.
#[derive(Clone, Copy)]
struct Layer {
    weight: Param,
    bias: Param,
}

impl Layer {
    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        (x.matmul(self.weight) + self.bias).tanh()
    }
}

/// Inputs of a recorded computation: a tuple of arrays, each of its own dtype.
trait Inputs {
    type Vars<'t>;
    fn record<'t>(&self, tape: &'t Tape<'t>) -> Self::Vars<'t>;
    fn replace<'t>(self, vars: &Self::Vars<'t>, replay: Replay<'t>) -> Replay<'t>;
}

impl<A: ToTensor, B: ToTensor> Inputs for (A, B) {
    type Vars<'t> = (Var<'t>, Var<'t>);
    fn record<'t>(&self, tape: &'t Tape<'t>) -> (Var<'t>, Var<'t>) {
        (tape.constant(&self.0), tape.constant(&self.1))
    }
    fn replace<'t>(self, vars: &(Var<'t>, Var<'t>), replay: Replay<'t>) -> Replay<'t> {
        replay.with(vars.0, self.0).with(vars.1, self.1)
    }
}

/// Records `f` on one pair of inputs and runs what was recorded on another.
fn record_then_run<I: Inputs>(
    params: &Params,
    f: impl for<'t> FnOnce(&'t Tape<'t>, I::Vars<'t>) -> Var<'t>,
    [first, second]: [I; 2],
) -> ArrayD<f64>
where
    for<'t> I::Vars<'t>: Copy,
{
    let tape = Tape::with(params);
    let inputs = first.record(&tape);
    let output = f(&tape, inputs);
    second.replace(&inputs, Replay::of(output)).run()
}

#[test]
fn a_recorded_computation_runs_on_other_inputs() {
    let mut params = Params::f64();
    let mut scope = params.scope("layer");
    let layer = Layer {
        weight: scope.param("w", [2, 3], [0.1, -0.4, 0.3, 0.2, 0.5, -0.6]),
        bias: scope.param("b", [3], 0.1),
    };

    let (x0, labels0) = (array![[1.0, 2.0], [3.0, 4.0]], array![0i64, 1]);
    let (x1, labels1) = (array![[-1.0, 0.5], [0.25, 2.0]], array![2i64, 0]);
    let loss = |x: Var<'_>, labels: Var<'_>| -layer.forward(x).log_softmax(-1).pick(labels).mean().item();

    // The gradient with respect to the weights is part of what is recorded.
    let replayed = record_then_run(
        &params,
        |t, (x, labels)| {
            let loss = -layer.forward(x).log_softmax(-1).pick(labels).mean();
            let [dw] = loss.grad([t.param(layer.weight)]);
            loss + dw.square().sum()
        },
        [(&x0, &labels0), (&x1, &labels1)],
    );

    let tape = Tape::with(&params);
    let (x, labels) = (tape.constant(&x1), tape.constant(&labels1));
    let eager = -layer.forward(x).log_softmax(-1).pick(labels).mean();
    let [dw] = eager.grad([tape.param(layer.weight)]);
    assert_eq!(eager.item(), loss(x, labels));
    assert!((replayed[[]] - (eager + dw.square().sum()).item()).abs() < 1e-14);
}

#[test]
fn operators_take_variables_parameters_and_numbers_on_both_sides() {
    let mut params = Params::f32();
    let w = params.scope("m").param("w", [2], [2.0, 4.0]);
    let tape = Tape::with(&params);
    let x = tape.var([1.0f32, 3.0]);
    let y = (1.0 - (w * x + 0.5) / 2.0).sigmoid() * w - x;
    let by_hand = |x: f32, w: f32| (1.0 / (1.0 + (-(1.0 - (w * x + 0.5) / 2.0)).exp())) * w - x;
    for (got, want) in y.to_vec::<f32>().into_iter().zip([by_hand(1.0, 2.0), by_hand(3.0, 4.0)]) {
        assert!((got - want).abs() < 1e-6, "{got} {want}");
    }
}

#[test]
fn values_go_in_and_out_as_numbers_slices_and_arrays() {
    let tape = Tape::new();
    let matrix = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    assert_eq!(tape.constant(&matrix).to_array::<f64>(), matrix.clone().into_dyn());
    assert_eq!(tape.constant(matrix.t()).to_array::<f64>(), matrix.t().to_owned().into_dyn());
    assert_eq!(tape.constant(matrix.column(1)).to_vec::<f64>(), [2.0, 5.0]);
    assert_eq!(tape.constant(&[true, false][..]).to_vec::<bool>(), [true, false]);
    assert_eq!(tape.constant([[1i64], [2]]).shape()[..], [2, 1]);
    assert_eq!(tape.constant(7i64).item(), 7.0);
    assert_eq!(format!("{:?}", tape.constant([1.5f32])), "v6 = constant [1] F32");
}

/// Data-dependent control flow is plain Rust: the tape records the path that was taken.
#[test]
fn control_flow_on_values_works_eagerly() {
    let tape = Tape::new();
    let x = tape.var(3.0);
    let mut y = x;
    while y.item() < 50.0 {
        y *= x;
    }
    assert_eq!((y.item(), y.grad([x])[0].item()), (81.0, 108.0));
}

#[test]
fn operators_take_references_and_assign() {
    let mut params = Params::f64();
    let w = params.scope("m").param("w", [2], [3.0, 4.0]);
    let tape = Tape::with(&params);
    let (x, y) = (&tape.var([1.0, 2.0]), &tape.var([5.0, 8.0]));
    let handle = &w;
    let values = |v: Var<'_>| v.to_vec::<f64>();
    for (got, want) in [
        (x + y, [6.0, 10.0]),
        (x - *y, [-4.0, -6.0]),
        (*x * y, [5.0, 16.0]),
        (y / x, [5.0, 4.0]),
        (2.0 * x, [2.0, 4.0]),
        (x - 1.0, [0.0, 1.0]),
        (1.0 / x, [1.0, 0.5]),
        (x * w, [3.0, 8.0]),
        (w * x, [3.0, 8.0]),
        (w - *x, [2.0, 2.0]),
        (x * handle, [3.0, 8.0]),
        (-x, [-1.0, -2.0]),
        (w.on(&tape) + 0.0, [3.0, 4.0]),
    ] {
        assert_eq!(values(got), want);
    }
    let mut z = *x;
    z += y;
    z -= 1.0;
    z *= w;
    z /= handle;
    assert_eq!(values(z), [5.0, 9.0]);
    assert_eq!(values(z.sum().grad([*x])[0]), [1.0, 1.0]);
    assert_eq!(values([*x, *y, z].iter().sum()), [11.0, 19.0]);
    assert_eq!(values([*x, *y].into_iter().sum()), [6.0, 10.0]);
    // What is recorded belongs to the line of the operator.
    let line = line!() + 1;
    z += 1.0;
    assert!(z.describe().contains(&format!("face.rs:{line}:")), "{}", z.describe());
}

#[test]
fn a_sum_of_no_variables_has_no_tape() {
    let none = std::panic::catch_unwind(|| Vec::<Var<'_>>::new().into_iter().sum::<Var<'_>>().item());
    let text = none.unwrap_err().downcast::<String>().expect("a text");
    assert!(text.starts_with("sum: of no variables\n  rule: "), "{text}");
}

#[test]
fn variables_print_their_values() {
    let tape = Tape::new();
    let text = |v: Var<'_>| v.to_string();
    assert_eq!(text(tape.var(0.1)), "0.1 [] F64");
    assert_eq!(text(tape.constant([true, false])), "[1, 0] [2] Bool");
    assert_eq!(text(tape.constant([3i64, -12])), "[3, -12] [2] I64");
    assert_eq!(text(tape.var([1.0, f64::NAN, f64::NEG_INFINITY])), "[1, NaN, -∞] [3] F64");
    assert_eq!(text(tape.var([[1.0, 2.0], [30.0, 4.0]]).t()), "[[1, 30],\n [2,  4]] [2×2] F64");
    let cube = tape.constant(ndarray::Array3::from_shape_fn((2, 1, 2), |(i, _, k)| (10 * i + k) as f64));
    assert_eq!(text(cube), "[[[ 0,  1]],\n\n [[10, 11]]] [2×1×2] F64");
    let grid = tape.constant(ndarray::Array2::from_shape_fn((8, 9), |(i, j)| (10 * i + j) as f64));
    let rows: Vec<String> = text(grid).lines().map(str::to_owned).collect();
    assert_eq!(rows.len(), 7);
    assert_eq!(rows[0], "[[ 0,  1,  2, …,  6,  7,  8],");
    assert_eq!((rows[3].as_str(), rows[6].as_str()), (" …,", " [70, 71, 72, …, 76, 77, 78]] [8×9] F64"));
    assert_eq!(text(tape.full(0.0, [0], DType::F32)), "[] [0] F32");
    assert_eq!(text(tape.full(0.0, [2, 0], DType::F32)), "[[],\n []] [2×0] F32");
    // As large as it may be: nothing is copied.
    assert!(text(tape.full(1.0, [1 << 20, 1 << 20], DType::F64)).ends_with(" [1048576×1048576] F64"));
}

#[test]
fn shapes_come_from_what_holds_lengths() {
    let shape = Shape::from([2, 3]);
    let lengths = vec![2, 3];
    assert_eq!(
        [Shape::from(&lengths), Shape::from(&[2, 3]), Shape::from(&lengths[..])],
        [(); 3].map(|_| shape.clone())
    );
    assert_eq!((Shape::from(lengths), Shape::from(4)), (shape, Shape::from([4])));
    assert_eq!(Tape::new().full(1.0, 4, DType::F64).shape()[..], [4]);
}
