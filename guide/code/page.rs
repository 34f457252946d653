// Pages of the guide: Markdown, with fenced blocks. Shared by `build.rs`, which makes programs of them, and the tests.

use std::ops::Range;

/// A fenced block of a page.
pub(crate) struct Block {
    /// What follows the opening fence: `rust`, `text`, `rust,draws=moons`, `rust,should_panic`.
    pub(crate) info: String,
    /// The lines between the fences.
    pub(crate) lines: Range<usize>,
}

impl Block {
    /// Whether it is a part of the page's program.
    pub(crate) fn is_program(&self) -> bool {
        self.info == "rust"
    }

    /// The name of the picture whose SVG it is an expression of.
    pub(crate) fn draws(&self) -> Option<&str> {
        self.info.strip_prefix("rust,draws=")
    }

    /// Whether it is a program of its own, which ends with a panic.
    pub(crate) fn panics(&self) -> bool {
        self.info == "rust,should_panic"
    }
}

/// The blocks of a page, in order.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = vec![];
    let mut open: Option<(String, usize)> = None;
    for (number, line) in page.lines().enumerate() {
        let Some(info) = line.strip_prefix("```") else { continue };
        match open.take() {
            Some((info, first)) => blocks.push(Block { info, lines: first..number }),
            None => open = Some((info.to_owned(), number + 1)),
        }
    }
    blocks
}

/// The pages that the summary lists, in order: `perceptron.md`.
pub(crate) fn names(summary: &str) -> Vec<String> {
    links(summary).into_iter().filter(|link| link.ends_with(".md")).collect()
}

/// What a page links to: the parts of `](…)`, without those of code.
pub(crate) fn links(page: &str) -> Vec<String> {
    let code: Vec<Range<usize>> = blocks(page).into_iter().map(|block| block.lines).collect();
    let prose =
        page.lines().enumerate().filter(|(number, _)| !code.iter().any(|lines| lines.contains(number)));
    let parts = prose.flat_map(|(_, line)| line.split("](").skip(1));
    parts.filter_map(|part| part.split_once(')')).map(|(link, _)| link.to_owned()).collect()
}
