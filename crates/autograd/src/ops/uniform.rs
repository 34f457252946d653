//! Uniform: random numbers in [0, 1), given by a key. Number i is made of block i / n of the key's random words, where n
//! numbers are made of a block: see [`Key`](crate::Key). The key is an integer, so there is no derivative.

use super::prelude::*;
use crate::ir::Uniform;
use crate::key::Key;
use crate::philox::Unit;
use crate::record::check_size;

impl<'t> Var<'t> {
    /// Random numbers in [0, 1), given by a key: `self` is the two words of a [`Key`](crate::Key). The dtype is that of the
    /// parameters that the tape reads, or `F64` without parameters. The numbers of one key are the same in every
    /// computation, and those of a shorter result begin like those of a longer one, in row-major order. There is no derivative.
    ///
    /// `F32` numbers are multiples of 2⁻²⁴, `F64` numbers of 2⁻⁵³. They are the upper bits of one word of Philox4x32-10
    /// (Salmon et al. 2011), or of two.
    ///
    /// Several keys, of \[…, 2\], each give numbers of the shape, as they do alone: \[…, shape\].
    ///
    /// # Panics
    /// If `self` is not `I64` of shape \[…, 2\].
    ///
    /// ```
    /// # use autograd::{Key, Tape};
    /// let tape = Tape::new();
    /// let key = tape.constant(Key::new(1));
    /// let u = key.uniform([2, 3]);
    /// assert!(u.to_vec::<f64>().iter().all(|u| (0.0..1.0).contains(u)));
    /// assert_eq!(u.to_vec::<f64>()[..2], key.uniform([2]).to_vec::<f64>());
    /// ```
    #[track_caller]
    pub fn uniform(self, shape: impl Into<Shape>) -> Var<'t> {
        let dtype = self.tape().params().map_or(DType::F64, |params| params.dtype());
        self.uniform_of(dtype, shape)
    }

    /// As [`uniform`](Var::uniform), of the given dtype.
    ///
    /// # Panics
    /// If `self` is not `I64` of shape \[…, 2\], or the dtype is neither `F32` nor `F64`.
    ///
    /// ```
    /// # use autograd::{DType, Key, Tape};
    /// let tape = Tape::new();
    /// let key = tape.constant(Key::new(0));
    /// let u = key.uniform_of(DType::F32, [1]);
    /// assert_eq!(u.to_vec::<f32>(), [(0x6627e8d5u32 >> 8) as f32 / (1 << 24) as f32]);
    /// ```
    #[track_caller]
    pub fn uniform_of(self, dtype: DType, shape: impl Into<Shape>) -> Var<'t> {
        // A shape beside the dtype would make every node of every list larger. To reshape costs nothing.
        let shape = shape.into();
        check_size("uniform", &shape);
        let numbers = record(Uniform { dtype, count: shape.elements() }, &[self]);
        if shape.len() == 1 {
            return numbers;
        }
        let keys = self.shape();
        numbers.reshape([&keys[..keys.len() - 1], &shape].concat())
    }
}

/// The rule that an operand is a key, if it is none.
pub(super) fn require_key(x: &Meta, operand: usize) -> Result<(), Mismatch> {
    if x.dtype == DType::I64 && x.shape.last() == Some(&2) {
        return Ok(());
    }
    let mismatch = Mismatch::new("a key is two I64 words, of shape [2]").hint(
        "make a key with `Key::new(seed)`, and record it with `tape.constant(key)` or as an input with `t.input_key(…)`",
    );
    Err(if x.dtype == DType::I64 { mismatch } else { mismatch.clash([Clash::DType(operand)]) })
}

/// The keys that an operand holds.
pub(super) fn keys_of<'a>(x: &Strided<'a>) -> impl Iterator<Item = Key> + use<'a> {
    let x = x.view::<i64>();
    let (lead, step) = (x.shape.len() - 1, x.strides[x.shape.len() - 1]);
    indices(&x.shape[..lead]).map(move |entry| {
        let skip: isize = entry.iter().zip(x.strides).map(|(&i, &stride)| i as isize * stride).sum();
        Key::from_words([0, 1].map(|i| x.data[x.offset.wrapping_add_signed(skip + i * step)]))
    })
}

/// The keys that an operand of the oracle holds.
pub(super) fn keys_of_dense(x: &Dense) -> impl Iterator<Item = Key> {
    x.slice::<i64>().chunks_exact(2).map(|words| Key::from_words([words[0], words[1]]))
}

impl Rule for Uniform {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_key(x[0], 0)?;
        if !self.dtype.is_float() {
            let rule = format!("random numbers are F32 or F64, not {}", self.dtype);
            return Err(Mismatch::new(rule)
                .hint("compare them for truth values, scale and `.cast(…)` them for integers"));
        }
        Ok(Meta::new(x[0].shape.with_length(x[0].shape.len() - 1, self.count), self.dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(self.clone())
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, _g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        none()
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, _t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        None
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        with_float!(self.dtype, T => {
            let n = <T as Unit>::PER_BLOCK;
            let numbers = |key: Key| (0..self.count).map(move |i| <T as Unit>::unit(key.block((i / n) as u64), i % n));
            y.write(keys_of_dense(&x[0]).flat_map(numbers));
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => {
            for (key, y) in keys_of(&x[0]).zip(y.slice::<T>().chunks_mut(self.count.max(1))) {
                kernels::random::uniform::<T>(key, y, room.workers);
            }
        });
        Ok(())
    }

    fn needs(&self, _x: &[&Meta], _y: &Meta) -> Needs {
        Needs { shared: self.count >= Target::CPU.threads.numbers_from, ..Needs::default() }
    }
}

#[cfg(test)]
impl Tested for Uniform {
    fn rows() -> Vec<Row> {
        fn numbers<'t>(x: Var<'t>, key: Var<'t>) -> Var<'t> {
            key.uniform_of(x.dtype(), x.shape())
        }
        // One more and one less than whole blocks, for both types.
        let shapes: &[&[usize]] = &[&[], &[0], &[1], &[3, 0], &[3], &[2, 4], &[3, 3], &[2, 3, 7]];
        let mut all =
            rows("uniform", shapes, |x| x.sin() * numbers(x, x.tape().constant(Key::new(5).fold_in(1))));
        all.extend(rows("uniform of a view", &[&[4, 5]], |x| {
            let words = x.tape().constant([3i64, 1, -4, 1]);
            (x - numbers(x, words.slice(0, 1..3).flip(0))).sin()
                * numbers(x, words.reshape([2, 2]).t().index(0, 1))
        }));
        all.extend(rows("uniform of several keys", &[&[2, 3, 2]], |x| {
            let keys = x.tape().constant([[3i64, 1], [-4, 1], [5, 9]]).flip(0);
            numbers(x.index(0, 0).index(-1, 0).broadcast_to([2, 3]), keys) + x.sum()
        }));
        all.extend(rows("uniform of one number", &[&[5]], |x| {
            x * numbers(x, x.tape().full(7.0, [2], DType::I64))
        }));
        all.extend(rows("a mask of random numbers", &[&[6, 7]], |x| {
            numbers(x, x.tape().constant(Key::new(2))).ge(0.25).select(x.exp(), x)
        }));
        all.extend(large("uniform", &[&[160_001]], |x| x.sin() * numbers(x, x.tape().constant(Key::new(5)))));
        all
    }
}
