//! What another executor needs to make the steps of an optimiser.

use crate::{Descent, Formula, StepError};
use autograd::{DType, Gradients, Num, Optimizer, Params, Program, ProgramError, Var};
use std::ops::Range;

/// An optimiser that updates each number by a formula, so that another executor can make its steps: a GPU. [`Descent`] is
/// one, and so are all that are made of a [`Formula`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` updates by no formula that a device could compute",
    label = "no optimiser of a `Formula`",
    note = "those that need whole tensors (Adafactor, LAMB, LARS, Muon, NovoGrad), pipelines and averages step on the CPU: `program.step(…)`"
)]
pub trait ByFormula: Optimizer {
    /// The names of what is remembered for each number.
    #[doc(hidden)]
    fn names(&self) -> &'static [&'static str];

    /// The parts of the slab that a step with these gradients changes.
    #[doc(hidden)]
    fn parts(&self, params: &Params, grads: &Gradients) -> Result<Vec<Part>, StepError>;

    /// The coefficients of step number `t` (from 1) of a group.
    #[doc(hidden)]
    fn coefficients(&self, group: usize, t: u64) -> Vec<f64>;

    /// The update of so many numbers: see [`Descent::recorded`].
    #[doc(hidden)]
    fn update_of(&self, elements: usize, dtype: DType) -> Result<Program, ProgramError>;

    /// What stands against that update, from the same inputs: how many numbers of the gradient are not finite, and how many of the
    /// results.
    #[doc(hidden)]
    fn look_at(&self, elements: usize, dtype: DType) -> Result<Program, ProgramError>;
}

/// Consecutive tensors with the same coefficients.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where they lie in the slab.
    pub range: Range<usize>,
    /// Their group.
    pub group: usize,
    /// In how many steps they took part.
    pub steps: u64,
}

impl<F: Formula<S, C>, const S: usize, const C: usize> ByFormula for Descent<F, S, C> {
    fn names(&self) -> &'static [&'static str] {
        const { &F::STATE }
    }

    fn parts(&self, params: &Params, grads: &Gradients) -> Result<Vec<Part>, StepError> {
        let groups = self.groups_of(params)?;
        let mut parts: Vec<Part> = vec![];
        for (p, range) in grads.trained(params).filter(|(_, range)| !range.is_empty()) {
            let (group, steps) = (groups[p.index()], self.steps_of(params, p));
            match parts.last_mut() {
                Some(last) if last.range.end == range.start && (last.group, last.steps) == (group, steps) => {
                    last.range.end = range.end;
                }
                _ => parts.push(Part { range, group, steps }),
            }
        }
        Ok(parts)
    }

    fn coefficients(&self, group: usize, t: u64) -> Vec<f64> {
        self.formula_of(group).coefficients(t).to_vec()
    }

    fn update_of(&self, elements: usize, dtype: DType) -> Result<Program, ProgramError> {
        Self::recorded([elements], dtype)
    }

    fn look_at(&self, elements: usize, dtype: DType) -> Result<Program, ProgramError> {
        let params = Params::of(dtype);
        Program::trace(&params, |t| {
            let number = |name: String| Num::of(t.input_of(&name, dtype, []));
            let tensor = |name: &str| Num::of(t.input_of(name, dtype, [elements]));
            let c: [Num<Var<'_>>; C] = std::array::from_fn(|i| number(format!("c{i}")));
            let (p, g) = (tensor("p"), tensor("g"));
            let state: [Num<Var<'_>>; S] = std::array::from_fn(|k| tensor(F::STATE[k]));
            let (p, state) = F::update(c, p, g, state);
            let largest = dtype.max();
            let results =
                state.into_iter().fold(is_not_finite(p, largest), |n, x| n + is_not_finite(x, largest));
            t.outputs([is_not_finite(g, largest).sum(), results.sum()])
        })
    }
}

/// 0 for finite numbers, and 1 for others.
fn is_not_finite(x: Num<Var<'_>>, largest: f64) -> Var<'_> {
    let x = x.get();
    x.abs()
        .le(largest)
        .select(x.tape().full(0.0, x.shape(), x.dtype()), x.tape().full(1.0, x.shape(), x.dtype()))
}

impl<O: ByFormula + ?Sized> ByFormula for &mut O {
    fn names(&self) -> &'static [&'static str] {
        (**self).names()
    }
    fn parts(&self, params: &Params, grads: &Gradients) -> Result<Vec<Part>, StepError> {
        (**self).parts(params, grads)
    }
    fn coefficients(&self, group: usize, t: u64) -> Vec<f64> {
        (**self).coefficients(group, t)
    }
    fn update_of(&self, elements: usize, dtype: DType) -> Result<Program, ProgramError> {
        (**self).update_of(elements, dtype)
    }
    fn look_at(&self, elements: usize, dtype: DType) -> Result<Program, ProgramError> {
        (**self).look_at(elements, dtype)
    }
}
