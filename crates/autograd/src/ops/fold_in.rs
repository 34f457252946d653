//! Fold-in: the key that a key and a number give: see [`Key::fold_in`](crate::Key::fold_in). Keys have no derivative.

use super::prelude::*;
use super::uniform::{keys_of, keys_of_dense, require_key};
use crate::ir::FoldIn;

impl<'t> Var<'t> {
    /// The key that belongs to a number, as [`Key::fold_in`](crate::Key::fold_in) gives it: `self` is the two words of a
    /// [`Key`](crate::Key), and so is the result. A computation that draws several times gives each draw a key of its own.
    ///
    /// # Panics
    /// If `self` is not `I64` of shape \[…, 2\]: one key, or several.
    ///
    /// ```
    /// # use autograd::{Key, Tape};
    /// let tape = Tape::new();
    /// let key = Key::new(1);
    /// assert_eq!(tape.constant(key).fold_in(3).to_vec::<i64>(), key.fold_in(3).words());
    /// ```
    #[track_caller]
    pub fn fold_in(self, n: u64) -> Var<'t> {
        record(FoldIn { n }, &[self])
    }
}

impl Rule for FoldIn {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_key(x[0], 0)?;
        Ok(x[0].clone())
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
        y.write(keys_of_dense(&x[0]).flat_map(|key| key.fold_in(self.n).words()));
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        y.write(keys_of(&x[0]).flat_map(|key| key.fold_in(self.n).words()));
        Ok(())
    }
}

#[cfg(test)]
impl Tested for FoldIn {
    fn rows() -> Vec<Row> {
        use crate::Key;
        // All bits of the words count, so they are compared in pieces that a float can hold.
        fn pieces<'t>(x: Var<'t>, key: Var<'t>) -> Var<'t> {
            let high = key.cast(DType::F64).square().sqrt().cast(x.dtype());
            x * high * 1e-18 + key.uniform_of(x.dtype(), [2])
        }
        let mut all =
            rows("fold_in", &[&[2]], |x| pieces(x, x.tape().constant(Key::new(9)).fold_in(u64::MAX)));
        all.extend(rows("fold_in of a view", &[&[2]], |x| {
            pieces(x, x.tape().constant([3i64, 1, -4]).flip(0).slice(0, 0..2).fold_in(1).fold_in(0))
        }));
        all.extend(large("fold_in", &[&[320, 500]], |x| {
            x.sin() * x.tape().constant(Key::new(9)).fold_in(1).uniform_of(x.dtype(), x.shape())
        }));
        all
    }
}
