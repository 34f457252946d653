//! Other arrangements of the elements: repetition, rotation, borders and parts, composed of views and concatenations. So each
//! is at most one copy, and right at any order.

use super::Var;
use crate::dtype::DType;
use crate::ir::{Slice, Take};
use crate::lists::IntoList;
use crate::record::{check_memory, record};
use crate::shape::{Axis, Shape};
use ndarray::Array1;

/// What lies beyond the ends of an axis: see [`Var::pad_with`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Border {
    /// One number.
    Constant(f64),
    /// The elements mirrored at the first and the last one, which are not repeated.
    Reflect,
    /// The first and the last element, repeated.
    Replicate,
    /// The elements from the other end: the axis is a ring.
    Circular,
}

impl<'t> Var<'t> {
    /// `self` made longer before and after along an axis, with what the border says. A negative number cuts elements off. A
    /// negative axis counts from the end. Zeros are added by [`pad`](Var::pad) as well.
    ///
    /// # Panics
    /// If the axis does not exist, is shorter than what is cut off, or has too few elements for the border: `Reflect`
    /// takes fewer than there are, `Circular` at most all, `Replicate` needs one.
    ///
    /// ```
    /// # use autograd::{Border, Tape};
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0, 3.0]);
    /// let y = x.pad_with(0, 2, 1, Border::Reflect);
    /// assert_eq!(y.to_vec::<f64>(), [3.0, 2.0, 1.0, 2.0, 3.0, 2.0]);
    /// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [1.0, 3.0, 2.0]);
    /// assert_eq!(x.pad_with(0, 2, 0, Border::Circular).to_vec::<f64>(), [2.0, 3.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(x.pad_with(0, -1, 1, Border::Constant(9.0)).to_vec::<f64>(), [2.0, 3.0, 9.0]);
    /// ```
    #[track_caller]
    pub fn pad_with(self, axis: isize, before: isize, after: isize, border: Border) -> Var<'t> {
        let axis = self.axis("pad_with", axis);
        let length = self.shape()[axis as usize];
        let cut = |n: isize| if n < 0 { n.unsigned_abs() } else { 0 };
        let (first, end) = (cut(before), length.checked_sub(cut(after)));
        let Some(end) = end.filter(|&end| first <= end) else {
            self.mistake(
                "pad_with",
                format!("{before} before and {after} after cut off more than there is"),
                "x",
            )
            .rule(format!("axis {axis} has {length} places"))
            .raise()
        };
        let x = if (first, end) == (0, length) { self } else { self.slice(axis as isize, first..end) };
        let (before, after, length) = (before.max(0) as usize, after.max(0) as usize, end - first);
        let most = match border {
            Border::Constant(_) => usize::MAX,
            Border::Reflect => length.saturating_sub(1),
            Border::Replicate if length == 0 => 0,
            Border::Replicate => usize::MAX,
            Border::Circular => length,
        };
        if before.max(after) > most {
            self.mistake("pad_with", format!("{before} before and {after} after, of {length} places"), "x")
                .rule(format!("a border {border:?} adds at most {most} at each end"))
                .raise();
        }
        let mut parts = Vec::with_capacity(3);
        if before > 0 {
            parts.push(x.border(border, axis as isize, before, true));
        }
        parts.push(x);
        if after > 0 {
            parts.push(x.border(border, axis as isize, after, false));
        }
        if parts.len() == 1 { x } else { Var::concat(&parts, axis as isize) }
    }

    /// The places beyond an end of an axis.
    #[track_caller]
    fn border(self, border: Border, axis: isize, count: usize, start: bool) -> Var<'t> {
        let shape = self.shape();
        let length = shape[axis as usize];
        let to = shape.with_length(axis as usize, count);
        match border {
            Border::Constant(value) => self.tape.full(value, to, self.dtype()),
            Border::Reflect if start => self.slice(axis, 1..=count).flip(axis),
            Border::Reflect => self.slice(axis, length - 1 - count..length - 1).flip(axis),
            Border::Replicate if start => self.slice(axis, ..1).broadcast_to(to),
            Border::Replicate => self.slice(axis, length - 1..).broadcast_to(to),
            Border::Circular if start => self.slice(axis, length - count..),
            Border::Circular => self.slice(axis, ..count),
        }
    }

    /// The elements moved along an axis by `shift` places towards its end; those that leave enter at the other end.
    ///
    /// # Panics
    /// If the axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0, 3.0]);
    /// assert_eq!(x.roll(0, 1).to_vec::<f64>(), [3.0, 1.0, 2.0]);
    /// assert_eq!(x.roll(0, -4).to_vec::<f64>(), [2.0, 3.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn roll(self, axis: isize, shift: isize) -> Var<'t> {
        let axis = self.axis("roll", axis);
        let length = self.shape()[axis as usize];
        let first = if length == 0 { 0 } else { (shift as i128).rem_euclid(length as i128) as usize };
        if first == 0 {
            return self;
        }
        let axis = axis as isize;
        Var::concat(&[self.slice(axis, length - first..), self.slice(axis, ..length - first)], axis)
    }

    /// A quarter turn, `turns` times, from the first of two axes towards the second. Nothing is copied.
    ///
    /// # Panics
    /// If an axis does not exist or both are the same.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.rot90(1, [0, 1]).to_vec::<f64>(), [2.0, 4.0, 1.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn rot90(self, turns: isize, axes: [isize; 2]) -> Var<'t> {
        let (a, b) = (self.axis("rot90", axes[0]) as isize, self.axis("rot90", axes[1]) as isize);
        if a == b {
            self.mistake("rot90", format!("axes {axes:?}"), "x").rule("a turn is one of two axes").raise();
        }
        let mut order: Vec<isize> = (0..self.rank() as isize).listed();
        order.swap(a as usize, b as usize);
        match turns.rem_euclid(4) {
            0 => self,
            1 => self.flip(b).permute(&order),
            2 => self.flip([a, b]),
            _ => self.permute(&order).flip(b),
        }
    }

    /// The tensor repeated as a whole, `times` along each axis. More numbers than axes add axes in front.
    ///
    /// # Panics
    /// If there are fewer numbers than axes, or the result has too many elements.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]);
    /// assert_eq!(x.tile(&[2]).to_vec::<f64>(), [1.0, 2.0, 1.0, 2.0]);
    /// assert_eq!(x.tile(&[3, 1]).sum().grad([x])[0].to_vec::<f64>(), [3.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn tile(self, times: &[usize]) -> Var<'t> {
        let shape = self.shape();
        let Some(new) = times.len().checked_sub(shape.len()) else {
            self.mistake("tile", format!("{times:?} for the shape {shape}"), "x")
                .rule("there is a number for each axis")
                .hint("1 leaves an axis as it is")
                .raise()
        };
        let lengths: Vec<usize> = vec![1; new].into_iter().chain(shape.iter().copied()).listed();
        let pairs =
            |first: &[usize]| -> Shape { first.iter().zip(&lengths).flat_map(|(&a, &b)| [a, b]).collect() };
        let (from, to) = (pairs(&vec![1; times.len()]), pairs(times));
        let whole: Vec<usize> = times.iter().zip(&lengths).map(|(&a, &b)| a.saturating_mul(b)).listed();
        self.reshape(from).broadcast_to(to).reshape(whole)
    }

    /// Each element repeated `times` along an axis. A negative axis counts from the end.
    ///
    /// # Panics
    /// If the axis does not exist, or the result has too many elements.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([1.0, 2.0]).repeat_interleave(0, 2).to_vec::<f64>(), [1.0, 1.0, 2.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn repeat_interleave(self, axis: isize, times: usize) -> Var<'t> {
        let axis = self.axis("repeat_interleave", axis) as usize;
        let mut shape = self.shape().to_vec();
        let whole = self.shape().with_length(axis, shape[axis].saturating_mul(times));
        shape.insert(axis + 1, 1);
        let single = self.reshape(&shape[..]);
        shape[axis + 1] = times;
        single.broadcast_to(&shape[..]).reshape(whole)
    }

    /// The elements along an axis, each repeated as often as its number says: a step of the axis may be left out by 0. A
    /// negative axis counts from the end.
    ///
    /// # Panics
    /// If the axis does not exist, or there is not a number for each of its steps.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0, 3.0]);
    /// let y = x.repeat_each(0, &[2, 0, 1]);
    /// assert_eq!(y.to_vec::<f64>(), [1.0, 1.0, 3.0]);
    /// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [2.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn repeat_each(self, axis: isize, times: &[usize]) -> Var<'t> {
        let along = self.axis("repeat_each", axis) as usize;
        let length = self.shape()[along];
        if times.len() != length {
            self.mistake("repeat_each", format!("{} numbers for {length} steps", times.len()), "x")
                .rule(format!("there is a number for each step of axis {along}"))
                .hint("`repeat_interleave` takes one number for all")
                .raise();
        }
        let total = times.iter().fold(0, |sum: usize, &n| sum.saturating_add(n));
        check_memory("repeat_each", &Shape::from(total), DType::I64);
        let mut index = Vec::with_capacity(total);
        times.iter().enumerate().for_each(|(i, &n)| index.resize(index.len() + n, i as i64));
        self.take(axis, self.tape().constant(&index[..]))
    }

    /// An axis brought to another place; the others keep their order. Negative numbers count from the end. Nothing is copied.
    ///
    /// # Panics
    /// If an axis does not exist.
    ///
    /// ```
    /// # use autograd::{Shape, Tape};
    /// let tape = Tape::new();
    /// let x = tape.constant(&[0.0; 24]).reshape([2, 3, 4]);
    /// assert_eq!(x.move_axis(0, -1).shape(), Shape::from([3, 4, 2]));
    /// assert_eq!(x.move_axes(&[0, 2], &[2, 0]).shape(), Shape::from([4, 3, 2]));
    /// ```
    #[track_caller]
    pub fn move_axis(self, from: isize, to: isize) -> Var<'t> {
        self.move_axes(&[from], &[to])
    }

    /// As [`move_axis`](Var::move_axis), several axes at once: axis `from[i]` of `self` is axis `to[i]` of the result.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice, or one list is longer than the other.
    #[track_caller]
    pub fn move_axes(self, from: &[isize], to: &[isize]) -> Var<'t> {
        let mut named = [vec![], vec![]];
        for (axes, named) in [from, to].into_iter().zip(&mut named) {
            for &axis in axes {
                named.push(self.axis("move_axes", axis) as usize);
            }
        }
        let [from, to] = named;
        let twice = |axes: &[usize]| (1..axes.len()).any(|i| axes[..i].contains(&axes[i]));
        if from.len() != to.len() || twice(&from) || twice(&to) {
            self.mistake("move_axes", format!("axes {from:?} to {to:?}"), "x")
                .rule("each axis that moves has one place, and no place takes two")
                .raise();
        }
        let mut others = (0..self.rank()).filter(|axis| !from.contains(axis));
        let mut order = Vec::with_capacity(self.rank());
        for place in 0..self.rank() {
            let moved = to.iter().position(|&a| a == place).map(|i| from[i]);
            order.extend(moved.or_else(|| others.next()).map(|axis| axis as isize));
        }
        self.permute(&order)
    }

    /// Matrices along the diagonal of a larger one, with zeros beside them: \[mᵢ, nᵢ\] give \[Σ mᵢ, Σ nᵢ\].
    ///
    /// # Panics
    /// If there is none, one has another number of axes than 2, or dtypes differ.
    ///
    /// ```
    /// # use autograd::{Tape, Var};
    /// let tape = Tape::new();
    /// let y = Var::block_diag(&[tape.var([[1.0, 2.0]]), tape.var([[3.0], [4.0]])]);
    /// assert_eq!(y.to_vec::<f64>(), [1.0, 2.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn block_diag(blocks: &[Var<'t>]) -> Var<'t> {
        if let Some(block) = blocks.iter().find(|block| block.rank() != 2) {
            block
                .mistake("block_diag", format!("shape {} is no matrix", block.shape()), "x")
                .rule("every block has two axes")
                .hint("`.unsqueeze(0)` makes a row of a vector")
                .raise();
        }
        let columns: usize = blocks.iter().map(|block| block.shape()[1]).sum();
        let mut before = 0;
        let mut rows = Vec::with_capacity(blocks.len());
        for block in blocks {
            let n = block.shape()[1];
            rows.push(block.pad(1, before, columns - before - n));
            before += n;
        }
        Var::concat(&rows, 0)
    }

    /// Parts of the given lengths along an axis. A negative axis counts from the end.
    ///
    /// # Panics
    /// If the axis does not exist, or the lengths do not add up to its length.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let parts = tape.constant([1.0, 2.0, 3.0]).split_into(0, &[1, 2]);
    /// assert_eq!(parts[1].to_vec::<f64>(), [2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn split_into(self, axis: isize, lengths: &[usize]) -> Vec<Var<'t>> {
        let axis = self.axis("split_into", axis);
        let length = self.shape()[axis as usize];
        let total = lengths.iter().try_fold(0usize, |all, &n| all.checked_add(n));
        if total != Some(length) {
            self.mistake("split_into", format!("{lengths:?}"), "x")
                .rule(format!("the lengths add up to {length}, that of axis {axis}"))
                .raise();
        }
        let mut start = 0;
        let mut all = Vec::with_capacity(lengths.len());
        for &length in lengths {
            all.push(record(Slice { axis, start, length }, &[self]));
            start += length;
        }
        all
    }

    /// Parts of `length` along an axis; the last may be shorter. A negative axis counts from the end.
    ///
    /// # Panics
    /// If the axis does not exist or the length is 0.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let parts = tape.constant([1.0, 2.0, 3.0]).chunks(0, 2);
    /// assert_eq!((parts.len(), parts[1].to_vec::<f64>()), (2, vec![3.0]));
    /// ```
    #[track_caller]
    pub fn chunks(self, axis: isize, length: usize) -> Vec<Var<'t>> {
        let axis = self.axis("chunks", axis) as isize;
        if length == 0 {
            self.mistake("chunks", "parts of length 0", "x").rule("a part has at least one place").raise();
        }
        let whole = self.shape()[axis as usize];
        self.check_parts("chunks", whole.div_ceil(length));
        let lengths: Vec<usize> = (0..whole).step_by(length).map(|start| length.min(whole - start)).listed();
        self.split_into(axis, &lengths)
    }

    /// Refuses so many parts that a list of nodes would not hold them: an axis of a tensor without elements may have any length.
    #[track_caller]
    pub(crate) fn check_parts(self, op: &str, parts: usize) {
        const MOST: usize = 1 << 24;
        if parts > MOST {
            self.mistake(op, format!("{parts} parts"), "x")
                .rule(format!("each part is a node: at most {MOST}"))
                .raise();
        }
    }

    /// The coordinates of a grid: the i-th result has the shape of all lengths, and varies along axis i as the i-th vector
    /// does. Nothing is copied.
    ///
    /// # Panics
    /// If one of them has another number of axes than 1.
    ///
    /// ```
    /// # use autograd::{Tape, Var};
    /// let tape = Tape::new();
    /// let (x, y) = (tape.constant([1.0, 2.0]), tape.constant([3.0, 4.0, 5.0]));
    /// let grid = Var::meshgrid(&[x, y]);
    /// assert_eq!(grid[0].to_vec::<f64>(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    /// assert_eq!(grid[1].to_vec::<f64>(), [3.0, 4.0, 5.0, 3.0, 4.0, 5.0]);
    /// ```
    #[track_caller]
    pub fn meshgrid(vectors: &[Var<'t>]) -> Vec<Var<'t>> {
        if let Some(x) = vectors.iter().find(|x| x.rank() != 1) {
            x.mistake("meshgrid", format!("shape {}", x.shape()), "x")
                .rule("the sides of a grid are vectors")
                .raise();
        }
        let to: Shape = vectors.iter().map(|x| x.shape()[0]).collect();
        let mut all = Vec::with_capacity(vectors.len());
        for (axis, x) in vectors.iter().enumerate() {
            let side = Shape::from(vec![1; to.len()]).with_length(axis, to[axis]);
            all.push(x.reshape(side).broadcast_to(&to));
        }
        all
    }

    /// The elements at fixed places of an axis.
    #[track_caller]
    pub(super) fn places(self, axis: Axis, places: impl IntoIterator<Item = usize>) -> Var<'t> {
        let index: Array1<i64> = places.into_iter().map(|i| i as i64).collect();
        record(Take { axis }, &[self, self.tape.constant(index)])
    }
}
