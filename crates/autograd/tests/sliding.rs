//! Windows, convolutions, pooling, borders and interpolation: identities, empty axes, ties, and the texts of mistakes.

use autograd::{
    Border, ConvForm, DType, Interpolation, Params, PoolForm, Program, Shape, Tape, Var, check_grads,
};
use ndarray::{ArrayD, IxDyn};

mod caught;
use caught::mistake_without_operands;

/// The text of a panic, which has to come from this file, without the lines about the operands.
fn mistake<R>(f: impl FnOnce() -> R) -> String {
    mistake_without_operands("sliding.rs", f)
}

/// Numbers without a pattern, in (-1, 1).
fn numbers(shape: &[usize]) -> ArrayD<f64> {
    let mut k = 0.0;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        k += 1.0;
        f64::sin(k * k)
    })
}

fn check(name: &str, shapes: &[&[usize]], f: impl for<'t> Fn(&[Var<'t>]) -> Var<'t>) {
    let x: Vec<ArrayD<f64>> = shapes.iter().map(|s| numbers(s)).collect();
    check_grads(f, &x, 2).unwrap_or_else(|e| panic!("{name}: {e}"));
}

/// A convolution is a product with the windows as columns.
#[test]
fn a_convolution_is_a_product_with_columns() {
    let tape = Tape::new();
    let (x, w) = (tape.var(numbers(&[2, 3, 6, 5])), tape.var(numbers(&[4, 3, 3, 2])));
    for (stride, padding, dilation) in
        [([1, 1], [0, 0], [1, 1]), ([2, 1], [1, 2], [1, 2]), ([3, 2], [4, 0], [2, 1])]
    {
        let y = x.conv2d(w, ConvForm::default().stride(stride).padding(padding).dilation(dilation));
        let form = PoolForm::of([3, 2]).stride(stride).dilation(dilation).padding(padding);
        let form = if padding[0] == 4 { form.padding(0) } else { form };
        let wider = if padding[0] == 4 { x.pad(2, 4, 4) } else { x };
        let product = w.reshape([4, 18]).matmul(wider.im2col(form));
        let difference = (y - product.reshape(y.shape())).square().sum();
        assert!(difference.item() < 1e-24, "{}", difference.item());
    }
}

/// What a transposed convolution and `col2im` add up is what their adjoints read.
#[test]
fn transposes_are_adjoints() {
    let tape = Tape::new();
    let (x, w, y) =
        (tape.var(numbers(&[2, 4, 7])), tape.var(numbers(&[6, 2, 3])), tape.var(numbers(&[2, 6, 4])));
    let form = ConvForm::default().stride(2).padding(1).groups(2);
    let (forth, back) =
        ((x.conv1d(w, form) * y).sum().item(), (y.conv_transpose1d(w, form) * x).sum().item());
    assert!((forth - back).abs() < 1e-12, "{forth} {back}");
    let form = PoolForm::of([3]).stride(2).padding(1);
    let columns = tape.var(numbers(&[2, 12, 4]));
    let (forth, back) =
        ((x.im2col(form) * columns).sum().item(), (columns.col2im([7], form) * x).sum().item());
    assert!((forth - back).abs() < 1e-12, "{forth} {back}");
}

/// What lies beside an element's positions does not reach its gradient, even if it is infinite.
#[test]
fn an_infinity_reaches_the_weights_that_meet_it_alone() {
    for channels in [2, 24] {
        let tape = Tape::new();
        let mut image = numbers(&[2, 2, 6, 7]);
        image[[1, 0, 0, 6]] = f64::INFINITY;
        let (x, w) = (tape.constant(image.clone()), tape.var(numbers(&[channels, 2, 3, 3])));
        let y = x.conv2d(w, ConvForm::default());
        let found = (y * 2.0).sum().grad([w])[0].to_array::<f64>();
        for (index, &found) in found.indexed_iter() {
            let (c, i, j) = (index[1], index[2], index[3]);
            let meets = |n: usize| image.slice(ndarray::s![n, c, i..i + 4, j..j + 5]).sum();
            let wanted = 2.0 * (meets(0) + meets(1));
            let same = if wanted.is_finite() { (found - wanted).abs() < 1e-12 } else { found == wanted };
            assert!(same, "{index:?}: {found} for {wanted}");
        }
        assert_eq!(found.iter().filter(|x| x.is_infinite()).count(), channels);
    }
}

