mod elementary;

use super::all_near;
use crate::number::{Digits, Num};

/// The functions on plain numbers.
macro_rules! plain {
    ($($name:ident($($p:ident)?);)*) => {
        $(fn $name<T: Digits>(x: T $(, $p: T)?) -> T {
            super::$name(Num(x) $(, Num($p))?).0
        })*
    };
}
plain! {
    exp(); exp_m1(); ln(); ln_1p(); sigmoid(); tanh(); sin(); cos(); sin_near(); cos_near(); erf(); normal_cdf(); powf(p);
}

/// Distance in units in the last place, across the subnormals and zero.
fn ulps(a: f64, b: f64) -> u64 {
    let place =
        |x: f64| if x.is_sign_negative() { -((x.to_bits() << 1 >> 1) as i64) } else { x.to_bits() as i64 };
    if a.is_nan() || b.is_nan() {
        if a.is_nan() && b.is_nan() { 0 } else { u64::MAX }
    } else {
        place(a).abs_diff(place(b))
    }
}
fn ulps32(a: f32, b: f32) -> u64 {
    let place = |x: f32| {
        if x.is_sign_negative() { -((x.to_bits() << 1 >> 1) as i64) } else { i64::from(x.to_bits()) }
    };
    if a.is_nan() || b.is_nan() {
        if a.is_nan() && b.is_nan() { 0 } else { u64::MAX }
    } else {
        place(a).abs_diff(place(b))
    }
}

