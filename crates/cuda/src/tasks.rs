//! The kernels of a plan as tasks: addresses instead of memories, and what each reads and writes.

use crate::dag::{Access, Kind, edges};
use crate::error::refused;
use crate::machine::{Address, Machine, Memory, Node, Work};
use crate::numbers::size;
use crate::order::{self, THREADS};
use crate::product::Product;
use crate::task::{POOL, SHARED, Size, Task, with_skip};
use crate::{Error, Numerics};
use autograd::planned::{
    Contents, Kernel, MemoryView, Op, Piece, Plan, Ports, Verified, Work as Planned, body,
};
use autograd::{DType, Data, Program};
use emit::{Argument, Launch, Launches};
use std::rc::Rc;

/// Where windows begin: no device has memory there.
pub(crate) const WINDOW: Address = 1 << 62;
/// The most blocks of a kernel: enough to fill a device, and loops go on from there.
const BLOCKS: usize = 1 << 14;
/// The most blocks of a kernel whose rows are too long for the memory that a block shares, because each has scratch of its own.
const BLOCKS_WITH_SCRATCH: usize = 256;
/// The most elements of a memory: the kernels count in 32 bits, a stride of the grid beyond the end included.
const ELEMENTS: usize = 1 << 30;
/// The most bytes that a thread may keep for itself.
const OWN: usize = 256 << 10;
/// The most tasks of a graph: who waits for whom is found in a time and a memory that grow with their square.
pub(crate) const MOST: usize = 1 << 14;

/// What becomes of kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernels {
    /// Each is launched, and products are computed so.
    Apart(Numerics),
    /// One calls all; products are computed element by element, in the order of the CPU.
    Together,
}

/// Tasks as nodes of a graph.
pub(crate) fn nodes(tasks: &[&Task]) -> Vec<Node> {
    let accesses: Vec<&[Access]> = tasks.iter().map(|task| &task.accesses[..]).collect();
    let node = |(task, after): (&&Task, Vec<usize>)| Node { work: task.work.clone(), after };
    tasks.iter().zip(edges(&accesses)).map(node).collect()
}

/// Numbers from a memory.
pub(crate) fn download(memory: &Memory, from: usize, dtype: DType, n: usize) -> Result<Data, Error> {
    fn numbers<T: bytemuck::Pod>(memory: &Memory, from: usize, n: usize) -> Result<Vec<T>, Error> {
        let mut numbers = vec![T::zeroed(); n];
        memory.download(from * size_of::<T>(), bytemuck::cast_slice_mut(&mut numbers))?;
        Ok(numbers)
    }
    Ok(match dtype {
        DType::F32 => Data::F32(numbers(memory, from, n)?),
        DType::F64 => Data::F64(numbers(memory, from, n)?),
        DType::I64 => Data::I64(numbers(memory, from, n)?),
        _ => Data::Bool(numbers::<u8>(memory, from, n)?.into_iter().map(|x| x != 0).collect()),
    })
}

/// Refuses what no device can run, before anything is allocated.
pub(crate) fn check(plan: &Plan) -> Result<(), Error> {
    for memory in plan.memories() {
        if memory.elements > ELEMENTS {
            let what = match memory.contents {
                Contents::Input(name) => format!("the input `{name}`"),
                _ => "a value".to_owned(),
            };
            return Err(refused(what, format!("{} elements are more than {ELEMENTS}", memory.elements)));
        }
    }
    for kernel in &plan.kernels {
        if let Planned::Op { op, x, .. } = &kernel.work {
            if let Op::Scan(scan) = op {
                check(&body(scan))?;
            }
            let line = match op {
                Op::Softmax(op) => x[0].shape[usize::from(op.axis)],
                Op::LogSoftmax(op) => x[0].shape[usize::from(op.axis)],
                Op::Prod(op) => x[0].shape[usize::from(op.axis)],
                _ => 0,
            };
            if line * size(x[0].dtype) > OWN {
                return Err(refused(op.name(), format!("a line of {line} numbers is too long for a thread")));
            }
        }
    }
    Ok(())
}

/// A loop, its operands and its result.
pub(crate) struct Loop<'a> {
    pub(crate) steps: usize,
    pub(crate) reverse: bool,
    pub(crate) ports: Ports,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) plan: Verified<Plan>,
    pub(crate) launch: &'a Launch,
    pub(crate) x: &'a [MemoryView],
    pub(crate) y: &'a MemoryView,
    /// The flag of all its kernels.
    pub(crate) fault: Address,
}

