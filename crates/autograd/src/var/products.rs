//! Products of vectors and tensors, composed of other ops: elementwise products fuse with what stands beside them, and sums of
//! products become one product of matrices.

use super::Var;
use super::axes::Keep;
use super::operators::Operand;
use crate::ir::Distances;
use crate::lists::IntoList;
use crate::record::{check_size, record};
use crate::shape::Shape;

impl<'t> Var<'t> {
    /// The inner product of two vectors, Σ aᵢ·bᵢ.
    ///
    /// # Panics
    /// If an operand is no vector, or lengths or dtypes differ.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (a, b) = (tape.var([1.0, 2.0]), tape.var([3.0, 4.0]));
    /// assert_eq!(a.dot(b).item(), 11.0);
    /// assert_eq!(a.dot(b).grad([a])[0].to_vec::<f64>(), [3.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn dot(self, rhs: impl Operand<'t>) -> Var<'t> {
        let rhs = rhs.like(self);
        let (a, b) = (self.shape(), rhs.shape());
        if a.len() != 1 || a != b {
            self.mistake("dot", format!("{a} and {b} do not fit"), "a")
                .line("b", rhs.describe())
                .rule("both are vectors of one length")
                .hint("`matmul` multiplies matrices, `(a * b).sum_over(-1)` takes the inner product of each row")
                .raise();
        }
        (self * rhs).sum()
    }

    /// The outer product of vectors, Cᵢⱼ = aᵢ·bⱼ: \[…, m\] and \[…, n\] give \[…, m, n\]. Leading axes are broadcast.
    ///
    /// # Panics
    /// If an operand is a number, or leading axes or dtypes clash.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (a, b) = (tape.var([1.0, 2.0]), tape.var([3.0, 4.0]));
    /// assert_eq!(a.outer(b).to_vec::<f64>(), [3.0, 4.0, 6.0, 8.0]);
    /// assert_eq!(a.outer(b).sum().grad([a])[0].to_vec::<f64>(), [7.0, 7.0]);
    /// ```
    #[track_caller]
    pub fn outer(self, rhs: impl Operand<'t>) -> Var<'t> {
        let rhs = rhs.like(self);
        if self.rank() == 0 || rhs.rank() == 0 {
            self.mistake("outer", format!("{} and {} do not fit", self.shape(), rhs.shape()), "a")
                .line("b", rhs.describe())
                .rule("both have a last axis")
                .hint("a number is multiplied by `*`")
                .raise();
        }
        self.unsqueeze(-1) * rhs.unsqueeze(-2)
    }

    /// The Kronecker product: the block matrix of aᵢⱼ·B. \[m, n\] and \[p, q\] give \[m·p, n·q\]; vectors and tensors of any
    /// number of axes likewise, where missing axes stand in front with length 1.
    ///
    /// # Panics
    /// If dtypes differ.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (a, b) = (tape.var([[1.0, 2.0]]), tape.var([[1.0], [10.0]]));
    /// assert_eq!(a.kron(b).to_vec::<f64>(), [1.0, 2.0, 10.0, 20.0]);
    /// assert_eq!(a.kron(b).sum().grad([a])[0].to_vec::<f64>(), [11.0, 11.0]);
    /// ```
    #[track_caller]
    pub fn kron(self, rhs: impl Operand<'t>) -> Var<'t> {
        let rhs = rhs.like(self);
        let rank = self.rank().max(rhs.rank());
        let lengths = |x: Var<'t>| -> Vec<usize> {
            std::iter::repeat_n(1, rank - x.rank()).chain(x.shape().iter().copied()).listed()
        };
        let (a, b) = (lengths(self), lengths(rhs));
        let spread: Vec<usize> = a.iter().flat_map(|&m| [m, 1]).listed();
        let repeated: Vec<usize> = b.iter().flat_map(|&p| [1, p]).listed();
        let together: Vec<usize> = a.iter().zip(&b).map(|(m, p)| m.saturating_mul(*p)).listed();
        check_size("kron", &Shape::from(&together));
        (self.reshape(&spread[..]) * rhs.reshape(&repeated[..])).reshape(&together[..])
    }

    /// The cross product of vectors of three elements along an axis: c₀ = a₁·b₂ − a₂·b₁, and so on in turn. Other axes are
    /// broadcast. A negative axis counts from the end.
    ///
    /// # Panics
    /// If the axis does not exist or has not length 3 in both, or shapes or dtypes clash.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (a, b) = (tape.var([1.0, 0.0, 0.0]), tape.var([0.0, 1.0, 0.0]));
    /// assert_eq!(a.cross(b, -1).to_vec::<f64>(), [0.0, 0.0, 1.0]);
    /// assert_eq!(a.cross(b, 0).index(0, 2).grad([b])[0].to_vec::<f64>(), [0.0, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn cross(self, rhs: impl Operand<'t>, axis: isize) -> Var<'t> {
        let rhs = rhs.like(self);
        for (x, label) in [(self, "a"), (rhs, "b")] {
            let place = usize::from(x.axis("cross", axis));
            if x.shape()[place] != 3 {
                x.mistake("cross", format!("axis {axis} of {} has not length 3", x.shape()), label)
                    .rule("a cross product is one of vectors of three elements")
                    .raise();
            }
        }
        let turned =
            |x: Var<'t>, first: usize| Var::concat(&[x.slice(axis, first..), x.slice(axis, ..first)], axis);
        turned(self, 1) * turned(rhs, 2) - turned(self, 2) * turned(rhs, 1)
    }

    /// The distances between rows, Dᵢⱼ = |aᵢ − bⱼ| in the p-norm: \[…, m, d\] and \[…, n, d\] give \[…, m, n\]. Leading axes are
    /// broadcast. The differences are taken one by one, so that near points keep all digits; where two points
    /// coincide, the derivative is 0. For p = 2 no difference is stored, so that the memory is that of the result.
    ///
    /// # Panics
    /// If an operand has fewer than two axes, shapes or dtypes clash, or p is not positive.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (a, b) = (tape.var([[0.0, 0.0]]), tape.var([[3.0, 4.0], [0.0, 0.0]]));
    /// assert_eq!(a.cdist(b, 2.0).to_vec::<f64>(), [5.0, 0.0]);
    /// assert_eq!(a.cdist(b, 1.0).to_vec::<f64>(), [7.0, 0.0]);
    /// let [slope] = a.cdist(b, 2.0).sum().grad([a]);
    /// assert!((slope - tape.constant([[-0.6, -0.8]])).abs().max().item() < 1e-15);
    /// ```
    #[track_caller]
    pub fn cdist(self, rhs: impl Operand<'t>, p: f64) -> Var<'t> {
        let rhs = rhs.like(self);
        let (a, b) = (self.shape(), rhs.shape());
        if a.len() < 2 || b.len() < 2 || a.last() != b.last() {
            self.mistake("cdist", format!("{a} and {b} do not fit"), "a")
                .line("b", rhs.describe())
                .rule("both hold points along rows, of as many coordinates")
                .raise();
        }
        if p != 2.0 {
            return (self.unsqueeze(-2) - rhs.unsqueeze(-3)).norm_over(p, -1);
        }
        let [(first, last), (other, other_last)] = [&a, &b].map(|shape| shape.split_at(shape.len() - 2));
        // Where leading axes do not fit, the shape rule of the op says so.
        let lead = Shape::from(first).broadcast(&Shape::from(other));
        let repeated = |x: Var<'t>, last: &[usize]| match &lead {
            Ok(lead) => x.broadcast_to([&lead[..], last].concat()),
            Err(_) => x,
        };
        record(Distances, &[repeated(self, last), repeated(rhs, other_last)])
    }

    /// The product of tensors summed over pairs of axes: axis `axes.0[k]` of `self` meets axis `axes.1[k]` of `rhs`. The
    /// other axes of `self` come first in the result, then those of `rhs`. Negative axes count from the end. It is one product
    /// of matrices.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice, there are not as many on both sides, or lengths or dtypes differ.
    ///
    /// ```
    /// # use autograd::{Shape, Tape};
    /// let tape = Tape::new();
    /// let (a, b) = (tape.var([[1.0, 2.0], [3.0, 4.0]]), tape.var([[1.0, 0.0], [0.0, 10.0]]));
    /// assert_eq!(a.tensordot(b, (&[1], &[0])).to_vec::<f64>(), [1.0, 20.0, 3.0, 40.0]);
    /// assert_eq!(a.tensordot(b, (&[0, 1], &[0, 1])).item(), 41.0);
    /// assert_eq!(a.tensordot(b, (&[], &[])).shape(), Shape::from([2, 2, 2, 2]));
    /// ```
    #[track_caller]
    pub fn tensordot(self, rhs: impl Operand<'t>, axes: (&[isize], &[isize])) -> Var<'t> {
        let rhs = rhs.like(self);
        let wrong = |found: String, rule: &str| {
            self.mistake("tensordot", found, "a").line("b", rhs.describe()).rule(rule)
        };
        let (mut ours, mut theirs) = (vec![], vec![]);
        for (x, axes, counted) in [(self, axes.0, &mut ours), (rhs, axes.1, &mut theirs)] {
            for &axis in axes {
                counted.push(usize::from(x.axis("tensordot", axis)));
            }
        }
        let twice = |axes: &[usize]| (1..axes.len()).any(|k| axes[..k].contains(&axes[k]));
        if ours.len() != theirs.len() || twice(&ours) || twice(&theirs) {
            wrong(
                format!("axes {:?} and {:?}", axes.0, axes.1),
                "as many axes on both sides, none of them twice",
            )
            .raise();
        }
        let (a, b) = (self.shape(), rhs.shape());
        if let Some((i, j)) = ours.iter().zip(&theirs).find(|&(&i, &j)| a[i] != b[j]) {
            let found = format!("axis {i} of a has length {}, axis {j} of b has length {}", a[*i], b[*j]);
            wrong(found, "axes that meet have the same length").raise();
        }
        let free = |rank: usize, summed: &[usize]| (0..rank).filter(|k| !summed.contains(k)).listed();
        let (left, right) = (free(a.len(), &ours), free(b.len(), &theirs));
        let lengths = |shape: &Shape, axes: &[usize]| axes.iter().map(|&k| shape[k]).listed();
        let (rows, columns) = (lengths(&a, &left), lengths(&b, &right));
        let inner = lengths(&a, &ours).iter().product();
        let matrix = self.arranged(&[&left[..], &ours].concat()).reshape([rows.iter().product(), inner]);
        let other = rhs.arranged(&[&theirs[..], &right].concat()).reshape([inner, columns.iter().product()]);
        matrix.matmul(other).reshape([rows, columns].concat())
    }

    /// The axes in another order; nothing is recorded where they stand in it.
    #[track_caller]
    pub(super) fn arranged(self, axes: &[usize]) -> Var<'t> {
        if axes.iter().enumerate().all(|(i, &axis)| i == axis) {
            return self;
        }
        self.permute(&axes.iter().map(|&axis| axis as isize).listed())
    }

    /// The covariance of the rows of \[…, n, k\], each a variable with k observations: (x − x̄)·(x − x̄)ᵀ / (k − `correction`).
    ///
    /// # Panics
    /// If there are fewer than two axes.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 3.0], [2.0, -2.0]]);
    /// assert_eq!(x.covariance(0).to_vec::<f64>(), [1.0, -2.0, -2.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn covariance(self, correction: usize) -> Var<'t> {
        let centred = self - self.mean_over(Keep(-1));
        let terms = self.shape().last().copied().unwrap_or(0);
        centred.matmul(centred.t()) / terms.saturating_sub(correction) as f64
    }
}
