//! Whole models.

use super::{Given, Table, numbers};
use autograd::{ConvForm, Params, PoolForm, Tape, Var};
use nn::attention::Mask;
use nn::sequence::{Direction, Gru, Lstm};
use nn::{
    Activation, BatchNorm, Conv2d, Embedding, GroupNorm, GruCell, LayerNorm, Linear, LstmCell, Mlp, Mode,
    TransformerBlock,
};

pub(crate) fn add(table: &mut Table) {
    for f64 in [false, true] {
        let params = || if f64 { Params::f64().with_seed(7) } else { Params::f32().with_seed(7) };
        for activation in [Activation::Tanh, Activation::Relu, Activation::Gelu] {
            let mut p = params();
            let net = Mlp::new(&mut p.scope("net"), &[3, 8, 2], activation);
            table.add(&format!("mlp {activation:?}"), p, &[numbers([5, 3], -2.0..2.0)], |_, x| {
                vec![net.forward(x[0]), net.forward(x[0]).softmax(-1)]
            });
        }
        convnet(table, params());
        transformer(table, params());
        recurrent(table, params());
        normed(table, params());
        sequences(table, params());
    }
}

fn convnet(table: &mut Table, mut p: Params) {
    let conv = Conv2d::new(&mut p.scope("conv"), 1, 4, [3, 3], ConvForm::default().padding(1));
    let norm = BatchNorm::new(&mut p.scope("norm"), 4);
    let head = Linear::new(&mut p.scope("head"), 4 * 4 * 3, 5);
    table.add("convnet", p, &[numbers([2, 1, 8, 6], -1.0..1.0)], |_, x| {
        let y = norm.forward(conv.forward(x[0]), &Mode::Eval).relu();
        let y = y.max_pool2d(PoolForm::of(2)).reshape([2, 48]);
        vec![head.forward(y).log_softmax(-1)]
    });
}

fn transformer(table: &mut Table, mut p: Params) {
    let embedding = Embedding::new(&mut p.scope("embedding"), 7, 8, nn::Init::XavierNormal);
    let block = TransformerBlock::new(&mut p.scope("block"), 8, 2);
    let tokens = Given::Indices(vec![2, 5], vec![1, 2, 3, 4, 5, 6, 0, 1, 1, 3]);
    table.add("transformer", p, &[tokens], |_, x| {
        let y = embedding.forward(x[0]);
        vec![block.forward(y, Mask::Causal), block.forward(y, Mask::All)]
    });
}

fn recurrent(table: &mut Table, mut p: Params) {
    let lstm = LstmCell::new(&mut p.scope("lstm"), 3, 4);
    let gru = GruCell::new(&mut p.scope("gru"), 3, 4);
    let x = numbers([6, 2, 3], -1.0..1.0);
    table.add("lstm", p.clone(), std::slice::from_ref(&x), |t, x| {
        let zero = zeros(t, x[0], [2, 4]);
        let (last, all) = t.scan(6, [zero, zero], x[0], |[h, c], x| {
            let (h, c) = lstm.forward(x, (h, c));
            ([h, c], h)
        });
        vec![all, last[0], last[1]]
    });
    table.add("lstm as a sequence", p.clone(), std::slice::from_ref(&x), |t, x| {
        let zero = zeros(t, x[0], [2, 4]);
        let (mut h, mut c) = (zero, zero);
        for i in 0..6 {
            (h, c) = lstm.forward(x[0].index(0, i), (h, c));
        }
        vec![h, c]
    });
    table.add("gru backwards", p, &[x], |t, x| {
        let (last, all) = t.scan_back(6, zeros(t, x[0], [2, 4]), x[0], |h, x| {
            let h = gru.forward(x, h);
            (h, h)
        });
        vec![last, all]
    });
}

/// The layers of `nn`, of several cells.
fn sequences(table: &mut Table, mut p: Params) {
    let lstm = Lstm::stacked(&mut p.scope("lstm"), 3, 4, 2, Direction::BOTH);
    let gru = Gru::new(&mut p.scope("gru"), 8, 3);
    let lengths = Given::Indices(vec![2], vec![6, 4]);
    table.add(
        "lstm of two layers and directions, then gru",
        p,
        &[numbers([6, 2, 3], -1.0..1.0), lengths],
        |_, x| {
            let (y, last) = lstm.forward(x[0], None, Some(x[1]));
            let (z, end) = gru.forward(y, None, None);
            [vec![y, z], last, end].concat()
        },
    );
}

fn zeros<'t>(t: &'t Tape<'t>, like: Var<'t>, shape: [usize; 2]) -> Var<'t> {
    t.full(0.0, shape, like.dtype())
}

fn normed(table: &mut Table, mut p: Params) {
    let layer = LayerNorm::new(&mut p.scope("layer"), 6);
    let group = GroupNorm::new(&mut p.scope("group"), 4, 2);
    let inputs = [numbers([3, 6], -1.0..1.0), numbers([2, 4, 3], -1.0..1.0)];
    table.add("norms", p, &inputs, |_, x| vec![layer.forward(x[0]), group.forward(x[1])]);
}
