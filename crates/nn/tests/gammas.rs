//! The gamma distribution and what is made of it, counts and shares against numbers of PyTorch 2.15 and SciPy 1.17 (the divergences of
//! Student's distribution by mpmath's quadrature); samples against their distribution functions, and their derivatives.

use autograd::{DType, Key, Params, Program, Tape, Var};
use nn::distributions::{Beta, Dirichlet, Distribution, Gamma, Poisson, Reparameterised, StudentT};

fn close(what: &str, got: Var<'_>, want: &[f64], tolerance: f64) {
    let got = got.to_vec::<f64>();
    assert_eq!(got.len(), want.len(), "{what}");
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() <= tolerance * (1.0 + want.abs()), "{what}: {got}, not {want}");
    }
}

/// Logarithms of densities, entropy and divergence.
fn agrees<'t, D: Distribution<'t>>(
    what: &str,
    [p, q]: [D; 2],
    x: Var<'t>,
    logs: &[f64],
    [entropy, kl]: [f64; 2],
) {
    close(&format!("{what}: log"), p.log_prob(x), logs, 1e-13);
    close(&format!("{what}: entropy"), p.entropy(), &[entropy], 1e-12);
    close(&format!("{what}: divergence"), p.kl(&q), &[kl], 1e-9);
}

#[test]
fn gamma_agrees_with_pytorch() {
    let tape = Tape::new();
    let of = |a: f64, rate: f64| Gamma::new(tape.var([a]), rate);
    let x = tape.constant([0.3, 1.0, 4.5]);
    let logs = [-0.6038285564712693, -2.6366095194994243, -9.639463697242816];
    agrees("a < 1", [of(0.3, 1.7), of(2.0, 0.5)], x, &logs, [-1.5865972117841878, 7.09427934028403]);
    agrees("a = 1", [of(1.0, 1.0), of(3.0, 2.0)], x, &[-0.3, -1.0, -4.5], [1.0, 0.7681369686831752]);
    let logs = [-22.35236795393348, -14.806544725814895, -6.430041646769114];
    agrees("a > 1", [of(7.5, 0.4), of(0.8, 1.1)], x, &logs, [3.296731321033322, 17.976689856747107]);
    // At the edge of the support, and outside.
    let edge = tape.constant([0.0, -1.0]);
    assert_eq!(of(1.0, 2.0).log_prob(edge).to_vec::<f64>(), [2f64.ln(), f64::NEG_INFINITY]);
    assert_eq!(of(0.5, 2.0).log_prob(edge).to_vec::<f64>()[0], f64::INFINITY);
    assert_eq!(of(2.0, 2.0).log_prob(edge).to_vec::<f64>()[0], f64::NEG_INFINITY);
}

#[test]
fn shares_agree_with_pytorch() {
    let tape = Tape::new();
    let of = |a: f64, b: f64| Beta::new(tape.var([a]), b);
    let x = tape.constant([0.01, 0.5, 0.93]);
    let logs = [1.8699689895979719, -0.6635180607897969, -0.5080877452855237];
    agrees("small", [of(0.3, 0.7), of(2.0, 0.5)], x, &logs, [-0.8838931153981984, 3.77547980075038]);
    agrees("flat", [of(1.0, 1.0), of(3.0, 2.0)], x, &[0.0; 3], [0.0, 0.515093350211999]);
    let logs = [-25.121720334105184, -0.6499063814112613, 0.631282789879986];
    agrees("large", [of(7.5, 2.4), of(0.8, 1.1)], x, &logs, [-0.6886171290022958, 0.9297319902839014]);
    assert_eq!(of(1.0, 1.0).log_prob(tape.constant([0.0, 1.0])).to_vec::<f64>(), [0.0, 0.0]);

    let p = Dirichlet::new(tape.var([[0.4, 2.5, 1.1]]));
    let q = Dirichlet::new(tape.var([[1.0, 0.7, 3.0]]));
    let x = tape.constant([[0.2, 0.5, 0.3], [0.01, 0.09, 0.9]]);
    let logs = [0.5658159185011402, -0.09908113063754498];
    close("mean", p.moments().0, &[0.1, 0.625, 0.275], 1e-14);
    close("variance", p.moments().1, &[0.018, 0.046875, 0.039875], 1e-14);
    agrees("three", [p, q], x, &logs, [-2.053343747559217, 3.4648099376850485]);
}

