//! A program in the memory of a machine: its parameters, state, inputs, constants and buffers, and the tasks of a run.

use crate::Error;
use crate::error::refused;
use crate::machine::{Address, Machine, Memory};
use crate::numbers::{bytes, size};
use crate::task::Task;
use crate::tasks::{Kernels, Places, check, download};
use autograd::planned::{Contents, DataRef, MemoryView, RecordedInput};
use autograd::{AnyTensor, Buffer, DType, Data, Inputs, Params, Program, ProgramError};
use std::rc::Rc;

/// The numbers of the memories that every plan has.
const PARAMETERS: usize = 0;
pub(crate) const GRADIENTS: usize = 1;
const FIRST_INPUT: usize = 2;

/// A program with all that it reads and writes.
#[derive(Debug)]
pub(crate) struct Loaded<'p> {
    pub(crate) program: &'p Program,
    pub(crate) machine: Rc<dyn Machine>,
    /// By the number of the memory.
    memories: Vec<Memory>,
    /// A flag of four bytes for each kernel.
    pub(crate) faults: Memory,
    /// Sums and scratch of the kernels.
    own: Vec<Memory>,
    pub(crate) text: String,
    pub(crate) tasks: Vec<Task>,
}

impl<'p> Loaded<'p> {
    /// Copies parameters, state and constants to the machine.
    pub(crate) fn new(
        machine: &Rc<dyn Machine>,
        program: &'p Program,
        params: &Params,
        form: Kernels,
    ) -> Result<Loaded<'p>, Error> {
        program.check(params)?;
        let launches = emit::launches(program, "step", false)?;
        check(program.plan())?;
        let mut memories = vec![];
        for (number, memory) in program.plan().memories().enumerate() {
            let held = Memory::new(machine, memory.elements * size(memory.dtype))?;
            match memory.contents {
                Contents::Parameters => held.upload(slab(params))?,
                Contents::Constant(data) => held.upload(bytes(data))?,
                Contents::Input(_) => {
                    if let RecordedInput::Buffer(buffer) =
                        program.recorded_input((number - FIRST_INPUT) as u32)
                    {
                        held.upload(&state(params, buffer))?;
                    }
                }
                _ => {}
            }
            memories.push(held);
        }
        let faults = Memory::new(machine, 4 * launches.kernels.len())?;
        let mut places = Places::new(machine, memories.iter().map(Memory::at).collect(), form);
        places.faults = faults.at();
        let tasks = places.tasks(program, &launches)?;
        let text = launches.functions(&places.text) + &places.text;
        let (machine, own) = (Rc::clone(machine), places.own);
        Ok(Loaded { program, machine, memories, faults, own, text, tasks })
    }

    /// All that it keeps on the machine.
    pub(crate) fn memories(&self) -> impl Iterator<Item = &Memory> {
        self.memories.iter().chain([&self.faults]).chain(&self.own)
    }

    /// Copies the parameters to the machine once more.
    pub(crate) fn renew(&self, params: &Params) -> Result<(), Error> {
        self.parameters().upload(slab(params))
    }

    /// Copies state to the machine once more.
    pub(crate) fn renew_state(&self, params: &Params) -> Result<(), Error> {
        let mut held = params.buffers().filter_map(|buffer| Some((buffer, self.state(buffer)?)));
        held.try_for_each(|(buffer, memory)| memory.upload(&state(params, buffer)))
    }

    pub(crate) fn parameters(&self) -> &Memory {
        &self.memories[PARAMETERS]
    }

    /// Where the gradients lie.
    pub(crate) fn place_of_gradients(&self) -> Address {
        self.memories[GRADIENTS].at()
    }

    pub(crate) fn give_gradients(&self, slab: DataRef<'_>) -> Result<(), Error> {
        self.memories[GRADIENTS].upload(bytes(slab))
    }

    pub(crate) fn gradients(&self) -> Result<Data, Error> {
        let memory = self.program.plan().memory(GRADIENTS as u32).expect("every plan has gradients");
        download(&self.memories[GRADIENTS], 0, memory.dtype, memory.elements)
    }

    /// Where a result begins.
    pub(crate) fn place(&self, y: &MemoryView) -> Address {
        self.memories[y.memory as usize].at() + (y.offset * size(y.dtype)) as u64
    }

    /// The numbers of a result.
    pub(crate) fn result(&self, y: &MemoryView) -> Result<Data, Error> {
        download(&self.memories[y.memory as usize], y.offset, y.dtype, y.shape.elements())
    }

    /// The memory of the input of a name.
    fn input(&self, name: &str) -> &Memory {
        let is_it = |contents: Contents<'_>| matches!(contents, Contents::Input(known) if known == name);
        let number = self.program.plan().memories().position(|memory| is_it(memory.contents));
        &self.memories[number.expect("an input of the program")]
    }

    /// The memory of a state that the program reads or writes; none if it only writes it.
    pub(crate) fn state(&self, buffer: Buffer) -> Option<&Memory> {
        let inputs = self.program.plan().memories().enumerate();
        let inputs = inputs.filter(|(_, memory)| matches!(memory.contents, Contents::Input(_)));
        for (number, _) in inputs {
            match self.program.recorded_input((number - FIRST_INPUT) as u32) {
                RecordedInput::Buffer(known) if known == buffer => return Some(&self.memories[number]),
                _ => {}
            }
        }
        None
    }

    /// Copies the inputs of a run to the machine.
    pub(crate) fn give(&self, inputs: &impl Inputs) -> Result<(), Error> {
        let wanted: Vec<_> = self.program.inputs().collect();
        let given = listed(self.program, inputs)?;
        for (&(name, shape, dtype), x) in wanted.iter().zip(&given) {
            if x.dtype() != dtype {
                let (name, given) = (name.to_owned(), x.dtype());
                return Err(ProgramError::InputDType { name, expected: dtype, given }.into());
            }
            if !x.fits(shape) && !x.fits(&[shape.elements()]) {
                let (name, expected) = (name.to_owned(), shape.clone());
                return Err(ProgramError::InputShape { name, expected, given: x.dimensions() }.into());
            }
        }
        for (&(name, ..), x) in wanted.iter().zip(given) {
            with_bytes(x, |bytes| self.input(name).upload(bytes))?;
        }
        Ok(())
    }

    /// Where the input of a name lies.
    pub(crate) fn place_of(&self, name: &str) -> Address {
        self.input(name).at()
    }

    /// Forgets that indices did not exist.
    pub(crate) fn clear_faults(&self) -> Result<(), Error> {
        self.faults.upload(&vec![0u8; 4 * self.program.kernels()])
    }

    /// Refuses a run that met an index that does not exist.
    pub(crate) fn check_faults(&self) -> Result<(), Error> {
        let mut raw = vec![0u8; 4 * self.program.kernels()];
        self.faults.download(0, &mut raw)?;
        match raw.chunks(4).position(|flag| flag != [0; 4]) {
            Some(kernel) => Err(fault(self.program, kernel)),
            None => Ok(()),
        }
    }
}

