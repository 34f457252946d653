//! One sample through the network and back, step by step.

use crate::data::inputs;
use crate::json::{number, numbers, rows};
use crate::net::matrix;
use crate::session::Session;
use autograd::{Step, StepPhase, Tape};
use serde_json::{Value, json};

impl Session {
    /// The steps of one sample as the tape takes them, forward and backward, and the numbers that they lead to, as JSON: for each
    /// layer z, a, their cotangents, and the gradients of weights and biases. None if there is no such sample.
    pub fn pass(&self, sample: usize) -> Option<Value> {
        let (x, y) = (*self.points.x.get(sample)?, self.points.y[sample]);
        let (tape, columns) = (Tape::with(&self.params), self.config.inputs);
        let x = matrix(&tape, &inputs(&[x], columns), columns).named("X");
        let target = matrix(&tape, &[y], 1).named("y");
        let values = self.net.forward(x);
        let loss = values.loss(self.net.head, target).named("L");
        let steps: Vec<Value> = loss.steps().iter().map(told).collect();
        let all: Vec<_> = values.z.iter().chain(&values.a).copied().collect();
        // An output that the loss reads only by its z has no cotangent.
        let back: Vec<Vec<f64>> = loss.grads(&all).iter().map(|g| g.to_vec()).collect();
        let grads = loss.backward();
        let layers = self.net.layers.layers.iter().enumerate().map(|(l, layer)| {
            let columns = self.params.shape(layer.weight)[1];
            json!({
                "z": numbers(&values.z[l].to_vec::<f64>()),
                "a": numbers(&values.a[l].to_vec::<f64>()),
                "dz": numbers(&back[l]),
                "da": numbers(&back[values.z.len() + l]),
                "d_weight": rows(grads.get(layer.weight).unwrap_or(&[]), columns),
                "d_bias": numbers(grads.get::<f64>(layer.bias).unwrap_or(&[])),
            })
        });
        Some(json!({
            "x": numbers(&x.to_vec::<f64>()),
            "y": y,
            "loss": number(loss.item()),
            "layers": layers.collect::<Value>(),
            "steps": steps,
        }))
    }
}

/// A step as a page tells it: its phase, its node's name, its equation, and what it prints.
fn told(step: &Step) -> Value {
    json!({
        "back": step.phase == StepPhase::Backward,
        "name": step.name,
        "equation": step.equation,
        // Without the line of source, which is one of this program.
        "text": step.to_string().replace(&step.site, "").trim_end(),
    })
}
