//! The layers, each with its names in PyTorch, an input and what it gives.

use files::{Mapping, Tensors, named, torch};
use wengert::ndarray::{ArrayD, IxDyn};
use wengert::nn::attention::{Mask, MultiHeadAttention, SelfAttention};
use wengert::nn::sequence::{Direction, Gru, Lstm, Rnn};
use wengert::nn::{BatchNorm, Conv2d, ConvTranspose1d, Embedding, GroupNorm, GruCell, LstmCell, RmsNorm};
use wengert::prelude::*;

/// A layer with parameters that are all different.
pub(crate) struct Layer {
    /// The name of the case, which `check.py` knows.
    pub(crate) name: &'static str,
    pub(crate) params: Params,
    pub(crate) names: Mapping,
    /// The names and shapes in PyTorch, in the order of the parameters here.
    pub(crate) expected: Vec<String>,
    x: ArrayD<f64>,
    forward: Box<Forward>,
}

type Forward = dyn for<'t> Fn(Var<'t>) -> Var<'t>;

impl Layer {
    /// x and y, by these names.
    pub(crate) fn figures(&self) -> Tensors {
        let tape = Tape::with(&self.params);
        let y = (self.forward)(tape.constant(&self.x));
        let y = ArrayD::from_shape_vec(IxDyn(&y.shape()), y.to_vec::<f64>()).unwrap();
        [named("x", &self.x), named("y", &y)].into_iter().collect()
    }
}

/// Numbers between −1 and 1 without a pattern that a transposition would keep.
fn number(i: usize) -> f64 {
    (1.7 * i as f64 + 0.3).sin()
}

fn numbers(shape: &[usize]) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(shape), (0..shape.iter().product()).map(number).collect()).unwrap()
}

/// Sets all parameters and buffers to 0.
pub(crate) fn clear(params: &mut Params) {
    fill(params, |_| 0.0);
}

fn fill(params: &mut Params, value: impl Fn(usize) -> f64) {
    params.slab_mut::<f64>().iter_mut().enumerate().for_each(|(i, x)| *x = value(i));
    for buffer in params.buffers() {
        let shape = params.buffer_shape(buffer).to_vec();
        // A number of batches is a whole one; a variance is positive.
        let of = |i: usize| if shape.is_empty() { 3.0 * value(0).signum() } else { value(i).abs() };
        let values = (0..shape.iter().product()).map(of).collect();
        params.set_buffer(buffer, ArrayD::from_shape_vec(IxDyn(&shape), values).unwrap());
    }
}

/// A case: the model in the scope `net`, the names that PyTorch has, and x.
fn case<L>(
    name: &'static str,
    expected: &str,
    x: &[usize],
    new: impl Fn(&mut Scope<'_>) -> L,
    names: impl Fn(Mapping) -> Mapping,
    forward: impl for<'t> Fn(&L, Var<'t>) -> Var<'t> + 'static,
) -> Layer
where
    L: 'static,
{
    let mut params = Params::f64();
    let layer = new(&mut params.scope("net"));
    fill(&mut params, number);
    let names = names(torch::names(&params));
    let expected = expected.split(", ").map(str::to_owned).collect();
    Layer { name, params, names, expected, x: numbers(x), forward: Box::new(move |x| forward(&layer, x)) }
}

/// The scope `net` is the module itself.
fn bare(names: Mapping) -> Mapping {
    names.prefix("net", "")
}

pub(crate) fn all() -> Vec<Layer> {
    [plain(), recurrent(), attention()].into_iter().flatten().collect()
}

fn plain() -> Vec<Layer> {
    vec![
        case(
            "mlp",
            "0.weight [5×3], 0.bias [5], 2.weight [2×5], 2.bias [2]",
            &[4, 3],
            |scope| Mlp::new(scope, &[3, 5, 2], Activation::Tanh),
            |names| names.prefix("net.0", "0").prefix("net.1", "2"),
            |net, x| net.forward(x),
        ),
        case(
            "conv",
            "conv.weight [4×1×3×2], conv.bias [4], bn.weight [4], bn.bias [4], up.weight [4×3×2], up.bias [3], \
             bn.running_mean [4], bn.running_var [4], bn.num_batches_tracked []",
            &[2, 2, 5, 4],
            |scope| {
                let conv = Conv2d::new(&mut scope.scope("conv"), 1, 4, [3, 2], ConvForm::default().groups(2));
                let norm = BatchNorm::new(&mut scope.scope("bn"), 4);
                (conv, norm, ConvTranspose1d::new(&mut scope.scope("up"), 4, 3, 2, ConvForm::default()))
            },
            bare,
            |(conv, norm, up), x| up.forward(norm.forward(conv.forward(x), &Mode::Eval).relu().sum_over(3)),
        ),
        case(
            "norms",
            "layer.weight [6], layer.bias [6], group.weight [4], group.bias [4], rms.weight [6]",
            &[3, 4, 6],
            |scope| {
                let (layer, group) = (
                    LayerNorm::new(&mut scope.scope("layer"), 6),
                    GroupNorm::new(&mut scope.scope("group"), 4, 2),
                );
                (layer, group, RmsNorm::new(&mut scope.scope("rms"), 6))
            },
            bare,
            |(layer, group, rms), x| rms.forward(group.forward(layer.forward(x))),
        ),
        case(
            "embedding",
            "weight [7×3]",
            &[4],
            |scope| Embedding::new(scope, 7, 3, Init::Zeros),
            bare,
            |table, x| table.forward((x * 3.0 + 3.0).floor().cast(DType::I64)),
        ),
    ]
}

