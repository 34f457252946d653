use crate::values::{assert_close, stored};
use datasets::{Error, RandomState};

/// `n` draws of one kind.
fn list<T>(n: usize, mut draw: impl FnMut() -> T) -> Vec<T> {
    (0..n).map(|_| draw()).collect()
}

/// One generator and the calls in the order of `values.py`: the odd number of normal variates
/// leaves one over for the next call.
fn draws(seed: u32) -> Result<(), Error> {
    let name = |call: &str| format!("random_state/{seed}/{call}");
    let rng = &mut RandomState::new(seed);
    assert_close(&name("random_sample"), &[20], &list(20, || rng.random_sample()), 0.0);
    assert_close(&name("randn"), &[21], &list(21, || rng.standard_normal()), 0.0);
    assert_close(&name("normal"), &[6], &list(6, || rng.normal(2.0, 0.5)), 0.0);
    assert_close(&name("uniform"), &[7], &list(7, || rng.uniform(-3.0, 5.0)), 0.0);

    let digits = list(30, || rng.randint(0, 10).unwrap());
    assert_eq!(digits, stored::<i64>(&name("randint"), &[30]));
    let wide = list(5, || rng.randint(0, 1 << 40).unwrap());
    assert_eq!(wide, stored::<i64>(&name("randint_wide"), &[5]));

    assert_eq!(rng.permutation(25)?, stored::<usize>(&name("permutation"), &[25]));
    let mut items = Vec::from_iter(0..12);
    rng.shuffle(&mut items);
    assert_eq!(items, stored::<usize>(&name("shuffle"), &[12]));
    assert_eq!(rng.choice(50, 8)?, stored::<usize>(&name("choice"), &[8]));
    assert_close(&name("rand"), &[3], &list(3, || rng.random_sample()), 0.0);
    Ok(())
}

#[test]
fn draws_of_seed_0() -> Result<(), Error> {
    draws(0)
}

#[test]
fn draws_of_seed_42() -> Result<(), Error> {
    draws(42)
}

#[test]
fn draws_of_the_largest_seed() -> Result<(), Error> {
    draws(u32::MAX)
}

/// Each range takes another path: one word, two words, an offset, no draw at all.
#[test]
fn randint_of_every_width_of_range() {
    let mut rng = RandomState::new(11);
    let mut check = |name: &str, n: usize, low: i64, high: i64| {
        let got = list(n, || rng.randint(low, high).unwrap());
        assert_eq!(got, stored::<i64>(&format!("randint/{name}"), &[n]), "{name}");
    };
    check("word", 4, 0, 1 << 32);
    check("word_and_one", 4, 0, (1 << 32) + 1);
    check("negative", 8, -7, -2);
    check("single", 2, 5, 6);
    check("all", 4, i64::MIN, i64::MAX);
    check("then", 4, 0, 100);
}
