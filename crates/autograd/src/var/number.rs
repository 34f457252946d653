//! Variables as numbers: what the derivative column of the table computes is recorded.

use super::Var;
use crate::number::{BinaryRow, Number, UnaryRow};
use crate::ops::binary_of;
use crate::record::record;
use crate::table::Compare;

impl<'t> Number for Var<'t> {
    type Mask = Var<'t>;

    #[track_caller]
    fn literal(self, value: f64) -> Var<'t> {
        self.full_like(value)
    }
    #[track_caller]
    fn holds(self, relation: Compare, other: Var<'t>) -> Var<'t> {
        binary_of(relation, self, other)
    }
    #[track_caller]
    fn select(mask: Var<'t>, then: Var<'t>, otherwise: Var<'t>) -> Var<'t> {
        mask.select(then, otherwise)
    }
    #[track_caller]
    fn apply<F: UnaryRow>(self, p: f64) -> Var<'t> {
        record(F::named(p), &[self])
    }
    #[track_caller]
    fn apply_with<F: BinaryRow>(self, other: Var<'t>) -> Var<'t> {
        binary_of(F::NAMED, self, other)
    }
}
