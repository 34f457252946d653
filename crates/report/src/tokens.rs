//! Markup as a tree. What is not well formed is refused, so that nothing leaves the element that it is put into.

use std::fmt;

/// An element or a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Element(Element),
    /// As it stands in the source, entities and all.
    Text(String),
}

/// A name, attributes and what is within.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    /// Values are as in the source, without a `"`.
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Node>,
}

/// Why a piece of markup is not shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Flaw(pub(crate) String);

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How deep elements may stand in each other.
const DEEPEST: usize = 200;

/// Reads elements and texts. Comments, declarations and processing instructions are passed over.
pub(crate) fn parse(source: &str) -> Result<Vec<Node>, Flaw> {
    let mut reader = Reader { rest: source };
    let mut open: Vec<Element> = Vec::new();
    let mut top: Vec<Node> = Vec::new();
    while !reader.rest.is_empty() {
        let node = match reader.next()? {
            Token::Nothing => continue,
            Token::Text(text) => Node::Text(text.replace('\0', "")),
            Token::Open(element, true) => Node::Element(element),
            Token::Open(element, false) => {
                if open.len() == DEEPEST {
                    return Err(Flaw(format!("its elements stand more than {DEEPEST} deep")));
                }
                open.push(element);
                continue;
            }
            Token::Close(name) => match open.pop() {
                Some(element) if element.name == name => Node::Element(element),
                _ => return Err(Flaw(format!("</{name}> closes nothing"))),
            },
        };
        open.last_mut().map_or(&mut top, |element| &mut element.children).push(node);
    }
    match open.pop() {
        Some(element) => Err(Flaw(format!("<{}> is not closed", element.name))),
        None => Ok(top),
    }
}

enum Token {
    Nothing,
    Text(String),
    Open(Element, bool),
    Close(String),
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Token, Flaw> {
        if !self.rest.starts_with('<') {
            let end = self.rest.find('<').unwrap_or(self.rest.len());
            return Ok(Token::Text(self.take(end).to_owned()));
        }
        for (start, end) in [("<!--", "-->"), ("<?", "?>"), ("<!", ">")] {
            if self.rest.starts_with(start) {
                self.until(end)?;
                return Ok(Token::Nothing);
            }
        }
        if self.eat("</") {
            let name = self.name()?.to_owned();
            self.blank();
            return if self.eat(">") {
                Ok(Token::Close(name))
            } else {
                Err(Flaw(format!("</{name} has no end")))
            };
        }
        self.eat("<");
        self.tag()
    }

    /// A tag behind its `<`.
    fn tag(&mut self) -> Result<Token, Flaw> {
        let name = self.name()?.to_owned();
        let mut attributes: Vec<(String, String)> = Vec::new();
        loop {
            let blank = self.blank();
            let empty = self.eat("/>");
            if empty || self.eat(">") {
                let void = empty || name == "br" || name == "hr";
                return Ok(Token::Open(Element { name, attributes, children: Vec::new() }, void));
            }
            if !blank {
                return Err(Flaw(format!("<{name} has no end")));
            }
            let key = self.name()?.to_owned();
            let quote = ["=\"", "='"].into_iter().find(|quote| self.eat(quote));
            let Some(quote) = quote else {
                return Err(Flaw(format!("the attribute {key} of <{name}> has no value in quotes")));
            };
            let value = self.until(&quote[1..])?.replace('"', "&quot;").replace('\0', "");
            if attributes.iter().any(|(other, _)| *other == key) {
                return Err(Flaw(format!("<{name}> has the attribute {key} twice")));
            }
            attributes.push((key, value));
        }
    }

    fn take(&mut self, n: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(n);
        self.rest = rest;
        taken
    }

    fn eat(&mut self, what: &str) -> bool {
        let there = self.rest.starts_with(what);
        if there {
            self.take(what.len());
        }
        there
    }

    fn blank(&mut self) -> bool {
        let n = self.rest.len() - self.rest.trim_ascii_start().len();
        self.take(n);
        n > 0
    }

    fn until(&mut self, end: &str) -> Result<&'a str, Flaw> {
        let at = self.rest.find(end).ok_or_else(|| Flaw(format!("it ends before {end}")))?;
        let text = self.take(at);
        self.take(end.len());
        Ok(text)
    }

    fn name(&mut self) -> Result<&'a str, Flaw> {
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.');
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        match self.take(end) {
            name if name.starts_with(|c: char| c.is_ascii_alphabetic()) => Ok(name),
            _ => Err(Flaw("a `<` is no tag".to_owned())),
        }
    }
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The opening tag, up to its `>`.
    pub(crate) fn head(&self) -> String {
        let attributes: String =
            self.attributes.iter().map(|(key, value)| format!(" {key}=\"{value}\"")).collect();
        format!("<{}{attributes}", self.name)
    }
}

impl Node {
    /// Writes the node. Elements without content end with `/>` if they are foreign to HTML, as those of SVG are.
    pub(crate) fn write(&self, out: &mut String, foreign: bool) {
        match self {
            Node::Text(text) => out.push_str(text),
            Node::Element(element) => {
                out.push_str(&element.head());
                let void = foreign || element.name == "br" || element.name == "hr";
                if void && element.children.is_empty() {
                    return out.push_str("/>");
                }
                out.push('>');
                element.children.iter().for_each(|child| child.write(out, foreign));
                out.push_str("</");
                out.push_str(&element.name);
                out.push('>');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(source: &str) -> String {
        let mut out = String::new();
        parse(source).expect("it is well formed").iter().for_each(|node| node.write(&mut out, true));
        out
    }

    #[test]
    fn what_is_well_formed_comes_out_as_it_was() {
        for text in ["", "a &amp; b", "<g><path d=\"M0 0\"/>x</g>", "<a b=\"1\" c-d=\"2\"><e/></a>"] {
            assert_eq!(again(text), text);
        }
        assert_eq!(
            again("<?xml version='1'?><!DOCTYPE x><!-- <b> --><a\n b='x\"y' ></a >"),
            "<a b=\"x&quot;y\"/>"
        );
    }

    #[test]
    fn what_is_not_is_refused() {
        let flawed = [
            "<a>",
            "</a>",
            "<a></b>",
            "<a",
            "<a b>",
            "<a b=c>",
            "<a b=\"1>",
            "<a b=\"1\"c=\"2\">",
            "1 < 2",
            "<!-- x",
            "<>",
            "<a b=\"1\" b=\"2\"/>",
            "</a b>",
        ];
        for text in flawed {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"<g>".repeat(DEEPEST + 1)).is_err());
    }
}
