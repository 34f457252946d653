//! Where a panel's data are, in pixels.

use crate::axis::Axis;
use crate::clip::Bounds;
use crate::scene::{Point, Rect};

/// The space of a panel's data and the axes along it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) rect: Rect,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
}

impl Frame {
    /// A point of the data in the units of the axes, unless it cannot be drawn.
    pub(crate) fn units(&self, (x, y): (f64, f64)) -> Option<Point> {
        Some((self.x.units(x)?, self.y.units(y)?))
    }

    /// The pixel at units of the axes.
    pub(crate) fn pixel(&self, (x, y): Point) -> Point {
        let (x, y) = (self.x.fraction(x), self.y.fraction(y));
        (self.rect.x + x * self.rect.width, self.rect.bottom() - y * self.rect.height)
    }

    /// A point of the data in pixels, if it lies in the frame grown by some pixels.
    pub(crate) fn visible(&self, p: (f64, f64), beyond: f64) -> Option<Point> {
        self.units(p).map(|p| self.pixel(p)).filter(|&p| self.rect.grown(beyond).contains(p))
    }

    /// What the axes show, and some pixels beyond.
    pub(crate) fn bounds(&self, beyond: f64) -> Bounds {
        let grown = |axis: &Axis, length: f64| {
            let by = beyond / length * (axis.end - axis.start);
            (axis.start - by, axis.end + by)
        };
        let (x, y) = (grown(&self.x, self.rect.width), grown(&self.y, self.rect.height));
        Bounds { low: (x.0, y.0), high: (x.1, y.1) }
    }

    /// The point of the data at a pixel.
    pub(crate) fn value(&self, (x, y): Point) -> (f64, f64) {
        let (x, y) = ((x - self.rect.x) / self.rect.width, (self.rect.bottom() - y) / self.rect.height);
        (self.x.value(x), self.y.value(y))
    }
}
