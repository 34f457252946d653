//! The kernels around a step: which coefficients it has, whether it may change anything, and what is kept of it.

use crate::numbers::{c_type, size};
use autograd::DType;
use std::fmt::Write as _;

/// The words of the memory that steers: whether to stop, how many steps are done, and if it stopped, why and where.
pub(crate) const WORDS: usize = 8;
/// Whether to stop.
pub(crate) const STOP: usize = 0;
/// How many steps are done.
pub(crate) const DONE: usize = 1;
/// Why it stopped: one of [`Why`].
pub(crate) const WHY: usize = 2;
/// The part of the slab, or the kernel.
pub(crate) const PART: usize = 3;
/// The block of the part.
pub(crate) const BLOCK: usize = 4;
/// What is added to the number of steps done, for the number of the batch.
pub(crate) const FIRST: usize = 5;

/// The terms of a block of a sum: of so many gradients a copy is kept when a step is refused, and of the loss.
pub(crate) const TERMS: usize = 1024;

/// The steps whose coefficients lie on the device.
pub(crate) const ROWS: usize = 1024;

/// Why a training stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Gradient,
    Loss,
    Result,
    Index,
}

impl Why {
    pub(crate) fn of(word: i64) -> Option<Why> {
        [Why::Gradient, Why::Loss, Why::Result, Why::Index].get(usize::try_from(word - 1).ok()?).copied()
    }
}

/// A part of the slab, as [`judge`] sees it: where it begins, and how many numbers it has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) length: usize,
    /// Whether the sums of its gradients come before those of its results.
    pub(crate) gradients_first: bool,
}

impl Span {
    /// The blocks of its sums.
    pub(crate) fn blocks(self) -> usize {
        self.length.div_ceil(TERMS)
    }
}

/// `wg_begin(table, control, now)` fetches the coefficients of a step.
pub(crate) fn begin(dtype: DType, coefficients: usize) -> String {
    let t = c_type(dtype);
    format!(
        "/* The coefficients of this step. */\nWG_KERNEL wg_begin(const {t} *table, const wg_long *control, {t} *now) {{\n  \
         WG_EACH(i, {coefficients}) now[i] = table[control[{DONE}] % {ROWS} * {coefficients} + i];\n}}\n"
    )
}

/// `wg_judge(control, faults, loss, totals, gradients, kept, partials…)` looks for what a step refuses, and counts it if there
/// is nothing: an index first, then gradients, the loss, the results, in the order of the CPU.
pub(crate) fn judge(dtype: DType, faults: usize, parts: &[Span]) -> String {
    let (t, count) = (c_type(dtype), parts.len());
    let partials: Vec<usize> = (0..count).filter(|&i| parts[i].blocks() > 1).collect();
    let parameters: String = partials.iter().map(|i| format!(", const {t} *partials_{i}")).collect();
    let list = |of: &dyn Fn(&Span) -> usize| {
        let all: Vec<String> = parts.iter().map(|part| of(part).to_string()).collect();
        if all.is_empty() { "0".to_owned() } else { all.join(", ") }
    };
    let (starts, lengths) = (list(&|part| part.start), list(&|part| part.length));
    let firsts = list(&|part| part.gradients_first.into());
    let sums: String = partials.iter().map(|i| format!("part == {i} ? partials_{i} : ")).collect();
    let mut text = format!(
        "/* Whether the step may change anything. */\nWG_KERNEL wg_judge(wg_long *control, const int *faults, const {t} *loss, \
         const {t} *totals, const {t} *gradients, {t} *kept{parameters}) {{\n"
    );
    let _ = write!(
        text,
        "  const wg_long starts[] = {{{starts}}}, lengths[] = {{{lengths}}}, firsts[] = {{{firsts}}};
  WG_ONE {{
    if (control[{STOP}]) return;
    wg_long why = 0, part = 0, block = 0;
    for (int i = 0; i < {faults}; ++i) if (faults[i] && !why) why = 4, part = i;
    for (int i = 0; i < {count}; ++i) if (totals[2 * i] != 0 && !why) why = 1, part = i;
    if (loss[0] - loss[0] != 0 && !why) why = 2;
    for (int i = 0; i < {count}; ++i) if (totals[2 * i + 1] != 0 && !why) why = 3, part = i;
    if (!why) {{
      control[{DONE}] += 1;
      return;
    }}
    if (why == 1 || why == 3) {{
      const {t} *sums = {sums}0;
      const wg_long blocks = (lengths[part] + {rest}) / {TERMS};
      if (sums) {{
        /* The sums of blocks have become those of a tree, each in the place of its first block; numbers are counted in it. */
        const {t} *x = sums + ((why == 1) == firsts[part] ? 0 : blocks);
        {t} all = x[0];
        for (wg_long length = blocks; length > 1;) {{
          const wg_long left = (length + 1) / 2;
          const {t} right = x[block + left];
          if (all - right > 0) all = all - right, length = left;
          else all = right, block += left, length -= left;
        }}
      }}
      for (wg_long i = {TERMS} * block; i < lengths[part] && i < {TERMS} * (block + 1); ++i)
        kept[i - {TERMS} * block] = gradients[starts[part] + i];
    }}
    kept[{TERMS}] = loss[0];
    control[{WHY}] = why, control[{PART}] = part, control[{BLOCK}] = block, control[{STOP}] = 1;
  }}
}}
",
        rest = TERMS - 1
    );
    text
}

/// `wg_keep_BYTES_N(from, to, stop)` copies N numbers of so many bytes, unless it is to stop.
pub(crate) fn keep(dtype: DType, n: usize) -> (String, String) {
    let (t, name) = (c_type(dtype), format!("wg_keep_{}_{n}", size(dtype)));
    let t = if dtype == DType::F64 { "wg_long" } else { t };
    let text = format!(
        "WG_KERNEL {name}(const {t} *from, {t} *to, const wg_long *stop) {{\n  \
         if (*stop) return;\n  WG_EACH(i, {n}) to[i] = from[i];\n}}\n"
    );
    (name, text)
}

/// `wg_take_NUMBER(data, order, control, to)` fetches the rows of a batch: `rows` rows of `width` numbers, of `batches` batches.
pub(crate) fn take(
    number: usize,
    dtype: DType,
    rows: usize,
    width: usize,
    batches: usize,
) -> (String, String) {
    let (t, name) = (c_type(dtype), format!("wg_take_{number}"));
    let n = rows * width;
    let text = format!(
        "WG_KERNEL {name}(const {t} *data, const wg_long *order, const wg_long *control, {t} *to) {{\n  \
         const wg_long first = (control[{DONE}] + control[{FIRST}]) % {batches} * {rows};\n  \
         WG_EACH(i, {n}) to[i] = data[order[first + i / {width}] * {width} + i % {width}];\n}}\n"
    );
    (name, text)
}
