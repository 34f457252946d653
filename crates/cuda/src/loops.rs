//! Loops as tasks: the kernels of a body once for each step, with what is carried from one to the next.

use crate::Error;
use crate::dag::{Access, Kind};
use crate::error::refused;
use crate::machine::{Address, Memory, Work};
use crate::numbers::{bytes, c_type, size};
use crate::order::{THREADS, place};
use crate::task::Task;
use crate::tasks::{Loop, MOST, Places};
use autograd::DType;
use autograd::planned::{Contents, Held, MemoryView, Piece};

/// From one window to the next.
const APART: Address = 1 << 40;

/// An operand of which each step reads a part: where its tasks say that it lies, where it does in step 0, and the bytes of a step.
struct Window {
    start: Address,
    at: Address,
    step: u64,
}

impl Loop<'_> {
    /// The tasks of all steps. The body is laid out once, with windows in place of what each step reads.
    pub(crate) fn tasks(&self, places: &mut Places) -> Result<Vec<Task>, Error> {
        let mut tasks = vec![];
        let operands = self.operands(places, &mut tasks)?;
        let (mut arguments, mut windows) = (operands.clone(), vec![]);
        for (i, x) in self.x.iter().enumerate().filter(|&(i, _)| self.ports.is_read(i)) {
            let step = (x.shape.elements() / self.steps.max(1) * size(x.dtype)) as u64;
            windows.push(Window { start: places.window, at: operands[i], step });
            arguments[i] = places.window;
            places.window += APART;
        }
        let inner = self.memories(places, &arguments)?;
        let outer = std::mem::replace(&mut places.at, inner);
        let body = places.tasks_of(&self.plan, &self.launch.body, Some(self.fault))?;
        let outputs: Vec<Address> = self.plan.outputs.iter().map(|y| places.of(y)).collect();
        places.at = outer;
        let count = self.steps.saturating_mul(body.len() + self.pieces.len() + self.ports.carried);
        if count > MOST {
            let why = format!("{} steps of {} kernels are more than {MOST}", self.steps, count / self.steps);
            return Err(refused("scan", why));
        }
        for s in 0..self.steps {
            let t = if self.reverse { self.steps - 1 - s } else { s };
            tasks.extend(self.histories(places, t, &operands));
            tasks.extend(body.iter().map(|task| moved(task, &windows, t)));
            tasks.extend(self.results(places, [s, t], &outputs));
            for i in 0..self.ports.carried {
                let (dtype, n) = (self.plan.outputs[i].dtype, self.plan.outputs[i].shape.elements());
                tasks.extend(copy(places, dtype, n, [outputs[i], operands[i]]));
            }
        }
        tasks.extend(self.ends(places, &operands));
        Ok(tasks)
    }

    /// Where the operands lie: what is carried, and what is not contiguous, is copied.
    fn operands(&self, places: &mut Places, tasks: &mut Vec<Task>) -> Result<Vec<Address>, Error> {
        let mut all = vec![];
        for (i, x) in self.x.iter().enumerate() {
            if i >= self.ports.carried && is_contiguous(x) {
                all.push(places.of(x));
                continue;
            }
            let n = x.shape.elements();
            let to = places.take(n * size(x.dtype))?;
            let statement = format!("to[i] = from[0{}];", place(&x.shape, &x.strides, "i"));
            let name = format!("{}_operand_{i}", self.launch.name);
            let from = (places.of(x), places.access(Kind::Read, x));
            tasks.extend(each(places, &name, &statement, x.dtype, n, from, to));
            all.push(to);
        }
        Ok(all)
    }

    /// Where the memories of the body lie.
    fn memories(&self, places: &mut Places, arguments: &[Address]) -> Result<Vec<Address>, Error> {
        let mut all = vec![];
        for memory in self.plan.memories() {
            all.push(match memory.contents {
                Contents::Input(name) => {
                    let number = name.strip_prefix("argument ").and_then(|i| i.parse::<usize>().ok());
                    arguments[number.expect("the inputs of a body are its arguments")]
                }
                Contents::Constant(data) => {
                    let memory = Memory::of(&places.machine, bytes(data))?;
                    let at = memory.at();
                    places.own.push(memory);
                    at
                }
                _ => places.take(memory.elements * size(memory.dtype))?,
            });
        }
        Ok(all)
    }

    /// Where a part of the result begins, or that of a step.
    fn piece(&self, places: &Places, piece: &Piece, before: usize) -> Address {
        places.of(self.y) + ((piece.start + before) * size(self.y.dtype)) as u64
    }

    /// The tasks that keep what is carried into a step.
    fn histories(&self, places: &mut Places, t: usize, operands: &[Address]) -> Vec<Task> {
        let mut tasks = vec![];
        for piece in &self.pieces {
            if let Held::History(i) = piece.held {
                let n = piece.elements() / self.steps;
                let to = self.piece(places, piece, t * n);
                tasks.extend(copy(places, self.y.dtype, n, [operands[i], to]));
            }
        }
        tasks
    }

    /// The tasks that keep what a step gives: stacked, or added up.
    fn results(&self, places: &mut Places, [s, t]: [usize; 2], outputs: &[Address]) -> Vec<Task> {
        let (ports, dtype) = (self.ports, self.y.dtype);
        let mut tasks = vec![];
        for piece in &self.pieces {
            let (i, is_stacked) = match piece.held {
                Held::Result(i) if i < ports.carried => continue,
                Held::Result(i) => (i, ports.is_stacked(i)),
                Held::Product(i) => (ports.results() + i, true),
                Held::History(_) => continue,
            };
            let n = self.plan.outputs[i].shape.elements();
            let to = self.piece(places, piece, if is_stacked { t * n } else { 0 });
            tasks.extend(if is_stacked || s == 0 {
                copy(places, dtype, n, [outputs[i], to])
            } else {
                add(places, dtype, n, [outputs[i], to])
            });
        }
        tasks
    }

    /// The tasks that keep what is left after all steps.
    fn ends(&self, places: &mut Places, operands: &[Address]) -> Vec<Task> {
        let dtype = self.y.dtype;
        let mut tasks = vec![];
        for piece in &self.pieces {
            let (n, to) = (piece.elements(), self.piece(places, piece, 0));
            match piece.held {
                Held::Result(i) if i < self.ports.carried => {
                    tasks.extend(copy(places, dtype, n, [operands[i], to]));
                }
                Held::Result(i) if self.steps == 0 && !self.ports.is_stacked(i) => {
                    tasks.extend(each(
                        places,
                        &format!("wg_zero_{dtype}_{n}"),
                        "to[i] = 0;",
                        dtype,
                        n,
                        (to, None),
                        to,
                    ));
                }
                _ => {}
            }
        }
        tasks
    }
}

