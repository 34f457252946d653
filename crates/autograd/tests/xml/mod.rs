//! A check that a text is well-formed XML, for the part of XML that pictures use: elements, attributes, text, five entities.

/// Panics if it is not.
pub(crate) fn check(text: &str) {
    let mut open: Vec<&str> = vec![];
    let mut roots = 0;
    let mut rest = text.trim_end();
    while !rest.is_empty() {
        let Some(tag) = rest.strip_prefix('<') else {
            let end = rest.find('<').unwrap_or_else(|| panic!("text after the last element: {rest}"));
            check_text(&rest[..end]);
            rest = &rest[end..];
            continue;
        };
        let end = tag.find('>').unwrap_or_else(|| panic!("a tag without end: {tag}"));
        let (inner, after) = (&tag[..end], &tag[end + 1..]);
        rest = after;
        if let Some(name) = inner.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed by another name");
            continue;
        }
        roots += usize::from(open.is_empty());
        let (body, is_empty) = inner.strip_suffix('/').map_or((inner, false), |body| (body, true));
        let name = check_tag(body);
        if !is_empty {
            open.push(name);
        }
    }
    assert!(open.is_empty() && roots == 1, "{open:?} left open, {roots} roots");
}

/// Name and attributes; gives the name.
fn check_tag(body: &str) -> &str {
    let (name, mut rest) = body.split_once(' ').unwrap_or((body, ""));
    assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()), "{body}");
    let mut seen = vec![];
    while !rest.trim().is_empty() {
        let (key, after) = rest.trim_start().split_once("=\"").unwrap_or_else(|| panic!("no value: {body}"));
        let (value, after) = after.split_once('"').unwrap_or_else(|| panic!("open quotation mark: {body}"));
        assert!(key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{key} in {body}");
        assert!(!seen.contains(&key), "{key} twice in {body}");
        seen.push(key);
        check_text(value);
        rest = after;
    }
    name
}

fn check_text(text: &str) {
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "control characters: {text:?}");
    for (i, _) in text.match_indices('&') {
        let entities = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"];
        assert!(entities.iter().any(|e| text[i..].starts_with(e)), "{text}");
    }
}

/// A control: malformed texts are refused.
#[test]
fn what_is_not_well_formed_is_found() {
    check("<svg a=\"1\"><g>x &amp; y</g><r/></svg>");
    let bad = [
        "<svg><g></svg>",
        "<svg a=1/>",
        "<svg>&</svg>",
        "<svg/><svg/>",
        "<svg>\u{1}</svg>",
        "<svg a=\"<\"/>x",
    ];
    for text in bad {
        assert!(std::panic::catch_unwind(|| check(text)).is_err(), "{text}");
    }
}
