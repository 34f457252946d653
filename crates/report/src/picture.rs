//! Pictures and slides.

/// A picture: the text of an SVG file, with a caption.
///
/// What runs or loads something is refused; names in the picture are made unique, so that any number of pictures stand in
/// one page. In the dark its colours become others of the same hue.
///
/// ```
/// use report::{Picture, Report, Section};
/// let svg = r#"<svg width="40" height="20"><circle cx="9" cy="9" r="8" fill="teal"/></svg>"#;
/// let picture = Picture::new(svg, "A circle").described("A teal circle in the left half");
/// let page = Report::new("Shapes").section(Section::new("One").picture(picture)).to_html();
/// assert!(page.contains("aria-label=\"A teal circle in the left half\""));
/// ```
#[derive(Clone, Debug)]
pub struct Picture {
    pub(crate) svg: String,
    pub(crate) caption: String,
    pub(crate) description: String,
    pub(crate) wide: bool,
}

impl Picture {
    /// The text of an SVG file, and what stands below it.
    pub fn new(svg: impl Into<String>, caption: impl Into<String>) -> Picture {
        Picture { svg: svg.into(), caption: caption.into(), description: String::new(), wide: false }
    }

    /// What the picture shows, for those who do not see it. Without it they hear the caption.
    pub fn described(mut self, description: impl Into<String>) -> Picture {
        self.description = description.into();
        self
    }

    /// Keeps the picture's own size: where the page is narrower, it scrolls in a box. Without this call it shrinks.
    pub fn wide(mut self) -> Picture {
        self.wide = true;
        self
    }

    /// What is said to those who do not see it.
    pub(crate) fn label(&self) -> &str {
        if self.description.is_empty() { &self.caption } else { &self.description }
    }
}

/// A sequence of slides: epochs of a training, steps of a computation.
///
/// Without JavaScript, and on paper, the slides stand one below the other. With it, one is shown at a time, and a range input
/// with two buttons moves through them, by mouse, finger or keyboard; a screen reader says which one is shown.
///
/// ```
/// use report::{Report, Section, Slide, Slides};
/// let slides = (0..3).map(|epoch| Slide::new(format!("epoch {epoch}")).text("…")).collect();
/// let page = Report::new("A run").section(Section::new("Epochs").slides(Slides::new("Training", slides))).to_html();
/// assert!(page.contains("epoch 2"));
/// ```
#[derive(Clone, Debug)]
pub struct Slides {
    pub(crate) caption: String,
    pub(crate) slides: Vec<Slide>,
}

impl Slides {
    /// Slides in their order, with a caption for all.
    pub fn new(caption: impl Into<String>, slides: Vec<Slide>) -> Slides {
        Slides { caption: caption.into(), slides }
    }
}

/// One of [`Slides`]: a label, and below it a text, lines and a picture, each if there is one.
#[derive(Clone, Debug)]
pub struct Slide {
    pub(crate) label: String,
    pub(crate) text: String,
    pub(crate) lines: String,
    pub(crate) picture: Option<Picture>,
}

impl Slide {
    /// A slide with a label and nothing else.
    pub fn new(label: impl Into<String>) -> Slide {
        Slide { label: label.into(), text: String::new(), lines: String::new(), picture: None }
    }

    /// A paragraph.
    pub fn text(mut self, text: impl Into<String>) -> Slide {
        self.text = text.into();
        self
    }

    /// Lines in a font of equal widths, such as what a program prints.
    pub fn lines(mut self, lines: impl Into<String>) -> Slide {
        self.lines = lines.into();
        self
    }

    /// A picture. Its caption is not shown, because the slide has a label; it is the description if there is no other.
    pub fn picture(mut self, picture: Picture) -> Slide {
        self.picture = Some(picture);
        self
    }
}
