//! One step, as data and as text.

use super::excerpt::Excerpt;
use super::rule;
use crate::ir::NodeId;
use crate::lists::IntoList;
use crate::shape::Shape;
use crate::text::clipped;
use std::fmt;

/// The longest head of a step, and the longest equation, in columns.
const WIDEST: usize = 110;
const EQUATION: usize = 90;

/// One step: a node that is computed, a node whose operands receive its cotangent, or many such steps folded to one.
///
/// It prints as a few lines; the first has the phase, the equation, the scope and the source line.
///
/// ```
/// use autograd::Tape;
/// let tape = Tape::new();
/// let (x, w) = (tape.var(2.0), tape.var(-0.5));
/// let steps = (x * w).steps();
/// let text = steps[3].to_string();
/// assert!(text.starts_with("backward  v2 = mul(v0, v1)"));
/// assert!(text.contains("ā += ȳ·b,  b̄ += ȳ·a"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// Its position in the list of steps, from 0.
    pub index: usize,
    /// Whether the step belongs to the computation or to the sweep.
    pub phase: StepPhase,
    /// The number of the node. For folded steps, the one that comes last.
    pub node: usize,
    /// The name that the user gave the node, or that of a parameter or an input.
    pub name: Option<String>,
    /// The equation of the node, as [`Tape::listing`](crate::Tape::listing) writes it.
    pub equation: String,
    /// The shape of the node.
    pub shape: Shape,
    /// The scope that recorded the node.
    pub scope: Option<String>,
    /// The source line that recorded the node, such as `src/main.rs:5`.
    pub site: String,
    /// Why the node has no gradient, if it has none.
    pub not_differentiated: Option<&'static str>,
    /// What happens, with the numbers.
    pub kind: StepKind,
    /// The name of a parameter or an input, also where the node has another one.
    pub(in crate::show) own_name: Option<String>,
    /// The node that was asked for its steps, and how many nodes the sweep has visited after this step.
    pub(in crate::show) output: NodeId,
    pub(in crate::show) visited: usize,
}

/// The two parts of a training step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepPhase {
    /// The values, from the leaves to the loss.
    Forward,
    /// The gradients, from the loss to the leaves.
    Backward,
}

/// What happens in a step.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StepKind {
    /// The node is computed from its operands. A leaf has none.
    Forward {
        /// The operands, in order: at most six.
        operands: Vec<StepOperand>,
        /// The value of the node.
        value: Excerpt,
    },
    /// The sweep visits the node. Its gradient is complete, and it passes a part of it on to each operand.
    Backward {
        /// The rule in one line, read from what the sweep recorded. None where no operand receives anything.
        rule: Option<String>,
        /// The incoming cotangent: the gradient of the loss with respect to the node.
        cotangent: Excerpt,
        /// The operands, in order: at most six. A leaf has none.
        operands: Vec<StepReceipt>,
    },
    /// Steps that are not shown one by one.
    Folded {
        /// How many steps.
        steps: usize,
    },
}

/// An operand of a node that is computed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepOperand {
    /// What formulas call it: `x`, or `a` and `b`.
    pub label: String,
    /// Its number.
    pub node: usize,
    /// The name that the user gave it, or that of a parameter or an input.
    pub name: Option<String>,
    /// Its value.
    pub value: Excerpt,
}

/// An operand of a node that the sweep visits.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepReceipt {
    /// What formulas call it: `x`, or `a` and `b`.
    pub label: String,
    /// Its number.
    pub node: usize,
    /// The name that the user gave it, or that of a parameter or an input.
    pub name: Option<String>,
    /// What it receives, or why it receives nothing.
    pub received: Result<StepTerm, &'static str>,
}

/// What an operand receives.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepTerm {
    /// The term that this step adds.
    pub term: Excerpt,
    /// Its gradient so far: the sum of all terms up to this one.
    pub so_far: Excerpt,
}

impl fmt::Display for StepPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            StepPhase::Forward => "forward",
            StepPhase::Backward => "backward",
        })
    }
}

/// A line of a step: a name or a rule, and a text.
type Row = (String, String);

/// Lines without a line break after the last.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [Some(self.equation.as_str()), self.scope.as_deref(), Some(&self.site)];
        let head = parts.into_iter().flatten().listed().join("   ");
        write!(f, "{:<8}  {}", self.phase, clipped(&head, WIDEST))?;
        let rows = self.rows();
        let width = rows.iter().map(|(name, _)| letters(name)).max().unwrap_or(0);
        for (name, text) in rows {
            let gap = " ".repeat(width - letters(&name));
            f.write_str(format!("\n    {name}{gap}   {text}").trim_end())?;
        }
        Ok(())
    }
}

impl Step {
    /// Whether the node has this equation.
    pub(in crate::show) fn is_of(&self, equation: &str) -> bool {
        matches!(self.kind, StepKind::Folded { .. }) || shortened(equation) == self.equation
    }

    fn rows(&self) -> Vec<Row> {
        match &self.kind {
            StepKind::Forward { operands, value } => {
                let mut rows: Vec<Row> = operands
                    .iter()
                    .map(|x| (named(&x.label, "v", x.node, x.name.as_deref()), x.value.to_string()))
                    .listed();
                rows.push(("value".to_owned(), value.to_string()));
                rows.extend(self.not_differentiated.map(|why| ("no gradient".to_owned(), why.to_owned())));
                rows
            }
            StepKind::Backward { rule, cotangent, operands } => {
                self.backward(rule.as_deref(), cotangent, operands)
            }
            StepKind::Folded { .. } => vec![],
        }
    }

    fn backward(&self, rule: Option<&str>, cotangent: &Excerpt, operands: &[StepReceipt]) -> Vec<Row> {
        let (adjoint, output) = (format!("v̄{}", self.node), self.output);
        if operands.is_empty() {
            return vec![(adjoint, format!("{cotangent}   complete: ∂v{output}/∂v{}", self.node))];
        }
        let begins = if self.node == output as usize { "   the sweep begins here" } else { "" };
        let mut rows = vec![];
        rows.extend(rule.map(|rule| ("rule".to_owned(), rule.to_owned())));
        rows.push((format!("{} = {adjoint}", rule::bar(self.result())), format!("{cotangent}{begins}")));
        rows.extend(operands.iter().map(|x| {
            let name = x.name.as_deref();
            let adjoint = named(&rule::bar(&x.label), "v̄", x.node, name);
            match &x.received {
                Ok(StepTerm { term, so_far }) if term == so_far => (adjoint, format!("+= {term}")),
                Ok(StepTerm { term, so_far }) => (adjoint, format!("+= {term}   so far {so_far}")),
                Err(why) => (named(&x.label, "v", x.node, name), format!("nothing: {why}")),
            }
        }));
        rows
    }

    /// What the formulas of this node call its value.
    fn result(&self) -> &'static str {
        let StepKind::Backward { operands, .. } = &self.kind else { return "y" };
        rule::result(operands.first().map_or("", |x| &x.label))
    }
}

/// An equation as steps have it.
pub(super) fn shortened(equation: &str) -> String {
    clipped(equation, EQUATION)
}

/// `a = v3 net.0.weight`.
fn named(label: &str, letter: &str, node: usize, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{label} = {letter}{node} {name}"),
        None => format!("{label} = {letter}{node}"),
    }
}

/// How wide a name is. Bars stand over the letter before them.
fn letters(text: &str) -> usize {
    text.chars().filter(|&c| c != '\u{304}').count()
}
