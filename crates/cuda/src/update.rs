//! The update of an optimiser as tasks: a look at what it would give, a judgement, and the update in place if nothing is
//! refused.

use crate::Error;
use crate::control::{self, ROWS, Span, TERMS, WORDS};
use crate::dag::{Access, Kind};
use crate::error::refused;
use crate::machine::{Address, Machine, Memory, Work};
use crate::numbers::{bytes, size};
use crate::task::{Size, Task};
use crate::tasks::{Kernels, Places};
use autograd::planned::{Contents, DataRef, Work as Planned};
use autograd::{DType, Data, OptimizerState, Params, Program};
use emit::Argument;
use optim::{ByFormula, Part};
use std::rc::Rc;

/// What the update of a program's parameters needs on a machine.
#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) dtype: DType,
    pub(crate) parts: Vec<Part>,
    names: &'static [&'static str],
    /// What is remembered, in slabs that are laid out as the parameters.
    states: Vec<Memory>,
    /// The coefficients of the next steps, and of one.
    table: Memory,
    now: Memory,
    /// For each part, how many coefficients it has.
    count: usize,
    totals: Memory,
    /// What was refused: a block of gradients, and the loss.
    pub(crate) kept: Memory,
    pub(crate) control: Memory,
    /// Sums and scratch of the kernels.
    own: Vec<Memory>,
    pub(crate) text: String,
    /// Before the step is judged: what may run beside the program.
    pub(crate) begin: Vec<Task>,
    /// After the gradients are there.
    pub(crate) look: Vec<Task>,
    pub(crate) update: Vec<Task>,
}

/// Where an update finds what it reads.
pub(crate) struct Given {
    pub(crate) parameters: Address,
    pub(crate) gradients: Address,
    pub(crate) loss: Address,
    pub(crate) faults: Address,
    /// How many flags of faults there are.
    pub(crate) fault_count: usize,
}

impl Update {
    /// The update of these parts.
    pub(crate) fn new(
        machine: &Rc<dyn Machine>,
        optimizer: &impl ByFormula,
        parts: Vec<Part>,
        params: &Params,
        given: &Given,
        form: Kernels,
    ) -> Result<Update, Error> {
        let (dtype, names) = (params.dtype(), optimizer.names());
        let memory = |numbers: usize| Memory::new(machine, numbers * size(dtype));
        let count = optimizer.coefficients(0, 1).len();
        let all = (count * parts.len()).max(1);
        let mut states = vec![];
        let state = optimizer.state(params);
        for name in names {
            let slab = memory(params.elements())?;
            slab.upload(&slab_of(&state, name, params))?;
            states.push(slab);
        }
        let mut update = Update {
            dtype,
            names,
            states,
            table: memory(ROWS * all)?,
            now: memory(all)?,
            count,
            totals: memory(2 * parts.len())?,
            kept: memory(TERMS + 1)?,
            control: Memory::new(machine, WORDS * 8)?,
            own: vec![],
            text: String::new(),
            begin: vec![],
            look: vec![],
            update: vec![],
            parts,
        };
        update.begin(all);
        let sums = update.of_parts(machine, optimizer, given, form)?;
        update.text += &control::begin(dtype, all); // behind the types that the texts of the parts begin with
        update.judge(given, &sums);
        Ok(update)
    }

    fn begin(&mut self, all: usize) {
        let arguments = vec![self.table.at(), self.control.at(), self.now.at()];
        let name = "wg_begin".to_owned();
        let work = Work::Kernel { name, arguments, blocks: all.div_ceil(32), threads: 32 };
        let bytes = all * size(self.dtype);
        let accesses = vec![
            Access::new(Kind::Read, self.table.at(), ROWS * bytes),
            Access::new(Kind::Read, self.control.at(), WORDS * 8),
            Access::new(Kind::Write, self.now.at(), bytes),
        ];
        self.begin.push(Task::new(work, accesses));
    }

