//! A picture as it may stand in the page: cleaned, with names of its own, in pieces that pictures may share.

use crate::names::{Kind, reference};
use crate::styles::Styles;
use crate::thin::{PATHS, thin};
use crate::tokens::{Element, Flaw, Node, parse};
use std::collections::{BTreeMap, BTreeSet};

/// What a picture may consist of: no scripts, no styles, nothing of HTML, nothing that changes by itself.
const ELEMENTS: &[&str] = &[
    "svg",
    "g",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "text",
    "tspan",
    "title",
    "desc",
    "defs",
    "clipPath",
    "linearGradient",
    "radialGradient",
    "stop",
    "pattern",
    "mask",
    "marker",
    "symbol",
    "use",
    "image",
];

/// Elements that are not drawn where they stand, but where they are named.
const DEFINITIONS: &[&str] =
    &["clipPath", "linearGradient", "radialGradient", "pattern", "mask", "marker", "symbol"];

/// A picture, cleaned.
#[derive(Clone, Debug)]
pub(crate) struct Svg {
    /// Width and height in pixels.
    pub(crate) size: (f64, f64),
    view_box: String,
    /// Attributes of the root that its content inherits, such as the font.
    inherited: Vec<(String, String)>,
    /// The content from back to front.
    pub(crate) pieces: Vec<Piece>,
    /// What the content names: each by its name in the page.
    pub(crate) definitions: BTreeMap<String, String>,
}

/// A piece of a picture.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Piece {
    /// The beginning or the end of a group, or what has a name in the page and stands there once.
    Own(String),
    /// An element that several pictures may show.
    Element(String),
}

impl Svg {
    /// Reads a picture. Names in it are made unique by the number of the picture, and coordinates of paths get at most so many
    /// decimals. How its parts look goes to the styles.
    pub(crate) fn read(
        source: &str,
        number: usize,
        decimals: usize,
        styles: &mut Styles,
    ) -> Result<Svg, Flaw> {
        let mut nodes = parse(source)?;
        nodes.retain(|node| matches!(node, Node::Element(_)));
        let Some(Node::Element(mut root)) = nodes.pop().filter(|_| nodes.is_empty()) else {
            return Err(Flaw("it is not one element".to_owned()));
        };
        if root.name != "svg" {
            return Err(Flaw(format!("it is a <{}>, not an <svg>", root.name)));
        }
        clean(&mut root, decimals)?;
        let (size, view_box) = extent(&root)?;
        let keep = |key: &str| key.starts_with("font-") || key.starts_with("stroke") || key == "fill";
        let inherited = root.attributes.iter().filter(|(key, _)| keep(key)).cloned().collect();
        let mut svg = Svg { size, view_box, inherited, pieces: Vec::new(), definitions: BTreeMap::new() };
        let mut renamed = BTreeMap::new();
        rename(&mut root, number, &mut renamed);
        svg.lift(&mut root, &renamed);
        resolve(&mut root, &renamed);
        look(&mut root.children, styles);
        cut(root.children, &mut svg.pieces);
        Ok(svg)
    }

    /// How many bytes it has by itself.
    pub(crate) fn bytes(&self) -> usize {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Own(text) | Piece::Element(text) => text.len(),
        });
        pieces.chain(self.definitions.values().map(String::len)).sum()
    }

    /// The opening tag of the picture, with what it says to those who do not see it.
    pub(crate) fn head(&self, label: &str) -> String {
        let (width, height) = self.size;
        let inherited: String = self.inherited.iter().map(|(k, v)| format!(" {k}=\"{v}\"")).collect();
        let view_box = &self.view_box;
        format!(
            "<svg role=\"img\" aria-label=\"{label}\" width=\"{width}\" height=\"{height}\" viewBox=\"{view_box}\"{inherited}>"
        )
    }

    /// Takes the definitions out. The same definition has the same name in all pictures, so that pieces that use it are equal.
    fn lift(&mut self, parent: &mut Element, renamed: &BTreeMap<String, String>) {
        for node in std::mem::take(&mut parent.children) {
            match node {
                Node::Element(mut element) if DEFINITIONS.contains(&element.name.as_str()) => {
                    resolve(&mut element, renamed);
                    if let Some(name) = element.attribute("id").map(str::to_owned) {
                        let mut text = String::new();
                        Node::Element(element).write(&mut text, true);
                        self.definitions.insert(name, text);
                    }
                }
                Node::Element(mut element) => {
                    self.lift(&mut element, renamed);
                    if element.name != "defs" || !element.children.is_empty() {
                        parent.children.push(Node::Element(element));
                    }
                }
                text => parent.children.push(text),
            }
        }
    }
}

