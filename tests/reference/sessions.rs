//! Evaluates a case in every way of the engine: eagerly, and as a program.

use std::cell::RefCell;
use std::collections::VecDeque;

use autograd::{AnyTensor, DType, Element, Params, Passes, Program, Replay, Run, Tape, Var};
use ndarray::ArrayD;

use crate::array::Array;
use crate::compare::{Tolerance, compare};
use crate::format::Case;
use crate::runner::{Fault, Results};

/// Makes a choice of passes.
type Choice = fn() -> Passes;

/// The ways to plan a program, with their names in reports.
pub(crate) const PLANS: [(&str, Choice); 2] =
    [("as a program", Passes::all), ("as a program without passes", Passes::none)];

/// Where a case is recorded, and what its leaves and its results are there.
pub(crate) struct Session<'t> {
    pub(crate) tape: &'t Tape<'t>,
    way: Way<'t>,
}

enum Way<'t> {
    Eager,
    /// Recording a program: the arrays of its inputs, and its outputs.
    Recording(RefCell<(Vec<Array>, Vec<Var<'t>>)>),
    /// The same again when the program has run: its outputs, in order.
    Reading(RefCell<VecDeque<Array>>),
}

impl<'t> Session<'t> {
    pub(crate) fn eager(tape: &'t Tape<'t>) -> Self {
        Session { tape, way: Way::Eager }
    }

    /// Records a stored array: as a variable, as a constant, or as an input of the program. The engine has no bytes:
    /// they become integers.
    pub(crate) fn leaf(&self, array: &Array, differentiated: bool) -> Var<'t> {
        if let Way::Recording(recorded) = &self.way {
            let given = match array {
                Array::U8(a) => Array::I64(a.mapv(i64::from)),
                other => other.clone(),
            };
            let tensor = tensor(&given);
            let mut recorded = recorded.borrow_mut();
            let name = format!("x{}", recorded.0.len());
            let input = self.tape.input_of(&name, tensor.dtype(), given.shape());
            recorded.0.push(given);
            return input;
        }
        match array {
            Array::F64(a) if differentiated => self.tape.var(a),
            Array::F32(a) if differentiated => self.tape.var(a),
            Array::F64(a) => self.tape.constant(a),
            Array::F32(a) => self.tape.constant(a),
            Array::I64(a) => self.tape.constant(a),
            Array::U8(a) => self.tape.constant(a.mapv(i64::from)),
            Array::Bool(a) => self.tape.constant(a),
        }
    }

    /// The elements of a variable. An eager one is read by [`read`].
    pub(crate) fn read(&self, case: &Case, var: Var<'t>) -> Result<Array, Fault> {
        match &self.way {
            Way::Eager => read(case, var),
            Way::Recording(recorded) => {
                recorded.borrow_mut().1.push(var);
                let zeros = ArrayD::<f64>::zeros(&var.shape()[..]);
                Ok(match var.dtype() {
                    DType::F64 => zeros.into(),
                    DType::F32 => zeros.mapv(|x| x as f32).into(),
                    DType::I64 => zeros.mapv(|x| x as i64).into(),
                    _ => zeros.mapv(|x| x != 0.0).into(),
                })
            }
            Way::Reading(values) => {
                Ok(values.borrow_mut().pop_front().expect("as many reads as when recorded"))
            }
        }
    }
}

/// Records a stored array on an eager tape.
pub(crate) fn leaf<'t>(tape: &'t Tape<'t>, array: &Array, differentiated: bool) -> Var<'t> {
    Session::eager(tape).leaf(array, differentiated)
}

pub(crate) fn tensor(array: &Array) -> &dyn AnyTensor {
    match array {
        Array::F64(a) => a,
        Array::F32(a) => a,
        Array::I64(a) => a,
        Array::Bool(a) => a,
        Array::U8(_) => unreachable!("bytes have become integers"),
    }
}

/// The elements of an eager variable, which the oracle has to find again when it replays the tape.
pub(crate) fn read(case: &Case, var: Var<'_>) -> Result<Array, Fault> {
    fn twice<T: Element>(var: Var<'_>) -> (Array, Array)
    where
        Array: From<ArrayD<T>>,
    {
        (var.to_array::<T>().into(), Replay::of(var).run::<T>().into())
    }
    let (eager, replayed) = match var.dtype() {
        DType::F64 => twice::<f64>(var),
        DType::F32 => twice::<f32>(var),
        DType::I64 => twice::<i64>(var),
        _ => twice::<bool>(var),
    };
    let tolerance = Tolerance { rtol: case.rtol, atol: case.atol, by_largest: false };
    match compare(&replayed, &eager, tolerance, |_, _| true) {
        None => Ok(eager),
        Some(mismatch) => Err(Fault::Mismatch(format!("{var:?}, replayed by the oracle{mismatch}"))),
    }
}

/// Evaluates a case eagerly, and if it is one that has results, as programs too.
pub(crate) fn each_way(
    case: &Case,
    params: &Params,
    evaluate: impl for<'t> Fn(&Session<'t>) -> Result<Results, Fault>,
) -> Result<Results, Fault> {
    let mut results = evaluate(&Session::eager(&Tape::with(params)))?;
    for (name, passes) in PLANS {
        if !case.must_refuse {
            results.planned(name, as_program(passes(), params, &evaluate)?);
        }
    }
    Ok(results)
}

fn as_program(
    passes: Passes,
    params: &Params,
    evaluate: &impl for<'t> Fn(&Session<'t>) -> Result<Results, Fault>,
) -> Result<Results, Fault> {
    let (mut given, mut dtypes, mut failed) = (vec![], vec![], None);
    let program = Program::trace_with(passes, params, |tape| {
        let session = Session { tape, way: Way::Recording(RefCell::default()) };
        failed = evaluate(&session).err();
        let Way::Recording(recorded) = session.way else { unreachable!("made above") };
        let (arrays, outputs) = recorded.into_inner();
        given = arrays;
        dtypes = outputs.iter().map(|y| y.dtype()).collect();
        tape.outputs(outputs)
    });
    if let Some(fault) = failed {
        return Err(fault);
    }
    let program = program.map_err(Fault::refused)?;
    let inputs: Vec<&dyn AnyTensor> = given.iter().map(tensor).collect();
    let mut state = program.state();
    let run = program.run(&mut state, params, &inputs[..]).map_err(Fault::refused)?;
    let values = dtypes.iter().enumerate().map(|(i, &dtype)| output(&run, i, dtype)).collect();
    let tape = Tape::with(params);
    evaluate(&Session { tape: &tape, way: Way::Reading(RefCell::new(values)) })
}

fn output(run: &Run<'_>, i: usize, dtype: DType) -> Array {
    match dtype {
        DType::F64 => run.get::<f64>(i).to_owned().into(),
        DType::F32 => run.get::<f32>(i).to_owned().into(),
        DType::I64 => run.get::<i64>(i).to_owned().into(),
        _ => run.get::<bool>(i).to_owned().into(),
    }
}

/// Trains eagerly, and by programs too: `train` is given the passes of the program to run.
pub(crate) fn each_training(
    case: &Case,
    train: impl Fn(&Case, Option<Passes>) -> Result<Results, Fault>,
) -> Result<Results, Fault> {
    let mut results = train(case, None)?;
    for (name, passes) in PLANS {
        if !case.must_refuse {
            results.planned(name, train(case, Some(passes()))?);
        }
    }
    Ok(results)
}
