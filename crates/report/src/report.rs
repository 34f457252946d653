//! The report as its user builds it.

use crate::section::Section;

/// A report with a title and sections.
///
/// ```
/// use report::{Report, Section};
/// let report = Report::new("A <run>").section(Section::new("Loss").text("It falls from 0.3 to 0.01."));
/// let page = report.to_html();
/// assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<h1>A &lt;run&gt;</h1>"));
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    pub(crate) title: String,
    pub(crate) lead: String,
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) sections: Vec<Section>,
    pub(crate) picture_limit: usize,
}

impl Report {
    /// A report without sections.
    pub fn new(title: impl Into<String>) -> Report {
        Report {
            title: title.into(),
            lead: String::new(),
            facts: Vec::new(),
            sections: Vec::new(),
            picture_limit: 200_000,
        }
    }

    /// A paragraph below the title: what the report is about.
    pub fn lead(mut self, text: impl Into<String>) -> Report {
        self.lead = text.into();
        self
    }

    /// What it takes to make the report again, such as versions, seeds and a command; stands below the title.
    pub fn facts<K: Into<String>, V: Into<String>>(
        mut self,
        facts: impl IntoIterator<Item = (K, V)>,
    ) -> Report {
        self.facts.extend(facts.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Adds a section.
    pub fn section(mut self, section: Section) -> Report {
        self.sections.push(section);
        self
    }

    /// How many bytes a picture may have; without this call, 200,000. The coordinates of a larger one are rounded to whole
    /// pixels, and if that is not enough, a line stands in its place.
    pub fn picture_limit(mut self, bytes: usize) -> Report {
        self.picture_limit = bytes;
        self
    }
}
