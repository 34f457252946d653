//! A Gaussian process learns its own scales from 500 measurements: by the gradient of the likelihood, through a Cholesky
//! factor.
//!
//! The measurements are y = f(x) + ε with ε of deviation 0.2. The covariance of two of them is k(x, x′) = a²·exp(−(x − x′)²/2ℓ²), and
//! s² more on the diagonal. The minus log likelihood is ½·yᵀK⁻¹y + Σ ln Lᵢᵢ + ½·n·ln 2π with K = L·Lᵀ (Rasmussen & Williams 2006,
//! equation 2.30 and algorithm 2.1). The process knows nothing of f and of the noise, and finds ℓ, a and s. The exit code tells
//! whether it found the noise, and whether its 95 % band holds what was not measured.
//!
//! `cargo run --release --example gaussian_process` (`-- --quick`: fewer points)

use plot::{Figure, Panel};
use std::error::Error;
use std::f64::consts::PI;
use std::process::ExitCode;
use std::time::Instant;
use wengert::prelude::*;

/// The deviation of the noise, which the process has to find.
const NOISE: f64 = 0.2;
/// Added to the diagonal beside s², so that the factor exists.
const JITTER: f64 = 1e-9;
const STEPS: usize = 100;
const RATE: f64 = 0.1;

fn truth(x: f64) -> f64 {
    (2.0 * x).sin() + 0.5 * (5.0 * x).cos()
}

/// The logarithms of ℓ, a and s.
struct Scales {
    log: Param,
}

impl Scales {
    fn new(params: &mut Params) -> Scales {
        Scales { log: params.scope("scales").param("log", [3], [0.0, 0.0, -0.5]) }
    }

    fn on<'t>(&self, t: &'t Tape<'_>) -> [Var<'t>; 3] {
        let all = self.log.on(t).exp();
        [all.index(0, 0), all.index(0, 1), all.index(0, 2)]
    }
}

/// k(x, z) for x of \[n\] and z of \[m\].
fn covariance<'t>(x: Var<'t>, z: Var<'t>, [length, height, _]: [Var<'t>; 3]) -> Var<'t> {
    let apart = x.unsqueeze(1) - z.unsqueeze(0);
    height.square() * (-0.5 * (apart / length).square()).exp()
}

/// The factor L of K(x, x) + s²·1.
fn factor<'t>(x: Var<'t>, scales: [Var<'t>; 3]) -> Var<'t> {
    let n = x.shape()[0];
    let ones = x.tape().eye(n, DType::F64);
    (covariance(x, x, scales) + (scales[2].square() + JITTER) * ones).cholesky()
}

/// The minus log likelihood of a measurement, on average.
fn loss<'t>(x: Var<'t>, y: Var<'t>, scales: [Var<'t>; 3]) -> Var<'t> {
    let n = x.shape()[0] as f64;
    let l = factor(x, scales);
    let white = l.solve_triangular(y, Triangle::LOWER);
    (0.5 * white.square().sum() + l.diagonal(0).ln().sum()) / n + 0.5 * (2.0 * PI).ln()
}

/// Means and deviations of new measurements at z.
fn predict<'t>(x: Var<'t>, y: Var<'t>, z: Var<'t>, scales: [Var<'t>; 3]) -> [Var<'t>; 2] {
    let l = factor(x, scales);
    let across = l.solve_triangular(covariance(x, z, scales), Triangle::LOWER);
    let mean = across.t().matmul(l.solve_triangular(y, Triangle::LOWER));
    let variance = scales[1].square() + scales[2].square() - across.square().sum_over(0);
    [mean, variance.sqrt()]
}

