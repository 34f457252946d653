//! Distributions against their definitions: densities integrate to 1, and entropy, moments and divergence are the integrals that
//! they stand for; samples have these moments; derivatives are those of differences.

use autograd::{Key, Tape, Var, check_grads};
use ndarray::{ArrayD, IxDyn};
use nn::distributions::{
    Bernoulli, Beta, Categorical, Dirichlet, Distribution, Exponential, Gamma, Gumbel, Laplace, LogNormal,
    MultivariateNormal, Normal, Poisson, Reparameterised, StudentT, TruncatedNormal, Uniform,
};

/// Midpoints of equal steps, and their length.
fn grid(low: f64, high: f64) -> (Vec<f64>, f64) {
    let n = 40_000;
    let step = (high - low) / n as f64;
    ((0..n).map(|i| low + (i as f64 + 0.5) * step).collect(), step)
}

fn close(what: &str, got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance, "{what}: {got}, not {want}");
}

/// Entropy, moments and divergence as sums of p over points with weights.
fn holds<'t, D: Distribution<'t>>(p: &D, q: &D, points: Var<'t>, weight: f64, tolerance: f64) {
    let (log, other) = (p.log_prob(points), q.log_prob(points));
    let share = log.exp() * weight;
    let mean_of = |f: Var<'t>| share.strong_mul(f).sum().item();
    let x = points.cast(log.dtype());
    close("total", share.sum().item(), 1.0, tolerance);
    close("entropy", p.entropy().sum().item(), -mean_of(log), tolerance);
    close("divergence", p.kl(q).sum().item(), mean_of(log - other), tolerance);
    close("divergence from itself", p.kl(p).sum().item(), 0.0, 1e-14);
    let (mean, variance) = p.moments();
    let (mean, variance) = (mean.sum().item(), variance.sum().item());
    close("mean", mean, mean_of(x), tolerance);
    close("variance", variance, mean_of((x - mean).square()), tolerance);
    // Samples, within four standard errors, or five of the variance of a distribution with heavy tails.
    let n = 40_000;
    let drawn = p.sample(points.tape().constant(Key::new(3)), &[n]).cast(log.dtype());
    let spread = (variance / n as f64).sqrt();
    close("mean of samples", drawn.mean().item(), mean, 4.0 * spread);
    let fourth = mean_of((x - mean).square().square());
    let error = ((fourth - variance * variance) / n as f64).sqrt();
    close("variance of samples", drawn.var_over(.., 0).item(), variance, 5.0 * error);
}

#[test]
fn what_is_said_of_a_density_is_its_integral() {
    let tape = Tape::new();
    let at = |x: f64| tape.var([x]);
    let over = |low, high| {
        let (points, step) = grid(low, high);
        (tape.constant(&points[..]), step)
    };
    let (x, step) = over(-40.0, 40.0);
    holds(&Normal::new(at(0.5), at(1.5)), &Normal::new(at(-1.0), at(2.0)), x, step, 1e-6);
    holds(&Laplace::new(at(0.5), at(1.5)), &Laplace::new(at(-1.0), at(2.0)), x, step, 1e-5);
    let (x, step) = over(0.0, 200.0);
    holds(&LogNormal::new(at(0.5), at(0.5)), &LogNormal::new(at(0.25), at(0.75)), x, step, 1e-5);
    holds(&Exponential::new(at(0.5)), &Exponential::new(at(2.0)), x, step, 1e-5);
    holds(&Gamma::new(at(2.5), at(0.5)), &Gamma::new(at(1.5), at(2.0)), x, step, 1e-5);
    let (unit, unit_step) = over(0.0, 1.0);
    holds(&Beta::new(at(2.5), at(3.5)), &Beta::new(at(1.5), at(2.0)), unit, unit_step, 1e-5);
    let (line, line_step) = over(-200.0, 200.0);
    let t = |freedom, place, scale| StudentT::new(at(freedom), place, scale);
    holds(&t(9.0, 0.5, 1.5), &t(4.0, -1.0, 2.0), line, line_step, 1e-5);
    let (x, step) = over(-1.0, 3.0);
    let cut = |mean, deviation| TruncatedNormal::new(at(mean), at(deviation), -1.0, 3.0);
    holds(&cut(0.5, 1.5), &cut(-1.0, 2.0), x, step, 1e-6);
    let (wide, wide_step) = over(-20.0, 100.0);
    holds(&Gumbel::new(at(0.5), at(1.5)), &Gumbel::new(at(-1.0), at(2.0)), wide, wide_step, 1e-5);
    holds(&Uniform::new(at(0.5), at(1.5)), &Uniform::new(at(0.0), at(2.0)), x, step, 1e-6);
}