#[test]
fn counts_agree_with_pytorch_and_scipy() {
    let tape = Tape::new();
    let of = |rate: f64| Poisson::new(tape.var([rate]));
    let k = tape.constant([0.0, 2.0, 140.0]);
    let logs = [-0.2, -4.112023005428146, -780.7416018876688];
    agrees("rare", [of(0.2), of(1.5)], k, &logs, [0.5353779730988405, 0.8970193958915471]);
    let logs = [-3.7, -1.7764815412595878, -375.7536993958698];
    agrees("few", [of(3.7), of(2.0)], k, &logs, [2.0450347988972126, 0.5761868646338644]);
    let logs = [-150.0, -140.67187659236743, -3.7313529734191206];
    agrees("many", [of(150.0), of(100.0)], k, &logs, [3.923698756980489, 10.819766216224558]);
    let outside = tape.constant([-1.0, 0.5]);
    assert_eq!(of(3.0).log_prob(outside).to_vec::<f64>(), [f64::NEG_INFINITY; 2]);
}

#[test]
fn heavy_tails_agree_with_pytorch_and_mpmath() {
    let tape = Tape::new();
    let of = |v: f64, place: f64, scale: f64| StudentT::new(tape.var([v]), place, scale);
    let x = tape.constant([0.3, 1.0, 4.5]);
    let logs = [-1.6487964214690833, -1.752704697274943, -3.677867530337876];
    let both = [of(0.7, 0.5, 1.5), of(3.0, -1.0, 2.0)];
    agrees("ν < 1", both, x, &logs, [3.4259089201973243, 0.7246520834671994]);
    let logs = [-1.2846223723452002, -0.2876820724517809, -6.747675953532359];
    let both = [of(4.0, 1.0, 0.5), of(2.5, 0.0, 1.0)];
    agrees("ν = 4", both, x, &logs, [0.9886128363187211, 0.7325490893593313]);
    let logs = [-2.3266311054913444, -2.5341248678033117, -4.279306559160293];
    let both = [of(30.0, -2.0, 3.0), of(5.0, 1.0, 4.0)];
    agrees("ν = 30", both, x, &logs, [2.551155618455317, 0.36503456408291074]);
    let variances = StudentT::new(tape.var([0.5, 1.5, 4.0]), 0.0, 1.0).moments().1.to_vec::<f64>();
    assert!(variances[0].is_nan() && variances[1..] == [f64::INFINITY, 2.0]);
}

/// The distribution function of a sample is uniform: the largest distance of its steps from the line, by Kolmogorov.
#[test]
fn samples_are_distributed_as_they_should_be() {
    let tape = Tape::new();
    let shapes = [0.05, 0.3, 0.9, 1.0, 1.1, 4.0, 250.0];
    let a = tape.var(shapes);
    let n = 5000;
    let x = Gamma::new(a, 2.0).sample(tape.constant(Key::new(8)), &[n]);
    let u = (x * 2.0).gamma_p(a).t().to_array::<f64>();
    for (of, shape) in u.outer_iter().zip(shapes) {
        let mut of: Vec<f64> = of.iter().copied().collect();
        of.sort_by(f64::total_cmp);
        let far = of.iter().enumerate().map(|(i, u)| (u - (i as f64 + 0.5) / n as f64).abs());
        let distance = far.fold(0.0, f64::max) * (n as f64).sqrt();
        assert!(distance < 1.63, "a = {shape}: {distance}, beyond 1.63 once in 100");
    }
    let single = Gamma::new(a.cast(DType::F32), 2.0).sample(tape.constant(Key::new(8)), &[n]);
    let both = (single.cast(DType::F64).mean_over(0), x.mean_over(0));
    assert!(((both.0 - both.1).abs() / (x.var_over(0, 0).sqrt() * 0.08)).max().item() < 1.0);
    // Shares and heavy tails of these: their means.
    let key = tape.constant(Key::new(3));
    let shares = Dirichlet::new(tape.var([0.4, 2.5, 1.1])).sample(key, &[20_000]);
    close("shares", shares.mean_over(0), &[0.1, 0.625, 0.275], 0.006);
    assert!((shares.sum_over(-1) - 1.0).abs().max().item() < 1e-15);
    // Two streams of numbers: the shares of a batch differ.
    let one = Beta::new(tape.var([2.0, 2.0]), 2.0).sample(key, &[]).to_vec::<f64>();
    assert!(one[0] != one[1]);
}

