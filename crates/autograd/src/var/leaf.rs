//! Leaves: data, variables and parameters.

use super::Var;
use crate::Element;
use crate::buffers::Taken;
use crate::dtype::{DType, Storable};
use crate::ir::{Meta, Op};
use crate::mistake::Mistake;
use crate::params::Param;
use crate::record::{check_size, no_memory};
use crate::shape::Shape;
use crate::tape::Tape;
use crate::tensor::ToTensor;

impl<'p> Tape<'p> {
    /// Records data without a gradient.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let labels = tape.constant(&[0i64, 2, 1]);
    /// assert_eq!(labels.to_vec::<i64>(), [0, 2, 1]);
    /// ```
    #[track_caller]
    pub fn constant<'t>(&'t self, values: impl ToTensor) -> Var<'t>
    where
        'p: 't,
    {
        self.leaf(Op::Constant, values)
    }

    /// Records values that can be differentiated with respect to.
    ///
    /// # Panics
    /// If the values are integers or truth values.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var(3.0);
    /// assert_eq!((x * x).grad([x])[0].item(), 6.0);
    /// ```
    #[track_caller]
    pub fn var<'t, A: ToTensor>(&'t self, values: A) -> Var<'t>
    where
        'p: 't,
    {
        let dtype = A::Elem::DTYPE;
        if !dtype.is_float() {
            Mistake::new(format!("var: values of dtype {dtype} have no derivative"))
                .rule("a variable is F32 or F64")
                .hint("record them with `tape.constant(…)`, or as floating-point numbers")
                .raise();
        }
        self.leaf(Op::Variable, values)
    }

    /// The node of a parameter. Every use gives the same node.
    ///
    /// # Panics
    /// If the tape reads no parameters, or those of another model.
    ///
    /// ```
    /// # use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let b = params.scope("net").param("b", [2], [0.5, 1.0]);
    /// let tape = Tape::with(&params);
    /// assert_eq!((tape.param(b) + b).to_vec::<f64>(), [1.0, 2.0]); // a handle stands for its node
    /// ```
    #[track_caller]
    pub fn param<'t>(&'t self, param: Param) -> Var<'t>
    where
        'p: 't,
    {
        let Some(params) = self.params() else {
            Mistake::new("param: this tape reads no parameters")
                .rule("a layer's handles stand for numbers in a `Params`")
                .hint("make the tape with `Tape::with(&params)`")
                .raise()
        };
        let id = self.list_mut().parameter(param, params);
        self.trap(id);
        Var::new(self, id)
    }

    /// A tensor whose elements are all one number, which is stored once. `F32` takes the nearest number, beyond its range an
    /// infinity. A number beside a variable, such as the 2.0 of `x * 2.0`, is made in this way.
    ///
    /// # Panics
    /// If the dtype does not have the number: for `I64`, if it is no integer in −2⁶³ ≤ n < 2⁶³; for `Bool`, if it is neither
    /// 0 nor 1. If a tensor of this size cannot be addressed.
    ///
    /// ```
    /// # use autograd::{DType, Tape};
    /// let tape = Tape::new();
    /// assert_eq!(tape.full(0.5, [2, 3], DType::F32).sum().item(), 3.0);
    /// assert_eq!(tape.full(1e39, [], DType::F32).item(), f64::INFINITY);
    /// assert_eq!(tape.full(-2f64.powi(63), [1], DType::I64).to_vec::<i64>(), [i64::MIN]);
    /// assert_eq!(tape.full(1.0, [2], DType::Bool).to_vec::<bool>(), [true, true]);
    /// ```
    ///
    /// ```should_panic
    /// # use autograd::{DType, Tape};
    /// Tape::new().full(2f64.powi(63), [], DType::I64); // i64::MAX is 2⁶³ − 1, which no f64 is
    /// ```
    #[track_caller]
    pub fn full<'t>(&'t self, value: f64, shape: impl Into<Shape>, dtype: DType) -> Var<'t>
    where
        'p: 't,
    {
        let shape = shape.into();
        check_size("full", &shape);
        check_number(value, dtype);
        let id = self.list_mut().full(value, shape, dtype);
        self.trap(id);
        Var::new(self, id)
    }

    #[track_caller]
    fn leaf<'t, A: ToTensor>(&'t self, op: Op, values: A) -> Var<'t>
    where
        'p: 't,
    {
        let meta = Meta::new(values.shape(), A::Elem::DTYPE);
        let mut data = self.room(&op, &meta);
        copy_elements(&values, A::Elem::slice_mut(data.elements()));
        self.filled(op, meta, data)
    }

    /// A buffer for a leaf.
    #[track_caller]
    fn room(&self, op: &Op, meta: &Meta) -> Taken {
        check_size(op.name(), &meta.shape);
        let Ok(data) = self.list_mut().pool.take(meta.dtype, meta.shape.elements()) else {
            let fault = no_memory(meta);
            Mistake::new(format!("{}: {fault}", op.name())).rule(fault.rule()).raise()
        };
        data
    }

    #[track_caller]
    fn filled<'t>(&'t self, op: Op, meta: Meta, data: Taken) -> Var<'t>
    where
        'p: 't,
    {
        let mut list = self.list_mut();
        let value = list.pool.keep(data, meta.shape.strides());
        let id = list.leaf(op, meta, value);
        drop(list);
        self.trap(id);
        Var::new(self, id)
    }
}

