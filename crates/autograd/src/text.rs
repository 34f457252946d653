//! Text for people (numbers, tables, paths), and escaped text for Graphviz and XML.

/// The last three parts of a path.
pub(crate) fn short_path(path: &str) -> &str {
    let cut = path.rmatch_indices(['/', '\\']).nth(2).map_or(0, |(i, _)| i + 1);
    &path[cut..]
}

/// Names in order. Repeated names are counted; a text that is too long is cut.
pub(crate) fn shortened(names: &[impl AsRef<str> + PartialEq], width: usize) -> String {
    let mut out = String::new();
    let mut shown = 0;
    for chunk in names.chunk_by(|a, b| a == b) {
        let name = chunk[0].as_ref();
        let word = match chunk.len() {
            1 => name.to_owned(),
            n => format!("{name}×{n}"),
        };
        if shown > 0 && out.chars().count() + 1 + word.chars().count() > width {
            return format!("{out} … {} more", names.len() - shown);
        }
        if shown > 0 {
            out.push(' ');
        }
        out.push_str(&word);
        shown += chunk.len();
    }
    out
}

/// A number with three digits and a letter for the thousands: 1.23 k, 45.6 M.
pub(crate) fn scaled(x: f64, unit: &str) -> String {
    let (mut x, mut prefix) = (x, "");
    for next in ["k", "M", "G", "T"] {
        // A number that would round to four digits takes the next letter.
        if x < 999.5 {
            break;
        }
        (x, prefix) = (x / 1000.0, next);
    }
    let unit = format!("{prefix}{unit}");
    let space = if unit.is_empty() { "" } else { " " };
    match x {
        _ if prefix.is_empty() && x.fract() == 0.0 => format!("{x}{space}{unit}"),
        x if x < 9.995 => format!("{x:.2}{space}{unit}"),
        x if x < 99.95 => format!("{x:.1}{space}{unit}"),
        _ => format!("{x:.0}{space}{unit}"),
    }
}

/// Lays out rows of cells. The columns in `left` are aligned at the left, all others at the right.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>], left: &[usize]) -> String {
    let count = |s: &str| s.chars().count();
    let width = |i: usize| rows.iter().map(|r| count(&r[i])).chain([count(head[i])]).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let head: Vec<String> = head.iter().map(|&s| s.to_owned()).collect();
    let mut out = String::new();
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for (i, (cell, &w)) in row.iter().zip(&widths).enumerate() {
            line.push_str("  ");
            line.push_str(&if left.contains(&i) { format!("{cell:<w$}") } else { format!("{cell:>w$}") });
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A number with the given count of significant digits, without trailing zeros: `0.909297`, `-2`, `1.5e-7`.
pub(crate) fn number(x: f64, digits: usize) -> String {
    if x.is_nan() {
        return "NaN".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "∞" } else { "-∞" }.to_owned();
    }
    if x.fract() == 0.0 && x.abs() < 1e7 {
        return x.to_string();
    }
    let rounded = format!("{x:.*e}", digits - 1);
    let (mantissa, exponent) = rounded.split_once('e').expect("the form that `e` gives");
    let exponent: i32 = exponent.parse().expect("a whole number");
    let short = |s: &str| match s.contains('.') {
        true => s.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => s.to_owned(),
    };
    match exponent {
        -4..7 => short(&format!("{x:.*}", (digits as i32 - 1 - exponent).max(0) as usize)),
        _ => format!("{}e{exponent}", short(mantissa)),
    }
}

/// The columns that a text takes in a monospaced font. East Asian characters and pictures take two.
pub(crate) fn columns(text: &str) -> usize {
    let wide = |c: char| {
        matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}')
            || matches!(c, '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f000}'..)
    };
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

/// At most `width` columns of a text. An ellipsis shows that it was cut. Control characters become spaces.
pub(crate) fn clipped(text: &str, width: usize) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if columns(&text) <= width {
        return text;
    }
    let mut taken = 1;
    let fits = |c: &char| {
        taken += columns(c.encode_utf8(&mut [0; 4]));
        taken <= width
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// A quoted string in Graphviz's language.
pub(crate) fn quoted(text: &str) -> String {
    let inner = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{inner}\"")
}

/// Escaped text for XML, also for attributes. Characters that XML does not allow become spaces.
pub(crate) fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        for (x, text) in [
            (0.0, "0"),
            (7.0, "7"),
            (0.5, "0.50"),
            (999.0, "999"),
            (1000.0, "1.00 k"),
            (9994.0, "9.99 k"),
            (9996.0, "10.0 k"),
            (99_960.0, "100 k"),
            (999_600.0, "1.00 M"),
            (2.5e9, "2.50 G"),
        ] {
            assert_eq!(scaled(x, ""), text);
        }
        assert_eq!((scaled(12.0, "B"), scaled(3456.0, "B")), ("12 B".into(), "3.46 kB".into()));
    }

    #[test]
    fn long_lists_of_ops_are_cut_and_counted() {
        assert_eq!(shortened(&["add", "mul", "mul", "tanh"], 30), "add mul×2 tanh");
        assert_eq!(shortened(&["add", "mul", "mul", "tanh"], 9), "add mul×2 … 1 more");
        assert_eq!(shortened(&["log_softmax"], 3), "log_softmax");
    }

    #[test]
    fn long_paths_are_cut() {
        assert_eq!(short_path("/home/me/net/src/main.rs"), "net/src/main.rs");
        assert_eq!(short_path("src/main.rs"), "src/main.rs");
    }

    #[test]
    fn numbers_keep_their_significant_digits() {
        for (x, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (2.0, "2"),
            (-1.25, "-1.25"),
            (0.909_297_426, "0.909297"),
            (123_456.789, "123457"),
            (0.000_123_456_78, "0.000123457"),
            (0.000_012_5, "1.25e-5"),
            (1e7, "1e7"),
            (-123_456_789.5, "-1.23457e8"),
            (f64::MIN_POSITIVE, "2.22507e-308"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-∞"),
        ] {
            assert_eq!(number(x, 6), text);
        }
        assert_eq!((number(0.999_999_9, 4), number(1.0 / 3.0, 4)), ("1".into(), "0.3333".into()));
    }

    #[test]
    fn special_characters_are_escaped() {
        assert_eq!(quoted("a\"b\\c\nd"), r#""a\"b\\c\nd""#);
        assert_eq!(markup("<a & \"b\">\u{1}\u{ffff}"), "&lt;a &amp; &quot;b&quot;&gt;  ");
    }

    #[test]
    fn long_texts_are_clipped_by_columns() {
        assert_eq!((clipped("abcdef", 6), clipped("abcdefg", 6)), ("abcdef".into(), "abcde…".into()));
        assert_eq!(columns("∂L/∂W₁ = −½·(A − Y)"), 19);
        assert_eq!((columns("重み"), clipped("重み重み", 5)), (4, "重み…".into()));
        assert_eq!(clipped("a\tb", 9), "a b");
    }
}