#[test]
fn what_is_said_of_discrete_ones_is_their_sum() {
    let tape = Tape::new();
    let both = tape.constant([0.0, 1.0]);
    holds(&Bernoulli::new(tape.var([0.7])), &Bernoulli::new(tape.var([-1.2])), both, 1.0, 1e-14);
    let p = Categorical::new(tape.var([0.3, -1.0, 2.0]));
    let q = Categorical::new(tape.var([0.0, 0.5, -0.5]));
    holds(&p, &q, tape.constant([0i64, 1, 2]), 1.0, 1e-14);
    let counts: Vec<f64> = (0..100).map(f64::from).collect();
    holds(
        &Poisson::new(tape.var([3.7])),
        &Poisson::new(tape.var([2.0])),
        tape.constant(&counts[..]),
        1.0,
        1e-13,
    );
}

/// In one dimension it is the normal distribution, and with a diagonal factor a product of such.
#[test]
fn a_normal_vector_has_normal_elements() {
    let tape = Tape::new();
    let one = MultivariateNormal::new(tape.var([0.5]), tape.var([[1.5]]));
    let (points, step) = grid(-40.0, 40.0);
    let x = tape.constant(&points[..]).unsqueeze(-1);
    assert!(((one.log_prob(x).exp() * step).sum().item() - 1.0).abs() < 1e-9);
    let (mean, factor) = (tape.var([0.5, -1.0]), tape.var([[1.5, 0.0], [0.7, 0.4]]));
    let p = MultivariateNormal::new(mean, factor);
    let q = MultivariateNormal::new(tape.var([0.0, 0.0]), tape.var([[1.0, 0.0], [0.0, 2.0]]));
    let n = 40_000;
    let drawn = p.sample(tape.constant(Key::new(5)), &[n]);
    let centred = drawn - mean;
    let covariance = centred.t().matmul(centred) / n as f64;
    let want = factor.matmul(factor.t());
    assert!((covariance - want).abs().max().item() < 0.05);
    assert!((drawn.mean_over(0) - mean).abs().max().item() < 0.03);
    // Entropy and divergence as means over samples.
    let log = p.log_prob(drawn);
    close("entropy", p.entropy().item(), -log.mean().item(), 0.03);
    close("divergence", p.kl(&q).item(), (log - q.log_prob(drawn)).mean().item(), 0.05);
    close("divergence from itself", p.kl(&p).item(), 0.0, 1e-14);
    // The volume under the density of a pair: a product of the two steps.
    let (points, step) = grid(-9.0, 9.0);
    let coarse: Vec<f64> = points.into_iter().step_by(200).collect();
    let step = step * 200.0;
    let pairs: Vec<f64> = coarse.iter().flat_map(|&a| coarse.iter().flat_map(move |&b| [a, b])).collect();
    let total = (p.log_prob(tape.constant(&pairs[..]).reshape([pairs.len() / 2, 2])).exp() * step * step)
        .sum()
        .item();
    close("volume", total, 1.0, 1e-3);
}

/// A batch of distributions is one for each entry, and numbers are broadcast.
#[test]
fn batches_are_distributions_of_their_own() {
    let tape = Tape::new();
    let p = Normal::new(tape.var([[0.0], [1.0]]), tape.var([1.0, 2.0, 3.0]));
    assert_eq!(p.entropy().shape()[..], [2, 3]);
    let x = p.rsample(tape.constant(Key::new(1)), &[4, 5]);
    assert_eq!(x.shape()[..], [4, 5, 2, 3]);
    assert_eq!(p.log_prob(x).shape()[..], [4, 5, 2, 3]);
    let q = Categorical::new(tape.var([[0.0, 1.0], [2.0, 0.0], [0.5, 0.5]]));
    let classes = q.sample(tape.constant(Key::new(1)), &[7]);
    assert_eq!(
        (classes.shape()[..].to_vec(), q.log_prob(classes).shape()[..].to_vec()),
        (vec![7, 3], vec![7, 3])
    );
}