    /// The tasks of all parts, and the sums of each.
    fn of_parts(
        &mut self,
        machine: &Rc<dyn Machine>,
        optimizer: &impl ByFormula,
        given: &Given,
        form: Kernels,
    ) -> Result<Vec<Sums>, Error> {
        let mut sums = vec![];
        for (i, part) in self.parts.clone().iter().enumerate() {
            let n = part.range.len();
            let traced = [optimizer.look_at(n, self.dtype)?, optimizer.update_of(n, self.dtype)?];
            for (program, name) in traced.iter().zip(["wg_look", "wg_update"]) {
                let is_update = name == "wg_update";
                let launches = emit::launches(program, &format!("{name}_{i}"), is_update)?;
                if launches.kernels.len() != 1 {
                    return Err(refused("the optimiser", "its formula is more than one kernel"));
                }
                if is_update && reads_late(program) {
                    return Err(refused(
                        "the optimiser",
                        "it stores what it read, and would read it too late",
                    ));
                }
                let results = |k: usize| match (is_update, k) {
                    (false, k) => self.totals.at() + ((2 * i + k) * size(self.dtype)) as u64,
                    (true, 0) => self.place(given.parameters, part),
                    (true, k) => self.place(self.states[k - 1].at(), part),
                };
                let at = self.places(i, part, program, given, results);
                let mut places = Places::new(machine, at, form);
                places.stop = self.control.at();
                let tasks = places.tasks(program, &launches)?;
                self.text += &launches.functions(&places.text);
                self.text += &places.text;
                if is_update {
                    self.update.extend(tasks);
                } else {
                    let is_summed = launches.kernels[0].arguments.contains(&Argument::Partials);
                    let blocks = is_summed.then(|| (places.own[0].at(), launches.kernels[0].partials));
                    sums.push(Sums { blocks, gradients_first: gradients_first(program) });
                    self.look.extend(tasks);
                }
                self.own.append(&mut places.own);
            }
        }
        Ok(sums)
    }

    /// All that it keeps on the machine but the table, of which a step reads little.
    pub(crate) fn memories(&self) -> impl Iterator<Item = &Memory> {
        let few = [&self.table, &self.now, &self.totals, &self.kept, &self.control];
        self.states.iter().chain(few).chain(&self.own)
    }

    fn place(&self, slab: Address, part: &Part) -> Address {
        slab + (part.range.start * size(self.dtype)) as u64
    }

    /// Where the memories of a recorded rule lie.
    fn places(
        &self,
        i: usize,
        part: &Part,
        program: &Program,
        given: &Given,
        results: impl Fn(usize) -> Address,
    ) -> Vec<Address> {
        let input = |name: &str| match name {
            "p" => self.place(given.parameters, part),
            "g" => self.place(given.gradients, part),
            _ => match self.names.iter().position(|known| *known == name) {
                Some(k) => self.place(self.states[k].at(), part),
                None => {
                    let c: usize = name[1..].parse().expect("a coefficient");
                    self.now.at() + ((i * self.count + c) * size(self.dtype)) as u64
                }
            },
        };
        let of = |(number, contents): (usize, Contents<'_>)| match contents {
            Contents::Input(name) => input(name),
            _ => {
                let result = program.plan().outputs.iter().position(|y| y.memory as usize == number);
                result.map_or(0, &results)
            }
        };
        program.plan().memories().map(|memory| memory.contents).enumerate().map(of).collect()
    }

    fn judge(&mut self, given: &Given, sums: &[Sums]) {
        let span = |(part, sums): (&Part, &Sums)| Span {
            start: part.range.start,
            length: part.range.len(),
            gradients_first: sums.gradients_first,
        };
        let spans: Vec<Span> = self.parts.iter().zip(sums).map(span).collect();
        self.text += &control::judge(self.dtype, given.fault_count, &spans);
        let [control, totals, kept] = [self.control.at(), self.totals.at(), self.kept.at()];
        let mut arguments = vec![control, given.faults, given.loss, totals, given.gradients, kept];
        let blocks = || sums.iter().filter_map(|sums| sums.blocks);
        arguments.extend(blocks().map(|(at, _)| at));
        let size = size(self.dtype);
        let mut accesses = vec![
            Access::new(Kind::Write, control, WORDS * 8),
            Access::new(Kind::Read, given.loss, size),
            Access::new(Kind::Read, totals, 2 * self.parts.len() * size),
            Access::new(Kind::Write, kept, (TERMS + 1) * size),
        ];
        if given.fault_count > 0 {
            accesses.push(Access::new(Kind::Read, given.faults, 4 * given.fault_count));
        }
        for part in &self.parts {
            accesses.push(Access::new(
                Kind::Read,
                self.place(given.gradients, part),
                part.range.len() * size,
            ));
        }
        accesses.extend(blocks().map(|(at, bytes)| Access::new(Kind::Read, at, bytes)));
        let work = Work::Kernel { name: "wg_judge".to_owned(), arguments, blocks: 1, threads: 1 };
        let size = Size::plain(1, 16 + 8 * self.parts.len() + given.fault_count);
        self.look.push(Task::new(work, accesses).sized(size));
    }

