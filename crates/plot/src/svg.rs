//! A drawing as SVG.

use crate::error::PlotError;
use crate::font;
use crate::raster;
use crate::scene::{Anchor, Color, Item, Paint, Point, Rect, Scene, Step};
use std::fmt::Write;

/// The text of the file.
pub(crate) fn write(scene: &Scene) -> Result<String, PlotError> {
    let Scene { width, height, .. } = scene;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"{}\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n",
        font::FAMILY
    );
    let clips = clips(scene);
    for (i, &rect) in clips.iter().enumerate() {
        push(&mut out, format_args!("<clipPath id=\"c{i}\"><rect {}/></clipPath>\n", rect_attributes(rect)));
    }
    for item in &scene.items {
        match item {
            Item::Path { steps, paint, clip } => {
                push(&mut out, format_args!("<path d=\"{}\"{}", data(steps), style(paint)));
                if let Some(i) = clip.and_then(|clip| clips.iter().position(|c| *c == clip)) {
                    push(&mut out, format_args!(" clip-path=\"url(#c{i})\""));
                }
                out.push_str("/>\n");
            }
            Item::Text { at: (x, y), text, size, anchor, color, turned } => {
                let anchor = match anchor {
                    Anchor::Start => "",
                    Anchor::Middle => " text-anchor=\"middle\"",
                    Anchor::End => " text-anchor=\"end\"",
                };
                let (x, y) = (number(*x), number(*y));
                let turn =
                    if *turned { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
                let (color, text) = (hex(*color), escape(text));
                push(
                    &mut out,
                    format_args!(
                        "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{color}\"{anchor}{turn}>{text}</text>\n"
                    ),
                );
            }
            Item::Image { rect, cols, rows, colors, smooth } => {
                let png = base64(&raster::encode_colors(*cols, *rows, colors)?);
                let how = if *smooth { "" } else { " style=\"image-rendering:pixelated\"" };
                push(
                    &mut out,
                    format_args!(
                        "<image {} preserveAspectRatio=\"none\"{how} href=\"data:image/png;base64,{png}\"/>\n",
                        rect_attributes(*rect)
                    ),
                );
            }
        }
    }
    out.push_str("</svg>\n");
    Ok(out)
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes all that is written to it");
}

/// The rectangles that paths are clipped to, each once.
fn clips(scene: &Scene) -> Vec<Rect> {
    let mut clips = Vec::new();
    for item in &scene.items {
        if let Item::Path { clip: Some(clip), .. } = item
            && !clips.contains(clip)
        {
            clips.push(*clip);
        }
    }
    clips
}

fn rect_attributes(rect: Rect) -> String {
    let [x, y, width, height] = [rect.x, rect.y, rect.width, rect.height].map(number);
    format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"")
}

/// A length to a hundredth of a pixel, in as few digits as possible.
fn number(x: f64) -> String {
    let text = format!("{x:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn pair((x, y): Point) -> String {
    format!("{} {}", number(x), number(y))
}

fn data(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        match *step {
            Step::Move(p) => push(&mut out, format_args!("M{}", pair(p))),
            Step::Line(p) => push(&mut out, format_args!("L{}", pair(p))),
            Step::Close => out.push('z'),
            Step::Circle((x, y), r) => {
                let (start, r, d) = (pair((x - r, y)), number(r), number(2.0 * r));
                push(&mut out, format_args!("M{start}a{r} {r} 0 1 1 {d} 0a{r} {r} 0 1 1-{d} 0z"));
            }
        }
    }
    out
}

fn style(paint: &Paint) -> String {
    let mut out = format!(" fill=\"{}\"", paint.fill.map_or("none".to_owned(), hex));
    if paint.opacity < 1.0 {
        push(&mut out, format_args!(" fill-opacity=\"{}\"", number(paint.opacity)));
    }
    if let Some((color, width)) = paint.stroke {
        let (color, width) = (hex(color), number(width));
        push(
            &mut out,
            format_args!(" stroke=\"{color}\" stroke-width=\"{width}\" stroke-linejoin=\"round\""),
        );
    }
    if let Some((dash, gap)) = paint.dash {
        push(&mut out, format_args!(" stroke-dasharray=\"{} {}\"", number(dash), number(gap)));
    }
    out
}

fn hex([r, g, b]: Color) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Escaped text. Control characters, which XML does not allow, become spaces.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, i| bits << 8 | u32::from(*chunk.get(i).unwrap_or(&0)));
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i)) as usize & 63];
            out.push(if i <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let codes = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        for (text, code) in texts.into_iter().zip(codes) {
            assert_eq!(base64(text.as_bytes()), code);
        }
    }

    #[test]
    fn numbers_are_short() {
        let text = [0.0, -0.001, 12.5, 100.0, -3.14285].map(number);
        assert_eq!(text, ["0", "0", "12.5", "100", "-3.14"]);
    }

    #[test]
    fn markup_in_text_is_written_out() {
        assert_eq!(escape("a<b & c>d\u{1}"), "a&lt;b &amp; c&gt;d ");
    }
}