/// A task of step `t`.
fn moved(task: &Task, windows: &[Window], t: usize) -> Task {
    let place = |at: Address| {
        let inside = windows.iter().find(|window| (window.start..window.start + APART).contains(&at));
        inside.map_or(at, |window| window.at + t as u64 * window.step + (at - window.start))
    };
    let mut task = task.clone();
    match &mut task.work {
        Work::Kernel { arguments, .. } => arguments.iter_mut().for_each(|at| *at = place(*at)),
        Work::Product(product) => {
            [&mut product.a, &mut product.b, &mut product.c].into_iter().for_each(|x| x.at = place(x.at));
        }
    }
    for access in &mut task.accesses {
        let (start, length) = (place(access.bytes.start), access.bytes.end - access.bytes.start);
        access.bytes = start..start + length;
    }
    task
}

fn is_contiguous(x: &MemoryView) -> bool {
    let mut inner = 1;
    x.shape.iter().zip(&x.strides).rev().all(|(&n, &stride)| {
        let fits = n == 1 || stride == inner;
        inner *= n as isize;
        fits
    })
}

/// A task that copies numbers; none where there are none.
fn copy(places: &mut Places, dtype: DType, n: usize, [from, to]: [Address; 2]) -> Option<Task> {
    let read = Some(Access::new(Kind::Read, from, n * size(dtype)));
    each(places, &format!("wg_copy_{dtype}_{n}"), "to[i] = from[i];", dtype, n, (from, read), to)
}

/// A task that adds numbers to others.
fn add(places: &mut Places, dtype: DType, n: usize, [from, to]: [Address; 2]) -> Option<Task> {
    let read = Some(Access::new(Kind::Read, from, n * size(dtype)));
    each(places, &format!("wg_add_{dtype}_{n}"), "to[i] = to[i] + from[i];", dtype, n, (from, read), to)
}

/// A task of a statement for each of n numbers.
fn each(
    places: &mut Places,
    name: &str,
    statement: &str,
    dtype: DType,
    n: usize,
    (from, read): (Address, Option<Access>),
    to: Address,
) -> Option<Task> {
    if n == 0 {
        return None;
    }
    let t = c_type(dtype);
    let text = format!("WG_KERNEL {name}(const {t} *from, {t} *to) {{\n  WG_EACH(i, {n}) {statement}\n}}\n");
    if !places.text.contains(&text) {
        places.text += &text;
    }
    let accesses = read.into_iter().chain([Access::new(Kind::Write, to, n * size(dtype))]).collect();
    let (name, arguments, blocks) = (name.to_owned(), vec![from, to], n.div_ceil(THREADS).min(1 << 14));
    Some(Task::new(Work::Kernel { name, arguments, blocks, threads: THREADS }, accesses))
}
