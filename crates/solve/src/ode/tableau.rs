//! The coefficients of the methods, and one step of each.

use autograd::Var;

/// Where in a step the method of Dormand and Prince evaluates f.
const C: [f64; 5] = [1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0];

/// From which velocities each next point is made; the last row makes the end of the step.
const A: [&[f64]; 6] = [
    &[1.0 / 5.0],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
    &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
    &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];

/// The end of fifth order less that of fourth order.
const E: [f64; 7] =
    [71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339200.0, 22.0 / 525.0, -1.0 / 40.0];

/// The curve within a step: the coefficients of θ to θ⁴, of which the first is the first velocity.
/// Source: L. F. Shampine, "Some practical Runge–Kutta formulas", 1986, as SciPy has it.
const P: [[f64; 7]; 3] = [
    [
        -8048581381.0 / 2820520608.0,
        0.0,
        131558114200.0 / 32700410799.0,
        -1754552775.0 / 470086768.0,
        127303824393.0 / 49829197408.0,
        -282668133.0 / 205662961.0,
        40617522.0 / 29380423.0,
    ],
    [
        8663915743.0 / 2820520608.0,
        0.0,
        -68118460800.0 / 10900136933.0,
        14199869525.0 / 1410260304.0,
        -318862633887.0 / 49829197408.0,
        2019193451.0 / 616988883.0,
        -110615467.0 / 29380423.0,
    ],
    [
        -12715105075.0 / 11282082432.0,
        0.0,
        87487479700.0 / 32700410799.0,
        -10690763975.0 / 1880347072.0,
        701980252875.0 / 199316789632.0,
        -1453857185.0 / 822651844.0,
        69997945.0 / 29380423.0,
    ],
];

/// Σ cᵢ·kᵢ.
#[track_caller]
fn combined<'t>(coefficients: &[f64], k: &[Var<'t>]) -> Var<'t> {
    let terms = coefficients.iter().zip(k).filter(|(c, _)| **c != 0.0).map(|(&c, &k)| k * c);
    terms.reduce(|a, b| a + b).expect("a row has coefficients")
}

/// A step of the classical method.
#[track_caller]
pub(super) fn runge_kutta<'t>(
    f: &impl Fn(Var<'t>, Var<'t>) -> Var<'t>,
    t: Var<'t>,
    y: Var<'t>,
    h: Var<'t>,
) -> Var<'t> {
    let half = h * 0.5;
    let k1 = f(t, y);
    let k2 = f(t + half, y + half * k1);
    let k3 = f(t + half, y + half * k2);
    let k4 = f(t + h, y + h * k3);
    y + h * ((k1 + k4) * (1.0 / 6.0) + (k2 + k3) * (1.0 / 3.0))
}

/// A step of the method of Dormand and Prince.
pub(super) struct Step<'t> {
    k: Vec<Var<'t>>,
    /// The end.
    pub(super) y: Var<'t>,
    /// An estimate of its error.
    pub(super) error: Var<'t>,
}

impl<'t> Step<'t> {
    /// From y at t, where the velocity is k.
    #[track_caller]
    pub(super) fn new(
        f: &impl Fn(Var<'t>, Var<'t>) -> Var<'t>,
        [t, y, k]: [Var<'t>; 3],
        h: Var<'t>,
    ) -> Step<'t> {
        let mut k = vec![k];
        for (row, c) in A.iter().zip(C) {
            k.push(f(t + h * c, y + h * combined(row, &k)));
        }
        let end = y + h * combined(A[5], &k);
        k.push(f(t + h, end));
        Step { error: h * combined(&E, &k), y: end, k }
    }

    /// The velocity at the end, with which the next step begins.
    pub(super) fn velocity(&self) -> Var<'t> {
        self.k[6]
    }

    /// The curve within the step: (y(t + θh) − y(t))/(θh) as a polynomial in θ.
    #[track_caller]
    pub(super) fn curve(&self) -> [Var<'t>; 4] {
        let [a, b, c] = P.map(|row| combined(&row, &self.k));
        [self.k[0], a, b, c]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows add up as the conditions of order say.
    #[test]
    fn coefficients_are_consistent() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-14, "{a} and {b}");
        for (row, c) in A.iter().zip(C.into_iter().chain([1.0])) {
            near(row.iter().sum(), c);
        }
        near(E.iter().sum(), 0.0);
        let ends: Vec<f64> = A[5].iter().copied().chain([0.0]).collect();
        for (i, &end) in ends.iter().enumerate() {
            // At θ = 1 the curve ends where the step does.
            near(P.iter().map(|row| row[i]).sum::<f64>() + f64::from(u8::from(i == 0)), end);
        }
        let c: Vec<f64> = [0.0].into_iter().chain(C).chain([1.0]).collect();
        for power in 1..5 {
            let moment: f64 = ends.iter().zip(&c).map(|(b, c)| b * c.powi(power)).sum();
            near(moment, 1.0 / f64::from(power + 1));
        }
    }
}
