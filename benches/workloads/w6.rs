//! W6: elementwise functions and a sum, Σ tanh(x·y + z)·σ(x) + ½x²·e⁻ʸ, and its gradient in x, y and z, for a million,
//! ten thousand and a hundred elements: memory, caches, overhead.

use super::data::{lcg, numbers};
use super::hand::{Scalar, sigmoid, widest};
use super::setup::{Model, Setup};
use super::{Run, Show, Step, Workload};
use std::hint::black_box;
use wengert::autograd::Param;
use wengert::prelude::*;

pub(super) fn workloads() -> Vec<Workload> {
    vec![
        workload::<1_000_000>("W6-1000000", &[190462.645, 214894.742]),
        workload::<10_000>("W6-10000", &[1916.91321, 2140.55185]),
        workload::<100>("W6-100", &[13.3856, 15.868146]),
    ]
}

fn workload<const N: usize>(name: &'static str, expected: &'static [f64]) -> Workload {
    let mut runs = Setup::runs(setup::<N>);
    runs.push(Run::new("native", || setup::<N>().native()));
    runs.push(Run::new("hand", || by_hand(N)));
    Workload { name, expected, runs }
}

struct Elements([Param; 3]);

impl Model for Elements {
    type Batch = ();

    fn loss<'t>(&self, tape: &'t Tape<'t>, (): ()) -> Var<'t> {
        let [x, y, z] = self.0.map(|p| tape.param(p));
        ((x * y + z).tanh() * x.sigmoid() + 0.5 * x * x * (-y).exp()).sum()
    }
}

fn setup<const N: usize>() -> Setup<Elements> {
    let mut params = Params::f32();
    let mut scope = params.scope("");
    let variables = [("x", 60), ("y", 61), ("z", 62)];
    let variables = variables.map(|(name, seed)| scope.param(name, [N], &lcg(seed, N, 1.0)[..]));
    Setup { model: Elements(variables), params, batch: (), optimizer: None }
}

fn by_hand(n: usize) -> Step {
    let inputs = [60, 61, 62].map(|seed| numbers::<f32>(seed, n));
    let mut slopes = [0; 3].map(|_| vec![0.0; n]);
    Box::new(move |show| {
        let [x, y, z] = black_box(&inputs).each_ref();
        let [dx, dy, dz] = slopes.each_mut();
        let loss = widest(
            #[inline(always)]
            || by_tiles(x, y, z, dx, dy, dz),
        );
        if show == Show::Loss { loss } else { slopes.iter().flatten().map(|&d| f64::from(d)).sum() }
    })
}

/// Values and slopes in one pass, a tile at a time; the terms of the sum stay in the cache.
#[inline(always)]
fn by_tiles(x: &[f32], y: &[f32], z: &[f32], dx: &mut [f32], dy: &mut [f32], dz: &mut [f32]) -> f64 {
    const TILE: usize = 1024;
    let mut total = 0.0;
    for start in (0..x.len()).step_by(TILE) {
        let part = start..x.len().min(start + TILE);
        let n = part.len();
        let (x, y, z) = (&x[part.clone()], &y[part.clone()], &z[part.clone()]);
        let (dx, dy, dz) = (&mut dx[part.clone()], &mut dy[part.clone()], &mut dz[part]);
        let mut terms = [0.0; TILE];
        let terms = &mut terms[..n];
        for i in 0..n {
            let (x, y) = (x[i], y[i]);
            let tanh = 1.0 - 2.0 / (Scalar::exp(2.0 * (x * y + z[i])) + 1.0);
            let (s, e) = (sigmoid(x), Scalar::exp(-y));
            let half = 0.5 * x * x * e;
            let slope = (1.0 - tanh * tanh) * s;
            terms[i] = tanh * s + half;
            dx[i] = slope * y + tanh * s * (1.0 - s) + x * e;
            dy[i] = slope * x - half;
            dz[i] = slope;
        }
        let (rows, rest) = terms.as_chunks::<16>();
        let mut sums = [0.0; 16];
        for row in rows {
            for k in 0..16 {
                sums[k] += row[k];
            }
        }
        total += f64::from(sums.iter().sum::<f32>() + rest.iter().sum::<f32>());
    }
    total
}
