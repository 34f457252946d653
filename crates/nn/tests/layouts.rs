//! Weights as PyTorch 2.15 lays them out, put into the layers here as `docs/layers.md` says: both give the same numbers.
//!
//! The k-th tensor of a layer, in the order of PyTorch's names, has the elements 0.4·sin(1.3·i + k), its input cos(0.7·i + s), and the
//! result y is told by Σ yᵢ·cos(0.7·i + 0.9).

use autograd::{ConvForm, Key, Param, Params, Tape, Var};
use nn::sequence::{Cell, Direction, Recurrent};
use nn::{
    BatchNorm, Bilinear, Conv2d, ConvTranspose2d, Gru, Linear, Lstm, Mode, Rnn, SpectralNorm, WeightNorm,
};

/// The k-th tensor of a shape, with its axes permuted.
fn stored(k: usize, shape: &[usize], axes: &[isize]) -> ndarray::ArrayD<f64> {
    let values: Vec<f64> =
        (0..shape.iter().product::<usize>()).map(|i| 0.4 * (1.3 * i as f64 + k as f64).sin()).collect();
    Tape::new().constant(&values[..]).reshape(shape).permute(axes).to_array::<f64>()
}

fn set(params: &mut Params, param: Param, k: usize, shape: &[usize], axes: &[isize]) {
    params.set(param, stored(k, shape, axes));
}

fn waves<'t>(tape: &'t Tape<'t>, shape: &[usize], s: f64) -> Var<'t> {
    let values: Vec<f64> = (0..shape.iter().product::<usize>()).map(|i| (0.7 * i as f64 + s).cos()).collect();
    tape.constant(&values[..]).reshape(shape)
}

fn told(what: &str, y: Var<'_>, want: f64) {
    let got = (y * waves(y.tape(), &y.shape(), 0.9)).sum().item();
    assert!((got - want).abs() < 1e-12, "{what}: {got}, not {want}");
}

#[test]
fn layers_without_time() {
    let mut params = Params::f64();
    let linear = Linear::new(&mut params.scope("linear"), 3, 4);
    set(&mut params, linear.bias, 0, &[4], &[0]);
    set(&mut params, linear.weight, 1, &[4, 3], &[1, 0]);
    let bilinear = Bilinear::new(&mut params.scope("bilinear"), [3, 2], 4);
    set(&mut params, bilinear.bias, 0, &[4], &[0]);
    set(&mut params, bilinear.weight, 1, &[4, 3, 2], &[1, 2, 0]);
    let form = ConvForm::default().stride(2).padding(1);
    let conv = Conv2d::new(&mut params.scope("conv"), 2, 6, 3, form.groups(2));
    set(&mut params, conv.bias, 0, &[6], &[0]);
    set(&mut params, conv.weight, 1, &[6, 2, 3, 3], &[0, 1, 2, 3]);
    let up = ConvTranspose2d::new(&mut params.scope("up"), 4, 6, 3, form.longer_by(1));
    set(&mut params, up.bias, 0, &[6], &[0]);
    set(&mut params, up.weight, 1, &[4, 6, 3, 3], &[0, 1, 2, 3]);

    let tape = Tape::with(&params);
    let (x, b) = (waves(&tape, &[5, 3], 0.1), waves(&tape, &[5, 2], 0.2));
    told("linear", linear.forward(x), 0.03674485419059992);
    told("bilinear", bilinear.forward(x, b), -0.02057803860192628);
    told("convolution", conv.forward(waves(&tape, &[2, 4, 5, 5], 0.1)), -3.323735762155067);
    told("transposed", up.forward(waves(&tape, &[2, 4, 3, 5], 0.1)), 2.4364306120787345);
}

