//! Where a panel's data are, in pixels.

use crate::axis::Axis;
use crate::scene::{Point, Rect};

/// The space of a panel's data and the axes along it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) rect: Rect,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
}

impl Frame {
    /// A point of the data in pixels, unless it cannot be drawn.
    pub(crate) fn at(&self, (x, y): (f64, f64)) -> Option<Point> {
        let (x, y) = (self.x.position(x)?, self.y.position(y)?);
        Some((self.rect.x + x * self.rect.width, self.rect.bottom() - y * self.rect.height))
    }

    /// The point of the data at a pixel.
    pub(crate) fn value(&self, (x, y): Point) -> (f64, f64) {
        let (x, y) = ((x - self.rect.x) / self.rect.width, (self.rect.bottom() - y) / self.rect.height);
        (self.x.value(x), self.y.value(y))
    }
}
