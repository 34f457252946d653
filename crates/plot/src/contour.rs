//! Lines of equal value, by marching squares.

use crate::scene::Point;
use std::collections::HashMap;

/// Values at the nodes of a grid, row by row.
pub(crate) struct Samples {
    pub(crate) cols: usize,
    pub(crate) values: Vec<f64>,
}

/// A side of a cell: to the right of or below a node.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Edge {
    node: usize,
    down: bool,
}

/// The lines along which the samples have the value `level`, in units of the grid: node (i, j) is at (i, j). A cell
/// with a corner that is not finite has none.
pub(crate) fn lines(samples: &Samples, level: f64) -> Vec<Vec<Point>> {
    let Samples { cols, values } = samples;
    let (cols, rows) = (*cols, values.len() / (*cols).max(1));
    let mut ends: HashMap<Edge, Vec<Edge>> = HashMap::new();
    let mut order = Vec::new();
    for row in 0..rows.saturating_sub(1) {
        for col in 0..cols.saturating_sub(1) {
            let node = row * cols + col;
            for (a, b) in segments(values, node, cols, level).into_iter().flatten() {
                for (from, to) in [(a, b), (b, a)] {
                    ends.entry(from).or_default().push(to);
                }
                order.push(a);
                order.push(b);
            }
        }
    }
    let at = |edge: Edge| {
        let (a, b) = (values[edge.node], values[edge.node + if edge.down { cols } else { 1 }]);
        let t = ((level - a) / (b - a)).clamp(0.0, 1.0);
        let (x, y) = ((edge.node % cols) as f64, (edge.node / cols) as f64);
        if edge.down { (x, y + t) } else { (x + t, y) }
    };
    // Open lines first, from their ends. The rest are rings.
    let (open, rings): (Vec<Edge>, Vec<Edge>) = order.into_iter().partition(|edge| ends[edge].len() == 1);
    let mut lines = Vec::new();
    for start in open.into_iter().chain(rings) {
        let mut line = vec![at(start)];
        let mut here = start;
        while let Some(next) = ends.get_mut(&here).and_then(Vec::pop) {
            if let Some(back) = ends.get_mut(&next)
                && let Some(i) = back.iter().position(|&edge| edge == here)
            {
                back.swap_remove(i);
            }
            line.push(at(next));
            here = next;
        }
        if line.len() > 1 {
            lines.push(line);
        }
    }
    lines
}

/// The one or two pieces of a line within a cell, as the sides where they enter and leave.
fn segments(values: &[f64], node: usize, cols: usize, level: f64) -> [Option<(Edge, Edge)>; 2] {
    let corners = [node, node + 1, node + cols + 1, node + cols].map(|n| values[n]);
    if corners.iter().any(|v| !v.is_finite()) {
        return [None, None];
    }
    let top = Edge { node, down: false };
    let left = Edge { node, down: true };
    let right = Edge { node: node + 1, down: true };
    let bottom = Edge { node: node + cols, down: false };
    // Bits from the top left corner clockwise: is the corner above the level?
    let case = corners.iter().fold(0, |bits, &v| bits << 1 | usize::from(v > level));
    let middle_above = corners.iter().map(|v| v / 4.0).sum::<f64>() > level;
    match case {
        0b1000 | 0b0111 => [Some((left, top)), None],
        0b0100 | 0b1011 => [Some((top, right)), None],
        0b0010 | 0b1101 => [Some((right, bottom)), None],
        0b0001 | 0b1110 => [Some((bottom, left)), None],
        0b1100 | 0b0011 => [Some((left, right)), None],
        0b0110 | 0b1001 => [Some((top, bottom)), None],
        // Saddles: the value in the middle decides which corners belong together.
        0b1010 if middle_above => [Some((top, right)), Some((bottom, left))],
        0b1010 => [Some((left, top)), Some((right, bottom))],
        0b0101 if middle_above => [Some((left, top)), Some((right, bottom))],
        0b0101 => [Some((top, right)), Some((bottom, left))],
        _ => [None, None],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(n: usize, f: impl Fn(f64, f64) -> f64) -> Samples {
        let values = (0..n * n).map(|i| f((i % n) as f64, (i / n) as f64)).collect();
        Samples { cols: n, values }
    }

    #[test]
    fn a_bowl_has_one_ring_at_the_radius_of_the_level() {
        let lines = lines(&samples(41, |x, y| (x - 20.0).powi(2) + (y - 20.0).powi(2)), 100.0);
        let [ring] = &lines[..] else { panic!("{} lines", lines.len()) };
        assert_eq!(ring.first(), ring.last());
        for (x, y) in ring {
            assert!(((x - 20.0).hypot(y - 20.0) - 10.0).abs() < 0.05);
        }
        let length: f64 = ring.windows(2).map(|w| (w[1].0 - w[0].0).hypot(w[1].1 - w[0].1)).sum();
        assert!((length - 20.0 * std::f64::consts::PI).abs() < 0.5, "{length}");
    }

    #[test]
    fn a_plane_has_one_straight_line_and_none_beyond_its_values() {
        let plane = samples(5, |x, y| x + y);
        let found = lines(&plane, 3.5);
        assert_eq!(found.len(), 1);
        assert!(found[0].iter().all(|(x, y)| (x + y - 3.5).abs() < 1e-12));
        assert!(lines(&plane, 9.0).is_empty());
    }

    #[test]
    fn a_saddle_has_two_branches() {
        let found = lines(&samples(21, |x, y| (x - 10.0) * (y - 10.0)), 7.0);
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_hole_in_the_data_is_a_hole_in_the_line() {
        let holed = samples(11, |x, y| if x == 5.0 { f64::NAN } else { y });
        let found = lines(&holed, 4.5);
        assert_eq!(found.len(), 2);
        assert!(found.iter().flatten().all(|(x, y)| x.is_finite() && *y == 4.5));
    }

    #[test]
    fn no_grid_has_no_lines() {
        assert!(lines(&Samples { cols: 0, values: vec![] }, 0.0).is_empty());
    }
}
