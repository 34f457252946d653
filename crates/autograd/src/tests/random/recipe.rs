//! A random program as data, so that it can be built again, shortened and printed.

use crate::DType;

/// A random program.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    pub(super) seed: u64,
    pub(super) dtype: DType,
    /// Holds no function that jumps, so that rounding changes its values by little.
    pub(super) smooth: bool,
    /// How often it is differentiated.
    pub(super) order: usize,
    pub(super) threads: usize,
    pub(super) nodes: Vec<RecipeNode>,
    pub(super) outputs: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct RecipeNode {
    pub(super) op: RecipeOp,
    /// Earlier nodes.
    pub(super) x: Vec<usize>,
    pub(super) shape: Vec<usize>,
    pub(super) kind: ValueKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueKind {
    Float,
    Truth,
    Index,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeafSource {
    Input,
    Param,
    Constant,
}

#[derive(Clone, Debug)]
pub(super) enum RecipeOp {
    /// Drawn from the recipe's seed, on a stream of its own.
    Leaf(LeafSource, u64),
    /// Indices below the number of columns.
    Labels(LeafSource, u64, usize),
    Unary(&'static str),
    Binary(&'static str),
    Number(&'static str, f64),
    Compare(&'static str),
    Select,
    ToTruth,
    FromTruth,
    Detach,
    Reduce(&'static str, Vec<isize>),
    Along(&'static str, isize),
    Reshape,
    Broadcast,
    Permute(Vec<isize>),
    Slice(isize, usize, usize),
    Pad(isize, usize, usize),
    Concat(isize),
    /// Of operands with the last two axes swapped, or not.
    Matmul(bool, bool),
    Pick,
    /// A row of the table of tests, by its number, on operands that are made to fit.
    Row(usize),
}

impl Recipe {
    /// The program with one node as its only output, without the nodes that the output does not depend on.
    pub(super) fn up_to(&self, node: usize) -> Recipe {
        let mut needed = vec![false; self.nodes.len()];
        needed[node] = true;
        for i in (0..=node).rev() {
            if needed[i] {
                self.nodes[i].x.iter().for_each(|&x| needed[x] = true);
            }
        }
        let mut renumbered = vec![usize::MAX; self.nodes.len()];
        let mut nodes: Vec<RecipeNode> = vec![];
        for (i, old) in self.nodes.iter().enumerate().filter(|(i, _)| needed[*i]) {
            renumbered[i] = nodes.len();
            let x = old.x.iter().map(|&x| renumbered[x]).collect();
            nodes.push(RecipeNode { x, ..old.clone() });
        }
        Recipe { outputs: vec![renumbered[node]], nodes, ..self.clone() }
    }

    pub(super) fn has_products(&self) -> bool {
        self.nodes.iter().any(|n| matches!(n.op, RecipeOp::Matmul(..)))
    }
}