fn sigmoid_of_std(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

/// A function in single precision, one in double that is right to far more than single precision, and the bound.
type Row32 = (&'static str, fn(f32) -> f32, fn(f64) -> f64, u64);

/// Ours in double precision stand in where the standard library has none; they have tests of their own.
const SINGLE: &[Row32] = &[
    ("exp", exp, f64::exp, 2),
    ("exp_m1", exp_m1, f64::exp_m1, 2),
    ("ln", ln, f64::ln, 2),
    ("ln_1p", ln_1p, f64::ln_1p, 2),
    ("tanh", tanh, f64::tanh, 2),
    ("sigmoid", sigmoid, sigmoid_of_std, 2),
    ("sin", sin, f64::sin, 2),
    ("cos", cos, f64::cos, 2),
    ("erf", erf, erf, 2),
    ("normal_cdf", normal_cdf, normal_cdf, 5),
    ("powf(2.3)", |x| powf(x, 2.3), |x| x.powf(f64::from(2.3f32)), 2),
    ("powf(-7)", |x| powf(x, -7.0), |x| x.powf(-7.0), 2),
];

fn hold_in_single(patterns: impl Iterator<Item = u32> + Clone) {
    for &(name, f, reference, bound) in SINGLE {
        for bits in patterns.clone() {
            let x = f32::from_bits(bits);
            let (got, want) = (f(x), reference(f64::from(x)) as f32);
            assert!(ulps32(got, want) <= bound, "{name}({x:e}) is {got:e}, not {want:e}");
        }
    }
}

/// Every 1009th bit pattern, all exponents and both signs.
#[test]
fn single_precision_is_within_its_bounds() {
    hold_in_single((0..=u32::MAX).step_by(1009));
}

/// n points in an interval: multiples of the golden ratio, modulo 1.
fn spread(n: u32, low: f64, high: f64) -> impl Iterator<Item = f64> {
    (0..n).map(move |i| low + (high - low) * (f64::from(i) * 0.618_033_988_749_894_9).fract())
}

#[test]
fn double_precision_is_within_two_ulp_of_the_standard_library() {
    type Row = (&'static str, fn(f64) -> f64, fn(f64) -> f64, &'static [(f64, f64)]);
    let rows: &[Row] = &[
        ("exp", exp, f64::exp, &[(-746.0, 710.0), (-1.0, 1.0)]),
        ("exp_m1", exp_m1, f64::exp_m1, &[(-40.0, 710.0), (-2.0, 2.0), (-1e-3, 1e-3)]),
        ("ln", ln, f64::ln, &[(0.0, 4.0), (0.5, 2.0), (0.0, f64::MAX), (0.0, 1e-307)]),
        ("ln_1p", ln_1p, f64::ln_1p, &[(-1.0, 3.0), (-0.4, 0.5), (0.0, 1e17), (-1e-3, 1e-3)]),
        ("sin", sin, f64::sin, &[(-7.0, 7.0), (-1e5, 1e5), (-2e12, 2e12)]),
        ("cos", cos, f64::cos, &[(-7.0, 7.0), (-1e5, 1e5), (-2e12, 2e12)]),
    ];
    for (name, f, reference, intervals) in rows {
        for &(low, high) in *intervals {
            for x in spread(400_000, low, high) {
                let (got, want) = (f(x), reference(x));
                assert!(ulps(got, want) <= 2, "{name}({x:e}) is {got:e}, not {want:e}");
            }
        }
    }
}

/// An unevaluated sum of two numbers, to about 100 bits. Source: Dekker 1971.
#[derive(Clone, Copy)]
struct Twofold(f64, f64);

impl Twofold {
    fn sum(a: f64, b: f64) -> Twofold {
        let s = a + b;
        let back = s - a;
        Twofold(s, (a - (s - back)) + (b - back))
    }
    fn add(self, b: Twofold) -> Twofold {
        let Twofold(s, e) = Twofold::sum(self.0, b.0);
        Twofold::sum(s, e + (self.1 + b.1))
    }
    fn mul(self, b: Twofold) -> Twofold {
        let p = self.0 * b.0;
        let e = self.0.mul_add(b.0, -p);
        Twofold::sum(p, e + (self.0 * b.1 + self.1 * b.0))
    }
    fn div(self, b: Twofold) -> Twofold {
        let q = Twofold(self.0 / b.0, 0.0);
        let rest = self.add(q.mul(Twofold(-b.0, -b.1)));
        q.add(Twofold(rest.0 / b.0, 0.0))
    }
    fn exp(self) -> Twofold {
        let n = (self.0 / std::f64::consts::LN_2).round();
        let ln2 = Twofold(std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17);
        let r = self.add(ln2.mul(Twofold(-n, 0.0)));
        let one = Twofold(1.0, 0.0);
        let series = (1..=27).rev().fold(one, |p, k| one.add(p.mul(r).div(Twofold(f64::from(k), 0.0))));
        let scale = 2f64.powi(n as i32);
        Twofold(series.0 * scale, series.1 * scale)
    }
    /// By how many units in the last place `got` is off.
    fn error(self, got: f64) -> f64 {
        let ulp = self.0.abs().next_up() - self.0.abs();
        ((got - self.0) - self.1).abs() / ulp
    }
}

fn hold_to(name: &str, f: fn(f64) -> f64, reference: fn(f64) -> Twofold, points: impl Iterator<Item = f64>) {
    for x in points {
        let off = reference(x).error(f(x));
        assert!(off <= 2.0, "{name}({x:e}) is off by {off} ulp");
    }
}

#[test]
fn double_precision_is_within_two_ulp_of_twofold_precision() {
    let one = Twofold(1.0, 0.0);
    // The reference itself can fail: it knows e and tells neighbours apart.
    assert_eq!(one.exp().0, std::f64::consts::E);
    assert!(one.exp().error(std::f64::consts::E.next_up()) > 0.4);
    let logistic: fn(f64) -> Twofold = |x| {
        let e = Twofold(-x.abs(), 0.0).exp();
        let one = Twofold(1.0, 0.0);
        if x < 0.0 { e.div(one.add(e)) } else { one.div(one.add(e)) }
    };
    hold_to("sigmoid", sigmoid, logistic, spread(200_000, -8.0, 8.0).chain(spread(200_000, -600.0, 40.0)));
    let hyperbolic: fn(f64) -> Twofold = |x| {
        let (e, one) = (Twofold(-2.0 * x.abs(), 0.0).exp(), Twofold(1.0, 0.0));
        let y = one.add(Twofold(-e.0, -e.1)).div(one.add(e));
        Twofold(y.0 * x.signum(), y.1 * x.signum())
    };
    hold_to("tanh", tanh, hyperbolic, spread(400_000, -1.5, 1.5).chain(spread(100_000, -20.0, 20.0)));
    // 2/√π·e^(−x²)·Σ 2ⁿ·x²ⁿ⁺¹/(2n + 1)!!, a sum of positive terms.
    let error: fn(f64) -> Twofold = |x| {
        let square = Twofold(x, 0.0).mul(Twofold(x, 0.0));
        let (mut term, mut sum, mut odd) = (Twofold(x, 0.0), Twofold(x, 0.0), 1.0);
        while term.0.abs() > 1e-33 * sum.0.abs() {
            odd += 2.0;
            term = term.mul(square).mul(Twofold(2.0, 0.0)).div(Twofold(odd, 0.0));
            sum = sum.add(term);
        }
        let bell = Twofold(-square.0, -square.1).exp();
        let scale = Twofold(std::f64::consts::FRAC_2_SQRT_PI, 1.533_545_961_316_588e-17);
        sum.mul(bell).mul(scale)
    };
    hold_to("erf", erf, error, spread(60_000, -6.1, 6.1).chain(spread(60_000, -1.3, 1.3)));
}

/// Φ by mpmath with 60 digits.
const NORMAL: &[(f64, f64)] = &[
    (-38.0, 2.88542835e-316),
    (-37.0, 5.725571222524577e-300),
    (-33.5, 2.4098386951203854e-246),
    (-30.0, 4.906713927148187e-198),
    (-25.25, 5.662814628323675e-141),
    (-20.0, 2.7536241186062337e-89),
    (-15.5, 1.7344607917938702e-54),
    (-12.0, 1.776482112077679e-33),
    (-10.0, 7.619853024160525e-24),
    (-8.0, 6.220960574271784e-16),
    (-6.5, 4.016000583859118e-11),
    (-5.0, 2.866515718791939e-07),
    (-4.0, 3.1671241833119924e-05),
    (-3.3, 0.0004834241423837775),
    (-2.5, 0.006209665325776135),
    (-2.0, 0.02275013194817921),
    (-1.6, 0.05479929169955798),
    (-1.2, 0.11506967022170828),
    (-1.0, 0.15865525393145705),
    (-0.9, 0.18406012534675947),
    (-0.81, 0.20897008787160157),
    (-0.79, 0.21476388416363712),
    (-0.5, 0.3085375387259869),
    (-0.1, 0.460172162722971),
    (-1e-09, 0.49999999960105773),
    (0.0, 0.5),
    (0.3, 0.6179114221889527),
    (0.79, 0.7852361158363629),
    (0.81, 0.7910299121283985),
    (1.0, 0.8413447460685429),
    (1.7, 0.955434537241457),
    (2.5, 0.9937903346742238),
    (4.0, 0.9999683287581669),
    (6.0, 0.9999999990134123),
    (8.0, 0.9999999999999993),
];

#[test]
fn the_normal_distribution_keeps_its_tail() {
    for &(x, want) in NORMAL {
        assert!(ulps(normal_cdf(x), want) <= 5, "Φ({x}) is {:e}, not {want:e}", normal_cdf(x));
    }
    assert_eq!((normal_cdf(f64::NEG_INFINITY), normal_cdf(f64::INFINITY)), (0.0, 1.0));
    assert_eq!((normal_cdf(-39.0f64), normal_cdf(-15.0f32)), (0.0, 0.0));
    assert!(normal_cdf(f64::NAN).is_nan() && normal_cdf(f32::NAN).is_nan());
}

/// Zeros of both signs, infinities, NaN, subnormals, the largest numbers, ends of domains.
#[test]
fn special_values_are_those_of_the_standard_library() {
    let values =
        [0.0, 5e-324, 1e-310, f64::MIN_POSITIVE, 1e-20, 1.0, 2.0, 1e13, 1e300, f64::MAX, f64::INFINITY];
    type Row = (&'static str, fn(f64) -> f64, fn(f64) -> f64, fn(f32) -> f32, fn(f32) -> f32);
    let rows: &[Row] = &[
        ("exp", exp, f64::exp, exp, f32::exp),
        ("exp_m1", exp_m1, f64::exp_m1, exp_m1, f32::exp_m1),
        ("ln", ln, f64::ln, ln, f32::ln),
        ("ln_1p", ln_1p, f64::ln_1p, ln_1p, f32::ln_1p),
        ("tanh", tanh, f64::tanh, tanh, f32::tanh),
        ("sin", sin, f64::sin, sin, f32::sin),
        ("cos", cos, f64::cos, cos, f32::cos),
    ];
    for (name, f, reference, g, single) in rows {
        for x in values.into_iter().flat_map(|x| [x, -x]).chain([f64::NAN]) {
            let same = |near: bool, got: f64, want: f64| {
                let exact = want == 0.0 || !want.is_finite();
                let signs = got.is_nan() || got.is_sign_negative() == want.is_sign_negative();
                assert!(
                    near && signs && (!exact || got == want || want.is_nan()),
                    "{name}({x:e}): {got:e}, not {want:e}"
                );
            };
            same(ulps(f(x), reference(x)) <= 2, f(x), reference(x));
            for x in [x as f32, f32::from_bits(7).copysign(x as f32)] {
                same(ulps32(g(x), single(x)) <= 2, f64::from(g(x)), f64::from(single(x)));
            }
        }
    }
    assert_eq!((erf(f64::INFINITY), erf(f64::NEG_INFINITY), erf(0.0)), (1.0, -1.0, 0.0));
    assert!(erf(f64::NAN).is_nan() && erf(f32::NAN).is_nan() && erf(-0.0f64).is_sign_negative());
    assert_eq!((exp(709.79f64), exp(88.73f32)), (f64::INFINITY, f32::INFINITY));
}

#[test]
fn powers_at_the_edges_are_those_of_the_standard_library() {
    let values = [0.0, 1e-40, 0.5, 1.0, 2.0, 2.5, 3.0, 16777215.0, 16777216.0, 1e30, f32::MAX, f32::INFINITY];
    let all: Vec<f32> = values.into_iter().flat_map(|x| [x, -x]).chain([f32::NAN]).collect();
    for &x in &all {
        for &p in &all {
            let (got, want) = (powf(x, p), x.powf(p));
            assert!(
                ulps32(got, want) <= 2 && (got.is_nan() || got.is_sign_negative() == want.is_sign_negative()),
                "{x:e} to the power of {p:e} is {got:e}, not {want:e}"
            );
        }
    }
}

#[test]
fn sigmoid_keeps_its_tails() {
    assert_eq!(sigmoid(-745.0f64), (-745.0f64).exp());
    assert_eq!(sigmoid(-800.0f64), 0.0);
    assert_eq!(sigmoid(800.0f64), 1.0);
    assert_eq!(sigmoid(0.0f32), 0.5);
    assert!(sigmoid(f64::NAN).is_nan());
    assert!((sigmoid(-250.0f64) / (-250.0f64).exp() - 1.0).abs() < 1e-15);
}

/// What σ and tanh have in common with their derivatives gives the same bits, whoever puts it together.
#[test]
fn parts_are_shared_without_a_difference() {
    for x in spread(10_000, -50.0, 50.0) {
        let bits = |(a, b): (f64, f64)| (a.to_bits(), b.to_bits());
        let of = |logistic: super::Logistic<f64>| {
            let (plus, minus) = logistic.of(Num(x));
            (plus.0, minus.0)
        };
        assert_eq!(bits(of(super::logistic(Num(x)))), bits((sigmoid(x), sigmoid(-x))));
        let (y, logistic) = super::tanh_and_logistic(Num(x));
        assert_eq!(y.0.to_bits(), tanh(x).to_bits());
        assert_eq!(bits(of(logistic)), bits((sigmoid(2.0 * x), sigmoid(-2.0 * x))));
    }
}

#[test]
fn blocks_of_near_arguments_take_the_same_bits() {
    assert!(all_near(&[1.0, -0.0, 9e11]) && all_near::<f32>(&[]));
    assert!(!all_near(&[0.0, 1e12]) && !all_near(&[f32::NAN, 0.0]) && !all_near(&[f64::NEG_INFINITY]));
    for x in spread(10_000, -1e7, 1e7) {
        assert_eq!((sin_near(x).to_bits(), cos_near(x).to_bits()), (sin(x).to_bits(), cos(x).to_bits()));
    }
}
