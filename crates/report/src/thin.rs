//! A picture in fewer bytes: coordinates in whole pixels.

use crate::tokens::{Element, Node, parse};
use std::borrow::Cow;

/// Attributes that are coordinates of many points.
const PATHS: [&str; 2] = ["d", "points"];

/// The picture with the coordinates of its paths rounded. One that is not well formed stays as it is.
pub(crate) fn thin(source: &str) -> Cow<'_, str> {
    let Ok(mut nodes) = parse(source) else { return Cow::Borrowed(source) };
    let mut out = String::with_capacity(source.len());
    for node in &mut nodes {
        if let Node::Element(element) = node {
            round(element);
        }
        node.write(&mut out, true);
    }
    Cow::Owned(out)
}

fn round(element: &mut Element) {
    for (key, value) in &mut element.attributes {
        if PATHS.contains(&key.as_str()) {
            *value = rounded(value);
        }
    }
    for node in &mut element.children {
        if let Node::Element(child) = node {
            round(child);
        }
    }
}

/// A list of numbers and letters with each decimal number rounded.
fn rounded(list: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(list.len()), list);
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit() || c == '.') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let whole = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let fraction = rest[whole..]
            .strip_prefix('.')
            .map_or(0, |after| 1 + after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len()));
        let number = &rest[..whole + fraction];
        match number.parse::<f64>() {
            Ok(value) if fraction > 0 => out.push_str(&value.round().to_string()),
            _ => out.push_str(number),
        }
        rest = &rest[whole + fraction..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_rounded_and_nothing_else() {
        assert_eq!(rounded("M1.4 2.6L-3.5-0.2a2.5 2.5 0 1 1 5 0z"), "M1 3L-4-0a3 3 0 1 1 5 0z");
        let source = "<svg width=\"1.5\"><path d=\"M0.25 100.75\"/><text>0.25</text></svg>";
        assert_eq!(thin(source), "<svg width=\"1.5\"><path d=\"M0 101\"/><text>0.25</text></svg>");
        assert_eq!(thin("<svg"), "<svg");
    }
}
