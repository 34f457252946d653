//! Reading values. Reading has no derivative: a number that was read is not connected to the tape any more.

use super::Var;
use crate::dtype::{DataRef, Element};
use crate::kernels::{copy, rows::rows};
use crate::pages::can_be_had;
use crate::record::no_memory;
use crate::view::View;
use ndarray::{ArrayD, IxDyn};

impl Var<'_> {
    /// The only element, as `f64`: exact for `F32`, `F64` and integers up to 2⁵³; a truth value is 0 or 1.
    ///
    /// It has no derivative: results that are computed from the number treat it as a constant.
    ///
    /// # Panics
    /// If there is not exactly one element.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([[2.5]]).item(), 2.5);
    /// ```
    #[track_caller]
    pub fn item(self) -> f64 {
        let list = self.tape.list();
        let shape = &list.node(self.id).meta.shape;
        if shape.elements() != 1 {
            self.mistake("item", format!("x has {} elements", shape.elements()), "x")
                .rule("exactly one element can be read as a number")
                .hint("reduce it with `.sum()` or `.mean()`, or read all with `.to_vec::<f64>()`")
                .raise();
        }
        let x = list.strided(self.id, self.tape.params());
        x.number(x.offset)
    }

    /// All elements in row-major order. They have no derivative.
    ///
    /// # Panics
    /// If `T` is not the type of the elements.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([[1.0, 2.0], [3.0, 4.0]]).t().to_vec::<f64>(), [1.0, 3.0, 2.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn to_vec<T: Element>(self) -> Vec<T> {
        let list = self.tape.list();
        let meta = &list.node(self.id).meta;
        if T::DTYPE != meta.dtype {
            self.mistake(
                "to_vec",
                format!("the elements are {}, asked for as {}", meta.dtype, T::DTYPE),
                "x",
            )
            .rule("elements are read as the type that they have")
            .hint("ask for their own type, or convert with `.cast(…)`")
            .raise();
        }
        let x: View<'_, T> = list.strided(self.id, self.tape.params()).view();
        if !can_be_had(meta.shape.elements().saturating_mul(size_of::<T>())) {
            self.mistake("to_vec", no_memory(meta), "x")
                .rule("every element is copied, also of a tensor that stores one number for all")
                .raise();
        }
        let mut out = vec![T::default(); meta.shape.elements()];
        copy(x, &mut out);
        out
    }

    /// All elements as an `ndarray` array of the same shape. They have no derivative.
    ///
    /// # Panics
    /// If `T` is not the type of the elements.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([[1.0, 2.0]]).to_array::<f64>(), ndarray::array![[1.0, 2.0]].into_dyn());
    /// ```
    #[track_caller]
    pub fn to_array<T: Element>(self) -> ArrayD<T> {
        let values = self.to_vec();
        ArrayD::from_shape_vec(IxDyn(&self.shape()), values).expect("as many elements as the shape has")
    }

    /// Whether there are elements to read: not while a program is traced, and not in the body of a loop.
    ///
    /// ```
    /// use autograd::{Params, Program};
    /// let program = Program::trace(&Params::f64(), |t| {
    ///     let x = t.input("x", []);
    ///     assert!(!x.has_value());
    ///     t.outputs(x)
    /// })?;
    /// assert!(autograd::Tape::new().var(1.0).has_value());
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    pub fn has_value(self) -> bool {
        !self.tape.list().is_traced()
    }

    /// Whether every element is finite.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert!(!tape.var([1.0, 0.0]).ln().is_finite());
    /// ```
    #[track_caller]
    pub fn is_finite(self) -> bool {
        let list = self.tape.list();
        let x = list.strided(self.id, self.tape.params());
        match x.data {
            DataRef::F32(_) => every(x.view(), f32::is_finite),
            DataRef::F64(_) => every(x.view(), f64::is_finite),
            DataRef::I64(_) | DataRef::Bool(_) => true,
        }
    }
}

/// Whether `f` holds for each element.
fn every<T: Copy>(x: View<'_, T>, f: impl Fn(T) -> bool) -> bool {
    let mut all = true;
    rows(x.shape, [x.strides], [x.offset], &mut |n, [start], [step]| {
        all &= (0..n).all(|k| f(x.data[start.wrapping_add_signed(k as isize * step)]));
    });
    all
}
