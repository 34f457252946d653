//! Layers that are a page: bilinear maps, pooling, weights of given norms, bags and positions.

use autograd::{Bag, DType, Key, Params, PoolForm, Tape, Var};
use nn::{
    Bilinear, EmbeddingBag, GlobalPool, Init, Mode, Pool1d, Pool3d, Positions, SpectralNorm, WeightNorm,
};

fn waves<'t>(tape: &'t Tape<'t>, shape: &[usize]) -> Var<'t> {
    let n = shape.iter().product::<usize>();
    let values: Vec<f64> = (0..n).map(|i| (1.7 * i as f64 + 0.3).sin()).collect();
    tape.var(&values[..]).reshape(shape)
}

#[test]
fn a_bilinear_layer_is_its_sum() {
    let mut params = Params::f64().with_seed(3);
    let layer = Bilinear::with_init(&mut params.scope("b"), [3, 2], 4, Init::Normal(1.0), Init::Normal(1.0));
    let tape = Tape::with(&params);
    let (a, b) = (waves(&tape, &[2, 5, 3]), waves(&tape, &[2, 5, 2]));
    let y = layer.forward(a, b);
    let want = Var::einsum("nti,ntj,ijk->ntk", &[a, b, tape.param(layer.weight)]) + layer.bias;
    assert!((y - want).abs().max().item() < 1e-14);
    let rows = layer.forward(a.index(0, 0).index(0, 1), b.index(0, 0).index(0, 1));
    assert!((rows - want.index(0, 0).index(0, 1)).abs().max().item() < 1e-14);
    assert_eq!(y.sum().backward().get::<f64>(layer.bias).unwrap(), [10.0; 4]);
}

#[test]
fn pools_are_those_of_the_ops() {
    let tape = Tape::new();
    let x = waves(&tape, &[2, 3, 8]);
    let same = |a: Var<'_>, b: Var<'_>| assert_eq!(a.to_vec::<f64>(), b.to_vec::<f64>());
    let form = PoolForm::of(3).stride(2).padding(1);
    same(Pool1d::Max(form).forward(x), x.max_pool1d(form));
    same(Pool1d::Mean(form).forward(x), x.avg_pool1d(form));
    same(Pool1d::Norm(2.0, form).forward(x), x.lp_pool1d(2.0, form));
    same(Pool1d::AdaptiveMax([3]).forward(x), x.adaptive_max_pool1d(3));
    same(Pool1d::AdaptiveMean([3]).forward(x), x.adaptive_avg_pool1d(3));
    same(GlobalPool::Mean.forward(x), x.adaptive_avg_pool1d(1));
    let volume = waves(&tape, &[2, 3, 2, 4, 2]);
    same(GlobalPool::Max.forward(volume), Pool3d::AdaptiveMax([1; 3]).forward(volume));
}

#[test]
fn a_weight_norm_has_its_lengths_along_any_axis() {
    let values: Vec<f64> = (0..24).map(|i| (f64::from(i) * 0.9).cos()).collect();
    for axis in [None, Some(0), Some(1), Some(2)] {
        let mut params = Params::f64();
        let weight = WeightNorm::new(&mut params.scope("w"), [2, 3, 4], axis, &values[..]);
        let at_start = weight.forward(&Tape::with(&params)).to_vec::<f64>();
        assert!(at_start.iter().zip(&values).all(|(a, b)| (a - b).abs() < 1e-15));
        let length: Vec<f64> = (1..=params.shape(weight.length).elements()).map(|n| n as f64).collect();
        params.get_mut::<f64>(weight.length).copy_from_slice(&length);
        let tape = Tape::with(&params);
        let others: Vec<isize> = (0..3).filter(|&other| Some(other as usize) != axis).collect();
        let norms = weight.forward(&tape).norm_over(2.0, &others[..]).to_vec::<f64>();
        assert!(norms.iter().zip(&length).all(|(a, b)| (a - b).abs() < 1e-14), "{norms:?}");
        // A move along the direction changes nothing.
        let y = weight.forward(&tape).square().sum();
        assert!(y.grad([tape.param(weight.direction)])[0].abs().max().item() < 1e-14);
    }
}

#[test]
fn a_spectral_norm_follows_its_weight() {
    let mut params = Params::f64().with_seed(5);
    let weight = SpectralNorm::new(&mut params.scope("w"), [6, 2, 5], Init::Normal(1.0));
    let largest = |w: Var<'_>| w.reshape([6, 10]).singular_values().max().item();
    assert!((largest(weight.forward(&Tape::with(&params), &Mode::Eval)) - 1.0).abs() < 1e-2);
    for w in params.get_mut::<f64>(weight.weight) {
        *w = *w * *w;
    }
    let mut far = vec![];
    for _ in 0..30 {
        let mut tape = Tape::with(&params);
        let mode = Mode::Train(tape.constant(Key::new(1)));
        far.push((largest(weight.forward(&tape, &mode)) - 1.0).abs());
        let state = [weight.left, weight.right].map(|of| tape.buffer(of).to_vec::<f64>());
        tape.reset();
        drop(tape);
        for (buffer, values) in [weight.left, weight.right].into_iter().zip(&state) {
            params.set_buffer(buffer, values);
        }
    }
    assert!(far[29] < 1e-12 && far[29] < far[0], "{far:?}");
    // Evaluation reads the state and leaves it.
    let tape = Tape::with(&params);
    assert!((largest(weight.forward(&tape, &Mode::Eval)) - 1.0).abs() < 1e-12);
    assert_eq!(tape.buffer(weight.left).to_vec::<f64>(), params.buffer_values::<f64>(weight.left));
}

#[test]
fn bags_and_positions_read_their_tables() {
    let mut params = Params::f64().with_seed(5);
    let bags = EmbeddingBag {
        padding: Some(0),
        ..EmbeddingBag::new(&mut params.scope("bags"), 5, 3, Init::Normal(1.0))
    };
    let positions = Positions::new(&mut params.scope("positions"), 7, 3, Init::Normal(1.0));
    let tape = Tape::with(&params);
    let (index, offsets) = (tape.constant([4i64, 0, 2, 2, 1]), tape.constant([0i64, 3, 3]));
    let table = tape.param(bags.table);
    let y = bags.forward(index, offsets, Bag::Sum);
    let want = [
        table.index(0, 4) + table.index(0, 2),
        table.index(0, 0) * 0.0,
        table.index(0, 2) + table.index(0, 1),
    ];
    assert_eq!(y.to_vec::<f64>(), Var::stack(&want, 0).to_vec::<f64>());
    let x = tape.full(0.0, [2, 4, 3], DType::F64);
    let y = positions.forward(x, 2);
    let rows = tape.param(positions.table).slice(0, 2..6).to_vec::<f64>();
    assert_eq!(y.index(0, 1).to_vec::<f64>(), rows);
    assert_eq!(y.scope().as_deref(), Some("positions"));
}
