//! What the reports on a program have in common: a line for each kernel, and the names of results.

use super::Program;
use crate::code::MemoryView;
use crate::ir::{NodeId, Op};
use crate::lists::IntoList;
use crate::plan::{FIRST_INPUT, GRADIENTS, Kernel, PlanInput, Work};
use crate::text::{short_path, shortened};
use std::collections::HashMap;
use std::panic::Location;

/// The longest list of ops, in characters.
const OPS_WIDTH: usize = 48;

/// How many results of a kernel are named.
const WRITES_NAMED: usize = 3;

/// A kernel in a report.
#[derive(Clone, Debug)]
pub(super) struct KernelLine {
    pub(super) kind: &'static str,
    pub(super) ops: String,
    pub(super) writes: String,
    pub(super) site: String,
    pub(super) elements: usize,
    /// The number of rows and their length.
    pub(super) rows: Option<(usize, usize)>,
    /// The number of steps, the elements of a tile, the elements of a task.
    pub(super) tiling: Option<[usize; 3]>,
    pub(super) flops: usize,
    pub(super) bytes: usize,
}

impl Program {
    /// A line for each kernel, in order.
    pub(super) fn lines(&self) -> Vec<KernelLine> {
        // For each memory, the last kernel that writes it.
        let mut last: HashMap<u32, usize> = HashMap::new();
        for (i, kernel) in self.plan.kernels.iter().enumerate() {
            last.extend(kernel.writes().iter().map(|x| (x.memory, i)));
        }
        let kernels = self.plan.kernels.iter().enumerate();
        kernels.map(|(i, kernel)| self.line(kernel, |memory| last.get(&memory) == Some(&i))).listed()
    }

    fn line(&self, kernel: &Kernel, stays_in: impl Fn(u32) -> bool) -> KernelLine {
        let (mut rows, mut tiling) = (None, None);
        if let Work::Tile(code) = &kernel.work {
            tiling = Some([code.steps.len(), code.tile, code.task]);
            rows = (code.row > 0).then(|| (code.elements / code.row, code.row));
        }
        let names = self.ops(kernel);
        let written = kernel.writes();
        let named = |x: &&MemoryView| format!("{} {}", self.destination(x, stays_in(x.memory)), x.shape);
        let mut writes: Vec<String> = written.iter().take(WRITES_NAMED).map(named).listed();
        if written.len() > WRITES_NAMED {
            writes.push(format!("{} more", written.len() - WRITES_NAMED));
        }
        KernelLine {
            kind: kernel.kind(),
            ops: shortened(&names, OPS_WIDTH),
            writes: writes.join(", "),
            site: self.site(kernel),
            elements: kernel.elements(),
            rows,
            tiling,
            flops: kernel.flops(),
            bytes: kernel.bytes(),
        }
    }

    /// The names of the ops that a kernel computes, in order. A copy is just `copy`. Rematerialised ops are in brackets.
    pub(super) fn ops(&self, kernel: &Kernel) -> Vec<String> {
        if kernel.kind() == "copy" {
            return vec!["copy".to_owned()];
        }
        let name = |&id: &NodeId| match &self.plan.graph.node(id).op {
            op if self.plan.rematerialised.copies.contains(&id) => format!("[{}]", op.name()),
            // No rule is known for a batch.
            Op::ByLoops(loops) if loops.examples > 0 => format!("by_loops ×{}, one by one", loops.examples),
            op => op.name().to_owned(),
        };
        kernel.nodes.iter().map(name).listed()
    }

    /// The name of what a kernel writes: a gradient; an output, if no later kernel overwrites it; otherwise a buffer.
    fn destination(&self, x: &MemoryView, stays: bool) -> String {
        if x.memory == GRADIENTS {
            return format!("∂{}", self.parameter_at(x.offset));
        }
        let outputs = self.plan.outputs.iter().enumerate().filter(|(_, y)| stays && y.memory == x.memory);
        let outputs: Vec<usize> = outputs.map(|(i, _)| i).listed();
        match outputs[..] {
            [] => format!("b{}", x.memory - FIRST_INPUT - self.plan.inputs.len() as u32),
            [one] => self.output_label(one),
            _ => {
                let names: Vec<String> = outputs.iter().map(|&i| self.output_name(i)).listed();
                format!("outputs {}", names.join(" "))
            }
        }
    }

    /// What an output of the plan is: one of the trace, or state that is written back.
    pub(super) fn output_label(&self, output: usize) -> String {
        let kind = if output < self.outputs { "output" } else { "state" };
        format!("{kind} {}", self.output_name(output))
    }

    /// The name of an output, or its number; of state that is written back, the name of its buffer.
    pub(super) fn output_name(&self, output: usize) -> String {
        let written = output.checked_sub(self.outputs).map(|i| self.writes[i]);
        if let Some(input) = written.and_then(|buffer| self.traced().find(|x| x.buffer == Some(buffer))) {
            return input.name.clone();
        }
        self.names.get(output).cloned().unwrap_or_else(|| output.to_string())
    }

    /// The name of the parameter to which an element of the slab belongs.
    pub(super) fn parameter_at(&self, offset: usize) -> &str {
        let here = self.parameters.iter().rfind(|p| p.range.start <= offset);
        here.map_or("", |p| &p.name)
    }

    /// The number of constants, and their bytes.
    pub(super) fn held(&self) -> (usize, usize) {
        let held = self.plan.inputs.iter().filter(|input| matches!(input, PlanInput::Constant(_)));
        held.fold((0, 0), |(n, bytes), input| (n + 1, bytes + input.elements() * input.dtype().size()))
    }

    /// The number of streamed gradients, which a step never stores, and their bytes.
    pub(super) fn streams(&self) -> (usize, usize) {
        let kernels = self.plan.streamed();
        let bytes = |kernel: &Kernel| kernel.elements() * self.dtype.size();
        (kernels.len(), kernels.iter().map(bytes).sum())
    }

    /// The source lines of a kernel: a range if they are in one file, else the first and the last.
    fn site(&self, kernel: &Kernel) -> String {
        let sites = || kernel.nodes.iter().map(|&id| self.plan.graph.node(id).origin.site);
        let (Some(first), Some(last)) = (sites().next(), sites().next_back()) else { return String::new() };
        match sites().map(Location::line).min().zip(sites().map(Location::line).max()) {
            Some((a, b)) if sites().all(|s| s.file() == first.file()) => match a == b {
                true => format!("{}:{a}", short_path(first.file())),
                false => format!("{}:{a}–{b}", short_path(first.file())),
            },
            _ => format!(
                "{}:{} … {}:{}",
                short_path(first.file()),
                first.line(),
                short_path(last.file()),
                last.line()
            ),
        }
    }
}
