//! What the kernels of a plan need in addition to its buffers.

use crate::call;
use crate::code::MemoryView;
use crate::dtype::with_float;
use crate::ir::{Meta, Op};
use crate::kernels::{matmul, tile};
use crate::op::Rule;
use crate::plan::{Plan, Work};
use crate::target::Target;
use smallvec::SmallVec;

/// What the kernels of a plan need in addition to the buffers.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// Per worker.
    pub(super) tile_bytes: usize,
    pub(super) partial_bytes: usize,
    /// Per worker.
    pub(super) product_bytes: usize,
    /// Whether some kernel is large enough for several threads.
    pub(super) shares_work: bool,
}

impl Needs {
    pub(super) fn of(plan: &Plan) -> Needs {
        let mut needs = Needs::default();
        for kernel in &plan.kernels {
            match &kernel.work {
                Work::Tile(code) => {
                    let (own, shared) = tile::scratch_bytes(code);
                    needs.tile_bytes = needs.tile_bytes.max(own);
                    needs.partial_bytes = needs.partial_bytes.max(shared);
                    needs.shares_work |= code.task < code.elements;
                }
                Work::Product { a, b, c } => {
                    let rank = a.shape.len();
                    let (m, k, n) = (a.shape[rank - 2], a.shape[rank - 1], b.shape[rank - 1]);
                    let bytes = with_float!(a.dtype, T => matmul::scratch_bytes::<T>(m, k, n));
                    needs.product_bytes = needs.product_bytes.max(bytes);
                    needs.shares_work |= c.shape.elements() * k >= Target::CPU.threads.products_from;
                }
                Work::Op { op, x, y } => {
                    let metas: SmallVec<[Meta; 4]> = x.iter().map(meta).collect();
                    let x: SmallVec<[&Meta; 4]> = metas.iter().collect();
                    let call::Needs { shared, scratch } = rule(op).needs(&x, &meta(y));
                    needs.shares_work |= shared;
                    needs.product_bytes = needs.product_bytes.max(scratch);
                }
            }
        }
        needs
    }
}

/// The rule of an op.
fn rule(op: &Op) -> &dyn Rule {
    op.rule().expect("a kernel computes no leaf")
}

fn meta(x: &MemoryView) -> Meta {
    Meta::new(x.shape.clone(), x.dtype)
}
