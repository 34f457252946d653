//! Steps of few numbers.

use super::Descent;
use crate::loops::Prepared;
use crate::memory::{Memory, Part};
use crate::{Formula, StepError};
use autograd::{Float, Gradients, Num, Number, Params};

/// Up to how many parameters every result is looked at before any is stored.
const FEW: usize = 32;

impl<F: Formula<S, C>, const S: usize, const C: usize> Descent<F, S, C> {
    /// Whether a model has so few parameters.
    #[inline]
    pub(super) fn are_few(params: &Params) -> bool {
        params.elements() <= FEW
    }

    /// Updates few numbers, if all results are finite: to look at each costs less than to bound them. Else all is as it was.
    #[inline]
    pub(super) fn update_few<T: Float + Number>(
        &mut self,
        params: &mut Params,
        grads: &Gradients,
        prepare: impl Prepared<T>,
    ) -> Result<bool, StepError> {
        let zero = T::default();
        let (slab, gradient) = (params.slab_mut::<T>(), grads.slab_of::<T>());
        // What was there, by place.
        let (mut points, mut states) = ([zero; FEW], [[zero; FEW]; S]);
        let mut sum = zero;
        for k in 0..self.memory.parts.len() {
            let Part { ref range, t, group, .. } = self.memory.parts[k];
            let (range, c) = (range.clone(), self.coefficients::<T>(t, group).map(Num::of));
            let state = self.memory.part::<T>(&range);
            let (point, gradient) = (&mut slab[range.clone()], &gradient[range.clone()]);
            let old = (&mut points[range.clone()], states.each_mut().map(|old| &mut old[range.clone()]));
            let count = point.len();
            let (old_point, gradient) = (&mut old.0[..count], &gradient[..count]);
            let (mut state, mut old_state) = (state.map(|s| &mut s[..count]), old.1.map(|s| &mut s[..count]));
            for i in 0..count {
                old_point[i] = point[i];
                (0..S).for_each(|k| old_state[k][i] = state[k][i]);
                let before: [_; S] = std::array::from_fn(|k| Num::of(state[k][i]));
                let (p, after) = F::update(c, Num::of(point[i]), Num::of(prepare(gradient[i])), before);
                // x·0 is 0 for finite numbers, and NaN for others. The gradient itself counts: a limit would hide it.
                let all = after.iter().fold(gradient[i] + p.get(), |all, x| all + x.get());
                sum = sum + all * zero;
                point[i] = p.get();
                (0..S).for_each(|k| state[k][i] = after[k].get());
            }
        }
        let loss = grads.check_loss();
        let is_done = sum == zero && loss.is_ok();
        let Memory { parts, slabs, steps, trained, .. } = &mut self.memory;
        if is_done {
            trained.iter().for_each(|&p| steps[p] += 1);
            self.memory.forget_bounds();
        } else {
            for range in parts.iter().map(|part| part.range.clone()) {
                slab[range.clone()].copy_from_slice(&points[range.clone()]);
                for (slab, old) in slabs.iter_mut().zip(&states) {
                    slab.slice_mut::<T>()[range.clone()].copy_from_slice(&old[range.clone()]);
                }
            }
        }
        // What is not finite among the gradients tells more than the loss.
        if sum == zero { loss.map(|()| true) } else { Ok(false) }
    }
}
