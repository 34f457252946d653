//! The rule of a visit in one line, such as `x̄ += ȳ·y·sigmoid(−x)`.
//!
//! It is read from the nodes that the sweep has just recorded, back to the cotangent, the operands and the result. So it says
//! what was computed, and no list of derivatives is kept a second time.

use super::excerpt::OPERANDS;
use crate::grad::Visit;
use crate::ir::{Binary, Compare, NodeId, Op, Unary};
use crate::lists::IntoList;
use crate::show::words::Words;
use crate::tape::Node;
use crate::text::{columns, number};

/// A formula of more columns gives way to a general one, and one of more operations is not even written.
const WIDEST: usize = 96;
const LONGEST: usize = 48;

/// How tightly the parts of a formula hold together: a part that binds less than its place asks for gets parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Bind {
    Choice,
    Sum,
    Product,
    Power,
    Atom,
}

/// A part of a formula.
struct Part(String, Bind);

impl Part {
    fn atom(text: impl Into<String>) -> Part {
        Part(text.into(), Bind::Atom)
    }

    fn within(self, least: Bind) -> String {
        if self.1 < least { format!("({})", self.0) } else { self.0 }
    }
}

/// What the operands received in a visit: `Ā += C̄·Bᵀ,  B̄ += Aᵀ·C̄`. None if they received nothing.
pub(super) fn rule(words: &Words<'_>, visit: &Visit, start: NodeId) -> Option<String> {
    let node = words.list.node(visit.node);
    let reader = Reader { words, visit, node, start };
    let shown = visit.passed.iter().take(OPERANDS);
    let terms: Vec<String> = shown
        .map(|passed| {
            format!(
                "{} += {}",
                bar(&label(node, passed.operand)),
                reader.formula(passed.operand, passed.term)
            )
        })
        .listed();
    match visit.passed.len().saturating_sub(OPERANDS) {
        _ if terms.is_empty() => None,
        0 => Some(terms.join(",  ")),
        more => Some(format!("{},  … {more} more", terms.join(",  "))),
    }
}

/// What formulas call an operand: as messages do, in capitals for products of matrices.
pub(super) fn label(node: &Node, operand: usize) -> String {
    let labels = node.op.labels();
    match labels.get(operand).filter(|_| labels.len() >= node.inputs.len()) {
        Some(label) if matches!(node.op, Op::Matmul(_)) => label.to_uppercase(),
        Some(&label) => label.to_owned(),
        None => format!("x{}", subscript(operand + 1)),
    }
}

/// What formulas call the result, by what they call the first operand.
pub(super) fn result(first: &str) -> &'static str {
    if first == "A" { "C" } else { "y" }
}

/// The adjoint of what has this name: the name with a bar over its first letter.
pub(super) fn bar(name: &str) -> String {
    let mut letters = name.chars();
    match letters.next() {
        Some('a') => format!("ā{}", letters.as_str()),
        Some('A') => format!("Ā{}", letters.as_str()),
        Some('y') => format!("ȳ{}", letters.as_str()),
        Some(first) => format!("{first}\u{304}{}", letters.as_str()),
        None => String::new(),
    }
}

fn subscript(n: usize) -> String {
    n.to_string().chars().filter_map(|digit| char::from_u32('₀' as u32 + digit.to_digit(10)?)).collect()
}

/// Reads formulas from the list.
struct Reader<'a> {
    words: &'a Words<'a>,
    visit: &'a Visit,
    node: &'a Node,
    /// The first node that the sweep recorded.
    start: NodeId,
}

