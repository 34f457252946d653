//! From a tape and a sweep to steps.

use super::excerpt::{Excerpt, FOLD_ABOVE, KEPT, OPERANDS};
use super::rule::{label, rule};
use super::step::{Step, StepKind, StepOperand, StepPhase, StepReceipt, StepTerm, shortened};
use crate::grad::Visit;
use crate::ir::{NodeId, Op};
use crate::lists::IntoList;
use crate::reachable::ancestors;
use crate::show::words::Words;
use crate::text::clipped;
use std::ops::Range;

/// The longest name, in columns.
const NAME: usize = 60;

/// Makes the steps of an output. The tape still holds the nodes that the sweep recorded, from `start` on.
pub(super) struct Recorder<'a> {
    words: &'a Words<'a>,
    output: NodeId,
    start: NodeId,
    visits: &'a [Visit],
    /// For each node, whether the sweep visits it, and whether it varies with a variable.
    visited: Vec<bool>,
    varies: Vec<bool>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(
        words: &'a Words<'a>,
        output: NodeId,
        start: NodeId,
        visits: &'a [Visit],
    ) -> Recorder<'a> {
        let mut visited = vec![false; start as usize];
        visits.iter().for_each(|visit| visited[visit.node as usize] = true);
        let mut varies = vec![false; start as usize];
        for id in 0..start {
            let node = words.list.node(id);
            varies[id as usize] = match node.op {
                Op::Variable => true,
                Op::Parameter(_) => !words.is_frozen(id),
                Op::Detach(_) => false,
                _ => node.inputs.iter().any(|&input| varies[input as usize]),
            } && node.meta.dtype.is_float();
        }
        Recorder { words, output, start, visits, visited, varies }
    }

    /// The steps, and how many nodes the output is computed from.
    pub(super) fn steps(&self) -> (Vec<Step>, usize) {
        let nodes = ancestors(&[self.output], |id| &self.words.list.node(id).inputs);
        let mut steps = vec![];
        for (range, folds) in parts(nodes.len(), nodes.len()) {
            let (first, last) = (range.start, range.end - 1);
            match folds {
                true => {
                    steps.push(self.folded(StepPhase::Forward, nodes[first], nodes[last], range.len(), 0))
                }
                false => steps.extend(range.map(|i| self.forward(nodes[i]))),
            }
        }
        let visited = |i: usize| self.visits[i].node;
        for (range, folds) in parts(self.visits.len(), nodes.len()) {
            let (first, last) = (range.start, range.end - 1);
            match folds {
                true => {
                    let (from, to) = (visited(first), visited(last));
                    steps.push(self.folded(StepPhase::Backward, from, to, range.len(), range.end));
                }
                false => steps.extend(range.map(|i| self.backward(i))),
            }
        }
        steps.iter_mut().enumerate().for_each(|(index, step)| step.index = index);
        (steps, nodes.len())
    }

    fn forward(&self, id: NodeId) -> Step {
        let node = self.words.list.node(id);
        let operand = |(i, &input): (usize, &NodeId)| StepOperand {
            label: label(node, i),
            node: input as usize,
            name: self.name(input),
            value: Excerpt::of(self.words, input),
        };
        let operands = node.inputs.iter().enumerate().take(OPERANDS).map(operand).listed();
        let value = Excerpt::of(self.words, id);
        self.step(StepPhase::Forward, id, 0, StepKind::Forward { operands, value })
    }

    fn backward(&self, visit: usize) -> Step {
        let (visited, visit) = (visit + 1, &self.visits[visit]);
        let node = self.words.list.node(visit.node);
        let excerpt = |id| Excerpt::of(self.words, id);
        let receipt = |(i, &input): (usize, &NodeId)| {
            let passed = visit.passed.iter().find(|passed| passed.operand == i);
            StepReceipt {
                label: label(node, i),
                node: input as usize,
                name: self.name(input),
                received: match passed {
                    Some(passed) => {
                        Ok(StepTerm { term: excerpt(passed.term), so_far: excerpt(passed.so_far) })
                    }
                    None if self.varies[input as usize] => Err("the derivative is 0"),
                    None => Err(self.not_differentiated(input).unwrap_or("it has no derivative")),
                },
            }
        };
        let kind = StepKind::Backward {
            rule: rule(self.words, visit, self.start),
            cotangent: excerpt(visit.cotangent),
            operands: node.inputs.iter().enumerate().take(OPERANDS).map(receipt).listed(),
        };
        self.step(StepPhase::Backward, visit.node, visited, kind)
    }

    /// The step that stands for so many, of which the last leaves so many nodes visited.
    fn folded(&self, phase: StepPhase, first: NodeId, last: NodeId, steps: usize, visited: usize) -> Step {
        let step = self.step(phase, last, visited, StepKind::Folded { steps });
        Step {
            name: None,
            own_name: None,
            equation: format!("… {steps} steps folded, v{first} to v{last}"),
            ..step
        }
    }

    fn step(&self, phase: StepPhase, id: NodeId, visited: usize, kind: StepKind) -> Step {
        let words = self.words;
        Step {
            index: 0,
            phase,
            node: id as usize,
            name: self.name(id),
            equation: shortened(&words.equation(id)),
            shape: words.list.node(id).meta.shape.clone(),
            scope: words.scope(id).map(|scope| clipped(&scope, NAME)),
            site: words.site(id),
            not_differentiated: self.not_differentiated(id),
            kind,
            own_name: words.own_name(id).map(|name| clipped(name, NAME)),
            output: self.output,
            visited,
        }
    }

    fn name(&self, id: NodeId) -> Option<String> {
        self.words.name(id).map(|name| clipped(name, NAME))
    }

    /// Why the sweep does not visit a node.
    fn not_differentiated(&self, id: NodeId) -> Option<&'static str> {
        let node = self.words.list.node(id);
        if self.visited[id as usize] {
            return None;
        }
        Some(match node.op {
            _ if !node.meta.dtype.is_float() => "whole numbers and truth values have no derivative",
            Op::Constant | Op::Full(_) => "a constant",
            Op::Parameter(_) if self.words.is_frozen(id) => "a frozen parameter",
            Op::Detach(_) => "detached",
            _ if self.varies[id as usize] => "the loss depends on it only through what has no derivative",
            _ => "it depends on no variable",
        })
    }
}

/// The positions of a phase in parts that are not empty, each with whether it is folded.
fn parts(count: usize, nodes: usize) -> Vec<(Range<usize>, bool)> {
    let all = match nodes > FOLD_ABOVE && count > 2 * KEPT + 1 {
        true => vec![(0..KEPT, false), (KEPT..count - KEPT, true), (count - KEPT..count, false)],
        false => vec![(0..count, false)],
    };
    all.into_iter().filter(|(range, _)| !range.is_empty()).listed()
}
