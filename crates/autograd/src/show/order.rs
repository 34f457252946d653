//! The order within the rows of a layered layout. The barycentre heuristic keeps crossings few.

use crate::lists::{IntoList, sort_by};

/// Elements of each row, from left to right.
pub(super) type Rows = Vec<Vec<usize>>;

/// An edge from an element to one in a lower row. Each end has a horizontal offset from the centre of its element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) above: (usize, f64),
    /// The offset is `None` while edges that share the top of an item wait for theirs.
    pub(super) below: (usize, Option<f64>),
}

/// The number of passes, down and up by turns. The best order of all passes is kept.
const SWEEPS: usize = 8;

/// Orders each row by the mean position of its neighbours in the rows above, then below, by turns.
pub(super) fn sort(rows: &mut Rows, links: &[Link], width: &[f64], elements: usize) {
    let mut ups: Vec<Vec<(usize, f64)>> = vec![vec![]; elements];
    let mut downs = ups.clone();
    // The offset of an edge from the centre, as a fraction of the element's width.
    let part = |(e, at): (usize, f64)| if width[e] > 0.0 { at / width[e] } else { 0.0 };
    for link in links {
        let below = (link.below.0, link.below.1.unwrap_or(0.0));
        ups[below.0].push((link.above.0, part(link.above)));
        downs[link.above.0].push((below.0, part(below)));
    }
    let mut position = vec![0.0; elements];
    let note = |row: &[usize], position: &mut Vec<f64>| {
        row.iter().enumerate().for_each(|(i, &e)| position[e] = i as f64);
    };
    rows.iter().for_each(|row| note(row, &mut position));
    let mut best = (crossings(rows, &ups, &position), rows.clone());
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        for r in 0..rows.len() {
            let r = if down { r } else { rows.len() - 1 - r };
            let neighbours = if down { &ups } else { &downs };
            let mut keyed: Vec<(f64, usize)> = rows[r]
                .iter()
                .map(|&e| match &neighbours[e][..] {
                    [] => (position[e], e),
                    all => (all.iter().map(|&(n, at)| position[n] + at).sum::<f64>() / all.len() as f64, e),
                })
                .listed();
            sort_by(&mut keyed, |a, b| a.0.total_cmp(&b.0));
            rows[r] = keyed.into_iter().map(|(_, e)| e).listed();
            note(&rows[r], &mut position);
        }
        let found = crossings(rows, &ups, &position);
        if found < best.0 {
            best = (found, rows.clone());
        }
    }
    *rows = best.1;
}

/// How many pairs of edges between neighbouring rows cross.
fn crossings(rows: &Rows, ups: &[Vec<(usize, f64)>], position: &[f64]) -> usize {
    let mut count = 0;
    for row in rows {
        let ends = row.iter().flat_map(|&e| {
            let mut from: Vec<f64> = ups[e].iter().map(|&(n, at)| position[n] + at).listed();
            sort_by(&mut from, f64::total_cmp);
            from
        });
        count += inversions(&mut ends.listed());
    }
    count
}

/// The number of pairs in the wrong order. It is counted by a merge sort, which sorts the list.
fn inversions(list: &mut [f64]) -> usize {
    if list.len() < 2 {
        return 0;
    }
    let (left, right) = list.split_at_mut(list.len() / 2);
    let mut count = inversions(left) + inversions(right);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut i, mut j) = (0, 0);
    while i < left.len() && j < right.len() {
        if left[i] <= right[j] {
            merged.push(left[i]);
            i += 1;
        } else {
            count += left.len() - i;
            merged.push(right[j]);
            j += 1;
        }
    }
    merged.extend_from_slice(&left[i..]);
    merged.extend_from_slice(&right[j..]);
    list.copy_from_slice(&merged);
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inversions_are_counted() {
        assert_eq!(inversions(&mut [1.0, 2.0, 2.0, 3.0]), 0);
        assert_eq!(inversions(&mut [3.0, 1.0, 2.0]), 2);
        assert_eq!(inversions(&mut [4.0, 3.0, 2.0, 1.0]), 6);
    }

    #[test]
    fn a_ladder_that_is_twisted_is_untwisted() {
        // 0 and 1 above 2 and 3, those above 4 and 5; every edge crosses another.
        let mut rows = vec![vec![0, 1], vec![2, 3], vec![4, 5]];
        let link = |a, b| Link { above: (a, 0.0), below: (b, Some(0.0)) };
        let links = [link(0, 3), link(1, 2), link(2, 5), link(3, 4)];
        sort(&mut rows, &links, &[10.0; 6], 6);
        let at = |e: usize| rows.iter().find_map(|row| row.iter().position(|&x| x == e)).unwrap();
        assert!(at(0) == at(3) && at(3) == at(4) && at(1) == at(2) && at(2) == at(5), "{rows:?}");
    }
}
