//! Permute: the axes in another order; the transpose of a matrix.
//!
//! Linear: ẏ = permute ẋ, and the adjoint is the inverse permutation: x̄ = permute⁻¹ ȳ.

use crate::dense::{Dense, indices, place};
use crate::dtype::Data;
use crate::ir::{Meta, Permute};
use crate::op::{At, Mismatch, Rule, linear};
use crate::record::record;
use crate::shape::{Axes, Layout, Shape, Strides};
use crate::var::Var;

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

impl Rule for Permute {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let rank = x[0].shape.len();
        if self.axes.len() != rank || !(0..rank as u8).all(|axis| self.axes.contains(&axis)) {
            let rule = format!("the axes {:?} name each of the {rank} axes once", self.axes);
            return Err(Mismatch::new(rule));
        }
        Ok(Meta::new(self.order(&x[0].shape), x[0].dtype))
    }

    fn view(&self, _x: &Meta, strides: &[isize]) -> Option<Layout> {
        Some(self.order::<_, Strides>(strides).into())
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, _i: usize, g: Var<'t>) -> Option<Var<'t>> {
        Some(record(self.inverse(), &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone().into(), t)
    }

    fn reference(&self, x: &[Dense], y: &Meta) -> Data {
        let inverse = self.inverse();
        x[0].gather(
            indices(&y.shape).map(|index| place(&inverse.order::<_, Shape>(&index), &x[0].meta.shape)),
        )
    }
}
