//! An axis: its range, fitted or given, and its ticks.

use crate::error::PlotError;
use crate::font;
use std::ops::Range;

/// The size of the numbers at the ticks.
pub(crate) const TICK_SIZE: f64 = 13.0;

/// The shortest range of a linear axis. Steps between the numbers of a shorter one may not be numbers.
const SHORTEST: f64 = 1e-290;

/// The margin of a fitted range on each side of the data.
const MARGIN: f64 = 0.05;

/// A range. On a logarithmic axis it is the range of the logarithms to base 10.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Axis {
    pub(crate) start: f64,
    pub(crate) end: f64,
    pub(crate) log: bool,
}

/// A position on an axis, 0 at its start and 1 at its end, and the number there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) at: f64,
    pub(crate) label: String,
}

/// Whether a number can be drawn: finite, and with room left for differences and margins.
fn drawable(v: f64, log: bool) -> bool {
    v.abs() < 1e300 && (!log || v > 0.0)
}

impl Axis {
    /// A given range.
    pub(crate) fn given(range: &Range<f64>, log: bool, panel: &str, axis: char) -> Result<Axis, PlotError> {
        let Range { start, end } = *range;
        let refuse = |reason| Err(PlotError::Range { panel: panel.to_owned(), axis, start, end, reason });
        if !drawable(start, false) || !drawable(end, false) {
            let finite = start.is_finite() && end.is_finite();
            let reason =
                if finite { "both ends have to lie within ±1e300" } else { "both ends have to be finite" };
            return refuse(reason);
        }
        if start >= end {
            return refuse("the end has to lie above the start");
        }
        if !log && end - start < SHORTEST {
            return refuse("it is shorter than 1e-290");
        }
        if log && start <= 0.0 {
            return refuse("a logarithmic axis shows positive numbers only");
        }
        Ok(if log { Axis { start: start.log10(), end: end.log10(), log } } else { Axis { start, end, log } })
    }

    /// A range that holds all numbers which can be drawn, with a margin; 0..1 or 1..10 if there is none.
    pub(crate) fn fitted(values: impl Iterator<Item = f64>, log: bool) -> Axis {
        let values = values.filter(|&v| drawable(v, log)).map(|v| if log { v.log10() } else { v });
        let (start, end) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        let margin = if start > end {
            return Axis { start: 0.0, end: 1.0, log };
        } else if end - start > (1e-12 * start.abs().max(end.abs())).max(SHORTEST) {
            MARGIN * (end - start)
        } else if log || start.abs() < SHORTEST {
            0.5
        } else {
            // One value only: a range about it that its label can resolve.
            0.5 * start.abs()
        };
        Axis { start: start - margin, end: end + margin, log }
    }

    /// A number in the units of the axis: itself or its logarithm; `None` if it cannot be drawn.
    pub(crate) fn units(&self, v: f64) -> Option<f64> {
        drawable(v, self.log).then(|| if self.log { v.log10() } else { v })
    }

    /// The position of units of the axis, 0 at its start and 1 at its end.
    pub(crate) fn fraction(&self, units: f64) -> f64 {
        (units - self.start) / (self.end - self.start)
    }

    /// The number at a position.
    pub(crate) fn value(&self, position: f64) -> f64 {
        let v = self.start + position * (self.end - self.start);
        if self.log { 10f64.powf(v) } else { v }
    }

    /// Ticks at round numbers, on an axis of the given length in pixels. Their labels keep some distance.
    pub(crate) fn ticks(&self, pixels: f64, horizontal: bool) -> Vec<Tick> {
        let fits = |ticks: &[Tick]| {
            ticks.windows(2).all(|pair| {
                let extent = |tick: &Tick| {
                    if horizontal { font::width(&tick.label, TICK_SIZE) } else { TICK_SIZE }
                };
                let gap = (extent(&pair[0]) + extent(&pair[1])) / 2.0 + 0.8 * TICK_SIZE;
                (pair[1].at - pair[0].at).abs() * pixels >= gap
            })
        };
        let spacing = if horizontal { 70.0 } else { 45.0 };
        let wanted = (pixels / spacing).clamp(2.0, 10.0) as usize;
        let mut ticks = Vec::new();
        for count in (1..=wanted).rev() {
            ticks = if self.log { self.log_ticks(count) } else { self.linear_ticks(count) };
            if fits(&ticks) {
                return ticks;
            }
        }
        ticks.truncate(1);
        ticks
    }

