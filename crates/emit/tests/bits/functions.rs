//! Every function of the table, at ordinary and special arguments.

use crate::host::{Case, PLAIN, check};
use autograd::{AnyTensor, DType, Params, Program, Var};

pub(crate) type F = for<'t> fn(Var<'t>) -> Var<'t>;
pub(crate) type G = for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>;

pub(crate) const ONE: &[F] = &[
    |x| -x,
    |x| x.exp(),
    |x| x.exp_m1(),
    |x| x.ln(),
    |x| x.ln_1p(),
    |x| x.sqrt(),
    |x| x.square(),
    |x| x.recip(),
    |x| x.powf(1.7),
    |x| x.powf(-2.0),
    |x| x.sin(),
    |x| x.cos(),
    |x| x.tan(),
    |x| x.asin(),
    |x| x.acos(),
    |x| x.atan(),
    |x| x.floor(),
    |x| x.ceil(),
    |x| x.abs(),
    |x| x.sign(),
    |x| x.tanh(),
    |x| x.sigmoid(),
    |x| x.softplus(),
    |x| x.relu(),
    |x| x.leaky_relu(0.1),
    |x| x.elu(1.3),
    |x| x.swish(),
    |x| x.erf(),
    |x| x.gelu(),
    |x| x.gelu_tanh(),
    |x| x.normal_cdf(),
    |x| x.sinh(),
    |x| x.cosh(),
    |x| x.asinh(),
    |x| x.acosh(),
    |x| x.atanh(),
    |x| x.cbrt(),
    |x| x.exp2(),
    |x| x.log2(),
    |x| x.log10(),
];

pub(crate) const TWO: &[G] = &[
    |a, b| a + b,
    |a, b| a - b,
    |a, b| a * b,
    |a, b| a / b,
    |a, b| a.maximum(b),
    |a, b| a.minimum(b),
    |a, b| a.pow(b),
    |a, b| a.atan2(b),
    |a, b| a.hypot(b),
    |a, b| a.logaddexp(b),
];

const SPECIAL: &[F] = &[
    |x| x.ln_gamma(),
    |x| x.digamma(),
    |x| x.polygamma(3),
    |x| x.gamma(),
    |x| x.erfc(),
    |x| x.erfcx(),
    |x| x.erfinv() + (x * 0.001).erfinv(),
    |x| x.normal_quantile() + x.abs().normal_quantile(),
    |x| x.bessel_j(0),
    |x| x.bessel_j(3),
    |x| x.bessel_i(2),
    |x| x.bessel_i0e(),
    |x| x.bessel_i1e(),
    |x| x.sinc(),
    |x| x.sinhc(),
    |x| x.phi1(),
    |x| x.tanhshrink(),
    |x| x.entr(),
    |x| x.ln_normal_cdf(),
    |x| x.langevin(),
];

const SPECIAL_OF_TWO: &[G] = &[|a, x| x.abs().gamma_p(a.abs() + 0.1), |a, x| x.abs().gamma_q(a)];

/// Ordinary numbers of all sizes, and those where functions have their edges.
fn arguments() -> Vec<f64> {
    let mut all = vec![
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -0.5,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        1e-40,
        -1e-40,
        1e-310,
    ];
    all.extend((0..400).map(|i| (f64::from(i) - 200.0) * 0.037));
    all.extend((0..80).map(|i| 1.7f64.powi(i - 40)));
    all.extend((0..40).map(|i| -3.1f64.powi(i * 2 - 40)));
    all.extend([
        88.7,
        89.0,
        -87.3,
        -103.9,
        -110.0,
        709.7,
        710.0,
        -745.0,
        -750.0,
        1e22,
        3e38,
        -1e300,
        1e300,
        123_456.789,
    ]);
    all
}

pub(crate) fn case(dtype: DType, f: impl for<'t> Fn(Var<'t>, Var<'t>) -> Vec<Var<'t>>) -> Case {
    let params = Params::of(dtype);
    let x = arguments();
    let y: Vec<f64> = (0..x.len()).map(|i| x[(i * 7 + 3) % x.len()]).collect();
    let program = Program::trace(&params, |t| {
        let [a, b] = ["a", "b"].map(|name| t.input_of(name, dtype, [x.len()]));
        t.outputs(f(a, b))
    })
    .expect("a program");
    let inputs = [x, y].map(|x| match dtype {
        DType::F32 => Box::new(x.iter().map(|&x| x as f32).collect::<Vec<f32>>()) as Box<dyn AnyTensor>,
        _ => Box::new(x),
    });
    Case { program, params, inputs: inputs.into(), gradients: false }
}

fn cases(one: &[F], two: &[G]) -> Vec<Case> {
    [DType::F32, DType::F64].into_iter().flat_map(|dtype| of(dtype, one, two)).collect()
}

fn of(dtype: DType, one: &[F], two: &[G]) -> Vec<Case> {
    let mut all = vec![];
    all.extend(one.iter().map(|f| case(dtype, |a, _| vec![f(a), f(a).vjp(a * 0.0 + 0.7, &[a])[0]])));
    all.extend(two.iter().map(|f| {
        case(dtype, |a, b| {
            let y = f(a, b);
            let slopes = y.vjp(a * 0.0 + 0.7, &[a, b]);
            vec![y, slopes[0], slopes[1]]
        })
    }));
    all
}

#[test]
fn functions_have_the_bits_of_the_interpreter() {
    check("functions", PLAIN, &cases(ONE, TWO));
}

/// Special functions and their slopes.
pub(crate) fn special(whole: bool) -> Vec<Case> {
    let mut all = of(DType::F64, SPECIAL, SPECIAL_OF_TWO);
    let singles = of(DType::F32, SPECIAL, SPECIAL_OF_TWO);
    all.extend(singles.into_iter().step_by(if whole { 1 } else { 5 }));
    all
}

#[test]
fn special_functions_have_the_bits_of_the_interpreter() {
    check("special", PLAIN, &special(false));
}

/// Without an instruction for multiply-adds, roots and roundings the header brings functions of its own.
#[test]
#[cfg(target_arch = "x86_64")]
fn functions_have_the_same_bits_without_the_instructions() {
    check("soft", &["-O0", "-mno-fma", "-mno-sse4.1", "-DWG_NO_SQRT"], &cases(ONE, TWO));
}

#[test]
#[ignore = "a minute of a compiler; run with `--test bits -- --ignored wide_vectors`"]
#[cfg(target_arch = "x86_64")]
fn functions_have_the_same_bits_with_wide_vectors() {
    check("wide", &["-O3", "-march=native"], &cases(ONE, TWO));
}
