//! The stored arrays, and how far a result may be from them.

use std::fmt::Debug;
use std::str::FromStr;

const VALUES: &str = include_str!("values.txt");

/// The elements of the array of this name, whose shape must be the given one.
pub(crate) fn stored<T: FromStr<Err: Debug>>(name: &str, shape: &[usize]) -> Vec<T> {
    let mut words = VALUES
        .lines()
        .map(str::split_whitespace)
        .find_map(|mut words| (words.next() == Some(name)).then_some(words))
        .unwrap_or_else(|| panic!("{name} is not among the stored values"));
    let stored_shape: Vec<usize> = words.next().unwrap().split('x').map(|n| n.parse().unwrap()).collect();
    assert_eq!(stored_shape, shape, "shape of {name}");
    let elements: Vec<T> = words.map(|word| word.parse().unwrap()).collect();
    assert_eq!(elements.len(), shape.iter().product::<usize>(), "elements of {name}");
    elements
}

/// How many doubles lie between two, counted across zero.
pub(crate) fn ulps(a: f64, b: f64) -> u64 {
    let rank = |x: f64| {
        let magnitude = (x.to_bits() & (u64::MAX >> 1)) as i64;
        if x.is_sign_negative() { -magnitude } else { magnitude }
    };
    rank(a).abs_diff(rank(b))
}

/// Fails unless the elements are within 4 ulp, or within `atol`, of the stored ones.
pub(crate) fn assert_close(name: &str, shape: &[usize], got: &[f64], atol: f64) {
    let want = stored::<f64>(name, shape);
    assert_eq!(got.len(), want.len(), "elements of {name}");
    for (i, (&got, &want)) in got.iter().zip(&want).enumerate() {
        let apart = ulps(got, want);
        assert!(
            apart <= 4 || (got - want).abs() <= atol,
            "{name}[{i}] is {got:e}, {apart} ulp from {want:e}"
        );
    }
    let most = got.iter().zip(&want).map(|(&got, &want)| ulps(got, want)).max();
    println!("{name}: at most {} ulp", most.unwrap_or(0));
}

#[test]
fn ulps_counts_doubles() {
    assert_eq!(ulps(1.0, 1.0), 0);
    assert_eq!(ulps(1.0, 1.0 + f64::EPSILON), 1);
    assert_eq!(ulps(-1.0, -1.0 - 2.0 * f64::EPSILON), 2);
    assert_eq!(ulps(-0.0, 0.0), 0);
    assert_eq!(ulps(5e-324, -5e-324), 2);
}