    fn linear_ticks(&self, count: usize) -> Vec<Tick> {
        let raw = (self.end - self.start) / count as f64;
        let power = raw.log10().floor();
        let unit = 10f64.powf(power);
        // A step of 2.5 has one digit more than its power says.
        let (factor, digits) = [(1.0, 0.0), (2.0, 0.0), (2.5, 1.0), (5.0, 0.0), (10.0, -1.0)]
            .into_iter()
            .find(|(factor, _)| factor * unit >= raw * 0.999)
            .unwrap_or((10.0, -1.0));
        let step = factor * unit;
        let (first, last) = ((self.start / step - 1e-9).ceil(), (self.end / step + 1e-9).floor());
        let largest = self.start.abs().max(self.end.abs());
        let exponent = largest.log10().floor();
        let scientific = largest >= 1e5 || power < -4.0;
        // A range so far from zero that the steps cannot be told apart has no ticks.
        let count = if last - first < 100.0 && step / largest > 1e-12 {
            (last - first).max(-1.0) as usize + 1
        } else {
            0
        };
        let label = |v: f64| {
            if v == 0.0 {
                "0".to_owned()
            } else if scientific {
                let decimals = (exponent - power + digits).max(0.0) as usize;
                format!("{}·10{}", plain(v / 10f64.powf(exponent), decimals), superscript(exponent as i32))
            } else {
                plain(v, (digits - power).max(0.0) as usize)
            }
        };
        let tick = |k: usize| {
            let v = (first + k as f64) * step;
            Tick { at: (v - self.start) / (self.end - self.start), label: label(v) }
        };
        (0..count).map(tick).collect()
    }

    fn log_ticks(&self, count: usize) -> Vec<Tick> {
        let (first, last) = ((self.start - 1e-9).ceil() as i32, (self.end + 1e-9).floor() as i32);
        let decades = (last - first + 1).max(0) as usize;
        let at = |v: f64| (v - self.start) / (self.end - self.start);
        // Below 1e-300 there are no round numbers between powers of ten.
        if decades >= 2 || self.start < -300.0 {
            let least = decades.div_ceil(count.max(1));
            let stride = [20, 50, 100, 200].into_iter().find(|&s| least <= s && least > 10).unwrap_or(least);
            let powers = (first..=last).filter(|power| power.rem_euclid(stride as i32) == 0);
            return powers
                .map(|p| Tick { at: at(f64::from(p)), label: format!("10{}", superscript(p)) })
                .collect();
        }
        // Less than two powers of ten in sight: round numbers of the linear axis.
        let (low, high) = (10f64.powf(self.start), 10f64.powf(self.end));
        let linear = Axis { start: low, end: high, log: false };
        let ticks = linear.linear_ticks(count).into_iter();
        let positive = ticks.map(|tick| (linear.value(tick.at), tick.label)).filter(|(v, _)| *v > low * 0.5);
        positive.map(|(v, label)| Tick { at: at(v.log10()), label }).collect()
    }
}

/// A number with the given count of decimals and a true minus sign.
fn plain(v: f64, decimals: usize) -> String {
    format!("{v:.decimals$}").replace('-', "−")
}

