//! Training from the tape: the loop that all models but the perceptron share.

use std::error::Error;
use wengert::prelude::*;

/// How long the notebook and the 3-1-1 paper's printed loop train here.
pub(crate) const EPOCHS: usize = 1000;

/// Plain gradient descent on `loss`; `progress` gets epoch, loss before the step, and the parameters after it.
pub(crate) fn descend(
    params: &mut Params,
    learning_rate: f64,
    loss: impl for<'t> Fn(&'t Tape<'_>) -> Var<'t>,
    progress: impl Fn(usize, f64, &Params),
) -> Result<(), Box<dyn Error>> {
    let mut sgd = Sgd::new(learning_rate)?;
    for epoch in 0..EPOCHS {
        let tape = Tape::with(params); //                   reads the parameters
        let loss = loss(&tape); //                          the forward pass
        let (value, grads) = (loss.item(), loss.backward()); // owned: the tape is not needed any more
        sgd.step(params, &grads)?;
        if epoch % 100 == 0 {
            progress(epoch, value, params);
        }
    }
    Ok(())
}
