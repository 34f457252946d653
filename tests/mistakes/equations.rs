//! Mistakes with differential equations, fixed points and roots.

use crate::Case;
use crate::caught::mistake_in;
use wengert::prelude::*;
use wengert::solve::{fixed_point, odeint, root};

pub(crate) const ALL: &[Case] = &[
    ("differential equation whose velocity is of another shape", velocity_shape),
    ("times of a differential equation as a matrix", times_as_a_matrix),
    ("times of a differential equation in no order", times_in_no_order),
    ("times of another element type", times_of_another_type),
    ("tolerance of fixed steps", tolerance_of_fixed_steps),
    ("tolerances of nothing", tolerances_of_nothing),
    ("differential equation of no steps", no_steps),
    ("solution that blows up", blows_up),
    ("solution that blows up, by its adjoint", adjoint_blows_up),
    ("fixed point of another shape", fixed_point_shape),
    ("fixed point that does not attract", no_fixed_point),
    ("root that does not exist", no_root),
    ("damping of more than all", damping_of_more_than_all),
];

fn says<R>(f: impl FnOnce() -> R) -> String {
    mistake_in("mistakes/equations.rs", f)
}

fn velocity_shape() -> String {
    let tape = Tape::new();
    let y0 = tape.var([1.0, 2.0]);
    says(|| odeint(|_t, y| y.sum()).solve(y0, tape.constant([0.0, 1.0])))
}

fn times_as_a_matrix() -> String {
    let tape = Tape::new();
    says(|| odeint(|_t, y| -y).solve(tape.var(1.0), tape.constant([[0.0, 1.0]])))
}

fn times_in_no_order() -> String {
    let tape = Tape::new();
    says(|| odeint(|_t, y| -y).solve(tape.var(1.0), tape.constant([0.0, 2.0, 1.0])))
}

fn times_of_another_type() -> String {
    let tape = Tape::new();
    says(|| odeint(|_t, y| -y).solve(tape.var(1.0), tape.constant([0.0f32, 1.0])))
}

fn tolerance_of_fixed_steps() -> String {
    says(|| odeint(|_t, y: Var<'_>| -y).rk4(10).tolerance(1e-3, 1e-6))
}

fn tolerances_of_nothing() -> String {
    says(|| odeint(|_t, y: Var<'_>| -y).tolerance(0.0, 0.0))
}

fn no_steps() -> String {
    says(|| odeint(|_t, y: Var<'_>| -y).rk4(0))
}

/// y = 1 ÷ (1 − t) is infinite at t = 1.
fn blows_up() -> String {
    let tape = Tape::new();
    says(|| odeint(|_t, y| y * y).solve(tape.var(1.0), tape.constant([0.0, 2.0])))
}

fn adjoint_blows_up() -> String {
    let tape = Tape::new();
    says(|| odeint(|_t, y| y * y).adjoint().solve(tape.var(1.0), tape.constant([0.0, 2.0])))
}

fn fixed_point_shape() -> String {
    let tape = Tape::new();
    says(|| fixed_point(|z| z.sum()).solve(tape.var([1.0, 2.0])))
}

fn no_fixed_point() -> String {
    let tape = Tape::new();
    says(|| fixed_point(|z| z + 1.0).max_iterations(5).solve(tape.var(1.0)))
}

/// z² + 1 has no real root.
fn no_root() -> String {
    let tape = Tape::new();
    says(|| root(|z| z * z + 1.0).max_iterations(20).solve(tape.var(0.5)))
}

fn damping_of_more_than_all() -> String {
    says(|| fixed_point(|z: Var<'_>| z.cos()).damped(1.5))
}
