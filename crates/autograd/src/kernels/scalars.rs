//! Small computations on single numbers, again and again: one number a register, one instruction a number. It is what a loop
//! of a few operations takes, where the call of a kernel would cost more than its work.

#![expect(unsafe_code, reason = "registers are checked once, and not by every instruction")]

#[cfg(target_arch = "x86_64")]
use super::simd::has_fma;
use crate::dtype::Float;
use crate::math::logistic;
use crate::number::{BinaryRow, Digits, Num, UnaryRow};
use crate::rows::{VisitBinary, VisitUnary};
use crate::table::{Binary, Compare, Unary};
use std::marker::PhantomData;

/// The number of a register.
pub(crate) type Register = u32;

/// A function of two numbers, or of one and its parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Function<T>(unsafe fn(T, T) -> T);

impl<T> Function<T> {
    #[inline(always)]
    pub(crate) fn call(self, a: T, b: T) -> T {
        // SAFETY: `Pointer` makes only functions that this CPU has the instructions for.
        unsafe { (self.0)(a, b) }
    }
}

/// σ(x) and σ(−x), by one exponential.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sigmoids<T>(unsafe fn(T) -> (T, T));

impl<T> Sigmoids<T> {
    #[inline(always)]
    fn call(self, x: T) -> (T, T) {
        // SAFETY: `sigmoids` chooses a function that this CPU has the instructions for.
        unsafe { (self.0)(x) }
    }
}

/// What an instruction does. Truth values are 1 and 0.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act<T> {
    Add,
    Sub,
    Mul,
    /// a·b + c, rounded twice.
    MulThenAdd,
    Div,
    Neg,
    Compare(Compare),
    /// a ≠ 0 ? b : c.
    Select,
    Call(Function<T>),
    /// σ(a). The next instruction is `Second`, which gives σ(−a).
    Sigmoids(Sigmoids<T>),
    /// The second result of the instruction before.
    Second,
}

impl<T> Act<T> {
    /// How many registers it reads.
    pub(crate) fn reads(&self) -> usize {
        match self {
            Act::Second => 0,
            Act::Neg | Act::Sigmoids(_) => 1,
            Act::Add | Act::Sub | Act::Mul | Act::Div | Act::Compare(_) | Act::Call(_) => 2,
            Act::MulThenAdd | Act::Select => 3,
        }
    }