/// Drops attributes that may not stand in the page; refuses elements that may not.
fn clean(element: &mut Element, decimals: usize) -> Result<(), Flaw> {
    if !ELEMENTS.contains(&element.name.as_str()) {
        return Err(Flaw(format!("it has an element <{}>", element.name)));
    }
    let image = element.name == "image";
    element.attributes.retain(|(key, value)| Kind::of(key).allows(value, image));
    for (key, value) in element.attributes.iter_mut().filter(|(key, _)| PATHS.contains(&key.as_str())) {
        *value = thin(key, value, decimals);
    }
    let text = matches!(element.name.as_str(), "text" | "tspan");
    // Blanks between elements are not seen.
    // Tips are seen with a mouse alone, and not where a picture refers to a shared piece: the label says what is shown.
    let tip = |child: &Element| matches!(child.name.as_str(), "title" | "desc");
    element.children.retain(|node| match node {
        Node::Text(_) => text,
        Node::Element(child) => !tip(child),
    });
    for node in &mut element.children {
        if let Node::Element(child) = node {
            if child.name == "svg" {
                return Err(Flaw("it has a picture within the picture".to_owned()));
            }
            clean(child, decimals)?;
        }
    }
    Ok(())
}

/// Width and height, and the view box.
fn extent(root: &Element) -> Result<((f64, f64), String), Flaw> {
    let number = |text: &str| text.trim_end_matches("px").trim().parse::<f64>().ok();
    let positive = |v: &f64| v.is_finite() && *v > 0.0 && *v < 1e5;
    let of = |name| root.attribute(name).and_then(number).filter(positive);
    let view: Option<Vec<f64>> =
        root.attribute("viewBox").map(|text| text.split([' ', ',']).filter_map(number).collect());
    let view = view.filter(|view| view.len() == 4 && view.iter().all(|v| v.is_finite()));
    let (width, height) = match (of("width").zip(of("height")), &view) {
        (Some(size), _) => size,
        (None, Some(view)) if positive(&view[2]) && positive(&view[3]) => (view[2], view[3]),
        _ => return Err(Flaw("it has neither width and height nor a view box".to_owned())),
    };
    let view = view.unwrap_or_else(|| vec![0.0, 0.0, width, height]);
    let view: Vec<String> = view.iter().map(f64::to_string).collect();
    Ok(((width, height), view.join(" ")))
}

/// Gives every name its name in the page: definitions one by their content, others one by the picture.
fn rename(element: &mut Element, number: usize, renamed: &mut BTreeMap<String, String>) {
    if let Some((_, id)) = element.attributes.iter().find(|(key, _)| key == "id").cloned() {
        let name = if DEFINITIONS.contains(&element.name.as_str()) {
            format!("d{:x}", fingerprint(element))
        } else {
            format!("p{number}-{}", renamed.len())
        };
        element
            .attributes
            .iter_mut()
            .filter(|(key, _)| key == "id")
            .for_each(|(_, value)| name.clone_into(value));
        renamed.insert(id, name);
    }
    for node in &mut element.children {
        if let Node::Element(child) = node {
            rename(child, number, renamed);
        }
    }
}

