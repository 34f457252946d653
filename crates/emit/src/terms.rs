//! Sums of products whose terms are found one by one, as text: the loops around the terms are the caller's.

use crate::at::At;
use autograd::planned::Order;

/// How products are added. The text has the variables `s` and, where there is more than one chain, `total`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Adds {
    /// A chain of multiply-adds.
    Chain,
    /// Chains of this length, an expression: their sums are added in order.
    Chains(String),
    /// Sixteen chains side by side, folded in halves.
    Lanes,
    /// Rounded products one by one.
    InTurn,
}

impl Adds {
    /// The order of a product of `terms` terms; none is that of rounded products.
    pub(crate) fn of(order: Option<Order>, terms: usize) -> Adds {
        match order {
            None => Adds::InTurn,
            Some(Order::Lanes) => Adds::Lanes,
            Some(Order::Chains { length }) if terms <= length => Adds::Chain,
            Some(Order::Chains { length }) => Adds::Chains(length.to_string()),
        }
    }

    /// Before the first term.
    pub(crate) fn begin(&self, at: &mut At<'_>) {
        let t = at.types().0;
        at.line(match self {
            Adds::Chain | Adds::InTurn => format!("{t} s = 0;"),
            Adds::Chains(length) => {
                format!("{t} s = 0, total = 0;\n  int chains = 0, length = {length}, left = length;")
            }
            Adds::Lanes => format!("{t} lanes[16] = {{0}};\n  int q = 0;"),
        });
    }

    /// One term more.
    pub(crate) fn term(&self, at: &mut At<'_>, a: &str, b: &str) {
        let f = at.types().1;
        at.line(match self {
            Adds::InTurn => format!("s = s + {a} * {b};"),
            Adds::Lanes => format!("lanes[q % 16] = wg_fma{f}({a}, {b}, lanes[q % 16]), ++q;"),
            _ => format!("s = wg_fma{f}({a}, {b}, s);"),
        });
        if matches!(self, Adds::Chains(_)) {
            at.line("if (--left == 0) total = chains++ ? total + s : s, s = 0, left = length;".to_owned());
        }
    }

    /// After the last term: the sum.
    pub(crate) fn end(&self, at: &mut At<'_>) -> String {
        match self {
            Adds::Chain | Adds::InTurn => "s".to_owned(),
            Adds::Chains(_) => {
                at.line("if (left < length) total = chains++ ? total + s : s;".to_owned());
                "total".to_owned()
            }
            Adds::Lanes => {
                self.fill_lanes(at);
                let dtype = at.dtype();
                at.functions.sums(dtype);
                format!("wg_fold{}(lanes)", at.types().1)
            }
        }
    }

    /// Terms of 0·0, until all lanes have equally many.
    pub(crate) fn fill_lanes(&self, at: &mut At<'_>) {
        at.line("for (; q % 16; ++q) lanes[q % 16] = lanes[q % 16] + 0;".to_owned());
    }
}
