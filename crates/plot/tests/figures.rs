//! Whole figures: what the files hold, and that no data makes drawing panic.

use plot::{Figure, Panel, PlotError};
use std::fs;
use std::path::PathBuf;

/// A folder of its own for each test, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("wengert-plot-{}-{name}", std::process::id()));
        fs::remove_dir_all(&folder).ok();
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn circle(radius: f64, n: u32) -> Vec<(f64, f64)> {
    let angle = |i| std::f64::consts::TAU * f64::from(i) / f64::from(n);
    (0..n).map(|i| (radius * angle(i).cos(), radius * angle(i).sin())).collect()
}

/// One of everything.
fn full() -> Figure<'static> {
    let p = |x: f64, y: f64| 1.0 / (1.0 + (4.0 * (1.5 - x.hypot(y))).exp());
    let plane = Panel::new("Two rings")
        .x_label("first feature")
        .y_label("second feature")
        .equal_axes()
        .regions(p)
        .boundary(p, 0.5)
        .points("class 0", &circle(1.0, 70))
        .points("class 1", &circle(2.0, 90));
    let decay = |rate: f64| -> Vec<(f64, f64)> {
        (0..200).map(|i| (f64::from(i), (-rate * f64::from(i)).exp() + 1e-4)).collect()
    };
    let loss = Panel::new("Loss <per epoch>")
        .x_label("epoch")
        .y_label("loss")
        .log_y()
        .line("training", &decay(0.05))
        .dashed("held out", &decay(0.03));
    let valley = |x: f64, y: f64| (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
    let way: Vec<(f64, f64)> = (0..30).map(|i| -1.0 + f64::from(i) / 14.5).map(|x| (x, x * x)).collect();
    let path = Panel::new("Valley")
        .x_range(-2.0..2.0)
        .y_range(-1.0..3.0)
        .contours(valley, &[1.0, 10.0, 100.0, 1000.0])
        .path("way", &way);
    let digit: Vec<f64> = (0..64).map(|i| f64::from(i % 8 + i / 8) / 14.0).collect();
    let image = Panel::new("7 → 1").image(8, 8, &digit);
    let counts = [[48, 2, 0], [1, 45, 4], [0, 3, 47]];
    let names = ["ant", "bee", "cat"];
    let matrix = Panel::new("Confusion").x_label("predicted").y_label("true").matrix(&counts, &names, &names);
    let plain = Panel::new("Half a wave, and many series")
        .line("a", &[(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)])
        .points("b", &[(0.5, 0.9), (1.5, f64::NAN), (1.6, 0.9)])
        .points("c", &[(0.2, 0.8)])
        .points("d", &[(0.2, 0.6)])
        .points("e", &[(1.8, 0.6)])
        .points("f", &[(1.9, 0.9)])
        .line("", &[(0.0, 0.5), (2.0, 0.5)]);
    let panels = [plane, loss, path, image, matrix, plain];
    panels.into_iter().fold(Figure::new("One of everything").size(1300, 860).columns(3), Figure::panel)
}

#[test]
fn an_svg_holds_titles_labels_and_legends_as_text() {
    let svg = full().svg().unwrap();
    for text in ["One of everything", "Two rings", "first feature", "class 1", "held out", "way", "48", "bee"]
    {
        assert!(svg.contains(&format!(">{text}</text>")), "{text}");
    }
    assert!(svg.contains(">Loss &lt;per epoch&gt;</text>"));
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    assert!(svg.len() < 200_000, "{} bytes", svg.len());
}

#[test]
fn a_png_has_the_size_asked_for() {
    let pixels = tiny_skia::Pixmap::decode_png(&full().png().unwrap()).unwrap();
    assert_eq!((pixels.width(), pixels.height()), (1300, 860));
    // White paper at the corner, and something on it.
    let white = tiny_skia::PremultipliedColorU8::from_rgba(255, 255, 255, 255).unwrap();
    assert_eq!(pixels.pixel(0, 0), Some(white));
    let inked = pixels.pixels().iter().filter(|&&p| p != white).count();
    assert!(inked > 100_000, "{inked}");
}

