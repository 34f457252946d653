//! A drawing as pixels, with smooth edges.

use crate::error::PlotError;
use crate::font;
use crate::palette::WHITE;
use crate::scene::{Anchor, Color, Item, Paint, Rect, Scene, Step};
use tiny_skia::{
    ColorU8, FillRule, FilterQuality, LineJoin, Mask, PathBuilder, Pixmap, PixmapPaint, Stroke, StrokeDash,
    Transform,
};
use ttf_parser::OutlineBuilder;

/// The bytes of the PNG file.
pub(crate) fn encode(scene: &Scene) -> Result<Vec<u8>, PlotError> {
    let mut canvas = pixmap(scene.width, scene.height)?;
    canvas.fill(color(WHITE).color());
    let mut clip: Option<(Rect, Mask)> = None;
    for item in &scene.items {
        match item {
            Item::Path { steps, paint, clip: wanted } => {
                let mask = match wanted {
                    None => None,
                    Some(rect) => {
                        // The paths of a panel are consecutive, so one mask at a time is enough.
                        if clip.as_ref().is_none_or(|(current, _)| current != rect) {
                            clip = mask(scene, *rect).map(|mask| (*rect, mask));
                        }
                        clip.as_ref().map(|(_, mask)| mask)
                    }
                };
                path(&mut canvas, steps, paint, mask);
            }
            Item::Text { at, text, size, anchor, color, turned } => {
                text_at(&mut canvas, (*at, *turned), text, *size, *anchor, *color);
            }
            Item::Image { rect, cols, rows, colors, smooth } => {
                let image = filled(*cols, *rows, colors)?;
                let quality = if *smooth { FilterQuality::Bilinear } else { FilterQuality::Nearest };
                let paint = PixmapPaint { quality, ..PixmapPaint::default() };
                let [x, y, sx, sy] =
                    [rect.x, rect.y, rect.width / f64::from(*cols), rect.height / f64::from(*rows)]
                        .map(|v| v as f32);
                canvas.draw_pixmap(
                    0,
                    0,
                    image.as_ref(),
                    &paint,
                    Transform::from_row(sx, 0.0, 0.0, sy, x, y),
                    None,
                );
            }
        }
    }
    png(&canvas)
}

/// Colours, row by row, as the bytes of a PNG file.
pub(crate) fn encode_colors(cols: u32, rows: u32, colors: &[Color]) -> Result<Vec<u8>, PlotError> {
    png(&filled(cols, rows, colors)?)
}

fn failed(width: u32, height: u32, message: impl ToString) -> PlotError {
    PlotError::Encode { width, height, message: message.to_string() }
}

fn pixmap(width: u32, height: u32) -> Result<Pixmap, PlotError> {
    Pixmap::new(width, height).ok_or_else(|| failed(width, height, "no pixels, or too many"))
}

fn png(pixels: &Pixmap) -> Result<Vec<u8>, PlotError> {
    pixels.encode_png().map_err(|e| failed(pixels.width(), pixels.height(), e))
}

fn filled(cols: u32, rows: u32, colors: &[Color]) -> Result<Pixmap, PlotError> {
    let mut image = pixmap(cols, rows)?;
    for (pixel, &c) in image.pixels_mut().iter_mut().zip(colors) {
        *pixel = color(c).premultiply();
    }
    Ok(image)
}

fn color([r, g, b]: Color) -> Opaque {
    Opaque(ColorU8::from_rgba(r, g, b, 255))
}

/// An opaque colour in the forms that are asked for.
struct Opaque(ColorU8);

impl Opaque {
    fn color(&self) -> tiny_skia::Color {
        tiny_skia::Color::from_rgba8(self.0.red(), self.0.green(), self.0.blue(), 255)
    }

    fn premultiply(&self) -> tiny_skia::PremultipliedColorU8 {
        self.0.premultiply()
    }

    fn paint(&self, opacity: f64) -> tiny_skia::Paint<'static> {
        let mut paint = tiny_skia::Paint { anti_alias: true, ..tiny_skia::Paint::default() };
        let mut color = self.color();
        color.apply_opacity(opacity as f32);
        paint.set_color(color);
        paint
    }
}

fn mask(scene: &Scene, rect: Rect) -> Option<Mask> {
    let mut mask = Mask::new(scene.width, scene.height)?;
    let [x, y, w, h] = [rect.x, rect.y, rect.width, rect.height].map(|v| v as f32);
    let path = PathBuilder::from_rect(tiny_skia::Rect::from_xywh(x, y, w, h)?);
    mask.fill_path(&path, FillRule::Winding, true, Transform::identity());
    Some(mask)
}

fn path(canvas: &mut Pixmap, steps: &[Step], paint: &Paint, mask: Option<&Mask>) {
    let mut builder = PathBuilder::new();
    for step in steps {
        match *step {
            Step::Move((x, y)) => builder.move_to(x as f32, y as f32),
            Step::Line((x, y)) => builder.line_to(x as f32, y as f32),
            Step::Close => builder.close(),
            Step::Circle((x, y), r) => builder.push_circle(x as f32, y as f32, r as f32),
        }
    }
    // A path without extent, such as a line of one point, is invisible.
    let Some(path) = builder.finish() else { return };
    if let Some(fill) = paint.fill {
        let fill = color(fill).paint(paint.opacity);
        canvas.fill_path(&path, &fill, FillRule::Winding, Transform::identity(), mask);
    }
    if let Some((ink, width)) = paint.stroke {
        let dash = paint.dash.and_then(|(dash, gap)| StrokeDash::new(vec![dash as f32, gap as f32], 0.0));
        let stroke = Stroke { width: width as f32, line_join: LineJoin::Round, dash, ..Stroke::default() };
        canvas.stroke_path(&path, &color(ink).paint(1.0), &stroke, Transform::identity(), mask);
    }
}

/// Writes a text; `at` is its point and whether it reads upwards.
fn text_at(canvas: &mut Pixmap, at: ((f64, f64), bool), text: &str, size: f64, anchor: Anchor, ink: Color) {
    let mut glyphs = Vec::new();
    let units =
        font::outline(text, |x| Glyph { x, path: PathBuilder::new() }, |glyph| glyphs.push(glyph.path));
    let back = match anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => font::width(text, size) / 2.0,
        Anchor::End => font::width(text, size),
    };
    let ((x, y), turned) = at;
    let scale = size as f32 / units;
    let (x, y, back) = (x as f32, y as f32, back as f32);
    // The font's y grows upwards, the picture's downwards.
    let transform = if turned {
        Transform::from_row(0.0, -scale, -scale, 0.0, x, y + back)
    } else {
        Transform::from_row(scale, 0.0, 0.0, -scale, x - back, y)
    };
    let paint = color(ink).paint(1.0);
    for path in glyphs.into_iter().filter_map(PathBuilder::finish) {
        canvas.fill_path(&path, &paint, FillRule::Winding, transform, None);
    }
}

/// The outline of a glyph, at its position in the line.
struct Glyph {
    x: f32,
    path: PathBuilder,
}

impl OutlineBuilder for Glyph {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x + x, y);
    }
    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x + x, y);
    }
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.path.quad_to(self.x + x1, y1, self.x + x, y);
    }
    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.path.cubic_to(self.x + x1, y1, self.x + x2, y2, self.x + x, y);
    }
    fn close(&mut self) {
        self.path.close();
    }
}
