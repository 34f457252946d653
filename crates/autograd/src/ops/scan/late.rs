//! Sums over the steps of a loop that are taken behind it: Σ Aₜᵀ·Bₜ is one product of all Aₜ below each other with all Bₜ below
//! each other, instead of a product and an addition in each step.

use crate::ir::Op;
use crate::shape::Axes;
use crate::var::Var;

/// A sum over the steps of what a body computes.
pub(super) enum Late {
    /// Σ Aₜᵀ·Bₜ of matrices.
    Product([Place; 2]),
    /// Σ of sums over axes.
    Sum(Place, Axes),
}

/// Where the values of all steps lie.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// In what each step reads.
    Read(usize),
    /// In what is stacked.
    Stacked(usize),
}

impl Late {
    /// For the terms of sums, how each is taken behind the loop, if it can be. `read` are the arguments that the steps read, and
    /// `stacked` what they give; factors that are in neither are given as well.
    #[track_caller]
    pub(super) fn of<'t>(
        terms: &[Var<'t>],
        read: &[Var<'t>],
        stacked: &mut Vec<Var<'t>>,
    ) -> Vec<Option<Late>> {
        let same = |x: Var<'t>| move |y: &Var<'t>| y.id() == x.id();
        let mut all: Vec<Option<Late>> = vec![];
        for &term in terms {
            let mut place = |x: Var<'t>| match read.iter().position(same(x)) {
                Some(i) => Place::Read(i),
                None => Place::Stacked(stacked.iter().position(same(x)).unwrap_or_else(|| {
                    stacked.push(x);
                    stacked.len() - 1
                })),
            };
            all.push(factors(term).map(|factors| Late::Product(factors.map(&mut place))));
        }
        // Sums of values that are there anyway.
        for (late, &term) in all.iter_mut().zip(terms) {
            let (op, of) = node(term);
            if let (None, Op::Sum(sum), Some(&x)) = (&late, op, of.first()) {
                let place = read.iter().position(same(x)).map(Place::Read);
                let place = place.or_else(|| stacked.iter().position(same(x)).map(Place::Stacked));
                *late = place.map(|place| Late::Sum(place, sum.axes));
            }
        }
        all
    }

    /// The sum, from the values of all steps.
    #[track_caller]
    pub(super) fn sum<'t>(&self, read: &[Var<'t>], stacked: &[Var<'t>]) -> Var<'t> {
        let all = |place: Place| match place {
            Place::Read(i) => read[i],
            Place::Stacked(i) => stacked[i],
        };
        match self {
            Late::Product(factors) => {
                let [a, b] = factors.map(|place| {
                    let (x, shape) = (all(place), all(place).shape());
                    x.reshape([shape[0] * shape[1], shape[2]])
                });
                a.t().matmul(b)
            }
            Late::Sum(place, axes) => {
                let axes: Vec<isize> =
                    [0].into_iter().chain(axes.iter().map(|&axis| axis as isize + 1)).collect();
                all(*place).sum_over(&axes[..])
            }
        }
    }
}

/// The matrices A and B of a product Aᵀ·B.
fn factors<'t>(x: Var<'t>) -> Option<[Var<'t>; 2]> {
    let (Op::Matmul(_), product) = node(x) else { return None };
    if x.rank() != 2 {
        return None;
    }
    // What is turned is there as it stands, too.
    let a = match node(product[0]) {
        (Op::Permute(_), of) => of[0],
        _ => product[0].t(),
    };
    Some([a, product[1]])
}

/// The op of a node, and its operands.
fn node<'t>(x: Var<'t>) -> (Op, Vec<Var<'t>>) {
    let (tape, list) = (x.tape(), x.tape().list());
    let node = list.node(x.id());
    (node.op.clone(), node.inputs.iter().map(|&id| Var::new(tape, id)).collect())
}
