//! Text for a page.

/// Text in which nothing is markup, for elements and for attributes in double quotes. Control characters become spaces.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Bytes as text of a `data:` address.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|i| u32::from(group.get(i).copied().unwrap_or(0)));
        let bits = a << 16 | b << 8 | c;
        let digit = |shift: u32| char::from(DIGITS[(bits >> shift) as usize % 64]);
        out.extend([digit(18), digit(12)]);
        out.push(if group.len() > 1 { digit(6) } else { '=' });
        out.push(if group.len() > 2 { digit(0) } else { '=' });
    }
    out
}

/// A number of bytes in words.
pub(crate) fn size(bytes: usize) -> String {
    format!("{} kB", bytes.div_ceil(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_written_out() {
        assert_eq!(escape("<b a=\"1\">&\u{7}\n"), "&lt;b a=&quot;1&quot;&gt;&amp; \n");
    }

    #[test]
    fn bytes_are_those_of_the_standard() {
        // RFC 4648, section 10.
        let codes = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (text, code) in codes {
            assert_eq!(base64(text.as_bytes()), code);
        }
    }
}
