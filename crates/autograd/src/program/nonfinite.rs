//! The search for NaN and infinity in a program. The list, as it was recorded, is run on an eager tape.

use super::run::Pieces;
use super::{Inputs, Program, ProgramError};
use crate::buffers::{Number, Source, Value};
use crate::call::Fault;
use crate::dtype::{DataRef, Storable, with_type};
use crate::finite::{NonFinite, born_at};
use crate::ir::Op;
use crate::lists::IntoList;
use crate::params::Params;
use crate::plan::{Node, PlanInput};
use crate::reachable::ancestors;
use crate::record::{evaluate, no_memory};
use crate::tape::{List, Tape};

impl Program {
    /// The first NaN or infinity in a run on these parameters and inputs, gradients and all: which op makes it, where that
    /// was recorded, in which scope, and of what. `None` where all values are finite.
    ///
    /// It runs what was traced, before any pass, op by op as the eager tape does, and needs as much memory as that: for
    /// the search, not for every step. Numbers of nodes are those of the trace.
    ///
    /// ```
    /// use autograd::{Params, Program};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [1.0, -1.0]);
    /// let program = Program::trace(&params, |t| {
    ///     let x = t.input("x", [2]);
    ///     t.outputs((x * w).ln().sum()).with_gradients()
    /// })?;
    /// let line = line!() - 2;
    /// assert_eq!(program.find_nonfinite(&params, ([1.0, -2.0],))?, None);
    /// let found = program.find_nonfinite(&params, ([1.0, 2.0],))?.unwrap();
    /// assert_eq!((found.op, found.line, &found.element[..]), ("ln", line, &[1][..]));
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Program::run).
    pub fn find_nonfinite(
        &self,
        params: &Params,
        inputs: impl Inputs,
    ) -> Result<Option<NonFinite>, ProgramError> {
        self.check_params(params)?;
        let mut state = self.state();
        let mut pieces = Pieces::new();
        self.bind(&mut state, params, &inputs, &mut pieces)?;
        let given = |number: usize| match &self.plan.inputs[number] {
            PlanInput::Given(_) => pieces[number].unwrap_or_else(|| state.machine.staged(number).borrow()),
            PlanInput::Constant(data) => data.borrow(),
        };
        let tape = Tape::with(params);
        let list = &mut *tape.list_mut();
        list.adopt_names(self.traced().cloned().listed(), self.recorded.scopes.clone());
        let needed = ancestors(&self.recorded.outputs, |id| &self.recorded.node(id).inputs);
        let mut needed = needed.into_iter().peekable();
        for (id, node) in self.recorded.iter() {
            list.nodes.prepare(node.op.clone(), node.inputs.clone(), node.meta.clone(), node.origin);
            if needed.next_if_eq(&id).is_some() {
                self.evaluate(list, params, node, &given)?;
            }
            let computed = !matches!(list.nodes.next().source, Source::Nowhere);
            list.nodes.append();
            if let Some(found) = computed.then(|| born_at(list, id, Some(params))).flatten() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Computes the value of the next node on that tape.
    fn evaluate<'a>(
        &self,
        list: &mut List,
        params: &Params,
        node: &Node,
        given: &impl Fn(usize) -> DataRef<'a>,
    ) -> Result<(), ProgramError> {
        let shape = &node.meta.shape;
        let value = match &node.op {
            Op::Parameter(p) => Value::parameter(params.range(*p).start, shape.strides()),
            Op::Full(x) => Value::number(Number::new(node.meta.dtype, *x), shape.len()),
            Op::Input(number) => {
                let data = list.pool.take(node.meta.dtype, shape.elements());
                let mut data = data.map_err(|_| self.fault_of(node, no_memory(&node.meta)))?;
                with_type!(node.meta.dtype, T => {
                    T::slice_mut(data.elements()).copy_from_slice(T::slice(given(*number as usize)));
                });
                list.pool.keep(data, shape.strides())
            }
            _ => {
                return evaluate(list, Some(params)).map_err(|fault| self.fault_of(node, fault));
            }
        };
        list.nodes.fill(value);
        Ok(())
    }

    fn fault_of(&self, node: &Node, fault: Fault) -> ProgramError {
        let site = self.recorded.scopes.site(&node.origin);
        ProgramError::Fault { op: fault.of(node.op.name()), site, fault }
    }
}
