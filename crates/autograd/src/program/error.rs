//! The errors of programs.

use crate::call::Fault;
use crate::dtype::DType;
use crate::shape::Shape;
use std::error::Error;
use std::fmt;

/// Why a program cannot be made or run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ProgramError {
    /// More or fewer inputs than the program has.
    InputCount {
        /// How many it has.
        expected: usize,
        /// How many were given.
        given: usize,
        /// Their names.
        names: String,
    },
    /// An input of another shape.
    InputShape {
        /// Which input.
        name: String,
        /// What it was traced for.
        expected: Shape,
        /// What was given.
        given: Shape,
    },
    /// An input of another dtype.
    InputDType {
        /// Which input.
        name: String,
        /// What it was traced for.
        expected: DType,
        /// What was given.
        given: DType,
    },
    /// Parameters of another model, or that have grown since.
    ForeignParams {
        /// Numbers in the slab that it was traced for.
        expected: usize,
        /// Numbers in the slab that was given.
        given: usize,
    },
    /// A parameter that was frozen when the program was traced, and is not any more.
    Thawed {
        /// The full name of the parameter.
        parameter: String,
    },
    /// A state of another program.
    ForeignState,
    /// The values of its operands make an op impossible, for example an index out of range.
    Fault {
        /// The op.
        op: &'static str,
        /// The source line that recorded it, and the scope where there is one.
        site: String,
        /// What is wrong with the values.
        fault: Fault,
    },
    /// A closure that was traced for too many shapes.
    TooManyPlans {
        /// The limit.
        limit: usize,
    },
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProgramError::InputCount { expected, given, names } => {
                write!(f, "inputs: {given} given, the program takes {expected} ({names}), in this order")
            }
            ProgramError::InputShape { name, expected, given } => write!(
                f,
                "input `{name}` has shape {given}, the program was traced for {expected}: give it \
                 that, or trace again for each shape by a `Jit`"
            ),
            ProgramError::InputDType { name, expected, given } => write!(
                f,
                "input `{name}` is {given}, the program was traced for {expected}: convert the \
                 values, or name the input with `t.input_of(…)` and its dtype"
            ),
            ProgramError::ForeignParams { expected, given } => write!(
                f,
                "the program was traced for another `Params` ({expected} numbers) than this one \
                 ({given} numbers): run it on that one or a clone of it, and trace again where \
                 parameters have been added"
            ),
            ProgramError::Thawed { parameter } => write!(
                f,
                "`{parameter}` was frozen when the program was traced, so that it has no gradient: trace again after \
                 parameters have been thawed, or let a `Jit` do it"
            ),
            ProgramError::ForeignState => {
                write!(f, "the state belongs to another program: make one with `program.state()`")
            }
            ProgramError::Fault { op, site, fault } => write!(f, "{op} at {site}: {fault}"),
            ProgramError::TooManyPlans { limit } => write!(
                f,
                "the closure was traced for {limit} combinations of input shapes already, its limit: \
                 pad the inputs to fewer shapes, or raise it"
            ),
        }
    }
}

impl Error for ProgramError {}
