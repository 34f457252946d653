//! Where buffers lie in one piece of memory, and constants as arrays.

use crate::kernel::Kernel;
use crate::memory::{Memories, c_type, size};
use autograd::planned::{Contents, DataRef, Plan};
use std::fmt::Write as _;

/// Where the buffers lie in the memory that the caller gives.
#[derive(Default)]
pub(crate) struct Layout {
    /// The first byte of each buffer, by the number of its memory.
    pub(crate) starts: Vec<(u32, usize)>,
    pub(crate) partials: usize,
    pub(crate) scratch: usize,
    pub(crate) bytes: usize,
}

impl Layout {
    pub(crate) fn of(plan: &Plan, kernels: &[Kernel]) -> Layout {
        let mut layout = Layout::default();
        for (number, memory) in plan.memories().enumerate() {
            if matches!(memory.contents, Contents::Buffer) {
                let start = layout.take(memory.elements * size(memory.dtype));
                layout.starts.push((number as u32, start));
            }
        }
        layout.with_kernels(kernels)
    }

    /// The same where the buffers lie elsewhere.
    #[cfg(feature = "native")]
    pub(crate) fn without_buffers(kernels: &[Kernel]) -> Layout {
        Layout::default().with_kernels(kernels)
    }

    fn with_kernels(mut self, kernels: &[Kernel]) -> Layout {
        let partials = kernels.iter().filter_map(|k| k.partials).map(|(dtype, n)| n * size(dtype)).max();
        self.partials = self.take(partials.unwrap_or(0));
        self.scratch = self.take(kernels.iter().map(|k| k.scratch).max().unwrap_or(0));
        self
    }

    /// The start of so many bytes more.
    fn take(&mut self, length: usize) -> usize {
        let start = self.bytes;
        self.bytes += length.next_multiple_of(64);
        start
    }
}

impl Layout {
    /// A variable for each buffer and each constant, in memory that begins at `bytes`. `name` begins the names of the constants.
    pub(crate) fn variables(&self, plan: &Plan, memories: &Memories, name: &str) -> String {
        let mut text = String::new();
        for &(number, start) in &self.starts {
            let memory = plan.memory(number).expect("a memory of this number");
            let (t, b) = (c_type(memory.dtype), memories.name(number));
            let _ = writeln!(text, "  {t} *const {b} = ({t} *)(bytes + {start});");
        }
        for (number, memory) in (0u32..).zip(plan.memories()) {
            if matches!(memory.contents, Contents::Constant(_)) {
                let (t, c) = (c_type(memory.dtype), memories.name(number));
                let _ = writeln!(text, "  const {t} *const {c} = {name}_{c};");
            }
        }
        let Layout { partials, scratch, .. } = self;
        let _ = writeln!(
            text,
            "  void *const partials = bytes + {partials};\n  char *const scratch = bytes + {scratch};"
        );
        text + "  (void)partials, (void)scratch;\n"
    }
}

/// The constants of a plan as arrays.
pub(crate) fn constants(plan: &Plan, memories: &Memories, name: &str) -> String {
    let mut text = String::new();
    for (number, memory) in (0u32..).zip(plan.memories()) {
        let Contents::Constant(data) = memory.contents else { continue };
        let (t, c, n) = (c_type(memory.dtype), memories.name(number), memory.elements.max(1));
        let _ = writeln!(text, "static const {t} {name}_{c}[{n}] = {{{}}};", join(data));
    }
    text
}

/// Numbers as the elements of an array, several a line.
pub(crate) fn join(data: DataRef<'_>) -> String {
    match data {
        DataRef::F32(x) => lines(x, |&x, text| constant(f64::from(x), false, text)),
        DataRef::F64(x) => lines(x, |&x, text| constant(x, true, text)),
        DataRef::I64(x) => lines(x, |&x, text| match x {
            i64::MIN => write!(text, "{} - 1", x + 1),
            x => write!(text, "{x}"),
        }),
        DataRef::Bool(x) => lines(x, |&x, text| write!(text, "{}", u8::from(x))),
    }
}

/// How many numbers stand in a line.
const PER_LINE: usize = 16;

fn lines<T>(all: &[T], number: impl Fn(&T, &mut String) -> std::fmt::Result) -> String {
    if all.is_empty() {
        return "0".to_owned();
    }
    let mut text = String::with_capacity(14 * all.len());
    for (i, x) in all.iter().enumerate() {
        let starts_a_line = i.is_multiple_of(PER_LINE) && all.len() > PER_LINE;
        text += if i > 0 { "," } else { "" };
        text += if starts_a_line { "\n" } else { "" };
        number(x, &mut text).expect("a text takes every number");
    }
    text
}

/// A number in an array of constants, where C allows no call.
fn constant(x: f64, double: bool, text: &mut String) -> std::fmt::Result {
    match x {
        x if x.is_nan() => text.write_str("0.0 / 0.0"),
        x if x.is_infinite() => write!(text, "{}1e999", if x < 0.0 { "-" } else { "" }),
        x => {
            let start = text.len();
            if double { write!(text, "{x:?}") } else { write!(text, "{:?}f", x as f32) }?;
            // 0.5 is .5 in C: many numbers make a long text.
            let start = start + usize::from(text[start..].starts_with('-'));
            if text[start..].starts_with("0.") && text[start..].len() > "0.0f".len() {
                text.remove(start);
            }
            Ok(())
        }
    }
}
