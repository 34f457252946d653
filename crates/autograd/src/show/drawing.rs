//! The drawing of a tape: its options and its two formats.

use super::graph::{CardGraph, Options, Shown};
use super::steps::{Step, StepPhase};
use super::words::{Numbers, Words};
use super::{dot, svg};
use crate::grad::{Visit, with_adjoints, with_visits};
use crate::ir::NodeId;
use crate::mistake::Mistake;
use crate::tape::Tape;
use crate::text::columns;
use crate::var::Var;
use std::collections::HashMap;

/// A tape as a graph, in Graphviz's language or as a picture: made by [`Tape::drawing`].
///
/// Each node is a card with its equation, its value and its gradient. A card of a parameter shows its name, and a card of a
/// tensor its shape and first numbers. Scopes are boxes around the nodes that were recorded in them. A card shows its source
/// line when the pointer rests on it.
///
/// A drawing of more than 200 nodes is folded, and the picture says so; [`fold_above`](Drawing::fold_above) changes this
/// limit. First each scope becomes one card, beginning with the innermost scopes. If that is not enough, stretches of the
/// list become cards, except at its beginning and its end.
#[derive(Clone, Debug)]
pub struct Drawing<'t> {
    tape: &'t Tape<'t>,
    options: Options,
}

impl<'p> Tape<'p> {
    /// The tape as a graph, without the nodes that sweeps have recorded.
    ///
    /// ```
    /// use autograd::Tape;
    /// let tape = Tape::new();
    /// let (x, w) = (tape.var(2.0), tape.var(-0.5));
    /// let y = (x * w + 1.0).sigmoid();
    /// let dot = tape.drawing().with_gradients(y).dot();
    /// assert!(dot.contains(r#"label="v0 = var\ndata 2 | grad -0.125""#));
    /// let svg = tape.drawing().titled("One neuron").with_gradients(y).svg(); // to be written to a file
    /// assert!(svg.starts_with("<svg") && svg.contains("One neuron"));
    /// ```
    pub fn drawing<'t>(&'t self) -> Drawing<'t>
    where
        'p: 't,
    {
        Drawing { tape: self, options: Options::default() }
    }
}

impl<'t> Drawing<'t> {
    /// A title above the picture.
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.options.title = title.into();
        self
    }

    /// Shows only `output` and the nodes that it is computed from.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var(2.0);
    /// let (y, _) = (x.exp(), x.ln());
    /// assert_eq!((tape.drawing().cards(), tape.drawing().up_to(y).cards()), (3, 2));
    /// ```
    ///
    /// # Panics
    /// If the output is on another tape.
    #[track_caller]
    pub fn up_to(mut self, output: Var<'t>) -> Self {
        self.check_tape(output);
        self.options.output = Some(output.id());
        self
    }

    /// Shows the gradient of `loss` in each node, and only the nodes that the loss is computed from. A separate sweep computes
    /// the gradients and leaves nothing on the tape, so this works before and after [`backward`](Var::backward). A node that
    /// depends on no variable and on no unfrozen parameter has no gradient, and its card says so. Without this call, cards
    /// say that the gradient was not computed.
    ///
    /// # Panics
    /// If the loss has more than one element or no floating-point dtype, is on another tape, or on a tape that is
    /// traced and has no values.
    #[track_caller]
    pub fn with_gradients(mut self, loss: Var<'t>) -> Self {
        self = self.up_to(loss);
        if self.tape.list().is_traced() {
            loss.mistake("with_gradients", "a traced computation has no values", "y")
                .rule("gradients are numbers of an eager tape")
                .hint("draw the traced tape without them")
                .raise();
        }
        let gradients = with_adjoints(loss, |adjoints| {
            let words = Words::of(self.tape);
            adjoints.iter().map(|&(id, adjoint)| (id, numbers(&words, adjoint))).collect()
        });
        self.options.gradients = Some(gradients);
        self
    }

    /// Shows the computation at one of its [steps](Var::steps), with an accent on the card of the step. Values and gradients that
    /// later steps compute are not shown: the cards say that they are not computed yet. A gradient that later steps add to is
    /// shown as it is so far. The pictures of all steps have one layout, so that they can be shown one after the other.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var(2.0);
    /// let y = x.sin();
    /// let steps = y.steps();
    /// let pictures: Vec<String> = steps.iter().map(|step| tape.drawing().at_step(step).svg()).collect();
    /// assert!(pictures[1].contains("▶ v1 = sin(v0)") && pictures[1].contains("gradient not computed yet"));
    /// assert!(!pictures[3].contains("not computed yet"));
    /// ```
    ///
    /// # Panics
    /// If the step is one of another tape.
    #[track_caller]
    pub fn at_step(mut self, step: &Step) -> Self {
        self.check_step(step);
        let output = Var::new(self.tape, step.output);
        let (gradients, shown) = with_visits(output, "at_step", |visits| {
            let words = Words::of(self.tape);
            let (done, left) = visits.split_at(step.visited.min(visits.len()));
            let shown = Shown { room: room(&words, visits), ..Shown::of(step, &words, left) };
            (so_far(&words, done), shown)
        });
        self.options.output = Some(step.output);
        self.options.gradients = Some(gradients);
        self.options.step = Some(shown);
        self
    }

    /// Also shows the nodes that sweeps have recorded, such as the adjoints that [`grad`](Var::grad) leaves on the tape. They
    /// stand in a box of their own. Each names the node that it belongs to.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var(2.0);
    /// let y = x.sin();
    /// y.grad([x]);
    /// assert_eq!(tape.drawing().cards(), 2);
    /// assert_eq!(tape.drawing().with_adjoints().cards(), tape.len());
    /// ```
    pub fn with_adjoints(mut self) -> Self {
        self.options.adjoints = true;
        self
    }

    /// Folds a drawing of more than `nodes` nodes. `usize::MAX` folds nothing.
    pub fn fold_above(mut self, nodes: usize) -> Self {
        self.options.fold_above = nodes;
        self
    }

    /// The number of cards in the picture: one for each node, or fewer if it is folded.
    pub fn cards(&self) -> usize {
        self.graph().cards.len()
    }

    /// The graph in the language of [Graphviz](https://graphviz.org): scopes are clusters.
    pub fn dot(&self) -> String {
        dot::write(&self.graph())
    }

    /// The graph as the text of an SVG file, laid out from top to bottom. It needs no other program.
    pub fn svg(&self) -> String {
        svg::write(&self.graph())
    }

    fn graph(&self) -> CardGraph {
        CardGraph::of(&Words::of(self.tape), &self.options)
    }

    /// A step has no tape. It is known by the equation and the shape of its node, so that it also fits a tape that recorded the same
    /// computation again.
    #[track_caller]
    fn check_step(&self, step: &Step) {
        let fits = {
            let words = Words::of(self.tape);
            let last = words.list.nodes.len();
            !words.list.is_traced()
                && step.node < last
                && (step.output as usize) < last
                && words.list.node(step.node as NodeId).meta.shape == step.shape
                && words.list.node(step.output).meta.shape.elements() == 1
                && words.list.node(step.output).meta.dtype.is_float()
                && step.is_of(&words.equation(step.node as NodeId))
        };
        if !fits {
            Mistake::new("at_step: the step is one of another tape")
                .line("step", format!("{}, recorded at {}", step.equation, step.site))
                .rule("a drawing shows one tape, and a step of it")
                .hint("draw the tape of the variable whose steps these are: `y.tape().drawing()`")
                .raise();
        }
    }

    #[track_caller]
    fn check_tape(&self, output: Var<'_>) {
        if !std::ptr::eq(self.tape.address(), output.tape().address()) {
            output
                .mistake("drawing", "the output is on another tape", "y")
                .rule("a drawing shows one tape")
                .hint("draw the tape that the output is on: `y.tape().drawing()`")
                .raise();
        }
    }
}

