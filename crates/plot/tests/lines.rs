//! Lines that leave the range, and shaded areas: where they are, in SVG and in PNG.

use plot::{Figure, Panel, PlotError};
use tiny_skia::Pixmap;

type Point = (f64, f64);

/// A panel of the unit square on a figure of 600×400 pixels.
fn unit() -> Panel<'static> {
    Panel::new("p").x_range(0.0..1.0).y_range(0.0..1.0)
}

fn figure(panel: Panel<'static>) -> Figure<'static> {
    Figure::new("f").size(600, 400).panel(panel)
}

/// The numbers in an attribute or in the data of a path.
fn numbers(text: &str) -> Vec<f64> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'))
        .filter_map(|n| n.parse().ok())
        .collect()
}

/// The frame that lines are clipped to: x, y, width, height.
fn frame(svg: &str) -> [f64; 4] {
    let rect = svg.split("<clipPath id=\"c0\"><rect ").nth(1).unwrap();
    numbers(&rect[..rect.find("/>").unwrap()]).try_into().unwrap()
}

/// The clipped paths whose attributes hold a text, as lines of points in units of the frame, y upwards.
fn lines_with(svg: &str, attribute: &str) -> Vec<Vec<Point>> {
    if !svg.contains("<clipPath") {
        return Vec::new();
    }
    let [x, y, width, height] = frame(svg);
    let paths = svg.lines().filter(|line| line.contains("clip-path=") && line.contains(attribute));
    let data = paths.flat_map(|line| line.split('"').nth(1).unwrap().split('M').skip(1));
    data.map(|line| {
        let points: Vec<f64> = numbers(line);
        points.chunks(2).map(|p| ((p[0] - x) / width, 1.0 - (p[1] - y) / height)).collect()
    })
    .collect()
}

/// The lines of a figure with one line.
fn lines(panel: Panel<'static>) -> Vec<Vec<Point>> {
    lines_with(&figure(panel).svg().unwrap(), "stroke-width=\"2.2\"")
}

/// Whether a pixel in units of the frame is not white, or within a pixel of one that is not.
fn inked(pixels: &Pixmap, [x, y, width, height]: [f64; 4], at: Point) -> bool {
    let (column, row) = ((x + at.0 * width).round() as i64, (y + (1.0 - at.1) * height).round() as i64);
    let near = (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (column + dx, row + dy)));
    near.into_iter().any(|(i, j)| {
        let pixel = pixels.pixel(i as u32, j as u32).unwrap();
        // The blue of the first series, blended with white or grey.
        pixel.blue() > pixel.red().saturating_add(60)
    })
}

/// y = slope · x leaves the unit square at x = 1 / slope, however far the line goes on.
#[test]
fn a_line_that_leaves_the_range_keeps_its_slope() {
    for slope in [1.5, 10.0, 50.0, 1e3, 1e6, 1e100, 9e299] {
        for (name, ends) in [("upwards", [(0.0, 0.0), (1.0, slope)]), ("back", [(1.0, slope), (0.0, 0.0)])] {
            let drawn = lines(unit().line("", &ends));
            assert_eq!(drawn.len(), 1, "{name} {slope}");
            for &(x, y) in &drawn[0] {
                // A hundredth of a pixel is rounded away.
                assert!((x - y / slope).abs() < 2e-4, "{name} {slope}: ({x}, {y})");
                assert!((-0.1..=1.1).contains(&x) && (-0.1..=1.1).contains(&y), "{name} {slope}: ({x}, {y})");
            }
            let top = drawn[0].iter().map(|p| p.1).fold(0.0, f64::max);
            assert!(top > 1.0, "it goes on to the border: {top}");
        }
    }
    // From below to above, and across a corner.
    let drawn = lines(unit().line("", &[(-1e4, -2e4), (1e4, 2e4)]));
    assert!(drawn[0].iter().all(|&(x, y)| (y - 2.0 * x).abs() < 1e-3), "{drawn:?}");
    let drawn = lines(unit().line("", &[(-3.0, 0.5), (0.5, 4.0)]));
    assert!(drawn.iter().flatten().all(|&(x, y)| y > 1.0 || x < 0.0), "it passes the corner: {drawn:?}");
}

