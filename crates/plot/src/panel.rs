//! A panel: axes and what is drawn on them.

use crate::areas::{Band, OPACITY, Span};
use std::fmt;
use std::ops::Range;

/// Values of a function at many points.
pub(crate) type Field<'a> = Box<dyn Fn(&[(f64, f64)]) -> Vec<f64> + 'a>;

/// How a series of points is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Line,
    Dashed,
    Points,
    Path,
}

/// A named series. Its index among the series of the panel gives colour and marker.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) style: Style,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A grid of numbers that fills the panel.
#[derive(Debug)]
pub(crate) enum Grid {
    /// Grey values, 0 black to 1 white, row by row from the top.
    Image { rows: usize, cols: usize, pixels: Vec<f64> },
    /// Counts with their labels.
    Matrix { counts: Vec<Vec<usize>>, rows: Vec<String>, cols: Vec<String> },
}

/// One picture of a [`Figure`](crate::Figure): axes and what is drawn on them.
///
/// Each series (line, dashed line, points, path) takes the next colour of the palette and its own marker; a series
/// with an empty name has no entry in the legend. Points that are not finite are left out and interrupt a line, and so do numbers of
/// 10³⁰⁰ and more. A line that leaves the range is cut off at the border.
///
/// ```
/// use plot::{Figure, Panel};
/// let data: Vec<(f64, f64)> = (0..=40).map(|i| f64::from(i) / 10.0).map(|x| (x, x.sin())).collect();
/// let panel = Panel::new("A wave").x_label("time").y_label("height").line("sin", &data);
/// let svg = Figure::new("Example").panel(panel).svg()?;
/// assert!(svg.contains(">A wave</text>") && svg.contains(">time</text>"));
/// # Ok::<(), plot::PlotError>(())
/// ```
pub struct Panel<'a> {
    pub(crate) title: String,
    pub(crate) x_label: String,
    pub(crate) y_label: String,
    pub(crate) x_range: Option<Range<f64>>,
    pub(crate) y_range: Option<Range<f64>>,
    pub(crate) log_y: bool,
    pub(crate) equal_axes: bool,
    pub(crate) series: Vec<Series>,
    pub(crate) bands: Vec<Band>,
    pub(crate) spans: Vec<Span>,
    pub(crate) opacity: f64,
    pub(crate) regions: Option<Field<'a>>,
    pub(crate) boundaries: Vec<(Field<'a>, f64)>,
    pub(crate) contours: Vec<(Field<'a>, Vec<f64>)>,
    pub(crate) grid: Option<Grid>,
}

impl fmt::Debug for Panel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Panel { title, series, .. } = self;
        f.debug_struct("Panel").field("title", title).field("series", series).finish_non_exhaustive()
    }
}

