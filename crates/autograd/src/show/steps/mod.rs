//! A computation step by step: the values in the order of the list, then the gradients in the order of the sweep.

mod excerpt;
mod record;
mod rule;
mod step;

pub use excerpt::Excerpt;
pub use step::{Step, StepKind, StepOperand, StepPhase, StepReceipt, StepTerm};

use super::words::Words;
use crate::grad::with_visits;
use crate::ir::NodeId;
use crate::var::Var;
use excerpt::FOLD_ABOVE;
use record::Recorder;
use std::fmt;
use std::ops::Index;

/// A computation and its gradients step by step, as data: made by [`Var::steps`].
///
/// First come the nodes that the loss is computed from, in the order of the list. Then come the visits of the backward sweep,
/// from the loss to the leaves. The steps print as a plain list. A computation of more than 2,000 nodes is folded: of each phase
/// the first and the last 200 steps stay, and one step stands for those between.
#[derive(Clone, Debug, PartialEq)]
pub struct Steps {
    steps: Vec<Step>,
    nodes: usize,
}

impl Var<'_> {
    /// The computation of `self` and its gradients, one node at a time, as owned data. Each step has the equation, the operands and
    /// the numbers; a step of the sweep has the rule, the incoming cotangent, what each operand receives, and its gradient so far.
    ///
    /// The numbers are those of the sweep that [`grad`](Var::grad) runs. Nothing stays on the tape. A node that depends on no
    /// variable and on no unfrozen parameter has no step in the sweep, and the text says why.
    ///
    /// ```
    /// use autograd::{StepPhase, Tape};
    /// let tape = Tape::new();
    /// let (x, w) = (tape.var(2.0), tape.var(-0.5));
    /// let steps = (x * w + 1.0).sigmoid().steps();
    /// println!("{steps}");
    /// let rule = "x̄ += ȳ·y·sigmoid(−x)";
    /// let sigmoid = steps.iter().find(|step| step.to_string().contains(rule)).unwrap();
    /// assert_eq!((sigmoid.phase, sigmoid.equation.as_str()), (StepPhase::Backward, "v5 = sigmoid(v4)"));
    /// ```
    ///
    /// # Panics
    /// If `self` has more than one element or no floating-point dtype, or is on a tape that is traced and has no values.
    #[track_caller]
    pub fn steps(self) -> Steps {
        let (tape, output) = (self.tape(), self.id());
        if tape.list().is_traced() {
            self.mistake("steps", "a traced computation has no values", "y")
                .rule("steps show the numbers of an eager tape")
                .hint("record the same computation on `Tape::with(&params)`")
                .raise();
        }
        let start = tape.len() as NodeId;
        with_visits(self, "steps", |visits| {
            let words = Words::of(tape);
            let (steps, nodes) = Recorder::new(&words, output, start, visits).steps();
            Steps { steps, nodes }
        })
    }
}

impl Steps {
    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Never: the loss itself is a step.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The steps in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Step> {
        self.steps.iter()
    }

    /// The step at a position, counted from 0; none beyond the last.
    pub fn get(&self, index: usize) -> Option<&Step> {
        self.steps.get(index)
    }

    /// The steps of a node, by its name or by its number, such as `net.0.weight` or `v3`: the one that computes it, and the one in
    /// which the sweep visits it.
    ///
    /// ```
    /// use autograd::{Params, StepPhase, Tape};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [1.0, 2.0]);
    /// let tape = Tape::with(&params);
    /// let steps = tape.param(w).square().sum().steps();
    /// let phases: Vec<StepPhase> = steps.find("net.w").map(|step| step.phase).collect();
    /// assert_eq!(phases, [StepPhase::Forward, StepPhase::Backward]);
    /// assert!(steps.find("v2").all(|step| step.equation.starts_with("v2 = sum(v1")));
    /// ```
    pub fn find<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Step> {
        let number: Option<usize> = name.strip_prefix('v').and_then(|number| number.parse().ok());
        self.steps.iter().filter(move |step| match step.kind {
            StepKind::Folded { .. } => false,
            _ => {
                [&step.name, &step.own_name].into_iter().any(|own| own.as_deref() == Some(name))
                    || number == Some(step.node)
            }
        })
    }
}

impl Index<usize> for Steps {
    type Output = Step;

    /// # Panics
    /// If there is no such step.
    #[track_caller]
    fn index(&self, index: usize) -> &Step {
        &self.steps[index]
    }
}

impl<'a> IntoIterator for &'a Steps {
    type Item = &'a Step;
    type IntoIter = std::slice::Iter<'a, Step>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Steps {
    type Item = Step;
    type IntoIter = std::vec::IntoIter<Step>;

    fn into_iter(self) -> Self::IntoIter {
        self.steps.into_iter()
    }
}

/// All steps, numbered from 1, without a line break after the last.
impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nodes > FOLD_ABOVE {
            writeln!(
                f,
                "{} nodes are more than {FOLD_ABOVE}: the middle of each phase is folded\n",
                self.nodes
            )?;
        }
        let width = self.len().to_string().len();
        for step in self {
            let text = step.to_string().replace('\n', &format!("\n{:width$}  ", ""));
            let gap = if step.index == 0 { "" } else { "\n" };
            write!(f, "{gap}{:>width$}  {text}", step.index + 1)?;
        }
        match self.steps.iter().any(|step| step.phase == StepPhase::Backward) {
            true => Ok(()),
            false => {
                write!(f, "\n\nno gradients: the loss depends on no variable and on no unfrozen parameter")
            }
        }
    }
}

#[cfg(test)]
mod tests;
