//! Permute: the axes in another order, such as the transpose of a matrix.
//!
//! Linear: ẏ = permute ẋ, and the adjoint is the inverse permutation: x̄ = permute⁻¹ ȳ.

use super::prelude::*;
use crate::ir::Permute;

impl<'t> Var<'t> {
    /// The axes in another order: axis i of the result is axis `axes[i]` of `self`. Negative numbers count from the end.
    ///
    /// # Panics
    /// If `axes` does not name each axis once.
    ///
    /// ```
    /// # use autograd::{Shape, Tape};
    /// let tape = Tape::new();
    /// let x = tape.constant(&[0.0; 24]).reshape([2, 3, 4]);
    /// assert_eq!(x.permute(&[2, 0, 1]).shape(), Shape::from([4, 2, 3]));
    /// ```
    #[track_caller]
    pub fn permute(self, axes: &[isize]) -> Var<'t> {
        let mut counted = Axes::new();
        for &axis in axes {
            counted.push(self.axis("permute", axis));
        }
        record(Permute { axes: counted }, &[self])
    }

    /// The transpose: the last two axes exchanged.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    ///
    /// ```
    /// # use autograd::{Shape, Tape};
    /// let tape = Tape::new();
    /// assert_eq!(tape.constant([[1.0, 2.0, 3.0]]).t().shape(), Shape::from([3, 1]));
    /// ```
    #[track_caller]
    pub fn t(self) -> Var<'t> {
        let rank = self.rank();
        if rank < 2 {
            self.mistake("t", format!("shape {} has no two axes", self.shape()), "x")
                .rule("a transpose exchanges the last two axes")
                .hint("`.unsqueeze(1)` makes a column of a vector, `.unsqueeze(0)` a row")
                .raise();
        }
        let mut axes = Axes::from_fn(rank, |axis| axis as u8);
        axes.swap(rank - 2, rank - 1);
        record(Permute { axes }, &[self])
    }
}

impl Permute {
    fn order<T: Copy, C: FromIterator<T>>(&self, x: &[T]) -> C {
        self.axes.iter().map(|&axis| x[axis as usize]).collect()
    }

    fn inverse(&self) -> Permute {
        let mut axes = Axes::repeat(0, self.axes.len());
        for (i, &a) in self.axes.iter().enumerate() {
            axes[a as usize] = i as u8;
        }
        Permute { axes }
    }
}

impl Permute {
    /// Whether it changes the last two axes and no others.
    fn is_transpose(&self) -> bool {
        let n = self.axes.len();
        let place = |i: usize| {
            if i + 2 == n {
                n - 1
            } else if i + 1 == n {
                n - 2
            } else {
                i
            }
        };
        n >= 2 && self.axes.iter().enumerate().all(|(i, &axis)| axis as usize == place(i))
    }
}

impl Rule for Permute {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let rank = x[0].shape.len();
        if self.axes.len() != rank || !(0..rank as u8).all(|axis| self.axes.contains(&axis)) {
            let rule = format!("the axes {:?} name each of the {rank} axes once", self.axes);
            return Err(Mismatch::new(rule));
        }
        Ok(Meta::new(self.order(&x[0].shape), x[0].dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Permute { axes: [0].into_iter().chain(behind(&self.axes).iter().copied()).collect() })
    }

    fn view(&self, _x: &Meta, strides: &[isize]) -> Option<Layout> {
        Some(self.order::<_, Strides>(strides).into())
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(record(self.inverse(), &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone(), t)
    }

    /// A transpose where the last two axes change places; another order of axes has no sign of its own.
    fn formula(&self, at: &Sketch<'_>) -> Option<Expr> {
        self.is_transpose().then(|| symbol::transposed(at.x[0].clone()))
    }

    fn formula_vjp(&self, _at: &Sketch<'_>, _operand: usize, g: &Expr) -> Option<Expr> {
        self.is_transpose().then(|| symbol::transposed(g.clone()))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let inverse = self.inverse();
        let offsets =
            indices(y.shape).map(|index| offset(&inverse.order::<_, Shape>(&index), &x[0].meta.shape));
        x[0].gather(offsets, y);
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Permute {
    fn rows() -> Vec<Row> {
        let mut all =
            rows("permute", &[&[2, 3, 4], &[1, 3, 1], &[2, 0, 3]], |x| x.permute(&[1, -1, 0]).square());
        all.extend(rows("t", &[&[2, 3], &[1, 5], &[0, 2], &[2, 3, 4]], |x| x.t().square()));
        all.extend(large("permute", &[&[20, 80, 100]], |x| x.permute(&[2, 0, 1]).sin()));
        all
    }
}
