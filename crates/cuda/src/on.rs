//! A machine as a device.

use crate::machine::Machine;
use crate::{Device, Error, Form, Numerics, Running, Training};
use autograd::{Params, Program};
use optim::ByFormula;
use std::rc::Rc;

/// A machine as a device.
#[derive(Debug)]
pub struct On {
    /// Which machine.
    pub machine: Rc<dyn Machine>,
    /// How it multiplies matrices.
    pub numerics: Numerics,
    /// The form of steps that was asked for.
    pub form: Option<Form>,
}

/// A device with memory of its own: a stream of it for each training.
pub trait Place {
    /// A new stream.
    ///
    /// # Errors
    /// If the device failed.
    fn place(&self) -> Result<On, Error>;
}

impl Place for On {
    fn place(&self) -> Result<On, Error> {
        Ok(On { machine: Rc::clone(&self.machine), numerics: self.numerics, form: self.form })
    }
}

impl Device for On {
    type Training<'a, O: ByFormula + 'a> = Training<'a, O>;
    type Runner<'a> = Running<'a>;

    #[track_caller]
    fn train<'a, O: ByFormula>(
        &self,
        program: &'a Program,
        params: &'a mut Params,
        optimizer: &'a mut O,
    ) -> Result<Training<'a, O>, Error> {
        Training::new(&self.machine, (self.numerics, self.form), program, params, optimizer)
    }

    fn load<'a>(&self, program: &'a Program, params: &'a Params) -> Result<Running<'a>, Error> {
        Running::new(&self.machine, self.numerics, program, params)
    }
}
