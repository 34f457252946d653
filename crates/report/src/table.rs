//! Tables.

use crate::text::escape;
use std::fmt::Write;

/// A table of texts. Columns of numbers are aligned to the right; the first cell of a row names it.
///
/// ```
/// use report::{Report, Section, Table};
/// let table = Table::new("Rates", ["optimiser", "rate"]).row(["Adam", "0.05"]).row(["SGD", "0.01"]);
/// let page = Report::new("A run").section(Section::new("How").table(table)).to_html();
/// assert!(page.contains(r#"<th scope="row">Adam</th><td class="n">0.05</td>"#));
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    caption: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows: a caption and the names of the columns.
    pub fn new<S: Into<String>>(caption: impl Into<String>, columns: impl IntoIterator<Item = S>) -> Table {
        let head = columns.into_iter().map(Into::into).collect();
        Table { caption: caption.into(), head, rows: Vec::new() }
    }

    /// Adds a row. One that is too short ends with empty cells; in one that is too long the table gets columns without a name.
    pub fn row<S: Into<String>>(mut self, cells: impl IntoIterator<Item = S>) -> Table {
        self.rows.push(cells.into_iter().map(Into::into).collect());
        self
    }

    pub(crate) fn write(&self, out: &mut String) {
        let caption = escape(&self.caption);
        _ = write!(
            out,
            "<div class=\"scroll table\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table><caption>{caption}</caption>\n\
             <thead><tr>"
        );
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0).max(self.head.len());
        let numeric: Vec<bool> = (0..columns).map(|column| column > 0 && self.is_numeric(column)).collect();
        let class = |column: usize| if numeric[column] { " class=\"n\"" } else { "" };
        let cell = |row: &[String], column: usize| escape(row.get(column).map_or("", String::as_str));
        for column in 0..columns {
            _ = write!(out, "<th scope=\"col\"{}>{}</th>", class(column), cell(&self.head, column));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            _ = write!(out, "<tr><th scope=\"row\">{}</th>", cell(row, 0));
            for column in 1..columns {
                _ = write!(out, "<td{}>{}</td>", class(column), cell(row, column));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody></table></div>\n");
    }

    /// Whether at least half of the cells of a column are numbers, with a unit or without.
    fn is_numeric(&self, column: usize) -> bool {
        let cells = || self.rows.iter().filter_map(|row| row.get(column));
        let numbers = cells().filter(|cell| is_number(cell)).count();
        numbers > 0 && 2 * numbers >= cells().count()
    }
}

/// Whether a text is a number: `−0.5`, `1,000`, `2.5e-3`, `99.5 %`, `10 epochs`.
fn is_number(text: &str) -> bool {
    let text = text.trim_start_matches(['−', '-', '+']);
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let part = |c: char| c.is_ascii_digit() || ".,eE-−+".contains(c);
    number.starts_with(|c: char| c.is_ascii_digit()) && number.chars().all(part) && !unit.contains([' ', '→'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_other_texts() {
        for text in ["1", "−0.5", "1,000 epochs", "2.5e-3", "99.5 %", "0"] {
            assert!(is_number(text), "{text}");
        }
        for text in ["", "2 → 1, step", "[3×1]", "(1, 2)", "yes", "3-1-1 as written", "1 a b", "½"] {
            assert!(!is_number(text), "{text}");
        }
    }

    #[test]
    fn rows_of_any_length_make_a_table() {
        let table = Table::new("<t>", ["a", "b"]).row(["x", "−1", "y"]).row(["z"]).row(Vec::<String>::new());
        let mut out = String::new();
        table.write(&mut out);
        assert_eq!(out.matches("<tr>").count(), 4);
        assert_eq!(out.matches("<td").count(), 6);
        assert!(out.contains("<td class=\"n\">−1</td><td>y</td>") && out.contains("&lt;t&gt;"), "{out}");
    }
}
