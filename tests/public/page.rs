//! What rustdoc's pages say, without a parser of HTML: the pages are regular, and the tests below hold a small one.

/// An item of a page.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// What the page is about, by its declaration.
    Item(String),
    /// A method, a field, a variant or a type of it, with its signature.
    Member(String, String),
    /// A trait that it implements, or that is implemented for it.
    Impl(String),
}

/// The parts of a page that count. What remains comes from the compiler or the standard library: automatic traits, blanket
/// implementations, the methods of what a type derefs to.
const PARTS: &[&str] = &[
    "fields",
    "variants",
    "implementations",
    "trait-implementations",
    "required-associated-types",
    "required-associated-consts",
    "provided-associated-consts",
    "required-methods",
    "provided-methods",
    "foreign-impls",
    "implementors",
];

/// The kinds of members, as they stand in the names of places on a page.
const MEMBERS: &[&str] =
    &["method", "tymethod", "structfield", "variant", "associatedtype", "associatedconstant"];

/// The pages that `all.html` lists.
pub(crate) fn pages_of(all: &str) -> Vec<String> {
    let lists = all.split("<ul class=\"all-items\">").skip(1);
    let links = lists.flat_map(|list| until(list, "</ul>").split("<a href=\"").skip(1));
    links.map(|link| until(link, "\"").to_owned()).collect()
}

/// The re-exports that the page of a module lists.
pub(crate) fn reexports_of(page: &str) -> Vec<Found> {
    let places = page.split("id=\"reexport.").skip(1);
    let found = places.filter_map(|place| {
        let code = place.split_once("<code>")?.1;
        Some(Found::Member(until(place, "\"").to_owned(), text_of(until(code, "</code>"))))
    });
    found.collect()
}

/// All items of a page.
pub(crate) fn items_of(page: &str) -> Vec<Found> {
    let mut found = vec![];
    if let Some((_, declaration)) = page.split_once("<pre class=\"rust item-decl\"><code>") {
        found.push(Found::Item(declared(&text_of(until(declaration, "</code></pre>")))));
    }
    for part in page.split("<h2 id=\"").skip(1) {
        if PARTS.contains(&until(part, "\"")) {
            found.extend(part.split(" id=\"").skip(1).filter_map(member));
        }
    }
    found
}

/// The declaration without what stands in braces, which is listed member by member.
fn declared(declaration: &str) -> String {
    let has_members =
        ["struct ", "enum ", "trait "].iter().any(|kind| until(declaration, "(").contains(kind));
    match declaration.split_once('{') {
        Some((head, _)) if has_members => head.trim_end().to_owned(),
        _ => declaration.to_owned(),
    }
}

/// The member or the implementation whose place on the page begins here, after `id="`.
fn member(place: &str) -> Option<Found> {
    let (name, rest) = place.split_once('"')?;
    let class = rest.strip_prefix(" class=\"").map_or("", |class| until(class, "\""));
    if class.contains("trait-impl") {
        return None;
    }
    let header = || {
        let header = rest.split_once("class=\"code-header\">")?.1;
        Some(text_of(until(until(header, "</h3>"), "</h4>")))
    };
    if class == "impl" {
        // Those of the item itself are told by their members.
        let told = |text: &String| text.contains(" for ") && !text.contains("StructuralPartialEq");
        return header().filter(told).map(Found::Impl);
    }
    let (kind, name) = name.split_once('.')?;
    if !MEMBERS.contains(&kind) {
        return None;
    }
    // A second one of the same name has a number behind it: `method.new-1`.
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let name = name.rsplit_once('-').filter(|(_, number)| is_number(number)).map_or(name, |(name, _)| name);
    let signature = if kind == "structfield" || name.contains(".field.") {
        text_of(until(rest.split_once("<code>")?.1, "</code>"))
    } else {
        header()?
    };
    Some(Found::Member(name.replace(".field.", "."), signature))
}

/// What stands before a mark, or all.
fn until<'a>(text: &'a str, mark: &str) -> &'a str {
    text.split_once(mark).map_or(text, |(before, _)| before)
}

/// A text without tags, entities and line breaks.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    for (i, piece) in html.split('<').enumerate() {
        // Lists of bounds are blocks of their own, without a space before them.
        if i > 0 && piece.starts_with("div") {
            text.push(' ');
        }
        text.push_str(if i == 0 { piece } else { piece.split_once('>').map_or("", |(_, after)| after) });
    }
    for (entity, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("ⓘ", ""),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, character);
    }
    // Where rustdoc breaks a line is no part of the face.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace("( ", "(").replace(", )", ")").replace("]pub", "] pub")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r##"<pre class="rust item-decl"><code>pub struct Pair&lt;'a&gt; {
    pub first: &amp;'a <a href="x">str</a>,
}</code></pre><h2 id="panics">Panics</h2><section id="method.not_one" class="method"><h4 class="code-header">fn</h4>
<h2 id="fields" class="x">Fields</h2><span id="structfield.first" class="structfield"><code>first: &amp;'a str</code></span>
<h2 id="implementations"><section id="impl-Pair" class="impl"><h3 class="code-header">impl&lt;'a&gt; Pair&lt;'a&gt;</h3></section>
<section id="method.swap-2" class="method"><a>Source</a><h4 class="code-header">pub fn <a>swap</a>(
    self,
) -&gt; Self<div class="where">where
    Self: Sized,</div></h4></section><h5 id="panics-1">Panics</h5>
<h2 id="deref-methods-str"><section id="method.len" class="method"><h4 class="code-header">pub fn len()</h4></section>
<h2 id="trait-implementations"><section id="impl-Clone-for-Pair" class="impl"><h3 class="code-header">impl Clone for Pair</h3></section>
<section id="method.clone" class="method trait-impl"><h4 class="code-header">fn clone()</h4></section>
<h2 id="blanket-implementations"><section id="impl-Any-for-T" class="impl"><h3 class="code-header">impl Any for T</h3></section>"##;

    #[test]
    fn a_page_gives_its_own_items_alone() {
        let member = |name: &str, text: &str| Found::Member(name.to_owned(), text.to_owned());
        assert_eq!(
            items_of(PAGE),
            [
                Found::Item("pub struct Pair<'a>".to_owned()),
                member("first", "first: &'a str"),
                member("swap", "pub fn swap(self) -> Self where Self: Sized,"),
                Found::Impl("impl Clone for Pair".to_owned()),
            ]
        );
    }

    #[test]
    fn a_method_that_is_gone_or_changed_shows() {
        assert_ne!(items_of(&PAGE.replace("method.swap-2", "method.swapped")), items_of(PAGE));
        assert_ne!(items_of(&PAGE.replace("    self,", "    &self,")), items_of(PAGE));
        assert_ne!(items_of(&PAGE.replace("Clone for Pair<", "Copy for Pair<")), items_of(PAGE));
    }

    #[test]
    fn pages_are_those_in_the_lists() {
        let all = r#"<a href="x.html"><ul class="all-items"><li><a href="struct.A.html">A</a></li><li><a href="m/fn.b.html">"#;
        assert_eq!(pages_of(&format!("{all}</ul><a href=\"y.html\">")), ["struct.A.html", "m/fn.b.html"]);
    }
}
