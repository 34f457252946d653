//! Layers record in their scope, with the activation that follows, and at the line that calls them.

use autograd::{Params, Tape, Var};
use nn::attention::{Mask, SelfAttention};
use nn::teaching::{Perceptron, ThreeOneOne};
use nn::{Activation, LayerNorm, Linear, Mlp, TransformerBlock};

/// The scope of a result, which has to be recorded here.
#[track_caller]
fn scope(y: Var<'_>) -> String {
    assert!(y.describe().contains(file!()), "{}", y.describe());
    y.scope().expect("a scope")
}

#[test]
fn results_belong_to_their_layers() {
    let mut params = Params::f64().with_seed(2);
    let mut m = params.scope("m");
    let linear = Linear::new(&mut m.scope("linear"), 4, 4);
    let mlp = Mlp::new(&mut m.scope("mlp"), &[4, 8, 4], Activation::Relu);
    let norm = LayerNorm::new(&mut m.scope("norm"), 4);
    let attention = SelfAttention::new(&mut m.scope("attention"), 4, 2);
    let block = TransformerBlock::new(&mut m.scope("block"), 4, 2);
    let perceptron = Perceptron::new(&mut m.scope("perceptron"), 4);
    let written = ThreeOneOne::as_written(&mut m.scope("written"));
    let network = ThreeOneOne::with_output_layer(&mut m.scope("network"));
    let tape = Tape::with(&params);
    let x = tape.var([[0.5, -1.0, 0.25, 2.0], [1.0, 0.0, -0.5, 0.125]]);
    let batch = x.reshape([1, 2, 4]);
    let three = x.slice(1, ..3);
    let y = tape.constant([1.0, 0.0]);
    for (result, name) in [
        (linear.forward(x), "m.linear"),
        (linear.forward(batch), "m.linear"),
        (mlp.forward(x), "m.mlp.1"),
        (norm.forward(x), "m.norm"),
        (attention.forward(x, Mask::Causal), "m.attention.output"),
        (block.forward(batch, Mask::All), "m.block"),
        (perceptron.score(x), "m.perceptron"),
        (perceptron.predict(x), "m.perceptron"),
        (perceptron.loss(x, y), "m.perceptron"),
        (written.forward(three), "m.written.hidden"),
        (network.forward(three), "m.network.output"),
    ] {
        assert_eq!(scope(result), name);
        assert_eq!(scope(tape.scope("twice", || result.exp())), "twice");
    }
    assert_eq!(x.exp().scope(), None);
}

/// The root of a negative number, as the activation of the first layer, is blamed on that layer; so is its slope.
#[test]
fn an_activation_belongs_to_the_layer_before_it() {
    let mut params = Params::f64();
    let net = Mlp::new(&mut params.scope("net"), &[1, 1, 1], Activation::Elu(f64::INFINITY));
    params.set(net.layers[0].weight, [[-1.0]]);
    let tape = Tape::with(&params);
    let found =
        tape.scope("left", || net.forward(tape.constant([[1.0]]))).find_nonfinite().expect("an infinity");
    assert_eq!(found.scope.as_deref(), Some("left.net.0"), "{found}");
    assert_eq!(found.line, line!() - 2);
}