impl Reader<'_> {
    /// The formula of a term, or a general one where that would be too long.
    fn formula(&self, operand: usize, term: NodeId) -> String {
        let mut left = LONGEST;
        let written = self.part(term, &mut left).map(|part| part.0);
        written.filter(|text| columns(text) <= WIDEST).unwrap_or_else(|| self.general(operand))
    }

    /// The chain rule, without the derivative written out.
    fn general(&self, operand: usize) -> String {
        let (cotangent, name) = (bar(self.result()), self.node.op.name());
        match self.node.op {
            Op::Unary(_) => format!("{cotangent}·{name}′(x)"),
            Op::Binary(_) => format!("{cotangent}·∂{name}/∂{}", label(self.node, operand)),
            _ => format!("(∂{name}/∂{})ᵀ·{cotangent}", label(self.node, operand)),
        }
    }

    fn result(&self) -> &'static str {
        result(&label(self.node, 0))
    }

    /// `left` counts the operations that may still be written.
    fn part(&self, id: NodeId, left: &mut usize) -> Option<Part> {
        *left = left.checked_sub(1)?;
        if let Some(name) = self.given(id) {
            return Some(Part::atom(name));
        }
        match self.repeated(id) {
            Some(x) => Some(literal(x)),
            None => self.recorded(self.words.list.node(id), left),
        }
    }

    /// The name of what the rule was given: the cotangent, the result, an operand, or another value from before the sweep.
    fn given(&self, id: NodeId) -> Option<String> {
        match self.node.inputs.iter().position(|&input| input == id) {
            _ if id == self.visit.cotangent => Some(bar(self.result())),
            _ if id == self.visit.node => Some(self.result().to_owned()),
            Some(operand) => Some(label(self.node, operand)),
            None => (id < self.start).then(|| format!("v{id}")),
        }
    }

    /// The number that all elements are, if the rule recorded one.
    fn repeated(&self, id: NodeId) -> Option<f64> {
        let node = self.words.list.node(id);
        match node.op {
            _ if self.given(id).is_some() => None,
            Op::Full(x) => Some(x),
            Op::Reshape(_) | Op::Broadcast(_) | Op::Cast(_) | Op::Copy(_) => self.repeated(node.inputs[0]),
            _ => None,
        }
    }

    /// What the rule has recorded.
    fn recorded(&self, node: &Node, left: &mut usize) -> Option<Part> {
        match &node.op {
            Op::Unary(f) => self.unary(*f, node, left),
            Op::Binary(f) => self.binary(*f, node, left),
            Op::Compare(f) => {
                let [a, b] = self.two(node, left)?;
                let text = format!("{} {} {}", a.within(Bind::Sum), sign(*f), b.within(Bind::Sum));
                Some(Part(text, Bind::Choice))
            }
            Op::Select(_) => {
                let mask = self.part(node.inputs[0], left)?.0;
                let then = self.part(node.inputs[1], left)?.within(Bind::Sum);
                let otherwise = self.part(node.inputs[2], left)?.within(Bind::Sum);
                Some(Part(format!("{then} where {mask}, else {otherwise}"), Bind::Choice))
            }
            Op::Matmul(_) => {
                let [a, b] = self.two(node, left)?;
                let text = format!("{}·{}", a.within(Bind::Power), b.within(Bind::Power));
                Some(Part(text, Bind::Product))
            }
            Op::Permute(permute) if transposes(&permute.axes) => {
                let x = self.part(node.inputs[0], left)?;
                Some(Part(format!("{}ᵀ", x.within(Bind::Atom)), Bind::Power))
            }
            op => self.call(op, node, left),
        }
    }

    fn unary(&self, f: Unary, node: &Node, left: &mut usize) -> Option<Part> {
        let x = |left: &mut usize| self.part(node.inputs[0], left);
        Some(match f {
            Unary::Neg => Part(format!("−{}", x(left)?.within(Bind::Product)), Bind::Sum),
            Unary::Square => Part(format!("{}²", x(left)?.within(Bind::Atom)), Bind::Power),
            Unary::Recip => Part(format!("1/{}", x(left)?.within(Bind::Power)), Bind::Product),
            _ => return self.call(&node.op, node, left),
        })
    }

    fn binary(&self, f: Binary, node: &Node, left: &mut usize) -> Option<Part> {
        let (sign, bind, [first, second]) = match f {
            Binary::Add => (" + ", Bind::Sum, [Bind::Sum, Bind::Product]),
            Binary::Sub => (" − ", Bind::Sum, [Bind::Sum, Bind::Product]),
            Binary::Mul | Binary::StrongMul | Binary::AbsoluteMul => ("·", Bind::Product, [Bind::Product; 2]),
            Binary::Div => ("/", Bind::Product, [Bind::Product, Bind::Power]),
            _ => return self.call(&node.op, node, left),
        };
        let [a, b] = self.two(node, left)?;
        let (a, b) = (a.within(first), b.within(second));
        // a·(1/b) is a/b.
        let quotient = if sign == "·" { b.strip_prefix("1/") } else { None };
        Some(Part(quotient.map_or_else(|| format!("{a}{sign}{b}"), |b| format!("{a}/{b}")), bind))
    }

    fn two(&self, node: &Node, left: &mut usize) -> Option<[Part; 2]> {
        Some([self.part(node.inputs[0], left)?, self.part(node.inputs[1], left)?])
    }

    /// `sum(ȳ, axes 0)`, as lists write it.
    fn call(&self, op: &Op, node: &Node, left: &mut usize) -> Option<Part> {
        let mut arguments = vec![];
        for &input in &node.inputs {
            arguments.push(self.part(input, left)?.0);
        }
        arguments.extend(op.attributes());
        let name = op.name();
        Some(Part::atom(if arguments.is_empty() {
            name.to_owned()
        } else {
            format!("{name}({})", arguments.join(", "))
        }))
    }
}

fn literal(x: f64) -> Part {
    let text = number(x, 6);
    match text.strip_prefix('-') {
        Some(size) => Part(format!("−{size}"), Bind::Sum),
        None => Part::atom(text),
    }
}

fn sign(f: Compare) -> &'static str {
    match f {
        Compare::Gt => ">",
        Compare::Ge => "≥",
        Compare::Lt => "<",
        Compare::Le => "≤",
        Compare::Eq => "=",
        Compare::Ne => "≠",
    }
}

/// Whether the axes are in order but for the last two.
fn transposes(axes: &[u8]) -> bool {
    let n = axes.len();
    n >= 2
        && axes.iter().enumerate().all(|(i, &axis)| {
            let expected = match n - i {
                1 => n - 2,
                2 => n - 1,
                _ => i,
            };
            usize::from(axis) == expected
        })
}
