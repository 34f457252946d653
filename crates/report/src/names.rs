//! Which attributes may stand in the page.

/// What an attribute is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It runs code, or the page has its own.
    Never,
    /// It points to something: in the page, or data of a picture.
    Link,
    /// Declarations of a style.
    Style,
    /// A name, a number, a colour, a path: it does nothing but may refer to a definition.
    Plain,
}

impl Kind {
    pub(crate) fn of(key: &str) -> Kind {
        match key {
            "href" | "xlink:href" => Kind::Link,
            "style" => Kind::Style,
            "src" | "srcset" | "action" | "formaction" | "class" | "tabindex" | "role" | "xmlns" => {
                Kind::Never
            }
            _ if key.starts_with("on") || key.starts_with("xml") || key.starts_with("aria-") => Kind::Never,
            _ => Kind::Plain,
        }
    }

    /// Whether an attribute of this kind may have the value, on an `<image>` or elsewhere.
    pub(crate) fn allows(self, value: &str, image: bool) -> bool {
        match self {
            Kind::Never => false,
            Kind::Link if image => {
                let data = value.strip_prefix("data:image/png;base64,");
                data.is_some_and(|data| {
                    data.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
                })
            }
            Kind::Link => reference("href", value).is_some(),
            Kind::Style => value.bytes().all(|b| b.is_ascii_alphanumeric() || b":;-.,%# ".contains(&b)),
            Kind::Plain => !refers(value) || reference("", value).is_some(),
        }
    }
}

/// Whether a value has something of the form `url(…)`, however it is written.
fn refers(value: &str) -> bool {
    value.contains('\\')
        || value.contains('&') && value.contains('(')
        || value.to_ascii_lowercase().contains("url(")
}

/// The name that `url(#name)` refers to, or `#name` as a link.
pub(crate) fn reference<'a>(key: &str, value: &'a str) -> Option<&'a str> {
    let link =
        if Kind::of(key) == Kind::Link { Some(value) } else { value.strip_prefix("url(")?.strip_suffix(')') };
    link?.strip_prefix('#').filter(|name| is_name(name))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_colours_and_from_addresses() {
        assert_eq!(reference("fill", "url(#c0)"), Some("c0"));
        assert_eq!(reference("href", "#abc"), Some("abc"));
        for value in
            ["#fff", "url(https://example.org)", "url( #a)", "red", "url(#)", "url(#a b)", "url(#a) url(//b)"]
        {
            assert_eq!(reference("fill", value), None, "{value}");
        }
        for value in ["url(//example.org)", "URL(x)", "u\\72l(x)", "&#117;rl(x)"] {
            assert!(!Kind::Plain.allows(value, false), "{value}");
        }
        for value in ["rotate(-90 1 2)", "#fff", "url(#c0)", "M0 0L1 1z"] {
            assert!(Kind::Plain.allows(value, false), "{value}");
        }
    }
}
