//! The slice of the parameters that a rank updates, and what its optimiser remembers of it.

use crate::sums::Term;
use autograd::loops::{Slices, Supply};
use autograd::{
    DType, Data, Gradients, NamedTensor, Optimizer, OptimizerState, Param, Params, StateError, StepError,
};
use std::ops::Range;

/// A slice of the slab, as a model of its own.
///
/// **A parameter of it is the part of one of the model that lies in the slice**, with the same name, in the same order: it may have no
/// elements. So its slab is the slice, groups of an optimiser match by name, and an optimiser that updates each number by itself does
/// here what it would do there.
#[derive(Debug)]
pub(crate) struct Slice {
    pub(crate) model: Params,
    here: Range<usize>,
    grads: Option<Gradients>,
    /// Which parameters had a gradient in the last step.
    trained: Vec<bool>,
}

/// The part of a parameter that lies in a slice, from its first element on.
fn overlap(parameter: &Range<usize>, here: &Range<usize>) -> Range<usize> {
    let within = |x: usize| x.clamp(parameter.start, parameter.end) - parameter.start;
    within(here.start)..within(here.end)
}

impl Slice {
    pub(crate) fn new(params: &Params, here: Range<usize>) -> Slice {
        let mut model = Params::of(params.dtype());
        for p in params.iter() {
            let (scope, name) = params.name(p).rsplit_once('.').expect("a parameter is in a scope");
            let part = overlap(&params.range(p), &here);
            let zeros = vec![0.0; part.len()];
            model.scope(scope).param(name, [part.len()], &zeros[..]);
        }
        Slice { model, here, grads: None, trained: vec![] }
    }

    /// Updates the slice by its gradient; `all` holds the gradients of the model, at least which there are.
    pub(crate) fn update<T: Term>(
        &mut self,
        params: &Params,
        all: &Gradients,
        gradient: &[T],
        optimizer: &mut (impl Optimizer + ?Sized),
    ) -> Result<(), StepError> {
        let mut trained = vec![false; params.len()];
        all.trained(params).for_each(|(p, _)| trained[p.index()] = true);
        if self.trained != trained {
            for (p, trained) in self.model.iter().zip(&trained) {
                self.model.set_frozen(p, !trained);
            }
            self.grads = None;
            self.trained = trained;
        }
        self.model.slab_mut::<T>().copy_from_slice(&params.slab_of::<T>()[self.here.clone()]);
        let grads = self.grads.get_or_insert_with(|| Gradients::zeros(&self.model));
        grads.slab_of_mut::<T>().copy_from_slice(gradient);
        let whole = Some((params, all)).filter(|_| optimizer.slices() == Slices::Whole);
        optimizer.step_from(&mut self.model, grads, Supply { whole, ..Supply::default() })
    }

    /// What is remembered of a slice, as one text of numbers for each rank to send: the tensors of the state one after the other.
    pub(crate) fn numbers<T: Term>(state: &OptimizerState) -> Result<Vec<T>, StateError> {
        let mut all = vec![];
        for tensor in &state.tensors {
            if tensor.data.dtype() != T::DTYPE {
                let found = tensor.data.dtype().to_string();
                return Err(StateError { field: tensor.name.clone(), found, expected: T::DTYPE.to_string() });
            }
            all.extend_from_slice(tensor.data.slice::<T>());
        }
        Ok(all)
    }

    /// How many numbers a rank sends whose slice this is.
    pub(crate) fn length(
        params: &Params,
        state: &OptimizerState,
        here: &Range<usize>,
    ) -> Result<usize, StateError> {
        let parts =
            state.tensors.iter().map(|tensor| Ok(overlap(&params.range(of(params, tensor)?), here).len()));
        parts.sum()
    }

