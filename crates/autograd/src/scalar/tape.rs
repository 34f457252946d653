//! The list, and variables as functions of its nodes.

use super::list::{List, NO_NUMBER, NONE};
use std::fmt;

/// A list of scalar operations, recorded while they are computed.
///
/// ```
/// use autograd::scalar::Tape;
/// let mut tape = Tape::new();
/// for n in 1..4 {
///     let x = tape.var(f64::from(n));
///     let y = (x * x + 3.0 * x).ln();
///     let slope = (2.0 * x.value() + 3.0) / y.value().exp();
///     assert!((y.grad([x])[0] - slope).abs() < 1e-15);
///     tape.clear(); // the memory stays, so that the next round allocates nothing
/// }
/// ```
///
/// No variable survives a [`clear`](Tape::clear):
///
/// ```compile_fail,E0502
/// let mut tape = autograd::scalar::Tape::new();
/// let x = tape.var(1.0);
/// tape.clear();
/// x.value();
/// ```
pub struct Tape {
    pub(super) list: List,
}

/// In the place of a second node: there is none, and the variable *is* its first node, not just a function of it.
const ITSELF: u32 = NO_NUMBER;

/// A number on a tape: a value y, and dy = s₁·dn₁ + s₂·dn₂ with at most two nodes n.
///
/// It takes operators with other variables and with numbers on both sides, and every function of the table that tensors
/// have. Comparisons compare values.
///
/// ```
/// use autograd::scalar::Tape;
/// let tape = Tape::new();
/// let (a, b) = (tape.var(3.0), tape.var(4.0));
/// let h = a.hypot(b);
/// assert!(h == 5.0 && h > b);
/// let [da, db] = (2.0 - h).grad([a, b]);
/// assert!((da + 0.6).abs() < 1e-15 && (db + 0.8).abs() < 1e-15);
/// ```
#[derive(Clone, Copy)]
pub struct Var<'t> {
    pub(super) tape: &'t Tape,
    pub(super) value: f64,
    /// 0 where there is no node.
    pub(super) slopes: [f64; 2],
    pub(super) nodes: [u32; 2],
}

impl Tape {
    /// An empty tape.
    pub fn new() -> Tape {
        Tape { list: List::new() }
    }

    /// A variable to differentiate with respect to: a node of its own.
    #[track_caller]
    #[inline]
    pub fn var(&self, value: f64) -> Var<'_> {
        self.node(value, [0.0; 3], [NONE; 3])
    }

    /// A number without a derivative. It takes no place on the tape.
    #[inline]
    pub fn constant(&self, value: f64) -> Var<'_> {
        Var { tape: self, value, slopes: [0.0; 2], nodes: [NONE; 2] }
    }

    /// Forgets all nodes and keeps their memory. Every `Var` has to be gone, which the compiler checks.
    pub fn clear(&mut self) {
        self.list.clear();
    }

    /// How many nodes are recorded: inputs, and results of three terms.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that the tape holds, 48 for each node that it has room for.
    ///
    /// ```
    /// let tape = autograd::scalar::Tape::new();
    /// let (a, b, c) = (tape.var(1.0), tape.var(2.0), tape.var(3.0));
    /// let product = (a.sin() * b + 1.0).exp(); // a function of two variables: nothing is recorded
    /// let _sum = product + c;
    /// assert!(tape.len() == 4 && tape.bytes() >= 4 * 48);
    /// ```
    pub fn bytes(&self) -> usize {
        self.list.bytes()
    }

    /// Records a node.
    #[track_caller]
    #[inline(always)]
    fn node(&self, value: f64, partials: [f64; 3], from: [u32; 3]) -> Var<'_> {
        let node = self.list.push(partials, from);
        Var { tape: self, value, slopes: [1.0, 0.0], nodes: [node, ITSELF] }
    }
}

impl Default for Tape {
    fn default() -> Tape {
        Tape::new()
    }
}

impl<'t> Var<'t> {
    /// Its number.
    #[inline]
    pub fn value(self) -> f64 {
        self.value
    }

