//! The shards of a rank on its device: runs of one program, whose numbers are added up where they lie.

use crate::Error;
use crate::dag::{Access, Kind};
use crate::loaded::{GRADIENTS, Loaded};
use crate::machine::{Address, Graph, Machine, Memory, Module, On, Staged, Together, Work};
use crate::numbers::{c_type, size};
use crate::task::Task;
use crate::tasks::{Kernels, nodes};
use autograd::planned::{DataRef, MemoryView};
use autograd::{Buffer, DType, Data, Gradients, Inputs, Params, Program};
use bytemuck::Pod;
use std::cell::Cell;

/// A program on a device, and a stack of sums there of what its runs give: the gradients, the outputs, and what is written to some
/// buffers, one after the other, all in the type of the parameters.
#[derive(Debug)]
pub struct Shards<'p> {
    /// They go first: what is under way ends before its memory does.
    run: Box<dyn Graph>,
    steps: Vec<Steps>,
    sums: Vec<Memory>,
    length: usize,
    dtype: DType,
    pub(crate) loaded: Loaded<'p>,
    /// The version of the parameters that the device has.
    version: Cell<Option<u64>>,
}

/// What is done with the sum of a number.
#[derive(Debug)]
struct Steps {
    put: Box<dyn Graph>,
    plus: Box<dyn Graph>,
    /// Adds the next sum to it; none for the last.
    join: Option<Box<dyn Graph>>,
}

/// Numbers that a run gives, and where they go in a sum.
struct Piece {
    from: Address,
    dtype: DType,
    n: usize,
    first: usize,
}

impl<'p> Shards<'p> {
    /// Brings a program to a device, with so many sums of its gradients, outputs, and what it writes to these buffers.
    ///
    /// # Errors
    /// As [`Device::load`](crate::Device::load).
    pub fn new(
        on: &On,
        program: &'p Program,
        params: &Params,
        buffers: &[Buffer],
        depth: usize,
    ) -> Result<Shards<'p>, Error> {
        let On { machine, numerics, .. } = on;
        let loaded = Loaded::new(machine, program, params, Kernels::Apart(*numerics))?;
        let dtype = params.dtype();
        let (pieces, length) = pieces(&loaded, params, buffers);
        let sum = |_| Memory::new(machine, length * size(dtype));
        let sums = (0..depth).map(sum).collect::<Result<Vec<Memory>, Error>>()?;
        let module = machine.load(&format!("{}{}", loaded.text, text(dtype, &pieces, length)))?;
        let tasks: Vec<&Task> = loaded.tasks.iter().collect();
        let run = module.graph(&nodes(&tasks))?;
        let at: Vec<Address> = sums.iter().map(Memory::at).collect();
        let steps = (0..depth).map(|k| Steps::new(&*module, dtype, &pieces, &at[k..], length));
        let steps = steps.collect::<Result<_, Error>>()?;
        let version = Cell::new(Some(params.version()));
        Ok(Shards { run, steps, sums, length, dtype, loaded, version })
    }

    /// Memory of the host for one sum.
    ///
    /// # Errors
    /// If there is too little.
    pub fn stage(&self) -> Result<Box<dyn Staged>, Error> {
        self.loaded.machine.stage(self.sums[0].bytes())
    }

    /// Gives the device the parameters that it has not, and the state, before the shards of a step.
    ///
    /// # Errors
    /// If the device failed.
    pub fn begin(&self, params: &Params) -> Result<(), Error> {
        self.give_parameters(params)?;
        self.loaded.renew_state(params)?;
        self.loaded.clear_faults()
    }

    pub(crate) fn give_parameters(&self, params: &Params) -> Result<(), Error> {
        if self.version.get() != Some(params.version()) {
            self.loaded.renew(params)?;
            self.version.set(Some(params.version()));
        }
        Ok(())
    }

    /// Puts the gradients where those of a run lie.
    pub(crate) fn give_gradients(&self, grads: &Gradients) -> Result<(), Error> {
        self.loaded.give_gradients(match grads.dtype() {
            DType::F32 => DataRef::F32(grads.slab_of()),
            _ => DataRef::F64(grads.slab_of()),
        })
    }

    /// Takes the parameters that the device has.
    pub(crate) fn take_parameters(&self, params: &mut Params) -> Result<(), Error> {
        self.version.set(None);
        let held = self.loaded.parameters();
        match params.dtype() {
            DType::F32 => held.download(0, bytemuck::cast_slice_mut(params.slab_mut::<f32>()))?,
            _ => held.download(0, bytemuck::cast_slice_mut(params.slab_mut::<f64>()))?,
        }
        self.version.set(Some(params.version()));
        Ok(())
    }

    /// Runs a shard; it is not waited for.
    ///
    /// # Errors
    /// If inputs do not fit, or the device failed.
    pub fn run(&self, inputs: impl Inputs) -> Result<(), Error> {
        self.loaded.give(&inputs)?;
        self.run.launch()
    }

    /// Writes what the last run gave to a sum, or adds it there.
    ///
    /// # Errors
    /// If the device failed.
    pub fn give(&self, sum: usize, anew: bool) -> Result<(), Error> {
        let steps = &self.steps[sum];
        if anew { steps.put.launch() } else { steps.plus.launch() }
    }

    /// Adds the next sum to this one.
    ///
    /// # Errors
    /// If the device failed.
    ///
    /// # Panics
    /// If there is no next one.
    pub fn join(&self, sum: usize) -> Result<(), Error> {
        self.steps[sum].join.as_ref().expect("a sum above it").launch()
    }

    /// Waits, and gives a result of the last run: that of a number among those of the plan.
    ///
    /// # Errors
    /// If the device failed.
    pub fn result(&self, output: usize) -> Result<Data, Error> {
        self.loaded.result(&self.loaded.program.plan().outputs[output])
    }

    /// Refuses a run that met an index that does not exist; waits for it.
    ///
    /// # Errors
    /// If one did, or the device failed.
    pub fn check(&self) -> Result<(), Error> {
        self.loaded.check_faults()
    }

    /// The machine, which may join others.
    pub fn machine(&self) -> &dyn Machine {
        &*self.loaded.machine
    }

    /// Adds the first sum up over all machines of a group.
    ///
    /// # Errors
    /// If the device failed.
    pub fn add_all(&self, group: &dyn Together) -> Result<(), Error> {
        group.sum(self.sums[0].at(), self.length, self.dtype)
    }

    /// Waits, and copies the first sums to memory of [`stage`](Shards::stage); gives them, numbers of the parameters' type.
    ///
    /// # Errors
    /// If the device failed.
    pub fn sums<'a, T: Pod>(&self, to: &'a mut [Box<dyn Staged>]) -> Result<Vec<&'a [T]>, Error> {
        let bytes = self.length * size_of::<T>();
        let read = |(sum, to): (&Memory, &'a mut Box<dyn Staged>)| {
            let to = &mut to.bytes()[..bytes];
            sum.download(0, to)?;
            Ok(bytemuck::cast_slice(to))
        };
        self.sums.iter().zip(to).map(read).collect()
    }
}

