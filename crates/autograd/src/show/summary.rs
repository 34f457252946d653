//! A forward pass summed up: for each layer the shape of its result, its parameters, and what it costs.

use super::words::Words;
use crate::ir::{NodeId, Op, Structure};
use crate::lists::IntoList;
use crate::params::Params;
use crate::shape::Shape;
use crate::tape::Tape;
use crate::text::{scaled, shortened, table};
use crate::var::Var;
use std::fmt;

/// What a model does, layer by layer, to be printed: [`Summary::of`] makes it.
///
/// A row is what was recorded in a scope one after the other, which is a layer; a dash stands for what is outside of all scopes. A layer
/// that is used twice has two rows, and parameters in the first. Flops count as those of [`Explanation`](crate::Explanation): 1 for each
/// elementwise function, however expensive, and 2·m·k·n for a product of matrices.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The rows, in the order of the computation.
    pub rows: Vec<SummaryRow>,
    /// The number of elements of all parameters of the model.
    pub elements: usize,
    /// How many of them are trained, because they are not frozen.
    pub trained: usize,
    /// The names of parameters that the forward pass does not read.
    pub unread: Vec<String>,
}

/// A row of a [`Summary`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SummaryRow {
    /// The scope, or the name of an input; none outside of all scopes.
    pub layer: Option<String>,
    /// The ops, in order; without those that only look at their operand in another way, if there are others.
    pub ops: Vec<&'static str>,
    /// The shape of the last result.
    pub output: Shape,
    /// The number of elements of the parameters that are read here first.
    pub parameters: usize,
    /// Floating-point operations.
    pub flops: usize,
}

impl Summary {
    /// Sums up what `forward` records. It runs once, and no value is computed.
    ///
    /// # Panics
    /// Where recording does, and if `forward` reads a value.
    ///
    /// ```
    /// use autograd::{Params, Summary};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [4, 2], 0.0);
    /// let summary = Summary::of(&params, |t| t.scope("net", || t.input("x", [3, 4]).matmul(w)).tanh());
    /// println!("{summary}");
    /// assert_eq!(summary.rows[1].output[..], [3, 2]);
    /// assert_eq!((summary.rows[1].parameters, summary.flops()), (8, 2 * 3 * 4 * 2 + 3 * 2));
    /// ```
    #[track_caller]
    pub fn of(params: &Params, forward: impl for<'t> FnOnce(&'t Tape<'t>) -> Var<'t>) -> Summary {
        let tape = Tape::traced(params);
        forward(&tape);
        let words = Words::of(&tape);
        let (mut rows, mut read, mut waiting) = (Vec::<Recorded>::new(), vec![], 0);
        for id in 0..words.list.nodes.len() as NodeId {
            let node = words.list.node(id);
            match (&node.op, node.op.structure()) {
                (Op::Parameter(param), _) => {
                    waiting += params.shape(*param).elements();
                    read.push(*param);
                }
                // What a layer keeps is an input that nobody gives.
                (Op::Input(n), _) if words.list.traced_inputs()[*n as usize].buffer.is_none() => {
                    rows.push(Recorded::input(&words, id));
                }
                (_, Structure::Leaf) => {}
                _ if words.is_swept(id) || words.is_of_a_body(id) => {}
                _ => {
                    let layer = words.scope(id);
                    if rows.last().is_none_or(|row| row.given || row.layer != layer) {
                        rows.push(Recorded { layer, ..Recorded::default() });
                    }
                    let row = rows.last_mut().expect("it was pushed");
                    row.add(&words, id);
                    row.parameters += std::mem::take(&mut waiting);
                }
            }
        }
        let of = |p| params.shape(p).elements();
        Summary {
            rows: rows.into_iter().map(Recorded::row).listed(),
            elements: params.elements(),
            trained: params.iter().filter(|&p| !params.is_frozen(p)).map(of).sum(),
            unread: params.iter().filter(|p| !read.contains(p)).map(|p| params.name(p).to_owned()).listed(),
        }
    }

    /// Floating-point operations of the whole pass.
    pub fn flops(&self) -> usize {
        self.rows.iter().map(|row| row.flops).fold(0, usize::saturating_add)
    }
}

/// A row while it grows.
#[derive(Default)]
struct Recorded {
    layer: Option<String>,
    /// Whether it is an input.
    given: bool,
    ops: Vec<&'static str>,
    views: Vec<&'static str>,
    output: Shape,
    parameters: usize,
    flops: usize,
}

impl Recorded {
    fn input(words: &Words<'_>, id: NodeId) -> Recorded {
        let layer = words.name(id).map(|name| format!("input {name}"));
        Recorded { layer, given: true, output: words.list.node(id).meta.shape.clone(), ..Recorded::default() }
    }

    fn add(&mut self, words: &Words<'_>, id: NodeId) {
        let node = words.list.node(id);
        let view = matches!(node.op.structure(), Structure::View);
        if view { &mut self.views } else { &mut self.ops }.push(node.op.name());
        let shapes: Vec<&[usize]> = node.inputs.iter().map(|&x| &words.list.node(x).meta.shape[..]).listed();
        self.flops = self.flops.saturating_add(node.op.flops(&shapes, &node.meta.shape));
        self.output = node.meta.shape.clone();
    }

    fn row(self) -> SummaryRow {
        let Recorded { layer, ops, views, output, parameters, flops, .. } = self;
        SummaryRow { layer, ops: if ops.is_empty() { views } else { ops }, output, parameters, flops }
    }
}

/// Columns of text, without a line break after the last.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nonzero = |n: usize, text: String| if n == 0 { String::new() } else { text };
        let row = |row: &SummaryRow| {
            vec![
                row.layer.clone().unwrap_or_else(|| "–".to_owned()),
                shortened(&row.ops, 40),
                row.output.to_string(),
                nonzero(row.parameters, row.parameters.to_string()),
                nonzero(row.flops, scaled(row.flops as f64, "")),
            ]
        };
        let rows: Vec<Vec<String>> = self.rows.iter().map(row).listed();
        f.write_str(&table(&["layer", "ops", "output", "parameters", "flops"], &rows, &[0, 1]))?;
        let flops = scaled(self.flops() as f64, "");
        write!(f, "\n{} elements of parameters, {} trained; {flops} flops", self.elements, self.trained)?;
        if !self.unread.is_empty() {
            write!(f, "\nnot read: {}", self.unread.join(", "))?;
        }
        Ok(())
    }
}
