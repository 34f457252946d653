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

/// Instructions in order. Each writes the register after those of the ones before.
#[derive(Clone, Debug)]
pub(crate) struct Instructions<T> {
    /// The registers before the first instruction's.
    first: usize,
    list: Vec<Instruction<T>>,
}

impl<T: Digits + Float> Instructions<T> {
    /// # Panics
    /// If an instruction reads a register that none before it writes.
    pub(crate) fn new(first: usize, list: Vec<Instruction<T>>) -> Instructions<T> {
        let is_written = |(i, instruction): (usize, &Instruction<T>)| {
            instruction.x.iter().all(|&x| (x as usize) < first + i)
        };
        assert!(list.iter().enumerate().all(is_written), "a register is read before it is written");
        Instructions { first, list }
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
        // What the instruction before gave need not be read back from memory: chains are what small loops consist of.
        let (mut last, mut last_register) = (T::default(), Register::MAX);
        let mut second = T::default();
        for (i, Instruction { act, x }) in self.list.iter().enumerate() {
            let at = |k: usize| match x[k] == last_register {
                true => last,
                // SAFETY: `new` checked that each operand lies below the result, whose register exists.
                false => unsafe { *r.add(x[k] as usize) },
            };
            let y = match act {
                Act::Add => at(0) + at(1),
                Act::Sub => at(0) - at(1),
                Act::Mul => at(0) * at(1),
                Act::MulThenAdd => at(0) * at(1) + at(2),
                Act::Div => at(0) / at(1),
                Act::Neg => -at(0),
                Act::Compare(c) => truth(c.holds(at(0), at(1))),
                Act::Select => at(if at(0) == T::default() { 2 } else { 1 }),
                Act::Call(f) => f.call(at(0), at(1)),
                Act::Sigmoids(f) => {
                    let (y, minus) = f.call(at(0));
                    second = minus;
                    y
                }
                Act::Second => second,
            };
            // SAFETY: there are so many registers.
            unsafe { *r.add(self.first + i) = y };
            (last, last_register) = (y, (self.first + i) as Register);
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
