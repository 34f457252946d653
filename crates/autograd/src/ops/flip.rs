//! Flip: the elements in reverse order along some axes, y[…, i, …] = x[…, n−1−i, …].
//!
//! Linear and its own adjoint: ẏ = flip ẋ, x̄ = flip ȳ.

use super::prelude::*;
#[cfg(test)]
use crate::Keep;
use crate::ir::Flip;

impl<'t> Var<'t> {
    /// The elements in reverse order along some axes. A negative axis counts from the end. Nothing is copied.
    ///
    /// # Panics
    /// If an axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.flip(-1).to_vec::<f64>(), [3.0, 2.0, 1.0, 6.0, 5.0, 4.0]);
    /// assert_eq!(x.flip(..).to_vec::<f64>(), [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]);
    /// assert_eq!(x.flip(0).index(0, 0).sum().grad([x])[0].to_vec::<f64>(), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn flip(self, axes: impl ToAxes) -> Var<'t> {
        let axes = self.axes("flip", axes).axes;
        record(Flip { axes }, &[self])
    }
}

impl Rule for Flip {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        Ok(x[0].clone())
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Flip { axes: behind(&self.axes) })
    }

    fn view(&self, x: &Meta, strides: &[isize]) -> Option<Layout> {
        let mut flipped = Layout::from(Strides::from(strides));
        // The view of an empty buffer begins at offset 0.
        for &axis in self.axes.iter().filter(|_| !x.shape.contains(&0)) {
            let (length, stride) = (x.shape[axis as usize], &mut flipped.strides[axis as usize]);
            flipped.skip += (length as isize - 1) * *stride;
            *stride = -*stride;
        }
        Some(flipped)
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(record(self.clone(), &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone(), t)
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let shape = y.shape;
        let offsets = indices(shape).map(|mut index| {
            self.axes.iter().for_each(|&a| index[a as usize] = shape[a as usize] - 1 - index[a as usize]);
            offset(&index, shape)
        });
        x[0].gather(offsets, y);
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Flip {
    fn rows() -> Vec<Row> {
        let shapes: &[&[usize]] = &[&[3, 4], &[1, 5], &[2, 3, 4], &[0, 3], &[3, 0]];
        let mut all = rows("flip", shapes, |x| x.sin().flip(-1).exp());
        all.extend(rows("flip of all", shapes, |x| x * x.flip(..).square()));
        all.extend(rows("flip of a transpose", shapes, |x| x.t().flip(0).square().flip([0, 1])));
        all.extend(rows("flip and sums", shapes, |x| {
            x.flip(1).sum_over(0).sin().sum() + x.flip(0).max_over(Keep([])).sum_over(0).exp().sum() * 0.1 + x
        }));
        all.extend(
            rows("flip into a product", &[&[4, 4], &[9, 9]], |x| x.flip(0).matmul(x.flip(1).t()))
                .into_iter()
                .map(Row::rounds),
        );
        all.extend(large("flip", &[&[320, 500]], |x| x.sin().flip([0, 1]).exp()));
        all
    }
}