#[test]
fn a_steep_line_is_where_it_should_be_in_the_png() {
    let panel = || unit().line("", &[(0.0, 0.0), (1.0, 100.0), (1.0, -1e6)]);
    let frame = frame(&figure(panel()).svg().unwrap());
    let pixels = Pixmap::decode_png(&figure(panel()).png().unwrap()).unwrap();
    for y in [0.1, 0.5, 0.9] {
        assert!(inked(&pixels, frame, (y / 100.0, y)), "on the line, at {y}");
        assert!(!inked(&pixels, frame, (0.03, y)), "right of the line, at {y}");
    }
    // The next piece runs down the right border, and what lies above the frame is white.
    assert!(inked(&pixels, frame, (1.0, 0.5)));
    assert!(!inked(&pixels, frame, (0.01, 1.02)) && !inked(&pixels, frame, (0.5, 0.5)));
}

/// On a logarithmic axis a straight piece is straight in the logarithms.
#[test]
fn the_slope_is_kept_on_a_logarithmic_axis() {
    let of = |points: &[Point]| {
        lines(Panel::new("p").x_range(0.0..1.0).y_range(1.0..10.0).log_y().line("", points))
    };
    for decades in [2.0, 60.0, 290.0] {
        let drawn = of(&[(0.0, 1.0), (1.0, 10f64.powf(decades))]);
        assert!(
            drawn[0].len() > 1 && drawn[0].iter().all(|&(x, y)| (x - y / decades).abs() < 2e-4),
            "{drawn:?}"
        );
        let drawn = of(&[(0.0, 10.0), (1.0, 10f64.powf(1.0 - decades))]);
        assert!(drawn[0].iter().all(|&(x, y)| (x - (1.0 - y) / decades).abs() < 2e-4), "{drawn:?}");
    }
    // To the least number: 324.3 decades below 1 at x = 1.
    let drawn = of(&[(0.0, 10.0), (1.0, 5e-324)]);
    let decades = 1.0 - 5e-324f64.log10();
    assert!(drawn[0].iter().all(|&(x, y)| (x - (1.0 - y) / decades).abs() < 2e-4), "{drawn:?}");
    // A number that is not positive interrupts the line.
    let gap = of(&[(0.0, 2.0), (0.2, 3.0), (0.4, 0.0), (0.6, 3.0), (0.8, 2.0)]);
    assert_eq!(gap.len(), 2);
}

#[test]
fn gaps_points_and_lines_out_of_sight() {
    let nan = f64::NAN;
    let cases: [(&str, &[Point], usize); 9] = [
        ("a gap", &[(0.1, 0.1), (0.2, 0.2), (nan, 0.5), (0.7, 0.7), (0.8, 0.9)], 2),
        ("an infinite value", &[(0.1, 0.1), (0.2, 0.2), (0.3, f64::INFINITY), (0.7, 0.7), (0.8, 0.9)], 2),
        ("out and in again", &[(0.1, 0.5), (0.3, 5.0), (0.5, 0.5)], 2),
        ("out over a gap", &[(0.1, 0.5), (0.3, 5.0), (nan, nan), (0.4, 5.0), (0.5, 0.5)], 2),
        ("above", &[(0.0, 2.0), (1.0, 3.0)], 0),
        ("left", &[(-2.0, 0.0), (-1.0, 1.0), (-3.0, 0.5)], 0),
        ("none", &[], 0),
        ("nothing that can be drawn", &[(nan, 0.0), (0.5, f64::INFINITY)], 0),
        ("round the frame", &[(-1.0, -1.0), (-1.0, 2.0), (2.0, 2.0), (2.0, -1.0)], 0),
    ];
    for (name, points, expected) in cases {
        let drawn = lines(unit().line("", points));
        assert_eq!(drawn.len(), expected, "{name}: {drawn:?}");
    }
}

/// A line of one point, or of one point repeated, is a dot.
#[test]
fn lines_without_length_are_dots() {
    for points in [&[(0.5, 0.5)][..], &[(0.5, 0.5); 2], &[(0.5, 0.5); 40]] {
        let panel = || unit().line("", points);
        let svg = figure(panel()).svg().unwrap();
        let [x, y, width, height] = frame(&svg);
        let dot = format!("M{} {}a2.5", trimmed(x + width / 2.0 - 2.5), trimmed(y + height / 2.0));
        assert!(svg.contains(&dot), "{} points: {dot}", points.len());
        let pixels = Pixmap::decode_png(&figure(panel()).png().unwrap()).unwrap();
        assert!(inked(&pixels, [x, y, width, height], (0.5, 0.5)));
    }
}

