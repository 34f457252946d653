//! A piece of HTML with formulas, such as a derivation, as it may stand in the page.

use crate::names::Kind;
use crate::tokens::{Element, Flaw, Node, parse};

/// Elements of text and of lists, tables and headings.
const HTML: &[&str] = &[
    "h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "span", "section", "em", "strong", "b", "i", "code",
    "pre", "sub", "sup", "br", "hr", "ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "thead",
    "tbody", "tr", "th", "td", "details", "summary",
];

/// MathML Core, without what loads or acts.
const MATH: &[&str] = &[
    "math",
    "mrow",
    "mi",
    "mn",
    "mo",
    "ms",
    "mtext",
    "mspace",
    "msup",
    "msub",
    "msubsup",
    "mover",
    "munder",
    "munderover",
    "mfrac",
    "msqrt",
    "mroot",
    "mstyle",
    "mpadded",
    "mphantom",
    "mtable",
    "mtr",
    "mtd",
    "mmultiscripts",
    "mprescripts",
    "merror",
];

/// The fragment with headings from `level` on, each displayed formula in a box that scrolls.
pub(crate) fn clean(source: &str, level: usize) -> Result<String, Flaw> {
    let mut nodes = parse(source)?;
    let first = nodes.iter().filter_map(first_heading).min();
    for node in &mut nodes {
        if let Node::Element(element) = node {
            clean_element(element, level as isize - first.unwrap_or(level) as isize)?;
        }
    }
    let mut out = String::new();
    nodes.into_iter().map(boxed).for_each(|node| node.write(&mut out, false));
    Ok(out)
}

fn heading(name: &str) -> Option<usize> {
    name.strip_prefix('h')?.parse().ok().filter(|level| (1..=6).contains(level))
}

/// The lowest level of the headings in a node.
fn first_heading(node: &Node) -> Option<usize> {
    let Node::Element(element) = node else { return None };
    let within = element.children.iter().filter_map(first_heading);
    within.chain(heading(&element.name)).min()
}

fn clean_element(element: &mut Element, shift: isize) -> Result<(), Flaw> {
    let name = element.name.as_str();
    if !HTML.contains(&name) && !MATH.contains(&name) {
        return Err(Flaw(format!("it has an element <{name}>")));
    }
    if let Some(level) = heading(name) {
        element.name = format!("h{}", (level as isize + shift).clamp(2, 6));
    }
    element.attributes.retain(|(key, value)| match key.as_str() {
        "id" | "href" | "xlink:href" => false,
        "class" | "role" | "tabindex" => true,
        key if key.starts_with("aria-") => true,
        key => Kind::of(key).allows(value, false),
    });
    for node in &mut element.children {
        if let Node::Element(child) = node {
            clean_element(child, shift)?;
        }
    }
    Ok(())
}

/// Puts a displayed formula into a box that scrolls where the page is narrow.
fn boxed(node: Node) -> Node {
    let Node::Element(mut element) = node else { return node };
    if element.name == "math" {
        if element.attribute("display") != Some("block") {
            return Node::Element(element);
        }
        let attributes =
            [("class", "scroll formula"), ("tabindex", "0"), ("role", "group"), ("aria-label", "Formula")];
        let attributes = attributes.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        return Node::Element(Element {
            name: "div".into(),
            attributes,
            children: vec![Node::Element(element)],
        });
    }
    element.children = element.children.into_iter().map(boxed).collect();
    Node::Element(element)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_follow_those_of_the_page() {
        assert_eq!(clean("<h2>a</h2><div><h3>b</h3></div>", 4), Ok("<h4>a</h4><div><h5>b</h5></div>".into()));
        assert_eq!(clean("<h6>a</h6>", 3), Ok("<h3>a</h3>".into()));
    }

    #[test]
    fn formulas_come_out_as_they_were_in_a_box() {
        let inner = "<mrow><mo stretchy=\"false\">(</mo><mi>x</mi><mspace width=\"1em\"></mspace></mrow>";
        let source = format!("<p>so <math>{inner}</math></p><math display=\"block\">{inner}</math>");
        let clean = clean(&source, 3).expect("it is well formed");
        assert!(clean.starts_with(&format!("<p>so <math>{inner}</math></p><div class=\"scroll")), "{clean}");
        assert!(clean.ends_with(&format!("<math display=\"block\">{inner}</math></div>")), "{clean}");
    }

    #[test]
    fn what_acts_or_loads_is_refused_or_left_out() {
        for element in [
            "script",
            "style",
            "img",
            "a",
            "iframe",
            "svg",
            "annotation-xml",
            "maction",
            "form",
            "link",
            "base",
        ] {
            assert!(clean(&format!("<p><{element}></{element}></p>"), 3).is_err(), "{element}");
        }
        let source = "<p onclick=\"x()\" id=\"main\" style=\"background:url(//x)\" class=\"rule\">a</p>";
        assert_eq!(clean(source, 3), Ok("<p class=\"rule\">a</p>".into()));
        assert!(
            clean("</section></main><p>outside</p>", 3).is_err(),
            "it would end the section that it stands in"
        );
    }
}