impl Param {
    /// Its node on a tape, as [`Tape::param`].
    ///
    /// # Panics
    /// As [`Tape::param`].
    ///
    /// ```
    /// # use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [3.0, 4.0]);
    /// let tape = Tape::with(&params);
    /// assert_eq!(w.on(&tape).square().sum().item(), 25.0);
    /// ```
    #[track_caller]
    pub fn on<'t>(self, tape: &'t Tape<'_>) -> Var<'t> {
        tape.param(self)
    }
}

/// Refuses a number that the dtype does not have, instead of another that is near.
#[track_caller]
fn check_number(value: f64, dtype: DType) {
    let beyond = 2f64.powi(63);
    match dtype {
        DType::I64 if value.fract() != 0.0 => Mistake::new(format!("full: {value} is not an integer"))
            .rule("a number beside an I64 tensor becomes I64")
            .hint("convert the tensor with `.cast(DType::F64)`")
            .raise(),
        DType::I64 if !(-beyond..beyond).contains(&value) => {
            Mistake::new(format!("full: {value:e} is out of the range of I64"))
                .rule("a number beside an I64 tensor becomes I64: −2⁶³ ≤ n < 2⁶³")
                .hint("`tape.constant(i64::MAX)` is exact; or convert the tensor with `.cast(DType::F64)`")
                .raise()
        }
        DType::Bool if value != 0.0 && value != 1.0 => {
            Mistake::new(format!("full: {value} is not a truth value"))
                .rule("a number beside a Bool tensor becomes Bool: 0 is false, 1 is true")
                .hint("convert the tensor with `.cast(DType::F64)`")
                .raise()
        }
        DType::F32 | DType::F64 | DType::I64 | DType::Bool => {}
    }
}

/// Writes all elements of a tensor, which need not be contiguous.
fn copy_elements<A: ToTensor>(values: &A, out: &mut [A::Elem]) {
    let gathered;
    let elements = match values.as_elements() {
        Some(elements) => elements,
        None => {
            let mut all = Vec::with_capacity(out.len());
            values.write_to(&mut all);
            gathered = all;
            &gathered
        }
    };
    assert_eq!(elements.len(), out.len(), "a `ToTensor` writes as many elements as its shape has");
    out.copy_from_slice(elements);
}

impl<'t> Var<'t> {
    /// A constant of the same shape and dtype, every element `value`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([1.0, 2.0]).full_like(7.0).to_vec::<f64>(), [7.0, 7.0]);
    /// ```
    #[track_caller]
    pub fn full_like(self, value: f64) -> Var<'t> {
        self.tape.full(value, self.shape(), self.dtype())
    }
}
