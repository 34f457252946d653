//! Attention and its cotangents: the weights are never stored as a whole. The loops are in `text/attention.h`.

use crate::at::At;
use crate::memory::{indices, size};
use crate::tile::SHARED;
use autograd::planned::{AttentionOrder, MemoryView, chain_length};

/// The entry `entry` as the variable `x`, and the lengths m, n, d, e.
fn entry(at: &mut At<'_>, names: &[&str], causal: bool, order: AttentionOrder) -> [usize; 4] {
    let dtype = at.dtype();
    at.functions.attention(dtype);
    let [m, n, d, e] = lengths(at.x);
    let f = at.types().1;
    let mut fields = vec![];
    for (i, name) in names.iter().enumerate() {
        let x = &at.x[i];
        let lead = x.shape.len() - 2;
        let mut first = indices(&x.shape[..lead], "entry");
        first.extend(["0".to_owned(), "0".to_owned()]);
        fields.push(format!(
            ".{name} = &{}, .{name}_row = {}, .{name}_at = {}",
            at.element(i, &first),
            x.strides[lead],
            x.strides[lead + 1]
        ));
    }
    at.line(format!("wg_attention{f} x;"));
    for field in fields.iter().flat_map(|field| field.split(", ")) {
        at.line(format!("x{field};"));
    }
    if names.last() != Some(&"mask") {
        at.line("x.mask = 0, x.mask_row = 0, x.mask_at = 0;".to_owned());
    }
    if !names.contains(&"g") {
        at.line("x.g = 0, x.g_row = 0, x.g_at = 0;".to_owned());
    }
    let AttentionOrder { queries, keys, parts } = order;
    at.line(format!("x.m = {m}, x.n = {n}, x.d = {d}, x.e = {e}, x.causal = {};", u8::from(causal)));
    at.line(format!("x.block = {queries}, x.step = {keys}, x.parts = {parts};"));
    at.line(format!("x.chain_d = {}, x.chain_e = {};", chain_length(d).max(1), chain_length(e).max(1)));
    [m, n, d, e]
}

/// The lengths m, n, d, e of queries, keys and values.
fn lengths(x: &[MemoryView]) -> [usize; 4] {
    let last = |i: usize, back: usize| x[i].shape[x[i].shape.len() - back];
    [last(0, 2), last(1, 2), last(0, 1), last(2, 1)]
}

fn entries(x: &[MemoryView]) -> usize {
    x[0].shape[..x[0].shape.len() - 2].iter().product()
}

pub(super) fn forward(at: &mut At<'_>, causal: bool, order: AttentionOrder) {
    let ([m, n, _, e], (t, f)) = (lengths(at.x), at.types());
    if n == 0 {
        return at.each(at.elements(), |at| at.line(format!("{} = 0;", at.result("e"))));
    }
    let names = ["q", "k", "v", "mask"];
    at.block(format!("WG_EACH(query, {}) {{", entries(at.x) * m), |at| {
        at.line(format!("const int entry = query / {m}, i = query % {m};"));
        entry(at, &names[..at.x.len()], causal, order);
        at.line(format!("{t} p[{}];", order.keys));
        let y = at.result(&format!("query * {e}"));
        at.line(format!("wg_attend{f}(&x, i, p, &{y});"));
    });
}

/// A tile is an entry: all its queries first, then the cotangents of queries, and of keys.
pub(super) fn back(at: &mut At<'_>, causal: bool, order: AttentionOrder) {
    let ([m, n, d, e], (t, f)) = (lengths(at.x), at.types());
    if m * n == 0 {
        return at.each(at.elements(), |at| at.line(format!("{} = 0;", at.result("e"))));
    }
    let (names, each) = (["q", "k", "v", "g", "mask"], m * d + n * (d + e));
    at.kernel.scratch = (3 * m * size(at.dtype())).next_multiple_of(64);
    let near = at.kernel.scratch <= SHARED;
    if !near {
        at.line(format!("WG_OWN({});", at.kernel.scratch));
    }
    at.line(format!("WG_{}({t}, rows, {});", if near { "ARRAY" } else { "FAR" }, 3 * m));
    at.block(format!("WG_TILES(entry, {}) {{", entries(at.x)), |at| {
        entry(at, &names[..at.x.len()], causal, order);
        let [q, k, v] = [0, m * d, (m + n) * d].map(|start| at.result(&format!("entry * {each} + {start}")));
        at.line(format!("WG_IN(i, {m}) wg_attention_row{f}(&x, i, rows + 3 * i);\n  WG_SYNC;"));
        at.block(format!("WG_IN(i, {m}) {{"), |at| {
            at.line(format!("{t} s[{}];", order.keys));
            at.line(format!("wg_attention_query{f}(&x, i, rows + 3 * i, s, &{q} + i * {d});"));
        });
        at.block(format!("WG_IN(j, {n}) {{"), |at| {
            at.line(format!("{t} part[{}], sum[{}];", (d + e).max(1), (d + e).max(1)));
            at.line(format!("wg_attention_key{f}(&x, j, rows, part, sum, &{k} + j * {d}, &{v} + j * {e});"));
        });
        at.line("WG_SYNC;".to_owned());
    });
}
