//! Pool-max-back: cotangents of windows, added up where the first largest element of each window of x is: for each window p,
//! y[…, place of the largest in p] += g[…, p]. The adjoint of `pool_max`.
//!
//! Linear in g: ẏ = pool_max_back(x, ġ), ḡ = ȳ at the place of each. x only says where: it has no derivative.

use super::convolve::{at_places, places_of_maxima, to_maxima};
use super::pool_argmax::{each_maximum, pooled};
use super::prelude::*;
use crate::ir::PoolMaxBack;

impl Rule for PoolMaxBack {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        if x[1].shape != pooled(x[0], &self.over)? {
            return Err(Mismatch::new("there is a cotangent for each window"));
        }
        Ok(Meta::new(x[0].shape.clone(), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(self.clone())
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        wanted.each(|i| {
            (i == 1).then(|| at_places(g, places_of_maxima(at.x[0], self.over.clone()), &self.over))
        })
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[1].map(|t| to_maxima(at.x[0], t, self.over.clone()))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let (plane, positions) = (self.over.input.elements(), self.over.output.elements());
        with_float!(y.dtype(), T => {
            let (g, out, mut window) = (x[1].slice::<T>(), y.slice::<T>(), 0);
            out.fill(T::default());
            each_maximum(&self.over, x[0].slice::<T>(), &mut |place| {
                out[window / positions * plane + place] += g[window];
                window += 1;
            });
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => {
            let [x, g] = [0, 1].map(|i| kernels::conv::contiguous::<T>(x[i].view()));
            kernels::pool::max_back::<T>([&x, &g], &self.over, y.slice(), room.workers);
        });
        Ok(())
    }

    fn needs(&self, x: &[&Meta], _y: &Meta) -> Needs {
        Needs { shared: x[1].shape.elements() > kernels::pool::TASK, ..Needs::default() }
    }
}

#[cfg(test)]
impl Tested for PoolMaxBack {
    fn rows() -> Vec<Row> {
        use crate::PoolForm;
        // The gradient of a pooling, as a function of x through the cotangents.
        fn back(x: Var<'_>, form: PoolForm<2>) -> Var<'_> {
            (x.max_pool2d(form).square().sum() * 0.5).grads(&[x])[0]
        }
        let mut all = rows("pool_max_back", &[&[1, 2, 5, 6], &[4, 4], &[2, 0, 4, 4]], move |x| {
            back(x, PoolForm::of(2)).sin()
        });
        all.extend(rows("pool_max_back of windows that overlap", &[&[2, 5, 6]], move |x| {
            back(x, PoolForm::of(3).stride(1).padding(1)).sin()
        }));
        all.extend(rows("pool_max_back of threes", &[&[7, 10]], move |x| {
            back(x, PoolForm::of([2, 3])).exp()
        }));
        all.extend(large("pool_max_back", &[&[20, 80, 101]], move |x| back(x.sin(), PoolForm::of(2)).exp()));
        all
    }
}
