//! The handle of a GPU.

use crate::driver::Gpu;
use crate::machine::{On, Place};
use crate::{Device, Error, Form, Numerics, Running, Training};
use autograd::{Params, Program};
use optim::ByFormula;
use std::path::PathBuf;
use std::rc::Rc;

/// An NVIDIA GPU: a [`Device`] that trains and runs programs.
///
/// Fused kernels, sums and updates have the bits of the CPU. Products of matrices are those of cuBLASLt in full precision, unless
/// one asks otherwise: [`exact`](Cuda::exact), [`tf32`](Cuda::tf32), [`bf16`](Cuda::bf16).
#[derive(Debug)]
pub struct Cuda {
    gpu: Rc<Gpu>,
    numerics: Numerics,
    form: Option<Form>,
}

impl Cuda {
    /// The first GPU.
    ///
    /// # Errors
    /// If there is no driver, no GPU, no NVRTC, or one of them is too old.
    pub fn first() -> Result<Cuda, Error> {
        Cuda::nth(0)
    }

    /// The GPU of a number, counted from 0 as the driver counts.
    ///
    /// # Errors
    /// As [`first`](Cuda::first).
    pub fn nth(number: usize) -> Result<Cuda, Error> {
        Ok(Cuda { gpu: Rc::new(Gpu::new(number)?), numerics: Numerics::default(), form: None })
    }

    /// The name of the GPU.
    pub fn name(&self) -> &str {
        self.gpu.name()
    }

    /// Products in the order of the CPU: every number has its bits. They are slower than those of the library.
    pub fn exact(self) -> Cuda {
        Cuda { numerics: Numerics::Exact, ..self }
    }

    /// Products of factors that are rounded to TF32.
    pub fn tf32(self) -> Cuda {
        Cuda { numerics: Numerics::Tf32, ..self }
    }

    /// Products of factors that are rounded to BF16.
    pub fn bf16(self) -> Cuda {
        Cuda { numerics: Numerics::Bf16, ..self }
    }

    /// Asks for a form of the steps of trainings, which otherwise have the one that should be the fastest. What cannot be one
    /// kernel is a graph: [`Training::explain`] says why.
    ///
    /// ```no_run
    /// use cuda::{Cuda, Form};
    /// let gpu = Cuda::first()?.form(Form::Graph);
    /// # Ok::<(), cuda::Error>(())
    /// ```
    pub fn form(self, form: Form) -> Cuda {
        Cuda { form: Some(form), ..self }
    }

    /// Keeps compiled kernels in a folder, by their text, the kind of GPU and the version of the compiler, so that the next
    /// process does not compile them again. Without one they live as long as this handle. Who can write to the folder can run
    /// code on the GPU: it should be your own.
    pub fn cache(self, folder: impl Into<PathBuf>) -> Cuda {
        self.gpu.keep_in(folder.into());
        self
    }

    /// The GPU of a rank where several ranks may share one: that of the rank's number modulo the number of GPUs. [`nth`](Cuda::nth)
    /// refuses where there are fewer GPUs than ranks.
    ///
    /// # Errors
    /// As [`first`](Cuda::first).
    pub fn shared(rank: usize) -> Result<Cuda, Error> {
        Cuda::nth(rank % Gpu::count()?.max(1))
    }

    /// How many GPUs the driver knows.
    ///
    /// # Errors
    /// If there is no driver, or it is too old.
    pub fn count() -> Result<usize, Error> {
        Gpu::count()
    }

    /// A stream of its own for each training.
    #[doc(hidden)]
    pub fn on(&self) -> Result<On, Error> {
        let Cuda { numerics, form, .. } = *self;
        Ok(On { machine: Rc::new(self.gpu.machine(numerics)?), numerics, form })
    }
}

impl Place for Cuda {
    fn place(&self) -> Result<On, Error> {
        self.on()
    }
}

impl Device for Cuda {
    type Training<'a, O: ByFormula + 'a> = Training<'a, O>;
    type Runner<'a> = Running<'a>;

    #[track_caller]
    fn train<'a, O: ByFormula>(
        &self,
        program: &'a Program,
        params: &'a mut Params,
        optimizer: &'a mut O,
    ) -> Result<Training<'a, O>, Error> {
        self.on()?.train(program, params, optimizer)
    }

    fn load<'a>(&self, program: &'a Program, params: &'a Params) -> Result<Running<'a>, Error> {
        self.on()?.load(program, params)
    }
}
