//! Functions against values that mpmath computed with 120 digits and more (`truths.py`), against those of double precision, and
//! at special values against the standard library.

use super::{Twofold, spread, ulps, ulps32};
use crate::number::{Digits, Num, UnaryRow};
use crate::rows;

macro_rules! plain {
    ($($name:ident($($p:ident)?);)*) => {
        $(fn $name<T: Digits>(x: T $(, $p: T)?) -> T {
            crate::math::$name(Num(x) $(, Num($p))?).0
        })*
    };
}
plain! {
    sin(); cos(); tan(); sinh(); cosh(); asinh(); acosh(); atanh(); cbrt(); exp2(); log2(); log10(); asin(); acos(); atan();
    atan2(p); hypot(p); powf(p); exp(); exp_m1(); ln(); ln_1p(); tanh(); sigmoid(); erf(); normal_cdf();
}

/// Name, the function in both precisions, that of the standard library, and the bounds in units in the last place: of double
/// precision from the true value, of single precision from the nearest number.
type Row = (&'static str, fn(f64) -> f64, fn(f32) -> f32, fn(f64) -> f64, f64, u64);
const ONE: &[Row] = &[
    ("sin", sin, sin, f64::sin, 1.0, 1),
    ("cos", cos, cos, f64::cos, 1.0, 1),
    ("tan", tan, tan, f64::tan, 1.0, 1),
    ("sinh", sinh, sinh, f64::sinh, 1.0, 1),
    ("cosh", cosh, cosh, f64::cosh, 1.0, 1),
    ("asinh", asinh, asinh, |x| of_std(f64::asinh, x), 1.5, 2),
    ("acosh", acosh, acosh, |x| of_std(f64::acosh, x), 1.5, 2),
    ("atanh", atanh, atanh, f64::atanh, 1.0, 1),
    ("cbrt", cbrt, cbrt, f64::cbrt, 1.0, 1),
    ("exp2", exp2, exp2, f64::exp2, 1.0, 1),
    ("log2", log2, log2, f64::log2, 1.0, 1),
    ("log10", log10, log10, f64::log10, 1.0, 1),
    ("asin", asin, asin, f64::asin, 1.0, 1),
    ("acos", acos, acos, f64::acos, 1.0, 1),
    ("atan", atan, atan, f64::atan, 1.0, 1),
];
/// Functions that stand in other tests as well, or consist of others; where the standard library has none.
type Further = (&'static str, fn(f64) -> f64, fn(f32) -> f32, f64, u64);
const FURTHER: &[Further] = &[
    ("exp", exp, exp, 2.0, 2),
    ("exp_m1", exp_m1, exp_m1, 2.0, 2),
    ("ln", ln, ln, 2.0, 2),
    ("ln_1p", ln_1p, ln_1p, 2.0, 2),
    ("tanh", tanh, tanh, 2.0, 2),
    ("sigmoid", sigmoid, sigmoid, 2.0, 2),
    ("erf", erf, erf, 2.0, 2),
    ("normal_cdf", normal_cdf, normal_cdf, 5.0, 5),
    ("softplus", row::<rows::Softplus, f64>, row::<rows::Softplus, f32>, 3.0, 3),
];

fn row<F: UnaryRow, T: Digits>(x: T) -> T {
    F::value(Num(x), Num(x)).0
}

type RowOfTwo = (&'static str, fn(f64, f64) -> f64, fn(f32, f32) -> f32, fn(f64, f64) -> f64, f64, u64);
const TWO: &[RowOfTwo] = &[
    ("atan2", atan2, atan2, f64::atan2, 1.0, 1),
    ("hypot", hypot, hypot, f64::hypot, 1.0, 1),
    ("powf", powf, powf, f64::powf, 1.0, 1),
];

/// The standard library's asinh and acosh overflow.
fn of_std(f: fn(f64) -> f64, x: f64) -> f64 {
    if x.abs() < 1e300 { f(x) } else { f(x * 2f64.powi(-100)) + 100.0 * std::f64::consts::LN_2.copysign(x) }
}

const TRUTHS: &str = include_str!("truths.txt");

/// The largest error of each function in double precision, and where it is.
fn errors(truths: &str) -> Vec<(&'static str, f64, Vec<f64>, usize)> {
    let names =
        ONE.iter().map(|row| row.0).chain(FURTHER.iter().map(|row| row.0)).chain(TWO.iter().map(|row| row.0));
    let of_one = |name: &str| {
        let further = || FURTHER.iter().find(|row| row.0 == name).unwrap().1;
        ONE.iter().find(|row| row.0 == name).map_or_else(further, |row| row.1)
    };
    let mut worst: Vec<_> = names.map(|name| (name, 0.0, vec![], 0)).collect();
    for line in truths.lines() {
        let (name, numbers) = line.split_once(' ').unwrap();
        let numbers: Vec<f64> =
            numbers.split(' ').map(|bits| f64::from_bits(u64::from_str_radix(bits, 16).unwrap())).collect();
        let (arguments, [hi, lo]) = numbers.split_last_chunk().unwrap();
        let got = match *arguments {
            [x] => of_one(name)(x),
            [a, b] => TWO.iter().find(|row| row.0 == name).unwrap().1(a, b),
            _ => panic!("{line}"),
        };
        let error = if got.is_nan() { f64::INFINITY } else { Twofold(*hi, *lo).error(got) };
        let row = worst.iter_mut().find(|row| row.0 == name).unwrap();
        row.3 += 1;
        if error > row.1 {
            (row.1, row.2) = (error, arguments.to_vec());
        }
    }
    worst
}

#[test]
fn double_precision_is_within_its_bounds() {
    let bounds =
        ONE.iter().map(|row| row.4).chain(FURTHER.iter().map(|row| row.3)).chain(TWO.iter().map(|row| row.4));
    for ((name, error, at, count), bound) in errors(TRUTHS).into_iter().zip(bounds) {
        assert!(error <= bound && count > 100, "{name} is off by {error} ulp at {at:?}");
    }
    // A control: what is off by two units is seen.
    let off = f64::to_bits(1.0f64.atan().next_up().next_up());
    assert!(errors(&format!("atan 3ff0000000000000 {off:x} 0"))[14].1 > 1.5);
}

/// The table of docs/functions.md: `python3 truths.py 20000 > many.txt`, and
/// `WENGERT_TRUTHS=many.txt cargo test --release -p wengert-autograd --lib -- --ignored --nocapture largest_errors`
#[test]
#[ignore = "prints the table of docs/functions.md; run with `--release -- --ignored --nocapture largest_errors`"]
fn largest_errors() {
    let many = std::env::var("WENGERT_TRUTHS").map(|path| std::fs::read_to_string(path).unwrap());
    for (name, error, at, count) in errors(many.as_deref().unwrap_or(TRUTHS)) {
        println!("{name}: {error:.3} ulp in double precision, at {at:?}, of {count}");
    }
    let all =
        ONE.iter().map(|row| (row.0, row.1, row.2)).chain(FURTHER.iter().map(|row| (row.0, row.1, row.2)));
    for (name, f, single) in all {
        let points = (0..=u32::MAX).step_by(199).map(f32::from_bits);
        let off = points.map(|x| (off_in_single(single(x), f(f64::from(x))), x));
        let (error, at) = off.fold((0.0, 0.0), |worst, new| if new.0 > worst.0 { new } else { worst });
        println!("{name}: {error:.3} ulp in single precision, at {at:e}");
    }
    for (name, f, single, ..) in TWO {
        let off =
            pairs(9_000_000).map(|(a, b)| (off_in_single(single(a, b), f(f64::from(a), f64::from(b))), a, b));
        let worst = off.fold((0.0, 0.0, 0.0), |worst, new| if new.0 > worst.0 { new } else { worst });
        println!("{name}: {:.3} ulp in single precision, at {:e}, {:e}", worst.0, worst.1, worst.2);
    }
}

/// By how many units of single precision a result is off.
fn off_in_single(got: f32, want: f64) -> f64 {
    let nearest = want as f32;
    if got == nearest || (got.is_nan() && nearest.is_nan()) {
        if !nearest.is_finite() || nearest == 0.0 {
            return 0.0;
        }
    } else if !got.is_finite() || !nearest.is_finite() {
        return f64::INFINITY;
    }
    let ulp = f64::from(nearest.abs().next_up()) - f64::from(nearest.abs());
    (f64::from(got) - want).abs() / if ulp.is_finite() { ulp } else { f64::from(2f32.powi(104)) }
}

/// Pairs of bit patterns, half of them close to each other.
fn pairs(n: u32) -> impl Iterator<Item = (f32, f32)> {
    let scrambled = |i: u32| f32::from_bits(i.wrapping_mul(2_654_435_769) ^ (i >> 3));
    (0..n).map(move |i| {
        let (a, b) = (scrambled(2 * i), scrambled(2 * i + 1));
        (a, if i % 2 == 0 { b } else { a * (0.01 + (b.to_bits() % 400) as f32 / 100.0) })
    })
}

/// Of all exponents and both signs.
#[test]
fn single_precision_is_within_its_bounds() {
    let further = FURTHER.iter().map(|row| (row.0, row.1, row.2, row.4));
    for (name, f, single, bound) in ONE.iter().map(|row| (row.0, row.1, row.2, row.5)).chain(further) {
        for x in (0..=u32::MAX).step_by(10_007).map(f32::from_bits) {
            let (got, want) = (single(x), f(f64::from(x)) as f32);
            assert!(ulps32(got, want) <= bound, "{name}({x:e}) is {got:e}, not {want:e}");
        }
    }
    for (name, f, single, _, _, bound) in TWO {
        for (a, b) in pairs(200_000) {
            let (got, want) = (single(a, b), f(f64::from(a), f64::from(b)) as f32);
            assert!(ulps32(got, want) <= *bound, "{name}({a:e}, {b:e}) is {got:e}, not {want:e}");
        }
    }
}

/// Zeros of both signs, infinities, NaN, subnormals, the largest numbers, ends of domains.
fn special() -> Vec<f64> {
    let sizes = [
        0.0,
        5e-324,
        1e-310,
        f64::MIN_POSITIVE,
        1e-45,
        1e-40,
        1e-20,
        0.5,
        1.0,
        2.0,
        2.5,
        3.0,
        1e13,
        1e30,
        3e38,
        1e300,
    ];
    let sizes = sizes.into_iter().chain([9007199254740991.0, 9007199254740992.0, f64::MAX, f64::INFINITY]);
    sizes.flat_map(|x| [x, -x]).chain([f64::NAN, 1f64.next_up(), 1f64.next_down()]).collect()
}

/// The same NaN, zero with its sign, infinity. Else about the same: the standard library's acosh has 8 digits near 1.
fn alike(got: f64, want: f64) -> bool {
    let near = got == want || (got - want).abs() <= 1e-7 * want.abs() || ulps(got, want) <= 1;
    (got.is_nan() && want.is_nan())
        || (near && (got == 0.0) == (want == 0.0) && got.is_sign_negative() == want.is_sign_negative())
}

#[test]
fn special_values_are_those_of_annex_f() {
    for (name, f, single, reference, ..) in ONE {
        for x in special() {
            assert!(alike(f(x), reference(x)), "{name}({x:e}) is {:e}, not {:e}", f(x), reference(x));
            let (x, exact) = (x as f32, |y: f64| y == 0.0 || !y.is_finite());
            let (got, want) = (f64::from(single(x)), f64::from(reference(f64::from(x)) as f32));
            let same = got == want && got.is_sign_negative() == want.is_sign_negative()
                || got.is_nan() && want.is_nan();
            assert!(
                same || !exact(want) && !exact(got),
                "{name}({x:e}) in single precision is {got:e}, not {want:e}"
            );
        }
    }
    for (name, f, single, reference, ..) in TWO {
        for (a, b) in special().into_iter().flat_map(|a| special().into_iter().map(move |b| (a, b))) {
            let (got, want) = (f(a, b), reference(a, b));
            assert!(alike(got, want), "{name}({a:e}, {b:e}) is {got:e}, not {want:e}");
            let (a, b) = (a as f32, b as f32);
            let (got, want) = (single(a, b), reference(f64::from(a), f64::from(b)) as f32);
            let signs = got.is_nan() || got.is_sign_negative() == want.is_sign_negative();
            assert!(
                ulps32(got, want) <= 2 && signs,
                "{name}({a:e}, {b:e}) in single precision is {got:e}, not {want:e}"
            );
        }
    }
}

#[test]
fn what_is_exact_comes_out_exactly() {
    for n in -1074..1024 {
        let power = exp2(f64::from(n));
        assert_eq!(
            (power, log2(power)),
            (2f64.powi(n.max(-1022)) * 2f64.powi(n.min(-1022) + 1022), f64::from(n))
        );
    }
    assert_eq!(
        (exp2(1024.0f64), exp2(-1075.0f64), exp2(128.0f32), exp2(-150.0f32)),
        (f64::INFINITY, 0.0, f32::INFINITY, 0.0)
    );
    for n in 0..=22 {
        assert_eq!(log10(10f64.powi(n)), f64::from(n));
    }
    for n in 0..=10 {
        assert_eq!(log10(10f32.powi(n)), n as f32);
    }
    for n in -300..=300 {
        let cube = f64::from(n).powi(3);
        assert_eq!((cbrt(cube), cbrt(cube as f32)), (f64::from(n), n as f32));
    }
    for (a, b, c) in [(3.0, 4.0, 5.0), (5.0, 12.0, 13.0), (20.0, 21.0, 29.0)] {
        for scale in [1.0, 2f64.powi(-1070), 2f64.powi(1000), 2f64.powi(-450), 2f64.powi(505)] {
            assert_eq!(hypot(a * scale, b * scale), c * scale);
        }
    }
    for (x, p, y) in
        [(2.0, 0.5, std::f64::consts::SQRT_2), (3.0, 5.0, 243.0), (-2.0, 3.0, -8.0), (10.0, 22.0, 1e22)]
    {
        assert_eq!(powf(x, p), y);
    }
}

/// Both ways to reduce an argument agree where both hold.
#[test]
fn far_arguments_take_over_from_near_ones() {
    for x in spread(20_000, 1e12, 1.05e12) {
        for [far, near] in
            [[sin(x), crate::math::sin_near(Num(x)).0], [tan(x), crate::math::tan_near(Num(x)).0]]
        {
            assert!(ulps(far, near) <= 1, "{x:e}: {far:e} and {near:e}");
        }
    }
}
