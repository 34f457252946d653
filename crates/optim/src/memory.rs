//! The memory of an optimiser: slabs laid out as the parameters, and a step counter for each parameter tensor.

use crate::StepError;
use autograd::loops::{Bounds, Slab};
use autograd::{DType, Float, Params};
use std::ops::Range;

/// What an optimiser with `S` slabs remembers.
#[derive(Clone, Debug)]
pub(crate) struct Memory<const S: usize> {
    pub(crate) slabs: [Slab; S],
    /// For each tensor, how many steps it took part in.
    pub(crate) steps: Vec<u64>,
    /// For each tensor, its group; 0 is none.
    pub(crate) groups: Vec<usize>,
    /// The parts of the slab in the current step. The list is kept from step to step to reuse its memory.
    pub(crate) parts: Vec<Part>,
    /// The tensors that take part in the current step.
    pub(crate) trained: Vec<usize>,
    /// The layouts of the parameters and of the gradients that the parts were listed for, after a step that succeeded.
    pub(crate) known: Option<(u64, u64)>,
    /// The subject that the memory belongs to. The first step sets it.
    pub(crate) subject: Option<Subject>,
    /// Whether a step was made: an optimiser belongs to the subject of the first one that succeeds.
    bound: bool,
    /// Tells the tensors from those of a clone that has grown apart.
    stamp: Option<u32>,
    /// Bounds of each slab.
    pub(crate) bounds: [Bounds; S],
    /// Bounds of the parameters in their version.
    pub(crate) point: Option<(u64, Bounds)>,
}

/// The subject of an optimiser. A model may grow between steps, a point may not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Subject {
    Model(u32, DType),
    Point(usize),
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Subject::Model(id, dtype) => write!(f, "model {id}, {dtype}"),
            Subject::Point(elements) => write!(f, "a point of {elements} elements"),
        }
    }
}

impl<const S: usize> Default for Memory<S> {
    fn default() -> Memory<S> {
        Memory {
            slabs: [(); S].map(|()| Slab::empty(DType::F32)),
            steps: vec![],
            groups: vec![],
            parts: vec![],
            trained: vec![],
            known: None,
            subject: None,
            bound: false,
            stamp: None,
            bounds: [Bounds::new(0.0, 0.0, f64::MAX); S],
            point: None,
        }
    }
}

impl<const S: usize> Memory<S> {
    /// Refuses a subject other than that of earlier steps.
    #[inline]
    pub(crate) fn check(&self, given: Subject) -> Result<(), StepError> {
        match self.subject {
            Some(used) if used != given => {
                Err(StepError::ForeignMemory { used: used.to_string(), given: given.to_string() })
            }
            _ => Ok(()),
        }
    }

    /// Belongs to its subject from now on if a step was made, or else is as before.
    #[inline]
    pub(crate) fn bind(&mut self, done: bool) {
        match done {
            true => self.bound = true,
            false if !self.bound => *self = Memory::default(),
            false => {}
        }
    }

    /// Refuses a clone of the model in which other parameters were added.
    #[inline]
    pub(crate) fn check_growth(&self, params: &Params) -> Result<(), StepError> {
        if params.stamp(self.steps.len()) == self.stamp {
            return Ok(());
        }
        let clone = |whose| format!("{whose} model {}, {} parameters", params.id(), self.steps.len());
        Err(StepError::ForeignMemory { used: clone("a clone of"), given: clone("another clone of") })
    }

    /// Grows counters and slabs, with zeros, to all parameters.
    #[inline]
    pub(crate) fn grow_to<T: Float>(&mut self, params: &Params) {
        if self.steps.len() < params.len() {
            self.grow::<T>(Subject::Model(params.id(), T::DTYPE), params.len(), params.elements());
            self.stamp = params.stamp(params.len());
        }
    }

    /// Grows counters and slabs, with zeros, to the given numbers of tensors and elements.
    pub(crate) fn grow<T: Float>(&mut self, subject: Subject, tensors: usize, elements: usize) {
        if self.subject.is_none() {
            self.subject = Some(subject);
            self.slabs = [(); S].map(|()| Slab::empty(T::DTYPE));
            self.bounds = [Bounds::new(0.0, 0.0, T::DTYPE.max()); S];
        }
        self.steps.resize(tensors, 0);
        for (slab, bounds) in self.slabs.iter_mut().zip(&mut self.bounds) {
            slab.grow(elements - slab.len());
            *bounds = bounds.and(Bounds::new(0.0, 0.0, T::DTYPE.max()));
        }
    }

    /// Makes the next step look at every result.
    pub(crate) fn forget_bounds(&mut self) {
        for (slab, bounds) in self.slabs.iter().zip(&mut self.bounds) {
            *bounds = Bounds::new(f64::NAN, f64::NAN, slab.dtype().max());
        }
    }

    /// A part of each slab.
    #[inline]
    pub(crate) fn part<T: Float>(&mut self, range: &Range<usize>) -> [&mut [T]; S] {
        self.slabs.each_mut().map(|slab| &mut slab.slice_mut::<T>()[range.clone()])
    }
}

/// Consecutive tensors of the slab with the same step count and group, or one tensor whose gradient is still to come.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) range: Range<usize>,
    /// The number of the step for these tensors, from 1.
    pub(crate) t: u64,
    pub(crate) group: usize,
    pub(crate) streamed: bool,
}

impl Part {
    /// Whether another one goes on where this one ends, with the same coefficients.
    #[inline]
    pub(crate) fn goes_on(&self, next: &Part) -> bool {
        (self.t, self.group) == (next.t, next.group)
            && self.range.end == next.range.start
            && !self.streamed
            && !next.streamed
    }
}