fn superscript(n: i32) -> String {
    let raised = |c| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        c => c.to_digit(10).and_then(|d| char::from_u32(0x2070 + d)).unwrap_or(c),
    };
    n.to_string().chars().map(raised).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: Axis, pixels: f64) -> Vec<String> {
        axis.ticks(pixels, true).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn a_fitted_range_has_a_margin_and_leaves_out_what_is_not_finite() {
        let axis = Axis::fitted([f64::NAN, 10.0, f64::INFINITY, 30.0, -f64::INFINITY].into_iter(), false);
        assert_eq!(axis, Axis { start: 9.0, end: 31.0, log: false });
        let log = Axis::fitted([0.0, -5.0, 1.0, 100.0].into_iter(), true);
        assert_eq!(log, Axis { start: -0.1, end: 2.1, log: true });
    }

    #[test]
    fn no_data_and_equal_data_have_a_range_too() {
        let range = |values: &[f64]| {
            let axis = Axis::fitted(values.iter().copied(), false);
            (axis.start, axis.end)
        };
        assert_eq!(range(&[]), (0.0, 1.0));
        assert_eq!(range(&[0.0, 0.0]), (-0.5, 0.5));
        assert_eq!(range(&[4.0]), (2.0, 6.0));
        let (start, end) = range(&[-1e299, 1e299]);
        assert!(start.is_finite() && end.is_finite());
    }

    #[test]
    fn ticks_are_round_numbers_within_the_range() {
        let axis = Axis { start: -0.3, end: 6.3, log: false };
        assert_eq!(labels(axis, 500.0), ["0", "1", "2", "3", "4", "5", "6"]);
        let axis = Axis { start: -1.0, end: 1.0, log: false };
        assert_eq!(labels(axis, 300.0), ["−1.0", "−0.5", "0", "0.5", "1.0"]);
        let axis = Axis { start: 0.0, end: 2e6, log: false };
        assert_eq!(labels(axis, 350.0), ["0", "0.5·10⁶", "1.0·10⁶", "1.5·10⁶", "2.0·10⁶"]);
    }

    #[test]
    fn ticks_do_not_overlap_on_axes_of_any_length() {
        for range in [(0.0, 1.0), (-1e-7, 3e-6), (12345.0, 12346.0), (-1e12, 1e12), (1e9, 1e9 + 1e-6)] {
            for pixels in [30.0, 90.0, 200.0, 777.0] {
                let ticks = Axis { start: range.0, end: range.1, log: false }.ticks(pixels, true);
                for pair in ticks.windows(2) {
                    let needed: f64 = pair.iter().map(|tick| font::width(&tick.label, TICK_SIZE) / 2.0).sum();
                    assert!((pair[1].at - pair[0].at) * pixels > needed, "{range:?} {pixels} {ticks:?}");
                }
            }
        }
    }

    #[test]
    fn a_logarithmic_axis_counts_powers_of_ten() {
        let axis = Axis { start: -3.2, end: 1.1, log: true };
        assert_eq!(labels(axis, 600.0), ["10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹"]);
        let short = Axis::given(&(1.5..4.5), true, "", 'y').unwrap();
        assert_eq!(labels(short, 400.0), ["2", "3", "4"]);
        assert_eq!(axis.units(0.0), None);
    }

    /// The least positive number is 5e-324; its neighbours are as far away as it is large.
    #[test]
    fn the_least_numbers_have_ticks() {
        let right = |axis: Axis, expected: &[&str]| {
            for horizontal in [true, false] {
                let ticks = axis.ticks(400.0, horizontal);
                assert!(ticks.iter().all(|t| (-0.01..=1.01).contains(&t.at)), "{axis:?}: {ticks:?}");
                let labels: Vec<_> = ticks.iter().map(|tick| tick.label.as_str()).collect();
                assert_eq!(labels, expected, "{axis:?}");
            }
        };
        right(Axis::fitted([5e-324].into_iter(), true), &["10⁻³²³"]);
        right(Axis::fitted([5e-324, 1e-322].into_iter(), true), &["10⁻³²³", "10⁻³²²"]);
        right(Axis::given(&(5e-324..1e-323), true, "", 'y').unwrap(), &[]);
        right(Axis::given(&(1e-310..2e-309), true, "", 'y').unwrap(), &["10⁻³¹⁰", "10⁻³⁰⁹"]);
        let all = Axis::fitted([5e-324, 9e299].into_iter(), true);
        assert_eq!(labels(all, 400.0), ["10⁻²⁰⁰", "10⁰", "10²⁰⁰"]);
        assert_eq!(labels(all, 600.0), ["10⁻³⁰⁰", "10⁻²⁰⁰", "10⁻¹⁰⁰", "10⁰", "10¹⁰⁰", "10²⁰⁰", "10³⁰⁰"]);
        // On a linear axis they are as good as zero.
        for values in [[5e-324, 5e-324], [0.0, 5e-324], [-1e-310, 1e-300]] {
            right(Axis::fitted(values.into_iter(), false), &["−0.4", "−0.2", "0", "0.2", "0.4"]);
        }
    }

    #[test]
    fn impossible_ranges_are_refused() {
        let refused = |range: Range<f64>, log| Axis::given(&range, log, "p", 'y').is_err();
        assert!(refused(1.0..1.0, false) && refused(2.0..1.0, false) && refused(0.0..1.0, true));
        assert!(refused(f64::NAN..1.0, false) && refused(0.0..f64::INFINITY, false));
        assert!(refused(0.0..5e-324, false) && refused(-1e308..1e308, false));
        assert!(!refused(5e-324..1.0, true) && !refused(0.0..1e-289, false));
        assert!(!refused(0.0..1.0, false) && !refused(0.1..1.0, true));
    }
}
