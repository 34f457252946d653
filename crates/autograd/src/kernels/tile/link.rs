//! Linking: looking up the loops of a kernel's steps, once, before it runs many times.

use super::along::{self, Instead};
use super::linked::{Linked, Loops, Over, ScratchLayout, Step};
use super::{Walk, prefetch};
use crate::code::{Act, Code, Extent, How, Read};
use crate::dtype::DType;
use crate::kernels::bases::Bases;
use crate::kernels::loops::{self, Lane, Wiring};
use crate::scratch::Lines;
use crate::tree::{BLOCK, LANES};

/// Kernels that need more scratch than this share it. Preparing it for each run takes less time than the run itself.
const OWN_BYTES: usize = 8 << 10;

/// A second call of a step takes as long as copying so many elements.
const CALL: usize = 64;

/// Looks up the loops of a kernel.
pub(crate) fn link(code: &Code) -> Linked {
    match code.dtype {
        DType::F32 => Linked::Singles(Loops::new(code)),
        _ => Linked::Doubles(Loops::new(code)),
    }
}

impl<T: Lane> Loops<T> {
    fn new(code: &Code) -> Loops<T> {
        let layout = ScratchLayout::new(code);
        let copies = (code.reads.len() + code.writes.len()).max(1);
        let apart_from = (CALL * code.steps.len() / copies).max(LANES);
        let fits = (1..=code.tile.min(apart_from)).contains(&code.elements) && layout.bytes <= OWN_BYTES;
        let mut loops = Loops {
            steps: steps(code),
            layout,
            tasks: code.elements.div_ceil(code.task),
            blocks: code.elements.div_ceil(BLOCK).max(1),
            rows: code.elements.checked_div(code.row).unwrap_or(0),
            prefetches: prefetch::pays(code),
            steady: code.reads.iter().map(|read| is_steady(read, code.tile)).collect(),
            apart_from,
            own: None,
        };
        if fits {
            let mut own = Lines::default();
            own.reserve(loops.layout.bytes);
            let bases = Bases::default();
            Walk::new(code, &loops, &bases, own.start(), std::ptr::null_mut()).lay_out();
            loops.own = Some(own);
        }
        loops
    }
}

/// Whether a read gives every tile the same elements: a number, or elements that repeat as often as a tile ends, such as a bias.
fn is_steady(read: &Read, tile: usize) -> bool {
    let axes = read.from.shape.iter().zip(&read.from.strides);
    let period: usize = axes.skip_while(|&(_, &stride)| stride == 0).map(|(&length, _)| length).product();
    match read.how {
        How::Splat => true,
        How::Gather => read.extent == Extent::Tile && tile.is_multiple_of(period.max(1)),
        How::Direct => false,
    }
}

/// The steps with their loops.
fn steps<T: Lane>(code: &Code) -> Vec<Step<T>> {
    let steps = code.steps.iter().zip(along::instead(code));
    steps
        .filter_map(|(it, instead)| {
            let mut step = step(it);
            match instead {
                Instead::Itself => {}
                Instead::Nothing => return None,
                Instead::Along(run, rows) => {
                    (step.run, step.over) = (run, Over::Rows);
                    step.wiring.x[1] = rows;
                }
            }
            Some(step)
        })
        .collect()
}

fn step<T: Lane>(step: &crate::code::Step) -> Step<T> {
    let mut x = [0; 3];
    step.act.reads().iter().enumerate().for_each(|(i, &slot)| x[i] = slot);
    let mut more = [0; 2];
    step.act.more().iter().enumerate().for_each(|(i, &slot)| more[i] = slot);
    let p = if let Act::Unary(f, _) = step.act { f.parameter().unwrap_or(0.0) } else { 0.0 };
    Step {
        run: loops::of_act(step.act),
        wiring: Wiring { x, y: step.y, more, p: T::from_f64(p) },
        over: match (step.act, step.extent) {
            (Act::Total(_), _) => Over::Total,
            (Act::RowSum(_) | Act::RowMax(_) | Act::Spread(_), _) | (_, Extent::Rows) => Over::Rows,
            _ => Over::Tile,
        },
    }
}
