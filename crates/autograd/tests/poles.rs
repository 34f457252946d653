//! Derivatives at special points: closed forms to order 4, and zeros that meet poles. On the eager tape, in programs, on dual
//! numbers and on the scalar tape, in both precisions.

use autograd::scalar::{self, Dual, Operand, Real};
use autograd::{DType, Params, Program, Tape, Var};

const INF: f64 = f64::INFINITY;

/// A function over any kind of number.
trait Function {
    fn f<T: Real>(x: T) -> T
    where
        f64: Operand<T>;
}

macro_rules! function {
    ($Name:ident, |$x:ident| $body:expr) => {
        struct $Name;
        impl Function for $Name {
            fn f<T: Real>($x: T) -> T
            where
                f64: Operand<T>,
            {
                $body
            }
        }
    };
}

/// f, f′, … f⁗ by nested sweeps on a tape.
fn eager<F: Function>(x: f64, dtype: DType) -> [f64; 5] {
    let tape = Tape::new();
    let x = match dtype {
        DType::F32 => tape.var([x as f32]),
        _ => tape.var([x]),
    };
    let mut y = F::f(x);
    std::array::from_fn(|k| {
        if k > 0 {
            y = y.sum().grad([x])[0];
        }
        y.cast(DType::F64).item()
    })
}

