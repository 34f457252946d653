//! Newton's method against gradient descent on Rosenbrock's valley.

use plot::Panel;
use std::error::Error;
use wengert::prelude::*;

const START: [f64; 2] = [-1.2, 1.0];
const NEWTON_STEPS: usize = 7;
const DESCENT_STEPS: usize = 3000;
const RATE: f64 = 1e-3;

/// (1 − x)² + 100·(y − x²)², 0 at (1, 1) and nowhere else.
fn valley<'t>(x: Var<'t>, y: Var<'t>) -> Var<'t> {
    (1.0 - x).square() + 100.0 * (y - x.square()).square()
}

/// A point of a path and the value there.
struct Visit {
    at: [f64; 2],
    value: f64,
}

/// Runs both methods and prints their results. Returns the panels of their paths and of the values along them.
pub(crate) fn show() -> Result<[Panel<'static>; 2], Box<dyn Error>> {
    let (newton, descent) = (newton(), descent()?);
    println!("Rosenbrock's valley from ({}, {}), Hessian from the tape", START[0], START[1]);
    println!("  {:>6}  {:>26}{:>12}", "Newton", "at", "value");
    for (step, visit) in newton.iter().enumerate() {
        println!("  {step:>6}  {:>26}{:>12.2e}", point(visit), visit.value);
    }
    println!("  Gradient descent at rate {RATE}");
    for step in [10, 100, 1000, DESCENT_STEPS] {
        println!("  {step:>6}  {:>26}{:>12.2e}", point(&descent[step]), descent[step].value);
    }

    let way =
        |visits: &[Visit]| -> Vec<_> { visits.iter().map(|visit| (visit.at[0], visit.at[1])).collect() };
    let values = |visits: &[Visit]| -> Vec<_> {
        visits.iter().enumerate().map(|(step, visit)| (step as f64, visit.value)).collect()
    };
    let paths = Panel::new("Rosenbrock's valley: ways to (1, 1)")
        .x_label("x")
        .y_label("y")
        .x_range(-1.8..1.8)
        .y_range(-3.6..2.2)
        .contours_of(at_many, &[1.0, 5.0, 20.0, 60.0, 150.0, 400.0, 1000.0, 2500.0])
        .path(format!("Newton, {NEWTON_STEPS} steps"), &way(&newton))
        .path(format!("descent, {DESCENT_STEPS} steps"), &way(&descent));
    // A logarithmic axis cannot show the 0 that Newton's last step reaches.
    let fall = Panel::new("Value after each step, until Newton's is 0")
        .x_label("step")
        .y_label("value")
        .log_y()
        .path("Newton", &values(&newton))
        .path("gradient descent", &values(&descent[..=20]));
    Ok([paths, fall])
}

fn point(visit: &Visit) -> String {
    let [x, y] = visit.at;
    format!("({x:.8}, {y:.8})")
}

/// The values at many points, in one pass.
fn at_many(points: &[(f64, f64)]) -> Vec<f64> {
    let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    let tape = Tape::new();
    valley(tape.constant(&x), tape.constant(&y)).to_vec()
}

/// p ← p − H⁻¹·g, without a line search. The picture shows the step that overshoots.
fn newton() -> Vec<Visit> {
    let mut at = START;
    let mut tape = Tape::new();
    let mut visits = Vec::with_capacity(NEWTON_STEPS + 1);
    for step in 0..=NEWTON_STEPS {
        tape.reset();
        let (x, y) = (tape.var(at[0]), tape.var(at[1]));
        let f = valley(x, y);
        visits.push(Visit { at, value: f.item() });
        if step < NEWTON_STEPS {
            let [fx, fy] = f.grad([x, y]);
            let [fxx, fxy] = fx.grad([x, y]).map(Var::item);
            let [_, fyy] = fy.grad([x, y]).map(Var::item);
            let [gx, gy] = [fx, fy].map(Var::item);
            // Cramer's rule for H·d = g.
            let determinant = fxx * fyy - fxy * fxy;
            at[0] -= (gx * fyy - gy * fxy) / determinant;
            at[1] -= (gy * fxx - gx * fxy) / determinant;
        }
    }
    visits
}

fn descent() -> Result<Vec<Visit>, Box<dyn Error>> {
    let mut sgd = Sgd::new(RATE)?;
    let mut at = START;
    let mut tape = Tape::new();
    let mut visits = Vec::with_capacity(DESCENT_STEPS + 1);
    for _ in 0..=DESCENT_STEPS {
        tape.reset();
        let (x, y) = (tape.var(at[0]), tape.var(at[1]));
        let f = valley(x, y);
        visits.push(Visit { at, value: f.item() });
        let gradient = f.grad([x, y]).map(Var::item);
        sgd.step_point(&mut at, &gradient)?;
    }
    Ok(visits)
}