#[test]
fn regions_and_points_show_where_they_belong() {
    let panel =
        Panel::new("").x_range(0.0..1.0).y_range(0.0..1.0).regions(|x, _| if x < 0.5 { 0.0 } else { 1.0 });
    let panel = panel.points("", &[]).points("", &[(0.25, 0.5)]);
    let pixels =
        tiny_skia::Pixmap::decode_png(&Figure::new("").size(400, 400).panel(panel).png().unwrap()).unwrap();
    let at = |x, y| pixels.pixel(x, y).map(|p| (p.red(), p.green(), p.blue())).unwrap();
    let (left, right) = (at(130, 80), at(330, 80));
    assert!(left.2 > left.0, "blue at 0: {left:?}");
    assert!(right.0 > right.2, "vermillion at 1: {right:?}");
    let vermillion =
        pixels.pixels().iter().filter(|p| (p.red(), p.green(), p.blue()) == (213, 94, 0)).count();
    assert!((30..200).contains(&vermillion), "a marker of the second series: {vermillion} pixels");
}

#[test]
fn both_files_appear_and_nothing_else() {
    let folder = Folder::new("files");
    let saved = full().save_in(&folder.0, "all").unwrap();
    let mut names: Vec<_> =
        fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["all.png", "all.svg"]);
    assert_eq!(fs::read_to_string(&saved.svg).unwrap(), full().svg().unwrap());
    assert_eq!(saved.to_string(), format!("{} and .png", folder.0.join("all.svg").display()));
}

#[test]
fn errors_name_the_file_and_the_panel() {
    let folder = Folder::new("errors");
    fs::create_dir_all(folder.0.join("taken.svg/full")).unwrap();
    let error = full().save_in(&folder.0, "taken").unwrap_err();
    assert!(matches!(error, PlotError::Io { .. }));
    assert!(error.to_string().ends_with("taken.svg"), "{error}");
    assert!(
        !fs::read_dir(&folder.0).unwrap().any(|e| e.unwrap().file_name().to_string_lossy().ends_with(".tmp"))
    );
    for name in ["", "..", "a/b", "../up"] {
        assert!(matches!(full().save_in(&folder.0, name), Err(PlotError::Name { .. })), "{name}");
    }
    let panel = Panel::new("Errors").x_range(1.0..f64::NAN);
    let error = Figure::new("").panel(panel).svg().unwrap_err();
    assert_eq!(
        error.to_string(),
        "panel `Errors`: the x range 1..NaN cannot be drawn: both ends have to be finite"
    );
}

#[test]
fn lengths_have_to_fit() {
    let wrong = [
        Panel::new("").image(2, 3, &[0.0; 5]),
        Panel::new("").matrix(&[[1, 2]], &["a", "b"], &["c", "d"]),
        Panel::new("").matrix(&[vec![1, 2], vec![3]], &["a", "b"], &["c", "d"]),
        Panel::new("").regions_of(|_| vec![0.5]),
        Panel::new("").boundary_of(|points| vec![0.5; points.len() + 1], 0.5),
    ];
    for panel in wrong {
        assert!(matches!(Figure::new("").panel(panel).svg(), Err(PlotError::Length { .. })));
    }
}

#[test]
fn sizes_that_hold_nothing_are_refused() {
    let figure =
        |width, height| Figure::new("").size(width, height).panel(Panel::new("p").y_label("y")).png();
    for (width, height) in [(0, 0), (60, 300), (300, 40), (20_000, 300)] {
        assert!(matches!(figure(width, height), Err(PlotError::Size { .. })), "{width}×{height}");
    }
    assert!(figure(200, 150).is_ok());
}

#[test]
fn no_data_makes_it_panic() {
    let odd = [f64::NAN, f64::INFINITY, -f64::INFINITY, 0.0, -0.0, 1e-320, 1e308, -1e308, 1.0, f64::MAX];
    let series: Vec<Vec<(f64, f64)>> = vec![
        vec![],
        vec![(1.0, 2.0)],
        vec![(f64::NAN, 0.0)],
        vec![(0.0, 0.0); 3],
        odd.iter().map(|&v| (v, v)).collect(),
        odd.iter().map(|&v| (1.0, v)).collect(),
        odd.iter().map(|&v| (v, 1e-310)).collect(),
    ];
    for (i, points) in series.iter().enumerate() {
        for j in 0..3 {
            let panel =
                Panel::new("odd").line("a", points).path("b", points).points("c", points).dashed("", points);
            let panel = panel.regions(|x, _| x / 0.0).contours(|_, y| y.ln(), &[0.0, f64::NAN]);
            let panel = match j {
                0 => panel,
                1 => panel.log_y(),
                _ => panel.equal_axes(),
            };
            let figure = Figure::new("").size(300, 240).panel(panel);
            let svg = figure.svg().unwrap();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "series {i}, variant {j}");
            figure.png().unwrap();
        }
    }
    let none: [[usize; 0]; 0] = [];
    let empty = [
        Panel::new(""),
        Panel::new("").image(0, 0, &[]),
        Panel::new("").image(2, 1, &[f64::NAN, f64::INFINITY]),
        Panel::new("").matrix(&none, &[""; 0], &[""; 0]),
        Panel::new("").matrix(&[[usize::MAX, usize::MAX]], &["a"], &["b", "c"]),
    ];
    for panel in empty {
        Figure::new("").panel(panel).png().unwrap();
    }
    Figure::new("no panels").columns(3).png().unwrap();
}

