//! The texts of a node, for lists and drawings: its equation, its value, its source line.

use crate::buffers::{Source, Strided};
use crate::dtype::{DType, DataRef};
use crate::ir::{NodeId, Op};
use crate::lists::IntoList;
use crate::params::Params;
use crate::shape::Shape;
use crate::tape::{List, Tape};
use crate::text::{clipped, number, short_path};
use std::cell::Ref;

/// The most operands that an equation names. The rest is counted.
const OPERANDS_NAMED: usize = 6;

/// Reads the nodes of a tape and gives their texts.
pub(super) struct Words<'a> {
    pub(super) list: Ref<'a, List>,
    params: Option<&'a Params>,
}

/// The numbers of a node, if it has any.
#[derive(Debug, PartialEq)]
pub(super) enum Numbers {
    /// The first elements, row-major.
    Known(Vec<String>),
    /// The sweep that recorded the node has freed its value.
    Released,
    /// A traced computation has no values.
    Traced,
}

impl<'a> Words<'a> {
    pub(super) fn of(tape: &'a Tape<'_>) -> Words<'a> {
        Words { list: tape.list(), params: tape.params() }
    }

    /// `v4 = matmul(v1, v2)`, or `v4 Z = matmul(v1, v2)` for a node with a name.
    pub(super) fn equation(&self, id: NodeId) -> String {
        let node = self.list.node(id);
        let name = node.op.name();
        let given =
            self.list.given_name(id).map(|name| format!(" {}", clipped(name, 24))).unwrap_or_default();
        let left = format!("v{id}{given}");
        match &node.op {
            Op::Parameter(_) | Op::Input(_) => {
                format!("{left} = {name} {}", self.own_name(id).unwrap_or("?"))
            }
            Op::Full(x) => format!("{left} = {name} {}", number(*x, 6)),
            Op::Constant | Op::Variable => format!("{left} = {name}"),
            op => {
                let mut arguments: Vec<String> =
                    node.inputs.iter().take(OPERANDS_NAMED).map(|x| format!("v{x}")).listed();
                if node.inputs.len() > OPERANDS_NAMED {
                    arguments.push(format!("… {} more", node.inputs.len() - OPERANDS_NAMED));
                }
                arguments.extend(op.attributes());
                format!("{left} = {name}({})", arguments.join(", "))
            }
        }
    }

    /// The name that the user gave: to a node, to a parameter or to an input.
    pub(super) fn name(&self, id: NodeId) -> Option<&str> {
        self.list.given_name(id).or_else(|| self.own_name(id))
    }

    /// The name of a parameter or an input.
    pub(super) fn own_name(&self, id: NodeId) -> Option<&str> {
        match self.list.node(id).op {
            Op::Parameter(p) => self.params.map(|params| params.name(p)),
            Op::Input(index) => self.list.traced_inputs().get(index as usize).map(|input| &*input.name),
            _ => None,
        }
    }

    /// Whether the node is a parameter that is frozen, or one that the tape cannot read.
    pub(super) fn is_frozen(&self, id: NodeId) -> bool {
        match self.list.node(id).op {
            Op::Parameter(p) => self.params.is_none_or(|params| params.is_frozen(p)),
            _ => false,
        }
    }

    /// At most `at_most` numbers of a node, with `digits` significant digits.
    pub(super) fn numbers(&self, id: NodeId, at_most: usize, digits: usize) -> Numbers {
        let node = self.list.node(id);
        match node.source {
            Source::Nowhere | Source::Parameters(_) if self.list.is_traced() => Numbers::Traced,
            Source::Nowhere => Numbers::Released,
            _ => {
                let x = self.list.strided(id, self.params);
                let n = node.meta.shape.elements().min(at_most);
                Numbers::Known((0..n).map(|k| element(&x, k, digits)).listed())
            }
        }
    }

    /// The root mean square of a node's elements, √(Σ x²/n), without overflow. None for what has no elements, no values or no
    /// floating-point dtype.
    pub(super) fn root_mean_square(&self, id: NodeId) -> Option<f64> {
        let meta = &self.list.node(id).meta;
        let n = meta.shape.elements();
        if !meta.dtype.is_float() || n == 0 || self.numbers(id, 0, 1) != Numbers::Known(vec![]) {
            return None;
        }
        let x = self.list.strided(id, self.params);
        let at = |k| match x.data {
            DataRef::F32(v) => f64::from(v[position(&x, k)]),
            DataRef::F64(v) => v[position(&x, k)],
            DataRef::I64(_) | DataRef::Bool(_) => unreachable!("only floating-point dtypes come here"),
        };
        // `f64::max` would pass over a NaN.
        let larger = |a: f64, b: f64| if a.is_nan() || a >= b { a } else { b };
        let largest = (0..n).map(|k| at(k).abs()).fold(0.0, larger);
        if largest == 0.0 || !largest.is_finite() {
            return Some(largest);
        }
        let squares: f64 = (0..n).map(|k| (at(k) / largest).powi(2)).sum();
        Some((squares / n as f64).sqrt() * largest)
    }

    /// The first numbers of a node in a line, with an ellipsis if there are more.
    pub(super) fn short(&self, id: NodeId, numbers: &[String]) -> String {
        let more = self.list.node(id).meta.shape.elements() > numbers.len();
        let numbers = numbers.join(" ");
        if more { numbers + " …" } else { numbers }
    }

    /// `[200×10]`, and the dtype if it is not the `usual` one.
    pub(super) fn shape(&self, id: NodeId, usual: Option<DType>) -> String {
        let meta = &self.list.node(id).meta;
        match usual == Some(meta.dtype) {
            true => meta.shape.to_string(),
            false => format!("{} {}", meta.shape, meta.dtype),
        }
    }

    /// The floating-point dtype of the tape, if there is only one.
    pub(super) fn usual_dtype(&self) -> Option<DType> {
        let mut floats = self.list.nodes.iter().map(|node| node.meta.dtype).filter(|dtype| dtype.is_float());
        let first = floats.next()?;
        floats.all(|dtype| dtype == first).then_some(first)
    }

    /// The source line, with the last parts of its path.
    pub(super) fn site(&self, id: NodeId) -> String {
        let site = self.list.node(id).origin.site;
        format!("{}:{}", short_path(site.file()), site.line())
    }

    /// The scope that a node belongs to, such as `net.1`.
    pub(super) fn scope(&self, id: NodeId) -> Option<String> {
        self.list.scope_name(id)
    }

    /// The node whose adjoint this node is, or is a part of.
    pub(super) fn adjoint_of(&self, id: NodeId) -> Option<NodeId> {
        self.list.node(id).origin.adjoint_of()
    }

    /// Whether the node was recorded as part of a loop's body.
    pub(super) fn is_of_a_body(&self, id: NodeId) -> bool {
        matches!(self.list.node(id).op, Op::Argument(_))
    }

    /// Whether a sweep has recorded the node.
    pub(super) fn is_swept(&self, id: NodeId) -> bool {
        self.list.node(id).origin.is_derivative()
    }
}

