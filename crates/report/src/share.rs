//! Pieces that several pictures show stand in the page once. The steps of a computation differ in one card each.

use crate::svg::{Piece, Svg};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Elements shorter than this are not worth a reference.
const SHORT: usize = 48;

/// What all pictures of a page have in common.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// The group of each element that stands in the page once, and how many groups of elements there are.
    groups: BTreeMap<String, usize>,
    /// The groups, each as its elements.
    content: Vec<Vec<String>>,
    definitions: BTreeMap<String, String>,
}

/// Where an element stands: how often, and what always stands beside it.
struct Place<'a> {
    times: usize,
    before: Neighbour<'a>,
    after: Neighbour<'a>,
}

/// The same element everywhere, or none.
type Neighbour<'a> = Option<&'a str>;

impl Shared {
    /// Finds out what stands more than once. Elements that always follow each other are one group.
    pub(crate) fn of(pictures: &[&Svg]) -> Shared {
        let mut places: BTreeMap<&str, Place<'_>> = BTreeMap::new();
        for svg in pictures {
            let element = |at: Option<usize>| match svg.pieces.get(at?)? {
                Piece::Element(text) if text.len() >= SHORT => Some(text.as_str()),
                _ => None,
            };
            for i in 0..svg.pieces.len() {
                let Some(text) = element(Some(i)) else { continue };
                let (before, after) = (element(i.checked_sub(1)), element(Some(i + 1)));
                let place = places.entry(text).or_insert(Place { times: 0, before, after });
                place.times += 1;
                place.before = place.before.filter(|_| place.before == before);
                place.after = place.after.filter(|_| place.after == after);
            }
        }
        let mut shared = Shared::default();
        for (text, place) in places.iter().filter(|(_, place)| place.times > 1) {
            let leads = place.before.is_none_or(|before| {
                let other = &places[before];
                other.times != place.times || other.after != Some(*text)
            });
            if leads {
                shared.group(text, &places);
            }
        }
        for svg in pictures {
            shared.definitions.extend(svg.definitions.clone());
        }
        shared
    }

    /// A group from its first element on.
    fn group<'a>(&mut self, first: &'a str, places: &BTreeMap<&'a str, Place<'a>>) {
        let (times, mut text, mut group) = (places[first].times, first, vec![first.to_owned()]);
        while let Some(next) = places[text].after {
            let other = &places[next];
            if other.times != times || other.before != Some(text) || next == first {
                break;
            }
            group.push(next.to_owned());
            text = next;
        }
        self.groups.extend(group.iter().map(|text| (text.clone(), self.content.len())));
        self.content.push(group);
    }

    /// The picture's content, with references to what it shares.
    pub(crate) fn content(&self, svg: &Svg) -> String {
        let mut out = String::new();
        for piece in &svg.pieces {
            match piece {
                Piece::Own(text) => out.push_str(text),
                Piece::Element(text) => match self.groups.get(text) {
                    None => out.push_str(text),
                    Some(&group) if self.content[group][0] == *text => {
                        _ = write!(out, "<use href=\"#k{group}\"/>");
                    }
                    Some(_) => {} // its group has been named
                },
            }
        }
        out
    }

    /// The picture without extent that holds what others refer to; empty if there is nothing to hold.
    pub(crate) fn library(&self) -> String {
        if self.content.is_empty() && self.definitions.is_empty() {
            return String::new();
        }
        let mut out =
            String::from("<svg class=\"library\" aria-hidden=\"true\" width=\"0\" height=\"0\"><defs>");
        self.definitions.values().for_each(|text| out.push_str(text));
        for (i, group) in self.content.iter().enumerate() {
            _ = write!(out, "<g id=\"k{i}\">{}</g>", group.concat());
        }
        out + "</defs></svg>\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::styles::Styles;

    fn path(name: &str) -> String {
        format!("<path d=\"M0 0H{}\" data-name=\"{name}\"/>", "1 1 ".repeat(9))
    }

    fn picture(names: &[&str]) -> Svg {
        let content: String = names.iter().map(|name| path(name)).collect();
        Svg::read(&format!("<svg width=\"1\" height=\"1\">{content}</svg>"), 0, 1, &mut Styles::default())
            .expect("it is a picture")
    }

    /// The content with references replaced, as a browser does.
    fn resolved(shared: &Shared, svg: &Svg) -> String {
        let mut text = shared.content(svg);
        for (i, group) in shared.content.iter().enumerate() {
            text = text.replace(&format!("<use href=\"#k{i}\"/>"), &group.concat());
        }
        text
    }

    #[test]
    fn pictures_show_what_they_showed() {
        let pictures = [
            picture(&["a", "b", "c", "d"]),
            picture(&["a", "b", "e", "d"]),
            picture(&["c", "a", "b"]),
            picture(&["d", "d", "d"]),
            picture(&["f", "g", "f", "g"]),
            picture(&["x"]),
        ];
        let shared = Shared::of(&pictures.iter().collect::<Vec<_>>());
        let all = [
            &["a", "b", "c", "d"][..],
            &["a", "b", "e", "d"],
            &["c", "a", "b"],
            &["d"; 3],
            &["f", "g", "f", "g"],
            &["x"],
        ];
        for (svg, names) in pictures.iter().zip(all) {
            let whole: String = names.iter().map(|name| path(name)).collect();
            assert_eq!(resolved(&shared, svg), whole, "{names:?}");
        }
        assert!(shared.content(&pictures[0]).len() < 120, "{}", shared.content(&pictures[0]));
        assert_eq!(
            shared.groups.get(&path("a")),
            shared.groups.get(&path("b")),
            "both always stand together"
        );
        assert_eq!(shared.content(&pictures[5]), path("x"), "it stands once");
    }

    #[test]
    fn a_page_without_common_pieces_has_no_library() {
        assert_eq!(Shared::of(&[&picture(&["a"])]).library(), "");
    }
}
