//! A program explained: its kernels and their costs, as a table.

use super::Program;
use super::report::KernelLine;
use crate::exec::Small;
use crate::lists::IntoList;
use crate::plan::Recomputed;
use crate::text::{scaled, table};
use std::fmt;

/// What a [`Program`] does, kernel by kernel, and what it costs. [`Program::explain`] makes it, to be printed.
///
/// Flops count 1 for each elementwise function, however expensive, and 2·m·k·n for a product of matrices. Bytes count all
/// operands that are read from memory or written to it. Ops in brackets are rematerialised: the kernel computes them again
/// instead of reading the result of an earlier kernel.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Inputs and results.
    head: String,
    lines: Vec<KernelLine>,
    buffers: usize,
    memory: usize,
    unshared: usize,
    /// The number of rematerialised values, and their bytes.
    rematerialised: (usize, usize),
    /// What is computed again by a budget or by checkpoints.
    recomputed: Recomputed,
    /// The number of constants, and their bytes.
    held: (usize, usize),
    /// The number of streamed gradients, which go straight into an update, and their bytes.
    streams: (usize, usize),
    passes: Vec<(&'static str, usize)>,
    /// How many instructions a run takes that goes number by number.
    numbers: Option<usize>,
    /// Passes that do not change the list.
    also: Vec<&'static str>,
}

impl Program {
    /// Explains which kernels a run takes. For each kernel it tells the ops, the results, the size and the cost, and the source
    /// lines. Then follow the memory, the number of nodes after each pass, and the passes that do not change the list.
    ///
    /// ```
    /// use autograd::{Params, Program};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2, 1], [1.0, -1.0]);
    /// let program = Program::trace(&params, |t| {
    ///     let (x, y) = (t.input("x", [3, 2]), t.input("y", [3, 1]));
    ///     t.outputs((x.matmul(w) - y).square().mean()).with_gradients()
    /// })?;
    /// let explanation = program.explain();
    /// println!("{explanation}");
    /// assert!(explanation.to_string().contains("→ ∂net.w [2]"));
    /// assert_eq!(explanation.kernels(), program.kernels());
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    pub fn explain(&self) -> Explanation {
        let inputs: Vec<String> =
            self.inputs().map(|(name, shape, dtype)| format!("{name} {shape} {dtype}")).listed();
        let inputs =
            if inputs.is_empty() { "no inputs".to_owned() } else { format!("inputs {}", inputs.join(", ")) };
        let mut head = format!("{inputs}; {}", plural(self.outputs, "output"));
        if let Some(gradients) = &self.gradients {
            head += &format!("; gradients of {}", plural(gradients.len(), "parameter"));
        }
        let read: Vec<&str> =
            self.traced().filter(|input| input.buffer.is_some()).map(|input| &*input.name).listed();
        if !read.is_empty() {
            head += &format!("; state {}, of which {} written back", read.join(", "), self.writes.len());
        }
        Explanation {
            head,
            lines: self.lines(),
            buffers: self.plan.buffers.len(),
            memory: self.plan.buffer_bytes(),
            unshared: self.plan.unshared,
            rematerialised: (self.plan.rematerialised.values, self.plan.rematerialised.bytes),
            recomputed: self.plan.recomputed,
            held: self.held(),
            streams: self.streams(),
            numbers: self.small.as_ref().map(Small::len),
            passes: self.plan.passes.clone(),
            also: self.plan.also.clone(),
        }
    }
}

impl Explanation {
    /// How many kernels a run takes.
    pub fn kernels(&self) -> usize {
        self.lines.len()
    }

    /// Floating-point operations of a run.
    pub fn flops(&self) -> usize {
        self.lines.iter().map(|line| line.flops).sum()
    }

    /// Bytes that the kernels of a run read and write.
    pub fn bytes(&self) -> usize {
        self.lines.iter().map(|line| line.bytes).sum()
    }

    /// What a kernel computes, what it writes, and the lines that recorded it.
    #[doc(hidden)]
    pub fn kernel(&self, number: usize) -> [&str; 3] {
        let KernelLine { ops, writes, site, .. } = &self.lines[number];
        [ops, writes, site]
    }

    /// Bytes of the buffers between kernels. A state holds them.
    pub fn memory(&self) -> usize {
        self.memory
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.head)?;
        let head = [
            "#", "kind", "elements", "rows", "steps", "tile", "task", "flops", "bytes", "ops", "writes",
            "source",
        ];
        let rows: Vec<Vec<String>> = self.lines.iter().enumerate().map(|(i, line)| row(i, line)).listed();
        f.write_str(&table(&head, &rows, &[1, 9, 10, 11]))?;
        let (flops, bytes) = (scaled(self.flops() as f64, ""), scaled(self.bytes() as f64, "B"));
        writeln!(f, "\nkernels  {}: {flops} flops, {bytes} read and written", self.kernels())?;
        let (memory, unshared) = (scaled(self.memory as f64, "B"), scaled(self.unshared as f64, "B"));
        writeln!(f, "buffers  {}: {memory}; {unshared} if no two values shared one", self.buffers)?;
        if let (values @ 1.., bytes) = self.rematerialised {
            let are = if values == 1 {
                " is rematerialised where it is"
            } else {
                "s are rematerialised where they are"
            };
            let bytes = scaled(bytes as f64, "B");
            writeln!(f, "remat    {values} value{are} read, not stored: {bytes}")?;
        }
        if let Recomputed { values: values @ 1.., bytes, flops } = self.recomputed {
            let (bytes, more) = (scaled(bytes as f64, "B"), scaled(flops as f64, ""));
            let share = 100.0 * flops as f64 / self.flops().max(1) as f64;
            let values = plural(values, "value");
            writeln!(
                f,
                "again    {values} for the backward pass, not kept: {bytes}; {more} flops, {share:.0} % of all"
            )?;
        }
        let (held, bytes) = (self.held.0, scaled(self.held.1 as f64, "B"));
        writeln!(f, "held     {}: {bytes}", plural(held, "constant"))?;
        if let (1.., bytes) = self.streams {
            let gradients = plural(self.streams.0, "gradient");
            writeln!(f, "streams  {gradients} that a step never stores: {}", scaled(bytes as f64, "B"))?;
        }
        if let Some(numbers) = self.numbers {
            writeln!(
                f,
                "numbers  all values are small: a run takes {} on numbers, and no kernel",
                plural(numbers, "instruction")
            )?;
        }
        let passes: Vec<String> = self.passes.iter().map(|(name, nodes)| format!("{name} {nodes}")).listed();
        write!(f, "nodes    {}", passes.join(" → "))?;
        if self.also.is_empty() { Ok(()) } else { write!(f, "\nalso     {}", self.also.join(", ")) }
    }
}

fn plural(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn row(number: usize, line: &KernelLine) -> Vec<String> {
    let tiling = |i: usize| line.tiling.map_or("–".to_owned(), |t| t[i].to_string());
    vec![
        number.to_string(),
        line.kind.to_owned(),
        line.elements.to_string(),
        line.rows.map_or("–".to_owned(), |(n, length)| format!("{n}×{length}")),
        tiling(0),
        tiling(1),
        tiling(2),
        scaled(line.flops as f64, ""),
        scaled(line.bytes as f64, "B"),
        line.ops.clone(),
        format!("→ {}", line.writes),
        line.site.clone(),
    ]
}
