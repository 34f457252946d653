//! Points in the plane, each of one of two classes.

use crate::config::{Config, Data};
use datasets::{Dataset, RandomState, make_blobs, make_circles, make_moons};
use std::f64::consts::TAU;

/// Points with their classes, and the square of the plane that is shown.
#[derive(Debug)]
pub(crate) struct Points {
    pub(crate) x: Vec<[f64; 2]>,
    /// 0 or 1.
    pub(crate) y: Vec<f64>,
    pub(crate) centre: [f64; 2],
    /// Half the side of the square.
    pub(crate) half: f64,
}

impl Points {
    pub(crate) fn of(config: &Config) -> Result<Points, datasets::Error> {
        let Config { n, noise, seed, .. } = *config;
        let (data, centre, half) = match config.data {
            Data::Moons => (make_moons(n).noise(noise).random_state(seed).generate()?, [0.5, 0.25], 1.8),
            Data::Circles => {
                (make_circles(n).factor(0.45).noise(noise).random_state(seed).generate()?, [0.0, 0.0], 1.6)
            }
            Data::Blobs => {
                let blobs = make_blobs(n).centers(autograd::ndarray::arr2(&[[-0.8, -0.6], [0.8, 0.6]]));
                (blobs.cluster_std(0.15 + noise).random_state(seed).generate()?, [0.0, 0.0], 1.8)
            }
            Data::Spiral => (spiral(n, noise, seed)?, [0.0, 0.0], 1.6),
            Data::Own => {
                let (x, y) = config.points.iter().map(|&(x, class)| (x, f64::from(u8::from(class)))).unzip();
                return Ok(Points { x, y, centre: [0.0, 0.0], half: 1.8 });
            }
        };
        let x = data.x.outer_iter().map(|row| [row[0], row[1]]).collect();
        Ok(Points { x, y: data.y.iter().map(|&label| label as f64).collect(), centre, half })
    }

    pub(crate) fn len(&self) -> usize {
        self.x.len()
    }
}

/// Two arms, (r·sin t, r·cos t) with r from 0 to 1.3 and t over one and a half turns, the second half a turn ahead.
fn spiral(n: usize, noise: f64, seed: u32) -> Result<Dataset, datasets::Error> {
    let mut random = RandomState::new(seed);
    let mut x = Vec::with_capacity(2 * n);
    let labels: Vec<i64> = (0..n as i64).map(|i| i % 2).collect();
    for (i, &label) in labels.iter().enumerate() {
        let along = (i / 2) as f64 / (n / 2) as f64;
        let (r, t) = (0.08 + 1.25 * along, TAU * (1.4 * along + 0.5 * label as f64));
        x.push(r * t.sin() + 0.5 * noise * random.standard_normal());
        x.push(r * t.cos() + 0.5 * noise * random.standard_normal());
    }
    let x = autograd::ndarray::Array2::from_shape_vec((n, 2), x).expect("two numbers a label");
    Dataset::new(x, labels.into())
}

/// The inputs of a network for a point: x₁, x₂ and, for three, x₁² + x₂².
pub(crate) fn inputs(points: &[[f64; 2]], inputs: usize) -> Vec<f64> {
    points.iter().flat_map(|&[a, b]| [a, b, a * a + b * b].into_iter().take(inputs)).collect()
}
