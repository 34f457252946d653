//! Products of matrices as the library of the machine's maker takes them: column by column.

use crate::machine::Address;
use autograd::DType;
use autograd::planned::MemoryView;

/// C = A·B for each entry of a batch, by columns: A is \[m, k\], B is \[k, n\], and a column of C is contiguous.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// The type of the numbers.
    pub dtype: DType,
    /// Rows of A and C.
    pub m: usize,
    /// Columns of B and C.
    pub n: usize,
    /// Columns of A, rows of B.
    pub k: usize,
    /// How many products.
    pub batch: usize,
    /// A.
    pub a: Matrix,
    /// B.
    pub b: Matrix,
    /// C.
    pub c: Matrix,
}

/// A matrix in memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matrix {
    /// Where it begins.
    pub at: Address,
    /// Whether it is its transpose that lies there column by column.
    pub is_transposed: bool,
    /// From column to column.
    pub leading: usize,
    /// From one entry of the batch to the next.
    pub step: usize,
}

impl Product {
    /// The product of views, row by row as they are, if the library can take it. Of their transposes it is Cᵀ = Bᵀ·Aᵀ by columns.
    pub(crate) fn of([a, b, c]: [&MemoryView; 3], at: impl Fn(&MemoryView) -> Address) -> Option<Product> {
        let rank = c.shape.len();
        let [m, n] = [c.shape[rank - 2], c.shape[rank - 1]];
        let k = a.shape[rank - 1];
        let (dtype, batch) = (c.dtype, c.shape[..rank - 2].iter().product());
        if batch * m * n * k == 0 {
            return None;
        }
        let matrix = |x: &MemoryView| {
            let (is_transposed, leading) = lying(x)?;
            Some(Matrix { at: at(x), is_transposed, leading, step: step(x)? })
        };
        let (a, b, c) = (matrix(a)?, matrix(b)?, matrix(c)?);
        let fits = |n: usize| i32::try_from(n).is_ok();
        let all = fits(m) && fits(n) && fits(k) && fits(batch) && !c.is_transposed;
        all.then_some(Product { dtype, m: n, n: m, k, batch, a: b, b: a, c })
    }
}

/// How the transpose of the matrices of a view lies by columns: whether transposed once more, and from column to column.
fn lying(x: &MemoryView) -> Option<(bool, usize)> {
    let rank = x.shape.len();
    let [rows, columns] = [x.shape[rank - 2], x.shape[rank - 1]];
    let [row, column] = [x.strides[rank - 2], x.strides[rank - 1]];
    let plain = leading([rows, columns], [row, column]).map(|leading| (false, leading));
    plain.or_else(|| leading([columns, rows], [column, row]).map(|leading| (true, leading)))
}

/// From one line to the next, if the elements of a line are contiguous and lines do not overlap.
fn leading([lines, length]: [usize; 2], [line, element]: [isize; 2]) -> Option<usize> {
    if element != 1 && length != 1 {
        return None;
    }
    let leading = if lines == 1 { length } else { usize::try_from(line).ok()? };
    (leading >= length).then_some(leading)
}

/// From one entry of the batch to the next, if all are equally far apart.
fn step(x: &MemoryView) -> Option<usize> {
    let axes = x.shape.len() - 2;
    let mut step: Option<isize> = None;
    let mut entries = 1;
    for axis in (0..axes).rev().filter(|&axis| x.shape[axis] != 1) {
        let wanted = *step.get_or_insert(x.strides[axis]) * entries;
        if x.strides[axis] != wanted {
            return None;
        }
        entries *= x.shape[axis] as isize;
    }
    usize::try_from(step.unwrap_or(0)).ok()
}
