//! Shapes of operands, drawn by themselves or to fit others.

use super::Draw;

const LENGTHS: [usize; 7] = [1, 2, 3, 5, 16, 17, 33];

impl Draw {
    pub(super) fn shape(&mut self, large: bool) -> Vec<usize> {
        if large {
            let n = 3_000 + self.below(17_000);
            return match self.below(4) {
                0 => vec![n],
                1 => vec![n / 17, 17],
                2 => vec![3, n / 3],
                _ => vec![33, n / 33],
            };
        }
        let rank = self.below(5);
        let mut shape: Vec<usize> = (0..rank).map(|_| self.length()).collect();
        while shape.iter().product::<usize>() > self.most / 4 {
            let at = self.below(rank);
            shape[at] = 1 + self.below(3);
        }
        shape
    }

    pub(super) fn length(&mut self) -> usize {
        if self.chance(2) { 0 } else { LENGTHS[self.below(7)] }
    }

    /// A shape that can be broadcast with another one: some axes of length 1, or without the first axes.
    pub(super) fn narrowed(&mut self, shape: &[usize]) -> Vec<usize> {
        let missing = if self.chance(30) { self.below(shape.len() + 1) } else { 0 };
        shape[missing..].iter().map(|&d| if self.chance(30) { 1 } else { d }).collect()
    }

    /// Another shape with the same number of elements.
    pub(super) fn regrouped(&mut self, shape: &[usize]) -> Vec<usize> {
        let mut factors: Vec<usize> = vec![];
        for &d in shape {
            match [2, 3, 5, 11].into_iter().find(|f| d > *f && d.is_multiple_of(*f)) {
                Some(f) => factors.extend([f, d / f]),
                None => factors.push(d),
            }
        }
        let mut result: Vec<usize> = vec![];
        for factor in factors {
            let merge = self.chance(50) || result.len() >= 4;
            match result.last_mut() {
                Some(last) if merge => *last *= factor,
                _ => result.push(factor),
            }
        }
        if self.chance(30) && result.len() < 4 {
            let at = self.below(result.len() + 1);
            result.insert(at, 1);
        }
        result
    }
}

pub(super) fn elements(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// The shape that two shapes are broadcast to, if they can be.
pub(super) fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at = |s: &[usize], i: usize| (i + s.len()).checked_sub(rank).map_or(1, |i| s[i]);
    (0..rank)
        .map(|i| match (at(a, i), at(b, i)) {
            (x, y) if x == y || y == 1 => Some(x),
            (1, y) => Some(y),
            _ => None,
        })
        .collect()
}

pub(super) fn product_shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let mut shape = broadcast(&a[..a.len() - 2], &b[..b.len() - 2])?;
    shape.extend([a[a.len() - 2], b[b.len() - 1]]);
    Some(shape)
}