#[test]
fn compositions_have_their_derivatives() {
    check("avg_pool", &[&[1, 5, 6]], |x| {
        x[0].sin().avg_pool2d(PoolForm::of(3).stride(2).padding(1).ceil().elements_only()).square()
    });
    check("lp_pool", &[&[2, 6]], |x| x[0].exp().lp_pool1d(3.0, PoolForm::of(2)));
    check("adaptive_avg", &[&[5, 7]], |x| x[0].adaptive_avg_pool2d([3, 2]).exp());
    check("adaptive_max", &[&[5, 7]], |x| x[0].adaptive_max_pool2d([3, 2]).exp());
    for corners in [false, true] {
        check("linear", &[&[1, 3, 4]], |x| {
            x[0].interpolate([5, 2], Interpolation::Linear { corners }).square()
        });
        check("cubic", &[&[3, 4]], |x| x[0].interpolate([2, 7], Interpolation::Cubic { corners }).square());
    }
    check("nearest", &[&[4]], |x| x[0].interpolate_by([1.7], Interpolation::Nearest).square());
    for border in [Border::Constant(0.5), Border::Reflect, Border::Replicate, Border::Circular] {
        check("pad_with", &[&[3, 4]], |x| x[0].pad_with(1, 2, -1, border).pad_with(0, 0, 1, border).square());
    }
    check("layout", &[&[2, 3]], |x| {
        let y = x[0].tile(&[2, 1, 2]).roll(-1, 1).repeat_interleave(0, 2);
        y.rot90(1, [0, 2]).square() + Var::meshgrid(&[x[0].index(0, 0), x[0].index(1, 0)])[1].sum()
    });
    check("shuffles", &[&[8, 1, 2]], |x| {
        x[0].channel_shuffle(0, 4).pixel_shuffle(2).pixel_unshuffle(2).exp()
    });
    check("parts", &[&[5, 2]], |x| {
        let (a, b) = (x[0].split_into(0, &[1, 0, 4]), x[0].chunks(0, 3));
        a[0].square().sum() + (a[2].sin() * b[0].index(0, 1)).sum() + b[1].exp().sum()
    });
    check("columns", &[&[1, 2, 5]], |x| x[0].im2col(PoolForm::of([2]).stride(2)).square());
    check("columns back", &[&[1, 4, 2]], |x| x[0].col2im([6], PoolForm::of([2]).stride(3)).square());
}

/// Of equal elements the first has the gradient; a NaN is the largest; padding never is.
#[test]
fn maxima_of_windows() {
    let tape = Tape::new();
    let x = tape.var([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]]);
    let y = x.max_pool2d(PoolForm::of(2).stride(1));
    assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    let least = tape.constant([f64::NEG_INFINITY; 3]).max_pool1d(PoolForm::of(3).padding(1).stride(1));
    assert_eq!(least.to_vec::<f64>(), [f64::NEG_INFINITY; 3]);
    let (y, places) = tape.constant([1.0, f64::NAN, 2.0, 3.0]).max_pool1d_with_index(PoolForm::of(2));
    assert!(y.to_vec::<f64>()[0].is_nan() && y.to_vec::<f64>()[1] == 3.0);
    assert_eq!(places.to_vec::<i64>(), [1, 3]);
    let y = tape.constant([f64::INFINITY, 1.0, 2.0]).adaptive_avg_pool1d(2);
    assert_eq!(y.to_vec::<f64>(), [f64::INFINITY, 1.5]);
}

#[test]
fn empty_axes() {
    let tape = Tape::new();
    let none = tape.full(0.0, [2, 0], DType::F64);
    let lengths = |x: Var<'_>| x.shape().to_vec();
    assert_eq!(lengths(none.windows(1, 2, 1)), [2, 0, 2]);
    assert_eq!(lengths(none.windows(1, 2, 1).overlap_add(1, 1, 1)), [2, 1]);
    assert_eq!(lengths(none.slice_by(1, .., -3)), [2, 0]);
    assert_eq!(lengths(none.roll(1, 5)), [2, 0]);
    assert_eq!(lengths(none.tile(&[0, 3, 2])), [0, 6, 0]);
    assert_eq!(lengths(none.repeat_interleave(0, 0)), [0, 0]);
    assert_eq!(lengths(none.pad_with(1, 2, 0, Border::Constant(1.0))), [2, 2]);
    assert_eq!(lengths(none.rot90(1, [0, 1])), [0, 2]);
    assert_eq!((none.chunks(1, 2).len(), none.split_into(1, &[]).len()), (0, 0));
    assert_eq!(lengths(none.t().max_pool1d(PoolForm::of(2))), [0, 1]);
    assert_eq!(lengths(none.t().avg_pool1d(PoolForm::of(2))), [0, 1]);
    assert_eq!(lengths(none.t().interpolate([5], Interpolation::Nearest)), [0, 5]);
    assert_eq!(lengths(none.t().adaptive_avg_pool1d(3)), [0, 3]);
    let images = tape.full(0.0, [0, 1, 4], DType::F64);
    assert_eq!(lengths(images.im2col(PoolForm::of([2]))), [0, 2, 2]);
    assert_eq!(lengths(images.im2col(PoolForm::of([2])).col2im([4], PoolForm::of([2]))), [0, 1, 4]);
}

