//! Tile programs as text: phase by phase. Within a phase values are variables; what a later phase reads again is kept in an array
//! of the tile.

mod phases;
mod statements;

use crate::functions::Functions;
use crate::kernel::{Kernel, Writer};
use crate::memory::{Memories, axis_of_rows, c_type, suffix};
use autograd::DType;
use autograd::planned::{Code, Extent, How, MemoryView};
use autograd::printed;
use phases::{From, KeptIn, Phase, Store, Value, divided};
use std::collections::BTreeSet;

/// Terms of a block of a sum: the tile of a kernel that adds up everything.
const BLOCK: usize = 1024;

/// The bytes that the threads of a block share on every GPU.
pub(crate) const SHARED: usize = 48 << 10;

/// The bytes of an array that a processor may keep in its registers.
const REGISTERS: usize = 128;

/// The terms of a sum that is written out.
const SHORT: usize = 8;

/// The terms of the sum of a row from which on threads share it.
const LONG: usize = 64;

/// The lanes of a block of a sum.
const LANES: usize = 16;

/// How the elements are walked.
#[derive(Clone, Copy, Debug)]
enum Walk {
    /// One loop.
    Flat,
    /// Rows of this length.
    Rows(usize),
}

struct Printer<'a> {
    code: &'a Code,
    memories: &'a Memories,
    functions: &'a mut Functions,
    values: Vec<Value>,
    walk: Walk,
    /// Whether there are tiles; else the loops go through all elements.
    tiled: bool,
    t: &'static str,
    f: &'static str,
}

/// Prints a kernel.
pub(crate) fn print(code: &Code, memories: &Memories, functions: &mut Functions, kernel: &mut Kernel) {
    let (values, phases, stores) = divided(code);
    let tiled = phases.len() > 1 || code.totals.len() + usize::from(values.iter().any(Value::is_kept)) > 0;
    let walk = if code.row > 0 { Walk::Rows(code.row) } else { rows_of_reads(code, tiled) };
    let (t, f) = (c_type(code.dtype), suffix(code.dtype));
    let mut printer = Printer { code, memories, functions, values, walk, tiled, t, f };
    printer.kernel(&phases, &stores, kernel);
}

/// The length of rows that spares divisions: that of the last axes of what is not contiguous.
fn rows_of_reads(code: &Code, tiled: bool) -> Walk {
    if tiled && code.elements > BLOCK {
        return Walk::Flat;
    }
    let strided = code.reads.iter().filter(|r| r.how == How::Gather && r.from.shape.len() > 1);
    let lengths = strided.filter_map(|r| r.from.shape.last().copied());
    match lengths.min() {
        Some(length) if length >= 4 => Walk::Rows(length),
        _ => Walk::Flat,
    }
}