/// FNV-1a of an element without its name.
fn fingerprint(element: &Element) -> u64 {
    let mut text = String::new();
    let mut nameless = element.clone();
    nameless.attributes.retain(|(key, _)| key != "id");
    Node::Element(nameless).write(&mut text, true);
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Lets references name what they mean in the page; those that name nothing go.
fn resolve(element: &mut Element, renamed: &BTreeMap<String, String>) {
    let known: BTreeSet<&str> = renamed.values().map(String::as_str).collect();
    element.attributes.retain_mut(|(key, value)| match reference(key, value) {
        None => true,
        Some(name) if known.contains(name) => true,
        Some(name) => match renamed.get(name) {
            Some(new) => {
                *value = value.replace(&format!("#{name}"), &format!("#{new}"));
                true
            }
            None => false,
        },
    });
    for node in &mut element.children {
        if let Node::Element(child) = node {
            resolve(child, renamed);
        }
    }
}

/// Moves the looks of all elements into the style of the page.
fn look(nodes: &mut [Node], styles: &mut Styles) {
    for node in nodes {
        if let Node::Element(element) = node {
            styles.take(element);
            look(&mut element.children, styles);
        }
    }
}

/// Cuts the content into pieces. Groups of groups are opened, and large ones.
fn cut(nodes: Vec<Node>, pieces: &mut Vec<Piece>) {
    for node in nodes {
        match node {
            Node::Element(element) if is_large(&element) => {
                pieces.push(Piece::Own(element.head() + ">"));
                cut(element.children, pieces);
                pieces.push(Piece::Own("</g>".to_owned()));
            }
            node => {
                let mut text = String::new();
                node.write(&mut text, true);
                pieces.push(if text.contains(" id=\"") { Piece::Own(text) } else { Piece::Element(text) });
            }
        }
    }
}

fn is_large(element: &Element) -> bool {
    let group = |node: &Node| matches!(node, Node::Element(child) if child.name == "g");
    element.name == "g" && (element.children.len() > 12 || element.children.iter().any(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(source: &str) -> String {
        let svg = Svg::read(source, 7, 1, &mut Styles::default()).expect("it is a picture");
        let text = |piece: &Piece| match piece {
            Piece::Own(text) | Piece::Element(text) => text.clone(),
        };
        svg.pieces.iter().map(text).collect()
    }

    #[test]
    fn what_acts_or_loads_is_left_out() {
        let picture = |inner: &str| format!("<svg width=\"9\" height=\"9\">{inner}</svg>");
        for element in ["script", "style", "foreignObject", "animate", "set", "a", "iframe", "svg"] {
            assert!(
                Svg::read(&picture(&format!("<{element}/>")), 0, 1, &mut Styles::default()).is_err(),
                "{element}"
            );
        }
        let attributes = [
            "onload=\"x()\"",
            "href=\"https://example.org\"",
            "xlink:href=\"//example.org\"",
            "href=\"javascript:x()\"",
            "fill=\"url(https://example.org)\"",
            "style=\"fill:url(//example.org)\"",
            "fill=\"url(#none)\"",
            "href=\"data:image/svg+xml,x\"",
        ];
        for attribute in attributes {
            assert_eq!(content(&picture(&format!("<path {attribute} d=\"M0 0\"/>"))), "<path d=\"m0 0\"/>");
        }
        let image = "<image href=\"data:image/png;base64,AAAA\"/>";
        assert_eq!(content(&picture(image)), image);
    }

    #[test]
    fn definitions_have_the_same_name_in_all_pictures_and_other_names_differ() {
        let source = "<svg viewBox=\"0 0 4 2\"><clipPath id=\"a\"><rect width=\"1\"/></clipPath>\
                      <path clip-path=\"url(#a)\"/><g id=\"b\"/><use href=\"#b\"/></svg>";
        let [first, second] = [1, 2]
            .map(|number| Svg::read(source, number, 1, &mut Styles::default()).expect("it is a picture"));
        assert_eq!(first.definitions, second.definitions);
        assert_eq!(first.definitions.len(), 1);
        assert_eq!(first.pieces[0], second.pieces[0], "the path names the same definition");
        assert_eq!(
            first.pieces[1..],
            [Piece::Own("<g id=\"p1-1\"/>".into()), Piece::Element("<use href=\"#p1-1\"/>".into())]
        );
        assert!(second.pieces[1..].iter().all(|piece| !first.pieces.contains(piece)));
        assert_eq!(first.size, (4.0, 2.0));
    }

    #[test]
    fn a_picture_needs_an_extent() {
        for source in [
            "<svg/>",
            "<svg width=\"1\"/>",
            "<svg width=\"0\" height=\"1\"/>",
            "<svg viewBox=\"0 0 NaN 1\"/>",
            "",
        ] {
            assert!(Svg::read(source, 0, 1, &mut Styles::default()).is_err(), "{source}");
        }
    }
}
