//! How models are summed up.

use autograd::{ConvForm, DType, Params, PoolForm};
use nn::attention::Mask;
use nn::{
    BatchNorm, Conv2d, Embedding, EncoderLayer, Init, Linear, Mode, Pool2d, TransformerForm, flatten, summary,
};

fn shows(got: &impl ToString, want: &str) {
    let got = got.to_string();
    assert_eq!(got, want.strip_prefix('\n').unwrap_or(want), "\n{got}\n");
}

#[test]
fn a_convolutional_network() {
    let mut params = Params::f32();
    let mut net = params.scope("net");
    let conv = Conv2d::new(&mut net.scope("conv"), 1, 4, 3, ConvForm::default().padding(1));
    let norm = BatchNorm::new(&mut net.scope("norm"), 4);
    let out = Linear::new(&mut net.scope("out"), 4 * 4 * 4, 10);
    net.param("unused", [3], 0.0);
    params.set_frozen(conv.bias, true);
    let all = summary(&params, |t| {
        let x = norm.forward(conv.forward(t.input("x", [2, 1, 8, 8])), &Mode::Eval);
        out.forward(flatten(Pool2d::Max(PoolForm::of(2)).forward(x.relu())))
    });
    shows(
        &all,
        "
  layer     ops                          output  parameters   flops
  input x                             [2×1×8×8]
  net.conv  conv add                  [2×4×8×8]          40  9.73 k
  net.norm  sub add sqrt div mul add  [2×4×8×8]           8  2.06 k
  –         relu pool_max                [2×64]              1.02 k
  net.out   matmul add                   [2×10]         650  2.58 k

701 elements of parameters, 697 trained; 15.4 k flops
not read: net.unused",
    );
    assert_eq!(all.elements, params.elements());
    assert_eq!(all.rows.iter().map(|row| row.parameters).sum::<usize>(), params.elements() - 3);
}

/// The table that the output shares with the input counts once.
#[test]
fn a_language_model() {
    let mut params = Params::f64();
    let mut net = params.scope("net");
    let words = Embedding::new(&mut net.scope("words"), 11, 8, Init::Normal(0.1));
    let layer = EncoderLayer::new(&mut net.scope("layer"), TransformerForm::new(8, 2));
    let all = summary(&params, |t| {
        let x = words.forward(t.input_of("words", DType::I64, [2, 5]));
        layer.forward(x, Mask::Causal, Mode::Eval).matmul(t.param(words.table).t())
    });
    shows(
        &all,
        "
  layer                       ops                                               output  parameters   flops
  input words                                                                    [2×5]
  net.words                   take                                             [2×5×8]          88
  net.layer.attention.key     matmul add                                       [2×5×8]          72  1.36 k
  net.layer.attention.value   matmul add                                       [2×5×8]          72  1.36 k
  net.layer.attention.query   matmul add                                       [2×5×8]          72  1.36 k
  net.layer.attention         div matmul select softmax matmul                 [2×5×8]              2.28 k
  net.layer.attention.output  matmul add                                       [2×5×8]          72  1.36 k
  net.layer                   add                                              [2×5×8]                  80
  net.layer.norm1             sum div sub abs mul sum lt select gt … 15 more   [2×5×8]          16  1.01 k
  net.layer.up                matmul add                                      [2×5×32]         288  5.44 k
  net.layer                   relu                                            [2×5×32]                 320
  net.layer.down              matmul add                                       [2×5×8]         264  5.20 k
  net.layer                   add                                              [2×5×8]                  80
  net.layer.norm2             sum div sub abs mul sum lt select gt … 15 more   [2×5×8]          16  1.01 k
  –                           matmul                                          [2×5×11]              1.76 k

960 elements of parameters, 960 trained; 22.6 k flops",
    );
    assert_eq!(all.rows.iter().map(|row| row.parameters).sum::<usize>(), params.elements());
    assert!(all.unread.is_empty() && all.trained == all.elements);
}
