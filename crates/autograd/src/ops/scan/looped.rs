//! How loops are recorded: [`Tape::scan`], [`Tape::scan_back`] and [`Tape::while_loop`].

use super::parts::results;
use crate::dtype::DType;
use crate::ir::Meta;
use crate::mistake::Mistake;
use crate::record::{Given, Recording};
use crate::tape::Tape;
use crate::var::Var;

/// Variables that belong together: a `Var`, an array or a `Vec` of them, or `()` for none. What a loop carries, reads and gives
/// is a group.
///
/// ```
/// use autograd::{Group, Tape};
/// let tape = Tape::new();
/// let pair = [tape.var(1.0), tape.var(2.0)];
/// let doubled = pair.with_members(pair.members().iter().map(|x| *x * 2.0).collect());
/// assert_eq!((doubled[0].item(), doubled[1].item()), (2.0, 4.0));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no group of variables",
    label = "neither a `Var`, an array or `Vec` of them, nor `()`"
)]
pub trait Group<'t>: Sized {
    /// All of them, in order.
    fn members(&self) -> &[Var<'t>];

    /// Others in their place, as many.
    fn with_members(&self, members: Vec<Var<'t>>) -> Self;
}
impl<'t> Group<'t> for Var<'t> {
    fn members(&self) -> &[Var<'t>] {
        std::slice::from_ref(self)
    }
    fn with_members(&self, members: Vec<Var<'t>>) -> Var<'t> {
        members[0]
    }
}
impl<'t, const N: usize> Group<'t> for [Var<'t>; N] {
    fn members(&self) -> &[Var<'t>] {
        self
    }
    fn with_members(&self, members: Vec<Var<'t>>) -> [Var<'t>; N] {
        std::array::from_fn(|i| members[i])
    }
}
impl<'t> Group<'t> for Vec<Var<'t>> {
    fn members(&self) -> &[Var<'t>] {
        self
    }
    fn with_members(&self, members: Vec<Var<'t>>) -> Vec<Var<'t>> {
        members
    }
}
impl<'t> Group<'t> for () {
    fn members(&self) -> &[Var<'t>] {
        &[]
    }
    fn with_members(&self, _members: Vec<Var<'t>>) {}
}

/// The loop that is recorded, as its mistakes name it.
struct Asked<'a, 't> {
    tape: &'t Tape<'t>,
    name: &'a str,
}

impl<'p> Tape<'p> {
    /// Runs a body `steps` times: hₜ₊₁, yₜ = body(hₜ, xₜ). It returns the last carry, and all yₜ, stacked along a new first axis.
    ///
    /// The body is recorded once and planned once, so that a program of a thousand steps is as short as one of ten. It may use
    /// any variable or parameter around it; all are differentiated, at any order. The values are those of an ordinary
    /// loop over the steps, to the last bit. The carry is one variable or several, of any shapes and dtypes; `inputs` have
    /// the steps along their first axis. `()` stands for no inputs or no results.
    ///
    /// Memory: the carry before each step and the products of matrices are kept for derivatives, and all else is computed again,
    /// step by step. A program that needs no derivative keeps neither. To keep less, run a scan within a scan: √n outer steps of √n
    /// inner ones keep 2·√n carries at a time.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (a, x) = (tape.var(0.5), tape.constant([1.0, 2.0, 4.0]));
    /// let (last, all) = tape.scan(3, tape.constant(0.0), x, |h, x| {
    ///     let h = h * a + x; // a leaky sum
    ///     (h, h)
    /// });
    /// assert_eq!(all.to_vec::<f64>(), [1.0, 2.5, 5.25]);
    /// assert_eq!(last.grad([a])[0].item(), 3.0); // 2·a·x₀ + x₁
    /// ```
    ///
    /// Heun's method for ẏ = −y, 100 steps of 0.01:
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let y0 = tape.var(1.0);
    /// let (y, ()) = tape.scan(100, y0, (), |y, ()| {
    ///     let guess = y - y * 0.01;
    ///     (y - (y + guess) * 0.005, ())
    /// });
    /// assert!((y.item() - (-1.0f64).exp()).abs() < 1e-5);
    /// assert!((y.grad([y0])[0].item() - (-1.0f64).exp()).abs() < 1e-5);
    /// ```
    ///
    /// # Panics
    /// If the first axis of an input is not `steps` long, or the body carries on other shapes or dtypes than it was
    /// given; if a variable of the body is used after it; and where recording does.
    #[track_caller]
    pub fn scan<'t, C: Group<'t>, X: Group<'t>, Y: Group<'t>>(
        &'t self,
        steps: usize,
        carry: C,
        inputs: X,
        body: impl FnOnce(C, X) -> (C, Y),
    ) -> (C, Y)
    where
        'p: 't,
    {
        Asked { tape: self, name: "scan" }.record(steps, false, carry, inputs, body)
    }

    /// As [`scan`](Tape::scan), from the last step to the first: hₜ, yₜ = body(hₜ₊₁, xₜ).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let rewards = tape.constant([1.0, 0.0, 2.0]);
    /// let (_, returns) = tape.scan_back(3, tape.constant(0.0), rewards, |later, r| {
    ///     let g = r + later * 0.5; // a discounted return
    ///     (g, g)
    /// });
    /// assert_eq!(returns.to_vec::<f64>(), [1.5, 1.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// As [`scan`](Tape::scan).
    #[track_caller]
    pub fn scan_back<'t, C: Group<'t>, X: Group<'t>, Y: Group<'t>>(
        &'t self,
        steps: usize,
        carry: C,
        inputs: X,
        body: impl FnOnce(C, X) -> (C, Y),
    ) -> (C, Y)
    where
        'p: 't,
    {
        Asked { tape: self, name: "scan_back" }.record(steps, true, carry, inputs, body)
    }

    /// Runs a body while a condition holds, at most `bound` times.
    ///
    /// The bound makes the loop differentiable: what the steps carried is kept for the way back. Steps after the last one
    /// leave the carry as it is; they cost time, and have the slope of the identity.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var(2.0);
    /// // Newton's method for √2, until it moves by less than 10⁻¹⁰.
    /// let start = [x, x + 1.0];
    /// let [root, _] = tape.while_loop(50, start, |[y, before]| (y - before).abs().gt(1e-10), |[y, _]| {
    ///     [(y + x / y) * 0.5, y]
    /// });
    /// assert!((root.item() - 2f64.sqrt()).abs() < 1e-12);
    /// assert!((root.grad([x])[0].item() - 0.5 / 2f64.sqrt()).abs() < 1e-9);
    /// ```
    ///
    /// # Panics
    /// If the condition is not one truth value, and as [`scan`](Tape::scan).
    #[track_caller]
    pub fn while_loop<'t, C: Group<'t>>(
        &'t self,
        bound: usize,
        carry: C,
        condition: impl FnOnce(C) -> Var<'t>,
        body: impl FnOnce(C) -> C,
    ) -> C
    where
        'p: 't,
    {
        let asked = Asked { tape: self, name: "while_loop" };
        let first = carry.members().to_vec();
        let (last, ()) = asked.record(bound, false, first, (), |now: Vec<Var<'t>>, ()| {
            let goes_on = condition(carry.with_members(now.clone()));
            asked.check_condition(goes_on);
            let next = body(carry.with_members(now.clone()));
            asked.check_carried(&now, next.members());
            let chosen = next
                .members()
                .iter()
                .zip(&now)
                .map(|(next, now)| goes_on.broadcast_to(next.shape()).select(*next, *now));
            (chosen.collect(), ())
        });
        carry.with_members(last)
    }
}

impl<'t> Asked<'_, 't> {
    #[track_caller]
    fn record<C: Group<'t>, X: Group<'t>, Y: Group<'t>>(
        &self,
        steps: usize,
        reverse: bool,
        carry: C,
        inputs: X,
        body: impl FnOnce(C, X) -> (C, Y),
    ) -> (C, Y) {
        let (first, read) = (carry.members(), inputs.members());
        let mut arguments = vec![];
        for x in first {
            self.check_tape(*x);
            arguments.push(Meta::new(x.shape(), x.dtype()));
        }
        for (i, x) in read.iter().enumerate() {
            self.check_tape(*x);
            arguments.push(self.of_one_step(i, *x, steps));
        }
        let carried = first.len();
        let recording = Recording::begin(self.tape, &arguments);
        let mut now = recording.arguments();
        let x = now.split_off(carried);
        let (next, y) = body(carry.with_members(now.clone()), inputs.with_members(x));
        for x in next.members().iter().chain(y.members()) {
            self.check_tape(*x);
        }
        self.check_carried(&now, next.members());
        let given = Given { carried, captured: 0, stacked: y.members().len(), hoists: true };
        let (body, captured) = recording.end(&[next.members(), y.members()].concat(), given, &[]);
        let operands = [first, read, &captured].concat();
        if operands.is_empty() {
            Mistake::new(format!("{}: nothing is carried, read or used", self.name))
                .rule("a loop computes from something around it")
                .raise();
        }
        let results = results(body, steps, reverse, true, &operands);
        let (last, stacked) = results.split_at(carried);
        (next.with_members(last.to_vec()), y.with_members(stacked.to_vec()))
    }

    #[track_caller]
    fn check_tape(&self, x: Var<'t>) {
        if !std::ptr::eq(x.address(), self.tape.address()) {
            x.mistake(self.name, "a variable of another tape", "x")
                .rule("a loop and what it uses are on one tape")
                .raise();
        }
    }

    /// What one step reads of an input.
    #[track_caller]
    fn of_one_step(&self, number: usize, x: Var<'t>, steps: usize) -> Meta {
        let shape = x.shape();
        if shape.first() != Some(&steps) {
            x.mistake(self.name, format!("input {number} has shape {shape}"), "x")
                .rule(format!("each input has the {steps} steps along its first axis"))
                .hint("`permute` brings the axis of the steps to the front")
                .raise();
        }
        Meta::new(shape.without(&[0]), x.dtype())
    }

    #[track_caller]
    fn check_carried(&self, now: &[Var<'t>], next: &[Var<'t>]) {
        if now.len() != next.len() {
            Mistake::new(format!(
                "{}: its body carries on {} variables of {}",
                self.name,
                next.len(),
                now.len()
            ))
            .rule("each step carries on what it was given")
            .raise();
        }
        for (i, (now, next)) in now.iter().zip(next).enumerate() {
            if (now.shape(), now.dtype()) != (next.shape(), next.dtype()) {
                let is = |x: &Var<'t>| format!("{} {}", x.shape(), x.dtype());
                next.mistake(
                    self.name,
                    format!("carry {i} was {} and becomes {}", is(now), is(next)),
                    "next",
                )
                .rule("a carry keeps its shape and dtype from step to step")
                .raise();
            }
        }
    }

    #[track_caller]
    fn check_condition(&self, goes_on: Var<'t>) {
        self.check_tape(goes_on);
        if goes_on.dtype() != DType::Bool || !goes_on.shape().is_empty() {
            goes_on
                .mistake(
                    self.name,
                    format!("the condition is {} {}", goes_on.shape(), goes_on.dtype()),
                    "condition",
                )
                .rule("a condition is one truth value, such as `x.sum().gt(0.0)`")
                .raise();
        }
    }
}