/// The index that a kernel did not find.
pub(crate) fn fault(program: &Program, kernel: usize) -> Error {
    let explanation = program.explain();
    let [op, _, site] = explanation.kernel(kernel).map(str::to_owned);
    Error::Index { op, site }
}

/// All inputs, as many as the program has.
pub(crate) fn listed<'a>(
    program: &Program,
    inputs: &'a impl Inputs,
) -> Result<Vec<&'a dyn AnyTensor>, Error> {
    let mut given = vec![];
    inputs.each(&mut |x| given.push(x));
    let names: Vec<String> = program.inputs().map(|(name, ..)| format!("`{name}`")).collect();
    if given.len() != names.len() {
        let (expected, given, names) = (names.len(), given.len(), names.join(", "));
        return Err(ProgramError::InputCount { expected, given, names }.into());
    }
    Ok(given)
}

/// The bytes of a tensor in row-major order.
pub(crate) fn with_bytes<R>(
    x: &dyn AnyTensor,
    f: impl FnOnce(&[u8]) -> Result<R, Error>,
) -> Result<R, Error> {
    if let Some(piece) = x.piece() {
        return f(bytes(piece));
    }
    let mut copy = match x.dtype() {
        DType::F32 => Data::F32(vec![]),
        DType::F64 => Data::F64(vec![]),
        DType::I64 => Data::I64(vec![]),
        DType::Bool => Data::Bool(vec![]),
        other => return Err(refused("an input", format!("its dtype is {other}"))),
    };
    x.copy_to(&mut copy);
    match &copy {
        Data::F32(x) => f(bytes(DataRef::F32(x))),
        Data::F64(x) => f(bytes(DataRef::F64(x))),
        Data::I64(x) => f(bytes(DataRef::I64(x))),
        Data::Bool(x) => f(bytes(DataRef::Bool(x))),
    }
}

fn slab(params: &Params) -> &[u8] {
    match params.dtype() {
        DType::F32 => bytes(DataRef::F32(params.slab_of())),
        _ => bytes(DataRef::F64(params.slab_of())),
    }
}

fn state(params: &Params, buffer: Buffer) -> Vec<u8> {
    match params.buffer_dtype(buffer) {
        DType::F32 => bytes(DataRef::F32(params.buffer_values(buffer))).to_vec(),
        DType::F64 => bytes(DataRef::F64(params.buffer_values(buffer))).to_vec(),
        DType::I64 => bytes(DataRef::I64(params.buffer_values(buffer))).to_vec(),
        _ => bytes(DataRef::Bool(params.buffer_values(buffer))).to_vec(),
    }
}