#[test]
fn mistakes_are_named_at_the_caller() {
    let tape = Tape::new();
    let (x, w) = (tape.var(numbers(&[1, 2, 5])), tape.var(numbers(&[3, 2, 3])));
    let form = ConvForm::default();
    assert_eq!(
        mistake(|| x.conv1d(tape.var(numbers(&[3, 4, 3])), form)),
        "conv1d: x [1×2×5] and weight [3×4×3]\n  rule: x has 4 channels, and 1 groups divide axis 0 of the weight, 3\n  \
         hint: a weight is [outputs, channels / groups, kernel…], of a transposed convolution [channels, outputs / groups, kernel…]"
    );
    assert!(mistake(|| x.conv1d(w, form.dilation(3))).contains("axis 2 with its padding is at least 7 long"));
    assert!(mistake(|| x.conv1d(w, form.same().stride(2))).contains("`same` goes with strides of 1"));
    assert!(mistake(|| x.index(0, 0).conv1d(w, form)).contains("`.unsqueeze(0)` makes a batch"));
    assert!(mistake(|| x.conv1d(w, form.groups(0))).contains("at least 1"));
    assert!(mistake(|| x.conv1d(w.cast(DType::F32), form)).contains("same dtype"));
    assert!(mistake(|| x.conv_transpose1d(w, form)).contains("x has 3 channels"));
    let back = tape.var(numbers(&[2, 1, 3]));
    assert!(mistake(|| x.conv_transpose1d(back, form.padding(4))).contains("cuts off no more than there is"));
    assert!(mistake(|| x.conv_transpose1d(back, form.longer_by(1))).contains("less than the stride"));
    assert!(mistake(|| x.max_pool1d(PoolForm::of(6))).contains("no longer than the axis"));
    assert!(mistake(|| x.max_pool1d(PoolForm::of(2).padding(2))).contains("every window has an element"));
    assert!(mistake(|| x.slice_by(-1, 2..7, 1)).contains("within 0..5"));
    assert!(mistake(|| x.slice_by(-1, .., 0)).contains("step 0"));
    assert!(mistake(|| x.windows(2, 0, 1)).contains("at least one element"));
    assert!(mistake(|| x.overlap_add(1, 9, 1)).contains("windows of 5"));
    assert!(mistake(|| x.pad_with(2, 5, 0, Border::Reflect)).contains("adds at most 4"));
    assert!(mistake(|| x.pad_with(2, -3, -3, Border::Circular)).contains("cut off more than there is"));
    assert!(mistake(|| x.tile(&[2])).contains("a number for each axis"));
    assert!(mistake(|| x.rot90(1, [0, -3])).contains("two axes"));
    assert!(mistake(|| x.split_into(2, &[2, 2])).contains("add up to 5"));
    assert!(mistake(|| x.interpolate_by([-1.0], Interpolation::Nearest)).contains("positive"));
    assert!(mistake(|| x.pixel_shuffle(2)).contains("multiple of r²"));
    let (y, places) = x.max_pool1d_with_index(PoolForm::of(2));
    assert!(mistake(|| y.max_unpool1d(places, [1])).contains("outside of 0..1"));
}

/// Eager, planned, and on one to three threads: the same bits.
#[test]
fn a_small_network_gives_the_same_bits_on_any_number_of_threads() {
    let mut params = Params::f32();
    let (x, w, v) = (numbers(&[3, 2, 28, 28]), numbers(&[8, 2, 5, 5]), numbers(&[8, 4, 3, 3]));
    let single = |a: &ArrayD<f64>| a.mapv(|x| x as f32);
    let mut scope = params.scope("net");
    let (w, v) = (
        scope.param("w", [8, 2, 5, 5], w.as_slice().unwrap()),
        scope.param("v", [8, 4, 3, 3], v.as_slice().unwrap()),
    );
    let program = Program::trace(&params, |t| {
        let x = t.input("x", [3, 2, 28, 28]);
        let y = x.conv2d(t.param(w), ConvForm::default().padding(2)).relu().max_pool2d(PoolForm::of(2));
        let y = y.conv2d(t.param(v), ConvForm::default().groups(2)).avg_pool2d(PoolForm::of(3).stride(2));
        t.outputs(y.square().mean()).with_gradients()
    })
    .unwrap();
    let mut found: Vec<(f64, Vec<f32>)> = vec![];
    for threads in 1..=3 {
        let mut state = program.state().with_threads(threads);
        let run = program.run(&mut state, &params, (single(&x),)).unwrap();
        found.push((run.item(0), run.grads().get::<f32>(w).unwrap().to_vec()));
    }
    assert!(found.iter().all(|other| *other == found[0]));
    let tape = Tape::with(&params);
    let y = tape.constant(single(&x)).conv2d(tape.param(w), ConvForm::default().padding(2)).relu();
    let y = y.max_pool2d(PoolForm::of(2)).conv2d(tape.param(v), ConvForm::default().groups(2));
    assert_eq!(y.shape(), Shape::from([3, 8, 12, 12]));
    assert_eq!(y.avg_pool2d(PoolForm::of(3).stride(2)).square().mean().item() as f32, found[0].0 as f32);
}
