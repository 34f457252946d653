use crate::values::{assert_close, stored};
use datasets::{Error, Moons, make_moons};

fn check(case: usize, n: usize, moons: &Moons) -> Result<(), Error> {
    let data = moons.generate()?;
    assert_eq!(data.y.to_vec(), stored::<i64>(&format!("moons/{case}/y"), &[n]));
    assert_eq!(data.x.dim(), (n, 2));
    let x = Vec::from_iter(data.x.iter().copied());
    assert_close(&format!("moons/{case}/x"), &[n, 2], &x, 0.0);
    Ok(())
}

#[test]
fn shuffled_with_noise() -> Result<(), Error> {
    check(0, 200, &make_moons(200).noise(0.1).random_state(42))?;
    check(2, 50, &make_moons(50).noise(0.3).random_state(0))
}

#[test]
fn shuffled_without_noise() -> Result<(), Error> {
    check(4, 31, &make_moons(31).shuffle(true).random_state(9))
}

#[test]
fn in_order() -> Result<(), Error> {
    check(1, 7, &make_moons(7).shuffle(false))
}

#[test]
fn a_size_for_each_moon() -> Result<(), Error> {
    check(3, 13, &make_moons((5, 8)).noise(0.05).random_state(3))?;
    check(6, 3, &make_moons((0, 3)).shuffle(false).random_state(5))
}

#[test]
fn a_single_sample() -> Result<(), Error> {
    check(5, 1, &make_moons(1).noise(0.2).random_state(5))
}
