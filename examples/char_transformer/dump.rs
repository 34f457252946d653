//! What `beside_pytorch.py` reads: the weights, and the losses of the first steps, without dropout and in `F64`.
//!
//! Dropout is left out because no two libraries draw the same numbers, and `F64` makes differences of the formulas larger than
//! those of rounding.

use crate::model::{CONTEXT, HEADS, Model};
use crate::text::Text;
use crate::{BATCH, BETA2, CLIP, DECAY, optimizer, rate};
use std::error::Error;
use std::path::Path;
use wengert::prelude::*;

const STEPS: usize = 20;

/// Writes `run.json`. Numbers are as short as they can be to be read as the same numbers again.
pub(crate) fn dump(folder: &str, text: &Text, learnt: usize) -> Result<(), Box<dyn Error>> {
    let mut params = Params::f64().with_seed(1);
    let model = Model::new(&mut params, text.kinds.len());
    let list = |items: Vec<String>| format!("[\n{}\n]", items.join(",\n"));
    let weights = params.iter().map(|p| {
        let (name, shape, values) = (params.name(p), &params.shape(p)[..], params.get::<f64>(p));
        format!("{{\"name\": \"{name}\", \"shape\": {shape:?}, \"values\": {values:?}}}")
    });
    let weights = list(weights.collect());

    let program = Program::trace(&params, |t| {
        let x = t.input_of("x", DType::I64, [BATCH, CONTEXT]);
        let y = t.input_of("y", DType::I64, [BATCH * CONTEXT]);
        t.outputs(nn::loss::cross_entropy(model.forward(x, Mode::Eval), y)).with_gradients()
    })?;
    let (mut state, mut optimizer, rate) = (program.state(), optimizer()?, rate(1000));
    let (mut rng, mut steps) = (datasets::RandomState::new(1), vec![]);
    for step in 0..STEPS {
        let [x, y] = text.windows(rng.choice(learnt - CONTEXT, BATCH)?, CONTEXT);
        let rate = rate.at(step as u64);
        optimizer.set_hyperparameter("learning_rate", rate)?;
        let loss = program.step(&mut state, &mut params, &mut optimizer, (&x, &y))?;
        steps.push(format!("{{\"rate\": {rate:?}, \"loss\": {loss:?}, \"x\": {x:?}, \"y\": {y:?}}}"));
    }
    let constants = format!(
        "\"heads\": {HEADS}, \"context\": {CONTEXT}, \"decay\": {DECAY:?}, \"beta2\": {BETA2:?}, \"clip\": {CLIP:?}"
    );
    let path = Path::new(folder).join("run.json");
    std::fs::create_dir_all(folder)?;
    std::fs::write(&path, format!("{{{constants}, \"weights\": {weights}, \"steps\": {}}}\n", list(steps)))?;
    println!("{STEPS} steps: {}", path.display());
    Ok(())
}
