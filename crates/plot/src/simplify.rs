//! Lines with fewer points that look the same.

use crate::scene::Point;

/// How far a drawn line may be from the true one, in pixels.
const TOLERANCE: f64 = 0.15;
/// How many points make a line long, and how many of those are simplified at a time.
const LONG: usize = 2000;
const PART: usize = 250;

/// The points of a line that are needed to be within [`TOLERANCE`] of all of them, of long lines a little more than these.
pub(crate) fn simplified(points: &[Point]) -> Vec<Point> {
    if points.len() <= LONG {
        return needed(points);
    }
    // The search below takes squared time for some lines, such as noise. So long ones are thinned, and searched in parts.
    let thinned = thinned(points);
    let mut kept = Vec::new();
    for start in (0..thinned.len() - 1).step_by(PART) {
        let part = &thinned[start..thinned.len().min(start + PART + 1)];
        // A part begins where the one before ends.
        kept.pop();
        kept.extend(needed(part));
    }
    kept
}

/// The points of a line without those between others in columns of [`TOLERANCE`]: the first, the last, the highest and the lowest
/// of each stay.
fn thinned(points: &[Point]) -> Vec<Point> {
    let mut kept = Vec::new();
    let mut rest = points;
    while let Some(&(x, _)) = rest.first() {
        let count = rest.iter().take_while(|p| (p.0 - x).abs() < TOLERANCE).count().max(1);
        let (column, after) = rest.split_at(count);
        let by_height = |&i: &usize, &j: &usize| column[i].1.total_cmp(&column[j].1);
        let (low, high) = ((0..count).min_by(by_height), (0..count).max_by(by_height));
        let mut indices = [Some(0), low, high, Some(count - 1)];
        indices.sort_unstable();
        let mut latest = None;
        for i in indices {
            if i != latest {
                kept.extend(i.map(|i| column[i]));
            }
            latest = i;
        }
        rest = after;
    }
    kept
}

/// The points of a line that are needed to be within [`TOLERANCE`] of all of them (Ramer, Douglas and Peucker).
fn needed(points: &[Point]) -> Vec<Point> {
    let Some(last) = points.len().checked_sub(1).filter(|&last| last > 0) else { return Vec::new() };
    let mut keep = vec![false; points.len()];
    (keep[0], keep[last]) = (true, true);
    let mut open = vec![(0, last)];
    while let Some((a, b)) = open.pop() {
        let off = |i: usize| from_segment(points[i], points[a], points[b]);
        let Some(far) = (a + 1..b).max_by(|&i, &j| off(i).total_cmp(&off(j))) else { continue };
        if off(far) > TOLERANCE {
            keep[far] = true;
            open.extend([(a, far), (far, b)]);
        }
    }
    points.iter().zip(keep).filter_map(|(&p, keep)| keep.then_some(p)).collect()
}

/// The distance of two points.
pub(crate) fn distance(a: Point, b: Point) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// The distance of a point from the segment between two others.
fn from_segment(p: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let t = if length == 0.0 { 0.0 } else { ((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length };
    let t = t.clamp(0.0, 1.0);
    distance(p, (a.0 + t * dx, a.1 + t * dy))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise, a saw and a wave of many points: few are kept, quickly, and every point is near the line that they make.
    #[test]
    fn long_lines_are_simplified_in_parts() {
        let line = |y: &dyn Fn(u32) -> f64| -> Vec<Point> {
            (0..200_000).map(|i| (f64::from(i) / 400.0, y(i))).collect()
        };
        let noise = |i: u32| f64::from(i.wrapping_mul(2_654_435_769) >> 16) / 200.0;
        let lines = [
            line(&noise),
            line(&|i| if i % 2 == 0 { 0.0 } else { 2e5 / (1.0 + f64::from(i)) }),
            line(&|i| 80.0 * (f64::from(i) / 20_000.0).sin()),
        ];
        for (points, most) in lines.iter().zip([14_000, 14_000, 300]) {
            let kept = simplified(points);
            assert!(kept.len() < most, "{}", kept.len());
            assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
            for p in points.iter().step_by(997) {
                let near = kept.windows(2).filter(|s| s[0].0 - 1.0 <= p.0 && p.0 <= s[1].0 + 1.0);
                let off = near.map(|s| from_segment(*p, s[0], s[1])).fold(f64::INFINITY, f64::min);
                assert!(off <= 2.0 * TOLERANCE, "{p:?} is {off} away");
            }
        }
    }

    #[test]
    fn what_a_line_does_not_need_is_left_out() {
        let straight: Vec<Point> = (0..100).map(|i| (f64::from(i), 2.0 * f64::from(i))).collect();
        assert_eq!(simplified(&straight), [(0.0, 0.0), (99.0, 198.0)]);
        let corner = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)];
        assert_eq!(simplified(&corner), corner);
        let wave: Vec<Point> = (0..500).map(|i| (f64::from(i), 80.0 * (f64::from(i) / 40.0).sin())).collect();
        let kept = simplified(&wave);
        assert!(kept.len() < 150, "{}", kept.len());
        for p in wave {
            let off = kept.windows(2).map(|s| from_segment(p, s[0], s[1])).fold(f64::INFINITY, f64::min);
            assert!(off <= TOLERANCE);
        }
    }
}