fn array(values: &[f64]) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(&[values.len()]), values.to_vec()).unwrap()
}

#[test]
fn derivatives_by_parameters_are_those_of_differences() {
    let parameters = [array(&[0.3, -0.7]), array(&[1.2, 0.6])];
    fn all<'t>(v: &[Var<'t>]) -> Var<'t> {
        let tape = v[0].tape();
        let x = tape.constant([0.4, 0.9]);
        let key = tape.constant(Key::new(9));
        let p = Normal::new(v[0], v[1]);
        let l = Laplace::new(v[0], v[1]);
        let e = Exponential::new(v[1]);
        let g = LogNormal::new(v[0], v[1]);
        let u = Uniform::new(v[0], v[0] + v[1] * 4.0);
        let m = Gumbel::new(v[0], v[1]);
        let t = TruncatedNormal::new(v[0], v[1], -1.0, 3.0);
        let a = v[0].exp();
        let (gamma, beta) = (Gamma::new(a, v[1]), Beta::new(a, v[1]));
        let (poisson, student) = (Poisson::new(v[1]), StudentT::new(v[1], v[0], a));
        let dirichlet = Dirichlet::new(v[0].exp());
        let counts = tape.constant([0.0, 3.0]);
        let b = Bernoulli::new(v[0]);
        let c = Categorical::new(v[0]);
        let parts = [
            p.log_prob(x) + p.entropy() + p.kl(&Normal::new(v[1], 1.5)) + p.rsample(key, &[]),
            l.log_prob(x) + l.entropy() + l.kl(&Laplace::new(v[1], 1.5)) + l.rsample(key, &[]),
            e.log_prob(x) + e.entropy() + e.kl(&Exponential::new(v[1].square())) + e.rsample(key, &[]),
            g.log_prob(x) + g.entropy() + g.rsample(key, &[]),
            u.log_prob(x) + u.entropy() + u.rsample(key, &[]),
            m.log_prob(x) + m.entropy() + m.kl(&Gumbel::new(v[1], 1.5)) + m.rsample(key, &[]),
            t.log_prob(x)
                + t.entropy()
                + t.rsample(key, &[])
                + t.kl(&TruncatedNormal::new(v[1], 1.5, -1.0, 3.0)),
            gamma.log_prob(x) + gamma.entropy() + gamma.kl(&Gamma::new(v[1], 1.5)),
            beta.log_prob(x) + beta.entropy() + beta.kl(&Beta::new(v[1], 1.5)),
            poisson.log_prob(counts) + poisson.entropy() + poisson.kl(&Poisson::new(a)),
            student.log_prob(x) + student.entropy() + student.kl(&StudentT::new(a, v[1], 1.5)),
            (dirichlet.log_prob(tape.constant([0.3, 0.7])) + dirichlet.entropy()).broadcast_to([2]),
            dirichlet.kl(&Dirichlet::new(v[1])).broadcast_to([2]),
            b.log_prob(x) + b.entropy() + b.kl(&Bernoulli::new(v[1])),
            (c.entropy() + c.kl(&Categorical::new(v[1]))).broadcast_to([2]),
        ];
        Var::stack(&parts, 0)
    }
    check_grads(all, &parameters, 2).unwrap_or_else(|e| panic!("{e}"));
}

/// The gradient of an expectation by the score, and by samples that have a derivative, is that of the formula.
#[test]
fn two_estimates_of_a_gradient_agree_with_the_formula() {
    let tape = Tape::new();
    let (mean, deviation) = (tape.var([0.5]), tape.var([1.5]));
    let p = Normal::new(mean, deviation);
    let key = tape.constant(Key::new(11));
    // E x² = μ² + σ².
    let x = p.rsample(key, &[40_000]);
    let pathwise = x.square().mean().grad([mean, deviation]);
    let x = p.sample(key, &[40_000]);
    let scores = nn::distributions::score(&p, x, x.square()).mean().grad([mean, deviation]);
    for (got, want) in pathwise.iter().chain(&scores).zip([1.0, 3.0, 1.0, 3.0]) {
        close("slope", got.item(), want, 0.2);
    }
}
