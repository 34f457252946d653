//! What the text of an op is made of.

use crate::functions::Functions;
use crate::kernel::{Kernel, Writer};
use crate::memory::{Memories, c_type, indices, suffix};
use autograd::DType;
use autograd::planned::MemoryView;

/// An op with its operands and its result, and where its text goes.
pub(crate) struct At<'a> {
    pub(crate) x: &'a [MemoryView],
    pub(crate) y: &'a MemoryView,
    pub(crate) memories: &'a Memories,
    pub(crate) functions: &'a mut Functions,
    pub(crate) kernel: &'a mut Kernel,
    pub(crate) out: Writer,
}

impl At<'_> {
    pub(crate) fn line(&mut self, line: String) {
        self.out.line(line);
    }

    /// A line as the preprocessor has it.
    pub(crate) fn directive(&mut self, line: &str) {
        self.out.directive(line);
    }

    pub(crate) fn dtype(&self) -> DType {
        self.y.dtype
    }

    /// The type of the result, and what distinguishes names.
    pub(crate) fn types(&self) -> (&'static str, &'static str) {
        (c_type(self.y.dtype), suffix(self.y.dtype))
    }

    pub(crate) fn elements(&self) -> usize {
        self.y.shape.elements()
    }

    /// Element `i` of the result.
    pub(crate) fn result(&self, i: &str) -> String {
        self.memories.result(self.y, i)
    }

    /// An element of an operand, by its index along each axis.
    pub(crate) fn element(&self, operand: usize, index: &[String]) -> String {
        self.memories.element(&self.x[operand], index)
    }

    /// An element of an operand, by its number.
    pub(crate) fn nth(&self, operand: usize, i: &str) -> String {
        self.memories.nth(&self.x[operand], i)
    }

    /// The index along each axis of element `i` of the result.
    pub(crate) fn indices(&self, i: &str) -> Vec<String> {
        indices(&self.y.shape, i)
    }

    /// A loop over the elements of the result, `e`.
    pub(crate) fn each(&mut self, n: usize, body: impl FnOnce(&mut Self)) {
        self.kernel.elements = self.kernel.elements.max(n);
        self.block(format!("WG_EACH(e, {n}) {{"), body);
    }

    /// Lines within braces.
    pub(crate) fn block(&mut self, head: String, body: impl FnOnce(&mut Self)) {
        self.out.open(head);
        body(self);
        self.out.close();
    }
}