    /// Lays out the coefficients of [`ROWS`] steps, from the one after `done` on.
    pub(crate) fn lay_out(&self, optimizer: &impl ByFormula, done: u64) -> Result<(), Error> {
        let all = (self.count * self.parts.len()).max(1);
        let mut table = vec![0.0; ROWS * all];
        for step in done..done + ROWS as u64 {
            let row = &mut table[(step % ROWS as u64) as usize * all..][..all];
            for (part, to) in self.parts.iter().zip(row.chunks_mut(self.count.max(1))) {
                to.copy_from_slice(&optimizer.coefficients(part.group, part.steps + step + 1));
            }
        }
        match self.dtype {
            DType::F32 => {
                let single: Vec<f32> = table.iter().map(|&c| c as f32).collect();
                self.table.upload(bytes(DataRef::F32(&single)))
            }
            _ => self.table.upload(bytes(DataRef::F64(&table))),
        }
    }

    /// What the optimiser remembers after so many steps: what it gives as `before` for all else.
    pub(crate) fn state(
        &self,
        before: OptimizerState,
        params: &Params,
        done: u64,
    ) -> Result<OptimizerState, Error> {
        let mut state = before;
        for part in &self.parts {
            let trained = params.iter().filter(|&p| part.range.contains(&params.range(p).start));
            for p in trained.filter(|&p| !params.range(p).is_empty()) {
                let name = params.name(p).to_owned();
                state.counters.retain(|(known, _)| *known != name);
                state.counters.push((name, part.steps + done));
                for (slab, memory) in self.names.iter().zip(&self.states) {
                    let (name, range) = (format!("{}/{slab}", params.name(p)), params.range(p));
                    let data = crate::tasks::download(memory, range.start, self.dtype, range.len())?;
                    let shape = params.shape(p).clone();
                    state.tensors.retain(|tensor| tensor.name != name);
                    state.tensors.push(autograd::NamedTensor { name, shape, data });
                }
            }
        }
        Ok(state)
    }
}

/// The sums by which a part is judged.
struct Sums {
    /// Where those of its blocks lie, and their bytes; none if it is one block.
    blocks: Option<(Address, usize)>,
    gradients_first: bool,
}

/// Whether the sums of gradients come before those of results.
fn gradients_first(look: &Program) -> bool {
    let first = look.plan().outputs[0].memory;
    look.plan().kernels.iter().any(|kernel| match &kernel.work {
        Planned::Tile(code) => code.totals.first().is_some_and(|total| total.memory == first),
        _ => false,
    })
}

/// Whether a result is an operand as it was read, of another memory: in place it might be read after it was written.
fn reads_late(program: &Program) -> bool {
    program.plan().kernels.iter().any(|kernel| match &kernel.work {
        Planned::Tile(code) => code.writes.iter().any(|write| {
            code.reads.iter().any(|read| read.slot == write.slot)
                && !code
                    .steps
                    .iter()
                    .any(|step| step.y == write.slot || step.act.more().contains(&write.slot))
        }),
        _ => true,
    })
}

/// The bytes of a slab of what is remembered under a name: 0 for parameters that have taken no step.
fn slab_of(state: &OptimizerState, name: &str, params: &Params) -> Vec<u8> {
    let size = size(params.dtype());
    let mut slab = vec![0u8; params.elements() * size];
    for p in params.iter() {
        if let Some(tensor) = state.tensor(&format!("{}/{name}", params.name(p))) {
            let range = params.range(p);
            let data = match &tensor.data {
                Data::F32(x) => DataRef::F32(x),
                Data::F64(x) => DataRef::F64(x),
                Data::I64(x) => DataRef::I64(x),
                Data::Bool(x) => DataRef::Bool(x),
            };
            slab[range.start * size..range.end * size].copy_from_slice(bytes(data));
        }
    }
    slab
}
