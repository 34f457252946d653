//! Pool-max: the first largest element of each window, y[…, p] = max over k of x[…, place(p, k)]. A NaN is larger than all numbers,
//! as in PyTorch. Places outside of the plane do not count.
//!
//! ẏ = ẋ at the place of each; x̄ = pool_max_back(x, ȳ).

use super::convolve::{at_places, places_of_maxima, to_maxima};
use super::pool_argmax::{each_maximum, pooled};
use super::prelude::*;
use crate::ir::PoolMax;

impl Rule for PoolMax {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        Ok(Meta::new(pooled(x[0], &self.over)?, dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(self.clone())
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(to_maxima(at.x[0], g, self.over.clone()))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[0].map(|t| at_places(t, places_of_maxima(at.x[0], self.over.clone()), &self.over))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let (plane, positions) = (self.over.input.elements(), self.over.output.elements());
        with_float!(y.dtype(), T => {
            let (values, mut largest) = (x[0].slice::<T>(), vec![]);
            each_maximum(&self.over, values, &mut |place| {
                largest.push(values[largest.len() / positions * plane + place]);
            });
            y.write(largest);
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => {
            let x = kernels::conv::contiguous::<T>(x[0].view());
            kernels::pool::max::<T>(&x, &self.over, y.slice(), room.workers);
        });
        Ok(())
    }

    fn needs(&self, _x: &[&Meta], y: &Meta) -> Needs {
        Needs { shared: y.shape.elements() > kernels::pool::TASK, ..Needs::default() }
    }
}

#[cfg(test)]
impl Tested for PoolMax {
    fn rows() -> Vec<Row> {
        use crate::PoolForm;
        let mut all = rows("max_pool1d", &[&[2, 7], &[1, 2, 4], &[0, 5], &[2, 0, 5]], |x| {
            x.sin().max_pool1d(PoolForm::of(3).stride(2).padding(1)).exp()
        });
        all.extend(rows("max_pool1d side by side", &[&[2, 7], &[1, 2, 4], &[0, 5], &[3, 2]], |x| {
            x.sin().max_pool1d(PoolForm::of(2)).exp()
        }));
        all.extend(rows("max_pool2d", &[&[1, 2, 5, 6], &[4, 4]], |x| {
            x.max_pool2d(PoolForm::of(2).stride([1, 2]).ceil()).square()
        }));
        all.extend(rows("max_pool2d side by side", &[&[1, 2, 5, 7], &[4, 4], &[2, 5, 19]], |x| {
            x.max_pool2d(PoolForm::of(2)).square()
        }));
        all.extend(rows("max_pool2d of a transpose", &[&[2, 6, 5]], |x| {
            x.t().max_pool2d(PoolForm::of(2).dilation(2).stride(1)).sin()
        }));
        all.extend(rows("max_pool3d", &[&[1, 3, 4, 2], &[5, 2, 6]], |x| x.max_pool3d(PoolForm::of(2)).sin()));
        all.extend(rows("max_pool2d in steps of three", &[&[2, 7, 8]], |x| {
            x.max_pool2d(PoolForm::of(3).stride(3).padding(1).ceil()).sin()
                + x.max_pool2d(PoolForm::of([3, 2])).sum()
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
