//! Whole trainings through the facade: they succeed, and they repeat to the last bit.

use approx::assert_abs_diff_eq;
use autograd::Float;
use ndarray::Array2;
use wengert::prelude::*;

/// The moons in an element type: samples, and targets 0 or 1 in a column.
fn moons<T: Float>() -> (Array2<T>, Array2<T>) {
    let data = datasets::make_moons(200).noise(0.1).random_state(42).generate().expect("good options");
    let targets = data.y.mapv(|label| T::from_f64(label as f64));
    (data.x.mapv(T::from_f64), targets.insert_axis(ndarray::Axis(1)))
}

fn network(params: Params) -> (Params, Mlp) {
    let mut params = params.with_seed(1);
    let net = Mlp::new(&mut params.scope("net"), &[2, 10, 5, 1], Activation::Tanh);
    (params, net)
}

/// Trains with a tape of its own for each step, or in the memory of the tape before.
fn train<T: Float>(params: Params, steps: usize, reuse: bool) -> (Params, Mlp) {
    let (x, y) = moons::<T>();
    let (mut params, net) = network(params);
    let mut adam = Adam::new(0.05).expect("a good rate");
    let mut storage = Storage::default();
    for _ in 0..steps {
        let tape = Tape::reusing(std::mem::take(&mut storage), &params);
        let loss = nn::loss::mse(net.forward(tape.constant(&x)), tape.constant(&y));
        let grads = loss.backward();
        if reuse {
            storage = tape.into_storage();
        }
        adam.step(&mut params, &grads).expect("finite gradients");
    }
    (params, net)
}

fn bits<T: Float>(params: &Params) -> Vec<u64> {
    params.slab_of::<T>().iter().map(|w| w.to_f64().to_bits()).collect()
}

fn moons_are_told_apart<T: Float>(new: fn() -> Params) {
    let (x, y) = moons::<T>();
    let accuracy = |params: &Params, net: &Mlp| {
        let tape = Tape::with(params);
        let predicted = net.forward(tape.constant(&x)).gt(0.5).to_vec::<bool>();
        let right = predicted.iter().zip(&y).filter(|&(&p, y)| p == (y.to_f64() == 1.0));
        right.count() as f64 / 200.0
    };
    let (start, net) = network(new());
    assert!(accuracy(&start, &net) < 0.9, "training would not be needed");
    let (params, net) = train::<T>(new(), 300, true);
    let reached = accuracy(&params, &net);
    assert!(reached >= 0.97, "{reached}");
}

#[test]
fn moons_are_told_apart_in_double_precision() {
    moons_are_told_apart::<f64>(Params::f64);
}

#[test]
fn moons_are_told_apart_in_single_precision() {
    moons_are_told_apart::<f32>(Params::f32);
}

#[test]
fn training_repeats_to_the_last_bit() {
    let (start, _) = network(Params::f64());
    let first = bits::<f64>(&train::<f64>(Params::f64(), 60, false).0);
    assert_ne!(first, bits::<f64>(&start));
    assert_eq!(first, bits::<f64>(&train::<f64>(Params::f64(), 60, false).0));
    let first = bits::<f32>(&train::<f32>(Params::f32(), 60, false).0);
    assert_eq!(first, bits::<f32>(&train::<f32>(Params::f32(), 60, false).0));
}

#[test]
fn the_memory_of_an_earlier_tape_changes_no_bit() {
    let fresh = bits::<f64>(&train::<f64>(Params::f64(), 60, false).0);
    assert_eq!(fresh, bits::<f64>(&train::<f64>(Params::f64(), 60, true).0));
    let fresh = bits::<f32>(&train::<f32>(Params::f32(), 60, false).0);
    assert_eq!(fresh, bits::<f32>(&train::<f32>(Params::f32(), 60, true).0));
}

/// Three classes by their logits; momentum this time.
#[test]
fn three_classes_are_learnt_by_cross_entropy() {
    let data = datasets::make_classification(150)
        .n_features(4)
        .n_informative(3)
        .n_redundant(0)
        .n_classes(3)
        .n_clusters_per_class(1)
        .class_sep(1.5)
        .flip_y(0.0)
        .random_state(3)
        .generate()
        .expect("good options");
    let mut params = Params::f64().with_seed(2);
    let net = Mlp::new(&mut params.scope("net"), &[4, 12, 3], Activation::Relu);
    let mut momentum = Momentum::new(0.1, 0.9).expect("good numbers");
    let mut losses = Vec::new();
    for _ in 0..200 {
        let tape = Tape::with(&params);
        let logits = net.forward(tape.constant(&data.x));
        let loss = nn::loss::cross_entropy(logits, tape.constant(&data.y));
        losses.push(loss.item());
        let grads = loss.backward();
        momentum.step(&mut params, &grads).expect("finite gradients");
    }
    assert!(losses[199] < 0.2 * losses[0], "from {} to {}", losses[0], losses[199]);

    let tape = Tape::with(&params);
    let logits = net.forward(tape.constant(&data.x)).to_vec::<f64>();
    let (rows, _) = logits.as_chunks::<3>();
    let right = rows.iter().zip(&data.y).filter(|&(row, &label)| {
        let own = row[label as usize];
        row.iter().all(|&other| other <= own)
    });
    let accuracy = right.count() as f64 / 150.0;
    assert!(accuracy >= 0.95, "{accuracy}");
}

/// H·v as the derivative of the gradients along v, against the difference of two gradients.
#[test]
fn a_hessian_vector_product_is_the_change_of_the_gradient() {
    // Trained a little: at the start, many second derivatives would be small.
    let (mut params, net) = train::<f64>(Params::f64(), 20, false);
    let (x, y) = moons::<f64>();
    let direction: Vec<f64> = (0..params.elements()).map(|i| (1.0 + i as f64 * 1.7).sin()).collect();

    let tape = Tape::with(&params);
    let loss = nn::loss::mse(net.forward(tape.constant(&x)), tape.constant(&y));
    let weights: Vec<Var<'_>> = params.iter().map(|p| tape.param(p)).collect();
    let along = |p: Param| tape.constant(&direction[params.range(p)]).reshape(params.shape(p));
    let tangents: Vec<Var<'_>> = params.iter().map(along).collect();
    let gradients = loss.grads(&weights);
    let product: Vec<f64> =
        gradients.iter().flat_map(|g| g.jvp(&weights, &tangents).to_vec::<f64>()).collect();
    // The same by reverse mode twice.
    let slope = loss.jvp(&weights, &tangents);
    let twice: Vec<f64> = slope.grads(&weights).iter().flat_map(|g| g.to_vec::<f64>()).collect();

    let start = params.clone();
    let mut gradient_at = |h: f64| {
        for p in start.iter() {
            let (from, range) = (start.get::<f64>(p), start.range(p));
            for ((w, from), v) in params.get_mut::<f64>(p).iter_mut().zip(from).zip(&direction[range]) {
                *w = from + h * v;
            }
        }
        let tape = Tape::with(&params);
        let loss = nn::loss::mse(net.forward(tape.constant(&x)), tape.constant(&y));
        loss.backward().slab_of::<f64>().to_vec()
    };
    let h = 1e-5;
    let (above, below) = (gradient_at(h), gradient_at(-h));
    let largest = product.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    assert!(largest > 1e-2, "{largest}");
    for i in 0..product.len() {
        let difference = (above[i] - below[i]) / (2.0 * h);
        assert_abs_diff_eq!(product[i], difference, epsilon = 1e-7 * largest);
        assert_abs_diff_eq!(product[i], twice[i], epsilon = 1e-12 * largest);
    }
}
