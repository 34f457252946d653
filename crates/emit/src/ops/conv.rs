//! Convolutions, each element in the order of the engine: the products are those of matrices whose one operand is found place by
//! place.

use crate::at::At;
use crate::terms::Adds;
use autograd::planned::{Sliding, WeightOrder};

/// Loops over the elements of some axes, `name0`, `name1`, …
pub(super) fn nest(at: &mut At<'_>, name: &str, lengths: &[usize], body: impl FnOnce(&mut At<'_>)) {
    for (i, length) in lengths.iter().enumerate() {
        at.out.open(format!("for (int {name}{i} = 0; {name}{i} < {length}; ++{name}{i}) {{"));
    }
    body(at);
    lengths.iter().for_each(|_| at.out.close());
}

/// The index of an element: two leading ones, and one for each of the other axes.
pub(super) fn index(first: &str, second: &str, name: &str, axes: usize) -> Vec<String> {
    let others = (0..axes).map(|i| format!("{name}{i}"));
    [first.to_owned(), second.to_owned()].into_iter().chain(others).collect()
}

/// Whether `name0`, `name1`, … are within these lengths.
pub(super) fn within(name: &str, lengths: &[usize]) -> String {
    let each = |(i, n): (usize, &usize)| format!("{name}{i} >= 0 && {name}{i} < {n}");
    let all: Vec<String> = lengths.iter().enumerate().map(each).collect();
    all.join(" && ")
}

/// Names the index of element `e` of the result: its first two axes, and the others.
fn position(at: &mut At<'_>, first: &str, second: &str, name: &str) {
    let names = index(first, second, name, at.y.shape.len() - 2);
    let each: Vec<String> =
        names.iter().zip(at.indices("e")).map(|(name, index)| format!("{name} = {index}")).collect();
    at.line(format!("const int {};", each.join(", ")));
}

/// A term whose second factor lies in an operand: where it is beyond the ends, it is 0, or there is no term.
fn term(at: &mut At<'_>, adds: &Adds, weight: &str, (there, x): (&str, &str)) {
    if *adds == Adds::InTurn {
        return at.block(format!("if ({there}) {{"), |at| adds.term(at, weight, x));
    }
    let t = at.types().0;
    at.line(format!("const {t} x = {there} ? {x} : 0;"));
    adds.term(at, weight, "x");
}

/// y\[n, o, p\] = Σ w\[o, c, k\]·x\[n, c, p·stride + k·dilation − before\].
pub(super) fn forward(at: &mut At<'_>, over: &Sliding, groups: usize, adds: &Adds) {
    let (axes, inputs) = (over.kernel.len(), at.x[1].shape[1]);
    let outputs = at.y.shape[1] / groups;
    at.each(at.elements(), |at| {
        position(at, "n", "o", "p");
        adds.begin(at);
        at.block(format!("for (int c = 0; c < {inputs}; ++c) {{"), |at| {
            nest(at, "k", &over.kernel, |at| {
                for i in 0..axes {
                    let (stride, dilation, before) = (over.stride[i], over.dilation[i], over.before[i]);
                    at.line(format!("const int i{i} = p{i} * {stride} + k{i} * {dilation} - {before};"));
                }
                let channel =
                    if groups == 1 { "c".to_owned() } else { format!("(o / {outputs} * {inputs} + c)") };
                let x = at.element(0, &index("n", &channel, "i", axes));
                let w = at.element(1, &index("o", "c", "k", axes));
                term(at, adds, &w, (&within("i", &over.input), &x));
            });
        });
        let sum = adds.end(at);
        at.line(format!("{} = {sum};", at.result("e")));
    });
}

