//! One instruction set after the other: what the widest CPU computes with narrower ones, and that the bits agree.

use super::{Isa, Set, widest};
use crate::dtype::Float;
use crate::ir::Unary;
use crate::kernels::loops::Lane;
use crate::kernels::{max, sum, unordered, workers::Workers};
use crate::view::View;
use std::cell::Cell;

thread_local! {
    /// The widest that this thread may use.
    static WIDEST: Cell<Set> = const { Cell::new(Set::Avx512) };
}

pub(super) fn allows(set: Set) -> bool {
    set as u8 >= WIDEST.get() as u8
}

/// What `f` gives by each instruction set of this CPU, the widest first. Threads that it asks for keep the widest.
pub(crate) fn by_each_set<R>(mut f: impl FnMut() -> R) -> Vec<(Set, R)> {
    struct All;
    impl Drop for All {
        fn drop(&mut self) {
            WIDEST.set(Set::Avx512);
        }
    }
    let _all = All;
    let mut results = vec![];
    for set in [Set::Avx512, Set::Avx2, Set::Baseline] {
        WIDEST.set(set);
        if Isa::widest().set() == set {
            results.push((set, f()));
        }
    }
    results
}

/// Whether all instruction sets give the same.
pub(crate) fn agree<R: PartialEq>(f: impl FnMut() -> R) -> Result<(), String> {
    let results = by_each_set(f);
    match results.windows(2).find(|pair| pair[0].1 != pair[1].1) {
        None => Ok(()),
        Some(pair) => Err(format!("{:?} differs from {:?}", pair[1].0, pair[0].0)),
    }
}

/// The bits of numbers. A NaN is a NaN: which of two is handed on is the compiler's choice.
pub(crate) fn bits<T: Float>(numbers: &[T]) -> Vec<u64> {
    let of = |x: &T| if x.is_nan() { u64::MAX } else { x.to_f64().to_bits() };
    numbers.iter().map(of).collect()
}

/// Numbers where functions change their ways, both signs of each.
const SPECIAL: [f64; 30] = [
    0.0,
    f64::INFINITY,
    f64::NAN,
    f64::MIN_POSITIVE,
    f64::MAX,
    5e-324,
    1e-310,
    1.2e-38,
    1e-45,
    3.4e38,
    1e-20,
    1e-8,
    0.25,
    0.5,
    0.75,
    1.0,
    1.5,
    2.0,
    2.5,
    std::f64::consts::FRAC_PI_2,
    std::f64::consts::PI,
    9.0,
    17.5,
    50.0,
    87.3,
    103.9,
    709.7,
    745.1,
    1e5,
    1e22,
];

/// The special numbers, then others of all sizes and of moderate ones in turn.
pub(crate) fn numbers<T: Float>(count: usize, seed: u64) -> Vec<T> {
    let special = SPECIAL.iter().flat_map(|&x| [x, -x]).map(T::from_f64);
    let mut state = seed;
    let random = std::iter::repeat_with(move || {
        // SplitMix64, Steele et al. 2014.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    });
    let any = |z: u64| match size_of::<T>() {
        4 => T::from_f64(f32::from_bits(z as u32).into()),
        _ => T::from_f64(f64::from_bits(z)),
    };
    let moderate = |z: u64| T::from_f64(((z >> 11) as f64 / (1u64 << 53) as f64 - 0.5) * 40.0);
    let random = random.enumerate().map(move |(i, z)| if i % 2 == 0 { moderate(z) } else { any(z) });
    special.chain(random).take(count).collect()
}

/// The checks can fail. Where there is one instruction set alone, nothing is checked.
#[test]
fn each_set_has_code_of_its_own_and_a_planted_difference_is_seen() {
    let loops = by_each_set(|| <f32 as Lane>::unary(Unary::Exp) as usize);
    println!("instruction sets: {:?}", loops.iter().map(|(set, _)| set).collect::<Vec<_>>());
    assert!(loops.windows(2).all(|pair| pair[0].1 != pair[1].1));
    // What a compiler would do that fuses a product and a sum where the CPU can.
    let contracted = || {
        let x = numbers::<f32>(1000, 1);
        let one = |x: f32| if Isa::widest().set() == Set::Baseline { x * x + 1.0 } else { x.mul_add(x, 1.0) };
        bits(&widest(|| x.iter().map(|&x| one(x)).collect::<Vec<_>>()))
    };
    assert_eq!(agree(contracted).is_err(), loops.len() > 1);
}

fn reductions_agree<T: Float>(seed: u64, moderate: bool) {
    let (shape, strides) = ([5usize, 1030, 37], [1030 * 37, 37, 1]);
    let mut data = numbers::<T>(shape.iter().product(), seed);
    if moderate {
        data.iter_mut().for_each(|x| *x = T::from_f64(if x.to_f64().abs() < 1e3 { x.to_f64() } else { 0.1 }));
    }
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0], [0, 2, 1]] {
        let (dims, steps) = (order.map(|i| shape[i]), order.map(|i| strides[i]));
        let x = View { data: &data, offset: 0, shape: &dims, strides: &steps };
        for mask in 0..8usize {
            let gone = |axis: usize| mask >> axis & 1 == 1;
            let results = (0..3).filter(|&i| !gone(i)).map(|i| dims[i]).product();
            let reduced = |reduce: &dyn Fn(&mut [T])| {
                agree(|| {
                    let mut out = vec![T::default(); results];
                    reduce(&mut out);
                    bits(&out)
                })
            };
            let name = format!("{} over {mask:b} of {order:?}", T::DTYPE);
            reduced(&|out| sum::sum(x, &gone, out)).unwrap_or_else(|e| panic!("sum of {name}: {e}"));
            reduced(&|out| max::max(x, &gone, out)).unwrap_or_else(|e| panic!("max of {name}: {e}"));
        }
    }
    for n in 0..130 {
        let row = &data[..n];
        let x = View { data: row, offset: 0, shape: &[n], strides: &[1] };
        let all = || {
            let mut out = [T::default()];
            sum::sum(x, &|_| true, &mut out);
            bits(&[out[0], unordered::sum(row, &Workers::default(), |x| x * x)])
        };
        agree(all).unwrap_or_else(|e| panic!("sum of {n}: {e}"));
    }
}

#[test]
fn sums_and_largest_elements_are_the_same_by_each_set() {
    for seed in 0..2 {
        reductions_agree::<f32>(seed, seed == 0);
        reductions_agree::<f64>(seed, seed == 0);
    }
}