fn trimmed(x: f64) -> String {
    let text = format!("{x:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

const BLUE: &str = "fill=\"#0072b2\" fill-opacity";

/// The area of a polygon that does not cross itself.
fn area(corners: &[Point]) -> f64 {
    let pairs = corners.iter().zip(corners.iter().cycle().skip(1));
    (pairs.map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>() / 2.0).abs()
}

#[test]
fn a_band_lies_between_its_curves() {
    let svg = figure(unit().band("", &[0.0, 0.5, 1.0], &[0.2, 0.3, 0.2], &[0.4, 0.9, 0.4])).svg().unwrap();
    let bands = lines_with(&svg, BLUE);
    assert_eq!(bands.len(), 1);
    // Two trapezia: widths ½, sides 0.2 and 0.6.
    assert!((area(&bands[0]) - 0.4).abs() < 1e-3, "{bands:?}");

    // High and low may be exchanged, and may cross.
    let svg = figure(unit().band("", &[0.0, 1.0], &[0.2, 0.8], &[0.8, 0.2])).svg().unwrap();
    assert_eq!(lines_with(&svg, BLUE)[0].len(), 4);
    let crossing = || unit().band("", &[0.0, 1.0], &[0.2, 0.8], &[0.8, 0.2]).opacity(1.0);
    let svg = figure(crossing()).svg().unwrap();
    let pixels = Pixmap::decode_png(&figure(crossing()).png().unwrap()).unwrap();
    for at in [(0.1, 0.5), (0.9, 0.5)] {
        assert!(inked(&pixels, frame(&svg), at), "both halves are filled: {at:?}");
    }
    assert!(!inked(&pixels, frame(&svg), (0.5, 0.65)) && !inked(&pixels, frame(&svg), (0.5, 0.35)));
}

#[test]
fn a_band_is_interrupted_by_nan_and_cut_at_the_border() {
    let nan = f64::NAN;
    let x = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
    for place in 0..3 {
        let (mut x, mut low, mut high) = (x, [0.2; 6], [0.6; 6]);
        [&mut x, &mut low, &mut high][place][2] = nan;
        let svg = figure(unit().band("", &x, &low, &high)).svg().unwrap();
        let areas: Vec<f64> = lines_with(&svg, BLUE).iter().map(|b| area(b)).collect();
        assert_eq!(areas.len(), 2);
        assert!((areas[0] - 0.08).abs() < 1e-3 && (areas[1] - 0.16).abs() < 1e-3, "{areas:?}");
    }
    // From ½ upwards without end: the upper half of the frame, and not a pixel of the lower one.
    for high in [f64::INFINITY, 9e299, 1e308] {
        let panel = || unit().band("", &[-1e9, 1e9], &[0.5; 2], &[high; 2]).opacity(1.0);
        let svg = figure(panel()).svg().unwrap();
        let pixels = Pixmap::decode_png(&figure(panel()).png().unwrap()).unwrap();
        assert!(inked(&pixels, frame(&svg), (0.02, 0.98)) && inked(&pixels, frame(&svg), (0.98, 0.52)));
        assert!(!inked(&pixels, frame(&svg), (0.02, 0.48)) && !inked(&pixels, frame(&svg), (0.5, 1.03)));
    }
    // The lower edge keeps its slope on its way out.
    let svg = figure(unit().band("", &[0.0, 1.0], &[0.0, 1e3], &[1.0, 1e6])).svg().unwrap();
    let on_edge = |p: &Point| (p.0 - p.1 / 1e3).abs() < 2e-4;
    let bands = lines_with(&svg, BLUE);
    assert!(bands[0].iter().filter(|p| on_edge(p) && p.1 > 1.0).count() == 1, "{bands:?}");
    // Out of sight there is nothing.
    for panel in [
        unit().band("", &[0.0, 1.0], &[2.0; 2], &[3.0; 2]),
        unit().band("", &[2.0, 3.0], &[0.0; 2], &[1.0; 2]),
        unit().band("", &[5.0], &[0.0], &[1.0]),
        unit().band("", &[], &[], &[]),
        unit().band("", &[nan; 3], &[0.0; 3], &[1.0; 3]),
    ] {
        assert!(!figure(panel).svg().unwrap().contains(BLUE));
    }
}

#[test]
fn a_band_of_one_point_is_a_bar_and_a_logarithmic_one_reaches_the_border() {
    let one = || unit().band("", &[0.5], &[0.25], &[f64::INFINITY]).opacity(1.0);
    let svg = figure(one()).svg().unwrap();
    let pixels = Pixmap::decode_png(&figure(one()).png().unwrap()).unwrap();
    assert!(inked(&pixels, frame(&svg), (0.5, 0.3)) && inked(&pixels, frame(&svg), (0.5, 0.97)));
    assert!(!inked(&pixels, frame(&svg), (0.5, 0.2)) && !inked(&pixels, frame(&svg), (0.48, 0.5)));
    // A mean less its deviation may be negative.
    let log = || {
        let panel = Panel::new("").x_range(0.0..1.0).y_range(1e-3..1.0).log_y();
        panel.band("", &[0.0, 1.0], &[-0.1, 0.0], &[0.1, 0.1]).opacity(1.0)
    };
    let svg = figure(log()).svg().unwrap();
    let pixels = Pixmap::decode_png(&figure(log()).png().unwrap()).unwrap();
    assert!(inked(&pixels, frame(&svg), (0.5, 0.02)) && inked(&pixels, frame(&svg), (0.5, 0.64)));
    assert!(!inked(&pixels, frame(&svg), (0.5, 0.70)));
}

#[test]
fn bands_have_the_colour_of_the_series_before_and_widen_the_range() {
    let x = [0.0, 1.0];
    let panel = Panel::new("")
        .line("a", &[(0.0, 1.0), (1.0, 1.0)])
        .band("about a", &x, &[0.0; 2], &[2.0; 2])
        .line("b", &[(0.0, 5.0), (1.0, 5.0)])
        .band("about b", &x, &[4.0; 2], &[100.0, f64::INFINITY]);
    let svg = figure(panel).svg().unwrap();
    assert_eq!(lines_with(&svg, BLUE).len(), 1);
    assert_eq!(lines_with(&svg, "fill=\"#d55e00\" fill-opacity").len(), 1);
    assert!(svg.contains(">100</text>"), "the axis reaches the finite end");
    let order: Vec<_> =
        ["a", "about a", "b", "about b"].map(|name| svg.find(&format!(">{name}</text>"))).into();
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{order:?}");
}

#[test]
fn spans_cover_their_interval() {
    let grey = "fill=\"#6e6e6e\" fill-opacity";
    let of = |panel: Panel<'static>| lines_with(&figure(panel).svg().unwrap(), grey);
    let infinity = f64::INFINITY;
    let cases = [
        (unit().x_span("", 0.25..0.75), 0.5, (0.25, 0.75)),
        (unit().x_span("", -infinity..0.25), 0.25, (0.0, 0.25)),
        (unit().x_span("", 0.5..1e308), 0.5, (0.5, 1.0)),
        (unit().y_span("", 0.5..infinity), 0.5, (0.0, 1.0)),
        (unit().y_span("", -infinity..infinity), 1.0, (0.0, 1.0)),
    ];
    for (panel, size, (left, right)) in cases {
        let spans = of(panel);
        assert_eq!(spans.len(), 1);
        assert!((area(&spans[0]) - size).abs() < 1e-3, "{spans:?}");
        let x = spans[0].iter().map(|p| p.0);
        assert!((x.clone().fold(9.0, f64::min) - left).abs() < 1e-3);
        assert!((x.fold(-9.0, f64::max) - right).abs() < 1e-3);
    }
    // From nothing to 0.01 on an axis from 0.001 to 1: the lower third.
    let log = Panel::new("").x_range(0.0..1.0).y_range(1e-3..1.0).log_y().y_span("", 0.0..1e-2);
    assert!((area(&of(log)[0]) - 1.0 / 3.0).abs() < 1e-3);
    assert!(of(unit().x_span("", 2.0..3.0)).is_empty() && of(unit().y_span("", -2.0..-1.0)).is_empty());
    for range in [1.0..1.0, 2.0..1.0, f64::NAN..1.0, 0.0..f64::NAN] {
        let error = figure(unit().x_span("", range)).svg().unwrap_err();
        assert!(matches!(error, PlotError::Range { axis: 'x', .. }), "{error}");
    }
}

#[test]
fn wrong_lengths_and_opacities_are_refused() {
    for (low, high, what) in [(1, 2, "low ends of a band"), (2, 3, "high ends of a band")] {
        let error =
            figure(unit().band("", &[0.0, 1.0], &vec![0.0; low], &vec![1.0; high])).svg().unwrap_err();
        let given = if low == 1 { 1 } else { 3 };
        assert_eq!(error.to_string(), format!("panel `p`: {what}: {given} given, 2 needed"));
    }
    for opacity in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let error = figure(unit().opacity(opacity)).svg().unwrap_err();
        assert!(matches!(error, PlotError::Opacity { .. }), "{error}");
    }
    for opacity in [0.0, 1.0] {
        assert!(figure(unit().band("", &[0.0], &[0.0], &[1.0]).opacity(opacity)).png().is_ok());
    }
}