/// The places of the memories of a plan, and what else its kernels need.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) machine: Rc<dyn Machine>,
    /// By the number of the memory.
    pub(crate) at: Vec<Address>,
    /// Where the next operand lies whose place changes from step to step, until the step is known: beyond all memory.
    pub(crate) window: Address,
    /// Sums of blocks, scratch, and what loops keep.
    pub(crate) own: Vec<Memory>,
    /// Where the kernels look whether to stop.
    pub(crate) stop: Address,
    /// A flag of four bytes for each kernel.
    pub(crate) faults: Address,
    /// The kernels of the tasks.
    pub(crate) text: String,
    form: Kernels,
}

impl Places {
    pub(crate) fn new(machine: &Rc<dyn Machine>, at: Vec<Address>, form: Kernels) -> Places {
        let (machine, window, own) = (Rc::clone(machine), WINDOW, vec![]);
        Places { machine, at, window, own, stop: 0, faults: 0, text: String::new(), form }
    }

    /// Where a view begins.
    pub(crate) fn of(&self, view: &MemoryView) -> Address {
        self.at[view.memory as usize] + (view.offset * size(view.dtype)) as u64
    }

    /// All that a view may touch.
    pub(crate) fn access(&self, kind: Kind, view: &MemoryView) -> Option<Access> {
        let (mut low, mut high) = (0isize, 0isize);
        for (&n, &stride) in view.shape.iter().zip(&view.strides) {
            if n == 0 {
                return None;
            }
            let way = (n as isize - 1) * stride;
            (low, high) = (low + way.min(0), high + way.max(0));
        }
        let size = size(view.dtype);
        let at = self.of(view).checked_add_signed((low * size as isize) as i64)?;
        Some(Access::new(kind, at, (high - low + 1) as usize * size))
    }