/// Measurements everywhere but in a gap from 2 to 3.
fn measure(n: usize) -> Result<[Vec<f64>; 2], datasets::Error> {
    let mut rng = datasets::RandomState::new(3);
    let x: Vec<f64> =
        (0..n).map(|_| rng.uniform(0.0, 5.0)).map(|x| if x < 2.0 { x } else { x + 1.0 }).collect();
    let y = x.iter().map(|&x| truth(x) + NOISE * rng.standard_normal()).collect();
    Ok([x, y])
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let quick = std::env::args().any(|a| a == "--quick");
    let n = if quick { 120 } else { 500 };
    let [x, y] = measure(n)?;
    let mut params = Params::f64();
    let scales = Scales::new(&mut params);
    let program = Program::trace(&params, |t| {
        t.outputs(loss(t.constant(&x), t.constant(&y), scales.on(t))).with_gradients()
    })?;

    println!("{n} measurements of deviation {NOISE}; a factor of {n}×{n} in each step\n");
    println!(" step   −ln p(y) per point        ℓ        a        s");
    let (mut adam, mut state, mut losses) = (Adam::new(RATE)?, program.state(), vec![]);
    let start = Instant::now();
    for step in 0..=STEPS {
        let [length, height, noise] = params.get::<f64>(scales.log)[..] else { unreachable!("three scales") };
        let value = program.step(&mut state, &mut params, &mut adam, ())?;
        losses.push((step as f64, value));
        if step % 20 == 0 {
            println!(
                "{step:>5}   {value:>18.4}   {:>6.3}   {:>6.3}   {:>6.3}",
                length.exp(),
                height.exp(),
                noise.exp()
            );
        }
    }
    let each = start.elapsed().as_secs_f64() * 1e3 / (STEPS + 1) as f64;
    println!("\n{each:.1} ms a step, value and gradient");

    let tape = Tape::with(&params);
    let z: Vec<f64> = (0..300).map(|i| -0.5 + 7.0 * f64::from(i) / 299.0).collect();
    let [mean, deviation] =
        predict(tape.constant(&x), tape.constant(&y), tape.constant(&z), scales.on(&tape))
            .map(|v| v.to_vec::<f64>());
    let mut rng = datasets::RandomState::new(4);
    let inside = |z: f64| (0.0..6.0).contains(&z);
    let fresh: Vec<(usize, f64)> = (0..z.len())
        .filter(|&i| inside(z[i]))
        .map(|i| (i, truth(z[i]) + NOISE * rng.standard_normal()))
        .collect();
    let held = fresh.iter().filter(|&&(i, y)| (y - mean[i]).abs() <= 1.96 * deviation[i]).count();
    let coverage = held as f64 / fresh.len() as f64;
    let noise = params.get::<f64>(scales.log)[2].exp();
    println!(
        "noise: {noise:.3}, of {NOISE}; the 95 % band holds {:.1} % of {} new measurements",
        100.0 * coverage,
        fresh.len()
    );

    let points: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
    let curve = |v: &dyn Fn(usize) -> f64| (0..z.len()).map(|i| (z[i], v(i))).collect::<Vec<_>>();
    let [low, high]: [Vec<f64>; 2] =
        [-1.96, 1.96].map(|k| (0..z.len()).map(|i| mean[i] + k * deviation[i]).collect());
    let fit = Panel::new("What the process says")
        .x_label("x")
        .y_label("y")
        .band("95 % of measurements", &z, &low, &high)
        .points("measured", &points)
        .line("mean", &curve(&|i| mean[i]))
        .dashed("truth", &curve(&|i| truth(z[i])));
    let descent =
        Panel::new("Minus log likelihood per point").x_label("step").y_label("−ln p").line("", &losses);
    let figure = Figure::new("A Gaussian process that found its scales").size(1300, 520).columns(2);
    println!("Figure: {}", figure.panel(fit).panel(descent).save("gaussian_process")?);

    // A comparison that is false for NaN.
    let found =
        (noise / NOISE - 1.0).abs() <= if quick { 0.3 } else { 0.1 } && (0.9..=0.99).contains(&coverage);
    println!("{}", if found { "Found: the noise within 10 %, and a band that holds" } else { "NOT FOUND" });
    Ok(if found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