/// The same as a program.
fn planned<F: Function>(x: f64, dtype: DType) -> [f64; 5] {
    let params = if dtype == DType::F32 { Params::f32() } else { Params::f64() };
    let program = Program::trace(&params, |t| {
        let x = t.input("x", [1]);
        let mut all = vec![F::f(x)];
        (0..4).for_each(|k| all.push(all[k].sum().grad([x])[0]));
        t.outputs(all.iter().map(|y| y.cast(DType::F64)).collect::<Vec<Var<'_>>>())
    })
    .unwrap();
    let mut state = program.state();
    let run = match dtype {
        DType::F32 => program.run(&mut state, &params, ([x as f32],)),
        _ => program.run(&mut state, &params, ([x],)),
    }
    .unwrap();
    std::array::from_fn(|k| run.item(k))
}

/// The same by forward mode on the tape.
fn forward<F: Function>(x: f64, dtype: DType) -> [f64; 5] {
    let tape = Tape::new();
    let (x, one) = match dtype {
        DType::F32 => (tape.var([x as f32]), tape.constant([1f32])),
        _ => (tape.var([x]), tape.constant([1.0])),
    };
    let mut y = F::f(x);
    std::array::from_fn(|k| {
        if k > 0 {
            y = y.jvp(&[x], &[one]);
        }
        y.cast(DType::F64).item()
    })
}

/// The same by dual numbers of dual numbers.
fn dual<F: Function>(x: f64) -> [f64; 5] {
    let d1 = Dual::new(x, 1.0);
    let d2 = Dual::new(d1, 1.0);
    let d3 = Dual::new(d2, 1.0);
    let d4 = Dual::new(d3, 1.0);
    let y = F::f(d4);
    [
        y.value.value.value.value,
        y.tangent.value.value.value,
        y.tangent.tangent.value.value,
        y.tangent.tangent.tangent.value,
        y.tangent.tangent.tangent.tangent,
    ]
}

/// f and f′ on the scalar tape.
fn scalar<F: Function>(x: f64) -> [f64; 2] {
    let tape = scalar::Tape::new();
    let x = tape.var(x);
    let y = F::f(x);
    [y.value(), y.grad([x])[0]]
}

fn near(got: f64, want: f64, tolerance: f64) -> bool {
    got == want || (got.is_nan() && want.is_nan()) || (got - want).abs() <= tolerance * want.abs().max(1.0)
}

/// Compares the first derivatives with closed forms, in every way.
fn check<F: Function>(name: &str, x: f64, want: &[f64]) {
    let compare = |way: &str, got: &[f64], tolerance: f64| {
        for (k, (&got, &want)) in got.iter().zip(want).enumerate() {
            assert!(near(got, want, tolerance), "{name} at {x}, order {k}, {way}: {got}, not {want}");
        }
    };
    compare("eager F64", &eager::<F>(x, DType::F64), 1e-12);
    compare("eager F32", &eager::<F>(x, DType::F32), 2e-5);
    compare("planned F64", &planned::<F>(x, DType::F64), 1e-12);
    compare("planned F32", &planned::<F>(x, DType::F32), 2e-5);
    compare("forward F64", &forward::<F>(x, DType::F64), 1e-12);
    compare("forward F32", &forward::<F>(x, DType::F32), 2e-5);
    compare("dual", &dual::<F>(x), 1e-12);
    compare("scalar", &scalar::<F>(x), 1e-12);
}

macro_rules! scan {
    ($($body:expr, |$x:ident| at $point:expr => $want:expr;)*) => {
        $({
            function!(F, |$x| $body);
            check::<F>(stringify!($body), $point, &$want);
        })*
    };
}

#[test]
fn rows_have_their_closed_forms_at_special_points_to_order_four() {
    let (e, pi) = (std::f64::consts::E, std::f64::consts::PI);
    let s2 = 2f64.sqrt();
    scan! {
        x.exp(), |x| at 0.0 => [1.0; 5];
        x.exp(), |x| at 1.0 => [e; 5];
        x.exp_m1(), |x| at 0.0 => [0.0, 1.0, 1.0, 1.0, 1.0];
        x.ln(), |x| at 1.0 => [0.0, 1.0, -1.0, 2.0, -6.0];
        x.ln_1p(), |x| at 0.0 => [0.0, 1.0, -1.0, 2.0, -6.0];
        x.sqrt(), |x| at 1.0 => [1.0, 0.5, -0.25, 0.375, -0.9375];
        x.sqrt(), |x| at 0.0 => [0.0, INF];
        x.square(), |x| at 0.0 => [0.0, 0.0, 2.0, 0.0, 0.0];
        x.recip(), |x| at -1.0 => [-1.0, -1.0, -2.0, -6.0, -24.0];
        x.powf(0.0), |x| at 0.0 => [1.0, 0.0, 0.0, 0.0, 0.0];
        x.powf(1.0), |x| at 0.0 => [0.0, 1.0, 0.0, 0.0, 0.0];
        x.powf(2.0), |x| at 0.0 => [0.0, 0.0, 2.0, 0.0, 0.0];
        x.powf(3.0), |x| at 0.0 => [0.0, 0.0, 0.0, 6.0, 0.0];
        x.powf(4.0), |x| at 0.0 => [0.0, 0.0, 0.0, 0.0, 24.0];
        x.powf(3.0), |x| at -2.0 => [-8.0, 12.0, -12.0, 6.0, 0.0];
        x.powf(0.5), |x| at 0.0 => [0.0, INF];
        x.sin(), |x| at 0.0 => [0.0, 1.0, 0.0, -1.0, 0.0];
        x.cos(), |x| at 0.0 => [1.0, 0.0, -1.0, 0.0, 1.0];
        x.asin(), |x| at 0.0 => [0.0, 1.0, 0.0, 1.0, 0.0];
        x.asin(), |x| at 1.0 => [pi / 2.0, INF];
        x.acos(), |x| at 0.0 => [pi / 2.0, -1.0, 0.0, -1.0, 0.0];
        x.atan(), |x| at 0.0 => [0.0, 1.0, 0.0, -2.0, 0.0];
        x.floor(), |x| at 1.0 => [1.0, 0.0, 0.0, 0.0, 0.0];
        x.ceil(), |x| at 1.0 => [1.0, 0.0, 0.0, 0.0, 0.0];
        x.abs(), |x| at 0.0 => [0.0, 0.0, 0.0, 0.0, 0.0];
        x.abs(), |x| at -1.0 => [1.0, -1.0, 0.0, 0.0, 0.0];
        x.sign(), |x| at 0.0 => [0.0, 0.0, 0.0, 0.0, 0.0];
        x.tanh(), |x| at 0.0 => [0.0, 1.0, 0.0, -2.0, 0.0];
        x.tanh(), |x| at 400.0 => [1.0, 0.0, 0.0, 0.0, 0.0];
        x.sigmoid(), |x| at 0.0 => [0.5, 0.25, 0.0, -0.125, 0.0];
        x.softplus(), |x| at 0.0 => [2f64.ln(), 0.5, 0.25, 0.0, -0.125];
        x.softplus(), |x| at -2000.0 => [0.0, 0.0, 0.0, 0.0, 0.0];
        x.relu(), |x| at 0.0 => [0.0, 0.0, 0.0, 0.0, 0.0];
        x.relu(), |x| at 2.0 => [2.0, 1.0, 0.0, 0.0, 0.0];
        x.leaky_relu(0.5), |x| at 0.0 => [0.0, 0.5, 0.0, 0.0, 0.0];
        x.elu(2.0), |x| at 0.0 => [0.0, 2.0, 2.0, 2.0, 2.0];
        x.elu(2.0), |x| at 3.0 => [3.0, 1.0, 0.0, 0.0, 0.0];
        x.swish(), |x| at 0.0 => [0.0, 0.5, 0.5, 0.0, -0.5];
        x.erf(), |x| at 0.0 => [0.0, 2.0 / pi.sqrt(), 0.0, -4.0 / pi.sqrt(), 0.0];
        x.normal_cdf(), |x| at 0.0 => [0.5, 1.0 / (s2 * pi.sqrt()), 0.0, -1.0 / (s2 * pi.sqrt()), 0.0];
        x.gelu(), |x| at 0.0 => [0.0, 0.5, s2 / pi.sqrt(), 0.0, -2.0 * s2 / pi.sqrt()];
        x.gelu(), |x| at -60.0 => [0.0, 0.0, 0.0, 0.0, 0.0];
        x.gelu_tanh(), |x| at -60.0 => [0.0, 0.0, 0.0, 0.0, 0.0];
    }
    let (l2, l10) = (2f64.ln(), 10f64.ln());
    scan! {
        x.tan(), |x| at 0.0 => [0.0, 1.0, 0.0, 2.0, 0.0];
        x.sinh(), |x| at 0.0 => [0.0, 1.0, 0.0, 1.0, 0.0];
        x.cosh(), |x| at 0.0 => [1.0, 0.0, 1.0, 0.0, 1.0];
        x.asinh(), |x| at 0.0 => [0.0, 1.0, 0.0, -1.0, 0.0];
        x.acosh(), |x| at 1.0 => [0.0, INF];
        x.atanh(), |x| at 0.0 => [0.0, 1.0, 0.0, 2.0, 0.0];
        x.atanh(), |x| at 1.0 => [INF, INF];
        x.cbrt(), |x| at 1.0 => [1.0, 1.0 / 3.0, -2.0 / 9.0, 10.0 / 27.0, -80.0 / 81.0];
        x.cbrt(), |x| at 0.0 => [0.0, INF];
        x.exp2(), |x| at 0.0 => [1.0, l2, l2.powi(2), l2.powi(3), l2.powi(4)];
        x.log2(), |x| at 1.0 => [0.0, 1.0 / l2, -1.0 / l2, 2.0 / l2, -6.0 / l2];
        x.log10(), |x| at 1.0 => [0.0, 1.0 / l10, -1.0 / l10, 2.0 / l10, -6.0 / l10];
    }
}

#[test]
fn rows_of_two_arguments_have_their_closed_forms_along_lines() {
    let l2 = 2f64.ln();
    scan! {
        x.constant(2.0).pow(x), |x| at 0.0 => [1.0, l2, l2 * l2, l2.powi(3), l2.powi(4)];
        x.pow(x.constant(2.0)), |x| at 0.0 => [0.0, 0.0, 2.0, 0.0, 0.0];
        x.pow(x.constant(2.0)), |x| at -3.0 => [9.0, -6.0, 2.0, 0.0, 0.0];
        x.pow(x.constant(0.0)), |x| at 0.0 => [1.0, 0.0, 0.0, 0.0, 0.0];
        x.pow(x), |x| at 1.0 => [1.0, 1.0, 2.0, 3.0, 8.0];
        x.logaddexp(x.constant(0.0)), |x| at 0.0 => [l2, 0.5, 0.25, 0.0, -0.125];
        x.logaddexp(x), |x| at 5.0 => [5.0 + l2, 1.0, 0.0, 0.0, 0.0];
        x.logaddexp(-x), |x| at 0.0 => [l2, 0.0, 1.0, 0.0, -2.0];
        x.logaddexp(x.constant(INF)), |x| at 0.0 => [INF, 0.0, 0.0, 0.0, 0.0];
        x.logaddexp(x.constant(-INF)), |x| at 3.0 => [3.0, 1.0, 0.0, 0.0, 0.0];
        x.maximum(x.constant(1.0)), |x| at 1.0 => [1.0, 0.5, 0.0, 0.0, 0.0];
        x.minimum(-x), |x| at 0.0 => [0.0, 0.0, 0.0, 0.0, 0.0];
        x.atan2(x.constant(1.0)), |x| at 0.0 => [0.0, 1.0, 0.0, -2.0, 0.0];
        x.hypot(x.constant(1.0)), |x| at 0.0 => [1.0, 0.0, 1.0, 0.0, -3.0];
        x / x.constant(2.0), |x| at 0.0 => [0.0, 0.5, 0.0, 0.0, 0.0];
        1.0 / x, |x| at 2.0 => [0.5, -0.25, 0.25, -0.375, 0.75];
        x.strong_mul(x), |x| at 0.0 => [0.0, 0.0, 2.0, 0.0, 0.0];
        x.constant(0.0).strong_mul(x.ln()), |x| at 0.0 => [0.0, 0.0, 0.0, 0.0, 0.0];
    }
}

#[test]
fn mixed_second_derivatives_at_ties_and_at_exponent_zero() {
    for dtype in [DType::F32, DType::F64] {
        let tape = Tape::new();
        let leaf = |x: f64| match dtype {
            DType::F32 => tape.var(x as f32),
            _ => tape.var(x),
        };
        let mixed = |f: &dyn Fn(Var<'_>, Var<'_>) -> f64, a: f64, b: f64| f(leaf(a), leaf(b));
        let pow = |a: Var<'_>, b: Var<'_>| a.pow(b).grad([a])[0].grad([b])[0].cast(DType::F64).item();
        let wop = |a: Var<'_>, b: Var<'_>| a.pow(b).grad([b])[0].grad([a])[0].cast(DType::F64).item();
        for (a, b) in [(2.0, 0.0), (2.0, 1.0), (0.5, 2.0), (1.0, 0.0)] {
            let want = a.powf(b - 1.0) * (1.0 + b * a.ln());
            for got in [mixed(&pow, a, b), mixed(&wop, a, b)] {
                assert!(near(got, want, 1e-6), "{a}, {b}: {got}, not {want}");
            }
        }
        let tie = |a: Var<'_>, b: Var<'_>| a.logaddexp(b).grad([a])[0].grad([b])[0].cast(DType::F64).item();
        for x in [0.0, 3.0, -1e6] {
            assert!(near(mixed(&tie, x, x), -0.25, 1e-6));
        }
    }
}

/// Where nobody looks, a pole spoils nothing: masked branches of all functions with poles.
#[test]
fn masked_branches_need_no_second_mask() {
    scan! {
        x.if_gt(0.0, x.sqrt(), 0.0), |x| at 0.0 => [0.0; 5];
        x.if_gt(0.0, x.ln(), 0.0), |x| at 0.0 => [0.0; 5];
        x.if_gt(0.0, x.recip(), 0.0), |x| at 0.0 => [0.0; 5];
        x.if_gt(0.0, 1.0 / x, 0.0), |x| at 0.0 => [0.0; 5];
        x.if_gt(0.0, x.powf(0.5), x), |x| at 0.0 => [0.0, 1.0, 0.0, 0.0, 0.0];
        x.if_gt(0.0, x.pow(x.constant(0.5)), 0.0), |x| at 0.0 => [0.0; 5];
        x.if_lt(1.0, x.asin(), 0.0), |x| at 1.0 => [0.0; 5];
        x.if_lt(1.0, x.acos(), 0.0), |x| at 1.0 => [0.0; 5];
        x.if_lt(100.0, x.exp(), 0.0), |x| at 1000.0 => [0.0; 5];
        x.if_lt(100.0, x.exp_m1(), 0.0), |x| at 1000.0 => [0.0; 5];
        x.if_gt(0.0, x.ln_1p(), 0.0), |x| at -1.0 => [0.0; 5];
        x.if_lt(100.0, x.sinh(), 0.0), |x| at 1000.0 => [0.0; 5];
        x.if_lt(100.0, x.cosh(), 0.0), |x| at -1000.0 => [INF];
        x.if_lt(100.0, x.cosh(), 0.0), |x| at 1000.0 => [0.0; 5];
        x.if_lt(100.0, x.exp2(), 0.0), |x| at 2000.0 => [0.0; 5];
        x.if_gt(1.0, x.acosh(), 0.0), |x| at 1.0 => [0.0; 5];
        x.if_lt(1.0, x.atanh(), 0.0), |x| at 1.0 => [0.0; 5];
        x.if_gt(0.0, x.cbrt(), 0.0), |x| at 0.0 => [0.0; 5];
        x.if_gt(0.0, x.log2(), 0.0), |x| at 0.0 => [0.0; 5];
        x.if_gt(0.0, x.log10(), 0.0), |x| at 0.0 => [0.0; 5];
        x.if_gt(0.0, x.hypot(x * 2.0), 0.0), |x| at 0.0 => [0.0; 5];
        x.if_gt(0.0, x.sqrt().sqrt().ln().recip(), 0.0), |x| at 0.0 => [0.0; 5];
        x.sqrt().maximum(x.constant(1e-3)), |x| at 0.0 => [1e-3, 0.0, 0.0, 0.0, 0.0];
        x.constant(0.0).sqrt() * x, |x| at 1.0 => [0.0, 0.0, 0.0, 0.0, 0.0];
    }
}

/// A tangent of 0 contributes nothing either. (Backwards, the product with 0 comes last, and keeps IEEE.)
#[test]
fn tangents_of_zero_pass_poles() {
    function!(F, |x| (x * 0.0).sqrt() + x);
    assert_eq!(dual::<F>(1.0), [1.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(forward::<F>(1.0, DType::F64), [1.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(scalar::derivative(|x| x.pow(x.constant(2.0)), -3.0), -6.0);
    fn cubic<'t>(x: &[Dual<scalar::Var<'t>>]) -> Dual<scalar::Var<'t>> {
        x[0].pow(x[0].constant(2.0)) * x[1] + x[1].pow(x[1].constant(3.0))
    }
    assert_eq!(scalar::hessian(cubic, &[-3.0, -1.0]), [[-2.0, -6.0], [-6.0, -6.0]]);
    // The value is infinite, and the slope by x is that value.
    assert_eq!(scalar::derivative(|x| x * x.constant(1000.0).exp(), 2.0), INF);
}

/// What the convention costs, as the documentation says: (√x)² has slope 1 at 0 and gives 0.
#[test]
fn the_price_of_a_strong_zero() {
    function!(F, |x| x.sqrt().square());
    assert_eq!(eager::<F>(0.0, DType::F64)[..2], [0.0, 0.0]);
}

/// Products and contractions keep IEEE, and a value that is NaN stays one.
#[test]
fn products_keep_their_nan() {
    let tape = Tape::new();
    let x = tape.var([[0.0, 1.0]]);
    let y = (x.ln() * 0.0).sum();
    assert!(y.item().is_nan());
    assert_eq!(y.find_nonfinite().map(|found| found.op), Some("ln"));
    assert!((x * 0.0 * INF).sum().item().is_nan());
    assert!(x.matmul(tape.constant([[INF], [1.0]])).item().is_nan());
    // A cotangent of 0 times an infinite factor.
    let z = (x * tape.constant([[INF, 1.0]])).sum() * 0.0;
    assert!(z.grad([x])[0].to_vec::<f64>()[0].is_nan());
}

#[test]
fn pair_potentials_norms_and_logsumexp_of_what_no_loss_reads() {
    let check = |f: &dyn for<'t> Fn(Var<'t>) -> Var<'t>, x: &[f64], want: &[f64]| {
        for second in [false, true] {
            let tape = Tape::new();
            let x = tape.var(x);
            let mut g = f(x).sum().grad([x])[0];
            if second {
                g = g.sum().grad([x])[0];
            }
            let g = g.to_vec::<f64>();
            assert!(g.iter().all(|g| g.is_finite()), "{g:?}");
            if !second {
                g.iter().zip(want).for_each(|(a, b)| assert!(near(*a, *b, 1e-14), "{g:?}, not {want:?}"));
            }
        }
    };
    // A pair with itself has distance 0.
    check(
        &|x| {
            let d = x.unsqueeze(0) - x.unsqueeze(1);
            let r = d.square().sqrt();
            r.gt(0.0).select(r.recip(), 0.0)
        },
        &[1.0, 3.0],
        &[0.5, -0.5],
    );
    check(&|x| x.reshape([2, 2]).norm_over(3.0, 1), &[0.0, 0.0, 3.0, 0.0], &[0.0, 0.0, 1.0, 0.0]);
    check(&|x| x.reshape([2, 2]).norm_over(2.0, 1), &[0.0, 0.0, 3.0, 4.0], &[0.0, 0.0, 0.6, 0.8]);
    let tape = Tape::new();
    let x = tape.var([[-INF, -INF], [0.0, 0.0]]);
    for y in [x.logsumexp_over(1), x.log_softmax(-1).sum_over(1)] {
        let read = tape.constant([false, true]).select(y, 0.0);
        assert_eq!(read.sum().grad([x])[0].to_vec::<f64>()[..2], [0.0, 0.0]);
    }
}

