//! Products in the order of the CPU, as kernels with tiles in shared memory.

use crate::numbers::c_type;
use autograd::DType;
use autograd::planned::{MemoryView, Order};

/// Macros that the kernels need, once for a module.
pub(crate) const MACROS: &str = include_str!("text/product.h");

/// The threads of a block.
pub(crate) const THREADS: usize = 256;
/// The terms of a tile: as many as a sum has lanes.
const DEPTH: usize = 16;
/// The threads along a side of a tile.
const SIDE: usize = 16;

/// A kernel `NAME(a, b, c)` of `tiles` blocks.
pub(crate) struct Tiled {
    pub(crate) text: String,
    pub(crate) tiles: usize,
}

/// The kernel of c = a·b, if there is something to multiply.
pub(crate) fn tiled(name: &str, comment: &str, [a, b, c]: [&MemoryView; 3]) -> Option<Tiled> {
    let rank = c.shape.len();
    let ([m, n], k) = ([c.shape[rank - 2], c.shape[rank - 1]], a.shape[rank - 1]);
    let entries: usize = c.shape[..rank - 2].iter().product();
    if entries * m * n * k == 0 {
        return None;
    }
    let order = Order::of_views(a, b);
    // The elements of a thread along a side: more of them read less, where there are tiles enough for all blocks.
    let each = if matches!(order, Order::Chains { .. }) && m.min(n) >= 3 * SIDE { 4 } else { 1 };
    let side = each * SIDE;
    let (rows, columns) = (m.div_ceil(side), n.div_ceil(side));
    let (t, f) = (c_type(c.dtype), if c.dtype == DType::F32 { "f" } else { "" });
    let (load_a, load_b) = (load("x", "za", a, side, true), load("y", "zb", b, side, false));
    let (za, zb) = (entry("a", a), entry("b", b));
    let (kept, chains) = match order {
        Order::Chains { length } => (each * each, chains(f, k, length, each)),
        Order::Lanes => (DEPTH, lanes(f, k)),
    };
    let chains = chains.replace("LOAD", &format!("{load_a}{load_b}"));
    let pitch = side + 4;
    let comment = comment.replace("*/", "* /");
    let text = format!(
        "/* {comment} */
WG_KERNEL {name}(const {t} *a, const {t} *b, {t} *c) {{
  enum {{ pitch = {pitch} }};
  WG_SHARED({t}, x, {DEPTH} * pitch);
  WG_SHARED({t}, y, {DEPTH} * pitch);
  WG_OWNED({t}, s, {kept});
  WG_OWNED({t}, total, {results});
  WG_TILES(tile, {tiles}) {{
    const int z = tile / {in_entry}, row = tile / {columns} % {rows} * {side}, column = tile % {columns} * {side};
    const {t} *const za = {za}, *const zb = {zb};
{chains}    WG_THREADS(t) for (int i = 0; i < {each}; ++i) for (int j = 0; j < {each}; ++j) {{
      const int r = row + t / {SIDE} * {each} + i, q = column + t % {SIDE} * {each} + j;
      if (r < {m} && q < {n}) c[((long long)z * {m} + r) * {n} + q] = WG_MINE(total, t)[i * {each} + j];
    }}
  }}
}}
",
        results = each * each,
        in_entry = rows * columns,
        tiles = entries * rows * columns,
    );
    Some(Tiled { text, tiles: entries * rows * columns })
}

/// Each thread has chains of multiply-adds, one after the other.
fn chains(f: &str, k: usize, length: usize, each: usize) -> String {
    let n = each * each;
    format!(
        "    for (int from = 0; from < {k}; from += {length}) {{
      const int to = from + {length} < {k} ? from + {length} : {k};
      WG_THREADS(t) for (int i = 0; i < {n}; ++i) WG_MINE(s, t)[i] = 0;
      for (int first = from; first < to; first += {DEPTH}) {{
        const int depth = to - first < {DEPTH} ? to - first : {DEPTH};
LOAD        WG_SYNC;
        WG_THREADS(t) for (int p = 0; p < depth; ++p)
          for (int i = 0; i < {each}; ++i) for (int j = 0; j < {each}; ++j)
            WG_MINE(s, t)[i * {each} + j] = wg_fma{f}(x[p * pitch + t / {SIDE} * {each} + i], y[p * pitch + t % {SIDE} * {each} + j], WG_MINE(s, t)[i * {each} + j]);
        WG_SYNC;
      }}
      WG_THREADS(t) for (int i = 0; i < {n}; ++i)
        WG_MINE(total, t)[i] = from ? WG_MINE(total, t)[i] + WG_MINE(s, t)[i] : WG_MINE(s, t)[i];
    }}
"
    )
}

/// Each thread has sixteen chains side by side. The terms of 0·0 that follow the last one are those of the order.
fn lanes(f: &str, k: usize) -> String {
    format!(
        "    WG_THREADS(t) for (int l = 0; l < {DEPTH}; ++l) WG_MINE(s, t)[l] = 0;
    for (int first = 0; first < {k}; first += {DEPTH}) {{
      const int depth = {k} - first < {DEPTH} ? {k} - first : {DEPTH};
LOAD      WG_SYNC;
      WG_THREADS(t) for (int l = 0; l < {DEPTH}; ++l)
        WG_MINE(s, t)[l] = wg_fma{f}(x[l * pitch + t / {SIDE}], y[l * pitch + t % {SIDE}], WG_MINE(s, t)[l]);
      WG_SYNC;
    }}
    WG_THREADS(t) WG_MINE(total, t)[0] = wg_fold{f}(WG_MINE(s, t));
"
    )
}

/// Loads a tile, with 0 where the matrix ends. Neighbouring threads read what lies side by side.
fn load(to: &str, from: &str, x: &MemoryView, side: usize, is_a: bool) -> String {
    let rank = x.shape.len();
    let [rows, columns] = [x.strides[rank - 2], x.strides[rank - 1]];
    // From line to line, and from term to term.
    let (lines, line, term, first) = match is_a {
        true => (x.shape[rank - 2], rows, columns, "row"),
        false => (x.shape[rank - 1], columns, rows, "column"),
    };
    let (p, r) = match term {
        1 => (format!("i % {DEPTH}"), format!("i / {DEPTH}")),
        _ => (format!("i / {side}"), format!("i % {side}")),
    };
    format!(
        "        WG_THREADS(t) for (int i = t; i < {all}; i += {THREADS}) {{
          const int p = {p}, r = {r};
          {to}[p * pitch + r] = p < depth && {first} + r < {lines} ? {from}[({first} + r) * ({line}ll) + (first + p) * ({term}ll)] : 0;
        }}
",
        all = DEPTH * side
    )
}

/// The matrix of entry `z` of a batch.
fn entry(name: &str, x: &MemoryView) -> String {
    let axes = x.shape.len() - 2;
    name.to_owned() + &place(&x.shape[..axes], &x.strides[..axes], "z")
}

/// What leads from the first element of axes to element number `i` in row-major order.
pub(crate) fn place(shape: &[usize], strides: &[isize], i: &str) -> String {
    let mut place = String::new();
    let mut inner = 1;
    for (&n, &stride) in shape.iter().zip(strides).rev() {
        if stride != 0 && n != 1 {
            place += &format!(" + {i} / {inner} % {n} * ({stride}ll)");
        }
        inner *= n;
    }
    place
}
