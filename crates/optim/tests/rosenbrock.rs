//! Rosenbrock's valley, (1 − x)² + 100·(y − x²)² from (−1.2, 1), with gradients from the tape. Its minimum is (1, 1);
//! the way there is long and curved.

use approx::assert_abs_diff_eq;
use autograd::Tape;
use optim::{Adam, Momentum, Optimizer, Sgd};

/// The value and the gradient at a point.
fn rosenbrock(tape: &mut Tape<'static>, at: [f64; 2]) -> (f64, [f64; 2]) {
    tape.reset();
    let (x, y) = (tape.var(at[0]), tape.var(at[1]));
    let f = (1.0 - x).square() + 100.0 * (y - x * x).square();
    (f.item(), f.grad([x, y]).map(|g| g.item()))
}

fn minimise(mut optimizer: impl Optimizer, steps: usize) -> [f64; 2] {
    let (mut tape, mut point) = (Tape::new(), [-1.2, 1.0]);
    for _ in 0..steps {
        let (_, gradient) = rosenbrock(&mut tape, point);
        optimizer.step_point(&mut point, &gradient).unwrap();
    }
    point
}

fn assert_minimum(point: [f64; 2], tolerance: f64) {
    assert_abs_diff_eq!(point[0], 1.0, epsilon = tolerance);
    assert_abs_diff_eq!(point[1], 1.0, epsilon = 2.0 * tolerance);
}

#[test]
fn the_gradient_is_the_one_on_paper() {
    let (x, y) = (-1.2, 1.0);
    let (value, [dx, dy]) = rosenbrock(&mut Tape::new(), [x, y]);
    assert_abs_diff_eq!(value, 24.2, epsilon = 1e-12);
    assert_abs_diff_eq!(dx, -2.0 * (1.0 - x) - 400.0 * x * (y - x * x), epsilon = 1e-12);
    assert_abs_diff_eq!(dy, 200.0 * (y - x * x), epsilon = 1e-12);
}

#[test]
fn plain_descent_creeps_to_the_minimum() {
    assert_minimum(minimise(Sgd::new(1e-3).unwrap(), 30_000), 1e-3);
}

#[test]
fn momentum_of_either_form_runs_to_the_minimum() {
    assert_minimum(minimise(Momentum::new(1e-3, 0.9).unwrap(), 6_000), 1e-6);
    assert_minimum(minimise(Momentum::pytorch(1e-3, 0.9).unwrap(), 6_000), 1e-6);
}

#[test]
fn adam_runs_to_the_minimum() {
    assert_minimum(minimise(Adam::new(0.02).unwrap(), 6_000), 1e-3);
}
