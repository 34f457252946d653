//! The page: a report as HTML.

use crate::error::ReportError;
use crate::files;
use crate::fragment;
use crate::picture::{Picture, Slides};
use crate::report::Report;
use crate::section::{Block, Section};
use crate::share::Shared;
use crate::styles::Styles;
use crate::svg::Svg;
use crate::text::{base64, escape, size};
use std::fmt::Write;
use std::path::Path;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const FONT: &[u8] = include_bytes!("../assets/NotoSansMath-subset.woff2");

/// Decimals of coordinates: a tenth of a pixel is not seen.
const DECIMALS: usize = 1;

/// What a browser may load for the page: nothing but what is in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; font-src data:";

/// The text of the file.
pub(crate) fn write(report: &Report) -> String {
    let mut pictures = Vec::new();
    report.sections.iter().for_each(|section| section.collect(&mut pictures));
    let mut styles = Styles::default();
    let show = |(i, picture): (usize, &&Picture)| Shown::of(picture, i, report.picture_limit, &mut styles);
    let pictures: Vec<Shown> = pictures.iter().enumerate().map(show).collect();
    let shared = Shared::of(&pictures.iter().filter_map(|shown| shown.svg.as_ref().ok()).collect::<Vec<_>>());
    let mut body = Body { out: String::new(), pictures: pictures.iter(), shared: &shared, slides: 0 };
    for (i, section) in report.sections.iter().enumerate() {
        _ = writeln!(body.out, "<section id=\"s{}\" aria-labelledby=\"t{}\">", i + 1, i + 1);
        _ = writeln!(body.out, "<h2 id=\"t{}\">{}</h2>", i + 1, escape(&section.title));
        body.blocks(section, 2);
        body.out.push_str("</section>\n");
    }
    let (main, library) = (body.out, shared.library());
    let title = escape(&report.title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}"
    );
    let formulas = main.contains("<math");
    if formulas {
        let font = base64(FONT);
        _ = writeln!(
            out,
            "@font-face{{font-family:\"Report Math\";src:url(data:font/woff2;base64,{font}) format(\"woff2\")}}"
        );
    }
    let (light, dark) = styles.rules();
    _ = writeln!(out, "{light}\n@media screen and (prefers-color-scheme:dark){{{dark}}}");
    _ = writeln!(
        out,
        "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n{library}<header>\n<h1>{title}</h1>"
    );
    if !report.lead.is_empty() {
        _ = writeln!(out, "<p class=\"lead\">{}</p>", escape(&report.lead));
    }
    facts(&mut out, &report.facts);
    out.push_str("</header>\n");
    contents(&mut out, &report.sections);
    _ = writeln!(out, "<main id=\"main\">\n{main}</main>");
    footer(&mut out, formulas);
    _ = writeln!(out, "<script>\n{SCRIPT}</script>\n</body>\n</html>");
    out
}

fn facts(out: &mut String, facts: &[(String, String)]) {
    if facts.is_empty() {
        return;
    }
    out.push_str("<dl class=\"facts\">\n");
    for (name, value) in facts {
        _ = writeln!(out, "<div><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(value));
    }
    out.push_str("</dl>\n");
}

fn contents(out: &mut String, sections: &[Section]) {
    if sections.is_empty() {
        return;
    }
    out.push_str("<nav aria-label=\"Contents\"><ol>\n");
    for (i, section) in sections.iter().enumerate() {
        _ = writeln!(out, "<li><a href=\"#s{}\">{}</a></li>", i + 1, escape(&section.title));
    }
    out.push_str("</ol></nav>\n");
}

fn footer(out: &mut String, formulas: bool) {
    out.push_str("<footer><p>This page loads nothing and sends nothing.");
    if formulas {
        out.push_str(
            " Formulas are set in a subset of Noto Sans Math, copyright 2022 Google LLC, under the SIL Open Font License 1.1.",
        );
    }
    out.push_str("</p></footer>\n");
}

/// A picture as it is shown, or why it is not.
struct Shown {
    svg: Result<Svg, String>,
    note: Option<String>,
}

impl Shown {
    fn of(picture: &Picture, number: usize, limit: usize, styles: &mut Styles) -> Shown {
        let mut read =
            |decimals| Svg::read(&picture.svg, number, decimals, styles).map_err(|flaw| flaw.to_string());
        let fine = read(DECIMALS);
        let Some(large) = fine.as_ref().ok().map(Svg::bytes).filter(|&bytes| bytes > limit) else {
            return Shown { svg: fine, note: None };
        };
        let fits = |svg: Svg| match svg.bytes() {
            bytes if bytes <= limit => Ok(svg),
            bytes => Err(format!("it has {}, more than the {} of a picture", size(bytes), size(limit))),
        };
        let svg = read(0).and_then(fits);
        let note = format!("Simplified: coordinates are rounded, because the picture has {}.", size(large));
        Shown { note: svg.is_ok().then_some(note), svg }
    }
}

/// What is written into `<main>`.
struct Body<'a> {
    out: String,
    /// Those that have not been written, in the order of the sections.
    pictures: std::slice::Iter<'a, Shown>,
    shared: &'a Shared,
    /// How many sequences of slides have been written.
    slides: usize,
}

