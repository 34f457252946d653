//! Pool-argmax: where the first largest element of each window is, as an offset in the plane of the last axes. A NaN is larger
//! than all numbers, and the last NaN counts, as in PyTorch. Places outside of the plane do not count. No derivative.

use super::prelude::*;
use crate::ir::{PoolArgmax, Sliding};
use crate::lists::IntoList;

/// The shape of what windows give, each one number.
pub(super) fn pooled(x: &Meta, over: &Sliding) -> Result<Shape, Mismatch> {
    let shape = &x.shape;
    let Some((lead, _)) = shape
        .split_at_checked(shape.len().wrapping_sub(over.axes()))
        .filter(|(_, last)| *last == &over.input[..])
    else {
        return Err(Mismatch::new(format!("the shape ends in {}", over.input)));
    };
    if let Some((axis, p)) = over.empty_position() {
        let rule =
            format!("every window has an element; along axis {} that at {p} has none", lead.len() + axis);
        return Err(Mismatch::new(rule).hint("padding is at most half of the window"));
    }
    Ok(lead.iter().chain(over.output.iter()).copied().collect())
}

/// Calls `f` with the place of the first largest element of each window, as an offset in its plane.
pub(super) fn each_maximum<T: Float>(over: &Sliding, values: &[T], f: &mut dyn FnMut(usize)) {
    let (plane, positions) = (over.input.elements(), over.output.elements());
    let at: Vec<Vec<usize>> = indices(&over.output).listed();
    for values in values.chunks_exact(plane.max(1)) {
        for position in at.iter().take(positions) {
            let places = indices(&over.kernel).filter_map(|k| {
                let place: Option<Vec<usize>> =
                    (0..k.len()).map(|axis| over.place(axis, position[axis], k[axis])).collect();
                place.map(|place| offset(&place, &over.input))
            });
            let larger = |a: usize, b: usize| if values[b] > values[a] || values[b].is_nan() { b } else { a };
            f(places.reduce(larger).expect("a window with an element"));
        }
    }
}

impl Rule for PoolArgmax {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        Ok(Meta::new(pooled(x[0], &self.over)?, DType::I64))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(self.clone())
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, _g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        none()
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, _t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        None
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        with_float!(x[0].meta.dtype, T => {
            let mut found = vec![];
            each_maximum(&self.over, x[0].slice::<T>(), &mut |place| found.push(place as i64));
            y.write(found);
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        with_float!(x[0].dtype(), T => {
            let x = kernels::conv::contiguous::<T>(x[0].view());
            kernels::pool::largest::<T>(&x, &self.over, y.slice(), room.workers);
        });
        Ok(())
    }

    fn needs(&self, _x: &[&Meta], y: &Meta) -> Needs {
        Needs { shared: y.shape.elements() > kernels::pool::TASK, ..Needs::default() }
    }
}

#[cfg(test)]
impl Tested for PoolArgmax {
    fn rows() -> Vec<Row> {
        use crate::PoolForm;
        let mut all = rows("max_pool1d_with_index", &[&[2, 7], &[1, 2, 4], &[0, 5], &[2, 0, 5]], |x| {
            let (y, index) = x.sin().max_pool1d_with_index(PoolForm::of(3).stride(2).padding(1));
            y.exp() * index.cast(x.dtype())
        });
        all.extend(rows("max_pool2d_with_index", &[&[1, 2, 5, 6], &[4, 4]], |x| {
            let (y, index) = x.max_pool2d_with_index(PoolForm::of(2).stride([1, 2]).ceil());
            y.square() + index.cast(x.dtype())
        }));
        all.extend(rows("max_pool1d_with_index of long rows", &[&[2, 37]], |x| {
            x.max_pool1d_with_index(PoolForm::of(4).stride(2).padding(1)).0.sin()
                * x.max_pool1d_with_index(PoolForm::of(1).stride(3)).0.sum()
        }));
        all.extend(large("max_pool2d_with_index", &[&[20, 80, 100]], |x| {
            x.sin().max_pool2d_with_index(PoolForm::of(2)).0.exp()
        }));
        all
    }
}