impl<'a> Panel<'a> {
    /// An empty panel with a title; the title may be empty.
    pub fn new(title: impl Into<String>) -> Panel<'a> {
        Panel {
            title: title.into(),
            x_label: String::new(),
            y_label: String::new(),
            x_range: None,
            y_range: None,
            log_y: false,
            equal_axes: false,
            series: Vec::new(),
            bands: Vec::new(),
            spans: Vec::new(),
            opacity: OPACITY,
            regions: None,
            boundaries: Vec::new(),
            contours: Vec::new(),
            grid: None,
        }
    }

    /// What the horizontal axis shows.
    pub fn x_label(mut self, label: impl Into<String>) -> Panel<'a> {
        self.x_label = label.into();
        self
    }

    /// What the vertical axis shows.
    pub fn y_label(mut self, label: impl Into<String>) -> Panel<'a> {
        self.y_label = label.into();
        self
    }

    /// The range of the horizontal axis; without it the range fits the data with a margin of 5 %.
    pub fn x_range(mut self, range: Range<f64>) -> Panel<'a> {
        self.x_range = Some(range);
        self
    }

    /// The range of the vertical axis; without it the range fits the data with a margin of 5 %.
    pub fn y_range(mut self, range: Range<f64>) -> Panel<'a> {
        self.y_range = Some(range);
        self
    }

    /// Makes the vertical axis logarithmic. Values that are not positive are left out.
    pub fn log_y(mut self) -> Panel<'a> {
        self.log_y = true;
        self
    }

    /// Makes units equally long on both axes. A range that was not given grows as needed. It has no effect with
    /// [`log_y`](Panel::log_y).
    pub fn equal_axes(mut self) -> Panel<'a> {
        self.equal_axes = true;
        self
    }

    /// A line through points, in their order.
    pub fn line(self, name: impl Into<String>, points: &[(f64, f64)]) -> Panel<'a> {
        self.series(name, Style::Line, points)
    }

    /// A dashed line through points, in their order. The index of the series decides between long and short dashes.
    pub fn dashed(self, name: impl Into<String>, points: &[(f64, f64)]) -> Panel<'a> {
        self.series(name, Style::Dashed, points)
    }

    /// Points, each a marker; the shape of the marker differs from series to series as does the colour.
    pub fn points(self, name: impl Into<String>, points: &[(f64, f64)]) -> Panel<'a> {
        self.series(name, Style::Points, points)
    }

    /// A path through the plane: a line with small dots, a ring at its start and a star at its end.
    pub fn path(self, name: impl Into<String>, points: &[(f64, f64)]) -> Panel<'a> {
        self.series(name, Style::Path, points)
    }

    fn series(mut self, name: impl Into<String>, style: Style, points: &[(f64, f64)]) -> Panel<'a> {
        self.series.push(Series { name: name.into(), style, points: points.to_vec() });
        self
    }

    /// The area between two curves, such as a mean with its deviations: from `low[i]` to `high[i]` at each `x[i]`.
    ///
    /// It has the colour of the series that was added last (without one, that of the first), lies below all series, and has an entry
    /// in the legend if it has a name. A NaN interrupts it. An infinite end lies at the border, and on a logarithmic axis one that
    /// is not positive, too.
    ///
    /// ```
    /// use plot::{Figure, Panel};
    /// let x: Vec<f64> = (0..=20).map(|i| f64::from(i) / 10.0).collect();
    /// let mean: Vec<(f64, f64)> = x.iter().map(|&x| (x, (-x).exp())).collect();
    /// let (low, high): (Vec<f64>, Vec<f64>) = mean.iter().map(|&(x, y)| (y - 0.1 * x, y + 0.1 * x)).unzip();
    /// let panel = Panel::new("Loss").line("mean", &mean).band("± one deviation", &x, &low, &high);
    /// let svg = Figure::new("").panel(panel).svg()?;
    /// assert!(svg.contains("fill=\"#0072b2\" fill-opacity=\"0.2\""));
    /// assert!(svg.contains(">± one deviation</text>"));
    /// # Ok::<(), plot::PlotError>(())
    /// ```
    pub fn band(mut self, name: impl Into<String>, x: &[f64], low: &[f64], high: &[f64]) -> Panel<'a> {
        let n = self.series.len().saturating_sub(1);
        let (x, low, high) = (x.to_vec(), low.to_vec(), high.to_vec());
        self.bands.push(Band { name: name.into(), n, x, low, high });
        self
    }

    /// A grey interval of the horizontal axis over the whole height, such as the steps of a warm-up. An infinite end lies at the
    /// border. It does not widen the range.
    ///
    /// ```
    /// use plot::{Figure, Panel};
    /// let panel = Panel::new("").x_range(0.0..10.0).y_range(0.0..1.0).x_span("warm-up", 0.0..2.5).y_span("", 0.5..f64::INFINITY);
    /// let svg = Figure::new("").panel(panel).svg()?;
    /// assert_eq!(svg.matches("fill=\"#6e6e6e\" fill-opacity=\"0.2\"").count(), 3, "two spans, and one in the legend");
    /// assert!(svg.contains(">warm-up</text>"));
    /// # Ok::<(), plot::PlotError>(())
    /// ```
    pub fn x_span(self, name: impl Into<String>, range: Range<f64>) -> Panel<'a> {
        self.span(name, 'x', range)
    }

    /// A grey interval of the vertical axis over the whole width: see [`x_span`](Panel::x_span). On a logarithmic axis, an end that
    /// is not positive lies at the border.
    ///
    /// ```
    /// use plot::{Figure, Panel, PlotError};
    /// let panel = || Panel::new("Loss").y_range(1e-6..1.0).log_y();
    /// assert!(Figure::new("").panel(panel().y_span("converged", 0.0..1e-4)).svg()?.contains(">converged</text>"));
    /// let error = Figure::new("").panel(panel().y_span("", 1.0..0.5)).svg();
    /// assert!(matches!(error, Err(PlotError::Range { axis: 'y', .. })));
    /// # Ok::<(), plot::PlotError>(())
    /// ```
    pub fn y_span(self, name: impl Into<String>, range: Range<f64>) -> Panel<'a> {
        self.span(name, 'y', range)
    }

    fn span(mut self, name: impl Into<String>, axis: char, range: Range<f64>) -> Panel<'a> {
        self.spans.push(Span { name: name.into(), axis, range });
        self
    }

    /// The opacity of all bands and spans, from 0 to 1; without it 0.2.
    ///
    /// ```
    /// use plot::{Figure, Panel, PlotError};
    /// let panel = || Panel::new("").band("", &[0.0, 1.0], &[0.0, 1.0], &[2.0, 3.0]);
    /// assert!(Figure::new("").panel(panel().opacity(0.5)).svg()?.contains("fill-opacity=\"0.5\""));
    /// assert!(matches!(Figure::new("").panel(panel().opacity(1.5)).svg(), Err(PlotError::Opacity { .. })));
    /// # Ok::<(), plot::PlotError>(())
    /// ```
    pub fn opacity(mut self, opacity: f64) -> Panel<'a> {
        self.opacity = opacity;
        self
    }

    /// A background that shows a function over the panel: 0 in the tint of the first series, 1 in that of the second,
    /// blended in between. Use it for the probability of a class. Values that are not finite stay white.
    ///
    /// ```
    /// use plot::{Figure, Panel};
    /// let p = |x: f64, y: f64| 1.0 / (1.0 + (-x - y).exp());
    /// let panel = Panel::new("").x_range(-1.0..1.0).y_range(-1.0..1.0).regions(p).boundary(p, 0.5);
    /// assert!(Figure::new("Classes").panel(panel).svg()?.contains("<image"));
    /// # Ok::<(), plot::PlotError>(())
    /// ```
    pub fn regions(self, p: impl Fn(f64, f64) -> f64 + 'a) -> Panel<'a> {
        self.regions_of(pointwise(p))
    }

    /// As [`regions`](Panel::regions), with a function of all points at once: one forward pass instead of thousands.
    ///
    /// ```
    /// use plot::{Figure, Panel};
    /// let panel = Panel::new("").x_range(0.0..1.0).y_range(0.0..1.0);
    /// let panel = panel.regions_of(|points| points.iter().map(|&(x, y)| x * y).collect());
    /// assert!(Figure::new("Products").panel(panel).svg()?.contains("<image"));
    /// # Ok::<(), plot::PlotError>(())
    /// ```
    pub fn regions_of(mut self, p: impl Fn(&[(f64, f64)]) -> Vec<f64> + 'a) -> Panel<'a> {
        self.regions = Some(Box::new(p));
        self
    }

    /// The line along which a function has a given value, such as the border between two classes.
    pub fn boundary(self, v: impl Fn(f64, f64) -> f64 + 'a, level: f64) -> Panel<'a> {
        self.boundary_of(pointwise(v), level)
    }

    /// As [`boundary`](Panel::boundary), with a function of all points at once.
    pub fn boundary_of(mut self, v: impl Fn(&[(f64, f64)]) -> Vec<f64> + 'a, level: f64) -> Panel<'a> {
        self.boundaries.push((Box::new(v), level));
        self
    }

    /// Thin grey lines along which a function has given values.
    ///
    /// ```
    /// use plot::{Figure, Panel};
    /// let bowl = |x: f64, y: f64| x * x + y * y;
    /// let panel = Panel::new("Bowl").x_range(-3.0..3.0).y_range(-3.0..3.0).equal_axes();
    /// let panel = panel.contours(bowl, &[1.0, 4.0, 9.0]).path("way down", &[(3.0, 2.0), (1.0, 1.0), (0.0, 0.0)]);
    /// assert!(Figure::new("").panel(panel).svg()?.contains(">way down</text>"));
    /// # Ok::<(), plot::PlotError>(())
    /// ```
    pub fn contours(self, v: impl Fn(f64, f64) -> f64 + 'a, levels: &[f64]) -> Panel<'a> {
        self.contours_of(pointwise(v), levels)
    }

    /// As [`contours`](Panel::contours), with a function of all points at once.
    pub fn contours_of(mut self, v: impl Fn(&[(f64, f64)]) -> Vec<f64> + 'a, levels: &[f64]) -> Panel<'a> {
        self.contours.push((Box::new(v), levels.to_vec()));
        self
    }

    /// A grey image of `rows`×`cols` pixels, 0 black to 1 white, row by row from the top. It takes the place of axes;
    /// a later image or matrix replaces it.
    ///
    /// ```
    /// use plot::{Figure, Panel};
    /// let panel = Panel::new("a cross").image(3, 3, &[0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0]);
    /// assert!(Figure::new("").size(200, 200).panel(panel).svg()?.contains("<image"));
    /// # Ok::<(), plot::PlotError>(())
    /// ```
    pub fn image(mut self, rows: usize, cols: usize, pixels: &[f64]) -> Panel<'a> {
        self.grid = Some(Grid::Image { rows, cols, pixels: pixels.to_vec() });
        self
    }

    /// A table of counts as a heat map with its numbers, such as a confusion matrix; it takes the place of axes.
    ///
    /// ```
    /// use plot::{Figure, Panel};
    /// let counts = vec![vec![48, 2], vec![1, 49]];
    /// let panel = Panel::new("Confusion").x_label("predicted").y_label("true");
    /// let panel = panel.matrix(&counts, &["cat", "dog"], &["cat", "dog"]);
    /// assert!(Figure::new("").panel(panel).svg()?.contains(">48</text>"));
    /// # Ok::<(), plot::PlotError>(())
    /// ```
    pub fn matrix<C: AsRef<[usize]>>(
        mut self,
        counts: &[C],
        row_labels: &[impl ToString],
        col_labels: &[impl ToString],
    ) -> Panel<'a> {
        self.grid = Some(Grid::Matrix {
            counts: counts.iter().map(|row| row.as_ref().to_vec()).collect(),
            rows: row_labels.iter().map(ToString::to_string).collect(),
            cols: col_labels.iter().map(ToString::to_string).collect(),
        });
        self
    }
}

/// A function of one point as one of many.
fn pointwise(f: impl Fn(f64, f64) -> f64) -> impl Fn(&[(f64, f64)]) -> Vec<f64> {
    move |points| points.iter().map(|&(x, y)| f(x, y)).collect()
}
