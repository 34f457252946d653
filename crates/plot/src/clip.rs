//! The parts of lines and areas that lie within bounds. What is cut off keeps its slope, because new points lie on the old edges.

use crate::scene::Point;

/// A rectangle in the units of the axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) low: Point,
    pub(crate) high: Point,
}

impl Bounds {
    pub(crate) fn contains(&self, (x, y): Point) -> bool {
        (self.low.0..=self.high.0).contains(&x) && (self.low.1..=self.high.1).contains(&y)
    }

    /// The part of a segment that lies within, if there is one.
    ///
    /// Y.-D. Liang and B. A. Barsky, *A new concept and method for line clipping*, 1984. Each end is reckoned from the other
    /// one, so that an end far away costs the near one no digits.
    pub(crate) fn segment(&self, a: Point, b: Point) -> Option<(Point, Point)> {
        Some((self.exit(b, a)?, self.exit(a, b)?))
    }

    /// The last point within, on the way from `a` to `b`.
    fn exit(&self, a: Point, b: Point) -> Option<Point> {
        if self.contains(b) {
            return Some(b);
        }
        let (mut enter, mut leave) = (0.0, 1.0);
        let sides = [(a.0, b.0, self.low.0, self.high.0), (a.1, b.1, self.low.1, self.high.1)];
        for (a, b, low, high) in sides {
            let way = b - a;
            if way == 0.0 {
                if a < low || a > high {
                    return None;
                }
                continue;
            }
            let (first, last) = if way > 0.0 { (low, high) } else { (high, low) };
            enter = f64::max(enter, (first - a) / way);
            leave = f64::min(leave, (last - a) / way);
        }
        let [x, y] = sides.map(|(a, b, low, high)| {
            let border = if b > a { high } else { low };
            // On the border it is the border itself, without rounding.
            let on_border = a != b && (border - a) / (b - a) == leave;
            if on_border { border } else { (a + leave * (b - a)).clamp(low, high) }
        });
        (enter <= leave).then_some((x, y))
    }

    /// The part of an area that lies within: the corners of its outline, none if it lies outside.
    ///
    /// I. E. Sutherland and G. W. Hodgman, *Reentrant polygon clipping*, 1974. Parts that are not connected within are connected
    /// along the border.
    pub(crate) fn area(&self, corners: Vec<Point>) -> Vec<Point> {
        let swapped = |(x, y): Point| (y, x);
        let swap = |corners: Vec<Point>| corners.into_iter().map(swapped).collect();
        let upright = cut(cut(corners, self.low.0, 1.0), self.high.0, -1.0);
        swap(cut(cut(swap(upright), self.low.1, 1.0), self.high.1, -1.0))
    }
}

/// The part of an area whose first coordinates, times `sign`, are at least `border`, times `sign`.
fn cut(corners: Vec<Point>, border: f64, sign: f64) -> Vec<Point> {
    let Some(&last) = corners.last() else { return corners };
    let within = |p: Point| sign * p.0 >= sign * border;
    let (mut kept, mut previous) = (Vec::with_capacity(corners.len()), last);
    for corner in corners {
        if within(corner) != within(previous) {
            let (inner, outer) = if within(corner) { (corner, previous) } else { (previous, corner) };
            let t = (border - inner.0) / (outer.0 - inner.0);
            kept.push((border, inner.1 + t * (outer.1 - inner.1)));
        }
        if within(corner) {
            kept.push(corner);
        }
        previous = corner;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Bounds = Bounds { low: (0.0, 0.0), high: (1.0, 1.0) };

    #[test]
    fn segments_are_cut_where_they_cross_the_border() {
        let cases = [
            ("within", (0.2, 0.3), (0.7, 0.1), Some(((0.2, 0.3), (0.7, 0.1)))),
            ("out at the top", (0.0, 0.0), (1.0, 2.0), Some(((0.0, 0.0), (0.5, 1.0)))),
            ("in from the left", (-1.0, 0.0), (1.0, 1.0), Some(((0.0, 0.5), (1.0, 1.0)))),
            ("through a corner region", (-0.5, 0.0), (1.0, 1.5), Some(((0.0, 0.5), (0.5, 1.0)))),
            ("through, backwards", (1.0, 1.5), (-0.5, 0.0), Some(((0.5, 1.0), (0.0, 0.5)))),
            ("upright", (0.5, -3.0), (0.5, 3.0), Some(((0.5, 0.0), (0.5, 1.0)))),
            ("along the border", (-1.0, 1.0), (3.0, 1.0), Some(((0.0, 1.0), (1.0, 1.0)))),
            ("outside, on one side", (-1.0, 2.0), (3.0, 2.0), None),
            ("outside, past a corner", (-1.0, 0.5), (0.5, 3.0), None),
            ("a point within", (0.5, 0.5), (0.5, 0.5), Some(((0.5, 0.5), (0.5, 0.5)))),
            ("a point outside", (0.5, 1.5), (0.5, 1.5), None),
        ];
        for (name, a, b, expected) in cases {
            assert_eq!(UNIT.segment(a, b), expected, "{name}");
        }
    }

    /// The line y = 2x − ½, from within to points as far away as can be drawn.
    #[test]
    fn a_distant_end_changes_no_digit() {
        for far in [1e1, 1e10, 1e100, 9e299] {
            let out = UNIT.segment((0.5, 0.5), (0.5 + far / 2.0, 0.5 + far));
            assert_eq!(out, Some(((0.5, 0.5), (0.75, 1.0))), "{far}");
            let back = UNIT.segment((0.5 - far / 2.0, 0.5 - far), (0.5, 0.5));
            assert_eq!(back, Some(((0.25, 0.0), (0.5, 0.5))), "{far}");
        }
        // Both ends far away: some point or none, and no NaN.
        for (a, b) in [((-9e299, -9e299), (9e299, 9e299)), ((-9e299, 0.5), (9e299, 0.5))] {
            if let Some((p, q)) = UNIT.segment(a, b) {
                assert!(UNIT.contains(p) && UNIT.contains(q));
            }
        }
    }

    fn size(corners: &[Point]) -> f64 {
        let pairs = corners.iter().zip(corners.iter().cycle().skip(1));
        pairs.map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>() / 2.0
    }

    #[test]
    fn areas_are_cut_along_the_border() {
        let square =
            |x: f64, y: f64, side: f64| vec![(x, y), (x + side, y), (x + side, y + side), (x, y + side)];
        let cases = [
            (square(0.25, 0.25, 0.5), 0.25),
            (square(-1.0, -1.0, 4.0), 1.0),
            (square(0.5, 0.5, 9e299), 0.25),
            (square(2.0, 0.0, 1.0), 0.0),
            // A triangle over the top: the part below 1 is a trapezium.
            (vec![(0.0, 0.0), (1.0, 0.0), (0.5, 2.0)], 0.75),
            // Two prongs that hang together outside.
            (
                vec![
                    (0.0, 2.0),
                    (0.0, 0.0),
                    (0.2, 0.0),
                    (0.2, 1.5),
                    (0.8, 1.5),
                    (0.8, 0.0),
                    (1.0, 0.0),
                    (1.0, 2.0),
                ],
                0.4,
            ),
            (vec![], 0.0),
        ];
        for (corners, expected) in cases {
            let within = UNIT.area(corners.clone());
            assert!(within.iter().all(|&p| UNIT.contains(p)), "{corners:?}");
            assert!((size(&within) - expected).abs() < 1e-12, "{corners:?}: {within:?}");
        }
    }
}
