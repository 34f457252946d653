//! Colours and markers that stay distinct for colour-blind readers and in print.

use crate::scene::{Color, Point, Step};
use std::f64::consts::{FRAC_PI_2, TAU};

pub(crate) const WHITE: Color = [255, 255, 255];
pub(crate) const INK: Color = [34, 34, 34];
/// Frames and ticks.
pub(crate) const FRAME: Color = [110, 110, 110];
/// Lines behind the data.
pub(crate) const GRID: Color = [229, 229, 229];
pub(crate) const CONTOUR: Color = [176, 176, 176];

/// The palette of M. Okabe and K. Ito, the strong colours first; yellow, hard to see on white, at the end.
pub(crate) const SERIES: [Color; 8] = [
    [0, 114, 178],
    [213, 94, 0],
    [0, 158, 115],
    [204, 121, 167],
    [230, 159, 0],
    [86, 180, 233],
    [0, 0, 0],
    [240, 228, 66],
];

/// The colour of the n-th series.
pub(crate) fn series(n: usize) -> Color {
    SERIES[n % SERIES.len()]
}

/// `a` at 0, `b` at 1, blended in between.
pub(crate) fn blend(a: Color, b: Color, t: f64) -> Color {
    let t = t.clamp(0.0, 1.0);
    std::array::from_fn(|i| (f64::from(a[i]) * (1.0 - t) + f64::from(b[i]) * t).round() as u8)
}

/// The background for a probability: tints of the first two series, near white where both are equally likely.
pub(crate) fn probability(p: f64) -> Color {
    if !p.is_finite() {
        return WHITE;
    }
    let (side, strength) = if p < 0.5 { (0, 1.0 - 2.0 * p) } else { (1, 2.0 * p - 1.0) };
    blend([248, 248, 248], blend(WHITE, series(side), 0.42), strength)
}

/// The n-th marker, of about the same area for every n.
pub(crate) fn marker(n: usize, at: Point, radius: f64) -> Vec<Step> {
    let up = -FRAC_PI_2;
    match n % 7 {
        0 => vec![Step::Circle(at, radius)],
        1 => polygon(at, 3, radius * 1.35, up),
        2 => polygon(at, 4, radius * 1.25, up / 2.0),
        3 => polygon(at, 4, radius * 1.35, up),
        4 => polygon(at, 3, radius * 1.35, -up),
        5 => polygon(at, 5, radius * 1.2, up),
        _ => polygon(at, 6, radius * 1.15, up),
    }
}

/// A star of five points.
pub(crate) fn star(at: Point, radius: f64) -> Vec<Step> {
    corners(at, 10, -FRAC_PI_2, |k| if k % 2 == 0 { radius } else { radius * 0.45 })
}

fn polygon(at: Point, n: usize, radius: f64, first: f64) -> Vec<Step> {
    corners(at, n, first, |_| radius)
}

fn corners((x, y): Point, n: usize, first: f64, radius: impl Fn(usize) -> f64) -> Vec<Step> {
    let corner = |k: usize| {
        let (sin, cos) = (first + TAU * k as f64 / n as f64).sin_cos();
        (x + radius(k) * cos, y + radius(k) * sin)
    };
    let mut steps = vec![Step::Move(corner(0))];
    steps.extend((1..n).map(|k| Step::Line(corner(k))));
    steps.push(Step::Close);
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_is_tinted_to_its_side_and_pale_in_the_middle() {
        let sum = |c: Color| c.iter().map(|&v| u32::from(v)).sum::<u32>();
        let [zero, half, one] = [0.0, 0.5, 1.0].map(probability);
        assert!(zero[2] > zero[0] && one[0] > one[2], "blue at 0, vermillion at 1");
        assert!(sum(half) > sum(zero) && sum(half) > sum(one));
        assert_eq!((probability(-3.0), probability(7.0)), (zero, one));
        assert_eq!(probability(f64::NAN), WHITE);
    }
}