/// x\[n, c, i\] = Σ w\[o, c, k\]·y\[n, o, (i + before − k·dilation) / stride\], where that is whole.
pub(super) fn transposed(at: &mut At<'_>, over: &Sliding, groups: usize, in_chains: bool) {
    let (axes, inputs) = (over.kernel.len(), at.x[1].shape[1]);
    let outputs = at.x[1].shape[0] / groups;
    let terms = outputs * over.kernel.iter().product::<usize>();
    let adds = match in_chains {
        false => Adds::InTurn,
        true if terms == autograd::planned::chain_length(terms) => Adds::Chain,
        true => {
            at.functions.terms();
            Adds::Chains("wg_chain_length(terms)".to_owned())
        }
    };
    at.each(at.elements(), |at| {
        position(at, "n", "c", "i");
        for i in 0..axes {
            at.line(format!("const int t{i} = i{i} + {};", over.before[i]));
        }
        if matches!(adds, Adds::Chains(_)) {
            count(at, over, outputs);
        }
        adds.begin(at);
        at.block(format!("for (int o = 0; o < {outputs}; ++o) {{"), |at| {
            nest(at, "k", &over.kernel, |at| {
                for i in 0..axes {
                    at.line(format!("const int u{i} = t{i} - k{i} * {};", over.dilation[i]));
                }
                let steps = (0..axes).filter(|&i| over.stride[i] > 1);
                let missed: Vec<String> = steps.map(|i| format!("u{i} % {} != 0", over.stride[i])).collect();
                if !missed.is_empty() {
                    at.line(format!("if ({}) continue;", missed.join(" || ")));
                }
                for i in 0..axes {
                    at.line(format!("const int p{i} = u{i} / {};", over.stride[i]));
                }
                let group =
                    if groups == 1 { "o".to_owned() } else { format!("(c / {inputs} * {outputs} + o)") };
                let channel = if groups == 1 { "c".to_owned() } else { format!("c % {inputs}") };
                let y = at.element(0, &index("n", &group, "p", axes));
                let w = at.element(1, &index(&group, &channel, "k", axes));
                term(at, &adds, &w, (&within("p", &over.output), &y));
            });
        });
        let sum = adds.end(at);
        at.line(format!("{} = {sum};", at.result("e")));
    });
}

/// How many terms the sum of a place has: those elements of the kernel that meet it at a position, within the output or not.
fn count(at: &mut At<'_>, over: &Sliding, outputs: usize) {
    at.line(format!("int terms = {outputs};"));
    for (i, (&length, &stride)) in over.kernel.iter().zip(over.stride.iter()).enumerate() {
        if stride == 1 {
            at.line(format!("terms *= {length};"));
            continue;
        }
        let dilation = over.dilation[i];
        at.line(format!("int meet{i} = 0;"));
        at.line(format!(
            "for (int k = 0; k < {length}; ++k) meet{i} += (t{i} - k * {dilation}) % {stride} == 0;"
        ));
        at.line(format!("terms *= meet{i};"));
    }
}

/// w\[o, c, k\] = Σ x\[n, c, p·stride + k·dilation − before\]·y\[n, o, p\].
pub(super) fn weight(at: &mut At<'_>, over: &Sliding, groups: usize, order: Option<WeightOrder>) {
    let by =
        Weight { over, images: at.x[0].shape[0], inputs: at.y.shape[1], outputs: at.y.shape[0] / groups };
    at.each(at.elements(), |at| {
        position(at, "o", "c", "k");
        match order {
            _ if by.images * over.output.iter().product::<usize>() == 0 => {
                at.line(format!("{} = 0;", at.result("e")))
            }
            None => by.in_turn(at),
            Some(order) => by.in_chunks(at, order),
        }
    });
}

struct Weight<'a> {
    over: &'a Sliding,
    images: usize,
    inputs: usize,
    outputs: usize,
}

