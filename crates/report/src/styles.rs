//! How the parts of pictures look, each look once: as a rule of the page's style with a short name, in light and in dark.

use crate::theme;
use crate::tokens::Element;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Attributes that are properties of a style as well.
const PROPERTIES: [&str; 14] = [
    "fill",
    "fill-opacity",
    "stroke",
    "stroke-width",
    "stroke-opacity",
    "stroke-linejoin",
    "stroke-linecap",
    "stroke-dasharray",
    "opacity",
    "font-size",
    "font-weight",
    "font-style",
    "text-anchor",
    "paint-order",
];

/// The looks of a page.
#[derive(Debug, Default)]
pub(crate) struct Styles {
    names: BTreeMap<String, usize>,
}

impl Styles {
    /// Replaces the attributes that are properties by the name of a rule.
    pub(crate) fn take(&mut self, element: &mut Element) {
        let (mut look, attributes) = (String::new(), std::mem::take(&mut element.attributes));
        for (key, value) in attributes {
            match property(&key, &value) {
                Some(property) => look += &property,
                None => element.attributes.push((key, value)),
            }
        }
        if !look.is_empty() {
            let next = self.names.len();
            let name = *self.names.entry(look).or_insert(next);
            element.attributes.push(("class".to_owned(), format!("a{name}")));
        }
    }

    /// The rules, and those that replace their colours in the dark.
    pub(crate) fn rules(&self) -> (String, String) {
        let (mut light, mut dark) = (String::new(), String::new());
        for (look, name) in &self.names {
            _ = write!(light, ".a{name}{{{look}}}");
            let colors: String = look.split_inclusive(';').filter_map(darkened).collect();
            if !colors.is_empty() {
                _ = write!(dark, ".a{name}{{{colors}}}");
            }
        }
        (light, dark)
    }
}

/// `name:value;`, if the attribute is a property and its value means the same in a style.
fn property(key: &str, value: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"#.,% -".contains(&b);
    if !PROPERTIES.contains(&key) || value.is_empty() || !value.bytes().all(plain) {
        return None;
    }
    let pixels = key == "font-size" && value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    Some(format!("{key}:{value}{};", if pixels { "px" } else { "" }))
}

/// The declaration with the colour for the dark, if it has one.
fn darkened(declaration: &str) -> Option<String> {
    let (key, value) = declaration.trim_end_matches(';').split_once(':')?;
    Some(format!("{key}:{};", theme::dark(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_look_has_one_rule() {
        let mut styles = Styles::default();
        let mut classes = Vec::new();
        for size in ["11", "11", "1em", "11;} body{}"] {
            let attributes = [("x", "1"), ("font-size", size), ("fill", "#fff")];
            let attributes = attributes.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec();
            let mut element = Element { name: "text".to_owned(), attributes, children: Vec::new() };
            styles.take(&mut element);
            classes.push(element.head());
        }
        assert_eq!(classes[..2], ["<text x=\"1\" class=\"a0\"", "<text x=\"1\" class=\"a0\""]);
        assert_eq!(classes[3], "<text x=\"1\" font-size=\"11;} body{}\" class=\"a2\"");
        let (light, dark) = styles.rules();
        assert!(
            light.contains(".a0{font-size:11px;fill:#fff;}") && light.contains(".a1{font-size:1em;"),
            "{light}"
        );
        assert!(dark.contains(".a0{fill:#1f1f1f;}") && !dark.contains("font"), "{dark}");
    }
}
