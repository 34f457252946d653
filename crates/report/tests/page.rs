//! The page as a reader's browser gets it: what it may hold, and what nobody can put into it.

use report::{Picture, Report, Section, Slide, Slides, Table};
use std::collections::BTreeSet;

const SVG: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40">
<clipPath id="c0"><rect width="9" height="9"/></clipPath><rect id="frame" width="80" height="40" fill="#fff"/>
<path d="M0 0L40 20L80 0L40 10L20 30" clip-path="url(#c0)" fill="none" stroke="#0072b2"/></svg>"##;

fn full() -> Report {
    let slides =
        (0..3).map(|i| Slide::new(format!("epoch {i}")).text("t").lines("l").picture(Picture::new(SVG, "p")));
    Report::new("A run").lead("Lead.").facts([("seed", "1")]).section(
        Section::new("First")
            .text("Text.")
            .note("Note.")
            .facts([("a", "b")])
            .pictures([Picture::new(SVG, "one"), Picture::new(SVG, "two").wide()])
            .table(Table::new("t", ["a", "b"]).row(["x", "1"]))
            .fragment("<h2>Rule</h2><math display=\"block\"><mi>x</mi></math>")
            .code("code")
            .section(Section::new("Within").slides(Slides::new("Epochs", slides.collect()))),
    )
}

/// The values of an attribute.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    let value = |(at, _): (usize, &str)| page[at + start.len()..].split('"').next().unwrap_or_default();
    page.match_indices(&start).map(value).collect()
}

#[test]
fn names_are_unique_and_whatever_refers_finds() {
    let page = full().to_html();
    let ids = values(&page, "id");
    let set: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(set.len(), ids.len(), "{ids:?}");
    let links = values(&page, "href").into_iter().filter_map(|link| link.strip_prefix('#'));
    let paints =
        page.match_indices("url(#").map(|(at, _)| page[at + 5..].split(')').next().unwrap_or_default());
    let labels = values(&page, "aria-labelledby").into_iter();
    let mut found = 0;
    for name in links.chain(paints).chain(labels) {
        assert!(set.contains(name), "{name} is nowhere");
        found += 1;
    }
    assert!(found > 8, "{found} references");
}

#[test]
fn nothing_is_loaded() {
    let page = full().to_html();
    assert_eq!(page.matches("stroke:#0072b2;").count(), 1, "a look of five pictures");
    for name in ["src", "srcset", "action", "data", "poster", "background", "ping"] {
        assert_eq!(values(&page, name), [""; 0], "{name}");
    }
    assert!(values(&page, "href").iter().all(|link| link.starts_with('#')));
    assert_eq!(
        page.matches("url(").count(),
        page.matches("url(#").count() + page.matches("url(data:").count()
    );
    assert!(!page.contains("@import") && !page.contains("http:") && !page.contains("https:"));
    assert!(page.contains("Content-Security-Policy") && page.contains("default-src 'none'"));
}

#[test]
fn headings_are_in_order() {
    let page = full().to_html();
    let levels: Vec<u32> =
        page.match_indices("<h").filter_map(|(at, _)| page[at + 2..].chars().next()?.to_digit(10)).collect();
    assert_eq!(levels, [1, 2, 3, 3]);
    for landmark in ["<header>", "<nav aria-label", "<main id=\"main\">", "<footer>", "<html lang=\"en\">"] {
        assert_eq!(page.matches(landmark).count(), 1, "{landmark}");
    }
}

#[test]
fn no_text_becomes_markup() {
    let evil = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'&\u{0}";
    let picture = || Picture::new(SVG, evil).described(evil);
    let page = Report::new(evil)
        .lead(evil)
        .facts([(evil, evil)])
        .section(
            Section::new(evil)
                .text(evil)
                .note(evil)
                .code(evil)
                .facts([(evil, evil)])
                .fragment(evil)
                .pictures([picture(), Picture::new(evil, evil)])
                .table(Table::new(evil, [evil]).row([evil, evil]))
                .section(Section::new(evil))
                .slides(Slides::new(evil, vec![Slide::new(evil).text(evil).lines(evil).picture(picture())])),
        )
        .to_html();
    assert_eq!(page.matches("<script").count(), 1, "the page's own");
    assert!(!page.contains("<img") && !page.contains('\u{0}'));
    assert!(page.matches("&lt;script&gt;").count() > 15);
    assert!(page.contains("class=\"missing\""), "what is no picture is replaced by a line");
}

#[test]
fn a_picture_that_is_too_large_is_simplified_or_left_out() {
    let path = "L10.123 20.456L30.777 1.5".repeat(100);
    let svg = format!("<svg width=\"9\" height=\"9\"><path d=\"M0 0{path}\"/></svg>");
    let page = |limit| {
        let section = Section::new("s").picture(Picture::new(&*svg, "c"));
        Report::new("r").picture_limit(limit).section(section).to_html()
    };
    assert!(page(10_000).contains("m0 0 10.1 20.5 20.7-19") && !page(10_000).contains("missing\">"));
    assert!(page(1_500).contains("m0 0 10 20 21-18") && page(1_500).contains("Simplified"));
    assert!(!page(100).contains("<path") && page(100).contains("The picture is left out: it has 2 kB"));
}

#[test]
fn slides_are_a_list_that_holds_what_they_have_in_common_once() {
    let page = full().to_html();
    assert_eq!(page.matches("<p class=\"label\">").count(), 3);
    assert_eq!(page.matches("<path d=\"m0 0 40 20").count(), 1, "a path of five pictures");
    assert_eq!(page.matches("<use ").count(), 5);
}

#[test]
fn the_font_comes_with_formulas_alone() {
    let plain = Report::new("a").section(Section::new("b").text("c")).to_html();
    assert!(!plain.contains("font/woff2") && plain.len() < 12_000, "{} bytes", plain.len());
    let formula = full().to_html();
    assert!(formula.contains("font/woff2") && formula.len() < 60_000, "{} bytes", formula.len());
}

#[test]
fn a_file_appears_complete_or_not_at_all() {
    let folder = std::env::temp_dir().join(format!("wengert-report-{}", std::process::id()));
    let file = folder.join("within").join("page.html");
    full().write(&file).expect("the folder is made");
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), full().to_html());
    let others = std::fs::read_dir(folder.join("within")).expect("the folder").count();
    assert_eq!(others, 1, "no temporary file is left");
    let error = full().write(file.join("below-a-file.html")).expect_err("a file is no folder");
    assert!(error.to_string().contains("page.html"), "{error}");
    std::fs::remove_dir_all(folder).ok();
}
