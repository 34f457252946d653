//! Sections and what stands in them.

use crate::picture::{Picture, Slides};
use crate::table::Table;

/// A part of a report with a title: paragraphs, pictures, tables, formulas, slides and sections within it, in the order in
/// which they are added.
///
/// ```
/// use report::{Report, Section};
/// let section = Section::new("Loss").text("It falls.").section(Section::new("In detail").code("0.5\n0.25"));
/// let page = Report::new("A run").section(section).to_html();
/// assert!(page.contains(">Loss</h2>") && page.contains("<h3>In detail</h3>"));
/// ```
#[derive(Clone, Debug)]
pub struct Section {
    pub(crate) title: String,
    pub(crate) blocks: Vec<Block>,
}

/// What stands in a section.
#[derive(Clone, Debug)]
pub(crate) enum Block {
    Text(String),
    Note(String),
    Facts(Vec<(String, String)>),
    Pictures(Vec<Picture>),
    Table(Table),
    Fragment(String),
    Code(String),
    Slides(Slides),
    Section(Section),
}

impl Section {
    /// An empty section.
    pub fn new(title: impl Into<String>) -> Section {
        Section { title: title.into(), blocks: Vec::new() }
    }

    fn with(mut self, block: Block) -> Section {
        self.blocks.push(block);
        self
    }

    /// A paragraph.
    pub fn text(self, text: impl Into<String>) -> Section {
        self.with(Block::Text(text.into()))
    }

    /// A paragraph that is set apart, such as what follows from the pictures above it.
    pub fn note(self, text: impl Into<String>) -> Section {
        self.with(Block::Note(text.into()))
    }

    /// A list of names, each with a value.
    pub fn facts<K: Into<String>, V: Into<String>>(self, facts: impl IntoIterator<Item = (K, V)>) -> Section {
        self.with(Block::Facts(facts.into_iter().map(|(name, value)| (name.into(), value.into())).collect()))
    }

    /// A picture.
    pub fn picture(self, picture: Picture) -> Section {
        self.pictures([picture])
    }

    /// Pictures side by side, as many as there is space for.
    pub fn pictures(self, pictures: impl IntoIterator<Item = Picture>) -> Section {
        self.with(Block::Pictures(pictures.into_iter().collect()))
    }

    /// A table.
    pub fn table(self, table: Table) -> Section {
        self.with(Block::Table(table))
    }

    /// A piece of HTML with formulas in MathML, such as a derivation. Its headings become those of this section's parts. Only
    /// elements of text, lists, tables and formulas are taken: a piece that has others, or is not well formed, is shown as
    /// its source, with the reason.
    ///
    /// ```
    /// use report::{Report, Section};
    /// let page = |html: &str| Report::new("A run").section(Section::new("Rule").fragment(html)).to_html();
    /// assert!(page("<p>for <math><mi>x</mi></math></p>").contains("<math><mi>x</mi></math>"));
    /// assert!(page("<script>alert(1)</script>").contains("&lt;script&gt;"));
    /// ```
    pub fn fragment(self, html: impl Into<String>) -> Section {
        self.with(Block::Fragment(html.into()))
    }

    /// Lines in a font of equal widths: code, or what a program prints.
    pub fn code(self, lines: impl Into<String>) -> Section {
        self.with(Block::Code(lines.into()))
    }

    /// Slides.
    pub fn slides(self, slides: Slides) -> Section {
        self.with(Block::Slides(slides))
    }

    /// A section within this one.
    pub fn section(self, section: Section) -> Section {
        self.with(Block::Section(section))
    }

    /// The pictures of this section in the order in which they are written.
    pub(crate) fn collect<'a>(&'a self, found: &mut Vec<&'a Picture>) {
        for block in &self.blocks {
            match block {
                Block::Pictures(pictures) => found.extend(pictures),
                Block::Slides(slides) => {
                    found.extend(slides.slides.iter().filter_map(|slide| slide.picture.as_ref()))
                }
                Block::Section(section) => section.collect(found),
                Block::Text(_)
                | Block::Note(_)
                | Block::Facts(_)
                | Block::Table(_)
                | Block::Fragment(_)
                | Block::Code(_) => {}
            }
        }
    }
}
