//! Points of the two moons, with their labels as targets of the network.

use ndarray::{Array2, Axis};
use wengert::prelude::*;

/// Points in the plane, each with its class.
pub(crate) struct Samples {
    /// The points, `[n, 2]`.
    pub(crate) x: Array2<f64>,
    /// The classes 0 and 1, `[n, 1]` as the network's output.
    pub(crate) y: Array2<f64>,
}

impl From<datasets::Dataset> for Samples {
    fn from(data: datasets::Dataset) -> Samples {
        Samples { x: data.x, y: data.y.mapv(|label| label as f64).insert_axis(Axis(1)) }
    }
}

impl Samples {
    /// The notebook's 200 points.
    pub(crate) fn of_the_notebook() -> Result<Samples, datasets::Error> {
        Ok(datasets::make_moons(200).noise(0.1).random_state(42).generate()?.into())
    }

    /// How many points there are.
    pub(crate) fn len(&self) -> usize {
        self.x.nrows()
    }

    /// The network's loss, L = ½·mean (o − y)²: its gradient is the one that the notebook derives.
    pub(crate) fn loss<'t>(&self, net: &Mlp, tape: &'t Tape<'_>) -> Var<'t> {
        nn::loss::half_mse(net.forward(tape.constant(&self.x)), tape.constant(&self.y))
    }

    /// mean (o − y)², which the notebook prints: twice the loss.
    pub(crate) fn error(&self, net: &Mlp, params: &Params) -> f64 {
        2.0 * self.loss(net, &Tape::with(params)).item()
    }

    /// The share of points on their side of o = ½.
    pub(crate) fn accuracy(&self, net: &Mlp, params: &Params) -> f64 {
        let tape = Tape::with(params);
        let outputs = net.forward(tape.constant(&self.x)).to_vec::<f64>();
        let right = outputs.iter().zip(&self.y).filter(|&(&o, &y)| (o > 0.5) == (y > 0.5)).count();
        right as f64 / self.len() as f64
    }

    /// The points of a class, for drawing.
    pub(crate) fn of_class(&self, class: f64) -> Vec<(f64, f64)> {
        let rows = self.x.outer_iter().zip(&self.y).filter(|&(_, &y)| y == class);
        rows.map(|(x, _)| (x[0], x[1])).collect()
    }
}
