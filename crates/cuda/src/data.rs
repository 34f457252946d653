//! A data set that lives on a machine: each step fetches the rows of its batch.

use crate::Error;
use crate::control;
use crate::dag::{Access, Kind};
use crate::error::refused;
use crate::loaded::{Loaded, listed, with_bytes};
use crate::machine::{Memory, Work};
use crate::numbers::size;
use crate::task::Task;
use autograd::{AnyTensor, Inputs, Mistake, Program};

#[derive(Debug)]
pub(crate) struct DataSet {
    /// How many batches an epoch has.
    pub(crate) batches: usize,
    rows: usize,
    /// The numbers of the rows in the order in which they are read.
    order: Memory,
    inputs: Vec<Memory>,
    pub(crate) tasks: Vec<Task>,
    /// The kernels that fetch a batch.
    pub(crate) text: String,
}

impl DataSet {
    /// Copies a data set to the machine: for each input of the program a tensor with more rows. Rows that do not fill a batch are
    /// not read.
    pub(crate) fn new(loaded: &Loaded<'_>, control: &Memory, inputs: &impl Inputs) -> Result<DataSet, Error> {
        let given = listed(loaded.program, inputs)?;
        let wanted: Vec<_> = loaded.program.inputs().collect();
        let [batch, rows] = measured(loaded.program, &given)?;
        let machine = &loaded.machine;
        let order: Vec<i64> = (0..rows as i64).collect();
        let order = Memory::of(machine, bytemuck::cast_slice(&order))?;
        let (batches, mut tasks, mut memories, mut kernels) = (rows / batch, vec![], vec![], String::new());
        for (i, (&(name, shape, dtype), x)) in wanted.iter().zip(given).enumerate() {
            let memory = with_bytes(x, |bytes| Memory::of(machine, bytes))?;
            let n = shape.elements();
            let width = n / batch;
            if n > 0 {
                let (kernel, text) = control::take(i, dtype, batch, width, batches);
                kernels += &text;
                let to = loaded.place_of(name);
                let arguments = vec![memory.at(), order.at(), control.at(), to];
                let work = Work::Kernel { name: kernel, arguments, blocks: n.div_ceil(256), threads: 256 };
                let accesses = vec![
                    Access::new(Kind::Read, memory.at(), rows * width * size(dtype)),
                    Access::new(Kind::Read, order.at(), 8 * rows),
                    Access::new(Kind::Read, control.at(), 8 * control::WORDS),
                    Access::new(Kind::Write, to, n * size(dtype)),
                ];
                tasks.push(Task::new(work, accesses));
            }
            memories.push(memory);
        }
        Ok(DataSet { batches, rows, order, inputs: memories, tasks, text: kernels })
    }

    /// All that it keeps on the machine.
    pub(crate) fn memories(&self) -> impl Iterator<Item = &Memory> {
        self.inputs.iter().chain([&self.order])
    }

    /// The order in which rows are read from now on.
    pub(crate) fn order(&self, rows: &[usize]) -> Result<(), Error> {
        check_order(rows, self.rows)?;
        let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        self.order.upload(bytemuck::cast_slice(&rows))
    }

    /// The next step reads the first batch.
    pub(crate) fn start(&self, control: &Memory, launched: u64) -> Result<(), Error> {
        let batches = self.batches as u64;
        let first = (batches - launched % batches) as i64;
        control.upload_at(8 * control::FIRST, &first.to_ne_bytes())
    }
}

/// The rows of a batch and of the data set, if every tensor has as many and rows as the program reads them.
pub(crate) fn measured(program: &Program, given: &[&dyn AnyTensor]) -> Result<[usize; 2], Error> {
    let (mut batch, mut rows) = (0, 0);
    for ((name, shape, dtype), x) in program.inputs().zip(given) {
        let all = x.dimensions();
        let why = if x.dtype() != dtype {
            format!("its rows are {}, the program reads {dtype}", x.dtype())
        } else if shape.is_empty() || all.is_empty() || shape[1..] != all[1..] {
            format!(
                "it has shape {all}, where batches of {shape} are read: all axes but the first must be equal"
            )
        } else if rows != 0 && (shape[0], all[0]) != (batch, rows) {
            format!("it has {} rows in batches of {}, other inputs {rows} in {batch}", all[0], shape[0])
        } else if shape[0] == 0 || all[0] < shape[0] {
            format!("its {} rows are no batch of {}", all[0], shape[0])
        } else {
            (batch, rows) = (shape[0], all[0]);
            continue;
        };
        return Err(refused(format!("the data of the input `{name}`"), why));
    }
    match batch {
        0 => Err(refused("a data set", "the program has no inputs: `step(())` needs none")),
        _ => Ok([batch, rows]),
    }
}

/// Refuses an order that does not fit so many rows.
pub(crate) fn check_order(order: &[usize], rows: usize) -> Result<(), Error> {
    if order.len() == rows && order.iter().all(|&row| row < rows) {
        return Ok(());
    }
    let why = format!("{} numbers are given, and the data set has the rows 0 to {}", order.len(), rows - 1);
    Err(refused("an order of rows", why))
}

/// Says that a method needs a data set.
#[track_caller]
pub(crate) fn missing(method: &str) -> ! {
    Mistake::new(format!("{method}: there is no data set"))
        .rule("steps without inputs read batches of a data set")
        .hint("call `data(…)` first, or `step(…)` with a batch")
        .raise()
}
