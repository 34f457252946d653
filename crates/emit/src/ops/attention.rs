//! Attention and its cotangents: the weights are never stored as a whole. The loops are in `text/attention.h`.

use crate::at::At;
use crate::memory::{indices, size};
use crate::tile::SHARED;
use autograd::DType;
use autograd::planned::{Attending, AttentionOrder, MemoryView, chain_length};

/// The entry `entry` as the variable `x`, and the lengths m, n, d, e. `first` are the operands before a mask.
fn entry(at: &mut At<'_>, first: &[&str], form: Attending, order: AttentionOrder) -> [usize; 4] {
    at.functions.attention(at.dtype());
    let ([m, n, d, e], f) = (lengths(at.x), at.types().1);
    let lead = &at.x[0].shape[..at.x[0].shape.len() - 2];
    let (entry, beside) = (indices(lead, "entry"), form.beside(first.len()..at.x.len()));
    at.line(format!("wg_attention{f} x;"));
    let mut operands: Vec<(&str, usize)> = first.iter().copied().zip(0..).collect();
    operands.extend(
        [("mask", beside.mask), ("bias", beside.bias)]
            .map(|(name, i)| i.map(|i| (name, i)))
            .into_iter()
            .flatten(),
    );
    for (name, i) in operands {
        let x = &at.x[i];
        // Where an axis of a bias has length 1, all entries or queries share it.
        let places = entry.iter().zip(&x.shape[..]);
        let mut index: Vec<String> =
            places.map(|(at, &length)| if length == 1 { "0".to_owned() } else { at.clone() }).collect();
        index.extend(["0".to_owned(), "0".to_owned()]);
        let axes = lead.len()..lead.len() + 2;
        let steps: Vec<isize> =
            axes.map(|axis| if x.shape[axis] == 1 { 0 } else { x.strides[axis] }).collect();
        at.line(format!("x.{name} = &{};", at.element(i, &index)));
        at.line(format!("x.{name}_row = {}, x.{name}_at = {};", steps[0], steps[1]));
    }
    let absent = [("g", first.contains(&"g")), ("mask", form.mask), ("bias", form.bias)];
    for (name, _) in absent.into_iter().filter(|(_, given)| !given) {
        at.line(format!("x.{name} = 0, x.{name}_row = 0, x.{name}_at = 0;"));
    }
    match beside.key {
        Some(key) => {
            let own = &at.x[key].shape[..at.x[key].shape.len() - 1];
            let each = lead[own.len()..].iter().product::<usize>().max(1);
            for (word, mask) in [("0", ""), ("1", " & 0x3fffffffffffffff")] {
                let mut index = entry[..own.len()].to_vec();
                index.push(word.to_owned());
                at.line(format!("x.key[{word}] = {}{mask};", at.element(key, &index)));
            }
            at.line(format!("x.first = (wg_bits) (entry % {each}) * {}u;", m * n));
            let [drop, factor] = [form.drop, form.factor()].map(|x| {
                if at.dtype() == DType::F32 { format!("{:?}f", x as f32) } else { format!("{x:?}") }
            });
            at.line(format!("x.drop = {drop}, x.factor = {factor};"));
        }
        None => at.line("x.key[0] = 0, x.key[1] = 0, x.first = 0, x.drop = 0, x.factor = 0;".to_owned()),
    }
    let AttentionOrder { queries, keys, parts } = order;
    at.line(format!("x.m = {m}, x.n = {n}, x.d = {d}, x.e = {e}, x.causal = {};", u8::from(form.causal)));
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

pub(super) fn forward(at: &mut At<'_>, form: Attending, order: AttentionOrder) {
    let ([m, n, _, e], (t, f)) = (lengths(at.x), at.types());
    if n == 0 {
        return at.each(at.elements(), |at| at.line(format!("{} = 0;", at.result("e"))));
    }
    at.block(format!("WG_EACH(query, {}) {{", entries(at.x) * m), |at| {
        at.line(format!("const int entry = query / {m}, i = query % {m};"));
        entry(at, &["q", "k", "v"], form, order);
        at.line(format!("{t} p[{}];", order.keys));
        let y = at.result(&format!("query * {e}"));
        at.line(format!("wg_attend{f}(&x, i, p, &{y});"));
    });
}

/// The operands of an adjoint.
const ADJOINT: [&str; 4] = ["q", "k", "v", "g"];

/// Room for so many numbers of a tile, as `rows`.
fn rows(at: &mut At<'_>, numbers: usize) {
    at.kernel.scratch = (numbers * size(at.dtype())).next_multiple_of(64);
    let near = at.kernel.scratch <= SHARED;
    if !near {
        at.line(format!("WG_OWN({});", at.kernel.scratch));
    }
    let t = at.types().0;
    at.line(format!("WG_{}({t}, rows, {numbers});", if near { "ARRAY" } else { "FAR" }));
}

/// A tile is an entry: all its queries first, then the cotangents of queries, and of keys.
pub(super) fn back(at: &mut At<'_>, form: Attending, order: AttentionOrder) {
    let ([m, n, d, e], (t, f)) = (lengths(at.x), at.types());
    if m * n == 0 {
        return at.each(at.elements(), |at| at.line(format!("{} = 0;", at.result("e"))));
    }
    let each = m * d + n * (d + e);
    rows(at, 3 * m);
    at.block(format!("WG_TILES(entry, {}) {{", entries(at.x)), |at| {
        entry(at, &ADJOINT, form, order);
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

/// A tile is an entry of the bias. The entries that share it are taken in order, part by part of their blocks.
pub(super) fn bias(at: &mut At<'_>, form: Attending, order: AttentionOrder) {
    let ([m, n, ..], f) = (lengths(at.x), at.types().1);
    if entries(at.x) * m * n == 0 {
        return at.each(at.elements(), |at| at.line(format!("{} = 0;", at.result("e"))));
    }
    let lead = at.x[0].shape[..at.x[0].shape.len() - 2].to_vec();
    let own = &at.y.shape[..lead.len()];
    let shared: Vec<usize> =
        own.iter().zip(&lead).map(|(&own, &all)| if own == 1 { all } else { 1 }).collect();
    let (of_own, of_shared) = (indices(own, "tile"), indices(&shared, "other"));
    let entry_at = lead.iter().enumerate().fold("0".to_owned(), |sum, (axis, &length)| {
        let index = if own[axis] == 1 { &of_shared[axis] } else { &of_own[axis] };
        format!("({sum}) * {length} + {index}")
    });
    let one_row = at.y.shape[lead.len()] == 1;
    let (tiles, others) = (own.iter().product::<usize>(), shared.iter().product::<usize>());
    let each = if one_row { n } else { m * n };
    rows(at, 3 * m + if one_row { n } else { 0 });
    at.block(format!("WG_TILES(tile, {tiles}) {{"), |at| {
        let y = at.result(&format!("tile * {each} + e"));
        let (sum, query) = if one_row { (format!("rows[{} + e]", 3 * m), "-1".to_owned()) } else { (y.clone(), format!("e / {n}")) };
        at.block(format!("for (int p = 0; p < {}; ++p) {{", order.parts), |at| {
            at.line(format!("WG_IN(e, {each}) {sum} = 0;"));
            at.block(format!("for (int other = 0; other < {others}; ++other) {{"), |at| {
                at.line(format!("const int entry = {entry_at};"));
                entry(at, &ADJOINT, form, order);
                at.line(format!("WG_IN(i, {m}) if (i / x.block % x.parts == p) wg_attention_row{f}(&x, i, rows + 3 * i);\n  WG_SYNC;"));
                at.line(format!("WG_IN(e, {each}) {sum} = wg_attention_bias{f}(&x, {query}, e % {n}, p, rows, {sum});\n  WG_SYNC;"));
            });
            if one_row {
                at.line(format!("WG_IN(e, {each}) {y} = p ? {y} + {sum} : {sum};\n  WG_SYNC;"));
            }
        });
    });
}
