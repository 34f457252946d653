//! Which two factors to multiply next.

use super::equation::Letter;
use crate::lists::{IntoList, sort_once};

/// Up to so many factors, every order is tried: 3ⁿ steps.
const TRIED: usize = 8;

/// The first product of the order with the least work: the number of multiplications, summed over all products. The pair is
/// ascending. Of equal orders, the one that is found first is taken, so it depends on the equation and the lengths alone.
pub(super) fn next(
    factors: &[&[Letter]],
    result: &[Letter],
    length: &dyn Fn(Letter) -> usize,
) -> (usize, usize) {
    let mut letters = factors.concat();
    sort_once(&mut letters);
    let lengths = letters.iter().map(|&l| length(l) as f64).listed();
    let set = |f: &[Letter]| {
        let mut set = 0u128;
        for l in f {
            set |= letters.iter().position(|other| other == l).map_or(0, |k| 1 << k);
        }
        set
    };
    let work = |set: u128| {
        let mut work = 1.0;
        for (k, n) in lengths.iter().enumerate() {
            work *= if set >> k & 1 == 1 { *n } else { 1.0 };
        }
        work
    };
    let sets: Vec<u128> = factors.iter().map(|f| set(f)).listed();
    if sets.len() > TRIED {
        return cheapest(&sets, &work);
    }
    Search { sets, result: set(result), work: &work }.first()
}

/// The pair with the least work.
fn cheapest(sets: &[u128], work: &dyn Fn(u128) -> f64) -> (usize, usize) {
    let mut best = (f64::INFINITY, (0, 1));
    for j in 0..sets.len() {
        for i in 0..j {
            let cost = work(sets[i] | sets[j]);
            if cost < best.0 {
                best = (cost, (i, j));
            }
        }
    }
    best.1
}

struct Search<'a> {
    /// The letters of each factor.
    sets: Vec<u128>,
    result: u128,
    work: &'a dyn Fn(u128) -> f64,
}

impl Search<'_> {
    fn first(&self) -> (usize, usize) {
        let all = (1usize << self.sets.len()) - 1;
        let open: Vec<u128> = (0..=all).map(|group| self.open(group)).listed();
        // The least work for each group of factors, and the smaller part that is multiplied last.
        let mut best = vec![(0.0f64, 0usize); all + 1];
        for group in 1..=all {
            if group.is_power_of_two() {
                continue;
            }
            best[group].0 = f64::INFINITY;
            let mut part = (group - 1) & group;
            while part > 0 {
                let rest = group ^ part;
                let cost = best[part].0 + best[rest].0 + (self.work)(open[part] | open[rest]);
                // Each split is seen from both sides.
                if part < rest && (cost < best[group].0 || best[group].1 == 0) {
                    best[group] = (cost, part);
                }
                part = (part - 1) & group;
            }
        }
        let mut group = all;
        loop {
            let (part, rest) = (best[group].1, group ^ best[group].1);
            if part.is_power_of_two() && rest.is_power_of_two() {
                let (i, j) = (part.trailing_zeros() as usize, rest.trailing_zeros() as usize);
                return (i.min(j), i.max(j));
            }
            group = if part.is_power_of_two() { rest } else { part };
        }
    }

    /// The letters of the product of a group that someone outside of it needs.
    fn open(&self, group: usize) -> u128 {
        let letters = |inside: bool| {
            let chosen = self.sets.iter().enumerate().filter(move |(k, _)| (group >> k & 1 == 1) == inside);
            chosen.fold(0, |all, (_, set)| all | set)
        };
        letters(true) & (letters(false) | self.result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(terms: &[&str], result: &str, length: &dyn Fn(char) -> usize) -> (usize, usize) {
        let letters = |t: &str| t.chars().map(Letter::Named).collect::<Vec<_>>();
        let terms: Vec<Vec<Letter>> = terms.iter().map(|t| letters(t)).collect();
        let terms: Vec<&[Letter]> = terms.iter().map(|t| &t[..]).collect();
        next(&terms, &letters(result), &|l| match l {
            Letter::Named(c) => length(c),
            Letter::Leading(_) => 1,
        })
    }

    #[test]
    fn a_chain_of_matrices_begins_where_it_is_cheap() {
        let chain = ["ij", "jk", "kl"];
        // 2·100·2 + 2·2·100 against 100·2·100 + 2·100·100
        let narrow_left = |c| if "ik".contains(c) { 2 } else { 100 };
        assert_eq!(order(&chain, "il", &narrow_left), (0, 1));
        let narrow_right = |c| if "jl".contains(c) { 2 } else { 100 };
        assert_eq!(order(&chain, "il", &narrow_right), (1, 2));
    }

    #[test]
    fn many_factors_and_axes_of_length_0_have_an_order() {
        let chain: Vec<String> = ('a'..='l').zip('b'..).map(|(a, b)| format!("{a}{b}")).collect();
        let chain: Vec<&str> = chain.iter().map(|s| &s[..]).collect();
        let narrow = |c| if "de".contains(c) { 1 } else { 50 };
        assert_eq!(order(&chain, "am", &narrow), (2, 3));
        assert_eq!(order(&["ij", "jk", "kl"], "il", &|_| 0), order(&["ij", "jk", "kl"], "il", &|_| 0));
    }
}
