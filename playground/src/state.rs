//! What a page shows of a session: weights, gradients, losses, and what was found.

use crate::findings::finding;
use crate::json::{number, numbers, rows};
use crate::session::Session;
use serde_json::{Value, json};

impl Session {
    /// Steps, losses, weights and gradients of all samples, and what was found, as JSON.
    pub fn state(&mut self) -> Value {
        let seen = self.whole().map(|whole| {
            let classes: Vec<bool> = whole.output.iter().map(|&output| output > 0.5).collect();
            (whole.loss, classes, whole.grads.clone())
        });
        let loss = seen.as_ref().map_or(f64::NAN, |(loss, ..)| *loss);
        let right = seen.as_ref().map(|(_, classes, _)| {
            let hits = classes.iter().zip(&self.points.y).filter(|(class, y)| **class == (**y > 0.5)).count();
            hits as f64 / self.points.len() as f64
        });
        let gradient = |param| seen.as_ref().and_then(|(.., grads)| grads.get::<f64>(param)).unwrap_or(&[]);
        let layers: Vec<Value> = (self.net.layers.layers.iter())
            .map(|layer| {
                let columns = self.params.shape(layer.weight)[1];
                json!({
                    "weight": rows(self.params.get(layer.weight), columns),
                    "bias": numbers(self.params.get::<f64>(layer.bias)),
                    "d_weight": rows(gradient(layer.weight), columns),
                    "d_bias": numbers(gradient(layer.bias)),
                })
            })
            .collect();
        json!({
            "steps": self.steps,
            "epochs": self.epochs,
            "loss": number(loss),
            "right": right,
            "layers": layers,
            "stopped": self.stopped,
            "finding": finding(self),
        })
    }

    /// What does not change while a session trains: its text, sizes and points, as JSON.
    pub fn setting(&self) -> Value {
        let points = self.points.x.iter().zip(&self.points.y).map(|(x, y)| json!([x[0], x[1], y]));
        json!({
            "config": self.config.to_string(),
            "entries": self.config.entries().into_iter().collect::<std::collections::BTreeMap<_, _>>(),
            "sizes": self.config.sizes(),
            "points": points.collect::<Value>(),
            "centre": self.points.centre,
            "half": self.points.half,
        })
    }

    /// The losses so far, and every how many steps one was kept.
    pub fn losses(&self) -> (&[f64], usize) {
        (&self.losses, self.every)
    }
}
