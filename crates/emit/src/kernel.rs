//! A kernel as a function, and lines with their indentation.

use crate::memory::{Memories, c_type};
use autograd::DType;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Lines of text, further in with each brace.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    text: String,
    depth: usize,
}

impl Writer {
    pub(crate) fn line(&mut self, line: String) {
        writeln!(self.text, "{:1$}{line}", "", 2 + 2 * self.depth).expect("a text takes every line");
    }

    /// A line after which all is further in, up to [`close`](Writer::close).
    pub(crate) fn open(&mut self, line: String) {
        self.line(line);
        self.depth += 1;
    }

    pub(crate) fn close(&mut self) {
        self.depth -= 1;
        self.line("}".to_owned());
    }

    /// The end of a line's loop that has no braces.
    pub(crate) fn close_line(&mut self) {
        self.depth -= 1;
    }

    /// A line as the preprocessor has it.
    pub(crate) fn directive(&mut self, line: &str) {
        writeln!(self.text, "{line}").expect("a text takes every line");
    }

    pub(crate) fn text(self) -> String {
        self.text
    }
}

/// A kernel as it is printed.
#[derive(Debug, Default)]
pub(crate) struct Kernel {
    pub(crate) name: String,
    /// What it computes, and for which lines of the program.
    pub(crate) comment: String,
    /// What stands before it.
    pub(crate) before: String,
    pub(crate) body: String,
    /// Whether only a host can run it.
    pub(crate) host_only: bool,
    /// What has to be done once all blocks are done.
    pub(crate) finish: Vec<String>,
    /// Sums of blocks: their type and their number.
    pub(crate) partials: Option<(DType, usize)>,
    /// The bytes of its scratch.
    pub(crate) scratch: usize,
    /// Whether it may meet an index that does not exist.
    pub(crate) can_fail: bool,
    /// Whether it does nothing once a flag is set.
    pub(crate) can_stop: bool,
    /// The most elements of a loop that all threads share.
    pub(crate) elements: usize,
    /// How many tiles there are, and the elements of one; none of either without tiles.
    pub(crate) tiles: [usize; 2],
    memories: BTreeSet<u32>,
}

impl Kernel {
    pub(crate) fn new(name: String, comment: String) -> Kernel {
        Kernel { name, comment, ..Kernel::default() }
    }

    /// An operand lies there.
    pub(crate) fn reads(&mut self, memory: u32) {
        self.memories.insert(memory);
    }

    /// A result lies there.
    pub(crate) fn writes(&mut self, memory: u32) {
        self.memories.insert(memory);
    }

    /// The memories that it reads or writes, in the order of its parameters.
    pub(crate) fn memories(&self) -> impl Iterator<Item = u32> {
        self.memories.iter().copied()
    }

    /// The functions.
    pub(crate) fn text(&self, memories: &Memories) -> String {
        let mut parameters: Vec<String> = self.memories.iter().map(|&m| memories.alone(m)).collect();
        if let Some((dtype, _)) = self.partials {
            parameters.push(format!("{} *WG_ALONE partials", c_type(dtype)));
        }
        let mut stop = "";
        if self.can_stop {
            parameters.push("const wg_long *stop".to_owned());
            stop = "  if (*stop) return;\n";
        }
        let ends = parameters.join(", ");
        if self.scratch > 0 {
            parameters.push("char *WG_ALONE wg_scratch".to_owned());
        }
        if self.can_fail {
            parameters.push("int *fault".to_owned());
        }
        let mut text = self.before.clone();
        if self.host_only {
            text += "#if !defined(__CUDACC__)\n";
        }
        text += &format!(
            "/* {} */\nWG_KERNEL {}({}) {{\n{stop}{}}}\n",
            self.comment.replace("*/", "* /"),
            self.name,
            parameters.join(", "),
            self.body
        );
        if self.host_only {
            text += "#endif\n";
        }
        if !self.finish.is_empty() {
            let lines: Vec<String> = self.finish.iter().map(|line| format!("    {line}\n")).collect();
            text += &format!(
                "WG_KERNEL {}_end({ends}) {{\n{stop}  WG_ONE {{\n{}  }}\n}}\n",
                self.name,
                lines.concat()
            );
        }
        text
    }

    /// The calls, in a function that has a variable for each memory.
    pub(crate) fn calls(&self, memories: &Memories, fault: &str) -> Vec<String> {
        let mut arguments: Vec<String> = self.memories.iter().map(|&m| memories.name(m).to_owned()).collect();
        if let Some((dtype, _)) = self.partials {
            arguments.push(format!("({} *) partials", c_type(dtype)));
        }
        let ends = arguments.join(", ");
        if self.scratch > 0 {
            arguments.push("scratch".to_owned());
        }
        if self.can_fail {
            arguments.push(fault.to_owned());
        }
        let mut calls = vec![format!("{}({});", self.name, arguments.join(", "))];
        if !self.finish.is_empty() {
            calls.push(format!("{}_end({ends});", self.name));
        }
        calls
    }
}
