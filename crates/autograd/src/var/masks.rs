//! Triangles of matrices.

use super::Var;
use crate::dtype::DType;
use crate::record::check_memory;
use crate::shape::Shape;
use crate::tape::Tape;
use ndarray::Array2;

impl<'p> Tape<'p> {
    /// A mask of \[rows, columns\], true where column − row ≤ `diagonal`: with 0 the lower triangle and the diagonal.
    ///
    /// # Panics
    /// If a mask of this size cannot be addressed.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let causal = tape.lower_triangle(2, 2, 0);
    /// assert_eq!(causal.to_vec::<bool>(), [true, false, true, true]);
    /// ```
    #[track_caller]
    pub fn lower_triangle<'t>(&'t self, rows: usize, columns: usize, diagonal: isize) -> Var<'t>
    where
        'p: 't,
    {
        check_memory("lower_triangle", &Shape::from([rows, columns]), DType::Bool);
        let within = |(row, column): (usize, usize)| column as isize - row as isize <= diagonal;
        self.constant(Array2::from_shape_fn((rows, columns), within))
    }
}

impl<'t> Var<'t> {
    /// The lower triangle of each matrix, of the last two axes: zero where column − row > `diagonal`.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.tril(0).to_vec::<f64>(), [1.0, 0.0, 3.0, 4.0]);
    /// assert_eq!(x.tril(-1).sum().grad([x])[0].to_vec::<f64>(), [0.0, 0.0, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn tril(self, diagonal: isize) -> Var<'t> {
        self.below("tril", diagonal).select(self, 0.0)
    }

    /// The upper triangle of each matrix, of the last two axes: zero where column − row < `diagonal`.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([[1.0, 2.0], [3.0, 4.0]]).triu(0).to_vec::<f64>(), [1.0, 2.0, 0.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn triu(self, diagonal: isize) -> Var<'t> {
        self.below("triu", diagonal.saturating_sub(1)).select(0.0, self)
    }

    /// The mask of the elements on or below a diagonal of the last two axes.
    #[track_caller]
    fn below(self, op: &str, diagonal: isize) -> Var<'t> {
        let shape = self.shape();
        let &[.., rows, columns] = &shape[..] else {
            self.mistake(op, format!("shape {shape} has no two axes"), "x")
                .rule("a triangle is one of the last two axes")
                .raise()
        };
        self.tape.lower_triangle(rows, columns, diagonal)
    }
}