/// Where the k-th element in row-major order lies.
fn position(x: &Strided<'_>, k: usize) -> usize {
    let (mut offset, mut rest) = (x.offset, k);
    for (&length, &stride) in x.shape.iter().zip(x.strides).rev() {
        offset = offset.wrapping_add_signed((rest % length) as isize * stride);
        rest /= length;
    }
    offset
}

/// The k-th element in row-major order.
fn element(x: &Strided<'_>, k: usize, digits: usize) -> String {
    let offset = position(x, k);
    match x.data {
        DataRef::F32(v) => number(f64::from(v[offset]), digits),
        DataRef::F64(v) => number(v[offset], digits),
        DataRef::I64(v) => v[offset].to_string(),
        DataRef::Bool(v) => v[offset].to_string(),
    }
}

/// All elements of a small tensor, in brackets by axis.
pub(super) fn nested(shape: &Shape, elements: &[String]) -> String {
    let Some((&first, rest)) = shape.split_first() else {
        return elements.first().cloned().unwrap_or_default();
    };
    let (rest, step) = (Shape::from(rest), elements.len() / first.max(1));
    let rows: Vec<String> = (0..first).map(|i| nested(&rest, &elements[i * step..(i + 1) * step])).listed();
    format!("[{}]", rows.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_tensors_are_written_in_brackets() {
        let text = |shape: &[usize], n: usize| {
            nested(&Shape::from(shape), &(0..n).map(|i| i.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(text(&[], 1), "0");
        assert_eq!(text(&[3], 3), "[0, 1, 2]");
        assert_eq!(text(&[2, 1, 2], 4), "[[[0, 1]], [[2, 3]]]");
    }

    #[test]
    fn the_root_mean_square_neither_overflows_nor_passes_over_a_nan() {
        let rms = |x: &[f64]| {
            let tape = Tape::new();
            let x = tape.var(x);
            Words::of(&tape).root_mean_square(x.id())
        };
        assert_eq!(rms(&[3.0, -4.0, 0.0, 0.0]), Some(2.5));
        assert_eq!(rms(&[1e200, -1e200]), Some(1e200));
        assert_eq!((rms(&[0.0, 0.0]), rms(&[])), (Some(0.0), None));
        assert_eq!(rms(&[f64::INFINITY, 1.0]), Some(f64::INFINITY));
        for x in [[f64::NAN, 1.0], [1.0, f64::NAN]] {
            assert!(rms(&x).is_some_and(f64::is_nan));
        }
        let tape = Tape::new();
        let labels = tape.constant([1i64, 2]);
        assert_eq!(Words::of(&tape).root_mean_square(labels.id()), None);
    }

    #[test]
    fn views_are_read_by_their_strides_and_the_released_are_told() {
        let tape = Tape::new();
        let x = tape.var([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let y = x.t();
        let z = y.exp();
        tape.list_mut().release(z.id());
        let words = Words::of(&tape);
        let known = |numbers: &[&str]| Numbers::Known(numbers.iter().map(|&n| n.to_owned()).collect());
        assert_eq!(words.numbers(y.id(), 4, 6), known(&["1", "4", "2", "5"]));
        assert_eq!(words.numbers(z.id(), 4, 6), Numbers::Released);
    }
}
