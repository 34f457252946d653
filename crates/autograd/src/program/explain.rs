//! What a program does, as a table.

use super::Program;
use super::report::Line;
use crate::text::{scaled, table};
use std::fmt;

/// What a [`Program`] does, kernel by kernel, with what it costs: made by [`Program::explain`], to be printed.
///
/// Flops count one for each elementwise function, whatever it takes, and 2·m·k·n for a product of matrices; bytes are
/// those of the operands that are read from memory and written to it. Ops in brackets are computed again, from what the
/// kernel finds in memory, instead of being stored by an earlier one.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Inputs and results.
    head: String,
    lines: Vec<Line>,
    buffers: usize,
    memory: usize,
    unshared: usize,
    /// Values that kernels compute again instead of reading them, and their bytes.
    again: (usize, usize),
    /// Constants and their bytes.
    held: (usize, usize),
    /// Gradients that go straight into an update, and their bytes.
    streams: (usize, usize),
    passes: Vec<(&'static str, usize)>,
    /// Passes that leave the list as it is.
    also: Vec<&'static str>,
}

impl Program {
    /// Tells which kernels a run takes: what was fused into each, what it writes, its size and cost, and the lines of
    /// source that it comes from; then memory, and what each pass has left;
    /// at the end the passes that leave the list as it is.
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
            self.inputs().map(|(name, shape, dtype)| format!("{name} {shape} {dtype}")).collect();
        let inputs =
            if inputs.is_empty() { "no inputs".to_owned() } else { format!("inputs {}", inputs.join(", ")) };
        let mut head = format!("{inputs}; {}", plural(self.plan.outputs.len(), "output"));
        if let Some(gradients) = &self.gradients {
            head += &format!("; gradients of {}", plural(gradients.len(), "parameter"));
        }
        Explanation {
            head,
            lines: self.lines(),
            buffers: self.plan.buffers.len(),
            memory: self.plan.buffers.iter().map(|b| b.bytes()).sum(),
            unshared: self.plan.unshared,
            again: (self.plan.again.values, self.plan.again.bytes),
            held: self.held(),
            streams: self.streams(),
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

    /// Bytes of the buffers between the kernels, which a run needs at its peak and a state holds.
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
        let rows: Vec<Vec<String>> = self.lines.iter().enumerate().map(|(i, line)| row(i, line)).collect();
        f.write_str(&table(&head, &rows, &[1, 9, 10, 11]))?;
        let (flops, bytes) = (scaled(self.flops() as f64, ""), scaled(self.bytes() as f64, "B"));
        writeln!(f, "\nkernels  {}: {flops} flops, {bytes} read and written", self.kernels())?;
        let (memory, unshared) = (scaled(self.memory as f64, "B"), scaled(self.unshared as f64, "B"));
        writeln!(f, "buffers  {}: {memory}; {unshared} if no two values shared one", self.buffers)?;
        if let (values @ 1.., bytes) = self.again {
            let are = if values == 1 { " is computed where it is" } else { "s are computed where they are" };
            let bytes = scaled(bytes as f64, "B");
            writeln!(f, "again    {values} value{are} read, not stored: {bytes}")?;
        }
        let (held, bytes) = (self.held.0, scaled(self.held.1 as f64, "B"));
        writeln!(f, "held     {}: {bytes}", plural(held, "constant"))?;
        if let (1.., bytes) = self.streams {
            let gradients = plural(self.streams.0, "gradient");
            writeln!(f, "streams  {gradients} that a step never stores: {}", scaled(bytes as f64, "B"))?;
        }
        let passes: Vec<String> = self.passes.iter().map(|(name, nodes)| format!("{name} {nodes}")).collect();
        write!(f, "nodes    {}", passes.join(" → "))?;
        if self.also.is_empty() { Ok(()) } else { write!(f, "\nalso     {}", self.also.join(", ")) }
    }
}

fn plural(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn row(number: usize, line: &Line) -> Vec<String> {
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
