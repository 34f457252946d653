//! Distinct vertices of a hypercube.

use crate::error::{Error, filled, reserve};
use crate::random_state::RandomState;
use std::collections::HashSet;

/// The number of coordinates that make vertices distinct. Further coordinates are random bits. So there are at most `2^30`
/// vertices.
pub(crate) const DISTINCT_DIMENSIONS: usize = 30;

/// Draws `count` different vertices of the unit hypercube: row-major bits, `[count, dimensions]`.
///
/// The caller has checked that there are that many.
pub(crate) fn vertices(count: usize, dimensions: usize, rng: &mut RandomState) -> Result<Vec<bool>, Error> {
    let elements = count as u128 * dimensions as u128;
    let len =
        usize::try_from(elements).map_err(|_| Error::TooLarge { argument: "n_informative", elements })?;
    let mut bits = filled("n_informative", len, false)?;
    let width = dimensions.min(DISTINCT_DIMENSIONS);
    let free = dimensions - width;

    for vertex in bits.chunks_exact_mut(dimensions) {
        for bit in &mut vertex[..free] {
            *bit = rng.randint(0, 2)? == 1;
        }
    }
    let codes = sample_without_replacement(1 << width, count, rng)?;
    for (vertex, code) in bits.chunks_exact_mut(dimensions).zip(codes) {
        for (position, bit) in vertex[free..].iter_mut().rev().enumerate() {
            *bit = code >> position & 1 == 1;
        }
    }
    Ok(bits)
}

/// `count` different numbers from `0..population`, by the method that scikit-learn's function of
/// this name chooses: each draws differently.
fn sample_without_replacement(
    population: u32,
    count: usize,
    rng: &mut RandomState,
) -> Result<Vec<u32>, Error> {
    let ratio = count as f64 / f64::from(population);
    if ratio <= 0.01 {
        rejecting_repeats(population, count, rng)
    } else if ratio < 0.99 {
        let mut all = reserve("n_informative", population as usize)?;
        all.extend(0..population);
        rng.shuffle(&mut all);
        all.truncate(count);
        Ok(all)
    } else {
        reservoir(population, count, rng)
    }
}

fn rejecting_repeats(population: u32, count: usize, rng: &mut RandomState) -> Result<Vec<u32>, Error> {
    let mut chosen = reserve("n_classes", count)?;
    let mut seen = HashSet::new();
    seen.try_reserve(count)
        .map_err(|_| Error::TooLarge { argument: "n_classes", elements: count as u128 })?;
    while chosen.len() < count {
        let number = rng.randint(0, i64::from(population))? as u32;
        if seen.insert(number) {
            chosen.push(number);
        }
    }
    Ok(chosen)
}

/// Keeps the first `count` numbers and lets each later one replace a random one of them.
fn reservoir(population: u32, count: usize, rng: &mut RandomState) -> Result<Vec<u32>, Error> {
    let mut chosen = reserve("n_classes", count)?;
    chosen.extend(0..count as u32);
    for number in count as u32..population {
        let index = rng.randint(0, i64::from(number) + 1)? as usize;
        if let Some(slot) = chosen.get_mut(index) {
            *slot = number;
        }
    }
    Ok(chosen)
}