/// x(a) with P(a, x(a)) = u by Newton's method: its differences are the derivatives of a sample, first and second.
#[test]
fn samples_have_the_derivatives_of_their_quantile() {
    for a in [0.3, 0.8, 1.0, 2.5, 40.0] {
        let tape = Tape::new();
        let shape = tape.var([a]);
        let x = Gamma::new(shape, 1.0).rsample(tape.constant(Key::new(5)), &[6]);
        let (start, u) = (x.detach(), x.gamma_p(shape).detach());
        let solved = |a: f64| {
            (0..30).fold(start, |x, _| {
                let slope = (tape.constant(a - 1.0) * x.ln() - x - tape.constant(a).ln_gamma()).exp();
                x - (x.gamma_p(a) - u) / slope
            })
        };
        let h = 1e-3 * a;
        let (low, high) = (solved(a - h), solved(a + h));
        for i in 0..6 {
            let at = |x: Var<'_>| x.index(0, i).sum().item();
            let slope = x.index(0, i).sum().grad([shape])[0];
            let bend = slope.sum().grad([shape])[0].item();
            let (by_h, by_hh) =
                ((at(high) - at(low)) / (2.0 * h), (at(high) + at(low) - 2.0 * at(start)) / (h * h));
            assert!((slope.item() - by_h).abs() < 2e-5 * (1.0 + by_h.abs()), "{a}: {} {by_h}", slope.item());
            assert!((bend - by_hh).abs() < 1e-3 * (1.0 + by_hh.abs()), "{a}: {bend} {by_hh}");
        }
    }
}

/// No value decides what is recorded: a program draws what the tape draws, with the same derivatives.
#[test]
fn programs_draw_what_tapes_draw() {
    let mut params = Params::f64();
    let a = params.scope("p").param("a", [3], [0.4, 1.0, 7.0]);
    let program = Program::trace(&params, |t| {
        let (key, a) = (t.input_key("key"), t.param(a));
        let all = loss(key, a);
        t.outputs([all, Poisson::new(a).sample(key, &[5]).sum()]).with_gradients()
    })
    .unwrap();
    for seed in 0..3 {
        let mut state = program.state();
        let run = program.run(&mut state, &params, (Key::new(seed),)).unwrap();
        let tape = Tape::with(&params);
        let key = tape.constant(Key::new(seed));
        let eager = loss(key, tape.param(a));
        assert!((run.item(0) / eager.item() - 1.0).abs() < 1e-13);
        assert_eq!(run.item(1), Poisson::new(tape.param(a)).sample(key, &[5]).sum().item());
        let grads = eager.backward();
        let (got, want) = (run.grads().get::<f64>(a).unwrap(), grads.get::<f64>(a).unwrap());
        assert!(
            got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-11 * (1.0 + w.abs())),
            "{got:?} {want:?}"
        );
    }
}

fn loss<'t>(key: Var<'t>, a: Var<'t>) -> Var<'t> {
    let gamma = Gamma::new(a, 2.0).rsample(key.fold_in(1), &[5]).square().sum();
    let beta = Beta::new(a, 2.0).rsample(key.fold_in(2), &[5]).square().sum();
    let shares = Dirichlet::new(a).rsample(key.fold_in(3), &[5]).square().sum();
    gamma + beta + shares + StudentT::new(a + 3.0, 0.0, 1.0).rsample(key.fold_in(4), &[5]).square().sum()
}