impl Weight<'_> {
    fn axes(&self) -> usize {
        self.over.kernel.len()
    }

    /// The elements of x and of y, for image `n` and position `p0`, `p1`, …
    fn factors(&self, at: &At<'_>) -> [String; 2] {
        let channel = format!("(o / {} * {} + c)", self.outputs, self.inputs);
        [
            at.element(0, &index("n", &channel, "i", self.axes())),
            at.element(1, &index("n", "o", "p", self.axes())),
        ]
    }

    fn in_turn(&self, at: &mut At<'_>) {
        let over = self.over;
        Adds::InTurn.begin(at);
        at.block(format!("for (int n = 0; n < {}; ++n) {{", self.images), |at| {
            nest(at, "p", &over.output, |at| {
                for i in 0..self.axes() {
                    let (stride, dilation, before) = (over.stride[i], over.dilation[i], over.before[i]);
                    at.line(format!("const int i{i} = p{i} * {stride} + k{i} * {dilation} - {before};"));
                }
                let [x, y] = self.factors(at);
                term(at, &Adds::InTurn, &x, (&within("i", &over.input), &y));
            });
        });
        at.line(format!("{} = s;", at.result("e")));
    }

    /// Numbers of positions along an axis, with the gap that the kernel reaches into.
    fn length(&self, axis: usize) -> usize {
        let over = self.over;
        over.output[axis] + (over.kernel[axis] - 1) * over.dilation[axis] / over.stride[axis]
    }

    fn has_gap(&self, axis: usize) -> bool {
        axis > 0 && self.length(axis) > self.over.output[axis]
    }

    fn in_chunks(&self, at: &mut At<'_>, order: WeightOrder) {
        let (t, f) = at.types();
        let (images, whole, rows) = (self.images, self.over.output[0], order.rows);
        let all = images * whole.div_ceil(rows);
        let apart = order.chunks > 1 || order.together.is_none();
        for i in 0..self.axes() {
            let (dilation, stride) = (self.over.dilation[i], self.over.stride[i]);
            at.line(format!(
                "const int t{i} = k{i} * {dilation} / {stride}, r{i} = k{i} * {dilation} % {stride};"
            ));
        }
        at.functions.terms();
        at.line(format!("{t} all = 0;"));
        at.out.open(format!("for (int chunk = 0; chunk < {}; ++chunk) {{", order.chunks));
        at.line(format!("{t} total = 0;\n  int chains = 0, end = (chunk + 1) * {all} / {};", order.chunks));
        at.out.open(format!("for (int at = chunk * {all} / {}; at < end;) {{", order.chunks));
        at.line(format!("const int image = at % {images}, first = at / {images} * {rows};"));
        at.line(format!("const int last = (first + {rows} < {whole} ? first + {rows} : {whole}) - 1;"));
        match order.together {
            None => {
                // The number of the last position, and one.
                let inner: usize = (1..self.axes()).map(|i| self.length(i)).product();
                let rest = (1..self.axes()).fold(0, |at, i| at * self.length(i) + self.over.output[i] - 1);
                at.line(format!(
                    "const int n = image, length = wg_chain_length((last - first) * {inner} + {});",
                    rest + 1
                ));
                at.line(format!("int left = length;\n  {t} s = 0;"));
                self.positions(at, &Adds::Chains(String::new()));
                at.line("if (left < length) total = chains++ ? total + s : s;\n  ++at;".to_owned());
            }
            Some(together) => {
                at.functions.sums(at.y.dtype);
                Adds::Lanes.begin(at);
                at.line(format!("int count = end - at < {together} ? end - at : {together};"));
                at.line(format!("if (count > {images} - image) count = {images} - image;"));
                at.out.open("for (int n = image; n < image + count; ++n) {".to_owned());
                self.positions(at, &Adds::Lanes);
                Adds::Lanes.fill_lanes(at);
                at.out.close();
                at.line(format!("const {t} s = wg_fold{f}(lanes);"));
                at.line("total = chains++ ? total + s : s;\n  at += count;".to_owned());
            }
        }
        at.out.close();
        at.line(if apart { "all = all + total;" } else { "all = total;" }.to_owned());
        at.out.close();
        at.line(format!("{} = all;", at.result("e")));
    }

    /// The terms of a band of an image, those in gaps too.
    fn positions(&self, at: &mut At<'_>, adds: &Adds) {
        let over = self.over;
        let mut at_end = "p0 == last".to_owned();
        for i in 0..self.axes() {
            let n = over.output[i];
            at.out.open(match i {
                0 => "for (int p0 = first; p0 <= last; ++p0) {".to_owned(),
                _ if self.has_gap(i) => {
                    format!("for (int p{i} = 0; p{i} < ({at_end} ? {n} : {}); ++p{i}) {{", self.length(i))
                }
                _ => format!("for (int p{i} = 0; p{i} < {n}; ++p{i}) {{"),
            });
            if i > 0 {
                at_end += &format!(" && p{i} == {}", n - 1);
            }
        }
        let names: Vec<String> = (0..self.axes()).map(|i| format!("v{i} = p{i} + t{i}")).collect();
        at.line(format!("int {};", names.join(", ")));
        for i in (1..self.axes()).rev().filter(|&i| self.has_gap(i)) {
            let n = self.length(i);
            at.line(format!("if (v{i} >= {n}) v{i} -= {n}, ++v{};", i - 1));
        }
        for i in 0..self.axes() {
            at.line(format!("const int i{i} = v{i} * {} + r{i} - {};", over.stride[i], over.before[i]));
        }
        let (t, [x, y]) = (at.types().0, self.factors(at));
        at.line(format!("const {t} x = {} ? {x} : 0;", within("i", &over.input)));
        let there: Vec<String> = (1..self.axes())
            .filter(|&i| self.has_gap(i))
            .map(|i| format!("p{i} < {}", over.output[i]))
            .collect();
        if there.is_empty() {
            adds.term(at, "x", &y);
        } else {
            at.line(format!("const {t} y = {} ? {y} : 0;", there.join(" && ")));
            adds.term(at, "x", "y");
        }
        (0..self.axes()).for_each(|_| at.out.close());
    }
}
