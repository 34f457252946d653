//! Loops as text: the kernels of a body, called step by step, with what is carried from one to the next. They run on the host.

use crate::kernel::{Kernel, Writer};
use crate::layout::{Layout, constants};
use crate::memory::{Memories, c_type, size};
use autograd::planned::{Contents, Held, MemoryView, Piece, Plan, Ports};

/// What runs how often, and what comes of it.
pub(crate) struct Steps {
    pub(crate) steps: usize,
    pub(crate) reverse: bool,
    pub(crate) ports: Ports,
    pub(crate) pieces: Vec<Piece>,
}

/// A body: its plan, its memories, its kernels, and what their names begin with.
pub(crate) type Body<'a> = (&'a Plan, &'a Memories, &'a [Kernel], &'a str);

/// Prints the loop. Its scratch holds the buffers of the body, what is carried, and copies of what is not contiguous.
pub(crate) fn print(
    steps: &Steps,
    (plan, inner, kernels, name): Body<'_>,
    x: &[MemoryView],
    y: &MemoryView,
    memories: &Memories,
    kernel: &mut Kernel,
) {
    x.iter().for_each(|x| kernel.reads(x.memory));
    kernel.writes(y.memory);
    kernel.host_only = true;
    kernel.can_fail = kernels.iter().any(|k| k.can_fail);
    kernel.before = constants(plan, inner, name);
    kernels.iter().for_each(|k| kernel.before += &k.text(inner));
    let layout = Layout::of(plan, kernels);
    let mut bytes = layout.bytes;
    let mut take = |n: usize| {
        bytes += n.next_multiple_of(64);
        bytes - n.next_multiple_of(64)
    };
    let it = Loop { steps, plan, inner, layout: &layout, y, memories };
    let mut out = Writer::default();
    out.line("char *const bytes = wg_scratch;".to_owned());
    for line in layout.variables(plan, inner, name).lines() {
        out.line(line.trim_start().to_owned());
    }
    let mut operands = vec![];
    for (i, x) in x.iter().enumerate() {
        let (t, n) = (c_type(x.dtype), x.shape.elements());
        let carried = i < steps.ports.carried;
        if carried || !is_contiguous(x) {
            let start = take(n * size(x.dtype));
            out.line(format!("{t} *const x{i} = ({t} *)(bytes + {start});"));
            out.line(format!("for (int e = 0; e < {n}; ++e) x{i}[e] = {};", memories.nth(x, "e")));
        } else {
            out.line(format!("const {t} *const x{i} = &{};", memories.result(x, "0")));
        }
        operands.push((t, n));
    }
    kernel.scratch = bytes;
    out.open(format!("for (int s = 0; s < {}; ++s) {{", steps.steps));
    out.line(if steps.reverse {
        format!("const int t = {} - s;", steps.steps - 1)
    } else {
        "const int t = s;".to_owned()
    });
    it.histories(&mut out);
    for (i, (t, n)) in operands.iter().enumerate() {
        let from = if steps.ports.is_read(i) {
            format!("x{i} + t * {}", n / steps.steps.max(1))
        } else {
            format!("x{i}")
        };
        out.line(format!("const {t} *const {} = {from};", it.argument(i)));
        out.line(format!("(void){};", it.argument(i)));
    }
    for step in kernels {
        step.calls(inner, "fault").into_iter().for_each(|call| out.line(call));
    }
    it.results(&mut out);
    out.close();
    it.ends(&mut out);
    kernel.body = out.text();
}

fn is_contiguous(x: &MemoryView) -> bool {
    let mut inner = 1;
    x.shape.iter().zip(&x.strides).rev().all(|(&n, &stride)| {
        let fits = n == 1 || stride == inner;
        inner *= n as isize;
        fits
    })
}

struct Loop<'a> {
    steps: &'a Steps,
    plan: &'a Plan,
    inner: &'a Memories,
    layout: &'a Layout,
    y: &'a MemoryView,
    memories: &'a Memories,
}

impl Loop<'_> {
    /// The variable that the kernels of the body read argument `i` from.
    fn argument(&self, i: usize) -> String {
        let wanted = format!("argument {i}");
        let is_it = |c: &Contents<'_>| matches!(c, Contents::Input(name) if *name == wanted);
        let number = self.plan.memories().position(|memory| is_it(&memory.contents));
        number.map_or_else(|| format!("unused_{i}"), |number| self.inner.name(number as u32).to_owned())
    }

    /// A result of the last step, or a product.
    fn output(&self, i: usize) -> (String, usize) {
        let y = &self.plan.outputs[i];
        let n = y.shape.elements();
        debug_assert!(self.layout.starts.iter().any(|(memory, _)| *memory == y.memory));
        (format!("&{}", self.inner.result(y, "0")), n)
    }

    fn place(&self, piece: &Piece, each: Option<usize>) -> String {
        let start = match each {
            Some(n) => format!("{} + t * {n}", piece.start),
            None => piece.start.to_string(),
        };
        self.memories.result(self.y, &format!("({start})"))
    }

    fn copy(&self, to: &str, from: &str, n: usize, out: &mut Writer) {
        out.line(format!("memcpy(&{to}, {from}, {n} * sizeof({}));", c_type(self.y.dtype)));
    }

    /// What is carried, before the step.
    fn histories(&self, out: &mut Writer) {
        for piece in &self.steps.pieces {
            if let Held::History(i) = piece.held {
                let n = piece.elements() / self.steps.steps.max(1);
                self.copy(&self.place(piece, Some(n)), &format!("x{i}"), n, out);
            }
        }
    }

    fn results(&self, out: &mut Writer) {
        let Ports { carried, .. } = self.steps.ports;
        for piece in &self.steps.pieces {
            match piece.held {
                Held::Result(i) if self.steps.ports.is_stacked(i) => {
                    let (from, n) = self.output(i);
                    self.copy(&self.place(piece, Some(n)), &from, n, out);
                }
                Held::Product(i) => {
                    let (from, n) = self.output(self.steps.ports.results() + i);
                    self.copy(&self.place(piece, Some(n)), &from, n, out);
                }
                Held::Result(i) if i >= carried => {
                    let ((from, n), t) = (self.output(i), c_type(self.y.dtype));
                    let to = self.place(piece, None);
                    out.line(format!(
                        "for (int e = 0; e < {n}; ++e) (&{to})[e] = s ? (&{to})[e] + ((const {t} *){from})[e] : ((const {t} *){from})[e];"
                    ));
                }
                _ => {}
            }
        }
        for i in 0..carried {
            let (from, n) = self.output(i);
            let t = c_type(self.plan.outputs[i].dtype);
            out.line(format!("memcpy(x{i}, {from}, {n} * sizeof({t}));"));
        }
    }

    /// What is left when all steps are done.
    fn ends(&self, out: &mut Writer) {
        let Ports { carried, .. } = self.steps.ports;
        for piece in &self.steps.pieces {
            match piece.held {
                Held::Result(i) if i < carried => {
                    self.copy(&self.place(piece, None), &format!("x{i}"), piece.elements(), out);
                }
                Held::Result(i) if self.steps.steps == 0 && !self.steps.ports.is_stacked(i) => {
                    let (to, n) = (self.place(piece, None), piece.elements());
                    out.line(format!("for (int e = 0; e < {n}; ++e) (&{to})[e] = 0;"));
                }
                _ => {}
            }
        }
    }
}
