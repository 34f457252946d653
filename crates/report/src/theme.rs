//! Colours of pictures in the dark: the same hues on a dark ground.

/// Lightness of the dark ground, which stands for white.
const GROUND: f64 = 0.24;
/// Lightness above which a pale colour is a ground, and tinted grounds become dark.
const PALE: f64 = 0.88;
/// A colour with less chroma is a grey.
const GREY: f64 = 0.04;
/// The least lightness of a coloured line or text on the dark ground.
const BRIGHT: f64 = 0.7;

/// The colour for a dark ground, if the text is a colour such as `#fff` or `#0072b2`.
pub(crate) fn dark(color: &str) -> Option<String> {
    parse(color).map(|rgb| hex(darkened(rgb)))
}

fn darkened(rgb: [u8; 3]) -> [u8; 3] {
    let [l, a, b] = lab(rgb);
    let chroma = a.hypot(b);
    let lightness = if l > PALE && chroma < 2.0 * GREY {
        GROUND + (1.0 - l)
    } else if chroma < GREY {
        1.0 - 0.7 * l
    } else {
        l.max(BRIGHT)
    };
    of_lab([lightness, a, b])
}

fn parse(color: &str) -> Option<[u8; 3]> {
    let digits = color.strip_prefix('#')?;
    let value = |text: &str| u8::from_str_radix(text, 16).ok();
    match digits.len() {
        3 if digits.is_ascii() => {
            let [r, g, b] = [0, 1, 2].map(|i| value(&digits[i..=i]));
            Some([r? * 17, g? * 17, b? * 17])
        }
        6 if digits.is_ascii() => {
            let [r, g, b] = [0, 2, 4].map(|i| value(&digits[i..i + 2]));
            Some([r?, g?, b?])
        }
        _ => None,
    }
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Lightness and two axes of colour of Oklab. Source: B. Ottosson, "A perceptual color space for image processing", 2020.
fn lab(rgb: [u8; 3]) -> [f64; 3] {
    let [r, g, b] = rgb.map(|v| {
        let v = f64::from(v) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    });
    let l = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b).cbrt();
    let m = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b).cbrt();
    let s = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b).cbrt();
    [
        0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
        1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
        0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s,
    ]
}

/// The nearest colour of a screen.
fn of_lab([l, a, b]: [f64; 3]) -> [u8; 3] {
    let [l, m, s] = [
        l + 0.3963377774 * a + 0.2158037573 * b,
        l - 0.1055613458 * a - 0.0638541728 * b,
        l - 0.0894841775 * a - 1.2914855480 * b,
    ]
    .map(|v: f64| v.powi(3));
    [
        4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
        -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
        -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s,
    ]
    .map(|v: f64| {
        let v = if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
        (v.clamp(0.0, 1.0) * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contrast of two colours by WCAG 2.
    fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
        let luminance = |rgb: [u8; 3]| {
            let [r, g, b] = rgb.map(|v| {
                let v = f64::from(v) / 255.0;
                if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
            });
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn there_and_back_is_the_same_colour() {
        for rgb in [[0, 0, 0], [255, 255, 255], [0, 114, 178], [240, 228, 66], [18, 52, 86]] {
            assert_eq!(of_lab(lab(rgb)), rgb);
        }
    }

    #[test]
    fn text_and_lines_stand_out_from_the_dark_ground() {
        let ground = darkened([255, 255, 255]);
        let read = [
            "#222222", "#1f2933", "#616e7c", "#b5400a", "#0072b2", "#d55e00", "#009e73", "#000000", "#f0e442",
        ];
        for color in read {
            let dark = darkened(parse(color).expect("a colour"));
            assert!(contrast(dark, ground) > 4.5, "{color}: {} on {}", hex(dark), hex(ground));
        }
        for pale in ["#ffffff", "#f0f1f3", "#fdf0d5", "#e1f1fc"] {
            let [dark, ink] = [pale, "#1f2933"].map(|color| darkened(parse(color).expect("a colour")));
            assert!(contrast(dark, ink) > 7.0, "ink {} on {}", hex(ink), hex(dark));
        }
    }

    #[test]
    fn what_is_no_color_stays() {
        assert_eq!(dark("#fff").as_deref(), Some("#1f1f1f"));
        for text in ["none", "#12", "#ggg", "#äää", "red", ""] {
            assert_eq!(dark(text), None, "{text}");
        }
    }
}
