//! Checkpoints: what a function computes on its way is computed again for its derivative, and not kept.

use super::super::bodies::{flops, replay};
use super::super::scan::Group;
use crate::ir::{After, Body, Call, Meta};
use crate::mistake::Mistake;
use crate::op::{At, Cotangents, Wanted};
use crate::record::{Given, Recording, check_memory, record};
use crate::tape::Tape;
use crate::var::Var;
use std::sync::Arc;

impl<'p> Tape<'p> {
    /// Runs `f`, keeps its results and forgets the rest: what lies between is computed again when a derivative asks for it.
    ///
    /// The values are the same, and so are the derivatives, of any order. It costs `f` once more for each derivative. `f` may use
    /// any variable or parameter around it; all are differentiated. A chain of n layers that is cut into √n checkpoints of √n
    /// layers keeps about 2·√n values instead of n. Checkpoints may lie within checkpoints. `f` runs once and has no values to
    /// read, as in a program.
    ///
    /// In a program the ops of `f` fuse with what is around them; the second time they wait for the cotangent.
    /// Source: Griewank & Walther, *Evaluating Derivatives*, 2008, chapter 12; T. Chen and others, "Training deep nets with
    /// sublinear memory cost", 2016.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (x, w) = (tape.var([0.5, 1.0]), tape.var(2.0));
    /// let y = tape.checkpoint(x, |x| (x * w).sin().exp());
    /// let plain = (x * w).sin().exp();
    /// assert_eq!(y.to_vec::<f64>(), plain.to_vec::<f64>());
    /// let [dx, dw] = y.sum().grad([x, w]);
    /// let [px, pw] = plain.sum().grad([x, w]);
    /// assert_eq!((dx.to_vec::<f64>(), dw.item()), (px.to_vec::<f64>(), pw.item()));
    /// ```
    ///
    /// # Panics
    /// If `f` reads a value, writes to state or gives results of several dtypes; if a variable within `f` is used after it.
    #[track_caller]
    pub fn checkpoint<'t, X: Group<'t>, Y: Group<'t>>(&'t self, x: X, f: impl FnOnce(X) -> Y) -> Y
    where
        'p: 't,
    {
        let given = x.members();
        let arguments: Vec<Meta> = given.iter().map(|x| Meta::new(x.shape(), x.dtype())).collect();
        let recording = Recording::begin(self, &arguments);
        let y = f(x.with_members(recording.arguments()));
        let all = y.members();
        for x in given.iter().chain(all) {
            if !std::ptr::eq(x.address(), self.address()) {
                x.mistake("checkpoint", "a variable of another tape", "x")
                    .rule("a checkpoint and what it uses are on one tape")
                    .raise();
            }
        }
        let shapes: Vec<Meta> = all.iter().map(|y| Meta::new(y.shape(), y.dtype())).collect();
        let Some(packed) = packed(all) else { return y };
        let own = given.len();
        let (body, read) =
            recording.end(&[packed], Given { carried: 0, captured: own, stacked: 1, hoists: false }, &[]);
        let operands = [given, &read].concat();
        operands.iter().for_each(|x| check_memory("checkpoint", &x.shape(), x.dtype()));
        if operands.is_empty() {
            Mistake::new("checkpoint: nothing is read")
                .rule("a checkpoint computes from something around it")
                .raise();
        }
        let flops = flops(&body) / body.result(0).shape.elements().max(1);
        let row = record(Call { body, function: None, own, flops }, &operands);
        let mut start = 0;
        let part = |meta: &Meta| {
            let (begin, elements) = (start, meta.shape.elements());
            start += elements;
            row.slice(0, begin..begin + elements).reshape(meta.shape.clone())
        };
        y.with_members(if let [_] = shapes[..] { vec![row] } else { shapes.iter().map(part).collect() })
    }
}

/// Results as one: the only one, or a row of all numbers. Nothing, if there are none.
#[track_caller]
fn packed<'t>(all: &[Var<'t>]) -> Option<Var<'t>> {
    let [first, rest @ ..] = all else { return None };
    if rest.is_empty() {
        return Some(*first);
    }
    if let Some(other) = rest.iter().find(|x| x.dtype() != first.dtype()) {
        other
            .mistake("checkpoint", format!("results of {} and {}", first.dtype(), other.dtype()), "y")
            .rule("the results of a checkpoint have one dtype")
            .hint("end it before the conversion")
            .raise();
    }
    let flat: Vec<Var<'t>> = all.iter().map(|x| x.reshape([x.shape().elements()])).collect();
    Some(Var::concat(&flat, 0))
}

/// The cotangents of a body that is computed again, once the cotangent of its result is known.
#[track_caller]
pub(super) fn cotangents<'t>(
    body: &Arc<Body>,
    at: &At<'_, 't>,
    g: Var<'t>,
    wanted: Wanted<'_>,
) -> Cotangents<'t> {
    let tape = at.y.tape();
    let x: Vec<Var<'t>> = at.x.iter().map(|&x| record(After, &[x, g])).collect();
    let y = replay(body, tape, &x)[body.results[0] as usize];
    let wrt: Vec<usize> = (0..x.len()).filter(|&i| wanted.has(i)).collect();
    let found = tape.cotangents_within(&[(y, g)], &wrt.iter().map(|&i| x[i]).collect::<Vec<_>>());
    let mut all: Cotangents<'t> = x.iter().map(|_| None).collect();
    wrt.into_iter().zip(found).for_each(|(i, found)| all[i] = found);
    all
}

/// The tangent of the result: that of the body.
#[track_caller]
pub(super) fn tangent<'t>(body: &Arc<Body>, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
    let tape = at.y.tape();
    // Each operand is a node of its own: one may have been computed from another.
    let x: Vec<Var<'t>> = at.x.iter().map(|&x| record(After, &[x, x])).collect();
    let y = replay(body, tape, &x)[body.results[0] as usize];
    let moving: Vec<(Var<'t>, Var<'t>)> = x.iter().zip(t).filter_map(|(&x, t)| Some((x, (*t)?))).collect();
    tape.tangents(&[y], &moving)[0]
}
