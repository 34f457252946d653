//! A drawing as a list of shapes. The writers of SVG and PNG both read it, so both look the same.

/// Red, green, blue.
pub(crate) type Color = [u8; 3];

/// A point in pixels, from the top left corner of the figure.
pub(crate) type Point = (f64, f64);

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Rect {
    pub(crate) fn new(x: f64, y: f64, width: f64, height: f64) -> Rect {
        Rect { x, y, width, height }
    }

    pub(crate) fn right(self) -> f64 {
        self.x + self.width
    }

    pub(crate) fn bottom(self) -> f64 {
        self.y + self.height
    }

    pub(crate) fn center(self) -> Point {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    pub(crate) fn contains(self, (x, y): Point) -> bool {
        (self.x..=self.right()).contains(&x) && (self.y..=self.bottom()).contains(&y)
    }

    /// The rectangle enlarged by a margin on every side.
    pub(crate) fn grown(self, by: f64) -> Rect {
        Rect::new(self.x - by, self.y - by, self.width + 2.0 * by, self.height + 2.0 * by)
    }

    /// The outline.
    pub(crate) fn steps(self) -> Vec<Step> {
        vec![
            Step::Move((self.x, self.y)),
            Step::Line((self.right(), self.y)),
            Step::Line((self.right(), self.bottom())),
            Step::Line((self.x, self.bottom())),
            Step::Close,
        ]
    }
}

/// A piece of a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    Move(Point),
    Line(Point),
    Close,
    /// A whole circle of its own.
    Circle(Point, f64),
}

/// The alignment of a text at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a path is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Paint {
    pub(crate) fill: Option<Color>,
    pub(crate) opacity: f64,
    /// Colour and width.
    pub(crate) stroke: Option<(Color, f64)>,
    /// Lengths of dash and gap.
    pub(crate) dash: Option<(f64, f64)>,
}

impl Paint {
    pub(crate) fn fill(color: Color) -> Paint {
        Paint { fill: Some(color), opacity: 1.0, stroke: None, dash: None }
    }

    pub(crate) fn stroke(color: Color, width: f64) -> Paint {
        Paint { fill: None, opacity: 1.0, stroke: Some((color, width)), dash: None }
    }

    pub(crate) fn and_stroke(self, color: Color, width: f64) -> Paint {
        Paint { stroke: Some((color, width)), ..self }
    }
}

/// A shape.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    Path {
        steps: Vec<Step>,
        paint: Paint,
        clip: Option<Rect>,
    },
    Text {
        /// The point on the base line, at the anchor.
        at: Point,
        text: String,
        size: f64,
        anchor: Anchor,
        color: Color,
        /// Whether the text reads upwards.
        turned: bool,
    },
    /// Colours row by row from the top, stretched over a rectangle.
    Image {
        rect: Rect,
        cols: u32,
        rows: u32,
        colors: Vec<Color>,
        /// Whether colours are blended between pixels. If not, each pixel is a flat rectangle.
        smooth: bool,
    },
}

/// A drawing.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) items: Vec<Item>,
}

impl Scene {
    /// Draws a path; an empty one is no item.
    pub(crate) fn path(&mut self, steps: Vec<Step>, paint: Paint, clip: Option<Rect>) {
        if !steps.is_empty() {
            self.items.push(Item::Path { steps, paint, clip });
        }
    }

    /// Writes a text that reads from left to right; an empty one is no item.
    pub(crate) fn text(&mut self, at: Point, text: &str, size: f64, anchor: Anchor, color: Color) {
        if !text.is_empty() {
            self.items.push(Item::Text { at, text: text.to_owned(), size, anchor, color, turned: false });
        }
    }

    /// Writes a text that reads upwards, centred.
    pub(crate) fn turned_text(&mut self, at: Point, text: &str, size: f64, color: Color) {
        if !text.is_empty() {
            let (text, anchor) = (text.to_owned(), Anchor::Middle);
            self.items.push(Item::Text { at, text, size, anchor, color, turned: true });
        }
    }
}
