//! A tape of sums and products, just enough to test this harness without the engine under test.

use std::cell::RefCell;

use ndarray::ArrayD;

use crate::array::Array;
use crate::evaluate::Engine;

#[derive(Clone, Copy)]
enum Op {
    Leaf,
    Add(usize, usize),
    Mul(usize, usize),
}

/// Values of one shape per product; a variable is its place on the tape.
#[derive(Default)]
pub(crate) struct Toy(RefCell<Vec<(Op, ArrayD<f64>)>>);

impl Toy {
    fn push(&self, op: Op, value: ArrayD<f64>) -> usize {
        let mut nodes = self.0.borrow_mut();
        nodes.push((op, value));
        nodes.len() - 1
    }

    fn value(&self, var: usize) -> ArrayD<f64> {
        self.0.borrow()[var].1.clone()
    }

    fn op(&self, var: usize) -> Op {
        self.0.borrow()[var].0
    }

    #[track_caller]
    pub(crate) fn add(&self, a: usize, b: usize) -> usize {
        let (x, y) = (self.value(a), self.value(b));
        assert_eq!(x.shape(), y.shape(), "add");
        self.push(Op::Add(a, b), x + y)
    }

    pub(crate) fn mul(&self, a: usize, b: usize) -> usize {
        self.push(Op::Mul(a, b), self.value(a) * self.value(b))
    }

    fn sum(&self, a: Option<usize>, b: usize) -> usize {
        a.map_or(b, |a| self.add(a, b))
    }

    fn or_zeros(&self, var: Option<usize>, like: usize) -> usize {
        var.unwrap_or_else(|| self.push(Op::Leaf, ArrayD::zeros(self.value(like).raw_dim())))
    }
}

impl Engine for Toy {
    type Var = usize;

    fn leaf(&self, array: &Array, _differentiated: bool) -> usize {
        let Array::F64(array) = array else { panic!("the toy knows F64 only") };
        self.push(Op::Leaf, array.clone())
    }

    fn read(&self, var: usize) -> Array {
        self.value(var).into()
    }

    fn vjp(&self, outputs: &[(usize, usize)], xs: &[usize]) -> Vec<usize> {
        let last = outputs.iter().map(|&(y, _)| y).max().unwrap_or_default();
        let mut adjoints = vec![None; last + 1];
        for &(y, cotangent) in outputs {
            adjoints[y] = Some(self.sum(adjoints[y], cotangent));
        }
        for node in (0..=last).rev() {
            let Some(adjoint) = adjoints[node] else {
                continue;
            };
            let parts = match self.op(node) {
                Op::Leaf => continue,
                Op::Add(a, b) => [(a, adjoint), (b, adjoint)],
                Op::Mul(a, b) => [(a, self.mul(adjoint, b)), (b, self.mul(adjoint, a))],
            };
            for (operand, part) in parts {
                adjoints[operand] = Some(self.sum(adjoints[operand], part));
            }
        }
        xs.iter().map(|&x| self.or_zeros(adjoints.get(x).copied().flatten(), x)).collect()
    }

    fn jvp(&self, y: usize, xs: &[usize], tangents: &[usize]) -> usize {
        let mut moves = vec![None; y + 1];
        for node in 0..=y {
            moves[node] = match (xs.iter().position(|&x| x == node), self.op(node)) {
                (Some(at), _) => Some(tangents[at]),
                (None, Op::Leaf) => None,
                (None, Op::Add(a, b)) => moves[b].map_or(moves[a], |b| Some(self.sum(moves[a], b))),
                (None, Op::Mul(a, b)) => {
                    let (left, right) = (moves[a].map(|a| self.mul(a, b)), moves[b].map(|b| self.mul(a, b)));
                    right.map_or(left, |right| Some(self.sum(left, right)))
                }
            };
        }
        self.or_zeros(moves[y], y)
    }
}