    /// The state for the whole model, from what all ranks have sent, in their order.
    pub(crate) fn joined<T: Term>(
        params: &Params,
        state: OptimizerState,
        slices: &[Range<usize>],
        numbers: &[T],
    ) -> Result<OptimizerState, StateError> {
        let parameters =
            state.tensors.iter().map(|tensor| of(params, tensor)).collect::<Result<Vec<Param>, _>>()?;
        let mut whole: Vec<Vec<T>> =
            parameters.iter().map(|&p| vec![T::default(); params.range(p).len()]).collect();
        let mut rest = numbers;
        for here in slices {
            for (&p, whole) in parameters.iter().zip(&mut whole) {
                let part = overlap(&params.range(p), here);
                let (now, later) = rest.split_at(part.len());
                whole[part].copy_from_slice(now);
                rest = later;
            }
        }
        let tensors = state.tensors.into_iter().zip(parameters).zip(whole);
        let tensors = tensors.map(|((tensor, p), values)| {
            let shape = params.shape(p).clone();
            NamedTensor { name: tensor.name, shape, data: T::data(values) }
        });
        Ok(OptimizerState { tensors: tensors.collect(), ..state })
    }

    /// The part of a state of the whole model that belongs to this slice.
    pub(crate) fn cut(&self, params: &Params, state: &OptimizerState) -> Result<OptimizerState, StateError> {
        let cut = |tensor: &NamedTensor| {
            let p = of(params, tensor)?;
            if tensor.shape != *params.shape(p)
                || tensor.data.dtype() != params.dtype()
                || tensor.data.len() != params.range(p).len()
            {
                let found = format!("{} {}", tensor.shape, tensor.data.dtype());
                let expected = format!("{} {}", params.shape(p), params.dtype());
                return Err(StateError { field: tensor.name.clone(), found, expected });
            }
            let part = overlap(&params.range(p), &self.here);
            let shape = [part.len()].into();
            let data = match params.dtype() {
                DType::F32 => Data::F32(tensor.data.slice::<f32>()[part].to_vec()),
                _ => Data::F64(tensor.data.slice::<f64>()[part].to_vec()),
            };
            Ok(NamedTensor { name: tensor.name.clone(), shape, data })
        };
        let tensors = state.tensors.iter().map(cut).collect::<Result<_, StateError>>()?;
        Ok(OptimizerState { tensors, numbers: state.numbers.clone(), counters: state.counters.clone() })
    }
}

/// The parameter that a tensor of a state belongs to: `PARAMETER/STATE`.
fn of(params: &Params, tensor: &NamedTensor) -> Result<Param, StateError> {
    let found = tensor.name.rsplit_once('/').and_then(|(name, _)| params.find(name));
    found.ok_or_else(|| {
        let expected = "a name PARAMETER/STATE".to_owned();
        StateError { field: tensor.name.clone(), found: "a tensor of no parameter".to_owned(), expected }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::part;
    use optim::Adam;

    /// Owners remember 1/N each, and together what one would.
    #[test]
    fn owners_remember_their_slices_alone() {
        let mut params = Params::f64();
        let mut net = params.scope("net");
        let all = [net.param("a", [2, 3], 1.0), net.param("b", [], 2.0), net.param("c", [5], 3.0)];
        let mut grads = Gradients::zeros(&params);
        for (p, g) in all.iter().zip([0.5, -1.0, 2.0]) {
            grads.get_mut::<f64>(*p).unwrap().fill(g);
        }
        let (mut whole, mut updated) = (Adam::new(0.1).unwrap(), params.clone());
        whole.step(&mut updated, &grads).unwrap();
        for size in 1..=5 {
            let (mut numbers, mut slices, mut names) = (vec![], vec![], OptimizerState::default());
            for rank in 0..size {
                let here = part(params.elements(), rank, size);
                let (mut slice, mut adam) = (Slice::new(&params, here.clone()), Adam::new(0.1).unwrap());
                let gradient = &grads.slab_of::<f64>()[here.clone()];
                slice.update(&params, &grads, gradient, &mut adam).unwrap();
                assert_eq!(slice.model.slab_of::<f64>(), &updated.slab_of::<f64>()[here.clone()]);
                names = adam.state(&slice.model);
                let own = Slice::numbers::<f64>(&names).unwrap();
                assert_eq!(own.len(), 2 * here.len());
                numbers.extend(own);
                slices.push(here);
            }
            let joined = Slice::joined(&params, names, &slices, &numbers).unwrap();
            assert_eq!(joined, whole.state(&updated), "{size} owners");
        }
    }
}
