//! The rules for plans, and the type of a check.

use std::fmt;

macro_rules! rules {
    ($($Rule:ident: $text:literal;)*) => {
        /// The rules that a plan has to keep so that its kernels may run on raw memory.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Rule {
            $(#[doc = $text] $Rule,)*
        }
        impl fmt::Display for Rule {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Rule::$Rule => $text,)*
                })
            }
        }
        #[cfg(test)]
        impl Rule {
            pub(super) const ALL: &[Rule] = &[$(Rule::$Rule),*];
        }
    };
}
rules! {
    Memory: "an operand has a stride for each axis, and names a memory of the plan by its dtype";
    Within: "every element of an operand lies within its memory";
    Result: "a result is contiguous, in a buffer or in the gradients";
    ResultsApart: "a kernel's results do not overlap";
    Disjoint: "a result overlaps no operand, except one that a tile program reads element by element in the same order";
    Product: "a product is one of floating-point matrices: […, m, k] and […, k, n] to […, m, n]";
    Op: "the result of an op has the shape and the dtype that follow from its operands";
    Cut: "a tile consists of whole rows, and a task of whole tiles";
    Length: "what a tile program reads and writes has as many elements as the program, or as many as its rows";
    How: "a direct read is contiguous and has the kernel's dtype, and a splat is one element";
    Write: "what is written has the kernel's dtype or is truth values; only tiles of that dtype are written directly";
    SlotRange: "a slot is one of the kernel's slots";
    SlotOwner: "a slot of a constant, a read or a write holds no other value";
    Defined: "a step reads slots that hold a value, with one number per element or per row as the step needs";
    StepApart: "a step writes no slot twice, and no slot that it reads";
    Rows: "only kernels with rows have values per row";
    Total: "a total is added up by one step, block by block";
    Written: "what is read has been written before, by a kernel of the same run";
    Gradient: "a gradient is written once, as a whole";
    Output: "an output is contiguous and at the beginning of a buffer";
    Streamed: "streamed kernels come last, in the order of the slab; each is a product of two matrices that computes a gradient and reads neither parameters nor gradients";
}

/// On failure: the broken rule, and what was found.
pub(super) type Checked<T = ()> = Result<T, (Rule, String)>;

#[inline]
pub(super) fn ensure(holds: bool, rule: Rule, found: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err((rule, found())) }
}