#[test]
fn squares_neither_overflow_nor_vanish() {
    let scaled = |c: f64, dtype: DType| {
        let tape = Tape::new();
        let x = [3.0, -4.0, 12.0, 84.0].map(|x| x * c);
        let x = match dtype {
            DType::F32 => tape.var(x.map(|x| x as f32)),
            _ => tape.var(x),
        };
        let wide = |y: Var<'_>| y.cast(DType::F64).to_vec::<f64>();
        let (norm, std, z) = (x.norm(), x.std_over(0, 1), x.standardize(0, 1e-5));
        let slopes = [norm.grad([x])[0], std.grad([x])[0], (z * z * z).sum().grad([x])[0] * c];
        let cube = x.norm_over(3.0, 0);
        [
            vec![
                norm.cast(DType::F64).item() / c,
                std.cast(DType::F64).item() / c,
                cube.cast(DType::F64).item() / c,
            ],
            wide(z),
            slopes.iter().flat_map(|&s| wide(s)).collect(),
        ]
    };
    for (dtype, sizes, tolerance) in
        [(DType::F32, vec![1e30, 1e20, 1e15], 1e-5), (DType::F64, vec![1e200, 1e160, 1e100], 1e-13)]
    {
        let want = scaled(if dtype == DType::F32 { 1e5 } else { 1e10 }, dtype);
        for c in sizes {
            for (got, want) in scaled(c, dtype).iter().zip(&want) {
                for (a, b) in got.iter().zip(want) {
                    assert!(
                        (a - b).abs() <= tolerance * b.abs().max(1.0),
                        "{dtype} {c:e}: {got:?}, not {want:?}"
                    );
                }
            }
        }
    }
    let tape = Tape::new();
    for c in [1e-200, 1e-160, 1e-300] {
        assert!((tape.var([3.0 * c, 4.0 * c]).norm().item() / (5.0 * c) - 1.0).abs() < 1e-15);
    }
    let tiny = tape.var([3e-30f32, 4e-30]).norm().cast(DType::F64).item();
    assert!((tiny / 5e-30 - 1.0).abs() < 1e-6);
    assert_eq!(tape.var([INF, 1.0]).norm().item(), INF);
    assert!(tape.var([f64::NAN, 1.0]).norm().item().is_nan());
    assert_eq!(tape.var([0.0, 0.0]).norm().item(), 0.0);
}