impl Printer<'_> {
    fn kernel(&mut self, phases: &[Phase], stores: &[Store], kernel: &mut Kernel) {
        let code = self.code;
        for read in &code.reads {
            kernel.reads(read.from.memory);
        }
        for to in code.writes.iter().map(|w| &w.to).chain(&code.totals) {
            kernel.writes(to.memory);
        }
        let mut out = Writer::default();
        for (i, read) in code.reads.iter().enumerate().filter(|(_, r)| r.how == How::Splat) {
            let x = self.converted(&read.from, self.memories.result(&read.from, "0"));
            out.line(format!("const {} c{i} = {x};", self.t));
        }
        if !self.tiled {
            kernel.elements = code.elements;
            for (i, phase) in phases.iter().enumerate() {
                self.phase(i, phase, stores, &mut out);
            }
        } else {
            self.tiles(phases, stores, kernel, &mut out);
        }
        kernel.body = out.text();
        self.totals(kernel);
    }

    /// The elements of a tile, and its rows.
    fn tile(&self) -> [usize; 2] {
        let row = self.code.row;
        match row {
            0 => [BLOCK.min(self.code.elements.max(1)), 0],
            _ => {
                let rows = (BLOCK / row).clamp(1, (self.code.elements / row).max(1));
                [rows * row, rows]
            }
        }
    }

    fn tiles(&mut self, phases: &[Phase], stores: &[Store], kernel: &mut Kernel, out: &mut Writer) {
        let [tile, rows] = self.tile();
        let elements = self.code.elements;
        let count = elements.div_ceil(tile);
        self.arrays([tile, rows], phases, kernel, out);
        kernel.tiles = [count, tile];
        out.open(format!("WG_TILES(tile, {count}) {{"));
        out.line(format!("const int base = tile * {tile};"));
        if elements.is_multiple_of(tile) {
            out.line(format!("enum {{ n = {tile} }};"));
        } else {
            out.line(format!("const int n = {elements} - base < {tile} ? {elements} - base : {tile};"));
        }
        if self.code.row > 0 {
            out.line(format!("const int first = tile * {rows}, rows = n / {};", self.code.row));
        }
        for (i, phase) in phases.iter().enumerate() {
            self.phase(i, phase, stores, out);
            if i + 1 < phases.len() || count > 1 {
                out.line("WG_SYNC;".to_owned());
            }
        }
        out.close();
    }

    /// The arrays of a tile: in memory that the threads of a block share, where they fit.
    fn arrays(&self, [tile, rows]: [usize; 2], phases: &[Phase], kernel: &mut Kernel, out: &mut Writer) {
        let kept = self.values.iter().enumerate().filter(|(_, v)| v.is_kept());
        let mut arrays: BTreeSet<(String, usize)> = kept
            .filter_map(|(i, v)| match (v.extent, v.kept_in) {
                (Extent::Rows, _) => Some((format!("r{i}"), rows)),
                (Extent::Tile, KeptIn::Array(array)) => Some((format!("t{array}"), tile)),
                (Extent::Tile, KeptIn::Result(_)) => None,
            })
            .collect();
        let sums = phases.iter().any(|p| matches!(p, Phase::Reduce { largest: false, .. }));
        if self.code.row > BLOCK && sums {
            arrays.insert(("blocks".to_owned(), rows * self.code.row.div_ceil(BLOCK)));
        }
        let in_lanes = |phase: &Phase| match phase {
            Phase::Total { .. } => Some(LANES),
            Phase::Reduce { largest: false, .. } if (LONG..=BLOCK).contains(&self.code.row) => {
                Some(rows * LANES)
            }
            _ => None,
        };
        let lanes = phases.iter().filter_map(in_lanes).max();
        arrays.extend(lanes.map(|length| ("lanes".to_owned(), length)));
        let bytes = |length: usize| length * crate::memory::size(self.code.dtype);
        let line = |length: usize| bytes(length).next_multiple_of(64);
        let near = arrays.iter().map(|(_, length)| line(*length)).sum::<usize>() <= SHARED;
        let is_few = |length: usize| near && bytes(length) <= REGISTERS;
        kernel.scratch = arrays.iter().filter(|(_, n)| !is_few(*n)).map(|(_, length)| line(*length)).sum();
        if !near {
            out.line(format!("WG_OWN({});", kernel.scratch));
        }
        for (name, length) in arrays {
            let kind = match near {
                true if is_few(length) => "FEW",
                true => "ARRAY",
                false => "FAR",
            };
            let line = format!("WG_{kind}({}, {name}, {length});", self.t);
            if name != "lanes" {
                out.line(line);
                continue;
            }
            out.directive("#ifndef WG_SERIAL");
            out.line(line);
            if kind != "FEW" {
                out.directive("#else");
                out.line("(void)wg_scratch;".to_owned());
            }
            out.directive("#endif");
        }
    }

    fn phase(&mut self, number: usize, phase: &Phase, stores: &[Store], out: &mut Writer) {
        match phase {
            Phase::Loop(extent, statements) => {
                out.open(self.head(*extent));
                for statement in statements {
                    self.statement(statement, number, *extent, out);
                }
                for store in stores.iter().filter(|store| store.phase == number) {
                    self.store(*store, *extent, out);
                }
                out.close();
            }
            Phase::Reduce { y, x, largest } => {
                self.functions.sums(self.code.dtype);
                let (f, row) = (self.f, self.code.row);
                if !largest && row <= SHORT {
                    let sum = sum_of(row, |i| self.kept(*x, &format!("r * {row} + {i}")));
                    return out.line(format!("WG_IN(r, rows) r{y}[r] = {sum};"));
                }
                let from = |at: &str| format!("&{}", self.kept(*x, at));
                if !largest && (LONG..=BLOCK).contains(&row) {
                    let (one, lane) = (from(&format!("r * {row}")), from(&format!("i / {LANES} * {row}")));
                    return self.sums_of_blocks(
                        "rows",
                        [&one, &lane],
                        &row.to_string(),
                        &format!("r{y}[r]"),
                        out,
                    );
                }
                let from = from(&format!("r * {row}"));
                out.line(match (largest, row > BLOCK) {
                    (true, _) => format!("WG_IN(r, rows) r{y}[r] = wg_largest{f}({from}, {row});"),
                    (false, false) => format!("WG_IN(r, rows) r{y}[r] = wg_block{f}({from}, {row});"),
                    (false, true) => {
                        let blocks = row.div_ceil(BLOCK);
                        format!("WG_IN(r, rows) r{y}[r] = wg_sum{f}({from}, {row}, blocks + r * {blocks});")
                    }
                });
            }
            Phase::Total { number, x } => {
                self.functions.sums(self.code.dtype);
                let from = format!("&{}", self.kept(*x, "0"));
                let to = match self.one_block() {
                    true => self.memories.result(&self.code.totals[*number], "0"),
                    false => format!("partials[{} + tile]", number * self.blocks()),
                };
                self.sums_of_blocks("1", [&from, &from], "n", &to, out);
            }
        }
    }

    /// Sums of blocks of `n` terms: each by one thread where a thread does it all, else by as many as it has lanes. A block begins
    /// where the first of `from` says, and for thread `i` where the second does.
    fn sums_of_blocks(&self, rows: &str, from: [&str; 2], n: &str, to: &str, out: &mut Writer) {
        let (f, [one, lane]) = (self.f, from);
        out.directive("#ifdef WG_SERIAL");
        out.line(format!("WG_IN(r, {rows}) {to} = wg_block{f}({one}, {n});"));
        out.directive("#else");
        out.line(format!("WG_IN(i, {rows} * {LANES}) lanes[i] = wg_lane{f}({lane}, {n}, i % {LANES});"));
        out.line("WG_SYNC;".to_owned());
        out.line(format!("WG_IN(r, {rows}) {to} = wg_fold{f}(lanes + r * {LANES});"));
        out.directive("#endif");
    }

    fn blocks(&self) -> usize {
        self.code.elements.div_ceil(BLOCK)
    }

    fn one_block(&self) -> bool {
        self.blocks() <= 1
    }

    /// The sums of blocks become totals when all tiles are done.
    fn totals(&mut self, kernel: &mut Kernel) {
        let (blocks, f) = (self.blocks(), self.f);
        if self.code.elements == 0 {
            for to in &self.code.totals {
                kernel.finish.push(format!("{} = ({}) 0;", self.memories.result(to, "0"), self.t));
            }
        } else if !self.one_block() {
            for (i, to) in self.code.totals.iter().enumerate() {
                let to = self.memories.result(to, "0");
                kernel.finish.push(format!("{to} = wg_pairs{f}(partials + {}, {blocks});", i * blocks));
            }
            if !self.code.totals.is_empty() {
                kernel.partials = Some((self.code.dtype, self.code.totals.len() * blocks));
            }
        }
    }

    /// The head of a loop; `i` is the element in the tile, `e` in the kernel.
    fn head(&self, extent: Extent) -> String {
        let elements = self.code.elements;
        match (extent, self.walk, self.tiled) {
            (Extent::Rows, _, true) => "WG_IN(r, rows) {".to_owned(),
            (Extent::Rows, _, false) => format!("WG_EACH(r, {}) {{", elements / self.code.row.max(1)),
            (Extent::Tile, Walk::Flat, true) => "WG_IN(i, n) {".to_owned(),
            (Extent::Tile, Walk::Flat, false) => format!("WG_EACH(i, {elements}) {{"),
            (Extent::Tile, Walk::Rows(row), true) => format!("WG_IN_ROWS(r, n / {row}, j, {row}) {{"),
            (Extent::Tile, Walk::Rows(row), false) => format!("WG_ROWS(r, {}, j, {row}) {{", elements / row),
        }
    }

    /// The place of an element in the tile.
    fn local(&self) -> String {
        match self.walk {
            Walk::Flat => "i".to_owned(),
            Walk::Rows(row) => format!("r * {row} + j"),
        }
    }

    /// The element of an operand that belongs to the loop.
    fn operand(&self, i: usize) -> String {
        let read = &self.code.reads[i];
        match (read.extent, self.walk) {
            (_, _) if read.how == How::Splat => format!("c{i}"),
            (Extent::Rows, _) => {
                let r = if self.tiled { "first + r" } else { "r" };
                self.read(&read.from, r)
            }
            (Extent::Tile, Walk::Rows(row)) => {
                let r = match (self.tiled, self.code.row) {
                    (true, 1..) => "first + r",
                    _ => "r",
                };
                match axis_of_rows(&read.from.shape, row).filter(|_| read.how == How::Gather) {
                    Some(_) => {
                        let x = self.memories.in_row(&read.from, row, [r, "j"]).expect("whole axes");
                        self.converted(&read.from, x)
                    }
                    None => self.read(&read.from, &format!("({r}) * {row} + j")),
                }
            }
            (Extent::Tile, Walk::Flat) => self.read(&read.from, if self.tiled { "base + i" } else { "i" }),
        }
    }

    fn read(&self, x: &MemoryView, i: &str) -> String {
        self.converted(x, self.memories.nth(x, i))
    }

    fn converted(&self, x: &MemoryView, element: String) -> String {
        if x.dtype == self.code.dtype { element } else { format!("({}) {element}", self.t) }
    }

    /// A value, as a phase over this extent reads it.
    fn value(&self, value: usize, phase: usize, extent: Extent) -> String {
        let it = &self.values[value];
        match it.from {
            From::Fill(c) => printed::literal(c, self.code.dtype == DType::F64),
            From::Read(i) => self.operand(i),
            From::Row(row) => match self.values[row].from {
                From::Step if self.values[row].phase != phase => match self.walk {
                    Walk::Rows(_) => format!("r{row}[r]"),
                    Walk::Flat => unreachable!("kernels with rows walk by rows"),
                },
                _ => self.value(row, phase, Extent::Rows),
            },
            From::Step if it.phase == phase => format!("v{value}"),
            From::Step if extent == Extent::Rows => format!("r{value}[r]"),
            From::Step => self.kept(value, &self.local()),
        }
    }

    fn store(&self, store: Store, extent: Extent, out: &mut Writer) {
        let write = &self.code.writes[store.write];
        let value = self.value(store.value, store.phase, extent);
        let value = if write.to.dtype == DType::Bool { format!("{value} != 0") } else { value };
        let at = match (extent, self.tiled) {
            (Extent::Rows, true) => "first + r".to_owned(),
            (Extent::Rows, false) => "r".to_owned(),
            (Extent::Tile, true) => format!("base + {}", self.local()),
            (Extent::Tile, false) => self.local(),
        };
        out.line(format!("{} = {value};", self.memories.result(&write.to, &at)));
    }

    /// An element of a value of the tile that is kept, by its place in the tile.
    fn kept(&self, value: usize, at: &str) -> String {
        match self.values[value].kept_in {
            KeptIn::Array(array) => format!("t{array}[{at}]"),
            KeptIn::Result(write) => {
                self.memories.result(&self.code.writes[write].to, &format!("base + {at}"))
            }
        }
    }
}

/// A sum of few terms, written out in the order of a block: lanes are folded in halves.
fn sum_of(n: usize, term: impl Fn(usize) -> String) -> String {
    let mut lanes: Vec<String> = (0..n).map(term).collect();
    for half in [8, 4, 2, 1] {
        for i in half..lanes.len() {
            lanes[i - half] = format!("({} + {})", lanes[i - half], lanes[i]);
        }
        lanes.truncate(half);
    }
    // A sum begins at zero, which a term of -0 does not change: one zero does what many would.
    format!("{} + 0", lanes.first().map_or("0", String::as_str))
}
