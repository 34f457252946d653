//! Linear algebra that is composed of other ops: inverses, powers, least squares. Each rule of these ops holds at any order,
//! and so do the derivatives here.

use super::Var;
use super::operators::Operand;
use crate::dtype::DType;
use crate::record::check_memory;
use crate::shape::Shape;
use crate::tape::Tape;
use ndarray::Array2;

impl<'p> Tape<'p> {
    /// The identity of `n` rows: 1 on the diagonal, 0 elsewhere.
    ///
    /// # Panics
    /// If the dtype is not `F32` or `F64`, or a matrix of this size cannot be addressed.
    ///
    /// ```
    /// # use autograd::{DType, Tape};
    /// let tape = Tape::new();
    /// assert_eq!(tape.eye(2, DType::F64).to_vec::<f64>(), [1.0, 0.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn eye<'t>(&'t self, n: usize, dtype: DType) -> Var<'t>
    where
        'p: 't,
    {
        check_memory("eye", &Shape::from([n, n]), dtype);
        match dtype {
            DType::F32 => self.constant(Array2::<f32>::eye(n)),
            DType::F64 => self.constant(Array2::<f64>::eye(n)),
            _ => self
                .full(0.0, [n, n], dtype)
                .mistake("eye", format!("of {dtype}"), "x")
                .rule("the dtype is F32 or F64")
                .raise(),
        }
    }
}

impl<'t> Var<'t> {
    /// The identity of `n` rows, of the dtype of `self`.
    #[track_caller]
    pub(crate) fn identity(self, n: usize) -> Var<'t> {
        self.tape.eye(n, self.dtype())
    }

    /// The inverse A⁻¹ of each matrix of \[…, n, n\]: the solution of A·X = 1. Where it is multiplied by something,
    /// [`solve`](Var::solve) is faster and more accurate.
    ///
    /// # Panics
    /// If the matrices are not square. If one is singular ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let a = tape.var([[2.0, 0.0], [0.0, 4.0]]);
    /// assert_eq!(a.inverse().to_vec::<f64>(), [0.5, 0.0, 0.0, 0.25]);
    /// assert_eq!(a.inverse().trace(0).grad([a])[0].to_vec::<f64>(), [-0.25, 0.0, 0.0, -0.0625]);
    /// ```
    #[track_caller]
    pub fn inverse(self) -> Var<'t> {
        let n = self.rows_of_square("inverse");
        self.solve(self.identity(n))
    }

    /// The power Aⁿ of each matrix, by repeated squaring: the identity for n = 0, powers of the inverse below.
    ///
    /// # Panics
    /// If the matrices are not square. For a negative n, if one is singular ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let a = tape.var([[1.0, 1.0], [0.0, 1.0]]);
    /// assert_eq!(a.matrix_power(5).to_vec::<f64>(), [1.0, 5.0, 0.0, 1.0]);
    /// assert_eq!(a.matrix_power(-2).to_vec::<f64>(), [1.0, -2.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn matrix_power(self, n: i32) -> Var<'t> {
        let rows = self.rows_of_square("matrix_power");
        let mut square = if n < 0 { self.inverse() } else { self };
        let (mut left, mut power) = (n.unsigned_abs(), None);
        while left > 0 {
            if left % 2 == 1 {
                power = Some(power.map_or(square, |y: Var<'t>| y.matmul(square)));
            }
            left /= 2;
            if left > 0 {
                square = square.matmul(square);
            }
        }
        match power {
            Some(power) => power,
            None => self.identity(rows).broadcast_to(self.shape()),
        }
    }

    /// The solution X of least squares for A of \[…, m, n\], which is `self`, and B of \[…, m, k\], or a vector of \[m\]: the one of
    /// least norm among those with the least |A·X − B|². It is [A⁺](Var::pinv)·B, for matrices of any rank.
    ///
    /// Of a large matrix with full rank, `let (q, r) = a.qr(); r.solve_triangular(q.t().matmul(b), Triangle::UPPER)` is faster.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let a = tape.var([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]);
    /// let line = a.lstsq(tape.constant([1.0, 3.0, 5.0]));
    /// assert!((line - tape.constant([1.0, 2.0])).abs().max().item() < 1e-14);
    /// ```
    #[track_caller]
    pub fn lstsq(self, rhs: impl Operand<'t>) -> Var<'t> {
        let rhs = rhs.like(self);
        let (a, b) = (self.shape(), rhs.shape());
        let rows = if b.len() == 1 { b.last() } else { b.iter().nth_back(1) };
        if a.len() < 2 || rows != a.iter().nth_back(1) {
            self.mistake("lstsq", format!("{a} and {b} do not fit"), "a")
                .line("b", rhs.describe())
                .rule("a is a matrix, and b has as many rows")
                .raise();
        }
        self.pinv().matmul(rhs)
    }

    #[track_caller]
    fn rows_of_square(self, op: &str) -> usize {
        match self.shape()[..] {
            [.., m, n] if m == n => n,
            _ => self
                .mistake(op, format!("shape {} does not end in a square matrix", self.shape()), "a")
                .rule("the last two axes have the same length")
                .raise(),
        }
    }
}
