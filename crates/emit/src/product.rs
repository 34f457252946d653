//! Products of matrices as text, each element in the order of the engine.

use crate::functions::Functions;
use crate::kernel::{Kernel, Writer};
use crate::memory::{Memories, indices, suffix};
use autograd::DType;
use autograd::planned::{MemoryView, Order};

/// The columns of a block of sums that stays in registers, and its rows.
const fn block(dtype: DType) -> [usize; 2] {
    match dtype {
        DType::F32 => [4, 32],
        _ => [4, 16],
    }
}

/// Prints c = a·b.
pub(crate) fn print(
    [a, b, c]: [&MemoryView; 3],
    memories: &Memories,
    functions: &mut Functions,
    kernel: &mut Kernel,
) {
    functions.products(c.dtype);
    kernel.reads(a.memory);
    kernel.reads(b.memory);
    kernel.writes(c.memory);
    let rank = a.shape.len();
    let [m, k, n] = [a.shape[rank - 2], a.shape[rank - 1], b.shape[rank - 1]];
    let batch = &a.shape[..rank - 2];
    let entries: usize = batch.iter().product();
    kernel.elements = entries * m * n;
    let mut out = Writer::default();
    if entries * m * n > 0 {
        let it = Product { a, b, c, memories, f: suffix(c.dtype), sizes: [m, k, n], batch, entries };
        it.print(&mut out);
    }
    kernel.body = out.text();
}

struct Product<'a> {
    a: &'a MemoryView,
    b: &'a MemoryView,
    c: &'a MemoryView,
    memories: &'a Memories,
    f: &'static str,
    sizes: [usize; 3],
    batch: &'a [usize],
    entries: usize,
}

impl Product<'_> {
    fn print(&self, out: &mut Writer) {
        let [m, k, n] = self.sizes;
        if k == 0 {
            let c = self.memories.result(self.c, "e");
            return out.line(format!("WG_EACH(e, {}) {c} = 0;", self.entries * m * n));
        }
        match Order::of_views(self.a, self.b) {
            Order::Chains { length } if self.is_wide() => {
                out.directive("#ifdef WG_SERIAL");
                self.blocks(length, out);
                out.directive("#else");
                self.each(&Order::Chains { length }, out);
                out.directive("#endif");
            }
            order => self.each(&order, out),
        }
    }

    /// The steps of an operand: from row to row, and from column to column.
    fn steps(x: &MemoryView) -> [isize; 2] {
        let rank = x.shape.len();
        [x.strides[rank - 2], x.strides[rank - 1]]
    }

    /// Whether vectors lie along the columns of b.
    fn is_wide(&self) -> bool {
        Self::steps(self.b)[1] == 1 && self.sizes[2] >= 4
    }

    /// The address of an element of an operand, in the matrix of batch entry `z`.
    fn address(&self, x: &MemoryView, row: &str, column: &str) -> String {
        let mut index = indices(self.batch, "z");
        index.extend([row.to_owned(), column.to_owned()]);
        format!("&{}", self.memories.element(x, &index))
    }

    /// Each element by itself.
    fn each(&self, order: &Order, out: &mut Writer) {
        let [m, k, n] = self.sizes;
        let f = self.f;
        out.open(format!("WG_EACH(e, {}) {{", self.entries * m * n));
        if self.entries > 1 {
            out.line(format!("const int z = e / {}, i = e / {n} % {m}, j = e % {n};", m * n));
        } else {
            out.line(format!("const int i = e / {n}, j = e % {n};"));
        }
        let (a, b) = (self.address(self.a, "i", "0"), self.address(self.b, "0", "j"));
        let c = self.memories.result(self.c, "e");
        let ([_, a_step], [b_step, _]) = (Self::steps(self.a), Self::steps(self.b));
        out.line(match order {
            Order::Chains { length } => {
                format!("{c} = wg_chains{f}({a}, {a_step}, {b}, {b_step}, {k}, {length});")
            }
            Order::Lanes => format!("{c} = wg_lanes{f}({a}, {b}, {k});"),
        });
        out.close();
    }

    /// Blocks of neighbouring elements.
    fn blocks(&self, length: usize, out: &mut Writer) {
        let [m, _, n] = self.sizes;
        let [tall, wide] = block(self.c.dtype);
        if self.entries > 1 {
            out.open(format!("for (int z = 0; z < {}; ++z) {{", self.entries));
        }
        for (from, rows, height) in parts(m, tall) {
            let i = if rows > 1 {
                out.open(format!("for (int i = {from}; i < {}; i += {height}) {{", from + rows * height));
                "i".to_owned()
            } else {
                from.to_string()
            };
            for (from, columns, width) in parts(n, wide) {
                if columns > 1 {
                    out.open(format!("for (int j = {from}; j < {}; j += {width})", from + columns * width));
                    self.block([&i, "j"], [height, width], length, out);
                    out.close_line();
                } else {
                    self.block([&i, &from.to_string()], [height, width], length, out);
                }
            }
            if rows > 1 {
                out.close();
            }
        }
        if self.entries > 1 {
            out.close();
        }
    }

    fn block(&self, [i, j]: [&str; 2], [height, width]: [usize; 2], length: usize, out: &mut Writer) {
        let [m, k, n] = self.sizes;
        let ([a_row, a_step], [b_step, _]) = (Self::steps(self.a), Self::steps(self.b));
        let z = if self.entries > 1 { format!("z * {} + ", m * n) } else { String::new() };
        let c = self.memories.result(self.c, &format!("{z}({i}) * {n} + {j}"));
        let (a, b) = (self.address(self.a, i, "0"), self.address(self.b, "0", j));
        let f = self.f;
        out.line(format!(
            "wg_tile{f}({a}, {a_row}, {a_step}, {b}, {b_step}, &{c}, {n}, {k}, {length}, {height}, {width});"
        ));
    }
}

/// A length in blocks of a size, and what is left: where each part begins, how many blocks it has, and their size.
fn parts(length: usize, size: usize) -> Vec<(usize, usize, usize)> {
    let whole = length / size;
    let all = [(0, whole, size), (whole * size, usize::from(!length.is_multiple_of(size)), length % size)];
    all.into_iter().filter(|(_, blocks, _)| *blocks > 0).collect()
}