    /// A number that acts have in common which give the same for the same numbers; none for one that depends on its place.
    pub(crate) fn key(&self) -> Option<usize> {
        Some(match self {
            Act::Add => 0,
            Act::Sub => 1,
            Act::Mul => 2,
            Act::Div => 3,
            Act::Neg => 4,
            Act::Select => 5,
            Act::MulThenAdd => 6,
            Act::Sigmoids(_) => 7,
            Act::Compare(c) => 8 + *c as usize,
            // No function lies that low.
            Act::Call(f) => f.0 as usize,
            Act::Second => return None,
        })
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Instruction<T> {
    pub(crate) act: Act<T>,
    pub(crate) x: [Register; 3],
}

/// An act as it runs. What the instruction before gave need not be read back from memory: chains are what small loops consist
/// of. The usual acts know which of their operands that is, the others ask.
#[derive(Clone, Copy, Debug)]
enum Coded<T> {
    Plain(Act<T>),
    AddLast,
    LastSub,
    SubLast,
    MulLast,
    SquareLast,
    /// a·b + last.
    MulThenAddLast,
    /// a·last + c.
    MulLastThenAdd,
    LastDiv,
    DivLast,
}

/// Stands for what the instruction before gave, where an act asks.
const LAST: Register = Register::MAX;

impl<T: Copy> Instruction<T> {
    /// The act behind one that wrote this register, and its operands. Factors and terms may change places.
    fn after(self, last: Option<Register>) -> (Coded<T>, [Register; 3]) {
        let is_last = |x: Register| Some(x) == last;
        let [a, b, c] = self.x;
        match (self.act, is_last(a), is_last(b)) {
            (Act::Add, true, _) => (Coded::AddLast, [b, 0, 0]),
            (Act::Add, _, true) => (Coded::AddLast, [a, 0, 0]),
            (Act::Sub, true, _) => (Coded::LastSub, [b, 0, 0]),
            (Act::Sub, _, true) => (Coded::SubLast, [a, 0, 0]),
            (Act::Mul, true, true) => (Coded::SquareLast, [0; 3]),
            (Act::Mul, true, _) => (Coded::MulLast, [b, 0, 0]),
            (Act::Mul, _, true) => (Coded::MulLast, [a, 0, 0]),
            (Act::MulThenAdd, false, false) if is_last(c) => (Coded::MulThenAddLast, [a, b, 0]),
            (Act::MulThenAdd, true, _) => (Coded::MulLastThenAdd, [b, c, 0]),
            (Act::MulThenAdd, _, true) => (Coded::MulLastThenAdd, [a, c, 0]),
            (Act::Div, true, _) => (Coded::LastDiv, [b, 0, 0]),
            (Act::Div, _, true) => (Coded::DivLast, [a, 0, 0]),
            (act, ..) => (Coded::Plain(act), self.x.map(|x| if is_last(x) { LAST } else { x })),
        }
    }
}

/// Instructions in order. Each writes the register after those of the ones before.
#[derive(Clone, Debug)]
pub(crate) struct Instructions<T> {
    /// The registers before the first instruction's.
    first: usize,
    list: Vec<(Coded<T>, [Register; 3])>,
}

impl<T: Digits + Float> Instructions<T> {
    /// # Panics
    /// If an instruction reads a register that none before it writes.
    pub(crate) fn new(first: usize, list: Vec<Instruction<T>>) -> Instructions<T> {
        let is_written = |(i, instruction): (usize, &Instruction<T>)| {
            instruction.x.iter().all(|&x| (x as usize) < first + i)
        };
        assert!(list.iter().enumerate().all(is_written), "a register is read before it is written");
        let last = |i: usize| i.checked_sub(1).map(|before| (first + before) as Register);
        let coded = list.into_iter().enumerate().map(|(i, instruction)| instruction.after(last(i)));
        Instructions { first, list: coded.collect() }
    }

    /// How many instructions there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// How many registers there are.
    pub(crate) fn registers(&self) -> usize {
        self.first + self.list.len()
    }

    /// Runs all instructions.
    pub(crate) fn run(&self, registers: &mut [T]) {
        assert!(registers.len() >= self.registers());
        let r = registers.as_mut_ptr();
        let (mut last, mut second) = (T::default(), T::default());
        let mut to = r.wrapping_add(self.first);
        for (act, x) in &self.list {
            // SAFETY: `new` checked that each operand lies below the result, whose register exists.
            let read = |k: usize| unsafe { *r.add(x[k] as usize) };
            let at = |k: usize| if x[k] == LAST { last } else { read(k) };
            let y = match act {
                Coded::AddLast => read(0) + last,
                Coded::LastSub => last - read(0),
                Coded::SubLast => read(0) - last,
                Coded::MulLast => read(0) * last,
                Coded::SquareLast => last * last,
                Coded::MulThenAddLast => read(0) * read(1) + last,
                Coded::MulLastThenAdd => read(0) * last + read(1),
                Coded::LastDiv => last / read(0),
                Coded::DivLast => read(0) / last,
                Coded::Plain(Act::Add) => read(0) + read(1),
                Coded::Plain(Act::Sub) => read(0) - read(1),
                Coded::Plain(Act::Mul) => read(0) * read(1),
                Coded::Plain(Act::MulThenAdd) => read(0) * read(1) + read(2),
                Coded::Plain(Act::Div) => read(0) / read(1),
                Coded::Plain(Act::Neg) => -at(0),
                Coded::Plain(Act::Compare(c)) => truth(c.holds(at(0), at(1))),
                Coded::Plain(Act::Select) => at(if at(0) == T::default() { 2 } else { 1 }),
                Coded::Plain(Act::Call(f)) => f.call(at(0), at(1)),
                Coded::Plain(Act::Sigmoids(f)) => {
                    let (y, minus) = f.call(at(0));
                    second = minus;
                    y
                }
                Coded::Plain(Act::Second) => second,
            };
            // SAFETY: there are so many registers.
            unsafe { *to = y };
            (last, to) = (y, to.wrapping_add(1));
        }
    }
}

/// Numbers that go from places of one list to places of another. They are few, and lie anywhere: two instructions that address
/// each cost less than the call that copies a range.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moves {
    /// From where to where.
    list: Vec<(u32, u32)>,
    /// How long the lists are at least.
    from: usize,
    to: usize,
}

impl Moves {
    /// # Panics
    /// If a place is beyond 2³².
    pub(crate) fn new(places: impl Iterator<Item = (usize, usize)>) -> Moves {
        let place = |i: usize| u32::try_from(i).expect("small programs have few numbers");
        let mut moves = Moves::default();
        for (from, to) in places {
            (moves.from, moves.to) = (moves.from.max(from + 1), moves.to.max(to + 1));
            moves.list.push((place(from), place(to)));
        }
        moves
    }

