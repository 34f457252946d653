//! Pool-argmax: where the first largest element of each window is, as an offset in the plane of the last axes. A NaN is larger
//! than all numbers, and the last NaN counts, as in PyTorch. Places outside of the plane do not count. No derivative.

use super::prelude::*;
use crate::ir::PoolArgmax;
use crate::lists::IntoList;

impl Rule for PoolArgmax {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        let (shape, over) = (&x[0].shape, &self.over);
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
        Ok(Meta::new(lead.iter().chain(over.output.iter()).copied().collect(), DType::I64))
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
        let over = &self.over;
        let (plane, positions) = (over.input.elements(), over.output.elements());
        let at: Vec<Vec<usize>> = indices(&over.output).listed();
        with_float!(x[0].meta.dtype, T => {
            let values = x[0].slice::<T>();
            let found = (0..y.shape.elements()).map(|i| {
                let (plane, position) = (&values[i / positions * plane..], &at[i % positions]);
                let places = indices(&over.kernel).filter_map(|k| {
                    let place: Option<Vec<usize>> =
                        (0..k.len()).map(|axis| over.place(axis, position[axis], k[axis])).collect();
                    place.map(|place| offset(&place, &over.input))
                });
                let larger = |a: usize, b: usize| if plane[b] > plane[a] || plane[b].is_nan() { b } else { a };
                places.reduce(larger).expect("a window with an element") as i64
            });
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
        let mut all = rows("max_pool1d", &[&[2, 7], &[1, 2, 4], &[0, 5], &[2, 0, 5]], |x| {
            x.sin().max_pool1d(PoolForm::of(3).stride(2).padding(1)).exp()
        });
        all.extend(rows("max_pool2d", &[&[1, 2, 5, 6], &[4, 4]], |x| {
            x.max_pool2d(PoolForm::of(2).stride([1, 2]).ceil()).square()
        }));
        all.extend(rows("max_pool2d of a transpose", &[&[2, 6, 5]], |x| {
            x.t().max_pool2d(PoolForm::of(2).dilation(2).stride(1)).sin()
        }));
        all.extend(rows("max_pool3d", &[&[1, 3, 4, 2]], |x| x.max_pool3d(PoolForm::of(2)).sin()));
        all.extend(rows("max_pool2d in steps of three", &[&[2, 7, 8]], |x| {
            x.max_pool2d(PoolForm::of(3).stride(3).padding(1).ceil()).sin()
        }));
        all.extend(rows("max_pool1d of long rows", &[&[2, 37]], |x| {
            x.max_pool1d(PoolForm::of(4).stride(2).padding(1)).sin()
                * x.max_pool1d(PoolForm::of(1).stride(3)).sum()
        }));
        all.extend(rows("max_pool2d of long rows", &[&[3, 19]], |x| {
            x.max_pool2d(PoolForm::of(2).stride(1)).sin()
        }));
        all.extend(large("max_pool2d", &[&[20, 80, 100], &[320, 500]], |x| {
            x.sin().max_pool2d(PoolForm::of(2)).exp()
        }));
        all
    }
}
