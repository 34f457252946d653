//! Bodies of loops whose values have few elements, as instructions on single numbers.

use super::spell::Spelled;
use super::steps::{Parts, contiguous, stage};
use crate::buffers::Strided;
use crate::dtype::{Data, Float};
use crate::ir::{Body, Held, Meta, Scan};
use crate::kernels::scalars::{Instructions, Register};
use crate::number::Digits;
use crate::plan::Graph;
use smallvec::SmallVec;
use std::sync::{Mutex, PoisonError};

/// A body as instructions on single numbers.
#[derive(Debug)]
pub(crate) struct Scalars<T> {
    code: Instructions<T>,
    /// The registers before the first step: arguments, then constants, then results of instructions.
    start: Vec<T>,
    /// The first register of each argument.
    arguments: Vec<Register>,
    /// The registers of each result's elements.
    results: Vec<Vec<Register>>,
    /// The registers of the next carries, in order.
    next: Vec<Register>,
    /// The memory of runs that have ended.
    idle: Mutex<Vec<Memory<T>>>,
}

/// The memory of one run.
#[derive(Debug)]
struct Memory<T> {
    registers: Vec<T>,
    carried: Vec<T>,
    /// Contiguous copies of operands that are not.
    staged: Vec<Data>,
    parts: Parts,
    copies: Copies,
}

impl<T: Float + Digits> Scalars<T> {
    /// The instructions of a body, if all that it computes is of this type and small.
    pub(super) fn of(graph: &Graph, body: &Body) -> Option<Scalars<T>> {
        body.products.is_empty().then_some(())?;
        let is_float = |i: usize| body.result(i).dtype == T::DTYPE;
        (0..body.ports.results()).all(is_float).then_some(())?;
        let arguments: Vec<&Meta> = body.arguments().collect();
        let Spelled { code, start, arguments, results } = Spelled::of(graph, &arguments, |_| None)?;
        let next = results[..body.ports.carried].concat();
        Some(Scalars { code, start, arguments, next, results, idle: Mutex::default() })
    }

    /// Runs the steps, and fills the pieces of the result.
    pub(super) fn run(&self, scan: &Scan, x: &[Strided<'_>], y: &mut [T]) {
        let free = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut memory = free.unwrap_or_else(|| self.memory(scan));
        if !memory.parts.are_of(scan) {
            memory = self.memory(scan);
        }
        self.repeat(scan, x, y, &mut memory);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }

    fn memory(&self, scan: &Scan) -> Memory<T> {
        let parts = Parts::new(scan);
        Memory {
            registers: self.start.clone(),
            carried: vec![T::default(); self.next.len()],
            staged: self.arguments.iter().map(|_| Data::empty(T::DTYPE)).collect(),
            copies: self.copies(scan, &parts),
            parts,
        }
    }

    fn repeat(&self, scan: &Scan, x: &[Strided<'_>], y: &mut [T], memory: &mut Memory<T>) {
        let Memory { registers: r, carried, staged, parts, copies } = memory;
        let (ports, next, Copies { kept, stacked, summed }) = (scan.body.ports, &self.next, &*copies);
        let mut reads: SmallVec<[(usize, usize, &[T]); 16]> = SmallVec::new();
        for ((i, x), staged) in x.iter().enumerate().zip(staged) {
            stage(x, staged);
            let (first, values) = (self.arguments[i] as usize, T::slice(contiguous(x, staged)));
            if !ports.is_read(i) {
                r[first..first + values.len()].copy_from_slice(values);
            } else if let Some(each) = values.len().checked_div(scan.steps) {
                reads.push((first, each, values));
            }
        }
        // Whether no carry is read after it was written.
        let at_once =
            next.iter().enumerate().all(|(k, &from)| from as usize >= next.len() || from as usize == k);
        summed.iter().for_each(|c| y[c.start] = T::default());
        let mut begun = false;
        // A step that reads nothing of its own and changes no carry: all after it are the same.
        let mut is_still = false;
        for t in scan.order() {
            for c in kept {
                y[c.start + t * c.each] = r[c.register];
            }
            for &(first, each, values) in &reads {
                for k in 0..each {
                    r[first + k] = values[t * each + k];
                }
            }
            if !is_still {
                self.code.run(r);
            }
            for c in stacked {
                y[c.start + t * c.each] = r[c.register];
            }
            for c in summed {
                y[c.start] = if begun { y[c.start] + r[c.register] } else { r[c.register] };
            }
            begun = true;
            let bits = |x: T| x.to_f64().to_bits();
            is_still |= reads.is_empty()
                && next.iter().enumerate().all(|(k, &from)| bits(r[k]) == bits(r[from as usize]));
            if at_once {
                for (k, &from) in next.iter().enumerate() {
                    r[k] = r[from as usize];
                }
            } else {
                carried.iter_mut().zip(next).for_each(|(c, &from)| *c = r[from as usize]);
                r[..carried.len()].copy_from_slice(carried);
            }
        }
        for piece in &parts.pieces {
            if let Held::Result(i) = piece.held
                && i < ports.carried
            {
                let first = self.arguments[i] as usize;
                y[piece.start..piece.start + piece.elements()]
                    .copy_from_slice(&r[first..first + piece.elements()]);
            }
        }
    }

    /// What goes from registers to the result with each step.
    fn copies(&self, scan: &Scan, parts: &Parts) -> Copies {
        let mut copies = Copies::default();
        let ports = scan.body.ports;
        for piece in &parts.pieces {
            let (to, i) = match piece.held {
                Held::History(i) => (&mut copies.kept, i),
                Held::Result(i) if ports.is_stacked(i) => (&mut copies.stacked, i),
                Held::Result(i) if i >= ports.carried => (&mut copies.summed, i),
                Held::Result(_) => continue,
                Held::Product(_) => unreachable!("instructions on numbers have no products of matrices"),
            };
            let each = self.results[i].len();
            for (k, &result) in self.results[i].iter().enumerate() {
                let register = match piece.held {
                    Held::History(i) => self.arguments[i] as usize + k,
                    _ => result as usize,
                };
                to.push(Copy { register, start: piece.start + k, each });
            }
        }
        copies
    }
}

/// A number that goes from a register to the result of the loop: at the start, and `each` further with each step.
#[derive(Debug)]
struct Copy {
    register: usize,
    start: usize,
    each: usize,
}

/// What is kept before each step, what is stacked after it, and what is summed.
#[derive(Debug, Default)]
struct Copies {
    kept: Vec<Copy>,
    stacked: Vec<Copy>,
    summed: Vec<Copy>,
}