fn recurrent() -> Vec<Layer> {
    vec![
        case(
            "lstm",
            "weight_ih_l0 [8×3], bias_ih_l0 [8], weight_hh_l0 [8×2], bias_hh_l0 [8], \
             weight_ih_l0_reverse [8×3], bias_ih_l0_reverse [8], weight_hh_l0_reverse [8×2], bias_hh_l0_reverse [8], \
             weight_ih_l1 [8×4], bias_ih_l1 [8], weight_hh_l1 [8×2], bias_hh_l1 [8], \
             weight_ih_l1_reverse [8×4], bias_ih_l1_reverse [8], weight_hh_l1_reverse [8×2], bias_hh_l1_reverse [8]",
            &[5, 4, 3],
            |scope| Lstm::stacked(scope, 3, 2, 2, Direction::BOTH),
            bare,
            |net, x| net.forward(x, None, None).0,
        ),
        case(
            "gru",
            "weight_ih_l0 [6×3], bias_ih_l0 [6], weight_hh_l0 [6×2], bias_hh_l0 [6]",
            &[5, 4, 3],
            |scope| Gru::new(scope, 3, 2),
            bare,
            |net, x| net.forward(x, None, None).0,
        ),
        case(
            "rnn",
            "weight_ih_l0 [2×3], bias_ih_l0 [2], weight_hh_l0 [2×2], bias_hh_l0 [2]",
            &[5, 4, 3],
            |scope| Rnn::new(scope, 3, 2),
            bare,
            |net, x| net.forward(x, None, None).0,
        ),
        case(
            "cells",
            "lstm.weight_ih [8×3], lstm.bias_ih [8], lstm.weight_hh [8×2], lstm.bias_hh [8], \
             gru.weight_ih [6×2], gru.bias_ih [6], gru.weight_hh [6×2], gru.bias_hh [6]",
            &[4, 3],
            |scope| {
                let lstm = LstmCell::new(&mut scope.scope("lstm"), 3, 2);
                (lstm, GruCell::new(&mut scope.scope("gru"), 2, 2))
            },
            bare,
            |(lstm, gru), x| {
                let zeros = x.slice(1, 0..2) * 0.0;
                let (h, c) = lstm.forward(x, (zeros, zeros));
                gru.forward(h, c)
            },
        ),
    ]
}

fn attention() -> Vec<Layer> {
    vec![
        case(
            "self_attention",
            "in_proj_weight [12×4], in_proj_bias [12], out_proj.weight [4×4], out_proj.bias [4]",
            &[2, 3, 4],
            |scope| SelfAttention::new(scope, 4, 2),
            bare,
            |layer, x| layer.forward(x, Mask::All),
        ),
        case(
            "multi_head",
            "in_proj_weight [12×4], in_proj_bias [12], out_proj.weight [4×4], out_proj.bias [4]",
            &[2, 3, 4],
            |scope| MultiHeadAttention::new(scope, 4, 2),
            bare,
            |layer, x| layer.forward(x, x.slice(1, 0..2), x.slice(1, 1..3), Mask::All),
        ),
        case(
            "transformer",
            "norm1.weight [4], norm1.bias [4], self_attn.in_proj_weight [12×4], self_attn.in_proj_bias [12], \
             self_attn.out_proj.weight [4×4], self_attn.out_proj.bias [4], norm2.weight [4], norm2.bias [4], \
             linear1.weight [16×4], linear1.bias [16], linear2.weight [4×16], linear2.bias [4]",
            &[2, 3, 4],
            |scope| TransformerBlock::new(scope, 4, 2),
            bare,
            |block, x| block.forward(x, Mask::All),
        ),
    ]
}