#[test]
fn the_legend_leaves_the_data_alone() {
    let text_x = |svg: &str| -> f64 {
        let before = svg.split(">name</text>").next().unwrap();
        let start = before.rfind("<text x=\"").unwrap() + "<text x=\"".len();
        before[start..].split('"').next().unwrap().parse().unwrap()
    };
    // Data in the left half: the legend is at the right, and the other way round.
    let legend_at = |x: f64| {
        let panel = Panel::new("").x_range(0.0..1.0).y_range(0.0..1.0);
        let panel = panel.points("name", &[(x, 0.97), (x, 0.5), (x, 0.03)]);
        text_x(&Figure::new("").size(500, 400).panel(panel).svg().unwrap())
    };
    assert!(legend_at(0.1) > 350.0 && legend_at(0.93) < 200.0);
}

/// Every kind of mark with data made to break it: an answer or an error, soon, and no NaN in a file.
#[test]
fn hostile_data_in_every_mark() {
    let values = [
        vec![],
        vec![0.0],
        vec![5e-324; 2],
        vec![-5e-324, 5e-324],
        vec![1e-310, 1e-300],
        vec![7.0; 5],
        vec![1e9, 1e9 + 1e-6],
        vec![1.0, 1.0 + f64::EPSILON],
        vec![-9e299, 9e299],
        vec![f64::MIN, f64::MAX],
        vec![f64::NEG_INFINITY, 0.0, f64::INFINITY],
        vec![f64::NAN; 3],
        vec![0.0, f64::NAN, 1.0, f64::INFINITY, -1e300, 1e-320],
    ];
    for x in &values {
        for y in &values {
            let points: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
            for variant in 0..4 {
                let panel = Panel::new("")
                    .line("a", &points)
                    .dashed("b", &points)
                    .points("c", &points)
                    .path("d", &points)
                    .band("e", x, x, x)
                    .band("f", y, y, &vec![f64::INFINITY; y.len()])
                    .x_span("g", -1.0..f64::INFINITY)
                    .y_span("h", 0.0..5e-324);
                let panel = match variant {
                    0 => panel,
                    1 => panel.log_y(),
                    2 => panel.equal_axes().regions(|x, y| x * y).boundary(|x, y| x - y, 0.0),
                    _ => panel.y_range(1e-320..1e-310).log_y(),
                };
                let figure = Figure::new("").size(300, 260).panel(panel);
                let svg = figure.svg().unwrap();
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{x:?} {y:?} {variant}: {svg}");
                if variant == x.len() % 4 {
                    figure.png().unwrap();
                }
            }
        }
    }
}

#[test]
fn equal_axes_of_very_different_ranges_are_refused() {
    for (x, y) in [(1e299, 1.0), (1.0, 1e299), (1e299, 1e-280), (1e-280, 1e299), (1e5, 1.0)] {
        let panel =
            Panel::new("").x_range(0.0..x).y_range(0.0..y).equal_axes().contours(|x, y| x + y, &[0.5]);
        assert!(matches!(Figure::new("").panel(panel.regions(|x, _| x)).png(), Err(PlotError::Size { .. })));
    }
}

/// What took half a minute must not: lines of very many points, in any order.
#[test]
fn lines_of_very_many_points() {
    let scattered = |i: u32| f64::from(i.wrapping_mul(2_654_435_769) >> 8);
    let noise: Vec<(f64, f64)> = (0..300_000).map(|i| (f64::from(i), scattered(i))).collect();
    let star: Vec<(f64, f64)> = (0..20_000).map(|i| (scattered(i), scattered(i + 7))).collect();
    let svg = Figure::new("").panel(Panel::new("").line("noise", &noise).line("star", &star)).svg().unwrap();
    assert!(svg.len() < 800_000, "{}", svg.len());
}
