//! The memories of a plan as variables of C: their names, types and places, and where an element of a view lies.

use autograd::DType;
use autograd::planned::{Contents, MemoryView, Plan};

/// The type of C that has the bits of a dtype.
pub(crate) fn c_type(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "float",
        DType::F64 => "double",
        DType::I64 => "wg_long",
        _ => "wg_bool",
    }
}

/// The bytes of an element.
pub(crate) fn size(dtype: DType) -> usize {
    match dtype {
        DType::F32 => 4,
        DType::F64 | DType::I64 => 8,
        _ => 1,
    }
}

/// What distinguishes names in single precision.
pub(crate) fn suffix(dtype: DType) -> &'static str {
    if dtype == DType::F32 { "f" } else { "" }
}

/// A name that C allows.
pub(crate) fn identifier(name: &str) -> String {
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    let text: String = plain.collect();
    if text.starts_with(|c: char| c.is_ascii_digit()) || text.is_empty() { format!("_{text}") } else { text }
}

/// The variable of each memory of a plan.
#[derive(Debug)]
pub(crate) struct Memories {
    names: Vec<String>,
    dtypes: Vec<DType>,
    written: Vec<bool>,
    within: String,
}

impl Memories {
    /// `within` begins the names of those of a loop's body: `step_` in a loop, `step_step_` in a loop within a loop.
    pub(crate) fn of(plan: &Plan, within: String) -> Memories {
        let mut memories = Memories { names: vec![], dtypes: vec![], written: vec![], within };
        for (i, memory) in plan.memories().enumerate() {
            let name = match memory.contents {
                Contents::Parameters => "parameters".to_owned(),
                Contents::Gradients => "gradients".to_owned(),
                Contents::Input(name) => format!("in_{}", identifier(name)),
                Contents::Constant(_) => format!("constant_{i}"),
                Contents::Buffer => format!("b{i}"),
            };
            let name = memories.within.clone() + &name;
            let taken = memories.names.contains(&name);
            memories.names.push(if taken { format!("{name}_{i}") } else { name });
            memories.dtypes.push(memory.dtype);
            memories.written.push(memory.contents.is_written());
        }
        memories
    }

    /// What begins the names of the body of a loop.
    pub(crate) fn within(&self) -> String {
        format!("step_{}", self.within)
    }

    pub(crate) fn name(&self, memory: u32) -> &str {
        &self.names[memory as usize]
    }

    /// A memory as a parameter of a function.
    pub(crate) fn parameter(&self, memory: u32) -> String {
        let i = memory as usize;
        let kept = if self.written[i] { "" } else { "const " };
        format!("{kept}{} *{}", c_type(self.dtypes[i]), self.names[i])
    }

    /// The same, which no other parameter overlaps.
    pub(crate) fn alone(&self, memory: u32) -> String {
        self.parameter(memory).replace('*', "*WG_ALONE ")
    }

    /// An element of a view, by the index along each axis.
    pub(crate) fn element(&self, x: &MemoryView, index: &[String]) -> String {
        let mut place = vec![];
        for (i, &stride) in index.iter().zip(&x.strides) {
            match stride {
                0 => {}
                1 => place.push(i.clone()),
                stride => place.push(format!("({i}) * ({stride})")),
            }
        }
        self.at(x, place)
    }

    /// An element of a view, by its number in row-major order.
    pub(crate) fn nth(&self, x: &MemoryView, i: &str) -> String {
        self.at(x, terms(&x.shape, &x.strides, i))
    }

    /// An element of a contiguous result, by its number.
    pub(crate) fn result(&self, y: &MemoryView, i: &str) -> String {
        self.at(y, vec![i.to_owned()])
    }

    /// An element of a view, by the number of its row and its place there, if rows of this length are whole axes of the view.
    pub(crate) fn in_row(&self, x: &MemoryView, row: usize, [r, i]: [&str; 2]) -> Option<String> {
        let axis = axis_of_rows(&x.shape, row)?;
        let mut place = terms(&x.shape[..axis], &x.strides[..axis], r);
        place.extend(terms(&x.shape[axis..], &x.strides[axis..], i));
        Some(self.at(x, place))
    }

    fn at(&self, x: &MemoryView, mut place: Vec<String>) -> String {
        if x.offset != 0 {
            place.insert(0, x.offset.to_string());
        }
        let place = if place.is_empty() { "0".to_owned() } else { place.join(" + ") };
        format!("{}[{place}]", self.names[x.memory as usize])
    }
}

/// The axis from which on the elements of a view are a row of this length.
pub(crate) fn axis_of_rows(shape: &[usize], row: usize) -> Option<usize> {
    (0..=shape.len()).find(|&axis| shape[axis..].iter().product::<usize>() == row)
}

/// The terms of a place, for element number `i` of axes.
fn terms(shape: &[usize], strides: &[isize], i: &str) -> Vec<String> {
    let mut place = vec![];
    let mut inner = 1;
    let first = shape.iter().position(|&length| length != 1).unwrap_or(0);
    for axis in (0..shape.len()).rev().filter(|&axis| shape[axis] != 1) {
        let index = if inner == 1 { format!("({i})") } else { format!("({i}) / {inner}") };
        let index = if axis == first { index } else { format!("{index} % {}", shape[axis]) };
        match strides[axis] {
            0 => {}
            1 if inner == 1 && axis == first => place.push(i.to_owned()),
            1 => place.push(index),
            stride => place.push(format!("{index} * ({stride})")),
        }
        inner *= shape[axis];
    }
    place.reverse();
    place
}

/// The index along each axis of element number `i` in row-major order.
pub(crate) fn indices(shape: &[usize], i: &str) -> Vec<String> {
    let mut all = vec![];
    let mut inner = 1;
    for (axis, &length) in shape.iter().enumerate().rev() {
        let index = if inner == 1 { i.to_owned() } else { format!("{i} / {inner}") };
        all.push(match (length, axis) {
            (1, _) => "0".to_owned(),
            (_, 0) => index,
            _ => format!("{index} % {length}"),
        });
        inner *= length.max(1);
    }
    all.reverse();
    all
}