    /// Whether there are none.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// # Panics
    /// If a list is too short.
    #[inline(always)]
    pub(crate) fn run<T: Copy>(&self, from: &[T], to: &mut [T]) {
        assert!(from.len() >= self.from && to.len() >= self.to, "a list is shorter than its places say");
        for &(i, k) in &self.list {
            // SAFETY: no place lies beyond the least length, and the lists are as long.
            unsafe { *to.get_unchecked_mut(k as usize) = *from.get_unchecked(i as usize) };
        }
    }
}

/// A truth value as a number.
fn truth<T: Float>(x: bool) -> T {
    T::from_f64(if x { 1.0 } else { 0.0 })
}

/// The function of a row, for plain numbers. The second number is its parameter.
pub(crate) fn of_unary<T: Digits>(f: Unary) -> Function<T> {
    f.visit(Pointer(PhantomData))
}

/// The function of a row of two arguments.
pub(crate) fn of_binary<T: Digits>(f: Binary) -> Function<T> {
    f.visit(Pointer(PhantomData))
}

/// The two sigmoids of a number.
pub(crate) fn sigmoids<T: Digits>() -> Sigmoids<T> {
    #[inline(always)]
    fn both<T: Digits>(x: T) -> (T, T) {
        let (plus, minus) = logistic(Num(x)).of(Num(x));
        (plus.0, minus.0)
    }
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "fma")]
    fn fma<T: Digits>(x: T) -> (T, T) {
        both(x)
    }
    #[cfg(target_arch = "x86_64")]
    if has_fma() {
        return Sigmoids(fma::<T>);
    }
    Sigmoids(both::<T>)
}

struct Pointer<T>(PhantomData<T>);
impl<T: Digits> VisitUnary for Pointer<T> {
    type Output = Function<T>;
    fn row<F: UnaryRow>(self, _p: f64) -> Function<T> {
        #[inline(always)]
        fn value<F: UnaryRow, T: Digits>(x: T, p: T) -> T {
            F::value(Num(x), Num(p)).0
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "fma")]
        fn fma<F: UnaryRow, T: Digits>(x: T, p: T) -> T {
            value::<F, T>(x, p)
        }
        #[cfg(target_arch = "x86_64")]
        if has_fma() {
            return Function(fma::<F, T>);
        }
        Function(value::<F, T>)
    }
}
impl<T: Digits> VisitBinary for Pointer<T> {
    type Output = Function<T>;
    fn row<F: BinaryRow>(self) -> Function<T> {
        #[inline(always)]
        fn value<F: BinaryRow, T: Digits>(a: T, b: T) -> T {
            F::value(Num(a), Num(b)).0
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "fma")]
        fn fma<F: BinaryRow, T: Digits>(a: T, b: T) -> T {
            value::<F, T>(a, b)
        }
        #[cfg(target_arch = "x86_64")]
        if has_fma() {
            return Function(fma::<F, T>);
        }
        Function(value::<F, T>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_keep_to_the_lists_that_they_were_made_for() {
        let moves = Moves::new([(0, 2), (3, 0)].into_iter());
        let mut to = [0; 3];
        moves.run(&[1, 2, 3, 4], &mut to);
        assert_eq!(to, [4, 0, 1]);
        for (from, to) in [(3, 3), (4, 2)] {
            let short = std::panic::catch_unwind(|| moves.run(&vec![0; from], &mut vec![0; to]));
            assert!(short.is_err(), "{from} and {to} numbers");
        }
    }

    #[test]
    fn every_operand_may_be_what_the_instruction_before_gave() {
        type Plain = fn([f64; 3]) -> f64;
        let acts: [(Act<f64>, Plain); 5] = [
            (Act::Add, |[a, b, _]| a + b),
            (Act::Sub, |[a, b, _]| a - b),
            (Act::Mul, |[a, b, _]| a * b),
            (Act::MulThenAdd, |[a, b, c]| a * b + c),
            (Act::Div, |[a, b, _]| a / b),
        ];
        for (act, plain) in acts {
            for k in 0..27 {
                // Registers 0 and 1 are arguments, and 2 is what the first instruction gives.
                let x = [k % 3, k / 3 % 3, k / 9];
                let list = vec![Instruction { act: Act::Neg, x: [1, 0, 0] }, Instruction { act, x }];
                let mut registers = [0.1, 3.7, 0.0, 0.0];
                Instructions::new(2, list).run(&mut registers);
                assert_eq!(registers[3], plain(x.map(|r| registers[r as usize])), "{act:?} {x:?}");
            }
        }
    }

    #[test]
    fn instructions_write_the_registers_behind_them() {
        let sine = Act::Call(of_unary::<f64>(Unary::Sin));
        let list = vec![
            Instruction { act: Act::Mul, x: [0, 1, 0] },
            Instruction { act: sine, x: [2, 0, 0] },
            Instruction { act: Act::Compare(Compare::Lt), x: [0, 3, 0] },
            Instruction { act: Act::Select, x: [4, 0, 3] },
        ];
        let code = Instructions::new(2, list);
        let mut registers = [0.5, 3.0, 0.0, 0.0, 0.0, 0.0];
        code.run(&mut registers);
        assert_eq!(registers, [0.5, 3.0, 1.5, 1.5f64.sin(), 1.0, 0.5]);
    }
}
