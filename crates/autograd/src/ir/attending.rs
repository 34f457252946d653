//! What attention is told beside its queries, keys and values.

use super::attribute::Attribute;
use std::hash::{Hash, Hasher};

/// Which weights attention has beside those of its products. The operands follow the others in the order of the fields.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Attending {
    /// Whether query i sees the keys 0 to i alone.
    pub causal: bool,
    /// Whether there is a mask, true where a query sees a key.
    pub mask: bool,
    /// Whether there are numbers that are added to the scores.
    pub bias: bool,
    /// The share of weights that are dropped, by a key of random numbers; without one it is 0.
    pub drop: f64,
}

/// What stands for a mask, a bias and a key of random numbers.
#[derive(Clone, Copy, Debug)]
pub struct Beside<X> {
    /// The mask.
    pub mask: Option<X>,
    /// The bias.
    pub bias: Option<X>,
    /// The key.
    pub key: Option<X>,
}

impl Attending {
    /// Tells what follows queries, keys and values apart.
    pub fn beside<X>(&self, x: impl IntoIterator<Item = X>) -> Beside<X> {
        let mut x = x.into_iter();
        let mut next = |given: bool| if given { x.next() } else { None };
        Beside { mask: next(self.mask), bias: next(self.bias), key: next(self.drop > 0.0) }
    }

    /// What a weight that is not dropped is multiplied by: 1/(1 − p), and 0 where all are dropped.
    pub fn factor(&self) -> f64 {
        if self.drop < 1.0 { 1.0 / (1.0 - self.drop) } else { 0.0 }
    }
}

impl Attribute for Attending {
    fn same(&self, other: &Attending) -> bool {
        self == other
    }
    fn mix(&self, state: &mut impl Hasher) {
        (self.causal, self.mask, self.bias, self.drop.to_bits()).hash(state);
    }
    fn text(&self) -> String {
        let mut all: Vec<String> = [(self.causal, "causal"), (self.mask, "mask"), (self.bias, "bias")]
            .into_iter()
            .filter(|(given, _)| *given)
            .map(|(_, name)| name.to_owned())
            .collect();
        if self.drop > 0.0 {
            all.push(format!("drop {}", crate::text::number(self.drop, 6)));
        }
        all.join(" ")
    }
}