impl Body<'_> {
    fn blocks(&mut self, section: &Section, level: usize) {
        for block in &section.blocks {
            match block {
                Block::Text(text) => self.line("p", "", text),
                Block::Note(text) => self.line("p", " class=\"note\"", text),
                Block::Facts(list) => facts(&mut self.out, list),
                Block::Table(table) => table.write(&mut self.out),
                Block::Code(lines) => self.code(lines),
                Block::Fragment(html) => self.fragment(html, level + 1),
                Block::Pictures(pictures) => {
                    self.out.push_str("<div class=\"pictures\">\n");
                    pictures.iter().for_each(|picture| self.picture(picture));
                    self.out.push_str("</div>\n");
                }
                Block::Slides(slides) => self.slides(slides),
                Block::Section(section) => {
                    let level = (level + 1).min(6);
                    self.out.push_str("<section>\n");
                    self.line(&format!("h{level}"), "", &section.title);
                    self.blocks(section, level);
                    self.out.push_str("</section>\n");
                }
            }
        }
    }

    fn line(&mut self, element: &str, attributes: &str, text: &str) {
        _ = writeln!(self.out, "<{element}{attributes}>{}</{element}>", escape(text));
    }

    fn code(&mut self, lines: &str) {
        _ = writeln!(self.out, "<pre tabindex=\"0\"><code>{}</code></pre>", escape(lines));
    }

    fn fragment(&mut self, html: &str, level: usize) {
        match fragment::clean(html, level) {
            Ok(clean) => _ = writeln!(self.out, "<div class=\"fragment\">{clean}</div>"),
            Err(flaw) => {
                self.line("p", " class=\"missing\"", &format!("This part is shown as its source: {flaw}."));
                self.code(html);
            }
        }
    }

    fn picture(&mut self, picture: &Picture) {
        _ = writeln!(self.out, "<figure class=\"picture{}\">", if picture.wide { " wide" } else { "" });
        self.drawing(picture);
        if !picture.caption.is_empty() {
            self.line("figcaption", "", &picture.caption);
        }
        self.out.push_str("</figure>\n");
    }

    /// A picture without its caption, or the reason why there is none.
    fn drawing(&mut self, picture: &Picture) {
        let Some(Shown { svg, note }) = self.pictures.next() else { return };
        let label = escape(picture.label());
        match svg {
            Ok(svg) => {
                let scroll = if picture.wide { " tabindex=\"0\"" } else { "" }; // arrow keys scroll it
                let (head, content) = (svg.head(&label), self.shared.content(svg));
                _ = writeln!(self.out, "<div class=\"paper\"{scroll}>{head}{content}</svg></div>");
            }
            Err(flaw) => self.line("p", " class=\"missing\"", &format!("The picture is left out: {flaw}.")),
        }
        if let Some(note) = note {
            self.line("p", " class=\"missing\"", note);
        }
    }

    fn slides(&mut self, slides: &Slides) {
        self.slides += 1;
        let id = format!("slides{}", self.slides);
        _ = writeln!(
            self.out,
            "<figure class=\"slides\" aria-labelledby=\"{id}\">\n<figcaption id=\"{id}\">{}</figcaption>\n<ol>",
            escape(&slides.caption)
        );
        for slide in &slides.slides {
            _ = writeln!(self.out, "<li><p class=\"label\">{}</p>", escape(&slide.label));
            if !slide.text.is_empty() {
                self.line("p", "", &slide.text);
            }
            if !slide.lines.is_empty() {
                self.code(&slide.lines);
            }
            if let Some(picture) = &slide.picture {
                let class = if picture.wide { "picture wide" } else { "picture" };
                _ = writeln!(self.out, "<div class=\"{class}\">");
                self.drawing(picture);
                self.out.push_str("</div>\n");
            }
            self.out.push_str("</li>\n");
        }
        self.out.push_str("</ol>\n</figure>\n");
    }
}

impl Report {
    /// The page.
    pub fn to_html(&self) -> String {
        write(self)
    }

    /// Writes the page to a file, which appears complete or not at all. Its folder is made if it does not exist.
    ///
    /// # Errors
    /// If the file or its folder cannot be written; the error names it.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), ReportError> {
        files::write(path.as_ref(), &self.to_html())
    }
}
