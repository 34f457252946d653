//! The values of a variable as text.

use super::Var;
use crate::buffers::Strided;
use crate::dtype::DataRef;
use crate::lists::IntoList;
use crate::text::number;
use std::fmt;

/// How many elements of a longer axis stand before and after the ellipsis.
const SHOWN: usize = 3;
/// Significant digits.
const DIGITS: usize = 6;

/// The values, row by row, then shape and dtype: floating-point numbers to 6 digits, integers as they are. Of an axis longer than 6, three elements from each end are shown.
///
/// ```
/// use autograd::{DType, Tape};
/// let tape = Tape::new();
/// let x = tape.var([[1.0, -0.5, 2.0], [10.0, 1.0 / 3.0, 4.0]]);
/// assert_eq!(x.to_string(), "[[ 1,     -0.5, 2],\n [10, 0.333333, 4]] [2×3] F64");
/// assert_eq!(x.sum().to_string(), "16.8333 [] F64");
/// let long = tape.full(7.0, [100], DType::F32);
/// assert_eq!(long.to_string(), "[7, 7, 7, …, 7, 7, 7] [100] F32");
/// ```
///
/// While a computation is traced there are no values:
///
/// ```
/// use autograd::{Params, Program};
/// Program::trace(&Params::f64(), |t| {
///     let x = t.input("x", [2]);
///     assert_eq!(x.to_string(), "no value while tracing: v0 = input `x` [2] F64");
///     t.outputs(x)
/// })?;
/// # Ok::<(), autograd::ProgramError>(())
/// ```
impl fmt::Display for Var<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (list, params) = (self.tape.list(), self.tape.params());
        if list.is_traced() {
            return write!(f, "no value while tracing: {}", list.summary(self.id, params));
        }
        let meta = &list.node(self.id).meta;
        let x = list.strided(self.id, params);
        let mut cells = vec![];
        if !x.shape.contains(&0) {
            collect(&x, x.shape, x.strides, x.offset, &mut cells);
        }
        let width = cells.len().min(x.shape.last().map_or(1, |&n| shown(n).count()));
        let widths: Vec<usize> = (0..width)
            .map(|i| cells.iter().skip(i).step_by(width).map(|cell| cell.chars().count()).max().unwrap_or(0))
            .listed();
        write_nested(f, x.shape, 1, &mut cells.iter().zip(widths.iter().cycle()))?;
        write!(f, " {} {}", meta.shape, meta.dtype)
    }
}

/// The positions along an axis that are shown; `None` stands for the ellipsis.
fn shown(length: usize) -> impl Iterator<Item = Option<usize>> {
    let all = length <= 2 * SHOWN;
    let first = 0..if all { length } else { SHOWN };
    let last = if all { length } else { length - SHOWN }..length;
    first.map(Some).chain((!all).then_some(None)).chain(last.map(Some))
}

/// The texts of the elements that are shown, in row-major order.
fn collect(x: &Strided<'_>, shape: &[usize], strides: &[isize], start: usize, cells: &mut Vec<String>) {
    let (Some((&length, shape)), Some((&stride, strides))) = (shape.split_first(), strides.split_first())
    else {
        return cells.push(match x.data {
            // Labels and indices are what they are, however long.
            DataRef::I64(v) => v[start].to_string(),
            _ => number(x.number(start), DIGITS),
        });
    };
    for place in shown(length) {
        match place {
            Some(i) => collect(x, shape, strides, start.wrapping_add_signed(i as isize * stride), cells),
            None if shape.is_empty() => cells.push("…".to_owned()),
            None => {}
        }
    }
}

/// Writes the cells in brackets, those of a column one below the other.
fn write_nested<'a>(
    f: &mut fmt::Formatter<'_>,
    shape: &[usize],
    indent: usize,
    cells: &mut impl Iterator<Item = (&'a String, &'a usize)>,
) -> fmt::Result {
    let Some((&length, rest)) = shape.split_first() else {
        return match cells.next() {
            Some((cell, width)) => write!(f, "{cell:>width$}"),
            None => Ok(()),
        };
    };
    f.write_str("[")?;
    for (n, place) in shown(length).enumerate() {
        if n > 0 {
            match rest.is_empty() {
                true => f.write_str(", ")?,
                false => write!(f, ",{}{:indent$}", "\n".repeat(rest.len()), "")?,
            }
        }
        match place {
            None if !rest.is_empty() => f.write_str("…")?,
            _ => write_nested(f, rest, indent + 1, cells)?,
        }
    }
    f.write_str("]")
}