/// The first numbers of a gradient, while the sweep's nodes are there.
fn numbers(words: &Words<'_>, adjoint: NodeId) -> String {
    match words.numbers(adjoint, Options::NUMBERS, Options::DIGITS) {
        Numbers::Known(numbers) => words.short(adjoint, &numbers),
        Numbers::Released | Numbers::Traced => unreachable!("the sweep has just computed it"),
    }
}

/// The gradients after these visits.
fn so_far(words: &Words<'_>, done: &[Visit]) -> HashMap<NodeId, String> {
    let mut adjoints: HashMap<NodeId, NodeId> = HashMap::new();
    // The sweep gives the output its adjoint before the first visit.
    adjoints.extend(done.first().map(|visit| (visit.node, visit.cotangent)));
    for visit in done {
        let inputs = &words.list.node(visit.node).inputs;
        adjoints.extend(visit.passed.iter().map(|passed| (inputs[passed.operand], passed.so_far)));
    }
    adjoints.into_iter().map(|(id, adjoint)| (id, numbers(words, adjoint))).collect()
}

/// The columns of the longest gradient that each node has during the sweep.
fn room(words: &Words<'_>, visits: &[Visit]) -> HashMap<NodeId, usize> {
    let mut room: HashMap<NodeId, usize> = HashMap::new();
    let mut see = |id: NodeId, adjoint: NodeId| {
        let least = columns(&numbers(words, adjoint));
        room.entry(id).and_modify(|columns| *columns = least.max(*columns)).or_insert(least);
    };
    for visit in visits {
        see(visit.node, visit.cotangent);
        let inputs = &words.list.node(visit.node).inputs;
        visit.passed.iter().for_each(|passed| see(inputs[passed.operand], passed.so_far));
    }
    room
}

impl Shown {
    /// `left` are the visits after the step.
    fn of(step: &Step, words: &Words<'_>, left: &[Visit]) -> Shown {
        let inputs = |visit: &Visit| words.list.node(visit.node).inputs.clone();
        let node = step.node as NodeId;
        Shown {
            node,
            computed: if step.phase == StepPhase::Forward { node } else { NodeId::MAX },
            pending: left.iter().map(|visit| visit.node).collect(),
            partial: left
                .iter()
                .flat_map(|visit| {
                    let inputs = inputs(visit);
                    visit.passed.iter().map(move |passed| inputs[passed.operand])
                })
                .collect(),
            room: HashMap::new(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::show) fn graph_of(drawing: &Drawing<'_>) -> CardGraph {
        drawing.graph()
    }
}