/// What a run gives, and how many numbers that is.
fn pieces(loaded: &Loaded<'_>, params: &Params, buffers: &[Buffer]) -> (Vec<Piece>, usize) {
    let program = loaded.program;
    // Where no parameter has a gradient, there is no slab of them.
    let n = program.plan().memory(GRADIENTS as u32).map_or(0, |memory| memory.elements);
    let mut pieces = vec![Piece { from: loaded.place_of_gradients(), dtype: params.dtype(), n, first: 0 }];
    let mut length = params.elements();
    let mut add = |y: &MemoryView| {
        let n = y.shape.elements();
        pieces.push(Piece { from: loaded.place(y), dtype: y.dtype, n, first: length });
        length += n;
    };
    let outputs = &program.plan().outputs;
    outputs[..program.outputs().count()].iter().for_each(&mut add);
    for buffer in buffers {
        let (_, output) = program.written().find(|(known, _)| known == buffer).expect("it is written");
        add(&outputs[output]);
    }
    pieces.retain(|piece| piece.n > 0);
    (pieces, length)
}

/// `wg_put_I(from, to)`, `wg_plus_I(from, to)` for each piece, and `wg_join(from, to)` for whole sums.
fn text(dtype: DType, pieces: &[Piece], length: usize) -> String {
    let t = c_type(dtype);
    let kernel = |name: String, from: &str, n: usize, value: &str| {
        format!("WG_KERNEL {name}(const {from} *from, {t} *to) {{\n  WG_EACH(i, {n}) to[i] = {value};\n}}\n")
    };
    let plus = format!("to[i] + ({t})from[i]");
    let mut text = kernel("wg_join".to_owned(), t, length, &plus);
    for (i, piece) in pieces.iter().enumerate() {
        let from = c_type(piece.dtype);
        text += &kernel(format!("wg_put_{i}"), from, piece.n, &format!("({t})from[i]"));
        text += &kernel(format!("wg_plus_{i}"), from, piece.n, &plus);
    }
    text
}

impl Steps {
    /// Those of the first of these sums.
    fn new(
        module: &dyn Module,
        dtype: DType,
        pieces: &[Piece],
        sums: &[Address],
        length: usize,
    ) -> Result<Steps, Error> {
        let task = |name: String, from: Access, to: Address, n: usize| {
            let arguments = vec![from.bytes.start, to];
            let blocks = n.div_ceil(256).clamp(1, 1 << 14);
            let work = Work::Kernel { name, arguments, blocks, threads: 256 };
            Task::new(work, vec![from, Access::new(Kind::Write, to, n * size(dtype))])
        };
        let all = |act: &str| {
            let each = |(i, piece): (usize, &Piece)| {
                let from = Access::new(Kind::Read, piece.from, piece.n * size(piece.dtype));
                let to = sums[0] + (piece.first * size(dtype)) as u64;
                task(format!("wg_{act}_{i}"), from, to, piece.n)
            };
            let tasks: Vec<Task> = pieces.iter().enumerate().map(each).collect();
            module.graph(&nodes(&tasks.iter().collect::<Vec<_>>()))
        };
        let join = match sums.get(1) {
            Some(&next) => {
                let from = Access::new(Kind::Read, next, length * size(dtype));
                let task = task("wg_join".to_owned(), from, sums[0], length);
                Some(module.graph(&nodes(&[&task]))?)
            }
            None => None,
        };
        Ok(Steps { put: all("put")?, plus: all("plus")?, join })
    }
}
