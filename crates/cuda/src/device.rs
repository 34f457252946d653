//! The face that all devices have, and the CPU as one of them.

use crate::Error;
use autograd::{Element, Inputs, Params, Program};
use optim::ByFormula;

/// Where a program trains and runs: a GPU ([`Cuda`](crate::Cuda)) or the processor ([`Cpu`]). Code that takes any of them moves
/// from one to the other by one line.
///
/// ```
/// use autograd::{Params, Program};
/// use cuda::{Cpu, Device, Error, Train};
/// use optim::Sgd;
///
/// fn trained(device: &impl Device) -> Result<f64, Error> {
///     let mut params = Params::f64();
///     let w = params.scope("net").param("w", [2], [3.0, 1.0]);
///     let program = Program::trace(&params, |t| t.outputs(t.param(w).square().sum()).with_gradients())?;
///     let mut sgd = Sgd::new(0.25).expect("a rate");
///     let mut training = device.train(&program, &mut params, &mut sgd)?;
///     for _ in 0..3 {
///         training.step(())?;
///     }
///     assert_eq!(training.loss()?, 0.625);
///     training.finish()?; // the parameters and the optimiser's memory come back
///     Ok(params.get::<f64>(w)[0])
/// }
/// assert_eq!(trained(&Cpu)?, 0.375);
/// # Ok::<(), Error>(())
/// ```
///
/// While a training borrows the parameters, nobody reads old ones:
///
/// ```compile_fail,E0502
/// use autograd::{Params, Program};
/// use cuda::{Cpu, Device, Train};
/// use optim::Sgd;
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [2], [3.0, 1.0]);
/// let program = Program::trace(&params, |t| t.outputs(t.param(w).square().sum()).with_gradients()).unwrap();
/// let mut sgd = Sgd::new(0.25).unwrap();
/// let mut training = Cpu.train(&program, &mut params, &mut sgd).unwrap();
/// training.step(()).unwrap();
/// println!("{:?}", params.get::<f64>(w)); // the device has newer ones
/// training.finish().unwrap();
/// ```
pub trait Device {
    /// A training on this device.
    type Training<'a, O: ByFormula + 'a>: Train;

    /// A program that is ready to run on this device.
    type Runner<'a>: Runner;

    /// Brings a program, its parameters and the memory of an optimiser to the device.
    ///
    /// # Errors
    /// If an op or the optimiser has no kernel for the device (by name), if memory is short, or the optimiser refuses the model.
    ///
    /// # Panics
    /// If the program was traced without gradients.
    fn train<'a, O: ByFormula>(
        &self,
        program: &'a Program,
        params: &'a mut Params,
        optimizer: &'a mut O,
    ) -> Result<Self::Training<'a, O>, Error>;

    /// Brings a program and its parameters to the device, to be run and not to be trained.
    ///
    /// ```
    /// use autograd::{Params, Program};
    /// use cuda::{Cpu, Device, Runner};
    /// let params = Params::f32();
    /// let program = Program::trace(&params, |t| t.outputs(t.input("x", [2]).exp()))?;
    /// let mut runner = Cpu.load(&program, &params)?;
    /// runner.run(([0.0f32, 1.0],))?;
    /// assert_eq!(runner.output::<f32>(0)?[0], 1.0);
    /// # Ok::<(), cuda::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`train`](Device::train).
    fn load<'a>(&self, program: &'a Program, params: &'a Params) -> Result<Self::Runner<'a>, Error>;
}

/// A training on a device.
///
/// Once a step is refused (a gradient, the loss or a result that is not finite), that step and all later ones change nothing,
/// and whoever asks is told which step it was and which parameter. Parameters come back by [`finish`](Train::finish) alone: a
/// training that is dropped leaves them as some earlier step had them.
pub trait Train {
    /// A step on a batch. On a GPU it is launched, and this does not wait for it.
    ///
    /// # Errors
    /// If inputs do not fit the program, or the device failed before.
    fn step(&mut self, inputs: impl Inputs) -> Result<(), Error>;

    /// Brings a data set to the device: for each input of the program a tensor of more rows. Batches are its rows in order, and
    /// the first one is next; rows at the end that do not fill a batch are not read. Gives the number of batches.
    ///
    /// # Errors
    /// If rows do not fit the inputs.
    fn data(&mut self, inputs: impl Inputs) -> Result<usize, Error>;

    /// The order in which the rows of the data set are read from now on: for each place the number of a row. The first batch is
    /// next.
    ///
    /// # Errors
    /// If these are not as many numbers of rows as the data set has.
    ///
    /// # Panics
    /// If there is no data set.
    fn order(&mut self, rows: &[usize]) -> Result<(), Error>;

    /// So many steps on batches of the data set, one after the other, and after the last batch the first again. On a GPU
    /// they are launched together.
    ///
    /// ```
    /// use autograd::{Params, Program};
    /// use cuda::{Cpu, Device, Train};
    /// use optim::Sgd;
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [], 0.0);
    /// let program = Program::trace(&params, |t| {
    ///     t.outputs((t.input("x", [2]) - w).square().mean()).with_gradients()
    /// })?;
    /// let mut sgd = Sgd::new(0.5).expect("a rate");
    /// let mut training = Cpu.train(&program, &mut params, &mut sgd)?;
    /// assert_eq!(training.data(([1.0, 3.0, 5.0, 7.0],))?, 2);
    /// training.steps(3)?;
    /// training.finish()?;
    /// assert_eq!(params.get::<f64>(w), [2.0]); // the mean of the batch that came last
    /// # Ok::<(), cuda::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`step`](Train::step).
    ///
    /// # Panics
    /// If there is no data set.
    fn steps(&mut self, count: usize) -> Result<(), Error>;

    /// Waits, and gives the loss of the last step, as it was before the update.
    ///
    /// # Errors
    /// If a step was refused, or the device failed.
    fn loss(&mut self) -> Result<f64, Error>;

    /// Waits, and gives an output of the last step, by its number.
    ///
    /// # Errors
    /// As [`loss`](Train::loss).
    ///
    /// # Panics
    /// If there is no such output, or `T` is not its type.
    fn output<T: Element>(&mut self, output: usize) -> Result<Vec<T>, Error>;

    /// Changes a hyper-parameter of the optimiser, such as `learning_rate`, from the next step on.
    ///
    /// # Errors
    /// If there is none of this name, or the value is out of range.
    fn set_hyperparameter(&mut self, name: &str, value: f64) -> Result<(), Error>;

    /// Waits, and brings parameters, state and the optimiser's memory back.
    ///
    /// # Errors
    /// As [`loss`](Train::loss). If a step was refused, what comes back is what there was before it.
    fn finish(self) -> Result<(), Error>;
}

/// A program on a device.
pub trait Runner {
    /// Runs it. On a GPU this does not wait.
    ///
    /// # Errors
    /// If inputs do not fit the program, or the device failed before.
    fn run(&mut self, inputs: impl Inputs) -> Result<(), Error>;

    /// Waits, and gives an output of the last run, by its number.
    ///
    /// # Errors
    /// If the run met an index that does not exist, or the device failed.
    ///
    /// # Panics
    /// If there is no such output, or `T` is not its type.
    fn output<T: Element>(&mut self, output: usize) -> Result<Vec<T>, Error>;
}

/// The processor as a device: [`Program::step`] and [`Program::run`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu;
