//! The list of the scalar tape: recording and the sweep backwards. All that is not checked at run time stands here.
#![expect(unsafe_code, reason = "checks at each node would cost a tenth of a recording and of a sweep")]

use crate::kernels::simd::fused;
use crate::number::Digits;
use std::cell::{Cell, UnsafeCell};

/// Nodes in the order in which they were recorded, numbered from 1.
pub(super) struct List {
    /// What is recorded, and room for more: all of it is initialised, so that recording is a comparison and a store.
    nodes: UnsafeCell<Vec<Node>>,
    /// The number of the next node.
    next: Cell<usize>,
    /// The nodes before this one may have adjoints other than 0, from an earlier sweep.
    swept: Cell<usize>,
}

/// A result of up to three terms, 48 bytes: the partial derivatives, the nodes that they are taken with respect to, and room
/// for the adjoint of the result. An input has no terms.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Node {
    partials: [f64; 3],
    adjoint: f64,
    from: [u32; 3],
}

/// In the place of a node: there is none. The number has a place in the list, and what is handed on to no node ends there.
pub(super) const NONE: u32 = 0;
/// No node has this number.
pub(super) const NO_NUMBER: u32 = u32::MAX;

impl List {
    pub(super) fn new() -> List {
        List { nodes: UnsafeCell::default(), next: Cell::new(1), swept: Cell::new(0) }
    }

    /// Forgets the nodes and keeps their memory.
    pub(super) fn clear(&mut self) {
        self.next.set(1);
        self.swept.set(0);
    }

    /// How many nodes are recorded.
    pub(super) fn len(&self) -> usize {
        self.next.get() - 1
    }

    pub(super) fn bytes(&self) -> usize {
        self.nodes().capacity() * size_of::<Node>()
    }

    fn nodes(&self) -> &Vec<Node> {
        // SAFETY: those who call this end the borrow before they return, and run none of the methods that write.
        unsafe { &*self.nodes.get() }
    }

    /// Records a node and gives its number. The nodes that it is made of are on this list already.
    #[track_caller]
    #[inline(always)]
    pub(super) fn push(&self, partials: [f64; 3], from: [u32; 3]) -> u32 {
        let number = self.next.get();
        // SAFETY: a list belongs to one thread, and no method leaves a reference to its nodes behind.
        let nodes = unsafe { &mut *self.nodes.get() };
        if number >= nodes.len() {
            grow(nodes);
        }
        // SAFETY: there is room for it, if not from the start then since `grow`.
        unsafe { *nodes.get_unchecked_mut(number) = Node { partials, adjoint: 0.0, from } };
        self.next.set(number + 1);
        number as u32
    }

    /// Sweeps from the nodes of a linear form to the first node.
    ///
    /// Source: Griewank & Walther, *Evaluating Derivatives*, 2008, section 3.2.
    pub(super) fn sweep(&self, slopes: [f64; 2], from: [u32; 2]) {
        // SAFETY: as in `push`.
        let nodes = unsafe { &mut *self.nodes.get() };
        for node in &mut nodes[..self.swept.get()] {
            node.adjoint = 0.0;
        }
        let end = (from[0].max(from[1]) as usize + 1).min(nodes.len());
        self.swept.set(end);
        let nodes = &mut nodes[..end];
        for (slope, node) in slopes.into_iter().zip(from) {
            if let Some(node) = nodes.get_mut(node as usize) {
                node.adjoint += slope;
            }
        }
        fused(
            #[inline(always)]
            || hand_on(nodes),
        );
    }

    /// The adjoint of a node after the last sweep.
    pub(super) fn adjoint(&self, node: u32) -> f64 {
        let node = node as usize;
        if node < self.swept.get() { self.nodes()[node].adjoint } else { 0.0 }
    }
}

/// Makes room for twice as many nodes.
#[cold]
#[inline(never)]
#[track_caller]
fn grow(nodes: &mut Vec<Node>) {
    let most = NO_NUMBER as usize;
    assert!(
        nodes.len() < most,
        "the tape is full: it has {} nodes\n  hint: `clear` it, or record less between clears",
        most - 1
    );
    nodes.resize((2 * nodes.len()).clamp(64, most), Node::default());
}

/// From the last node to the first: each hands its adjoint on along its terms. An adjoint that is 0 hands on nothing, not
/// even to an infinite partial derivative: a value that nobody used spoils no gradient.
///
/// The parts of a long sum follow each other, so the adjoint of the node before is kept in a register: the next step need
/// not wait until memory gives back what was just written.
#[inline(always)]
fn hand_on(nodes: &mut [Node]) {
    let Some(last) = nodes.last() else { return };
    let mut adjoint = last.adjoint;
    for place in (1..nodes.len()).rev() {
        let before = place - 1;
        // SAFETY: `place` is below the length, and so are the nodes that a node is made of, since they were recorded on this
        // list before it: `Var::join` refuses variables of another tape.
        unsafe {
            if adjoint == 0.0 {
                adjoint = nodes.get_unchecked(before).adjoint;
                continue;
            }
            let Node { partials: [p, q, r], from: [i, j, k], .. } = *nodes.get_unchecked(place);
            let mut add = |partial: f64, to: u32| {
                let to = &mut nodes.get_unchecked_mut(to as usize).adjoint;
                *to = adjoint.times_plus(partial, *to);
                *to
            };
            add(r, k);
            add(q, j);
            let first = add(p, i);
            adjoint = if i as usize == before { first } else { nodes.get_unchecked(before).adjoint };
        }
    }
}
