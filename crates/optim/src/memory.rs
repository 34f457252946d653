//! The memory of an optimiser: slabs laid out as the parameters, and a step counter per parameter tensor.

use crate::error::StepError;
use autograd::loops::Slab;
use autograd::{DType, Float};
use std::ops::Range;

/// Two slabs of running averages and the counters. A rule may use none, one or both of the slabs.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    slabs: [Slab; 2],
    steps: Vec<u64>,
    /// The parts of the slab in the current step. The list is kept from step to step to reuse its memory.
    parts: Vec<Part>,
    /// The subject that the memory belongs to. The first step sets it.
    subject: Option<Subject>,
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

impl Default for Memory {
    fn default() -> Memory {
        let slabs = [DType::F32; 2].map(Slab::empty);
        Memory { slabs, steps: vec![], parts: vec![], subject: None }
    }
}

impl Memory {
    /// Refuses a subject other than that of earlier steps.
    #[inline]
    pub(crate) fn check(&mut self, given: Subject) -> Result<(), StepError> {
        match &self.subject {
            Some(used) if *used != given => {
                Err(StepError::ForeignMemory { used: used.to_string(), given: given.to_string() })
            }
            Some(_) => Ok(()),
            None => {
                self.subject = Some(given);
                Ok(())
            }
        }
    }

    /// Grows the counters and `slabs` slabs, with zeros, to the given numbers of tensors and elements.
    #[inline]
    pub(crate) fn grow<T: Float>(&mut self, tensors: usize, elements: usize, slabs: usize) {
        if self.steps.len() < tensors {
            self.steps.resize(tensors, 0);
        }
        for slab in &mut self.slabs[..slabs] {
            if slab.len() < elements {
                // The first step sets the element type.
                if slab.len() == 0 {
                    *slab = Slab::empty(T::DTYPE);
                }
                slab.grow(elements - slab.len());
            }
        }
    }

    /// Takes the list of parts, emptied. It is given back after the step.
    #[inline]
    pub(crate) fn take_parts(&mut self) -> Vec<Part> {
        let mut parts = std::mem::take(&mut self.parts);
        parts.clear();
        parts
    }

    /// Keeps a list of parts, to reuse its memory.
    #[inline]
    pub(crate) fn keep_parts(&mut self, parts: Vec<Part>) {
        self.parts = parts;
    }

    /// Advances a tensor's counter and returns it.
    #[inline]
    pub(crate) fn advance(&mut self, tensor: usize) -> u64 {
        self.steps[tensor] += 1;
        self.steps[tensor]
    }

    /// A part of each slab, empty where the slab is unused.
    #[inline]
    pub(crate) fn part<T: Float>(&mut self, range: Range<usize>) -> [&mut [T]; 2] {
        self.slabs.each_mut().map(|slab| match slab.len() {
            0 => &mut [],
            _ => &mut slab.slice_mut::<T>()[range.clone()],
        })
    }
}

/// Consecutive tensors of the slab with the same step count, or one tensor whose gradient is still to come.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) range: Range<usize>,
    pub(crate) t: u64,
    pub(crate) streamed: bool,
}

impl Part {
    /// Whether the next tensor belongs to this part.
    #[inline]
    pub(crate) fn goes_on(&self, t: u64, streamed: bool, next: &Range<usize>) -> bool {
        self.t == t && self.range.end == next.start && !self.streamed && !streamed
    }
}
