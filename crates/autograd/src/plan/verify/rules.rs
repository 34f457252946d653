//! The rules, and how a part of a plan is held against one.

use std::fmt;

macro_rules! rules {
    ($($Rule:ident: $text:literal;)*) => {
        /// What a plan must be for its kernels to run on raw memory.
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
    Result: "a result lies in one piece, in a buffer or among the gradients";
    ResultsApart: "a kernel's results are apart from each other";
    Disjoint: "a result is apart from the operands, but for what a tile program reads as it walks";
    Product: "a product is one of matrices of numbers: […, m, k] and […, k, n] to […, m, n]";
    Op: "the result of an op has the shape and the dtype that follow from its operands";
    Cut: "a tile program is cut into whole rows, whole tiles and whole tasks";
    Length: "what a tile program reads and writes has as many elements as it walks, or as it has rows";
    How: "what is read directly lies in one piece and has the kernel's dtype, what is spread is one element";
    Write: "what is written has the kernel's dtype or is truth values, and directly only tiles of that dtype";
    SlotRange: "a slot is one of the kernel's slots";
    SlotOwner: "a slot that is filled, read to or written from holds one value alone";
    Defined: "a step reads slots that hold a value, one number per place or per row as the step does";
    StepApart: "a step writes no slot twice, and none that it reads";
    Rows: "values per row stand in kernels that have rows";
    Total: "a total is added up by one step, block by block";
    Written: "what is read has been written before, by a kernel of the same run";
    Gradient: "a gradient is written once, as a whole";
    Output: "an output lies in one piece at the beginning of a buffer";
    Streamed: "what is streamed comes last, in the order of the slab: products of two matrices that are gradients, reading neither parameters nor gradients";
}

/// The rule that does not hold, and what was found instead.
pub(super) type Checked<T = ()> = Result<T, (Rule, String)>;

#[inline]
pub(super) fn ensure(holds: bool, rule: Rule, found: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err((rule, found())) }
}