#[test]
fn normalised_weights() {
    let mut params = Params::f64();
    let bias = params.scope("linear").param("bias", [4], 0.0);
    let norm = WeightNorm::new(&mut params.scope("norm"), [3, 4], Some(1), 1.0);
    let spectral = SpectralNorm::new(&mut params.scope("spectral"), [3, 4], 1.0);
    set(&mut params, bias, 0, &[4], &[0]);
    set(&mut params, norm.length, 1, &[4, 1], &[1, 0]);
    set(&mut params, norm.direction, 2, &[4, 3], &[1, 0]);
    set(&mut params, spectral.weight, 1, &[4, 3], &[1, 0]);
    let unit = |n: usize, s| {
        let tape = Tape::new();
        let x = waves(&tape, &[n], s);
        (x / x.norm()).to_vec::<f64>()
    };
    // PyTorch's u is that of W of [out, in], and so is what is the right one here.
    params.set_buffer(spectral.right, &unit(4, 0.3)[..]);
    params.set_buffer(spectral.left, &unit(3, 0.4)[..]);
    let tape = Tape::with(&params);
    let x = waves(&tape, &[5, 3], 0.1);
    told("weight norm", x.matmul(norm.forward(&tape)) + bias, -0.29622081067703077);
    let train = Mode::Train(tape.constant(Key::new(1)));
    // PyTorch finds v from u and then u from v: with the sides exchanged, the steps are the same.
    told("spectral norm", x.matmul(spectral.forward(&tape, &train)) + bias, -0.030985133518416252);
    let left = [0.7349989837623633, 0.12988115687164695, -0.6655128691152229];
    assert!((tape.buffer(spectral.left) - tape.constant(left)).abs().max().item() < 1e-14);
}

#[test]
fn batch_norm_and_its_running_numbers() {
    let mut params = Params::f64();
    let norm = BatchNorm::new(&mut params.scope("norm"), 3);
    set(&mut params, norm.bias, 0, &[3], &[0]);
    set(&mut params, norm.weight, 1, &[3], &[0]);
    let tape = Tape::with(&params);
    let train = Mode::Train(tape.constant(Key::new(1)));
    told("training", norm.forward(waves(&tape, &[5, 3], 0.1), &train), 0.88846075934703);
    told("evaluation", norm.forward(waves(&tape, &[5, 3], 0.2), &Mode::Eval), 0.6275655626311865);
}

/// Two layers of both directions. PyTorch's names in order: the biases of the hidden maps, those of the input maps, the weights of the
/// hidden maps, those of the input maps; of each, layer 0, its other direction, layer 1, its other direction.
fn in_time<C: Cell>(params: &mut Params, layers: &Recurrent<C>, gates: usize, want: f64) {
    let n = gates * 4;
    for (k, cell) in layers.cells.iter().enumerate() {
        let [input, hidden] = cell.maps();
        let inputs = if k < 2 { 3 } else { 8 };
        set(params, hidden.bias, k, &[n], &[0]);
        set(params, input.bias, 4 + k, &[n], &[0]);
        set(params, hidden.weight, 8 + k, &[n, 4], &[1, 0]);
        set(params, input.weight, 12 + k, &[n, inputs], &[1, 0]);
    }
    let tape = Tape::with(params);
    let (y, _) = layers.forward(waves(&tape, &[5, 2, 3], 0.1), None, None);
    told(&format!("{gates} gates"), y, want);
}

#[test]
fn layers_in_time() {
    let mut params = Params::f64();
    let lstm = Lstm::stacked(&mut params.scope("lstm"), 3, 4, 2, Direction::BOTH);
    in_time(&mut params, &lstm, 4, -0.0801494000136326);
    let gru = Gru::stacked(&mut params.scope("gru"), 3, 4, 2, Direction::BOTH);
    in_time(&mut params, &gru, 3, 0.42382075254058693);
    let rnn = Rnn::stacked(&mut params.scope("rnn"), 3, 4, 2, Direction::BOTH);
    in_time(&mut params, &rnn, 1, 0.7542841128978703);
}
