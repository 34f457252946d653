//! Whether all results of a step are finite: by bounds of them, or by each where the bounds leave it open.

use super::Descent;
use crate::memory::Part;
use crate::{Formula, StepError};
use autograd::loops::{Bounds, Prepare};
use autograd::{Float, Num, Number};

impl<F: Formula<S, C>, const S: usize, const C: usize> Descent<F, S, C> {
    /// Bounds of the results of a step with gradients of at most this size.
    pub(super) fn bounds<T: Float>(&self, t: u64, group: usize, size: f64) -> (Bounds, [Bounds; S]) {
        let max = T::DTYPE.max();
        let c = self.coefficients::<T>(t, group).map(|c| Num::of(Bounds::new(c.to_f64(), c.to_f64(), max)));
        let g = Num::of(Bounds::new(-size, size, max));
        let (_, point) = self.memory.point.expect("it was prepared");
        let (p, state) = F::update(c, Num::of(point), g, self.memory.bounds.map(Num::of));
        (p.get(), state.map(Num::get))
    }

    /// Bounds of all results, looking at each of them where they might not be finite.
    pub(super) fn results<T: Float + Number>(
        &self,
        point: &[T],
        gradient: &[T],
        size: impl Fn(&Part) -> f64,
        prepare: Prepare,
        name: impl Fn(usize) -> (String, usize),
    ) -> Result<(Bounds, [Bounds; S]), StepError> {
        let (_, before) = self.memory.point.expect("it was prepared");
        let mut all = (before, self.memory.bounds);
        let mut last = None;
        for part in &self.memory.parts {
            let of = (part.t, part.group, part.streamed);
            if last == Some(of) {
                continue;
            }
            let (p, state) = self.bounds::<T>(part.t, part.group, size(part));
            let finite = p.is_finite() && state.iter().all(|bounds| bounds.is_finite());
            if !finite && !part.streamed {
                return self.look::<T>(point, gradient, prepare, name);
            }
            all = (all.0.and(p), std::array::from_fn(|k| all.1[k].and(state[k])));
            last = Some(of);
        }
        Ok(all)
    }

    /// Computes all results without storing one: refuses the first that is not finite, and gives their bounds.
    #[cold]
    fn look<T: Float + Number>(
        &self,
        point: &[T],
        gradient: &[T],
        prepare: Prepare,
        name: impl Fn(usize) -> (String, usize),
    ) -> Result<(Bounds, [Bounds; S]), StepError> {
        let max = T::DTYPE.max();
        // Of what there is, which may be tighter than what is known; then of what there will be.
        let mut all =
            (bounds_of(point), self.memory.slabs.each_ref().map(|slab| bounds_of(slab.slice::<T>())));
        let prepare = prepare.of::<T>();
        for part in self.memory.parts.iter().filter(|part| !part.streamed) {
            let c = self.coefficients::<T>(part.t, part.group).map(Num::of);
            for i in part.range.clone() {
                let state: [_; S] = std::array::from_fn(|k| Num::of(self.memory.slabs[k].slice::<T>()[i]));
                let (p, state) = F::update(c, Num::of(point[i]), Num::of(prepare(gradient[i])), state);
                let numbers = [p].into_iter().chain(state).map(|x| x.get().to_f64());
                for (k, x) in numbers.enumerate() {
                    let bounds = if k == 0 { &mut all.0 } else { &mut all.1[k - 1] };
                    if !x.is_finite() {
                        let (parameter, element) = name(i);
                        let what = if k == 0 { "the value" } else { F::STATE[k - 1] };
                        let (what, gradient) = (what.to_owned(), gradient[i].to_f64());
                        return Err(StepError::NonFiniteResult {
                            parameter,
                            what,
                            element,
                            value: x,
                            gradient,
                        });
                    }
                    *bounds = bounds.and(Bounds::new(x, x, max));
                }
            }
        }
        Ok(all)
    }
}

/// Bounds of numbers.
fn bounds_of<T: Float>(numbers: &[T]) -> Bounds {
    let (mut least, mut greatest) = (0.0f64, 0.0f64);
    for x in numbers.iter().map(|x| x.to_f64()) {
        (least, greatest) = (if x >= least { least } else { x }, if x <= greatest { greatest } else { x });
    }
    Bounds::new(least, greatest, T::DTYPE.max())
}
