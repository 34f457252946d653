//! The printed Wengert list: one equation per line.

use super::words::{Numbers, Words, nested};
use crate::dtype::DType;
use crate::ir::NodeId;
use crate::lists::IntoList;
use crate::tape::Tape;
use std::fmt;
use std::ops::{Bound, Range, RangeBounds};

/// A list of more lines shows only its beginning and its end.
const LONGEST: usize = 64;
/// Lines of the beginning and of the end of a list that is too long.
const HEAD: usize = 40;
const TAIL: usize = 20;

/// The values of a tensor with at most this many elements are shown.
const TINY: usize = 4;

/// Significant digits of a number.
const DIGITS: usize = 6;

/// A tape as text, one equation per line: made by [`Tape::listing`].
#[derive(Clone, Debug)]
pub struct Listing<'t> {
    tape: &'t Tape<'t>,
    range: Range<usize>,
    values: bool,
    all: bool,
}

impl<'p> Tape<'p> {
    /// The tape as text: the Wengert list, one equation per line. Each line has the value (or the shape of a larger tensor), the
    /// node that it is the adjoint of, the scope that recorded it, and the source line.
    ///
    /// A list of more than 64 lines shows the first 40 and the last 20, and says how many it leaves out.
    ///
    /// ```
    /// use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var(2.0);
    /// let y = (x * x.sin()).sum();
    /// println!("{}", tape.listing());
    /// assert!(tape.listing().to_string().contains("v2 = mul(v0, v1)   1.81859"));
    /// assert!(tape.listing().range(1..2).to_string().starts_with("v1 = sin(v0)   0.909297"));
    /// ```
    pub fn listing<'t>(&'t self) -> Listing<'t>
    where
        'p: 't,
    {
        Listing { tape: self, range: 0..usize::MAX, values: true, all: false }
    }
}

impl Listing<'_> {
    /// Lists only the nodes with these numbers. The range may reach beyond the tape.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let y = tape.var(4.0).sqrt().exp();
    /// let before = tape.len();
    /// y.grad([y]);
    /// println!("{}", tape.listing().range(before..)); // what the sweep has recorded
    /// ```
    pub fn range(mut self, nodes: impl RangeBounds<usize>) -> Self {
        let start = match nodes.start_bound() {
            Bound::Included(&n) => n,
            Bound::Excluded(&n) => n.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match nodes.end_bound() {
            Bound::Included(&n) => n.saturating_add(1),
            Bound::Excluded(&n) => n,
            Bound::Unbounded => usize::MAX,
        };
        self.range = start..end;
        self
    }

    /// Lists shapes instead of values.
    pub fn without_values(mut self) -> Self {
        self.values = false;
        self
    }

    /// Lists all lines of a long list.
    pub fn all(mut self) -> Self {
        self.all = true;
        self
    }
}

/// Lines without a line break after the last.
impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = Words::of(self.tape);
        let end = self.range.end.min(words.list.nodes.len());
        let nodes = self.range.start.min(end)..end;
        if nodes.is_empty() {
            let empty = words.list.nodes.is_empty();
            return f.write_str(if empty { "the tape is empty" } else { "no nodes in this range" });
        }
        // What was recorded as the body of a loop stands in the loop's own line.
        let nodes: Vec<usize> = nodes.filter(|&i| !words.is_of_a_body(i as NodeId)).listed();
        let cut = (!self.all && nodes.len() > LONGEST).then(|| HEAD..nodes.len() - TAIL);
        let usual = words.usual_dtype();
        let shown = (0..nodes.len()).filter(|i| cut.as_ref().is_none_or(|cut| !cut.contains(i)));
        let rows: Vec<Cells> = shown.map(|i| self.row(&words, nodes[i] as NodeId, usual)).listed();
        let lines = aligned(&rows);
        for (i, line) in lines.iter().enumerate() {
            if let Some(cut) = cut.as_ref().filter(|_| i == HEAD) {
                let (n, first, last) = (cut.len(), nodes[cut.start], nodes[cut.end - 1]);
                writeln!(f, "… {n} nodes left out, v{first} to v{last}: `.all()` lists them")?;
            }
            f.write_str(line)?;
            if i + 1 < lines.len() {
                f.write_str("\n")?;
            }
        }
        Ok(())
    }
}

/// The columns of a line.
type Cells = [String; 5];

impl Listing<'_> {
    fn row(&self, words: &Words<'_>, id: NodeId, usual: Option<DType>) -> Cells {
        let adjoint = words.adjoint_of(id).map(|of| format!("adjoint of v{of}")).unwrap_or_default();
        let scope = words.scope(id).unwrap_or_default();
        [words.equation(id), self.value(words, id, usual), adjoint, scope, words.site(id)]
    }

    fn value(&self, words: &Words<'_>, id: NodeId, usual: Option<DType>) -> String {
        let meta = &words.list.node(id).meta;
        let shape = words.shape(id, usual);
        if !self.values || meta.shape.contains(&0) {
            return shape;
        }
        match words.numbers(id, TINY, DIGITS) {
            Numbers::Known(numbers) if meta.shape.elements() <= TINY => match shape.split_once(' ') {
                Some((_, dtype)) => format!("{} {dtype}", nested(&meta.shape, &numbers)),
                None => nested(&meta.shape, &numbers),
            },
            Numbers::Known(_) | Numbers::Traced => shape,
            Numbers::Released => format!("{shape} released"),
        }
    }
}

/// Lines with aligned columns. A column without any text takes no space.
fn aligned(rows: &[Cells]) -> Vec<String> {
    let count = |s: &String| s.chars().count();
    let widths: [usize; 5] = std::array::from_fn(|i| rows.iter().map(|r| count(&r[i])).max().unwrap_or(0));
    let line = |row: &Cells| {
        let cells = row.iter().zip(widths).filter(|(_, width)| *width > 0);
        let line: Vec<String> = cells.map(|(cell, width)| format!("{cell:<width$}")).listed();
        line.join("   ").trim_end().to_owned()
    };
    rows.iter().map(line).listed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn released_values_are_told() {
        let tape = Tape::new();
        let x = tape.var([1.0, 2.0]);
        let y = x.exp();
        let line = line!() - 1;
        y.ln();
        tape.list_mut().release(y.id());
        let text = tape.listing().to_string();
        let golden = format!(
            "v0 = var       [1, 2]         src/show/listing.rs:{}\n\
             v1 = exp(v0)   [2] released   src/show/listing.rs:{line}\n\
             v2 = ln(v1)    [1, 2]         src/show/listing.rs:{}",
            line - 1,
            line + 2
        );
        assert_eq!(text, golden, "\n{text}\n");
        assert!(tape.drawing().dot().contains("data [2] released"));
    }
}