    /// The same value as a node of its own, so that derivatives with respect to it can be asked for.
    ///
    /// ```
    /// let tape = autograd::scalar::Tape::new();
    /// let x = tape.var(3.0);
    /// let z = (2.0 * x).node();
    /// assert_eq!((z * x).grad([x, z]), [12.0, 3.0]); // 2x², and z·x with x held fixed
    /// ```
    #[track_caller]
    #[inline(always)]
    pub fn node(self) -> Var<'t> {
        let ([s, t], [m, n]) = (self.slopes, self.plain().nodes);
        self.tape.node(self.value, [s, t, 0.0], [m, n, NONE])
    }

    /// Whether it is a node and not a function of others.
    pub(super) fn is_node(self) -> bool {
        self.nodes[1] == ITSELF
    }

    /// Without the mark that it is a node.
    #[inline(always)]
    pub(super) fn plain(self) -> Var<'t> {
        let second = if self.nodes[1] == ITSELF { NONE } else { self.nodes[1] };
        Var { nodes: [self.nodes[0], second], ..self }
    }

    /// Whether its second node is one, neither [`NONE`] nor [`ITSELF`].
    #[inline(always)]
    fn has_two_terms(self) -> bool {
        self.nodes[1].wrapping_add(1) > 1
    }

    /// y = f(x), where f′ is `slope`.
    #[inline(always)]
    pub(super) fn chain(self, value: f64, slope: f64) -> Var<'t> {
        let slopes = [slope * self.slopes[0], slope * self.slopes[1]];
        Var { value, slopes, ..self.plain() }
    }

    /// As [`chain`](Var::chain), where the slope may be infinite or NaN: a coefficient that is 0 stays it.
    #[inline(always)]
    pub(super) fn chain_at_pole(self, value: f64, slope: f64) -> Var<'t> {
        self.without_zeros(slope).chain(value, slope)
    }

    /// As [`join`](Var::join), where the slopes may be infinite or NaN: a coefficient that is 0 stays it.
    #[track_caller]
    #[inline(always)]
    pub(super) fn join_at_pole(value: f64, a: Var<'t>, da: f64, b: Var<'t>, db: f64) -> Var<'t> {
        Var::join(value, a.without_zeros(da), da, b.without_zeros(db), db)
    }

    /// A constant, if the slope is 0: what is not looked at may have infinite coefficients.
    #[inline(always)]
    pub(super) fn unless_zero(self, slope: f64) -> Var<'t> {
        if slope == 0.0 { self.tape.constant(self.value) } else { self }
    }

    /// Without the terms whose coefficient is 0, if the slope is not finite.
    #[inline(always)]
    fn without_zeros(self, slope: f64) -> Var<'t> {
        if slope.is_finite() { self } else { self.used() }
    }

    #[cold]
    fn used(mut self) -> Var<'t> {
        for i in 0..2 {
            if self.slopes[i] == 0.0 && self.nodes[i] != ITSELF {
                self.nodes[i] = NONE;
            }
        }
        // The first one is what tells a constant.
        if self.nodes[0] == NONE && self.has_two_terms() {
            (self.slopes, self.nodes) = ([self.slopes[1], 0.0], [self.nodes[1], NONE]);
        }
        self
    }

    /// y = f(a, b), where ∂f/∂a and ∂f/∂b are `da` and `db`: a form of two terms, or a node.
    ///
    /// All of it is inlined, so that variables stay in registers: a variable that passes through memory, written by fields and
    /// read as a whole, costs more than the rest together.
    #[track_caller]
    #[inline(always)]
    pub(super) fn join(value: f64, a: Var<'t>, da: f64, b: Var<'t>, db: f64) -> Var<'t> {
        if b.nodes[0] == NONE {
            return a.chain(value, da);
        }
        if a.nodes[0] == NONE {
            return b.chain(value, db);
        }
        if !std::ptr::eq(a.tape, b.tape) {
            foreign();
        }
        if !a.has_two_terms() {
            if b.has_two_terms() {
                let partials = [da * a.slopes[0], db * b.slopes[0], db * b.slopes[1]];
                return a.tape.node(value, partials, [a.nodes[0], b.nodes[0], b.nodes[1]]);
            }
            let slopes = [da * a.slopes[0], db * b.slopes[0]];
            if a.nodes[0] != b.nodes[0] {
                return Var { tape: a.tape, value, slopes, nodes: [a.nodes[0], b.nodes[0]] };
            }
            return Var {
                tape: a.tape,
                value,
                slopes: [slopes[0] + slopes[1], 0.0],
                nodes: [a.nodes[0], NONE],
            };
        }
        let b = if b.has_two_terms() { b.node() } else { b };
        let partials = [da * a.slopes[0], da * a.slopes[1], db * b.slopes[0]];
        a.tape.node(value, partials, [a.nodes[0], a.nodes[1], b.nodes[0]])
    }
}

#[cold]
#[track_caller]
fn foreign() -> ! {
    panic!(
        "the operands are on different tapes\n  rule: a computation is recorded on one tape\n  \
         hint: record the value anew with `tape.var(…)` or `tape.constant(…)`"
    )
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scalar tape of {} nodes", self.len())
    }
}

impl fmt::Debug for Var<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ([s, t], [m, n]) = (self.slopes, self.nodes);
        write!(f, "{}", self.value)?;
        if m != NONE {
            write!(f, ", d = {s}·dn{m}")?;
        }
        if self.has_two_terms() {
            write!(f, " + {t}·dn{n}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Var<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}
