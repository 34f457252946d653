//! The network: two convolutions, each normalised and pooled, and two dense layers.

use crate::samples::DIGITS;
use wengert::nn::{BatchNorm, Conv2d};
use wengert::prelude::*;

/// Channels of the convolutions, and units of the hidden layer.
const CHANNELS: [usize; 2] = [16, 32];
const UNITS: usize = 64;

/// Features of a picture at half its height and width: pool(relu(norm(w ∗ x + b))).
struct Stage {
    conv: Conv2d,
    norm: BatchNorm,
}

impl Stage {
    fn new(mut scope: Scope<'_>, inputs: usize, outputs: usize) -> Stage {
        let form = ConvForm::default().padding(1);
        let conv = Conv2d::with_init(
            &mut scope.scope("conv"),
            [inputs, outputs],
            3,
            form,
            Init::kaiming_normal(Activation::Relu.gain()),
        );
        Stage { conv, norm: BatchNorm::new(&mut scope.scope("norm"), outputs) }
    }

    fn forward<'t>(&self, x: Var<'t>, mode: &Mode<'t>) -> Var<'t> {
        self.norm.forward(self.conv.forward(x), mode).relu().max_pool2d(PoolForm::of(2))
    }
}

pub(crate) struct Net {
    stages: [Stage; 2],
    dropout: Dropout,
    hidden: Linear,
    out: Linear,
}

impl Net {
    /// For square pictures of this side.
    pub(crate) fn new(params: &mut Params, side: usize) -> Net {
        let [narrow, wide] = CHANNELS;
        Net {
            stages: [
                Stage::new(params.scope("stage1"), 1, narrow),
                Stage::new(params.scope("stage2"), narrow, wide),
            ],
            dropout: Dropout::new(0.25),
            hidden: Linear::new(&mut params.scope("hidden"), wide * (side / 4).pow(2), UNITS),
            out: Linear::new(&mut params.scope("out"), UNITS, DIGITS),
        }
    }

    /// Logits of \[n, 10\] for pictures of \[n, 1, side, side\].
    pub(crate) fn forward<'t>(&self, x: Var<'t>, mode: Mode<'t>) -> Var<'t> {
        let features = self.stages.iter().fold(x, |x, stage| stage.forward(x, &mode));
        let shape = features.shape();
        let flat = features.reshape([shape[0], shape[1..].iter().product()]);
        let hidden = self.hidden.forward(self.dropout.forward(flat, mode)).relu();
        self.out.forward(hidden)
    }
}