    /// Memory of its own.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<Address, Error> {
        let memory = Memory::new(&self.machine, bytes)?;
        let at = memory.at();
        self.own.push(memory);
        Ok(at)
    }

    /// The tasks of all kernels, in order.
    pub(crate) fn tasks(&mut self, program: &Program, launches: &Launches) -> Result<Vec<Task>, Error> {
        let tasks = self.tasks_of(program.plan(), &launches.kernels, None)?;
        let count = tasks.len();
        if count > MOST {
            return Err(refused("the program", format!("{count} kernels are more than {MOST}")));
        }
        Ok(tasks)
    }

    /// The tasks of a plan; those of the body of a loop have the flag of the loop.
    pub(crate) fn tasks_of(
        &mut self,
        plan: &Plan,
        launches: &[Launch],
        fault: Option<Address>,
    ) -> Result<Vec<Task>, Error> {
        let mut tasks = vec![];
        for (i, (kernel, launch)) in plan.kernels.iter().zip(launches).enumerate() {
            let fault = fault.unwrap_or(self.faults + 4 * i as u64);
            if let Planned::Product { a, b, c } = &kernel.work
                && let Some(task) = self.product([a, b, c], launch)
            {
                tasks.push(task);
            } else if let Planned::Op { op: Op::Scan(scan), x, y } = &kernel.work {
                let (steps, reverse) = (scan.steps, scan.reverse);
                let (ports, pieces, plan) = (scan.body.ports, scan.pieces(), body(scan));
                let it = Loop { steps, reverse, ports, pieces, plan, launch, x, y, fault };
                tasks.extend(it.tasks(self)?);
            } else {
                self.kernel(kernel, launch, fault, &mut tasks)?;
            }
        }
        Ok(tasks)
    }

    /// A product, by the library or in the order of the CPU; none where there is nothing to multiply, or it is a kernel like others.
    fn product(&mut self, [a, b, c]: [&MemoryView; 3], launch: &Launch) -> Option<Task> {
        let Kernels::Apart(numerics) = self.form else { return None };
        let reads = [a, b].into_iter().filter_map(|x| self.access(Kind::Read, x));
        let accesses = reads.chain(self.access(Kind::Write, c)).collect();
        let by_library = numerics.uses_library().then(|| Product::of([a, b, c], |x| self.of(x)));
        if let Some(product) = by_library.flatten() {
            return Some(Task::new(Work::Product(product), accesses));
        }
        let order::Tiled { text, tiles } = order::tiled(&launch.name, &launch.comment, [a, b, c])?;
        if !self.text.contains(order::MACROS) {
            self.text += order::MACROS;
        }
        self.text += &text;
        let arguments = [a, b, c].map(|x| self.of(x)).to_vec();
        let (name, blocks) = (launch.name.clone(), tiles.min(BLOCKS));
        Some(Task::new(Work::Kernel { name, arguments, blocks, threads: THREADS }, accesses))
    }

    fn kernel(
        &mut self,
        kernel: &Kernel,
        launch: &Launch,
        fault: Address,
        tasks: &mut Vec<Task>,
    ) -> Result<(), Error> {
        self.text += &match self.form {
            Kernels::Apart(_) => launch.text.clone(),
            Kernels::Together => with_skip(&launch.name, &launch.text),
        };
        let [blocks, threads] = geometry(launch);
        let is_pool = self.form == Kernels::Together && launch.scratch <= SHARED;
        let mut own = |bytes: usize| if bytes > 0 { self.take(bytes) } else { Ok(0) };
        let partials = own(launch.partials)?;
        let each = if launch.scratch > SHARED { blocks } else { 1 };
        let scratch = if is_pool { POOL } else { own(launch.scratch * each)? };
        let address = |argument: &Argument| match argument {
            Argument::Memory(number) => self.at[*number as usize],
            Argument::Partials => partials,
            Argument::Stop => self.stop,
            Argument::Scratch => scratch,
            Argument::Fault => fault,
        };
        let (reads, writes, totals) = touched(&kernel.work);
        let mut accesses: Vec<Access> = reads.iter().filter_map(|x| self.access(Kind::Read, x)).collect();
        accesses.extend(writes.iter().filter_map(|x| self.access(Kind::Write, x)));
        let totals: Vec<Access> = totals.iter().filter_map(|x| self.access(Kind::Write, x)).collect();
        let mut flags = vec![];
        if launch.arguments.contains(&Argument::Stop) {
            flags.push(Access::new(Kind::Read, self.stop, 8));
        }
        accesses.extend(flags.iter().cloned());
        if launch.arguments.contains(&Argument::Fault) {
            accesses.push(Access::new(Kind::Mark, fault, 4));
        }
        if launch.scratch > SHARED {
            accesses.push(Access::new(Kind::Write, scratch, launch.scratch * each));
        }
        let summed = |kind| Access::new(kind, partials, launch.partials);
        match launch.end {
            None => accesses.extend(totals.iter().cloned()),
            Some(_) => accesses.extend((launch.partials > 0).then(|| summed(Kind::Write))),
        }
        let arguments = launch.arguments.iter().map(address).collect();
        let name = launch.name.clone();
        // A kernel of no elements writes nothing but its totals.
        if launch.elements > 0 || launch.tiles[0] > 0 || launch.end.is_none() {
            let task = Task::new(Work::Kernel { name, arguments, blocks, threads }, accesses);
            tasks.push(task.sized(Size::of(kernel, launch)));
        }
        if let Some(arguments) = &launch.end {
            let (name, arguments) = (format!("{}_end", launch.name), arguments.iter().map(address).collect());
            let work = Work::Kernel { name, arguments, blocks: 1, threads: 1 };
            // The tree grows in place.
            let tree = (launch.partials > 0).then(|| summed(Kind::Write));
            let each = 2 * launch.tiles[0];
            let task = Task::new(work, totals.into_iter().chain(tree).chain(flags).collect());
            tasks.push(task.sized(Size::plain(1, each)));
        }
        Ok(())
    }
}

/// How many blocks a kernel has, and how many threads each.
fn geometry(launch: &Launch) -> [usize; 2] {
    match launch.tiles {
        [0, _] => [launch.elements.div_ceil(THREADS).clamp(1, BLOCKS), THREADS],
        [tiles, elements] => {
            let most = if launch.scratch > SHARED { BLOCKS_WITH_SCRATCH } else { BLOCKS };
            [tiles.min(most), elements.next_multiple_of(32).clamp(32, THREADS)]
        }
    }
}

/// What a kernel reads, what it writes, and the sums over everything among that.
fn touched(work: &Planned) -> (Vec<&MemoryView>, Vec<&MemoryView>, Vec<&MemoryView>) {
    match work {
        Planned::Tile(code) => (
            code.reads.iter().map(|read| &read.from).collect(),
            code.writes.iter().map(|write| &write.to).collect(),
            code.totals.iter().collect(),
        ),
        Planned::Product { a, b, c } => (vec![a, b], vec![c], vec![]),
        Planned::Op { x, y, .. } => (x.iter().collect(), vec![y], vec![]),
    }
}
